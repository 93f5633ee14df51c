"""Generation parameters: names and values checked before the first token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from math import inf
from numbers import Integral, Real
from typing import Any

from transformers import GenerationConfig

from hflab.errors import ParameterError

# What else `model.generate` takes, beside the fields of GenerationConfig.
_OTHERS = {
    "assistant_model",
    "assistant_tokenizer",
    "logits_processor",
    "prefix_allowed_tokens_fn",
    "stopping_criteria",
}
# Fields that would change what comes back: a stream is one text.
_REFUSED = {
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_logits",
    "output_scores",
    "return_dict_in_generate",
    "transformers_version",
}
# Words of other libraries, and what to write instead.
_ELSEWHERE = {
    "frequency_penalty": "Use repetition_penalty=1.1 or so.",
    "max_length": "Use max_new_tokens, which doesn't count the prompt.",
    "max_tokens": "Use max_new_tokens.",
    "presence_penalty": "Use repetition_penalty=1.1 or so.",
    "seed": "Call torch.manual_seed(seed) before.",
    "stop": 'Use stop_strings=["..."].',
    "streamer": "Leave it out: stream() yields the text piece by piece.",
}
_Rule = tuple[type, Callable[[Any], bool], str]
_COUNT: _Rule = (Integral, lambda v: v >= 1, "a whole number of at least 1")
_FROM_ZERO: _Rule = (Integral, lambda v: v >= 0, "a whole number, 0 or more (0 switches it off)")
_POSITIVE: _Rule = (Real, lambda v: 0 < v < inf, "a number above 0")
_SHARE: _Rule = (Real, lambda v: 0 < v <= 1, "a number above 0 and at most 1")
_RULES: dict[str, _Rule] = {
    "max_new_tokens": _COUNT,
    "min_new_tokens": _FROM_ZERO,
    "num_beams": _COUNT,
    "temperature": _POSITIVE,
    "top_k": _FROM_ZERO,
    "top_p": _SHARE,
    "typical_p": _SHARE,
    "min_p": (Real, lambda v: 0 <= v <= 1, "a number between 0 and 1"),
    "repetition_penalty": _POSITIVE,
    "no_repeat_ngram_size": _FROM_ZERO,
    "max_time": _POSITIVE,
}


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Refuse names that `model.generate` doesn't know and values that can't work.

    None stands for the model's own default, except for `max_new_tokens`.

    Raises:
        ParameterError: The first wrong name or value, and what to write instead.
    """
    for name, value in parameters.items():
        if name not in _names():
            raise _unknown(name)
        if value is None and name != "max_new_tokens":
            continue
        if name == "do_sample" and not isinstance(value, bool):
            raise _wrong(name, value, "True or False")
        if name == "stop_strings":
            strings = [value] if isinstance(value, str) else value
            if not isinstance(strings, list | tuple) or not strings:
                raise _wrong(name, value, "a string or a list of strings")
            if not all(isinstance(s, str) and s for s in strings):
                raise _wrong(name, value, "strings that aren't empty")
        if name in _RULES:
            kind, test, words = _RULES[name]
            if isinstance(value, bool) or not isinstance(value, kind) or not test(value):
                raise _wrong(name, value, words)


@cache
def _names() -> frozenset[str]:
    fields = {name for name in vars(GenerationConfig()) if not name.startswith("_")}
    return frozenset(fields - _REFUSED - {"max_length"} | _OTHERS)


def _unknown(name: str) -> ParameterError:
    close = get_close_matches(name, _names(), n=1, cutoff=0.7)
    remedy = (
        f"Did you mean {close[0]}?" if close else "See the transformers docs on GenerationConfig."
    )
    if name in _REFUSED:
        remedy = "For that, call model.generate yourself."
    return ParameterError(
        what=f"{name} is not a parameter here.",
        why="A name that nothing reads would be ignored without a word.",
        remedy=_ELSEWHERE.get(name, remedy),
    )


def _wrong(name: str, value: object, expected: str) -> ParameterError:
    remedy = f"Give {name} a value in that range, or leave it out."
    if name == "temperature" and isinstance(value, Real) and value == 0:
        remedy = "For the most likely token every time, write do_sample=False."
    return ParameterError(
        what=f"{name}={value!r} can't work.", why=f"It must be {expected}.", remedy=remedy
    )
