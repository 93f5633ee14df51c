"""Sentences with tagged names for the ner recipe, written from word lists and a grammar.

The lists and the grammar stand in recipes/data/ner_*.toml; ner_rules.toml explains its notation.
"""

from __future__ import annotations

import random
import re
from bisect import bisect
from collections.abc import Callable
from itertools import accumulate

from recipes.files import read
from recipes.noise import invented

#: How often a topic of ner_frames.toml is chosen.
TOPICS = {
    **{"news": 20, "sports": 10, "business": 12, "politics": 9, "court": 5, "culture": 10},
    **{"science": 6, "weather": 8, "everyday": 17, "plain": 15, "cues": 14, "reports": 8},
}
VOWEL_SOUND = re.compile(r"[aeioAEIO]|[uU](?!ni|s)|hour|honest|heir|[FHLMNRSX][A-Z0-9]|8|11\b|18\b")
DOUBLED = re.compile(r"[^aeiou][aeiou][bdgklmnprt]$")

Word = str
Tagged = tuple[list[Word], list[str]]


def table(name: str) -> dict[str, list[str]]:
    """Read a file of comma-separated lists."""
    lists = read(f"ner_{name}")
    return {
        key: [entry for entry in re.split(r",\s+", text.strip()) if entry]
        for key, text in lists.items()
    }


def plural(noun: str) -> str:
    """Return the plural of an English noun, as well as three rules can."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    if noun.endswith("man"):
        return noun[:-2] + "en"
    return noun + ("es" if re.search(r"(s|x|z|ch|sh)$", noun) else "s")


def past(verb: str) -> str:
    """Return the past of a verb, written "verb" or "verb/past"; its first word is inflected."""
    if "/" in verb:
        return verb.split("/")[1]
    first, _, rest = verb.partition(" ")
    if first.endswith("e"):
        first += "d"
    elif re.search(r"[^aeiou]y$", first):
        first = first[:-1] + "ied"
    else:
        doubled = len(first) < 5 and DOUBLED.search(first)
        first += (first[-1] if doubled else "") + "ed"
    return f"{first} {rest}".rstrip()


def continuous(verb: str) -> str:
    """Return the -ing form of a verb, written as for `past`."""
    first, _, rest = verb.split("/")[0].partition(" ")
    if first.endswith("e") and not first.endswith("ee") and first != "be":
        first = first[:-1]
    elif len(first) < 5 and DOUBLED.search(first):
        first += first[-1]
    return f"{first}ing {rest}".rstrip()


class Lexicon:
    """The word lists, and the functions that make up names."""

    def __init__(self, rng: random.Random) -> None:
        """Read the lists; names are made up with rng."""
        self.rng = rng
        shared = read("words")
        names, places = table("names"), table("places")
        self.names, self.places, self.orgs, self.misc = names, places, table("orgs"), table("misc")
        words = table("words")
        plain = read("ner_words")["plain"]
        self.first_names = [*shared["first_names"], *names["first"]]
        self.last_names = [*shared["last_names"], *names["last"], *names["last_more"]]
        self.cities = [*shared["cities"], *places["capitals"] * 2, *places["towns"]]
        self.capitals = words["capitals"]
        nouns = [
            *shared["nouns"],
            *words["news"] * 2,
            *words["abstract"] * 2,
            *(w.lower() for w in shared["products"]),
            *shared["animals"],
            *shared["foods"],
            *shared["drinks"],
        ]
        nouns = [noun for noun in nouns if noun.islower()]
        roles = [*words["roles"], *words["roles"], *(j for j in shared["jobs"] if j.islower())]
        irregular = {entry.split("/")[0]: entry for entry in words["irregular"] + words["verbs"]}
        verbs = [irregular.get(verb, verb) for verb in shared["verbs"]]
        verbs += words["verbs"] * 2 + words["more_verbs"]
        adjectives = [*shared["adjectives"], *words["adjectives"], *words["adjectives"]]
        colors = [color for color in shared["colors"] if color.islower()]
        self.lists: dict[str, list[str]] = {
            "noun": nouns,
            "nouns": [plural(noun) for noun in nouns],
            "role": roles,
            "roles": [plural(role) for role in roles],
            "crowd": words["crowds"],
            "adj": [*adjectives, *colors],
            "adv": [*shared["adverbs"], *words["adverbs"] * 2, *words["more_adverbs"]],
            "mass": words["mass"],
            "verb": [verb.split("/")[0] for verb in verbs],
            "verbed": [past(verb) for verb in verbs],
            "verbing": [continuous(verb) for verb in verbs],
            "act": [verb.split("/")[0] for verb in words["acts"]],
            "acted": [past(verb) for verb in words["acts"]],
            "said_verb": [*["said"] * 30, *(past(verb) for verb in words["says"])],
            "opener": words["openers"],
            "time": words["times"],
            "num": words["numbers"],
            "amount": words["amounts"],
            "plain_text": [line.strip() for line in plain.split("|")],
            "sport": shared["sports"],
            "field_low": words["fields"],
            "ordinal_low": words["ordinals"],
            "state": words["states"],
            "adj_cap": [adj.capitalize() for adj in shared["adjectives"] + colors],
            "noun_cap": [noun.title() for noun in shared["nouns"]],
            "cap_plural": [plural(noun.title()) for noun in shared["nouns"] + shared["animals"]]
            + [plural(role.title()) for role in roles],
            "particle": names["particles"],
            "country_name": places["countries"],
            "the_country": places["the_countries"],
            "region_name": places["regions"],
            "the_region": places["the_regions"],
            "water_name": places["waters"],
            "range_name": places["ranges"],
            "sight_name": places["sights"],
            "before": places["before"],
            "after_city": places["after"],
            "company_name": self.orgs["companies"],
            "team_name": self.orgs["teams"],
            "agency_name": self.orgs["agencies"],
            "kind": self.orgs["kinds"],
            "club": self.orgs["clubs"],
            "nat_name": [*shared["languages"][:30], *self.misc["adjectives"]],
            "people_name": self.misc["people"],
            "faith_name": self.misc["faiths"],
            "language_name": shared["languages"],
            "event_name": self.misc["events"],
            "award_name": self.misc["awards"],
            "work_name": [*shared["books_films"], *self.misc["works"]],
            "product_name": self.misc["products"],
            "model": self.misc["models"],
            **{key: self.misc[key] for key in ("works_adjectives", "works_nouns", "works_verbs")},
        }
        self.makers: dict[str, Callable[[], str]] = {
            "first": self.first,
            "last": self.last,
            "initial": lambda: rng.choice("ABCDEFGHIJKLMNOPRSTVWYZ") + ".",
            "city_name": self.city,
            "city_core": self.city,
            "city_upper": lambda: self.city().upper(),
            "land_name": self.land,
            "brand": self.brand,
            "cap": self.capital,
            "acronym": self.acronym,
            "product_core": self.product,
            "digit": lambda: str(rng.randrange(10)),
            "number": lambda: str(rng.choice((rng.randrange(10, 100), rng.randrange(1, 3000)))),
            "age": lambda: str(rng.randrange(16, 97)),
        }
        #: Last names and brands of the text being written; names tend to come back.
        self.recent: dict[str, list[str]] = {"last": [], "brand": []}

    def known(self) -> list[str]:
        """Return the names that every reader of news knows: countries, capitals, companies, …"""
        places, orgs = self.places, self.orgs
        return [
            *(name for key in ("countries", "capitals", "regions") for name in places[key]),
            *(name for key in ("companies", "agencies") for name in orgs[key]),
            *self.misc["adjectives"],
            *self.misc["people"],
            *self.lists["language_name"],
        ]

    def again(self, kind: str, make: Callable[[], str]) -> str:
        """Return a name of this text once more, or a new one."""
        recent = self.recent[kind]
        if recent and self.rng.random() < 0.25:
            return self.rng.choice(recent)
        recent.append(make())
        return recent[-1]

    def glued(self, starts: list[str], ends: list[str], share: float) -> str:
        """Return a made-up name from a start and an end, or else of random syllables."""
        if self.rng.random() > share:
            return invented(self.rng)
        name = self.rng.choice(starts) + self.rng.choice(ends)
        return name if len(name) > 3 else name + self.rng.choice(ends)

    def first(self) -> str:
        """Return a first name."""
        draw = self.rng.random()
        if draw < 0.72:
            return self.rng.choice(self.first_names)
        if draw < 0.74:
            return self.rng.choice(self.last_names)
        return self.glued(self.names["first_starts"], self.names["first_ends"], 0.75)

    def last(self) -> str:
        """Return a last name, often one that was used in this text before."""
        return self.again("last", self.new_last)

    def new_last(self) -> str:
        """Return a last name."""
        draw = self.rng.random()
        if draw < 0.66:
            return self.rng.choice(self.last_names)
        if draw < 0.68:
            return self.rng.choice(self.cities).split(" ")[-1]
        if draw < 0.70:
            return self.rng.choice(self.capitals)
        name = self.glued(self.names["last_starts"], self.names["last_ends"], 0.75)
        if draw < 0.73:
            return self.rng.choice(("Mc", "O'", "Mac", "Al-", "El-", "D'", "Fitz", "Ben-")) + name
        return name

    def city(self) -> str:
        """Return a town."""
        draw = self.rng.random()
        if draw < 0.62:
            return self.rng.choice(self.cities)
        if draw < 0.65:
            return self.rng.choice(self.last_names)
        if draw < 0.66:
            return self.rng.choice(self.capitals)
        return self.glued(self.places["starts"], self.places["ends"], 0.75)

    def land(self) -> str:
        """Return a country or region that does not exist."""
        ends = ("ia", "land", "stan", "ia", "nia", "ovia", "istan", "avia", "ora", "ana", "shire")
        stem = self.glued(self.places["starts"], ["", "l", "n", "r", "m", "t"], 0.5)
        return stem.rstrip("aeiou") + self.rng.choice(ends)

    def brand(self) -> str:
        """Return a one-word name of a company, often one that was used in this text before."""
        return self.again("brand", self.new_brand)

    def new_brand(self) -> str:
        """Return a one-word name of a company."""
        draw = self.rng.random()
        if draw < 0.08:
            return self.rng.choice(self.last_names)
        if draw < 0.12:
            return self.rng.choice(self.cities).split(" ")[-1]
        if draw < 0.15:
            return self.rng.choice(self.first_names)
        if draw < 0.22:
            return self.rng.choice(self.capitals)
        if draw < 0.27:
            return self.rng.choice(self.capitals) + self.rng.choice(self.orgs["ends"])
        if draw < 0.32:
            return self.rng.choice(self.orgs["starts"]) + self.rng.choice(self.capitals)
        return self.glued(self.orgs["starts"], self.orgs["ends"], 0.75)

    def product(self) -> str:
        """Return the name of a product."""
        return self.glued(self.misc["product_starts"], self.misc["product_ends"], 0.7)

    def capital(self) -> str:
        """Return an ordinary word with a capital, as in names."""
        if self.rng.random() < 0.6:
            return self.rng.choice(self.capitals)
        return self.rng.choice(self.lists["noun_cap"])

    def acronym(self) -> str:
        """Return two to five capitals."""
        count = self.rng.choice((2, 3, 3, 3, 4, 4, 5))
        return "".join(self.rng.choice("AABBCCDEEFGHIIKLLMMNNOPPRRSSTTUVW") for _ in range(count))


class Writer:
    """Writes texts with their tags, endlessly."""

    def __init__(self, seed: int) -> None:
        """Read lists and grammar; everything is drawn from the seed."""
        self.rng = random.Random(seed)
        self.lexicon = Lexicon(self.rng)
        rules = read("ner_rules")
        frames = read("ner_frames")
        sources = {name: text for group in rules.values() for name, text in group.items()}
        sources.update({f"topic {name}": text for name, text in frames.items()})
        self.known = {*sources, *self.lexicon.lists, *self.lexicon.makers}
        self.rules = {name: self.compiled(text) for name, text in sources.items()}
        self.weights = list(accumulate(TOPICS.values()))

    def compiled(self, text: str) -> tuple[list[int], list[list[tuple[str, ...]]]]:
        """Turn the alternatives of a rule into running weights and steps.

        A step is ("word", w), ("rule", name, "^" or ""), ("glue", part, …), ("open", label) or
        ("close",).
        """
        weights, alternatives = [], []
        for line in text.strip().splitlines():
            found = re.fullmatch(r"(?:(\d+)\* )?(.*)", line.strip())
            assert found is not None
            weights.append(int(found[1] or 1))
            steps: list[tuple[str, ...]] = []
            for part in found[2].split(" "):
                if re.fullmatch(r"\[(PER|ORG|LOC|MISC)", part):
                    steps.append(("open", part[1:]))
                    continue
                closes = part.endswith("]")
                body = part.removesuffix("]")
                if "+" in body and body[0] == "{":
                    steps.append(("glue", *body[1:-1].split("+")))
                elif body[0] == "{":
                    name = body[1:-1].removeprefix("^")
                    if name not in self.known:
                        raise ValueError(f"{line!r} names {name!r}, which is neither rule nor list")
                    steps.append(("rule", name, "^" if body[1] == "^" else ""))
                else:
                    steps.append(("word", body))
                if closes:
                    steps.append(("close",))
            alternatives.append(steps)
        return list(accumulate(weights)), alternatives

    def expand(self, name: str, words: list[str], tags: list[str], label: str = "O") -> None:
        """Append an expansion of a rule or a word of a list.

        Args:
            name: The rule or list.
            words: What is written so far.
            tags: Their labels, "O" or an entity's type; "B-" marks its first word.
            label: The entity that is open.
        """
        if name in self.rules:
            weights, alternatives = self.rules[name]
            steps = alternatives[bisect(weights, self.rng.randrange(weights[-1]))]
            for step in steps:
                kind = step[0]
                if kind == "word":
                    self.append(step[1], words, tags, label)
                elif kind == "rule":
                    start = len(words)
                    self.expand(step[1], words, tags, label)
                    if step[2] and tags[start] == "O":
                        words[start] = words[start][0].upper() + words[start][1:]
                elif kind == "glue":
                    parts = [self.word(part) for part in step[1:]]
                    self.append("".join(parts), words, tags, label)
                elif kind == "open":
                    label = "B-" + step[1]
                else:
                    label = "O"
                if label[0] == "B" and tags and kind != "open":
                    label = "I" + label[1:]
        else:
            for word in self.listed(name).split(" "):
                self.append(word, words, tags, label)
                if label[0] == "B":
                    label = "I" + label[1:]

    def listed(self, name: str) -> str:
        """Return an entry of a list, or a made-up name."""
        maker = self.lexicon.makers.get(name)
        return maker() if maker else self.rng.choice(self.lexicon.lists[name])

    def word(self, part: str) -> str:
        """Return a part of a glued word: one word of a list, or the part itself."""
        return self.listed(part).split(" ")[-1] if part in self.known else part

    @staticmethod
    def append(word: str, words: list[str], tags: list[str], label: str) -> None:
        """Append one word; the article before it takes the form that it needs."""
        if words and words[-1] in ("a", "an", "A", "An"):
            words[-1] = words[-1][0] + ("n" if VOWEL_SOUND.match(word) else "")
        words.append(word)
        tags.append(label)

    def sentence(self) -> Tagged:
        """Return the words and tags of a sentence."""
        words: list[str] = []
        tags: list[str] = []
        topic = list(TOPICS)[bisect(self.weights, self.rng.randrange(self.weights[-1]))]
        self.expand(f"topic {topic}", words, tags)
        if tags[0] == "O":
            words[0] = words[0][0].upper() + words[0][1:]
        if words[-1] == "." and self.rng.random() < 0.1:
            del words[-1], tags[-1]
        return words, tags

    def text(self) -> Tagged:
        """Return the words and tags of a text: mostly one sentence, sometimes several."""
        for names in self.lexicon.recent.values():
            names.clear()
        words, tags = self.sentence()
        for _ in range(self.rng.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5))):
            more = self.sentence()
            words, tags = words + more[0], tags + more[1]
        draw = self.rng.random()
        if draw < 0.03:
            words = [word.lower() for word in words]
        elif draw < 0.04:
            words = [word.upper() for word in words]
        return words, tags
