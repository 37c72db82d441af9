"""An outbound campaign in SimPy: agents and channels are resources, an attempt and a retry a generator each.

The rules are those of `bench/models.py`'s campaign file: lines in flight (dialled, neither answered nor
ended) are kept at `lines_per_agent` for each idle agent, a live answer waits for an agent until its
patience ends, busy and unanswered contacts are tried again. With `--adapt` the ratio follows the
abandonment of the last answers instead, as VICIdial's does: every 15 s a step up below the cap and a step
down above it.
"""

import argparse
import json
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from math import log, sqrt
from random import Random
from typing import Any

import simpy

Process = Generator[Any, Any, None]


@dataclass(frozen=True)
class Plan:
    """Durations in seconds. sd = mean draws an exponential, any other sd a lognormal."""

    agents: int = 50
    channels: int = 240
    lines_per_agent: float = 2.0
    human: float = 0.25
    busy: float = 0.10
    ring_mean: float = 12.0
    ring_sd: float = 6.0
    unanswered: float = 25.0
    """How long an attempt that nobody answers rings; 0: as long as one that is answered."""
    refused: float = 2.0
    talk_mean: float = 120.0
    talk_sd: float = 100.0
    patience: float = 2.0
    attempts: int = 3
    busy_after: float = 600.0
    unanswered_after: float = 3600.0
    cap: float = 0.03


@dataclass
class Seen:
    attempts: int = 0
    answers: int = 0
    abandoned: int = 0
    supplied_s: float = 0.0
    """Until no contact was ready for the first time."""
    busy_s: float = 0.0
    """Agents' time on calls begun until then."""


class Campaign:
    def __init__(self, plan: Plan, contacts: int, seed: int, adapt: bool) -> None:
        self.plan = plan
        self.random = Random(seed)
        self.env = simpy.Environment()
        self.agents = simpy.Resource(self.env, plan.agents)
        self.trunk = simpy.Resource(self.env, plan.channels)
        self.ready: deque[tuple[int, int]] = deque((contact, 1) for contact in range(contacts))
        self.contacts = contacts
        self.done = 0
        self.in_flight = 0
        self.ratio = plan.lines_per_agent
        self.last: deque[bool] = deque(maxlen=500)
        self.seen = Seen()
        if adapt:
            self.env.process(self.adapt())

    def duration(self, mean: float, sd: float) -> float:
        if sd == mean:
            return self.random.expovariate(1.0 / mean)
        variance = log(1.0 + (sd / mean) ** 2)
        return self.random.lognormvariate(log(mean) - variance / 2.0, sqrt(variance))

    def dial(self) -> None:
        idle = self.plan.agents - self.agents.count
        lines = min(int(self.ratio * idle), self.plan.channels)
        while self.ready and self.in_flight < lines:
            self.in_flight += 1
            contact, attempt = self.ready.popleft()
            if not self.ready and not self.seen.supplied_s:
                self.seen.supplied_s = self.env.now
            self.env.process(self.call(contact, attempt))

    def call(self, contact: int, attempt: int) -> Process:
        plan, env, seen = self.plan, self.env, self.seen
        seen.attempts += 1
        with self.trunk.request() as channel:
            yield channel
            chance = self.random.random()
            if chance < plan.human:
                yield env.timeout(self.duration(plan.ring_mean, plan.ring_sd))
                yield from self.answered()
                return
            if chance < plan.human + plan.busy:
                after = plan.busy_after
                yield env.timeout(plan.refused)
            else:
                after = plan.unanswered_after
                yield env.timeout(plan.unanswered or self.duration(plan.ring_mean, plan.ring_sd))
        self.in_flight -= 1
        if attempt < plan.attempts:
            env.process(self.again(contact, attempt + 1, after))
        else:
            self.done += 1
        self.dial()

    def answered(self) -> Process:
        plan, env, seen = self.plan, self.env, self.seen
        self.in_flight -= 1
        seen.answers += 1
        with self.agents.request() as turn:
            if not turn.triggered:
                yield turn | env.timeout(plan.patience)
            abandoned = not turn.triggered
            self.last.append(abandoned)
            if abandoned:
                seen.abandoned += 1
            else:
                talk = self.duration(plan.talk_mean, plan.talk_sd)
                if not seen.supplied_s:
                    seen.busy_s += talk
                yield env.timeout(talk)
        self.done += 1
        self.dial()

    def again(self, contact: int, attempt: int, after: float) -> Process:
        yield self.env.timeout(after)
        self.ready.append((contact, attempt))
        self.dial()

    def adapt(self) -> Process:
        while self.done < self.contacts:
            yield self.env.timeout(15.0)
            over = self.last and sum(self.last) > self.plan.cap * len(self.last)
            self.ratio = max(1.0, self.ratio - 0.1) if over else min(8.0, self.ratio + 0.1)
            self.dial()

    def run(self) -> Seen:
        self.dial()
        self.env.run()
        return self.seen


ROW_11 = Plan(
    channels=10_000, lines_per_agent=1.0, busy=0.0, ring_sd=12.0, unanswered=0.0, talk_sd=120.0, attempts=1
)
"""Progressive dialling whose occupancy is known: 25% answer, every dial mean 12 s, handling mean 120 s."""
ROW_14 = Plan(human=0.28, busy=0.0, lines_per_agent=1.0, attempts=5)
"""Redialling whose reach is known: 28% a try, five tries."""
PLANS = {"campaign": Plan(), "row11": ROW_11, "row14": ROW_14}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=100_000, help="contacts, each called up to three times")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plan", choices=PLANS, default="campaign")
    parser.add_argument("--adapt", action="store_true")
    asked = parser.parse_args()
    plan = PLANS[asked.plan]
    begun = time.perf_counter()
    campaign = Campaign(plan, asked.calls, asked.seed, asked.adapt)
    seen = campaign.run()
    wall_s = time.perf_counter() - begun
    staffed_s = plan.agents * seen.supplied_s
    print(
        json.dumps(
            {
                "calls": seen.attempts,
                "model_s": wall_s,
                "occupancy": seen.busy_s / staffed_s,
                "abandonment_rate": seen.abandoned / seen.answers,
                "reached": seen.answers / asked.calls,
                "attempts_per_contact": seen.attempts / asked.calls,
            }
        )
    )


if __name__ == "__main__":
    main()
