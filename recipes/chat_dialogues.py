"""The dialogues that the bundled chat model learns from, written by grammar from recipes/data.

Every dialogue is drawn from a seeded `random.Random`: a few hundred facts (glossary, capitals,
jokes), thousands of phrasings, and invented names and words, so that what the user says has to be
read and copied, never guessed. Nothing is read from anywhere but the TOML files in recipes/data.

    python -m recipes.chat_dialogues      # prints a few dialogues
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from recipes.chat_facts import (
    MEMORY,
    NO_NAME,
    NOT_TOLD,
    STYLES,
    Facts,
    bullets,
    capital_of,
    country_of,
    define,
    pirate,
    plain,
    sentence,
    things_in,
    unknown,
)  # fmt: skip
from recipes.files import read
from recipes.noise import Noise, invented

#: Small talk that is no words: it stays as it is typed.
WORDLESS = ("punctuation", "single_letters", "single_numbers", "math_task")
#: What nearly everybody types first: it comes up more often than the rest.
FIRST = ("greeting_hello", "thanks", "goodbye", "how_are_you", "who_are_you", "what_can_you_do")
#: Frames that tell two facts at once.
PAIRS = (
    "name_city", "name_age", "city_job", "age_city", "job_color", "pet_city", "food_job",
    "name_hobby", "name_job",
)  # fmt: skip
LISTENED = "Thank you for telling me. What would you like to know?"
#: The user's words, and the reply in every style it can take; None: draw again.
Turn = tuple[str, dict[str, str]] | None


def with_article(noun: str) -> str:
    """Return "a nurse", "an engineer"."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def as_typed(value: str, user: str) -> str | None:
    """Return the value in the case in which it stands in the user's words; None if it doesn't."""
    return next((v for v in (value, value.lower(), value.upper()) if v in user), None)


@dataclass
class Dialogue:
    """One conversation being written: messages, and what has been said in it so far."""

    messages: list[dict[str, str]] = field(default_factory=list)
    style: str = ""
    bot_name: str = ""
    told: dict[str, str] = field(default_factory=dict)
    jokes: list[int] = field(default_factory=list)
    last: tuple[str, object] = ("", None)


class Writer:
    """Writes dialogues. One call of `dialogue()` is one conversation in chat format."""

    def __init__(self, seed: int, facts: Facts | None = None) -> None:
        """Start a stream of dialogues that depends on the seed alone."""
        self.rng = random.Random(seed)
        self.facts = facts or Facts.load()
        self.noise = Noise(self.rng, self.facts.words)
        self.terms = list(self.facts.terms.values())
        self.countries = list(self.facts.countries.values())
        known = {n.lower() for t in self.terms for n in (t["name"], *t["aliases"])}
        known |= {x.lower() for c in self.countries for x in (c["name"], c["capital"])}
        strange = [w for w in self.facts.words["nouns"] if w.lower() not in known]
        self.nouns = [w for w in strange if f"{w}s" not in known]
        self.cities = [c for c in self.facts.words["cities"] if c.lower() not in known]
        self.demonyms = self.facts.frames["demonyms"]
        self.elsewhere = [c for c in read("unlisted")["countries"] if c.lower() not in known]
        self.intents: dict[Callable[[Dialogue], Turn], float] = {
            self.definition: 34, self.why: 8, self.example: 6, self.points: 3,
            self.definition_and_why: 1.5, self.capital_and_things: 1.5,
            self.difference: 6, self.capital: 15, self.capital_story: 2, self.reverse: 4,
            self.things: 8, self.joke: 6, self.tell: 13, self.tell_two: 5, self.ask: 14,
            self.ask_all: 1, self.tell_pair: 4, self.tell_other: 1.5, self.smalltalk: 26,
            self.bot_name: 1.5, self.unknown: 16,
        }  # fmt: skip

    # -- small helpers -----------------------------------------------------------------------

    def frame(self, key: str) -> str:
        return self.noise.blur(self.rng.choice(self.facts.frames[key]))

    def fill(self, frame: str, **slots: str | Callable[[], str]) -> str:
        """Return the frame with its slots filled; a function is drawn from anew each time."""

        def value(match: re.Match[str]) -> str:
            slot = slots[match.group(1)]
            return slot if isinstance(slot, str) else slot()

        text = re.sub(r"\{(\w+)\}", value, frame)
        if frame.startswith("{") and "{value}" not in frame and self.rng.random() < 0.7:
            text = text[0].upper() + text[1:]
        return text

    def naming(self, term: dict) -> dict[str, str]:
        """Return the slots {term} and {bare} for a term, sometimes by an alias or misspelt."""
        if term["aliases"] and self.rng.random() < 0.35:
            # People who use short names mostly use the shortest, such as RAG or BPE.
            short = [alias for alias in term["aliases"] if alias.isupper()]
            bare = self.rng.choice(short if short and self.rng.random() < 0.5 else term["aliases"])
            article = term["article"] if not bare.endswith("s") and self.rng.random() < 0.5 else ""
            if self.rng.random() < 0.08:
                bare = self.noise.typo(bare)
        else:
            bare, article = term["name"], term["article"]
            if self.rng.random() < 0.2:
                bare = self.noise.typo(bare)
            if self.rng.random() < 0.15:
                article = ""
        if self.rng.random() < 0.1:
            bare = self.rng.choice((bare.title(), bare.upper(), bare.replace("-", " ")))
        return {"term": f"{article} {bare}".strip(), "bare": bare}

    def country_name(self, country: dict) -> str:
        if country["aliases"] and self.rng.random() < 0.35:
            return self.rng.choice(country["aliases"])
        name = country["name"] if self.rng.random() > 0.16 else self.noise.typo(country["name"])
        return country["article"] + name if self.rng.random() > 0.15 else name

    def ask_term(self, key: str, term: dict) -> str:
        """Return a question for a term, plain, very short, with a place, or after a remark."""
        rng, frames, draw = self.rng, self.facts.frames, self.rng.random()
        if key == "definition" and draw < 0.12:
            return self.about_term("term_short", term)
        if draw < 0.2:
            aside = self.about_term("term_aside", term)
            if key == "definition":
                again = rng.random() < 0.4
                question = self.about_term(key, term) if again else self.frame("term_it")
            else:
                question = self.frame(f"{key}_follow")
            return f"{aside} {question}"
        user = self.about_term(key, term)
        if draw < 0.32:
            stem = user.rstrip(".?!")
            user = f"{stem} {rng.choice(frames['term_where'])}{user[len(stem) :]}"
        return user

    def about_term(self, key: str, term: dict) -> str:
        return self.fill(self.frame(key), **self.naming(term))

    # -- intents: each returns the user's words and the reply in every style it can take ---------

    def definition(self, d: Dialogue) -> Turn:
        term = self.rng.choice(self.terms)
        follow = d.last[0] in ("definition", "why", "example") and self.rng.random() < 0.4
        d.last = ("definition", term)
        if follow:
            user = self.about_term("definition_follow", term)
        else:
            user = self.ask_term("definition", term)
        if self.rng.random() < 0.06:
            user = f"{self.about_term('distractor_term', self.rng.choice(self.terms))} {user}"
        return user, define(term)

    def part(self, d: Dialogue, key: str) -> Turn:
        """Ask for a term's why or example, often as a follow-up to its definition."""
        if d.last[0] in ("definition", "why", "example") and self.rng.random() < 0.6:
            term, user = d.last[1], self.frame(f"{key}_follow")
        else:
            term = self.rng.choice(self.terms)
            user = self.ask_term(key, term)
        d.last = (key, term)
        return user, plain(term[key])

    def why(self, d: Dialogue) -> Turn:
        return self.part(d, "why")

    def example(self, d: Dialogue) -> Turn:
        return self.part(d, "example")

    def points(self, d: Dialogue) -> Turn:
        term = self.rng.choice(self.terms)
        d.last = ("definition", term)
        return self.about_term("points", term), {
            "": bullets(term["points"]),
            "list": bullets(term["points"]),
        }

    def difference(self, d: Dialogue) -> Turn:
        pair = self.rng.choice(self.facts.differences)
        a, b = pair["a"], pair["b"]
        replies = plain(pair["answer"])
        if self.rng.random() < 0.35:
            # Any other two terms: both definitions, one after the other.
            one, two = self.rng.sample(self.terms, 2)
            a, b = one["name"], two["name"]
            if any({d["a"], d["b"]} == {a, b} for d in self.facts.differences):
                return None
            replies = {"": f"{one['what']} {two['what']}"}
        elif self.rng.random() < 0.5:
            a, b = b, a
        names = [
            self.rng.choice(list(self.naming(self.facts.terms[x]).values()))
            if x in self.facts.terms
            else x
            for x in (a, b)
        ]
        d.last = ("difference", pair)
        return self.fill(self.frame("difference"), a=names[0], b=names[1]), replies

    def capital(self, d: Dialogue) -> Turn:
        country = self.rng.choice(self.countries)
        follow = d.last[0] == "capital" and self.rng.random() < 0.5
        user = self.frame("capital_follow" if follow else "capital")
        if not follow and self.rng.random() < 0.12:
            user = self.frame("capital_aside")
        demonyms = [k for k, v in self.demonyms.items() if v == country["name"]]
        if demonyms and not follow and self.rng.random() < 0.1:
            user = self.fill(self.frame("capital_demonym"), demonym=self.rng.choice(demonyms))
        elif self.rng.random() < 0.04:
            city = self.rng.choice(
                (self.rng.choice(self.cities), self.rng.choice(self.countries)["capital"])
            )
            user = f"{self.fill(self.frame('distractor_city'), city=city)} {user}"
        d.last = ("capital", country)
        return self.fill(user, country=self.country_name(country)), capital_of(country)

    def capital_story(self, d: Dialogue) -> Turn:
        """Name the country in one sentence and ask for "its" capital in the next."""
        country = self.rng.choice(self.countries)
        story, question = (self.frame(key) for key in ("country_story", "capital_it"))
        d.last = ("capital", country)
        name = self.country_name(country)
        return f"{self.fill(story, country=name)} {question}", capital_of(country)

    def reverse(self, d: Dialogue) -> Turn:
        country = self.rng.choice(self.countries)
        d.last = ("capital", country)
        return self.fill(self.frame("capital_reverse"), capital=country["capital"]), country_of(
            country
        )

    def capital_and_things(self, d: Dialogue) -> Turn:
        """Ask for the capital and what to do there in one message."""
        country = self.rng.choice(self.countries)
        user = self.fill(self.frame("capital"), country=self.country_name(country))
        joint = self.rng.choice((" ", " And ", " And also: ", " "))
        d.last = ("capital", country)
        both = (capital_of(country)[""], things_in(country, country["capital"])[""])
        return user + joint + self.frame("things_follow"), {"": " ".join(both)}

    def definition_and_why(self, d: Dialogue) -> Turn:
        """Ask what a term is and why it matters in one message."""
        term = self.rng.choice(self.terms)
        d.last = ("why", term)
        user = f"{self.about_term('definition', term)} {self.frame('why_follow')}"
        return user, {"": f"{term['what']} {term['why']}"}

    def things(self, d: Dialogue) -> Turn:
        if d.last[0] == "capital" and self.rng.random() < 0.5:
            country, user = d.last[1], self.frame("things_follow")
            place = country["capital"]
        else:
            country = self.rng.choice(self.countries)
            by_country = self.rng.random() < 0.5
            name = self.country_name(country) if by_country else country["capital"]
            place = country["article"] + country["name"] if by_country else country["capital"]
            user = self.fill(self.frame("things"), place=name)
        d.last = ("capital", country)
        return user, things_in(country, place)

    def joke(self, d: Dialogue) -> Turn:
        jokes, draw = self.facts.jokes, self.rng.random()
        prefix = ""
        if d.last[0] == "joke" and draw < 0.7:
            # The next one in the book: deterministic, so that greedy decoding goes on too.
            user, index = self.frame("another_joke"), (d.last[1] + 1) % len(jokes)
        elif draw < 0.5:
            index = self.rng.randrange(len(jokes))
            topic = jokes[index]["topic"]
            index = next(i for i, j in enumerate(jokes) if j["topic"] == topic)
            user = self.fill(
                self.frame("joke_topic"), topic=self.rng.choice((topic, topic.title()))
            )
        elif draw < 0.58:
            topic = self.rng.choice((self.rng.choice(self.nouns), invented(self.rng, False)))
            user, index = self.fill(self.frame("joke_topic"), topic=topic), 0
            prefix = "I have no joke about that, but here is another one: "
        else:
            user = self.frame("joke")
            index = 0 if self.rng.random() < 0.7 else self.rng.randrange(len(jokes))
        if index in d.jokes:
            index = (max(d.jokes) + 1) % len(jokes)
        d.jokes.append(index)
        d.last = ("joke", index)
        reply = prefix + jokes[index]["text"]
        return user, {"": reply, "list": reply, "one_sentence": reply, "pirate": pirate(reply)}

    def value(self, slot: str) -> str:
        """Return something a user may tell about themselves; a quarter of it is invented."""
        rng, words = self.rng, self.facts.words
        made_up = rng.random() < 0.3
        if slot == "name":
            first = invented(rng) if made_up else rng.choice(words["first_names"])
            last = invented(rng) if rng.random() < 0.5 else rng.choice(words["last_names"])
            return f"{first} {last}" if rng.random() < 0.12 else first
        if slot in ("number", "age"):
            return str(rng.randrange(7, 96) if slot == "age" else rng.randrange(0, 1000))
        if slot == "country_from":
            country = rng.choice(self.countries)
            return rng.choice((country["article"] + country["name"], rng.choice(self.elsewhere)))
        pool = {
            "city": [*words["cities"], *(c["capital"] for c in self.countries)],
            "job": words["jobs"], "color": words["colors"], "food": words["foods"],
            "animal": words["animals"], "hobby": words["hobbies"], "drink": words["drinks"],
            "language": words["languages"], "pet_name": words["pet_names"],
            "friend_name": words["first_names"], "instrument": self.facts.frames["instruments"],
        }[slot]  # fmt: skip
        proper = slot in ("city", "language", "pet_name", "friend_name")
        value = invented(rng, proper) if made_up else rng.choice(pool)
        if slot == "job":
            return with_article(value)
        return value

    def told(self, slot: str, value: str) -> str:
        """Return how the model takes note of one fact."""
        fact = MEMORY[slot].format(value)
        return f"Nice to meet you, {value}!" if slot == "name" else f"Got it: {fact}."

    def slot(self) -> str:
        return "name" if self.rng.random() < 0.4 else self.rng.choice(list(MEMORY))

    def tell(self, d: Dialogue) -> Turn:
        slot = self.slot()
        again = slot == "name" and slot in d.told
        # Lower-case here, not later, so that the reply copies exactly what was typed.
        value = self.value(slot)
        user = self.noise.casual(
            self.fill(
                self.frame("correct_name" if again else f"tell_{slot}"), value=value, name=value
            ),
            0.8,
        )
        value = as_typed(value, user)
        if value is None:
            return None
        d.told[slot] = value
        d.last = ("tell", slot)
        reply = f"Thanks, I will call you {value}." if again else self.told(slot, value)
        return user, plain(reply) | {"list": reply, "one_word": "Noted."}

    def tell_two(self, d: Dialogue) -> Turn:
        one, two = self.rng.sample(list(MEMORY), 2)
        if self.rng.random() < 0.6:
            one, two = "name", two if two != "name" else one
        values = {slot: self.value(slot) for slot in (one, two)}
        parts = [self.fill(self.frame(f"tell_{s}"), value=v, name=v) for s, v in values.items()]
        joint = self.rng.choice((" ", " and ", ", and ", *self.facts.frames["also"]))
        if joint != " ":
            parts[0] = parts[0].rstrip(".! ")
        if joint.rstrip()[-1:] not in ("", ".") and parts[1].startswith(("My ", "The ")):
            parts[1] = parts[1][0].lower() + parts[1][1:]
        user = joint.join(parts)
        if not all(v in user for v in values.values()):
            return None
        d.told |= values
        d.last = ("tell", two)
        return user, plain(" ".join(self.told(s, v) for s, v in values.items()))

    def tell_pair(self, d: Dialogue) -> Turn:
        """Tell two facts in one sentence."""
        frame = self.noise.blur(
            self.rng.choice([f for key in PAIRS for f in self.facts.frames[key]])
        )
        slots = re.findall(r"\{(\w+)\}", frame)
        if d.style not in ("", "pirate") or any(s in d.told for s in slots):
            return None
        values = {slot: self.value(slot) for slot in slots}
        user = self.noise.casual(self.fill(frame, **values), 0.8)
        values = {s: as_typed(v, user) for s, v in values.items()}
        if None in values.values():
            return None
        d.told |= values
        d.last = ("tell", slots[-1])
        return user, plain(" ".join(self.told(s, v) for s, v in values.items()))

    def tell_other(self, d: Dialogue) -> Turn:
        """Tell something that the model has no slot for: it listens."""
        words, rng = self.facts.words, self.rng
        slots = {
            "thing": with_article(rng.choice(self.nouns)),
            "verb": rng.choice(words["verbs"]),
            "subject": rng.choice(self.facts.frames["subjects"]),
        }
        d.last = ("smalltalk", None)
        return self.fill(self.frame("tell_other"), **slots), plain(LISTENED)

    def ask(self, d: Dialogue) -> Turn:
        if d.told and self.rng.random() < 0.85:
            slot = self.rng.choice(list(d.told))
            value = d.told[slot]
            short = value.removeprefix("a ").removeprefix("an ")
            reply = plain(sentence(MEMORY[slot].format(value))) | {
                "one_word": short[0].upper() + short[1:] + ".",
                "list": f"- {value}",
            }
            if " " in short:
                del reply["one_word"]
        else:
            slot = self.slot()
            if slot in d.told:
                return None
            reply = plain(NO_NAME if slot == "name" else NOT_TOLD) | {"one_word": "Unknown."}
        d.last = ("ask", slot)
        return self.frame(f"ask_{slot}"), reply

    def ask_all(self, d: Dialogue) -> Turn:
        facts = [MEMORY[s].format(v) for s, v in d.told.items()]
        d.last = ("ask", None)
        if not facts:
            return self.frame("ask_all"), plain("You have not told me anything about you yet.")
        return self.frame("ask_all"), {
            "": "You told me that " + ", and that ".join(facts) + ".",
            "list": bullets(facts),
        }

    def smalltalk(self, d: Dialogue) -> Turn:
        exchanges = list(self.facts.smalltalk.values())
        weights = [10 if exchange["id"] in FIRST else 1 for exchange in exchanges]
        exchange = self.rng.choices(exchanges, weights)[0]
        if d.bot_name and exchange["id"] in ("your_name", "who_are_you"):
            return None
        d.last = ("wordless" if exchange["id"] in WORDLESS else "smalltalk", None)
        replies = plain(exchange["reply"]) | {"list": exchange["reply"]}
        if d.last[0] == "wordless":
            return self.rng.choice(exchange["ask"]), replies
        # The shortest wordings are the commonest.
        drawn = self.rng.sample(exchange["ask"], 1 if self.rng.random() < 0.5 else 4)
        user = self.noise.blur(min(drawn, key=len))
        if self.rng.random() < 0.1:
            user = f"{self.rng.choice(self.facts.frames['unsure'])} {user[0].lower()}{user[1:]}"
        return user, replies

    def bot_name(self, d: Dialogue) -> Turn:
        if not d.bot_name:
            return None  # small talk answers it
        d.last = ("smalltalk", None)
        return self.frame("ask_bot_name"), plain(f"My name is {d.bot_name}.")

    def thing(self) -> str:
        """Return something that is no course term: a noun, a phrase, a name, an invented word."""
        rng, words = self.rng, self.facts.words
        draw = rng.random()
        if draw < 0.45:
            noun = rng.choice(self.nouns)
            return f"{rng.choice(words['adjectives'])} {noun}" if rng.random() < 0.25 else noun
        if draw < 0.55:
            return invented(rng, rng.random() < 0.5)
        pool = (
            "foods",
            "animals",
            "sports",
            "products",
            "books_films",
            "drinks",
            "jobs",
            "hobbies",
        )
        return rng.choice(words[rng.choice(pool)])

    def somewhere(self) -> str:
        """Return a place whose capital or sights the model does not know."""
        pool = (self.cities, self.facts.words["invented_places"], self.elsewhere)
        return (
            invented(self.rng)
            if self.rng.random() < 0.25
            else self.rng.choice(self.rng.choice(pool))
        )

    def unknown(self, d: Dialogue) -> Turn:
        rng, words, draw = self.rng, self.facts.words, self.rng.random()
        country = rng.choice(self.countries)
        person = rng.choice(
            (rng.choice(words["famous_people"]), f"{invented(rng)} {invented(rng)}")
        )
        slots = {
            "person": person, "number": lambda: str(rng.randrange(2, 5000)),
            "country": self.country_name(country), "capital": country["capital"],
            "place": lambda: rng.choice(
                (country["capital"], self.country_name(country), self.somewhere())
            ),
            "verb": rng.choice(words["verbs"]), "adjective": rng.choice(words["adjectives"]),
        }  # fmt: skip
        thing = self.thing()
        if draw < 0.42:
            user = self.fill(self.frame("unknown_open"), thing=self.thing, **slots)
            user = re.sub(r"\b([Aa])n? (?=[aeiou])", r"\1n ", user)
        elif draw < 0.56:
            user = self.fill(self.frame("unknown_place"), **slots)
        elif draw < 0.60:
            user = self.frame("unknown_plain")
        elif draw < 0.76:
            # The same frames as for real terms, about something else.
            article = rng.choice(("a ", "an ", "the ", "", ""))
            key = rng.choice(
                (
                    *("definition", "definition", "definition", "term_short", "term_aside"),
                    *("why", "example", "points", "definition_follow"),
                )
            )
            user = self.fill(self.frame(key), term=article + thing, bare=thing)
        elif draw < 0.80:
            user = self.fill(self.frame("difference"), a=thing, b=self.thing())
        elif draw < 0.9:
            key = rng.choice(("capital", "capital", "capital_follow"))
            user = self.fill(self.frame(key), country=self.somewhere())
        else:
            key = rng.choice(("things", "capital_reverse"))
            place = self.somewhere()
            user = self.fill(
                self.frame(key), place=place, capital=rng.choice((place, rng.choice(self.cities)))
            )
        d.last = ("unknown", None)
        return user, unknown()

    # -- putting a dialogue together --------------------------------------------------------------

    def begin(self) -> Dialogue:
        """Open a dialogue: half of them with a system prompt, a fifth with a style."""
        d, rng = Dialogue(), self.rng
        draw = rng.random()
        if draw < 0.30:
            d.style = rng.choice(STYLES)
            system = self.frame(f"system_{d.style}")
        elif draw < 0.45:
            system = self.frame("system_plain")
        elif draw < 0.50:
            d.bot_name = self.value("name").split()[0]
            system = self.fill(self.frame("system_named"), name=d.bot_name, value=d.bot_name)
        else:
            return d
        if d.style and rng.random() < 0.3:
            other = self.frame("system_plain")
            system = rng.choice((f"{other} {system}", f"{system} {other}"))
        d.messages.append({"role": "system", "content": self.noise.casual(system, 0.4)})
        return d

    def turn(self, d: Dialogue) -> None:
        """Add one question and its answer."""
        rng = self.rng
        while True:
            # In memory's favor: what was told shall be asked, what was asked shall go on.
            intent = rng.choices(list(self.intents), list(self.intents.values()))[0]
            if d.told and rng.random() < 0.15:
                intent = self.ask
            if d.bot_name and rng.random() < 0.3:
                intent = self.bot_name
            if d.last[0] == "joke" and rng.random() < 0.35:
                intent = self.joke
            if d.last[0] == "capital" and rng.random() < 0.25:
                intent = rng.choice((self.capital, self.things))
            if d.last[0] == "definition" and rng.random() < 0.2:
                intent = rng.choice((self.why, self.example, self.definition))
            before = (dict(d.told), list(d.jokes), d.last)
            drawn = intent(d)
            if drawn and d.style in drawn[1]:
                break
            d.told, d.jokes, d.last = before
        user, replies = drawn
        style = d.style
        if (
            not style
            and rng.random() < 0.14
            and intent not in (self.smalltalk, self.tell, self.tell_two)
        ):
            wanted = rng.choice(STYLES)
            if wanted in replies:
                style = wanted
                side = rng.choice(("before", "after"))
                words = rng.choice(self.facts.frames[f"style_{wanted}"][side])
                user = f"{words} {user}" if side == "before" else self.append(user, words)
        elif intent not in (self.tell, self.smalltalk) or (
            rng.random() < 0.2 and d.last[0] != "wordless"
        ):
            user = self.noise.around(user)
        if intent not in (self.tell, self.tell_two) and d.last[0] != "wordless":
            user = self.noise.casual(user)
        d.messages += [
            {"role": "user", "content": user},
            {"role": "assistant", "content": replies[style]},
        ]

    def append(self, user: str, words: str) -> str:
        """Return "What is a token? in one word" as people write it."""
        stem = user.rstrip(".?!")
        mark = user[len(stem) :] or "."
        if self.rng.random() < 0.5:
            return f"{stem}{self.rng.choice((' ', ', '))}{words}{mark}"
        return f"{user} {words[0].upper()}{words[1:]}{self.rng.choice(('.', ', please.', ''))}"

    def dialogue(self, turns: int | None = None) -> list[dict[str, str]]:
        """Return one conversation as a list of messages, with an answer at the end."""
        d = self.begin()
        turns = turns or self.rng.choices((1, 2, 3, 5, 8), (30, 25, 20, 15, 10))[0]
        for _ in range(turns):
            self.turn(d)
        return d.messages


if __name__ == "__main__":
    writer = Writer(seed=0)
    for _ in range(12):
        for message in writer.dialogue():
            print(f"{message['role']:>9}: {message['content']}")
        print()
