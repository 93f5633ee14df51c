"""Words of a text in a form that can be compared: lower case, stems, numbers as digits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Scripts that put no spaces between words (Thai, Japanese, Chinese) are compared by character.
_WORD = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|[^\W_]+(?:'[^\W_]+)*")
_CONTRACTED = re.compile(r"(?:n't|'(?:s|ll|ve|re|d|m))$")

_FUNCTION_WORDS = (
    "a about after all also am an and any are as at be been before but by can could did do does "
    "for from had has have he her him his how i if in into is it its just let me might must "
    "my no nor not of off on or our ours out over shall she should so some than that the their "
    "them then there these they this those to too until up us was we were what when where which "
    "who whom whose why will with would you your yours due ca wo please okay"
)
_IGNORED = frozenset(_FUNCTION_WORDS.split())
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
_UNITS += " fifteen sixteen seventeen eighteen nineteen"
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh"
_ORDINALS += " twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NUMBERS = {word: value for value, word in enumerate(_UNITS.split())}
_NUMBERS |= {word: value for value, word in enumerate(_ORDINALS.split())}
_NUMBERS |= {word: value for value, word in zip(range(20, 100, 10), _TENS, strict=True)}
_NUMBERS |= {word[:-1] + "ieth": value for word, value in list(_NUMBERS.items()) if value >= 20}


def words(text: str) -> list[str]:
    """The words of a text, in lower case, without punctuation."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'").casefold()
    return _WORD.findall(text)


def content(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order: no "the", no "will", no "you"."""
    found: list[str] = []
    tens = False
    for word in words(text):
        word = _CONTRACTED.sub("", word)
        if word in _IGNORED or not word:
            tens = False
            continue
        number = _NUMBERS.get(word)
        if number is not None and tens and 0 < number < 10:  # twenty-five
            found[-1] = str(int(found[-1]) + number)
        else:
            found.append(stem(word) if number is None else str(number))
        tens = number is not None and number >= 20
    return found


def stem(word: str) -> str:
    """A word without its English ending: sends, sending → send; 9th → 9; copied, copies → copi."""
    if word[0].isdigit():
        return re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", word)
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and ending in ("ing", "ed"):
                word = word[:-1]  # planned → plan
            break
    if len(word) > 3 and word[-1] in "ey":
        word = word[:-1] + ("i" if word[-1] == "y" else "")
    return word


def overlap(one: Iterable[str], other: Iterable[str]) -> float:
    """How much two sets of words have in common: 2 · |A ∩ B| / (|A| + |B|), from 0 to 1.

    Two empty sets have everything in common.
    """
    first, second = set(one), set(other)
    if not first and not second:
        return 1.0
    return 2 * len(first & second) / (len(first) + len(second))
