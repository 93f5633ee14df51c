"""Duplicates and near duplicates among rows, found while the rows arrive."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from itertools import pairwise
from typing import Any

# Texts are near duplicates when they share this part of their pairs of neighboring words.
SIMILAR = 0.7
# Texts of fewer words are compared as whole rows only: "Very good." may well come twice.
SHORT = 6


class Seen:
    """The rows so far. A new one is compared with those that could be close to it, not with all.

    Two sets that share at least SIMILAR of their members also share one of the first few members
    in any fixed order; only these few are looked up. So no near duplicate is missed.

    Args:
        fields: Names of the fields that hold text written by a model.
    """

    def __init__(self, fields: Iterable[str] = ()) -> None:
        self.fields = frozenset(fields)
        self._rows: set[bytes] = set()
        self._texts: list[frozenset[int]] = []
        self._places: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Mapping[str, Any]) -> str:
        """Remember a row, unless it is there already.

        Returns:
            "" for a new row; "duplicate" or "near duplicate" for one that was not kept.
        """
        plain = json.dumps(normal(row), sort_keys=True)
        whole = blake2b(plain.encode(), digest_size=16).digest()
        if whole in self._rows:
            return "duplicate"
        text = pairs(" ".join(texts(row, self.fields)))
        first = sorted(text)[: len(text) - int(SIMILAR * len(text)) + 1]
        near = {place for pair in first for place in self._places.get(pair, ())}
        if any(similarity(text, self._texts[place]) >= SIMILAR for place in near):
            return "near duplicate"
        self._rows.add(whole)
        for pair in first:
            self._places.setdefault(pair, []).append(len(self._texts))
        if text:
            self._texts.append(text)
        return ""


def normal(value: Any) -> Any:
    """A value with the case and the white space of its strings made alike."""
    if isinstance(value, str):
        return " ".join(value.casefold().split())
    if isinstance(value, Mapping):
        return {str(key): normal(inner) for key, inner in value.items()}
    return [normal(inner) for inner in value] if isinstance(value, list) else value


def texts(value: Any, fields: frozenset[str], inside: bool = False) -> list[str]:
    """All strings under fields of these names, however deep."""
    if isinstance(value, str):
        return [value] if inside else []
    if isinstance(value, Mapping):
        return [t for k, v in value.items() for t in texts(v, fields, inside or k in fields)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner, fields, inside)]
    return []


def words(text: str) -> list[str]:
    """The words of a text in small letters."""
    return re.findall(r"\w+", text.casefold())


def pairs(text: str) -> frozenset[int]:
    """Hashes of a text's pairs of neighboring words; empty for a short text."""
    found = words(text)
    if len(found) < SHORT:
        return frozenset()
    return frozenset(zlib.crc32(f"{one} {two}".encode()) for one, two in pairwise(found))


def similarity(one: frozenset[int], other: frozenset[int]) -> float:
    """Members that two sets share, as a part of all their members (Jaccard index), 0 to 1."""
    return len(one & other) / len(one | other) if one or other else 1.0
