"""One authenticated request, and the order in which it is checked: 401, 429, 403, then what its endpoint checks.

An endpoint looks for its object (404) before it asks for the body (400), and so the order holds to the end.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from redis.exceptions import RedisError
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response

from busyhour.adapters.valkey.api_keys import ApiKey
from busyhour.adapters.valkey.documents import Commit, CommitRefusedError, Document, Stored, packed
from busyhour.adapters.valkey.once import Answered, Claimed, Different, Effect, Running
from serve_app.access import Access, access_of
from serve_app.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    RateLimitedError,
    StaleError,
    UnauthenticatedError,
    is_store_away,
)
from serve_app.paging import cursor_after, position_of
from serve_app.schemas.base import PageQuery
from serve_app.services.base import Deletable, Listing, shown
from serve_app.strict_json import NotStrictError, require_clean
from serve_app.validation import json_of, validated

if TYPE_CHECKING:
    from serve_app.platform import Platform
    from serve_app.services import Services

Model = TypeVar("Model", bound=BaseModel)

_LONGEST_IDEMPOTENCY_KEY: Final = 255
_JSON: Final = "application/json"
_MULTIPART: Final = "multipart/form-data"


@dataclass(slots=True)
class Visit:
    """A request of `key`'s owner."""

    request: Request
    platform: Platform
    services: Services
    key: ApiKey
    access: Access
    claimed: Claimed | None = None
    effects: list[Effect] = field(default_factory=list[Effect])

    @property
    def account(self) -> str:
        return self.key.account

    def require(self, *scopes: str) -> None:
        """These besides the route's own. Raises ForbiddenError."""
        if not all(self.key.grants(scope) for scope in scopes):
            raise ForbiddenError([self.access.scope, *scopes])

    # What was sent ------------------------------------------------------------------------------------------------

    async def body(self, model: type[Model]) -> Model:
        """An absent body is an empty object. Raises InvalidInputError, TooLargeError."""
        raw = await self.request.body()
        kind = self.request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
        if raw and kind != _JSON and not kind.endswith("+json"):
            raise InvalidInputError(f"Content-Type must be {_JSON}")
        return validated(model, json_of(raw) if raw.strip() else {})

    async def raw_body(self) -> bytes:
        """Raises TooLargeError."""
        return await self.request.body()

    async def form(self) -> FormData:
        """Of multipart/form-data. Raises InvalidInputError, TooLargeError."""
        kind = self.request.headers.get("content-type", "")
        if not kind.lower().startswith(_MULTIPART):
            raise InvalidInputError(f"Content-Type must be {_MULTIPART}")
        try:
            return await MultiPartParser(
                self.request.headers, _stream_of(await self.request.body()), max_files=1, max_fields=20
            ).parse()
        except (MultiPartException, KeyError, UnicodeError, ValueError) as error:
            message = error.message if isinstance(error, MultiPartException) else "its parts can't be read"
            raise InvalidInputError(f"The request body must be {_MULTIPART}: {message}") from None

    def query(self, model: type[Model]) -> Model:
        """Raises InvalidInputError."""
        given: dict[str, str] = {}
        for name, value in self.request.query_params.multi_items():
            if name in given:
                raise InvalidInputError(f"{name} must be given once")
            given[name] = value
        try:
            require_clean(given)
        except NotStrictError as error:
            raise InvalidInputError(f"The query {error}") from None
        return validated(model, given, "The query")

    # What is done -------------------------------------------------------------------------------------------------

    def effect(self, status: int) -> Effect:
        """A commit that is part of what this request does, answered with `status`."""
        effect = Effect(self.platform.client, self.platform.scope, status, self.claimed)
        self.effects.append(effect)
        return effect

    def commit(self) -> Commit:
        """One for a method that is not repeated under a key."""
        return Commit(self.platform.client, self.platform.scope)

    def require_fresh(self, stored: Stored) -> None:
        """If-Match, where it is given. Raises StaleError."""
        wanted = self.request.headers.get("if-match")
        if wanted is None or wanted.strip() == "*":
            return
        tags = [tag.strip() for tag in wanted.split(",")]
        if f'"{stored.tag}"' not in tags:
            raise StaleError

    # What is answered ---------------------------------------------------------------------------------------------

    def reply(self, document: Mapping[str, Any], status: int = 200, tag: str | None = None) -> Response:
        headers = {} if tag is None else {"ETag": f'"{tag}"'}
        return Response(packed(document), status, headers, _JSON)

    def reply_stored(self, stored: Stored, status: int = 200) -> Response:
        return self.reply(shown(stored.document), status, stored.tag)

    async def reply_page(self, objects: Listing, query: PageQuery) -> Response:
        matching = query.matching()
        after = self.position(query.cursor, matching)
        page = await objects.page(self.account, query.limit, after, matching)
        return self.reply_list([shown(one.document) for one in page.documents], page.after, matching)

    async def delete(self, objects: Deletable, id: str) -> Response:
        """Raises NotFoundError, StaleError, ConflictError."""
        before = await objects.find(self.account, id)
        self.require_fresh(before)
        await objects.delete(self.account, before, self.commit())
        return Response(status_code=204)

    def position(self, cursor: str | None, matching: Mapping[str, Any]) -> str | None:
        """Raises InvalidInputError."""
        if cursor is None:
            return None
        return position_of(cursor, self.account, self.request.url.path, matching)

    def reply_list(
        self, documents: Sequence[Document], after: str | None, matching: Mapping[str, Any]
    ) -> Response:
        path = self.request.url.path
        next_cursor = None if after is None else cursor_after(after, self.account, path, matching)
        return self.reply({"data": documents, "next_cursor": next_cursor})


async def visit_of(request: Request) -> Visit:
    """Not a plain function: FastAPI would call that in another thread, which costs more than all else here."""
    return request.state.visit


Visiting = Annotated[Visit, Depends(visit_of)]
"""What an endpoint asks for."""


class VisitRoute(APIRoute):
    """A route that needs a key: the checks that come before its endpoint, and what comes of repeating a request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = super().get_route_handler()
        method = next(iter(self.methods or ()))
        template = self.path

        async def checked(request: Request) -> Response:
            visit = await admitted(request, method, template)
            request.state.visit = visit
            key = request.headers.get("idempotency-key")
            if method != "POST" or key is None:
                return await endpoint(request)
            return await _once(visit, key, endpoint)

        return checked


async def admitted(request: Request, method: str, template: str) -> Visit:
    """Raises UnauthenticatedError, RateLimitedError, ForbiddenError."""
    platform: Platform = request.app.state.platform
    access = access_of(method, template, platform.rate_limit_scale)
    added: dict[str, str] = request.state.added_headers
    added["RateLimit-Policy"] = f'"{access.policy}";q={access.limit};w=60'
    key = await _authenticated(request, platform)
    try:
        allowance = await platform.limits.take(f"{key.id}:{access.bucket}", access.limit)
    except RedisError as error:
        if method != "GET" or not is_store_away(error):
            raise
    else:
        added["RateLimit"] = f'"{access.policy}";r={allowance.remaining};t={allowance.next_in_s}'
        if not allowance.allowed:
            raise RateLimitedError(access.limit, allowance.next_in_s)
    if not key.grants(access.scope):
        raise ForbiddenError([access.scope])
    return Visit(request, platform, request.app.state.services, key, access)


async def _authenticated(request: Request, platform: Platform) -> ApiKey:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthenticatedError
    token = token.strip(" ")
    try:
        key = await platform.keys.authenticate(token)
    except RedisError as error:
        # Reads go on while the store is away, for who was known.
        key = platform.keys.remembered(token) if request.method == "GET" else None
        if key is None or not is_store_away(error):
            raise
    if key is None:
        raise UnauthenticatedError
    return key


async def _once(
    visit: Visit, key: str, endpoint: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    """Raises InvalidInputError, ConflictError."""
    if not 1 <= len(key) <= _LONGEST_IDEMPOTENCY_KEY:
        raise InvalidInputError(f"Idempotency-Key must have 1 to {_LONGEST_IDEMPOTENCY_KEY} characters")
    once = visit.platform.once
    owner = f"{visit.account}:{visit.access.bucket}"
    match await once.claim(owner, key, await _fingerprint(visit.request)):
        case Different():
            raise InvalidInputError("Idempotency-Key was used with a different request")
        case Running():
            raise ConflictError("The first request with this Idempotency-Key is still running")
        case Answered(status, body, headers):
            return Response(body, status, {**headers, "Idempotent-Replayed": "true"}, _JSON)
        case Claimed() as claimed:
            visit.claimed = claimed
    try:
        response = await endpoint(visit.request)
    except CommitRefusedError as refused:
        if refused.condition == "claim":
            raise ConflictError("The first request with this Idempotency-Key is still running") from None
        raise
    except BaseException:
        if not any(effect.done for effect in visit.effects):
            await _released(visit, claimed)
        raise
    if not any(effect.done and effect.answered for effect in visit.effects):
        # Its effect was not the store's alone: what it was answered is kept right after it.
        kept = visit.effect(response.status_code)
        kept.answer_raw(bytes(response.body), _kept_headers(response))
        await kept.run()
    return response


async def _released(visit: Visit, claimed: Claimed) -> None:
    try:
        await visit.platform.once.release(claimed)
    except (RedisError, CommitRefusedError):
        return  # it ends by itself, in its time


def _kept_headers(response: Response) -> dict[str, str]:
    return {"ETag": response.headers["etag"]} if "etag" in response.headers else {}


async def _fingerprint(request: Request) -> str:
    """Of method, path, query and body. A multipart body's boundary is the client's whim, and no part of it."""
    body = await request.body()
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith(_MULTIPART):
        boundary = kind.partition("boundary=")[2].strip('"').encode()
        body = body.replace(boundary, b"") if boundary else body
    head = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(head.encode() + body).hexdigest()


async def _stream_of(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
