"""Small files made from seeds: the datasets, and an early version of the chat model."""

from __future__ import annotations

import csv
import io
import json
import math
import random
from collections.abc import Callable
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from hflab.practice_hub._repos import Blob

_THINGS = (
    "lamp",
    "chair",
    "kettle",
    "jacket",
    "phone",
    "radio",
    "bicycle",
    "tent",
    "camera",
    "clock",
)
_GOOD = (
    "I love this {0}, it works every single day.",
    "The {0} is beautiful and very well made.",
    "A great {0}, and it arrived a day early.",
    "Best {0} I ever had, I would buy it again.",
    "My sister wants the same {0} now, we are so happy with it.",
    "The {0} is quiet, light and easy to use.",
)
_BAD = (
    "The {0} broke after two days, what a waste.",
    "I hate this {0}, it never worked.",
    "A terrible {0}, and it arrived a week late.",
    "Worst {0} I ever had, I want my money back.",
    "My sister laughed at this ugly {0}.",
    "The {0} is loud, heavy and hard to use.",
)


def _reviews(seed: int, rows: int) -> dict[str, list[str] | list[int]]:
    draw = random.Random(seed)
    labels = [draw.randrange(2) for _ in range(rows)]
    texts = [draw.choice(_GOOD if label else _BAD).format(draw.choice(_THINGS)) for label in labels]
    return {"text": texts, "label": labels}


def _parquet(seed: int, rows: int) -> Callable[[], bytes]:
    def make() -> bytes:
        # Imported here: it comes with the optional extra [lab], and takes a while.
        import pyarrow

        # Imported here: see above.
        import pyarrow.parquet

        buffer = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.table(_reviews(seed, rows)), buffer)
        return buffer.getvalue()

    return make


def _weather() -> bytes:
    draw, text = random.Random(3), io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["day", "degrees", "rain"])
    for number in range(365):
        degrees = 10 - 11 * math.cos(2 * math.pi * (number - 20) / 365) + draw.uniform(-4, 4)
        rain = round(draw.uniform(0, 25), 1) if draw.random() < 0.35 else 0.0
        writer.writerow([date(2025, 1, 1) + timedelta(number), round(degrees, 1), rain])
    return text.getvalue().encode()


def _questions() -> bytes:
    draw, lines = random.Random(4), []
    for _ in range(60):
        one, two = draw.randrange(2, 50), draw.randrange(2, 50)
        more = draw.random() < 0.5
        question = f"What is {max(one, two)} {'plus' if more else 'minus'} {min(one, two)}?"
        answer = one + two if more else abs(one - two)
        lines.append(json.dumps({"question": question, "answer": str(answer)}))
    return "\n".join([*lines, ""]).encode()


def datasets() -> dict[str, dict[str, Blob]]:
    """The files of each generated dataset; those in Parquet only where pyarrow is installed."""
    found = {
        "practice/weather": {"weather.csv": Blob(_weather)},
        "practice/questions": {"questions.jsonl": Blob(_questions)},
    }
    if find_spec("pyarrow") is not None:
        found["practice/reviews"] = {
            "data/train-00000-of-00001.parquet": Blob(_parquet(1, 200), large=True),
            "data/test-00000-of-00001.parquet": Blob(_parquet(2, 50), large=True),
        }
    return found


def early(weights: Path, noise: float = 0.02, seed: int = 1) -> Callable[[], bytes]:
    """A model's weights with noise on them, as if its training had been stopped too early.

    Args:
        weights: A safetensors file in float16.
        noise: Its standard deviation.
        seed: Where it starts.
    """

    def make() -> bytes:
        content = weights.read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        values = np.frombuffer(content[start:], np.float16)
        drawn = np.random.default_rng(seed).normal(0, noise, values.size)
        return content[:start] + (values + drawn).astype(np.float16).tobytes()

    return make
