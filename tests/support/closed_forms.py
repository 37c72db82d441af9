"""Exact answers to the models the simulator must reproduce, found another way than the library's own
formulas.

Each oracle is named in the scenario that expresses it (`tests/support/validation_scenarios.py`). Rates and
times are in whatever unit of time the caller uses throughout.

`generator` matrices: float64[n, n], entry (i, j) the rate from state i to state j, rows sum to 0.
"""

from dataclasses import dataclass
from math import exp, factorial, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse, special
from scipy.integrate import solve_ivp
from scipy.sparse.linalg import spsolve

Vector = NDArray[np.float64]
States = NDArray[np.int64]


# Chains
# ------------------------------------------------------------------------------------------------------


def generator(source: States, target: States, rates: Vector, size: int) -> sparse.csr_array:
    """The chain on 0..size - 1 that moves from `source[i]` to `target[i]` at `rates[i]`."""
    moves = sparse.coo_array((rates, (source, target)), shape=(size, size)).tocsr()
    return (moves - sparse.diags_array(np.asarray(moves.sum(axis=1), dtype=np.float64))).tocsr()


def birth_death(up: Vector, down: Vector) -> sparse.csr_array:
    """Generator of a chain on 0..n: `up[i]` from i to i + 1, `down[i]` from i + 1 to i."""
    low = np.arange(len(up))
    sources, targets = np.concatenate([low, low + 1]), np.concatenate([low + 1, low])
    return generator(sources, targets, np.concatenate([up, down]), len(up) + 1)


def stationary(chain: sparse.csr_array) -> Vector:
    """The distribution that the chain keeps: p Q = 0, sum p = 1, by sparse LU of all states' balance but one."""
    others = chain[1:, 1:].T.tocsc()
    from_first = chain[0, 1:].toarray().ravel()
    p = np.concatenate([[1.0], np.asarray(spsolve(others, -from_first))])
    return p / p.sum()


def many_server(agents: int, arrivals: float, ends: float, hang_ups: float, places: int) -> sparse.csr_array:
    """Generator of calls in a queue M/M/agents/places+M; `places` counts those being served too."""
    busy = np.arange(1, places + 1)
    leaving = np.minimum(busy, agents) * ends + np.maximum(busy - agents, 0) * hang_ups
    return birth_death(np.full(places, arrivals), leaving)


def answered_within(
    agents: int, ends: float, hang_ups: float, ahead: int, times: Vector
) -> NDArray[np.float64]:
    """Probability that a caller with `k` ahead is answered by `times[i]`, as [i, k] for k up to `ahead`.

    The caller's own chain to the moment an agent takes the call, by matrix exponential: the calls ahead leave
    at agents * ends + k * hang_ups, the caller gives up at hang_ups.
    """
    k = np.arange(ahead + 1)
    leaving = agents * ends + k * hang_ups
    chain = np.diag(-(leaving + hang_ups)) + np.diag(leaving[1:], -1)
    answered = np.zeros(ahead + 1)
    answered[0] = leaving[0]
    full = np.block([[chain, answered[:, None]], [np.zeros((1, ahead + 2))]])
    return np.stack([linalg.expm(full * t)[:-1, -1] for t in times])


# Row 6: a day that begins empty
# ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """Expected counts of the callers who arrive in [0, length), and agents' occupancy over it."""

    arrivals: float
    within: float
    """Answered within the threshold."""
    abandons: float
    occupancy: float


def day(
    agents: int,
    arrivals: float,
    ends: float,
    hang_ups: float,
    length: float,
    threshold: float,
    places: int = 200,
) -> Day:
    """M/M/agents(+M), empty at 0, by Kolmogorov's forward equations p' = p Q.

    A caller who finds n >= agents before them is answered in time with the probability `answered_within` has
    for n - agents ahead, which for no patience is that of an Erlang time. ContactCenters' example of a day:
    Buist, L'Ecuyer (2005).
    """
    chain = many_server(agents, arrivals, ends, hang_ups, places)
    transposed = chain.T.tocsr()
    calls = np.arange(places + 1)
    in_time = np.ones(places + 1)
    waiting = places - agents
    in_time[agents:] = answered_within(agents, ends, hang_ups, waiting, np.array([threshold]))[0]
    integrands = np.stack(
        [in_time * arrivals, np.maximum(calls - agents, 0) * hang_ups, np.minimum(calls, agents)]
    )

    def slope(_: float, state: Vector) -> Vector:
        p = state[: places + 1]
        return np.concatenate([transposed @ p, integrands @ p])

    start = np.zeros(places + 4)
    start[0] = 1.0
    end = solve_ivp(slope, (0.0, length), start, method="LSODA", rtol=1e-10, atol=1e-12).y[-3:, -1]
    return Day(arrivals * length, float(end[0]), float(end[1]), float(end[2]) / (agents * length))


# Row 7: priorities
# -------------------------------------------------------------------------------------------


def priority_waits(agents: int, arrivals: list[float], ends: float) -> list[float]:
    """Mean waits in M/M/agents by class, the first served first and none interrupted.

    Cobham, "Priority assignment in waiting line problems", Operations Research 2 (1954): W0 / ((1 - s[k-1])
    (1 - s[k])), with s the load of the classes up to k for each agent, W0 = C / (agents * ends), here by the
    distribution of M/M/c itself.
    """
    total = sum(arrivals)
    load = total / ends
    busy = 1.0
    for n in range(1, agents + 1):
        busy = busy * load / n
    below = sum(load**n / factorial(n) for n in range(agents))
    all_busy = busy / (1 - load / agents)
    mean_residue = all_busy / (below + all_busy) / (agents * ends)
    waits: list[float] = []
    before = 0.0
    for rate in arrivals:
        after = before + rate / (agents * ends)
        waits.append(mean_residue / ((1 - before) * (1 - after)))
        before = after
    return waits


# Row 8: holding times that are not exponential
# ---------------------------------------------------------------


def pollaczek_khinchine_wait(arrivals: float, mean: float, squared_cv: float) -> float:
    """Mean wait in M/G/1. Pollaczek (1930), Khinchine (1932): arrivals E[S^2] / (2 (1 - load))."""
    return arrivals * mean * mean * (1 + squared_cv) / (2 * (1 - arrivals * mean))


def crommelin_wait(servers: int, arrivals: float, holding: float, states: int = 1_000) -> float:
    """Mean wait in M/D/servers.

    Crommelin, "Delay probability formulae when the holding times are constant", P.O. Electrical Engineers'
    Journal 25 (1932): whoever is served at t has left at t + holding, so the calls there follow N(t +
    holding) = max(N(t) - servers, 0) + a Poisson number. The stationary distribution of that is solved, and
    Little's law gives the wait.
    """
    load = arrivals * holding
    counts = np.arange(states)
    arriving = np.exp(counts * np.log(load) - load - special.gammaln(counts + 1))
    step = np.zeros((states, states))
    for n in range(states):
        left = max(n - servers, 0)
        step[n, left:] = arriving[: states - left]
    balance = step.T - np.eye(states)
    balance[-1, :] = 1.0
    right = np.zeros(states)
    right[-1] = 1.0
    p = linalg.solve(balance, right)
    return float(np.maximum(counts - servers, 0) @ p) / arrivals


# Row 9: a rate that swings
# -----------------------------------------------------------------------------------


def busy_under_sinusoid(t: float, mean: float, amplitude: float, period: float, ends: float) -> float:
    """Mean calls in M(t)/M/infinity long after its start, arrivals mean + amplitude sin(2 pi t / period).

    Eick, Massey, Whitt, "Mt/G/infinity queues with sinusoidal arrival rates", Management Science 39 (1993).
    """
    swing = 2 * pi / period
    phase = ends * np.sin(swing * t) - swing * np.cos(swing * t)
    return mean / ends + amplitude * float(phase) / (ends * ends + swing * swing)


def peak_under_sinusoid(mean: float, amplitude: float, period: float, ends: float) -> tuple[float, float]:
    """When in the period the mean number of calls peaks, and that peak: period/4 + lag, mean / ends + damped
    amplitude.
    """
    swing = 2 * pi / period
    return (
        period / 4 + float(np.arctan(swing / ends)) / swing,
        mean / ends + amplitude / sqrt(ends * ends + swing * swing),
    )


# Row 10: retrials
# --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Retrials:
    first_blocked: float
    """Share of first calls that find every server busy."""
    retry_blocked: float
    """Share of repeated calls that do."""
    orbit_mean: float
    """Mean number of callers about to call again."""


def retrials(servers: int, arrivals: float, ends: float, retry_rate: float, orbit: int) -> Retrials:
    """M/M/servers/servers whose blocked callers all call again, each after an exponential time, until served.

    Chain of (busy servers, callers in orbit), orbit cut at `orbit`. Falin, Templeton, "Retrial Queues"
    (1997), chapters 1, 2.
    """
    index = np.arange((servers + 1) * (orbit + 1)).reshape(servers + 1, orbit + 1)
    source: list[States] = []
    target: list[States] = []
    rates: list[Vector] = []

    def moves(start: States, end: States, rate: Vector) -> None:
        source.append(start.ravel())
        target.append(end.ravel())
        rates.append(np.broadcast_to(rate, start.shape).ravel())

    waiting = np.arange(orbit + 1, dtype=np.float64)
    busy = np.arange(1, servers + 1, dtype=np.float64)[:, None]
    moves(index[:-1, :], index[1:, :], np.array(arrivals))
    moves(index[1:, :], index[:-1, :], busy * ends)
    moves(index[:-1, 1:], index[1:, :-1], waiting[1:] * retry_rate)
    moves(index[-1:, :-1], index[-1:, 1:], np.array(arrivals))
    chain = generator(np.concatenate(source), np.concatenate(target), np.concatenate(rates), index.size)
    p = stationary(chain).reshape(servers + 1, orbit + 1)
    full = p[-1]
    mean = float(p.sum(axis=0) @ waiting)
    return Retrials(float(full.sum()), float(full @ waiting) / mean, mean)


def single_server_orbit(arrivals: float, ends: float, retry_rate: float) -> float:
    """Mean orbit for one server, all retry: load (arrivals + load retry_rate) / ((1 - load) retry_rate)
    (Falin, Templeton).
    """
    load = arrivals / ends
    return load * (arrivals + load * retry_rate) / ((1 - load) * retry_rate)


# Rows 11 to 14: dialling
# -------------------------------------------------------------------------------------


def progressive_occupancy(
    answer_rate: float, answered_ring: float, failed_ring: float, handling: float
) -> float:
    """Busy share of an agent for whom one line is dialled at a time, by renewal-reward.

    A call takes (1 - q) / q failed dials and one answered on average; no agent waits for another, so the
    team's size is nothing.
    """
    dialling = answered_ring + (1 - answer_rate) / answer_rate * failed_ring
    return handling / (dialling + handling)


def erlang_b_by_sum(servers: int, load: float) -> float:
    """Erlang's loss formula as the ratio it is, in logarithms: load^c / c! over the sum of load^n / n!."""
    n = np.arange(servers + 1)
    terms = n * np.log(load) - special.gammaln(n + 1)
    return exp(terms[-1] - special.logsumexp(terms))


def trunk_holding(answer_rate: float, answered_ring: float, talk: float, unanswered_ring: float) -> float:
    """Mean time a dial holds a channel. Loss depends on no more of its distribution (Sevastyanov 1957)."""
    return answer_rate * (answered_ring + talk) + (1 - answer_rate) * unanswered_ring


@dataclass(frozen=True)
class Detection:
    load: float
    dropped: float
    """Share of calls taken for human that find no agent."""
    occupancy: float


def detection(
    calls: float,
    human: float,
    human_as_machine: float,
    machine: float,
    machine_as_human: float,
    handling: float,
    machine_handling: float,
    agents: int,
) -> Detection:
    """Agents as a loss system for what machine detection passes on: Erlang B at the load of people and
    machines.
    """
    people = calls * human * (1 - human_as_machine)
    passed = calls * machine * machine_as_human
    load = people * handling + passed * machine_handling
    dropped = erlang_b_by_sum(agents, load)
    return Detection(load, dropped, load * (1 - dropped) / agents)


def redial(answer_rate: float, attempts: int) -> tuple[float, float]:
    """Share of contacts reached, and attempts for each contact: a geometric number of tries, cut at
    `attempts`.
    """
    reached = 1 - (1 - answer_rate) ** attempts
    return reached, reached / answer_rate
