"""Questions with a question word."""

from __future__ import annotations

from recipes import translation_english as english
from recipes.translation_clauses import (
    PRONOUNS,
    Verb,
    english_clause,
    french_clause,
    timed,
    verb,
)
from recipes.translation_french import conjugate, join
from recipes.translation_lexicon import Phrase
from recipes.translation_sentences import WHEN, Pair, Sentences


class Questions(Sentences):
    """Writes questions."""

    def wh(self) -> Pair:
        """Return a question with a question word."""
        rng = self.rng
        en_word, fr_word = rng.choice(
            [
                ("where", "où"),
                ("when", "quand"),
                ("why", "pourquoi"),
                ("how", "comment"),
                ("why", "pourquoi"),
                ("when", "quand"),
                ("with whom", "avec qui"),
                ("at what time", "à quelle heure"),
                ("what time", "à quelle heure"),
                ("how often", "combien de fois"),
            ]
        )
        en, fr, _ = self.clause(
            kind="person" if rng.random() < 0.85 else "", question=True, plain=True
        )
        fr = fr.removeprefix("est-ce que ") if not fr.startswith("est-ce que") else fr
        return english.sentence(f"{en_word} {en}") + "?", join(f"{fr_word} {fr}") + " ?"

    def what(self) -> Pair:
        """Return what ... do you ..., who ..., which ..., how many ..."""
        rng, slots = self.rng, self.slots
        draw = rng.random()
        subject = rng.choice([*PRONOUNS[1:], PRONOUNS[1], PRONOUNS[1], PRONOUNS[1]])
        if draw < 0.5:
            en, fr = rng.choice(
                [
                    ("eat", "manger"),
                    ("drink", "boire"),
                    ("want", "vouloir"),
                    ("do", "faire"),
                    ("do", "faire"),
                    ("see", "voir"),
                    ("buy", "acheter"),
                    ("say", "dire"),
                    ("prefer", "préférer"),
                    ("think", "penser"),
                    ("look for", "chercher"),
                    ("read", "lire"),
                    ("find", "trouver"),
                    ("learn", "apprendre"),
                    ("choose", "choisir"),
                    ("study", "étudier"),
                    ("sell", "vendre"),
                    ("cook", "cuisiner"),
                    ("hear", "entendre"),
                    ("write", "écrire"),
                    ("bring", "apporter"),
                    ("forget", "oublier"),
                    ("watch", "regarder"),
                    ("wear", "porter"),
                    ("know", "savoir"),
                    ("make", "faire"),
                    ("order", "commander"),
                    ("want to do", "vouloir faire"),
                    ("like to do", "aimer faire"),
                    ("have to do", "devoir faire"),
                    ("want to eat", "vouloir manger"),
                    ("want to drink", "vouloir boire"),
                    ("want to buy", "vouloir acheter"),
                    ("need", "avoir besoin"),
                ]
            )
            head, _, rest = fr.partition(" ")
            v = Verb(en, head, rest)
            state = en.split(" ")[0] in ("want", "prefer", "think", "know", "need", "like", "have")
            tense = rng.choice(["present", "past", "will", "going"] if not state else ["present"])
            if tense == "present" and not state and rng.random() < 0.5:
                tense = "progressive"
            if en == "need":
                en_text, fr_text = (
                    english_clause(subject, v, tense, question=True),
                    french_clause(subject, v, tense, invert=subject.person == 4),
                )
                fr_text = fr_text if subject.person == 4 else f"est-ce que {fr_text}"
                return english.sentence(f"what {en_text}") + "?", join(f"de quoi {fr_text}") + " ?"
            invert = subject.person == 4
            fr_text = french_clause(subject, v, tense, invert=invert)
            en_text = english_clause(subject, v, tense, question=True)
            when = (
                timed(rng, WHEN[tense])
                if tense in ("past", "will", "going") and rng.random() < 0.3
                else ("", "")
            )
            front = "que" if invert else "qu'est-ce que"
            return english.sentence(f"what {en_text} {when[0]}") + "?", join(
                f"{front} {fr_text} {when[1]}"
            ) + " ?"
        if draw < 0.65:
            who = Phrase("who", "qui", person=2)
            v = verb(slots, who)
            tense = rng.choice(["present", "past", "will", "going", "progressive", "can"])
            if v.state:
                tense = "present"
            return english.sentence(english_clause(who, v, tense)) + "?", join(
                french_clause(who, v, tense)
            ) + " ?"
        if draw < 0.85:
            kind = rng.choice(
                ["thing", "animal", "clothes", "family", "person", "food", "book0", "room", "idea"]
            )
            found = slots.both({"noart", "bare"}, kind, many=True, adjective=0)
            lines = [
                ("have", "avoir"),
                ("want", "vouloir"),
                ("buy", "acheter"),
                ("see", "voir"),
                ("need", ""),
            ]
            en, fr = rng.choice(lines[:4])
            tense = (
                "present" if en in ("have", "want") else rng.choice(["past", "going", "present"])
            )
            v = Verb(en, fr, "")
            en_text = english_clause(subject, v, tense, question=True)
            fr_text = french_clause(subject, v, tense, invert=subject.person == 4)
            if (
                tense == "past" and subject.person == 4
            ):  # the participle agrees with what stands before it
                p = next(iter(found.values()))
                done = str(conjugate(fr)["participle"])
                fr_text = fr_text.replace(
                    done, done + "e" * p.fem + "s" * (not done.endswith("s")), 1
                )
            elif tense == "past":
                return self.what()
            fr_text = fr_text if subject.person == 4 else f"est-ce que {fr_text}"
            return (
                english.sentence(f"how many {found['noart'].en} {en_text}") + "?",
                join(f"combien de {found['bare'].fr} {fr_text}") + " ?",
            )
        kind = rng.choice(
            ["thing", "clothes", "book0", "film0", "place", "food", "vehicle", "subject"]
        )
        found = slots.both({"noart", "which"}, kind, many=rng.random() < 0.3, adjective=0)
        v = Verb("prefer", "préférer", "") if rng.random() < 0.5 else Verb("want", "vouloir", "")
        en_text = english_clause(subject, v, "present", question=True)
        fr_text = french_clause(subject, v, "present", invert=subject.person == 4)
        fr_text = fr_text if subject.person == 4 else f"est-ce que {fr_text}"
        return english.sentence(f"which {found['noart'].en} {en_text}") + "?", join(
            f"{found['which'].fr} {fr_text}"
        ) + " ?"
