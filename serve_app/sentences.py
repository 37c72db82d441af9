"""One sentence that names the field, of what pydantic finds wrong."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic_core import PydanticCustomError

SENTENCE: Final = "busyhour_sentence"
"""Type of an error that brings the rest of its sentence, after the field's name."""


def wrong(rest: str) -> PydanticCustomError:
    """An error of validation told as `<field> <rest>`."""
    return PydanticCustomError(SENTENCE, "{rest}", {"rest": rest})


_A_STRING: Final = "must be a string"
_AN_INTEGER: Final = "must be an integer"
_A_NUMBER: Final = "must be a number"
_TRUE_OR_FALSE: Final = "must be true or false"
_A_LIST: Final = "must be a list"
_AN_OBJECT: Final = "must be an object"


def _literals(expected: str) -> str:
    """`a`, `b` or `c` of pydantic's `'a', 'b' or 'c'`."""
    names = expected.replace("'", "").replace(" or ", ", ")
    return f"must be one of {names}" if "," in names else f"must be {names}"


_RESTS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "missing": lambda _: "is required",
    "extra_forbidden": lambda _: "is not a known field",
    "string_type": lambda _: _A_STRING,
    "int_type": lambda _: _AN_INTEGER,
    "int_parsing": lambda _: _AN_INTEGER,
    "int_parsing_size": lambda _: _AN_INTEGER,
    "int_from_float": lambda _: _AN_INTEGER,
    "float_type": lambda _: _A_NUMBER,
    "float_parsing": lambda _: _A_NUMBER,
    "finite_number": lambda _: "must be a finite number",
    "bool_type": lambda _: _TRUE_OR_FALSE,
    "bool_parsing": lambda _: _TRUE_OR_FALSE,
    "list_type": lambda _: _A_LIST,
    "tuple_type": lambda _: _A_LIST,
    "dict_type": lambda _: _AN_OBJECT,
    "model_type": lambda _: _AN_OBJECT,
    "model_attributes_type": lambda _: _AN_OBJECT,
    "greater_than": lambda facts: f"must be more than {facts['gt']:g}",
    "greater_than_equal": lambda facts: f"must be at least {facts['ge']:g}",
    "less_than": lambda facts: f"must be less than {facts['lt']:g}",
    "less_than_equal": lambda facts: f"must be at most {facts['le']:g}",
    "string_too_short": lambda facts: _at_least(facts["min_length"], "character"),
    "string_too_long": lambda facts: f"must have at most {facts['max_length']} characters",
    "too_short": lambda facts: _at_least(facts["min_length"], "entry"),
    "too_long": lambda facts: f"must have at most {facts['max_length']} entries",
    "literal_error": lambda facts: _literals(facts["expected"]),
    "union_tag_not_found": lambda facts: f"needs {facts['discriminator']}",
    "union_tag_invalid": lambda facts: _literals(facts["expected_tags"]),
    "string_pattern_mismatch": lambda facts: f"must match {facts['pattern']}",
    SENTENCE: lambda facts: str(facts["rest"]),
}


def _at_least(count: int, what: str) -> str:
    if count == 1:
        return "must not be empty"
    return f"must have at least {count} {'entries' if what == 'entry' else what + 's'}"


def sentence_of(errors: Sequence[Mapping[str, Any]], value: Any, whole: str = "The request body") -> str:
    """Of the first error. `value` is what was validated, and `whole` its name where all of it is wrong."""
    error = errors[0]
    kind, facts = str(error["type"]), error.get("ctx", {})
    field = _field(error["loc"], value, is_missing=kind == "missing")
    if kind.startswith("union_tag_"):
        tag = str(facts["discriminator"]).strip("'")
        field = f"{field}.{tag}" if field else tag
        if kind == "union_tag_not_found":
            return f"{field} is required"
    rest = _RESTS.get(kind)
    said = rest(facts) if rest else f"is not valid: {error['msg'][:1].lower()}{error['msg'][1:]}"
    return f"{field or whole} {said}"


def _field(location: Sequence[str | int], value: Any, is_missing: bool) -> str:
    """`pacing.abandonment_cap`, `tags[2]`. Names of a union's members, which pydantic puts between, are left out: they
    lead nowhere in `value`.
    """
    name = ""
    for position, part in enumerate(location):
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            if not (is_missing and position == len(location) - 1):
                continue
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += f".{part}" if name else part
    return name
