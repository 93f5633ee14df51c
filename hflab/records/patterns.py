"""Strings that match a pattern, by a walk through the grammar that would constrain a model."""

from __future__ import annotations

import json
import re
from functools import cache
from random import Random

import llguidance
import numpy as np

from hflab.errors import ParameterError
from hflab.records.schema import Schema

# How likely the walk ends where the pattern allows it, and where it has to.
_STOP = 0.35
_LONGEST = 400


@cache
def _bytes() -> llguidance.LLTokenizer:
    """A tokenizer whose tokens are the 256 bytes."""
    return llguidance.LLTokenizer("byte")


@cache
def _grammar(schema: str) -> llguidance.LLMatcher:
    grammar = llguidance.LLMatcher.grammar_from_json_schema(schema)
    matcher = llguidance.LLMatcher(_bytes(), grammar, log_level=0)
    if matcher.is_error():
        raise ParameterError(
            f"The pattern {json.loads(schema)['pattern']!r} can't be generated.",
            f"The grammar engine says: {matcher.get_error().splitlines()[0]}",
            "Write it with plain classes, groups and counts; no look-ahead, no back-references.",
        )
    return matcher


def check(schema: Schema) -> None:
    """Refuse a pattern that can't be generated.

    Raises:
        ParameterError: It uses look-ahead, back-references or the like.
    """
    try:
        re.compile(schema["pattern"])
    except re.error as error:
        raise ParameterError(
            f"The pattern {schema['pattern']!r} is no regular expression.",
            f"Python says: {error}.",
            "Correct it; every row is checked by it.",
        ) from None
    _grammar(_of(schema))


def draw(schema: Schema, rng: Random) -> str:
    """A string that matches `pattern` and keeps to `minLength` and `maxLength`, from a seed."""
    matcher = _grammar(_of(schema)).deep_copy()
    written = bytearray()
    while not matcher.is_stopped():
        mask = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), np.uint8), bitorder="little")
        allowed = np.flatnonzero(mask)
        ending = allowed[allowed >= 256]
        quote = allowed[allowed == ord('"')]
        # Plain characters where there is a choice: no escapes, no control or foreign bytes.
        plain = allowed[(allowed >= 32) & (allowed < 127) & (allowed != 34) & (allowed != 92)]
        if quote.size and (
            not plain.size or not written or len(written) > _LONGEST or rng.random() < _STOP
        ):
            token = int(quote[0])
        elif plain.size:
            token = int(plain[rng.randrange(plain.size)])
        elif ending.size:
            break
        else:
            token = int(allowed[rng.randrange(allowed.size)])
        matcher.consume_token(token)
        written.append(token)
    return str(json.loads(written.decode("utf-8", "replace")))


def _of(schema: Schema) -> str:
    kept = {key: schema[key] for key in ("pattern", "minLength", "maxLength") if key in schema}
    # A pattern may match anywhere in the text; without need, nothing stands around the match.
    if len(kept) == 1 and not schema["pattern"].startswith("^"):
        kept["pattern"] = f"^(?:{schema['pattern'].removesuffix('$')})$"
    return json.dumps({"type": "string", **kept}, sort_keys=True)
