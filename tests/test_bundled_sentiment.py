"""The bundled sentiment model: the scores of its card, measured again on held-out sentences."""

from __future__ import annotations

from itertools import islice

import pytest
from bundled import Scores
from transformers import pipeline

from recipes.sentiment_data import texts

TestScores = Scores


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
def test_ordinary_sentences(folder, text, label):
    classify = pipeline("text-classification", model=str(folder))
    (answer,) = classify(text)
    assert answer["label"] == label
    assert answer["score"] > 0.5


def test_recipe_is_seeded():
    first = list(islice(texts(3), 20))
    assert first == list(islice(texts(3), 20))
    assert first != list(islice(texts(4), 20))


def test_size(folder):
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 5_000_000
    assert (folder / "model.safetensors").stat().st_size <= 4_000_000
