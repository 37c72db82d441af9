"""The outermost layer: request ids, the size of bodies, headers of every response, and what nobody caught."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from busyhour.adapters.identifiers import new_id
from busyhour.core.ids import Instant
from serve_app.access import largest_body
from serve_app.errors import InvalidInputError, TooLargeError, response_of
from serve_app.metrics import Metrics

_REQUEST_ID: Final = re.compile(rb"[\x21-\x7e]{1,128}")


class Edge:
    def __init__(
        self,
        app: ASGIApp,
        clock: Callable[[], Instant],
        elapsed_s: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self._app = app
        self._clock = clock
        self._elapsed_s = elapsed_s
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = self._elapsed_s()
        asked = dict(scope["headers"])
        request_id = asked.get(b"x-request-id", b"")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = new_id(self._clock()).encode()
        added: dict[str, str] = {}
        scope.setdefault("state", {}).update(request_id=request_id.decode(), added_headers=added)
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id.decode()
                for name, value in added.items():
                    headers[name] = value
            await send(message)

        limit = largest_body(scope["path"])
        try:
            _require_length(asked.get(b"content-length"), limit)
            await self._app(scope, _bounded(receive, limit), answer)
        except ClientDisconnect:
            status = 0  # nobody is there to be answered
        except Exception as error:
            response = response_of(error)
            if status:
                raise
            await response(scope, receive, answer)
        finally:
            route = scope.get("route")
            template = getattr(route, "path", "") if status != HTTPStatus.NOT_FOUND or route else ""
            self._metrics.note(scope["method"], template, status, self._elapsed_s() - began_s)


def _require_length(declared: bytes | None, limit: int) -> None:
    """Raises TooLargeError, InvalidInputError."""
    if declared is None:
        return
    if not declared.isdigit():
        raise InvalidInputError("Content-Length must be a number")
    if int(declared[:20]) > limit:
        raise TooLargeError(limit)


def _bounded(receive: Receive, limit: int) -> Receive:
    """Raises TooLargeError with the first byte too many, whatever length was declared."""
    received = 0

    async def receive_bounded() -> Message:
        nonlocal received
        message = await receive()
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            if received > limit:
                raise TooLargeError(limit)
        return message

    return receive_bounded
