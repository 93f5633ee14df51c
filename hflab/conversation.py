"""What every chat shares: the list of messages, one turn at a time, how it shows itself."""

from __future__ import annotations

import asyncio
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Generator
from html import escape
from typing import Any, NamedTuple

from hflab.decoding import GenerationStats
from hflab.errors import BusyError
from hflab.generation import Stream
from hflab.prompts import check_text


class Conversation(ABC):
    """The part of a chat that is the same wherever the model runs; see Chat and RemoteChat.

    Args:
        system: What to tell the model before the conversation.
        generation: Defaults for every turn, already checked.

    Attributes:
        messages: The conversation, a list of `{"role": ..., "content": ...}`; print it, edit it.
        generation: The defaults for every turn.
        stats: What the last turn took.

    Raises:
        MessageError: `system` is no text.
    """

    def __init__(self, system: str | None, generation: dict[str, Any]) -> None:
        self.generation = generation
        self.messages: list[dict[str, str]] = []
        if system is not None:
            check_text("system", system)
            self.messages.append({"role": "system", "content": system})
        self.stats = GenerationStats()
        self._turn: _Turn | None = None
        self._lock = threading.Lock()

    def send(self, text: str, **generation: Any) -> str:
        """Say something and return the whole reply. Arguments and errors: see `stream`."""
        return "".join(self.stream(text, **generation))

    @abstractmethod
    def stream(self, text: str, **generation: Any) -> Stream:
        """Say something and return a generator of pieces of the reply, with `.stats`."""

    def reset(self) -> None:
        """Forget the conversation, all but a system message.

        Raises:
            BusyError: A turn of this chat is being generated.
        """
        self._claim(None)
        self.messages[:] = [m for m in self.messages[:1] if m.get("role") == "system"]
        self.stats = GenerationStats()

    def _begin(self, pieces: Generator[str, None, None]) -> Stream:
        """Make `pieces` the turn of this chat, and do its checks in the caller.

        Its first piece is empty and comes when all checks are done.
        """
        self._claim(pieces)
        next(pieces)
        return Stream(pieces, self.stats)

    def _close(self, question: dict[str, str], reply: str | None) -> None:
        # If the question isn't the last message any more, somebody edited the list meanwhile:
        # then it is theirs.
        if self.messages and self.messages[-1] is question:
            if reply is None:
                self.messages.pop()
            else:
                self.messages.append({"role": "assistant", "content": reply})

    def _claim(self, pieces: Generator[str, None, None] | None) -> None:
        """Make `pieces` the turn of this chat, or raise BusyError."""
        with self._lock:
            turn = self._turn
            running = turn.pieces() if turn else None
            if turn and running is not None and running.gi_frame is not None:  # unfinished
                if running.gi_running or turn.read_elsewhere():
                    raise BusyError(
                        what="This chat is still answering another message.",
                        why="A conversation has one turn at a time, or the texts would mix.",
                        remedy="Wait, close() the other stream, or use a second Chat.",
                    )
                running.close()
            self._turn = None if pieces is None else _Turn.of(pieces)

    def __repr__(self) -> str:
        lines = [f"{m.get('role')}: {m.get('content')}" for m in self.messages]
        return "\n".join(lines) or "Chat without messages"

    def _repr_html_(self) -> str:
        # Sides and borders tell the roles apart; no color that a dark theme could swallow.
        rows = []
        for message in self.messages:
            role, content = (escape(str(message.get(key))) for key in ("role", "content"))
            indent = "15%" if role == "user" else "0"
            rows.append(
                f'<div style="margin:4px 0 4px {indent};padding:4px 10px;border-radius:4px;'
                f'border:1px solid rgba(128,128,128,.5);white-space:pre-wrap">'
                f'<small style="opacity:.75">{role}</small><br>{content}</div>'
            )
        return f'<div style="max-width:48em">{"".join(rows) or "Chat without messages"}</div>'


class _Turn(NamedTuple):
    """A turn that was begun, and who reads it; held weakly, so that dropping a stream ends it."""

    pieces: weakref.ref[Any]
    thread: threading.Thread
    task: weakref.ref[asyncio.Task[Any]] | None

    @classmethod
    def of(cls, pieces: Generator[str, None, None]) -> _Turn:
        task = _current_task()
        reference = weakref.ref(task) if task else None
        return cls(weakref.ref(pieces), threading.current_thread(), reference)

    def read_elsewhere(self) -> bool:
        """Whether another thread or asyncio task, still alive, reads it."""
        if self.thread is not threading.current_thread():
            return self.thread.is_alive()
        task = self.task() if self.task else None
        return task is not None and task is not _current_task() and not task.done()


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no event loop runs here
        return None
