"""Values for the slots of the question-answering frames: names, dates, amounts, things, reasons.

A value is a text; where only a part of it answers a question, that part stands in brackets:
"in [May 1931]", "about [9,000]", "the engineer [Petra Lindholm]".
"""

from __future__ import annotations

import random
import re

from recipes.files import read
from recipes.inflection import articles, phrase, plural
from recipes.noise import invented

MONTHS = "January February March April May June July August September October November December"
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
SMALL = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
TEENS = [*["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def short(text: str) -> str:
    """Return a value without the brackets around its answer."""
    return text.replace("[", "").replace("]", "")


def boxed(text: str) -> str:
    """Return a value with brackets around its answer, all of it if it has none."""
    return text if "[" in text else f"[{text}]"


class Values:
    """Draws values; everything comes from one random generator."""

    def __init__(self, rng: random.Random) -> None:
        """Read the word lists."""
        self.rng = rng
        self.words = read("words")
        mine = read("question_answering_words")
        self.lists = {key: text.split(", ") for key, text in mine.items()}
        self.verbs = read("question_answering_verbs")
        self.nouns = {k: v.split(", ") for k, v in self.verbs["objects"].items()}
        self.nouns["thing"] = self.words["nouns"]
        self.nouns["animal"] = self.words["animals"]
        self.nouns["food"] = self.words["foods"]
        self.jobs = self.words["jobs"] + 4 * self.lists["jobs_extra"]
        self.nouns["person"] = self.jobs + 4 * self.nouns["person_more"]
        self.countries = [row["name"] for row in read("countries")["country"]]
        self.cities = [city for city in self.words["cities"] if city not in self.countries]

    def pick(self, key: str) -> str:
        """Return an entry of a list; slots in it are filled."""
        return self.fill(self.rng.choice(self.lists[key]))

    def fill(self, text: str) -> str:
        """Fill the slots of an entry, without their brackets."""

        def value(match: re.Match[str]) -> str:
            made = short(self.make(match[1].lower()))
            return made[:1].upper() + made[1:] if match[1][0].isupper() else made

        return re.sub(r"\{(\w+)\}", value, text)

    def make(self, slot: str) -> str:
        """Return a value for a slot such as "when", "person2" or "disease"."""
        kind = slot.rstrip("0123456789")
        for name in (slot, kind):
            if hasattr(Values, name):
                return str(getattr(self, name)())
            if name in self.lists:
                return self.pick(name)
        raise KeyError(slot)

    # Names.

    def first(self) -> str:
        made = self.rng.random() < 0.25
        return invented(self.rng) if made else self.rng.choice(self.words["first_names"])

    def last(self) -> str:
        draw = self.rng.random()
        if draw < 0.3:
            return invented(self.rng)
        if draw < 0.4:
            return self.rng.choice(self.lists["firstnoun"]) + self.rng.choice(["man", "son", "er"])
        return self.rng.choice(self.words["last_names"])

    def person(self) -> str:
        draw, name = self.rng.random(), f"{self.first()} {self.last()}"
        if draw < 0.06:
            return f"[{self.rng.choice(['Dr.', 'Professor', 'Mr.', 'Ms.', 'Mrs.'])} {self.last()}]"
        if draw < 0.1:
            return f"[Dr. {name}]"
        if draw < 0.2:
            return f"the {self.job()} [{name}]"
        if draw < 0.27:
            return f"[{self.first()}]"
        if draw < 0.32:
            return articles(f"[{name}], a {self.job()},")
        if draw < 0.36:
            return f"[{self.first()} {invented(self.rng)[0]}. {self.last()}]"
        return name

    def person1(self) -> str:
        return short(self.last())

    def city(self) -> str:
        draw = self.rng.random()
        if draw < 0.35:
            return self.rng.choice(self.cities)
        if draw < 0.6:
            return self.rng.choice(self.lists["placestarts"]) + self.pick("placeends")
        if draw < 0.7:
            return f"{self.rng.choice(['Port', 'New', 'Saint', 'North', 'Old'])} {self.last()}"
        return invented(self.rng)

    def country(self) -> str:
        draw = self.rng.random()
        if draw < 0.6:
            return self.rng.choice(self.countries)
        return invented(self.rng) + self.rng.choice(["ia", "land", "stan", "", "a"])

    def region(self) -> str:
        return f"{self.pick('region_heads')} {self.country()}"

    def org(self) -> str:
        word = self.rng.choice(["firstnoun", "placestarts"])
        head = self.rng.choice([self.city, self.last, lambda: self.pick(word), self.last])()
        name = f"{short(head)} {self.pick('orgword')}"
        the = self.rng.random() < 0.4 and not re.search("Brothers|Foods|Motors|Sons|Toys", name)
        return f"the {name}" if the else name

    def team(self) -> str:
        the = self.rng.random() < 0.3
        return f"{'the ' if the else ''}{self.city()} {self.pick('team0')}"

    def university(self) -> str:
        city = self.city()
        forms = [f"the University of {city}", f"{city} University", f"the {city} Institute"]
        forms += [f"{self.last()} College", f"the {city} School of Art", f"{city} Academy"]
        return self.rng.choice(forms)

    def noun(self) -> str:
        if self.rng.random() < 0.12:
            return invented(self.rng, capital=False)
        return str(self.rng.choice(self.words["nouns"]))

    def title(self) -> str:
        noun, other = self.noun().title(), self.noun().title()
        adj = self.pick("adjectives").title()
        forms = [f"The {adj} {noun}", f"{noun} and {other}", f"The {noun} of {self.city()}"]
        forms += [f"{plural(noun)} of the {adj} {other}", f"A {adj} {noun}", f"My {noun}"]
        forms += [f"The {noun} Who Loved {plural(other)}", f"{adj} {plural(noun)}", noun]
        forms += [f"The {noun} in the {other}", f"No {noun} for {short(self.first())}"]
        text = articles(self.rng.choice(forms))
        return self.rng.choice([text, text, f'"[{text}]"'])

    def prize(self) -> str:
        return self.pick("prizeheads")

    def event(self) -> str:
        return self.pick("event0")

    def building(self) -> str:
        kind, name = self.pick("building0"), self.rng.choice([self.city, self.last])()
        forms = [f"the {name} {kind.title()}", f"the {kind} of {name}", f"the old {kind}"]
        return self.rng.choice([*forms, f"{name} {kind.title()}", self.spot()])

    def kin(self) -> str:
        word, owner = self.pick("kinwords"), self.rng.choice(["his", "her"])
        draw = self.rng.random()
        if draw < 0.15:
            return f"{owner} {word} [{self.first()}]"
        if draw < 0.22:
            return articles(f"a {self.job()}")
        return f"{owner} {word}"

    def job(self) -> str:
        return str(self.rng.choice(self.jobs))

    def language(self) -> str:
        return str(self.rng.choice(self.words["languages"]))

    def sport(self) -> str:
        return str(self.rng.choice(self.words["sports"])).lower()

    def river(self) -> str:
        return self.rng.choice([f"river [{self.city()}]", f"[{self.city()}] River"])

    # Places and times.

    def spot(self) -> str:
        return self.pick("spots").split(" ", 1)[1]

    def where(self) -> str:
        """Return a phrase of place; "in", "at" and "on" are no part of the answer."""
        draw, city = self.rng.random(), self.city()
        if draw < 0.3:
            return f"in [{city}]"
        if draw < 0.4:
            return f"in [{city}, {self.country()}]"
        if draw < 0.46:
            return f"in [{self.country()}]"
        if draw < 0.56:
            beside = self.rng.choice(["near", "outside", "close to", "north of", "not far from"])
            return f"[{beside} {city}]"
        if draw < 0.64:
            adj = self.rng.choice(["small", "tiny", "remote", "quiet", "old", "poor"])
            kind = self.rng.choice(["village", "town", "farm", "island", "suburb", "port"])
            link = self.rng.choice(["near", "outside", "off", "south of", "in"])
            on = "on" if kind in ("farm", "island") else "in"
            return f"{on} [a {adj} {kind} {link} {city}]".replace("a old", "an old")
        if draw < 0.7:
            return f"on [{self.region()}]" if draw < 0.65 else f"in [{self.region()}]"
        text = self.pick("spots")
        if self.rng.random() < 0.35:
            text += f" {self.rng.choice(['in', 'of', 'near'])} {city}"
        if text.startswith(("in ", "at ", "on ")):
            head, rest = text.split(" ", 1)
            return f"{head} [{rest}]"
        return text

    def hiding(self) -> str:
        text = self.pick("hiding")
        head, rest = text.split(" ", 1)
        return f"{head} [{rest}]" if head in ("in", "on", "at") else text

    def workplace(self) -> str:
        return f"in [{self.pick('workplace')[3:] if self.rng.random() < 0.9 else self.spot()}]"

    def habitat(self) -> str:
        text = self.pick("habitat")
        return f"in [{text[3:]}]" if text.startswith("in ") else text

    def year(self) -> str:
        return str(self.rng.choice([self.rng.randint(1400, 2030), self.rng.randint(1850, 2026)]))

    def month(self) -> str:
        return self.rng.choice(MONTHS.split())

    def season(self) -> str:
        early = self.rng.choice(["", "", "early ", "late "])
        return early + self.rng.choice(["spring", "summer", "autumn", "winter", "fall"])

    def weekday(self) -> str:
        day = self.rng.choice(DAYS.split())
        if self.rng.random() < 0.12:
            other = self.rng.choice(DAYS.split())
            return f"{day}s and {other}s" if self.rng.random() < 0.5 else f"{day} and {other}"
        return day

    def date(self) -> str:
        rng, month, day = self.rng, self.month(), self.rng.randint(1, 30)
        forms = [f"{month} {day}", f"{day} {month}", f"{month} {day}, {self.year()}"]
        forms += [f"{day} {month} {self.year()}", f"{self.weekday()}, {day} {month}"]
        forms += [f"{self.weekday()}, {month} {day}", f"the {day}th of {month}"]
        return rng.choice(forms)

    def when(self) -> str:
        """Return a phrase of time; "in", "on" and "at" are no part of the answer."""
        draw, rng = self.rng.random(), self.rng
        if draw < 0.34:
            return f"in [{self.year()}]"
        if draw < 0.46:
            return f"in [{self.month()} {self.year()}]"
        if draw < 0.6:
            return f"on [{self.date()}]"
        if draw < 0.66:
            return f"in [{rng.choice(['the ', ''])}{self.season()}]"
        if draw < 0.7:
            return f"in [the {self.season()} of {self.year()}]"
        if draw < 0.76:
            word = rng.choice(["year", "week", "month", "summer", *DAYS.split(), "spring"])
            return f"[{rng.choice(['last', 'next', 'last'])} {word}]"
        if draw < 0.82:
            part = rng.choice(["", "", "morning", "evening", "night"])
            return f"on [{self.weekday()} {part}]".replace(" ]", "]")
        if draw < 0.86:
            return f"[{self.number(40)} {rng.choice(['years', 'days', 'weeks'])} ago]"
        if draw < 0.9:
            return f"in [the {rng.choice(['18', '19', '20', '16', '17'])}{rng.randint(1, 9)}0s]"
        if draw < 0.94:
            return f"in [{self.month()}]"
        late = ["yesterday", "after the war", "shortly after midnight", "early on Sunday"]
        late += ["late in the evening", "every summer", "the next morning", "during the war"]
        late += ["at the end of the century", "in the 19th century", "before sunrise", "at noon"]
        return rng.choice(late)

    def time(self) -> str:
        hour, rng = self.rng.randint(1, 12), self.rng
        forms = [f"{hour}:{rng.randint(0, 11) * 5:02d}", f"{hour} {rng.choice(['a.m.', 'p.m.'])}"]
        forms += [f"{hour}:30 {rng.choice(['a.m.', 'p.m.'])}", f"{hour} o'clock", "noon"]
        return rng.choice([*forms, f"half past {self.number(11)}", "midnight"])

    def ago(self) -> str:
        return f"[{self.amount()} years ago]"

    # Amounts.

    def number(self, most: int) -> str:
        """Return a number up to `most`, in words or digits."""
        n = self.rng.randint(2, max(most, 3))
        if n <= 12 and self.rng.random() < 0.75:
            return SMALL[n - 2]
        if n < 100 and self.rng.random() < 0.4:
            tens, ones = divmod(n, 10)
            if n < 20:
                return (SMALL + TEENS)[n - 2] if n > 1 else "two"
            return TENS[tens - 2] + ("" if not ones else "-" + ["one", *SMALL][ones - 1])
        return f"{n:,}"

    def amount(self) -> str:
        most = self.rng.choice([12, 12, 60, 100, 900, 5000, 90_000, 3_000_000])
        n = self.rng.randint(2, most)
        if n > 100 and self.rng.random() < 0.6:
            n -= n % 10 ** (len(str(n)) - self.rng.choice([1, 2]))
        if n > 1000 and self.rng.random() < 0.12:
            return self.rng.choice(["two thousand", "a hundred", "one million", "three hundred"])
        return f"{n:,}" if n > 99 else self.number(most)

    def n(self) -> str:
        about = self.rng.choice(["", "", "", "", "", "about ", "nearly ", "some ", "only "])
        return f"{about}[{self.amount()}]"

    def n2(self) -> str:
        return self.amount()

    def age(self) -> str:
        return self.number(95)

    def measure(self, units: str, most: int) -> str:
        unit = self.rng.choice(units.split(", "))
        value = self.number(most)
        if self.rng.random() < 0.15 and value.isdigit():
            value += f".{self.rng.randint(1, 9)}"
        about = self.rng.choice(["", "", "", "about ", "almost "])
        if self.rng.random() < 0.08:
            value = f"{value} to {self.number(most)}"
        return f"{about}[{value} {unit}]"

    def duration(self) -> str:
        if self.rng.random() < 0.12:
            odd = ["half an hour", "an hour", "a year", "several months", "a week", "all night"]
            return self.rng.choice([*odd, "two and a half hours", "the whole summer", "a few days"])
        return self.measure("years, months, weeks, days, hours, minutes, years, seconds", 60)

    def length(self) -> str:
        most = self.rng.choice([12, 100, 900, 5000])
        return self.measure("meters, metres, kilometers, miles, feet, centimeters, inches", most)

    def weight(self) -> str:
        units = "kilograms, kilos, grams, pounds, tons, ounces, kilograms, liters"
        return self.measure(units, self.rng.choice([12, 90, 900]))

    def speed(self) -> str:
        return self.measure("kilometers an hour, miles an hour, km/h, miles per hour, knots", 300)

    def n0(self) -> str:
        return self.number(20)

    def degrees(self) -> str:
        minus = "minus " if self.rng.random() < 0.15 else ""
        return f"{minus}{self.number(230)} degrees{self.rng.choice(['', '', ' Celsius'])}"

    def distance(self) -> str:
        unit = self.rng.choice(["kilometers", "miles", "light-years", "million kilometers"])
        return f"[{self.amount()} {unit}]"

    def area(self) -> str:
        return self.measure(", ".join(self.lists["area_units"]), 5000)

    def percent(self) -> str:
        return f"{self.rng.randint(2, 99)}{self.rng.choice([' percent', '%', ' percent'])}"

    def money(self) -> str:
        unit = self.rng.choice(
            ["dollars", "euros", "pounds", "dollars", "euros", "crowns", "francs", "dollars"]
        )
        value = self.amount()
        draw = self.rng.random()
        if draw < 0.35 and value[0].isdigit():
            many = self.rng.choice(["", "", "", " million", " a month", " billion"])
            return f"{self.rng.choice('$$$€£')}{value}{many}"
        about = self.rng.choice(["", "", "", "about ", "only "])
        return f"{about}[{value}{' million' if draw > 0.85 else ''} {unit}]"

    def score(self) -> str:
        return f"{self.rng.randint(0, 9)}{self.rng.choice('-:')}{self.rng.randint(0, 9)}"

    def ago2(self) -> str:
        return f"[{self.amount()} years]"

    def ordinal(self) -> str:
        return self.pick("ordinals")

    # Things, people and clauses.

    def color(self) -> str:
        text = self.pick("colorsplain")
        return f"{text} and {self.pick('colorsplain')}" if self.rng.random() < 0.12 else text

    def adj(self) -> str:
        return self.pick("adjectives")

    def animal(self) -> str:
        draw = self.rng.random()
        if draw < 0.5:
            return f"{self.pick('animalfirst')} {self.pick('animalclass')}"
        return invented(self.rng, False) if draw < 0.6 else self.rng.choice(self.words["animals"])

    def animals(self) -> str:
        return plural(self.animal())

    def several(self, one: str, least: int = 1) -> str:
        """Join one to four different values of a kind: "saws, chisels and planes"."""
        count = self.rng.choice([least, 2, 2, 3, 3, 4])
        parts = list(dict.fromkeys(short(self.make(one)) for _ in range(count)))
        comma = "," if self.rng.random() < 0.3 and len(parts) > 2 else ""
        return f"{', '.join(parts[:-1])}{comma} and {parts[-1]}" if len(parts) > 1 else parts[0]

    def fooditem(self) -> str:
        return self.pick("food") if self.rng.random() < 0.75 else self.animals()

    def food(self) -> str:
        return self.several("fooditem")

    def ingredient(self) -> str:
        return str(self.rng.choice(self.words["foods"]))

    def food0(self) -> str:
        return self.several("ingredient", least=2)

    def disease0(self) -> str:
        text = self.pick("disease")
        return self.disease0() if text.startswith(("a fall", "a car", "a plane", "dr")) else text

    def good(self) -> str:
        word = self.pick("goodsnoun") if self.rng.random() < 0.7 else plural(self.noun())
        return f"{self.adj()} {word}" if self.rng.random() < 0.25 else word

    def goods(self) -> str:
        return self.several("good")

    def material(self) -> str:
        return self.pick("material")

    def np(self, kind: str = "thing", article: str = "a") -> str:
        """Return a noun phrase for a thing: "a rusty kettle with two lids"."""
        rng = self.rng
        noun = invented(rng, False) if rng.random() < 0.15 else rng.choice(self.nouns[kind])
        adj = f"{self.adj()} " if rng.random() < 0.55 else ""
        text = f"{article} {adj}{noun}"
        draw = rng.random()
        if draw < 0.06:
            text += f" made of {self.material()}"
        elif draw < 0.1:
            text += f" with {self.number(9)} {plural(rng.choice(self.words['nouns']))}"
        elif draw < 0.14:
            text += f" from {self.city()}"
        elif draw < 0.18:
            text += f" for {self.pick('customers')}"
        elif draw < 0.22:
            text += f" of {rng.choice(['the', 'his', 'her'])} {self.job()}"
        return articles(text)

    def thing(self) -> str:
        return self.np(article=self.rng.choice(["a", "a", "a", "the", "its"]))

    def item(self) -> str:
        return self.np()

    def things(self) -> str:
        return self.several("item", least=2)

    def objects(self) -> str:
        return self.pick("objects0")

    def room0(self) -> str:
        number, house = self.rng.randint(1, 420), f"{self.last()} Hall"
        forms = [f"Room {number}", f"Room {number} of {house}", f"the {self.pick('room')}", house]
        return self.rng.choice([*forms, f"the {self.pick('room')} on the {self.ordinal()} floor"])

    def topic(self) -> str:
        draw = self.rng.random()
        if draw < 0.6:
            return self.pick("topics")
        if draw < 0.8:
            return self.np(article="the")
        return f"the {self.noun()} of {short(self.where()).split(' ', 1)[-1]}"

    def task(self) -> str:
        if self.rng.random() < 0.6:
            return self.pick("tasks")
        kind, verbs = self.verb()
        return f"{verbs[0]} {self.np(kind, self.rng.choice(['a', 'the']))}"

    def purpose(self) -> str:
        return f"{self.rng.choice(['', '', 'in order '])}[to {self.task()}]"

    def verb(self) -> tuple[str, list[str]]:
        """Return a class of objects and a group of verbs for it, in random order."""
        kind = self.rng.choice([k for k in self.verbs if k not in ("objects", "same")])
        group = self.rng.choice(self.verbs[kind].strip().splitlines()).split(", ")
        self.rng.shuffle(group)
        return kind, group

    def event_clause(self) -> str:
        """Return a clause in the past: "a fox had eaten the recipe"."""
        kind, verbs = self.verb()
        subject = self.rng.choice(
            [f"the {self.job()}", self.np("person"), self.first(), "nobody", "someone", "they"]
        )
        form = self.rng.choice(["ed", "ed", "en"])
        have = "had " if form == "en" else ""
        return f"{subject} {have}{phrase(verbs[0], form)} {self.np(kind, 'the')}"

    def reason(self) -> str:
        draw = self.rng.random()
        if draw < 0.55:
            return self.pick("reasons")
        if draw < 0.7:
            return f"the {self.noun()} was too {self.adj()}"
        return self.event_clause()

    def claim(self) -> str:
        draw = self.rng.random()
        if draw < 0.55:
            return self.pick("claims")
        if draw < 0.7:
            return f"the {self.noun()} is {self.adj()}"
        return self.event_clause()

    def work(self) -> str:
        return self.pick("works")

    def pasttask(self) -> str:
        return self.pick("pasttasks")

    def quality(self) -> str:
        return self.pick("quality")
