"""What is added up while rows go by: counts by outcome, waits, and how many calls, agents and channels were
busy.

The measures stand in tables; `Ledger` feeds them a block at a time and `Sums` is what they come to over a
stretch of time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.disposition import (
    ABANDONED,
    BUSY,
    DISPOSITIONS,
    END_QUEUE_FULL,
    FAILED,
    INVALID,
    MACHINE,
    NO_ANSWER,
)
from busyhour.results.columns import Columns, Flags
from busyhour.results.rows import Names
from busyhour.results.timeline import Spans, Tabulation, Timeline
from busyhour.results.window import Window

CAMPAIGN_COUNTS: Final = (
    "attempts",
    "live_answers",
    "machines",
    "no_answers",
    "busy",
    "invalid",
    "failed",
    "blocked",
    "connects",
    "abandoned",
)
QUEUE_COUNTS: Final = ("offered", "answered", "abandoned", "blocked", "waited", "in_time")
QUEUE_SUMS: Final = ("answered_wait_us", "entered_wait_us", "talk_us", "wrap_up_us")
TRUNK_COUNTS: Final = ("attempts", "blocked", "answered")
TRUNK_SUMS: Final = ("conversation_us",)
VOICE_COUNTS: Final = ("offered", "answered", "transferred")
VOICE_SUMS: Final = ("voice_talk_us",)
POOL_COUNTS: Final = ("calls",)

_LIVE, _BLOCKED, _CONNECTED, _CAMPAIGN_FLAGS = 1, 2, 4, 8
_ANSWERED, _ABANDONED, _TURNED_AWAY, _WAITED, _IN_TIME, _QUEUE_FLAGS = 1, 2, 4, 8, 16, 32
_DISPOSITION_COUNTS: Final = {
    "machines": MACHINE,
    "no_answers": NO_ANSWER,
    "busy": BUSY,
    "invalid": INVALID,
    "failed": FAILED,
    "abandoned": ABANDONED,
}


def _table(names: Sequence[str], truth: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.int64]:
    return np.stack([truth[name] for name in names], axis=1).astype(np.int64)


def _campaign_table() -> NDArray[np.int64]:
    code = np.arange(len(DISPOSITIONS) * _CAMPAIGN_FLAGS)
    disposition = code // _CAMPAIGN_FLAGS
    return _table(
        CAMPAIGN_COUNTS,
        {
            "attempts": code >= 0,
            "live_answers": code & _LIVE > 0,
            "blocked": code & _BLOCKED > 0,
            "connects": code & _CONNECTED > 0,
            **{name: disposition == value for name, value in _DISPOSITION_COUNTS.items()},
        },
    )


def _queue_tables() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    code = np.arange(_QUEUE_FLAGS)
    answered, turned_away = code & _ANSWERED > 0, code & _TURNED_AWAY > 0
    counts = {
        "offered": code >= 0,
        "answered": answered,
        "abandoned": code & _ABANDONED > 0,
        "blocked": turned_away,
        "waited": code & _WAITED > 0,
        "in_time": code & _IN_TIME > 0,
    }
    sums = {
        "answered_wait_us": answered,
        "entered_wait_us": ~turned_away,
        "talk_us": answered,
        "wrap_up_us": answered,
    }
    return _table(QUEUE_COUNTS, counts), _table(QUEUE_SUMS, sums).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Sums:
    """Over one stretch of time. int64 throughout; the columns of the tables are the `..._COUNTS` and
    `..._SUMS` above."""

    campaigns: NDArray[np.int64]
    queues: NDArray[np.int64]
    trunks: NDArray[np.int64]
    voice_agents: NDArray[np.int64]
    pools: NDArray[np.int64]
    first_attempts: NDArray[np.int64]
    talk_us: NDArray[np.int64]
    """By pool; microseconds, as all that follow."""
    wrap_up_us: NDArray[np.int64]
    waiting_us: NDArray[np.int64]
    """By queue: the queue's length, integrated."""
    channels_us: NDArray[np.int64]
    voice_us: NDArray[np.int64]


@final
class Ledger:
    """One replication's sums, by bin of its timeline. Calls are counted in the bin they were created in (a
    queue's: offered)."""

    __slots__ = (
        "_agent_pool",
        "_calls",
        "_early_from",
        "_contacted",
        "_first_attempts",
        "_groups",
        "_latest",
        "_offsets",
        "_spans",
        "_thresholds",
        "campaigns",
        "pools",
        "queues",
        "timeline",
        "trunks",
        "voice_agents",
    )

    def __init__(self, names: Names, window: Window) -> None:
        self.timeline = Timeline(window.start, window.horizon)
        self._early_from = window.statistics_from
        self._agent_pool = np.array(names.agent_pool, np.int64)
        self._thresholds = np.array([names.service_threshold(q) for q in range(len(names.queues))], np.int64)
        timeline = self.timeline
        self.campaigns = Tabulation(timeline, len(names.campaigns), _campaign_table())
        self.queues = Tabulation(timeline, len(names.queues), *_queue_tables())
        trunk = np.arange(4)
        self.trunks = Tabulation(
            timeline,
            len(names.trunks),
            _table(
                TRUNK_COUNTS, {"attempts": trunk >= 0, "blocked": trunk & 1 > 0, "answered": trunk & 2 > 0}
            ),
            (trunk & 2 > 0)[:, None].astype(np.float64),
        )
        self.voice_agents = Tabulation(
            timeline,
            len(names.voice_agents),
            _table(
                VOICE_COUNTS, {"offered": trunk >= 0, "answered": trunk & 1 > 0, "transferred": trunk & 2 > 0}
            ),
            (trunk & 1 > 0)[:, None].astype(np.float64),
        )
        self.pools = Tabulation(timeline, len(names.pools), np.ones((1, 1), np.int64))
        pools, queues, trunks = len(names.pools), len(names.queues), len(names.trunks)
        self._offsets = (0, pools, 2 * pools, 2 * pools + queues, 2 * pools + queues + trunks)
        self._spans = Spans(timeline, self._offsets[-1] + len(names.voice_agents), window.statistics_from)
        self._first_attempts = np.zeros(len(names.campaigns), np.int64)
        self._contacted: list[Flags] | None = None
        if window.warmup > 0:
            self._contacted = [np.zeros(0, np.bool_) for _ in names.campaigns]
        self._latest = window.start

    def add(self, c: Columns) -> None:
        self._latest = max(self._latest, int(c.ended_at.max()))
        self.timeline.make_room(self._latest + int(c.wrap_up_us.max()))
        early = c.created_at < self._early_from
        late = not early.any()
        self._add_spans(c)
        if len(self._first_attempts):
            self._add_campaigns(c, None if late else early)
        if len(self._thresholds):
            self._add_queues(c, None if late else early)
        blocked = c.blocked()
        chosen = (c.trunk >= 0) & ((c.dialed_at >= 0) | (c.campaign < 0) | blocked)
        if chosen.any():
            code = blocked + 2 * (c.answered_at >= 0)
            self.trunks.add(
                c.created_at[chosen],
                c.trunk[chosen],
                code[chosen],
                None if late else early[chosen],
                (c.ended_at - c.answered_at)[chosen],
            )
        chosen = c.offered_to_voice_agent()
        if chosen.any():
            answered = c.voice_connected_at >= 0
            code = answered + 2 * (answered & (c.queued_at >= 0))
            self.voice_agents.add(
                c.created_at[chosen],
                c.voice_agent[chosen],
                code[chosen],
                None if late else early[chosen],
                (c.voice_ended_at() - c.voice_connected_at)[chosen],
            )

    def _add_campaigns(self, c: Columns, early: Flags | None) -> None:
        chosen = c.outbound()
        everything = bool(chosen.all())
        connected = (c.connected_at >= 0) | (c.voice_connected_at >= 0)
        code = c.disposition.astype(np.int64) * _CAMPAIGN_FLAGS
        code += c.live() * _LIVE + c.blocked() * _BLOCKED + connected * _CONNECTED
        if everything:
            self.campaigns.add(c.created_at, c.campaign, code, early)
        elif chosen.any():
            self.campaigns.add(
                c.created_at[chosen],
                c.campaign[chosen],
                code[chosen],
                None if early is None else early[chosen],
            )
        if self._contacted is None:
            firsts = chosen & (c.attempt == 1)
            self._first_attempts += np.bincount(c.campaign[firsts], minlength=len(self._first_attempts))
        else:
            self._mark_contacted(c, chosen if early is None else chosen & ~early, self._contacted)

    def _mark_contacted(self, c: Columns, chosen: Flags, contacted: list[Flags]) -> None:
        """After a warm-up an attempt that counts may be a contact's second: whom one reached is kept, a byte each."""
        for campaign, flags in enumerate(contacted):
            here = chosen & (c.campaign == campaign) & (c.contact_no >= 0)
            contacts = np.unique(c.contact_no[here])
            if not len(contacts):
                continue
            if contacts[-1] >= len(flags):
                grown = np.zeros(max(int(contacts[-1]) + 1, 2 * len(flags)), np.bool_)
                grown[: len(flags)] = flags
                flags = contacted[campaign] = grown
            self._first_attempts[campaign] += np.count_nonzero(~flags[contacts])
            flags[contacts] = True

    def _add_queues(self, c: Columns, early: Flags | None) -> None:
        chosen = c.offered_to_queue()
        if not chosen.any():
            return
        offered_at = np.where(c.queued_at >= 0, c.queued_at, c.ended_at)[chosen]
        connected_at = c.connected_at[chosen]
        ended_at = c.ended_at[chosen]
        queue = c.queue[chosen]
        answered = connected_at >= 0
        wait = np.where(answered, connected_at, ended_at) - offered_at
        code = answered * _ANSWERED
        code += c.left_waiting()[chosen] * _ABANDONED
        code += (c.end_reason[chosen] == END_QUEUE_FULL) * _TURNED_AWAY
        code += (wait > 0) * _WAITED
        code += (answered & (wait <= self._thresholds[queue])) * _IN_TIME
        early = None if early is None else early[chosen]
        self.queues.add(
            offered_at, queue, code, early, wait, wait, ended_at - connected_at, c.wrap_up_us[chosen]
        )
        if len(self._agent_pool):
            taken = answered & (c.agent_no[chosen] >= 0)
            pool = self._agent_pool[c.agent_no[chosen][taken]]
            code = np.zeros(len(pool), np.int64)
            self.pools.add(offered_at[taken], pool, code, None if early is None else early[taken])

    def _add_spans(self, c: Columns) -> None:
        talk, wrap_up, waiting, channels, voice = self._offsets
        begun: list[NDArray[np.int64]] = []
        over: list[NDArray[np.int64]] = []
        group: list[NDArray[np.int64]] = []

        def add(
            offset: int, index: NDArray[np.integer], at: NDArray[np.int64], until: NDArray[np.int64]
        ) -> None:
            if len(at):
                begun.append(at)
                over.append(until)
                group.append(index.astype(np.int64) + offset)

        waiting_ended_at = c.waiting_ended_at()
        if len(self._agent_pool):
            taken = np.flatnonzero((c.connected_at >= 0) & (c.agent_no >= 0))
            pool = self._agent_pool[c.agent_no[taken]]
            ended_at = c.ended_at[taken]
            add(talk, pool, c.connected_at[taken], ended_at)
            add(wrap_up, pool, ended_at, ended_at + c.wrap_up_us[taken])
        queued = np.flatnonzero((c.queue >= 0) & (c.queued_at >= 0))
        add(waiting, c.queue[queued], c.queued_at[queued], waiting_ended_at[queued])
        seized = np.flatnonzero(c.seized())
        seized_at = np.maximum(c.dialed_at, c.created_at)[seized]
        add(channels, c.trunk[seized], seized_at, c.ended_at[seized])
        spoken = np.flatnonzero((c.voice_agent >= 0) & (c.voice_connected_at >= 0))
        add(voice, c.voice_agent[spoken], c.voice_connected_at[spoken], c.voice_ended_at()[spoken])
        if begun:
            self._spans.add(np.concatenate(begun), np.concatenate(over), np.concatenate(group), self._latest)

    def close(self, end: int) -> None:
        """No more rows. `end`: the instant the replication ended."""
        self._spans.close(end)

    def window_sums(self) -> Sums:
        """Over the statistics window, warm-up left out."""
        return self._sums(
            self._spans.inside(),
            self._first_attempts,
            *(t.counted() for t in (self.campaigns, self.queues, self.trunks, self.voice_agents, self.pools)),
        )

    def sums_by_bin(self, end: int) -> Sums:
        """The same with a leading axis of bins, warm-up included; first attempts are not kept by bin."""
        bins = self.timeline.count(end)
        tables = (self.campaigns, self.queues, self.trunks, self.voice_agents, self.pools)
        return self._sums(
            self._spans.by_bin(bins),
            np.zeros((bins, len(self._first_attempts)), np.int64),
            *(t.by_bin(bins) for t in tables),
        )

    def _sums(
        self,
        spans: NDArray[np.int64],
        first_attempts: NDArray[np.int64],
        campaigns: NDArray[np.int64],
        queues: NDArray[np.int64],
        trunks: NDArray[np.int64],
        voice_agents: NDArray[np.int64],
        pools: NDArray[np.int64],
    ) -> Sums:
        _, wrap_up, waiting, channels, voice = self._offsets
        return Sums(
            campaigns=campaigns,
            queues=queues,
            trunks=trunks,
            voice_agents=voice_agents,
            pools=pools,
            first_attempts=first_attempts,
            talk_us=spans[..., :wrap_up],
            wrap_up_us=spans[..., wrap_up:waiting],
            waiting_us=spans[..., waiting:channels],
            channels_us=spans[..., channels:voice],
            voice_us=spans[..., voice:],
        )
