"""Pairs of texts that mean the same, for the embeddings recipe."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from recipes.files import DATA, lines, read
from recipes.inflection import articles, phrase, plural
from recipes.noise import Noise, invented
from recipes.written import queries, sentences
from recipes.zero_shot_data import DAYS, NUMBERS, TIMES, names, rows
from recipes.zero_shot_data import Writer as TopicWriter

FORMS = {"v": "", "vs": "s", "vd": "ed", "vn": "en", "vg": "ing"}


def blocks(text: str) -> list[list[str]]:
    """Split a text at its empty lines, and each part into its lines."""
    return [part.split("\n") for part in text.strip().split("\n\n")]


@dataclass(frozen=True)
class Pair:
    """Two texts that belong together.

    Attributes:
        left: One text.
        right: The other one.
        topic: The topic that is all they share, if they don't mean the same.
        open: Topics that they may belong to as well.
        tone: "+" or "-" where both are known to be pleased or displeased.
    """

    left: str
    right: str
    topic: str = ""
    open: frozenset[str] | set[str] = frozenset()
    tone: str = ""


class Writer:
    """Writes pairs of texts with one meaning, seeded."""

    def __init__(self, seed: int) -> None:
        """Draw everything from this seed."""
        self.rng = random.Random(seed)
        self.topics = TopicWriter(seed + 1)
        self.common = self.topics.common
        self.noise = Noise(self.rng, self.common)
        raw = read("embeddings_frames")
        self.frames = blocks(raw.pop("frames"))
        self.lists = {
            name: rows(text) if "\n" in text else names(text) for name, text in raw.items()
        }
        found: dict[str, list[str]] = defaultdict(list)
        for path in sorted(DATA.glob("embeddings_meanings_*.toml")):
            # A block whose first line is known from an earlier one continues it.
            for block in blocks(read(path.stem)["meanings"]):
                found[block[0]] += [line for line in block if line not in found[block[0]]]
        self.meanings = list(found.values())
        synonyms = read("embeddings_synonyms")
        self.ambiguous = frozenset(synonyms.pop("ambiguous").split())
        self.groups = {kind: [names(row) for row in rows(text)] for kind, text in synonyms.items()}
        #: For each form of a word, the same form of the words that mean the same.
        self.same: dict[str, list[str]] = defaultdict(list)
        for kind, groups in self.groups.items():
            for group in groups if kind != "related" else ():
                self.enter(kind, group)
        self.written = sentences()
        triples = [tuple(row.values()) for row in lines(DATA / "embeddings_pairs.jsonl")]
        self.same_said = [*triples, *queries()]
        lexicon = [topic.words for topic in self.topics.topics.values()]
        self.things = [word for words in lexicon for word in words["n"]]
        self.deeds = [word for words in lexicon for word in words["v"]]
        self.looks = [word for words in lexicon for word in words["a"]]

    def enter(self, kind: str, group: list[str]) -> None:
        """Enter a group of synonyms in all its forms."""
        bend = {"nouns": plural, "verbs": phrase}.get(kind)
        tables = [group]
        if kind == "nouns" and bend:
            tables.append([plural(word) for word in group])
        if kind == "verbs":
            tables += [[phrase(word, form) for word in group] for form in ("s", "ed", "en", "ing")]
        for table in tables:
            plain = [
                word for word in table if bend is not plural or table is group or " " not in word
            ]
            for word in plain:
                if word not in self.ambiguous and not word.endswith(" to"):
                    self.same[word] += [other for other in plain if other != word]

    def other(self, word: str) -> str:
        """Return a word that means the same, or the word itself."""
        found = self.same.get(word)
        return self.rng.choice(found) if found else word

    def reworded(self, text: str, rate: float = 0.35) -> str:
        """Exchange words and phrases of a text for others that mean the same."""
        parts, done, i = re.split(r"(\W+)", text), [], 0
        while i < len(parts):
            for width in (7, 5, 3, 1):
                piece = "".join(parts[i : i + width])
                if piece.lower() in self.same and self.rng.random() < rate:
                    done.append(self.other(piece.lower()))
                    i += width
                    break
            else:
                done.append(parts[i])
                i += 1
        return "".join(done)

    def values(self) -> dict[str, str]:
        """Draw what fills the slots of one block."""
        rng, common = self.rng, self.common
        thing, thing2 = (self.thing() for _ in range(2))
        animal = rng.choice(common["animals"])
        hobby, hobbying = rng.choice(self.lists["hobby"]).split("/")
        found = {
            "thing": thing, "things": plural(thing), "thing2": thing2, "animal": animal,
            "animals": plural(animal), "hobby": hobby, "hobbying": hobbying,
            "food": rng.choice(common["foods"]), "pet": rng.choice(common["animals"][:40]),
            "job": rng.choice(common["jobs"]), "language": rng.choice(common["languages"]),
            "city": rng.choice(common["cities"]), "city2": rng.choice(common["cities"]),
            "country": rng.choice(self.countries), "name": rng.choice(common["first_names"]),
            "day": rng.choice(DAYS[:8]), "time": rng.choice(TIMES), "n": rng.choice(NUMBERS),
        }  # fmt: skip
        singles = "subject fabric room instrument fear waste flower relative money event part month"
        for name in [*singles.split(), "place"]:
            found[name] = rng.choice(self.lists[name])
        return found

    @property
    def countries(self) -> list[str]:
        """Names of countries."""
        if not hasattr(self, "_countries"):
            raw = read("countries")
            self._countries = [c["name"] for c in raw["country"]] if "country" in raw else list(raw)
        return self._countries

    def thing(self) -> str:
        """Name any thing: from the topics, the common nouns, the synonyms, or invented."""
        rng = self.rng
        draw = rng.random()
        if draw < 0.35:
            return rng.choice(self.things)
        if draw < 0.55:
            return rng.choice(self.common["nouns"])
        if draw < 0.65:
            return rng.choice(self.common["products"])
        if draw < 0.93:
            return rng.choice(rng.choice(self.groups["nouns"]))
        return invented(rng, capital=False)

    def filled(self, frame: str, values: dict[str, str]) -> str:
        """Fill the slots of a wording."""
        return articles(re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), frame))

    def by_meaning(self, block: list[str], count: int = 1) -> list[tuple[str, str]]:
        """Write pairs of wordings of one block, each with its own slot values.

        Args:
            block: The wordings.
            count: How many pairs; from the second on, only wordings with slots are used, so that
                the pairs are told apart by what fills them.
        """
        pool = block
        if count > 1:
            pool = [line for line in block if "{thing}" in line or "{city}" in line] or [
                line for line in block if "{" in line
            ]
        if len(pool) < 2:
            pool, count = block, 1
        pairs = []
        for _ in range(count):
            values = self.values()
            first, second = self.rng.sample(pool, 2)
            rest = [line for line in block if line not in (first, second)]
            left, right = self.filled(first, values), self.filled(second, values)
            if rest and self.rng.random() < 0.15:
                right += " " + self.filled(self.rng.choice(rest), values)
            pairs.append((self.reworded(left, 0.2), self.reworded(right, 0.35)))
        return pairs

    def by_frame(self) -> tuple[str, str]:
        """Write two wordings of one statement about any things."""
        rng = self.rng
        words = {"o": self.thing(), "o2": self.thing(), "s": rng.choice(self.lists["who"])}
        if rng.random() < 0.7:
            words["v"] = rng.choice(rng.choice(self.groups["verbs"]))
        else:
            words["v"] = rng.choice(rng.choice((self.deeds, self.common["verbs"])))
        if rng.random() < 0.7:
            words["a"] = rng.choice(rng.choice(self.groups["adjectives"]))
        else:
            words["a"] = rng.choice(rng.choice((self.looks, self.common["adjectives"])))
        values = self.values()
        words["s"] = words["s"].format(**values)
        values |= {"t": rng.choice(self.lists["time"]), "p": rng.choice(self.lists["where"])}

        def written(frame: str) -> str:
            forms = dict(values)
            for name, word in words.items():
                if rng.random() < 0.45 and name != "s":
                    word = self.other(word)
                forms[name] = word
                if name == "o":
                    forms["os"] = plural(word)
                if name == "v":
                    forms |= {slot: phrase(word, form) for slot, form in FORMS.items() if form}
            text = self.filled(frame, forms)
            return text[0].upper() + text[1:]

        first, second = rng.sample(rng.choice(self.frames), 2)
        return written(first), written(second)

    def by_synonym(self) -> tuple[str, str]:
        """Write two words that mean the same, or that belong together."""
        rng = self.rng
        kinds = ("nouns", "nouns", "verbs", "verbs", "adjectives", "others", *["related"] * 4)
        kind = rng.choice(kinds)
        left, right = rng.sample(rng.choice(self.groups[kind]), 2)
        if kind == "nouns" and rng.random() < 0.3:
            left, right = plural(left), plural(right)
        if kind == "verbs" and rng.random() < 0.6:
            form = rng.choice(("s", "ed", "ing"))
            left, right = phrase(left, form), phrase(right, form)
        return left, right

    def by_topic(self) -> Pair:
        """Write two texts of a topic, or one text and the topic's name."""
        rng = self.rng
        topic = self.topics.topic()
        left, right = self.topics.core(topic), self.topics.core(topic)
        if rng.random() < 0.2:
            frame = rng.choice(("{}", "This text is about {}.", "{} news", "a question about {}"))
            right = frame.format(self.topics.label(topic))
        return Pair(left, right, topic.name, topic.open | self.topics.found(left + " " + right))

    def by_clause(self) -> Pair:
        """Write a clause, and the same in part: other words, another order, something left out."""
        rng = self.rng
        topic = self.topics.topic()
        text = self.topics.varied(self.topics.fill(rng.choice(topic.texts)), topic)
        again = self.reworded(text, 0.7)
        words = again.split(" ")
        if rng.random() < 0.7 and len(words) > 5:
            words = [word for word in words if rng.random() < (0.75 if len(word) > 3 else 0.5)]
            cut = rng.randrange(1, max(len(words), 2))
            again = " ".join(words[cut:] + words[:cut]) if rng.random() < 0.5 else " ".join(words)
        if rng.random() < 0.3:
            again = (
                self.filled(rng.choice(self.topics.frames["openers"]), self.values()) + f" {again}"
            )
        return Pair(text, again or text)

    def by_hand(self) -> Pair:
        """Take two wordings that were written by hand."""
        rng = self.rng
        if rng.random() < 0.35:
            left, right = rng.sample(rng.choice(self.same_said), 2)
            return Pair(left, right)
        sentence = rng.choice(self.written)
        return Pair(
            sentence.text, sentence.again, open=set(sentence.topics), tone=sentence.tone.strip("0")
        )

    def by_label(self) -> Pair:
        """Take a sentence that was written by hand, and one of its topics."""
        rng = self.rng
        sentence = rng.choice(self.written)
        label = rng.choice(sentence.topics)
        text = rng.choice((sentence.text, sentence.again))
        frame = rng.choice(("{}", "{}", "This example is {}.", "This text is about {}.", "{} news"))
        return Pair(text, frame.format(label), label, set(sentence.topics))

    def dress(self, text: str) -> str:
        """Write a text as people type it, now and then with an opener."""
        if self.rng.random() < 0.1:
            text = self.rng.choice(self.lists["openers"]) + " " + text[0].lower() + text[1:]
        text = self.noise.blur(text, 0.08)
        return self.noise.casual(text, 0.4)

    def batch(self, size: int) -> tuple[list[Pair], list[list[bool]]]:
        """Write pairs, many of them close to each other, and for each, which others are none.

        Args:
            size: How many, about.

        Returns:
            The pairs, and for each, whether every pair of the batch surely means something else.
        """
        rng = self.rng
        share = size // 20
        start = rng.randrange(len(self.meanings))
        near = [self.meanings[(start + i) % len(self.meanings)] for i in range(2 * share)]
        far = [b for b in rng.sample(self.meanings, 2 * share) if b not in near]
        texts = [self.by_meaning(b)[0] for b in near + far]
        for block in rng.sample([b for b in self.meanings if b not in near + far], share // 3 + 1):
            texts += self.by_meaning(block, 3)
        texts += [self.by_frame() for _ in range(2 * share)]
        texts += [self.by_synonym() for _ in range(2 * share)]
        pairs = [Pair(left, right) for left, right in texts]
        pairs += [self.by_topic() for _ in range(2 * share)]
        pairs += [self.by_clause() for _ in range(2 * share)]
        pairs += [self.by_hand() for _ in range(6 * share)]
        pairs += [self.by_label() for _ in range(2 * share)]
        apart = [
            [i == j or q.topic not in p.open for j, q in enumerate(pairs)]
            for i, p in enumerate(pairs)
        ]
        return [self.dressed(pair) for pair in pairs], apart

    def dressed(self, pair: Pair) -> Pair:
        """Write both texts of a pair as people type, in either order."""
        left, right = self.dress(pair.left), self.dress(pair.right)
        return (
            replace(pair, left=left, right=right)
            if self.rng.random() < 0.5
            else replace(pair, left=right, right=left)
        )

    def batches(self, size: int) -> Iterator[tuple[list[Pair], list[list[bool]]]]:
        """Yield batches without end."""
        while True:
            yield self.batch(size)

    def listed(self) -> list[str]:
        """Return all words of the lists, in all forms, and all hand-written texts."""
        topics = [form for topic in self.topics.topics.values() for form in topic.forms]
        kinds = ("nouns", "products", "foods", "animals", "jobs", "languages", "hobbies")
        written = [text for each in self.written for text in (each.text, each.again)]
        written += [text for row in self.same_said for text in row]
        common = [word for kind in kinds for word in self.common[kind]]
        return [*topics, *self.same, *common, *written]
