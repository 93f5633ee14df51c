"""JSON Schemas for records: checked, references resolved, what can't be generated refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import jsonschema
from jsonschema import Draft202012Validator, FormatChecker

from hflab.errors import ParameterError

Schema = dict[str, Any]

# Formats of strings that can be drawn.
FORMATS = ("date", "date-time", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid")
KEYWORDS = {
    *("$defs", "$ref", "additionalProperties", "allOf", "anyOf", "const", "definitions", "enum"),
    *("exclusiveMaximum", "exclusiveMinimum", "format", "formatMaximum", "formatMinimum", "items"),
    *("maxItems", "maxLength", "maximum", "minItems", "minLength", "minProperties", "minimum"),
    *("multipleOf", "oneOf", "pattern", "prefixItems", "properties", "required", "type"),
    *("uniqueItems", "maxProperties", "x-values"),
    # Notes, which say nothing about what is valid.
    *("$comment", "$id", "$schema", "default", "deprecated", "description", "discriminator"),
    *("examples", "readOnly", "title", "writeOnly"),
}
_REFUSED = {
    *("$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "contains", "contentEncoding"),
    *("contentMediaType", "contentSchema", "dependencies", "dependentRequired", "else", "if"),
    *("dependentSchemas", "maxContains", "minContains", "not", "patternProperties", "then"),
    *("propertyNames", "unevaluatedItems", "unevaluatedProperties", "additionalItems"),
}
# References can make a short schema endless: what is written out is counted.
_MOST_PARTS, _DEEPEST = 5000, 50
NOTES = {"description", "title", "default", "examples"}
# What tells the type where none is given.
_TELLING = {
    "object": ("properties",),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("pattern", "format", "minLength", "maxLength", "x-values"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """A validator that also checks formats, such as dates."""
    return Draft202012Validator(schema, format_checker=FormatChecker())


def prepare(schema: Mapping[str, Any]) -> Schema:
    """Check a schema and write it out: references resolved, types named.

    Args:
        schema: A JSON Schema of an object with properties.

    Returns:
        A copy to plan records by; rows are validated by the schema itself.

    Raises:
        ParameterError: It is no valid schema, or uses a feature that records can't be made for.
    """
    try:
        json.dumps(schema, allow_nan=False, ensure_ascii=False).encode()
        Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        where = ".".join(map(str, error.absolute_path)) or "the top"
        raise ParameterError(
            "This is not a valid JSON Schema.",
            f"At {where}: {error.message}.",
            "Correct it there; the JSON Schema site explains each keyword.",
        ) from None
    except (TypeError, ValueError) as error:
        raise ParameterError(
            "This is not a valid JSON Schema.",
            f"It can't be written as JSON: {error}.",
            "Use only dicts, lists, strings, finite numbers, booleans and None.",
        ) from None
    except RecursionError:
        raise unsupported("too many levels", "the top") from None
    # A round trip: lists for tuples, and nothing shared with the caller's own dict.
    root = json.loads(json.dumps(schema))
    whole = _resolve(root, _Root(root), "the top", ())
    if whole.get("type") != "object" or not whole.get("properties"):
        raise ParameterError(
            "The schema describes no record.",
            "A record is an object with properties, and this schema has none at its top.",
            'Write {"type": "object", "properties": {"name": {"type": "string"}}} or the like.',
        )
    return whole


class _Root:
    """The whole schema, and how many of its parts were written out."""

    def __init__(self, schema: Schema) -> None:
        self.schema, self.parts = schema, 0


def unsupported(keyword: str, where: str, remedy: str = "") -> ParameterError:
    """The error for a feature of a schema that records can't be made for."""
    return ParameterError(
        f"The schema uses {keyword}, at {where}.",
        "hflab can't generate values for that, though it could check them.",
        remedy or "Leave it out, or say it with enum, const, ranges, pattern or anyOf.",
    )


def _resolve(node: Any, root: _Root, where: str, open_refs: tuple[str, ...]) -> Schema:
    """A node with its references, `allOf` and lists of types written out."""
    root.parts += 1
    if root.parts > _MOST_PARTS or where.count(".") > _DEEPEST:
        raise unsupported(f"more than {_MOST_PARTS} parts or {_DEEPEST} levels", "the top")
    if node is True:
        return {"type": "string"}
    if not isinstance(node, Mapping):
        raise unsupported(json.dumps(node), where)
    node = dict(node)
    if "$ref" in node:
        reference = node.pop("$ref")
        if reference in open_refs:
            raise unsupported(f"a reference to itself ({reference})", where)
        target = _follow(reference, root, where)
        return _resolve({**target, **node}, root, where, (*open_refs, reference))
    _check_keywords(node, where)
    for part in node.pop("allOf", []):
        part = _resolve(part, root, f"{where}.allOf", open_refs)
        if clash := sorted((part.keys() & node.keys()) - NOTES - {"type"}):
            raise unsupported(f"allOf with {clash[0]} twice", where)
        node = {**part, **node}
    kind = node.get("type")
    if isinstance(kind, list):
        node.pop("type")
        notes = {key: node.pop(key) for key in NOTES & node.keys()}
        branches = [{**node, "type": each} if each != "null" else {"type": each} for each in kind]
        node = {**notes, "anyOf": branches}
    for choice in ("anyOf", "oneOf"):
        if choice in node:
            notes = {key: node[key] for key in node if key != choice}
            node[choice] = [
                _resolve(
                    {**notes, **branch} if isinstance(branch, Mapping) else branch,
                    root,
                    f"{where}.{choice}",
                    open_refs,
                )
                for branch in node[choice]
            ]
            return {"anyOf": node.pop(choice), **{k: v for k, v in notes.items() if k in NOTES}}
    if "type" not in node and not node.keys() & {"enum", "const"}:
        telling = (t for t, words in _TELLING.items() if node.keys() & set(words))
        node["type"] = next(telling, "string")
    return _resolve_inside(node, root, where, open_refs)


def _resolve_inside(node: Schema, root: _Root, where: str, open_refs: tuple[str, ...]) -> Schema:
    if node.get("type") == "object" and not node.keys() & {"enum", "const"}:
        properties = node.get("properties", {})
        node["properties"] = {
            name: _resolve(
                inner, root, name if where == "the top" else f"{where}.{name}", open_refs
            )
            for name, inner in properties.items()
        }
        missing = sorted(set(node.get("required", [])) - set(properties))
        if missing or node.get("minProperties", 0) > len(properties):
            raise unsupported(f"a required field without a schema ({', '.join(missing)})", where)
        if not properties and where != "the top":
            raise unsupported("an object without properties", where)
        if node.get("maxProperties", len(properties)) < len(properties):
            raise unsupported("maxProperties below the number of properties", where)
    if node.get("type") == "array" and not node.keys() & {"enum", "const"}:
        if node.get("items") is False:
            node.pop("items")
        elif "items" in node or "prefixItems" not in node:
            node["items"] = _resolve(node.get("items", True), root, f"{where}[]", open_refs)
        if "prefixItems" in node:
            node["prefixItems"] = [
                _resolve(item, root, f"{where}[{i}]", open_refs)
                for i, item in enumerate(node["prefixItems"])
            ]
    return node


def _follow(reference: str, root: _Root, where: str) -> Schema:
    target: Any = root.schema
    if not reference.startswith("#"):
        raise unsupported(f"a reference to another document ({reference})", where)
    try:
        for part in reference.lstrip("#").strip("/").split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            target = (
                target[int(part)] if isinstance(target, list) else target[part] if part else target
            )
        return dict(target)
    except (KeyError, IndexError, TypeError, ValueError):
        raise ParameterError(
            f"The schema refers to {reference}, at {where}.",
            "There is nothing at that place.",
            "Correct the reference, or add what it names under $defs.",
        ) from None


def _check_keywords(node: Schema, where: str) -> None:
    if refused := sorted(node.keys() & _REFUSED):
        raise unsupported(refused[0], where)
    if not isinstance(node.get("x-values", ""), str):
        raise unsupported("x-values that is no name", where, "Name one of hflab's lists.")
    if node.get("enum") == []:
        raise unsupported("an empty enum", where)
    if "pattern" not in node and "format" in node and node["format"] not in FORMATS:
        raise unsupported(
            f"the format {node['format']!r}", where, f"The formats are: {', '.join(FORMATS)}."
        )
    for keyword in node.keys() - KEYWORDS:
        near = get_close_matches(keyword, KEYWORDS, n=1, cutoff=0.85)
        if near:
            raise ParameterError(
                f"The schema has a keyword {keyword!r}, at {where}.",
                "JSON Schema knows no such word, so it would be ignored.",
                f"Did you mean {near[0]!r}?",
            )
