"""What is to come of a campaign: the rest of it as a scenario, rehearsed in virtual time in a process of its own.

The rest begins with the contacts that are still to be called and the agents who are there now. How calls go and how
long people talk is what was measured of the campaign, where there is enough of it, and else what the platform assumes.
"""

import asyncio
import json
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from actors.growing import TALK
from actors.platform_plan import PlatformPlan
from busyhour.adapters.times import written
from busyhour.adapters.timezones import zone_names
from busyhour.adapters.valkey.documents import Collection, Document
from busyhour.adapters.valkey.enrolment import Enrolment
from busyhour.core.ids import DAY, SECOND, Instant
from busyhour.results.estimates import student
from serve_app.errors import UnavailableError
from simulation.scenario import Scenario
from simulation.scenario.callees import Callees
from simulation.scenario.trunks import Trunk
from simulation.scenario.writing import to_yaml

CAMPAIGN: Final = "campaign"
LONGEST_S: Final = 45.0
"""A forecast may take so long: less than a request."""
FARTHEST: Final = 14 * DAY
ENOUGH_CALLS: Final = 100
"""From which on the campaign's own outcomes count."""
ENOUGH_TALKS: Final = 30
_CALLS: Final = 60_000
"""Contacts of all replications together, about; so many take some seconds."""
_REPLICATIONS: Final = (3, 20)
_SAMPLE: Final = 500
"""Contacts whose timezones stand for everybody's."""
_LATEST: Final = 200
"""Calls that are looked at for how long people talk."""
_MODULE: Final = "serve_app.simulation_process"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rest:
    """Of a campaign. `plan` is as the directory has it, `queue` and `voice_agent` (one of them, or none) as a scenario
    has them but for how long people talk.
    """

    now: Instant
    plan: Mapping[str, Any]
    contacts: int
    timezones: Mapping[str, float]
    """Share of them in each."""
    agents: int
    queue: Mapping[str, Any] | None
    voice_agent: Mapping[str, Any] | None
    dispositions: Mapping[str, int]
    """Of calls that have ended."""
    talks_s: Sequence[float]
    """Of some of the latest calls that somebody talked in, seconds."""

    @property
    def has_outcomes(self) -> bool:
        return sum(self._outcomes().values()) >= ENOUGH_CALLS

    @property
    def has_talks(self) -> bool:
        return len(self.talks_s) >= ENOUGH_TALKS

    def _outcomes(self) -> dict[str, int]:
        told = self.dispositions
        outcomes = {name: told.get(name, 0) for name in ("machine", "no_answer", "busy", "invalid", "failed")}
        return {"human": told.get("human", 0) + told.get("abandoned", 0), **outcomes}

    def scenario(self, platform: PlatformPlan) -> Scenario:
        trunk = platform.trunks[self.plan["trunk"]]
        callees: Callees = platform.callees[trunk.callees]
        if self.has_outcomes:
            outcomes = self._outcomes()
            calls = sum(outcomes.values())
            shares = {name: count / calls for name, count in outcomes.items()}
            callees = Callees.model_validate({**callees.model_dump(), "outcomes": shares, "by_hour": {}})
        talk = {"kind": "empirical", "values": [s * SECOND for s in self.talks_s]} if self.has_talks else None
        plan = {
            **self.plan,
            "contacts": {"count": self.contacts, "timezones": dict(self.timezones)},
            "callees": CAMPAIGN,
            "trunk": CAMPAIGN,
            "queue": None if self.queue is None else CAMPAIGN,
            "voice_agent": None if self.voice_agent is None else CAMPAIGN,
        }
        least, most = _REPLICATIONS
        whole: dict[str, Any] = {
            "name": "forecast",
            "replications": min(most, max(least, _CALLS // max(1, self.contacts))),
            "clock": {
                "start": _EPOCH + timedelta(microseconds=self.now),
                "horizon": FARTHEST,
                "until": "idle",
            },
            "trunks": {CAMPAIGN: Trunk.model_validate(trunk.model_dump(exclude={"carrier", "callees"}))},
            "callees": {CAMPAIGN: callees},
            "campaigns": {CAMPAIGN: plan},
        }
        if self.queue is not None:
            handle_time = {} if talk is None else {"handle_time": talk}
            whole["queues"] = {CAMPAIGN: {**self.queue, **handle_time, "agents": self.agents}}
        elif self.voice_agent is not None:
            known = {"talk_time": TALK} if talk is None else {"talk_time": talk}
            whole["voice_agents"] = {CAMPAIGN: {**self.voice_agent, **known}}
        return Scenario.model_validate(whole)


async def timezones_of(enrolment: Enrolment) -> dict[str, float]:
    """Share of each among a campaign's first contacts; who has none, or one that nobody knows, lives by UTC."""
    page = await enrolment.page({}, _SAMPLE)
    zones = Counter(one.timezone if one.timezone in zone_names() else "UTC" for one in page.contacts)
    return {zone: count / zones.total() for zone, count in zones.items()}


async def talks_of(calls: Collection, account: str, campaign_id: str) -> list[float]:
    """Seconds, of the latest calls in which somebody talked."""
    page = await calls.page(account, _LATEST, None, {"campaign_id": campaign_id})
    return [talk_s for one in page.documents if (talk_s := one.document["talk_s"])]


async def forecast(rest: Rest, platform: PlatformPlan) -> Document:
    """Raises UnavailableError where it takes too long."""
    scenario = rest.scenario(platform)
    summary = await _rehearsed(scenario)
    campaign = summary["campaigns"][CAMPAIGN]
    lasts = _expected(campaign["duration_s"], math.inf)
    section = {} if rest.queue is None else summary["queues"][CAMPAIGN]
    return {
        "as_of": written(rest.now),
        "replications": scenario.replications,
        "contacts": rest.contacts,
        "agents": rest.agents if rest.queue is not None else None,
        "finish_at": None
        if lasts is None
        else {name: written(rest.now + round(s * SECOND)) for name, s in lasts.items()},
        "duration_s": lasts,
        "attempts": _expected(campaign["attempts"], math.inf),
        "peak_channels": _expected(summary["trunks"][CAMPAIGN]["channels_max"], math.inf),
        "occupancy": _expected(section.get("occupancy"), 1.0),
        "abandonment_rate": _expected(campaign["abandonment_rate"], 1.0),
        "basis": {
            "outcomes": "measured" if rest.has_outcomes else "assumed",
            "talk_time": "measured" if rest.has_talks else "assumed",
        },
    }


async def _rehearsed(scenario: Scenario) -> Any:
    """The summary."""
    with TemporaryDirectory(prefix="busyhour-forecast-") as folder:
        path = Path(folder) / "forecast.yaml"
        await asyncio.to_thread(path.write_text, to_yaml(scenario), "utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _MODULE, str(path), stdout=asyncio.subprocess.PIPE
        )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), LONGEST_S)
        except TimeoutError:
            raise UnavailableError("The campaign is too large to be forecast while somebody waits") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"a forecast failed with status {process.returncode}")
    return json.loads(said.splitlines()[-1])


def _expected(estimate: Any, most: float) -> dict[str, float] | None:
    """Where one run is to lie, with 95%: the prediction interval of a normal sample, mean ± t·sd·√(1 + 1/n) (Hahn and
    Meeker, Statistical Intervals, 1991, section 4.7). None where it is not known.
    """
    if estimate is None or estimate["mean"] is None or estimate["n"] < 2:
        return None
    mean, n = estimate["mean"], estimate["n"]
    half = student(n - 1) * estimate["sd"] * math.sqrt(1 + 1 / n)
    bounds = {"expected": mean, "low": max(0.0, mean - half), "high": min(most, mean + half)}
    return {name: round(value, 6) for name, value in bounds.items()}
