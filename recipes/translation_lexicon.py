"""The hand-made French-English lexicon, and phrases that fill a slot in both languages."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from recipes import translation_english as english
from recipes import translation_french as french
from recipes.files import read

VOWEL = re.compile(r"[aeiouyàâéèêëîïôöûùœæh]", re.I)


@dataclass(frozen=True)
class Noun:
    """A noun in both languages; an aspirated h has * before it.

    Attributes:
        only: Whether French has only its plural: lunettes, devoirs.
    """

    en: str
    en_plural: str
    fr: str
    fr_plural: str
    fem: bool
    only: bool
    mass: bool


@dataclass(frozen=True)
class Adjective:
    """An adjective; fr holds masculine and feminine singular."""

    en: str
    fr: tuple[str, str]
    before: bool
    fixed: bool

    def agree(self, fem: bool, many: bool, noun: str = "") -> str:
        """Return its French form; noun: what follows it, for bel, nouvel, vieil."""
        word = self.fr[fem]
        if self.fixed:
            return word
        if noun and not fem and not many and VOWEL.match(noun):
            word = {"beau": "bel", "nouveau": "nouvel", "vieux": "vieil", "fou": "fol"}.get(
                word, word
            )
        return french.plural(word) if many else word


@dataclass(frozen=True)
class Phrase:
    """A noun phrase in both languages, with what its verb and adjectives must know."""

    en: str
    fr: str
    fem: bool = False
    many: bool = False
    person: int = 2  # as in translation_french.PERSONS
    kind: str = ""
    pronoun: bool = False
    en_many: bool | None = None


def _entries(text: str) -> list[list[str]]:
    rows = [row.strip() for row in text.replace("\n", " ").split(",")]
    return [row.split("=") for row in rows if row]


def _many(fr: str) -> str:
    """Return a French plural: "maux de tête", "petits déjeuners"."""
    head, link, rest = re.match(r"(.*?)( de | à | d'|$)(.*)", fr).groups()
    return " ".join(french.plural(word) for word in head.split(" ")) + link + rest


@functools.cache
def nouns() -> dict[str, list[Noun]]:
    """Return the nouns by kind."""
    found: dict[str, list[Noun]] = {}
    for kind, text in read("translation_nouns")["nouns"].items():
        for en, fr in _entries(text):
            word, _, mark = fr.rpartition(":")
            en_one, _, en_many = en.partition("/")
            one, _, many = word.partition("/")
            only = mark.endswith("p")
            found.setdefault(kind, []).append(
                Noun(
                    en_one,
                    en_many or (en_one if only else english.plural(en_one)),
                    one,
                    many or (one if only else _many(one)),
                    mark[0] == "f",
                    only,
                    kind.endswith("_mass"),
                )
            )
    return found


@functools.cache
def adjectives() -> dict[str, list[Adjective]]:
    """Return the adjectives by what they describe."""
    found: dict[str, list[Adjective]] = {}
    for kind, text in read("translation_adjectives")["adjectives"].items():
        for en, fr in _entries(text):
            word = fr.rstrip("<&")
            one, _, fem = word.partition("/")
            head, _, last = one.rpartition(" ")
            fem = fem or (one if "&" in fr else f"{head} {french.feminine(last)}".strip())
            found.setdefault(kind, []).append(Adjective(en, (one, fem), "<" in fr, "&" in fr))
    return found


@functools.cache
def words() -> dict[str, list]:
    """Return the small lists: pairs (English, French), or plain names."""
    return {
        key: text.split(" ") if key in ("women", "men") else [tuple(row) for row in _entries(text)]
        for key, text in read("translation_words").items()
    }


UNITS = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize "  # noqa: SIM905
    "quatorze quinze seize".split()
)
_TENS = {
    20: "vingt",
    30: "trente",
    40: "quarante",
    50: "cinquante",
    60: "soixante",
    80: "quatre-vingt",
}
EN_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "  # noqa: SIM905
    "sixteen seventeen eighteen nineteen".split()
)
_EN_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905


def number(n: int) -> tuple[str, str]:
    """Return 0 to 9,999 in words: English, French."""
    if n >= 100:
        size = 1000 if n >= 1000 else 100
        head, rest = divmod(n, size)
        en, fr = number(rest) if rest else ("", "")
        word = "mille" if size == 1000 else "cent"
        front = word if head == 1 else f"{number(head)[1]} {word}"
        if size == 100 and head > 1 and not rest:
            front += "s"
        name = (
            f"{'one' if head == 1 else number(head)[0]} {'thousand' if size == 1000 else 'hundred'}"
        )
        return f"{name} {en}".strip(), f"{front} {fr}".strip()
    tens, unit = divmod(n, 10)
    en = EN_UNITS[n] if n < 20 else _EN_TENS[tens] + (f"-{EN_UNITS[unit]}" if unit else "")
    if n < 17:
        return en, UNITS[n]
    if n < 20:
        return en, f"dix-{UNITS[unit]}"
    base = max(t for t in _TENS if t <= n)
    if n == 80:
        return en, "quatre-vingts"
    rest = n - base
    if rest == 0:
        return en, _TENS[base]
    if rest in (1, 11) and base != 80:
        return en, f"{_TENS[base]} et {'un' if rest == 1 else 'onze'}"
    return en, f"{_TENS[base]}-{number(rest)[1]}"


ORDINALS = [
    ("first", "premier"),
    ("second", "deuxième"),
    ("third", "troisième"),
    ("fourth", "quatrième"),
    ("fifth", "cinquième"),
    ("sixth", "sixième"),
    ("seventh", "septième"),
    ("eighth", "huitième"),
    ("ninth", "neuvième"),
    ("tenth", "dixième"),
]
# me, you, him, her, us, you, them: English object; French direct, indirect and stressed; person
OBJECTS = [
    ("me", "me", "me", "moi", 0),
    ("you", "vous", "vous", "vous", 4),
    ("him", "le", "lui", "lui", 2),
    ("her", "la", "lui", "elle", 2),
    ("us", "nous", "nous", "nous", 3),
    ("them", "les", "leur", "eux", 5),
]
POSSESSIVES = [
    ("my", "mon ma mes"),
    ("your", "votre votre vos"),
    ("his", "son sa ses"),
    ("her", "son sa ses"),
    ("our", "notre notre nos"),
    ("their", "leur leur leurs"),
    ("your", "ton ta tes"),
]
STRESSED = ("moi", "toi", "lui", "nous", "vous", "eux")
LIKE = {
    "food": "food",
    "food_mass": "food",
    "thing": "object",
    "clothes": "clothes",
    "vehicle": "vehicle",
    "place": "place",
    "person": "person_noun",
    "home": "place",
    "furniture": "object",
    "idea": "idea",
    "animal": "animal",
    "area": "place",
    "carried": "object",
    "event": "idea",
    "book0": "object",
    "film0": "idea",
    "room": "place",
    "job": "person_noun",
    "drink_mass": "food",
    "letter0": "object",
    "machine0": "object",
}
_LOOSE = ("en ", "à l", "trop", "très", "bien", "plein", "au ", "de ma")


def attributive(kind: str) -> list[Adjective]:
    """Return the adjectives that can stand next to a noun of this kind."""
    allowed = (
        "en bois",
        "en or",
        "en argent",
        "en cuir",
        "en verre",
        "en coton",
        "en laine",
        "en soie",
    )
    return [
        a
        for a in adjectives()[LIKE[kind]]
        if not a.en.startswith(("too ", "very "))
        and a.en
        not in (
            "late",
            "early",
            "on time",
            "available",
            "missing",
            "sold",
            "over",
            "afraid",
            "far",
            "near",
            "ready",
        )
        and (a.fr[0] in allowed or not a.fr[0].startswith(_LOOSE))
    ]


def vowel(text: str) -> bool:
    """Return whether le, la, de, que lose their vowel before this text."""
    return bool(VOWEL.match(text)) and not text.startswith(("yaourt", "yoga", "onze", "ouistiti"))
