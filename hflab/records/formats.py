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
# Before the names of columns that are kept as JSON, where a table says so.
_PACKED = "hflab: columns kept as JSON: "


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


def read(path: Path, form: str) -> list[Row]:
    """Rows of a file that `save` wrote as JSON, Parquet or a data set.

    Args:
        path: The file or folder.
        form: One of these formats.

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
            metadata = table.schema.metadata or {}
            return _unpack(table, metadata.get(_PACKED.encode(), b"[]").decode())
        check_dataset(path)
        # An optional library, and slow to import.
        import datasets

        found = datasets.load_from_disk(str(path))
        described = found.info.description
        packed = described.removeprefix(_PACKED) if described.startswith(_PACKED) else "[]"
        return _unpack(found.data.table, packed)
    except ParameterError:
        raise
    except (ValueError, TypeError, OSError) as error:
        raise ParameterError(
            f"{path} can't be read as {form}.",
            next(iter(str(error).splitlines()), type(error).__name__),
            "Write to another file, or begin anew with resume=False.",
        ) from error


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
    """Rows as a pyarrow table.

    A column of values of several kinds is kept as JSON text; the table's metadata names it.
    """
    # An optional library, and slow to import.
    import pyarrow

    rows = list(rows)
    columns, packed = {}, []
    for name in dict.fromkeys(key for row in rows for key in row):
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pyarrow.array(values)
            same = columns[name].to_pylist() == values
        except (pyarrow.ArrowException, OverflowError, TypeError, ValueError):
            same = False
        if not same:
            packed.append(name)
            columns[name] = pyarrow.array([json.dumps(v, ensure_ascii=False) for v in values])
    return pyarrow.table(columns).replace_schema_metadata({_PACKED: json.dumps(packed)})


def dataset(rows: list[Row]) -> Any:
    """Rows as a `datasets.Dataset`; its description names the columns kept as JSON."""
    # An optional library, and slow to import.
    import datasets

    table = table_of(rows)
    packed = table.schema.metadata[_PACKED.encode()].decode()
    return datasets.Dataset(table, info=datasets.DatasetInfo(description=_PACKED + packed))


def _unpack(table: Any, packed: str) -> list[Row]:
    names = set(json.loads(packed))
    return [
        {key: json.loads(value) if key in names else value for key, value in row.items()}
        for row in table.to_pylist()
    ]
