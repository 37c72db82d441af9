"""Limits of requests: N in every window, exactly, whoever counts and whatever their clocks say."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from busyhour.core.ids import MINUTE, SECOND, Micros


@dataclass(frozen=True, slots=True)
class Allowance:
    """What became of one request. `remaining` is how many more there may be now, and in `next_in_s` whole seconds, at
    least 1, the oldest that counts will no longer.
    """

    allowed: bool
    remaining: int
    next_in_s: int


class RequestLimits:
    """Logs of the requests of each bucket, in the store and on its clock. Keeps nothing itself."""

    def __init__(self, client: "Redis", scope: str, window: Micros = MINUTE) -> None:
        self._client: Any = client
        self._stem: Final = f"{{{scope}}}:requests:"
        self.window: Final = window

    async def take(self, bucket: str, limit: int) -> Allowance:
        """A request that is refused does not count."""
        taken, remaining, leaves_in_us = await self._client.fcall(
            "busyhour_requests_take", 1, self._stem + bucket, limit, self.window
        )
        seconds = -(-min(int(leaves_in_us), self.window) // SECOND)
        return Allowance(bool(taken), int(remaining), max(1, seconds))
