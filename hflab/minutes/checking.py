"""Checking minutes against the transcript: where each item comes from, what nobody said."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from hflab.minutes.record import Action, Item, Minutes
from hflab.minutes.transcript import Transcript
from hflab.minutes.words import content, overlap, words

# From here on two items say the same.
_SAME = 0.8
# With fewer words of a task in the transcript than this share, all the others are named.
_FAMILIAR = 0.5
_GENERIC = re.compile(r"(speaker|unknown|person|participant)[ _]?\w*|[A-Z]|\d+", re.IGNORECASE)
_CITATION = re.compile(r"\s*\[(?:lines? )?(\d{1,6}(?:\s*[,–-]\s*\d{1,6})*)\]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_Entry = TypeVar("_Entry", Item, Action)


def check(minutes: Minutes, transcript: Transcript) -> Minutes:
    """Compare minutes with the transcript they were made from, word by word.

    Words are compared as stems and numbers as digits, so that "ninth" is 9th and "sends" is
    "send". What the transcript does not hold is marked or dropped:

    - Marked, in `.doubts`: owners, due dates, and names and numbers anywhere that don't stand in
      the transcript; every word of an item of which it holds none; every such word of an action's
      task of which it holds less than half.
    - An action of whose task no word stands in the transcript is dropped, and so is any item that
      says the same as one before it.
    - A date of which a word is missing is dropped. An attendee keeps the words of the name that
      stand in the transcript, and is dropped if there are none.
    - Whoever speaks under a name is an attendee.

    Each item keeps its line number if that line shares a word with it; otherwise it gets the
    number of the line that shares the most, rare words counting more.

    This finds words that nobody said. It can't tell whether the words said mean what an item
    makes of them.

    Returns:
        New minutes; those given stay as they are.
    """
    return Checker(transcript).check(minutes)


class Checker:
    """Checks minutes against one transcript; see `check`."""

    def __init__(self, transcript: Transcript) -> None:
        numbered = transcript.numbered()
        self._lines = {number: set(content(text)) for number, text in numbered}
        count = Counter(stem for stems in self._lines.values() for stem in stems)
        total = len(self._lines)
        self._weights = {stem: math.log(1 + total / n) for stem, n in count.items()}
        self._said = {
            stem for _, text in numbered for word in words(text) for stem in content(word)
        }
        self._said |= count.keys()
        self._speakers = [name for name in transcript.speakers if not _GENERIC.fullmatch(name)]

    def check(self, minutes: Minutes) -> Minutes:
        """Return the minutes checked; see the function `check`."""
        date = minutes.date if minutes.date and not self.missing(minutes.date) else None
        summary = _CITATION.sub("", minutes.summary)
        cited = [
            int(number)
            for found in _CITATION.findall(minutes.summary)
            for number in re.findall(r"\d+", found)
        ]
        # What was checked before has lost its citations, and keeps what was made of them.
        cited = cited or minutes.sources.get("summary", [])
        attendees = self._attendees(minutes.attendees)
        sources = {
            "title": self._trace_all([minutes.title]),
            "date": self._trace_all([date or ""]),
            "attendees": self._trace_all(attendees),
            "summary": sorted(
                {n for n in cited if n in self._lines}
                or {*self._trace_all(_SENTENCE.split(summary))}
            ),
        }
        return replace(
            minutes,
            date=date,
            summary=summary,
            attendees=attendees,
            key_points=_distinct(self._item(item) for item in minutes.key_points),
            decisions=_distinct(self._item(item) for item in minutes.decisions),
            actions=_distinct(self._action(action) for action in minutes.actions),
            next_steps=_distinct(self._item(item) for item in minutes.next_steps),
            sources={name: lines for name, lines in sources.items() if lines},
            doubts=self.names(summary),
        )

    def trace(self, text: str, cited: int | None = None) -> int | None:
        """The number of the line that a text comes from; None if no line shares a word with it.

        Args:
            text: An item, or an action's fields joined by spaces.
            cited: The line that the model named.
        """
        stems = set(content(text))
        if cited in self._lines and (not stems or stems & self._lines[cited]):
            return cited
        best, best_weight = None, 0.0
        for number, line in self._lines.items():
            weight = sum(self._weights[stem] for stem in stems & line)
            if weight > best_weight:
                best, best_weight = number, weight
        return best

    def missing(self, text: str) -> list[str]:
        """The words of a text that carry meaning and don't stand in the transcript."""
        tokens = [token.strip(".,;:!?()[]\"'’“”") for token in text.split()]
        return [token for token in tokens if not self._said.issuperset(content(token))]

    def names(self, text: str) -> list[str]:
        """Likewise, only numbers and words with a capital that don't begin a sentence."""
        begins = {sentence.split()[0] for sentence in _SENTENCE.split(text) if sentence.split()}
        return [
            token
            for token in self.missing(text)
            if any(each.isdecimal() for each in content(token))
            or any(c.isdigit() for c in token)
            or (token[:1].isupper() and token not in begins)
        ]

    def _trace_all(self, texts: Iterable[str]) -> list[int]:
        lines = (self.trace(text) for text in texts if text)
        return [line for line in lines if line is not None]

    def _attendees(self, names: Sequence[str]) -> list[str]:
        known = (self._known(name) for name in names)
        people = list(dict.fromkeys([*(name for name in known if name), *self._speakers]))
        # "Pruitt" beside "Councilmember Pruitt" is the same person, unless both speak.
        full = [set(words(name)) for name in people]
        return [
            name
            for name in people
            if name in self._speakers or not any(set(words(name)) < other for other in full)
        ]

    def _known(self, name: str) -> str:
        missing = set(self.missing(name))
        kept = [word for word in name.split() if word.strip(".,;:!?()[]\"'’“”") not in missing]
        return " ".join(kept) if content(" ".join(kept)) else ""

    def _item(self, item: Item) -> Item:
        known = self._known_share(item.text)
        doubts = self.names(item.text) if known else self.missing(item.text)
        return replace(item, line=self.trace(item.text, item.line), doubts=doubts)

    def _action(self, action: Action) -> Action | None:
        known = self._known_share(action.task)
        if not known:
            return None
        doubts = (self.names if known >= _FAMILIAR else self.missing)(action.task)
        owner, due = action.owner or "", action.due or ""
        line = self.trace(f"{owner} {action.task} {due}", action.line)
        doubts = [*self.missing(owner), *doubts, *self.missing(due)]
        return replace(action, line=line, doubts=list(dict.fromkeys(doubts)))

    def _known_share(self, text: str) -> float:
        stems = content(text)
        return sum(stem in self._said for stem in stems) / len(stems) if stems else 1.0


def merge(parts: Sequence[Minutes]) -> Minutes:
    """Join the minutes of the parts of one meeting; `check` then removes what is there twice."""
    together = Minutes(complete=all(part.complete for part in parts))
    for part in parts:
        together.title = together.title or part.title
        together.date = together.date or part.date
        sentences = _SENTENCE.split(f"{together.summary} {part.summary}".strip())
        together.summary = " ".join(dict.fromkeys(sentences))
        for name in ("attendees", "key_points", "decisions", "actions", "next_steps"):
            getattr(together, name).extend(getattr(part, name))
    together.attendees = list(dict.fromkeys(together.attendees))
    return together


def _distinct(entries: Iterable[_Entry | None]) -> list[_Entry]:
    kept: list[tuple[_Entry, set[str]]] = []
    for entry in entries:
        if entry is None:
            continue
        stems = set(content(entry.text if isinstance(entry, Item) else entry.task))
        if not any(_same(entry, stems, *other) for other in kept):
            kept.append((entry, stems))
    return [entry for entry, _ in kept]


def _same(one: Item | Action, stems: set[str], other: Item | Action, others: set[str]) -> bool:
    # What differs in a number is something else: house 4, house 8.
    if overlap(stems, others) < _SAME or any(stem[0].isdecimal() for stem in stems ^ others):
        return False
    if not stems and not others:  # only function words: told apart by their letters
        return str(one) == str(other)
    if isinstance(one, Action) and isinstance(other, Action):
        times = [content(each.due) for each in (one, other) if each.due]
        return content(one.owner or "") == content(other.owner or "") and times[:1] == times[-1:]
    return True
