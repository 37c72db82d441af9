"""The call runtime as the API sees it: orders left for its machines in the store, and what it has written there.

Nothing here waits for an actor. An order that was left is obeyed, whatever crashes; `ring` tells an actor that there is
one, so that it need not look by itself.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from actors.call_documents import DIRECT, NUMBER, TRANSFERS, queued
from actors.callable_contacts import callable_contacts
from actors.campaign_facts import campaign_facts, campaign_settings, direct_facts, queue_facts
from actors.closing import closing, hosts_of, standing_key
from actors.growing import queue_of
from actors.ledger import (
    CALLBACKS,
    briefings_key,
    callbacks_owner,
    direct_key,
    metadata_key,
)
from actors.orders import leave, ordered_key, orders_key
from actors.plan import CALL_HOSTS
from actors.platform_plan import PlatformPlan
from busyhour.adapters import times
from busyhour.adapters.valkey.admission import StoreAdmission
from busyhour.adapters.valkey.contacts import AccountContacts
from busyhour.adapters.valkey.documents import (
    Collection,
    Commit,
    Document,
    Stored,
)
from busyhour.adapters.valkey.enrolment import Enrolment
from busyhour.adapters.valkey.shards import StoredShards
from busyhour.chronicle import LEDGER
from busyhour.core.agents import AGENT_STATES
from busyhour.core.campaign import IN_FLIGHT
from busyhour.core.disposition import END_CANCELLED
from busyhour.core.ids import SECOND
from busyhour.core.phones import phone_of
from busyhour.core.transfer import FALLBACKS, WAYS
from busyhour.host import CAMPAIGN_CHANGED, CONTACTS_READ, QUEUE_WATCHED, QUEUES, calls_host, campaign_host
from busyhour.outbox import Plain
from serve_app.call_records import CallRecords
from serve_app.errors import ConflictError, NotFoundError, UnavailableError
from serve_app.forecasts import Rest, forecast, talks_of, timezones_of
from serve_app.platform import Platform
from serve_app.roster import Roster
from serve_app.runtime import Listed
from serve_app.services.base import shown

FRESH_US: Final = 10 * SECOND
"""What an actor said longer ago does not hold any more."""
_NOT_ACTIVE: Final = "Call is not currently active"
_WAIT_S: Final = 0.05
_WAITS: Final = 60
_OF_STATE: Final[Mapping[str, Sequence[str]]] = {
    "available": ("AgentJoined", "AgentResumed"),
    "paused": ("AgentPaused",),
    "offline": ("AgentLeaving",),
}
"""What the machine hears of a human agent's state; of the two, one that is not offline or not paused hears the other in
vain.
"""
_NOT_BEGUN: Final[Document] = {
    "state": "draft",
    "blocked_by": None,
    "attempts": 0,
    "answered": 0,
    "connected": 0,
    "in_flight": 0,
    "ringing": 0,
    "contacts": {},
    "dispositions": {},
}
"""Stats of a campaign that no actor has yet."""
_NO_AGENTS: Final[Document] = {
    "counts": dict.fromkeys(AGENT_STATES, 0),
    "waiting": 0,
    "longest_wait_s": 0.0,
}


class CallRuntime(CallRecords):
    """Of the platform `plan`, over the store of `platform`."""

    def __init__(
        self, plan: PlatformPlan, platform: Platform, ring: Callable[[str], Awaitable[None]]
    ) -> None:
        self._plan = plan
        self._platform = platform
        self._ring = ring
        super().__init__(platform.client, plan.scope)
        self._roster = Roster(plan, platform)
        self._directory = self._roster.directory
        self._callbacks = Collection(platform.client, plan.scope, CALLBACKS)
        self._actor_of = plan.actor_of()
        self._forecasting = asyncio.Lock()
        self._shards = StoredShards(platform.client, plan.scope)

    async def ready(self) -> None:
        await self._standings()

    async def open(self) -> None:
        await self._standings()
        if await closing(self._client, self._plan.scope):
            raise UnavailableError("The platform is shutting down; it begins no more calls")

    def trunks(self) -> Sequence[str]:
        return self._plan.offered

    async def _standings(self) -> dict[str, Mapping[str, Any]]:
        """What every actor says of itself. Raises UnavailableError when one has said nothing lately."""
        told = await self._client.hgetall(standing_key(self._plan.scope))
        standings = {actor.decode(): json.loads(text) for actor, text in told.items()}
        oldest = self._platform.clock() - FRESH_US
        for actor in {LEDGER, *await hosts_of(self._client, self._plan)}:
            if actor not in standings or standings[actor]["at"] < oldest:
                raise UnavailableError("The call runtime is not ready")
        return standings

    async def _order(self, host: str, order: Plain) -> None:
        await leave(self._client, self._plan.scope, host, order)
        kind, _, number = host.partition("/")
        await self._ring(await self._shards.owner(int(number)) if kind == "calls" else self._actor_of[host])

    # What it consists of --------------------------------------------------------------------------------------------

    async def queue_changed(self, account: str, queue: Document) -> None:
        if await self._roster.queue_changed(account, queue):
            await self._ring(self._actor_of[QUEUES])

    async def agent_changed(self, account: str, agent: Document) -> None:
        """Another set of queues is another agent of the machine: the one before goes when its call is done."""
        queues = [await self._roster.queue(account, id) for id in agent["queue_ids"]]
        key = f"{agent['id']}:{','.join(str(queue) for queue in queues)}"
        place = f"{{{self._plan.scope}}}:agents-now"
        before = await self._client.hget(place, agent["id"])
        number = await self._directory.add("agent", key, account, {"id": agent["id"], "queues": queues})
        if before is not None and int(before) != number:
            await self._order(QUEUES, ["AgentLeaving", int(before), -1])
        await self._client.hset(place, agent["id"], number)
        for event in _OF_STATE[agent["state"] if queues else "offline"]:
            await self._order(QUEUES, [event, number, -1])

    # Campaigns ------------------------------------------------------------------------------------------------------

    async def _number(self, campaign: Document) -> int:
        """Raises ConflictError where it was never launched."""
        number = await self._directory.number_of("campaign", campaign["id"])
        if number is None:
            raise ConflictError("Campaign is not running")
        return number

    async def launch(self, account: str, campaign: Document) -> None:
        """It may have been launched before."""
        queue = None
        voice_agent = None
        if campaign["agent_id"] is not None:
            agent = await self._roster.agent_document(account, campaign["agent_id"])
            voice_agent = await self._roster.voice_agent(account, agent)
        elif campaign["queue_id"] is not None:
            queue = await self._roster.queue(account, campaign["queue_id"])
        facts = campaign_facts(campaign, voice_agent)
        number = await self._directory.add("campaign", campaign["id"], account, facts)
        if queue is not None:
            await self._order(QUEUES, [QUEUE_WATCHED, number, queue])
        await self._change(account, number, campaign)
        await self._order(campaign_host(number), ["CampaignLaunched", number])

    async def change(self, account: str, campaign: Document) -> None:
        await self._change(account, await self._number(campaign), campaign)

    async def _change(self, account: str, number: int, campaign: Document) -> None:
        """A voice agent's calls at once are a limit of its campaigns: nobody is called whom it could not talk to."""
        limits = campaign["limits"]
        most = limits["max_concurrency"] or 0
        if campaign["agent_id"] is not None:
            agent = await self._roster.agent_document(account, campaign["agent_id"])
            most = min(most or agent["max_concurrency"], agent["max_concurrency"])
        await StoreAdmission(self._client, self._plan.scope, account).configure_campaign(
            number,
            limits["calls_per_second"] or float("inf"),
            most,
            campaign["retry"]["max_per_day"] or 0,
        )
        settings = {**campaign_settings(campaign), "max_concurrency": most}
        await self._order(campaign_host(number), [CAMPAIGN_CHANGED, number, settings])

    async def pause(self, account: str, campaign: Document) -> None:
        number = await self._number(campaign)
        await self._order(campaign_host(number), ["CampaignPaused", number])

    async def resume(self, account: str, campaign: Document) -> None:
        number = await self._number(campaign)
        await self._order(campaign_host(number), ["CampaignResumed", number])

    async def stop(self, account: str, campaign: Document, in_flight: str) -> Document:
        number = await self._number(campaign)
        stats = await self.campaign_stats(account, campaign)
        await self._order(campaign_host(number), ["CampaignStopped", number, IN_FLIGHT.index(in_flight)])
        unanswered = stats["ringing"] if in_flight != "drain" else 0
        ends = in_flight == "hang_up"
        return {
            "cancelled_queued": stats["contacts"].get("remaining", 0),
            "cancelled_ringing": unanswered,
            "draining": 0 if ends else stats["in_flight"] - unanswered,
        }

    async def campaign_stats(self, account: str, campaign: Document) -> Document:
        number = await self._directory.number_of("campaign", campaign["id"])
        standings = await self._standings()
        if number is None:
            return _NOT_BEGUN
        told = standings[self._actor_of[campaign_host(number)]]["campaigns"].get(str(number))
        return _NOT_BEGUN if told is None else told

    async def callable_counts(self, account: str, campaign: Document) -> Document:
        return await callable_contacts(self._client, self._plan.scope, account, campaign["id"])

    async def forecast(self, account: str, campaign: Document) -> Document:
        rest = await self._rest(account, campaign)
        if self._forecasting.locked():
            raise UnavailableError("Another forecast is being made; try again in a moment")
        async with self._forecasting:
            return await forecast(rest, self._plan)

    async def _rest(self, account: str, campaign: Document) -> Rest:
        """What is still to be done of it. Raises ConflictError where that is nothing, or there is nobody to do it."""
        stats = await self.campaign_stats(account, campaign)
        if stats is _NOT_BEGUN:
            contacts = (await self.callable_counts(account, campaign))["callable"]
        else:
            contacts = stats["contacts"]["remaining"] + stats["contacts"]["in_progress"]
        if contacts == 0:
            raise ConflictError("Campaign has nobody left to call")
        queue = voice_agent = None
        agents = 0
        if campaign["agent_id"] is not None:
            agent = await self._roster.agent_document(account, campaign["agent_id"])
            voice_agent = {"capacity": agent["max_concurrency"]}
        elif campaign["queue_id"] is not None:
            document = await self._roster.queue_document(account, campaign["queue_id"])
            queue = queue_of(queue_facts(document)).model_dump()
            (standing,) = await self.availability(account, [document])
            agents = sum(standing[state] for state in ("available", "reserved", "on_call", "wrap_up"))
            if agents == 0:
                raise ConflictError("Nobody is there to take the campaign's calls")
        contacts_of = AccountContacts(self._client, self._plan.scope, account)
        enrolment = Enrolment(self._client, contacts_of, campaign["id"])
        return Rest(
            self._platform.clock(),
            campaign_facts(campaign, "voice" if voice_agent else None)["plan"],
            contacts,
            await timezones_of(enrolment),
            agents,
            queue,
            voice_agent,
            stats["dispositions"],
            await talks_of(self._calls, account, campaign["id"]),
        )

    # Calls ----------------------------------------------------------------------------------------------------------

    async def place(self, account: str, order: Document) -> Document:
        """It is ordered in the same step in which it can be read."""
        await self.open()
        number = await self._direct_campaign(account, order)
        contact = int(await self._client.incr(f"{direct_key(self._plan.scope, number)}:last"))
        now = self._platform.clock()
        document = queued(self._platform.new_id(), order, times.written(now))
        commit = Commit(self._client, self._plan.scope)
        stored = self._calls.create(commit, account, document)
        commit.put(direct_key(self._plan.scope, number), str(contact), document["id"].encode())
        if order["metadata"]:
            metadata = json.dumps(order["metadata"]).encode()
            commit.put(metadata_key(self._plan.scope, account), document["id"], metadata)
        host = campaign_host(number)
        rows = [[contact, "", 0, phone_of(order["to"])]]
        commit.put(ordered_key(self._plan.scope), host, b"1")
        loaded = [CONTACTS_READ, number, rows, [], 0]
        commit.append(orders_key(self._plan.scope, host), json.dumps(loaded).encode())
        await commit.run()
        await self._ring(self._actor_of[host])
        return {**shown(stored.document), "metadata": order["metadata"]}

    async def _direct_campaign(self, account: str, order: Document) -> int:
        """The campaign of the account's calls that are alike in whom they lead to, by which trunk and for how long."""
        taker: str | None = None
        queue_id = order["queue_id"]
        most = 0
        if order["agent_id"] is not None:
            agent = await self._roster.agent_document(account, order["agent_id"])
            taker, most = await self._roster.voice_agent(account, agent), agent["max_concurrency"]
        elif order["flow_id"] is not None:
            taker = await self._roster.follower(account, None, order["flow_id"])
        elif queue_id is not None:
            await self._roster.queue(account, queue_id)
        facts = direct_facts(order, taker, queue_id, most)
        key = f"{DIRECT}:{account}:{taker}:{most}:{queue_id}:{order['trunk']}:{order['dial_timeout_s']}"
        known = await self._directory.number_of("campaign", key)
        if known is not None:
            return known
        number = await self._directory.add("campaign", key, account, facts)
        admission = StoreAdmission(self._client, self._plan.scope, account)
        await admission.configure_campaign(number, max_concurrency=most)
        await self._order(campaign_host(number), ["CampaignLaunched", number])
        return number

    async def _active(self, account: str, id: str) -> Document:
        """Its document with what is not shown. Raises NotFoundError, ConflictError."""
        stored = await self._calls.get(account, id)
        if stored is None:
            raise NotFoundError.of("Call")
        if stored.document["status"] == "ended":
            raise ConflictError(_NOT_ACTIVE)
        return stored.document

    async def end_call(self, account: str, id: str) -> Document:
        document = await self._active(account, id)
        number = document[NUMBER]
        if number is None:
            raise ConflictError("Call has not been dialled yet")
        host = calls_host(number, CALL_HOSTS)
        await self._order(host, ["HangUpRequested", number, END_CANCELLED])
        for _ in range(_WAITS):
            stored = await self._calls.get(account, id)
            if stored is not None and stored.document["status"] == "ended":
                break
            await asyncio.sleep(_WAIT_S)
        found = await self.find_call(account, id)
        assert found is not None, "calls stay"
        return found

    async def transfer(self, account: str, id: str, order: Document) -> Document:
        before = await self._active(account, id)
        number = before[NUMBER]
        if before["status"] != "in_progress" or number is None:
            raise ConflictError(_NOT_ACTIVE)
        queue = await self._roster.queue(account, order["queue_id"])
        way, fallback = WAYS.index(order["kind"]), FALLBACKS.index(order["fallback"])
        if order["briefing"]:
            await self._client.hset(briefings_key(self._plan.scope, account), id, order["briefing"])
        asked: Plain = ["TransferRequested", number, queue, way, fallback, round(order["timeout_s"] * SECOND)]
        await self._order(calls_host(number, CALL_HOSTS), asked)
        for _ in range(_WAITS):
            await asyncio.sleep(_WAIT_S)
            stored = await self._calls.get(account, id)
            assert stored is not None, "calls stay"
            if stored.document[TRANSFERS] > before[TRANSFERS]:
                return await self._transferred(account, stored, before)
            if stored.document["status"] == "ended":
                raise ConflictError(_NOT_ACTIVE)
        raise ConflictError("Call is not with a voice agent, who alone can be transferred from")

    async def _transferred(self, account: str, stored: Stored, before: Document) -> Document:
        """Raises UnavailableError where the queue has refused; who is asked still is waited for."""
        for _ in range(_WAITS):
            if stored.document["transfer"] != before["transfer"]:
                return (await self.with_metadata(account, [stored]))[0]
            if stored.document["status"] != "transferring":
                raise UnavailableError("No agents available in target queue")
            await asyncio.sleep(_WAIT_S)
            found = await self._calls.get(account, stored.document["id"])
            assert found is not None, "calls stay"
            stored = found
        raise UnavailableError("The queue has not answered yet")

    # Queues ---------------------------------------------------------------------------------------------------------

    async def availability(self, account: str, queues: Sequence[Document]) -> Sequence[Document]:
        standing = (await self._standings())[QUEUES]["queues"]
        return [
            _availability(queue, standing.get(str(await self._directory.number_of("queue", queue["id"]))))
            for queue in queues
        ]

    async def callbacks(self, account: str, queue_id: str, limit: int, after: str | None) -> Listed:
        page = await self._callbacks.page(callbacks_owner(account, queue_id), limit, after)
        return Listed([stored.document for stored in page.documents], page.after)


def _availability(queue: Document, standing: Document | None) -> Document:
    told = standing or _NO_AGENTS
    counts = told["counts"]
    return {
        "queue_id": queue["id"],
        "name": queue["name"],
        "available": counts["idle"],
        "reserved": counts["reserved"] + counts["ringing"] + counts["briefing"],
        "on_call": counts["talking"],
        "wrap_up": counts["wrap_up"],
        "paused": counts["paused"],
        "offline": counts["offline"],
        "waiting_calls": told["waiting"],
        "longest_wait_s": told["longest_wait_s"],
        "estimated_wait_s": 0.0 if counts["idle"] else None,
    }
