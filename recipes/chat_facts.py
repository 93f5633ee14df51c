"""What the bundled chat model shall know and how it says it: facts, fixed replies, styles.

A style is "" (plain), one_word, one_sentence, list or pirate; every answer is a dictionary from the
styles it can take to the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from recipes.files import read

UNKNOWN = (
    "I am a tiny course model and I don't know that. Ask me about AI terms, capitals or a joke."
)
NO_NAME = "You have not told me your name yet."
NOT_TOLD = "You have not told me that yet."
STYLES = ("one_word", "one_sentence", "list", "pirate")

#: How a remembered fact is said back: "Your favorite food is ramen."
MEMORY = {
    "name": "your name is {}",
    "city": "you live in {}",
    "country_from": "you come from {}",
    "job": "you work as {}",
    "color": "your favorite color is {}",
    "food": "your favorite food is {}",
    "animal": "your favorite animal is {}",
    "hobby": "your hobby is {}",
    "number": "your lucky number is {}",
    "pet_name": "your pet is called {}",
    "drink": "your favorite drink is {}",
    "language": "you are learning {}",
    "friend_name": "your best friend is {}",
    "age": "you are {} years old",
    "instrument": "you play the {}",
}

PIRATE = {
    "the": "th'", "is": "be", "are": "be", "am": "be", "of": "o'", "you": "ye", "your": "yer",
    "my": "me", "and": "an'", "for": "fer", "to": "t'", "hello": "ahoy", "yes": "aye",
}  # fmt: skip


def bullets(items: list[str]) -> str:
    """Return the items as a Markdown list."""
    return "\n".join(f"- {item}" for item in items)


def sentence(text: str) -> str:
    """Return the text with a capital first letter and a full stop."""
    return text[0].upper() + text[1:] + "."


def pirate(text: str) -> str:
    """Return the text as a pirate says it; word by word, so that a small model can learn it."""

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        new = PIRATE.get(word.lower(), word)
        return new[0].upper() + new[1:] if word[0].isupper() else new

    return "Arrr! " + re.sub(r"[A-Za-z']+", swap, text).rstrip(".!?") + ", matey!"


@dataclass(frozen=True)
class Facts:
    """Everything the model shall know, read once from the data files."""

    terms: dict[str, dict]
    differences: list[dict]
    countries: dict[str, dict]
    jokes: list[dict]
    smalltalk: dict[str, dict]
    frames: dict[str, list]
    words: dict[str, list]

    @classmethod
    def load(cls) -> Facts:
        """Read all data files."""
        parts = [read("glossary_a"), read("glossary_b")]
        return cls(
            terms={t["name"]: t for part in parts for t in part["term"]},
            differences=[d for part in parts for d in part["difference"]],
            countries={c["name"]: c for c in read("countries")["country"]},
            jokes=read("jokes")["joke"],
            smalltalk={e["id"]: e for e in read("smalltalk")["exchange"]},
            frames={
                key: frames
                for name in (
                    "frames_terms",
                    "frames_places",
                    "frames_memory",
                    "stories",
                    "asides",
                )
                for key, frames in read(name).items()
            },
            words=read("words"),
        )


def define(term: dict) -> dict[str, str]:
    """Return the answer to "what is TERM?" in every style ("" is the plain one)."""
    return {
        "": f"{term['what']} {term['example']}",
        "one_word": term["word"],
        "one_sentence": term["what"],
        "list": bullets(term["points"]),
        "pirate": pirate(term["what"]),
    }


def plain(reply: str) -> dict[str, str]:
    """Return a reply that only the pirate says differently."""
    return {"": reply, "one_sentence": reply, "pirate": pirate(reply)}


def capital_of(country: dict) -> dict[str, str]:
    """Return the answer to "what is the capital of COUNTRY?" in every style."""
    reply = f"The capital of {country['article']}{country['name']} is {country['capital']}."
    return plain(reply) | {
        "one_word": f"{country['capital']}.",
        "list": f"- {country['capital']}",
    }


def country_of(country: dict) -> dict[str, str]:
    """Return the answer to "which country's capital is CAPITAL?" in every style."""
    reply = f"{country['capital']} is the capital of {country['article']}{country['name']}."
    return plain(reply) | {"one_word": f"{country['name']}.", "list": f"- {country['name']}"}


def things_in(country: dict, place: str) -> dict[str, str]:
    """Return three things to do in a place, in every style but one word."""
    one, two, three = country["things"]
    return plain(f"In {place} you can {one}, {two}, or {three}.") | {
        "list": bullets(country["things"])
    }


def unknown() -> dict[str, str]:
    """Return the fixed answer to everything else."""
    return {style: UNKNOWN for style in ("", "list", "one_sentence")} | {
        "one_word": "Unknown.",
        "pirate": pirate(UNKNOWN),
    }
