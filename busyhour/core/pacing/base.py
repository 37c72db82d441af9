"""What every pacer knows: its lines in flight, its live answers that wait, and what each agent does.

A pacer is told what happened and answers one question: how many additional lines to dial now. It has no
clock and no randomness, and it never dials, cancels or connects anything itself.

One line's life, as the pacer sees it (an event with no entry changes nothing, so a duplicate, a late or an
unknown one is harmless):

| state     | dialed    | answered | ended | connected | abandoned |
|-----------|-----------|----------|-------|-----------|-----------|
| unknown   | in flight |          |       |           |           |
| in flight |           | waiting  | gone  | gone      | gone      |
| waiting   |           |          | gone  | gone      | gone      |

A line in flight that is connected or abandoned has been answered unnoticed (messages may cross), and is
counted as answered first. A waiting line that ends otherwise (its trunk fails, the run stops) is a live
answer that was not abandoned.

Time never runs backwards in here: a report that is stamped earlier than one before it counts as of now.

An agent's last reported state holds: the agent queue is the authority, so any change of state is legal and
only a repeated one changes nothing. An agent first heard of while talking is staffed from then on.
"""

from typing import Final, cast

from busyhour.core.ids import ABSENT, MILLISECOND, Instant

AGENTLESS: Final = 0
PREVIEW: Final = 1
PROGRESSIVE: Final = 2
POWER: Final = 3
PREDICTIVE: Final = 4
PACING_MODES: Final = ("agentless", "preview", "progressive", "power", "predictive")

IDLE: Final = 0
TALKING: Final = 1
WRAPPING: Final = 2

MATCH_WINDOW: Final = 100 * MILLISECOND
"""How far apart the two reports of one connection may come: on a cluster, messages take some milliseconds."""

AS_MANY_AS_ALLOWED: Final = 1_000_000_000
"""What a pacer wants that leaves the number of lines to the limits alone."""


class Pacer:
    """Keeps the books; the modes override `lines_wanted`, `review_at` and the `noted_*` hooks.

    All instants are microseconds. Lines and agents are known by any int, unique while they live.
    `reserve_agents` idle agents are left to inbound callers.
    """

    __slots__ = (
        "agent_since",
        "agent_state",
        "idle",
        "in_flight",
        "latest",
        "matched_at",
        "queue_waiting",
        "reserve_agents",
        "unmatched",
        "waiting",
    )

    reserve_agents: int
    in_flight: dict[int, int]
    """Line → the instant it was dialled."""
    waiting: dict[int, int]
    """Line → the instant its live answer was recognised; it has no agent yet."""
    agent_state: dict[int, int]
    """Agent → IDLE, TALKING or WRAPPING; only the staffed are here."""
    agent_since: dict[int, int]
    """Agent → the instant that state began."""
    idle: int
    """How many agents are IDLE."""
    queue_waiting: int
    """Calls that wait in the queue our agents serve, ours and inbound, as last reported."""
    unmatched: int
    """Connected calls whose agent is not yet reported talking; below 0, agents taken by a call that is not yet
    reported connected. The two reports come in either order, and between them the agent is not idle."""
    matched_at: Instant
    """Since when. It holds for MATCH_WINDOW, so that a lost report claims no agent for long."""
    latest: Instant
    """The latest instant heard of."""

    def __init__(self, reserve_agents: int) -> None:
        self.reserve_agents = reserve_agents
        self.in_flight = {}
        self.waiting = {}
        self.agent_state = {}
        self.agent_since = {}
        self.idle = 0
        self.queue_waiting = 0
        self.unmatched = 0
        self.matched_at = ABSENT
        self.latest = 0

    def _clock(self, now: Instant) -> Instant:
        if now > self.latest:
            self.latest = now
        return self.latest

    # What happened to a line ------------------------------------------------------------------------

    def dialed(self, line: int, now: Instant) -> None:
        """An attempt was put on a line."""
        if line in self.in_flight or line in self.waiting:
            return
        now = self._clock(now)
        self.in_flight[line] = now
        self.noted_dialed(line, now)

    def answered(self, line: int, now: Instant) -> None:
        """A live answer was recognised on the line: it needs an agent and is in flight no longer."""
        if line not in self.in_flight:
            return
        now = self._clock(now)
        dialed_at = self.in_flight.pop(line)
        self.waiting[line] = now
        self.noted_answered(line, dialed_at, now)

    def ended(self, line: int, now: Instant) -> None:
        """The line ended without a live answer (no answer, busy, machine, refused, cancelled)."""
        if line in self.in_flight:
            dialed_at = self.in_flight.pop(line)
            self.noted_ended(line, dialed_at, self._clock(now))
        elif line in self.waiting:
            del self.waiting[line]

    def connected(self, line: int, now: Instant) -> None:
        """The live answer got an agent."""
        self.answered(line, now)
        if line in self.waiting:
            now = self._clock(now)
            answered_at = self.waiting.pop(line)
            self._match(1, now)
            self.noted_connected(line, answered_at, now)

    def abandoned(self, line: int, now: Instant) -> None:
        """The live answer's patience ended before an agent took it."""
        self.answered(line, now)
        if line in self.waiting:
            answered_at = self.waiting.pop(line)
            self.noted_abandoned(line, answered_at, self._clock(now))

    # What happened to an agent ----------------------------------------------------------------------

    def agent_idle(self, agent: int, now: Instant) -> None:
        """The agent became idle, or joined."""
        self._agent_becomes(agent, IDLE, now)

    def agent_talking(self, agent: int, now: Instant) -> None:
        """The agent was taken by a call, ours or another's."""
        self._agent_becomes(agent, TALKING, now)

    def agent_wrapping(self, agent: int, now: Instant) -> None:
        """The agent's call ended and wrap-up begins."""
        self._agent_becomes(agent, WRAPPING, now)

    def agent_left(self, agent: int, now: Instant) -> None:
        """The agent's shift is over, or paused."""
        self._agent_becomes(agent, ABSENT, now)

    def _agent_becomes(self, agent: int, state: int, now: Instant) -> None:
        before = ABSENT
        since = now
        if agent in self.agent_state:
            before = self.agent_state[agent]
            since = self.agent_since[agent]
        if state == before:
            return
        now = self._clock(now)
        if before == IDLE:
            self.idle -= 1
            if state == TALKING:
                self._match(-1, now)
        if state == IDLE:
            self.idle += 1
        if state == ABSENT:
            del self.agent_state[agent]
            del self.agent_since[agent]
        else:
            self.agent_state[agent] = state
            self.agent_since[agent] = now
        self.noted_agent(agent, before, since, state, now)

    def _match(self, connected: int, now: Instant) -> None:
        if self.unmatched == 0 or now - self.matched_at > MATCH_WINDOW:
            self.matched_at = now
            self.unmatched = 0
        self.unmatched += connected

    def waiting_changed(self, waiting: int, now: Instant) -> None:
        """So many calls now wait in the queue that our agents serve, inbound included."""
        if waiting != self.queue_waiting and waiting >= 0:
            self.queue_waiting = waiting
            self.noted_waiting(waiting, self._clock(now))

    # What a mode may want to learn from it (nothing, unless overridden) --------------------------------

    def noted_dialed(self, line: int, now: Instant) -> None:
        """`line` is now in flight."""

    def noted_answered(self, line: int, dialed_at: Instant, now: Instant) -> None:
        """`line` left flight with a live answer."""

    def noted_ended(self, line: int, dialed_at: Instant, now: Instant) -> None:
        """`line` left flight without one."""

    def noted_connected(self, line: int, answered_at: Instant, now: Instant) -> None:
        """The live answer on `line` got an agent."""

    def noted_abandoned(self, line: int, answered_at: Instant, now: Instant) -> None:
        """The live answer on `line` was lost."""

    def noted_agent(self, agent: int, before: int, since: Instant, state: int, now: Instant) -> None:
        """`agent` went from state `before`, held since `since`, to `state`; ABSENT is not staffed."""

    def noted_waiting(self, waiting: int, now: Instant) -> None:
        """The queue's length changed to `waiting`."""

    # What to do ---------------------------------------------------------------------------------------

    def available(self, now: Instant) -> int:
        """Idle agents that no waiting call or reserve lays claim to; negative when calls outnumber them."""
        claims = len(self.waiting)
        if self.queue_waiting > claims:
            claims = self.queue_waiting
        if self.unmatched > 0 and now - self.matched_at <= MATCH_WINDOW:
            claims += self.unmatched
        return self.idle - claims - self.reserve_agents

    def lines_wanted(self, now: Instant) -> int:
        """How many additional lines to dial now, never negative. Asking changes no later answer."""
        raise NotImplementedError

    def review_at(self) -> Instant:
        """The next instant at which `lines_wanted` may rise without any event; ABSENT if only events matter.

        It lies after the instant `lines_wanted` was last asked at, so a held-back dial is no busy loop.
        """
        return ABSENT

    # Plain data ---------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, object]:
        """Everything the pacer knows, as lists, numbers and strings."""
        return {
            "in_flight": pairs_of(self.in_flight),
            "waiting": pairs_of(self.waiting),
            "agent_state": pairs_of(self.agent_state),
            "agent_since": pairs_of(self.agent_since),
            "queue_waiting": self.queue_waiting,
            "unmatched": self.unmatched,
            "matched_at": self.matched_at,
            "latest": self.latest,
        }

    def restore(self, snapshot: dict[str, object]) -> None:
        """Become what `snapshot` was taken from. Raises KeyError or TypeError when it is not a pacer's."""
        self.in_flight = dict_of(snapshot["in_flight"])
        self.waiting = dict_of(snapshot["waiting"])
        self.agent_state = dict_of(snapshot["agent_state"])
        self.agent_since = dict_of(snapshot["agent_since"])
        self.queue_waiting = int_of(snapshot["queue_waiting"])
        self.unmatched = int_of(snapshot["unmatched"])
        self.matched_at = int_of(snapshot["matched_at"])
        self.latest = int_of(snapshot["latest"])
        self.idle = 0
        for state in self.agent_state.values():
            if state == IDLE:
                self.idle += 1


def pairs_of(mapping: dict[int, int]) -> list[list[int]]:
    """A dict as JSON can carry it: its keys stay ints and its order stays."""
    pairs: list[list[int]] = []
    for key, value in mapping.items():
        pairs.append([key, value])
    return pairs


def dict_of(plain: object) -> dict[int, int]:
    """The inverse of `pairs_of`. Raises TypeError on anything else."""
    mapping: dict[int, int] = {}
    for pair in list_of(plain):
        key_value = ints_of(pair)
        mapping[key_value[0]] = key_value[1]
    return mapping


def list_of(plain: object) -> list[object]:
    """`plain` as a list. Raises TypeError when it is none."""
    if not isinstance(plain, list):
        raise TypeError("a pacer's snapshot has a list here")
    return cast("list[object]", plain)


def ints_of(plain: object) -> list[int]:
    """`plain` as a list of ints. Raises TypeError when it is none."""
    return [int_of(item) for item in list_of(plain)]


def floats_of(plain: object) -> list[float]:
    """`plain` as a list of floats. Raises TypeError when it is none."""
    return [float_of(item) for item in list_of(plain)]


def int_of(plain: object) -> int:
    """`plain` as an int. Raises TypeError when it is none."""
    if not isinstance(plain, int):
        raise TypeError("a pacer's snapshot has a whole number here")
    return plain


def float_of(plain: object) -> float:
    """`plain` as a float. Raises TypeError when it is none."""
    if isinstance(plain, float):
        return plain
    return float(int_of(plain))
