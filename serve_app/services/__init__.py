"""What the API does, a file a resource. Services know accounts and documents, and nothing of HTTP."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Self

from busyhour.adapters.speech.engine import SpeechEngine
from busyhour.adapters.valkey.jobs import Job, Jobs
from busyhour.adapters.webhooks.addresses import Addresses
from serve_app.enrolments import Enrolments
from serve_app.platform import Platform
from serve_app.runtime import Runtime
from serve_app.services.agents import Agents
from serve_app.services.calls import Calls
from serve_app.services.campaigns import CAMPAIGN, Campaigns
from serve_app.services.contacts import Contacts
from serve_app.services.customers import IMPORT, Customers
from serve_app.services.flows import Flows
from serve_app.services.queues import Queues
from serve_app.services.simulations import SIMULATE, Simulations
from serve_app.services.speakers import DEPLOY, Speakers
from serve_app.services.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Services:
    jobs: Jobs
    turns: Jobs
    """What is to become of campaigns, and when."""
    flows: Flows
    queues: Queues
    speakers: Speakers
    agents: Agents
    campaigns: Campaigns
    calls: Calls
    contacts: Contacts
    customers: Customers
    webhooks: Webhooks
    simulations: Simulations

    @classmethod
    def over(
        cls,
        platform: Platform,
        runtime: Runtime,
        addresses: Addresses,
        engine: SpeechEngine,
    ) -> Self:
        jobs = Jobs(platform.client, platform.scope)
        turns = Jobs(platform.client, platform.scope, "campaign-turns")
        enrolments = Enrolments(platform.client, platform.scope)
        flows, queues = Flows(platform), Queues(platform, runtime)
        speakers = Speakers(platform, jobs, engine)
        agents = Agents(platform, runtime, flows, queues, speakers)
        campaigns = Campaigns(platform, runtime, turns, enrolments, agents, queues, flows)
        contacts = Contacts(platform, enrolments)
        return cls(
            jobs,
            turns,
            flows,
            queues,
            speakers,
            agents,
            campaigns,
            Calls(runtime, agents, queues, flows),
            contacts,
            Customers(platform, jobs, contacts, campaigns),
            Webhooks(platform, addresses),
            Simulations(platform, jobs),
        )

    def work(self) -> Mapping[str, Callable[[Job], Awaitable[None]]]:
        """Who does which kind of job."""
        return {
            DEPLOY: self.speakers.work,
            IMPORT: self.customers.work,
            SIMULATE: self.simulations.work,
        }

    def turn_work(self) -> Mapping[str, Callable[[Job], Awaitable[None]]]:
        return {CAMPAIGN: self.campaigns.work}
