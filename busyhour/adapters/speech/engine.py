"""Speech synthesis as a port: a better engine than the offline one can be put in its place."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from busyhour.core.errors import BusyhourError


class SpeechFailedError(BusyhourError):
    """The engine could not do it; `reason` is a sentence."""

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class VoiceProfile:
    """A voice of an engine, shaped after recordings of a person.

    `voice` and `settings` are the engine's own. `pitch_hz` is what was measured of its speech, and `wanted_pitch_hz` of
    the person's; None where none was found.
    """

    engine: str
    voice: str
    settings: dict[str, int]
    words_per_minute: int
    wanted_pitch_hz: float | None
    pitch_hz: float | None

    def as_document(self) -> dict[str, Any]:
        return asdict(self)


class SpeechEngine(Protocol):
    """Takes its time, and blocks: call it from a thread."""

    def shape(self, language: str, pitch_hz: float | None, words_per_minute: float | None) -> VoiceProfile:
        """A voice of `language` as near as it can be. Raises SpeechFailedError."""
        ...

    def speak(self, profile: VoiceProfile, text: str) -> bytes:
        """A WAV file. Raises SpeechFailedError."""
        ...
