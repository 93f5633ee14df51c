"""The sentences that the fill-mask model learns from, written by grammar from recipes/data.

Phrases of everyday life with the words that really go together ("cut the bread with a knife"), put
into persons, tenses and situations; facts about animals, jobs, countries, numbers and the calendar.

    python -m recipes.fill_mask_data      # prints a few sentences
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from recipes.files import items, read
from recipes.inflection import articles, phrase, plural

CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
SLOT = re.compile(r"\{([a-z_0-9]+)\}")
NUMBERS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty",
]  # fmt: skip
ORDINALS = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth",
]  # fmt: skip
#: Subject, possessive, and whether it is a third person singular.
PRONOUNS = [
    ("I", "my", False), ("you", "your", False), ("he", "his", True), ("she", "her", True),
    ("we", "our", False), ("they", "their", False),
]  # fmt: skip
#: Whose homework it is that one helps with.
ANOTHER = {"my": "his", "our": "their", "his": "her", "her": "her"}
MEN = frozenset(["father", "brother", "son", "uncle", "nephew", "grandfather", "husband"])
WOMEN = frozenset(["mother", "sister", "daughter", "aunt", "niece", "grandmother", "wife"])
CROWDS = ["the children", "my parents", "many people", "the students", "our friends"]
#: Countries with "the" begin so.
WITH_THE = ("United", "Netherlands", "Philippines", "Czech", "Dominican")
#: Slots that hold the single words of a list in words.toml.
WORD_LISTS = {
    "noun": "nouns", "adjective": "adjectives", "verb": "verbs", "animal": "animals",
    "food": "foods", "beverage": "drinks", "work": "jobs", "hobby": "hobbies",
    "tongue": "languages", "game": "sports", "town": "cities", "who": "first_names",
}  # fmt: skip
CONTRACTIONS = {
    " do not ": " don't ", "Do not ": "Don't ", " does not ": " doesn't ", " did not ": " didn't ",
    " is not ": " isn't ", " are not ": " aren't ", " was not ": " wasn't ", " cannot ": " can't ",
    " will not ": " won't ", " have not ": " haven't ", " has not ": " hasn't ", "I am ": "I'm ",
    "It is ": "It's ", " it is ": " it's ", "He is ": "He's ", "She is ": "She's ",
    "They are ": "They're ", "We are ": "We're ", "You are ": "You're ", "I will ": "I'll ",
    "I would like": "I'd like", "I have been": "I've been", "What is ": "What's ",
}  # fmt: skip


def rows(text: str) -> list[list[str]]:
    """Split a table of the data files into its rows and cells."""
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]


class Writer:
    """Writes sentences, endlessly; the same seed gives the same sentences."""

    def __init__(self, seed: int) -> None:
        """Read the data files."""
        self.rng = random.Random(seed)
        data, facts = read("fill_mask"), read("fill_mask_facts")
        self.lists = {
            name: items(text) for table in ("lists", "around") for name, text in data[table].items()
        }
        self.do = [line for text in data["do"].values() for line in text.strip().splitlines()]
        self.frames = {
            name: text.strip().splitlines() for name, text in read("fill_mask_frames").items()
        }
        self.facts = facts["facts"].strip().splitlines()
        self.tables = {name: rows(facts[name]) for name in ("animals", "jobs", "countries", "kin")}
        self.opposites = [pair.split(" ") for pair in items(facts["opposites"])]
        self.fits = [
            (noun.strip(), items(words))
            for noun, words in (entry.split(":") for entry in facts["fits"].split(";"))
        ]
        self.capitals = [
            ("the " * entry["name"].startswith(WITH_THE) + entry["name"], entry["capital"])
            for entry in read("countries")["country"]
            if " " not in entry["capital"]
        ]
        self.lists["country"], self.lists["city"] = map(list, zip(*self.capitals, strict=True))
        common = read("words")
        for name, source in WORD_LISTS.items():
            self.lists[name] = [word for word in common[source] if " " not in word]
        self.kinds: dict[Callable[[], str], int] = {
            self.action: 34, self.fact: 50, self.capital: 6, self.calendar: 5, self.animal: 4,
            self.job: 5, self.opposite: 4, self.number: 3, self.land: 3, self.fit: 4, self.kin: 2,
            self.any: 16,
        }  # fmt: skip

    def sentence(self) -> str:
        """Write a sentence with its capital letter and its mark."""
        kind = self.rng.choices(list(self.kinds), list(self.kinds.values()))[0]
        text = articles(re.sub(" +", " ", kind())).strip()
        text = text[0].upper() + text[1:]
        if self.rng.random() < 0.4:
            for long, short in CONTRACTIONS.items():
                text = text.replace(long, short)
        return text if text[-1] in ".?!" else text + "."

    def fill(self, text: str, /, **own: str) -> str:
        """Make the choices of a line and write its slots: own ones, then words of the lists."""
        while found := CHOICE.search(text):
            choice = self.rng.choice(found[1].split("|"))
            text = text[: found.start()] + choice + text[found.end() :]
        while found := SLOT.search(text):
            name = found[1]
            word = own[name] if name in own else self.rng.choice(self.lists[name])
            text = text[: found.start()] + word + text[found.end() :]
        return text

    def frame(self, kind: str, /, **own: str) -> str:
        """Write one of the frames of that name."""
        return self.fill(self.rng.choice(self.frames[kind]), **own)

    def fact(self) -> str:
        """Write a fact or a saying."""
        return self.fill(self.rng.choice(self.facts))

    def subject(self) -> tuple[str, str, bool]:
        """Write a subject; return it, its possessive, and whether it is a third person singular."""
        rng, draw = self.rng, self.rng.random()
        if draw < 0.6:
            return rng.choice(PRONOUNS)
        if draw < 0.75:
            return rng.choice(self.lists["name"]), rng.choice(["his", "her"]), True
        if draw > 0.93:
            return rng.choice(CROWDS), "their", False
        person = rng.choice(self.lists["person"])
        theirs = "his" if person in MEN else "her" if person in WOMEN else None
        whose = rng.choice(["my", "my", "her", "his", "our", "their"])
        return f"{whose} {person}", theirs or rng.choice(["his", "her"]), True

    def action(self) -> str:
        """Say what somebody does, did, will or can do."""
        rng = self.rng
        who, poss, third = self.subject()
        other, _, others = self.subject()
        own = {"poss": poss, "poss2": ANOTHER.get(poss, "his")}
        do, too = (self.fill(rng.choice(self.do), **own) for _ in range(2))
        agree = (lambda base: phrase(base, "s")) if third else (lambda base: base)
        own |= {
            "who": who,
            "be": "am" if who == "I" else "is" if third else "are",
            "was": "was" if third or who == "I" else "were",
            "have": agree("have"),
            "dont": "does not" if third else "do not",
            "dont_ask": agree("do"),
            "want": agree(rng.choice(["want", "have", "need", "like", "love", "try", "hope"])),
            "like": agree(rng.choice(["like", "enjoy", "hate", "start", "stop", "love"])),
            "do": do,
            "does": agree(do),
            "did": phrase(do, "ed"),
            "doing": phrase(do, "ing"),
            "done": phrase(do, "en"),
            "did_too": phrase(too.removeprefix("be "), "ed"),
            "other": other,
            "other_dont": "does not" if others else "do not",
        }
        if do.startswith("be "):
            return self.frame("being", rest=do.removeprefix("be "), **own)
        if too.startswith("be "):
            own["did_too"] = "went home"
        return self.frame("action", **own)

    def capital(self) -> str:
        """Name the capital of a country."""
        land, capital = self.rng.choice(self.capitals)
        return self.frame("capital", land=land, capital=capital)

    def calendar(self) -> str:
        """Say which day, month or season follows which."""
        kind = self.rng.choice(["day", "day", "day", "month", "month", "season"])
        names = self.lists[kind]
        i = self.rng.randrange(len(names))
        return self.frame(
            kind,
            one=names[i],
            next=names[(i + 1) % len(names)],
            last=names[i - 1],
            ordinal=ORDINALS[i],
            season_of=("winter", "spring", "summer", "autumn")[(i + 1) // 3 % 4],
        )

    def animal(self) -> str:
        """Tell something about an animal."""
        name, young, food, home, sound = self.rng.choice(self.tables["animals"])
        place = f"on the {home}" if home in ("farm", "pond", "savanna") else f"in the {home}"
        home = f"in {home}" if home[0].isupper() else place
        kind = "sound" if sound != "nothing" and self.rng.random() < 0.2 else "animal"
        return self.frame(
            kind, name=name, names=plural(name), young=young, food=food, home=home, sound=sound
        )

    def job(self) -> str:
        """Tell what somebody does at work."""
        name, place, tool, does = self.rng.choice(self.tables["jobs"])
        article = {"space": "", "court": ""}.get(
            place, "the " if place in ("sea", "field", "army", "street", "mine") else "a "
        )
        before = "on" if place in ("farm", "stage", "ship", "street") else "in"
        return (
            self.frame(
                "job",
                name=name,
                names=plural(name),
                site=f"{before} {article}{place}",
                tool=tool,
                do=does,
                does=phrase(does, "s"),
                did=phrase(does, "ed"),
            )
            .replace("a scissors", "scissors")
            .replace("a shoes", "shoes")
        )

    def opposite(self) -> str:
        """Name two opposites."""
        one, other = self.rng.choice(self.opposites)
        return self.frame("opposite", one=one, other=other)

    def number(self) -> str:
        """Count, add or take away."""
        rng = self.rng
        a, b, length = rng.randrange(1, 10), rng.randrange(1, 10), rng.randrange(3, 6)
        words = NUMBERS if rng.random() < 0.75 else [str(i) for i in range(21)]
        return self.frame(
            "sum",
            a=words[a],
            b=words[b],
            sum=words[a + b],
            after_a=words[a + 1],
            after_b=words[b + 1],
            run=", ".join(words[a : a + length]),
        )

    def land(self) -> str:
        """Tell a country's language, continent or people."""
        land, language, continent, people = self.rng.choice(self.tables["countries"])
        return self.frame("land", land=land, language=language, continent=continent, people=people)

    def any(self) -> str:
        """Say something that fits any noun, verb, adjective or name."""
        return self.frame("any")

    def fit(self) -> str:
        """Give a noun an adjective that fits."""
        noun, words = self.rng.choice(self.fits)
        many = noun.endswith("s") and noun != "glass"
        return self.frame(
            "fit",
            noun=noun,
            nouns=noun if many or noun in ("coffee", "water", "music") else plural(noun),
            word=self.rng.choice(words),
            a="" if many or noun in ("coffee", "water", "music") else "a",
            **{"is": "are" if many else "is", "was": "were" if many else "was"},
        )

    def kin(self) -> str:
        """Name a relation in a family."""
        first, second, kin = self.rng.choice(self.tables["kin"])
        my = self.rng.choice(["my", "my", "your", "her", "his"])
        return self.frame("kin", first=first, second=second, kin=kin, my=my)


def sentences(seed: int) -> Iterator[str]:
    """Yield sentences, endlessly; now and then two of them together."""
    writer = Writer(seed)
    while True:
        text = writer.sentence()
        if writer.rng.random() < 0.12:
            text += " " + writer.sentence()
        yield text


if __name__ == "__main__":
    from itertools import islice

    for text in islice(sentences(random.randrange(10**6)), 60):
        print(text)
