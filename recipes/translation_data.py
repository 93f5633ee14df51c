"""Endless English-French pairs: hand-written ones, and a grammar that writes both at once."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator

from recipes import translation_english as english
from recipes.files import DATA, read
from recipes.noise import Noise
from recipes.translation_clauses import (
    PRONOUNS,
    infinitive,
    phrases,
    timed,
    verb,
)
from recipes.translation_descriptions import Descriptions
from recipes.translation_french import join
from recipes.translation_lexicon import Phrase, adjectives, nouns, words
from recipes.translation_questions import Questions
from recipes.translation_sentences import AgainError, Pair


@functools.cache
def pairs() -> list[Pair]:
    """Return the hand-written pairs, slots open."""
    found = []
    for path in sorted(DATA.glob("translation_pairs_*.toml")):
        for text in read(path.stem)["pairs"].values():
            for line in text.strip().splitlines():
                en, fr = line.split("|")
                found.append((en, fr))
    return found


def _literal(fr: str) -> str:
    # The grammar marks articles; a hand-written sentence is right as it stands but for its slots.
    return join(fr)


def french_lower(text: str) -> str:
    """Return a French phrase put right, in lower case at its beginning."""
    done = join(text)
    return done if text.lstrip("§¤*")[:1].isupper() else done[:1].lower() + done[1:]


class Writer(Questions, Descriptions):
    """Writes pairs of every kind."""

    def written(self) -> Pair:
        """Return a hand-written pair with its slots filled."""
        en, fr = self.rng.choice(pairs())
        if "{" in en:
            # A plural in a slot would need another verb: those of these frames are singular.
            en, fr = self._singular(en, fr)
        return english.sentence(en), _literal(fr)

    def _singular(self, en: str, fr: str) -> Pair:
        bound = [
            s for s in re.findall(r"\{(\w+)\.(\w+)(?:#\d)?\}", en) if s[0] in ("the", "my", "this")
        ]
        for _ in range(20):
            state = self.rng.getstate()
            a, b, _p = self.slots.fill(en, fr)
            many = bound and re.search(
                r"\b(les|mes|tes|ses|nos|vos|leurs|ces)\b", re.sub(r"'", " ", b)
            )
            if not many or re.search(
                r"\b(les|mes|ses|nos|vos|leurs|ces)\b", re.sub(r"\{[^}]*\}", "", fr)
            ):
                return a, b
            self.rng.setstate(state)
            self.rng.random()
        return a, b

    def bit(self) -> Pair:
        """Return a word or a phrase: a noun, an adjective, a verb, a time, a number."""
        rng, slots = self.rng, self.slots
        draw = rng.random()
        if draw < 0.55:
            kind = rng.choices(list(nouns()), [len(found) for found in nouns().values()])[0]
            noun = slots.noun(kind)
            det = (
                "some" if noun.mass else rng.choice(["a", "the", "the", "my", "this", "num", "gen"])
            )
            p = slots.phrase(det, kind, noun=noun, adjective=0.3)
            return p.en, french_lower(p.fr)
        if draw < 0.7:
            kind = rng.choices(list(adjectives()), [len(found) for found in adjectives().values()])[
                0
            ]
            a = rng.choice(adjectives()[kind])
            return a.en, a.fr[0]
        if draw < 0.85:
            en, fr, _ = rng.choice(phrases("person"))
            subject = PRONOUNS[0]
            v = verb(slots, subject, line=(en, fr, False))
            return f"to {v.en}", french_lower(infinitive(Phrase("", "", person=2), v))
        if draw < 0.95:
            name = rng.choice(
                [
                    "past",
                    "future",
                    "habit",
                    "now",
                    "often",
                    "degree",
                    "languages",
                    "weekdays",
                    "months",
                    "countries",
                    "cities",
                ]
            )
            if name == "countries":
                en, fr = slots.country("")[""]
                return en, french_lower(fr)
            return rng.choice(words()[name])
        return slots.fill("at {clock}", "à {clock}")[:2]

    def pair(self) -> Pair:
        """Return a pair of any kind."""
        rng = self.rng
        kinds = [
            (self.written, 90),
            (self.simple, 24),
            (self.described, 8),
            (self.wh, 4),
            (self.what, 4),
            (self.compared, 3),
            (self.there, 4),
            (self.where, 4),
            (self.command, 4),
            (self.polite, 4),
            (self.it_is, 2),
            (self.joined, 6),
            (self.since, 1.5),
            (self.bit, 6),
            (self.tu, 0.7),
        ]
        while True:
            kind = rng.choices([k for k, _ in kinds], [w for _, w in kinds])[0]
            try:
                en, fr = kind()
            except AgainError:
                continue
            draw = rng.random()
            if draw < 0.04 and len(en) < 40:
                opener = timed(rng, "openers")
                if (
                    not en.startswith(("I ", "I'"))
                    and en[:1].isupper()
                    and not re.match(r"[A-Z]\w+[a-z] (and|is|has|was)\b", en)
                ):
                    en, fr = (
                        f"{opener[0]}, {en[:1].lower()}{en[1:]}",
                        f"{opener[1]}, {fr[:1].lower()}{fr[1:]}",
                    )
            elif draw < 0.08 and len(en) < 30 and kind not in (self.bit,):
                more = self.written() if rng.random() < 0.7 else self.simple()
                en, fr = f"{en} {more[0]}", f"{fr} {more[1]}"
            return en, fr


_BRITISH = {
    "favorite": "favourite",
    "color": "colour",
    "gray": "grey",
    "neighbor": "neighbour",
    "neighbors": "neighbours",
    "on vacation": "on holiday",
    "apartment": "flat",
    "Mom": "Mum",
    "mom": "mum",
    "movie": "film",
    "theater": "theatre",
    "traveled": "travelled",
    "center": "centre",
    "canceled": "cancelled",
    "cookie": "biscuit",
    "learned": "learnt",
    "subway": "metro",
    "elevator": "lift",
    "soccer": "football",
    "truck": "lorry",
    "trash can": "bin",
    "pants": "trousers",
    "cell phone": "mobile phone",
    "store": "shop",
    "french fries": "chips",
    "gas": "petrol",
    "omelet": "omelette",
    "pajamas": "pyjamas",
    "burned": "burnt",
}


_BRITISH_WORDS = re.compile(r"\b(" + "|".join(_BRITISH) + r")\b")


def _typed(text: str, rng: random.Random, noise: Noise) -> str:
    if rng.random() < 0.2:
        text = _BRITISH_WORDS.sub(lambda m: _BRITISH[m.group(1)], text)
    if rng.random() < 0.06:
        text = re.sub(
            r"^(I|We|You|They) have (?=an? |some |two |three |no )", r"\1 have got ", text
        )
        text = re.sub(r"^Do you have (?=an? |some |any |two )", "Have you got ", text)
    text = english.contract(text, rng)
    draw = rng.random()
    if draw < 0.12:
        text = text.lower()
    if rng.random() < 0.12:
        text = text.rstrip(".?! ") or text
    if rng.random() < 0.03:
        text = text.replace("'", "")
    if rng.random() < 0.02:
        text = noise.blur(text, 1.0)
    return re.sub(r"\s+", " ", text).strip()


def examples(seed: int, without: frozenset[str] = frozenset()) -> Iterator[Pair]:
    """Yield pairs (English as typed, French) for ever.

    Args:
        seed: The same seed gives the same pairs.
        without: Sentences that must not come, as `key` writes them: those of the dev file.
    """
    writer, rng = Writer(seed), random.Random(seed + 1)
    noise = Noise(rng, {"typos": {}})
    while True:
        en, fr = writer.pair()
        if key(en) not in without:
            yield _typed(en, rng, noise), fr


def key(text: str) -> str:
    """Return a text without case and marks, to compare by."""
    return re.sub(r"[^\w ]", "", text.lower().replace("'", "")).strip()
