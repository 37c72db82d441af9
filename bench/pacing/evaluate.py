"""Predictive pacing measured against its goals. Exit code 1 when one is missed.

python -m bench.pacing.evaluate benchmark   occupancy at the cap, both shapes, long runs
python -m bench.pacing.evaluate cap         30 seeds of four hours from a cold start, both shapes
python -m bench.pacing.evaluate days        four-hour days with shifts, storms, jumps, inbound, limits
python -m bench.pacing.evaluate ratios      the best constant ratios of both kinds, with hindsight
… [--agents 10 20] [--seeds N] [--live N] [--cap 0.03]
"""

import argparse
import sys
from collections.abc import Callable
from math import sqrt
from time import process_time

from bench.pacing.campaign import Campaign, Setting, Tally, exponential_shapes, real_shapes
from bench.pacing.days import DAY_S, DAYS, lines_allowed
from busyhour.core.pacing import POWER, PREDICTIVE, PROGRESSIVE, Pacer, pacer_for

SHAPES: dict[str, Callable[[int], Setting]] = {"exponential": exponential_shapes, "real": real_shapes}

DIAL_LEVEL = {10: 0.773, 20: 0.825, 50: 0.889, 100: 0.925}
"""The best constant ratio of lines and busy agents to staffed agents, exponential shapes: what half the way to
the optimum is counted from."""
OPTIMUM = {10: 0.839, 20: 0.886, 50: 0.934, 100: 0.958}
"""Of the decision process, exponential shapes (optimum.py)."""
COUNTING = {10: 0.783, 20: 0.855, 50: 0.910, 100: 0.934}
"""The best ratio that counts, real shapes."""

WARM_UP_S = 1800.0


class Share:
    """A ratio of sums over independent spans, with the half-width of its 95% interval (delta method)."""

    def __init__(self, parts: list[tuple[float, float]]) -> None:
        above = sum(part[0] for part in parts)
        below = sum(part[1] for part in parts)
        self.value = above / below if below else 0.0
        squares = sum((a - self.value * b) ** 2 for a, b in parts)
        count = len(parts)
        self.half_width = 1.96 * sqrt(squares * count / (count - 1)) / below if below and count > 1 else 0.0

    def __str__(self) -> str:
        return f"{self.value:.4f} ± {self.half_width:.4f}"


def occupancy_of(spans: list[Tally]) -> Share:
    return Share([(span.busy_s, span.staffed_s) for span in spans])


def abandonment_of(spans: list[Tally]) -> Share:
    return Share([(span.abandoned, span.live) for span in spans])


def goal_of(shape: str, agents: int) -> float:
    if shape == "exponential":
        return (DIAL_LEVEL[agents] + OPTIMUM[agents]) / 2
    return COUNTING[agents]


def run(setting: Setting, pacer: Pacer, seed: int, span_s: float, duration_s: float) -> Campaign:
    campaign = Campaign(setting, pacer, seed, span_s)
    campaign.run(duration_s)
    return campaign


def benchmark(agents: list[int], seeds: int, live: int, cap: float) -> bool:
    """Long runs, the warm-up left out: occupancy when the cap is spent."""
    print("| shapes | agents | goal | occupancy | abandoned | best dial level | optimum | µs a dial |")
    print("|---|---|---|---|---|---|---|---|")
    met = True
    for shape, setting_of in SHAPES.items():
        for count in agents:
            spans: list[Tally] = []
            dials = 0
            began = process_time()
            for seed in range(seeds):
                duration = WARM_UP_S + live * 120.0 / count / seeds
                pacer = pacer_for(PREDICTIVE, abandonment_cap=cap)
                campaign = run(setting_of(count), pacer, seed, WARM_UP_S, duration)
                spans += campaign.spans[1:]
                dials += sum(span.dials for span in campaign.spans)
            micros = (process_time() - began) / dials * 1e6
            occupancy = occupancy_of(spans)
            abandonment = abandonment_of(spans)
            goal = goal_of(shape, count)
            level = f"{DIAL_LEVEL[count]:.3f}" if shape == "exponential" else ""
            optimum = f"{OPTIMUM[count]:.3f}" if shape == "exponential" else ""
            cells = [shape, count, f"{goal:.4f}", occupancy, abandonment, level, optimum, f"{micros:.1f}"]
            print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
            met = met and occupancy.value >= goal
            met = met and abandonment.value - abandonment.half_width <= cap
    return met


def interval_of(live: int, cap: float) -> float:
    """Half-width of the 95% interval of one run's abandonment at the cap, were its answers independent."""
    return 1.96 * sqrt(cap * (1 - cap) / live) if live else 1.0


def cap_held(name: str, setting_of: Callable[[], Setting], seeds: int, cap: float, lines: float) -> bool:
    """Runs of four hours from a cold start: none may end over the cap by more than its interval."""
    spans: list[Tally] = []
    highest = 0.0
    over = 0
    beyond = 0
    for seed in range(seeds):
        pacer = pacer_for(PREDICTIVE, abandonment_cap=cap, max_lines_per_agent=lines)
        campaign = run(setting_of(), pacer, 1000 + seed, DAY_S, DAY_S)
        whole = campaign.spans[0]
        spans.append(whole)
        highest = max(highest, whole.abandonment())
        over += whole.abandonment() > cap
        beyond += whole.abandonment() > cap + interval_of(whole.live, cap)
    progressive = run(setting_of(), pacer_for(PROGRESSIVE), 1000, DAY_S, DAY_S).spans[0].occupancy()
    live = sum(span.live for span in spans) // seeds
    print(
        f"| {name} | {live} | {occupancy_of(spans)} | {progressive:.3f} | {abandonment_of(spans)} | {highest:.4f} "
        f"| {over} | {beyond} |",
        flush=True,
    )
    return beyond == 0


def header() -> None:
    print(
        "| day | live answers | occupancy | 1:1 | abandoned | highest | over the cap | beyond its interval |"
    )
    print("|---|---|---|---|---|---|---|---|")


def cap(agents: list[int], seeds: int, limit: float) -> bool:
    header()
    met = True
    for shape, setting_of in SHAPES.items():
        for count in agents:

            def setting(of: Callable[[int], Setting] = setting_of, agents: int = count) -> Setting:
                return of(agents)

            met = cap_held(f"{shape}, {count} agents", setting, seeds, limit, 3.0) and met
    return met


def days(seeds: int, limit: float) -> bool:
    header()
    met = True
    for day in DAYS:
        met = cap_held(day.__name__, day, seeds, limit, lines_allowed(day)) and met
    return met


def ratios(agents: list[int], live: int, limit: float) -> bool:
    """The best constants, each found by simulating a grid and interpolating where abandonment meets the cap."""
    print("| shapes | agents | dial level of the staffed | occupancy | lines an idle agent | occupancy |")
    print("|---|---|---|---|---|---|")
    for shape, setting_of in SHAPES.items():
        for count in agents:
            cells: list[str] = []
            for staffed in (True, False):
                before: tuple[float, float, float] | None = None
                step = (1 / count if count < 50 else 0.02) if staffed else 0.5
                control = 1.0
                while True:
                    setting = setting_of(count)
                    if staffed:
                        setting.dial_level = control
                    pacer = pacer_for(POWER, lines_per_agent=control)
                    spans = run(setting, pacer, 7, WARM_UP_S, WARM_UP_S + live * 120.0 / count).spans[1:]
                    here = (control, occupancy_of(spans).value, abandonment_of(spans).value)
                    if here[2] > limit and before is not None:
                        weight = (limit - before[2]) / (here[2] - before[2])
                        cells.append(f"{before[0] + weight * (here[0] - before[0]):.3f}")
                        cells.append(f"{before[1] + weight * (here[1] - before[1]):.4f}")
                        break
                    before = here
                    control += step
            print(f"| {shape} | {count} | " + " | ".join(cells) + " |", flush=True)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description="Predictive pacing measured against its goals.")
    parser.add_argument("what", choices=["benchmark", "cap", "days", "ratios"])
    parser.add_argument("--agents", type=int, nargs="+", default=[10, 20, 50, 100])
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--live", type=int, default=60_000, help="live answers of each long run")
    parser.add_argument("--cap", type=float, default=0.03)
    arguments = parser.parse_args()
    if arguments.what == "benchmark":
        met = benchmark(arguments.agents, arguments.seeds or 4, arguments.live, arguments.cap)
    elif arguments.what == "cap":
        met = cap(arguments.agents, arguments.seeds or 30, arguments.cap)
    elif arguments.what == "days":
        met = days(arguments.seeds or 30, arguments.cap)
    else:
        met = ratios(arguments.agents, arguments.live // 3, arguments.cap)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
