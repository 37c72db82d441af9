"""The offline engine: eSpeak NG, from its wheel, or else as the machine has it installed.

It keeps its state in globals, so there is one voice at a time in a process, behind a lock.
"""

# pyright: reportMissingTypeStubs=false

import ctypes
import ctypes.util
import io
import threading
import wave
from pathlib import Path
from typing import Any, Final

from busyhour.adapters.speech.audio import BadAudioError, pitch_hz, read_wav
from busyhour.adapters.speech.engine import SpeechFailedError, VoiceProfile

ENGINE: Final = "espeak-ng"
SLOWEST_WPM: Final = 80
FASTEST_WPM: Final = 450
USUAL_WPM: Final = 175
PITCHES: Final = (0, 99)
"""Its own scale."""
USUAL_PITCH: Final = 50
HIGH_HZ: Final = 150.0
HIGH_VARIANT: Final = "+f2"
"""What its usual voices do not reach, this variant of theirs does."""
CALIBRATION: Final = "All our agents are around and will gladly answer you on Monday morning."

_SYNCHRONOUS: Final = 2
_UTF8: Final = 1
_RATE, _PITCH = 1, 3
_TRIES: Final = 7
_NEAR_HZ: Final = 2.0
_OK: Final = 0

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_lock = threading.Lock()


class EspeakEngine:
    """Loads the library with its first use."""

    def __init__(self) -> None:
        self._library: Any = None
        self._sample_rate: int = 0
        self._heard: list[bytes] = []
        self._listen: Any = _Callback(self._take)

    def shape(self, language: str, pitch_hz: float | None, words_per_minute: float | None) -> VoiceProfile:
        """The pitch is found by trial: speech is synthesised and measured as the recordings were. Raises
        SpeechFailedError.
        """
        rate = round(min(max(words_per_minute or USUAL_WPM, SLOWEST_WPM), FASTEST_WPM))
        voice = language.lower()
        if pitch_hz is None:
            setting, measured = USUAL_PITCH, self._measured(voice, rate, USUAL_PITCH)
        else:
            voice += HIGH_VARIANT if pitch_hz >= HIGH_HZ else ""
            setting, measured = self._nearest(voice, rate, pitch_hz)
        return VoiceProfile(ENGINE, voice, {"pitch": setting, "rate": rate}, rate, pitch_hz, measured)

    def speak(self, profile: VoiceProfile, text: str) -> bytes:
        """Raises SpeechFailedError."""
        return self._speak(profile.voice, profile.settings["rate"], profile.settings["pitch"], text)

    def _nearest(self, voice: str, rate: int, wanted_hz: float) -> tuple[int, float | None]:
        """Bisection, for the pitch rises with its setting."""
        low, high = PITCHES
        best: tuple[float, int, float | None] = (float("inf"), USUAL_PITCH, None)
        for _ in range(_TRIES):
            setting = (low + high) // 2
            measured = self._measured(voice, rate, setting)
            if measured is None:
                break
            best = min(best, (abs(measured - wanted_hz), setting, measured))
            if best[0] <= _NEAR_HZ or low >= high:
                break
            low, high = (setting + 1, high) if measured < wanted_hz else (low, setting - 1)
        return best[1], best[2]

    def _measured(self, voice: str, rate: int, pitch: int) -> float | None:
        try:
            return pitch_hz(read_wav(self._speak(voice, rate, pitch, CALIBRATION)))
        except BadAudioError as bad:
            raise SpeechFailedError(f"What the engine speaks can't be used: {bad}") from bad

    def _speak(self, voice: str, rate: int, pitch: int, text: str) -> bytes:
        with _lock:
            library = self._loaded()
            if library.espeak_SetVoiceByName(voice.encode()) != _OK:
                raise SpeechFailedError(f"The speech engine has no voice for the language {voice}")
            library.espeak_SetSynthCallback(self._listen)
            library.espeak_SetParameter(_RATE, rate, 0)
            library.espeak_SetParameter(_PITCH, pitch, 0)
            self._heard.clear()
            spoken = text.encode()
            result = library.espeak_Synth(spoken, len(spoken) + 1, 0, 1, 0, _UTF8, None, None)
            if result != _OK:
                raise SpeechFailedError(f"The speech engine failed with its error {result}")
            library.espeak_Synchronize()
            return _wav(b"".join(self._heard), self._sample_rate)

    def _take(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._heard.append(ctypes.string_at(samples, count * 2))
        return 0

    def _loaded(self) -> Any:
        """Raises SpeechFailedError."""
        if self._library is None:
            path, data = _found()
            try:
                library: Any = ctypes.CDLL(path)
                library.espeak_Initialize.argtypes = [
                    ctypes.c_int,
                    ctypes.c_int,
                    ctypes.c_char_p,
                    ctypes.c_int,
                ]
                rate = int(library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0))
            except (OSError, AttributeError) as error:
                raise SpeechFailedError(f"The speech engine could not be loaded: {error}") from error
            if rate <= 0:
                raise SpeechFailedError("The speech engine could not be loaded: it finds no voices")
            library.espeak_Synth.argtypes = [
                ctypes.c_char_p,
                ctypes.c_size_t,
                ctypes.c_uint,
                ctypes.c_int,
                ctypes.c_uint,
                ctypes.c_uint,
                ctypes.c_void_p,
                ctypes.c_void_p,
            ]
            library.espeak_SetSynthCallback.argtypes = [_Callback]
            self._library, self._sample_rate = library, rate
        return self._library


def _found() -> tuple[str, bytes | None]:
    """The library, and where its voices are where that is not where it looks itself. Raises SpeechFailedError."""
    try:
        import espeakng_loader

        return str(espeakng_loader.get_library_path()), str(espeakng_loader.get_data_path()).encode()
    except (ImportError, OSError):
        pass
    for name in ("libespeak-ng.so.1", ctypes.util.find_library("espeak-ng")):
        if name is not None and (name.startswith("lib") or Path(name).exists()):
            return name, None
    raise SpeechFailedError(
        "The speech engine is not installed: it takes espeakng-loader, or Debian's espeak-ng"
    )


def _wav(samples: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples)
    return file.getvalue()
