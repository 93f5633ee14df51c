"""Texts with labels that hold for them, and which other labels don't, for the zero-shot recipe."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from recipes.files import DATA, lines, read
from recipes.inflection import articles, phrase, plural
from recipes.noise import Noise, invented
from recipes.written import sentences

DEFAULT = "This example is {}."
DAYS = [
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "the weekend"),
    *("tomorrow", "the third of May", "Monday evening"),
]
TIMES = ["noon", "five o'clock", "midnight", "half past seven", "10 am", "8:15", "dawn", "three"]
NUMBERS = "two three four five six nine ten twelve fifteen twenty fifty 3 7 12 30 100 2,000".split()  # noqa: SIM905
FORMS = {"v": "", "vs": "s", "vd": "ed", "vg": "ing"}


@dataclass
class Topic:
    """A topic or a tone.

    Attributes:
        name: Its key in the data files.
        labels: What it is called; each name is right.
        texts: Hand-written clauses and sentences.
        words: Its words by part of speech: "n", "v" and "a".
        right: Names of all topics whose labels hold for a text of this one.
        open: Names of topics that may hold too, so that they are no wrong answers.
        against: Names of the only topics that are wrong answers; empty: all but the open ones.
    """

    name: str
    labels: list[str]
    texts: list[str]
    words: dict[str, list[str]]
    right: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    against: set[str] = field(default_factory=set)

    @cached_property
    def weight(self) -> float:
        """How often it is drawn: wide topics more often than small ones."""
        return (len(self.texts) + sum(map(len, self.words.values()))) ** 0.5

    @cached_property
    def forms(self) -> dict[str, tuple[str, str]]:
        """Its words and their inflected forms, each with part of speech and form."""
        found = {}
        for kind, form in (("n", ""), ("n", "s"), *(("v", f) for f in FORMS.values()), ("a", "")):
            for word in self.words[kind]:
                found.setdefault(inflect(word, kind, form).lower(), (kind, form))
        return found


def inflect(word: str, kind: str, form: str) -> str:
    """Return a noun, verb or adjective in a form: "s", "ed", "ing" or as it is."""
    if not form:
        return word
    return plural(word) if kind == "n" else phrase(word, form)


def names(text: str) -> list[str]:
    """Split a list that is written with commas."""
    return [part for part in text.split(", ") if part]


def rows(text: str) -> list[str]:
    """Split a list that is written one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def load() -> tuple[dict[str, Topic], dict[str, Topic]]:
    """Read the topics and the tones, and work out which labels hold for which texts."""
    raw: dict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted(DATA.glob("zero_shot_topics_*.toml")):
        for name, entry in read(path.stem).items():
            for key, text in entry.items():
                raw[name][key] = f"{raw[name][key]} {text}" if key in raw[name] else text
    tones = read("zero_shot_tones")
    found = {}
    for name, entry in (raw | tones).items():
        words = {kind: [w.replace("_", " ") for w in entry.get(kind, "").split()] for kind in "nva"}
        texts = rows(entry.get("texts", "") + entry.get("frames", ""))
        found[name] = Topic(name, names(entry["labels"]), texts, words)
        if name in tones:
            words["a"] = [w.replace("_", " ") for w in entry["words"].split()]
            found[name].against = set(names(entry["against"]))
    above = {name: names(entry.get("under", "")) for name, entry in (raw | tones).items()}
    below, near = defaultdict(set), defaultdict(set)
    for name, entry in (raw | tones).items():
        for other in names(entry.get("near", "")):
            near[name].add(other)
            near[other].add(name)
        for parent in above[name]:
            below[parent].add(name)
    for name, topic in found.items():
        todo = [name]
        while todo:
            topic.right.add(current := todo.pop())
            todo += above[current]
        for right in topic.right:
            topic.open |= near[right]
        topic.open |= below[name] | topic.right
        topic.against -= topic.right
    return {n: found[n] for n in raw}, {n: found[n] for n in tones}


@dataclass(frozen=True)
class Item:
    """A text with a label that holds for it.

    Attributes:
        text: What is to be classified.
        hypothesis: A sentence with the label, such as "This example is sports."
        name: The topic or tone that the label names.
        open: The topics whose labels may hold for the text too.
    """

    text: str
    hypothesis: str
    name: str
    open: set[str]


class Writer:
    """Writes texts with labels from the lists, seeded."""

    def __init__(self, seed: int) -> None:
        """Draw everything from this seed."""
        self.rng = random.Random(seed)
        self.common = read("words")
        frames = read("zero_shot_frames")
        self.frames = {name: rows(text) for name, text in frames.items()}
        self.noise = Noise(self.rng, self.common)
        self.topics, self.tones = load()
        self.weights = [topic.weight for topic in self.topics.values()]
        self.written = [
            (text, each.topics) for each in sentences() for text in (each.text, each.again)
        ]
        self.written += [
            (row["text"], tuple(row["topics"])) for row in lines(DATA / "zero_shot_sentences.jsonl")
        ]
        #: For each name of a topic, the topics that have it.
        self.named: dict[str, set[str]] = defaultdict(set)
        for topic in self.topics.values():
            for label in topic.labels:
                self.named[label.lower()].add(topic.name)
        #: For each word, the topics that list it; they are no wrong answers where it stands.
        self.known: dict[str, set[str]] = defaultdict(set)
        for topic in self.topics.values():
            for form in topic.forms:
                self.known[form].add(topic.name)

    def topic(self) -> Topic:
        """Draw a topic."""
        return self.rng.choices(list(self.topics.values()), self.weights)[0]

    def slot(self, name: str, topic: Topic | None = None) -> str:
        """Fill a slot, with a word of the topic where it asks for one."""
        rng = self.rng
        if topic and (name in ("n", "ns", "a") or name in FORMS):
            kind = name[0]
            words = topic.words[kind] or topic.words["n"]
            kind = kind if topic.words[kind] else "n"
            form = FORMS.get(name, "s" if name == "ns" else "") if kind == name[0] else ""
            return inflect(rng.choice(words), kind, form)
        match name:
            case "name":
                return rng.choice(self.common["first_names"])
            case "city":
                return rng.choice(self.common["cities"])
            case "day":
                return rng.choice(DAYS)
            case "time":
                return rng.choice(TIMES)
            case "number" | "n":
                return rng.choice(NUMBERS)
            case "thing":
                kinds = ("nouns", "products", "nouns")
                return rng.choice(self.common[rng.choice(kinds)])
            case "place":
                return rng.choice(self.frames["places"])
            case _:
                return self.fill(rng.choice(self.frames["who"]))

    def fill(self, frame: str, topic: Topic | None = None) -> str:
        """Fill all slots of a frame."""
        return re.sub(r"\{(\w+)\}", lambda match: self.slot(match[1], topic), frame)

    def varied(self, text: str, topic: Topic) -> str:
        """Exchange some of the topic's words in a text for others of the same kind and form."""

        def other(match: re.Match[str]) -> str:
            kind, form = topic.forms.get(match[0].lower(), ("", ""))
            if not kind or self.rng.random() > 0.35:
                return match[0]
            return inflect(self.rng.choice(topic.words[kind]), kind, form)

        return re.sub(r"[A-Za-z][\w'-]*", other, text)

    def core(self, topic: Topic) -> str:
        """Write one clause of a topic: by hand, from a frame, or a few of its words."""
        rng = self.rng
        draw = rng.random()
        if draw < 0.48 and topic.texts:
            return self.varied(self.fill(rng.choice(topic.texts)), topic)
        if draw < 0.92:
            return articles(self.fill(rng.choice(self.frames["frames"]), topic))
        kinds = [rng.choice(("n", "n", "ns", "v", "vg", "a")) for _ in range(rng.randint(1, 4))]
        return rng.choice((", ", " ", " and ")).join(self.slot(kind, topic) for kind in kinds)

    def dress(self, text: str) -> str:
        """Put topic-free words around a clause, and write it as people type."""
        rng = self.rng
        if rng.random() < 0.22:
            text = self.fill(rng.choice(self.frames["openers"])) + " " + text
        if rng.random() < 0.15 and not text.endswith(("?", "!")):
            tail = self.fill(rng.choice(self.frames["tails"]))
            text += tail if tail.startswith(",") else " " + tail
        if rng.random() < 0.10:
            words = text.split(" ")
            i = rng.randrange(len(words) + 1)
            text = " ".join([*words[:i], invented(rng, rng.random() < 0.5), *words[i:]])
        text = self.noise.blur(text, 0.12)
        text = text[0].upper() + text[1:]
        if text[-1] not in ".?!":
            text += rng.choices((".", "!", "", "..."), (80, 8, 10, 2))[0]
        if rng.random() < 0.08:
            neutral = self.fill(rng.choice(self.frames["neutral"])) + "."
            text = rng.choice((f"{neutral} {text}", f"{text} {neutral}"))
        return self.noise.casual(text, 0.5)

    def found(self, text: str) -> set[str]:
        """Return the topics that list a word of the text."""
        words = re.findall(r"[a-z][\w'-]*", text.lower())
        pairs = [f"{a} {b}" for a, b in pairwise(words)]
        return {name for word in (*words, *pairs) for name in self.known.get(word, ())}

    def on_topic(self) -> Item:
        """Write a text of a topic, with one of the names that hold for it."""
        rng = self.rng
        topic = self.topic()
        text = self.core(topic)
        while rng.random() < 0.22:
            text += rng.choice((". ", ", and ", "; ", ". ", " but ")) + self.core(topic)
        name = topic.name if rng.random() < 0.75 else rng.choice(sorted(topic.right))
        label = self.hypothesis(self.label(self.topics[name]), "templates")
        return Item(self.dress(text), label, name, topic.open | self.found(text))

    def on_word(self) -> Item:
        """Write a text whose label is one of its own nouns."""
        topic = self.topic()
        noun = self.rng.choice(topic.words["n"])
        frame = self.rng.choice([f for f in self.frames["frames"] if "{n}" in f])
        text = articles(self.fill(frame.replace("{n}", noun, 1), topic))
        label = self.hypothesis(self.rng.choice((noun, plural(noun))), "templates")
        return Item(self.dress(text), label, topic.name, topic.open | self.found(text))

    def by_hand(self) -> Item:
        """Take a text that was written by hand, with one of its topics."""
        text, labels = self.rng.choice(self.written)
        label = self.rng.choice(labels)
        known = [self.topics[name] for each in labels for name in self.named.get(each, ())]
        text = self.noise.casual(self.noise.blur(text, 0.1), 0.4)
        hypothesis = self.hypothesis(label, "templates")
        return Item(
            text, hypothesis, label, {*labels, *self.found(text)}.union(*(t.open for t in known))
        )

    def in_tone(self) -> Item:
        """Write a text of a tone, with one of the tone's names."""
        rng = self.rng
        tone = rng.choice(list(self.tones.values()))
        text = self.fill(rng.choice(tone.texts))
        if tone.words["a"] and rng.random() < 0.3:
            text += rng.choice((", ", ". ", "! ")) + rng.choice(tone.words["a"])
        label = self.hypothesis(self.label(tone), "tone_templates")
        return Item(self.dress(text), label, tone.name, tone.open | self.found(text))

    def wrong(self, item: Item, other: Item) -> bool:
        """Whether another item's label surely does not hold for an item's text."""
        if other.name in self.tones:
            return item.name in self.tones and other.name in self.tones[item.name].against
        return other.name not in item.open

    def label(self, topic: Topic) -> str:
        """Draw one of a topic's names, most often the first."""
        if self.rng.random() < 0.4:
            return topic.labels[0]
        return self.rng.choice(topic.labels)

    def hypothesis(self, label: str, kind: str) -> str:
        """Put a label into a hypothesis, most often the pipeline's own."""
        rng = self.rng
        draw = rng.random()
        if draw < 0.1:
            label = label.capitalize()
        if rng.random() < 0.55:
            return DEFAULT.format(label)
        return rng.choice(self.frames[kind]).format(label)

    def batch(self, size: int) -> tuple[list[Item], list[list[bool]]]:
        """Write items, and for each, whether every label of the batch is wrong for its text."""
        kinds = self.rng.choices(
            (self.on_topic, self.on_word, self.by_hand, self.in_tone), (34, 5, 50, 11), k=size
        )
        items = [kind() for kind in kinds]
        return items, [[self.wrong(item, other) for other in items] for item in items]
