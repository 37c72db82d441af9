"""GET /v1/events/stream: an account's events as they happen, as server-sent events (WHATWG HTML, section 9.2).

One follower an account and process asks the store whether there is something new; each listener reads on from where it
is itself, so that a slow one is nobody else's trouble.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from fastapi import APIRouter
from redis.exceptions import RedisError
from starlette.responses import Response, StreamingResponse

from busyhour.adapters.valkey.event_log import EventLog, LoggedEvent, is_position
from serve_app.errors import InvalidInputError
from serve_app.serve_edge import STREAM
from serve_app.visit import Visiting, VisitRoute

AT_ONCE: Final = 100
"""Events that are read for one listener at a time."""
LOOK_S: Final = 0.2
SILENCE_S: Final = 15.0
"""After so long without an event a listener gets a comment, so that whatever is between keeps the connection open."""
AGAIN_MS: Final = 1_000
"""After so long a client that has lost its connection comes back."""
_GAP: Final = (
    b"event: stream.gap\n"
    b'data: {"detail": "Events between the last one and the next are not kept any more"}\n\n'
)

router = APIRouter(route_class=VisitRoute)


@router.get(STREAM, include_in_schema=False)
async def follow_events(visit: Visiting) -> Response:
    """From now on, or from the event after `Last-Event-ID`."""
    followers: Followers = visit.request.app.state.followers
    last = visit.request.headers.get("last-event-id") or None
    if last is not None and not is_position(last):
        raise InvalidInputError("Last-Event-ID must be the id of an event of this stream")
    log = followers.log
    lost = last is not None and await log.has_lost(visit.account, last)
    position = last if last is not None else await log.end(visit.account)
    return StreamingResponse(
        followers.listen(visit.account, position, lost),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


class Followers:
    """Those of one process."""

    def __init__(self, log: EventLog) -> None:
        self.log: Final = log
        self._news: dict[str, asyncio.Event] = {}
        """By account, while somebody listens."""
        self._listeners: dict[str, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def listen(self, account: str, position: str, lost: bool) -> AsyncGenerator[bytes]:
        """What a client gets, for as long as it stays."""
        self._join(account)
        try:
            yield f"retry: {AGAIN_MS}\n\n".encode()
            if lost:
                yield _GAP
            while True:
                news = self._news[account]
                try:
                    events = await self.log.after(account, position, AT_ONCE)
                except RedisError:
                    return  # the client comes back, to where it was
                for event in events:
                    yield written(event)
                    position = event.position
                if not events:
                    try:
                        await asyncio.wait_for(news.wait(), SILENCE_S)
                    except TimeoutError:
                        yield b":\n\n"
        finally:
            self._leave(account)

    def _join(self, account: str) -> None:
        self._listeners[account] = self._listeners.get(account, 0) + 1
        if account not in self._tasks:
            self._news[account] = asyncio.Event()
            self._tasks[account] = asyncio.create_task(self._follow(account))

    def _leave(self, account: str) -> None:
        self._listeners[account] -= 1
        if self._listeners[account] == 0:
            self._tasks.pop(account).cancel()
            del self._listeners[account], self._news[account]

    async def _follow(self, account: str) -> None:
        """Wake the listeners whenever there is something new."""
        seen: str | None = None
        while True:
            try:
                end = await self.log.end(account)
            except RedisError:
                end = None  # the listeners find out themselves
            if end != seen:
                seen = end
                news, self._news[account] = self._news[account], asyncio.Event()
                news.set()
            await asyncio.sleep(LOOK_S)


def written(event: LoggedEvent) -> bytes:
    """The body has no line breaks: it is JSON on one line."""
    return f"id: {event.position}\nevent: {event.type}\ndata: {event.body}\n\n".encode()
