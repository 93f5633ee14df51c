"""Rough questions made from any sentence: a phrase is left out, and the rest asks for it.

"The bridge was closed in 1974 because its cables had snapped." → "Why bridge closed 1974?"
Nobody asks like that, but it shows a small model where the phrases of real sentences begin and
end, and that the answer is what the question does not say.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from recipes.question_answering_values import MONTHS, SMALL, TEENS, TENS

NUMBER = rf"(?:\d[\d,.]*\d|\d|(?:{'|'.join(TENS)})(?:-\w+)?|{'|'.join(SMALL + TEENS)})"
TIMES = "years|months|weeks|days|hours|minutes|seconds"
LENGTHS = "meters|kilometers|miles|feet|centimeters|metres|kilometres|inches"
STOP = (
    r"(?=[,.;:]| (?:and|when|where|that|which|who|to|for|with|in|of|at|is|was|were|had|has|from)\b)"
)
COINS = "dollars|euros|pounds|francs|crowns"
NOUNS = r"(?:[a-z-]+ ){0,2}[a-z-]+"


@dataclass(frozen=True)
class Rule:
    """A kind of phrase: its pattern, whose first group is the answer, and words that ask for it."""

    pattern: re.Pattern[str]
    asking: tuple[str, ...]


def rule(pattern: str, *asking: str) -> Rule:
    """Return a rule; {2} in the asking words stands for the pattern's second group."""
    return Rule(re.compile(pattern), asking)


RULES = (
    rule(r"\b(?:because|since) ([a-z][^,.;]+)", "Why", "For what reason"),
    rule(r"\b(?:in order )?(to [a-z]+ [^,.;]{4,30})(?=[,.;])", "Why", "For what", "What"),
    rule(r"\b(1[4-9]\d\d|20[0-2]\d)\b", "When", "In which year", "In what year"),
    rule(rf"\b(\d{{1,2}} (?:{MONTHS.replace(' ', '|')})(?: \d{{4}})?)", "When", "On what date"),
    rule(rf"\b((?:{MONTHS.replace(' ', '|')}) \d{{1,2}})\b", "When", "On what date"),
    rule(rf"\b({NUMBER}) ([a-z]+s)\b", "How many {2}", "How many {2}", "How many"),
    rule(rf"\b({NUMBER} (?:{TIMES}))\b", "How long", "How much time", "For how long"),
    rule(rf"\b({NUMBER} (?:{LENGTHS}))\b", "How far", "How long", "How high", "What distance"),
    rule(rf"([$€£]\d[\d,.]*\d|\b{NUMBER} (?:million )?(?:{COINS}))", "How much", "What price"),
    rule(r"\b(?:in|at|from|near|to) ([A-Z][\w'-]+(?: [A-Z][\w'-]+)*)", "Where", "In what place"),
    rule(r"\b(?:by|named|called) ([A-Z][\w'-]+(?: [A-Z][\w'-]+)*)", "Who", "By whom"),
    rule(r"(?<=[a-z,] )([A-Z][\w'-]+ [A-Z][\w'-]+)", "Who", "What", "Who"),
    rule(rf"\b(?:in|on|at|under|behind|above) ((?:the|a|an|his|her|its) {NOUNS}){STOP}", "Where"),
    rule(rf"\b((?:near|under|behind|beside|above|between) (?:the|a|an) {NOUNS}){STOP}", "Where"),
    rule(rf"\bby ((?:the|a|an) {NOUNS}){STOP}", "Who", "By whom", "What"),
    rule(rf"\b(?:with|of|from) ((?:a|an|the) {NOUNS}){STOP}", "What", "With what"),
    rule(rf"(?<=[a-z] )((?:a|an|the|his|her|its) {NOUNS}){STOP}", "What"),
    rule(rf"^((?:The|A|An|His|Her|Its) {NOUNS})(?= (?:is|was|were|had|has|will)\b)", "What", "Who"),
    rule(r"\b([a-z]+(?:, [a-z]+)+ and [a-z]+)", "What", "Which things"),
)  # fmt: skip


def gap(rng: random.Random, sentence: str) -> tuple[str, int, int] | None:
    """Return a rough question about a sentence, with start and end of its answer.

    Args:
        rng: For every choice.
        sentence: One sentence.

    Returns:
        Question, start and end; None if nothing in the sentence can be asked for.
    """
    for chosen in rng.sample(RULES, len(RULES)):
        found = list(chosen.pattern.finditer(sentence))
        if not found:
            continue
        match = rng.choice(found)
        start, end = match.span(1)
        asking = rng.choice(chosen.asking)
        if "{2}" in asking:
            asking = asking.replace("{2}", match[2])
        rest = re.findall(r"[\w'-]+", f"{sentence[:start]} {sentence[end:]}")
        share = rng.uniform(0.1, 0.6)
        words = [word for word in rest if rng.random() > share]
        if words:
            return f"{asking} {' '.join(words)}?", start, end
    return None
