"""Texts with `{{variables}}`, filled in and never executed."""

import re
from typing import Final, cast, final
from urllib.parse import quote

from busyhour.core.errors import InvalidValueError

VARIABLE_PATTERN: Final = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*"
_VARIABLE: Final = re.compile(VARIABLE_PATTERN + r"\Z")
_HOLE: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)

LONGEST_VALUE: Final = 4_096
"""Characters of a variable, longer ones are cut: else `{{a}}{{a}}` set to `a` over and over would fill the memory."""
_DEEPEST: Final = 8
"""Mappings within mappings whose values become variables."""
_FALL_BACK: Final = ("contact.metadata.", "call.metadata.")


def is_variable(name: str) -> bool:
    """Whether a variable may be called so: letters, digits and _, parts joined by dots."""
    return _VARIABLE.match(name) is not None


def as_text(value: object) -> str:
    """A scalar of JSON as a person would say it: yes and no as true and false, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


@final
class Variables:
    """What a flow knows, all of it text, by dotted name.

    A name that is not there is looked for in the contact's metadata, then in the call's; so `{{plan}}` finds
    `contact.metadata.plan`.
    """

    __slots__ = ("values",)

    def __init__(self, values: dict[str, str]) -> None:
        """`values` is the variables' own from now on."""
        self.values: dict[str, str] = values

    def find(self, name: str) -> str | None:
        """None where nothing is known."""
        value = self.values.get(name)
        if value is None:
            for prefix in _FALL_BACK:
                value = self.values.get(prefix + name)
                if value is not None:
                    return value
        return value

    def get(self, name: str) -> str:
        """Empty where nothing is known."""
        value = self.find(name)
        return "" if value is None else value

    def set(self, name: str, value: str) -> None:
        self.values[name] = value[:LONGEST_VALUE]


def variables_of(facts: dict[str, object]) -> dict[str, str]:
    """JSON as variables: `{"contact": {"name": "Ada", "tags": ["vip"]}}` is `contact.name` and `contact.tags.0`."""
    values: dict[str, str] = {}
    for name, value in facts.items():
        _flatten(name, value, values, _DEEPEST)
    return values


def _flatten(name: str, value: object, values: dict[str, str], depth: int) -> None:
    if isinstance(value, dict):
        if depth > 0:
            for key, below in cast("dict[str, object]", value).items():
                _flatten(f"{name}.{key}", below, values, depth - 1)
    elif isinstance(value, list):
        if depth > 0:
            for place, below in enumerate(cast("list[object]", value)):
                _flatten(f"{name}.{place}", below, values, depth - 1)
    elif value is not None:
        values[name] = as_text(value)[:LONGEST_VALUE]


@final
class Template:
    """A text with holes: `parts` are literal, variable, literal, variable, …, literal."""

    __slots__ = ("parts", "text")

    def __init__(self, text: str) -> None:
        """Raises InvalidValueError for a brace that opens nothing, and for what is no variable's name."""
        self.text: str = text
        self.parts: list[str] = []
        at = 0
        for hole in _HOLE.finditer(text):
            name = hole[1].strip()
            if not is_variable(name):
                raise InvalidValueError("{{" + name + "}}", name, "a variable, such as {{contact.name}}")
            self.parts.append(text[at : hole.start()])
            self.parts.append(name)
            at = hole.end()
        self.parts.append(text[at:])
        if any("{{" in literal or "}}" in literal for literal in self.parts[::2]):
            raise InvalidValueError("{{", text, "closed by }}")

    def filled(self, variables: Variables) -> str:
        """What is not known is left out."""
        return self._filled(variables, False)

    def filled_for_url(self, variables: Variables) -> str:
        """The same with every value percent-encoded, so that none leads to another address."""
        return self._filled(variables, True)

    def _filled(self, variables: Variables, encodes: bool) -> str:
        filled: list[str] = []
        for place, part in enumerate(self.parts):
            if place % 2 == 0:
                filled.append(part)
            else:
                value = variables.get(part)
                filled.append(quote(value, safe="") if encodes else value)
        return "".join(filled)
