"""What stands around Ray Serve's own HTTP servers, so that what Serve answers by itself is as everything else is.

Serve asks for it by RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH, in its proxies and in replicas behind HAProxy.
"""

from http import HTTPStatus
from typing import Final

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from busyhour.adapters.valkey.documents import packed
from serve_app.errors import OWN_FAULT, RETRY_AFTER_S

STREAM: Final = "/v1/events/stream"
"""The path whose answers go on for as long as somebody listens."""
DIED: Final = "The process that had the request has died; what was asked may have been done, or not"
_TIMEOUT: Final = b"x-request-timeout-seconds"
"""With it a client could set how long Ray Serve works for it."""
_REQUEST_ID: Final = b"x-request-id"
_SENTENCES: Final = {
    HTTPStatus.NOT_FOUND: "The API is not there at the moment; try again",
    HTTPStatus.REQUEST_TIMEOUT: "The request took too long and was given up; what was asked may have been done, or not",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests are waiting; try again in a moment",
    HTTPStatus.SERVICE_UNAVAILABLE: "Too many requests are waiting, or nobody is there for them; try again in a moment",
}
"""By what Serve itself would answer with, in text. Everything of ours is JSON."""


def middlewares() -> list[Middleware]:
    return [Middleware(ServeEdge)]


class ServeEdge:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != _TIMEOUT]
        if scope["path"] == STREAM:
            scope["headers"].append((_TIMEOUT, b"0"))
        begun = replaced = False

        async def answer(message: Message) -> None:
            nonlocal begun, replaced
            if message["type"] == "http.response.start":
                begun = True
                status = message["status"]
                message = {**message, "headers": _once(message["headers"], _REQUEST_ID)}
                if status >= HTTPStatus.BAD_REQUEST and not _is_json(message):
                    replaced = True
                    detail = _SENTENCES.get(status, _SENTENCES[HTTPStatus.SERVICE_UNAVAILABLE])
                    await _refuse(send, detail, message["headers"])
                    return
            if not replaced:
                await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            if not begun:
                await _refuse(send, OWN_FAULT, [], HTTPStatus.INTERNAL_SERVER_ERROR)
            raise
        if not begun:  # a replica that has died
            await _refuse(send, DIED, [])


def _is_json(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return any(kind.startswith(b"application/json") for kind in kinds)


def _once(headers: list[tuple[bytes, bytes]], wanted: bytes) -> list[tuple[bytes, bytes]]:
    """Without all but the first of the headers `wanted`."""
    kept: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        if name.lower() != wanted or all(other.lower() != wanted for other, _ in kept):
            kept.append((name, value))
    return kept


async def _refuse(
    send: Send,
    detail: str,
    headers: list[tuple[bytes, bytes]],
    status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE,
) -> None:
    """`headers` are those that Serve has made; of them, the request's id stays."""
    body = packed({"detail": detail})
    kept = [(name, value) for name, value in headers if name.lower() == _REQUEST_ID]
    length = (b"content-length", str(len(body)).encode())
    kept += [(b"content-type", b"application/json"), length]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        kept.append((b"retry-after", RETRY_AFTER_S.encode()))
    await send({"type": "http.response.start", "status": status.value, "headers": kept})
    await send({"type": "http.response.body", "body": body})
