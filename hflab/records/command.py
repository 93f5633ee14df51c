"""What `hflab records` does: list the templates, print rows, or write them to a file."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from hflab.errors import ParameterError
from hflab.records.files import Lines
from hflab.records.formats import check_format
from hflab.records.making import stream_records
from hflab.records.saving import generate_records
from hflab.records.spec import read_spec, template_schema, templates


def run(options: argparse.Namespace) -> int:
    """Run the command with its parsed words; returns the exit code.

    Raises:
        HflabError: What `generate_records` raises.
    """
    if options.list:
        for name in templates():
            schema = template_schema(name)
            print(
                f"{name:<22}  {schema['description']}\n{'':<22}  {', '.join(schema['properties'])}"
            )
        return 0
    if options.app:
        # The page needs gradio, an optional extra.
        from hflab.records.app import serve

        serve(options.model, options.port, options.allow_public)
        return 0
    if options.spec is None:
        raise ParameterError(
            "There is nothing to make records for.",
            "SPEC is missing: a template's name, a description, or a file with a JSON Schema.",
            "Look at hflab records --list, then try: hflab records product-reviews -n 5",
        )
    # stdout is for the rows alone, so that they can be piped.
    with contextlib.redirect_stdout(sys.stderr):
        spec = read_spec(_text(options.spec))
        if options.out is not None:
            path = generate_records(
                *(spec, options.n),
                model=options.model,
                format=options.format,
                seed=options.seed,
                out=options.out,
            )
            print(f"{options.n} rows are in {path}.")
            return 0
        check_format(options.format)
        if options.format not in ("jsonl", "csv", "text"):
            raise ParameterError(
                f"{options.format} can't be printed row by row.",
                "It is written as a whole.",
                f"Name a file: --out records.{options.format}",
            )
        rows = stream_records(spec, options.n, model=options.model, seed=options.seed)
    lines = Lines(options.format, spec)
    print(lines.head(), end="")
    for row in rows:
        print(lines.write(row), end="", flush=True)
    return 0


def _text(spec: str) -> str:
    """A schema's file as its text, anything else as it is."""
    if not spec.endswith(".json"):
        return spec
    try:
        return Path(spec).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(
            f"{spec} can't be read.", f"{error}.", "Name a file that holds a JSON Schema."
        ) from None
