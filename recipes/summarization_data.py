"""Writes news paragraphs with their summaries: frames filled from wide lists, some words invented.

A frame says what its summary keeps: text in [brackets] is told, and left out of the summary. So one
notation gives the paragraph and what a reader should take from it: the main clause of the first
sentence, and that of the first further sentence that tells a cost, a number or what comes next.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from recipes.files import read
from recipes.inflection import articles, phrase, plural
from recipes.noise import invented

MARK = re.compile(r"\{([\w,-]+)\}|<([^<>]*)>")
FORMS = {"vp_base": "", "vp_s": "s", "vp_ed": "ed", "vp_en": "en", "vp_ing": "ing"}
#: A figure behind the name of a slot binds it: the same words all through a story.
BOUND = re.compile(r"(.*[a-z])\d$")


def entries(text: str, mark: str = " / ") -> list[str]:
    """Split a list as it stands in the data files."""
    return [part for line in text.strip().splitlines() for part in line.split(mark) if part.strip()]


def shown(marked: str, rng: random.Random, share: float) -> tuple[str, str]:
    """Return a marked sentence in full, and without what stands in brackets.

    Args:
        marked: The sentence, such as "[on Monday, ]the bridge[, built in 1931,] closed."
        rng: Draws which of the brackets are told at all.
        share: How many of them.
    """
    full, short, depth, told = [], [], 0, True
    for part in re.split(r"([\[\]])", marked):
        if part == "[":
            depth += 1
            told = told and rng.random() < share
        elif part == "]":
            depth -= 1
            told = told or not depth
        else:
            if told:
                full.append(part)
            if not depth:
                short.append(part)
    return tidy("".join(full)), tidy("".join(short))


def tidy(text: str) -> str:
    """Mend spaces, commas and articles, and begin with a capital."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"[\s,]+(?=[,.;])", "", text)
    text = articles(text)
    start = 1 if text[0] == '"' else 0
    return text[:start] + text[start].upper() + text[start + 1 :]


def curly(text: str) -> str:
    """Set quotes and apostrophes as printers do."""
    return re.sub(r'"([^"]*)"', "“\\1”", text).replace("'", "’")


class Writer:
    """Writes stories; each call of `story` is a new one.

    Attributes:
        rng: Where all choices come from.
    """

    def __init__(self, seed: int) -> None:
        """Read the word lists; the stories depend on the seed alone."""
        self.rng = random.Random(seed)
        words, mine, free = read("words"), read("summarization_words"), read("summarization_free")
        self.free = {kind: entries(free[kind], "\n") for kind in ("leads", "facts", "asides")}
        self.domains = [
            {kind: entries(domain[kind], "\n") for kind in ("leads", "facts", "asides")}
            for part in "abcd"
            for domain in read(f"summarization_domains_{part}")["domain"]
        ]
        self.lists = {
            name: entries(text)
            for part in (mine["phrases"], free["phrases"], mine["names"], mine["figures"])
            for name, text in part.items()
        }
        self.verbs = entries(mine["verbs"]["news"])
        own, people, places = read("ner_words"), read("ner_names"), read("ner_places")

        def pick(text: str) -> list[str]:
            return [part.strip() for part in entries(text, ",")]

        self.nouns = [
            self.lists["news_nouns"],
            [noun for noun in words["nouns"] if noun.islower()],
            [noun for noun in pick(own["news"]) if noun.islower()],
            [noun for noun in words["products"] + words["animals"] if noun.islower()],
        ]
        self.adjectives = [
            self.lists["news_adjectives"],
            words["adjectives"],
            pick(own["adjectives"]),
        ]
        self.bases = [verb for verb in words["verbs"] if verb.isalpha()]
        self.lists |= {
            "food": [food for food in words["foods"] if food.islower()],
            "groups": self.lists["groups"] + pick(own["crowds"]),
            "role": self.lists["role"] + words["jobs"],
            "company": pick(read("ner_orgs")["companies"]),
            "club": pick(read("ner_orgs")["clubs"]),
            "known_team": pick(read("ner_orgs")["teams"]),
            "known_town": pick(places["towns"]) + words["cities"],
            "country": pick(places["countries"]),
            "known_region": pick(places["regions"]),
            "water": pick(places["waters"]),
            "first": pick(people["first"]) + words["first_names"],
            "known_last": pick(people["last"]) + pick(people["last_more"]) + words["last_names"],
        }
        self.parts = {
            "town": (pick(places["starts"]), pick(places["ends"])),
            "last": (pick(people["last_starts"]), pick(people["last_ends"])),
        }
        self.codes: dict[str, Callable[[], str]] = {
            name[len("_slot_") :]: getattr(self, name) for name in dir(self) if name[:6] == "_slot_"
        }
        self.bound: dict[str, str] = {}

    # Slots that code fills.

    def _made(self, kind: str) -> str:
        start, end = (self.rng.choice(part) for part in self.parts[kind])
        return (start + end.lower()).replace("  ", " ")

    def _slot_invented(self) -> str:
        return invented(self.rng)

    def _slot_invented_low(self) -> str:
        return invented(self.rng, capital=False)

    def _slot_town(self) -> str:
        draw = self.rng.random()
        if draw < 0.45:
            return self.rng.choice(self.lists["known_town"])
        if draw < 0.85:
            name = self._made("town")
            before = self.rng.choice(("", "", "", "", "", "North ", "Port ", "New ", "St. "))
            after = self.rng.choice(("", "", "", "", "", "", " Bay", " Falls", " Bridge"))
            return before + name + after
        return invented(self.rng)

    def _slot_region(self) -> str:
        draw = self.rng.random()
        if draw < 0.6:
            return self.rng.choice(self.lists["known_region" if draw < 0.4 else "country"])
        return self._slot_town() + self.rng.choice((" County", "", " province", " Valley"))

    def _slot_river(self) -> str:
        draw = self.rng.random()
        return self.rng.choice(self.lists["water"]) if draw < 0.5 else self._made("town")

    def _slot_last(self) -> str:
        draw = self.rng.random()
        if draw < 0.6:
            return self.rng.choice(self.lists["known_last"])
        return self._made("last") if draw < 0.85 else invented(self.rng)

    def _slot_person(self) -> str:
        first = self.rng.choice(self.lists["first"])
        return f"{invented(self.rng) if self.rng.random() < 0.12 else first} {self._slot_last()}"

    def _slot_team(self) -> str:
        draw = self.rng.random()
        if draw < 0.35:
            return self.rng.choice(self.lists["known_team"])
        name = self._slot_town()
        if draw < 0.75:
            return f"{name} {self.rng.choice(self.lists['club'])}"
        animals = plural(self.rng.choice(self.nouns[3])).title()
        return f"the {name} {animals}" if draw < 0.9 else name

    def _slot_noun(self) -> str:
        draw = self.rng.random()
        if draw < 0.14:
            return invented(self.rng, capital=False)
        return self.rng.choice(self.nouns[self.rng.choice((0, 0, 0, 1, 1, 2, 2, 3))])

    def _slot_noun_cap(self) -> str:
        return self._slot_noun().split(" ")[0].capitalize()

    def _slot_plural(self) -> str:
        return plural(self._slot_noun())

    def _slot_adj(self) -> str:
        draw = self.rng.random()
        if draw < 0.1:
            return invented(self.rng, capital=False) + self.rng.choice(("ic", "al", "ous", "ish"))
        return self.rng.choice(self.adjectives[self.rng.choice((0, 0, 1, 2))])

    def _slot_trans_en(self) -> str:
        return phrase(self.rng.choice(self.bases), "en")

    # Sentences and stories.

    def _verb(self, form: str) -> str:
        if self.rng.random() < 0.75:
            base = self.rng.choice(self.verbs)
        else:
            base = self.rng.choice(self.bases) + " {np}"
        return phrase(base, form) if form else base

    def _fill(self, match: re.Match[str]) -> str:
        name, options = match[1], match[2]
        if options is not None:
            return self.rng.choice(options.split("|"))
        if name in self.bound:
            return self.bound[name]
        plain = BOUND.fullmatch(name)
        if plain and name != "num2":
            self.bound[name] = self.expand(f"{{{plain[1]}}}")
            return self.bound[name]
        if name in FORMS:
            return self._verb(FORMS[name])
        if name in self.codes:
            return self.codes[name]()
        if name[0].isdigit():
            low, high = name.replace(",", "").split("-")
            return format(self.rng.randint(int(low), int(high)), "," if "," in name else "")
        return self.rng.choice(self.lists[name])

    def expand(self, frame: str) -> str:
        """Fill the slots and draw the choices of a frame; brackets stay."""
        while True:
            frame, count = MARK.subn(self._fill, frame)
            if not count:
                return frame

    def _grow(self, frame: str, lead: bool) -> str:
        """Lengthen a frame by what its summary keeps, and by what it leaves out."""
        rng = self.rng
        body, end = frame[:-1], ""
        if body.endswith("]"):
            body, bracket, end = body.rpartition("[")
            end = bracket + end
        if rng.random() < (0.4 if lead else 0.25):
            body += f" {self.expand('{why}' if rng.random() < 0.6 else '{where}')}"
        elif rng.random() < 0.12:
            body += f", <and|but> {self.expand('{who} {did}' if lead else '{who} {will}')}"
        if not end and rng.random() < 0.35:
            end = "[{tail}]"
        if not body.startswith("[") and rng.random() < 0.25:
            body = (
                "[{opener}, ]" if lead or rng.random() < 0.6 else "[{official} said <that |>]"
            ) + body
        return f"{body}{end}."

    def story(self, size: int = 11) -> dict[str, str]:
        """Write a paragraph and its summary.

        Args:
            size: Largest number of sentences.
        """
        rng = self.rng
        self.bound = {}
        loose = rng.random() < 0.35
        home = rng.choice(self.domains)
        lead = rng.choice(self.free["leads"] if loose else home["leads"])

        def draw(kind: str) -> str:
            source = self.free if loose or rng.random() < 0.3 else home
            frame = rng.choice(source[kind])
            return self.expand(self._grow(frame, False) if kind == "facts" else frame)

        length = rng.randint(min(3, size), size)
        second = length > 3 and rng.random() < 0.5
        asides = [("aside", draw("asides")) for _ in range(length - 2 - second)]
        rest = asides + [("fact", draw("facts")) for _ in range(1 + second)]
        rng.shuffle(rest)
        share = rng.choice((0.4, 0.7, 0.9))
        pairs = [shown(self.expand(self._grow(lead, True)), rng, share)]
        pairs += [shown(marked, rng, share) for _, marked in rest]
        key = 1 + [kind for kind, _ in rest].index("fact")
        text, summary = " ".join(full for full, _ in pairs), f"{pairs[0][1]} {pairs[key][1]}"
        if rng.random() < 0.12:
            text, summary = curly(text), curly(summary)
        return {"text": text, "summary": summary}


def stories(seed: int, short: int = 0) -> Iterator[dict[str, str]]:
    """Yield stories without end.

    Args:
        seed: Equal seeds give equal stories.
        short: How many stories pass until they have reached their full length; copying is learned
            sooner where there is little to copy from.
    """
    writer, count = Writer(seed), 0
    while True:
        grown = 11 if count >= short else 2 + round(9 * count / short)
        yield writer.story(grown if writer.rng.random() < 0.9 else 3)
        count += 1
