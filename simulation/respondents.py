"""What the people called say and press when a voice agent asks them something."""

from typing import Any, Final, final

from busyhour.core.flow.commands import CollectDigits, Listen
from busyhour.core.flow.matching import Choices
from busyhour.core.ids import ABSENT, MILLISECOND, MINUTE, Micros
from simulation.draws import Draws

OBLIGING_AFTER: Final = 800 * MILLISECOND
OBLIGING_WORDS_PER_MINUTE: Final = 150.0
KEY_US: Final = 300 * MILLISECOND
"""From one key to the next."""


def speech_us(text: str, words_per_minute: float) -> Micros:
    """How long it takes to say: whole words, at least one."""
    words = len(text.split())
    if words == 0:
        words = 1
    return round(words * MINUTE / words_per_minute)


@final
class Reply:
    """What comes of a question: `text` is said or `keys` are pressed `after_us`; ABSENT: nothing, ever."""

    __slots__ = ("after_us", "hangs_up", "keys", "text")

    def __init__(self, after_us: Micros, text: str, keys: str, hangs_up: bool) -> None:
        self.after_us: Micros = after_us
        self.text: str = text
        self.keys: str = keys
        self.hangs_up: bool = hangs_up


SILENCE: Final = Reply(ABSENT, "", "", False)


class Respondent:
    """The people of one campaign. `turn` counts the questions of a call from 0; `index` is the contact's number."""

    __slots__ = ("words_per_minute",)

    def __init__(self, words_per_minute: float) -> None:
        self.words_per_minute: float = words_per_minute

    def answer(self, draws: Draws, index: int, turn: int, question: Listen) -> Reply:
        """To a question."""
        raise NotImplementedError

    def keys(self, draws: Draws, index: int, turn: int, question: CollectDigits) -> Reply:
        """To being asked for digits."""
        raise NotImplementedError

    def patience_us(self, draws: Draws, index: int) -> Micros:
        """From the first word of a machine to hanging up on it; ABSENT for never."""
        return ABSENT


@final
class Obliging(Respondent):
    """Those of whom the scenario says nothing: they give one of the answers that are expected, each as likely as the
    others, and press as many digits as are wanted at least."""

    __slots__ = ()

    def answer(self, draws: Draws, index: int, turn: int, question: Listen) -> Reply:
        return Reply(OBLIGING_AFTER, self._expected(draws, index, turn, question.choices), "", False)

    def _expected(self, draws: Draws, index: int, turn: int, choices: Choices) -> str:
        if not choices:
            return "Yes."
        place = int(draws.uniform(f"obliging.answer/{turn}", index) * len(choices))
        return " ".join(list(choices.values())[place][0])

    def keys(self, draws: Draws, index: int, turn: int, question: CollectDigits) -> Reply:
        pressed = drawn_digits(draws, index, turn, "?" * question.min_digits)
        if question.min_digits < question.max_digits:
            pressed += question.finish_key
        return Reply(OBLIGING_AFTER, "", pressed, False)


@final
class Scripted(Respondent):
    """People who say the same things one after the other, whatever they are asked; nothing once the script is over."""

    __slots__ = ("_replies",)

    def __init__(self, words_per_minute: float, replies: list[Reply]) -> None:
        self.words_per_minute: float = words_per_minute
        self._replies: list[Reply] = replies

    def answer(self, draws: Draws, index: int, turn: int, question: Listen) -> Reply:
        return self._reply(turn)

    def keys(self, draws: Draws, index: int, turn: int, question: CollectDigits) -> Reply:
        return self._reply(turn)

    def _reply(self, turn: int) -> Reply:
        return self._replies[turn] if turn < len(self._replies) else SILENCE


@final
class Intent:
    """Something people mean, in one of several wordings; `keys` in which ? is any digit, empty for none."""

    __slots__ = ("keys", "says", "share")

    def __init__(self, share: float, says: list[str], keys: str) -> None:
        self.share: float = share
        self.says: list[str] = says
        self.keys: str = keys


@final
class Persona(Respondent):
    """People by a table of rules. What they do at one question depends on nothing that they did at another."""

    __slots__ = (
        "_at",
        "_hangs_up",
        "_intents",
        "_patience",
        "_presses_keys",
        "_small_talk",
        "_talkativeness",
        "_thinks",
    )

    def __init__(
        self,
        words_per_minute: float,
        intents: list[Intent],
        at: dict[str, list[Intent]],
        thinks: Any,
        patience: Any,
        hangs_up: float,
        presses_keys: float,
        talkativeness: float,
        small_talk: list[str],
    ) -> None:
        """`at`: intents at single nodes, in place of the others. `thinks` and `patience` are opaque distributions."""
        self.words_per_minute: float = words_per_minute
        self._intents: list[Intent] = intents
        self._at: dict[str, list[Intent]] = at
        self._thinks: Any = thinks
        self._patience: Any = patience
        self._hangs_up: float = hangs_up
        self._presses_keys: float = presses_keys
        self._talkativeness: float = talkativeness
        self._small_talk: list[str] = small_talk

    def answer(self, draws: Draws, index: int, turn: int, question: Listen) -> Reply:
        meant = self._meant(draws, index, turn, question.node)
        if not meant.text:
            return meant
        text = meant.text
        if self._talkativeness > 0.0 and draws.uniform(f"persona.talks/{turn}", index) < self._talkativeness:
            text = chosen(draws, index, f"persona.small_talk/{turn}", self._small_talk) + " " + text
        return Reply(meant.after_us, text, "", False)

    def keys(self, draws: Draws, index: int, turn: int, question: CollectDigits) -> Reply:
        meant = self._meant(draws, index, turn, question.node)
        if meant.keys and draws.uniform("persona.presses_keys", index) < self._presses_keys:
            return Reply(meant.after_us, "", meant.keys, False)
        if meant.text:
            return Reply(meant.after_us, meant.text, "", False)
        return meant if meant.hangs_up else SILENCE

    def patience_us(self, draws: Draws, index: int) -> Micros:
        if self._patience is None:
            return ABSENT
        return draws.duration_us("persona.patience", self._patience, index)

    def _meant(self, draws: Draws, index: int, turn: int, node: str) -> Reply:
        """Text and keys of what is meant; `answer` and `keys` choose between them."""
        after_us = draws.duration_us(f"persona.thinks/{turn}", self._thinks, index)
        if self._hangs_up > 0.0 and draws.uniform(f"persona.hangs_up/{turn}", index) < self._hangs_up:
            return Reply(after_us, "", "", True)
        chance = draws.uniform(f"persona.intent/{turn}", index)
        for intent in self._at.get(node, self._intents):
            if chance < intent.share:
                text = chosen(draws, index, f"persona.says/{turn}", intent.says) if intent.says else ""
                return Reply(after_us, text, drawn_digits(draws, index, turn, intent.keys), False)
            chance -= intent.share
        return SILENCE


def chosen(draws: Draws, index: int, purpose: str, texts: list[str]) -> str:
    """One of them, each as likely as the others."""
    if len(texts) == 1:
        return texts[0]
    return texts[int(draws.uniform(purpose, index) * len(texts))]


def drawn_digits(draws: Draws, index: int, turn: int, pattern: str) -> str:
    """The keys of a pattern in which ? is any digit."""
    keys: list[str] = []
    for place, key in enumerate(pattern):
        if key == "?":
            keys.append(str(int(draws.uniform(f"keys/{turn}/{place}", index) * 10)))
        else:
            keys.append(key)
    return "".join(keys)
