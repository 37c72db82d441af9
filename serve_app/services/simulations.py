"""Simulations: checked when they come, run one after another in processes of their own."""

import asyncio
import json
import logging
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from busyhour.adapters.valkey.documents import Commit, CommitRefusedError, Document, Stored
from busyhour.adapters.valkey.jobs import Job, Jobs
from busyhour.adapters.valkey.once import Effect
from serve_app.errors import ConflictError, InvalidInputError, NotFoundError
from serve_app.platform import Platform
from serve_app.services.base import StoredObjects, answered
from simulation.scenario import Scenario, ScenarioError, loads

log = logging.getLogger(__name__)

SIMULATE: Final = "simulate"
MOST: Final = 200
"""Of one account that are kept."""
MODULE: Final = "serve_app.simulation_process"
_LAST_LINES: Final = 2_000


class Simulations(StoredObjects):
    title = "Simulation"

    def __init__(self, platform: Platform, jobs: Jobs) -> None:
        super().__init__(platform, platform.collection("simulations", ("status",)))
        self._jobs = jobs

    async def create(self, account: str, text: str, effect: Effect) -> Stored:
        """Raises InvalidInputError, ConflictError."""
        id, now = self.platform.new_id(), self.platform.now()
        folder = self._folder(id)
        await asyncio.to_thread(folder.mkdir, parents=True)
        try:
            scenario = await asyncio.to_thread(_checked, text, folder)
            await asyncio.to_thread((folder / "scenario.yaml").write_text, text, "utf-8")
            document: Document = {
                "id": id,
                "name": scenario.name,
                "status": "queued",
                "progress": 0.0,
                "calls": 0,
                "failure": None,
                "created_at": now,
                "updated_at": now,
            }
            effect.when_fewer("count", self.collection.documents_key(account), MOST)
            stored = self.collection.create(effect, account, document)
            self._jobs.add(effect, Job(SIMULATE, account, id), self.platform.clock())
            answered(effect, stored)
            await effect.run()
        except BaseException as error:
            await asyncio.to_thread(shutil.rmtree, folder, True)
            if isinstance(error, CommitRefusedError) and error.condition == "count":
                raise ConflictError(f"An account keeps at most {MOST} simulations; delete one") from None
            raise
        return stored

    async def summary(self, simulation: Document) -> Any:
        """None before it is completed."""
        if simulation["status"] != "completed":
            return None
        path = self._folder(simulation["id"]) / "out" / "summary.json"
        return json.loads(await asyncio.to_thread(path.read_text, "utf-8"))

    async def result(self, account: str, id: str, name: str) -> Path:
        """A file that a completed one has left. Raises NotFoundError, ConflictError."""
        simulation = (await self.find(account, id)).document
        if simulation["status"] != "completed":
            raise ConflictError(f"Simulation is {simulation['status']}")
        path = self._folder(id) / "out" / name
        if not path.is_file():
            raise NotFoundError.of(self.title)
        return path

    async def delete(self, account: str, before: Stored, commit: Commit) -> None:
        """One that runs is stopped by its worker, which sees that it is gone."""
        await super().delete(account, before, commit)
        await asyncio.to_thread(shutil.rmtree, self._folder(before.document["id"]), True)

    # The worker's side ----------------------------------------------------------------------------------------------

    async def work(self, job: Job) -> None:
        """Run it, and keep telling how far it is."""
        simulation = await self.collection.get(job.account, job.id)
        if simulation is None or simulation.document["status"] not in ("queued", "running"):
            await self._jobs.drop(job)
            return
        folder = self._folder(job.id)
        out = folder / "out"
        await asyncio.to_thread(shutil.rmtree, out, True)
        await asyncio.to_thread(out.mkdir)
        with (folder / "errors.txt").open("wb") as complaints:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                MODULE,
                str(folder / "scenario.yaml"),
                str(out),
                stdout=asyncio.subprocess.PIPE,
                stderr=complaints,
            )
            try:
                await self._follow(job, process)
                code = await process.wait()
            except NotFoundError:
                await self._jobs.drop(job)
                return
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        changes: Document = {"status": "completed", "progress": 1.0}
        if code != 0:
            changes = {"status": "failed", "failure": await asyncio.to_thread(_last_words, folder)}
        await self._note(job, changes, ends=True)

    async def _follow(self, job: Job, process: asyncio.subprocess.Process) -> None:
        """Raises NotFoundError when it was deleted meanwhile."""
        assert process.stdout is not None
        await self._note(job, {"status": "running"})
        async for line in process.stdout:
            told = json.loads(line)
            await self._note(job, {"progress": told["share"], "calls": told["calls"]})

    async def _note(self, job: Job, changes: Document, ends: bool = False) -> None:
        """Raises NotFoundError."""

        def finish(commit: Commit, _: Stored, __: Document) -> None:
            if ends:
                self._jobs.finish(commit, job)

        def begin() -> Commit:
            return Commit(self.platform.client, self.platform.scope)

        simulation = await self.find(job.account, job.id)
        await self.change(job.account, simulation, lambda document: {**document, **changes}, begin, finish)

    def _folder(self, id: str) -> Path:
        return self.platform.files / "simulations" / id


def _checked(text: str, folder: Path) -> Scenario:
    """Raises InvalidInputError with the first problem."""
    try:
        return loads(text, "scenario", folder)
    except ScenarioError as error:
        raise InvalidInputError(str(error).splitlines()[0]) from None


def _last_words(folder: Path) -> str:
    """A sentence of what a process that failed has printed; the whole stays in its folder."""
    lines = (folder / "errors.txt").read_text("utf-8", "replace")[-_LAST_LINES:].strip().splitlines()
    log.warning("a simulation failed", extra={"said": lines[-1:]})
    if lines and "MemoryError" in lines[-1]:
        return "The simulation needs more memory than it may have"
    if not lines:
        return "The simulation took longer than it may, or was stopped"
    return "The simulation failed on our side"
