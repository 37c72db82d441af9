"""JSON that a flow sends, and what it takes from JSON that comes back."""

from typing import cast

from busyhour.core.flow.templates import Template, Variables


def filled_body(body: object, variables: Variables) -> object:
    """The body with its templates filled; values stay texts whatever they hold, so that none becomes JSON."""
    if isinstance(body, Template):
        return body.filled(variables)
    if isinstance(body, dict):
        return {key: filled_body(below, variables) for key, below in cast("dict[str, object]", body).items()}
    if isinstance(body, list):
        return [filled_body(below, variables) for below in cast("list[object]", body)]
    return body


def found_in(answer: object, path: str) -> object:
    """The scalar at `path` (`orders.0.status`); None where there is none."""
    at = answer
    for step in path.split("."):
        if isinstance(at, dict):
            at = cast("dict[str, object]", at).get(step)
        elif isinstance(at, list):
            items = cast("list[object]", at)
            at = (
                items[int(step)]
                if step.isascii() and step.isdecimal() and len(step) < 10 and int(step) < len(items)
                else None
            )
        else:
            return None
    return at if isinstance(at, str | int | float) else None
