"""What flows know of the calls of one actor, and of whom they reach: read from the store when a call begins.

It is read before the call is noted, so that it is there when somebody answers; a call that has begun knows what its
contact was then.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from actors.call_documents import DIRECT
from actors.ledger import CALLS_INDEXED, direct_key, metadata_key
from busyhour.adapters.valkey.contact_records import ContactRecord
from busyhour.adapters.valkey.contacts import AccountContacts
from busyhour.adapters.valkey.directory import Record
from busyhour.adapters.valkey.documents import Collection, Document
from busyhour.adapters.wall_clock import elapsed_s
from busyhour.core.call import Call
from busyhour.core.ids import ABSENT

BEGINS_WITHIN_S: Final = 60.0


class Callers:
    """Over the store of `scope`; `campaigns` are records by number, and grow."""

    def __init__(self, client: Any, scope: str, campaigns: Mapping[int, Record]) -> None:
        self._client = client
        self._scope = scope
        self._campaigns = campaigns
        self._calls = Collection(client, scope, "calls", CALLS_INDEXED)
        self._known: dict[tuple[int, int], tuple[Document, Document]] = {}
        """(campaign, contact) → the contact, and what was written to the call."""
        self._learnt_s: dict[tuple[int, int], float] = {}

    async def learn(self, calls: Iterable[Call]) -> None:
        """Of those that a voice agent takes. Raises RedisError."""
        wanted: dict[int, set[int]] = {}
        for call in calls:
            if call.voice_agent != ABSENT and call.campaign != ABSENT:
                wanted.setdefault(call.campaign, set()).add(call.contact)
        for campaign, numbers in wanted.items():
            record = self._campaigns[campaign]
            if record.facts[DIRECT]:
                for number in numbers:
                    self._know(campaign, number, *await self._ordered(campaign, record.account, number))
                continue
            contacts = AccountContacts(self._client, self._scope, record.account)
            for contact in await contacts.numbered(sorted(numbers)):
                self._know(campaign, contact.number, _shown(contact), {})

    def _know(self, campaign: int, number: int, contact: Document, call: Document) -> None:
        self._known[campaign, number] = contact, call
        self._learnt_s[campaign, number] = elapsed_s()

    async def _ordered(self, campaign: int, account: str, number: int) -> tuple[Document, Document]:
        """Of a single call: its contact where it names one, else its number alone."""
        id = (await self._client.hget(direct_key(self._scope, campaign), str(number))).decode()
        call = await self._calls.get(account, id)
        assert call is not None, "calls stay"
        metadata = await self._client.hget(metadata_key(self._scope, account), id)
        about = {"metadata": {} if metadata is None else json.loads(metadata)}
        contact_id = call.document["contact_id"]
        if contact_id is not None:
            contact = await AccountContacts(self._client, self._scope, account).get(contact_id)
            if contact is not None:
                return _shown(contact), about
        return {"phone": call.document["to"]}, about

    def contact(self, campaign: int, contact: int) -> Document:
        return self._known.get((campaign, contact), _NOTHING)[0]

    def call(self, call: Call) -> Document:
        """What is known of it besides what its machine knows."""
        return self._known.get((call.campaign, call.contact), _NOTHING)[1]

    def keep(self, calls: Iterable[Call]) -> None:
        """Forget what concerns none of them, nor any that is about to begin."""
        alive = {(call.campaign, call.contact) for call in calls}
        until_s = elapsed_s() - BEGINS_WITHIN_S
        for key in [key for key, at_s in self._learnt_s.items() if at_s < until_s and key not in alive]:
            del self._known[key], self._learnt_s[key]


_NOTHING: tuple[Document, Document] = {}, {}


def _shown(contact: ContactRecord) -> Document:
    return {
        "id": contact.id,
        "phone": contact.phone,
        "external_id": contact.external_id,
        "name": contact.name,
        "timezone": contact.timezone,
        "priority": contact.priority,
        "tags": list(contact.tags),
        "metadata": dict(contact.metadata),
    }
