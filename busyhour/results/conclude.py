"""The end of a replication: everything that was added up becomes its result and its intervals."""

from dataclasses import dataclass, fields

import numpy as np

from busyhour.core.ids import ABSENT
from busyhour.results.arrow import ArrowTable
from busyhour.results.definitions import Section
from busyhour.results.intervals import interval_table
from busyhour.results.kpis import Stretch, observe
from busyhour.results.peaks import PerSecond
from busyhour.results.replication import AreaCheck, ReplicationResult, Series, plotted_width
from busyhour.results.rows import Names
from busyhour.results.staffing import pool_staffing
from busyhour.results.sums import Ledger, Sums
from busyhour.results.tallies import Tallies
from busyhour.results.timeline import INTERVAL, merge_bins
from busyhour.results.waits import QUANTILES, WaitSamples
from busyhour.results.window import Window


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a replication's rows were added up in."""

    names: Names
    replication: int
    window: Window
    ledger: Ledger
    waits: WaitSamples
    campaign_peaks: PerSecond
    trunk_peaks: PerSecond


def conclude(
    recorded: Recorded, tallies: Tallies, digest: str, calls: int, *, with_series: bool
) -> tuple[ReplicationResult, ArrowTable]:
    """The result and the table of intervals. To be called once: the ledger is closed and the waits are let go
    of."""
    names, window, ledger = recorded.names, recorded.window, recorded.ledger
    end = tallies.ended_at
    ledger.close(end)
    by_bin = ledger.sums_by_bin(end)
    bin_us = ledger.timeline.width
    bins = len(by_bin.campaigns)
    edges = np.minimum(window.start + np.arange(bins + 1) * bin_us, end)
    inside = (min(window.statistics_from, end), end)
    staffed_us, staffed_by_bin = pool_staffing(tallies, len(names.pools), edges, inside)

    waits = [recorded.waits.distribution(queue) for queue in range(len(names.queues))]
    sums = ledger.window_sums()
    observed = observe(
        names,
        Stretch(sums, staffed_us, inside[1] - inside[0]),
        tallies,
        [dict(zip(QUANTILES, w.quantiles_s, strict=True)) for w in waits],
        {"campaigns": recorded.campaign_peaks.most(), "trunks": recorded.trunk_peaks.most()},
    )
    fine = Series(window.start, bin_us, end - window.start, by_bin, staffed_by_bin)
    campaigns = list(zip(names.campaigns, tallies.campaigns, strict=False))
    result = ReplicationResult(
        replication=recorded.replication,
        digest=digest,
        calls=calls,
        events=tallies.events,
        illegal_events=tallies.illegal_events,
        virtual_us=tallies.virtual_us,
        wall_s=tallies.wall_s,
        kpis=observed,
        checks=_checks(names, sums, tallies),
        contacts_skipped={name: dict(t.contacts_skipped) for name, t in campaigns if t.contacts_skipped},
        blocked_us={name: dict(t.blocked_us) for name, t in campaigns if t.blocked_us},
        unfinished=tuple(n for n, t in campaigns if t.launched_at != ABSENT and t.finished_at == ABSENT),
        wait_tails={
            name: np.concatenate(([w.entered], w.longer)) for name, w in zip(names.queues, waits, strict=True)
        },
        quantile_bounds={
            name: dict(zip(QUANTILES, w.bounds_s, strict=True))
            for name, w in zip(names.queues, waits, strict=True)
        },
        series=fine.widened(plotted_width(bin_us, fine.length_us)) if with_series else None,
    )
    quarters = INTERVAL // bin_us
    merged = Sums(**{f.name: merge_bins(getattr(by_bin, f.name), quarters) for f in fields(Sums)})
    staffed = merge_bins(staffed_by_bin, quarters)
    staffed[:, (staffed_by_bin < 0).any(axis=0)] = ABSENT
    return result, interval_table(names, recorded.replication, window, end, merged, staffed, tallies)


def _checks(names: Names, sums: Sums, tallies: Tallies) -> tuple[AreaCheck, ...]:
    compared: list[tuple[Section, str, int, int]] = []
    for index, (name, queue) in enumerate(zip(names.queues, tallies.queues, strict=False)):
        compared.append(("queues", name, queue.length_area, int(sums.waiting_us[index])))
    for index, (name, pool) in enumerate(zip(names.pools, tallies.pools, strict=False)):
        compared.append(("agents", name, pool.talk_us, int(sums.talk_us[index])))
    for index, (name, trunk) in enumerate(zip(names.trunks, tallies.trunks, strict=False)):
        compared.append(("trunks", name, trunk.channels_area, int(sums.channels_us[index])))
    for index, (name, voice) in enumerate(zip(names.voice_agents, tallies.voice_agents, strict=False)):
        compared.append(("voice_agents", name, voice.concurrent_area, int(sums.voice_us[index])))
    return tuple(AreaCheck(*c) for c in compared if c[2] != ABSENT)
