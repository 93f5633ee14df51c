"""What a schema asks for, looked over before any work: patterns, sizes, numbers within reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hflab.errors import ParameterError
from hflab.records import patterns
from hflab.records.drawing import is_text
from hflab.records.replies import impossible, limits
from hflab.records.schema import NOTES, Schema, unsupported

# Items of one list, and size of a number: above, a record is no record any more.
_MOST_ITEMS = 1000
_LARGEST = 1e18


def check_limits(plan: Schema) -> None:
    """Refuse what would fail, or never end, while records are made.

    A branch of `anyOf` whose pattern can't be generated is dropped if others are left, and so is
    plain text beside a number.

    Args:
        plan: From `hflab.records.schema.prepare`; changed in place.

    Raises:
        ParameterError: The schema asks for something that can't be made; the text says where.
    """
    for field, node in _nodes(plan, ""):
        where = field or "the top"
        if node.get("minItems", 0) > _MOST_ITEMS:
            raise unsupported(f"minItems above {_MOST_ITEMS}", where)
        for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
            if abs(node.get(keyword, 0)) > _LARGEST:
                raise unsupported(f"{keyword} above {_LARGEST:g}", where)
        if "anyOf" in node:
            node["anyOf"] = _possible(node["anyOf"])
        elif "pattern" in node and node.get("type") == "string":
            patterns.check(node)
        elif is_text(node, field) and (error := impossible(*_asked(node))):
            raise error


def _asked(node: Schema) -> tuple[int, int]:
    low = int(node.get("minLength", 0))
    return low, int(node.get("maxLength", max(low, limits(node)[1])))


def _possible(branches: list[Schema]) -> list[Schema]:
    left, refused = [], None
    for branch in branches:
        try:
            if "pattern" in branch:
                patterns.check(branch)
            left.append(branch)
        except ParameterError as error:
            refused = error
    if refused and all(branch.get("type") == "null" for branch in left):
        raise refused
    if any(branch.get("type") in ("number", "integer") for branch in left):
        # How pydantic spells a decimal: a number, or that number as text. Free text is not meant.
        left = [b for b in left if b.get("type") != "string" or b.keys() - {"type", *NOTES}]
    return left


def _nodes(node: Schema, field: str) -> Iterator[tuple[str, Schema]]:
    yield field, node
    inner: list[tuple[str, Any]] = [*node.get("properties", {}).items()]
    inner += [(field, each) for key in ("anyOf", "prefixItems") for each in node.get(key, ())]
    inner += [(field, node["items"])] if isinstance(node.get("items"), dict) else []
    for name, each in inner:
        yield from _nodes(each, name)
