"""Meeting minutes: recordings to transcripts, transcripts to minutes, and scores for both.

    from hflab.minutes import transcribe, write_minutes

    transcript = transcribe("meeting.flac")
    print(write_minutes(transcript, chat).to_markdown())

Names are looked up on first use: the command line imports this and must not wait for torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hflab.minutes.checking import check
    from hflab.minutes.form import prompt, reply
    from hflab.minutes.hosted import transcribe_hosted
    from hflab.minutes.listening import stream_transcript, transcribe
    from hflab.minutes.reading import parse
    from hflab.minutes.record import Action, Item, Minutes
    from hflab.minutes.recordings import Recording, inspect
    from hflab.minutes.scores import ActionScores, action_scores, word_error_rate
    from hflab.minutes.transcript import Segment, Transcript
    from hflab.minutes.writing import MinutesStream, write_minutes

__all__ = [
    "Action",
    "ActionScores",
    "Item",
    "Minutes",
    "MinutesStream",
    "Recording",
    "Segment",
    "Transcript",
    "action_scores",
    "check",
    "inspect",
    "parse",
    "prompt",
    "reply",
    "stream_transcript",
    "transcribe",
    "transcribe_hosted",
    "word_error_rate",
    "write_minutes",
]

# Where each public name lives.
_HOMES = {
    "Action": "record",
    "ActionScores": "scores",
    "Item": "record",
    "Minutes": "record",
    "MinutesStream": "writing",
    "Recording": "recordings",
    "Segment": "transcript",
    "Transcript": "transcript",
    "action_scores": "scores",
    "check": "checking",
    "inspect": "recordings",
    "parse": "reading",
    "prompt": "form",
    "reply": "form",
    "stream_transcript": "listening",
    "transcribe": "listening",
    "transcribe_hosted": "hosted",
    "word_error_rate": "scores",
    "write_minutes": "writing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hflab.minutes' has no attribute {name!r}")
    value = getattr(import_module(f"hflab.minutes.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
