"""The sound for the speech recognition model: espeak-ng as the voice, and its sound as features.

espeak-ng is called through its library, which also says when each word and each phoneme begins.
"""

from __future__ import annotations

import ctypes
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from transformers import WhisperFeatureExtractor

from recipes.speech_data import Sentences

RATE = 16000
#: espeak-ng's files for the accents, and how often each speaks: General American, British, New
#: York, Scotland, Lancashire, West Midlands, Caribbean.
ACCENTS = {
    "gmw/en-US": 10,
    "gmw/en": 4,
    "gmw/en-US-nyc": 2,
    "gmw/en-GB-scotland": 1,
    "gmw/en-GB-x-gbclan": 1,
    "gmw/en-GB-x-gbcwmd": 1,
    "gmw/en-029": 1,
}
VARIANTS = ["", *(f"+m{i}" for i in (1, 2, 3, 4, 6, 7, 8)), *(f"+f{i}" for i in (1, 2, 4, 5))]
VARIANTS += ["+Andy", "+Annie", "+Gene", "+Mario", "+edward", "+steph", "+john", "+victor"]
#: Voices that no training sentence is spoken in; received pronunciation is an accent of its own.
HELD_OUT_VOICES = ["gmw/en-US+m5", "gmw/en-US+f3", "gmw/en-US+Michael", "gmw/en-US+linda"]
HELD_OUT_VOICES += ["gmw/en+m5", "gmw/en+f3", "gmw/en-GB-x-rp+m3", "gmw/en-GB-x-rp+f2"]


class _Event(ctypes.Structure):
    """What espeak-ng reports along with the sound (its espeak_EVENT)."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("string", ctypes.c_char * 8),
    )


@dataclass
class Speech:
    """A spoken sentence.

    Attributes:
        text: What is said.
        voice: Who says it, such as "gmw/en-US+f2".
        sound: Samples at 16 kHz between -1 and 1, float32.
        words: Each word's place in the text and its beginning in seconds.
        phonemes: Each phoneme's name and its beginning in seconds.
    """

    text: str
    voice: str
    sound: np.ndarray
    words: list[tuple[int, float]] = field(default_factory=list)
    phonemes: list[tuple[str, float]] = field(default_factory=list)


class Speaker:
    """espeak-ng, through its library."""

    def __init__(self) -> None:
        try:
            self.library = ctypes.CDLL("libespeak-ng.so.1")
        except OSError as error:
            raise OSError("This recipe needs espeak-ng: apt-get install espeak-ng") from error
        # 2: synthesis in this thread, nothing played; 1: phonemes are reported too.
        self.rate = self.library.espeak_Initialize(2, 0, None, 1)
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
        )
        self._callback = kind(self._collect)
        self.library.espeak_SetSynthCallback(self._callback)
        self._sound: list[np.ndarray] = []
        self._events: list[tuple[int, int, int, str]] = []

    def _collect(self, samples: Any, count: int, events: Any) -> int:
        if samples and count:
            self._sound.append(np.ctypeslib.as_array(samples, (count,)).copy())
        place = 0
        while events[place].type != 0:
            event = events[place]
            name = event.string.decode("utf-8", "ignore") if event.type == 7 else ""
            self._events.append((event.type, event.text_position, event.audio_position, name))
            place += 1
        return 0

    def say(self, text: str, voice: str, speed: int, pitch: int, span: int = 50) -> Speech:
        """Speak a sentence.

        Args:
            text: The sentence.
            voice: Accent and variant.
            speed: Words a minute.
            pitch: From 0 to 99; 50 is the voice's own.
            span: How lively the melody is, from 0 to 99.
        """
        self._sound, self._events = [], []
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((1, speed), (3, pitch), (4, span)):
            self.library.espeak_SetParameter(parameter, value, 0)
        data = text.encode()
        self.library.espeak_Synth(data, len(data) + 1, 0, 1, 0, 1, None, None)
        raw = np.concatenate(self._sound).astype(np.float32) / 32768
        count = round(len(raw) * RATE / self.rate)
        # Resampling by the Fourier transform: what lies above 8 kHz is cut off.
        spectrum = np.fft.rfft(raw)[: count // 2 + 1]
        sound = np.fft.irfft(spectrum, count).astype(np.float32) * (count / len(raw))
        words = [(at - 1, ms / 1000) for kind, at, ms, _ in self._events if kind == 1]
        phonemes = [(name, ms / 1000) for kind, _, ms, name in self._events if kind == 7]
        return Speech(text, voice, sound, words, phonemes)


def spoken(count: int, seed: int, speaker: Speaker) -> Iterator[Speech]:
    """Yield training sentences in training voices, speeds and pitches; at most 7.6 s each."""
    rng = random.Random(seed)
    for text in Sentences(random.Random(seed + 1)):
        voice = rng.choices(list(ACCENTS), list(ACCENTS.values()))[0] + rng.choice(VARIANTS)
        speech = speaker.say(
            text, voice, rng.randint(120, 210), rng.randint(25, 75), rng.randint(30, 70)
        )
        if len(speech.sound) <= 7.6 * RATE:
            yield speech
            count -= 1
        if count == 0:
            return


def log_mel(sound: np.ndarray, extractor: WhisperFeatureExtractor) -> np.ndarray:
    """Return the logarithm (base 10) of the mel spectrum, frames x bands, before any clipping."""
    window = torch.hann_window(extractor.n_fft)
    options = {"n_fft": extractor.n_fft, "hop_length": extractor.hop_length, "window": window}
    spectrum = torch.stft(torch.from_numpy(sound), return_complex=True, **options)
    power = spectrum[:, :-1].abs() ** 2
    filters = torch.from_numpy(extractor.mel_filters).float()
    return (power.T @ filters).clamp(min=1e-10).log10().numpy()


def store(folder: Path, count: int, seed: int, extractor: WhisperFeatureExtractor) -> None:
    """Speak `count` training sentences and keep what training needs of them.

    Written are `mel.npy` (float16, frames x bands, one sentence after the other), `phonemes.npy`
    (a number for each frame), and `index.json`: the phonemes' names, and for each sentence its
    first and last frame, its text, its words' places in the text and their beginnings in frames.
    """
    speaker, names = Speaker(), {"_": 0}
    mels, frames, index, first = [], [], [], 0
    step = extractor.hop_length / RATE
    for number, speech in enumerate(spoken(count, seed, speaker), 1):
        mel = log_mel(speech.sound, extractor).astype(np.float16)
        starts = np.array([start for _, start in speech.phonemes])
        ids = [0 if n[0] == "_" else names.setdefault(n, len(names)) for n, _ in speech.phonemes]
        places = np.searchsorted(starts, (np.arange(len(mel)) + 0.5) * step, "right") - 1
        frames.append(np.array(ids, np.uint8)[np.maximum(places, 0)])
        mels.append(mel)
        words = [(at, round(start / step)) for at, start in speech.words]
        index.append([first, first + len(mel), speech.text, words])
        first += len(mel)
        if number % 2000 == 0:
            print(f"spoken {number}/{count}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "mel.npy", np.concatenate(mels))
    np.save(folder / "phonemes.npy", np.concatenate(frames))
    text = json.dumps({"phonemes": list(names), "sentences": index})
    (folder / "index.json").write_text(text, encoding="utf-8")


def write_held_out(texts: list[str], path: Path, speaker: Speaker, seed: int) -> None:
    """Speak sentences in held-out voices, one after the other.

    Args:
        texts: The sentences.
        path: Where to: the sound goes to `path`.ogg, and text, voice, speed, pitch and number of
            samples of each to `path`.json.
        speaker: Who speaks.
        seed: Of the choice of speed and pitch.
    """
    rng, notes = random.Random(seed), []
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"format": "OGG", "subtype": "OPUS"}
    with soundfile.SoundFile(path.with_suffix(".ogg"), "w", RATE, 1, **options) as file:
        for place, text in enumerate(texts):
            voice = HELD_OUT_VOICES[place % len(HELD_OUT_VOICES)]
            speed, pitch = rng.randint(130, 200), rng.randint(30, 70)
            sound = speaker.say(text, voice, speed, pitch).sound
            file.write(sound)
            note = {"text": text, "voice": voice, "speed": speed, "pitch": pitch}
            notes.append({**note, "samples": len(sound)})
    text = json.dumps(notes, indent=1)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def read_held_out(path: Path) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Read what `write_held_out` wrote: samples at 16 kHz, and the notes on each sentence."""
    notes = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    sound, _ = soundfile.read(path.with_suffix(".ogg"), dtype="float32")
    ends = np.cumsum([note["samples"] for note in notes])
    return list(zip(np.split(sound, ends[:-1]), notes, strict=True))
