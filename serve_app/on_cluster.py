"""What serve.yaml names: the platform's applications on the Ray cluster that runs this, as the environment says.

Each raises WrongSettingError, ScenarioError, StoreRefusedError, and ValueError where the environment lacks the store or
the folder that all machines share.
"""

import asyncio
from typing import Any

from actors.platform_supervisor import configure, planned, start
from busyhour.settings import Settings
from serve_app.deployment import Deployed, api_of, streams_of
from serve_app.platform import SCOPE
from simulation.scenario.trunk_file import load_trunks


def api(_: dict[str, str]) -> Any:
    """Also starts what has the calls, if it does not run yet. serve.yaml says how many replicas."""
    import ray

    deployed = _deployed()
    asyncio.run(configure(deployed.plan))
    start(ray, deployed.plan)
    return api_of(deployed, replicas=1)


def streams(_: dict[str, str]) -> Any:
    return streams_of(_deployed())


def _deployed() -> Deployed:
    settings = Settings.read()
    if settings.store_url is None or settings.data_dir is None:
        raise ValueError("BUSYHOUR_STORE_URL and BUSYHOUR_DATA_DIR must name what all machines share")
    plan = asyncio.run(planned(SCOPE, settings.store_url, load_trunks(settings.trunks)))
    return Deployed(plan, settings.data_dir / "files", settings)
