"""Records over a real Ray of two workers, one of which is killed: make scale runs it."""

from __future__ import annotations

import csv
import json
import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import jsonschema
import psutil
import pytest

from hflab.errors import ParameterError
from hflab.records import generate_records
from hflab.records.scaling import scale_records

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[scale]'")

# Where the workers find this file's Author; and with no lower priority than anybody else.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])
)
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (its own name)

SCHEMA = {
    "type": "object",
    "description": "Reviews.",
    "properties": {
        "id": {"type": "string", "pattern": "^R-[0-9]{6}$"},
        "rating": {"type": "integer", "minimum": 1, "maximum": 5},
        "review": {"type": "string", "maxLength": 60},
    },
    "required": ["id", "rating", "review"],
    "additionalProperties": False,
}
ROWS = 80


class Author:
    """Writes a text for a record; a process that receives it notes that in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.__dict__.update(state)
        with (self.folder / "received").open("a") as file:
            file.write(f"{os.getpid()}\n")

    def send(self, prompt: str) -> str:
        (self.folder / f"at-work-{os.getpid()}").touch()
        # Slow enough that there is something to kill.
        time.sleep(0.25)
        record = json.loads(prompt.splitlines()[1])
        return json.dumps(text_of(record))


def text_of(record: dict[str, object]) -> str:
    return f"Number {record['id']} was rated {record['rating']}."


@pytest.fixture(scope="module")
def cluster():
    """A Ray that was started before, as a cluster is."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def at_work(folder: Path) -> list[int]:
    return [int(path.name.removeprefix("at-work-")) for path in folder.glob("at-work-*")]


def kill_one(folder: Path, killed: list[int]) -> None:
    """Kill a worker as soon as both are at work."""
    deadline = time.monotonic() + 500
    while time.monotonic() < deadline:
        if len(at_work(folder)) == 2:
            killed.append(at_work(folder)[0])
            os.kill(killed[0], signal.SIGKILL)
            return
        time.sleep(0.02)


def test_a_killed_worker_is_replaced_and_its_rows_are_made_again(tmp_path):
    out, killed = tmp_path / "reviews.jsonl", []
    killer = threading.Thread(target=kill_one, args=(tmp_path, killed), daemon=True)
    killer.start()
    model = Author(tmp_path)
    scale_records(SCHEMA, ROWS, out=out, model=model, seed=1, batch_size=8, progress=False)
    killer.join()
    assert not ray.is_initialized()
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        jsonschema.validate(row, SCHEMA)
        assert row["review"] == text_of(row)
    assert len(rows) == ROWS == len({json.dumps(row) for row in rows})
    # Two at work, one of them killed, a third in its place; each received the model once.
    received = [int(line) for line in (tmp_path / "received").read_text().split()]
    assert len(killed) == 1 and not psutil.pid_exists(killed[0])
    assert len(at_work(tmp_path)) == 3
    assert [received.count(worker) for worker in at_work(tmp_path)] == [1, 1, 1]
    # As one process would have made them.
    alone = generate_records(SCHEMA, 8, model=model, seed=1, progress=False)
    assert rows[:8] == alone


def test_a_file_that_was_cut_off_is_gone_on_with(tmp_path, cluster):
    out = tmp_path / "reviews.csv"
    options = {"out": out, "format": "csv", "model": partial(Author, tmp_path), "progress": False}
    scale_records(SCHEMA, 20, **options)
    whole = out.read_bytes()
    out.write_bytes(whole[:-5])
    scale_records(SCHEMA, 30, **options)
    assert ray.is_initialized()
    kept = whole[: whole[:-1].rindex(b"\n") + 1]
    assert out.read_bytes().startswith(kept)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30 == len({row["id"] for row in rows})


def test_a_schema_of_too_few_rows_ends_with_what_there_is(tmp_path, cluster):
    schema = {"type": "object", "properties": {"a": {"enum": list(range(20))}}, "required": ["a"]}
    out = tmp_path / "few.jsonl"
    with pytest.raises(ParameterError, match=r"too few different rows"):
        scale_records(schema, 50, out=out, batch_size=4, progress=False)
    rows = out.read_text(encoding="utf-8").splitlines()
    assert 10 < len(rows) == len(set(rows)) <= 20
