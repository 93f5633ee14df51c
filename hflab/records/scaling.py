"""Records over many workers with Ray: each loads the model once, one writer appends to one file."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from secrets import randbits
from typing import Any

from tqdm.auto import tqdm

from hflab.errors import HflabError, MissingExtraError, ParameterError
from hflab.records.duplicates import Seen
from hflab.records.formats import check_format
from hflab.records.making import Row, check_count, stream_records, writer_for
from hflab.records.saving import _File
from hflab.records.spec import Spec, read_spec

# More than is missing is begun, since a few rows will be duplicates of another worker's.
_SPARE = 0.05


def scale_records(
    spec: Any,
    n: int,
    *,
    out: str | Path,
    workers: int = 2,
    model: Any = None,
    format: str = "jsonl",
    seed: int | None = None,
    batch_size: int = 16,
    gpus: float = 0,
    resume: bool = True,
    progress: bool = True,
) -> Path:
    """Make n different rows with many processes, on this machine or on a Ray cluster.

    A cluster is used where `ray.init` has been called or RAY_ADDRESS is set; otherwise Ray starts
    on this machine, reachable from here only, and ends with the call. A worker that dies is
    replaced, and what it had in hand is made again. Rows are appended in order and flushed, so
    that an interrupted call loses none of those in the file, and the same call goes on there.

    Args:
        spec: As in `hflab.records.stream_records`.
        n: Rows that the file shall have in the end, those it has already among them.
        out: The file; for the format "dataset" a folder.
        workers: Processes with a model each.
        model: As in `stream_records`; every machine must be able to load it. Or a function without
            arguments that each worker calls once, for what can't be sent to it.
        format: As in `hflab.records.generate_records`.
        seed: For the same rows again, however many workers there are.
        batch_size: Rows that a worker writes together, and hands over together.
        gpus: GPUs for each worker; 0.5 lets two share one.
        resume: Whether to keep what the file has; otherwise it is written anew.
        progress: Whether to show a progress bar.

    Returns:
        The file.

    Raises:
        MissingExtraError: Ray is not installed.
        ParameterError: An argument or the schema can't work, the file holds rows of another kind,
            or there are no n different rows.
        HflabError: What a worker raised; all others are stopped.
    """
    found = read_spec(spec)
    for name, value in (("n", n), ("workers", workers), ("batch_size", batch_size)):
        check_count(name, value)
    check_format(format)
    file = _File(Path(out), format, found)
    known = file.open(resume)
    seen = Seen(found.text_fields)
    for row in known:
        seen.add(row)
    if len(known) < n:
        start = randbits(63) if seed is None else seed
        with (
            tqdm(total=n, initial=len(known), unit=" rows", disable=not progress) as bar,
            file.appending() as append,
            _ray(workers) as ray,
        ):
            crew = _Crew(ray, {"spec": found, "model": model, "seed": start}, workers, gpus)
            with closing(crew.rows(len(known), n, batch_size, seen)) as rows:
                for row in rows:
                    append(row)
                    bar.update()
    file.finish()
    return Path(out)


class _Worker:
    """A process that makes rows; Ray calls it with one piece of work after the other."""

    def __init__(self, spec: Spec, model: Any, seed: int) -> None:
        self.spec, self.seed = spec, seed
        # A function makes a chat with a server, say, whose connection belongs to one process.
        made = any(hasattr(model, name) for name in ("send", "write")) or not callable(model)
        self.writer = writer_for(model if made else model()) if spec.text_fields else None

    def __call__(self, piece: dict[str, int]) -> list[dict[str, str]]:
        rows = stream_records(
            self.spec,
            int(piece["count"]),
            model=self.writer,
            seed=self.seed,
            batch_size=int(piece["count"]),
            start=int(piece["first"]),
        )
        # As JSON, because Ray's tables would make all rows of a column one type.
        return [{"row": json.dumps(row)} for row in rows]


class _Crew:
    """Workers, and the pieces of work for them."""

    def __init__(self, ray: Any, arguments: dict[str, Any], workers: int, gpus: float) -> None:
        self.ray, self.arguments = ray, arguments
        self.workers, self.gpus = workers, gpus

    def rows(self, done: int, n: int, size: int, seen: Seen) -> Generator[Row, None, None]:
        """Rows that are not among those seen, from `done` to `n`, in order."""
        first = done
        while done < n:
            before = done
            last = first + n - done + int(_SPARE * (n - done)) + 1
            pieces = [
                {"first": start, "count": min(size, last - start)}
                for start in range(first, last, size)
            ]
            with closing(self._made(pieces)) as made:
                for row in made:
                    if not seen.add(row):
                        done += 1
                        yield row
                    if done == n:
                        return
            if done == before:
                raise _exhausted(done, n)
            first = last

    def _made(self, pieces: list[dict[str, int]]) -> Generator[Row, None, None]:
        """The rows of all pieces, in order, as they come."""
        ray = self.ray
        # Ray Data starts a worker that has died again, and with it what it had in hand.
        data = ray.data.from_items(pieces, override_num_blocks=len(pieces)).flat_map(
            _Worker,
            fn_constructor_kwargs=self.arguments,
            compute=ray.data.ActorPoolStrategy(size=min(self.workers, len(pieces))),
            num_gpus=self.gpus or None,
        )
        try:
            for row in data.iter_rows():
                yield json.loads(row["row"])
        except ray.exceptions.RayError as error:
            cause: BaseException | None = error
            while cause is not None and not isinstance(cause, HflabError):
                cause = getattr(cause, "cause", None) or cause.__cause__
            if cause is None:
                raise
            raise cause from None


@contextmanager
def _ray(workers: int) -> Iterator[Any]:
    """Ray, started if need be, and set so that rows come in order and nothing is printed."""
    # No news to Ray's makers; read when Ray is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if find_spec("ray") is None:
        raise MissingExtraError(
            "Ray is not installed.", "It runs the workers that make the records.", extra="scale"
        )
    # An optional extra, and slow to import; the second brings the first.
    import ray.data

    ours = not ray.is_initialized()
    if ours and os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False)
    elif ours:
        cores = max(workers, os.cpu_count() or 1)
        ray.init(
            num_cpus=cores,
            include_dashboard=False,
            log_to_driver=False,
            _node_ip_address="127.0.0.1",
        )
    context = ray.data.DataContext.get_current()
    options = context.execution_options
    before = options.preserve_order, context.enable_progress_bars
    options.preserve_order, context.enable_progress_bars = True, False
    try:
        yield ray
    finally:
        options.preserve_order, context.enable_progress_bars = before
        if ours:
            ray.shutdown()


def _exhausted(done: int, n: int) -> ParameterError:
    return ParameterError(
        f"Only {done:,} different rows were found, and {n:,} are asked for.",
        "The last round of work brought duplicates only: the schema allows too few different rows.",
        "Ask for fewer rows, or give the fields more values, ranges or longer texts.",
    )
