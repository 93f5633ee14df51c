"""Speech recognition on a server: the recording is sent, whole or in parts, to the API."""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tqdm.auto import tqdm

from hflab.client import checked_url, make_client
from hflab.errors import HflabError, OfflineError, ParameterError
from hflab.keys import Key, find_key
from hflab.minutes.audio import RATE, Window, blocks, windows
from hflab.minutes.form import one_line
from hflab.minutes.recordings import BAR, Recording, find, inspect, size, soundfile
from hflab.minutes.transcript import Segment, Transcript
from hflab.wire import explain

LIMIT = 25 * 1024 * 1024  # bytes that the API takes at once
# Ten minutes at 16 kHz are 19.2 MB in 16 bits, and FLAC makes them smaller: always under the limit.
_PART_SECONDS = 600.0
_TAKEN = ("WAV", "FLAC", "MP3", "OGG")
_OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class _Part:
    """A file to send, and the seconds of the recording that it holds."""

    file: BinaryIO
    name: str
    start: float
    end: float | None


def transcribe_hosted(
    path: str | os.PathLike[str],
    *,
    model: str = "whisper-1",
    base_url: str | None = None,
    api_key: str | None = None,
    language: str | None = None,
    part_seconds: float | None = None,
    progress: bool = True,
    timeout: float = 600.0,
    max_retries: int = 3,
) -> Transcript:
    """Let a server write down what is said in a recording.

    The recording leaves this computer: ask those who speak in it first. Its name is not sent.

    A file above 25 MB, the limit of OpenAI's API, is sent in parts of at most ten minutes, cut at
    quiet places and packed as FLAC, mono, 16 kHz; the times of all parts count from the beginning
    of the recording. A recording without any sound above -60 dB is not sent.

    Args:
        path: A WAV, FLAC, MP3 or Ogg file of any size; M4A, MP4 and WebM up to 25 MB.
        model: The model's name on the server. "whisper-1" gives times; "gpt-4o-transcribe" gives
            text alone, one line for each part; "gpt-4o-transcribe-diarize" tells speakers apart,
            in each part anew.
        base_url: The server's address; by default OpenAI's. `transformers serve` has this API too.
        api_key: Its key; by default the one in OPENAI_API_KEY or the Colab secret of that name,
            which goes to OpenAI alone.
        language: Language that is spoken, such as "en"; by default the model finds out.
        part_seconds: Send parts of at most so many seconds, however small the file is. Some servers
            hear only the beginning of a file: `transformers serve` one window of its model (30
            seconds with Whisper), gpt-4o-transcribe 1,400 seconds.
        progress: Show a bar while a recording is sent in parts.
        timeout: Seconds to wait for an answer.
        max_retries: How often a failed request is tried again.

    Returns:
        A transcript.

    Raises:
        ParameterError: No recording that can be read (see `inspect`), or the server refuses it.
        GatedModelError: The server asks for a key, or rejects it.
        ModelNotFoundError: It has no such model.
        OfflineError: It does not answer, or takes no more requests now.
        MissingExtraError: The openai or soundfile package is not installed.
    """
    url = checked_url(base_url or _OPENAI)
    # The argument's name is given up at once: tracebacks may print a frame's variables.
    api_key, key = None, find_key(url, api_key)
    if part_seconds is not None and not 1 <= part_seconds <= _PART_SECONDS:
        raise ParameterError(
            what=f"part_seconds is {part_seconds}.",
            why=f"A part lasts from 1 to {_PART_SECONDS:.0f} seconds, or it would be too big.",
            remedy="Give such a number, or leave it out.",
        )
    source = _source(path)
    whole = part_seconds is None and (isinstance(source, Path) or _fits(source))
    client = make_client(url, key, timeout, max_retries)
    request: dict[str, Any] = {"model": model, "response_format": "verbose_json"}
    if "diarize" in model:
        request |= {"response_format": "diarized_json", "chunking_strategy": "auto"}
    elif "gpt-4o" in model:
        request["response_format"] = "json"
    if language:
        request["language"] = language
    seconds = source.seconds if isinstance(source, Recording) else None
    segments: list[Segment] = []
    bar = tqdm(total=(seconds or 0) / 60, disable=whole or not progress, bar_format=BAR)
    bar.set_description_str("sending", refresh=False)
    with closing(_parts(source, whole, part_seconds or _PART_SECONDS)) as parts, closing(bar):
        for part in parts:
            segments += _send(client, part, request, url, key)
            bar.update((part.end or 0) / 60 - bar.n)
    return Transcript(segments, None if seconds is None else round(seconds, 3))


def _source(path: str | os.PathLike[str]) -> Recording | Path:
    """The recording; or the path of one that can be sent but not opened here."""
    file = find(path)
    with file.open("rb") as stream:
        head = stream.read(12)
    if head[4:8] != b"ftyp" and not head.startswith(b"\x1aE\xdf\xa3"):
        return inspect(path)
    if file.stat().st_size > LIMIT:
        raise ParameterError(
            f"{file.name!r} is too big to be sent: {size(file.stat().st_size)}.",
            f"The API takes {size(LIMIT)} at once, and this format can't be cut in parts here.",
            "Convert it to FLAC, MP3 or Ogg, as any audio editor does, and give that file.",
        )
    return file


def _fits(source: Recording) -> bool:
    return source.bytes <= LIMIT and source.format in _TAKEN


def _parts(source: Recording | Path, whole: bool, seconds: float) -> Generator[_Part, None, None]:
    if isinstance(source, Path):
        ending = "webm" if source.suffix.lower() in (".webm", ".mkv") else "m4a"
        with source.open("rb") as file:
            yield _Part(file, f"recording.{ending}", 0.0, None)
        return
    if all(window.is_silent for window in windows(blocks(source.path), 30)):
        return
    if whole:
        with source.path.open("rb") as file:
            yield _Part(file, f"recording.{source.format.lower()}", 0.0, source.seconds)
        return
    for number, window in enumerate(windows(blocks(source.path), seconds, shortest=0.8), 1):
        if not window.is_silent:
            yield _Part(_packed(window), f"part-{number}.flac", window.start, window.end)


def _packed(window: Window) -> BinaryIO:
    file = io.BytesIO()
    soundfile().write(file, window.samples, RATE, format="FLAC", subtype="PCM_16")
    file.seek(0)
    return file


def _send(
    client: Any, part: _Part, request: dict[str, Any], url: str, key: Key
) -> Iterator[Segment]:
    # The optional extra [remote]; without it there is no client, and nothing got this far.
    import openai

    def models() -> list[str] | None:
        try:
            listed = client.with_options(max_retries=0, timeout=10).models.list()
            return [each.id for each in listed]
        except (openai.OpenAIError, ValueError, AttributeError):  # no list, or no JSON
            return None

    failure: HflabError | None = None
    answer: Any = None
    try:
        answer = client.audio.transcriptions.create(file=(part.name, part.file), **request)
    except openai.APITimeoutError:
        failure = OfflineError(
            f"The server at {url} did not write down {part.name} in time.",
            "Long recordings take it long, and it may still be loading the model.",
            "Wait and try again, or give it longer: transcribe_hosted(..., timeout=1800).",
        )
    except openai.APIError as error:
        failure = explain(error, url, str(request["model"]), key, models)
    # Raised here, so that no traceback leads into frames that hold the request's header.
    if failure is not None:
        raise failure
    return _segments(answer, part)


def _segments(answer: Any, part: _Part) -> Iterator[Segment]:
    """The lines of an answer; servers that give no times give one line."""
    timed = getattr(answer, "segments", None) or []
    for each in timed:
        # Plain dicts where the client was told to expect text alone.
        fields = each if isinstance(each, dict) else vars(each) | (each.model_extra or {})
        if text := one_line(str(fields.get("text") or "")):
            start, end = (part.start + float(fields.get(name) or 0) for name in ("start", "end"))
            yield Segment(round(start, 2), round(end, 2), text, fields.get("speaker"))
    text = one_line(str(getattr(answer, "text", answer) or ""))
    if text and not timed:
        last = None if part.end is None else round(part.end, 2)
        yield Segment(round(part.start, 2), last, text)
