"""How good made-up rows are: valid, different, varied; measured, and printed as a short table."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

import numpy as np

from hflab.errors import ParameterError
from hflab.records.duplicates import SHORT, Seen, texts, words
from hflab.records.schema import validator
from hflab.records.spec import read_spec

# Comparing each text with all others takes the square of their number; so many are compared.
_COMPARED = 2000


@dataclass(frozen=True)
class Field:
    """What was measured of one field.

    Attributes:
        distinct: Different values, as a share of all; 1 if no two are the same.
        entropy: Bits that a value tells, on average; 0 if all are the same, log2(rows) at most.
    """

    distinct: float
    entropy: float


@dataclass(frozen=True)
class Quality:
    """What was measured of rows.

    Attributes:
        rows: How many.
        valid: Share that fits the schema; None without a schema.
        duplicates: Rows that an earlier one equals, case and white space apart.
        near_duplicates: Rows whose texts share most pairs of words with an earlier row's.
        fields: For each field, its distinct share and its entropy.
        nearest: Distance of a text to the nearest other: 0 the same words, 1 no word in common.
            Mean and least over the rows; None with fewer than two texts.
    """

    rows: int
    valid: float | None
    duplicates: int
    near_duplicates: int
    fields: dict[str, Field] = field(default_factory=dict)
    nearest: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """All figures, as JSON can hold them."""
        figures = asdict(self)
        figures["nearest"] = list(self.nearest) if self.nearest else None
        return figures

    def __str__(self) -> str:
        head = [("rows", f"{self.rows:,}")]
        if self.valid is not None:
            head.append(("valid", f"{self.valid:.1%}"))
        head.append(("duplicates", f"{self.duplicates:,}"))
        head.append(("near duplicates", f"{self.near_duplicates:,}"))
        if self.nearest:
            head.append(("nearest text", f"{self.nearest[0]:.2f} on average"))
            head.append(("", f"{self.nearest[1]:.2f} at least"))
        width = max([15, *map(len, self.fields)])
        lines = [f"{name:<{width}}  {value}" for name, value in head]
        lines += ["", f"{'field':<{width}}  distinct  entropy (bits)"]
        lines += [
            f"{name:<{width}}  {each.distinct:>8.1%}  {each.entropy:>7.2f}"
            for name, each in self.fields.items()
        ]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def quality(rows: Iterable[Mapping[str, Any]], spec: Any = None) -> Quality:
    """Measure rows.

    Args:
        rows: From `generate_records`, or any others.
        spec: What they were made by, as for `generate_records`; without it nothing is said about
            validity, and every string of several words counts as text.

    Returns:
        The figures; they print as a table.

    Raises:
        ParameterError: There are no rows, or something else than dicts; or the spec can't work.
    """
    rows = list(rows)
    if not rows or not all(isinstance(row, Mapping) for row in rows):
        raise ParameterError(
            "There is nothing to measure.",
            "Expected rows as dicts, at least one.",
            'Try quality(hflab.generate_records("product-reviews", 20)).',
        )
    valid, fields = None, _text_like(rows)
    if spec is not None:
        found = read_spec(spec)
        check = validator(found.schema)
        valid = sum(check.is_valid(dict(row)) for row in rows) / len(rows)
        fields = set(found.text_fields)
    seen = Seen(fields)
    verdicts = Counter(seen.add(row) for row in rows)
    names = dict.fromkeys(name for row in rows for name in row)
    return Quality(
        rows=len(rows),
        valid=valid,
        duplicates=verdicts["duplicate"],
        near_duplicates=verdicts["near duplicate"],
        fields={name: _measure([row.get(name) for row in rows]) for name in names},
        nearest=_nearest([" ".join(texts(row, frozenset(fields))) for row in rows]),
    )


def _text_like(rows: list[Mapping[str, Any]]) -> set[str]:
    """Fields whose strings are long enough to be compared word by word."""
    return {
        name
        for row in rows
        for name, value in row.items()
        if isinstance(value, str) and len(words(value)) >= SHORT
    }


def _measure(values: list[Any]) -> Field:
    counts = Counter(json.dumps(value, sort_keys=True, default=str) for value in values)
    shares = [count / len(values) for count in counts.values()]
    entropy = -sum(share * math.log2(share) for share in shares)
    return Field(round(len(counts) / len(values), 4), round(abs(entropy), 4))


def _nearest(found: list[str]) -> tuple[float, float] | None:
    """Mean and least distance (1 - Jaccard index of the words) of a text to its nearest other."""
    sets = [set(words(text)) for text in found[:_COMPARED]]
    sets = [each for each in sets if each]
    if len(sets) < 2:
        return None
    place = {word: n for n, word in enumerate(sorted(set().union(*sets)))}
    has = np.zeros((len(sets), len(place)), dtype=np.float32)
    for n, each in enumerate(sets):
        has[n, [place[word] for word in each]] = 1
    shared = has @ has.T
    sizes = has.sum(axis=1)
    likeness = shared / (sizes[:, None] + sizes[None, :] - shared)
    np.fill_diagonal(likeness, 0)
    distances = 1 - likeness.max(axis=1)
    return round(float(distances.mean()), 4), round(float(distances.min()), 4)
