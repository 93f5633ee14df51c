"""Sentences about how and where things are, and comparisons."""

from __future__ import annotations

import re

from recipes import translation_english as english
from recipes.translation_clauses import (
    PRONOUNS,
    Verb,
    english_clause,
    french_clause,
    infinitive,
    person,
    timed,
    verb,
)
from recipes.translation_french import feminine, join
from recipes.translation_lexicon import Adjective, Phrase, adjectives
from recipes.translation_sentences import Drawer, Pair

_PREPOSITIONS = [
    ("on", "sur", "furniture"),
    ("under", "sous", "furniture"),
    ("behind", "derrière", "furniture"),
    ("in", "dans", "spot"),
    ("in", "dans", "room"),
    ("next to", "à côté de", "furniture"),
    ("in front of", "devant", "place"),
    ("near", "près de", "place"),
    ("next to", "à côté de", "place"),
    ("in", "dans", "area"),
    ("behind", "derrière", "place"),
    ("between", "entre", "place"),
    ("opposite", "en face de", "place"),
    ("far from", "loin de", "place"),
    ("at", "à", "place"),
    ("in", "dans", "vehicle"),
]


_DESCRIBED = {
    "thing": ("object", "object_predicate"),
    "carried": ("object",),
    "clothes": ("clothes",),
    "food": ("food",),
    "food_mass": ("food",),
    "drink_mass": ("food",),
    "place": ("place",),
    "home": ("place",),
    "room": ("place",),
    "vehicle": ("vehicle",),
    "animal": ("animal",),
    "idea": ("idea",),
    "event": ("idea",),
    "furniture": ("object",),
    "area": ("place",),
    "body": ("body",),
    "film0": ("idea",),
    "book0": ("idea",),
    "subject": ("idea",),
    "machine0": ("object",),
    "other": ("idea",),
}


class Descriptions(Drawer):
    """Writes descriptions."""

    def described(self) -> Pair:
        """Return "the house is big" and its like, in several tenses."""
        rng = self.rng
        subject, a = self._subject_and_adjective()
        en_word, fr_word = a.en, self._agree(a, subject)
        tense = rng.choices(
            ["present", "state", "will", "seem", "become", "perfect"], [60, 24, 7, 5, 3, 1]
        )[0]
        head = {"seem": ("seem", "avoir l'air"), "become": ("become", "devenir")}.get(
            tense, ("be", "être")
        )
        if tense == "seem" and subject.person not in (2, 5):
            head, tense = ("be", "être"), "present"
        elif tense in ("seem", "perfect"):
            head, tense = (
                (("look" if subject.person == 2 and rng.random() < 0.5 else "seem"), "avoir l'air"),
                "present",
            )
        elif tense == "become":
            tense = rng.choice(["past", "present", "going"])
        degree = ("", "")
        if (
            rng.random() < 0.38
            and not a.en.startswith(("too", "very"))
            and not a.fr[0].startswith(("en ", "à ", "au ", "trop", "très"))
        ):
            degree = timed(rng, "degree")
        first, _, rest = head[1].partition(" ")
        v = Verb(
            f"{head[0]} {degree[0]} {en_word}",
            first,
            f"{rest} {degree[1]} {fr_word}".strip(),
            state=True,
        )
        neg = rng.random() < 0.18 and not subject.fr.endswith(" ne")
        ask = rng.random() < 0.18 and not subject.fr.endswith(" ne")
        en = english_clause(subject, v, tense, "not" if neg else "", question=ask)
        invert = ask and subject.person in (1, 4) and not neg
        fr = french_clause(subject, v, tense, "pas" if neg else "", invert=invert)
        fr = f"est-ce que {fr}" if ask and not invert else fr
        if tense in ("state", "present") and rng.random() < 0.15:
            when = timed(rng, "past" if tense == "state" else "now")
            en, fr = f"{en} {when[0]}", f"{fr} {when[1]}"
        mark = ("?", " ?") if ask else (".", ".")
        return english.sentence(en) + mark[0], join(fr) + mark[1]

    def _subject_and_adjective(self, bare: bool = False) -> tuple[Phrase, Adjective]:
        rng, slots = self.rng, self.slots
        if rng.random() < 0.52:
            subject = person(slots, 0.55)
            kind = rng.choice(["state", "state", "trait", "trait", "trait", "nationality"])
        else:
            noun_kind = rng.choice(list(_DESCRIBED))
            det = rng.choice(["the", "the", "my", "this", "that"])
            if noun_kind == "subject":
                det = "gen"
            subject = slots.phrase(det, noun_kind, adjective=0)
            kind = rng.choice(_DESCRIBED[noun_kind])
        choice = adjectives()[kind]
        return subject, rng.choice(choice)

    def _agree(self, a: Adjective, subject: Phrase) -> str:
        return a.agree(subject.fem, subject.many and subject.person != 4)

    def compared(self) -> Pair:
        """Return comparisons: taller than, as tall as, the tallest."""
        rng, slots = self.rng, self.slots
        kind = rng.choice(
            ["person", "person", "clothes", "place", "vehicle", "animal", "thing", "book0", "area"]
        )
        source = {"person": "trait", "thing": "object", "book0": "idea", "area": "place"}.get(
            kind, kind
        )
        a = rng.choice(
            [
                a
                for a in adjectives()[source]
                if " " not in a.fr[0]
                and not a.fixed
                and " " not in a.en
                and a.en
                not in (
                    "first",
                    "last",
                    "next",
                    "favorite",
                    "broken",
                    "open",
                    "closed",
                    "full",
                    "empty",
                    "dead",
                    "lost",
                )
            ]
        )
        more, most = english.compared(a.en)
        if rng.random() < 0.25:
            det_kind = {"person": "person", "book0": "book0"}.get(kind, kind)
            noun = slots.noun(det_kind)
            p = slots.phrase("the", det_kind, noun=noun, many=False, adjective=0)
            form = a.agree(p.fem, p.many)
            best = {"bon": "meilleur", "mauvais": "pire"}.get(a.fr[0])
            article = "§les" if p.many else "§la" if p.fem else "§le"
            scope_en, scope_fr = rng.choice(
                [
                    ("in the world", "de §le monde"),
                    ("in the city", "de §la ville"),
                    ("in the class", "de §la classe"),
                    ("in the family", "de §la famille"),
                    ("in {c}", "de {c}"),
                ]
            )
            city = slots.city()
            scope_en, scope_fr = scope_en.replace("{c}", city[0]), scope_fr.replace("{c}", city[1])
            bare = p.fr.split(" ", 1)[1]
            if best:
                word = Adjective(
                    a.en, (best, feminine(best) if best == "meilleur" else best), True, False
                ).agree(p.fem, p.many)
                fr_np = f"{article} {word} {bare}"
            elif a.before:
                fr_np = f"{article} plus {a.agree(p.fem, p.many, bare)} {bare}"
            else:
                fr_np = f"{article} {bare} {article.strip('§')} plus {form}"
            be_en = "are" if p.many else "is"
            name, _ = slots.name()
            lead = (
                rng.choice([("this " + be_en, "c'est"), ("it " + be_en, "c'est")])
                if kind != "person"
                else (f"{name} is", f"{name} est")
            )
            lead = lead if not p.many else ("they are", "ce sont")
            return english.sentence(f"{lead[0]} the {most} {noun.en} {scope_en}") + ".", join(
                f"{lead[1]} {fr_np} {scope_fr}"
            ) + "."
        x = (
            person(slots, 0.4)
            if kind == "person"
            else slots.phrase(
                rng.choice(["the", "my", "this", "that"]), kind, adjective=0, many=False
            )
        )
        if kind == "person":
            y = rng.choice(
                [
                    slots.phrase("my", "family"),
                    *[self._stressed() for _ in range(3)],
                    Phrase(*(slots.name()[0],) * 2),
                ]
            )
        else:
            y = slots.phrase(rng.choice(["the", "my"]), kind, adjective=0, many=False)
        form = self._agree(a, x)
        draw = rng.random()
        if draw < 0.6:
            better = {"bon": "meilleur", "mauvais": "pire"}.get(a.fr[0])
            if better:
                word = Adjective(
                    a.en,
                    (better, feminine(better) if better == "meilleur" else better),
                    False,
                    False,
                )
                fr_mid = f"{self._agree(word, x)} que"
            else:
                fr_mid = f"plus {form} que"
            en_mid = f"{more} than"
        elif draw < 0.8:
            en_mid, fr_mid = f"as {a.en} as", f"aussi {form} que"
        else:
            en_mid, fr_mid = (f"less {a.en} than", f"moins {form} que")
        tense = "present" if rng.random() < 0.85 else "state"
        neg = rng.random() < 0.1 and not x.fr.endswith(" ne")
        v = Verb(f"be {en_mid} {y.en}", "être", f"{fr_mid} {y.fr}", state=True)
        return (
            english.sentence(english_clause(x, v, tense, "not" if neg else "")) + ".",
            join(french_clause(x, v, tense, "pas" if neg else "")) + ".",
        )

    def _stressed(self) -> Phrase:
        return Phrase(
            *self.rng.choice(
                [
                    ("me", "moi"),
                    ("you", "vous"),
                    ("him", "lui"),
                    ("her", "elle"),
                    ("us", "nous"),
                    ("them", "eux"),
                ]
            )
        )

    def there(self) -> Pair:
        """Return there is, there are, is there, how many are there."""
        rng, slots = self.rng, self.slots
        prep_en, prep_fr, where = rng.choice(
            [p for p in _PREPOSITIONS if p[0] not in ("between", "far from", "at")]
        )
        kind = rng.choice(
            ["thing", "animal", "person", "food", "clothes"]
            if where in ("furniture", "spot", "room")
            else ["person", "animal", "vehicle", "place", "home"]
        )
        mass = rng.random() < 0.15 and where in ("furniture", "spot", "room")
        det = "some" if mass else rng.choice(["a", "a", "num", "pl"])
        p = slots.phrase(
            det, rng.choice(["food_mass", "drink_mass"]) if mass else kind, adjective=0.15
        )
        place = slots.phrase("the", where, adjective=0.08, many=False)
        tail_en, tail_fr = (
            (f"{prep_en} {place.en}", f"{prep_fr} {place.fr}") if rng.random() < 0.85 else ("", "")
        )
        many = bool(p.en_many)
        draw = rng.random()
        en_p = re.sub(r"\bsome\b", "any", p.en)
        if draw < 0.5:
            en, fr, mark = (
                f"there {'are' if many else 'is'} {p.en} {tail_en}",
                f"il y a {p.fr} {tail_fr}",
                ".",
            )
        elif draw < 0.62:
            en, fr, mark = (
                f"there {'were' if many else 'was'} {p.en} {tail_en}",
                f"il y avait {p.fr} {tail_fr}",
                ".",
            )
        elif draw < 0.75:
            fr_p = re.sub(r"¤(?:une|un|du|des|de la|de l'|de) ?", "de ", p.fr)
            no = rng.random() < 0.4 and det in ("a", "some", "pl")
            if no:
                base = re.sub(r"^(an?|some|any) ", "", p.en)
                en = f"there {'are' if many else 'is'} no {base} {tail_en}"
            else:
                en = f"there {'are' if many else 'is'} not {en_p} {tail_en}"
            fr, mark = f"il n'y a pas {fr_p} {tail_fr}", "."
        elif draw < 0.9 or det == "num":
            en, fr, mark = (
                f"{'are' if many else 'is'} there {en_p} {tail_en}",
                f"y a-t-il {p.fr} {tail_fr}",
                "?",
            )
        else:
            found = slots.both({"noart", "bare"}, kind, many=True, adjective=0)
            en = f"how many {found['noart'].en} are there {tail_en}"
            fr, mark = f"combien de {found['bare'].fr} y a-t-il {tail_fr}", "?"
        return english.sentence(en) + mark, join(fr) + (" ?" if mark == "?" else ".")

    def where(self) -> Pair:
        """Return where something is, or the question after it."""
        rng, slots = self.rng, self.slots
        kind = rng.choice(
            [
                "thing",
                "carried",
                "animal",
                "place",
                "family",
                "person",
                "clothes",
                "vehicle",
                "room",
            ]
        )
        x = slots.phrase(
            "my" if kind in ("carried", "family") else rng.choice(["the", "my"]),
            kind,
            adjective=0.05,
        )
        many = bool(x.en_many)
        if rng.random() < 0.3:
            tail = rng.choice([("", ""), ("", ""), (", please", ", s'il vous plaît")])
            return (
                english.sentence(f"where {'are' if many else 'is'} {x.en}{tail[0]}") + "?",
                join(f"où {'sont' if x.many else 'est'} {x.fr}{tail[1]}") + " ?",
            )
        options = [
            p
            for p in _PREPOSITIONS
            if p[2]
            in (
                ("place", "area")
                if kind in ("place", "vehicle")
                else ("furniture", "spot", "room", "place")
            )
        ]
        prep_en, prep_fr, where = rng.choice(options)
        y = slots.phrase("the", where, adjective=0.06, many=False)
        en_place, fr_place = f"{prep_en} {y.en}", f"{prep_fr} {y.fr}"
        if prep_en == "between":
            z = slots.phrase("the", where, adjective=0, many=False)
            en_place, fr_place = f"{en_place} and {z.en}", f"{fr_place} et {z.fr}"
        tense, neg, ask = (
            rng.choice(["present"] * 4 + ["state"]),
            rng.random() < 0.1,
            rng.random() < 0.12,
        )
        v = Verb(f"be {en_place}", "être", fr_place, state=True)
        fr = french_clause(x, v, tense, "pas" if neg else "")
        en = english_clause(x, v, tense, "not" if neg else "", question=ask)
        return english.sentence(en) + ("?" if ask else "."), join(
            f"est-ce que {fr}" if ask else fr
        ) + (" ?" if ask else ".")

    def it_is(self) -> Pair:
        """Return it is important to, that is good, it is hot."""
        rng, slots = self.rng, self.slots
        tense = rng.choice([("is", "est"), ("is", "est"), ("was", "était"), ("will be", "sera")])
        if rng.random() < 0.45:
            a = rng.choice(adjectives()["that_is"])
            word = rng.choice([("that", "ce"), ("it", "ce"), ("this", "ce")])
            neg = rng.random() < 0.2 and tense[0] in ("is", "was") and " pas " not in f" {a.fr[0]} "
            en = f"{word[0]} {tense[0]} {'not ' if neg else ''}{a.en}"
            fr = {"est": "c'est", "était": "c'était", "sera": "ce sera"}[tense[1]]
            if neg:
                fr = "ce n'est pas" if tense[1] == "est" else "ce n'était pas"
            return english.sentence(en) + ".", join(f"{fr} {a.fr[0]}") + "."
        a = rng.choice(adjectives()["it_is"])
        v = verb(slots, PRONOUNS[1])
        while v.state:
            v = verb(slots, PRONOUNS[1])
        neg = rng.random() < 0.15 and tense[0] in ("is", "was")
        degree = (
            timed(rng, "degree") if rng.random() < 0.25 and not a.en.startswith("too") else ("", "")
        )
        en = f"it {tense[0]} {'not ' if neg else ''}{degree[0]} {a.en} to {v.en}"
        doing = infinitive(Phrase("", "", person=2), v)
        verb_fr = f"ne {tense[1]} pas" if neg else tense[1]
        fr = f"il {verb_fr} {degree[1]} {a.fr[0]} de {doing}"
        return english.sentence(en) + ".", join(fr) + "."
