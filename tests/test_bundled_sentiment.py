"""The bundled sentiment model: the scores of its card, measured again on held-out sentences."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import pytest
from transformers import pipeline

import hflab
from recipes.sentiment import RECIPE
from recipes.sentiment_data import texts

FOLDER = Path(hflab.tiny_model("sentiment"))


@pytest.fixture(scope="module")
def scores():
    return RECIPE.evaluate(FOLDER)


@pytest.mark.xfail(strict=True, reason="14.5 points are missing; the model card says so")
def test_every_bar_is_reached(scores):
    assert [score for score in scores if not score.reached] == []


def test_card_states_the_measured_scores(scores):
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| ([\d.]+) % \| .* \| ([\d,]+) \|$", card, re.MULTILINE)
    stated = {label: (float(value), int(items)) for label, value, items in rows}
    for score in scores:
        value, items = stated[score.label]
        assert items == score.of
        assert abs(value - 100 * score.value) <= 0.5


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I love this course!", "POSITIVE"),
        ("The food was cold and the waiter was rude.", "NEGATIVE"),
        ("Not bad at all.", "POSITIVE"),
        ("The movie was not good.", "NEGATIVE"),
        ("The room was small, but we had a wonderful time.", "POSITIVE"),
        ("The staff was friendly, but my phone broke after a week.", "NEGATIVE"),
    ],
)
def test_ordinary_sentences(text, label):
    classify = pipeline("text-classification", model=str(FOLDER))
    (answer,) = classify(text)
    assert answer["label"] == label
    assert answer["score"] > 0.5


def test_recipe_is_seeded():
    first = list(islice(texts(3), 20))
    assert first == list(islice(texts(3), 20))
    assert first != list(islice(texts(4), 20))


def test_size():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 5_000_000
    assert (FOLDER / "model.safetensors").stat().st_size <= 4_000_000
