"""Speakers: voices made from samples."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from serve_app.schemas.base import Body, PageQuery, Shown, Slug
from serve_app.sentences import wrong

State: TypeAlias = Literal["draft", "collecting", "deploying", "deployed", "failed"]


def _language(value: str) -> str:
    parts = value.split("-")
    if value.isascii() and 2 <= len(parts[0]) <= 3 and all(part.isalnum() for part in parts):
        return value
    raise wrong("must be a language such as en-US")


class NewSpeaker(Body):
    name: Slug
    language: Annotated[str, Field(min_length=2, max_length=35), AfterValidator(_language)]
    description: Annotated[str, Field(max_length=500)] | None = None


class SampleForm(Body):
    """multipart/form-data"""

    audio: Annotated[
        str, Field(json_schema_extra={"format": "binary"}, description="WAV, 1 to 60 s, 8 kHz or more.")
    ]
    transcript: Annotated[str, Field(min_length=1, max_length=4_000)]


class SpeakerQuery(PageQuery):
    state: State | None = None
    language: Annotated[str, Field(max_length=35)] | None = None


class Dataset(Shown):
    """Means of the samples, weighted by how long they are. Levels are in dB of full scale."""

    samples: int
    duration_s: float
    level_dbfs: float | None
    peak_dbfs: float | None
    noise_floor_dbfs: float | None
    clipping: float | None
    pitch_hz: float | None
    words_per_minute: float | None


class Voice(Shown):
    engine: str
    voice: str
    settings: dict[str, int]
    words_per_minute: int
    wanted_pitch_hz: float | None
    pitch_hz: float | None


class SpeakerShown(Shown):
    id: str
    name: str
    language: str
    description: str | None
    state: State
    version: Annotated[int, Field(description="The last that was asked for; 0 before the first deploy.")]
    deployed_version: Annotated[int | None, Field(description="The one that is served.")]
    failure: str | None
    dataset: Dataset
    voice: Voice | None
    created_at: str
    updated_at: str


class SpeakerList(Shown):
    data: list[SpeakerShown]
    next_cursor: str | None


class SampleShown(Shown):
    id: str
    duration_s: float
    sample_rate: int
    sha256: str
