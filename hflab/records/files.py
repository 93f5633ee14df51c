"""Rows as text and back: JSON Lines, CSV that no spreadsheet runs, and plain text."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from hflab.errors import ParameterError
from hflab.records.schema import validator
from hflab.records.spec import Spec

Row = dict[str, Any]

# What a spreadsheet takes for the beginning of a formula; "'" itself, so that it can be undone.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")
# A label that reads well as it is.
_PLAIN = re.compile(r"\w[\w .-]*")


class Lines:
    """One format that can be appended to.

    Args:
        form: "jsonl", "csv" or "text".
        spec: What the rows are; needed for reading.
        columns: Names of the fields in order; by default those of the spec.
    """

    def __init__(self, form: str, spec: Spec | None = None, columns: Sequence[str] = ()) -> None:
        plan = spec.plan["properties"] if spec else {}
        self.form = form
        self.columns = list(columns or plan)
        self._valid = validator(spec.schema if spec else {}).is_valid
        self._of_column = cache(lambda name: validator(plan.get(name, {})).is_valid)

    def fits(self, row: Row) -> bool:
        """Whether a row is one of these: valid, with all the fields and no others."""
        return row.keys() == set(self.columns) and self._valid(row)

    def head(self) -> str:
        """What stands before the first row."""
        return _csv_line([_safe(name) for name in self.columns]) if self.form == "csv" else ""

    def write(self, row: Mapping[str, Any]) -> str:
        """One row, with its line end."""
        if self.form == "jsonl":
            return json.dumps(row, ensure_ascii=False) + "\n"
        if self.form == "csv":
            return _csv_line([_cell(row.get(name)) for name in self.columns])
        lines = [f"{_label(name)}: {_plain(row[name])}" for name in self.columns if name in row]
        return "\n".join(lines) + "\n\n"

    def read(self, text: str) -> tuple[list[Row], int]:
        """All whole rows of a text that was written so, and how many characters they take.

        Raises:
            ParameterError: It holds something else, or rows that don't fit the schema.
        """
        parts: dict[str, Callable[[str], Iterator[str]]] = {
            "jsonl": lambda t: (m[0] for m in re.finditer(r"[^\n]*\n", t)),
            "csv": _csv_records,
            "text": lambda t: (m[0] for m in re.finditer(r"(?:[^\n]+\n)+\n", t)),
        }
        rows: list[Row] = []
        length = 0
        for number, part in enumerate(parts[self.form](text)):
            length += len(part)
            if self.form == "csv" and number == 0:
                if part != self.head():
                    raise _foreign(f"Its columns are {part.strip():.100}")
                continue
            try:
                row = self._parse(part)
            except (ValueError, csv.Error):
                raise _foreign(f"This is no row: {part.strip()[:80]!r}") from None
            if not self.fits(row):
                raise _foreign(f"This row doesn't fit the schema: {part.strip():.80}")
            rows.append(row)
        return rows, length

    def _parse(self, part: str) -> Row:
        if self.form == "jsonl":
            return _as_row(json.loads(part))
        row: Row = {}
        if self.form == "csv":
            (cells,) = csv.reader(io.StringIO(part, newline=""), strict=True)
            for name, cell in zip(self.columns, cells, strict=True):
                row[name] = self._value(name, cell[1:] if cell.startswith("'") else cell)
            return row
        lines = part.rstrip("\n").split("\n")
        for name, line in zip(self.columns, lines, strict=True):
            if not line.startswith(f"{_label(name)}: "):
                raise ValueError(line)
            value = line[len(_label(name)) + 2 :]
            try:
                row[name] = json.loads(value)
            except ValueError:
                row[name] = value
        return row

    def _value(self, name: str, cell: str) -> Any:
        """The value that stands in a cell: the first reading that fits the column's schema."""
        readings: list[Any] = [None, cell] if cell == "" else [cell]
        with contextlib.suppress(ValueError):
            readings.append(json.loads(cell))
        fits = self._of_column(name)
        return next((reading for reading in readings if fits(reading)), cell)


def _as_row(value: Any) -> Row:
    if not isinstance(value, dict):
        raise ValueError("no row")
    return value


def _foreign(why: str) -> ParameterError:
    return ParameterError(
        "The file holds rows of another kind.",
        f"{why}.",
        "Write to another file, or begin anew with resume=False.",
    )


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _csv_records(text: str) -> Iterator[str]:
    """Records with their line ends. Quotes come in pairs, so a record ends at an even number."""
    held = ""
    for line in re.finditer(r"[^\n]*\n", text):
        held += line[0]
        if held.count('"') % 2 == 0:
            yield held
            held = ""


def _cell(value: Any) -> str:
    """A value as a cell's text: strings as they are, the rest as JSON, nothing for null."""
    if value is None:
        return ""
    return _safe(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe before it says it is text."""
    return "'" + text if text.lstrip(" ").startswith(_FORMULA) else text


def _label(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=True)


def _plain(value: Any) -> str:
    """Text as it is where it can't be mistaken for anything else; the rest as JSON."""
    if isinstance(value, str) and value.isprintable() and value.strip() == value != "":
        try:
            json.loads(value)
        except ValueError:
            return value
    return json.dumps(value, ensure_ascii=isinstance(value, str))
