"""How the called side of a campaign behaves: what an attempt meets, and how long everything takes."""

from typing import Any, Final, final

from busyhour.core.call import Call
from busyhour.core.calling_hours import Zone
from busyhour.core.disposition import (
    AMD_HUMAN,
    AMD_MACHINE,
    BUSY,
    END_BUSY,
    END_CARRIER_FAILURE,
    END_INVALID,
    END_NO_ANSWER,
    FAILED,
    INVALID,
    NO_ANSWER,
)
from busyhour.core.ids import ABSENT, HOUR, SECOND, Instant
from busyhour.core.phones import magic_digit
from simulation.contact_supply import ContactSupply
from simulation.draws import Draws, QueueTimes
from simulation.substreams import Substreams

HUMAN_ANSWERS: Final = 0
MACHINE_ANSWERS: Final = 1
NOBODY_ANSWERS: Final = 2
LINE_BUSY: Final = 3
NUMBER_INVALID: Final = 4
NETWORK_FAILS: Final = 5
OUTCOMES: Final = ("human", "machine", "no_answer", "busy", "invalid", "failed")
"""What an attempt meets: the scenario's outcomes, in the order in which their shares are cumulated."""
_RING_PURPOSES: Final = tuple("ring_time." + outcome for outcome in OUTCOMES)

REFUSAL_SIP: Final = (0, 0, 480, 486, 404, 500)
"""By outcome: how the network refuses (RFC 3261 section 21)."""
REFUSAL_DISPOSITION: Final = (0, 0, NO_ANSWER, BUSY, INVALID, FAILED)
REFUSAL_END: Final = (0, 0, END_NO_ANSWER, END_BUSY, END_INVALID, END_CARRIER_FAILURE)

FOREVER: Final = -1
"""A patience that never ends; a ringing that nothing but the dial timeout ends."""
AS_DRAWN: Final = -2
"""What a script leaves to chance."""

# What the network does to a scripted call.
SOUND: Final = 0
REFUSED: Final = 1
"""The trunk turns it away."""
MUTE: Final = 2
"""Whatever happens after the answer is not reported."""


@final
class Script:
    """What happens at one scripted attempt. `amd` is AMD_HUMAN, AMD_MACHINE or AS_DRAWN."""

    __slots__ = ("after_us", "amd", "network", "outcome", "patience_us", "talk_us")

    def __init__(self, outcome: int, after_us: int, patience_us: int, talk_us: int, amd: int) -> None:
        self.outcome: int = outcome
        self.after_us: int = after_us
        self.patience_us: int = patience_us
        self.talk_us: int = talk_us
        self.amd: int = amd
        self.network: int = SOUND


def _person(after_us: int, stays_us: int, talk_us: int, network: int) -> Script:
    script = Script(HUMAN_ANSWERS, after_us, stays_us, talk_us, AMD_HUMAN)
    script.network = network
    return script


SILENCE: Final = 5 * SECOND
"""How long an agent listens to somebody who says nothing."""
MAGIC: Final = [
    _person(SECOND, FOREVER, AS_DRAWN, SOUND),
    Script(LINE_BUSY, 0, AS_DRAWN, AS_DRAWN, AS_DRAWN),
    Script(NOBODY_ANSWERS, FOREVER, AS_DRAWN, AS_DRAWN, AS_DRAWN),
    Script(MACHINE_ANSWERS, SECOND, AS_DRAWN, AS_DRAWN, AMD_MACHINE),
    Script(NUMBER_INVALID, 0, AS_DRAWN, AS_DRAWN, AS_DRAWN),
    _person(SECOND, FOREVER, AS_DRAWN, REFUSED),
    _person(SECOND, 2 * SECOND, 2 * SECOND, SOUND),
    _person(5 * SECOND, FOREVER, AS_DRAWN, SOUND),
    _person(SECOND, FOREVER, SILENCE, SOUND),
    _person(SECOND, 2 * SECOND, 2 * SECOND, MUTE),
]
"""What every attempt at a magic number meets, by its last digit."""


@final
class CalleeTimes:
    """Distributions, opaque here. `ring_times` go by outcome; None there and for patience means for ever."""

    __slots__ = ("decision_time", "machine_talk_time", "message_time", "patience", "ring_times")

    def __init__(
        self,
        ring_times: list[Any],
        patience: Any,
        decision_time: Any,
        machine_talk_time: Any,
        message_time: Any,
    ) -> None:
        self.ring_times: list[Any] = ring_times
        self.patience: Any = patience
        self.decision_time: Any = decision_time
        self.machine_talk_time: Any = machine_talk_time
        self.message_time: Any = message_time


@final
class Callees:
    """The people of one campaign's contact list."""

    __slots__ = (
        "_campaign",
        "_draws",
        "_handle_time",
        "_queue_times",
        "_substreams",
        "by_hour",
        "contacts",
        "cumulated",
        "human_as_machine",
        "machine_as_human",
        "scripts",
        "times",
        "zones",
    )

    def __init__(
        self,
        campaign: str,
        substreams: Substreams,
        queue_times: list[QueueTimes],
        handle_time: Any,
        times: CalleeTimes,
        cumulated: list[float],
        by_hour: dict[int, list[float]],
        zones: list[Zone],
        contacts: ContactSupply,
    ) -> None:
        self._campaign: str = campaign
        self._substreams: Substreams = substreams
        self._queue_times: list[QueueTimes] = queue_times
        self._handle_time: Any = handle_time
        self._draws: list[Draws] = []
        self.times: CalleeTimes = times
        self.cumulated: list[float] = cumulated
        """Shares of OUTCOMES, cumulated."""
        self.by_hour: dict[int, list[float]] = by_hour
        """Local hour → cumulated shares, for the hours that differ."""
        self.zones: list[Zone] = zones
        self.contacts: ContactSupply = contacts
        self.machine_as_human: float = 0.0
        self.human_as_machine: float = 0.0
        self.scripts: dict[int, list[Script]] = {}
        """Contact → what happens at each scripted attempt."""

    def draws(self, attempt: int) -> Draws:
        """The streams of every contact's `attempt`-th attempt (from 1)."""
        while len(self._draws) < attempt:
            entity = "campaigns/" + self._campaign + "/attempt-" + str(len(self._draws) + 1)
            self._draws.append(Draws(self._substreams, entity, self._queue_times, self._handle_time))
        return self._draws[attempt - 1]

    def add_queue(self) -> None:
        """There is another queue that their calls may come to."""
        for draws in self._draws:
            draws.add_queue()

    def script(self, call: Call) -> Script | None:
        """What must happen at this attempt; None where that is left to chance."""
        if self.scripts:
            entries = self.scripts.get(call.contact)
            if entries is not None and call.attempt <= len(entries):
                return entries[call.attempt - 1]
        if call.phone != 0:
            digit = magic_digit(call.phone)
            if digit >= 0:
                return MAGIC[digit]
        return None

    def outcome(self, draws: Draws, contact: int, zone: int, now: Instant) -> int:
        """What an attempt at `now` meets."""
        cumulated = self.cumulated
        if self.by_hour and zone != ABSENT:
            hour = self.zones[zone].local(now) // HOUR % 24
            cumulated = self.by_hour.get(hour, cumulated)
        chance = draws.uniform("outcome", contact)
        for outcome, share in enumerate(cumulated):
            if chance < share:
                return outcome
        return NETWORK_FAILS

    def ring_us(self, draws: Draws, outcome: int, contact: int) -> int:
        """From the end of post-dial delay to the answer or refusal; FOREVER when only the dial timeout ends it."""
        distribution = self.times.ring_times[outcome]
        if distribution is None:
            return FOREVER
        return draws.duration_us(_RING_PURPOSES[outcome], distribution, contact)

    def is_misheard(self, draws: Draws, machine: bool, contact: int) -> bool:
        """Whether detection takes this machine for a person, or this person for a machine."""
        share = self.machine_as_human if machine else self.human_as_machine
        return share > 0.0 and draws.uniform("amd", contact) < share

    def patience_us(self, draws: Draws, contact: int) -> int:
        if self.times.patience is None:
            return FOREVER
        return draws.duration_us("patience", self.times.patience, contact)
