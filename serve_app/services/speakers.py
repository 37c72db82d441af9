"""Speakers: samples are measured when they come, and a deploy makes a voice of what was measured."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from busyhour.adapters.speech.audio import BadAudioError, Measures, measure, read_wav
from busyhour.adapters.speech.engine import SpeechEngine, SpeechFailedError
from busyhour.adapters.valkey.documents import Commit, CommitRefusedError, Document, Stored, packed
from busyhour.adapters.valkey.jobs import Job, Jobs
from busyhour.adapters.valkey.once import Effect
from busyhour.adapters.webhooks.outbox import emit
from serve_app.errors import ConflictError, InvalidInputError, NotFoundError
from serve_app.platform import Platform
from serve_app.schemas.speakers import NewSpeaker
from serve_app.services.base import StoredObjects, shown

DEPLOY: Final = "deploy-speaker"
LEAST_S: Final = 10.0
TEST_SENTENCE: Final = "Hello, and thank you for calling. How can I help you today?"
MOST_SAMPLES: Final = 5_000
_NO_DATASET: Final[Document] = {
    "samples": 0,
    "duration_s": 0.0,
    "level_dbfs": None,
    "peak_dbfs": None,
    "noise_floor_dbfs": None,
    "clipping": None,
    "pitch_hz": None,
    "words_per_minute": None,
}


class Speakers(StoredObjects):
    title = "Speaker"

    def __init__(self, platform: Platform, jobs: Jobs, engine: SpeechEngine) -> None:
        super().__init__(platform, platform.collection("speakers", ("state",)))
        self._samples = platform.collection("samples")
        self._jobs = jobs
        self._engine = engine

    async def create(self, account: str, new: NewSpeaker, effect: Effect) -> Stored:
        """Raises ConflictError."""
        now, id = self.platform.now(), self.platform.new_id()
        document: Document = {
            "id": id,
            **new.model_dump(),
            "state": "draft",
            "version": 0,
            "deployed_version": None,
            "failure": None,
            "dataset": _NO_DATASET,
            "voice": None,
            "created_at": now,
            "updated_at": now,
        }
        self.collection.claim_unique(effect, account, "name", new.name, id)
        stored = self.collection.create(effect, account, document)
        effect.answer(shown(document), {"ETag": f'"{stored.tag}"'})
        try:
            await effect.run()
        except CommitRefusedError as refused:
            if refused.condition == "name":
                raise ConflictError("A speaker with this name already exists") from None
            raise
        return stored

    async def named(self, account: str, name: str) -> Stored | None:
        id = await self.collection.id_of(account, "name", name)
        return None if id is None else await self.collection.get(account, id)

    async def find(self, account: str, id: str) -> Stored:
        """By name, which is what its path has, or by id. Raises NotFoundError."""
        found = await self.named(account, id) or await self.collection.get(account, id)
        if found is None:
            raise NotFoundError.of(self.title)
        return found

    async def delete(self, account: str, before: Stored, commit: Commit) -> None:
        owner = before.document["id"]
        self.collection.release_unique(commit, account, "name", before.document["name"])
        for key in (
            self._samples.documents_key(owner),
            self._samples.ids_key(owner),
            self._samples.unique_key(owner, "content"),
        ):
            commit.forget(key)
        await super().delete(account, before, commit)
        await asyncio.to_thread(_remove, self._folder(owner))

    # Samples --------------------------------------------------------------------------------------------------------

    async def add_sample(
        self, account: str, speaker: Stored, audio: bytes, transcript: str, begin: Callable[[], Effect]
    ) -> Stored:
        """Raises InvalidInputError, ConflictError."""
        try:
            recording = await asyncio.to_thread(read_wav, audio)
        except BadAudioError as bad:
            raise InvalidInputError(f"audio {bad.reason}") from None
        measures = await asyncio.to_thread(measure, recording)
        owner, id = speaker.document["id"], self.platform.new_id()
        sample: Document = {
            "id": id,
            "duration_s": round(measures.duration_s, 3),
            "sample_rate": measures.sample_rate,
            "sha256": hashlib.sha256(audio).hexdigest(),
            "_transcript": transcript,
            "_measures": asdict(measures),
        }
        folder = self._folder(owner)
        await asyncio.to_thread(_write, folder / f"{id}.wav", audio)
        words = len(transcript.split())

        def edit(document: Document) -> Document:
            state = "collecting" if document["state"] == "draft" else document["state"]
            return {**document, "state": state, "dataset": grown(document["dataset"], measures, words)}

        def keep(commit: Commit, _: Stored, document: Document) -> None:
            self._samples.claim_unique(commit, owner, "content", recording.content, id)
            commit.when_fewer("count", self._samples.documents_key(owner), MOST_SAMPLES)
            self._samples.create(commit, owner, sample)
            if isinstance(commit, Effect):
                commit.answer(shown(sample))

        try:
            await self.change(account, speaker, edit, begin, keep)
        except BaseException as error:
            (folder / f"{id}.wav").unlink(missing_ok=True)
            if isinstance(error, CommitRefusedError) and error.condition == "content":
                raise ConflictError("The speaker has this sample already") from None
            if isinstance(error, CommitRefusedError) and error.condition == "count":
                raise ConflictError(f"A speaker has at most {MOST_SAMPLES} samples") from None
            raise
        return Stored(packed(sample), sample)

    # Deploying ------------------------------------------------------------------------------------------------------

    async def deploy(self, account: str, speaker: Stored, begin: Callable[[], Effect]) -> Stored:
        """Begins it; the version that is served goes on being so. Raises ConflictError."""

        def require(before: Stored) -> None:
            if before.document["dataset"]["duration_s"] < LEAST_S:
                raise ConflictError(f"Speaker needs at least {LEAST_S:g} s of samples")
            if before.document["state"] == "deploying":
                raise ConflictError("Speaker is being deployed already")

        def edit(document: Document) -> Document:
            return {
                **document,
                "state": "deploying",
                "failure": None,
                "version": document["version"] + 1,
            }

        def add(commit: Commit, _: Stored, document: Document) -> None:
            self._jobs.add(commit, Job(DEPLOY, account, document["id"]), self.platform.clock())
            if isinstance(commit, Effect):
                commit.answer(shown(document))

        return await self.change(account, speaker, edit, begin, add, require)

    async def work(self, job: Job) -> None:
        """A deploy: the voice, a test sentence in it, and then the new version is the one that is served."""
        speaker = await self.collection.get(job.account, job.id)
        if speaker is None or speaker.document["state"] != "deploying":
            await self._jobs.drop(job)
            return
        version = speaker.document["version"]
        try:
            voice = await asyncio.to_thread(self._build, speaker.document, version)
        except SpeechFailedError as failure:
            changes: Document = {"state": "failed", "failure": failure.reason}
        else:
            changes = {
                "state": "deployed",
                "failure": None,
                "deployed_version": version,
                "voice": voice,
            }

        def finish(commit: Commit, _: Stored, document: Document) -> None:
            self._jobs.finish(commit, job)
            if document["state"] == "deployed":
                event = {"speaker": shown(document), "mode": "live"}
                emit(
                    commit,
                    self.platform.new_id(),
                    job.account,
                    "speaker.deployed",
                    self.platform.now(),
                    event,
                )

        def begin() -> Commit:
            return Commit(self.platform.client, self.platform.scope)

        await self.change(job.account, speaker, lambda document: {**document, **changes}, begin, finish)

    def _build(self, speaker: Document, version: int) -> Document:
        """Raises SpeechFailedError."""
        dataset = speaker["dataset"]
        profile = self._engine.shape(speaker["language"], dataset["pitch_hz"], dataset["words_per_minute"])
        spoken = self._engine.speak(profile, TEST_SENTENCE)
        folder = self._folder(speaker["id"])
        _write(folder / f"voice-{version}.wav", spoken)
        _write(folder / f"voice-{version}.json", packed(profile.as_document()))
        return profile.as_document()

    def _folder(self, id: str) -> Path:
        return self.platform.files / "speakers" / id


def grown(dataset: Document, sample: Measures, words: int) -> Document:
    """With one sample more. Every mean is weighted by duration, that of the pitch by the duration of samples that have
    one; the peak and the noise floor are the highest.
    """
    before, total = dataset["duration_s"], dataset["duration_s"] + sample.duration_s

    def mean(name: str, value: float | None) -> float | None:
        known: float | None = dataset[name]
        if value is None or known is None:
            return known if value is None else value
        return (known * before + value * sample.duration_s) / total

    def highest(name: str, value: float) -> float:
        known: float | None = dataset[name]
        return value if known is None else max(known, value)

    grown: dict[str, Any] = {
        "samples": dataset["samples"] + 1,
        "duration_s": total,
        "level_dbfs": mean("level_dbfs", sample.level_dbfs),
        "peak_dbfs": highest("peak_dbfs", sample.peak_dbfs),
        "noise_floor_dbfs": highest("noise_floor_dbfs", sample.noise_floor_dbfs),
        "clipping": mean("clipping", sample.clipping),
        "pitch_hz": mean("pitch_hz", sample.pitch_hz),
        "words_per_minute": mean("words_per_minute", words * 60 / sample.duration_s),
    }
    return grown


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_suffix(path.suffix + ".part")
    staged.write_bytes(content)
    staged.replace(path)


def _remove(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink(missing_ok=True)
        folder.rmdir()
