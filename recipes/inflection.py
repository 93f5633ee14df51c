"""English inflection for the recipes: verbs, plurals, articles; irregular words from a table."""

from __future__ import annotations

import re
from functools import cache

VOWELS = "aeiou"
#: Base, past, participle; the last two are one where they agree.
IRREGULAR = """
be was been; beat beat beaten; become became become; begin began begun; bend bent; bet bet; bite
bit bitten; bleed bled; blow blew blown; break broke broken; bring brought; build built; burst
burst; buy bought; catch caught; choose chose chosen; come came come; cost cost; creep crept; cut
cut; deal dealt; dig dug; do did done; draw drew drawn; drink drank drunk; drive drove driven; eat
ate eaten; fall fell fallen; feed fed; feel felt; fight fought; find found; flee fled; fly flew
flown; forbid forbade forbidden; forget forgot forgotten; forgive forgave forgiven; freeze froze
frozen; get got gotten; give gave given; go went gone; grind ground; grow grew grown; hang hung;
have had; hear heard; hide hid hidden; hit hit; hold held; hurt hurt; keep kept; know knew known;
lay laid; lead led; leave left; lend lent; let let; lie lied; light lit; lose lost; make made;
mean meant; meet met; mislead misled; misunderstand misunderstood; overtake overtook overtaken;
pay paid; put put; quit quit; read read; rid rid; ride rode ridden; ring rang rung; rise rose
risen; run ran run; say said; see saw seen; seek sought; sell sold; send sent; set set; sew sewed
sewn; shake shook shaken; shine shone; shoot shot; show showed shown; shrink shrank shrunk; shut
shut; sing sang sung; sink sank sunk; sit sat; sleep slept; slide slid; smell smelled; speak spoke
spoken; spend spent; spin spun; split split; spoil spoiled; spread spread; spring sprang sprung;
stand stood; steal stole stolen; stick stuck; sting stung; stink stank stunk; strike struck; swear
swore sworn; sweep swept; swell swelled swollen; swim swam swum; swing swung; take took taken;
teach taught; tear tore torn; tell told; think thought; throw threw thrown; understand understood;
underpay underpaid; wake woke woken; wear wore worn; weave wove woven; weep wept; win won; wind
wound; withdraw withdrew withdrawn; write wrote written
"""
#: Verbs of more than one syllable whose last one is stressed, so that its consonant doubles.
DOUBLED = frozenset(
    [
        *("admit", "commit", "permit", "submit", "refer", "prefer", "occur", "regret", "forget"),
        *("begin", "overlap", "unplug", "equip", "control", "rebel", "propel", "upset", "transfer"),
    ]
)
PLURALS = {
    "man": "men", "woman": "women", "child": "children", "person": "people", "foot": "feet",
    "tooth": "teeth", "goose": "geese", "mouse": "mice", "knife": "knives", "wife": "wives",
    "life": "lives", "leaf": "leaves", "shelf": "shelves", "wolf": "wolves", "half": "halves",
    "loaf": "loaves", "thief": "thieves", "calf": "calves", "scarf": "scarves", "sheep": "sheep",
    "fish": "fish", "deer": "deer", "series": "series", "potato": "potatoes", "tomato": "tomatoes",
    "hero": "heroes", "echo": "echoes", "ox": "oxen", "salmon": "salmon", "moose": "moose",
}  # fmt: skip


@cache
def _table() -> dict[str, tuple[str, str]]:
    rows = [row.split() for row in IRREGULAR.replace("\n", " ").split(";")]
    return {row[0]: (row[1], row[-1]) for row in rows}


def _doubles(verb: str) -> bool:
    """Whether the last letter doubles before -ed and -ing: "stop", "regret", not "visit"."""
    if not re.search(r"[^aeiou][aeiou][^aeiouwxyh]$", verb) and not re.search(r"qu[aeiou]t$", verb):
        return False
    return len(re.findall(r"[aeiouy]+", verb)) == 1 or verb in DOUBLED


@cache
def verb(base: str, form: str) -> str:
    """Inflect a verb.

    Args:
        base: The base form, one word, such as "carry".
        form: "s" (carries), "ed" (carried), "en" (has carried) or "ing" (carrying).
    """
    if form == "s":
        if base in ("be", "have"):
            return {"be": "is", "have": "has"}[base]
        return plural(base) if base not in PLURALS else base + "s"
    if form == "ing":
        if base.endswith("ie"):
            return base[:-2] + "ying"
        if base.endswith("e") and not base.endswith(("ee", "oe", "ye")) and base != "be":
            return base[:-1] + "ing"
        return base + base[-1] * _doubles(base) + "ing"
    if base in _table():
        return _table()[base][form == "en"]
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in VOWELS:
        return base[:-1] + "ied"
    return base + base[-1] * _doubles(base) + "ed"


def phrase(base: str, form: str) -> str:
    """Inflect the first word of a verb phrase: "run out" → "ran out"."""
    head, space, rest = base.partition(" ")
    return verb(head, form) + space + rest


@cache
def plural(noun: str) -> str:
    """Return a noun phrase in the plural: its last word is inflected."""
    head, space, last = noun.rpartition(" ")
    if last.endswith(("man", "woman")) and last not in ("human", "german"):
        last = last[:-2] + "en"
    elif last in PLURALS:
        last = PLURALS[last]
    elif last.endswith(("s", "x", "z", "ch", "sh")) or last in ("go", "do", "veto"):
        last += "es"
    elif last.endswith("y") and len(last) > 1 and last[-2] not in VOWELS:
        last = last[:-1] + "ies"
    else:
        last += "s"
    return head + space + last


def articles(text: str) -> str:
    """Write "an" before a vowel: "a old hour" → "an old hour"."""
    sound = r"(?=(?:[aeio]|u(?!ni[cfqtv]|s[eua]|kr)|hour|hono|heir)(?!ne\b|nce\b|uro))"
    text = re.sub(rf"\b([Aa]) {sound}", r"\1n ", text, flags=re.IGNORECASE)
    return re.sub(r"\b([Aa])n (?=(?:one|once|euro))", r"\1 ", text)
