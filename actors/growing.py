"""A part of a platform: it begins with nothing but trunks, and grows with the directory."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from actors.callers import Callers
from actors.plan import CALL_HOSTS
from actors.platform_plan import PlatformPlan
from busyhour.adapters.valkey.directory import Record
from busyhour.chronicle import LEDGER, CallsChronicle, CampaignChronicle
from busyhour.core.flow.nodes import Flow
from busyhour.core.flow.reading import load
from busyhour.host import Host, campaign_host
from simulation.flow_assembly import AGENT_WORDS_PER_MINUTE, respondent_of
from simulation.flow_sessions import FlowTalker
from simulation.growth import Growth, bare_scenario
from simulation.live_part import LivePart, Role
from simulation.respondents import Respondent
from simulation.scenario.campaigns import Campaign
from simulation.scenario.distributions import Constant
from simulation.scenario.queues import Queue, VoiceAgent

TALK: Final = Constant(value=60_000_000)
"""How long a voice agent talks with a simulated callee who does not hang up before."""


class GrowingPart:
    """One actor's `part`: it has every machine of the directory in its world, and hosts the campaigns of its own."""

    def __init__(self, plan: PlatformPlan, actor: str, role: Role, client: Any) -> None:
        self._plan = plan
        self._actor = actor
        scenario = bare_scenario(dict(plan.trunks), dict(plan.callees))
        self.part = LivePart(scenario, role, CALL_HOSTS, rows_to=LEDGER)
        self._growth = Growth(self.part.assembly, self.part.world)
        self.known = 0
        """Records of the directory that are in the world."""
        self._names: list[str] = []
        self._respondents: list[Respondent] = []
        self._contacts: list[Callable[[int], dict[str, object]]] = []
        self.records: dict[int, Record] = {}
        """By campaign."""
        self.callers = Callers(client, plan.scope, self.records)
        for host in self.part.hosts.values():
            self.watch(host)

    def watch(self, host: Host) -> None:
        """Have the ledger told what becomes of calls, where the host has any."""
        if host.name.startswith("calls/"):
            host.chronicle = CallsChronicle(host)

    def grow(self, record: Record) -> str:
        """The next record of the directory. Returns the name of the host that is new here; empty when there is none."""
        self.known += 1
        facts = record.facts
        if record.kind == "queue":
            self._growth.add_queue(record.key, queue_of(facts))
            self.part.wrap_ups.add_queue()
        elif record.kind == "queue_change":
            queue = facts["queue"]
            self._growth.change_queue(queue, queue_of(facts))
            self.part.wrap_ups.queue_changed(queue)
        elif record.kind == "agent":
            self._growth.add_agent(facts["queues"])
        elif record.kind == "voice_agent":
            self._growth.add_voice_agent(record.key, VoiceAgent(talk_time=TALK))
            if facts.get("flow"):
                self._follow(record.number, load(facts["flow"]))
        elif record.kind == "campaign":
            callees = self._plan.trunks[facts["plan"]["trunk"]].callees
            plan = Campaign.model_validate({**facts["plan"], "callees": callees})
            self._growth.add_campaign(record.key, plan)
            self._names.append(record.key)
            self._respondents.append(respondent_of(self.part.scenario.callees[plan.callees]))
            self._contacts.append(partial(self.callers.contact, record.number))
            self.part.store_contacts(record.number)
            self.records[record.number] = record
            if self._plan.hosts_campaign(self._actor, record.number):
                return self._host(record.number).name
        return ""

    def _follow(self, voice_agent: int, flow: Flow) -> None:
        """Have it follow the flow with whomever its campaigns call, those included that are yet to come."""
        talker = FlowTalker(
            self.part.carrier,
            flow,
            AGENT_WORDS_PER_MINUTE,
            self._names,
            self._respondents,
            self._contacts,
            self.part.assembly.queue_no,
            self.part.transcripts,
        )
        talker.about = self.callers.call
        self.part.carrier.voice.agents[voice_agent].talker = talker

    def _host(self, number: int) -> Host:
        host = self.part.open(campaign_host(number))
        host.chronicle = CampaignChronicle(host, self.part.world.driver.campaigns[number])
        self.part.campaigns.append(number)
        return host


def queue_of(facts: Any) -> Queue:
    """Its agents always write calls up, be it for no time: that can change while they talk."""
    return Queue(
        wrap_up=Constant(value=max(facts["wrap_up_us"], 1)),
        max_wait=facts["max_wait_us"] or None,
        discipline=facts["discipline"],
    )
