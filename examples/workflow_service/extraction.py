"""What a transcript comes to, without a language model: put yours here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

Outcome: TypeAlias = Literal["agreed", "refused", "unclear", "silent", "not_reached"]

_AGREES: Final = re.compile(r"\b(yes|of course|sure|i will|gladly)\b", re.IGNORECASE)
_REFUSES: Final = re.compile(r"\b(no|not|can't|cannot|cancel)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Extract:
    """`customer_talk_s` is how long the customer spoke, in seconds."""

    outcome: Outcome
    customer_said: tuple[str, ...]
    customer_talk_s: float

    def as_metadata(self) -> dict[str, Any]:
        return asdict(self)


def extract(call: Mapping[str, Any]) -> Extract:
    """Of a call as `call.ended` tells it."""
    turns: Sequence[Mapping[str, Any]] = call.get("transcript") or ()
    customer = [turn for turn in turns if turn["role"] == "customer"]
    said = tuple(turn["text"] for turn in customer)
    talk_s = round(sum(turn["end_s"] - turn["start_s"] for turn in customer), 3)
    if call["disposition"] != "human":
        return Extract("not_reached", said, talk_s)
    return Extract(_outcome(said), said, talk_s)


def _outcome(said: Sequence[str]) -> Outcome:
    """The latest answer that is clear counts: people change their minds."""
    for text in reversed(said):
        agrees, refuses = bool(_AGREES.search(text)), bool(_REFUSES.search(text))
        if agrees != refuses:
            return "agreed" if agrees else "refused"
    return "unclear" if said else "silent"
