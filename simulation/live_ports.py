"""What a live rehearsal acts through: the simulated carrier and people on the wall clock, limits and rows elsewhere."""

from collections.abc import Callable
from typing import final

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.agents import WRAP_UP
from busyhour.core.attempts import Lease
from busyhour.core.call import Call
from busyhour.core.disposition import (
    ABANDONED,
    BUSY,
    END_HORIZON,
    END_NO_CHANNEL,
    END_TRUNK_DOWN,
    FAILED,
)
from busyhour.core.events import CampaignEvent, ClaimsAnswered
from busyhour.core.ids import ABSENT, Instant
from busyhour.core.snapshots import call_facts
from busyhour.host import ROW, Host
from busyhour.ports import Admission, CallLog, Carrier, Contacts, Desk
from simulation.carrier import Leg, SimulatedCarrier
from simulation.desk import SimulatedDesk
from simulation.draws import Draws
from simulation.inbound import InboundSource


@final
class AwaitedAdmission(Admission):
    """Keeps what is asked until somebody has asked the store."""

    __slots__ = ("asked",)

    def __init__(self) -> None:
        self.asked: list[int] = []
        """Campaigns that await an answer about what they have claimed."""

    def claim(self, campaign: int, leases: list[Lease], now: Instant) -> ClaimsAnswered | None:
        self.asked.append(campaign)
        return None


@final
class StoredContacts(Contacts):
    """Contacts of some campaigns are in the store: what is asked is kept until somebody has read it there."""

    __slots__ = ("asked", "elsewhere", "stored")

    def __init__(self, elsewhere: Contacts, stored: list[int]) -> None:
        self.elsewhere: Contacts = elsewhere
        """Of the other campaigns."""
        self.stored: list[int] = stored
        self.asked: dict[int, int] = {}
        """Campaign → how many contacts it awaits."""

    def load(self, campaign: int, count: int, now: Instant) -> CampaignEvent | None:
        if campaign not in self.stored:
            return self.elsewhere.load(campaign, count, now)
        self.asked[campaign] = count
        return None


@final
class WrapUps:
    """How long agents write calls up: a pure function of the call, so that row and desk agree without a message."""

    __slots__ = ("_draws", "wraps_up")

    def __init__(self, draws: Draws, wraps_up: list[bool]) -> None:
        self._draws: Draws = draws
        self.wraps_up: list[bool] = wraps_up
        """By queue: whether its agents write calls up at all."""

    def add_queue(self) -> None:
        """There is another queue; `wraps_up` knows it."""
        self._draws.add_queue()

    def queue_changed(self, queue: int) -> None:
        self._draws.queue_changed(queue)

    def of(self, queue: int, call: int) -> int:
        return self._draws.wrap_up[queue].at(call) if self.wraps_up[queue] else 0


@final
class LiveDesk(Desk):
    """The simulated people at their desks."""

    __slots__ = ("_people", "_queues", "_wrap_ups")

    def __init__(self, people: SimulatedDesk, queues: AgentQueues, wrap_ups: WrapUps) -> None:
        self._people: SimulatedDesk = people
        self._queues: AgentQueues = queues
        self._wrap_ups: WrapUps = wrap_ups

    def begin_wrap_up(self, agent: int, call: int, now: Instant) -> None:
        self._people.wrap_up_us[agent] = self._wrap_ups.of(self._queues.agents[agent].queue, call)
        self._people.begin_wrap_up(agent, call, now)

    def ring_agent(self, agent: int, call: int, number: int, now: Instant) -> None:
        self._people.ring_agent(agent, call, number, now)

    def stop_ringing(self, agent: int, call: int, now: Instant) -> None:
        self._people.stop_ringing(agent, call, now)

    def resume(self) -> None:
        """After a replay: whoever was writing a call up goes on from where he was, and whoever was rung."""
        self._people.resume()
        for agent in self._queues.agents:
            if agent.state == WRAP_UP:
                self.begin_wrap_up(agent.id, agent.call, agent.since)


@final
class LiveTranscripts:
    """Keeps what was said in a call until its row is sent."""

    __slots__ = ("_turns",)

    def __init__(self) -> None:
        self._turns: dict[int, list[dict[str, object]]] = {}

    def add(self, call: int, turns: list[dict[str, object]]) -> None:
        self._turns[call] = turns

    def take(self, call: int) -> list[dict[str, object]]:
        """Empty where nothing was said, and after a replay, which does not hear it again."""
        return self._turns.pop(call, [])


@final
class LiveLog(CallLog):
    """Sends the rows of ended calls, with what was said in them, to whoever keeps them, and frees what they held."""

    __slots__ = ("_carrier", "_host", "_rows_to", "_sources", "_transcripts", "_wrap_ups", "ended")

    def __init__(
        self,
        host: Host,
        carrier: SimulatedCarrier,
        sources: list[InboundSource],
        wrap_ups: WrapUps,
        transcripts: LiveTranscripts,
        rows_to: str,
    ) -> None:
        """`rows_to` is the host that takes them."""
        self._host: Host = host
        self._carrier: SimulatedCarrier = carrier
        self._sources: list[InboundSource] = sources
        self._wrap_ups: WrapUps = wrap_ups
        self._transcripts: LiveTranscripts = transcripts
        self._rows_to: str = rows_to
        self.ended: list[tuple[int, int, int, bool]] = []
        """(trunk, call, campaign, refused by the trunk) of the calls that have ended since it was last emptied."""

    def write(self, call: Call) -> None:
        wrap_up_us = 0
        if call.agent != ABSENT and call.end_reason != END_HORIZON:
            wrap_up_us = self._wrap_ups.of(call.queue, call.id)
        row: list[object] = [ROW, call_facts(call), wrap_up_us]
        leg = call.line
        if isinstance(leg, Leg):
            self._carrier.close(leg, call.ended_at)
            turns = self._transcripts.take(call.id)
            if turns:
                row.append(turns)
        self._host.send(self._rows_to, row)
        if call.trunk != ABSENT:
            refused = call.end_reason == END_NO_CHANNEL or call.end_reason == END_TRUNK_DOWN
            self.ended.append((call.trunk, call.id, call.campaign, refused))
        if isinstance(leg, Leg) and leg.source != ABSENT and call.end_reason != END_HORIZON:
            disposition = call.disposition
            if disposition == ABANDONED or disposition == BUSY or disposition == FAILED:
                self._sources[leg.source].consider_retry(leg, call.ended_at)


@final
class PromisedCarrier(Carrier):
    """The simulated carrier, whose trunks must have promised a channel to what is dialled."""

    __slots__ = ("_carrier", "saw")

    def __init__(self, carrier: SimulatedCarrier) -> None:
        self._carrier: SimulatedCarrier = carrier
        self.saw: Callable[[Call], None] | None = None
        """Sees every call that is dialled: the far end's own record."""

    def dial(self, call: Call, now: Instant) -> None:
        if self.saw is not None:
            self.saw(call)
        self._carrier.trunks[call.trunk].promised += 1
        self._carrier.dial(call, now)

    def hang_up(self, call: Call, now: Instant) -> None:
        if call.line is not None:
            self._carrier.hang_up(call, now)

    def screen_answer(self, call: Call, now: Instant) -> None:
        if call.line is not None:
            self._carrier.screen_answer(call, now)

    def connect_agent(self, call: Call, agent: int, now: Instant) -> None:
        if call.line is not None:
            self._carrier.connect_agent(call, agent, now)

    def leave_message(self, call: Call, now: Instant) -> None:
        if call.line is not None:
            self._carrier.leave_message(call, now)

    def start_voice_session(self, call: Call, voice_agent: int, now: Instant) -> None:
        if call.line is not None:
            self._carrier.start_voice_session(call, voice_agent, now)

    def end_voice_session(self, call: Call, now: Instant) -> None:
        if call.line is not None:
            self._carrier.end_voice_session(call, now)

    def resume_voice_session(self, call: Call, now: Instant) -> None:
        if call.line is not None:
            self._carrier.resume_voice_session(call, now)

    def brief_agent(self, call: Call, agent: int, now: Instant) -> None:
        if call.line is not None:
            self._carrier.brief_agent(call, agent, now)


@final
class MutedCarrier(Carrier):
    """Dials nothing: a replay's."""

    __slots__ = ()

    def dial(self, call: Call, now: Instant) -> None:
        """It was dialled, or may have been."""

    def hang_up(self, call: Call, now: Instant) -> None:
        """It was."""

    def screen_answer(self, call: Call, now: Instant) -> None:
        """It was."""

    def connect_agent(self, call: Call, agent: int, now: Instant) -> None:
        """It was."""

    def leave_message(self, call: Call, now: Instant) -> None:
        """It was."""

    def start_voice_session(self, call: Call, voice_agent: int, now: Instant) -> None:
        """It was."""

    def end_voice_session(self, call: Call, now: Instant) -> None:
        """It was."""

    def resume_voice_session(self, call: Call, now: Instant) -> None:
        """It was."""

    def brief_agent(self, call: Call, agent: int, now: Instant) -> None:
        """It was."""


@final
class MutedDesk(Desk):
    """Tells nobody: a replay's."""

    __slots__ = ()

    def begin_wrap_up(self, agent: int, call: int, now: Instant) -> None:
        """It was."""

    def ring_agent(self, agent: int, call: int, number: int, now: Instant) -> None:
        """It was."""

    def stop_ringing(self, agent: int, call: int, now: Instant) -> None:
        """It was."""
