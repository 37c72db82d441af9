"""What goes wrong with a request, and the only place that knows HTTP's numbers for it.

ApiError                 `detail` is one sentence for a human reader
├── InvalidInputError    400
├── UnauthenticatedError 401
├── ForbiddenError       403
├── NotFoundError        404
├── ConflictError        409
├── StaleError           412
├── TooLargeError        413
├── RateLimitedError     429
└── UnavailableError     503
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError, ResponseError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from busyhour.adapters.valkey.documents import packed
from busyhour.core.errors import BusyhourError
from serve_app.sentences import sentence_of

log = logging.getLogger(__name__)


class ApiError(BusyhourError):
    """Root of what a client is told."""

    detail: str

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class InvalidInputError(ApiError):
    """What was sent can't be taken as it is."""


class UnauthenticatedError(ApiError):
    """No key, or none that is good."""

    def __init__(self, detail: str = "Invalid or expired token") -> None:
        super().__init__(detail)


class ForbiddenError(ApiError):
    """The key lacks `scopes`."""

    scopes: Sequence[str]

    def __init__(self, scopes: Sequence[str]) -> None:
        super().__init__(f"Insufficient permissions. Required scopes: {', '.join(sorted(scopes))}")
        self.scopes = scopes

    def __reduce__(self) -> tuple[type[ForbiddenError], tuple[Sequence[str]]]:
        return ForbiddenError, (self.scopes,)


class NotFoundError(ApiError):
    """The account has no such thing, or another account has it."""

    @staticmethod
    def of(kind: str) -> NotFoundError:
        return NotFoundError(f"{kind} not found")


class ConflictError(ApiError):
    """The state of things forbids it."""


class StaleError(ApiError):
    """The object is not what If-Match says any more."""

    def __init__(self, detail: str = "The object has changed since it was read") -> None:
        super().__init__(detail)


class TooLargeError(ApiError):
    """A body over its limit."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The request body must be at most {limit_bytes // 2**20} MiB")
        self.limit_bytes = limit_bytes

    def __reduce__(self) -> tuple[type[TooLargeError], tuple[int]]:
        return TooLargeError, (self.limit_bytes,)


class RateLimitedError(ApiError):
    """Too many; the next one may come in `retry_after_s`."""

    def __init__(self, limit: int, retry_after_s: int) -> None:
        super().__init__(f"Rate limit exceeded: {limit}/minute")
        self.limit = limit
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[type[RateLimitedError], tuple[int, int]]:
        return RateLimitedError, (self.limit, self.retry_after_s)


class UnavailableError(ApiError):
    """Something that this takes is not there now."""


STATUSES: Final[Mapping[type[ApiError], HTTPStatus]] = {
    InvalidInputError: HTTPStatus.BAD_REQUEST,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    StaleError: HTTPStatus.PRECONDITION_FAILED,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RateLimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
STORE_AWAY: Final = "The store does not answer; try again in a moment"
OWN_FAULT: Final = "Something went wrong on our side; the request id tells us which request it was"
_ROUTER: Final = {
    HTTPStatus.NOT_FOUND: "There is nothing at this path",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take this method",
}
RETRY_AFTER_S: Final = "1"


def response_of(error: Exception) -> Response:
    """What the client gets for whatever was raised."""
    if isinstance(error, ApiError):
        return _json(STATUSES[type(error)], error.detail, _headers(error))
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        detail = _ROUTER.get(status, str(error.detail))
        return _json(status, detail, dict(error.headers or {}))
    if isinstance(error, RequestValidationError):
        return _json(HTTPStatus.BAD_REQUEST, sentence_of(error.errors(), None), {})
    if is_store_away(error):
        return _json(HTTPStatus.SERVICE_UNAVAILABLE, STORE_AWAY, {"Retry-After": RETRY_AFTER_S})
    log.error("a request failed", exc_info=error)
    return _json(HTTPStatus.INTERNAL_SERVER_ERROR, OWN_FAULT, {})


def is_store_away(error: Exception) -> bool:
    """Whether the store could not be asked; one that answered with an error was."""
    return isinstance(error, NoConnection) or (
        isinstance(error, RedisError) and not isinstance(error, ResponseError)
    )


def _headers(error: ApiError) -> dict[str, str]:
    if isinstance(error, UnauthenticatedError):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, RateLimitedError):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, UnavailableError):
        return {"Retry-After": RETRY_AFTER_S}
    return {}


def _json(status: HTTPStatus, detail: str, headers: Mapping[str, str]) -> Response:
    return Response(packed({"detail": detail}), status, dict(headers), "application/json")


def register(app: FastAPI) -> None:
    """Every error that reaches the application is answered by `response_of`."""

    async def answer(_: Request, error: Exception) -> Response:
        return response_of(error)

    kinds: tuple[Any, ...] = (ApiError, HTTPException, RequestValidationError, RedisError)
    for kind in kinds:
        app.add_exception_handler(kind, answer)
