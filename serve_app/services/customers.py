"""Imports: a file is kept when it comes, and read by a worker that tells how far it is."""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from busyhour.adapters.valkey.documents import Commit, Document, Stored
from busyhour.adapters.valkey.jobs import Job, Jobs
from busyhour.adapters.valkey.once import Effect
from busyhour.adapters.webhooks.outbox import emit
from serve_app.errors import InvalidInputError, NotFoundError
from serve_app.platform import Platform
from serve_app.schemas.customers import ImportForm
from serve_app.services.base import StoredObjects, shown
from serve_app.services.contact_csv import Batch, batches, require_header
from serve_app.services.contacts import STATUSES, Contacts

if TYPE_CHECKING:
    from serve_app.services.campaigns import Campaigns

IMPORT: Final = "import-contacts"
MOST_ERRORS: Final = 100_000
"""Rows that the file of errors tells of; all are counted."""


class Customers(StoredObjects):
    title = "Import"

    def __init__(self, platform: Platform, jobs: Jobs, contacts: Contacts, campaigns: "Campaigns") -> None:
        super().__init__(platform, platform.collection("imports", ("status",)))
        self._jobs = jobs
        self._contacts = contacts
        self._campaigns = campaigns

    async def create(self, account: str, content: bytes, form: ImportForm, effect: Effect) -> Stored:
        """Raises InvalidInputError."""
        if form.campaign_id is not None:
            if await self._campaigns.collection.get(account, form.campaign_id) is None:
                raise InvalidInputError("campaign_id is not a campaign of this account")
        id, now = self.platform.new_id(), self.platform.now()
        path = self._path(id)
        await asyncio.to_thread(_keep, path, content)
        document: Document = {
            "id": id,
            "status": "queued",
            "rows": 0,
            **dict.fromkeys(STATUSES, 0),
            "failure": None,
            "campaign_id": form.campaign_id,
            "mode": form.mode,
            "dry_run": form.dry_run == "true",
            "errors_url": None,
            "created_at": now,
            "updated_at": now,
            "_read": 1,
        }
        try:
            await asyncio.to_thread(require_header, path)
            stored = self.collection.create(effect, account, document)
            self._jobs.add(effect, Job(IMPORT, account, id), self.platform.clock())
            effect.answer({"id": id, "status": "queued"})
            await effect.run()
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return stored

    async def errors(self, account: str, id: str) -> Path:
        """CSV of row numbers and reasons. Raises NotFoundError."""
        found = await self.find(account, id)
        path = self._errors_path(id)
        if found.document["errors_url"] is None or not path.is_file():
            raise NotFoundError.of(self.title)
        return path

    # The worker's side ----------------------------------------------------------------------------------------------

    async def work(self, job: Job) -> None:
        """Go on after the last batch that was noted: rows of one that was not are written once more."""
        stored = await self.collection.get(job.account, job.id)
        if stored is None or stored.document["status"] not in ("queued", "running"):
            await self._jobs.drop(job)
            return
        reading = batches(self._path(job.id), stored.document["_read"])
        while True:
            try:
                batch = await asyncio.to_thread(next, cast(Iterator[Batch | None], reading), None)
            except (csv.Error, UnicodeDecodeError) as broken:
                changes: Document = {"status": "failed", "failure": f"The file breaks off: {broken}"}
                break
            if batch is None:
                changes = {"status": "completed"}
                break
            stored = await self._note(job, stored, await self._written(job, stored.document, batch))
        await self._note(job, stored, changes, ends=True)
        await asyncio.to_thread(self._path(job.id).unlink, True)

    async def _written(self, job: Job, document: Document, batch: Batch) -> Document:
        """What the import comes to with one batch more."""
        counts: Counter[str] = Counter({"failed": len(batch.complaints)})
        complaints = dict(batch.complaints)
        if batch.rows and not document["dry_run"]:
            outcomes = await self._contacts.write(
                job.account, list(batch.rows.values()), document["mode"], "phone"
            )
            for number, outcome in zip(batch.rows, outcomes, strict=True):
                counts[outcome.status] += 1
                if outcome.detail:
                    complaints[number] = outcome.detail
            if document["campaign_id"] is not None:
                await self._contacts.enrol(job.account, document["campaign_id"], outcomes)
        changes: Document = {
            "status": "running",
            "rows": document["rows"] + len(batch.rows) + len(batch.complaints),
            "_read": batch.last,
        }
        for status in STATUSES:
            changes[status] = document[status] + counts[status]
        if complaints:
            if document["failed"] < MOST_ERRORS:
                begins = document["errors_url"] is None
                await asyncio.to_thread(_append, self._errors_path(job.id), complaints, begins)
            changes["errors_url"] = f"/api/voice/customers/imports/{job.id}/errors"
        return changes

    async def _note(self, job: Job, before: Stored, changes: Document, ends: bool = False) -> Stored:
        def finish(commit: Commit, _: Stored, document: Document) -> None:
            if ends:
                self._jobs.finish(commit, job)
                event = {"import": shown(document), "mode": "live"}
                emit(
                    commit,
                    self.platform.new_id(),
                    job.account,
                    "import.completed",
                    self.platform.now(),
                    event,
                )

        def begin() -> Commit:
            return Commit(self.platform.client, self.platform.scope)

        return await self.change(job.account, before, lambda document: {**document, **changes}, begin, finish)

    def _path(self, id: str) -> Path:
        return self.platform.files / "imports" / f"{id}.csv"

    def _errors_path(self, id: str) -> Path:
        return self.platform.files / "imports" / f"{id}.errors.csv"


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _append(path: Path, complaints: dict[int, str], begins: bool) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    if begins:
        writer.writerow(["row", "reason"])
    writer.writerows(sorted(complaints.items()))
    with path.open("w" if begins else "a", encoding="utf-8", newline="") as file:
        file.write(text.getvalue())
