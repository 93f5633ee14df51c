"""The training windows of the speech recognition model: spoken sentences, pauses, noise, rooms.

A window is put together anew at each step. What it holds is written as Whisper writes it: either
the plain text, or the text with the time at which each sentence begins and ends.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transformers import WhisperTokenizer

from recipes.speech_sound import RATE
from recipes.training import IGNORE

SECONDS, HOP = 8, 320
FRAMES = SECONDS * RATE // HOP
POSITIONS = FRAMES // 2
LONGEST = 112
BATCH = 16
CONTROL = ("endoftext", "startoftranscript", "startofprev", "nospeech", "notimestamps")


class Windows:
    """Puts training windows together from stored sentences.

    Args:
        folder: What `recipes.speech_sound.store` wrote.
        tokenizer: The model's.
        seed: Of all choices.
    """

    def __init__(self, folder: Path, tokenizer: WhisperTokenizer, seed: int) -> None:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        self.mel = np.load(folder / "mel.npy", mmap_mode="r")
        self.phonemes = np.load(folder / "phonemes.npy")
        self.names = index["phonemes"]
        self.tokenizer, self.rng = tokenizer, random.Random(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.ids = {name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in CONTROL}
        self.cache: dict[str, list[int]] = {}
        self.sentences = [self._timed(*entry) for entry in index["sentences"]]

    def _timed(self, first: int, last: int, text: str, events: list[list[int]]) -> dict[str, Any]:
        """Give each word of a sentence (split at spaces) its tokens, first and last frame."""
        words, at = [], 0
        finish = next((frame for place, frame in reversed(events) if place < 0), last - first)
        starts = {place: frame for place, frame in events if place >= 0}
        for word in text.split(" "):
            inside = [frame for place, frame in starts.items() if at <= place < at + len(word)]
            begin = min(inside) if inside else words[-1][1] if words else 0
            if " " + word not in self.cache:
                ids = self.tokenizer(" " + word, add_special_tokens=False)["input_ids"]
                self.cache[" " + word] = ids
            words.append([self.cache[" " + word], begin, finish, word])
            at += len(word) + 1
        for word, after in pairwise(words):
            word[2] = after[1]
        return {"first": first, "last": last, "words": words}

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        while True:
            yield self.batch(BATCH)

    def window(self) -> dict[str, Any]:
        """Return one window: log-mel, phonemes, tokens, and each token's word's frames."""
        rng = self.rng
        mel = np.full((FRAMES, self.mel.shape[1]), -10.0, np.float32)
        phonemes = np.zeros(FRAMES, np.int64)
        timed = rng.random() < 0.55
        lead = rng.choice((0.05, 0.3, 0.3, 1.0, 2.5))
        at, parts = round(rng.uniform(0, lead) * RATE / HOP), []
        more = 0.0 if rng.random() < 0.02 else 1.0
        while rng.random() < more and at < FRAMES - 2:
            sentence = rng.choice(self.sentences)
            words, skip = sentence["words"], 0
            if not parts and rng.random() < 0.07 and len(words) > 3:
                skip = words[rng.randrange(1, len(words) - 1)][1]
            length = sentence["last"] - sentence["first"] - skip
            if at + length > FRAMES and (not timed or (not parts and rng.random() < 0.5)):
                if parts:
                    break
                at = 0
                if length > FRAMES:
                    continue
            size = min(length, FRAMES - at)
            first = sentence["first"] + skip
            mel[at : at + size] = self.mel[first : first + size]
            phonemes[at : at + size] = self.phonemes[first : first + size]
            by = at - skip
            parts.append([(w[0], w[1] + by, w[2] + by, w[3]) for w in words if w[1] >= skip])
            at += length + round(rng.choice((0, 0.3, 1.0)) * rng.random() * RATE / HOP)
            more = 0.72
        tokens, spans = self.target(parts, timed)
        speech = min(FRAMES, max((word[2] for part in parts for word in part), default=0) + 5)
        return {"mel": mel, "phonemes": phonemes, "tokens": tokens, "spans": spans, "end": speech}

    def time(self, frame: int) -> int:
        """Return the token for a point in time."""
        return self.ids["notimestamps"] + 1 + min(POSITIONS, max(0, round(frame / 2)))

    def target(
        self, parts: list[list[Any]], timed: bool
    ) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the tokens to write for sentences, and each token's word's frames or (-1, -1).

        The last sentence may run over the window's end. Then it is left to the next window, of
        which its beginning is told; or, when it is the only one, it is cut at a comma or a word.
        """
        tokens = [self.ids["startoftranscript"]] + [self.ids["notimestamps"]] * (not timed)
        spans = [(-1, -1)] * len(tokens)

        def mark(frame: int) -> None:
            if timed:
                tokens.append(self.time(frame))
                spans.append((-1, -1))

        for number, part in enumerate(parts):
            whole = [word for word in part if word[2] <= FRAMES - 2]
            cut = len(whole) < len(part)
            if cut and number:
                mark(part[0][1])
                break
            if cut:
                late = [i for i, word in enumerate(whole, 1) if word[2] > FRAMES // 2]
                commas = [i for i in late if whole[i - 1][3].endswith(",")]
                whole = whole[: commas[-1]] if commas else whole
            if not whole:
                break
            mark(whole[0][1])
            for ids, begin, finish, _ in whole:
                tokens += ids
                spans += [(begin // 2 - 1, finish // 2 + 1)] * len(ids)
            mark(whole[-1][2])
            if cut:
                mark(whole[-1][2])
        tokens.append(self.ids["endoftext"])
        spans.append((-1, -1))
        return tokens[: LONGEST + 1], spans[: LONGEST + 1]

    def batch(self, size: int) -> dict[str, torch.Tensor]:
        """Return a batch of augmented windows."""
        rows = [self.window() for _ in range(size)]
        width = max(len(row["tokens"]) for row in rows) - 1
        inputs = torch.full((size, width), self.ids["endoftext"])
        labels = torch.full((size, width), IGNORE)
        spans = torch.full((size, width, 2), -1)
        for i, row in enumerate(rows):
            tokens = torch.tensor(row["tokens"])
            count = len(tokens) - 1
            inputs[i, :count], labels[i, :count] = tokens[:-1], tokens[1:]
            labels[i, :count][tokens[1:] == self.ids["notimestamps"]] = IGNORE
            spans[i, :count] = torch.tensor(row["spans"][1:])
        # A wrong token now and then in what has been written so far: only listening helps then.
        wrong = torch.rand(inputs.shape, generator=self.generator) < 0.08
        wrong &= inputs < self.ids["endoftext"]
        guess = torch.randint(self.ids["endoftext"], inputs.shape, generator=self.generator)
        mel = torch.from_numpy(np.stack([row["mel"] for row in rows]))
        ends = torch.tensor([row["end"] for row in rows])
        return {
            "input_features": self.augment(mel, ends).transpose(1, 2),
            "decoder_input_ids": torch.where(wrong, guess, inputs),
            "labels": labels,
            "spans": spans,
            "phonemes": torch.from_numpy(np.stack([row["phonemes"] for row in rows]))[:, 1::2],
        }

    def augment(self, mel: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
        """Add room, color, level, noise to log-mels (batch x frames x bands); clip as Whisper."""
        size, frames, bands = mel.shape

        def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
            return low + (high - low) * torch.rand(*shape, generator=self.generator)

        power = 10.0**mel
        echo = uniform(-2.5, 1.0, size, 1, 1).clamp(max=0.0) - 0.6
        fall = uniform(0.3, 0.75, size, 1, 1)
        wet = power.clone()
        for delay in range(1, 9):
            wet[:, delay:] += 10.0**echo * fall**delay * power[:, :-delay]
        curve = torch.randn(size, 1, 6, generator=self.generator) * 0.22
        curve = functional.interpolate(curve, bands, mode="linear", align_corners=True)
        wet = wet * 10.0 ** (curve + uniform(-1.8, 0.4, size, 1, 1))
        peak = wet.amax((1, 2), keepdim=True).clamp(min=1e-4)
        tilt = uniform(-1.5, 0.4, size, 1, 1) * torch.linspace(0, 1, bands)
        level = uniform(-7.5, -1.8, size, 1, 1)
        grain = -torch.rand(2, size, frames, bands, generator=self.generator).clamp(min=1e-6).log()
        noisy = (uniform(0, 1, size, 1, 1) < 0.8).float()
        noise = noisy * peak * 10.0 ** (level + tilt) * grain.mean(0)
        x = (wet + noise).clamp(min=1e-10).log10()
        x = (torch.maximum(x, x.amax((1, 2), keepdim=True) - 8.0) + 4.0) / 4.0
        # The last window of a long recording is filled up with zeros.
        filled = (uniform(0, 1, size) < 0.2)[:, None] & (torch.arange(frames) >= ends[:, None])
        return x.masked_fill(filled[..., None], 0.0)
