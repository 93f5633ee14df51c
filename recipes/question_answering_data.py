"""Paragraphs with questions and the spans that answer them, written without end from a seed.

A paragraph tells some facts (frames from recipes/data) of one to three subjects and some open
clauses, in which anybody does anything to anything. Each fact is asked for in other words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from recipes.files import read
from recipes.inflection import articles
from recipes.noise import Noise, invented
from recipes.question_answering_clauses import Clauses
from recipes.question_answering_values import Values, boxed, short

#: Kinds of subjects, by how often they are a paragraph's main one.
KINDS = {
    "person": 30, "company": 12, "town": 9, "building": 10, "animal": 11, "machine": 11,
    "course": 8, "notice": 9, "event": 8, "accident": 7, "project": 7, "work": 8, "thing": 8,
    "team": 6, "nature": 6, "ship": 5, "plant": 5, "dish": 4, "battle": 4, "software": 4,
    "line": 4, "planet": 3, "school": 5, "clause": 28,
}  # fmt: skip
NOUNS = {
    "company": ["the company", "the firm", "the business"], "town": ["the town", "the place"],
    "animal": ["the animal", "this animal"], "machine": ["the machine", "the device"],
    "course": ["the course", "the class"], "team": ["the team", "the club"],
    "project": ["the project"], "ship": ["the ship"], "plant": ["the plant"],
    "dish": ["the dish"], "software": ["the app"], "school": ["the school"],
    "notice": ["it"],
}  # fmt: skip
OPEN, CLOSE = "\x02", "\x03"


@dataclass
class Frame:
    """One kind of fact: its wordings, and the questions by the slot they ask for."""

    say: list[str] = field(default_factory=list)
    #: Each question with the pattern that a wording has to hold for it.
    ask: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def frames() -> dict[str, list[Frame]]:
    """Read the frames of all kinds of subjects."""
    found: dict[str, list[Frame]] = {}
    for part in "abcd":
        for kind, text in read(f"question_answering_frames_{part}").items():
            for block in text.strip().split("\n\n"):
                frame = Frame()
                for line in block.splitlines():
                    slot, rest = line.split(" ", 1)
                    if slot == "=":
                        frame.say.append(rest)
                    else:
                        question, _, pattern = rest.partition(" #")
                        frame.ask.setdefault(slot, []).append((question, pattern))
                found.setdefault(kind, []).append(frame)
    return found


def slots(text: str) -> list[str]:
    """Return the names of a text's slots."""
    return re.findall(r"\{(\w+)\}", text)


class Subject:
    """Somebody or something that a paragraph speaks about, and the ways to name it."""

    def __init__(self, values: Values, kind: str) -> None:
        rng = values.rng
        self.rng, self.kind = rng, kind
        self.pronoun, self.own = "it", "its"
        self.names = [self.make(values)]
        self.nouns = NOUNS.get(kind, [])
        if kind == "person":
            self.pronoun, self.own = rng.choice([("he", "his"), ("she", "her")])
            first, *_, last = self.names[0].split(" ")
            self.names += [last, last, first]

    def make(self, values: Values) -> str:
        """Return its full name."""
        rng, kind, pick = self.rng, self.kind, values.pick
        if kind == "person":
            return f"{values.first()} {values.last()}"
        if kind == "company":
            return values.org()
        if kind == "team":
            return values.team()
        if kind in ("town", "notice"):
            return values.city()
        if kind == "nature":
            word, city = pick("nature0"), values.city()
            if word in ("Lake", "Mount", "Cape"):
                return f"{word} {city}"
            return f"{city} {word}" if word == "Island" else f"the {city} {word}"
        if kind == "building":
            word = pick("building0")
            forms = [f"the {values.city()} {word.title()}", f"the {values.last()} {word.title()}"]
            self.nouns = [f"the {word}"]
            return rng.choice([*forms, f"the old {word} in {values.city()}", f"the {word}"])
        if kind == "animal":
            return "the " + values.animal()
        if kind == "machine":
            word, made = pick("device"), invented(rng) if rng.random() < 0.6 else values.last()
            tail = rng.choice(
                ["", f" {rng.randint(2, 900)}", " Mini", " X", f" {made[0]}2", " Pro"]
            )
            return rng.choice([f"the {made}{tail}", f"the {made}{tail} {word}", f"the {word}"])
        if kind == "event":
            word, city = pick("event0"), values.city()
            self.nouns = [f"the {word}"]
            forms = [f"the {city} {word.title()}", f"the {word}", f"the {word} in {city}"]
            return rng.choice([*forms, f"the annual {word}", f"the {values.year()} {word}"])
        if kind == "work":
            word = pick("work0")
            self.nouns = [f"the {word}"]
            return rng.choice([short(values.title()), f"the {word} {short(values.title())}"])
        if kind == "thing":
            noun = invented(rng, False) if rng.random() < 0.2 else rng.choice(values.nouns["thing"])
            self.nouns = [f"the {noun}"]
            return f"the {values.adj()} {noun}" if rng.random() < 0.6 else f"the {noun}"
        name = pick(f"{kind}0")
        return name

    def mention(self, first: bool) -> str:
        """Return a way to name it in the text."""
        draw = self.rng.random()
        if first:
            return self.names[0]
        if draw < 0.45:
            return self.pronoun
        return self.rng.choice(self.names + self.nouns)

    def asked(self, alone: bool) -> str:
        """Return a way to name it in a question."""
        draw = self.rng.random()
        if alone and draw < 0.12:
            return self.pronoun
        if alone and draw < 0.25 and self.nouns:
            return self.rng.choice(self.nouns)
        return self.names[0] if draw < 0.65 else self.rng.choice(self.names)


def possessive(name: str) -> str:
    """Return the possessive form of a name or pronoun."""
    return {"he": "his", "she": "her", "it": "its"}.get(name, name + "'s")


def objective(name: str) -> str:
    """Return the object form of a name or pronoun."""
    return {"he": "him", "she": "her"}.get(name, name)


def capital(text: str) -> str:
    """Return a sentence with its first letter in upper case, behind marks and quotes."""
    return re.sub(r"^([\x02\d\x03\"]*)([a-z])", lambda m: m[1] + m[2].upper(), text)


@dataclass
class Fact:
    """A sentence as it stands in the text, and what can be asked about it."""

    text: str
    #: Pairs of a question and the number of the span that answers it.
    questions: list[tuple[str, int]]


class Writer:
    """Writes paragraphs with questions."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.values = Values(self.rng)
        self.frames = frames()
        self.asides = read("question_answering_asides")["asides"].strip().splitlines()
        self.noise = Noise(self.rng, self.values.words)
        self.spans: list[str] = []
        self.clauses = Clauses(self.values, self.mark)

    def mark(self, value: str, kind: str) -> str:
        """Return a value with marks around its answer, and note the answer's kind."""
        value = boxed(value)
        self.spans.append(kind)
        number = f"{len(self.spans) - 1:03d}"
        return value.replace("[", OPEN + number).replace("]", CLOSE)

    def name(self, text: str, subject: Subject, mention: str) -> str:
        """Fill the slots for a subject: its mention once, then pronouns."""
        used = False

        def put(match: re.Match[str]) -> str:
            nonlocal used
            slot = match[1]
            if slot == "his2":
                return subject.own
            word, used = (subject.pronoun if used else mention), True
            return {"s": word, "his": possessive(word), "him": objective(word)}[slot]

        return re.sub(r"\{(s|his2|his|him)\}", put, text)

    def fact(self, subject: Subject, first: bool, alone: bool, frame: Frame) -> Fact:
        """Write one fact of a subject, and the questions about it."""
        rng, values = self.rng, self.values
        say = rng.choice(frame.say)
        made: dict[str, str] = {}
        marked: dict[str, str] = {}
        number: dict[str, int] = {}
        for slot in slots(say):
            if slot in ("s", "his", "him", "his2", "article") or slot in made:
                continue
            value = values.make(slot)
            if value in made.values():
                value = values.make(slot)
            kind = slot.rstrip("0123456789")
            if kind in ("job", "shop", "device", "building0") and "{article} {" + slot in say:
                value = articles(f"a {value}")
            marked[slot] = self.mark(value, kind)
            number[slot] = len(self.spans) - 1
            made[slot] = re.sub(r".*\[(.*)\].*", r"\1", value)
        text = say.replace("{article} {", "{")
        text = re.sub(r"\{article\} ", lambda _: "a ", text)
        for slot, value in marked.items():
            text = text.replace("{" + slot + "}", value)
        mention = subject.mention(first)
        extra: list[tuple[str, int]] = []
        if subject.kind == "person" and mention in subject.names and text.startswith("{s} "):
            mention, extra = self.apposition(mention)
        text = self.name(text, subject, mention)
        questions = extra
        for slot, asked in frame.ask.items():
            known = {*made, "s", "his", "him", "his2"}
            fitting = [q for q, must in asked if set(slots(q)) <= known and re.search(must, say)]
            if slot in made and fitting:
                question = rng.choice(fitting)
                for other, value in made.items():
                    question = question.replace("{" + other + "}", value)
                question = self.name(question, subject, subject.asked(alone))
                questions.append((question, number[slot]))
        return Fact(articles(text) if " a " in text else text, questions)

    def apposition(self, name: str) -> tuple[str, list[tuple[str, int]]]:
        """Return a name, now and then with a word on who that is, and questions about it."""
        rng, values = self.rng, self.values
        if rng.random() > 0.2:
            return name, []
        job, number = self.mark(articles(f"a {values.job()}"), "job"), len(self.spans) - 1
        about = rng.choice(["What is {} by profession?", "What is the job of {}?", "Who is {}?"])
        asked = [(about.format(name), number)]
        if rng.random() < 0.4:
            job = f"{self.mark(values.age(), 'age')}, {job}"
            asked.append(
                (rng.choice(["How old is {}?", "What is the age of {}?"]).format(name), number + 1)
            )
        elif rng.random() < 0.5:
            job = f"{job} from {self.mark(values.city(), 'city')}"
            asked.append(
                (
                    rng.choice(["Where is {} from?", "Where does {} come from?"]).format(name),
                    number + 1,
                )
            )
        return f"{name}, {job},", asked

    def glue(self, bodies: list[str]) -> list[str]:
        """Join some neighboring sentences, and put sentences without facts between others."""
        rng, out = self.rng, []
        for body in bodies:
            body = re.sub(r",((?:\x02\d{3}|\x03)*)([.,])", r"\1\2", body)
            plainly = re.match(
                r"(The|In|On|At|After|A|An|It|its|it|he|she|his|her|the|in|on|at|a) ", body
            )
            before = out and out[-1][-1] not in '"?!' and len(out[-1]) < 110 and rng.random() < 0.25
            if plainly and before:
                word = rng.choice([", and ", ", and ", ", but ", "; ", ", while ", ", so "])
                out[-1] = (
                    re.sub(r",((?:\x02\d{3}|\x03)*)$", r"\1", out[-1])
                    + word
                    + body[0].lower()
                    + body[1:]
                )
            else:
                out.append(body)
            if rng.random() < 0.06:
                out.append(self.values.rng.choice(self.asides))
        return out

    def story(self, most: int) -> list[Fact]:
        """Return the facts of a paragraph, in order."""
        rng, facts = self.rng, []
        kinds = rng.choices(list(KINDS), list(KINDS.values()), k=1)
        size = rng.randint(2, most)
        if size > 2 and rng.random() < 0.5:
            kinds.append(kinds[0] if rng.random() < 0.5 else rng.choice(list(KINDS)))
        if size > 3 and rng.random() < 0.4:
            kinds.append("clause")
        subjects = [Subject(self.values, k) if k != "clause" else None for k in kinds]
        turns = sorted(rng.randrange(len(subjects)) for _ in range(size))
        if rng.random() < 0.15:
            rng.shuffle(turns)
        pools: dict[str, list[Frame]] = {}
        said: set[int] = set()
        last = None
        for turn in turns:
            subject = subjects[turn]
            if subject is None:
                text, questions = self.clauses.clause()
                facts.append(Fact(text, questions))
            else:
                pool = pools.setdefault(
                    f"{turn}",
                    rng.sample(
                        self.frames[subject.kind], min(size, len(self.frames[subject.kind]))
                    ),
                )
                if turn > 0 and pools.get("0") is not None and kinds[0] == subject.kind:
                    # The same kinds of facts of both, so that the name decides.
                    pool = rng.choice([pool, rng.sample(self.frames[subject.kind], 1)])
                if not pool:
                    continue
                alone = sum(k == subject.kind for k in kinds) == 1 and len(kinds) == 1
                first = turn not in said or last != turn
                frame = pool.pop()
                if turn == 1 and kinds[0] == subject.kind and self.told and rng.random() < 0.5:
                    frame = rng.choice(self.told)
                else:
                    self.told.append(frame)
                facts.append(self.fact(subject, first, alone, frame))
                said.add(turn)
            last = turn
        return facts

    def paragraph(self, most: int = 8) -> tuple[str, list[tuple[str, int, int]], list, list]:
        """Write a paragraph.

        Returns:
            The text; questions with start and end of their answers; all values as (start, end,
            kind); sentences as (start, end).
        """
        self.spans, self.told = [], []
        facts = self.story(most)
        text, sentences = "", []
        questions = [pair for fact in facts for pair in fact.questions]
        raw = ""
        for body in self.glue([fact.text.removesuffix(".") for fact in facts]):
            stop = "" if body.rstrip(CLOSE)[-1] in ".!?" else "."
            body = re.sub(r",((?:\x02\d{3}|\x03)*)$", r"\1", body)
            raw += (" " if raw else "") + capital(body + stop) + "\x04"
        # Take out the marks and note where they stood.
        starts: dict[int, int] = {}
        ends: dict[int, int] = {}
        begin, i, stack = 0, 0, []
        while i < len(raw):
            char = raw[i]
            if char == OPEN:
                number = int(raw[i + 1 : i + 4])
                starts[number] = len(text)
                stack.append(number)
                i += 3
            elif char == CLOSE:
                ends[stack.pop()] = len(text)
            elif char == "\x04":
                sentences.append((begin, len(text)))
                begin = len(text) + 1
            else:
                text += char
            i += 1
        values = [(starts[k], ends[k], kind) for k, kind in enumerate(self.spans) if k in ends]
        asked = [(q, starts[k], ends[k]) for q, k in questions if k in ends]
        return text, asked, values, sentences

    def question(self, text: str) -> str:
        """Return a question as people type it."""
        rng, draw = self.rng, self.rng.random()
        text = capital(text)
        if draw < 0.08:
            text = text.lower()
        if rng.random() < 0.08:
            text = text.rstrip("?")
        if rng.random() < 0.05:
            words = text.split(" ")
            at = rng.randrange(len(words))
            words[at] = self.noise.typo(words[at])
            text = " ".join(words)
        return text


def texts(seed: int) -> Iterator[str]:
    """Yield paragraphs and questions, for the tokenizer."""
    writer = Writer(seed)
    while True:
        text, asked, _, _ = writer.paragraph()
        yield text
        yield " ".join(question for question, _, _ in asked)
