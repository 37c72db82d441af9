"""Calls of every kind, as Hypothesis draws them: consistent in time, and otherwise anything goes."""

from typing import Any

from hypothesis import strategies as st

from busyhour.core import disposition as d
from tests.unit.results.reference import HOUR, SECOND, Call

_STEP = st.integers(0, 300 * SECOND)


@st.composite
def any_call(draw: st.DrawFn, horizon: int = HOUR) -> Call:
    created = draw(st.integers(0, horizon))
    made: dict[str, Any] = {"created_at": created, "attempt": draw(st.integers(0, 3))}
    outbound = draw(st.booleans())
    made["direction"] = d.OUTBOUND if outbound else d.INBOUND
    if outbound:
        made["campaign"] = draw(st.integers(0, 1))
        made["contact_no"] = draw(st.integers(0, 50))
    if outbound or draw(st.booleans()):
        made["trunk"] = 0
    made["disposition"] = draw(st.integers(0, len(d.DISPOSITIONS) - 1))
    made["end_reason"] = draw(st.integers(0, len(d.END_REASONS) - 1))
    made["sip_code"] = draw(st.sampled_from((0, 200, 486, 503)))
    now = created
    if outbound and draw(st.booleans()):
        now = made["dialed_at"] = min(now + draw(_STEP), horizon)
    if draw(st.booleans()):
        now = made["answered_at"] = min(now + draw(_STEP), horizon)
    if draw(st.booleans()):
        made["voice_agent"] = 0
        if draw(st.booleans()):
            now = made["voice_connected_at"] = min(now + draw(_STEP), horizon)
    if draw(st.booleans()):
        made["queue"] = draw(st.integers(0, 1))
        now = made["queued_at"] = min(now + draw(_STEP), horizon)
        if made["end_reason"] != d.END_QUEUE_FULL and draw(st.booleans()):
            now = made["connected_at"] = min(now + draw(_STEP), horizon)
            made["agent_no"] = draw(st.integers(0, 2))
            made["wrap_up_us"] = draw(_STEP)
    if made["end_reason"] == d.END_QUEUE_FULL or made["end_reason"] == d.END_NO_CHANNEL:
        made["ended_at"] = now
    else:
        made["ended_at"] = min(now + draw(_STEP), horizon)
    return made


def calls(horizon: int = HOUR, most: int = 40) -> st.SearchStrategy[list[Call]]:
    return st.lists(any_call(horizon), min_size=1, max_size=most)
