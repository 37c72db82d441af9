"""The simulated carrier: dials, rings, answers, refuses and hangs up as the scenario's callees and trunks would."""

from typing import Final, final

from mypy_extensions import mypyc_attr

from busyhour.core.call import Call
from busyhour.core.call_states import CONNECTED, TRANSFERRING, WAITING, WITH_VOICE
from busyhour.core.disposition import (
    AMD_HUMAN,
    AMD_MACHINE,
    END_NO_CHANNEL,
    END_TRUNK_DOWN,
    FAILED,
)
from busyhour.core.events import (
    AGENT_HUNG_UP,
    BRIEFING_FINISHED,
    CARRIER_ANSWERED,
    CARRIER_RINGING,
    MESSAGE_LEFT,
    PARTY_HUNG_UP,
    VOICE_REFUSED,
    VOICE_STARTED,
    AnswerScreened,
    CallEvent,
    CarrierRefused,
    VoiceFinished,
)
from busyhour.core.ids import ABSENT, SECOND, Instant, Micros
from busyhour.core.transfer import WARM
from busyhour.core.transfer_events import TransferRequested
from busyhour.driver import Driver
from busyhour.ports import Carrier
from simulation.agenda import DEADLINES, ENDINGS, PATIENCE, PROGRESS, Agenda, Occurrence
from simulation.callees import (
    AS_DRAWN,
    FOREVER,
    HUMAN_ANSWERS,
    MACHINE_ANSWERS,
    MUTE,
    NOBODY_ANSWERS,
    REFUSAL_DISPOSITION,
    REFUSAL_END,
    REFUSAL_SIP,
    REFUSED,
    Callees,
    Script,
)
from simulation.draws import Draws
from simulation.faults import Faults
from simulation.trunks import SimulatedTrunk
from simulation.voice import VoiceBank

# Stages of a leg.
RING: Final = 0
ANSWER: Final = 1
REFUSE: Final = 2
SCREEN: Final = 3
GIVE_UP: Final = 4
TALK_ENDS: Final = 5
VOICE_ENDS: Final = 6
MESSAGE_ENDS: Final = 7
DEADLINE: Final = 8
BRIEFING_ENDS: Final = 9

DEAD_AIR: Final = 2 * SECOND
"""How long an agent listens to a line that was dead before it was connected."""
UNNOTICED: Final = 5 * SECOND
"""How long an agent stays on a line whose end the carrier did not report."""


FAREWELL: Final = 5 * SECOND
"""How long a voice agent takes leave of a caller for whom it has got nobody."""


@final
@mypyc_attr(acyclic=True)
class Leg(Occurrence):
    """The far end of one call: a called or calling person, and the network in between.

    `index` is the contact's or caller's number, under which the attributes are drawn from `draws`.
    """

    __slots__ = (
        "call",
        "carrier",
        "draws",
        "has_channel",
        "index",
        "is_clear",
        "outcome",
        "patience_us",
        "ring_us",
        "script",
        "source",
        "waits",
    )

    def __init__(
        self, carrier: "SimulatedCarrier", call: Call, draws: Draws, index: int, patience_us: int
    ) -> None:
        self.carrier: SimulatedCarrier = carrier
        self.call: Call = call
        self.draws: Draws = draws
        self.index: int = index
        self.patience_us: int = patience_us
        self.source: int = ABSENT
        """Number of the inbound source; ABSENT for an attempt of a campaign."""
        self.outcome: int = HUMAN_ANSWERS
        self.ring_us: int = 0
        self.script: Script | None = None
        self.has_channel: bool = False
        self.waits: bool = False
        """Patience has begun."""
        self.is_clear: bool = False
        """The line is dead: nobody is there any more."""

    def happen(self, stage: int, now: Instant) -> None:
        call = self.call
        carrier = self.carrier
        if stage == TALK_ENDS:
            if call.state != CONNECTED:
                return
            if call.trunk == ABSENT and not self.is_clear:
                self.is_clear = True
                carrier.driver.tell(call, PARTY_HUNG_UP)
            else:
                carrier.talk_ends(self, now)
        elif stage == GIVE_UP:
            if call.state == WAITING and not self.is_clear:
                carrier.party_leaves(self, now)
        elif stage == DEADLINE:
            if call.deadline() != ABSENT:
                carrier.driver.call_deadline(call)
        elif stage == VOICE_ENDS:
            carrier.voice_ends(self, now)
        elif self.is_clear:
            return
        elif stage == RING:
            carrier.tell(self, CARRIER_RINGING, now)
            carrier.after_ringing(self, now)
        elif stage == ANSWER:
            carrier.tell(self, CARRIER_ANSWERED, now)
        elif stage == REFUSE:
            carrier.refuse(self, REFUSAL_SIP[self.outcome], now)
        elif stage == SCREEN:
            carrier.screened(self)
        elif stage == MESSAGE_ENDS:
            carrier.driver.deliver(CallEvent(MESSAGE_LEFT, call.id))
        elif call.state == TRANSFERRING:
            assert stage == BRIEFING_ENDS, "there is no other stage"
            carrier.driver.deliver(CallEvent(BRIEFING_FINISHED, call.id))


def _is_mute(leg: Leg) -> bool:
    return leg.script is not None and leg.script.network == MUTE


def leg_of(call: Call) -> Leg:
    """The far end of a call that is alive."""
    leg = call.line
    assert isinstance(leg, Leg), "the call is not closed"
    return leg


@final
class SimulatedCarrier(Carrier):
    """Every trunk and every callee of one replication."""

    __slots__ = ("agenda", "callees", "driver", "faults", "trunks", "voice")

    driver: Driver

    def __init__(
        self,
        agenda: Agenda,
        trunks: list[SimulatedTrunk],
        callees: list[Callees],
        voice: VoiceBank,
        faults: Faults,
    ) -> None:
        self.agenda: Agenda = agenda
        self.trunks: list[SimulatedTrunk] = trunks
        self.callees: list[Callees] = callees
        self.voice: VoiceBank = voice
        self.faults: Faults = faults

    # What the platform asks for -----------------------------------------------------------------------------------

    def dial(self, call: Call, now: Instant) -> None:
        trunk = self.trunks[call.trunk]
        callees = self.callees[call.campaign]
        draws = callees.draws(call.attempt)
        leg = Leg(self, call, draws, call.contact, AS_DRAWN)
        script = callees.script(call)
        leg.script = script
        call.line = leg
        trunk.promised -= 1
        faults = trunk.faults
        if trunk.outages > 0:
            trunk.refused(now)
            self.driver.enqueue(CarrierRefused(call.id, 503, FAILED, END_TRUNK_DOWN))
            return
        if (
            trunk.is_full()
            or (faults is not None and self.faults.refuses(leg, faults))
            or (script is not None and script.network == REFUSED)
        ):
            trunk.refused(now)
            self.driver.enqueue(CarrierRefused(call.id, 503, FAILED, END_NO_CHANNEL))
            return
        trunk.accepted()
        trunk.seize(now)
        leg.has_channel = True
        self._decide(leg, callees, now)
        delay = draws.duration_us("post_dial_delay", trunk.post_dial_delay, leg.index)
        if leg.outcome > NOBODY_ANSWERS:
            self.agenda.at(now + delay + leg.ring_us, PROGRESS, leg, REFUSE)
        elif delay == 0 and faults is None:
            self.driver.enqueue(CallEvent(CARRIER_RINGING, call.id))
            self.after_ringing(leg, now)
        else:
            self.agenda.at(now + delay, PROGRESS, leg, RING)
        # A deadline that the carrier's own report is sure to precede would only be a stale entry in the agenda.
        timeout = call.dial_timeout
        if timeout > 0 and (faults is not None or leg.ring_us == FOREVER or delay + leg.ring_us >= timeout):
            self.agenda.at(now + timeout, DEADLINES, leg, DEADLINE)

    def hang_up(self, call: Call, now: Instant) -> None:
        leg_of(call).is_clear = True

    def screen_answer(self, call: Call, now: Instant) -> None:
        leg = leg_of(call)
        times = self.callees[call.campaign].times
        decision_us = leg.draws.duration_us("amd.decision_time", times.decision_time, leg.index)
        if decision_us == 0:
            self.driver.enqueue(AnswerScreened(call.id, self._heard_as(leg)))
        else:
            self.agenda.at(now + decision_us, PROGRESS, leg, SCREEN)

    def leave_message(self, call: Call, now: Instant) -> None:
        leg = leg_of(call)
        times = self.callees[call.campaign].times
        message_us = leg.draws.duration_us("message_time", times.message_time, leg.index)
        self.agenda.at(now + message_us, ENDINGS, leg, MESSAGE_ENDS)

    def connect_agent(self, call: Call, agent: int, now: Instant) -> None:
        leg: Leg = call.line
        if leg.is_clear:
            talk_us = DEAD_AIR
        elif leg.script is not None and leg.script.talk_us != AS_DRAWN:
            talk_us = leg.script.talk_us
        elif leg.outcome == MACHINE_ANSWERS:
            times = self.callees[call.campaign].times
            talk_us = leg.draws.duration_us("amd.machine_talk_time", times.machine_talk_time, leg.index)
        else:
            talk_us = leg.draws.talk[call.queue].at(leg.index)
        self.agenda.at(now + talk_us, ENDINGS, leg, TALK_ENDS)

    def start_voice_session(self, call: Call, voice_agent: int, now: Instant) -> None:
        leg = leg_of(call)
        if not self.voice.has_room(voice_agent):
            self.driver.enqueue(CallEvent(VOICE_REFUSED, call.id))
            return
        self.driver.enqueue(CallEvent(VOICE_STARTED, call.id))
        for event in self.voice.start(voice_agent, call.id, now):
            self.driver.enqueue(event)
        if self.voice.converses(call, now):
            return
        talk_us = self.voice.talk_us(voice_agent, leg.draws, leg.index)
        if leg.script is not None and leg.script.talk_us != AS_DRAWN:
            talk_us = leg.script.talk_us
        self.agenda.at(now + talk_us, ENDINGS, leg, VOICE_ENDS)

    def end_voice_session(self, call: Call, now: Instant) -> None:
        for event in self.voice.finish(call.id, now):
            self.driver.enqueue(event)

    def resume_voice_session(self, call: Call, now: Instant) -> None:
        conversation = self.voice.conversation(call.id)
        if conversation is not None:
            conversation.resumed(now)
            return
        self.agenda.at(now + FAREWELL, ENDINGS, leg_of(call), VOICE_ENDS)

    def brief_agent(self, call: Call, agent: int, now: Instant) -> None:
        leg = leg_of(call)
        conversation = self.voice.conversation(call.id)
        if conversation is not None:
            briefing_us = conversation.briefing_us()
        else:
            briefing_us = self.voice.briefing_us(call.voice_agent, leg.draws, leg.index)
        if briefing_us == 0:
            self.driver.enqueue(CallEvent(BRIEFING_FINISHED, call.id))
        else:
            self.agenda.at(now + briefing_us, ENDINGS, leg, BRIEFING_ENDS)

    # What the far end does ----------------------------------------------------------------------------------------

    def tell(self, leg: Leg, kind: int, now: Instant) -> None:
        """Report a plain event to the platform, as reliably as the call's trunk does."""
        call = leg.call
        if call.trunk != ABSENT:
            shares = self.trunks[call.trunk].faults
            if shares is not None:
                self.faults.report(leg, shares, CallEvent(kind, call.id), now)
                return
        self.driver.tell(call, kind)
        if call.state == WAITING:
            self.begin_patience(leg, now)

    def begin_patience(self, leg: Leg, now: Instant) -> None:
        """A caller who waits for an agent does so from now on until patience ends. Once for each call."""
        call = leg.call
        if leg.waits or leg.is_clear or call.state != WAITING:
            return
        leg.waits = True
        patience_us = leg.patience_us
        if patience_us == AS_DRAWN:
            if leg.script is not None and leg.script.patience_us != AS_DRAWN:
                patience_us = leg.script.patience_us
            else:
                patience_us = self.callees[call.campaign].patience_us(leg.draws, leg.index)
        if patience_us != FOREVER:
            self.agenda.at(now + patience_us, PATIENCE, leg, GIVE_UP)
        if call.max_wait > 0:
            self.agenda.at(now + call.max_wait, DEADLINES, leg, DEADLINE)

    def after_ringing(self, leg: Leg, now: Instant) -> None:
        if leg.ring_us == FOREVER:
            return
        stage = REFUSE if leg.outcome == NOBODY_ANSWERS else ANSWER
        self.agenda.at(now + leg.ring_us, PROGRESS, leg, stage)

    def refuse(self, leg: Leg, sip_code: int, now: Instant) -> None:
        outcome = leg.outcome
        leg.is_clear = True
        call = leg.call
        event = CarrierRefused(call.id, sip_code, REFUSAL_DISPOSITION[outcome], REFUSAL_END[outcome])
        shares = self.trunks[call.trunk].faults
        if shares is not None:
            self.faults.report(leg, shares, event, now)
        else:
            self.driver.deliver(event)

    def screened(self, leg: Leg) -> None:
        self.driver.deliver(AnswerScreened(leg.call.id, self._heard_as(leg)))
        self.begin_patience(leg, self.driver.now)

    def talk_ends(self, leg: Leg, now: Instant) -> None:
        """On a trunk, or with a line that is dead already."""
        call = leg.call
        if leg.is_clear:
            self.driver.deliver(CallEvent(AGENT_HUNG_UP, call.id))
            return
        if self.trunks[call.trunk].faults is not None or _is_mute(leg):
            # Should the report be late or lost, the agent notices the silence.
            self.agenda.at(now + UNNOTICED, ENDINGS, leg, TALK_ENDS)
        self.party_leaves(leg, now)

    def party_leaves(self, leg: Leg, now: Instant) -> None:
        leg.is_clear = True
        if not _is_mute(leg):
            self.tell(leg, PARTY_HUNG_UP, now)

    def voice_ends(self, leg: Leg, now: Instant) -> None:
        call = leg.call
        if call.state != WITH_VOICE:
            return
        transfer_to = ABSENT
        if call.transfer is None:
            transfer_to = self.voice.transfer_to(call.voice_agent, leg.draws, leg.index)
        if transfer_to != ABSENT and self.voice.agents[call.voice_agent].is_warm:
            agent = self.voice.agents[call.voice_agent]
            self.ask_for_a_person(leg, transfer_to, WARM, agent.fallback, agent.transfer_timeout, now)
            return
        self.voice_finished(leg, transfer_to)

    def voice_finished(self, leg: Leg, transfer_to: int) -> None:
        """The voice agent has said its last word; `transfer_to` is a queue, or ABSENT."""
        call = leg.call
        free_again = self.voice.finish(call.id, self.driver.now)
        self.driver.deliver(VoiceFinished(call.id, transfer_to))
        for event in free_again:
            self.driver.deliver(event)
        self.begin_patience(leg, self.driver.now)

    def ask_for_a_person(
        self, leg: Leg, queue: int, way: int, fallback: int, timeout: Micros, now: Instant
    ) -> None:
        """The caller stays with the voice agent, however long it takes."""
        self.driver.deliver(TransferRequested(leg.call.id, queue, way, fallback, timeout))
        self.agenda.at(now + timeout, DEADLINES, leg, DEADLINE)

    def close(self, leg: Leg, now: Instant) -> None:
        """The platform has closed the call: everything it held is free."""
        call = leg.call
        call.line = None
        leg.is_clear = True
        if leg.has_channel:
            leg.has_channel = False
            trunk = self.trunks[call.trunk]
            trunk.release(now)
            if trunk.faults is not None:
                self.faults.forget(call.id)
        if call.voice_agent != ABSENT:
            for event in self.voice.finish(call.id, now):
                self.driver.enqueue(event)

    def _decide(self, leg: Leg, callees: Callees, now: Instant) -> None:
        """What this attempt will meet, and when."""
        call = leg.call
        script = leg.script
        if script is None:
            leg.outcome = callees.outcome(leg.draws, leg.index, self._zone_of(call, callees), now)
            leg.ring_us = callees.ring_us(leg.draws, leg.outcome, leg.index)
            return
        leg.outcome = script.outcome
        if script.after_us == AS_DRAWN:
            leg.ring_us = callees.ring_us(leg.draws, leg.outcome, leg.index)
        else:
            leg.ring_us = script.after_us

    def _zone_of(self, call: Call, callees: Callees) -> int:
        if not callees.by_hour:
            return ABSENT
        return callees.contacts.zone(call.contact)

    def _heard_as(self, leg: Leg) -> int:
        if leg.script is not None and leg.script.amd != AS_DRAWN:
            return leg.script.amd
        machine = leg.outcome == MACHINE_ANSWERS
        if machine != self.callees[leg.call.campaign].is_misheard(leg.draws, machine, leg.index):
            return AMD_MACHINE
        return AMD_HUMAN
