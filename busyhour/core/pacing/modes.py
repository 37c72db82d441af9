"""The modes that count, and predict nothing."""

from typing import Final, final

from busyhour.core.ids import ABSENT, SECOND, Instant, Micros
from busyhour.core.pacing.base import AS_MANY_AS_ALLOWED, IDLE, Pacer, dict_of, int_of, pairs_of

PREVIEW_TIME: Final = 10 * SECOND

_ROUNDING: Final = 1e-9
"""Lines for whole agents are whole: 1.15 lines for each of 20 agents is 23, not the 22.999… a float says."""


@final
class AgentlessPacer(Pacer):
    """No agents, so nothing to pace: concurrency, channels and calls per second are the only bounds."""

    __slots__ = ()

    def lines_wanted(self, now: Instant) -> int:
        return AS_MANY_AS_ALLOWED


@final
class PowerPacer(Pacer):
    """`lines_per_agent` lines in flight for each available agent, rounded down in total; none is cancelled.

    With one line this is progressive dialling.
    """

    __slots__ = ("lines_per_agent",)

    lines_per_agent: float

    def __init__(self, reserve_agents: int, lines_per_agent: float) -> None:
        super().__init__(reserve_agents)
        self.lines_per_agent = lines_per_agent

    def lines_wanted(self, now: Instant) -> int:
        now = self._clock(now)
        agents = self.available(now)
        if agents <= 0:
            return 0
        missing = int(agents * self.lines_per_agent + _ROUNDING) - len(self.in_flight)
        return missing if missing > 0 else 0


@final
class PreviewPacer(Pacer):
    """Each idle agent looks at the next contact for `preview_time`, accepts it, and one line is dialled.

    An agent whose line ended without a live answer looks at another contact for as long. The agent who has
    looked longest dials first. Reserved agents are the last ones that would have dialled.
    """

    __slots__ = ("asked_at", "dialer_of", "line_of", "preview_time", "ready_at")

    preview_time: Micros
    ready_at: dict[int, int]
    """Idle agent → the instant their preview ends."""
    line_of: dict[int, int]
    """Idle agent → the line they dialled, while it is in flight."""
    dialer_of: dict[int, int]
    """The inverse of `line_of`."""
    asked_at: Instant
    """When `lines_wanted` was last asked: what was ready then is no reason for a review."""

    def __init__(self, reserve_agents: int, preview_time: Micros) -> None:
        super().__init__(reserve_agents)
        self.preview_time = preview_time
        self.ready_at = {}
        self.line_of = {}
        self.dialer_of = {}
        self.asked_at = ABSENT

    def noted_agent(self, agent: int, before: int, since: Instant, state: int, now: Instant) -> None:
        if state == IDLE:
            self.ready_at[agent] = now + self.preview_time
            return
        if agent in self.ready_at:
            del self.ready_at[agent]
        if agent in self.line_of:
            del self.dialer_of[self.line_of.pop(agent)]

    def noted_dialed(self, line: int, now: Instant) -> None:
        first = ABSENT
        for agent, ready_at in self.ready_at.items():
            if agent in self.line_of:
                continue
            if first == ABSENT or ready_at < self.ready_at[first]:
                first = agent
        if first != ABSENT:
            self.line_of[first] = line
            self.dialer_of[line] = first

    def noted_answered(self, line: int, dialed_at: Instant, now: Instant) -> None:
        self._preview_again(line, now)

    def noted_ended(self, line: int, dialed_at: Instant, now: Instant) -> None:
        self._preview_again(line, now)

    def _preview_again(self, line: int, now: Instant) -> None:
        if line in self.dialer_of:
            agent = self.dialer_of.pop(line)
            del self.line_of[agent]
            self.ready_at[agent] = now + self.preview_time

    def lines_wanted(self, now: Instant) -> int:
        now = self._clock(now)
        self.asked_at = now
        free = self.available(now) - len(self.in_flight)
        ready = 0
        for agent, ready_at in self.ready_at.items():
            if ready_at <= now and agent not in self.line_of:
                ready += 1
        wanted = ready if ready < free else free
        return wanted if wanted > 0 else 0

    def review_at(self) -> Instant:
        """The next end of a preview."""
        earliest = ABSENT
        for agent, ready_at in self.ready_at.items():
            if ready_at <= self.asked_at or agent in self.line_of:
                continue
            if earliest == ABSENT or ready_at < earliest:
                earliest = ready_at
        return earliest

    def snapshot(self) -> dict[str, object]:
        plain = super().snapshot()
        plain["ready_at"] = pairs_of(self.ready_at)
        plain["line_of"] = pairs_of(self.line_of)
        plain["asked_at"] = self.asked_at
        return plain

    def restore(self, snapshot: dict[str, object]) -> None:
        super().restore(snapshot)
        self.ready_at = dict_of(snapshot["ready_at"])
        self.line_of = dict_of(snapshot["line_of"])
        self.asked_at = int_of(snapshot["asked_at"])
        self.dialer_of = {}
        for agent, line in self.line_of.items():
            self.dialer_of[line] = agent
