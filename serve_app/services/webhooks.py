"""Webhooks, their secrets, and what became of deliveries."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from busyhour.adapters.valkey.documents import Commit, CommitRefusedError, Document, Page, Stored
from busyhour.adapters.valkey.once import Effect
from busyhour.adapters.webhooks.addresses import Addresses, ForbiddenAddressError
from busyhour.adapters.webhooks.deliveries import PENDING, Deliveries
from busyhour.adapters.webhooks.outbox import TEST_EVENT, body_of
from busyhour.adapters.webhooks.signing import make_secret
from busyhour.core.ids import DAY
from serve_app.errors import ConflictError, InvalidInputError, NotFoundError
from serve_app.platform import Platform
from serve_app.schemas.webhooks import NewWebhook, WebhookPatch
from serve_app.services.base import StoredObjects, answered, patched, shown

MOST: Final = 1_000
"""Of one account."""
ROTATION: Final = DAY
"""For how long the secret before signs too."""


class Webhooks(StoredObjects):
    title = "Webhook"

    def __init__(self, platform: Platform, addresses: Addresses) -> None:
        self._deliveries: Final = Deliveries(platform.client, platform.scope)
        super().__init__(platform, self._deliveries.webhooks)
        self._addresses: Final = addresses

    async def create(self, account: str, new: NewWebhook, effect: Effect) -> tuple[Stored, str]:
        """And its secret, which nobody is told again. Raises InvalidInputError, ConflictError."""
        await self._require_url(new.url)
        secret, now = make_secret(), self.platform.now()
        document: Document = {
            "id": self.platform.new_id(),
            **new.model_dump(),
            "enabled": True,
            "disabled_reason": None,
            "created_at": now,
            "updated_at": now,
            "_secret": secret,
        }
        effect.when_fewer("count", self.collection.documents_key(account), MOST)
        stored = self.collection.create(effect, account, document)
        effect.answer({**shown(document), "secret": secret}, {"ETag": f'"{stored.tag}"'})
        try:
            await effect.run()
        except CommitRefusedError as refused:
            if refused.condition == "count":
                raise ConflictError(f"An account has at most {MOST} webhooks") from None
            raise
        return stored, secret

    async def patch(
        self,
        account: str,
        before: Stored,
        patch: WebhookPatch,
        begin: Callable[[], Commit],
        require: Callable[[Stored], None],
    ) -> Stored:
        """Raises InvalidInputError."""
        if "url" in patch.model_fields_set:
            await self._require_url(patch.url)

        def edit(document: Document) -> Document:
            document = patched(document, patch)
            if "enabled" in patch.model_fields_set:
                document |= {"disabled_reason": None, "_failing_since": None}
            return document

        return await self.change(account, before, edit, begin, require=require)

    async def delete(self, account: str, before: Stored, commit: Commit) -> None:
        """With everything that was to be delivered."""
        self._deliveries.drop_all(commit, account, before.document["id"])
        await super().delete(account, before, commit)

    async def rotate(self, account: str, before: Stored, begin: Callable[[], Effect]) -> tuple[Stored, str]:
        """And the new secret. For a day what is sent is signed with both."""
        secret = make_secret()

        def edit(document: Document) -> Document:
            return {
                **document,
                "_secret": secret,
                "_previous_secret": document["_secret"],
                "_previous_until": self.platform.clock() + ROTATION,
            }

        def answer(commit: Commit, _: Stored, document: Document) -> None:
            if isinstance(commit, Effect):
                commit.answer({**shown(document), "secret": secret})

        return await self.change(account, before, edit, begin, answer), secret

    async def test(self, account: str, webhook: Stored, effect: Effect) -> Stored:
        """A delivery of an event that means nothing."""
        now = self.platform.now()
        event = {
            "id": self.platform.new_id(),
            "type": TEST_EVENT,
            "body": body_of(TEST_EVENT, now, {"webhook_id": webhook.document["id"], "mode": "live"}),
        }
        delivery = self._deliveries.create(
            effect, account, webhook.document["id"], event, self.platform.clock(), now
        )
        answered(effect, delivery)
        await effect.run()
        return delivery

    # Deliveries -----------------------------------------------------------------------------------------------------

    async def deliveries(self, webhook_id: str, limit: int, after: str | None, matching: Document) -> Page:
        return await self._deliveries.collection.page(webhook_id, limit, after, matching)

    async def redeliver(
        self, account: str, webhook_id: str, delivery_id: str, begin: Callable[[], Effect]
    ) -> Stored:
        """Due at once, and then by the schedule from its beginning. Raises NotFoundError, ConflictError."""
        found = await self._deliveries.collection.get(webhook_id, delivery_id)
        if found is None:
            raise NotFoundError.of("Delivery")
        if found.document["status"] == PENDING:
            raise ConflictError("The delivery is pending already")
        effect = begin()
        document = {
            **found.document,
            "status": PENDING,
            "next_attempt_at": self.platform.now(),
            "_tries": 0,
        }
        after = self._deliveries.settle(effect, account, found, document, self.platform.clock())
        answered(effect, after)
        try:
            await effect.run()
        except CommitRefusedError as refused:
            if refused.condition != "unchanged":
                raise
            raise ConflictError("The delivery is pending already") from None
        return after

    async def _require_url(self, url: str) -> None:
        """Raises InvalidInputError. A name that can't be resolved now is taken, for each attempt looks again."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise InvalidInputError("url must be an address such as https://example.com/hook") from None
        if parts.scheme not in ("https", "http") or not host or not _is_plain(url):
            raise InvalidInputError("url must be an address such as https://example.com/hook")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise InvalidInputError("url must have neither a user's name nor a fragment")
        try:
            found = await self._addresses.of(host, port or (443 if parts.scheme == "https" else 80))
        except ForbiddenAddressError as error:
            raise InvalidInputError(f"url must lead to a public address: {error}") from None
        except (OSError, UnicodeError):
            found = []
        if parts.scheme != "https" and not (found and all(map(self._addresses.is_allowed, found))):
            raise InvalidInputError("url must begin with https://")


def _is_plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and not any(character in url for character in ' \\"<>^`{|}')
