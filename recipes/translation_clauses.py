"""Whole clauses in English and French at once: subject, verb, tense, negation, question."""

from __future__ import annotations

import functools
import random
import re
from dataclasses import dataclass, replace

from recipes import translation_english as english
from recipes.files import read
from recipes.translation_french import WITH_ETRE, conjugate, feminine, negated, plural
from recipes.translation_lexicon import OBJECTS, STRESSED, Phrase, words
from recipes.translation_slots import Slots

REFLEXIVE = ("me", "te", "se", "nous", "vous", "se")
_CLITIC = re.compile(r"^(?:(\w+)~(\d\d)? ?|(se|y|en|le) |(s')|(bien|mal|trop|tout) )")
_MOVING = ("sortir", "monter", "descendre", "rentrer", "retourner")
PRONOUNS = [
    Phrase("I", "je", person=0, pronoun=True),
    Phrase("you", "vous", person=4, pronoun=True),
    Phrase("he", "il", person=2, pronoun=True),
    Phrase("she", "elle", fem=True, person=2, pronoun=True),
    Phrase("we", "nous", many=True, person=3, pronoun=True),
    Phrase("they", "ils", many=True, person=5, pronoun=True),
]
TU = Phrase("you", "tu", person=1, pronoun=True)
IT = Phrase("it", "il", person=2, pronoun=True)
_GROUPS = [
    Phrase("everyone", "tout le monde"),
    Phrase("everybody", "tout le monde"),
    Phrase("someone", "quelqu'un"),
    Phrase("people", "les gens", many=True, person=5),
    Phrase("nobody", "personne ne"),
    Phrase("no one", "personne ne"),
    Phrase("my family", "ma famille", fem=True),
    Phrase("my parents", "mes parents", many=True, person=5),
    Phrase("my friends", "mes amis", many=True, person=5),
    Phrase("the children", "les enfants", many=True, person=5),
    Phrase("our neighbors", "nos voisins", many=True, person=5),
    Phrase("my grandparents", "mes grands-parents", many=True, person=5),
    Phrase("my friend and I", "mon ami et moi", many=True, person=3),
    Phrase("my wife and I", "ma femme et moi", many=True, person=3),
    Phrase("my brother and I", "mon frère et moi", many=True, person=3),
    Phrase("the kids", "les enfants", many=True, person=5),
    Phrase("the students", "les étudiants", many=True, person=5),
    Phrase("her husband", "son mari"),
    Phrase("his wife", "sa femme", fem=True),
]
#: Verbs that take another one: English, French, what stands before the second, -ing form in English
CHAINS = [
    ("~want to", "vouloir", "", False),
    ("~want to", "vouloir", "", False),
    ("~have to", "devoir", "", False),
    ("~have to", "devoir", "", False),
    ("~need to", "devoir", "", False),
    ("~like to", "aimer", "", False),
    ("~love to", "adorer", "", False),
    ("~like", "aimer", "", True),
    ("~like", "aimer", "", True),
    ("~love", "adorer", "", True),
    ("~hate", "détester", "", True),
    ("~enjoy", "aimer", "", True),
    ("~prefer to", "préférer", "", False),
    ("~hope to", "espérer", "", False),
    ("try to", "essayer", "de", False),
    ("decide to", "décider", "de", False),
    ("forget to", "oublier", "de", False),
    ("start to", "commencer", "à", False),
    ("begin to", "commencer", "à", False),
    ("stop", "arrêter", "de", True),
    ("continue to", "continuer", "à", False),
    ("learn to", "apprendre", "à", False),
    ("~know how to", "savoir", "", False),
    ("finish", "finir", "de", True),
    ("promise to", "promettre", "de", False),
    ("refuse to", "refuser", "de", False),
    ("manage to", "réussir", "à", False),
    ("~feel like", "avoir envie", "de", True),
    ("~be afraid to", "avoir peur", "de", False),
    ("~have time to", "avoir le temps", "de", False),
    ("~be able to", "pouvoir", "", False),
    ("~plan to", "avoir l'intention", "de", False),
    ("~be ready to", "être prêt", "à", False),
    ("~be happy to", "être content", "de", False),
    ("help {my.family}", "aider {my.family}", "à", False),
]
MODALS = [
    ("can", "pouvoir", "present"),
    ("can", "pouvoir", "present"),
    ("must", "devoir", "present"),
    ("should", "devoir", "conditional"),
    ("could", "pouvoir", "conditional"),
    ("may", "pouvoir", "present"),
    ("might", "pouvoir", "conditional"),
]
SIMPLE = {
    "present": "present",
    "progressive": "present",
    "would": "conditional",
    "will": "future",
    "was": "imperfect",
    "used": "imperfect",
    "state": "imperfect",
}


@dataclass(frozen=True)
class Verb:
    """A verb phrase with its slots filled.

    Attributes:
        en: English infinitive with everything behind it.
        head: French infinitive.
        rest: What stands behind it.
        clitics: What stands before it: "se", "le", "lui"; adverbs such as "bien" apart.
        agree: Feminine and plural of a direct object pronoun, with which the participle agrees.
        state: Whether its past is the imperfect.
    """

    en: str
    head: str
    rest: str
    clitics: tuple[str, ...] = ()
    adverb: str = ""
    agree: tuple[int, int] | None = None
    state: bool = False
    modal: str = ""


@functools.cache
def phrases(kind: str) -> list[tuple[str, str, bool]]:
    """Return the verb phrases for a kind of subject: English, French, whether it is a state."""
    table = read("translation_verbs")["verbs"]
    found = []
    for line in (table[kind] + table.get(f"{kind}_more", "")).strip().splitlines():
        en, fr = line.split("|")
        state = en.startswith("~") or fr.split(" ")[0] in ("être", "avoir")
        found.append((en.lstrip("~"), fr, state))
    return found


def owner(subject: Phrase) -> int:
    """Return which possessive belongs to a subject: I - my, she - her."""
    return {0: 0, 1: 6, 2: 3 if subject.fem else 2, 3: 4, 4: 1, 5: 5}[subject.person]


def parse(en: str, fr: str, state: bool) -> Verb:
    """Take a filled verb phrase apart."""
    clitics: list[str] = []
    adverb, agree = "", None
    while match := _CLITIC.match(fr):
        fr = fr[match.end() :]
        pronoun, marks, plain, elided, word = match.groups()
        if word:
            adverb = word
        else:
            clitics.append(pronoun or plain or elided.replace("'", "e"))
            if marks:
                agree = (int(marks[0]), int(marks[1]))
    head, _, rest = fr.partition(" ")
    return Verb(en, head, rest, tuple(clitics), adverb, agree, state)


def verb(
    slots: Slots, subject: Phrase, kind: str = "person", line: tuple[str, str, bool] | None = None
) -> Verb:
    """Return a verb phrase that suits a subject, with its slots filled."""
    rng = slots.rng
    en, fr, state = line or rng.choice(phrases(kind))
    if "pron" in en or "disj" in en:
        other = [
            p for p in OBJECTS if p[4] != subject.person and not (subject.person == 1 and p[4] == 4)
        ]
        me = rng.choice(other + [other[0]] * 2)
        if subject.person in (2, 5) and not subject.pronoun:
            me = OBJECTS[0]
        en = (
            en.replace("{pron.obj}", me[0]).replace("{pron.ind}", me[0]).replace("{disjobj}", me[0])
        )
        marks = {"la": "10", "les": "01", "le": "00"}.get(me[1], "")
        fr = (
            fr.replace("{x:pron}", f"{me[1]}~{marks}")
            .replace("{y:pron}", f"{me[2]}~")
            .replace("{disjobj}", me[3])
        )
    fr = fr.replace(
        "{disj}", "elle" if subject.person == 2 and subject.fem else STRESSED[subject.person]
    )
    en, fr, _ = slots.fill(en, fr, owner(subject))
    return parse(en, fr, state)


def chain(slots: Slots, subject: Phrase, inner: Verb) -> Verb:
    """Return "want to" and its like around a verb phrase."""
    en, fr, link, gerund = slots.rng.choice(CHAINS)
    state, en = en.startswith("~"), en.lstrip("~")
    en, fr, _ = slots.fill(en, fr)
    if fr.startswith("être "):
        word = fr[5:]
        word = feminine(word) if subject.fem else word
        fr = "être " + (plural(word) if subject.many else word)
    head, _, rest = fr.partition(" ")
    first, _, after = inner.en.partition(" ")
    inside = f"{english.gerund(first) if gerund else first} {after}".strip()
    return Verb(
        f"{en} {inside}", head, f"{rest} {link} {infinitive(subject, inner)}".strip(), state=state
    )


def infinitive(subject: Phrase, v: Verb, negative: bool = False) -> str:
    """Return the French infinitive phrase: "me lever tôt", "ne pas y aller"."""
    clitics = " ".join(REFLEXIVE[subject.person] if c == "se" else c for c in v.clitics)
    rest = negated(v.rest) if negative else v.rest
    return f"{'ne pas ' if negative else ''}{clitics} {v.adverb} {v.head} {rest}".strip()


def _third(subject: Phrase) -> bool:
    return subject.person == 2 and not (subject.en_many or False)


def _english_many(subject: Phrase) -> bool:
    return subject.en_many if subject.en_many is not None else subject.person != 2


def english_clause(
    subject: Phrase, v: Verb, tense: str, neg: str = "", mid: str = "", question: bool = False
) -> str:
    """Return the English clause, without capital and mark.

    Args:
        subject: Who.
        v: Does what.
        tense: present, progressive, past, state, was, perfect, will, going, would, used, just, or a
            modal verb.
        neg: "", "not", "never", "no longer".
        mid: An adverb such as "always".
        question: Whether the auxiliary comes first.
    """
    head, _, rest = v.en.partition(" ")
    many = _english_many(subject)
    index = (
        0
        if subject.person == 0 and subject.en == "I"
        else 1
        if many or subject.person in (1, 3, 4, 5)
        else 2
    )
    if subject.en_many is False:
        index = 2
    be = english.BE_PRESENT[index]
    adverbs = [neg] if neg in ("never", "no longer") else []
    adverbs += [mid] if mid else []
    negative = neg == "not"
    auxiliary, main = "", head
    if tense == "progressive":
        auxiliary, main = be, english.gerund(head)
    elif tense == "was":
        auxiliary, main = english.BE_PAST[index], english.gerund(head)
    elif tense in ("perfect", "just"):
        auxiliary, main = ("has" if index == 2 else "have"), english.participle(head)
        adverbs += ["just"] if tense == "just" else []
    elif tense == "going":
        auxiliary, main = be, f"going to {head}"
    elif tense in ("will", "would"):
        auxiliary = tense
    elif tense == "used":
        main = f"used to {head}"
    elif tense in ("present", "past", "state"):
        now = tense == "present"
        if head == "be":
            auxiliary, main = (be if now else english.BE_PAST[index]), ""
        elif negative or question:
            auxiliary = ("does" if index == 2 else "do") if now else "did"
        else:
            main = (english.third(head) if index == 2 else head) if now else english.past(head)
    else:
        auxiliary = tense
    no = "not" if negative else ""
    if auxiliary == "can" and negative and not question:
        auxiliary, no = "cannot", ""
    if negative or neg == "never":
        rest = re.sub(r"\bsome\b", "any", rest, count=1)
    parts = [auxiliary, subject.en, no] if question else [subject.en, auxiliary, no]
    return " ".join(p for p in [*parts, *adverbs, main, rest] if p)


def french_clause(
    subject: Phrase, v: Verb, tense: str, neg: str = "", mid: str = "", invert: bool = False
) -> str:
    """Return the French clause; as english_clause, but neg is pas, jamais, plus, "pas encore"."""
    person = subject.person
    clitics = [REFLEXIVE[person] if c == "se" else c for c in v.clitics]
    rest = negated(v.rest) if neg and v.head != "être" else v.rest
    silent = subject.fr.endswith(" ne")  # personne ne
    no = "ne" if neg and not silent else ""
    if silent:
        rest, neg = negated(rest) if v.head != "être" else rest, ""
    adverbs = f"{mid} {v.adverb}".strip()
    before: list[str] = clitics
    if tense in ("past", "perfect"):
        transitive = v.head in _MOVING and rest.startswith(
            ("§", "la ", "le ", "les ", "l'", "ma ", "mon ")
        )
        etre = "se" in v.clitics or (v.head in WITH_ETRE and not transitive)
        done = conjugate(v.head)["participle"]
        if v.agree:
            fem, many = v.agree
        elif "se" in v.clitics and (v.head == "demander" or re.match(r"§?l[ae]s? ", rest)):
            fem = many = 0
        elif etre:
            fem, many = int(subject.fem), int(subject.many)
        else:
            fem = many = 0
        done = str(done) + "e" * int(fem) + "s" * (int(many) and not str(done).endswith("s"))
        finite = conjugate("être" if etre else "avoir")["present"][person]
        after = f"{neg} {adverbs} {done} {rest}"
    elif tense in ("going", "just"):
        finite = conjugate("aller" if tense == "going" else "venir")["present"][person]
        link = "de" if tense == "just" else ""
        after = f"{neg} {mid} {link} {infinitive(subject, replace(v, rest=rest))}"
        before = []
    elif tense in SIMPLE:
        finite = conjugate(v.head)[SIMPLE[tense]][person]
        after = f"{neg} {adverbs} {rest}"
    else:
        modal = next(m for m in MODALS if m[0] == tense)
        finite = conjugate(modal[1])[modal[2]][person]
        after = f"{neg} {mid} {infinitive(subject, replace(v, rest=rest))}"
        before = []
    pronoun = "" if invert else subject.fr
    finite = f"{finite}-{subject.fr}" if invert else finite
    return re.sub(r"\s+", " ", f"{pronoun} {no} {' '.join(before)} {finite} {after}").strip()


def imperative(v: Verb, person: int, negative: bool = False) -> str:
    """Return a French command; person: 0 tu, 1 nous, 2 vous."""
    form = conjugate(v.head)["imperative"][person]
    who = ("te", "nous", "vous")[person]
    clitics = [who if c == "se" else c for c in v.clitics]
    if negative:
        return f"ne {' '.join(clitics)} {form} pas {v.adverb} {negated(v.rest)}".strip()
    strong = [{"me": "moi", "te": "toi"}.get(c, c) for c in clitics]
    if person == 0 and strong[:1] == ["y"] and form[-1] in "ae":
        form += "s"
    return f"{'-'.join([form, *strong])} {v.adverb} {v.rest}".strip()


def person(slots: Slots, pronouns: float = 0.66) -> Phrase:
    """Return somebody as a subject."""
    rng = slots.rng
    draw = rng.random()
    if draw < pronouns:
        return rng.choice([PRONOUNS[0], PRONOUNS[0], PRONOUNS[1], *PRONOUNS])
    if draw < pronouns + 0.08:
        name, fem = slots.name()
        return Phrase(name, name, fem=fem, kind="name")
    if draw < pronouns + 0.19:
        return slots.phrase("my", "family", owner=rng.choice((0, 0, 0, 1, 2, 3, 4, 5)))
    if draw < pronouns + 0.29:
        return slots.phrase(rng.choice(("the", "the", "this", "my")), "person")
    if draw < pronouns + 0.31:
        (a, f), (b, g) = slots.name(), slots.name()
        return Phrase(f"{a} and {b}", f"{a} et {b}", fem=f and g, many=True, person=5)
    return rng.choice(_GROUPS)


def anything(slots: Slots, kind: str) -> Phrase:
    """Return a thing, place, vehicle, animal or event as a subject."""
    rng = slots.rng
    if rng.random() < 0.04:
        return IT
    kinds = {
        "thing": ("thing", "carried", "clothes", "machine0"),
        "place": ("place",),
        "vehicle": ("vehicle",),
        "animal": ("animal",),
        "event": ("event",),
    }[kind]
    det = rng.choice(("the", "the", "the", "my", "this"))
    return slots.phrase("the" if kind == "place" else det, rng.choice(kinds))


def timed(rng: random.Random, name: str) -> tuple[str, str]:
    """Return a time expression from a list in translation_words.toml."""
    return rng.choice(words()[name])
