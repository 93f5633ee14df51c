"""Formats that are written as a whole: JSON, Parquet, data sets; and the list of all formats."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hflab.errors import MissingExtraError, ParameterError
from hflab.records.files import Lines, Row

FORMATS = ("jsonl", "json", "csv", "parquet", "text", "dataset")


def check_format(format: str) -> None:
    """Refuse a format that hflab does not write, or can't here.

    Raises:
        ParameterError: There is no such format.
        MissingExtraError: A library for it is not installed.
    """
    if format not in FORMATS:
        raise ParameterError(
            f"There is no format {format!r:.40}.",
            f"The formats are: {', '.join(FORMATS)}.",
            'Write format="jsonl", say.',
        )
    library = {"parquet": "pyarrow", "dataset": "datasets"}.get(format)
    if library and importlib.util.find_spec(library) is None:
        raise MissingExtraError(f"{library} is not installed.", f"{format} needs it.", extra="lab")


def save(rows: list[Row], path: str | Path, form: str) -> None:
    """Write rows as a whole, at once: a file that is there is replaced only when all is written.

    Args:
        rows: The rows.
        path: A file; a folder for "dataset".
        form: One of FORMATS.

    Raises:
        OSError: It can't be written.
    """
    path = Path(path)
    made = path.with_name(f"{path.name}.partial")
    if form == "json":
        text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        made.write_text(f"[\n{text}\n]\n", encoding="utf-8")
    elif form == "parquet":
        # An optional library, and slow to import.
        import pyarrow.parquet

        pyarrow.parquet.write_table(table_of(rows), made)
    elif form == "dataset":
        dataset(rows).save_to_disk(str(made))
        if path.is_dir():
            shutil.rmtree(path)
    else:
        lines = Lines(form, columns=list(dict.fromkeys(key for row in rows for key in row)))
        text = lines.head() + "".join(map(lines.write, rows))
        made.write_text(text, encoding="utf-8", newline="")
    os.replace(made, path)


def read(path: Path, form: str, lines: Lines) -> list[Row]:
    """Rows of a file that `save` wrote as JSON, Parquet or a data set.

    Args:
        path: The file or folder.
        form: One of these formats.
        lines: Knows what a column's values are.

    Raises:
        ParameterError: It is something else.
    """
    try:
        if form == "json":
            return [dict(row) for row in json.loads(path.read_text(encoding="utf-8"))]
        if form == "parquet":
            # An optional library, and slow to import.
            import pyarrow.parquet

            table = pyarrow.parquet.read_table(path)
        else:
            check_dataset(path)
            # An optional library, and slow to import.
            import datasets

            table = datasets.load_from_disk(str(path)).data.table
    except ParameterError:
        raise
    except (ValueError, TypeError, OSError) as error:
        raise ParameterError(
            f"{path} can't be read as {form}.",
            next(iter(str(error).splitlines()), type(error).__name__),
            "Write to another file, or begin anew with resume=False.",
        ) from error
    return [{key: lines.value(key, v) for key, v in row.items()} for row in table.to_pylist()]


def check_dataset(path: Path) -> None:
    """Refuse a folder that is no saved data set, so that none is ever replaced by mistake.

    Raises:
        ParameterError: It is none.
    """
    if not (path / "dataset_info.json").is_file():
        raise ParameterError(
            f"{path} is no data set that hflab could go on with or replace.",
            "It has no dataset_info.json.",
            "Choose another folder.",
        )


def table_of(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Rows as a pyarrow table; a column of values of several kinds is kept as JSON text."""
    # An optional library, and slow to import.
    import pyarrow

    rows = list(rows)
    columns = {}
    for name in dict.fromkeys(key for row in rows for key in row):
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pyarrow.array(values)
        except (pyarrow.ArrowException, OverflowError, TypeError, ValueError):
            columns[name] = pyarrow.array([json.dumps(v, ensure_ascii=False) for v in values])
    return pyarrow.table(columns)


def dataset(rows: list[Row]) -> Any:
    """Rows as a `datasets.Dataset`."""
    # An optional library, and slow to import.
    import datasets

    return datasets.Dataset(table_of(rows))
