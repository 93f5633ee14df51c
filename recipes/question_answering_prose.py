"""Paragraphs written one by one, told again with other names, numbers and nouns.

Real prose shows how sentences are built and how freely people ask; there is little of it, so each
time a paragraph is drawn, its names, numbers, colors and some of its nouns are exchanged, in the
text, the questions and the answers alike, and sentences without the answer may be left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from recipes.files import DATA, lines, read
from recipes.inflection import articles, plural
from recipes.noise import invented
from recipes.question_answering_gaps import gap
from recipes.question_answering_values import DAYS, MONTHS, SMALL, TEENS, TENS, Values
from recipes.written import news

NUMBERS = [SMALL, TEENS, TENS]
SENTENCES = re.compile(r"(?<=[.!?])(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.) (?=[\x02A-Z\"])")
KEPT = frozenset(f"{MONTHS} {DAYS} I Mr Mrs Ms Dr I'm French Roman Dutch English".split())


@dataclass(frozen=True)
class Paragraph:
    """A text with questions; each with its answer, which stands in the text."""

    text: str
    asked: tuple[tuple[str, str], ...]


@cache
def paragraphs() -> tuple[Paragraph, ...]:
    """Read all paragraphs."""
    found = []
    for block in read("question_answering_prose")["prose"].strip().split("\n\n"):
        text, *rows = block.splitlines()
        asked = tuple(tuple(row.split(" | ")) for row in rows)
        found.append(Paragraph(text, asked))  # type: ignore[arg-type]
    for row in lines(DATA / "question_answering_paragraphs.jsonl"):
        asked = tuple((pair["question"], pair["answer"]) for pair in row["qa"])
        found.append(Paragraph(row["context"], asked))
    found += [Paragraph(item.text, item.questions) for item in news()]
    return tuple(found)


@cache
def meanings() -> tuple[tuple[str, ...], ...]:
    """Read sentences in two or three wordings, each of which may stand for the others."""
    rows = lines(DATA / "embeddings_pairs.jsonl")
    wordings = [tuple(row[key] for key in "abc" if row.get(key)) for row in rows]
    return tuple(turn for row in wordings for turn in (row, row[::-1]) if len(row) > 1)


@cache
def synonyms() -> dict[str, list[str]]:
    """Read single words with others that mean nearly the same."""
    found: dict[str, list[str]] = {}
    for text in read("embeddings_synonyms").values():
        for line in text.strip().splitlines():
            words = [word for word in line.split(", ") if " " not in word]
            for word in words:
                found.setdefault(word, []).extend(w for w in words if w != word)
    return {word: others for word, others in found.items() if others}


class Prose:
    """Draws paragraphs and changes them."""

    def __init__(self, values: Values) -> None:
        self.values, self.rng = values, values.rng
        self.first = frozenset(values.words["first_names"])
        nouns = [noun for noun in values.words["nouns"] if " " not in noun]
        self.nouns = {noun: False for noun in nouns} | {plural(noun): True for noun in nouns}
        self.singular = nouns
        self.adjectives = frozenset(values.lists["adjectives"])
        self.colors = [color for color in values.lists["colorsplain"] if " " not in color]

    def name(self, word: str) -> str:
        """Return another name for a name."""
        rng, values = self.rng, self.values
        if word in MONTHS.split():
            return rng.choice(MONTHS.split())
        if word in DAYS.split():
            return rng.choice(DAYS.split())
        if word in self.first:
            return values.first()
        place = values.lists["placestarts"]
        choices = [values.last(), invented(rng), rng.choice(place) + rng.choice(["ton", "by", "a"])]
        return rng.choice(choices).split(" ")[0]

    def number(self, word: str) -> str:
        """Return another number of the same form."""
        digits = [
            str(self.rng.randint(i == 0, 9)) if c.isdigit() else c for i, c in enumerate(word)
        ]
        return "".join(digits)

    def exchanges(self, text: str) -> dict[str, str]:
        """Return what stands for which words of a text."""
        rng, found = self.rng, {}
        shift = rng.randint(-60, 25)
        for word in set(re.findall(r"\d[\d,.]*\d|\d", text)):
            if rng.random() < 0.7:
                year = re.fullmatch(r"1[0-9]{3}|20[0-2][0-9]", word)
                found[word] = str(int(word) + shift) if year else self.number(word)
        names = set(re.findall(r"(?<=[a-z,;] )[A-Z][^\W\d]+", text))
        names |= {word for name in names for word in re.findall(rf"{name} ([A-Z][^\W\d]+)", text)}
        for word in names - KEPT | names & {*MONTHS.split(), *DAYS.split()}:
            if rng.random() < (0.3 if word.lower() in self.nouns else 0.7):
                found[word] = self.name(word)
        for word in set(re.findall(r"\b[a-z]{3,}\b", text)):
            draw = rng.random()
            if word in self.colors and draw < 0.6:
                found[word] = rng.choice(self.colors)
            elif word in self.adjectives and draw < 0.25:
                found[word] = rng.choice(self.values.lists["adjectives"])
            elif word in self.nouns and draw < 0.25:
                made = invented(rng, False) if rng.random() < 0.15 else rng.choice(self.singular)
                found[word] = plural(made) if self.nouns[word] else made
            for group in NUMBERS:
                if word in group and draw < 0.6:
                    found[word] = rng.choice(group)
        return found

    def swap(self, question: str) -> str:
        """Return a question with a word of the same meaning here and there."""
        table = synonyms()
        words = question.split(" ")
        for i, word in enumerate(words):
            if word in table and self.rng.random() < 0.2:
                words[i] = self.rng.choice(table[word])
        return " ".join(words)

    def cloze(self, question: str, number: int, sentence: str) -> str:
        """Return a rough question made of its asking words and words of the answer's sentence."""
        asking = re.match(
            r"(?:(?:In|On|At|By|For|From|To|With|Of|Since|Until|Into)\b )?"
            r"(?:How \w+|Which \w+|What \w+ of|Who\w*|Wh\w+)",
            question,
        )
        rest = re.sub(rf"\x02{number}[^\x03]*\x03", "", sentence)
        words = re.findall(r"[\w'-]+", re.sub(r"\x02\d|\x03", "", rest))
        share = self.rng.uniform(0.15, 0.6)
        words = [word for word in words if self.rng.random() > share]
        if self.rng.random() < 0.3 and len(words) > 3:
            turn = self.rng.randrange(len(words))
            words = words[turn:] + words[:turn]
        return " ".join([asking[0] if asking else "What", *words]) + "?"

    def change(self, table: dict[str, str], text: str) -> str:
        """Return a text with its words exchanged; marks stay."""
        if not table:
            return text
        words = "|".join(map(re.escape, sorted(table, key=len)[::-1]))
        pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)")
        parts = re.split(r"(\x02\d)", text)
        swapped = (p if p[:1] == "\x02" else pattern.sub(lambda m: table[m[0]], p) for p in parts)
        return articles("".join(swapped))

    def marked(self, paragraph: Paragraph) -> tuple[str, list[str]]:
        """Return a paragraph's text with up to three answers marked, and their questions."""
        text, questions = paragraph.text, []
        for question, answer in self.rng.sample(paragraph.asked, min(3, len(paragraph.asked))):
            place = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text)
            if place and not {"\x02", "\x03"} & set(place[0]):
                before = text[: place.start()]
                # Answers may overlap: those that do are left for another time.
                if before.count("\x02") == before.count("\x03"):
                    code = f"\x02{len(questions)}{place[0]}\x03"
                    text = before + code + text[place.end() :]
                    questions.append(question)
        return text, questions

    def draw(self) -> tuple[str, list[tuple[str, int, int]], list[tuple[int, int]]]:
        """Return a changed paragraph.

        Returns:
            The text; up to three questions with start and end of their answers; the sentences.
        """
        rng = self.rng
        paragraph = rng.choice(paragraphs())
        table = self.exchanges(paragraph.text) if rng.random() < 0.85 else {}
        raw, questions = self.marked(paragraph)
        sentences = [self.change(table, s) for s in SENTENCES.split(raw)]
        if rng.random() < 0.4 and len(sentences) > 3:
            sentences = [s for s in sentences if "\x02" in s or rng.random() < 0.6]
        told = {int(n): s for s in sentences for n in re.findall(r"\x02(\d)", s)}
        text, starts, ends, bounds = "", {}, {}, []
        for sentence in sentences:
            text += " " if text else ""
            begin = len(text)
            for piece in re.split(r"(\x02\d|\x03)", sentence):
                if piece[:1] == "\x02":
                    current = int(piece[1])
                    starts[current] = len(text)
                elif piece == "\x03":
                    ends[current] = len(text)
                else:
                    text += piece
            bounds.append((begin, len(text)))
        asked = []
        for number, question in enumerate(questions):
            if number not in ends:
                continue
            changed = self.change(table, question)
            if rng.random() < 0.12:
                changed = self.cloze(changed, number, told[number])
            else:
                changed = self.swap(changed)
            asked.append((changed, starts[number], ends[number]))
        if rng.random() < 0.35:
            begin, end = rng.choice(bounds)
            made = gap(rng, text[begin:end])
            if made:
                asked.append((made[0], begin + made[1], begin + made[2]))
        return text, asked, bounds

    def meaning(self) -> tuple[str, str, list[tuple[int, int]], int]:
        """Return sentences and another wording of one of them.

        Returns:
            The text; the other wording; the sentences' bounds; which of them is meant.
        """
        rng = self.rng
        rows = rng.sample(meanings(), rng.randint(3, 6))
        told, bounds = "", []
        for row in rows:
            told += " " if told else ""
            bounds.append((len(told), len(told) + len(row[0])))
            told += row[0]
        meant = rng.randrange(len(rows))
        return told, rng.choice(rows[meant][1:]), bounds, meant
