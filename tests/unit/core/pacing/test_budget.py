"""The budget spends what the cap allows, and no more."""

from random import Random

import pytest

from busyhour.core.pacing.budget import AbandonmentBudget


def spend(budget: AbandonmentBudget, price: float, answers: int, seed: int) -> float:
    """Abandonment when each answer is lost with `price` times the risk the budget allows."""
    random = Random(seed)
    for _ in range(answers):
        lost = random.random() < price * budget.risk()
        budget.live_answer(True)
        if lost:
            budget.abandonment(True)
    return budget.abandoned / budget.live


@pytest.mark.parametrize("price", [0.3, 1.3, 5.0])
@pytest.mark.parametrize("cap", [0.01, 0.03, 0.1])
def test_the_run_ends_at_the_cap_whatever_risk_costs(price: float, cap: float) -> None:
    budget = AbandonmentBudget(cap)
    # The budget keeps a constant number of calls back, which 20,000 answers make small.
    assert spend(budget, price, 20_000, 1) == pytest.approx(cap, abs=20 / 20_000)


def test_an_overspent_budget_allows_less() -> None:
    budget = AbandonmentBudget(0.03)
    at_first = budget.risk()
    for _ in range(10):
        budget.live_answer(True)
        budget.abandonment(True)
    assert budget.risk() < at_first / 2


def test_every_abandoned_call_is_charged_whatever_held_dialling_back() -> None:
    budget = AbandonmentBudget(0.03)
    for _ in range(100):
        budget.live_answer(False)
    budget.abandonment(False)
    assert budget.left() == pytest.approx(2)


def test_savings_are_not_spent_at_once() -> None:
    budget = AbandonmentBudget(0.03)
    at_first = budget.risk()
    for _ in range(10_000):
        budget.live_answer(False)
    assert at_first < budget.risk() < 5 * at_first


def test_a_cap_of_nothing_allows_nothing() -> None:
    assert AbandonmentBudget(0.0).risk() == 0.0
