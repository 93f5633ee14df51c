"""Open clauses: anybody does anything to anything, somewhere, at some time, for some reason.

Questions about them are made by grammar, with another verb of the same meaning half of the time,
so that what a question asks for has to be found by its words, known or never seen.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from recipes.inflection import articles, phrase, plural
from recipes.noise import invented
from recipes.question_answering_values import Values, boxed, short

MOVES = {
    "go": "travel, go, move, set off, walk, drive, return, come back, fly, run, hurry, sail, ride",
    "stay": "stay, wait, live, sleep, work, hide, rest, remain, camp, play, sing, sit, dance",
    "start": "arrive, leave, wake up, disappear, fall ill, get lost, give up, retire, come home",
}
SYNONYMS = [
    {"travel", "go"}, {"return", "come back", "go back"}, {"leave", "set off", "depart"},
    {"stay", "remain"}, {"move", "relocate"}, {"disappear", "vanish"}, {"rest", "relax"},
    {"begin", "start"}, {"hurry", "rush"}, {"give up", "stop trying"}, {"wake up", "get up"},
]  # fmt: skip
FEATURES = "entrance, roof, ceiling, lid, handle, back, front, door, floor, neck, cover, left side"
ROLES = "captain, owner, leader, director, founder, king, hero, guardian, president, author, winner"


@dataclass
class Part:
    """An optional phrase of a clause: its kind, and how it is written, with marks."""

    kind: str
    text: str
    number: int


@dataclass
class Goal:
    """What something is done to.

    Attributes:
        text: As it stands in the text, with marks.
        back: As a question names it.
        many: Whether it is plural.
        questions: For each value in it, questions of which one is asked.
    """

    text: str
    back: str
    many: bool
    questions: list[list[tuple[str, int]]]


class Clauses:
    """Writes open clauses with questions."""

    def __init__(self, values: Values, mark: Callable[[str, str], str]) -> None:
        self.values, self.mark = values, mark
        self.rng: random.Random = values.rng
        rows = values.verbs["same"]["nouns"].strip().splitlines()
        self.same = [row.split(", ") for row in rows]

    def marked(self, value: str, kind: str) -> tuple[str, int]:
        """Mark a value and return it with its number."""
        text = self.mark(value, kind)
        return text, int(re.findall(r"\x02(\d{3})", text)[-1])

    def part(self, kind: str) -> Part:
        """Return an adverbial."""
        rng, values = self.rng, self.values
        value = {
            "where": values.where,
            "hiding": values.hiding,
            "when": values.when,
            "time": lambda: f"at [{values.time()}]",
            "reason": lambda: (
                f"{rng.choice(['because', 'because', 'as', 'since'])} [{short(values.reason())}]"
            ),
            "purpose": values.purpose,
            "company": lambda: f"with [{values.pick('company')}]",
            "means": lambda: f"with [{rng.choice([values.pick('gear'), values.np()])}]",
            "duration": lambda: f"for {boxed(values.duration())}",
        }[kind]()
        text, number = self.marked(value, kind)
        return Part({"hiding": "where"}.get(kind, kind), text, number)

    def parts(self, kinds: list[str], most: int) -> list[Part]:
        """Return some adverbials of different kinds, those of reason last."""
        rng = self.rng
        chosen = rng.sample(kinds, rng.randint(1, min(most, len(kinds))))
        if {"where", "hiding"} <= set(chosen):
            chosen.remove("hiding")
        if {"when", "time"} <= set(chosen):
            chosen.remove("time")
        if {"reason", "purpose"} <= set(chosen):
            chosen.remove("purpose")
        last = ("purpose", "reason")
        return [
            self.part(k) for k in sorted(chosen, key=lambda k: last.index(k) if k in last else -1)
        ]

    def subject(self) -> tuple[str, bool]:
        """Return who does it, and whether that is a name."""
        rng, values = self.rng, self.values
        draw = rng.random()
        if draw < 0.5:
            return short(values.person()) if draw < 0.25 else short(values.first()), True
        if draw < 0.7:
            return f"the {values.job()}", False
        if draw < 0.8:
            return values.np("person", rng.choice(["a", "the"])), False
        if draw < 0.9:
            return f"{values.first()} and {values.first()}", True
        return values.rng.choice([values.org, values.kin])().replace("[", "").replace("]", ""), True

    def swap(self, noun: str) -> str:
        """Return another word for a noun, where there is one."""
        for group in self.same:
            if noun in group and self.rng.random() < 0.3:
                return self.rng.choice(group)
        return noun

    def clause(self) -> tuple[str, list[tuple[str, int]]]:
        """Return a marked sentence and its questions with the numbers of their spans."""
        draw = self.rng.random()
        if draw < 0.6:
            return self.transitive()
        if draw < 0.78:
            return self.intransitive()
        return self.state()

    def join(self, core: str, parts: list[Part]) -> str:
        """Put the adverbials around the core; one may stand in front."""
        rng = self.rng
        front = [p for p in parts if p.kind in ("when", "time", "where", "reason", "purpose")]
        if front and rng.random() < 0.3:
            first = rng.choice(front)
            comma = "," if rng.random() < 0.8 or first.kind == "reason" else ""
            rest = "".join(" " + p.text for p in parts if p is not first)
            return f"{first.text}{comma} {core}{rest}"
        return core + "".join(" " + p.text for p in parts)

    def about(self, parts: list[Part], without: Part | None) -> str:
        """Return the adverbials that a question repeats."""
        kept = [
            re.sub(r"\x02\d{3}|\x03", "", p.text)
            for p in parts
            if p is not without and p.kind in ("where", "when", "time", "company")
        ]
        return "".join(" " + text for text in kept if self.rng.random() < 0.4)

    def ask(
        self, parts: list[Part], did: str, do: str, was: str, who: str
    ) -> list[tuple[str, int]]:
        """Return questions for the adverbials of a clause.

        Args:
            parts: The adverbials.
            did: Active question with its auxiliary: "did Ann find the ring".
            do: The same without the auxiliary's subject, for "What made …": "Ann find the ring".
            was: Passive question, "was the ring found", or "" without one.
            who: "Ann".
        """
        rng, found = self.rng, []
        for part in parts:
            rest = self.about(parts, part)
            body = was if was and rng.random() < 0.35 else did
            words = {
                "where": ["Where", "Where", "Where", "In what place", "At what place"],
                "when": ["When", "When", "When", "When", "At what time", "In what year"],
                "time": ["When", "At what time", "What time"],
                "reason": ["Why", "Why", "Why", "For what reason", "How come"],
                "purpose": ["Why", "Why", "For what purpose"],
                "company": ["With whom", "Who"],
                "means": ["How", "With what", "With the help of what", "What"],
                "duration": ["How long", "How long", "For how long", "How much time"],
            }[part.kind]
            if part.kind == "when" and not re.search(r"\d{4}", part.text):
                words = words[:4]
            word = rng.choice(words)
            question = f"{word} {body}{rest}?"
            if word == "Who" and part.kind == "company":
                question = rng.choice(
                    [f"Who {did} with?", f"Who went with {who}?", f"Who joined {who}?"]
                )
            elif word == "What":
                question = f"What did {who} use to {do}?"
            elif word == "How come":
                question = f"What made {who} {do}?"
            found.append((question, part.number))
        return found

    def whole(self, text: str) -> tuple[str, int]:
        """Mark a text that holds marks already, and return it with its own number."""
        marked = self.mark(f"[{text}]", "task")
        return marked, int(marked[1:4])

    def goal(self, kind: str, verbs: list[str]) -> Goal:
        """Return what something is done to: one thing, some of them or two different ones."""
        rng, values = self.rng, self.values
        noun = invented(rng, False) if rng.random() < 0.2 else rng.choice(values.nouns[kind])
        adj = values.adj() if rng.random() < 0.45 else ""
        inner = f"{adj} {noun}".strip()
        if rng.random() < 0.18 and kind not in ("food", "place"):
            count, number = self.marked(values.n(), "n")
            many = plural(noun)
            asked = [
                (f"How many {many} {{did}} {{who}} {{asked}}{{rest}}?", number),
                (f"How many {many} {{were}} {{done}}{{rest}}?", number),
                (f"How many {many} were there?", number),
                (f"What was the number of {many}?", number),
            ]
            return Goal(f"{count} {f'{adj} {many}'.strip()}", f"the {many}", True, [asked])
        article = rng.choice(["a", "the", "the", "his", "her", "a"])
        color = adj and rng.random() < 0.25
        asked = []
        if color:
            adj = values.pick("colorsplain")
            inner = f"{adj} {noun}"
        plain = articles(f"{article} {inner}")
        extra = ""
        if rng.random() < 0.12:
            extra = f" and {values.np(kind)}"
        elif rng.random() < 0.06:
            extra = f" of {values.city()}"
        text, number = self.marked(plain + extra, kind)
        if color:
            # A value inside a value: the color of the thing is asked for as well.
            shade, inside = self.marked(adj, "color")
            text = text.replace(adj, shade, 1)
            asked = [
                (question.format(noun), inside)
                for question in (
                    "What color was the {}?",
                    "Which color did the {} have?",
                    "What was the color of the {}?",
                    "What color is the {}?",
                )
            ]
        what = "Who" if kind == "person" else "What"
        objects = [(f"{what} {{did}} {{who}} {{asked}}{{rest}}?", number)] * 3
        objects.append((f"{what} {{was}} {{done}} by {{who}}{{rest}}?", number))
        back = rng.choice([f"the {self.swap(noun)}", f"the {noun}", f"the {inner}"])
        return Goal(text, back, bool(extra.startswith(" and")), [objects, asked])

    def transitive(self) -> tuple[str, list[tuple[str, int]]]:
        """Somebody does something to something."""
        rng, values = self.rng, self.values
        kind, verbs = values.verb()
        verb, other = verbs[0], rng.choice(verbs) if rng.random() < 0.7 else verbs[0]
        who, named = self.subject()
        goal = self.goal(kind, verbs)
        kinds = ["where", "when", "time", "reason", "purpose", "company", "means"]
        parts = self.parts(kinds + ["hiding"] * (kind == "thing"), 3)
        subject, number = self.marked(who, "person" if named else "np")
        form = rng.choice(["ed"] * 8 + ["will", "had", "s"])
        if form == "s" and " and " in who:
            form = "ed"
        many = goal.many
        be, did, was = {
            "ed": ("were" if many else "was", "did", "were" if many else "was"),
            "s": ("are" if many else "is", "does", "are" if many else "is"),
            "will": ("will be", "will", "will"),
            "had": ("had been", "had", "had"),
        }[form]
        said = {"will": f"will {verb}", "had": f"had {phrase(verb, 'en')}"}.get(form)
        did_number = -1
        if rng.random() < 0.3:
            core = f"{goal.text} {be} {phrase(verb, 'en')} by {subject}"
        else:
            deed = f"{said or phrase(verb, form)} {goal.text}"
            if form == "ed" and rng.random() < 0.12:
                deed, did_number = self.whole(deed)
            core = f"{subject} {deed}"
        sentence, more = self.join(core, parts), []
        if (
            core.startswith(subject)
            and form == "ed"
            and parts[-1].kind not in ("reason", "purpose")
        ):
            tail, more = self.second(who)
            sentence += tail
        name = who.split(" ")[-1] if named and rng.random() < 0.2 else who
        name = re.sub(r"^an? ", "the ", name)
        asked = phrase(other, "en") if form == "had" else other
        done = {"will": "be ", "had": "been "}.get(form, "") + phrase(other, "en")
        finite = {"will": f"will {other}", "had": f"had {phrase(other, 'en')}"}.get(form)
        finite = finite or phrase(other, form)
        questions = self.ask(
            parts,
            f"{did} {name} {asked} {goal.back}",
            f"{other} {goal.back}",
            f"{was} {goal.back} {done}",
            name,
        )
        rest = self.about(parts, None)
        by_whom = [f"Who {finite} {goal.back}{rest}?"] * 3
        by_whom.append(f"By whom {was} {goal.back} {done}{rest}?")
        by_whom.append(f"Who was it that {finite} {goal.back}?")
        questions.append((rng.choice(by_whom), number))
        if did_number >= 0:
            questions.append((f"What did {name} do{rest}?", did_number))
        filled = {"did": did, "who": name, "asked": asked, "rest": rest, "was": was, "done": done}
        for choices in goal.questions:
            if choices:
                question, answer = rng.choice(choices)
                questions.append((question.format(**filled, were=was), answer))
        return sentence, questions + more

    def second(self, who: str) -> tuple[str, list[tuple[str, int]]]:
        """Return, now and then, a second thing that somebody does: " and sold a boat"."""
        if self.rng.random() > 0.25:
            return "", []
        kind, verbs = self.values.verb()
        thing, number = self.marked(self.values.np(kind, self.rng.choice(["a", "the"])), kind)
        what = "Who" if kind == "person" else "What"
        name = re.sub(r"^an? ", "the ", who)
        asked = [(f"{what} did {name} {self.rng.choice(verbs)}?", number)]
        return f" and {phrase(verbs[0], 'ed')} {thing}", asked

    def intransitive(self) -> tuple[str, list[tuple[str, int]]]:
        """Somebody goes or stays somewhere, or starts something."""
        rng, values = self.rng, self.values
        kind = rng.choice(list(MOVES))
        verb = rng.choice(MOVES[kind].split(", "))
        other = next((rng.choice(sorted(g)) for g in SYNONYMS if verb in g), verb)
        who, _ = self.subject()
        subject, subject_number = self.marked(who, "person")
        name = re.sub(r"^an? ", "the ", who)
        questions: list[tuple[str, int]] = []
        kinds = ["when", "company", "reason", "time", "purpose"]
        core = f"{subject} {phrase(verb, 'ed')}"
        if kind == "go":
            goal, number = self.marked(
                rng.choice([values.city, values.city, values.country])(), "city"
            )
            core += f" to {goal}"
            forms = [f"Where did {name} {other}?", f"Where did {name} {other} to?"]
            forms += [f"What was the goal of {name}?", f"To which place did {name} {other}?"]
            questions.append((rng.choice(forms), number))
            if rng.random() < 0.4:
                vehicle, number = self.marked(values.pick("vehicle"), "vehicle")
                core += f" by {vehicle}"
                forms = [f"How did {name} {other}?", f"How did {name} get there?"]
                forms += [
                    f"By what means did {name} {other}?",
                    f"What did {name} take to get there?",
                ]
                questions.append((rng.choice(forms), number))
        else:
            kinds += ["where"] if kind == "start" else ["where", "duration", "duration"]
        parts = self.parts(list(dict.fromkeys(kinds)), 3)
        rest = self.about(parts, None)
        questions += self.ask(parts, f"did {name} {other}", other, "", name)
        questions.append((f"Who {phrase(other, 'ed')}{rest}?", subject_number))
        return self.join(core, parts), questions

    def state(self) -> tuple[str, list[tuple[str, int]]]:
        """There is something somewhere, somebody is or has something."""
        rng, values = self.rng, self.values
        form = rng.randrange(8)
        noun = invented(rng, False) if rng.random() < 0.2 else values.noun()
        if form == 0:
            n, number = self.marked(values.n(), "n")
            place, spot = self.marked(values.where(), "where")
            many = plural(noun)
            text = rng.choice([f"there are {n} {many} {place}", f"{place} there were {n} {many}"])
            where = re.sub(r"\x02\d{3}|\x03", "", place)
            ask = [f"How many {many} are there?", f"How many {many} are there {where}?"]
            return text, [(rng.choice(ask), number), (f"Where are the {many}?", spot)]
        if form == 1:
            role = rng.choice([values.job(), rng.choice(ROLES.split(", "))])
            who, number = self.marked(values.person(), "person")
            org = rng.choice([f" of the {noun}", f" of {values.org()}", ""])
            text = rng.choice(
                [
                    f"the {role}{org} is {who}",
                    f"{who} is the {role}{org}",
                    f"{who} was the {role}{org}",
                ]
            )
            ask = [
                f"Who is the {role}{org}?",
                f"What is the {role}'s name?",
                f"Who was the {role}?",
            ]
            return text, [(rng.choice(ask), number)]
        if form == 2:
            role = rng.choice([values.job(), rng.choice(ROLES.split(", "))])
            who, number = self.marked(values.person(), "person")
            claim, said = self.marked(values.claim(), "claim")
            text = rng.choice(
                [
                    f"the {role}, {who}, said that {claim}",
                    f"{who}, the {role}, {rng.choice(['believes', 'explained'])} that {claim}",
                    f"according to {who}, the {role}, {claim}",
                    f'"{claim}," said the {role}, {who}',
                ]
            )
            ask = [
                f"Who is the {role}?",
                f"What is the name of the {role}?",
                f"Who was the {role}?",
            ]
            then = [f"What did the {role} say?", f"What does the {role} think?"]
            return text, [(rng.choice(ask), number), (rng.choice(then), said)]
        if form == 3:
            feature = rng.choice(FEATURES.split(", "))
            color, number = self.marked(values.color(), "color")
            stuff, made = self.marked(values.material(), "material")
            text = f"the {feature} of the {noun} was {color} and made of {stuff}"
            ask = [f"What color was the {feature}?", f"What was the color of the {feature}?"]
            then = [f"What was the {feature} made of?", f"What material was the {feature}?"]
            return text, [(rng.choice(ask), number), (rng.choice(then), made)]
        if form == 4:
            one, first = self.marked(values.np(), "thing")
            place, spot = self.marked(values.hiding(), "where")
            verb = rng.choice(["was", "lay", "stood", "hung"])
            text = rng.choice([f"{one} {verb} {place}", f"{place} {verb} {one}"])
            where = re.sub(r"\x02\d{3}|\x03", "", place)
            what = re.sub(r"\x02\d{3}|\x03", "", one)
            what = re.sub(r"^an? ", "the ", what)
            return text, [
                (f"What {verb} {where}?", first),
                (rng.choice([f"Where was {what}?", f"Where could you find {what}?"]), spot),
            ]
        if form == 5:
            giver, taker = values.first(), values.first()
            who, number = self.marked(giver, "person")
            whom, other = self.marked(rng.choice([taker, f"the {values.job()}"]), "person")
            gift, thing = self.marked(values.np(), "thing")
            verb = rng.choice(["give", "sell", "lend", "send", "show", "bring", "offer"])
            text = rng.choice(
                [
                    f"{who} {phrase(verb, 'ed')} {gift} to {whom}",
                    f"{who} {phrase(verb, 'ed')} {whom} {gift}",
                ]
            )
            ask = [(f"What did {giver} {verb} {taker}?", thing)]
            if taker not in text:
                ask = [(f"What did {giver} {verb} away?", thing)]
            ask.append(
                (
                    rng.choice(
                        [f"Who did {giver} {verb} it to?", f"To whom did {giver} {verb} it?"]
                    ),
                    other,
                )
            )
            return text, ask
        if form == 6:
            best = rng.choice(["largest", "oldest", "most popular", "most famous", "smallest"])
            best = rng.choice([best, "best", "most important", "newest", "most expensive", "worst"])
            name, number = self.marked(
                rng.choice([values.np, values.building, values.city])(), "np"
            )
            place = rng.choice(["", f" in {values.city()}", f" of the {values.noun()}"])
            text = rng.choice(
                [f"the {best} {noun}{place} is {name}", f"{name} is the {best} {noun}{place}"]
            )
            ask = [f"What is the {best} {noun}{place}?", f"Which {noun} is the {best}{place}?"]
            return text, [(rng.choice(ask), number)]
        who, number = self.marked(short(values.person()), "person")
        size, long = self.marked(values.length(), "length")
        ask = [f"How long was the {noun}?", f"What was the length of the {noun}?"]
        text = articles(f"{who} owned a {noun} that was {size} long")
        return text, [(rng.choice(ask), long), (f"Who owned the {noun}?", number)]
