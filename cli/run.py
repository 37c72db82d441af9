"""`busyhour run`: the scenario file of `simulate`, live on Ray."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.exits import COULD_NOT_RUN, FAILED, INTERRUPTED, OK, WRONG_INPUT
from cli.interrupts import Interrupts
from cli.progress import progress_for
from cli.results_folder import FolderRefused, ResultsFolder
from cli.simulate import Wishes, conclude, show

if TYPE_CHECKING:
    from actors.live_run import LiveRun
    from busyhour.results.replication import ReplicationResult
    from cli.progress import Progress
    from simulation.scenario import Scenario

LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class LiveWishes:
    """What the command line says besides the scenario and the results."""

    speed: float
    shards: int
    replications: int
    address: str | None
    store_url: str | None
    """None: an embedded store."""
    data_dir: Path | None
    dial_log: Path | None


@click.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--speed", type=click.FloatRange(0.01, 1000), default=1.0, help="Times as fast as the wall clock."
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="In place of the file's.")
@click.option(
    "--replications",
    type=click.IntRange(1),
    default=1,
    help="One after another; intervals take several.",
)
@click.option(
    "--shards",
    type=click.Choice(["1", "2", "4", "8", "16"]),
    default="1",
    help="Processes that share the calls.",
)
@click.option("--address", metavar="RAY", help="Run on the Ray cluster at this address.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where the embedded store keeps its data; BUSYHOUR_DATA_DIR, or passing.",
)
@click.option(
    "--dry-run", is_flag=True, help="Call nobody: say who would be called, and who not for what reason."
)
@click.option("--dial-log", type=click.Path(path_type=Path), help="A line for every call the carrier dials.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the results; runs/<name>-live.")
@click.option("--set", "sets", metavar="PATH=VALUE", multiple=True, help="As in queues.sales.agents=45.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json, and nothing else, on stdout.")
@click.option("--quiet", is_flag=True, help="Neither progress nor table.")
def run(
    file: str,
    speed: float,
    seed: int | None,
    replications: int,
    shards: str,
    address: str | None,
    data_dir: Path | None,
    dry_run: bool,
    dial_log: Path | None,
    out: Path | None,
    sets: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> int:
    """Run the scenario FILE live: campaigns, calls and queues as Ray actors, the carrier and the people simulated.

    It takes the time that the scenario says, divided by --speed, and leaves what `simulate` leaves, from calls whose
    every event was durable before it happened. The store is at BUSYHOUR_STORE_URL, or an embedded one. Ctrl-C ends it
    early and keeps what there is, marked partial.
    """
    from actors.live_run import SilentActorsError
    from actors.replications import NoCluster
    from busyhour.adapters.valkey.errors import StoreFailedError, StoreInUseError, StoreRefusedError
    from busyhour.settings import Settings, WrongSettingError
    from simulation.scenario import ScenarioError, load

    overrides = [*sets, f"replications={replications}"]
    if seed is not None:
        overrides.append(f"seed={seed}")
    try:
        settings = Settings.read()
        scenario = load(file, overrides)
        if dry_run:
            return _dry_run(scenario, as_json)
        address = address or settings.ray_address
        data_dir = data_dir or settings.data_dir
        wishes = Wishes(1, address, out, False, as_json, quiet)
        live = LiveWishes(speed, int(shards), replications, address, settings.store_url, data_dir, dial_log)
        return _run(scenario, wishes, live)
    except (ScenarioError, FolderRefused, WrongSettingError) as error:
        click.echo(error, err=True)
        return WRONG_INPUT
    except (NoCluster, SilentActorsError, StoreFailedError, StoreInUseError, StoreRefusedError) as error:
        click.echo(error, err=True)
        return COULD_NOT_RUN


def _dry_run(scenario: Scenario, as_json: bool) -> int:
    """Raises ScenarioError."""
    from busyhour.core.ids import ABSENT
    from simulation.dry_run import dry_run

    runs = dry_run(scenario)
    if as_json:
        counts = {each.campaign: {"callable": each.callable, "excluded": each.excluded} for each in runs}
        click.echo(json.dumps(counts, indent=1))
        return OK
    zone = scenario.clock.start.tzinfo
    for each in runs:
        at = datetime.fromtimestamp(each.launch_at / 1_000_000, zone)
        click.echo(
            f"{each.campaign}: {each.callable:,} of {each.contacts:,} contacts may be called at {at:%Y-%m-%d %H:%M}"
        )
        for reason, count in each.excluded.items():
            click.echo(f"  {count:,} not: {reason}")
        if each.opens_at != ABSENT:
            opens_at = datetime.fromtimestamp(each.opens_at / 1_000_000, zone)
            click.echo(f"  the first of them whose calling hours begin: {opens_at:%Y-%m-%d %H:%M}")
    return OK


def _run(scenario: Scenario, wishes: Wishes, live: LiveWishes) -> int:
    """Raises ScenarioError, FolderRefused, NoCluster, OSError, and what the store refuses."""
    from actors.live_run import LiveRun
    from actors.plan import LivePlan
    from actors.replications import Order, connected
    from simulation.executor import Job

    started = time.monotonic()
    horizon = scenario.clock.horizon
    hours = None if horizon is None or scenario.clock.until == "idle" else horizon / 3_600_000_000
    progress = progress_for(live.replications, hours, wishes.quiet)
    results: list[ReplicationResult] = []
    incidents: list[str] = []
    complete = True
    with ResultsFolder(wishes.out or Path("runs") / f"{scenario.name}-live") as folder:
        with ExitStack() as stack:
            interrupts = stack.enter_context(Interrupts(progress.say))
            stack.enter_context(progress)
            progress.say(
                f"{scenario.name}: live, {live.speed:g} × the wall clock; Ray takes some seconds to start"
            )
            url = live.store_url or _embedded(live.data_dir, stack, progress)
            # Threads of Ray's print there when a worker dies, and standard output is the summary's.
            stack.enter_context(redirect_stdout(sys.stderr))
            ray = connected(None, live.address)
            stack.callback(ray.shutdown)
            for replication in range(live.replications):
                parts = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="busyhour-parts-")))
                plan = LivePlan(
                    uuid.uuid4().hex,
                    url,
                    Order.of(Job(scenario, [replication], parts)),
                    live.speed,
                    LivePlan.roles_of(scenario, live.shards),
                    replication,
                    parts,
                    None if live.dial_log is None else live.dial_log.resolve(),
                )
                run = LiveRun(ray, plan, scenario, progress.say)
                result, complete = _supervised(run, scenario, progress, interrupts, folder.staging)
                results.append(result)
                incidents += run.supervisor.incidents()
                if not complete:
                    break
        summary = conclude(
            scenario, wishes, folder, results, time.monotonic() - started, incidents, not complete
        )
        place = folder.keep(partial=not complete)
    show(summary, wishes, place)
    if not complete:
        return INTERRUPTED
    return OK if summary.passed else FAILED


def _embedded(data_dir: Path | None, stack: ExitStack, progress: Progress) -> str:
    from busyhour.adapters.valkey.embedded import EmbeddedStore

    if data_dir is None:
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="busyhour-store-")))
    store = stack.enter_context(EmbeddedStore(data_dir))
    progress.say(f"its store is in {data_dir}: busyhour doctor --data-dir {data_dir} looks into the run")
    return store.url


def _supervised(
    live: LiveRun, scenario: Scenario, progress: Progress, interrupts: Interrupts, out: Path
) -> tuple[ReplicationResult, bool]:
    """The result, and whether the run came to its end. Raises what keeps it from starting or from ending well."""
    from busyhour.adapters.wall_clock import RunClock

    replication = live.plan.replication
    try:
        live.start()
        clock = RunClock(scenario.clock.start_us, live.plan.speed)
        end_us = scenario.clock.end_us
        complete = False
        while not interrupts.cancelled():
            _tell(live, scenario, clock.now(), progress, replication)
            if (end_us is not None and clock.now() >= end_us) or (
                scenario.clock.until == "idle" and live.is_over()
            ):
                complete = True
            if complete:
                break
            time.sleep(LOOK_S if end_us is None else min(LOOK_S, clock.wait_s(end_us)))
        now = clock.now() if end_us is None else min(clock.now(), end_us)
        progress.say("the run is over: the last rows")
        result = _concluded(live, scenario, now, out)
        progress.note(replication, 1.0, result.calls)
        return result, complete
    finally:
        live.end()


def _tell(live: LiveRun, scenario: Scenario, now: int, progress: Progress, replication: int) -> None:
    statuses = live.look(LOOK_S)
    recorder = statuses.get("recorder", {})
    rows = recorder.get("rows", 0) + recorder.get("pending", 0)
    shares = [0.0]
    if scenario.clock.horizon:
        shares.append((now - scenario.clock.start_us) / scenario.clock.horizon)
    progress.note(replication, min(0.999, max(shares)), rows)


def _concluded(live: LiveRun, scenario: Scenario, now: int, out: Path) -> ReplicationResult:
    from actors.recorder import manifest_of
    from busyhour.results.live import conclude_parts
    from busyhour.results.transcripts import conclude_transcripts
    from busyhour.results.window import Window

    tallies = live.stop(now)
    names = live.names()
    folder, manifest = asyncio.run(manifest_of(live.plan))
    clock = scenario.clock
    window = Window(clock.start_us, None if clock.until == "idle" else clock.end_us, clock.warmup)
    if scenario.has_flows():
        conclude_transcripts(folder, [part.file for part in manifest.parts], live.plan.replication, out)
    return conclude_parts(names, window, folder, manifest, tallies, out, live.plan.replication)
