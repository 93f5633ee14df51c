"""Records on disk: appended and flushed row by row, taken up again after a stop, then converted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm import tqdm

from hflab.errors import ParameterError
from hflab.records.files import Lines
from hflab.records.formats import check_dataset, check_format, dataset, read, save
from hflab.records.making import Row, check_count, stream_records, writer_for
from hflab.records.spec import Spec, read_spec

# Rows go into the file itself; for the others, into a file of JSON Lines beside it until done.
_APPENDED = ("jsonl", "csv", "text")


def generate_records(
    spec: Any,
    n: int,
    *,
    model: Any = None,
    format: str = "jsonl",
    seed: int | None = None,
    out: str | Path | None = None,
    resume: bool = True,
    progress: bool = True,
    batch_size: int = 16,
) -> Any:
    """Make records: valid by their schema, all different, texts written by a model.

    Each row is appended to the file and flushed as soon as it is done; a run that was stopped,
    even killed, loses only the rows that were being written together at that moment. The next call
    with the same arguments goes on from there to exactly `n` rows.

    Args:
        spec: A template's name (`hflab records --list` shows them), a plain description, a JSON
            Schema, a pydantic model class, or an example of a record.
        n: How many rows, in all.
        model: None for the catalog's model; a bundled name, a folder or a Hub id; a pair of model
            and tokenizer; or an object with `.send(text)`, such as a chat with a server.
        format: "jsonl", "json", "csv" (cells that a spreadsheet would run as formulas get an
            apostrophe), "parquet", "text" or "dataset" (of the datasets library).
        seed: For the same rows again; None for others each time.
        out: File to write, for "dataset" a folder; None to get the rows back.
        resume: Go on with what is in `out`; False begins anew and replaces it.
        progress: Show a bar with rows per second on stderr.
        batch_size: Rows that are written together; more are faster and take more memory.

    Returns:
        Without `out` a list of rows (a `datasets.Dataset` for that format), else the path.

    Raises:
        ParameterError: An argument, the schema or what is in `out` can't work; before any work.
            Later: no further different row was found; the rows so far are kept.
        MissingExtraError: A library for the format is not installed.
        HflabError: What `hflab.load` raises.

    Example:
        ```
        rows = hflab.generate_records("product-reviews", 20, seed=1)
        hflab.generate_records({"name": "Ada", "age": 36}, 500, format="csv", out="people.csv")
        ```
    """
    check_count("n", n)
    check_format(format)
    found = read_spec(spec)
    if out is None:
        with _bar(n, 0, progress) as bar:
            made = stream_records(found, n, model=model, seed=seed, batch_size=batch_size)
            rows = [row for row in made if bar.update() or True]
        return dataset(rows) if format == "dataset" else rows
    file = _File(Path(out), format, found)
    known = file.open(resume)
    if len(known) > n:
        raise ParameterError(
            f"{out} holds {len(known)} rows already.",
            f"That is more than n={n}, and rows that were made are never dropped.",
            "Ask for more rows, or begin anew with resume=False.",
        )
    if missing := n - len(known):
        writer = writer_for(model) if found.text_fields else None
        made = stream_records(
            *(found, missing),
            model=writer,
            seed=seed,
            batch_size=batch_size,
            known=known,
            start=len(known),
        )
        with _bar(n, len(known), progress) as bar, file.appending() as append, closing(made):
            for row in made:
                append(row)
                bar.update()
    file.finish()
    return Path(out)


def _bar(n: int, done: int, progress: bool) -> Any:
    return tqdm(
        total=n, initial=done, unit=" rows", file=sys.stderr, disable=not progress, desc="records"
    )


class _File:
    """A file of records in one format."""

    def __init__(self, path: Path, form: str, spec: Spec) -> None:
        self.path, self.form = path, form
        folder = path.absolute().parent
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise ParameterError(
                f"{path} can't be written.",
                f"There is no folder {folder}, or it can't be written to.",
                "Make the folder first, or choose another.",
            )
        if path.is_dir() and form != "dataset":
            raise ParameterError(
                f"{path} can't be written.", "It is a folder.", "Give the name of a file."
            )
        appended = form in _APPENDED
        self.live = path if appended else path.with_name(f"{path.name}.partial.jsonl")
        self.lines = Lines(form if appended else "jsonl", spec)

    def open(self, resume: bool) -> list[Row]:
        """The rows that are there; what a stop left half written is cut off."""
        if not resume:
            self.live.unlink(missing_ok=True)
            if self.path.is_dir():
                check_dataset(self.path)
                shutil.rmtree(self.path)
            self.path.unlink(missing_ok=True)
            return []
        rows: list[Row] = []
        if self.live.exists():
            rows, whole = self._read_live()
            with self.live.open("r+b") as file:
                file.truncate(whole)
        elif self.path.exists():
            rows = read(self.path, self.form)
            for row in rows:
                if not self.lines.fits(row):
                    raise ParameterError(
                        f"{self.path} holds rows of another kind.",
                        f"This row doesn't fit the schema: {row!r:.100}.",
                        "Write to another file, or begin anew with resume=False.",
                    )
            self.live.write_text("".join(map(self.lines.write, rows)), encoding="utf-8")
        return rows

    def _read_live(self) -> tuple[list[Row], int]:
        data = self.live.read_bytes()
        # A character may have been cut in two as well; that part belongs to the half row.
        text = data[: data.rfind(b"\n") + 1].decode("utf-8", "replace")
        rows, length = self.lines.read(text)
        return rows, len(text[:length].encode())

    def appending(self) -> Any:
        """A context that gives a function to append a row with."""
        return _Appending(self.live, self.lines)

    def finish(self) -> None:
        """Convert what was appended, where the format needs that."""
        if self.form in _APPENDED:
            return
        rows, _ = self._read_live()
        save(rows, self.path, self.form)
        self.live.unlink()


class _Appending:
    def __init__(self, path: Path, lines: Lines) -> None:
        self.path, self.lines = path, lines

    def __enter__(self) -> Any:
        self.file = self.path.open("a", encoding="utf-8", newline="")
        if not self.path.stat().st_size:
            self.file.write(self.lines.head())
        return self.append

    def append(self, row: Mapping[str, Any]) -> None:
        self.file.write(self.lines.write(row))
        self.file.flush()

    def __exit__(self, *_: object) -> None:
        self.file.close()
