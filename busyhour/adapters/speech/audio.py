"""What a recording of a voice is like: read strictly, measured, never kept in memory longer than that."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
# soundfile brings no types.

import hashlib
import io
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from busyhour.core.errors import BusyhourError

SHORTEST_S: Final = 1.0
LONGEST_S: Final = 60.0
LOWEST_RATE: Final = 8_000
HIGHEST_RATE: Final = 192_000
MOST_CHANNELS: Final = 2
SILENCE_DBFS: Final = -70.0
"""A recording whose loudest frame is softer holds no voice."""

_FLOOR_DBFS: Final = -120.0
_FULL_SCALE: Final = 0.999
_FRAME_S: Final = 0.04
_HOP_S: Final = 0.02
_ANALYSIS_RATE: Final = 8_000
_LOWEST_PITCH_HZ: Final = 60.0
_HIGHEST_PITCH_HZ: Final = 400.0
_VOICED: Final = 0.6
"""Normalised autocorrelation from which a frame is taken for a voiced one."""
_NEAR_BEST: Final = 0.9
"""A shorter period is taken if its peak is so near the best: the best one may be twice the true one."""

Samples = NDArray[np.float32]


class BadAudioError(BusyhourError):
    """`reason` is the rest of a sentence: the recording …"""

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the recording {self.reason}"


@dataclass(frozen=True, slots=True)
class Recording:
    """Mono, in [-1, 1]."""

    samples: Samples
    sample_rate: int
    content: str
    """SHA-256 of what is heard, in hexadecimal: the same for one recording in two files."""

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class Measures:
    """Levels are in dB of full scale. `pitch_hz` is the median of voiced frames, None where there are none."""

    duration_s: float
    sample_rate: int
    level_dbfs: float
    peak_dbfs: float
    noise_floor_dbfs: float
    clipping: float
    """Share of samples at full scale."""
    pitch_hz: float | None


def read_wav(raw: bytes) -> Recording:
    """Raises BadAudioError."""
    try:
        with soundfile.SoundFile(io.BytesIO(raw)) as file:
            _require_form(file)
            frames: Any = file.read(dtype="float32", always_2d=True)
            promised, rate = file.frames, file.samplerate
    except (soundfile.LibsndfileError, RuntimeError, ValueError, MemoryError):
        raise BadAudioError("is not a WAV file that can be read") from None
    if len(frames) < promised:
        raise BadAudioError("ends before its header says it does")
    if not np.isfinite(frames).all():
        raise BadAudioError("holds samples that are no numbers")
    samples = np.ascontiguousarray(frames.mean(axis=1), dtype=np.float32)
    recording = Recording(samples, rate, _digest(samples, rate))
    if loudest_dbfs(recording) < SILENCE_DBFS:
        raise BadAudioError("is silent")
    return recording


def _require_form(file: Any) -> None:
    """From the header alone, before anything is decoded. Raises BadAudioError."""
    if file.format not in ("WAV", "WAVEX", "RF64"):
        raise BadAudioError(f"must be WAV, not {file.format}")
    if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
        raise BadAudioError(f"must have a sample rate of {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    if not 1 <= file.channels <= MOST_CHANNELS:
        raise BadAudioError(f"must have 1 or {MOST_CHANNELS} channels")
    if not SHORTEST_S <= file.frames / file.samplerate <= LONGEST_S:
        raise BadAudioError(f"must last {SHORTEST_S:g} to {LONGEST_S:g} s")


def measure(recording: Recording) -> Measures:
    samples = recording.samples
    levels = _frame_levels(recording)
    magnitude = np.abs(samples)
    return Measures(
        recording.duration_s,
        recording.sample_rate,
        _dbfs(float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))),
        _dbfs(float(magnitude.max())),
        _dbfs(float(np.percentile(levels, 10))),
        float(np.mean(magnitude >= _FULL_SCALE)),
        pitch_hz(recording),
    )


def loudest_dbfs(recording: Recording) -> float:
    """Of its frames."""
    return _dbfs(float(_frame_levels(recording).max()))


def pitch_hz(recording: Recording) -> float | None:
    """The median fundamental frequency of frames that are voiced, by normalised autocorrelation."""
    step = max(1, recording.sample_rate // _ANALYSIS_RATE)
    usable = len(recording.samples) // step * step
    samples = recording.samples[:usable].reshape(-1, step).mean(axis=1, dtype=np.float64)
    rate = recording.sample_rate / step
    frame, hop = int(_FRAME_S * rate), int(_HOP_S * rate)
    if len(samples) < frame:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(samples, frame)[::hop]
    frames = frames - frames.mean(axis=1, keepdims=True)
    energy = np.square(frames).sum(axis=1)
    loud = frames[energy > max(1e-6, float(np.percentile(energy, 95)) * 0.05)]
    shortest, longest = int(rate / _HIGHEST_PITCH_HZ), min(frame - 1, int(rate / _LOWEST_PITCH_HZ))
    pitches = [pitch for one in loud if (pitch := _frame_pitch(one, shortest, longest, rate)) is not None]
    return float(np.median(pitches)) if pitches else None


def _frame_pitch(frame: NDArray[np.float64], shortest: int, longest: int, rate: float) -> float | None:
    size = len(frame)
    spectrum = np.fft.rfft(frame, 2 * size)
    correlation = np.fft.irfft(np.square(np.abs(spectrum)))[: longest + 2]
    # Fewer samples overlap at a longer lag.
    normal = correlation / np.maximum(correlation[0] * (1 - np.arange(longest + 2) / size), 1e-12)
    lags = np.arange(shortest, longest + 1)
    peaks = lags[(normal[lags] >= normal[lags - 1]) & (normal[lags] >= normal[lags + 1])]
    if len(peaks) == 0 or normal[peaks].max() < _VOICED:
        return None
    first = int(peaks[normal[peaks] >= _NEAR_BEST * normal[peaks].max()][0])
    before, at, after = normal[first - 1], normal[first], normal[first + 1]
    bend = before - 2 * at + after
    shift = 0.0 if bend == 0 else float(0.5 * (before - after) / bend)
    return rate / (first + shift)


def _frame_levels(recording: Recording) -> NDArray[np.float64]:
    """Root mean squares of frames after one another."""
    size = max(1, int(_HOP_S * recording.sample_rate))
    count = max(1, len(recording.samples) // size)
    frames = recording.samples[: count * size].reshape(count, -1).astype(np.float64)
    return np.sqrt(np.mean(np.square(frames), axis=1))


def _dbfs(level: float) -> float:
    return max(_FLOOR_DBFS, 20 * math.log10(level)) if level > 0 else _FLOOR_DBFS


def _digest(samples: Samples, rate: int) -> str:
    quantised = np.rint(samples.astype(np.float64) * 32767).astype("<i2")
    return hashlib.sha256(str(rate).encode() + quantised.tobytes()).hexdigest()
