"""The texts that the sentiment model learns from, written by grammar from recipes/data.

Every frame says how the feeling of its parts makes the feeling of the whole: "{np} was not {~adj}"
has the opposite feeling of its adjective. So the label of a text is known by how it was made.

    python -m recipes.sentiment_data      # prints a few texts
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from recipes.files import DATA, items, lines, read
from recipes.inflection import articles, phrase, plural
from recipes.noise import Noise, invented
from recipes.written import sentences

LABELS = ["NEGATIVE", "POSITIVE"]
#: The label of a sentence that says how its writer feels.
TONES = {"-": 0, "+": 1}
SLOT = re.compile(r"\{([=~+-]?)([a-z_]+)(?:\.([a-z]+))?\}")
COUNTS = ["two", "three", "four", "five", "six", "seven", "eight", "ten", "twelve", "2", "3", "5"]
HOUSES = ["Inn", "Cafe", "Academy", "House", "Bank", "Airlines", "Clinic", "Books"]
#: Agreement of the words that follow a subject: I, we or they, it.
AGREEING = {
    "is": ("am", "are", "is"),
    "was": ("was", "were", "was"),
    "has": ("have", "have", "has"),
    "does": ("do", "do", "does"),
    "isnt": ("am not", "aren't", "isn't"),
    "wasnt": ("wasn't", "weren't", "wasn't"),
    "hasnt": ("haven't", "haven't", "hasn't"),
    "doesnt": ("don't", "don't", "doesn't"),
    "didnt": ("didn't", "didn't", "didn't"),
    "wont": ("won't", "won't", "won't"),
}
PLURAL_PEOPLE = frozenset(
    [
        *("we", "they", "my kids", "the children", "my parents", "my friends", "my colleagues"),
        *("our guests", "my classmates", "most people", "the students", "all of us"),
    ]
)
#: A verb phrase that ends so takes its object last: "look after us", but "treat us like family".
PREPOSITIONS = frozenset(
    "for at on to of from in after against about over up with through".split()  # noqa: SIM905
)
SPLIT = {"stand up", "cheer up", "cheer on", "back up", "crack up"}
LONG_FORMS = {
    "n't ": " not ", "won't ": "will not ", "can't ": "cannot ", "it's ": "it is ", "I'm ": "I am ",
}  # fmt: skip
#: The list of words behind a slot of another name.
SHARED = {"adj": "adjective"}
ASKING = re.compile(r"(why|how|who|what|where|when|is|do|are|can|could|have) ", re.IGNORECASE)
Frame = list[tuple[str, str, str] | str]


def frames(text: str) -> list[Frame]:
    """Split a list of frames at its lines, and each frame into text and slots."""
    parsed = []
    for line in filter(None, map(str.strip, text.splitlines())):
        frame: Frame = []
        end = 0
        for slot in SLOT.finditer(line):
            frame += [line[end : slot.start()], (slot[1], slot[2], slot[3] or "")]
            end = slot.end()
        parsed.append([part for part in [*frame, line[end:]] if part])
    return parsed


def with_object(verb: str, who: str) -> str:
    """Put the object into an inflected verb phrase: "treated us like family", "helped us"."""
    words = verb.split(" ")
    if len(words) == 1 or (words[-1] in PREPOSITIONS and verb not in SPLIT):
        return f"{verb} {who}"
    return " ".join([words[0], who, *words[1:]])


class Writer:
    """Writes labeled texts, endlessly; the same seed gives the same texts."""

    def __init__(self, seed: int) -> None:
        """Read the data files."""
        self.rng = random.Random(seed)
        self.words = {
            kind: {name: items(text) for name, text in table.items()}
            for kind, table in read("sentiment_words").items()
        }
        self.frames: dict[str, dict[str, list[Frame]]] = {}
        for file in ("sentiment_frames", "sentiment_more", "sentiment_deeds"):
            for name, table in read(file).items():
                own = self.frames.setdefault(name, {})
                for kind, text in table.items():
                    own.setdefault(kind, []).extend(frames(text))
        self.domains = [self._domain(entry) for entry in read("sentiment_events")["domain"]]
        self.common = read("words")
        self.noise = Noise(self.rng, self.common)
        self.domain = self.domains[0]
        self.person = 2

    @staticmethod
    def _domain(entry: dict[str, str]) -> dict[str, Any]:
        lists = ("things", "good", "bad", "goods", "bads")
        return {
            name: items(text) if name in lists else frames(text)
            for name, text in entry.items()
            if name != "name"
        }

    def text(self) -> tuple[str, int]:
        """Write a text; return it with its label, 0 or 1."""
        rng = self.rng
        good = rng.random() < 0.5
        self.domain = rng.choice(self.domains)
        text = self.expand("text", good)
        while len(text) > 240:
            text = self.expand("text", good)
        return self.finish(text), int(good)

    def finish(self, text: str) -> str:
        """Turn a lower-case text into a sentence as people type it."""
        rng = self.rng
        text = articles(text)
        if rng.random() < 0.3:
            text = text.replace("it is ", "it's ").replace("I am ", "I'm ")
            text = text.replace("there is ", "there's ").replace("they are ", "they're ")
        if rng.random() < 0.3:
            for short, long in LONG_FORMS.items():
                text = text.replace(short, long)
        text = re.sub(r"([.!?] |^)([a-z])", lambda found: found[1] + found[2].upper(), text)
        if text[-1] not in ".!?)" and text[-1].isalnum():
            marks = "???." if ASKING.match(text) else "....!!"
            text += rng.choice(marks) if rng.random() < 0.9 else rng.choice(["!!", "...", "!!!"])
        text = self.noise.blur(text, 0.08)
        return self.noise.casual(text) if rng.random() < 0.5 else text

    def expand(self, name: str, good: bool) -> str:
        """Write one frame of that name."""
        table = self.frames[name]
        lists = [table.get(kind, []) for kind in ("both", "good" if good else "bad", "plain")]
        frame = self.rng.choices(
            [each for each in lists if each], [len(each) for each in lists if each]
        )[0]
        return self.fill(self.rng.choice(frame), good)

    def fill(self, frame: Frame, good: bool) -> str:
        """Write a frame's slots."""
        return "".join(part if isinstance(part, str) else self.slot(*part, good) for part in frame)

    def slot(self, sign: str, name: str, form: str, good: bool) -> str:
        """Write one slot; its sign says which feeling it has."""
        rng = self.rng
        if sign:
            good = {"=": good, "~": not good, "+": True, "-": False}[sign]
        if name in AGREEING:
            return AGREEING[name][self.person]
        if name in self.frames:
            text = self.expand(name, good)
            if name == "np":
                self.person = 1 if " and " in text or self.many(text) else 2
            return text
        if name == "event":
            return self.fill(rng.choice(self.domain["up" if good else "down"]), good)
        if name == "plain":
            if rng.random() < 0.5:
                return self.expand("scene", good)
            return self.fill(rng.choice(self.domain["plain"]), good)
        if name == "vp":
            return self.inflect(rng.choice(self.domain["goods" if good else "bads"]), form)
        if name == "adj" and rng.random() < 0.4:
            return rng.choice(self.domain["good" if good else "bad"])
        if name == "thing":
            thing = self.thing()
            return plural(thing) if form == "pl" and not self.many(thing) else thing
        if name in ("brand", "name", "city", "n", "day"):
            return self.proper(name)
        kind = ("good" if good else "bad") if sign else "plain"
        word = rng.choice(self.words[kind][SHARED.get(name, name)])
        if name in ("please", "treat"):
            return with_object(self.inflect(word, form), rng.choice(self.words["plain"]["me"]))
        if name in ("people", "someone"):
            self.person = 0 if word == "I" else int(word not in PLURAL_PEOPLE) + 1
        return self.inflect(word, form) if name in ("love", "change", "doing") else word

    def inflect(self, base: str, form: str) -> str:
        """Inflect a verb phrase; in the present it agrees with the last subject."""
        if not form or (form == "s" and self.person < 2):
            return base
        return phrase(base, form)

    def thing(self) -> str:
        """Name a thing of the domain; now and then any thing, or a word that nobody has seen."""
        draw = self.rng.random()
        if draw < 0.80:
            return self.rng.choice(self.domain["things"])
        if draw < 0.95:
            return self.rng.choice(self.common["nouns"] if draw < 0.9 else self.common["products"])
        return invented(self.rng, capital=False)

    @staticmethod
    def many(noun: str) -> bool:
        """Whether a noun phrase looks like a plural."""
        return noun.endswith("s") and not noun.endswith(("ss", "us", "is"))

    def proper(self, name: str) -> str:
        """Write a name, a number or a day."""
        rng = self.rng
        if name == "n":
            return rng.choice(COUNTS)
        if name == "day":
            return rng.choice(self.words["plain"]["day"])
        draw = rng.random()
        if name == "city":
            return rng.choice(self.common["cities"]) if draw < 0.8 else invented(rng)
        if name == "name":
            return rng.choice(self.common["first_names"]) if draw < 0.8 else invented(rng)
        if draw < 0.4:
            return invented(rng)
        if draw < 0.7:
            return f"{rng.choice(self.common['first_names'])}'s"
        return f"{rng.choice(self.common['last_names'])} {rng.choice(HOUSES)}"


def by_hand() -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Return the written texts with their labels: those on feelings, and those on everything."""
    on_feelings = [
        (row["text"], LABELS.index(row["label"]))
        for path in sorted(DATA.glob("sentiment_sentences_*.jsonl"))
        for row in lines(path)
    ]
    on_all = [
        (text, TONES[sentence.tone])
        for sentence in sentences()
        if sentence.tone in TONES
        for text in (sentence.text, sentence.again)
    ]
    return on_feelings, on_all


def texts(seed: int, written: float = 0.85) -> Iterator[tuple[str, int]]:
    """Yield labeled texts, endlessly: by grammar, and this share of them written by hand."""
    writer = Writer(seed)
    found = by_hand()
    while True:
        if writer.rng.random() < written:
            text, label = writer.rng.choice(found[writer.rng.random() < 0.5])
            yield writer.noise.casual(writer.noise.blur(text, 0.15), 0.5), label
        else:
            yield writer.text()


if __name__ == "__main__":
    from itertools import islice

    for text, label in islice(texts(random.randrange(10**6)), 40):
        print(f"{LABELS[label]}  {text}")
