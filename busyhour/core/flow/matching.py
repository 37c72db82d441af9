"""Which of the expected answers somebody has given."""

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

Choices = dict[str, list[list[str]]]
"""Edge → phrases, each a list of words."""


def words_of(text: str) -> list[str]:
    """Without case and punctuation: "I'm sorry, WHAT?" is i'm, sorry, what."""
    words: list[str] = _WORD.findall(text.replace("\u2019", "'").casefold())
    return words


def matched(choices: Choices, said: str) -> str:
    """The edge one of whose phrases occurs in what was said, word by word; empty when none does.

    Of several the longest phrase counts, so that "not today" beats "today"; of equally long ones the first.
    """
    words = words_of(said)
    best = ""
    longest = 0
    for edge, phrases in choices.items():
        for phrase in phrases:
            if len(phrase) > longest and _occurs(phrase, words):
                best = edge
                longest = len(phrase)
    return best


def _occurs(phrase: list[str], words: list[str]) -> bool:
    length = len(phrase)
    for first in range(len(words) - length + 1):
        if words[first : first + length] == phrase:
            return True
    return False
