"""Simulated people who are rung, by hand; the QA scenarios ringing and warm_transfer have the rest."""

import pytest

from busyhour.results.replication import ReplicationResult
from simulation.analytic import why_not
from simulation.runs import run_replication
from simulation.scenario import loads

ONE_CALLER_A_MINUTE = """
clock: {start: "2026-03-02T09:00:00Z", horizon: 10m}
queues: {desk: {handle_time: 10s}}
agents: {desk: {count: 1, answer: {after: 3s}}}
inbound: [{queue: desk, rate: 1/min, process: deterministic}]
"""


def desk(*changes: str) -> dict[str, object]:
    result: ReplicationResult = run_replication(
        loads(ONE_CALLER_A_MINUTE, overrides=changes), 0, None, False, lambda share, calls: None
    )
    return dict(result.kpis["queues"]["desk"])


def test_callers_wait_until_the_agent_has_accepted() -> None:
    assert desk()["asa_s"] == (27.0, 9.0)


def test_who_lets_it_ring_too_long_does_not_answer_and_is_away() -> None:
    """The first caller, of the first minute, gets nobody; nor does anyone until the agent is back."""
    found = desk("queues.desk.ring_timeout=2s", "agents.desk.answer.away=1h")
    assert (found["offered"], found["answered"]) == (9.0, 0.0)


def test_who_comes_back_is_rung_again_for_the_caller_who_still_waits() -> None:
    found = desk("agents.desk.answer={no_answer: 50%, away: 5s}", "queues.desk.ring_timeout=5s")
    assert found["answered"] == found["offered"] == 9.0


def test_an_agent_who_declines_every_call_at_once_takes_a_second_for_it_each_time() -> None:
    """Else a lone agent would be rung without end in one instant."""
    found = desk("agents.desk.answer={after: 0s, decline: 100%}", "queues.desk.patience=10s")
    assert (found["answered"], found["abandoned"]) == (0.0, 9.0)


@pytest.mark.parametrize("timeout", ["0s", "1s"])
def test_a_queue_may_ring_as_briefly_as_it_likes(timeout: str) -> None:
    found = desk(f"queues.desk.ring_timeout={timeout}", "queues.desk.patience=10s")
    assert (found["answered"], found["abandoned"]) == (0.0, 9.0)


def test_no_closed_form_knows_of_agents_who_have_to_accept() -> None:
    poisson = loads(
        ONE_CALLER_A_MINUTE.replace("process: deterministic", "process: poisson").replace(
            "handle_time: 10s", "handle_time: {exponential: {mean: 10s}}"
        )
    )
    assert why_not(poisson, "desk") == "The agents of the pool desk are rung and have to accept."
