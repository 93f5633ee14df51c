"""How people type: lower case, typos, openers and chatter around a question; and invented words."""

from __future__ import annotations

import random

#: A question that begins with one of these goes on in lower case after "Hey," and the like.
STARTERS = frozenset(
    [
        *("what", "which", "how", "who", "where", "when", "why", "can", "could", "would", "will"),
        *("do", "does", "did", "is", "are", "am", "has", "have", "should", "may", "might", "any"),
        *("tell", "give", "show", "explain", "define", "name", "list", "say", "describe", "help"),
        *("my", "the", "in", "please", "let's", "remind"),
    ]
)
ONSETS = (
    "b c d f g h j k l m n p r s t v w x y z br ch cl dr fl gr kr pl qu sh st th tr zh".split()  # noqa: SIM905
)
VOWELS = "a e i o u ai ee ia oo ou ae y io".split()  # noqa: SIM905
CODAS = ["", "", "", "n", "r", "s", "l", "x", "m", "k", "t", "th", "nd", "rn", "lt", "sk"]


class Noise:
    """Turns a clean phrasing into what people type: lower case, typos, openers, chatter."""

    def __init__(self, rng: random.Random, words: dict[str, list]) -> None:
        """Draw from rng; openers, closers, filler and known typos come from words."""
        self.rng, self.words = rng, words

    def typo(self, word: str) -> str:
        """Return the word with one slip of the finger."""
        known = self.words["typos"].get(word.lower())
        if known and self.rng.random() < 0.6:
            return self.rng.choice(known)
        if len(word) < 4:
            return word
        i = self.rng.randrange(1, len(word) - 1)
        kind = self.rng.randrange(3)
        if kind == 0:
            return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        return word[:i] + word[i + 1 :] if kind == 1 else word[:i] + word[i] + word[i:]

    def blur(self, frame: str, rate: float = 0.3) -> str:
        """Return a frame with typos or dropped words now and then; slots stay whole."""
        if self.rng.random() > rate:
            return frame
        parts = frame.split(" ")
        for _ in range(self.rng.choice((1, 1, 2))):
            free = [i for i, part in enumerate(parts) if part.strip(".,?!").isalpha()]
            if not free:
                break
            i = self.rng.choice(free)
            if self.rng.random() < 0.3 and len(free) > 3:
                del parts[i]
            else:
                parts[i] = self.typo(parts[i])
        return " ".join(parts)

    def around(self, question: str) -> str:
        """Return the question with chatter before and after it."""
        rng, before, after = self.rng, [], []
        while rng.random() < 0.12 and len(before) < 3:
            before.append(rng.choice(self.words["filler"]))
        if rng.random() < 0.2:
            opener = rng.choice(self.words["openers"])
            if opener[-1] not in ".!?" and question.split(" ")[0].lower() in STARTERS:
                question = question[0].lower() + question[1:]
            before.append(opener)
        if rng.random() < 0.12:
            after.append(rng.choice(self.words["closers"]))
        if rng.random() < 0.06:
            after.append(rng.choice(self.words["filler"]))
        return " ".join([*before, question, *after])

    def casual(self, text: str, rate: float = 1.0) -> str:
        """Return the text in lower case or without its final mark, as most people type."""
        draw = self.rng.random() / rate
        if draw < 0.28:
            text = text.lower()
        elif draw < 0.30:
            text = text.upper()
        if self.rng.random() < 0.35 * rate:
            text = text.rstrip(".?! ")
        if self.rng.random() < 0.2:
            text = text.replace("'", "")
        return text or "?"


def invented(rng: random.Random, capital: bool = True) -> str:
    """Return a word that nobody has seen: two to four random syllables."""
    word = "".join(
        rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)
        for _ in range(rng.choice((1, 2, 2, 3)))
    )
    return word.capitalize() if capital else word
