"""Records: rows that fit a schema and differ from each other, drawn, written and checked."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

from hflab.catalog import pick
from hflab.errors import ParameterError
from hflab.loading import load
from hflab.records.drawing import UNWRITTEN, Slot, draw
from hflab.records.duplicates import Seen
from hflab.records.prompt import text_field
from hflab.records.schema import validator
from hflab.records.spec import Spec, read_spec
from hflab.records.writing import TEMPERATURE, LocalWriter, Request, SendWriter, Writer
from hflab.tiny import tiny_model

Row = dict[str, Any]

# How often one row is drawn anew, with texts to write and without.
_TRIES, _CHEAP_TRIES = 20, 1000
# Texts are written a little more freely each time, up to this.
_HOTTEST = 1.4


def stream_records(
    spec: Any,
    n: int,
    *,
    model: Any = None,
    seed: int | None = None,
    batch_size: int = 16,
    known: Iterable[Mapping[str, Any]] = (),
    start: int = 0,
) -> Generator[Row, None, None]:
    """Make records one after the other: each fits the schema, and no two are near duplicates.

    All but free text is drawn by chance from the schema. Free text is written by the model, for
    each record with its other fields in view, and held to one JSON string by a grammar.

    A row's chance comes from `seed` and the row's index alone. So a run that starts later gives the
    same rows as one from the beginning, as long as `known` holds those before; only that a batch
    of another shape rounds differently, which now and then changes a word.

    Args:
        spec: A template's name, a plain description, a JSON Schema, a pydantic model class, or an
            example of a record.
        n: How many rows.
        model: None for the catalog's model; a bundled name, a folder or a Hub id; a pair of model
            and tokenizer; or an object with `.send(text)`, such as a chat with a server.
        seed: For the same rows again; None for others each time.
        batch_size: Rows that are written together.
        known: Rows that must not come again.
        start: Index of the first row.

    Yields:
        Rows as dicts.

    Raises:
        ParameterError: An argument or the schema can't work; at once. While iterating: no further
            different row was found.
        HflabError: What `hflab.load` raises; at once.
    """
    found = read_spec(spec)
    check_count("n", n)
    check_count("batch_size", batch_size)
    check_count("start", start, least=0)
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise _wrong("seed", seed, "a whole number or None", "seed=1")
    if found.said:
        print(found.said)
    seen = Seen(found.text_fields)
    for row in known:
        seen.add(row)
    writer = writer_for(model) if found.text_fields else None
    seed = SystemRandom().getrandbits(63) if seed is None else seed
    return _Maker(found, writer, seed, seen).rows(start, n, batch_size)


def writer_for(model: Any = None) -> Writer:
    """Who writes the texts; see `stream_records` for what `model` may be.

    Raises:
        ParameterError: It is nothing that writes.
        HflabError: What `hflab.load` raises.
    """
    if model is None:
        trained = "records" in tiny_model()
        model = pick("records" if trained else "chat")
        if not trained and str(model) == str(tiny_model("chat")):
            print(
                "The bundled chat model was not trained for records: its texts fit the schema, "
                "not the record. For sensible texts name an instruct model."
            )
    if isinstance(model, str | Path):
        model = load(str(model))
    if isinstance(model, tuple | list) and len(model) == 2:
        return LocalWriter(*model)
    if callable(getattr(model, "send", None)):
        return SendWriter(model)
    if callable(getattr(model, "write", None)):
        writer: Writer = model
        return writer
    raise _wrong(
        "model",
        type(model).__name__,
        "None, a model's name, (model, tokenizer), or an object with .send(text)",
        "model=(model, tokenizer)",
    )


def check_count(name: str, value: Any, least: int = 1) -> None:
    """Refuse what is no whole number, or too small a one.

    Raises:
        ParameterError: It is.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise _wrong(name, value, f"a whole number from {least} on", f"{name}=100")


def _wrong(name: str, value: Any, expected: str, example: str) -> ParameterError:
    return ParameterError(
        f"{name}={value!r:.60} can't work.", f"Expected {expected}.", f"Write {example}, say."
    )


class _Maker:
    """Makes rows for one spec."""

    def __init__(self, spec: Spec, writer: Writer | None, seed: int, seen: Seen) -> None:
        self.spec, self.writer, self.seed, self.seen = spec, writer, seed, seen
        self.validator = validator(spec.schema)
        self.refused: dict[int, str] = {}

    def rows(self, start: int, n: int, size: int) -> Generator[Row, None, None]:
        for first in range(start, start + n, size):
            yield from self._block(range(first, min(first + size, start + n)))

    def _block(self, indices: range) -> Generator[Row, None, None]:
        """Rows of these indices, in order; what is refused is drawn anew, together."""
        done: dict[int, Row] = {}
        left, following, attempt = list(indices), indices.start, 0
        while left:
            made = self._make(left, attempt)
            refused = []
            for index, row in zip(left, made, strict=True):
                why = self._verdict(row)
                if why:
                    refused.append(index)
                    self.refused[index] = why
                else:
                    done[index] = row
            while following in done:
                yield done.pop(following)
                following += 1
            left, attempt = refused, attempt + 1
            if left and attempt >= (_TRIES if self.writer else _CHEAP_TRIES):
                raise self._exhausted(left[0])

    def _make(self, indices: Sequence[int], attempt: int) -> list[Row]:
        drawn = [draw(self.spec.plan, self._chance(index, attempt)) for index in indices]
        temperature = min(TEMPERATURE + 0.1 * attempt, _HOTTEST)
        # The first text of all records together, then the second, which may lean on the first.
        for place in range(max(len(slots) for _, slots in drawn)):
            chosen = [n for n, (_, slots) in enumerate(drawn) if len(slots) > place]
            requests = []
            for n in chosen:
                record, slot = drawn[n][0], drawn[n][1][place]
                about = slot.schema.get("description", "")
                prompt = text_field(
                    self.spec.description, without_gaps(record), slot.name, str(about)
                )
                name = f"{self.seed}/{indices[n]}/{attempt}/{slot.name}"
                requests.append(Request(prompt, slot.schema, name, temperature))
            assert self.writer is not None
            for n, text in zip(chosen, self.writer.write(requests), strict=True):
                if text is not None:
                    put(drawn[n][0], drawn[n][1][place], text)
        return [record for record, _ in drawn]

    def _chance(self, index: int, attempt: int) -> Random:
        return Random(f"{self.seed}/{index}/{attempt}")

    def _verdict(self, row: Row) -> str:
        """Why a row is refused; "" for a good one, which is remembered."""
        if without_gaps(row) != row:
            return "no fitting text"
        error = next(self.validator.iter_errors(row), None)
        if error:
            return f"{'.'.join(map(str, error.absolute_path)) or 'the row'}: {error.message:.120}"
        return self.seen.add(row)

    def _exhausted(self, index: int) -> ParameterError:
        why = self.refused[index]
        tries = _TRIES if self.writer else _CHEAP_TRIES
        if why.endswith("duplicate"):
            return ParameterError(
                f"No row was found that differs from the {len(self.seen)} others.",
                f"The last of {tries} tries was a {why}: the schema allows too few different rows.",
                "Ask for fewer rows, or give the fields more values, ranges or longer texts.",
            )
        if why == "no fitting text":
            return ParameterError(
                f"The model wrote no text that fits row {index}.",
                f"Each of {tries} tries broke off, or did not keep to the schema.",
                "Make maxLength larger or minLength smaller, or use another model.",
            )
        return ParameterError(
            f"No row was found that fits the schema, at row {index}.",
            f"The last of {tries} tries failed at {why}.",
            "Change the schema there: some of its conditions contradict each other.",
        )


def without_gaps(value: Any) -> Any:
    """A copy of a record without the texts that are still to be written."""
    if isinstance(value, dict):
        return {key: without_gaps(v) for key, v in value.items() if v is not UNWRITTEN}
    if isinstance(value, list):
        return [without_gaps(each) for each in value if each is not UNWRITTEN]
    return deepcopy(value)


def put(record: Row, slot: Slot, text: str) -> None:
    """Put a text in its place."""
    inner: Any = record
    for key in slot.path[:-1]:
        inner = inner[key]
    inner[slot.path[-1]] = text
