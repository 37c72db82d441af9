"""A dialogue as plain data, and back.

`restored_dialogue` needs the same flow; the dialogue it makes answers every event as the one whose snapshot was taken.
"""

from typing import Final, cast

from busyhour.core.errors import SnapshotError
from busyhour.core.flow.dialogue import Dialogue
from busyhour.core.flow.nodes import Flow
from busyhour.core.flow.states import FLOW_STATES
from busyhour.core.flow.transcript import ROLES, Turn

Plain = dict[str, object]

_MACHINE: Final = "dialogue"


def dialogue_snapshot(dialogue: Dialogue) -> Plain:
    """All but the flow."""
    transcript = dialogue.transcript
    return {
        "call": dialogue.call,
        "state": dialogue.state,
        "node": dialogue.node,
        "steps": dialogue.steps,
        "prompts": dialogue.prompts,
        "digits": dialogue.digits,
        "exchange": dialogue.exchange,
        "deadline_at": dialogue.deadline_at,
        "reason": dialogue.reason,
        "transferred": dialogue.transferred,
        "illegal_events": dialogue.illegal_events,
        "variables": dict(dialogue.variables.values),
        "answered_at": transcript.answered_at,
        "turns": [[turn.role, turn.text, turn.start_at, turn.end_at, turn.node] for turn in transcript.turns],
    }


def restored_dialogue(flow: Flow, snapshot: Plain) -> Dialogue:
    """Raises SnapshotError, also where the snapshot is of another flow."""
    variables = snapshot.get("variables")
    turns = snapshot.get("turns")
    if not isinstance(variables, dict) or not isinstance(turns, list):
        raise SnapshotError(_MACHINE, "it has neither variables nor turns")
    dialogue = Dialogue(
        _int(snapshot, "call"), flow, _int(snapshot, "answered_at"), dict(cast("dict[str, str]", variables))
    )
    dialogue.state = _int(snapshot, "state")
    dialogue.node = _str(snapshot, "node")
    if not 0 <= dialogue.state < len(FLOW_STATES):
        raise SnapshotError(_MACHINE, f"there is no state {dialogue.state}")
    if dialogue.node not in flow.nodes:
        raise SnapshotError(_MACHINE, f"the flow has no node {dialogue.node}")
    dialogue.steps = _int(snapshot, "steps")
    dialogue.prompts = _int(snapshot, "prompts")
    dialogue.digits = _str(snapshot, "digits")
    dialogue.exchange = _int(snapshot, "exchange")
    dialogue.deadline_at = _int(snapshot, "deadline_at")
    dialogue.reason = _str(snapshot, "reason")
    dialogue.transferred = _int(snapshot, "transferred") != 0
    dialogue.illegal_events = _int(snapshot, "illegal_events")
    dialogue.transcript.turns = [_turn(turn) for turn in cast("list[object]", turns)]
    return dialogue


def _turn(plain: object) -> Turn:
    if not isinstance(plain, list) or len(cast("list[object]", plain)) != 5:
        raise SnapshotError(_MACHINE, f"{plain!r} is no turn")
    role, text, start_at, end_at, node = cast("list[object]", plain)
    if not (isinstance(role, int) and isinstance(start_at, int) and isinstance(end_at, int)):
        raise SnapshotError(_MACHINE, f"{plain!r} is no turn")
    if not (isinstance(text, str) and isinstance(node, str) and 0 <= role < len(ROLES)):
        raise SnapshotError(_MACHINE, f"{plain!r} is no turn")
    return Turn(role, text, start_at, end_at, node)


def _int(snapshot: Plain, name: str) -> int:
    value = snapshot.get(name)
    if not isinstance(value, int):
        raise SnapshotError(_MACHINE, f"{name} must be a whole number, not {value!r}")
    return value


def _str(snapshot: Plain, name: str) -> str:
    value = snapshot.get(name)
    if not isinstance(value, str):
        raise SnapshotError(_MACHINE, f"{name} must be text, not {value!r}")
    return value
