"""Transcripts: who said what and when, as numbered lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hflab.errors import ParameterError

_TIME = re.compile(r"^[\[(]?(?:(\d{1,2}):)?(\d{1,2}):(\d\d)(?:[.,]\d+)?[\])]?[ \t–-]*(?=\D)")
# At most four words that begin with a letter, as in "Mayor Delgado:", bold or not.
_SPEAKER = re.compile(r"^\**([^\W\d_][^\s:*|]*(?:[ \t]+[^\s:*|]+){0,3}?)\**[ \t]*:\**(?:[ \t]+|$)")


@dataclass(frozen=True)
class Segment:
    """One line of a transcript.

    Attributes:
        start: Seconds from the beginning of the recording; None if unknown.
        end: Seconds at which it ends; None if unknown.
        text: What was said.
        speaker: Who said it; None if unknown.
    """

    start: float | None
    end: float | None
    text: str
    speaker: str | None = None

    def __str__(self) -> str:
        return f"{self.speaker}: {self.text}" if self.speaker else self.text


@dataclass(frozen=True)
class Transcript:
    r"""What was said in a meeting, line by line.

    Attributes:
        segments: The lines, in order. Their numbers, from 1, are what minutes refer to.
        duration: Seconds of the recording; None for a transcript that came as text.

    Example:
        ```
        transcript = Transcript.from_text("Anna: Good morning\nOmar: I'll send the budget.")
        print(transcript.segments[1].speaker)  # Omar
        ```
    """

    segments: list[Segment] = field(default_factory=list)
    duration: float | None = None

    @classmethod
    def from_text(cls, text: str) -> Transcript:
        """Read a transcript from text: each line a speaker, a colon and the words.

        A time in front, as in `[00:12] Anna: …`, is kept. A line without a speaker goes on with
        the speech of the line right above it, if that has a speaker; else it is a line of its
        own.
        """
        segments: list[Segment] = []
        blank = True
        for raw in text.splitlines():
            line = raw.strip().lstrip("\ufeff")
            time = _TIME.match(line)
            line = line[time.end() :].strip() if time else line
            said = _SPEAKER.match(line)
            last = segments[-1] if segments else None
            if said:
                words = line[said.end() :].strip()
                segments.append(Segment(_seconds(time), None, words, said[1].strip()))
            elif line and not blank and not time and last is not None and last.speaker:
                words = f"{last.text} {line}".strip()
                segments[-1] = Segment(last.start, None, words, last.speaker)
            elif line:
                segments.append(Segment(_seconds(time), None, line))
            blank = not line
        return cls([segment for segment in segments if segment.text])

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Transcript:
        """The inverse of `to_dict`.

        Raises:
            ParameterError: A field is missing, unknown or of another type.
        """
        try:
            return cls([Segment(**segment) for segment in data["segments"]], data.get("duration"))
        except (KeyError, TypeError) as error:
            raise ParameterError(
                what="This is no transcript as a dict.",
                why=f"{type(error).__name__}: {error}",
                remedy="Give what Transcript.to_dict() returned.",
            ) from error

    @property
    def text(self) -> str:
        """All lines, with their speakers where they are known; `from_text` reads it back."""
        lines: list[str] = []
        spoken = False
        for segment in self.segments:
            # Without an empty line in between, it would be read as more of the speech above it.
            lines += [""] if spoken and not segment.speaker else []
            lines.append(str(segment))
            spoken = bool(segment.speaker)
        return "\n".join(lines)

    @property
    def speakers(self) -> list[str]:
        """The names of the speakers, in the order in which they first speak."""
        return list(dict.fromkeys(s.speaker for s in self.segments if s.speaker))

    def numbered(self) -> list[tuple[int, str]]:
        """The lines with their numbers, from 1."""
        return [(number, str(segment)) for number, segment in enumerate(self.segments, 1)]

    def to_markdown(self) -> str:
        """The lines as a numbered list, with speakers and times where they are known."""
        rows = []
        for number, segment in enumerate(self.segments, 1):
            time = "" if segment.start is None else f"({clock(segment.start)}) "
            who = f"**{as_markdown(segment.speaker)}:** " if segment.speaker else ""
            rows.append(f"{number}. {time}{who}{as_markdown(segment.text)}")
        return "\n".join(rows) + "\n" if rows else "*Nothing was said.*\n"

    def to_dict(self) -> dict[str, Any]:
        """Plain data: `{"segments": [{"start", "end", "text", "speaker"}, …], "duration"}`."""
        return asdict(self)

    def __str__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def clock(seconds: float) -> str:
    """Seconds as on a clock: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def as_markdown(text: str) -> str:
    """Text as Markdown that shows exactly this text: no link, picture or HTML comes of it."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(text.split()))


def _seconds(time: re.Match[str] | None) -> float | None:
    return None if time is None else 3600.0 * int(time[1] or 0) + 60 * int(time[2]) + int(time[3])
