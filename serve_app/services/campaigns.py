"""Campaigns as they are wanted. The document says the state that is wanted, and the runtime makes it so; where there is
none, nothing changes.

Every change of a campaign that concerns the runtime is committed together with a job: whoever made it tells the runtime
and takes the job off, and where he has died before, another does. The same job is due when the campaign's schedule says
that it begins or ends.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from busyhour.adapters import times
from busyhour.adapters.valkey.documents import Commit, Document, Stored
from busyhour.adapters.valkey.jobs import Job, Jobs
from busyhour.adapters.valkey.once import Effect
from busyhour.adapters.webhooks.outbox import emit
from busyhour.core.ids import SECOND, Instant
from serve_app.enrolments import Enrolments
from serve_app.errors import ConflictError, InvalidInputError, UnavailableError
from serve_app.platform import Platform
from serve_app.runtime import Listed, Runtime
from serve_app.schemas.campaigns import CampaignPatch, Enrolment, NewCampaign, Schedule
from serve_app.services.base import StoredObjects, answered, patched, require_trunk, shown

if TYPE_CHECKING:
    from serve_app.services.agents import Agents
    from serve_app.services.flows import Flows
    from serve_app.services.queues import Queues

log = logging.getLogger(__name__)

ALIVE: Final = ("running", "paused", "stopping")
"""States in which calls of it may be on."""
OPEN: Final = ("running", "paused")
"""States of which calls are begun, or will be again."""
CAMPAIGN: Final = "campaign"
"""The kind of job."""
_GRACE: Final = 5 * SECOND
"""Within it whoever has changed a campaign tells the runtime himself."""
_NOTHING_ON: Final = {"cancelled_queued": 0, "cancelled_ringing": 0, "draining": 0}
_IN_FLIGHT: Final = "_in_flight"
"""Of a document: what was to become of calls when it was stopped."""


class Campaigns(StoredObjects):
    title = "Campaign"

    def __init__(
        self,
        platform: Platform,
        runtime: Runtime,
        turns: Jobs,
        enrolments: Enrolments,
        agents: "Agents",
        queues: "Queues",
        flows: "Flows",
    ) -> None:
        super().__init__(platform, platform.collection("campaigns", ("state",)))
        self._runtime = runtime
        self._turns = turns
        self._enrolments = enrolments
        self._agents = agents
        self._queues = queues
        self._flows = flows

    async def create(self, account: str, new: NewCampaign, effect: Effect) -> Stored:
        """Raises InvalidInputError."""
        now = self.platform.now()
        document: Document = {
            "id": self.platform.new_id(),
            **new.model_dump(),
            "state": "draft",
            "flow_version": None,
            "stats": None,
            "created_at": now,
            "updated_at": now,
            "launched_at": None,
            "ended_at": None,
        }
        await self._require_references(account, document)
        stored = self.collection.create(effect, account, document)
        answered(effect, stored)
        await effect.run()
        return stored

    async def patch(
        self,
        account: str,
        before: Stored,
        patch: CampaignPatch,
        begin: Callable[[], Commit],
        require: Callable[[Stored], None],
    ) -> Stored:
        """Raises InvalidInputError; a running campaign takes what changes, its people and its trunk excepted."""
        sent = patch.model_dump(exclude_unset=True)
        await self._require_references(account, sent)

        def allow(stored: Stored) -> None:
            require(stored)
            moved = [name for name in ("agent_id", "queue_id", "trunk") if name in sent]
            if moved and stored.document["launched_at"] is not None:
                raise ConflictError(f"{moved[0]} can't change once the campaign has been launched")

        def edit(document: Document) -> Document:
            after = patched(document, patch)
            _require_order(after["schedule"])
            return after

        def prepare(commit: Commit, _: Stored, document: Document) -> None:
            if document["state"] in (*ALIVE, "scheduled"):
                self._plan(commit, account, document)

        after = await self.change(account, before, edit, begin, prepare, allow)
        if after.document["state"] in ALIVE:
            await self._runtime.change(account, after.document)
        await self._told(account, after.document)
        return after

    async def delete(self, account: str, before: Stored, commit: Commit) -> None:
        """Raises ConflictError while calls of it may be on."""
        if before.document["state"] in ALIVE:
            raise ConflictError(f"Campaign is {before.document['state']}; stop it first")
        await super().delete(account, before, commit)
        await self._enrolments.drop(account, before.document["id"])

    async def with_stats(self, account: str, campaign: Document) -> Document:
        """As it is shown; `stats` are null while there is no runtime."""
        try:
            stats = await self._runtime.campaign_stats(account, campaign)
        except UnavailableError:
            stats = None
        return {**shown(campaign), "stats": stats}

    # Contacts -------------------------------------------------------------------------------------------------------

    async def enrol(self, account: str, campaign: Document, who: Enrolment) -> Document:
        if who.tag is not None:
            return await self._enrolments.enrol_tagged(account, campaign["id"], who.tag)
        return await self._enrolments.enrol(account, campaign["id"], who.contact_ids or ())

    async def progress(
        self, account: str, campaign: Document, status: str | None, limit: int, after: str | None
    ) -> Listed:
        return await self._enrolments.progress(account, campaign["id"], status, limit, after)

    # Its life -------------------------------------------------------------------------------------------------------

    async def dry_run(self, account: str, campaign: Document) -> Document:
        """Raises InvalidInputError, UnavailableError."""
        await self._require_contacts(account, campaign)
        return await self._runtime.callable_counts(account, campaign)

    async def launch(self, account: str, before: Stored, begin: Callable[[], Effect]) -> Stored:
        """Running, or scheduled where it starts later. Raises InvalidInputError, ConflictError, UnavailableError."""
        await self._require_contacts(account, before.document)
        require_trunk(self._runtime, before.document["trunk"])

        def require(stored: Stored) -> None:
            state = stored.document["state"]
            if state in ALIVE:
                raise ConflictError("Campaign is already running")
            if state == "completed":
                raise ConflictError("Campaign is completed")

        require(before)
        await self._runtime.open()
        now = self.platform.clock()
        if _is_past(before.document["schedule"]["end_at"], now):
            raise InvalidInputError("schedule.end_at must be in the future")
        start_at = before.document["schedule"]["start_at"]
        if start_at is None or _is_past(start_at, now):
            return await self._start(account, before, begin, require)
        await self._flow_version(account, before.document)
        after = await self._turn(account, before, {"state": "scheduled"}, "", begin, require)
        await self._told(account, after.document)
        return after

    async def _start(
        self,
        account: str,
        before: Stored,
        begin: Callable[[], Commit],
        require: Callable[[Stored], None],
    ) -> Stored:
        """Raises InvalidInputError."""
        changes: Document = {
            "state": "running",
            "flow_version": await self._flow_version(account, before.document),
            "launched_at": self.platform.now(),
            "ended_at": None,
        }
        after = await self._turn(account, before, changes, "campaign.launched", begin, require)
        await self._runtime.launch(account, after.document)
        await self._told(account, after.document)
        return after

    async def pause(self, account: str, before: Stored, begin: Callable[[], Effect]) -> Stored:
        """Raises ConflictError, UnavailableError."""
        require = _require_state("running", "Campaign is not running")
        require(before)
        await self._runtime.ready()
        after = await self._turn(account, before, {"state": "paused"}, "campaign.paused", begin, require)
        await self._runtime.pause(account, after.document)
        await self._told(account, after.document)
        return after

    async def resume(self, account: str, before: Stored, begin: Callable[[], Effect]) -> Stored:
        """Raises ConflictError, UnavailableError."""
        require = _require_state("paused", "Campaign is not paused")
        require(before)
        await self._runtime.open()
        after = await self._turn(account, before, {"state": "running"}, "campaign.resumed", begin, require)
        await self._runtime.resume(account, after.document)
        await self._told(account, after.document)
        return after

    async def stop(
        self, account: str, before: Stored, in_flight: str, begin: Callable[[], Commit]
    ) -> tuple[Stored, Document]:
        """And what became of calls; one that is scheduled has none. Raises ConflictError, UnavailableError."""
        if before.document["state"] == "scheduled":
            after = await self._end(account, before, begin, _require_state("scheduled", "Campaign has begun"))
            return after, dict(_NOTHING_ON)

        def require(stored: Stored) -> None:
            if stored.document["state"] not in OPEN:
                raise ConflictError("Campaign is not running")

        require(before)
        await self._runtime.ready()
        changes: Document = {"state": "stopping", _IN_FLIGHT: in_flight}
        after = await self._turn(account, before, changes, "", begin, require)
        counts = await self._runtime.stop(account, after.document, in_flight)
        await self._told(account, after.document)
        return after, counts

    async def _end(
        self,
        account: str,
        before: Stored,
        begin: Callable[[], Commit],
        require: Callable[[Stored], None],
    ) -> Stored:
        """Stopped, without a call."""
        changes: Document = {"state": "stopped", "ended_at": self.platform.now()}
        after = await self._turn(account, before, changes, "campaign.stopped", begin, require)
        await self._told(account, after.document)
        return after

    # What is due ----------------------------------------------------------------------------------------------------

    async def work(self, job: Job) -> None:
        """Have it begin or end as its schedule says, or tell the runtime what nobody may have told it."""
        stored = await self.collection.get(job.account, job.id)
        if stored is None:
            await self._turns.drop(job)
            return
        state, schedule = stored.document["state"], stored.document["schedule"]
        now = self.platform.clock()
        if state == "scheduled" and _is_past(schedule["end_at"], now):
            await self._end(job.account, stored, self._commit, _require_state(state, "Campaign has begun"))
        elif state == "scheduled" and (schedule["start_at"] is None or _is_past(schedule["start_at"], now)):
            await self._begin(job.account, stored)
        elif state in OPEN and _is_past(schedule["end_at"], now):
            await self.stop(job.account, stored, "drain", self._commit)
        else:
            await self._tell_again(job.account, stored)
            await self._told(job.account, stored.document)

    async def _begin(self, account: str, stored: Stored) -> None:
        """What it needs may have gone since it was launched. Raises UnavailableError."""
        await self._runtime.open()
        require = _require_state("scheduled", "Campaign has begun")
        try:
            await self._start(account, stored, self._commit, require)
        except InvalidInputError as missing:
            log.warning("a scheduled campaign can't begin: %s", missing.detail)
            await self._end(account, stored, self._commit, require)

    async def _tell_again(self, account: str, stored: Stored) -> None:
        """What has been told already changes nothing."""
        document = stored.document
        state = document["state"]
        if state in OPEN:
            await self._runtime.launch(account, document)
            await (self._runtime.resume if state == "running" else self._runtime.pause)(account, document)
        elif state == "stopping":
            began = (await self._runtime.campaign_stats(account, document))["state"] != "draft"
            if began:
                await self._runtime.stop(account, document, document[_IN_FLIGHT])
            else:
                await self._end(account, stored, self._commit, _require_state(state, "Campaign has ended"))

    def _commit(self) -> Commit:
        return Commit(self.platform.client, self.platform.scope)

    def _plan(self, commit: Commit, account: str, document: Document) -> None:
        """Somebody else is to look at it, unless whoever changes it is done before."""
        self._turns.add(commit, Job(CAMPAIGN, account, document["id"]), self.platform.clock() + _GRACE)

    async def _told(self, account: str, document: Document) -> None:
        """The runtime knows; what remains is the schedule."""
        schedule = document["schedule"]
        until = {
            "scheduled": schedule["start_at"],
            "running": schedule["end_at"],
            "paused": schedule["end_at"],
        }
        due = until.get(document["state"])
        commit = self._commit()
        job = Job(CAMPAIGN, account, document["id"])
        if document["state"] == "scheduled":
            self._turns.add(commit, job, self.platform.clock() if due is None else times.read(due))
        elif due is not None:
            self._turns.add(commit, job, times.read(due))
        else:
            self._turns.finish(commit, job)
        await commit.run()

    async def stats(self, account: str, campaign: Document) -> Document:
        """Raises UnavailableError."""
        return await self._runtime.campaign_stats(account, campaign)

    async def forecast(self, account: str, campaign: Document) -> Document:
        """Raises UnavailableError."""
        return await self._runtime.forecast(account, campaign)

    async def _turn(
        self,
        account: str,
        before: Stored,
        changes: Document,
        event: str,
        begin: Callable[[], Commit],
        require: Callable[[Stored], None],
    ) -> Stored:
        """Its state, and in the same step the event of it and the job to tell the runtime."""

        def tell(commit: Commit, _: Stored, document: Document) -> None:
            self._plan(commit, account, document)
            if event:
                facts = {"campaign": shown(document), "mode": "live"}
                emit(commit, self.platform.new_id(), account, event, self.platform.now(), facts)

        return await self.change(
            account, before, lambda document: {**document, **changes}, begin, tell, require
        )

    async def _flow_version(self, account: str, campaign: Document) -> int | None:
        """Of the flow that its voice agent follows now."""
        if campaign["agent_id"] is None:
            return None
        agent = await self._agents.collection.get(account, campaign["agent_id"])
        if agent is None:
            raise InvalidInputError("agent_id is not a voice agent of this account")
        flow = await self._flows.collection.get(account, agent.document["flow_id"])
        if flow is None:
            raise InvalidInputError("The flow of its voice agent does not exist any more")
        return flow.document["version"]

    async def _require_contacts(self, account: str, campaign: Document) -> None:
        if await self._enrolments.count(account, campaign["id"]) == 0:
            raise InvalidInputError("Campaign has no contacts")

    async def _require_references(self, account: str, document: Document) -> None:
        """Raises InvalidInputError."""
        if "trunk" in document:
            require_trunk(self._runtime, document["trunk"])
        agent_id, queue_id = document.get("agent_id"), document.get("queue_id")
        if agent_id is not None:
            agent = await self._agents.collection.get(account, agent_id)
            if agent is None or agent.document["kind"] != "voice":
                raise InvalidInputError("agent_id is not a voice agent of this account")
        if queue_id is not None and await self._queues.collection.get(account, queue_id) is None:
            raise InvalidInputError("queue_id is not a queue of this account")


def _require_state(state: str, otherwise: str) -> Callable[[Stored], None]:
    def require(stored: Stored) -> None:
        if stored.document["state"] != state:
            raise ConflictError(otherwise)

    return require


def _is_past(time: str | None, now: Instant) -> bool:
    return time is not None and times.read(time) <= now


def _require_order(schedule: Document) -> None:
    """Of what a patch and what was there come to together."""
    try:
        Schedule.model_validate(schedule)
    except ValidationError:
        raise InvalidInputError("schedule must end after it starts") from None
