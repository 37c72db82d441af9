"""Recordings made from formulas."""

import io
from typing import Any

import numpy as np
import soundfile


def tone(
    pitch_hz: float = 120.0, seconds: float = 3.0, rate: int = 16_000, level: float = 0.3, seed: int = 0
) -> Any:
    """A voiced sound: a fundamental with its harmonics, and a little noise."""
    time = np.arange(int(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * pitch_hz * number * time) / number for number in range(1, 8))
    noise = np.random.default_rng(seed).normal(0, 0.001, len(time))
    return level * voice / np.abs(voice).max() + noise


def wav(samples: Any, rate: int = 16_000, subtype: str = "PCM_16", format: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=format, subtype=subtype)
    return file.getvalue()
