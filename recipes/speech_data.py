"""The sentences for the speech recognition model, from the lists and frames in recipes/data."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterator

from recipes.files import read

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
ONES += ["eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"]
ONES += ["nineteen"]
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth"}
ORDINALS |= {"nine": "ninth", "twelve": "twelfth"}


def spelled(number: int, joint: str = " ") -> str:
    """Return a whole number from 0 to 999,999,999 in words; joint stands after "hundred"."""
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens] + (f"-{ONES[ones]}" if ones else "")
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            high, low = divmod(number, size)
            between = joint if size == 100 else " "
            return f"{spelled(high)} {name}" + (between + spelled(low, joint) if low else "")
    raise AssertionError(number)


def ordinal(number: int) -> str:
    """Return "first", "twenty-second" … for a number."""
    *head, last = re.split("(-| )", spelled(number))
    last = ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return "".join([*head, last])


def plural(noun: str) -> str:
    """Return the plural of an English noun, by rule."""
    known = {"man": "men", "woman": "women", "child": "children", "foot": "feet", "tooth": "teeth"}
    known |= {"mouse": "mice", "person": "people", "wife": "wives", "knife": "knives"}
    known |= {"life": "lives", "shelf": "shelves", "leaf": "leaves", "half": "halves"}
    head, space, last = noun.rpartition(" ")
    if last in known:
        return head + space + known[last]
    if re.search("[^aeiou]y$", last):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search("(s|x|z|ch|sh)$", last) else "s")


#: The lists that random words come from, and how often each is used.
SHARES = {
    **{"small": 40, "noun": 19, "plural": 12, "adjective": 9, "everyday": 9, "adverb": 4},
    **{"verb": 8, "verbed": 8, "verbing": 7, "verbs": 5, "participle": 1},
    **{"food": 2, "work_thing": 2, "term": 2, "job": 2, "weekday": 2, "month": 2},
    **{"country": 2, "any_name": 3, "last": 1, "city": 1},
}
SALAD = (list(SHARES), list(SHARES.values()))


class Lexicon:
    """All word lists by the name of their slot, and the verbs with their forms."""

    def __init__(self) -> None:
        words, more, frames = map(read, ("words", "speech_words", "speech_frames"))
        split = {name: listed(text) for name, text in more.items() if isinstance(text, str)}
        self.lists: dict[str, list[str]] = {k: listed(v) for k, v in frames["words"].items()}
        self.phrases = {k: v.strip().split("\n") for k, v in frames["phrases"].items()}
        self.frames = {k: v.strip().split("\n") for k, v in frames["frames"].items()}
        for name in ("nouns", "adjectives", "adverbs"):
            self.lists[name[:-1]] = sorted({*words[name], *split[name]})
        self.lists["plural"] = [plural(noun) for noun in self.lists["noun"]]
        for name in ("color", "food", "drink", "animal", "sport", "job", "product", "language"):
            self.lists[name] = [word for word in words[name + "s"] if word.isascii()]
        self.lists["hobby"] = words["hobbies"]
        self.lists["city"] = [city for city in words["cities"] if re.fullmatch("[A-Za-z ]+", city)]
        self.lists["last"] = [name for name in words["last_names"] if name.isascii()]
        self.lists["meal"] = ["breakfast", "lunch", "dinner", "supper"]
        self.forms = self._verbs(words["verbs"] + split["verbs"], split)
        for place, slot in enumerate(("verb", "verbed", "participle", "verbs", "verbing")):
            self.lists[slot] = [forms[place] for forms in self.forms]
        self.lists["small"], self.lists["everyday"] = split["small"], split["everyday"]
        self.lists["country"] = split["country"]
        self.names = [name for name in words["first_names"] if re.fullmatch("[A-Za-z]+", name)]
        self.lists["any_name"] = self.names

    @staticmethod
    def _verbs(verbs: list[str], split: dict[str, list[str]]) -> list[tuple[str, ...]]:
        irregular = {entry.split()[0]: entry.split() for entry in split["irregular"]}
        forms = []
        for verb in sorted({*verbs, *irregular, *split["doubling"]}):
            if " " in verb or verb == "be":
                continue
            short = re.fullmatch("[^aeiou]+[aeiou][bdgmnpt]|(be|for|re|up)[gs]?[aeiou][nt]", verb)
            double = verb + verb[-1] if short or verb in split["doubling"] else verb
            if verb in irregular:
                past, participle = irregular[verb][1:3]
            elif verb.endswith("e"):
                past = participle = verb + "d"
            elif re.search("[^aeiou]y$", verb):
                past = participle = verb[:-1] + "ied"
            else:
                past = participle = double + "ed"
            if verb in ("die", "lie", "tie"):
                going = verb[:-2] + "ying"
            elif re.search("[^eoy]e$", verb):
                going = verb[:-1] + "ing"
            else:
                going = double + "ing"
            third = {"have": "has"}.get(verb) or ("does" if verb == "do" else None)
            third = third or (verb + "es" if verb.endswith("o") else plural(verb))
            forms.append((verb, past, participle, third, going))
        return forms


def listed(text: str) -> list[str]:
    """Split a text at its commas."""
    return [word for word in (" ".join(part.split()) for part in text.split(",")) if word]


class Sentences:
    """Writes sentences.

    Args:
        rng: Where its choices come from.
        held_out: Whether a slot of a frame is filled only with words that training never puts
            there (an eighth of each longer list, another one for each frame), or never with them.
    """

    def __init__(self, rng: random.Random, held_out: bool = False) -> None:
        self.rng, self.held_out, self.lexicon = rng, held_out, Lexicon()
        self.texts = [] if held_out else sorted(set(written()))
        self.decks: dict[str, list[str]] = {}

    def __iter__(self) -> Iterator[str]:
        while True:
            yield self.one()

    def one(self) -> str:
        """Return the next sentence, at most 95 characters long."""
        while True:
            draw = 0.0 if self.held_out else self.rng.random()
            if draw < 0.5:
                kind = self.rng.choices(("meeting", "course", "everyday"), (30, 25, 45))[0]
                frame = self.rng.choice(self.lexicon.frames[kind])
                text = self.fill(frame, "frame")
            elif draw < 0.84:
                text = self.random_words()
            else:
                text = self.rng.choice(self.texts)
            text = re.sub(r"\b([Aa]) (?=[aeiouAEIO](?!ni[ft]|se|ne\b|u))", r"\1n ", text)
            text = text[0].upper() + text[1:]
            if len(text) <= 95:
                return text

    def random_words(self) -> str:
        """Return words in any order, so that listening pays and guessing doesn't."""
        words: list[str] = []
        for _ in range(self.rng.randint(3, 12)):
            draw = self.rng.random()
            if draw < 0.07:
                words.append(self.name() if draw < 0.04 else self.number())
            else:
                words.append(self.deal(self.rng.choices(*SALAD)[0]))
            if self.rng.random() < 0.07:
                words[-1] += ","
        return " ".join(words).rstrip(",") + self.rng.choice("....?!")

    def deal(self, name: str) -> str:
        """Return the next entry of a shuffled list, so that each one has its turn."""
        if not self.decks.get(name):
            self.decks[name] = self.lexicon.lists[name].copy()
            self.rng.shuffle(self.decks[name])
        return self.decks[name].pop()

    def fill(self, frame: str, where: str) -> str:
        """Return a frame with all its slots filled."""
        return re.sub(
            r"\{(\w+)\}(s\b)?",
            lambda m: plural(self.slot(frame, m[1])) if m[2] else self.slot(frame, m[1]),
            frame,
        )

    def slot(self, frame: str, name: str) -> str:
        """Return one filling of a slot in a frame."""
        maker = getattr(self, name, None)
        if maker:
            return str(maker())
        if name in self.lexicon.phrases:
            line = self.choose(frame, name, self.lexicon.phrases[name])
            return self.fill(line, name)
        return self.choose(frame, name, self.lexicon.lists[name])

    def choose(self, frame: str, name: str, items: list[str]) -> str:
        """Draw from a list: from its part for held-out sentences, or from the rest."""
        for _ in range(200):
            item = self.rng.choice(items)
            if len(items) < 40 or name in self.lexicon.phrases:
                return item
            if (zlib.crc32(f"{frame}|{name}|{item}".encode()) % 8 == 0) == self.held_out:
                return item
        return item

    def name(self) -> str:
        """Return a first name, mostly a common one."""
        names = self.lexicon.names
        return self.rng.choice(names[:150] if self.rng.random() < 0.7 else names)

    def number(self) -> str:
        """Return a whole number in words, small ones more often."""
        top = self.rng.choice((10, 10, 20, 20, 100, 100, 1000, 10_000, 1_000_000))
        value = self.rng.randint(1, top)
        if top > 100 and self.rng.random() < 0.5:
            value = max(1, value // (top // 10)) * (top // 10)
        return spelled(value, self.rng.choice((" ", " and ")))

    def number_ordinal(self) -> str:
        """Return "first", "second" …"""
        return ordinal(self.rng.randint(1, 31))

    def decimal(self) -> str:
        """Return a number such as "zero point two five"."""
        digits = " ".join(self.rng.choice(ONES[:10]) for _ in range(self.rng.randint(1, 3)))
        return f"{ONES[self.rng.randint(0, 12)]} point {digits}"

    def percent(self) -> str:
        """Return "twelve percent" and the like."""
        return (self.decimal() if self.rng.random() < 0.25 else self.number()) + " percent"

    def price(self) -> str:
        """Return an amount of money in words."""
        money = self.rng.choice(("dollars", "dollars", "euros", "pounds"))
        cents = f" and {spelled(self.rng.randint(2, 99))} cents" if self.rng.random() < 0.15 else ""
        return f"{self.number()} {money}{cents}"

    def clock(self) -> str:
        """Return a time of day in words."""
        hour = ONES[self.rng.randint(1, 12)]
        minute = spelled(self.rng.choice((5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55)))
        forms = [f"{hour} o'clock", f"half past {hour}", f"quarter past {hour}", hour]
        forms += [f"quarter to {hour}", f"{hour} {minute}", f"{hour} in the morning"]
        forms += [f"{hour} in the evening", f"{hour} in the afternoon", f"{hour} thirty", "noon"]
        forms += [f"ten to {hour}", f"ten past {hour}", f"a quarter past {hour}"]
        return self.rng.choice(forms)

    def date(self) -> str:
        """Return a day of the year in words."""
        month, day = self.rng.choice(self.lexicon.lists["month"]), self.number_ordinal()
        return self.rng.choice((f"{month} {day}", f"the {day} of {month}", f"{month} the {day}"))

    def year(self) -> str:
        """Return a year in words."""
        if self.rng.random() < 0.3:
            return f"two thousand {spelled(self.rng.randint(1, 29))}"
        first = self.rng.choice(("nineteen", "twenty", "eighteen", "twenty"))
        return f"{first} {spelled(self.rng.randint(10, 99))}"

    def digits(self) -> str:
        """Return three to six digits, each as a word."""
        return " ".join(self.rng.choice(ONES[:10]) for _ in range(self.rng.randint(3, 6)))


def written() -> Iterator[str]:
    """Yield the ordinary sentences that stand in the other data files of the recipes."""
    sources: list[str] = []
    for name in ("glossary_a", "glossary_b", "jokes", "smalltalk", "words"):
        table = read(name)
        sources += table.get("filler", [])
        for entry in [*table.get("term", []), *table.get("joke", []), *table.get("exchange", [])]:
            for key in ("what", "why", "example", "text", "reply"):
                sources.append(entry.get(key, ""))
            sources += [ask for ask in entry.get("ask", []) if ask.count(" ") > 1]
    for source in sources:
        for text in re.split(r"(?<=[.!?])\s+", source):
            text = text if re.search("[.!?]$", text) else text + "."
            if re.fullmatch(r"[A-Z][A-Za-z',\- ]{7,94}[.!?]", text):
                yield text
