"""Whatever is reported, in whatever order: pacers keep their books, their bounds and their memory."""

import json
from math import erfc, sqrt

from hypothesis import given
from hypothesis import strategies as st

from busyhour.core.ids import MILLISECOND, SECOND
from busyhour.core.pacing import (
    AGENTLESS,
    AS_MANY_AS_ALLOWED,
    POWER,
    PREDICTIVE,
    PREVIEW,
    PROGRESSIVE,
    Pacer,
    pacer_for,
)
from busyhour.core.pacing.predictive import normal_tail

Report = tuple[str, int, int]
"""What happened, to whom (or how many), and microseconds since the report before."""

lines = st.integers(0, 12)
agents = st.integers(0, 5)
pauses = st.one_of(
    st.just(0), st.integers(0, 3 * SECOND), st.integers(0, 5 * 60 * SECOND), st.integers(-10 * SECOND, 0)
)
line_reports = st.sampled_from(["dialed", "dialed", "answered", "ended", "connected", "abandoned"])
agent_reports = st.sampled_from(["agent_idle", "agent_idle", "agent_talking", "agent_wrapping", "agent_left"])
reports = st.lists(
    st.one_of(
        st.tuples(line_reports, lines, pauses),
        st.tuples(agent_reports, agents, pauses),
        st.tuples(st.just("waiting_changed"), st.integers(-1, 4), pauses),
        st.tuples(st.just("dials"), st.integers(1, 40), pauses),
    ),
    max_size=120,
)
modes = st.sampled_from([AGENTLESS, PREVIEW, PROGRESSIVE, POWER, PREDICTIVE])
reserves = st.integers(0, 2)

RATIO = 2.5
MOST = 1.5


def new_pacer(mode: int, reserve: int) -> Pacer:
    return pacer_for(mode, lines_per_agent=RATIO, max_lines_per_agent=MOST, reserve_agents=reserve)


class Story:
    """Tells reports to a pacer, and dials what it wants when the report says so."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.now = 1_000 * SECOND
        self.next_line = 100

    def tell(self, report: Report) -> None:
        what, subject, pause = report
        self.now += pause
        if what == "dials":
            for _ in range(min(subject, self.pacer.lines_wanted(self.now))):
                self.next_line += 1
                self.pacer.dialed(self.next_line, self.now)
        else:
            getattr(self.pacer, what)(subject, self.now)

    def wanted(self) -> int:
        return self.pacer.lines_wanted(self.now)


def answers_of(pacer: Pacer, told: list[Report]) -> list[tuple[int, int]]:
    story = Story(pacer)
    answers: list[tuple[int, int]] = []
    for report in told:
        story.tell(report)
        answers.append((story.wanted(), pacer.review_at()))
    return answers


@given(modes, reserves, reports)
def test_bounds_hold_after_every_report(mode: int, reserve: int, told: list[Report]) -> None:
    pacer = new_pacer(mode, reserve)
    story = Story(pacer)
    for report in told:
        story.tell(report)
        wanted = story.wanted()
        assert wanted >= 0
        free = pacer.available(story.now)
        in_flight = len(pacer.in_flight)
        if mode == AGENTLESS:
            assert wanted == AS_MANY_AS_ALLOWED
        elif mode == PREVIEW:
            assert wanted <= max(0, free - in_flight)
        elif mode in (PROGRESSIVE, POWER):
            ratio = RATIO if mode == POWER else 1.0
            assert wanted == max(0, int(ratio * max(0, free)) - in_flight)
        elif wanted > 0:
            assert wanted + in_flight <= MOST * len(pacer.agent_state)


@given(modes, reports)
def test_books_agree_with_a_reference(mode: int, told: list[Report]) -> None:
    pacer = new_pacer(mode, 0)
    story = Story(pacer)
    flying: set[int] = set()
    waiting: set[int] = set()
    busy: dict[int, str] = {}
    for report in told:
        before = story.next_line
        story.tell(report)
        what, subject, _ = report
        flying |= set(range(before + 1, story.next_line + 1))
        if what == "dialed" and subject not in waiting:
            flying.add(subject)
        elif what == "answered" and subject in flying:
            flying.remove(subject)
            waiting.add(subject)
        elif what in ("ended", "connected", "abandoned"):
            flying.discard(subject)
            waiting.discard(subject)
        elif what == "agent_left":
            busy.pop(subject, None)
        elif what.startswith("agent_"):
            busy[subject] = what
        assert set(pacer.in_flight) == flying
        assert set(pacer.waiting) == waiting
        assert set(pacer.agent_state) == set(busy)
        assert pacer.idle == sum(state == "agent_idle" for state in busy.values())


@given(modes, reserves, reports)
def test_the_same_reports_give_the_same_answers(mode: int, reserve: int, told: list[Report]) -> None:
    assert answers_of(new_pacer(mode, reserve), told) == answers_of(new_pacer(mode, reserve), told)


@given(modes, reserves, reports, reports)
def test_a_restored_pacer_answers_as_the_original(
    mode: int, reserve: int, before: list[Report], after: list[Report]
) -> None:
    original = new_pacer(mode, reserve)
    answers_of(original, before)
    restored = new_pacer(mode, reserve)
    restored.restore(json.loads(json.dumps(original.snapshot())))
    assert restored.snapshot() == original.snapshot()
    assert answers_of(restored, after) == answers_of(original, after)


@given(modes, reports, lines, st.sampled_from(["answered", "ended", "connected", "abandoned"]))
def test_a_report_of_an_unknown_line_changes_nothing(
    mode: int, told: list[Report], line: int, what: str
) -> None:
    pacer = new_pacer(mode, 0)
    story = Story(pacer)
    for report in told:
        story.tell(report)
    known = pacer.snapshot()
    getattr(pacer, what)(line + 1_000_000, story.now + SECOND)
    assert pacer.snapshot() == known


@given(
    modes, reports, st.sampled_from(["dialed", "answered", "agent_idle", "agent_talking", "agent_wrapping"])
)
def test_a_report_that_comes_twice_changes_nothing(mode: int, told: list[Report], what: str) -> None:
    pacer = new_pacer(mode, 0)
    story = Story(pacer)
    for report in told:
        story.tell(report)
    if what == "answered":
        pacer.dialed(7, story.now)
    getattr(pacer, what)(7, story.now)
    known = pacer.snapshot()
    getattr(pacer, what)(7, story.now + 20 * MILLISECOND)
    assert pacer.snapshot() == known


@given(modes, reserves, reports)
def test_asking_twice_gives_the_same_answer(mode: int, reserve: int, told: list[Report]) -> None:
    story = Story(new_pacer(mode, reserve))
    for report in told:
        story.tell(report)
        assert story.wanted() == story.wanted()


@given(st.sampled_from([PREVIEW, PREDICTIVE]), reports)
def test_a_review_lies_ahead(mode: int, told: list[Report]) -> None:
    pacer = new_pacer(mode, 0)
    story = Story(pacer)
    for report in told:
        story.tell(report)
        story.wanted()
        assert pacer.review_at() == -1 or pacer.review_at() > story.now


@given(st.floats(-40, 40))
def test_normal_tail_is_the_normal_distributions(x: float) -> None:
    assert abs(normal_tail(x) - erfc(x / sqrt(2)) / 2) < 1.2e-5
