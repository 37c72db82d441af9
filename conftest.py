"""What every test gets: Hypothesis without a clock, and no Ray inside tests/unit."""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

# Deadlines measure the machine, not the code: other work shares it. A commit meets the same examples wherever it is
# tested, so that red means a change; BUSYHOUR_EXPLORE=1 goes where no run has been.
explore = os.environ.get("BUSYHOUR_EXPLORE") == "1"
settings.register_profile(
    "busyhour", deadline=None, derandomize=not explore, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busyhour")

NO_RAY = "a unit test starts no Ray: it belongs in tests/integration, marked `ray`"


class RefuseRay(MetaPathFinder):
    """Stands before the other finders and refuses to import Ray, which takes a second even where it is not
    started.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "ray":
            raise ImportError(NO_RAY, name=fullname)
        return None


def refuse_init(*_: object, **__: object) -> NoReturn:
    raise RuntimeError(NO_RAY)


@pytest.fixture(autouse=True)
def no_ray_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside tests/unit `import ray` raises, and `ray.init` where another test has imported it."""
    if request.path.is_relative_to(request.config.rootpath / "tests" / "unit"):
        monkeypatch.setattr(sys, "meta_path", [RefuseRay(), *sys.meta_path])
        if "ray" in sys.modules:
            monkeypatch.setattr(sys.modules["ray"], "init", refuse_init)
