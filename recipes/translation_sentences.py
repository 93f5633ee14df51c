"""Sentences about who does what: told, joined, ordered, asked for."""

from __future__ import annotations

import random
import re

from recipes import translation_english as english
from recipes.translation_clauses import (
    PRONOUNS,
    TU,
    Verb,
    anything,
    chain,
    english_clause,
    french_clause,
    imperative,
    infinitive,
    person,
    timed,
    verb,
)
from recipes.translation_french import join
from recipes.translation_lexicon import Adjective, Phrase
from recipes.translation_slots import Slots

Pair = tuple[str, str]


_TENSES = {
    "present": 30,
    "progressive": 14,
    "past": 24,
    "perfect": 6,
    "will": 10,
    "going": 10,
    "would": 3,
    "was": 3,
    "used": 3,
    "just": 2,
    "can": 6,
    "must": 3,
    "should": 4,
    "could": 2,
    "may": 1,
}


WHEN = {
    "present": "habit",
    "progressive": "now",
    "past": "past",
    "state": "past",
    "will": "future",
    "going": "future",
}


_TIMED = re.compile(
    r"\d|clock|o'clock|every|tomorrow|today|tonight|early|late|noon|midnight|\bpast\b|quarter|night|hours"
)


class AgainError(Exception):
    """A draw that makes no sentence."""


class Drawer:
    """What all writers draw from."""

    def __init__(self, seed: int) -> None:
        """Draw from a seed."""
        self.rng = random.Random(seed)
        self.slots = Slots(self.rng)


class Sentences(Drawer):
    """Writes clauses and what is made of them."""

    def clause(
        self,
        *,
        tense: str = "",
        kind: str = "",
        subject: Phrase | None = None,
        plain: bool = False,
        question: bool = False,
    ) -> tuple[str, str, bool]:
        """Return a clause in both languages, without capital and mark, and whether it asks."""
        rng, slots = self.rng, self.slots
        kind = (
            kind
            or rng.choices(
                ["person", "thing", "place", "vehicle", "animal", "event"], [78, 5, 5, 4, 5, 3]
            )[0]
        )
        if subject is None:
            subject = person(slots) if kind == "person" else anything(slots, kind)
        v = verb(slots, subject, kind)
        if kind == "person" and rng.random() < 0.22:
            v = chain(slots, subject, v)
        given = tense
        tense = tense or rng.choices(list(_TENSES), list(_TENSES.values()))[0]
        if kind != "person" and tense in ("can", "must", "should", "could", "may", "just", "used"):
            tense = "present"
        if v.head == "naître":
            tense = "past"
        if v.state:
            tense = {
                "progressive": "present",
                "past": "state",
                "was": "state",
                "perfect": "state",
                "just": "present",
            }.get(tense, tense)
            if (
                tense in ("will", "going", "can", "could", "may")
                and rng.random() < 0.6
                and not given
            ):
                tense = "present"
        return self._say(subject, v, tense, plain, question)

    def _say(
        self, subject: Phrase, v: Verb, tense: str, plain: bool, question: bool
    ) -> tuple[str, str, bool]:
        rng = self.rng
        neg_en = neg_fr = mid_en = mid_fr = ""
        draw = 1.0 if plain else rng.random()
        nobody = subject.fr.endswith(" ne")
        if draw < 0.17 and not nobody and tense not in ("used", "just"):
            neg_en, neg_fr = "not", "pas"
        elif draw < 0.21 and tense in ("present", "past", "perfect", "will") and not nobody:
            neg_en, neg_fr = "never", "jamais"
        elif draw < 0.23 and tense in ("present", "will") and not nobody:
            neg_en, neg_fr = "no longer", "plus"
        elif draw < 0.30 and tense == "present":
            mid_en, mid_fr = timed(rng, "often")
        elif draw < 0.45 and tense == "perfect":
            mid_en, mid_fr = "already", "déjà"
        ask = question or (
            not plain and not nobody and rng.random() < 0.16 and neg_en in ("", "not")
        )
        if ask and neg_en and rng.random() < 0.8:
            neg_en = neg_fr = ""
        if tense in ("just", "used", "would"):
            ask = question
        if ask and tense == "used":
            tense = "state" if v.state else "past"
        en = english_clause(subject, v, tense, neg_en, mid_en, ask)
        invert = (
            ask and subject.person in (1, 4) and not v.clitics and not neg_fr and tense != "just"
        )
        fr = french_clause(subject, v, tense, neg_fr, mid_fr, invert)
        if ask and not invert:
            fr = f"est-ce que {fr}"
        if tense in WHEN and not _TIMED.search(v.en) and mid_en == "" and rng.random() < 0.38:
            when = timed(rng, WHEN[tense])
            if rng.random() < 0.2 and not ask and not plain:
                en, fr = f"{when[0]}, {en}", f"{when[1]}, {fr}"
            else:
                en, fr = f"{en} {when[0]}", f"{fr} {when[1]}"
        if neg_en == "not" and tense == "perfect" and rng.random() < 0.5:
            en, fr = f"{en} yet", fr.replace(" pas ", " pas encore ", 1)
        return en, fr, ask

    def simple(self) -> Pair:
        """Return one clause as a sentence."""
        en, fr, ask = self.clause()
        return (
            (english.sentence(en) + "?", join(fr) + " ?")
            if ask
            else (english.sentence(en) + ".", join(fr) + ".")
        )

    def joined(self) -> Pair:
        """Return two clauses with because, when, if, but, that, and, so."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.28:
            link = rng.choice(
                [
                    ("because", "parce que"),
                    ("but", "mais"),
                    ("and", "et"),
                    ("so", "donc"),
                    ("because", "parce que"),
                    ("but", "mais"),
                ]
            )
            a, b = (
                self.clause(kind="person", plain=rng.random() < 0.7),
                self.clause(plain=rng.random() < 0.7),
            )
            a, b = self._told(a), self._told(b)
            comma = "," if link[0] in ("but", "so") else ""
            return english.sentence(f"{a[0]}{comma} {link[0]} {b[0]}") + ".", join(
                f"{a[1]}{comma} {link[1]} {b[1]}"
            ) + "."
        if kind < 0.38:
            a = self._told(self.clause(tense="present"))
            b = self._told(self.clause(tense="will", kind="person"))
            if rng.random() < 0.6:
                return english.sentence(f"if {a[0]}, {b[0]}") + ".", join(
                    f"si {a[1]}, {b[1]}"
                ) + "."
            return english.sentence(f"{b[0]} if {a[0]}") + ".", join(f"{b[1]} si {a[1]}") + "."
        if kind < 0.55:
            # when: past with past, or present with present
            tense = rng.choice(["past", "present", "was"])
            first = {"past": "past", "present": "present", "was": "was"}[tense]
            a = self._told(self.clause(tense=first, kind="person", plain=True))
            b = self._told(self.clause(tense="past" if tense == "was" else tense, plain=True))
            if tense == "was" or rng.random() < 0.5:
                return english.sentence(f"{a[0]} when {b[0]}") + ".", join(
                    f"{a[1]} quand {b[1]}"
                ) + "."
            return english.sentence(f"when {b[0]}, {a[0]}") + ".", join(
                f"quand {b[1]}, {a[1]}"
            ) + "."
        if kind < 0.63:
            a = self._told(
                self.clause(tense="used", kind="person", subject=PRONOUNS[0], plain=True)
            )
            lead = rng.choice(
                [
                    ("when I was a child", "quand j'étais enfant"),
                    ("when I was young", "quand j'étais jeune"),
                    ("when I was little", "quand j'étais petit"),
                    ("before", "avant"),
                    ("when I lived in Paris", "quand j'habitais à Paris"),
                ]
            )
            return english.sentence(f"{lead[0]}, {a[0]}") + ".", join(f"{lead[1]}, {a[1]}") + "."
        if kind < 0.93:
            b = self._told(self.clause(plain=rng.random() < 0.5))
            x = rng.choice([*PRONOUNS, PRONOUNS[0], PRONOUNS[0], person(self.slots, 0)])
            if x.fr.endswith(" ne"):
                x = PRONOUNS[0]
            en, fr, tense = rng.choice(
                [
                    ("think", "penser", "present"),
                    ("think", "croire", "present"),
                    ("know", "savoir", "present"),
                    ("hope", "espérer", "present"),
                    ("say", "dire", "present"),
                    ("say", "dire", "past"),
                    ("believe", "croire", "present"),
                    ("be sure", "être sûr", "present"),
                ]
            )
            head, _, rest = fr.partition(" ")
            if rest:
                rest = Adjective("", ("sûr", "sûre"), False, False).agree(
                    x.fem, x.many and x.person != 4
                )
            v = Verb(en, head, rest)
            that = "that" if rng.random() < 0.6 else ""
            return (
                english.sentence(f"{english_clause(x, v, tense)} {that} {b[0]}") + ".",
                join(f"{french_clause(x, v, tense)} que {b[1]}") + ".",
            )
        subject = PRONOUNS[0]
        v, w = verb(self.slots, subject), verb(self.slots, subject)
        while v.state or w.state:
            v, w = verb(self.slots, subject), verb(self.slots, subject)
        head, _, rest = w.en.partition(" ")
        doing = f"{english.gerund(head)} {rest}"
        link = rng.choice([("before", "avant de"), ("without", "sans")])
        en = english_clause(subject, v, "present")
        return (
            english.sentence(f"{en} {link[0]} {doing}") + ".",
            join(f"{french_clause(subject, v, 'present')} {link[1]} {infinitive(subject, w)}")
            + ".",
        )

    @staticmethod
    def _told(clause: tuple[str, str, bool]) -> Pair:
        en, fr, ask = clause
        if ask:  # a question inside a sentence would need another order of words
            raise AgainError
        return en, fr

    def since(self) -> Pair:
        """Return "has been ...ing for": present with depuis."""
        rng = self.rng
        subject = person(self.slots)
        if subject.fr.endswith(" ne"):
            raise AgainError
        v = verb(self.slots, subject)
        if (
            (v.state and v.head not in ("habiter", "vivre"))
            or v.head == "naître"
            or re.search(r"\d|o'clock|arriv|leave|for ", v.en)
        ):
            raise AgainError
        many = subject.en_many if subject.en_many is not None else subject.person != 2
        have = (
            "have"
            if many or (subject.person in (0, 1, 3, 4, 5) and subject.en_many is not False)
            else "has"
        )
        head, _, rest = v.en.partition(" ")
        kind = rng.random()
        when = timed(rng, "span") if kind < 0.65 else timed(rng, "since")
        word = "for" if kind < 0.65 else "since"
        form = f"been {english.gerund(head)}" if rng.random() < 0.75 else english.participle(head)
        return (
            english.sentence(f"{subject.en} {have} {form} {rest} {word} {when[0]}") + ".",
            join(f"{french_clause(subject, v, 'present')} depuis {when[1]}") + ".",
        )

    def command(self) -> Pair:
        """Return an order, a request or "let's"."""
        rng, slots = self.rng, self.slots
        kind = rng.random()
        who = 1 if kind < 0.14 else 2
        subject = PRONOUNS[4] if who == 1 else PRONOUNS[1]
        v = verb(slots, subject)
        while (
            v.state
            or v.head in ("naître", "tomber")
            or (any(c in ("me", "lui", "leur", "nous") for c in v.clitics) and who == 1)
        ):
            v = verb(slots, subject)
        neg = who == 2 and rng.random() < 0.25
        fr = imperative(v, who, neg)
        en = ("let us " if who == 1 else "do not " if neg else "") + v.en
        if neg:
            en = re.sub(r"\bsome\b", "any", en)
        if who == 1 and rng.random() < 0.3:
            when = rng.choice(
                [
                    ("tonight", "ce soir"),
                    ("tomorrow", "demain"),
                    ("now", "maintenant"),
                    ("together", "ensemble"),
                    ("this weekend", "ce week-end"),
                ]
            )
            en, fr = f"{en} {when[0]}", f"{fr} {when[1]}"
        elif who == 2 and rng.random() < 0.35:
            if rng.random() < 0.4:
                en, fr = f"please {en}", f"{fr}, s'il vous plaît"
            else:
                en, fr = f"{en}, please", f"{fr}, s'il vous plaît"
        mark = rng.choice([(".", "."), (".", "."), ("!", " !")])
        return english.sentence(en) + mark[0], join(fr) + mark[1]

    def polite(self) -> Pair:
        """Return can I, may I, could you, would you like, I would like to."""
        rng, slots = self.rng, self.slots
        subject = PRONOUNS[0]
        v = verb(slots, subject)
        while v.state:
            v = verb(slots, subject)
        you = verb(slots, PRONOUNS[1])
        while you.state:
            you = verb(slots, PRONOUNS[1])
        mine, yours = infinitive(PRONOUNS[0], v), infinitive(PRONOUNS[1], you)
        en, fr = rng.choice(
            [
                (f"can I {v.en}?", f"est-ce que je peux {mine} ?"),
                (f"may I {v.en}?", f"puis-je {mine} ?"),
                (f"could I {v.en}?", f"est-ce que je pourrais {mine} ?"),
                (f"could you {you.en}?", f"pourriez-vous {yours} ?"),
                (f"can you {you.en}?", f"pouvez-vous {yours} ?"),
                (f"would you like to {you.en}?", f"voulez-vous {yours} ?"),
                (f"do you want to {you.en}?", f"voulez-vous {yours} ?"),
                (f"I would like to {v.en}.", f"je voudrais {mine}."),
                (f"I'd like to {v.en}.", f"je voudrais {mine}."),
                (f"would you {you.en}?", f"pourriez-vous {yours} ?"),
                (f"do you mind if I {v.en}?", f"est-ce que je peux {mine} ?"),
                (f"I am not allowed to {v.en}.", f"je n'ai pas le droit de {mine}."),
            ]
        )
        if rng.random() < 0.3:
            en, fr = (
                re.sub(r"([?.])$", r", please\1", en),
                re.sub(r"( \?|\.)$", r", s'il vous plaît\1", fr),
            )
        return english.sentence(en), join(fr)

    def tu(self) -> Pair:
        """Return a sentence to somebody close: Mom, darling."""
        rng = self.rng
        call = timed(rng, "vocatives")
        en, fr, ask = self.clause(kind="person", subject=TU)
        mark = ("?", " ?") if ask else (".", ".")
        return english.sentence(f"{call[0]}, {en}") + mark[0], join(f"{call[1]}, {fr}") + mark[1]
