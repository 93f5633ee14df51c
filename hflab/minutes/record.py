"""Minutes: title, decisions, action items and the rest, each with the line that says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hflab.errors import ParameterError
from hflab.minutes.transcript import as_markdown

# The fields of minutes in the order in which they are written, and their headings.
SECTIONS = {
    "title": "Title",
    "date": "Date",
    "attendees": "Attendees",
    "summary": "Summary",
    "key_points": "Key points",
    "decisions": "Decisions",
    "actions": "Actions",
    "next_steps": "Next steps",
}
_HEADINGS = SECTIONS | {"actions": "Action items"}
_NAMES = list(SECTIONS)


@dataclass
class Item:
    """A key point, a decision or a next step.

    Attributes:
        text: What it says.
        line: Number of the transcript line that says it; None if no line does.
        doubts: Names, numbers and words in it that the transcript does not hold.
    """

    text: str
    line: int | None = None
    doubts: list[str] = field(default_factory=list)

    def to_markdown(self) -> str:
        """One list item, with its line, and its doubts in words."""
        return f"- {as_markdown(self.text)}{_source(self.line, self.doubts)}"


@dataclass
class Action:
    """An action item.

    Attributes:
        owner: Who is to do it; None if nobody was named.
        task: What is to be done.
        due: By when, in the words of the transcript; None if no time was named.
        line: Number of the transcript line that says it; None if no line does.
        doubts: Names, dates and words in it that the transcript does not hold.
    """

    owner: str | None
    task: str
    due: str | None = None
    line: int | None = None
    doubts: list[str] = field(default_factory=list)

    def to_markdown(self) -> str:
        """One item of a list with boxes to tick."""
        owner = f"**{as_markdown(self.owner)}:** " if self.owner else ""
        due = f", due: {as_markdown(self.due)}" if self.due else ""
        return f"- [ ] {owner}{as_markdown(self.task)}{due}{_source(self.line, self.doubts)}"


@dataclass
class Minutes:
    """The minutes of a meeting.

    Attributes:
        title: What the meeting was about.
        date: Its date in the words of the transcript; None if none was named.
        attendees: Who was there.
        summary: Two or three sentences.
        key_points: What was said.
        decisions: What was decided.
        actions: Who does what by when.
        next_steps: What happens next.
        sources: For title, date, attendees and summary: the numbers of the transcript lines that
            they come from, as far as there are any. Attendees have one each, in their order.
        doubts: Names and numbers in the summary that the transcript does not hold.
        complete: False if a reply of the model was cut off, so that something may be missing.
    """

    title: str = ""
    date: str | None = None
    attendees: list[str] = field(default_factory=list)
    summary: str = ""
    key_points: list[Item] = field(default_factory=list)
    decisions: list[Item] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    next_steps: list[Item] = field(default_factory=list)
    sources: dict[str, list[int]] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    complete: bool = True

    def to_markdown(self) -> str:
        """The minutes as Markdown, line numbers in brackets."""
        cut = "\n*The reply was cut off: something may be missing.*\n"
        return "".join(map(self._part, _NAMES)) + ("" if self.complete else cut)

    def begun(self, last: str) -> str:
        """The beginning of the Markdown that stays as it is while a field still grows.

        Args:
            last: Name of that field, such as "actions".
        """
        done = _NAMES[: _NAMES.index(last)]
        items = last in _NAMES[4:] and getattr(self, last)
        return "".join(map(self._part, [*done, last] if items else done))

    def _part(self, name: str) -> str:
        value = getattr(self, name)
        if name == "title":
            return f"# {as_markdown(value or 'Minutes')}\n"
        if name == "date":
            return f"\n**Date:** {as_markdown(value)}\n" if value else ""
        if name == "attendees":
            return f"\n**Attendees:** {as_markdown(', '.join(value))}\n" if value else ""
        if name == "summary":
            doubts = _source(None, self.doubts)
            return f"\n## Summary\n\n{as_markdown(value)}{doubts}\n" if value else ""
        rows = "".join(f"{item.to_markdown()}\n" for item in value) or "None.\n"
        return f"\n## {_HEADINGS[name]}\n\n{rows}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Minutes:
        """The inverse of `to_dict`. Fields that are missing are empty.

        Raises:
            ParameterError: A field is unknown or of another type.
        """
        try:
            fields = dict(data)
            for name in ("key_points", "decisions", "next_steps"):
                fields[name] = [Item(**item) for item in fields.get(name, [])]
            fields["actions"] = [Action(**item) for item in fields.get("actions", [])]
            return cls(**fields)
        except (TypeError, ValueError) as error:
            raise ParameterError(
                what="These are no minutes as a dict.",
                why=f"{type(error).__name__}: {error}",
                remedy="Give what Minutes.to_dict() returned.",
            ) from error

    def __str__(self) -> str:
        return self.to_markdown()

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def _source(line: int | None, doubts: list[str]) -> str:
    doubted = f" *(not in the transcript: {as_markdown(', '.join(doubts))})*" if doubts else ""
    return ("" if line is None else f" [{line}]") + doubted
