"""Speech recognition on this machine: recordings of any length to timed text, window by window."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from hflab import catalog
from hflab.errors import ParameterError
from hflab.loading import load
from hflab.minutes.audio import RATE, Window, blocks, duration, loud_part, windows
from hflab.minutes.form import one_line
from hflab.minutes.recordings import BAR, inspect
from hflab.minutes.transcript import Segment, Transcript


def transcribe(
    path_or_array: Any,
    *,
    model: Any = None,
    progress: bool = True,
    sampling_rate: int = RATE,
    batch_size: int | None = None,
    **generation: Any,
) -> Transcript:
    """Write down what is said in a recording, with the time of each line.

    The sound is read block by block, mixed to mono, resampled, and cut at quiet places into
    windows as long as the model's own feature extractor takes; so memory doesn't grow with the
    recording, and no other program (ffmpeg) is needed. Windows without any sound above -60 dB
    are left out: a model asked about silence invents words.

    Whisper hears no difference between speakers, so `.speaker` is None.

    Args:
        path_or_array: A WAV, FLAC, MP3 or Ogg file; or an array of samples, (n,) or (n, channels).
        model: A model of Whisper's kind: a bundled name, a folder or Hub id, or a pair (model,
            processor). By default `hflab.pick("speech-recognition")`.
        progress: Show a bar with the minutes done.
        sampling_rate: Samples a second of an array; a file says it itself.
        batch_size: Windows given to the model at once: 16 on a GPU, else 4.
        **generation: For the model's `generate`, such as language="en" with a multilingual model.

    Returns:
        A transcript; without lines if nothing was said.

    Raises:
        ParameterError: No recording that can be read (see `hflab.minutes.inspect`), or a model of
            another kind.
        MissingExtraError: The soundfile package is not installed.

    Example:
        ```
        transcript = transcribe("meeting.flac")
        print(transcript.to_markdown())
        ```
    """
    length = duration(_source(path_or_array), sampling_rate)
    segments = stream_transcript(
        path_or_array,
        model=model,
        progress=progress,
        sampling_rate=sampling_rate,
        batch_size=batch_size,
        **generation,
    )
    return Transcript(list(segments), round(length, 3))


def stream_transcript(
    path_or_array: Any,
    *,
    model: Any = None,
    progress: bool = False,
    sampling_rate: int = RATE,
    batch_size: int | None = None,
    **generation: Any,
) -> Generator[Segment, None, None]:
    """Like `transcribe`, but yields the lines as they are recognized.

    The recording is judged and the model loaded at once, before the first line is asked for.
    """
    source = _source(path_or_array)
    length = duration(source, sampling_rate)
    if batch_size is not None and batch_size < 1:
        raise ParameterError(
            what=f"batch_size is {batch_size}.",
            why="It is the number of windows the model hears at once.",
            remedy="Give 1 or more, or leave it out.",
        )
    if model is None:
        model = catalog.pick("speech-recognition")
    pair = load(os.fspath(model)) if isinstance(model, str | os.PathLike) else model
    listener = Listener(*_checked(pair), generation)
    title = "transcribing" if isinstance(source, np.ndarray) else str(inspect(source).path.name)
    bar = tqdm(desc=title, total=length / 60, bar_format=BAR, disable=not progress)
    cut = windows(blocks(source, listener.rate, array_rate=sampling_rate), listener.seconds)
    return _listen(listener, cut, batch_size or listener.batch_size, bar)


class Listener:
    """A speech recognition model and what it needs to know about windows.

    Args:
        model: A model of Whisper's kind.
        processor: Its processor: feature extractor and tokenizer.
        generation: For `generate`.

    Attributes:
        rate: Samples a second that its feature extractor takes.
        seconds: Length of its window.
        batch_size: A good number of windows to hear at once.
    """

    def __init__(self, model: Any, processor: Any, generation: dict[str, Any]) -> None:
        self._model, self._generation = model, generation
        self._extractor, self._tokenizer = processor.feature_extractor, processor.tokenizer
        self.rate: int = self._extractor.sampling_rate
        self.seconds: float = self._extractor.n_samples / self.rate
        self.batch_size = 4 if model.device.type == "cpu" else 16
        # Times are the tokens after this one, one for each position that the encoder puts out.
        self._no_times = getattr(model.generation_config, "no_timestamps_token_id", None)
        self._step = self.seconds / model.config.max_source_positions
        self._special = set(self._tokenizer.all_special_ids)

    @torch.inference_mode()
    def hear(self, batch: list[Window]) -> list[Segment]:
        """What is said in some windows. Each may be shorter than the model's, not longer."""
        inputs = self._extractor(
            [window.samples for window in batch],
            sampling_rate=self.rate,
            return_attention_mask=True,
            return_tensors="pt",
        )
        options = {"return_timestamps": True} if self._no_times is not None else {}
        with _quiet():
            rows = self._model.generate(
                inputs["input_features"].to(self._model.device, self._model.dtype),
                attention_mask=inputs["attention_mask"].to(self._model.device),
                **(options | self._generation),
            )
        return [
            segment
            for window, ids in zip(batch, rows.tolist(), strict=True)
            for segment in self._segments(ids, window)
        ]

    def _segments(self, ids: list[int], window: Window) -> Iterator[Segment]:
        """Cut the tokens of a window where the model wrote a time."""
        first, last = loud_part(window)
        start = first
        text: list[int] = []
        for token in ids:
            if self._no_times is not None and token > self._no_times:
                time = window.start + (token - self._no_times - 1) * self._step
                time = min(max(time, window.start), window.end)
                if text:
                    yield from self._segment(start, time, text)
                    text = []
                start = time
            elif token not in self._special:
                text.append(token)
        if text:
            yield from self._segment(start, last, text)

    def _segment(self, start: float, end: float, ids: list[int]) -> Iterator[Segment]:
        if text := one_line(self._tokenizer.decode(ids, skip_special_tokens=True)):
            yield Segment(round(start, 2), round(max(start, end), 2), text)


@contextmanager
def _quiet() -> Iterator[None]:
    """No warning that Whisper's own `generate` hands settings on in an old-fashioned way."""
    logger = logging.getLogger("transformers.generation.utils")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _listen(
    listener: Listener, cut: Iterator[Window], batch_size: int, bar: Any
) -> Generator[Segment, None, None]:
    with closing(bar):
        while batch := list(islice(cut, batch_size)):
            spoken = [window for window in batch if not window.is_silent]
            if spoken:
                yield from listener.hear(spoken)
            bar.update(batch[-1].end / 60 - bar.n)


def _source(path_or_array: Any) -> Any:
    if isinstance(path_or_array, str | Path | os.PathLike):
        return path_or_array
    return np.asarray(path_or_array)


def _checked(pair: Any) -> tuple[Any, Any]:
    """A model of Whisper's kind and its processor, or a ParameterError."""
    model, processor = pair if isinstance(pair, tuple) and len(pair) == 2 else (pair, None)
    extractor = getattr(processor, "feature_extractor", None)
    if not (hasattr(extractor, "n_samples") and hasattr(processor, "tokenizer")):
        raise ParameterError(
            what=f"{type(model).__name__} is no speech recognition model of Whisper's kind.",
            why="Recordings are cut into windows as its feature extractor takes them.",
            remedy='Give a name such as "openai/whisper-small", or a pair (model, processor).',
        )
    return model, processor
