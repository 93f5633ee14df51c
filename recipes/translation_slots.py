"""Fills the slots of a frame in both languages at once."""

from __future__ import annotations

import random
import re

from recipes import translation_english as english
from recipes.noise import invented
from recipes.translation_lexicon import (
    EN_UNITS,
    LIKE,
    ORDINALS,
    POSSESSIVES,
    UNITS,
    Noun,
    Phrase,
    adjectives,
    attributive,
    nouns,
    number,
    vowel,
    words,
)

#: Plural in English, singular in French.
_PAIRS = frozenset(
    ["pants", "trousers", "jeans", "shorts", "pajamas", "stairs", "grapes", "clothes"]
)


class Slots:
    """Fills the slots of a frame, the same choice on both sides."""

    def __init__(self, rng: random.Random) -> None:
        """Draw from rng."""
        self.rng = rng

    def noun(self, kind: str) -> Noun:
        """Return a random noun."""
        return self.rng.choice(nouns()[kind])

    def phrase(
        self,
        det: str,
        kind: str,
        *,
        noun: Noun | None = None,
        many: bool | None = None,
        adjective: float = 0.12,
        owner: int | None = None,
    ) -> Phrase:
        """Return a noun phrase.

        Args:
            det: a, the, some, gen, pl, somepl, my, own, your, this, that, num, bare, noart, good,
                which.
            kind: Of noun.
            noun: This very noun.
            many: Plural; by chance if None.
            adjective: How often an adjective comes with it.
            owner: For "own", the index in the table of possessives.
        """
        both = self.both({det}, kind, noun=noun, many=many, adjective=adjective, owner=owner)
        return both[det]

    def both(
        self,
        dets: set[str],
        kind: str,
        *,
        noun: Noun | None = None,
        many: bool | None = None,
        adjective: float = 0.12,
        owner: int | None = None,
    ) -> dict[str, Phrase]:
        """Return one noun under several determiners, by determiner."""
        rng = self.rng
        noun = noun or self.noun(kind)
        if many is None:
            free = dets <= {"the", "my", "own", "this", "that", "which"} and not noun.mass
            many = bool(dets & {"pl", "somepl", "num"}) or (free and rng.random() < 0.15)
        en_many = many and not noun.mass
        shown = noun.only or many
        en, fr, fem = (
            (noun.en_plural if en_many else noun.en),
            noun.fr_plural if shown else noun.fr,
            noun.fem,
        )
        before = False
        if kind in LIKE and rng.random() < adjective and not dets & {"bare", "noart", "gen"}:
            a = rng.choice(attributive(kind))
            form = a.agree(fem, shown, fr if a.before else "")
            en, fr, before = (
                f"{a.en} {en}",
                (f"{form} {fr}" if a.before else f"{fr} {form}"),
                a.before,
            )
        index = 2 if fem is None else (2 if shown else int(fem))
        soft = vowel(fr)
        first = en.split(" ")[-1]
        pair = noun.en in _PAIRS
        en_plural_form = (
            en_many
            or pair
            or (noun.only and first.endswith("s") and first not in ("homework", "news"))
        )
        count = number(rng.randint(2, 10))
        who = owner if owner is not None else rng.choice((0, 0, 1, 1, 2, 3, 4, 5))
        mine, forms = POSSESSIVES[who]
        own = forms.split()[index]
        if index == 1 and soft and own in ("ma", "ta", "sa"):
            own = own.replace("a", "on")
        number_text = count if rng.random() < 0.7 else (str(EN_UNITS.index(count[0])),) * 2
        partitive = "¤des " if shown else "¤de l'" if soft else ("¤de la " if fem else "¤du ")
        if shown and before:
            partitive = "¤de "
        this = "ces " if shown else "cette " if fem else "cet " if soft else "ce "
        article = "§les " if shown else "§la " if fem else "§le "
        indefinite = partitive if shown else ("¤une " if fem else "¤un ")
        plain = en_plural_form or noun.mass
        some = f"some {en}" if rng.random() < 0.55 else en
        sets = {
            "a": (some if plain else english.article(en), indefinite),
            "the": (f"the {en}", article),
            "some": (some, partitive),
            "gen": (en, article),
            "pl": (some if rng.random() < 0.4 else en, partitive),
            "somepl": (en, partitive),
            "my": (f"{mine} {en}", own + " "),
            "own": (f"{mine} {en}", own + " "),
            "your": (f"your {en}", "vos " if shown else "votre "),
            "this": (f"{'these' if en_plural_form else 'this'} {en}", this),
            "that": (f"{'those' if en_plural_form else 'that'} {en}", this),
            "num": (f"{number_text[0]} {en}", f"{number_text[1]} "),
            "bare": (en, ""),
            "noart": (en, ""),
            "good": (f"a good {en}", "¤une bonne " if fem else "¤un bon "),
            "which": (f"which {en}", "quel" + ("le" if fem else "") + ("s" if shown else "") + " "),
            "": (en, ""),
        }
        person = 5 if shown else 2
        return {
            det: Phrase(
                sets[det][0], sets[det][1] + fr, fem, shown, person, kind, en_many=en_plural_form
            )
            for det in dets
        }

    def name(self) -> tuple[str, bool]:
        """Return a first name and whether it is a woman's."""
        rng = self.rng
        if rng.random() < 0.2:
            return invented(rng), False
        fem = rng.random() < 0.5
        return rng.choice(words()["women" if fem else "men"]), fem

    def city(self) -> tuple[str, str]:
        """Return a city in English and French."""
        if self.rng.random() < 0.2:
            return (invented(self.rng),) * 2
        return self.rng.choice(words()["cities"])

    def country(self, det: str) -> dict[str, tuple[str, str]]:
        """Return a country under the determiners "", in, from and to."""
        en, fr = self.rng.choice(words()["countries"])
        fr, _, mark = fr.partition(":")
        article = {"f": "§la ", "m": "§le ", "p": "§les ", "v": ""}[mark]
        if mark == "v":
            inside, out = ("en " if fr == "Israël" else "à ") + fr, "de " + fr
        elif mark == "p":
            inside, out = "aux " + fr, "des " + fr
        elif mark == "f" or vowel(fr):
            inside, out = "en " + fr, "de " + fr
        else:
            inside, out = "au " + fr, "du " + fr
        return {"": (en, article + fr), "in": (f"in {en}", inside), "from": (f"from {en}", out)}

    def clock(self) -> tuple[str, str]:
        """Return a time of day, without "at"."""
        rng, hour = self.rng, self.rng.randint(1, 12)
        en, fr = EN_UNITS[hour], f"{'une' if hour == 1 else UNITS[hour]} heure{'s' * (hour > 1)}"
        draw = rng.random()
        if draw < 0.08:
            return rng.choice([("noon", "midi"), ("midnight", "minuit")])
        if hour == 12 and 0.3 < draw < 0.36:
            return "twelve o'clock", "midi"
        after = hour % 12 + 1
        then = f"{'une' if after == 1 else UNITS[after]} heure{'s' * (after > 1)}"
        minutes = rng.choice((5, 10, 20, 25))
        if draw < 0.42:
            if rng.random() < 0.3:
                part = rng.choice(
                    [
                        ("in the morning", "du matin"),
                        ("in the evening", "du soir"),
                        ("in the afternoon", "de l'après-midi"),
                    ]
                )
                return (
                    f"{en} o'clock {part[0]}" if rng.random() < 0.4 else f"{en} {part[0]}",
                    f"{fr} {part[1]}",
                )
            return f"{en} o'clock" if rng.random() < 0.7 else en, fr
        if draw < 0.56:
            return f"half past {en}", f"{fr} et demie"
        if draw < 0.64:
            return f"{'a ' * (rng.random() < 0.3)}quarter past {en}", f"{fr} et quart"
        if draw < 0.72:
            return (
                f"{'a ' * (rng.random() < 0.3)}quarter to {EN_UNITS[after]}",
                f"{then} moins le quart",
            )
        if draw < 0.78:
            return (
                f"{EN_UNITS[minutes] if minutes < 20 else number(minutes)[0]} past {en}",
                f"{fr} {number(minutes)[1]}",
            )
        if draw < 0.82:
            return (
                f"{number(minutes)[0]} to {EN_UNITS[after]}",
                f"{then} moins {number(minutes)[1]}",
            )
        if draw < 0.86:
            return f"{en} thirty", f"{fr} trente" if rng.random() < 0 else f"{fr} et demie"
        if draw < 0.93:
            morning = rng.random() < 0.5
            mark = (
                rng.choice(("am", " a.m.", " am"))
                if morning
                else rng.choice(("pm", " p.m.", " pm"))
            )
            late = "du matin" if morning else ("de l'après-midi" if hour < 6 else "du soir")
            return f"{hour}{mark}", f"{fr} {late}"
        minute = rng.choice((15, 30, 45, 10, 20, 40, 50, 5))
        return f"{hour}:{minute:02d}", f"{hour} h {minute:02d}"

    def fill(
        self, frame: str, other: str, owner: int | None = None
    ) -> tuple[str, str, Phrase | None]:
        """Fill the slots of a frame.

        Args:
            frame: English, with slots such as {the.place}, {name}, {num+.animal}, {the.place#2}.
            other: French.
            owner: Whose possessives "own" means; by chance without it.

        Returns:
            Both sides, and the phrase that is to become a direct object pronoun, if any.
        """
        rng = self.rng
        owner = rng.choice((0, 1)) if owner is None else owner
        who, forms = POSSESSIVES[owner]
        plan: dict[str, set[str]] = {}
        for slot in re.findall(r"\{([^}]*)\}", frame + other):
            det, _, key = slot.removeprefix("x:").removeprefix("y:").rpartition(".")
            if not slot.startswith("own:"):
                plan.setdefault(key, set()).add(det)
        values: dict[str, dict[str, tuple[str, str]]] = {}
        taken: set[str] = set()
        direct = None
        for key, dets in plan.items():
            kind = key.split("#")[0]
            many = None
            if kind.endswith("+"):
                kind, many = kind[:-1], True
            if any(det.endswith("+") for det in dets):
                many = True
            plain = {det.rstrip("+") for det in dets}
            if kind in nouns():
                noun = self.noun(kind)
                while noun.en in taken:
                    noun = self.noun(kind)
                taken.add(noun.en)
                found = self.both(
                    plain, kind, noun=noun, many=many, owner=owner if "own" in plain else None
                )
                values[key] = {det: (p.en, p.fr) for det, p in found.items()}
                if "{x:" in frame and re.search(r"\{x:\w+\+?\." + re.escape(key), frame):
                    direct = next(iter(found.values()))
            else:
                values[key] = self._other(kind, plain, who, forms)
        if direct is not None and rng.random() < 0.12:
            person = direct.kind in ("person", "family")
            if person or (not direct.fem and not direct.many) or direct.many:
                en = "them" if direct.many else ("her" if direct.fem else "him") if person else "it"
                clitic = "les" if direct.many else "la" if direct.fem else "le"
                frame = re.sub(r"\{x:[^}]*\}", en, frame)
                other = re.sub(
                    r"\{x:[^}]*\}", "", f"{clitic}~{int(direct.fem)}{int(direct.many)} {other}"
                )
        sides = []
        for text, side in ((frame, 0), (other, 1)):

            def put(match: re.Match[str], side: int = side) -> str:
                slot = match.group(1).removeprefix("x:").removeprefix("y:")
                if slot.startswith("own:"):
                    mark = slot[4:]
                    index = 2 if mark[0] == "p" else int(mark[0] == "f" and not mark.endswith("*"))
                    return forms.split()[index]
                det, _, key = slot.rpartition(".")
                return values[key][det.rstrip("+")][side]

            sides.append(re.sub(r"\{([^}]*)\}", put, text))
        return sides[0], sides[1], direct

    def _other(self, kind: str, dets: set[str], who: str, forms: str) -> dict[str, tuple[str, str]]:
        rng, lists = self.rng, words()
        simple = {
            "lang": "languages",
            "weekday": "weekdays",
            "month": "months",
            "haircolor": "haircolors",
            "eyecolor": "eyecolors",
            "past": "past",
            "future": "future",
            "habit": "habit",
            "now": "now",
            "span": "span",
            "since": "since",
            "friends": "with_whom",
        }
        if kind in simple:
            return {"": rng.choice(lists[simple[kind]])}
        if kind == "own":
            return {"": (who, forms.split()[0])}
        if kind == "name":
            return {"": (self.name()[0],) * 2}
        if kind == "city":
            return {"": self.city()}
        if kind == "country":
            return self.country("")
        if kind == "clock":
            return {"": self.clock()}
        if kind == "clockfrom":
            a, b = rng.randint(7, 11), rng.randint(1, 6)
            fr = f"de {UNITS[a]} heures à {'une' if b == 1 else UNITS[b]} heure{'s' * (b > 1)}"
            return {"": (f"from {EN_UNITS[a]} to {EN_UNITS[b]}", fr)}
        if kind == "num":
            n = rng.choice((rng.randint(2, 12), rng.randint(2, 30), rng.randint(13, 99)))
            return {"": number(n) if rng.random() < 0.7 else (str(n), str(n))}
        if kind == "price":
            n = rng.choice((rng.randint(2, 20), rng.randint(5, 100), 10 * rng.randint(10, 90)))
            en, fr = number(n) if rng.random() < 0.6 else (str(n), str(n))
            unit = rng.choice((("euros", "euros"), ("euros", "euros"), ("dollars", "dollars")))
            return {"": (f"{en} {unit[0]}", f"{fr} {unit[1]}")}
        if kind == "year":
            return {"": (str(rng.randint(1950, 2030)),) * 2}
        if kind == "date":
            month, day = rng.choice(lists["months"]), rng.randint(1, 31)
            end = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
            first = "1er" if day == 1 else str(day)
            en = rng.choice(
                (f"{month[0]} {day}", f"{month[0]} {day}{end}", f"the {day}{end} of {month[0]}")
            )
            return {"": (en, f"le {first} {month[1]}")}
        if kind == "ordinal":
            en, fr = rng.choice(ORDINALS)
            return {"": (f"the {en}", fr), "bare": (en, fr)}
        if kind == "meal0":
            noun = rng.choice(nouns()["meal"])
            return {"": (noun.en, f"le {noun.fr}")}
        if kind == "the.meal":
            raise AssertionError
        if kind in ("obj", "ind", "pron", "disjobj"):
            raise ValueError(f"{kind} belongs to a clause")
        if kind == "invented":
            return {"": (invented(rng),) * 2}
        if kind == "nationality":
            a = rng.choice(adjectives()["nationality"])
            return {"": (a.en, a.fr[0]), "f": (a.en, a.fr[1])}
        if kind == "color":
            a = rng.choice(adjectives()["color"])
            return {"": (a.en, a.fr[0])}
        raise KeyError(f"no slot named {kind!r}")
