"""Sound in blocks: files and arrays as mono at one rate, cut into windows at quiet places."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hflab.errors import ParameterError
from hflab.minutes.recordings import Recording, inspect, soundfile, unreadable
from hflab.minutes.resampling import Resampler, Samples

RATE = 16_000  # samples a second: what speech models hear
_BLOCK = 65_536  # frames that are read at once
_FRAME = 320  # samples over which loudness is measured: 20 ms at 16 kHz
# A window in which no 20 ms are louder than this (root mean square, full scale 1) holds no speech:
# -60 dB; quiet speech is above -45 dB.
_SILENCE = 0.001


@dataclass(frozen=True)
class Window:
    """A stretch of sound.

    Attributes:
        start: Seconds from the beginning of the recording.
        samples: Mono samples, (n,), from -1 to 1.
        rate: Samples a second.
    """

    start: float
    samples: Samples
    rate: int = RATE

    @property
    def end(self) -> float:
        """Seconds from the beginning of the recording to its end."""
        return self.start + len(self.samples) / self.rate

    @property
    def is_silent(self) -> bool:
        """Whether nothing in it is as loud as quiet speech."""
        return not len(self.samples) or float(loudness(self.samples).max()) < _SILENCE


def duration(source: str | os.PathLike[str] | Samples, rate: int = RATE) -> float:
    """Seconds of a file, by its header, or of an array. Raises what `blocks` raises."""
    if isinstance(source, np.ndarray):
        return len(_checked(source, rate)) / rate
    return inspect(source).seconds


def blocks(
    source: str | os.PathLike[str] | Samples, rate: int = RATE, *, array_rate: int = RATE
) -> Iterator[Samples]:
    """The sound of a file or array, mixed to mono and resampled, in blocks of a few seconds.

    Args:
        source: A file, or an array (samples,) or (samples, channels): floats from -1 to 1, or
            integers.
        rate: Samples a second to return.
        array_rate: Samples a second of an array.

    Raises:
        ParameterError: No sound; see `inspect`.
    """
    if isinstance(source, np.ndarray):
        raw, old = _from_array(_checked(source, array_rate)), array_rate
    else:
        recording = inspect(source)
        raw, old = _from_file(recording), recording.rate
    return _resampled(raw, old, rate)


def windows(
    sound: Iterator[Samples], seconds: float, rate: int = RATE, *, shortest: float = 0.5
) -> Iterator[Window]:
    """Cut sound into windows at quiet places.

    No window is longer than `seconds`. Where the sound goes on, the cut is at the quietest fifth
    of a second in the window's later part, so that words are not cut in two. Joined, the windows
    are the whole sound.

    Args:
        sound: Mono samples in blocks, as from `blocks`.
        seconds: The longest window.
        rate: Samples a second.
        shortest: Where that later part begins, as a share of the window.
    """
    longest = max(1, int(seconds * rate))
    held: list[Samples] = []
    n = start = 0
    for block in sound:
        held.append(block)
        n += len(block)
        while n > longest:
            whole = np.concatenate(held)
            cut = _quietest(whole[:longest], int(longest * shortest))
            yield Window(start / rate, whole[:cut], rate)
            # A copy, so that the samples before it can go.
            held, n, start = [whole[cut:].copy()], n - cut, start + cut
    if n:
        yield Window(start / rate, np.concatenate(held), rate)


def loudness(samples: Samples) -> Samples:
    """The root mean square of each 20 ms, (frames,); the last frame may be shorter."""
    whole = len(samples) // _FRAME * _FRAME
    squares = np.square(samples[:whole]).reshape(-1, _FRAME).mean(axis=1)
    if whole < len(samples):
        squares = np.append(squares, np.square(samples[whole:]).mean())
    means: Samples = np.sqrt(squares).astype(np.float32)
    return means


def loud_part(window: Window) -> tuple[float, float]:
    """Seconds from the beginning of the recording at which a window's sound begins and ends."""
    loud = np.flatnonzero(loudness(window.samples) >= _SILENCE)
    if not len(loud):
        return window.start, window.end
    last = window.start + (int(loud[-1]) + 1) * _FRAME / window.rate
    return window.start + int(loud[0]) * _FRAME / window.rate, min(last, window.end)


def _quietest(samples: Samples, earliest: int) -> int:
    """The middle of the quietest 200 ms from `earliest` on; of equals the last."""
    frames = loudness(samples[earliest:])
    width = min(10, len(frames))
    means = np.convolve(frames, np.ones(width) / width, mode="valid")
    # Rounded: a cut must not depend on the last bit of a float.
    best = len(means) - 1 - int(np.argmin(np.round(means[::-1], 6)))
    return min(len(samples), max(1, earliest + best * _FRAME + width * _FRAME // 2))


def _resampled(raw: Iterator[Samples], old: int, rate: int) -> Iterator[Samples]:
    resampler = Resampler(old, rate)
    for block in raw:
        if len(out := resampler.push(block)):
            yield out
    if len(out := resampler.flush()):
        yield out


def _from_file(recording: Recording) -> Iterator[Samples]:
    library = soundfile()
    read = 0
    try:
        with library.SoundFile(str(recording.path)) as file:
            while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
                read += len(block)
                yield _mono(block)
    except library.LibsndfileError as error:
        # What could be read of a damaged file is used: most of a meeting is better than nothing.
        if not read:
            raise unreadable(recording.path, error) from error


def _from_array(samples: np.ndarray[Any, Any]) -> Iterator[Samples]:
    for begin in range(0, len(samples), _BLOCK):
        block = samples[begin : begin + _BLOCK]
        if block.dtype.kind == "u":
            block = block.astype(np.float32) / (np.iinfo(samples.dtype).max / 2) - 1
        elif block.dtype.kind == "i":
            block = block.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
        yield _mono(block.reshape(len(block), -1).astype(np.float32))


def _mono(block: Samples) -> Samples:
    # A float file can hold what is no number, and one of those would silence its whole window.
    mixed: Samples = np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0).mean(axis=1)
    return mixed


def _checked(samples: np.ndarray[Any, Any], rate: int) -> np.ndarray[Any, Any]:
    if samples.ndim not in (1, 2) or samples.dtype.kind not in "iuf":
        raise ParameterError(
            what=f"An array of shape {samples.shape} and type {samples.dtype} is no sound.",
            why="Sound is numbers: (samples,) for mono, (samples, channels) for more.",
            remedy="Give such an array, or the path of a recording.",
        )
    if samples.ndim == 2 and samples.shape[1] > max(32, samples.shape[0]):
        raise ParameterError(
            what=f"An array of shape {samples.shape} has {samples.shape[1]} channels.",
            why="The second axis is the channels; the first is time.",
            remedy="Turn it around: array.T",
        )
    if rate < 1:
        raise ParameterError(
            what=f"sampling_rate is {rate!r}.",
            why="It is the number of samples a second.",
            remedy=f"Give the array's rate, such as {RATE}.",
        )
    return samples
