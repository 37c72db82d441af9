"""The Markovian benchmark solved exactly: the best constant ratios, and the optimum of the decision process.

    python -m bench.pacing.optimum [--agents 10 20 50] [--cap 0.03]

The state is (busy agents b, lines in flight l). A line ends at rate 1/ring and is answered with probability p;
an answer that finds all N agents busy is lost; a busy agent finishes at rate 1/handling. Dialling is
instantaneous and costs nothing, lines are never cancelled, so a policy is a level to dial up to after each event.

- Ratios: the stationary distribution of the chain under the policy, by a sparse solve.
- Optimum: maximise the connect rate minus a price on each lost answer by policy iteration (Puterman, Markov
  Decision Processes, 1994, chapter 8), the price found by bisection; at the critical price two neighbouring
  policies are mixed in time so that the cap is met exactly (Altman, Constrained Markov Decision Processes,
  1999, chapter 4: one constraint needs one randomisation).
- The pacer's own rule, with the true parameters and its risk tuned to the cap: what is lost by its form alone.
"""

import argparse
from collections.abc import Callable
from math import sqrt

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import spsolve

from busyhour.core.pacing.line_table import GRID
from busyhour.core.pacing.predictive import LEAST_VARIANCE, normal_tail

RING_S = 12.0
HANDLING_S = 120.0
ANSWERED = 0.25


class Chain:
    """The benchmark with N agents, truncated at `most` lines in flight."""

    def __init__(self, agents: int) -> None:
        self.agents = agents
        self.most = 6 * agents + 40
        shape = (agents + 1, self.most + 1)
        self.busy, self.lines = (grid.ravel() for grid in np.indices(shape))
        self.states = self.busy.size
        self.answers = self.lines * ANSWERED / RING_S
        self.finishing = self.busy / HANDLING_S
        self.unanswered = self.lines * (1 - ANSWERED) / RING_S
        self.full = self.busy == agents

    def levels(self, wanted: Callable[[int], int]) -> np.ndarray:
        """Lines after dialling, by state before: `wanted(idle)` in flight, never fewer than there are."""
        by_idle = np.array([wanted(idle) for idle in range(self.agents + 1)])
        return np.minimum(np.maximum(self.lines, by_idle[self.agents - self.busy]), self.most)

    def rates(self, levels: np.ndarray) -> sparse.csr_matrix:
        """Rates between states after dialling."""
        step = self.most + 1
        here = np.arange(self.states)
        some_busy = self.busy > 0
        in_flight = self.lines > 0
        taken = in_flight & ~self.full
        lost = in_flight & self.full
        moves = [
            (some_busy, here - step, self.finishing),
            (in_flight, here - 1, self.unanswered),
            (taken, here + step - 1, self.answers),
            (lost, here - 1, self.answers),
        ]
        sources, targets, rates = [], [], []
        for where, to, rate in moves:
            before = to[where]
            sources.append(here[where])
            targets.append(before // step * step + levels[before])
            rates.append(rate[where])
        # Nothing happens with no call and no line: give that state a way out, it is never entered.
        sources.append(np.array([0]))
        targets.append(np.array([1]))
        rates.append(np.array([1.0]))
        entries = (np.concatenate(rates), (np.concatenate(sources), np.concatenate(targets)))
        return sparse.csr_matrix(entries, shape=(self.states, self.states))

    def connects_and_losses(self, levels: np.ndarray) -> tuple[float, float]:
        """Stationary rates per second of answers connected and answers lost."""
        rates = self.rates(levels)
        reached = np.sort(breadth_first_order(rates, levels[0], return_predecessors=False))
        rates = rates[reached][:, reached]
        leaving = sparse.diags(np.asarray(rates.sum(axis=1)).ravel())
        balance = sparse.vstack([np.ones((1, reached.size)), (rates.T - leaving).tocsr()[1:]])
        right = np.zeros(reached.size)
        right[0] = 1.0
        share = spsolve(balance.tocsc(), right)
        answers = share * self.answers[reached]
        full = self.full[reached]
        return float(answers[~full].sum()), float(answers[full].sum())

    def best_levels(self, price: float) -> np.ndarray:
        """The policy that maximises connects - price * losses, by policy iteration on the uniformised chain."""
        levels = self.levels(lambda idle: idle)
        reward = self.answers * np.where(self.full, -price, 1.0)
        fastest = self.agents / HANDLING_S + self.most / RING_S + 1.0
        grid = (self.agents + 1, self.most + 1)
        reference = self.states - self.most - 1  # all busy, no line in flight
        while True:
            rates = self.rates(levels)
            generator = (sparse.diags(np.asarray(rates.sum(axis=1)).ravel()) - rates).tocsc() / fastest
            # The reference's relative value is 0, so its column carries the gain instead.
            system = generator.tolil()
            system[:, reference] = 1.0
            value = spsolve(system.tocsc(), reward / fastest)
            value[reference] = 0.0
            value = value.reshape(grid)
            value[0, 0] = -np.inf
            # From the right: the best level at or above each l, the lowest of equals.
            best = np.empty(grid, dtype=int)
            best[:, -1] = self.most
            for lines in range(self.most - 1, -1, -1):
                above = best[:, lines + 1]
                better = value[:, lines] >= value[np.arange(grid[0]), above] - 1e-12
                best[:, lines] = np.where(better, lines, above)
            old = levels.reshape(grid)
            rows = np.arange(grid[0])[:, None]
            improved = np.where(value[rows, best] > value[rows, old] + 1e-10, best, old).ravel()
            if (improved == levels).all():
                return levels
            levels = improved

    def occupancy(self, connects: float) -> float:
        return connects * HANDLING_S / self.agents


Point = tuple[float, float, float]
"""Control, connects per second, losses per second."""


def mixed(below: Point, above: Point, cap: float) -> tuple[float, float]:
    """Connect rate and control when two policies share the time so that losses are `cap` of the answers."""
    excess_below = below[2] - cap * (below[1] + below[2])
    excess_above = above[2] - cap * (above[1] + above[2])
    weight = -excess_below / (excess_above - excess_below)
    return below[1] + weight * (above[1] - below[1]), below[0] + weight * (above[0] - below[0])


def crossing(points: list[Point], cap: float) -> tuple[float, float]:
    """The mixture of the two points nearest the cap from either side."""

    def lost(point: Point) -> float:
        return point[2] / (point[1] + point[2])

    return mixed(
        max((p for p in points if lost(p) <= cap), key=lost),
        min((p for p in points if lost(p) > cap), key=lost),
        cap,
    )


def best_of(
    chain: Chain, policy: Callable[[float], np.ndarray], low: float, high: float, cap: float
) -> tuple[float, float]:
    """Occupancy and control at the cap, over a family of policies whose losses rise with its control."""
    points: list[Point] = []
    for _ in range(16):
        control = (low + high) / 2
        connects, losses = chain.connects_and_losses(policy(control))
        points.append((control, connects, losses))
        if losses > cap * (connects + losses):
            high = control
        else:
            low = control
    connects, control = crossing(points, cap)
    return chain.occupancy(connects), control


def rule_levels(chain: Chain, risk: float) -> np.ndarray:
    """The pacer's rule for exponential shapes: dial while P(the answer finds no agent) <= risk."""
    quantiles = (np.arange(GRID) + 0.5) / GRID
    after_s = -RING_S * np.log(1 - quantiles)

    def wanted(idle: int) -> int:
        freed = 1 - np.exp(-after_s / HANDLING_S)
        busy = chain.agents - idle
        lines = idle
        while lines < chain.most:
            p = ANSWERED * quantiles
            mean = idle + busy * freed - lines * p
            variance = np.maximum(busy * freed * (1 - freed) + lines * p * (1 - p), LEAST_VARIANCE)
            chance = sum(normal_tail((m - 0.5) / sqrt(v)) for m, v in zip(mean, variance, strict=True)) / GRID
            if chance > risk:
                break
            lines += 1
        return lines

    return chain.levels(wanted)


def solve(agents: int, cap: float) -> None:
    chain = Chain(agents)
    staffed, level = best_of(
        chain, lambda r: np.maximum(chain.lines, int(r * agents + 1e-9) - chain.busy), 1.0, 2.0, cap
    )
    idle, ratio = best_of(chain, lambda r: chain.levels(lambda i: int(r * i + 1e-9)), 1.0, 10.0, cap)
    optimum, price = best_of(chain, lambda x: chain.best_levels(20.0 * (1 - x)), 0.5, 1.0, cap)
    rule, risk = best_of(chain, lambda x: rule_levels(chain, x), 0.0, 0.2, cap)
    levels = chain.best_levels(20.0 * (1 - price)).reshape(agents + 1, -1)
    print(
        f"{agents:4d} agents: dial level {level:.3f} of the staffed {staffed:.4f}, "
        f"{ratio:.2f} lines an idle agent {idle:.4f}, our rule (risk {risk:.4f}) {rule:.4f}, optimum {optimum:.4f}"
    )
    print(f"             optimal lines for 0, 1, 2 … idle: {[int(levels[agents - i, 0]) for i in range(8)]}")


def main() -> None:
    parser = argparse.ArgumentParser(description="The Markovian pacing benchmark, solved exactly.")
    parser.add_argument("--agents", type=int, nargs="+", default=[10, 20, 50])
    parser.add_argument("--cap", type=float, default=0.03)
    arguments = parser.parse_args()
    for agents in arguments.agents:
        solve(agents, arguments.cap)


if __name__ == "__main__":
    main()
