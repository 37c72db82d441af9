"""The parts of docs/ that derive from code.

    build_docs.py            write them anew between their markers, and the JSON Schema into docs/_generated
    build_docs.py --check    change nothing; exit code 1 where a page says something else than the code

A page has prose of its own around the generated part, which stands between two comments that name it.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from busyhour.core.agents import AGENT_STATES, AGENT_TRANSITIONS  # noqa: E402
from busyhour.core.call_states import CALL_STATES, TRANSITIONS  # noqa: E402
from busyhour.core.callbacks import CALLBACK_STATES, CALLBACK_TRANSITIONS  # noqa: E402
from busyhour.core.campaign import CAMPAIGN_STATES, CAMPAIGN_TRANSITIONS  # noqa: E402
from busyhour.core.events import EVENT_NAMES  # noqa: E402
from busyhour.core.flow import fields  # noqa: E402
from busyhour.core.flow.events import FLOW_EVENT_NAMES  # noqa: E402
from busyhour.core.flow.fields import FORMS, Field  # noqa: E402
from busyhour.core.flow.states import FLOW_STATES, FLOW_TRANSITIONS  # noqa: E402
from busyhour.core.transfer import TRANSFER_STATES, TRANSFER_TRANSITIONS  # noqa: E402
from busyhour.results.definitions import DEFINITIONS, SECTION_TITLES  # noqa: E402

DOCS: Final = ROOT / "docs"
SCHEMA: Final = DOCS / "_generated" / "scenario.schema.json"

Transitions = Mapping[tuple[int, int], int | tuple[int, ...]]
Arrow = tuple[str, str, str]
"""From a state, on an event, to a state."""


def arrows(states: Sequence[str], transitions: Transitions) -> Iterator[Arrow]:
    for (state, kind), after in transitions.items():
        for target in after if isinstance(after, tuple) else (after,):
            yield states[state], FLOW_EVENT_NAMES.get(kind) or EVENT_NAMES[kind], states[target]


def machine(states: Sequence[str], transitions: Transitions, *beyond: Arrow) -> Iterator[str]:
    """A diagram, where the events between two states stand on one arrow, and a table.

    `beyond`: what happens to the machine without an event.
    """
    found = [*arrows(states, transitions), *beyond]
    between: dict[tuple[str, str], list[str]] = {}
    for state, event, target in found:
        between.setdefault((state, target), []).append(event)
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {states[0]}"
    for (state, target), events in between.items():
        yield f"    {state} --> {target}: {', '.join(events)}"
    for name in states:
        if all(state != name for state, _, _ in found):
            yield f"    {name} --> [*]"
    yield "```"
    yield ""
    yield "| in state | on event | leads to |"
    yield "|---|---|---|"
    leads: dict[tuple[str, str], list[str]] = {}
    for state, event, target in found:
        leads.setdefault((state, event), []).append(target)
    for (state, event), targets in leads.items():
        yield f"| {state} | {event} | {', '.join(targets)} |"


CAMPAIGN_ENDS: Final = (
    ("stopping", "last call ended", "stopped"),
    ("running", "last contact done", "completed"),
)

AGENT_DEADLINES: Final = (
    ("reserved", "reservation void", "idle"),
    ("ringing", "ring timeout", "paused"),
    ("ringing", "CallWithdrawn", "idle"),
)
TRANSFER_DEADLINES: Final = tuple(
    (state, "timeout", "failed") for state in ("asked", "reserved", "ringing_agent", "briefing")
)

FLOW_DEADLINES: Final = (
    ("listening", "silence", "speaking"),
    ("collecting", "silence", "speaking"),
    ("requesting", "no answer in time", "speaking"),
)


def flow_nodes() -> Iterator[str]:
    for kind, form in FORMS.items():
        yield f"### `{kind}`"
        yield ""
        yield "| key | default | |"
        yield "|---|---|---|"
        for field in form.fields:
            yield f"| `{field.name}` | {_default(field)} | {_bounded(field)} |"
        yield ""
        ways = [f"`{edge}`" for edge in (*form.required, *form.outcomes, *form.optional) if edge != "next"]
        if form.own:
            ways.insert(0, "those that its keys name")
        if not form.has_edges():
            yield "Goes on to `next`." if form.has_next() else "Ends the call."
        else:
            yield f"Edges: {', '.join(ways)}{'; `next` stands for those that are missing' if form.has_next() else ''}."
        yield ""


def _default(field: Field) -> str:
    if field.default is None:
        return "required"
    if isinstance(field.default, float):
        return f"{field.default:g}"
    return "" if field.default in ("", {}) else f"`{field.default}`"


def _bounded(field: Field) -> str:
    if field.words:
        return ", ".join(field.words)
    bounds = f", {field.least:g} to {field.most:g}" if field.kind in (fields.SECONDS, fields.COUNT) else ""
    return f"{field.kind}{bounds}"


UNITS: Final = {
    "share": "share of 1",
    "count": "count",
    "number": "number",
    "seconds": "seconds",
    "per_second": "per second",
}


def kpis() -> Iterator[str]:
    for section, definitions in DEFINITIONS.items():
        yield f"## {SECTION_TITLES[section]}: `{section}.<name>.…`"
        yield ""
        yield "| KPI | unit | definition |"
        yield "|---|---|---|"
        for each in definitions:
            yield f"| `{each.name}` | {UNITS[each.unit]} | {each.text} |"
        yield ""


PARTS: Final[dict[str, tuple[str, Callable[[], Iterator[str]]]]] = {
    "call": ("state-machines.md", lambda: machine(CALL_STATES, TRANSITIONS)),
    "agent": ("state-machines.md", lambda: machine(AGENT_STATES, AGENT_TRANSITIONS, *AGENT_DEADLINES)),
    "transfer": (
        "state-machines.md",
        lambda: machine(TRANSFER_STATES, TRANSFER_TRANSITIONS, *TRANSFER_DEADLINES),
    ),
    "callback": ("state-machines.md", lambda: machine(CALLBACK_STATES, CALLBACK_TRANSITIONS)),
    "campaign": ("state-machines.md", lambda: machine(CAMPAIGN_STATES, CAMPAIGN_TRANSITIONS, *CAMPAIGN_ENDS)),
    "flow": ("state-machines.md", lambda: machine(FLOW_STATES, FLOW_TRANSITIONS, *FLOW_DEADLINES)),
    "flow-nodes": ("flows.md", flow_nodes),
    "kpis": ("kpis.md", kpis),
}
"""By the name in the markers: the page, and what makes the part."""


def with_part(text: str, name: str, lines: Iterator[str]) -> str:
    """The page's text with its part `name` made anew. Raises ValueError where the page has no such part."""
    pattern = re.compile(rf"(<!-- from code: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
    body = "\n".join(lines).strip()
    made, count = pattern.subn(lambda match: f"{match[1]}\n{body}\n\n{match[2]}", text)
    if count != 1:
        raise ValueError(f"the page has {count} parts named {name}, not one")
    return made


def pages() -> dict[Path, str]:
    """Every page with a generated part, as it should be."""
    made: dict[Path, str] = {}
    for name, (page, lines) in PARTS.items():
        path = DOCS / page
        text = made.get(path) or path.read_text(encoding="utf-8")
        made[path] = with_part(text, name, lines())
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the parts of docs/ that derive from code.")
    parser.add_argument("--check", action="store_true", help="change nothing; say what is out of date")
    check = parser.parse_args().check
    stale = [path for path, text in pages().items() if path.read_text(encoding="utf-8") != text]
    for path in stale:
        name = path.relative_to(ROOT)
        if check:
            print(f"{name} says something else than the code; run make docs")
        else:
            path.write_text(pages()[path], encoding="utf-8")
            print(f"{name}: written anew")
    if check:
        return 1 if stale else 0
    from cli.schema import schema_text

    SCHEMA.parent.mkdir(exist_ok=True)
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    print(f"{SCHEMA.relative_to(ROOT)}: the JSON Schema of scenario files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
