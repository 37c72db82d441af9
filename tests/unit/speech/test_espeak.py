"""The offline engine speaks, at the pitch and the rate that were measured."""

import pytest

from busyhour.adapters.speech.audio import measure, read_wav
from busyhour.adapters.speech.engine import SpeechFailedError
from busyhour.adapters.speech.espeak import EspeakEngine

SENTENCE = "Hello, and thank you for calling. How can I help you today?"


@pytest.mark.parametrize("wanted_hz", [95.0, 130.0, 210.0])
def test_a_voice_is_shaped_to_a_pitch(wanted_hz: float) -> None:
    engine = EspeakEngine()
    profile = engine.shape("en-US", wanted_hz, 170)
    assert profile.pitch_hz == pytest.approx(wanted_hz, rel=0.06)
    spoken = measure(read_wav(engine.speak(profile, SENTENCE)))
    assert spoken.pitch_hz == pytest.approx(wanted_hz, rel=0.15)


def test_a_faster_speaker_gives_a_faster_voice() -> None:
    engine = EspeakEngine()
    slow, fast = (
        read_wav(engine.speak(engine.shape("en-US", None, rate), SENTENCE)).duration_s for rate in (110, 220)
    )
    assert slow > 1.5 * fast


def test_an_unknown_language_is_told_in_a_sentence() -> None:
    with pytest.raises(SpeechFailedError, match="no voice for the language xx-yy"):
        EspeakEngine().shape("xx-YY", None, None)
