"""The whole table of validation: every exact value beside what the engine simulates, and how pacing does.

    python -m bench.validate [rows|pacing] [--scale 1] [--row 3 8] [--processes N] [--markdown]

`--scale 4` runs four times as many replications and halves the intervals. Exit code 1 where a value lies outside its
99.9% interval, Little's law fails, or pacing misses what is required of it.
"""

import argparse
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from scipy.stats import binomtest

from bench.measure import table
from busyhour.interpreted import runtime
from busyhour.results.estimates import Estimate
from tests.support.pacing_benchmark import (
    ABANDONMENT,
    CAP,
    OCCUPANCY,
    OPTIMUM,
    PROGRESSIVE,
    SETTINGS,
    Setting,
    power,
)
from tests.support.validation_runs import Crew, Figure, crew
from tests.support.validation_scenarios import VALIDATIONS

LEVEL: Final = 0.999
EVENINGS: Final = 30
LINES: Final = [1 + quarter / 4 for quarter in range(29)]
"""Of power dialling, for each idle agent: those tried."""

Rows = list[list[str]]


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * 2 + ["---:"] * (len(header) - 2), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


# The rows --------------------------------------------------------------------------------------------------

FIGURES: Final = ["row", "what", "exact", "simulated", "95% interval", "±", "inside", "replications", "calls"]


def shown(value: float) -> str:
    """To six significant figures."""
    return f"{value:.6g}" if abs(value) < 1e5 else f"{value:,.0f}"


def cells(figure: Figure, calls: int) -> list[str]:
    half = figure.half_width()
    inside = "yes" if figure.inside() else "99.9%" if figure.inside(LEVEL) else "NO"
    name = figure.name.split(".", 1)[-1].split(".", 1)[-1] if figure.name.count(".") == 2 else figure.name
    return [
        str(figure.row),
        f"{figure.validation}: {name}",
        shown(figure.exact),
        shown(figure.simulated),
        f"{shown(figure.simulated - half)} – {shown(figure.simulated + half)}",
        f"{100 * figure.relative_half_width:.2f}%",
        inside,
        str(figure.estimate.n),
        f"{calls / 1e6:.1f}M",
    ]


def validate(hands: Crew, chosen: Sequence[int], scale: float) -> tuple[Rows, bool]:
    rows: Rows = []
    held = queues = replications = 0
    good = True
    for name, validation in VALIDATIONS.items():
        if chosen and validation.row not in chosen:
            continue
        begun = time.perf_counter()
        outcome = hands.run(name, validation, scale)
        calls = sum(result.calls for result in outcome.results)
        rows += [cells(figure, calls) for figure in outcome.figures]
        good = good and all(figure.inside(LEVEL) for figure in outcome.figures)
        for kpi in validation.zero:
            mean = outcome.estimates[kpi].mean
            rows.append(
                [str(validation.row), f"{name}: {kpi.rsplit('.', 1)[1]}", "0", f"{mean:g}", *[""] * 2]
            )
            rows[-1] += ["yes" if mean == 0 else "NO", str(len(outcome.results)), f"{calls / 1e6:.1f}M"]
            good = good and mean == 0
        checks = [check for result in outcome.results for check in result.checks]
        held += sum(check.holds for check in checks if check.section == "queues")
        queues += sum(check.section == "queues" for check in checks)
        replications += len(outcome.results)
        good = good and all(check.holds for check in checks)
        print(f"{name}: {time.perf_counter() - begun:.1f} s", file=sys.stderr, flush=True)
    law = [
        "15",
        "Little's law: queues of a replication in which it is exact",
        str(queues),
        str(held),
        "",
        "",
        "yes" if held == queues else "NO",
        str(replications),
        "",
    ]
    return [*rows, law], good


# Pacing -------------------------------------------------------------------------------------------------------

PACING: Final = [
    "shapes",
    "agents",
    "1:1",
    "lines an idle agent",
    "power",
    "its abandonment",
    "required",
    "predictive",
    "its abandonment",
    "optimum",
    f"{EVENINGS} evenings' abandonment",
    "least – most",
    "over by more than its interval",
]


def spread(estimate: Estimate) -> tuple[float, float]:
    """Mean and half-width of the 95% interval."""
    assert estimate.mean is not None
    assert estimate.ci95 is not None
    return estimate.mean, (estimate.ci95[1] - estimate.ci95[0]) / 2


def percent(estimate: Estimate) -> str:
    mean, half = spread(estimate)
    return f"{100 * mean:.2f}% ± {100 * half:.2f}"


class Pacing:
    def __init__(self, hands: Crew, scale: float) -> None:
        self._hands = hands
        self._scale = scale

    def long_run(self, setting: Setting, replications: int) -> dict[str, Estimate]:
        text = setting.long_run()
        count = max(3, round(self._scale * replications))
        return self._hands.estimates(
            text, [one.result for one in self._hands.replications(text, range(count))]
        )

    def best_power(self, setting_of: Callable[[str], Setting]) -> float:
        """The most lines for each idle agent that keep the cap."""

        def abandoned(lines: float) -> float:
            return spread(self.long_run(setting_of(power(lines)), 3)[ABANDONMENT])[0]

        return LINES[bisect_right(LINES, CAP, key=abandoned) - 1]

    def row(self, setting: Setting) -> tuple[list[str], bool]:
        def paced(pacing: str) -> Setting:
            return Setting(setting.shapes, setting.agents, pacing)

        lines = self.best_power(paced)
        counting = self.long_run(paced(power(lines)), 10)
        found = self.long_run(setting, 10)
        texts = [setting.four_hours(1_000 + seed) for seed in range(EVENINGS)]
        evenings = self._hands.first_replications(texts)
        whole = self._hands.estimates(texts[0], evenings)[ABANDONMENT]
        ratios = [result.kpis["campaigns"]["leads"]["abandonment_rate"] for result in evenings]
        pairs = [(int(ratio[0]), int(ratio[1])) for ratio in ratios if isinstance(ratio, tuple)]
        rates = [abandoned / live for abandoned, live in pairs]
        beyond = sum(binomtest(*pair).proportion_ci().low > CAP for pair in pairs)
        occupancy, abandonment = spread(found[OCCUPANCY]), spread(found[ABANDONMENT])
        good = occupancy[0] > setting.required and abandonment[0] - abandonment[1] <= CAP and beyond == 0
        return [
            setting.shapes,
            str(setting.agents),
            percent(self.long_run(paced(PROGRESSIVE), 10)[OCCUPANCY]),
            f"{lines:g}",
            percent(counting[OCCUPANCY]),
            percent(counting[ABANDONMENT]),
            f"{100 * setting.required:.2f}%",
            percent(found[OCCUPANCY]),
            percent(found[ABANDONMENT]),
            f"{100 * OPTIMUM[setting.agents]:.1f}%" if setting.shapes == "exponential" else "",
            percent(whole),
            f"{100 * min(rates):.2f}% – {100 * max(rates):.2f}%",
            f"{beyond} of {len(pairs)}",
        ], good


def main() -> None:
    parser = argparse.ArgumentParser(description="The table of validation, measured.")
    parser.add_argument("what", nargs="?", choices=["rows", "pacing"], help="default: both")
    parser.add_argument("--scale", type=float, default=1.0, help="times as many replications")
    parser.add_argument("--row", type=int, nargs="+", default=[], help="these rows only")
    parser.add_argument("--processes", type=int, default=None, help="default: as many as processors")
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    printed = markdown if asked.markdown else table
    good = True
    begun = time.perf_counter()
    with crew(asked.processes) as hands:
        if asked.what != "pacing":
            rows, good = validate(hands, asked.row, asked.scale)
            print(printed(FIGURES, rows), flush=True)
        if asked.what != "rows" and not asked.row:
            pacing = Pacing(hands, asked.scale)
            rows = []
            for setting in SETTINGS:
                row, kept = pacing.row(setting)
                rows.append(row)
                good = good and kept
                print(f"{setting}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
            print("\n" + printed(PACING, rows), flush=True)
    print(f"\n{runtime()}, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
