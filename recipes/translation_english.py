"""English words: verb forms, plurals, a or an, comparison, contractions."""

from __future__ import annotations

import random
import re

_IRREGULAR = """
be was been, have had had, do did done, go went gone, get got got, make made made, take took
taken, come came come, see saw seen, know knew known, think thought thought, find found found,
give gave given, tell told told, say said said, feel felt felt, leave left left, put put put,
bring brought brought, begin began begun, keep kept kept, hold held held, write wrote written,
stand stood stood, hear heard heard, let let let, mean meant meant, set set set, meet met met, run
ran run, pay paid paid, sit sat sat, speak spoke spoken, lie lied lied, lead led led, read read
read, grow grew grown, lose lost lost, fall fell fallen, send sent sent, build built built,
understand understood understood, draw drew drawn, break broke broken, spend spent spent, cut cut
cut, rise rose risen, drive drove driven, buy bought bought, wear wore worn, choose chose chosen,
eat ate eaten, drink drank drunk, sleep slept slept, sell sold sold, teach taught taught, catch
caught caught, throw threw thrown, win won won, fly flew flown, forget forgot forgotten, sing sang
sung, swim swam swum, ring rang rung, ride rode ridden, wake woke woken, steal stole stolen, hide
hid hidden, bite bit bitten, hit hit hit, hurt hurt hurt, cost cost cost, shut shut shut, lend
lent lent, dream dreamed dreamed, learn learned learned, burn burned burned, smell smelled
smelled, become became become, fight fought fought, feed fed fed, shine shone shone, show showed
shown, blow blew blown, freeze froze frozen, forgive forgave forgiven, hang hung hung, sweep swept
swept, dig dug dug, shake shook shaken, tear tore torn, bet bet bet, quit quit quit, rebuild
rebuilt rebuilt, sew sewed sewn, stop stopped stopped, plan planned planned, shop shopped shopped,
chat chatted chatted, jog jogged jogged, hug hugged hugged, drop dropped dropped, rob robbed
robbed, swap swapped swapped, prefer preferred preferred, travel traveled traveled, visit visited
visited, cancel canceled canceled, fix fixed fixed, mix mixed mixed, rub rubbed rubbed, pack
packed packed, pet petted petted, grab grabbed grabbed, beg begged begged, hop hopped hopped, tip
tipped tipped, slip slipped slipped, knit knitted knitted, skip skipped skipped, snow snowed
snowed, admit admitted admitted, undress undressed undressed, deal dealt dealt, beat beat beaten,
regret regretted regretted, seek sought sought, bend bent bent, lay laid laid
"""
_FORMS = {parts[0]: (parts[1], parts[2]) for parts in map(str.split, _IRREGULAR.split(","))}
_DOUBLED = set(
    "stop plan shop chat jog hug drop rob swap prefer rub pet grab beg hop tip slip knit "  # noqa: SIM905
    "skip admit get put run sit begin cut win swim shut hit let set forget dig bet "
    "quit regret".split()
)
BE_PRESENT = ("am", "are", "is", "are", "are", "are")
BE_PAST = ("was", "were", "was", "were", "were", "were")


def _s(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh", "z")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def plural(noun: str) -> str:
    """Return the plural of a regular English noun: "glasses of water", "keys"."""
    head, link, rest = re.match(r"(.*?)( of | with |$)(.*)", noun).groups()
    return _s(head) + link + rest


def third(verb: str) -> str:
    """Return he/she/it's present: goes, has, studies."""
    return {"be": "is", "have": "has", "go": "goes", "do": "does"}.get(verb) or _s(verb)


def past(verb: str) -> str:
    """Return the simple past (of be: was)."""
    return _FORMS[verb][0] if verb in _FORMS else _ed(verb)


def participle(verb: str) -> str:
    """Return the past participle."""
    return _FORMS[verb][1] if verb in _FORMS else _ed(verb)


def _ed(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + "ed"


def gerund(verb: str) -> str:
    """Return the -ing form."""
    if verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    if verb in ("lie", "die"):
        return verb[0] + "ying"
    if verb.endswith("e") and not verb.endswith("ee") and verb != "be":
        return verb[:-1] + "ing"
    return verb + "ing"


def article(phrase: str) -> str:
    """Return "a" or "an" with the phrase behind it."""
    low = phrase.lower()
    vowel = low.startswith(("hour", "honest", "heir")) or (
        low[0] in "aeiou" and not low.startswith(("uni", "use", "euro", "one", "used"))
    )
    return f"{'an' if vowel else 'a'} {phrase}"


_COMPARED = {
    "good": ("better", "best"),
    "bad": ("worse", "worst"),
    "far": ("farther", "farthest"),
}
_LONG = {
    "tired",
    "bored",
    "famous",
    "useful",
    "modern",
    "afraid",
    "careful",
    "honest",
    "boring",
    "patient",
    "polite",
    "recent",
    "often",
    "common",
    "normal",
    "handsome",
    "stupid",
    "sincere",
    "jealous",
    "nervous",
    "rested",
    "pleasant",
    "practical",
    "awful",
    "fragile",
    "crowded",
    "serious",
    "selfish",
    "helpful",
    "worried",
    "annoying",
    "perfect",
    "generous",
    "urgent",
    "curious",
    "certain",
}


def compared(adjective: str) -> tuple[str, str]:
    """Return comparative and superlative: bigger, biggest; more famous, most famous."""
    if adjective in _COMPARED:
        return _COMPARED[adjective]
    syllables = len(re.findall(r"[aeiouy]+", adjective.removesuffix("e")))
    short = syllables == 1 or (syllables == 2 and adjective.endswith(("y", "er", "le", "ow")))
    if not short or adjective in _LONG or " " in adjective or "-" in adjective:
        return f"more {adjective}", f"most {adjective}"
    stem = adjective
    if stem.endswith("y"):
        stem = stem[:-1] + "i"
    elif re.search(r"[^aeiou][aeiou][bdgmnpt]$", stem):
        stem += stem[-1]
    elif stem.endswith("e"):
        stem = stem[:-1]
    return stem + "er", stem + "est"


_CONTRACTIONS = [
    (r"\b(I) am\b", r"\1'm"),
    (r"\b([Yy]ou|[Ww]e|[Tt]hey) are\b", r"\1're"),
    (r"\b([Hh]e|[Ss]he|[Ii]t|[Tt]hat|[Ww]hat|[Ww]here|[Ww]ho|[Tt]here|[Hh]ow) is\b", r"\1's"),
    (r"\b(I|[Yy]ou|[Ww]e|[Tt]hey|[Hh]e|[Ss]he|[Ii]t) will\b", r"\1'll"),
    (r"\b(I|[Yy]ou|[Ww]e|[Tt]hey|[Hh]e|[Ss]he) would\b", r"\1'd"),
    (
        r"\b([Dd]o|[Dd]oes|[Dd]id|[Ii]s|[Aa]re|[Ww]as|[Ww]ere|[Hh]as|[Hh]ave|[Ww]ould|"
        r"[Cc]ould|[Ss]hould|[Mm]ust) not\b",
        r"\1n't",
    ),
    (r"\b([Cc]an)not\b", r"\1't"),
    (r"\b([Ww])ill not\b", r"\1on't"),
    (r"\b([Ll]et) us\b", r"\1's"),
]
_HAVE = re.compile(
    r"\b(I|[Yy]ou|[Ww]e|[Tt]hey) have (?=(already|never|just|always|not|been|\w+ed|seen|done|lost|"
    r"eaten|bought|found|forgotten|met|broken|read|made|left|written|taken|had|sold|gone)\b)"
)


def contract(text: str, rng: random.Random, rate: float = 0.65) -> str:
    """Return a sentence with some of its contractions made: I'm, don't, we'll."""
    for pattern, change in _CONTRACTIONS:
        # "Yes, I am." keeps its verb: nothing is contracted right before the end.
        if rng.random() < rate:
            text = re.sub(pattern + r"(?! ?[.?!,]|$)", change, text)
    if rng.random() < rate:
        text = _HAVE.sub(r"\1've ", text)
    return text


def sentence(text: str) -> str:
    """Return a text with its spaces set right and a capital at its beginning."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"(^|[.!?] )i\b", r"\1I", text)
    return text[:1].upper() + text[1:]
