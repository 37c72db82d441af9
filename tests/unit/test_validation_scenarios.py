"""Each validation is a scenario that loads, names KPIs that there are, and agrees with the closed form set
beside it.
"""

import pytest

from simulation.analytic import analytic
from simulation.scenario import loads
from simulation.scenario.kpis import KPIS
from tests.support.validation_scenarios import VALIDATIONS


def test_every_row_that_has_a_closed_form_has_a_scenario() -> None:
    assert {validation.row for validation in VALIDATIONS.values()} == set(range(1, 15))


def test_no_two_validations_share_their_random_numbers() -> None:
    seeds = [loads(validation.text).seed for validation in VALIDATIONS.values()]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("name", VALIDATIONS)
def test_validation_names_kpis_of_parts_its_scenario_has(name: str) -> None:
    validation = VALIDATIONS[name]
    scenario = loads(validation.text)
    exact = validation.kpis()
    assert exact or validation.of_rows()
    assert set(validation.wider) <= {*exact, *map(str, validation.of_rows())}
    assert bool(validation.wider) == bool(validation.because)
    for path in (*exact, *validation.zero):
        section, part, kpi = path.split(".")
        assert part in getattr(scenario, section)
        assert kpi in KPIS[section]


@pytest.mark.parametrize("name", [name for name, v in VALIDATIONS.items() if v.row <= 5])
def test_closed_form_set_beside_the_simulation_is_the_exact_one(name: str) -> None:
    validation = VALIDATIONS[name]
    beside = analytic(loads(validation.text), "line")
    assert beside is not None
    for path, exact in validation.kpis().items():
        assert beside[path.rsplit(".", 1)[1]] == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("name", [name for name, v in VALIDATIONS.items() if v.row >= 7 and v.row != 13])
def test_no_closed_form_is_set_beside_what_erlang_does_not_cover(name: str) -> None:
    scenario = loads(VALIDATIONS[name].text)
    assert all(analytic(scenario, queue) is None for queue in scenario.queues)
