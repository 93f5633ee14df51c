"""A schema as somebody types it: read, or where and why it is broken, in plain words."""

from __future__ import annotations

import json
from typing import Any

from hflab.errors import ParameterError
from hflab.records.spec import Spec, read_spec

# What Python's parser says, by how its message begins, and what it means to whoever typed the text.
_MEANINGS = {
    "Expecting ',' delimiter": "a comma or a closing bracket is missing before this place",
    "Expecting ':' delimiter": "a colon is missing between a name and its value",
    "Expecting property name": "a name in double quotes should stand here; perhaps there is one "
    "comma too many before it, or a name stands in single quotes",
    "Illegal trailing comma": "there is one comma too many before the closing bracket",
    "Expecting value": "a value should stand here; text needs double quotes, and JSON writes "
    "true, false and null",
    "Unterminated string": "a text begins here and its closing double quote is missing",
    "Invalid control character": "a text runs over the end of the line; write \\n for a line break",
    "Invalid \\": "a backslash in a text must be doubled",
    "Extra data": "the schema has ended before this place; perhaps there is one closing bracket "
    "too many",
}


# Columns of a drafted schema; the editor wraps what it has no room for.
_WIDTH = 100


def draft(spec: str) -> tuple[str, str]:
    """A schema to begin with.

    Args:
        spec: A template's name or a description.

    Returns:
        Its JSON as text, and a line on what was chosen; "" where nothing was to choose.

    Raises:
        ParameterError: Nothing can be drafted from it.
    """
    found = read_spec(spec)
    return _written(found.schema, ""), found.said.removeprefix("records: ")


def _written(value: Any, indent: str) -> str:
    """JSON with a line for each field, as one would write it by hand."""
    short = json.dumps(value, ensure_ascii=False)
    nested = isinstance(value, dict) and "properties" in value
    if not value or not isinstance(value, dict | list):
        return short
    plain = isinstance(value, list) and not any(isinstance(each, dict | list) for each in value)
    if plain or (len(indent + short) <= _WIDTH and not nested):
        return short
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(k, ensure_ascii=False)}: {_written(v, inner)}" for k, v in value.items()
        ]
        start, end = "{}"
    else:
        parts, (start, end) = [_written(each, inner) for each in value], "[]"
    lines = ",\n".join(inner + part for part in parts)
    return f"{start}\n{lines}\n{indent}{end}"


def read_schema(text: str) -> Spec:
    """Read a schema, or an example of a record, from JSON text.

    Args:
        text: What stands in an editor.

    Raises:
        ParameterError: It is no JSON, no valid schema, or one that no records can be made for.
    """
    if not text.strip():
        raise ParameterError(
            "There is no schema yet.",
            "Nothing has been written here.",
            "Choose a template, or describe the records and let a schema be drafted.",
        )
    try:
        schema = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise _broken(error, text) from None
    if not isinstance(schema, dict):
        raise ParameterError(
            "This is not a schema.",
            f"A schema is an object in curly brackets, and this is {_KINDS[type(schema)]}.",
            'It begins like this: {"type": "object", "properties": {',
        )
    return read_spec(schema)


_KINDS: dict[type, str] = {
    list: "a list",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def _broken(error: json.JSONDecodeError, text: str) -> ParameterError:
    found = (meaning for start, meaning in _MEANINGS.items() if error.msg.startswith(start))
    lines = text.splitlines() or [""]
    line = lines[min(error.lineno, len(lines)) - 1].strip()
    if len(line) > 60:
        line = line[:59] + "…"
    return ParameterError(
        f"The text is not JSON: it breaks at line {error.lineno}, column {error.colno}.",
        f"In JSON, {next(found, error.msg[:1].lower() + error.msg[1:])}.",
        f"Look at line {error.lineno}: {line}" if line else f"Look above line {error.lineno}.",
    )


def _refuse(constant: str) -> None:
    raise ParameterError(
        f"The schema contains {constant}.",
        "JSON has no such number, although Python writes it.",
        "Use a finite number, or leave the limit out.",
    )


def read_quantity(value: float | None, most: int) -> int:
    """The number of rows asked for.

    Raises:
        ParameterError: It is missing, no whole number, or not from 1 to `most`.
    """
    if value is None or value != int(value) or not 1 <= value <= most:
        raise ParameterError(
            "The quantity is missing." if value is None else f"The quantity is {value:,}.",
            f"It has to be a whole number from 1 to {most:,}.",
            "Change it; for more rows use the command hflab records, which writes as it goes.",
        )
    return int(value)


def read_seed(text: str) -> int | None:
    """The seed, or None where there is none.

    Raises:
        ParameterError: It is no whole number.
    """
    try:
        return int(text) if text.strip() else None
    except ValueError:
        raise ParameterError(
            f"The seed is {text.strip()!r}.",
            "It has to be a whole number: the same one gives the same rows again.",
            "Change it, or leave it empty for new rows each time.",
        ) from None
