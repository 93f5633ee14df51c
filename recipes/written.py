"""The texts that people wrote by hand for several recipes at once: sentences, queries, news.

Grammars give a model its breadth of words; these give it the ways in which people say things.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from recipes.files import DATA, lines

MARKED = re.compile(r"\[(PER|LOC|ORG|MISC) ([^\]]+)\]")


@dataclass(frozen=True)
class Sentence:
    """A sentence of everyday life.

    Attributes:
        tone: "+" for a pleased writer, "-" for a displeased one, "0" for neither or both.
        topics: What it is about, from narrow to wide, as a person would label it.
        text: One or two sentences.
        again: The same in other words.
    """

    tone: str
    topics: tuple[str, ...]
    text: str
    again: str


@dataclass(frozen=True)
class News:
    """A paragraph as in a newspaper or an encyclopedia.

    Attributes:
        marked: The text, each name marked with its kind: "[LOC Tammel River]".
        summary: It in one or two sentences.
        questions: Questions with their answers, which stand in the text.
    """

    marked: str
    summary: str
    questions: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The text without marks."""
        return MARKED.sub(r"\2", self.marked)


@functools.cache
def sentences() -> tuple[Sentence, ...]:
    """Return all sentences of recipes/data/sentences_*.tsv."""
    found = []
    for path in sorted(DATA.glob("sentences_*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            tone, topics, text, again = line.split("\t")
            found.append(Sentence(tone, tuple(topics.split(",")), text, again))
    return tuple(found)


@functools.cache
def gaps() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return sentences with one [MASK], each with the words that fit there best."""
    return tuple((text, tuple(words.split(","))) for text, words in _pairs("gaps*.tsv"))


@functools.cache
def queries() -> tuple[tuple[str, str], ...]:
    """Return queries, each with a document that answers it or says the same."""
    return tuple(_pairs("queries*.tsv"))


def _pairs(pattern: str) -> Iterator[tuple[str, str]]:
    for path in sorted(DATA.glob(pattern)):
        for line in path.read_text(encoding="utf-8").splitlines():
            first, _, second = line.partition("\t")
            yield first, second


@functools.cache
def news() -> tuple[News, ...]:
    """Return all paragraphs of recipes/data/news_*.jsonl."""
    return tuple(
        News(
            row["text"],
            row["summary"],
            tuple((pair["question"], pair["answer"]) for pair in row["qa"]),
        )
        for path in sorted(DATA.glob("news_*.jsonl"))
        for row in lines(path)
    )
