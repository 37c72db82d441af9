"""A part of a platform: it begins with nothing but trunks, and grows with the directory."""

from typing import Any, Final

from actors.plan import CALL_HOSTS
from actors.platform_plan import PlatformPlan
from busyhour.adapters.valkey.directory import Record
from busyhour.chronicle import LEDGER, CallsChronicle, CampaignChronicle
from busyhour.host import Host, campaign_host
from simulation.growth import Growth, bare_scenario
from simulation.live_part import LivePart
from simulation.scenario.campaigns import Campaign
from simulation.scenario.distributions import Constant
from simulation.scenario.queues import Queue, VoiceAgent

TALK: Final = Constant(value=60_000_000)
"""How long a voice agent talks with a simulated callee who does not hang up before."""


class GrowingPart:
    """One actor's `part`: it has every machine of the directory in its world, and hosts the campaigns of its own."""

    def __init__(self, plan: PlatformPlan, actor: str) -> None:
        self._plan = plan
        self._actor = actor
        scenario = bare_scenario(dict(plan.trunks), dict(plan.callees))
        self.part = LivePart(scenario, plan.roles[actor], CALL_HOSTS, rows_to=LEDGER)
        self._growth = Growth(self.part.assembly, self.part.world)
        self.known = 0
        """Records of the directory that are in the world."""
        self.records: dict[int, Record] = {}
        """By campaign."""
        for name, host in self.part.hosts.items():
            if name.startswith("calls/"):
                host.chronicle = CallsChronicle(host)

    def grow(self, record: Record) -> str:
        """The next record of the directory. Returns the name of the host that is new here; empty when there is none."""
        self.known += 1
        facts = record.facts
        if record.kind == "queue":
            self._growth.add_queue(record.key, queue_of(facts))
            self.part.wrap_ups.add_queue()
        elif record.kind == "agent":
            self._growth.add_agent(facts["queues"])
        elif record.kind == "voice_agent":
            self._growth.add_voice_agent(record.key, VoiceAgent(talk_time=TALK))
        elif record.kind == "campaign":
            self._growth.add_campaign(record.key, Campaign.model_validate(facts["plan"]))
            self.part.store_contacts(record.number)
            self.records[record.number] = record
            if self._plan.hosts_campaign(self._actor, record.number):
                return self._host(record.number).name
        return ""

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
