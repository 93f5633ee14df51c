"""Judges a reply of the bundled chat model against what a held-out conversation expects.

`tests/heldout/README.md` explains the expectations. A reply is right when it holds the right fact
(definitions: at least 80 % of the reference's words in order; names, capitals and values: exactly).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable

from recipes.chat_facts import NO_NAME, NOT_TOLD, UNKNOWN, Facts

#: The held-out files were written before the small talk: their ids → exchanges that answer them.
SMALLTALK = {
    "greeting": ("greeting_hello", "greeting_morning", "greeting_afternoon", "greeting_evening"),
    "how_are_you": ("how_are_you", "whats_up"),
    "who_are_you": ("who_are_you", "what_are_you", "your_name"),
    "are_you_human": ("human", "alive"),
    "goodbye": ("goodbye", "good_night", "leaving_kind_words"),
    "what_can_you_do": ("what_can_you_do", "what_do_you_know", "what_should_i_ask"),
    "need_internet": ("internet", "where_do_you_run"),
    "where_start": ("where_to_start", "i_am_lost", "beginner"),
    "cost": ("cost", "price_free"),
}
#: Replies that decline as well as the fixed one does.
DECLINES = (
    "poem", "sing", "write_code", "do_math", "translate", "medical_advice", "legal_money_advice",
    "my_opinion", "bad_request",
)  # fmt: skip


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents and punctuation."""
    flat = unicodedata.normalize("NFKD", text.lower())
    return re.findall(r"[a-z0-9]+", "".join(c for c in flat if not unicodedata.combining(c)))


def says(reply: str, reference: str, least: float = 0.8) -> bool:
    """Return whether the reply holds at least a share of the reference's words, in order."""
    got, want = words(reply), words(reference)
    blocks = difflib.SequenceMatcher(None, got, want, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) >= least * len(want)


def holds(reply: str, text: str) -> bool:
    """Return whether the reply contains the words of text, side by side."""
    return f" {' '.join(words(text))} " in f" {' '.join(words(reply))} "


class Grader:
    """Knows the facts and tells right replies from wrong ones."""

    def __init__(self, facts: Facts | None = None) -> None:
        """Read the facts."""
        self.facts = facts or Facts.load()
        self.declines = [self.facts.smalltalk[i]["reply"] for i in DECLINES]

    def capital(self, reply: str, name: str) -> bool:
        right = self.facts.countries[name]["capital"]
        others = (c["capital"] for c in self.facts.countries.values() if c["capital"] != right)
        rest = " ".join(words(reply)).replace(" ".join(words(right)), "")
        return holds(reply, right) and not any(holds(rest, other) for other in others)

    def glossary(self, reply: str, name: str, part: str) -> bool:
        term = self.facts.terms[name]
        if part == "points":
            return all(holds(reply, point) for point in term["points"])
        if part == "word":
            return words(reply) == words(term["word"])
        return says(reply, term[part])

    def joke(self, reply: str, topic: str | None = None, earlier: tuple[str, ...] = ()) -> bool:
        jokes = [j for j in self.facts.jokes if topic in (None, j["topic"])]
        return any(
            says(reply, j["text"], 0.9) and not any(says(e, j["text"], 0.9) for e in earlier)
            for j in jokes
        )

    def style(self, reply: str, style: str, what: list[str]) -> bool:
        if style == "one_word":
            # Some capitals have two words; a fact named after the style is checked too.
            return len(words(reply)) <= 2 and (not what or self.right(":".join(what), reply))
        if style == "pirate":
            return "arrr" in reply.lower() and (not what or self.right(":".join(what), reply))
        lines = [line for line in reply.splitlines() if line.startswith("- ")]
        if style == "list":
            good = len(lines) == 3
            return good and (not what or self.glossary(reply, what[1], "points"))
        good = reply.count(". ") == 0 and reply.endswith((".", "!"))
        return good and (not what or self.right(":".join(what), reply))

    def right(self, expect: str, reply: str, earlier: tuple[str, ...] = ()) -> bool:
        """Return whether a reply meets an expectation such as "capital:France"."""
        kind, *rest = expect.split(":")
        countries = self.facts.countries
        checks: dict[str, Callable[[], bool]] = {
            "glossary": lambda: self.glossary(reply, rest[0], rest[1] if rest[1:] else "what"),
            "difference": lambda: any(
                {d["a"], d["b"]} == set(rest[0].split("|")) and says(reply, d["answer"])
                for d in self.facts.differences
            ),
            "capital": lambda: self.capital(reply, rest[0]),
            "capital-word": lambda: words(reply) == words(countries[rest[0]]["capital"]),
            "country": lambda: any(
                c["capital"] == rest[0] and holds(reply, c["name"]) for c in countries.values()
            ),
            "things": lambda: all(holds(reply, t) for t in countries[rest[0]]["things"]),
            "joke": lambda: self.joke(reply),
            "joke-topic": lambda: self.joke(reply, rest[0]),
            "joke-new": lambda: self.joke(reply, None, earlier),
            "contains": lambda: any(holds(reply, t) for t in ":".join(rest).split("|")),
            "unknown": lambda: any(says(reply, t, 0.9) for t in (UNKNOWN, *self.declines)),
            "untold": lambda: says(reply, NO_NAME, 0.9) or says(reply, NOT_TOLD, 0.9),
            "smalltalk": lambda: any(
                says(reply, self.facts.smalltalk[i]["reply"])
                for i in SMALLTALK.get(rest[0], (rest[0],))
            ),
            "style": lambda: self.style(reply, rest[0], rest[1:]),
        }
        return checks[kind]()


class Phrasings:
    """Tells whether a question is worded as some training frame is, whatever fills the frame."""

    def __init__(self, facts: Facts) -> None:
        """Strip every frame of its slots, and of the names of terms and countries."""
        places = [x for c in facts.countries.values() for x in (c["name"], c["capital"])]
        places += [alias for c in facts.countries.values() for alias in c["aliases"]]
        names = {n for t in facts.terms.values() for n in (t["name"], *t["aliases"])} | {*places}
        plain = {" ".join(words(name)) for name in names} - {""}
        longest_first = sorted(plain, key=len, reverse=True)
        self._names = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")
        frames = [f for fs in facts.frames.values() if isinstance(fs, list) for f in fs]
        frames += [ask for exchange in facts.smalltalk.values() for ask in exchange["ask"]]
        self._trained = {self._bare(frame) for frame in frames}

    def _bare(self, text: str) -> str:
        text = self._names.sub(" ", " ".join(words(re.sub(r"\{\w+\}", " ", text))))
        return " ".join(w for w in text.split() if w not in ("a", "an", "the"))

    def known(self, question: str) -> bool:
        """Return whether a training frame words a question so."""
        return self._bare(question) in self._trained


def grade(
    items: list[dict], answer: Callable[[list[list[dict[str, str]]]], list[str]]
) -> list[dict]:
    """Hold every conversation and judge its last reply.

    Args:
        items: Conversations; an assistant message whose content is None is answered by the model.
        answer: Maps a batch of message lists (each ending with a user message) to replies.

    Returns:
        The items, each with `reply` (str), `right` (bool), `talk` (all messages) and `new` (bool:
        the last question is worded like no training frame).
    """
    grader = Grader()
    phrasings = Phrasings(grader.facts)
    talks: list[list[dict[str, str]]] = [[] for _ in items]
    replies: list[list[str]] = [[] for _ in items]
    ends = [[i for i, m in enumerate(x["messages"]) if m["role"] == "user"] for x in items]
    for round_ in range(max(map(len, ends))):
        batch = [k for k, end in enumerate(ends) if round_ < len(end)]
        for k in batch:
            start = ends[k][round_ - 1] + 2 if round_ else 0
            talks[k] += items[k]["messages"][start : ends[k][round_] + 1]
        for k, reply in zip(batch, answer([talks[k] for k in batch]), strict=True):
            talks[k].append({"role": "assistant", "content": reply})
            replies[k].append(reply)
    return [
        {
            **item,
            "talk": talk,
            "reply": reply[-1],
            "new": not phrasings.known(item["messages"][-1]["content"]),
            "right": grader.right(item["expect"], reply[-1], tuple(reply[:-1])),
        }
        for item, talk, reply in zip(items, talks, replies, strict=True)
    ]
