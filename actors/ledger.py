"""The actor that keeps what the API reads: calls, how far contacts are, and the events that webhooks are told.

Each batch is one commit, together with the numbers of what was received in it, so that every change is written once,
whatever crashes; a ledger that was succeeded finds that these numbers are not what it thinks, and reads them anew.
"""

import asyncio
import contextlib
import json
import logging
import os
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, cast

from redis.exceptions import RedisError

from actors.call_documents import DIRECT, NUMBER, SEQUENCE, Book, begun, call_id, event_name, told
from actors.closing import standing_key
from actors.doctor import Facts, Patient
from actors.platform_plan import PlatformPlan
from actors.post import RETRY_S, Answer, Batch
from busyhour.adapters.identifiers import new_id
from busyhour.adapters.times import written
from busyhour.adapters.valkey.admission import StoreAdmission
from busyhour.adapters.valkey.contacts import AccountContacts
from busyhour.adapters.valkey.directory import Directory, Record
from busyhour.adapters.valkey.documents import (
    Collection,
    Commit,
    CommitRefusedError,
    Document,
    Stored,
    packed,
)
from busyhour.adapters.valkey.enrolment import COMPLETED as CONTACT_COMPLETED
from busyhour.adapters.valkey.enrolment import EXHAUSTED, WAITING, Enrolment, Progress
from busyhour.adapters.webhooks.outbox import emit
from busyhour.chronicle import CALL, CAMPAIGN, CONTACT, GIVEN_UP, LEDGER, REACHED
from busyhour.core.call import Call
from busyhour.core.call_states import ENDED
from busyhour.core.campaign import COMPLETED, STOPPED
from busyhour.core.disposition import DISPOSITIONS
from busyhour.core.ids import ABSENT, MILLISECOND, Instant
from busyhour.core.snapshots import call_of_facts
from busyhour.core.transfer import BRIDGED, FAILED, HANDED_OFF, RESERVED, TRANSFER_STATES
from busyhour.host import ROW
from busyhour.outbox import Plain

CALLS_INDEXED: Final = ("campaign_id", "contact_id", "status")
CALLBACKS: Final = "callbacks"
TELL_EVERY_S: Final = 0.5
HANDED_OFF_NAME: Final = TRANSFER_STATES[HANDED_OFF]
_TRANSFER_EVENTS: Final = {
    TRANSFER_STATES[RESERVED]: "call.transfer.reserved",
    TRANSFER_STATES[BRIDGED]: "call.transfer.bridged",
    TRANSFER_STATES[FAILED]: "call.transfer.failed",
    HANDED_OFF_NAME: "call.handoff_queued",
}
MODE: Final = "simulated"
"""Of what happened on trunks that are simulated, which all are as yet."""

log = logging.getLogger("busyhour.live")


def received_key(scope: str) -> str:
    """The hash of senders to the number of the latest that was written."""
    return f"{{{scope}}}:ledger:received"


def direct_key(scope: str, campaign: int) -> str:
    """The hash of the contacts of a campaign of single calls to the ids of these calls."""
    return f"{{{scope}}}:direct:{campaign}"


def call_events_key(scope: str, call_id: str) -> str:
    return f"{{{scope}}}:call-events:{call_id}"


def callbacks_owner(account: str, queue_id: str) -> str:
    """Under which the callbacks of a queue are kept."""
    return f"{account}:{queue_id}"


def transcripts_key(scope: str, account: str) -> str:
    """The hash of the account's calls to what was said in them."""
    return f"{{{scope}}}:call-transcripts:{account}"


def briefings_key(scope: str, account: str) -> str:
    """The hash of the account's calls to what a person who takes one is to know of it."""
    return f"{{{scope}}}:call-briefings:{account}"


def metadata_key(scope: str, account: str) -> str:
    """The hash of the account's calls to what was written to them."""
    return f"{{{scope}}}:call-metadata:{account}"


class Ledger:
    """Takes what hosts tell, at least once each, and writes each once."""

    def __init__(self, plan: PlatformPlan, client: Any) -> None:
        self.plan = plan
        self.counts: Counter[str] = Counter()
        self.stopped = False
        self.store_answers = True
        self._client = client
        self._patient = Patient(client, plan.scope, self.facts)
        self._directory = Directory(client, plan.scope)
        self._calls = Collection(client, plan.scope, "calls", CALLS_INDEXED)
        self._campaigns = Collection(client, plan.scope, "campaigns", ("state",))
        self._callbacks = Collection(client, plan.scope, CALLBACKS)
        self._admission = StoreAdmission(client, plan.scope)
        self._book = Book(list(plan.trunks))
        self._received: dict[str, int] = {}
        self._alive: dict[int, Stored] = {}
        """Call → its document, of those that have not ended."""
        self._writing = asyncio.Lock()

    async def activate(self) -> None:
        """Raises RedisError."""
        await self._look_up()

    async def begin(self) -> None:
        """Raises UnconfiguredError where the clock has not been started."""
        await self._admission.now()

    async def run(self) -> None:
        """Tells that it is there until `close`."""
        while not self.stopped:
            with contextlib.suppress(RedisError, OSError):
                standing = {"at": await self._admission.now()}
                await self._client.hset(standing_key(self.plan.scope), LEDGER, json.dumps(standing))
                await self._patient.answer()
            await asyncio.sleep(TELL_EVERY_S)

    async def _look_up(self) -> None:
        """What was written, by whomever."""
        every = await self._client.hgetall(received_key(self.plan.scope))
        self._received = {sender.decode(): int(number) for sender, number in every.items()}
        self._alive.clear()

    async def deliver(self, batch: Batch) -> Answer:
        """Answered for when it is written. Raises RedisError."""
        async with self._writing:
            while True:
                try:
                    await self._write(batch)
                    break
                except CommitRefusedError as refused:
                    log.info("the ledger writes anew: %s", refused)
                    await self._look_up()
                    await asyncio.sleep(RETRY_S)
        return [(LEDGER, sender, self._received.get(sender, 0)) for _, sender, _ in batch], False

    async def _write(self, batch: Batch) -> None:
        news = {sender: self._news(sender, messages) for _, sender, messages in batch}
        news = {sender: messages for sender, messages in news.items() if messages}
        if not news:
            return
        if await self._directory.length() > self._book.known:
            self._book.read(await self._directory.read(self._book.known))
        commit = Commit(self._client, self.plan.scope)
        key = received_key(self.plan.scope)
        page = _Page(self, commit)
        for sender, messages in news.items():
            before = self._received.get(sender, 0)
            if before:
                commit.when_same("received", key, sender, str(before).encode())
            else:
                commit.when_absent("received", key, sender)
            commit.put(key, sender, str(before + len(messages)).encode())
            for message in messages:
                await page.add(message)
        await page.close()
        await commit.run()
        for sender, messages in news.items():
            self._received[sender] = self._received.get(sender, 0) + len(messages)
            self.counts["changes"] += len(messages)
        page.written()

    def _news(self, sender: str, messages: list[tuple[int, Plain]]) -> list[Plain]:
        """Those that are not written yet, in their order, up to the first that is missing."""
        next_number = self._received.get(sender, 0) + 1
        news: list[Plain] = []
        for number, plain in messages:
            if number == next_number:
                news.append(plain)
                next_number += 1
        return news

    # What a page of changes needs -----------------------------------------------------------------------------------

    @property
    def book(self) -> Book:
        return self._book

    @property
    def calls(self) -> Collection:
        return self._calls

    @property
    def callbacks(self) -> Collection:
        return self._callbacks

    @property
    def alive(self) -> dict[int, Stored]:
        return self._alive

    def enrolment(self, record: Record) -> Enrolment:
        contacts = AccountContacts(self._client, self.plan.scope, record.account)
        return Enrolment(self._client, contacts, record.key)

    async def contact_id(self, account: str, number: int) -> str | None:
        """None for one that has been deleted."""
        found = await AccountContacts(self._client, self.plan.scope, account).numbered([number])
        return found[0].id if found else None

    async def campaign(self, account: str, id: str) -> Stored | None:
        return await self._campaigns.get(account, id)

    def change_campaign(self, commit: Commit, account: str, before: Stored, document: Document) -> None:
        self._campaigns.change(commit, account, before, document)

    async def direct_id(self, campaign: int, contact: int) -> str:
        return (await self._client.hget(direct_key(self.plan.scope, campaign), str(contact))).decode()

    async def briefing(self, account: str, id: str) -> str | None:
        raw = await self._client.hget(briefings_key(self.plan.scope, account), id)
        return None if raw is None else raw.decode()

    async def metadata(self, account: str, id: str) -> Document:
        raw = await self._client.hget(metadata_key(self.plan.scope, account), id)
        return {} if raw is None else json.loads(raw)

    # What somebody asks ---------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        return {
            "actor": LEDGER,
            "pid": os.getpid(),
            "store_answers": self.store_answers,
            "counts": dict(self.counts),
        }

    def facts(self) -> Facts:
        """For the doctor."""
        return Facts(LEDGER, store_answers=self.store_answers)

    def close(self) -> None:
        self.stopped = True


class _Page:
    """The changes of one commit; a call that changes more than once in it is written as it is at last."""

    def __init__(self, ledger: Ledger, commit: Commit) -> None:
        self._ledger = ledger
        self._commit = commit
        self._before: dict[int, Stored | None] = {}
        self._after: dict[int, tuple[str, Document]] = {}
        """Call → its account and its document."""
        self._stored: dict[int, Stored] = {}
        self._turns: dict[int, list[Document]] = {}
        """Call → what was said in it."""

    async def add(self, message: Plain) -> None:
        kind = message[0]
        if kind == CALL:
            await self._call(cast("int", message[1]), call_of_facts(message[2]))
        elif kind == ROW:
            call = call_of_facts(message[1])
            if len(message) > 3:
                self._turns[call.id] = cast("list[Document]", message[3])
            await self._call(call.ended_at, call)
        elif kind == CAMPAIGN:
            await self._campaign(*cast("list[int]", message[1:]))
        elif kind == CONTACT:
            await self._contact(*cast("list[int]", message[1:]))

    async def _call(self, at: Instant, call: Call) -> None:
        ledger, commit = self._ledger, self._commit
        account, document = self._after.get(call.id) or await self._known(call)
        was_answered = document["answered_at"] is not None
        before = document["transfer"]
        document = told(document, call, ledger.book)
        event = {"at": written(at), "type": event_name(call)}
        commit.append(call_events_key(commit.scope, document["id"]), packed(event))
        if call.answered_at != ABSENT and not was_answered:
            document = await self._tell(account, "call.started", document, at)
        transfer = document["transfer"]
        if transfer is not None and transfer != before and transfer["state"] in _TRANSFER_EVENTS:
            document = await self._tell(account, _TRANSFER_EVENTS[transfer["state"]], document, at)
            if transfer["state"] == HANDED_OFF_NAME:
                await self._hand_off(account, document, at)
        if call.state == ENDED:
            document = await self._tell(account, "call.ended", document, at)
        self._after[call.id] = account, document

    async def _known(self, call: Call) -> tuple[str, Document]:
        """The account, and the document as it was written last, or that of a call nobody has told of yet."""
        ledger = self._ledger
        record = ledger.book.campaign(call.campaign)
        stored = ledger.alive.get(call.id)
        if stored is None:
            if record.facts[DIRECT]:
                id = await ledger.direct_id(call.campaign, call.contact)
            else:
                id = call_id(call)
            stored = await ledger.calls.get(record.account, id)
        self._before[call.id] = stored
        if stored is not None:
            return record.account, stored.document
        contact_id = await ledger.contact_id(record.account, call.contact)
        return record.account, begun(call, ledger.book, contact_id)

    async def _hand_off(self, account: str, document: Document, at: Instant) -> None:
        """Somebody is to call back."""
        queue = document["transfer"]["queue_id"]
        callback: Document = {
            "id": document["transfer"]["id"],
            "queue_id": queue,
            "call_id": document["id"],
            "contact_id": document["contact_id"],
            "phone": document["to"],
            "briefing": await self._ledger.briefing(account, document["id"]),
            "created_at": written(at),
        }
        self._ledger.callbacks.create(self._commit, callbacks_owner(account, queue), callback)

    async def _tell(self, account: str, type: str, document: Document, at: Instant) -> Document:
        sequence = document[SEQUENCE] + 1
        shown = _shown(document)
        shown["metadata"] = await self._ledger.metadata(account, document["id"])
        if type == "call.ended":
            turns = self._turns.get(document[NUMBER], [])
            shown["transcript"] = turns
            if turns:
                key = transcripts_key(self._commit.scope, account)
                self._commit.put(key, document["id"], packed({"turns": turns}))
        facts = {"call": shown, "sequence": sequence, "mode": MODE}
        emit(self._commit, new_id(at), account, type, written(at), facts)
        return {**document, SEQUENCE: sequence}

    async def _campaign(self, at: Instant, number: int, state: int) -> None:
        """What became of it by itself; what it was told is in its document already."""
        ledger, record = self._ledger, self._ledger.book.campaign(number)
        names: Mapping[int, str] = {COMPLETED: "completed", STOPPED: "stopped"}
        if record.facts[DIRECT] or state not in names:
            return
        before = await ledger.campaign(record.account, record.key)
        if before is None:
            return
        ended = {"state": names[state], "ended_at": written(at), "updated_at": written(at)}
        document = {**before.document, **ended}
        ledger.change_campaign(self._commit, record.account, before, document)
        facts = {"campaign": _shown(document), "mode": MODE}
        emit(self._commit, new_id(at), record.account, f"campaign.{names[state]}", written(at), facts)

    async def _contact(
        self, at: Instant, campaign: int, contact: int, attempts: int, outcome: int, disposition: int
    ) -> None:
        record = self._ledger.book.campaign(campaign)
        if record.facts[DIRECT]:
            return
        status = {REACHED: CONTACT_COMPLETED, GIVEN_UP: EXHAUSTED}.get(outcome, WAITING)
        progress = Progress(contact, status, attempts, disposition, at // MILLISECOND)
        # What holds of a contact may be written again; it need not be one step with the rest.
        await self._ledger.enrolment(record).record([progress])
        if outcome == GIVEN_UP:
            facts = {
                "campaign_id": record.key,
                "contact_id": await self._ledger.contact_id(record.account, contact),
                "attempts": attempts,
                "last_disposition": DISPOSITIONS[disposition],
                "mode": MODE,
            }
            emit(self._commit, new_id(at), record.account, "contact.exhausted", written(at), facts)

    async def close(self) -> None:
        """Everything that there is has been added."""
        for call, (account, document) in self._after.items():
            before = self._before[call]
            if before is None:
                self._stored[call] = self._ledger.calls.create(self._commit, account, document)
            else:
                self._stored[call] = self._ledger.calls.change(self._commit, account, before, document)

    def written(self) -> None:
        """The commit is durable."""
        for call, stored in self._stored.items():
            if stored.document["status"] == "ended":
                self._ledger.alive.pop(call, None)
            else:
                self._ledger.alive[call] = stored


def _shown(document: Document) -> Document:
    """What its account may see of it."""
    return {name: value for name, value in document.items() if not name.startswith("_")}
