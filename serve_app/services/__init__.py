"""What the API does, a file a resource. Services know accounts and documents, and nothing of HTTP."""

from dataclasses import dataclass
from typing import Self

from busyhour.adapters.speech.engine import SpeechEngine
from busyhour.adapters.valkey.jobs import Jobs
from busyhour.adapters.webhooks.addresses import Addresses
from serve_app.platform import Platform
from serve_app.runtime import Runtime
from serve_app.services.agents import Agents
from serve_app.services.flows import Flows
from serve_app.services.queues import Queues
from serve_app.services.speakers import Speakers
from serve_app.services.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Services:
    jobs: Jobs
    flows: Flows
    queues: Queues
    speakers: Speakers
    agents: Agents
    webhooks: Webhooks

    @classmethod
    def over(cls, platform: Platform, runtime: Runtime, addresses: Addresses, engine: SpeechEngine) -> Self:
        jobs = Jobs(platform.client, platform.scope)
        flows, queues = Flows(platform), Queues(platform, runtime)
        speakers = Speakers(platform, jobs, engine)
        return cls(
            jobs,
            flows,
            queues,
            speakers,
            Agents(platform, runtime, flows, queues, speakers),
            Webhooks(platform, addresses),
        )
