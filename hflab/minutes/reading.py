"""Reading a model's reply: what is in the form is taken, what is not does no harm."""

from __future__ import annotations

import re

from hflab.minutes.form import one_line
from hflab.minutes.record import SECTIONS, Action, Item, Minutes

_LONGEST = 600  # characters of an item: more is a model that ran wild
_MOST = 300  # items of a section
_NOTHING = re.compile(
    r"(none|nothing|nobody|no one|null|unknown|unspecified|tbd|tba|n/?a|nil|[-–—]*)"
    r"|(no|none|not|nothing)( (decisions?|actions?|action items?|next steps?|key points?|date"
    r"|due date|deadline|owner|specific))?( (was|were|is|are|has been|have been))?"
    r"( (mentioned|specified|named|given|stated|noted|recorded|made|taken|planned))?",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^(?:[-*•–—+]+|\(?\d{1,3}[.)])\s+(?:\[[ xX]?\]\s*)?")
_CITED = re.compile(
    r"\s*[\[(]\s*(?:lines?|l\.?|#)?\s*(\d{1,6})(?:\s*(?:,|-|–|and|&)\s*\d{1,6})*\s*[\])]\s*\.?$",
    re.IGNORECASE,
)
_DUE = re.compile(
    r"[\s,;]*[(\[,]\s*(?:due|deadline|by)(?:\s+(?:date|by))?\s*:?\s+([^()\[\]]+?)[)\]]?\.?$", re.I
)
_OTHER_NAMES = {
    "title": "title|meeting|meeting title|subject|minutes|meeting minutes|minutes of the meeting",
    "date": "date|meeting date|date and time|when",
    "attendees": "attendees|participants|present|attendance|people|who was there",
    "summary": "summary|overview|abstract|executive summary|meeting summary",
    "key_points": "key points|key point|points|key discussion points|discussion|discussion points|"
    "main points|topics|notes",
    "decisions": "decisions|decision|decisions made|resolutions|key decisions",
    "actions": "actions|action|action items|action item|tasks|to do|to-do|todo|todos",
    "next_steps": "next steps|next step|follow-up|follow up|follow-ups|upcoming",
}
_SECTION_OF = {name: field for field, names in _OTHER_NAMES.items() for name in names.split("|")}
_COLUMNS = {"owner", "who", "task", "what", "action", "due", "by when", "line"}


def parse(reply: str) -> Minutes:
    """Read a model's reply in the form that `prompt` asks for.

    Tolerant: Markdown around the headings, other bullets, other names of sections ("Action
    items"), tables, `Anna: send the budget (by Friday)` and repeated items are understood. What
    is not understood is left out; no text makes it raise. Nothing is compared with a transcript
    here: see `check`.
    """
    reader = Reader()
    for line in reply.splitlines():
        reader.read(line)
    return reader.minutes


class Reader:
    """Reads a reply line by line.

    Attributes:
        minutes: What was understood so far.
        section: The field that the last line belongs to; None before the first.
    """

    def __init__(self) -> None:
        self.minutes = Minutes()
        self.section: str | None = None
        self._thinking = False
        self._seen: set[tuple[str, str]] = set()

    def read(self, raw: str) -> None:
        """Take one more line of the reply."""
        line = self._without_thoughts(one_line(raw))
        if not line or line.startswith(("```", "~~~", "===", "---", "|-", "| -", "|:", "| :")):
            return
        name, rest = _heading(line)
        if name is not None:
            self.section = name
            line = rest
        elif self.section is None:
            if raw.lstrip().startswith("#") and not self.minutes.title:
                self._take("title", line.lstrip("# "))
            return
        self._take(self.section or "", line)

    def _without_thoughts(self, line: str) -> str:
        """A line without the part that a reasoning model writes for itself."""
        if self._thinking:
            _, end, line = line.partition("</think>")
            self._thinking = not end
        before, start, inside = line.partition("<think>")
        if start:
            _, end, after = inside.partition("</think>")
            self._thinking = not end
            return (before + after).strip()
        return line.strip()

    def _take(self, section: str, line: str) -> None:
        text = _plain(_BULLET.sub("", line))
        minutes = self.minutes
        key = (section, text.casefold())
        if _is_nothing(text) or len(text) > _LONGEST or key in self._seen:
            return
        self._seen.add(key)
        if section == "title":
            minutes.title = minutes.title or _cite(text)[0]
        elif section == "date":
            minutes.date = minutes.date or _cite(text)[0]
        elif section == "attendees":
            for name in re.split(r"\s*[,;]\s*(?:and\s+)?|\s+and\s+", _cite(text)[0]):
                if name and not _is_nothing(name) and name not in minutes.attendees[:_MOST]:
                    minutes.attendees.append(name)
        elif section == "summary":
            minutes.summary = f"{minutes.summary} {text}".strip()
        elif len(getattr(minutes, section)) < _MOST:
            if section != "actions":
                getattr(minutes, section).append(Item(*_cite(text)))
            elif action := _action(text):
                minutes.actions.append(action)


def _heading(line: str) -> tuple[str | None, str]:
    """The field that a line opens, and the rest of the line; None if it opens none."""
    bare = _plain(_BULLET.sub("", line.lstrip("# "))) if line[0] in "#*" else line
    before, colon, rest = bare.partition(":")
    name = _SECTION_OF.get(_plain(before).casefold())
    # Without a colon, only what is marked as a heading or is exactly one of our own.
    if name and (colon or line[0] in "#*" or bare in SECTIONS.values()):
        return name, rest.strip(" *_")
    return None, line


def _plain(text: str) -> str:
    """Text without the marks of Markdown around and in it."""
    return re.sub(r"\*\*|__|`", "", text).strip(" *_")


def _is_nothing(text: str) -> bool:
    return not text or _NOTHING.fullmatch(text.strip(" .:()[]*_|")) is not None


def _cite(text: str) -> tuple[str, int | None]:
    """A text without the line number at its end, and the number."""
    found = _CITED.search(text)
    if found is None or not text[: found.start()].strip():
        return text, None
    return text[: found.start()].strip(), int(found[1])


def _action(text: str) -> Action | None:
    text = text.removeprefix("|").strip()
    text, line = _cite(text.removesuffix("|").strip())
    fields = [_cite(field.strip())[0] for field in text.split("|")]
    if len(fields) == 1:
        owner, colon, task = text.partition(": ")
        due = _DUE.search(task if colon else text)
        if not colon or len(owner.split()) > 5:
            owner, task = "", text
        fields = [owner, task[: due.start()] if due and task.endswith(due[0]) else task]
        fields += [due[1]] if due else []
    owner, task, due_text = [*fields, "", ""][:3]
    if len(fields) > 3 and line is None and fields[3].strip("[] ").isdecimal():
        line = int(fields[3].strip("[] ")[:6])
    if _is_nothing(task) or {owner.casefold(), task.casefold()} <= _COLUMNS:
        return None
    return Action(_or_none(owner), task.rstrip("."), _or_none(due_text), line)


def _or_none(text: str) -> str | None:
    return None if _is_nothing(text) else text
