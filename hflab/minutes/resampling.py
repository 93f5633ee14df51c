"""Resampling: sound at one rate to another, block by block, at a memory that stays flat."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Samples = np.ndarray[Any, np.dtype[np.float32]]

# Zero crossings of the sinc on each side, and the window's shape: 80 dB down beyond the edge.
_CROSSINGS = 32
_BETA = 8.0
# The edge of the filter as a share of the lower of the two Nyquist frequencies.
_EDGE = 0.92
# Output samples computed at once: their windows take a few megabytes.
_AT_ONCE = 8192


class Resampler:
    """Resamples sound that comes in blocks; joined, the results don't depend on the blocks.

    A polyphase filter: a windowed sinc, cut into one short filter for each position that an
    output sample can have between two input samples. It delays nothing: output sample n is the
    sound at second n / new_rate.

    Args:
        rate: Samples a second that come in.
        new_rate: Samples a second that go out.
    """

    def __init__(self, rate: int, new_rate: int) -> None:
        divisor = math.gcd(rate, new_rate)
        self._up, self._down = new_rate // divisor, rate // divisor
        self._half = math.ceil(_CROSSINGS * max(1.0, rate / new_rate) / _EDGE)
        self._filters = _filters(self._up, min(1.0, new_rate / rate) * _EDGE, self._half)
        # As much silence as the filter looks back to before the first sample.
        self._rest: Samples = np.zeros(self._half - 1, np.float32)
        self._first = -(self._half - 1)  # index of _rest[0] among the input samples
        self._came = self._went = 0

    def push(self, block: Samples) -> Samples:
        """Take a block (samples,) and return the output that is known by now."""
        if self._up == self._down:
            return block
        self._came += len(block)
        return self._advance(np.concatenate([self._rest, block]), self._came - self._half - 1)

    def flush(self) -> Samples:
        """The last samples, after the last block."""
        if self._up == self._down:
            return np.zeros(0, np.float32)
        silence = np.zeros(self._half, np.float32)
        return self._advance(np.concatenate([self._rest, silence]), self._came - 1)

    def _advance(self, samples: Samples, last: int) -> Samples:
        """All output up to the input sample `last`, whose surroundings are in `samples`."""
        stop = max(self._went, ((last + 1) * self._up - 1) // self._down + 1)
        stop = min(stop, -(-self._came * self._up // self._down))
        parts = [np.zeros(0, np.float32)]
        windows = np.lib.stride_tricks.sliding_window_view(samples, 2 * self._half)
        for begin in range(self._went, stop, _AT_ONCE):
            n = np.arange(begin, min(begin + _AT_ONCE, stop)) * self._down
            at = n // self._up - self._half + 1 - self._first
            parts.append(np.einsum("ij,ij->i", windows[at], self._filters[n % self._up]))
        self._went = stop
        keep = max(0, stop * self._down // self._up - self._half + 1 - self._first)
        self._rest = samples[keep:].copy()
        self._first += keep
        return np.concatenate(parts)


def _filters(phases: int, edge: float, half: int) -> Samples:
    """The filter of each phase, (phases, 2 · half): tap k weighs input sample k - half + 1."""
    taps = np.arange(2 * half) - half + 1
    distance = taps[None, :] - np.arange(phases)[:, None] / phases
    window = np.i0(_BETA * np.sqrt(np.maximum(0, 1 - (distance / half) ** 2))) / np.i0(_BETA)
    filters = np.sinc(distance * edge) * window
    # Each phase passes a constant unchanged.
    filters /= filters.sum(axis=1, keepdims=True)
    return filters.astype(np.float32)
