"""Writing minutes with a chat model: one prompt, or several where the transcript is long."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, Literal, overload

from hflab.chat import Chat
from hflab.errors import ContextOverflowError, ParameterError
from hflab.minutes.checking import Checker, merge
from hflab.minutes.form import prompt
from hflab.minutes.reading import Reader
from hflab.minutes.record import Minutes
from hflab.minutes.transcript import Transcript

_Lines = list[tuple[int, str]]


class MinutesStream(Iterator[str]):
    """A generator of pieces of Markdown that also has `.minutes`.

    Attributes:
        minutes: What is known so far; complete when the stream is at its end.
    """

    def __init__(self, transcript: Transcript, chat: Any, generation: dict[str, Any]) -> None:
        self.minutes = Minutes()
        self._pieces = self._write(transcript, chat, generation)

    def __next__(self) -> str:
        return next(self._pieces)

    def close(self) -> None:
        """Stop; nothing more is computed."""
        self._pieces.close()

    def _write(
        self, transcript: Transcript, chat: Any, generation: dict[str, Any]
    ) -> Generator[str, None, None]:
        checker = Checker(transcript)
        waiting = [transcript.numbered()] if transcript.segments else []
        parts: list[Minutes] = []
        shown = ""
        kept = list(getattr(chat, "messages", []))
        try:
            while waiting:
                lines = waiting.pop(0)
                label = ""
                if waiting or parts:
                    label = "\n---\n\n" if parts else ""
                    label += f"*Lines {lines[0][0]} to {lines[-1][0]}:*\n\n"
                reader = Reader()
                try:
                    for new in _ask(chat, lines, reader, generation):
                        self.minutes = checker.check(merge([*parts, reader.minutes]))
                        so_far = label + checker.check(reader.minutes).begun(new)
                        if so_far.startswith(shown):
                            yield so_far[len(shown) :]
                            shown = so_far
                except ContextOverflowError as error:
                    waiting[:0] = _halves(lines, error)
                    continue
                parts.append(reader.minutes)
                if waiting:
                    whole = label + checker.check(reader.minutes).to_markdown()
                    yield whole[len(shown) :] if whole.startswith(shown) else "\n"
                    shown = ""
        finally:
            if transcript.segments:
                chat.reset()
            if kept:
                chat.messages[:] = kept
        self.minutes = checker.check(merge(parts))
        whole = self.minutes.to_markdown()
        if len(parts) < 2 and whole.startswith(shown):
            yield whole[len(shown) :]
        else:
            yield f"\n---\n\n{whole}"


@overload
def write_minutes(
    transcript: Transcript | str, chat: Any, *, stream: Literal[False] = ..., **generation: Any
) -> Minutes: ...


@overload
def write_minutes(
    transcript: Transcript | str, chat: Any, *, stream: Literal[True], **generation: Any
) -> MinutesStream: ...


def write_minutes(
    transcript: Transcript | str, chat: Any, *, stream: bool = False, **generation: Any
) -> Minutes | MinutesStream:
    """Write the minutes of a meeting with a chat model.

    The model sees the numbered lines of the transcript and answers in a form of plain lines (see
    `prompt`). Its reply is read tolerantly (`parse`) and compared with the transcript (`check`):
    names, tasks and dates that nobody said are marked or dropped.

    If transcript and reply don't fit the model's context window, the transcript is cut in two
    between lines, and these again as often as needed; each part is asked for on its own, with the
    line numbers of the whole, and the results are joined: attendees united, items that say the
    same kept once, summaries one after the other.

    A transcript without words gives empty minutes, and no model is asked.

    Args:
        transcript: A transcript, or its text.
        chat: A Chat, a RemoteChat or anything with their `stream` and `reset`; or a pair (model,
            tokenizer). What was said in it before plays no part, and is there again afterwards.
        stream: Return a generator of pieces of Markdown instead, which come while the model
            writes. Joined they are `.minutes.to_markdown()`; of a long transcript each part's
            Markdown comes first, and so does that of a reply that jumps between sections.
        **generation: For `chat.stream`. By default the most likely token is taken every time, and
            max_new_tokens grows with the transcript, up to 1,024.

    Raises:
        ParameterError: `transcript` or `chat` is something else.
        ContextOverflowError: Not even a few words of the transcript fit the context window.
    """
    if isinstance(transcript, str):
        transcript = Transcript.from_text(transcript)
    if not isinstance(transcript, Transcript):
        raise ParameterError(
            what=f"transcript is {type(transcript).__name__}, not a transcript.",
            why="Minutes are written from lines of text.",
            remedy="Give what transcribe() returned, or text like 'Anna: Good morning'.",
        )
    if isinstance(chat, tuple) and len(chat) == 2:
        chat = Chat(*chat)
    if not (callable(getattr(chat, "stream", None)) and callable(getattr(chat, "reset", None))):
        raise ParameterError(
            what=f"chat is {type(chat).__name__}, which can't be asked.",
            why="Minutes are written by a chat model.",
            remedy="Give hflab.Chat(model, tokenizer), a RemoteChat, or (model, tokenizer).",
        )
    pieces = MinutesStream(transcript, chat, generation)
    if stream:
        return pieces
    for _ in pieces:
        pass
    return pieces.minutes


def _ask(
    chat: Any, lines: _Lines, reader: Reader, generation: dict[str, Any]
) -> Generator[str, None, None]:
    """Ask for the minutes of some lines; yields the section after each line of the reply."""
    options = {"max_new_tokens": min(1024, 192 + sum(len(text) for _, text in lines) // 6)}
    if "do_sample" not in getattr(chat, "generation", {}):
        options["do_sample"] = False
    chat.reset()
    rest = ""
    with closing(chat.stream(prompt(lines), **(options | generation))) as pieces:
        for piece in pieces:
            *whole, rest = (rest + piece).split("\n")
            for line in whole:
                reader.read(line)
            if whole and reader.section:
                yield reader.section
    if getattr(getattr(chat, "stats", None), "finish_reason", None) == "length":
        reader.minutes.complete = False  # half a line would be half an item: left out
    else:
        reader.read(rest)


def _halves(lines: _Lines, error: ContextOverflowError) -> list[_Lines]:
    """Cut lines in two where half of their characters are; a single line between its words."""
    if len(lines) == 1:
        number, text = lines[0]
        words = text.split()
        if len(words) < 20:
            raise error
        half = len(words) // 2
        return [[(number, " ".join(words[:half]))], [(number, " ".join(words[half:]))]]
    total = sum(len(text) for _, text in lines)
    cut = run = 0
    while cut < len(lines) - 1 and (cut == 0 or run + len(lines[cut][1]) <= total / 2):
        run += len(lines[cut][1])
        cut += 1
    return [lines[:cut], lines[cut:]]
