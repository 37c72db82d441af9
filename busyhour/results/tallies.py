"""What the rows of a replication can't tell, counted by whoever ran it and handed over at its end.

Everything is over the statistics window [start + warm-up, end] unless said otherwise; areas are exact
integers, in microseconds times whatever is counted. -1 means not counted: the KPI falls back on the rows, or
is null.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from busyhour.core.ids import ABSENT


@dataclass(slots=True)
class CampaignTally:
    """Over the whole replication, warm-up included: a contact is worked or it is not."""

    contacts_total: int = 0
    contacts_completed: int = 0
    contacts_exhausted: int = 0
    contacts_remaining: int = 0
    contacts_attempted: int = ABSENT
    """Contacts with at least one attempt; -1: taken from the rows' first attempts."""
    contacts_skipped: Mapping[str, int] = field(default_factory=dict[str, int])
    """By reason, such as "unknown_timezone"."""
    launched_at: int = ABSENT
    finished_at: int = ABSENT
    """Instant the campaign completed; -1 while it has not."""
    blocked_us: Mapping[str, int] = field(default_factory=dict[str, int])
    """By what held the dialler back ("agents", "abandonment_cap", "channels", ...): microseconds."""


@dataclass(slots=True)
class QueueTally:
    length_area: int = ABSENT
    """Calls waiting, integrated over the window: must equal the rows' waits (Little's law)."""
    length_max: int = ABSENT


@dataclass(slots=True)
class PoolTally:
    staffed_us: int = ABSENT
    """Agent-microseconds on duty within the window, with the time an agent overran the shift to finish a
    call."""
    staffing: Sequence[tuple[int, int]] = ()
    """Steps (instant, agents on duty from then on), from the start of the run; for plots and intervals, and
    for `staffed_us` where that is -1."""
    talk_us: int = ABSENT
    """Talk integrated over the window, if counted: must equal the rows' talk."""


@dataclass(slots=True)
class TrunkTally:
    channels_area: int = ABSENT
    channels_max: int = ABSENT
    channels_max_by_interval: Sequence[int] = ()
    """The most channels in use in each 15 minutes from the start of the run."""
    calls_per_second_max: int = ABSENT
    """-1: taken from the rows, in clock seconds from the start of the run."""


@dataclass(slots=True)
class VoiceAgentTally:
    concurrent_area: int = ABSENT
    concurrent_max: int = ABSENT


@dataclass(slots=True)
class Tallies:
    """The lists go by index, as `Names` does; a list too short means nothing was counted for the rest."""

    ended_at: int
    """Instant the replication ended: the horizon, or the last event of a run until idle."""
    virtual_us: int
    """From the start of the run to `ended_at`, warm-up included."""
    events: int = 0
    illegal_events: int = 0
    """Events a machine refused because its state did not allow them."""
    wall_s: float = 0.0
    campaigns: Sequence[CampaignTally] = ()
    queues: Sequence[QueueTally] = ()
    pools: Sequence[PoolTally] = ()
    trunks: Sequence[TrunkTally] = ()
    voice_agents: Sequence[VoiceAgentTally] = ()
