"""More seeds of the same, in a file of their own, so that they run beside the others."""

import pytest

from tests.support.live_crashes import check_a_run


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40, 200))
def test_a_run_with_crashes_and_pauses_dials_nothing_twice_and_loses_nobody(seed: int) -> None:
    check_a_run(seed)
