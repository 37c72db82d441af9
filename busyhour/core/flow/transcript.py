"""Who said what, and when."""

from typing import Final, final

from busyhour.core.ids import ABSENT, SECOND, Instant

AGENT: Final = 0
CUSTOMER: Final = 1
HUMAN_AGENT: Final = 2
SYSTEM: Final = 3
ROLES: Final = ("agent", "customer", "human_agent", "system")

LONGEST_TURN: Final = 10_000
"""Characters; longer ones are cut."""


@final
class Turn:
    """`end_at` is ABSENT while it is being said; `node` is empty for none."""

    __slots__ = ("end_at", "node", "role", "start_at", "text")

    def __init__(self, role: int, text: str, start_at: Instant, end_at: Instant, node: str) -> None:
        self.role: int = role
        self.text: str = text[:LONGEST_TURN]
        self.start_at: Instant = start_at
        self.end_at: Instant = end_at
        self.node: str = node


@final
class Transcript:
    """The turns of a call in the order in which they began; none begins before the call was answered."""

    __slots__ = ("answered_at", "turns")

    def __init__(self, answered_at: Instant) -> None:
        self.answered_at: Instant = answered_at
        self.turns: list[Turn] = []

    def begin(self, role: int, text: str, now: Instant, node: str) -> None:
        """Somebody begins to speak, who will be heard to `end`."""
        self.add(role, text, now, ABSENT, node)

    def end(self, now: Instant) -> None:
        """The agent has finished, or is cut short. Harmless when nobody speaks."""
        for turn in reversed(self.turns):
            if turn.end_at == ABSENT:
                turn.end_at = now if now > turn.start_at else turn.start_at
                return

    def add(self, role: int, text: str, start_at: Instant, end_at: Instant, node: str) -> None:
        """A turn that is over. What began before the turn that was told last is told as having begun with it."""
        earliest = self.turns[-1].start_at if self.turns else self.answered_at
        if start_at < earliest:
            start_at = earliest
        if end_at != ABSENT and end_at < start_at:
            end_at = start_at
        self.turns.append(Turn(role, text, start_at, end_at, node))

    def to_plain(self, now: Instant) -> list[dict[str, object]]:
        """As the API has it: seconds from the answer. Who still speaks at `now` has spoken until then."""
        told: list[dict[str, object]] = []
        for seq, turn in enumerate(self.turns):
            end_at = turn.end_at
            if end_at == ABSENT:
                end_at = now if now > turn.start_at else turn.start_at
            plain: dict[str, object] = {
                "seq": seq,
                "role": ROLES[turn.role],
                "text": turn.text,
                "start_s": (turn.start_at - self.answered_at) / SECOND,
                "end_s": (end_at - self.answered_at) / SECOND,
            }
            if turn.node:
                plain["node_id"] = turn.node
            told.append(plain)
        return told
