"""Recordings: what is taken, and what is measured of it."""

import io
import struct
import wave

import numpy as np
import pytest

from busyhour.adapters.speech.audio import BadAudioError, measure, read_wav
from tests.support.recordings import tone, wav


@pytest.mark.parametrize("pitch_hz", [70.0, 110.0, 180.0, 260.0, 380.0])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_the_pitch_of_a_voice_is_found(pitch_hz: float, rate: int) -> None:
    measures = measure(read_wav(wav(tone(pitch_hz, 2.0, rate), rate)))
    assert measures.pitch_hz == pytest.approx(pitch_hz, rel=0.02)


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 32_000)
    assert measure(read_wav(wav(noise))).pitch_hz is None


def test_levels_are_in_db_of_full_scale() -> None:
    time = np.arange(32_000) / 16_000
    measures = measure(read_wav(wav(0.5 * np.sin(2 * np.pi * 200 * time))))
    assert measures.peak_dbfs == pytest.approx(-6.02, abs=0.05)
    assert measures.level_dbfs == pytest.approx(-9.03, abs=0.05)
    assert measures.clipping == 0


def test_the_noise_floor_is_that_of_the_pauses() -> None:
    pause = np.random.default_rng(2).normal(0, 0.001, 16_000)
    measures = measure(read_wav(wav(np.concatenate([tone(seconds=2.0), pause]))))
    assert measures.noise_floor_dbfs == pytest.approx(-60, abs=1.5)


def test_clipping_is_the_share_of_samples_at_full_scale() -> None:
    samples = np.where(np.arange(32_000) % 4 == 0, 1.0, 0.1)
    assert measure(read_wav(wav(samples))).clipping == pytest.approx(0.25, abs=0.001)


def test_the_same_sound_in_another_file_has_the_same_content() -> None:
    samples = tone()
    plain, deep = wav(samples), wav(np.rint(samples * 32767) / 32768, subtype="PCM_24")
    other = read_wav(wav(tone(seed=1)))
    with_chunk = plain[:12] + b"LIST" + struct.pack("<I", 4) + b"INFO" + plain[12:]
    assert read_wav(plain).content == read_wav(with_chunk).content
    assert read_wav(plain).content != other.content
    assert deep != plain


def raw_wav(frames: bytes, channels: int = 1, rate: int = 16_000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(frames)
    return file.getvalue()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "is not a WAV file that can be read"),
        (b"RIFF\xff\xff\xff\xffWAVE", "is not a WAV file that can be read"),
        (b"\x1f\x8b" + b"\0" * 100, "is not a WAV file that can be read"),
        (wav(tone(), format="FLAC"), "must be WAV, not FLAC"),
        (wav(tone(rate=4_000), 4_000), "must have a sample rate of 8000 to 192000 Hz"),
        (wav(tone(seconds=0.9)), "must last 1 to 60 s"),
        (wav(tone(seconds=60.1, rate=8_000), 8_000), "must last 1 to 60 s"),
        (raw_wav(b"\0" * 96_000 * 2, channels=3), "must have 1 or 2 channels"),
        (raw_wav(b"\0" * 64_000), "is silent"),
        (wav(np.full(32_000, np.nan), subtype="FLOAT"), "holds samples that are no numbers"),
    ],
)
def test_bad_audio_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(BadAudioError) as bad:
        read_wav(raw)
    assert bad.value.reason == reason


def test_a_header_that_promises_more_than_there_is_makes_no_memory() -> None:
    whole = bytearray(wav(tone(seconds=2.0)))
    whole[40:44] = struct.pack("<I", 0xFFFFFFF0)
    try:
        assert read_wav(bytes(whole)).duration_s == pytest.approx(2.0, abs=0.01)
    except BadAudioError:
        return  # a reader may as well refuse it
