"""The pages that the bundled base model learns to continue, written by grammar from recipes/data.

Articles on the course's terms and on countries, comparisons, questions with answers, jokes, short
stories, diaries and letters: plain text as it stands in books, without roles and turns. A part of
the pages was written one by one: tales, news, and remarks on one subject.

    python -m recipes.base_data      # prints a few pages
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable

from recipes.chat_dialogues import with_article
from recipes.chat_facts import Facts
from recipes.files import DATA, read
from recipes.written import Sentence, news, sentences


class Pages:
    """Writes pages. One call of `page()` is one document."""

    def __init__(self, seed: int, held_out: bool = False) -> None:
        """Start a stream of pages.

        Args:
            seed: The stream depends on it alone.
            held_out: Whether to take the twentieth part of the written texts that is kept from
                the training.
        """
        self.rng = random.Random(seed)
        self.facts = Facts.load()
        self.prose = read("prose")
        self.terms = list(self.facts.terms.values())
        self.countries = list(self.facts.countries.values())
        self.kinds: dict[Callable[[], str], float] = {
            self.article: 22, self.glossary: 6, self.comparison: 5, self.country: 16,
            self.countries_page: 4, self.questions: 10, self.joke: 5, self.story: 8,
            self.diary: 2, self.letter: 2, self.news: 16, self.tale: 60, self.remarks: 26,
        }  # fmt: skip
        tales = [
            tale
            for path in sorted(DATA.glob("tales*.txt"))
            for tale in path.read_text(encoding="utf-8").strip().split("\n\n")
        ]
        self.tales, self.news_items, self.sentences = (
            [row for i, row in enumerate(rows) if (i % 20 == 0) == held_out]
            for rows in (tales, news(), sentences())
        )
        self.remarked: dict[str, list[Sentence]] = defaultdict(list)
        for sentence in self.sentences:
            self.remarked[sentence.topics[-1]].append(sentence)

    def page(self) -> str:
        """Return one document."""
        return self.rng.choices(list(self.kinds), list(self.kinds.values()))[0]()

    # -- what is known -----------------------------------------------------------------------

    def about(self, term: dict) -> list[str]:
        """Return sentences on a term: what it is, then why and an example in either order."""
        rest = [term["why"], term["example"]]
        self.rng.shuffle(rest)
        return [term["what"], *rest[: self.rng.choice((1, 2, 2))]]

    def heading(self, text: str) -> str:
        """Return nothing, or a title above the text."""
        title = text[0].upper() + text[1:]
        return self.rng.choice(("", "", f"{title}\n\n", f"# {title}\n\n"))

    def article(self) -> str:
        """Write on one term, and on another that stands beside it."""
        rng = self.rng
        term = rng.choice(self.terms)
        sentences = self.about(term)
        if rng.random() < 0.4:
            sentences.append(f"In short: {', '.join(term['points'])}.")
        text = " ".join(sentences)
        if rng.random() < 0.3:
            text += "\n\n" + " ".join(self.about(rng.choice(self.terms)))
        return self.heading(term["name"]) + text

    def glossary(self) -> str:
        """Write a list of terms with their definitions."""
        chosen = self.rng.sample(self.terms, self.rng.randrange(3, 7))
        if self.rng.random() < 0.5:
            chosen.sort(key=lambda term: term["name"].lower())
        mark = self.rng.choice(("- ", "", "* "))
        lines = [f"{mark}{term['name']}: {term['what']}" for term in chosen]
        return self.rng.choice(("Glossary\n\n", "Important terms:\n\n", "")) + "\n".join(lines)

    def comparison(self) -> str:
        pair = self.rng.choice(self.facts.differences)
        return self.heading(f"{pair['a']} and {pair['b']}") + pair["answer"]

    def country(self) -> str:
        """Write on one country: its capital, and what one can do there."""
        rng = self.rng
        country = rng.choice(self.countries)
        name, capital = country["article"] + country["name"], country["capital"]
        one, two, three = rng.sample(country["things"], 3)
        fact = rng.choice(
            (
                f"The capital of {name} is {capital}.",
                f"{capital} is the capital of {name}.",
            )
        )
        visit = rng.choice(
            (
                f"In {capital} you can {one}, {two}, or {three}.",
                f"Visitors can {one}, {two} and {three}.",
                f"Many people come to {capital} to {one}. Others {two} or {three}.",
                f"If you visit {capital}, {one}. You can also {two} or {three}.",
            )
        )
        end = rng.choice(
            ("", "", f" {rng.choice(self.she_or_he())} went there and wrote a letter home.")
        )
        return self.heading(country["name"]) + f"{fact} {visit}{end}"

    def countries_page(self) -> str:
        """Write a list of capitals."""
        chosen = self.rng.sample(self.countries, self.rng.randrange(4, 10))
        style = self.rng.choice(("{c}: {p}", "- {c}: {p}", "The capital of {a}{c} is {p}."))
        lines = [style.format(c=c["name"], a=c["article"], p=c["capital"]) for c in chosen]
        return self.rng.choice(("Capitals\n\n", "")) + "\n".join(lines)

    def questions(self) -> str:
        """Write questions with their answers, as on a page of frequent questions."""
        rng, pairs = self.rng, []
        for _ in range(rng.randrange(2, 6)):
            if rng.random() < 0.6:
                term = rng.choice(self.terms)
                asked = f"{term['article']} {term['name']}".strip()
                pairs.append((f"What is {asked}?", term["what"]))
            else:
                country = rng.choice(self.countries)
                name = country["article"] + country["name"]
                pairs.append((f"What is the capital of {name}?", f"{country['capital']}."))
        one, two = rng.choice((("Question: ", "Answer: "), ("Q: ", "A: "), ("", "")))
        return "\n\n".join(f"{one}{question}\n{two}{answer}" for question, answer in pairs)

    def joke(self) -> str:
        joke = self.rng.choice(self.facts.jokes)
        heads = ("", "", f"A joke about {joke['topic']}:\n\n", "Joke of the day: ")
        return self.rng.choice(heads) + joke["text"]

    # -- what is made up ---------------------------------------------------------------------

    def she_or_he(self) -> list[str]:
        return self.prose[self.rng.choice(("she", "he"))]

    def slots(self) -> dict[str, str]:
        """Draw who and what one text is about; the same all through it."""
        rng, words = self.rng, self.facts.words
        kind, other = rng.choice(("she", "he")), rng.choice(("she", "he"))
        name = rng.choice(self.prose[kind])
        friend = rng.choice([n for n in self.prose[other] if n != name])
        thing, job = rng.choice(self.prose["things"]), rng.choice(words["jobs"])
        forms = {"she": ("she", "her", "her"), "he": ("he", "him", "his")}
        he, him, his = forms[kind]
        return {
            "name": name, "friend": friend, "friend_him": forms[other][1],
            "he": he, "him": him, "his": his, "He": he.capitalize(), "His": his.capitalize(),
            "thing": with_article(thing), "the_thing": f"the {thing}",
            "animal": rng.choice(words["animals"]), "food": rng.choice(words["foods"]),
            "job": with_article(job), "job_bare": job, "city": rng.choice(words["cities"]),
            "color": rng.choice(words["colors"][:20]), "hobby": rng.choice(words["hobbies"]),
            "hobby_ing": rng.choice(words["hobbies"]),
            "clock": rng.choice(("six", "seven", "half past seven", "eight", "nine", "ten")),
        }  # fmt: skip

    def fill(self, sentences: list[str], slots: dict[str, str]) -> str:
        """Fill the slots of sentences, put "an" before vowels, and join them."""
        parts: list[str] = []
        for sentence in sentences:
            text = sentence.format_map(slots)
            text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
            parts.append(text[0].upper() + text[1:])
        return " ".join(parts)

    def story(self) -> str:
        """Tell a short story: who, what is wanted, what goes wrong, how it ends."""
        rng, prose = self.rng, self.prose
        order = [
            ("opening", 1), ("trait", rng.choice((0, 1, 2))), ("wish", 1), ("trouble", 1),
            ("attempt", rng.choice((1, 2, 3))), ("ending", rng.choice((1, 1, 2))),
        ]  # fmt: skip
        slots = self.slots()
        sentences = [s for key, count in order for s in rng.sample(prose[key], count)]
        # An opening that names nobody is told of its first sentence's animal.
        if "{name}" not in sentences[0]:
            sentences[0] += " {name} knew about it."
        text = self.fill(sentences, slots)
        return self.heading(f"The story of {slots['name']}") + text

    def diary(self) -> str:
        sentences = self.rng.sample(self.prose["diary"], self.rng.randrange(4, 9))
        return self.fill(sentences, self.slots())

    def letter(self) -> str:
        rng, prose, slots = self.rng, self.prose, self.slots()
        sentences = rng.sample(prose["letter"], rng.randrange(3, 7))
        body = self.fill([rng.choice(prose["letter_open"]), *sentences], slots)
        return f"{body} {rng.choice(prose['letter_close']).format_map(slots)}"

    # -- what was written one by one -------------------------------------------------------------

    def tale(self) -> str:
        return self.rng.choice(self.tales)

    def news(self) -> str:
        return self.rng.choice(self.news_items).text

    def remarks(self) -> str:
        """Put a few sentences on one subject together."""
        group = self.remarked[self.rng.choice(self.sentences).topics[-1]]
        chosen = self.rng.sample(group, min(len(group), self.rng.randrange(1, 5)))
        return " ".join(self.rng.choice((s.text, s.again)) for s in chosen)


if __name__ == "__main__":
    pages = Pages(0)
    for _ in range(14):
        print(pages.page(), end="\n\n" + "-" * 40 + "\n\n")
