"""A campaign small enough to read in one sitting, to measure pacers with.

Not the product's engine: one heap, one queue, `random.Random`, and nothing else than what pacing can feel:
ring times, machines and their detection, patience, wrap-up, shifts, inbound callers, limits. It drives a
`Pacer` through the same interface as the campaign machine does. Interpreted or compiled by mypyc, the same
seed gives the same figures.
"""

from heapq import heappop, heappush
from math import log, sqrt
from random import Random
from typing import Final, final

from busyhour.core.ids import ABSENT, SECOND
from busyhour.core.pacing.base import Pacer

LINE_OVER: Final = 0
PATIENCE_OVER: Final = 1
TALK_OVER: Final = 2
WRAP_OVER: Final = 3
REVIEW: Final = 4
SHIFT: Final = 5
INBOUND: Final = 6
RATE: Final = 7
TOKEN: Final = 8
REFUSALS: Final = 9

EXPONENTIAL: Final = -1.0
"""A coefficient of variation that asks for the exponential shape."""


@final
class Setting:
    """What is simulated. Times in seconds, shares 0..1, rates per second."""

    def __init__(self, agents: int) -> None:
        self.agents: int = agents
        self.shifts: list[tuple[float, int]] = []  # (at, agents staffed from then on)
        self.answer: float = 0.25  # share of dials a human answers
        self.answer_by_time: list[tuple[float, float]] = []  # (at, share from then on)
        self.machine: float = 0.0  # share of dials a machine answers
        self.machine_as_human: float = 0.0
        self.human_as_machine: float = 0.0
        self.amd: float = 0.0  # seconds to tell them apart
        self.refused: float = 0.0  # share of dials that are refused (busy, invalid, the carrier's fault)
        self.refused_after: float = 1.0
        self.refused_by_time: list[tuple[float, float]] = []  # (at, share from then on)
        self.ring: float = 12.0
        self.ring_cv: float = EXPONENTIAL
        self.no_answer: float = EXPONENTIAL  # seconds until given up; EXPONENTIAL: as long as an answer rings
        self.handle: float = 120.0
        self.handle_cv: float = EXPONENTIAL
        self.wrap: float = 0.0  # mean, exponential; 0 = none
        self.patience: float = 0.0
        self.inbound: float = 0.0  # callers per second, sharing the agents, infinitely patient, served first
        self.max_concurrency: int = 1_000_000
        self.calls_per_second: float = 0.0  # 0 = unlimited
        self.dial_level: float = 0.0
        """Above 0, no pacer is asked: busy agents and lines in flight together are kept at so many times the
        staffed agents, as VICIdial's fixed dial level does."""


def exponential_shapes(agents: int) -> Setting:
    """The benchmark's first setting: Markovian, an answer that finds no idle agent is lost at once."""
    return Setting(agents)


def real_shapes(agents: int) -> Setting:
    """The benchmark's second setting: what telephones and people do."""
    setting = Setting(agents)
    setting.ring_cv = 0.5
    setting.no_answer = 25.0
    setting.handle_cv = 1.0
    setting.patience = 2.0
    return setting


@final
class Tally:
    """Counts of one span of a run."""

    def __init__(self) -> None:
        self.dials: int = 0
        self.live: int = 0
        self.abandoned: int = 0
        self.busy_s: float = 0.0
        self.staffed_s: float = 0.0
        self.inbound: int = 0
        self.inbound_wait_s: float = 0.0

    def occupancy(self) -> float:
        return self.busy_s / self.staffed_s if self.staffed_s > 0 else 0.0

    def abandonment(self) -> float:
        return self.abandoned / self.live if self.live > 0 else 0.0


@final
class Campaign:
    """One run of one setting under one pacer. `spans[k]` tallies the k-th span of `span_s` seconds."""

    def __init__(self, setting: Setting, pacer: Pacer, seed: int, span_s: float) -> None:
        self.setting: Setting = setting
        self.pacer: Pacer = pacer
        self.random: Random = Random(seed)
        self.heap: list[tuple[int, int, int, int]] = []
        self.sequence: int = 0
        self.now: int = 0
        self.span: int = int(span_s * SECOND)
        self.spans: list[Tally] = [Tally()]
        self.tally: Tally = self.spans[0]
        self.span_ends: int = self.span
        self.lines: int = 0
        self.line_live: dict[int, bool] = {}
        self.waiting: dict[int, int] = {}
        self.callers: list[int] = []  # inbound callers' arrivals, oldest first
        self.idle: dict[int, int] = {}  # in the order they became idle
        self.staffed: int = 0
        self.busy: int = 0
        self.next_agent: int = 0
        self.leaving: int = 0
        self.review_due: int = ABSENT
        self.answer: float = setting.answer
        self.refused: float = setting.refused
        self.token_at: int = 0
        self.token_due: bool = False
        self.event_count: int = 0

    def run(self, duration_s: float) -> None:
        setting = self.setting
        for begins, agents in setting.shifts:
            self.schedule(int(begins * SECOND), SHIFT, agents)
        for k in range(len(setting.answer_by_time)):
            self.schedule(int(setting.answer_by_time[k][0] * SECOND), RATE, k)
        for k in range(len(setting.refused_by_time)):
            self.schedule(int(setting.refused_by_time[k][0] * SECOND), REFUSALS, k)
        if setting.inbound > 0:
            self.schedule(int(self.random.expovariate(setting.inbound) * SECOND), INBOUND, 0)
        self.staff(setting.agents)
        self.settle()
        self.resume(duration_s)

    def resume(self, duration_s: float) -> None:
        """Run on until `duration_s` after the start."""
        setting = self.setting
        end = int(duration_s * SECOND)
        heap = self.heap
        while heap and heap[0][0] <= end:
            at, _, kind, subject = heappop(heap)
            self.advance(at)
            self.event_count += 1
            if kind == LINE_OVER:
                self.line_over(subject)
            elif kind == TALK_OVER:
                self.talk_over(subject)
            elif kind == WRAP_OVER:
                self.agent_free(subject)
            elif kind == PATIENCE_OVER:
                if subject not in self.waiting:
                    continue
                del self.waiting[subject]
                self.tally.abandoned += 1
                self.pacer.abandoned(subject, at)
                self.pacer.waiting_changed(len(self.waiting) + len(self.callers), at)
            elif kind == REVIEW:
                if at != self.review_due:
                    continue
                self.review_due = ABSENT
            elif kind == SHIFT:
                self.staff(subject)
            elif kind == INBOUND:
                self.schedule(at + int(self.random.expovariate(setting.inbound) * SECOND), INBOUND, 0)
                self.callers.append(at)
                self.tally.inbound += 1
                self.match()
            elif kind == RATE:
                self.answer = setting.answer_by_time[subject][1]
            elif kind == REFUSALS:
                self.refused = setting.refused_by_time[subject][1]
            else:
                self.token_due = False
            self.settle()
        self.advance(end)

    def schedule(self, at: int, kind: int, subject: int) -> None:
        self.sequence += 1
        heappush(self.heap, (at, self.sequence, kind, subject))

    def advance(self, at: int) -> None:
        while at > self.span_ends:
            self.accrue(self.span_ends)
            self.tally = Tally()
            self.spans.append(self.tally)
            self.span_ends += self.span
        self.accrue(at)

    def accrue(self, at: int) -> None:
        passed = (at - self.now) / SECOND
        self.tally.busy_s += passed * self.busy
        self.tally.staffed_s += passed * self.staffed
        self.now = at

    # Lines ----------------------------------------------------------------------------------------

    def settle(self) -> None:
        pacer = self.pacer
        setting = self.setting
        now = self.now
        while True:
            wanted = self.level_wants() if setting.dial_level > 0.0 else pacer.lines_wanted(now)
            if wanted <= 0:
                break
            room = setting.max_concurrency - len(self.line_live) - len(self.waiting) - self.busy
            held_back = wanted > room
            dials = room if held_back else wanted
            if setting.calls_per_second > 0.0 and dials > 0:
                if self.token_at > now:
                    if not self.token_due:
                        self.token_due = True
                        self.schedule(self.token_at, TOKEN, 0)
                    break
                dials = 1
                self.token_at = now + int(SECOND / setting.calls_per_second)
            for _ in range(dials):
                self.dial()
            if held_back:
                break
        review = pacer.review_at()
        if review != ABSENT and (self.review_due == ABSENT or review < self.review_due):
            self.review_due = review if review > now else now
            self.schedule(self.review_due, REVIEW, 0)

    def level_wants(self) -> int:
        level = int(self.setting.dial_level * self.staffed + 1e-9)
        return level - self.busy - len(self.line_live) - len(self.waiting)

    def dial(self) -> None:
        setting = self.setting
        random = self.random
        self.lines += 1
        self.tally.dials += 1
        line = self.lines
        fate = random.random()
        live = False
        ring = self.drawn(setting.ring, setting.ring_cv)
        if random.random() < self.refused:
            ring = setting.refused_after
        elif fate < self.answer:
            live = random.random() >= setting.human_as_machine
            ring += setting.amd
        elif fate < self.answer + setting.machine:
            live = random.random() < setting.machine_as_human
            ring += setting.amd
        elif setting.no_answer >= 0:
            ring = setting.no_answer
        if live and setting.no_answer >= 0 and ring > setting.no_answer + setting.amd:
            live = False
            ring = setting.no_answer
        self.line_live[line] = live
        self.pacer.dialed(line, self.now)
        self.schedule(self.now + int(ring * SECOND), LINE_OVER, line)

    def line_over(self, line: int) -> None:
        now = self.now
        if not self.line_live.pop(line):
            self.pacer.ended(line, now)
            return
        self.tally.live += 1
        self.pacer.answered(line, now)
        self.waiting[line] = now
        self.match()
        if line in self.waiting:
            self.schedule(now + int(self.setting.patience * SECOND), PATIENCE_OVER, line)

    # Agents -----------------------------------------------------------------------------------------

    def match(self) -> None:
        now = self.now
        while self.idle and (self.callers or self.waiting):
            agent = next(iter(self.idle))
            del self.idle[agent]
            if self.callers:
                self.tally.inbound_wait_s += (now - self.callers.pop(0)) / SECOND
            else:
                line = next(iter(self.waiting))
                del self.waiting[line]
                self.pacer.connected(line, now)
            self.busy += 1
            self.pacer.agent_talking(agent, now)
            handle = self.drawn(self.setting.handle, self.setting.handle_cv)
            self.schedule(now + int(handle * SECOND), TALK_OVER, agent)
        self.pacer.waiting_changed(len(self.waiting) + len(self.callers), now)

    def talk_over(self, agent: int) -> None:
        if self.setting.wrap > 0:
            self.pacer.agent_wrapping(agent, self.now)
            wrap = self.drawn(self.setting.wrap, EXPONENTIAL)
            self.schedule(self.now + int(wrap * SECOND), WRAP_OVER, agent)
        else:
            self.agent_free(agent)

    def agent_free(self, agent: int) -> None:
        self.busy -= 1
        if self.leaving > 0:
            self.leaving -= 1
            self.staffed -= 1
            self.pacer.agent_left(agent, self.now)
            return
        self.idle[agent] = self.now
        self.pacer.agent_idle(agent, self.now)
        self.match()

    def staff(self, agents: int) -> None:
        while self.staffed - self.leaving < agents:
            if self.leaving > 0:
                self.leaving -= 1
                continue
            self.next_agent += 1
            self.staffed += 1
            self.idle[self.next_agent] = self.now
            self.pacer.agent_idle(self.next_agent, self.now)
        while self.staffed - self.leaving > agents:
            if self.idle:
                agent = next(iter(self.idle))
                del self.idle[agent]
                self.staffed -= 1
                self.pacer.agent_left(agent, self.now)
            else:
                self.leaving += 1
        self.match()

    def drawn(self, mean: float, cv: float) -> float:
        if cv == EXPONENTIAL:
            return self.random.expovariate(1.0 / mean)
        variance = log(1.0 + cv * cv)
        return self.random.lognormvariate(log(mean) - variance / 2.0, sqrt(variance))
