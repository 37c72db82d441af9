"""One replication, from a scenario to its result and files."""

import gc
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import numpy as np

from busyhour.adapters.wall_clock import elapsed_s
from busyhour.core.campaign import BLOCKED_BY, COMPLETED
from busyhour.core.ids import ABSENT, Instant
from busyhour.results.recorder_process import RecorderProcess
from busyhour.results.replication import ReplicationResult
from busyhour.results.tallies import (
    CampaignTally,
    PoolTally,
    QueueTally,
    Tallies,
    TrunkTally,
    VoiceAgentTally,
)
from busyhour.results.window import Window
from simulation.agenda import CHANGES
from simulation.arrival_processes import rate_of
from simulation.assembly import World, assemble
from simulation.scenario import Scenario
from simulation.timeline import StatisticsStart
from simulation.tracing import TraceLines

if TYPE_CHECKING:
    from busyhour.results.recorder import ReplicationRecorder
    from busyhour.results.transcripts import TranscriptFile
    from simulation.event_file import EventFile

    Recorder = ReplicationRecorder | RecorderProcess

_SWITCH_INTERVAL_S: Final = 0.000_2
LONG: Final = 500_000
"""Calls from which on a process for their recorder has made up for its start, where a processor is free for it. Where
none is, the start is a twentieth of the run at most."""

Progress = Callable[[float, int], None]
"""Told the share of the run done (0 to 1) and the calls ended so far; may raise to give the replication up."""


def run_replication(
    scenario: Scenario, replication: int, out: Path | None, events: bool, progress: Progress
) -> ReplicationResult:
    """Run replication number `replication` (from 0); its files go below `out`, nothing is written when None.

    Raises OSError where files can't be written, ScenarioError for a wrong row of a contact file, and whatever
    `progress` raised; nothing of the replication is left behind then.
    """
    clock = scenario.clock
    outlet = _Outlet()
    trace = _trace(replication, out) if events and out is not None else None
    transcripts = _transcripts(replication, out) if scenario.has_flows() and out is not None else None
    world = assemble(scenario, replication, outlet, None if trace is None else trace.saw, transcripts)
    if trace is not None:
        trace.names = world.names
    # A run that may end when idle is cut where it ends, not at its horizon.
    window = Window(clock.start_us, None if clock.until == "idle" else clock.end_us, clock.warmup)
    recorder = _recorder(scenario, world, replication, window, out)
    outlet.recorder = recorder
    try:
        started = elapsed_s()
        baseline = Baseline(world)
        if clock.warmup > 0:
            baseline.begins_at = clock.start_us + clock.warmup
            world.engine.agenda.at(baseline.begins_at, CHANGES, StatisticsStart(baseline.begin))
        until = ABSENT if clock.end_us is None else clock.end_us
        with _undisturbed():
            ended_at = world.engine.run(
                until, clock.until == "idle", _Reporter(scenario, world, progress).report
            )
        tallies = baseline.tallies(ended_at, scenario)
        world.engine.close_calls(ended_at)
        world.log.flush()
        tallies.wall_s = elapsed_s() - started
        result = recorder.finish(tallies)
        if trace is not None:
            trace.finish()
        if transcripts is not None:
            transcripts.finish()
        return result
    except BaseException:
        recorder.abort()
        if trace is not None:
            trace.discard()
        if transcripts is not None:
            transcripts.discard()
        raise


def trace_replication(scenario: Scenario, replication: int) -> list[str]:
    """Every event of one replication, a line each; nothing is written.

    Raises ScenarioError for a wrong row of a contact file.
    """
    trace = TraceLines(scenario.clock.start_us)
    world = assemble(scenario, replication, _Nowhere(), trace.saw)
    trace.names = world.names
    until = ABSENT if scenario.clock.end_us is None else scenario.clock.end_us
    world.engine.run(until, scenario.clock.until == "idle", _ignored)
    return trace.lines


class _Nowhere:
    def add(self, chunk: bytes) -> None:
        """Rows that nobody wants."""


def _ignored(now: Instant) -> None:
    """Progress that nobody wants."""


@contextmanager
def _undisturbed() -> Generator[None]:
    """Without the cyclic garbage collector, which finds nothing: what the engine lets go of has no cycles.

    And with threads taking turns quickly. The recorder's hands the interpreter over before each of its hundreds of
    operations on whole columns, and would get it back only every 5 ms: it fell behind and the engine waited for it.
    """
    was_enabled, interval = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        if was_enabled:
            gc.enable()


# What writes Parquet is imported late: a run that leaves that to a recorder's process need not wait for all of Arrow.


def _trace(replication: int, out: Path) -> "EventFile":
    from simulation.event_file import EventFile

    return EventFile(replication, out)


def _transcripts(replication: int, out: Path) -> "TranscriptFile":
    from busyhour.results.transcripts import TranscriptFile

    return TranscriptFile(replication, out)


def _recorder(
    scenario: Scenario, world: World, replication: int, window: Window, out: Path | None
) -> "Recorder":
    """In a process of its own where about LONG calls or more are to come, and another processor may take it.

    The results are the same bytes.
    """
    calls = float(sum(campaign.contacts.total for campaign in world.driver.campaigns))
    horizon = np.array([scenario.clock.horizon or 0], np.float64)
    for line in scenario.inbound:
        calls += float(rate_of(line).expected(horizon)[0])
    if calls < LONG or len(os.sched_getaffinity(0)) == 1:
        from busyhour.results.recorder import ReplicationRecorder

        return ReplicationRecorder(world.names, replication, window, out)
    return RecorderProcess(world.names, replication, window, out)


class _Outlet:
    """Lets the world be assembled before the recorder, which needs its names."""

    recorder: "Recorder"

    def add(self, chunk: bytes) -> None:
        self.recorder.add(chunk)


class _Reporter:
    def __init__(self, scenario: Scenario, world: World, progress: Progress) -> None:
        self._start = scenario.clock.start_us
        self._length = scenario.clock.horizon or 0
        self._world = world
        self._contacts = sum(campaign.contacts.total for campaign in world.driver.campaigns)
        self._progress = progress

    def report(self, now: Instant) -> None:
        """Done by time where there is a horizon, by contacts where the run ends when idle."""
        shares = [0.0]
        if self._length > 0:
            shares.append((now - self._start) / self._length)
        if self._contacts > 0:
            done = sum(campaign.contacts.done() for campaign in self._world.driver.campaigns)
            if self._length == 0:
                shares.append(done / self._contacts)
        self._progress(min(1.0, max(shares)), self._world.log.calls)


@final
class Baseline:
    """What every integral stood at when statistics began."""

    def __init__(self, world: World) -> None:
        self._world = world
        driver = world.driver
        self._waiting = [0 for _ in driver.queues.queues]
        self._staffed = [0 for _ in driver.queues.pools]
        self._channels = [0 for _ in world.carrier.trunks]
        self._voice = [0 for _ in world.carrier.voice.agents]
        self.begins_at: Instant = ABSENT
        """The end of a warm-up that has not ended yet."""

    def begin(self, now: Instant) -> None:
        self.begins_at = ABSENT
        world = self._world
        queues = world.driver.queues
        self._waiting = [queue.waited_us(now) for queue in queues.queues]
        self._staffed = [pool.staffed_area + pool.staffed * (now - pool.staffed_at) for pool in queues.pools]
        self._channels = [
            trunk.in_use_area + trunk.in_use * (now - trunk.in_use_at) for trunk in world.carrier.trunks
        ]
        self._voice = [
            agent.busy_area + agent.busy * (now - agent.busy_at) for agent in world.carrier.voice.agents
        ]
        for queue in queues.queues:
            queue.waiting_max = queue.waiting
        for trunk in world.carrier.trunks:
            trunk.in_use_max = trunk.in_use
        for agent in world.carrier.voice.agents:
            agent.busy_max = agent.busy

    def tallies(self, now: Instant, scenario: Scenario) -> Tallies:
        """What was counted from the beginning of statistics to `now`, the end of the run."""
        if self.begins_at != ABSENT:
            self.begin(now)  # It ended before its warm-up did: nothing counts.
        before = self._waiting, self._staffed, self._channels, self._voice
        world = self._world
        queues = world.driver.queues
        maxima = (
            [queue.waiting_max for queue in queues.queues],
            [trunk.in_use_max for trunk in world.carrier.trunks],
            [agent.busy_max for agent in world.carrier.voice.agents],
        )
        self.begin(now)
        for trunk in world.carrier.trunks:
            trunk.begin_interval(now - 1)
        illegal = world.driver.stray_events + queues.illegal_events
        return Tallies(
            ended_at=now,
            virtual_us=now - scenario.clock.start_us,
            events=world.driver.events,
            illegal_events=illegal + sum(campaign.illegal_events for campaign in world.driver.campaigns),
            campaigns=[_campaign_tally(world, number, now) for number in range(len(world.driver.campaigns))],
            queues=[
                # Where messages take time, a queue learns late who waits, and its integral is not the calls' own.
                QueueTally(after - was if world.driver.post is None else ABSENT, most)
                for after, was, most in zip(self._waiting, before[0], maxima[0], strict=True)
            ],
            pools=[
                PoolTally(after - was, pool.steps or ())
                for after, was, pool in zip(self._staffed, before[1], queues.pools, strict=True)
            ],
            trunks=[
                TrunkTally(after - was, most, trunk.interval_max)
                for after, was, most, trunk in zip(
                    self._channels, before[2], maxima[1], world.carrier.trunks, strict=True
                )
            ],
            voice_agents=[
                VoiceAgentTally(after - was, most)
                for after, was, most in zip(self._voice, before[3], maxima[2], strict=True)
            ],
        )


def _campaign_tally(world: World, number: int, now: Instant) -> CampaignTally:
    campaign = world.driver.campaigns[number]
    contacts = campaign.contacts
    skipped = {
        "unknown_timezone": contacts.skipped_unknown_zone,
        "do_not_call": contacts.skipped_do_not_call,
    }
    blocked = {name: us for name, us in zip(BLOCKED_BY, campaign.blocked_us, strict=True) if name and us}
    if campaign.blocked_by:
        name = BLOCKED_BY[campaign.blocked_by]
        blocked[name] = blocked.get(name, 0) + now - campaign.blocked_since
    return CampaignTally(
        contacts_total=contacts.total,
        contacts_completed=contacts.completed,
        contacts_exhausted=contacts.exhausted + contacts.skipped(),
        contacts_remaining=contacts.remaining() + contacts.leased,
        contacts_skipped={reason: count for reason, count in skipped.items() if count},
        launched_at=campaign.launched_at,
        finished_at=campaign.ended_at if campaign.state == COMPLETED else ABSENT,
        blocked_us=blocked,
    )
