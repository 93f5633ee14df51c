"""Replies as texts: how long they may be, read from JSON, ended well where they were cut off."""

from __future__ import annotations

import json
import re
from typing import Any

from hflab.errors import ParameterError
from hflab.records.schema import Schema, validator

# Characters of a text where the schema sets no limit, and the most that one reply may take.
USUAL, LONGEST = 240, 4000
_SENTENCE = re.compile(r"^.*[.!?…][\"')\]]*(?=\s|$)", re.DOTALL)
_FENCE = re.compile(r"^\s*```\w*\s*\n(.*?)\n?\s*```\s*$", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]+")


def limits(schema: Schema) -> tuple[int, int]:
    """Fewest and most characters of a text; an empty one is asked for only where it must be."""
    low = max(int(schema.get("minLength", 1)), 1)
    high = int(schema.get("maxLength", max(USUAL, 2 * low)))
    return min(low, high), min(high, max(LONGEST, low))


def read_reply(reply: str, schema: Schema) -> str | None:
    """The text in a reply, without fences and quotes; None if it doesn't fit the schema."""
    fence = _FENCE.match(reply)
    reply = (fence[1] if fence else reply).strip()
    value: Any = reply
    if reply.startswith(('"', "{", "[")):
        try:
            value = json.loads(reply)
        except ValueError:
            return None  # meant as JSON, and broken
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    if not isinstance(value, str):
        return None
    text = tidy(value, schema)
    return text if text and validator(schema).is_valid(text) else None


def close(written: str, schema: Schema) -> str | None:
    """The text of a JSON string that may be cut off; None if what there is doesn't fit."""
    try:
        text, cut = str(json.loads(written)), False
    except ValueError:
        body = re.sub(r"\\(u[0-9a-fA-F]{0,3})?$", "", written.rstrip("\ufffd"))
        try:
            text, cut = str(json.loads(body + '"')), True
        except ValueError:
            return None
    text = tidy(text, schema, cut=cut)
    return text if validator(schema).is_valid(text) else None


def tidy(text: str, schema: Schema, *, cut: bool = False) -> str:
    """Text on one line; where it was cut, it ends with its last whole sentence or else word."""
    low, high = limits(schema)
    clean = re.sub(r"\s+", " ", _CONTROL.sub(" ", text)).strip()
    if cut or (len(text) >= high and not clean.endswith((".", "!", "?", "…", '"', "'", ")"))):
        sentence = _SENTENCE.match(clean)
        words = clean.rsplit(" ", 1)[0].rstrip(" ,;:-–(")
        for shorter in (sentence[0] if sentence else "", words):
            if len(shorter) >= max(low, high // 3):
                return shorter
        return words if len(words) >= low else clean
    return clean


def impossible(low: int, high: int) -> ParameterError | None:
    """The error for limits of a text that no reply can keep to."""
    if low <= high and low <= LONGEST:
        return None
    return ParameterError(
        f"A text of {low} to {high} characters can't be written.",
        f"The least is above the most, or above the {LONGEST} that one reply may take.",
        "Change minLength or maxLength.",
    )
