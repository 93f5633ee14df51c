"""Values that a schema determines, drawn by chance from a seed: all but free text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from jsonschema import Draft202012Validator

from hflab.errors import ParameterError
from hflab.records import patterns, strings, values
from hflab.records.schema import Schema, validator

_TRIES = 200
_NULL_SHARE = 0.15
_NULL: Schema = {"type": "null"}


@dataclass(frozen=True)
class Slot:
    """A place in a record where the model writes text.

    Attributes:
        path: Keys and indices that lead there.
        schema: What may stand there.
    """

    path: tuple[str | int, ...]
    schema: Schema

    @property
    def name(self) -> str:
        """The path as a field's name: `items[0].note`."""
        text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path)
        return text.removeprefix(".")


class Unwritten:
    """Stands in a record where text is still to be written."""


UNWRITTEN = Unwritten()


def draw(schema: Schema, rng: Random) -> tuple[dict[str, Any], list[Slot]]:
    """Draw one record.

    Args:
        schema: From `hflab.records.schema.prepare`.
        rng: Where chance comes from.

    Returns:
        The record, with UNWRITTEN in place of texts, and the slots of these texts in order.

    Raises:
        ParameterError: Nothing was found that fits a field.
    """
    slots: list[Slot] = []
    return _Drawing(rng, slots).object(schema, ()), slots


def is_text(schema: Schema, field: str = "") -> bool:
    """Whether the model writes this value: a string that nothing but its length limits."""
    if schema.get("type") != "string" or schema.keys() & {"enum", "const", "pattern", "format"}:
        return False
    return "x-values" not in schema and not _from_list(schema, field)


def _from_list(schema: Schema, field: str) -> str | None:
    """The list for a short string with a telling name; none where long text is wanted."""
    name = values.known_list(field)
    short = schema.get("minLength", 0) <= 20 and schema.get("maxLength", 100) >= 20
    return name if name and short else None


class _Drawing:
    def __init__(self, rng: Random, slots: list[Slot]) -> None:
        self.rng = rng
        self.slots = slots
        self.record: dict[str, Any] = {}

    def value(self, schema: Schema, path: tuple[str | int, ...]) -> Any:
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.rng.choice(schema["enum"])
        if "anyOf" in schema:
            return self.value(self._branch(schema["anyOf"]), path)
        field = next((key for key in reversed(path) if isinstance(key, str)), "")
        kind = schema.get("type")
        if is_text(schema, field):
            self.slots.append(Slot(path, schema))
            return UNWRITTEN
        if kind == "object":
            return self.object(schema, path)
        if kind == "array":
            return self._array(schema, path)
        makers: dict[Any, Callable[[], Any]] = {
            "null": lambda: None,
            "boolean": lambda: self.rng.random() < 0.5,
            "integer": lambda: self._integer(schema, field),
            "number": lambda: self._number(schema),
            "string": lambda: self._string(schema, field),
        }
        return self._fitting(makers[kind], schema, path)

    def object(self, schema: Schema, path: tuple[str | int, ...]) -> dict[str, Any]:
        outer, self.record = self.record, {}
        drawn = self.record
        for name, inner in schema["properties"].items():
            drawn[name] = self.value(inner, (*path, name))
        self.record = outer
        return drawn

    def _branch(self, branches: list[Schema]) -> Schema:
        filled = [branch for branch in branches if branch.get("type") != "null"]
        if len(filled) < len(branches) and (not filled or self.rng.random() < _NULL_SHARE):
            return _NULL
        return self.rng.choice(filled)

    def _array(self, schema: Schema, path: tuple[str | int, ...]) -> list[Any]:
        first = schema.get("prefixItems", [])
        low = max(schema.get("minItems", 0 if first else 1), len(first))
        high = min(schema.get("maxItems", max(low, 3)), low + 8)
        count = self.rng.randint(low, max(low, high)) if "items" in schema else len(first)
        unique, items = schema.get("uniqueItems", False), []
        for index in range(count):
            inner = first[index] if index < len(first) else schema["items"]
            for _ in range(_TRIES):
                slots = len(self.slots)
                item = self.value(inner, (*path, index))
                if not unique or isinstance(item, Unwritten) or item not in items:
                    items.append(item)
                    break
                del self.slots[slots:]
            else:
                if index < low:
                    raise _unfillable(path, f"{low} different values are asked for")
                break
        return items

    def _fitting(self, make: Callable[[], Any], schema: Schema, path: tuple[str | int, ...]) -> Any:
        check = _validator_of(schema)
        last: Any = "none"
        for _ in range(_TRIES):
            # Ranges that end before they begin, or days that no calendar has.
            try:
                last = make()
            except ParameterError:
                raise
            except (ArithmeticError, ValueError):
                continue
            if check.is_valid(last):
                return last
        raise _unfillable(path, f"{_TRIES} values were tried, the last {last!r:.60}")

    def _range(self, schema: Schema, step: float, top: float) -> tuple[float, float]:
        low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
        high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
        if low == -math.inf:
            low = 0 if high > 0 else high - top
        if high == math.inf:
            high = low + max(top, 20 * step)
        return low, high

    def _spread(self, low: float, high: float) -> float:
        # Over several orders of magnitude, as prices are: small values as often as large ones.
        if low > 0 and high / low >= 50:
            return math.exp(self.rng.uniform(math.log(low), math.log(high)))
        return self.rng.uniform(low, high)

    def _integer(self, schema: Schema, field: str) -> int:
        step = schema.get("multipleOf", 1)
        identifies = field.lower() == "id" or field.lower().endswith("_id")
        low, high = self._range(schema, step, 999_999 if identifies else 1000)
        first, last = math.ceil(low / step), math.floor(high / step)
        if last - first <= 200 and first <= last:
            return int(self.rng.randint(first, last) * step)
        return int(round(self._spread(low, high) / step) * step)

    def _number(self, schema: Schema) -> float:
        step = schema.get("multipleOf")
        low, high = self._range(schema, step or 0.01, 1000)
        value = self._spread(low, high)
        if step:
            digits = max(0, -math.floor(math.log10(step))) + 2
            return float(round(round(value / step) * step, digits))
        rounded = round(value, 2)
        return rounded if low <= rounded <= high and high - low > 0.1 else value

    def _string(self, schema: Schema, field: str) -> str:
        name = schema.get("x-values") or (
            "pattern" not in schema and "format" not in schema and _from_list(schema, field)
        )
        if name:
            return values.draw_value(name, self.record, self.rng)
        if "pattern" in schema:
            return patterns.draw(schema, self.rng)
        return strings.draw(schema, self.record, self.rng)


_validators: dict[int, tuple[Schema, Draft202012Validator]] = {}


def _validator_of(schema: Schema) -> Draft202012Validator:
    # By identity: schemas are dicts, and making a validator costs more than drawing a value.
    if id(schema) not in _validators:
        _validators[id(schema)] = (schema, validator(schema))
    return _validators[id(schema)][1]


def _unfillable(path: tuple[str | int, ...], why: str) -> ParameterError:
    return ParameterError(
        f"No value was found that fits the schema, at {Slot(path, {}).name or 'the top'}.",
        f"{why[0].upper()}{why[1:]}.",
        "Make the range wider, or drop one of the conditions.",
    )


def text_slots(schema: Schema) -> Iterator[str]:
    """Names of the fields that hold text the model writes, wherever they are."""
    for name, inner in _walk(schema, ""):
        if is_text(inner, name):
            yield name


def _walk(schema: Schema, name: str) -> Iterator[tuple[str, Schema]]:
    yield name, schema
    for key, inner in schema.get("properties", {}).items():
        yield from _walk(inner, key)
    for inner in (*schema.get("anyOf", []), *schema.get("prefixItems", [])):
        yield from _walk(inner, name)
    if isinstance(schema.get("items"), dict):
        yield from _walk(schema["items"], name)
