"""What records are asked for: a template, a description, a schema, a model class or an example."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hflab.errors import ParameterError
from hflab.prompts import check_text
from hflab.records.drawing import text_slots
from hflab.records.duplicates import words
from hflab.records.limits import check_limits
from hflab.records.schema import KEYWORDS, Schema, prepare, validator

_TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}
# Words that say nothing about what the records are.
_EMPTY = set(
    re.findall(r"\w+", "a about an and data for from in into of on or records some that the to")
)
# Formats that a string of an example may show, from the most to the least telling.
_SHOWN = (
    ("uuid", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("date-time", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
    ("date", r"\d{4}-\d\d-\d\d"),
    ("email", r"[\w.+-]+@[\w-]+(\.[\w-]+)+"),
    ("uri", r"https?://\S+"),
    ("ipv4", r"(\d{1,3}\.){3}\d{1,3}"),
)


@dataclass(frozen=True)
class Spec:
    """What records are asked for.

    Attributes:
        description: What the records are, in one sentence; the model reads it.
        schema: The schema that every row is validated by.
        plan: The same with references resolved, to draw by.
        said: What was chosen, in a line; "" where nothing was to choose.
    """

    description: str
    schema: Schema
    plan: Schema
    said: str = ""

    @property
    def text_fields(self) -> list[str]:
        """Names of the fields that hold text the model writes."""
        return sorted(set(text_slots(self.plan)))


@cache
def templates() -> dict[str, dict[str, Any]]:
    """All templates by name, with `description` and `schema`."""
    path = Path(__file__).parent / "templates.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def template_names() -> list[str]:
    """Names of the templates."""
    return list(templates())


def template_schema(name: str) -> Schema:
    """The JSON Schema of a template, with its description; a copy."""
    table = templates()[name]
    return {"description": table["description"], **deepcopy(table["schema"])}


def read_spec(spec: Any) -> Spec:
    """Turn whatever describes records into a description and a schema.

    Args:
        spec: A template's name, a plain description, a JSON Schema (a dict, or its JSON), a
            pydantic model class, or an example of a record (a dict).

    Raises:
        ParameterError: It is none of these, or records can't be made for it.
    """
    said = ""
    if isinstance(spec, Spec):
        return spec
    if isinstance(spec, str):
        schema, said = _from_text(spec)
    elif hasattr(spec, "model_json_schema"):
        schema = _from_model(spec)
    elif isinstance(spec, Mapping):
        schema = dict(spec) if _is_schema(spec) else from_example(spec)
    else:
        raise ParameterError(
            f"A {type(spec).__name__} doesn't describe records.",
            "Expected a template's name, a description, a JSON Schema, a pydantic model class or "
            "an example of a record as a dict.",
            'For instance: hflab.generate_records("reviews of kitchen tools", 10)',
        )
    plan = prepare(schema)
    check_limits(plan)
    description = " ".join(
        str(schema.get("description") or schema.get("title") or "Records.").split()
    )
    check_text("The description", description)
    validator(schema)
    return Spec(description, schema, plan, said)


def _from_text(text: str) -> tuple[Schema, str]:
    text = " ".join(text.split())
    if not text:
        raise ParameterError(
            "The description is empty.",
            "Nothing says what the records are.",
            f"Describe them in a sentence, or name a template: {', '.join(templates())}.",
        )
    check_text("The description", text)
    if text.startswith("{"):
        try:
            return dict(json.loads(text)), ""
        except (ValueError, RecursionError) as error:
            raise ParameterError(
                "This is not a valid JSON Schema.", f"It is no JSON: {error}.", "Correct it there."
            ) from None
    name = "-".join(words(text.replace("_", " ")))
    if name in templates():
        return template_schema(name), ""
    near = nearest(text)
    if near:
        fields = ", ".join(template_schema(near)["properties"])
        said = f"records: the template {near} is nearest to this description ({fields})"
        return {**template_schema(near), "description": text}, said
    schema = {
        "type": "object",
        "description": text,
        "properties": {"text": {"type": "string", "minLength": 10, "maxLength": 240}},
        "required": ["text"],
        "additionalProperties": False,
    }
    return schema, "records: no template is near this description, so each record is one text"


def nearest(description: str) -> str | None:
    """The template whose name, description and fields a text shares most words with, if any.

    Words of the name count most, and words at the beginning: reviews *of* products are reviews.
    """
    said = _said(description)

    def score(name: str) -> float:
        named = _said(name)
        fields = _said(" ".join(template_schema(name)["properties"]))
        about = _said(templates()[name]["description"])
        points = [4 * (w in named) + 2 * (w in about) + (w in fields) for w in said]
        return sum(point / (1 + 0.3 * place) for place, point in enumerate(points))

    best = max(templates(), key=score)
    return best if score(best) >= 2 else None


def _said(text: str) -> list[str]:
    return [_stem(word) for word in words(text.replace("_", " ")) if word not in _EMPTY]


def _stem(word: str) -> str:
    return re.sub(r"(?<=\w\w\w)(ies|es|s)$", "", word).removesuffix("y")


def _is_schema(spec: Mapping[Any, Any]) -> bool:
    """Whether a dict is a JSON Schema rather than a record that happens to have such names."""
    kinds = spec.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if isinstance(spec.get("properties"), Mapping) or not spec:
        return True
    if any(isinstance(spec.get(key), list) for key in ("allOf", "anyOf", "oneOf")):
        return True
    typed = all(isinstance(kind, str) and kind in _TYPES for kind in kinds)
    return (typed or str(spec.get("$ref", "")).startswith("#")) and set(spec) <= KEYWORDS


def _from_model(model: Any) -> Schema:
    try:
        return dict(model.model_json_schema())
    except Exception as error:  # pydantic's own errors, without importing pydantic
        raise ParameterError(
            f"{getattr(model, '__name__', 'This class')} has no JSON Schema.",
            f"Its model_json_schema() says: {next(iter(str(error).splitlines()), error)}",
            "Give its fields types that JSON knows.",
        ) from error


def from_example(record: Mapping[Any, Any]) -> Schema:
    """A schema for records like one example: same fields, values of the same kind and size.

    Raises:
        ParameterError: A value is none that JSON can hold.
    """
    return _like(record, "the top")


def _like(value: Any, where: str) -> Schema:
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        top = 10 ** len(str(abs(value)))
        return {"type": "integer", "minimum": -top if value < 0 else 0, "maximum": top}
    if isinstance(value, float) and math.isfinite(value):
        top = 10.0 ** min(max(1, math.ceil(math.log10(abs(value) + 1))), 20)
        return {"type": "number", "minimum": -top if value < 0 else 0, "maximum": top}
    if isinstance(value, str):
        for name, pattern in _SHOWN:
            if re.fullmatch(pattern, value):
                return {"type": "string", "format": name}
        return {"type": "string", "maxLength": max(30, 2 * len(value))}
    if value is None:
        return {"type": ["string", "null"]}
    if isinstance(value, list | tuple) and value:
        items = _like(value[0], f"{where}[0]")
        return {"type": "array", "items": items, "minItems": 1, "maxItems": len(value) + 2}
    if isinstance(value, Mapping) and value and all(isinstance(key, str) for key in value):
        inner = {key: _like(each, f"{where}.{key}") for key, each in value.items()}
        return {
            "type": "object",
            "properties": inner,
            "required": list(inner),
            "additionalProperties": False,
        }
    raise ParameterError(
        f"The example has {value!r:.60}, at {where.removeprefix('the top.')}.",
        "Nothing can be learned from it about other values, or JSON can't hold it.",
        "Use text, finite numbers, booleans, and lists and dicts that hold something.",
    )
