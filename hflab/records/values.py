"""Lists of names, places and things to draw values from, and which fields they are for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from hflab.errors import ParameterError

_HOLE = re.compile(r"\{([^{}]+)\}")


@cache
def _tables() -> dict[str, Any]:
    text = (Path(__file__).parent / "values.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def known_list(field: str) -> str | None:
    """The list for a field by its name alone: "firstName" → "first_name"; None for most names."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[\s-]+", "_", field).lower()
    found: str | None = _tables()["fields"].get(words)
    return found


def draw_value(name: str, record: Mapping[str, Any], rng: Random) -> str:
    """A value from a list.

    Args:
        name: A list of values.toml, as in "city". A hole takes a field of the record that was
            drawn before: "product.{category}".
        record: The fields drawn so far.
        rng: Where chance comes from.

    Raises:
        ParameterError: There is no such list.
    """
    path = _HOLE.sub(lambda hole: str(record.get(hole[1], "")), name)
    values: Any = _tables()
    for part in path.split(".", 1):
        values = values.get(part) if isinstance(values, dict) else None
    if not isinstance(values, list):
        lists = [key for key, value in _tables().items() if isinstance(value, list)]
        raise ParameterError(
            f"There is no list of values {path!r}.",
            f"x-values names one of hflab's lists: {', '.join(lists)}.",
            "Use one of these, or write the values themselves with enum.",
        )
    # A value may be put together from others: "{first_name} {last_name}".
    return _HOLE.sub(lambda hole: draw_value(hole[1], record, rng), str(rng.choice(values)))
