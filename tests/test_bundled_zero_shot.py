"""The bundled zero-shot model: the scores of its card, measured again on held-out texts."""

from __future__ import annotations

import pytest
from bundled import Scores
from transformers import pipeline

from recipes.zero_shot_data import Writer

TestScores = Scores


@pytest.fixture(scope="module")
def classify(folder):
    return pipeline("zero-shot-classification", model=str(folder), device="cpu")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The goalkeeper saved two penalties.", "sports"),
        ("Stir the soup and add a pinch of salt.", "cooking"),
        ("The new laptop has a faster processor.", "technology"),
        ("Thunder and heavy rain are expected tonight.", "weather"),
    ],
)
def test_ordinary_sentences(classify, text, label):
    labels = ["sports", "cooking", "technology", "weather", "law"]
    assert classify(text, labels)["labels"][0] == label


def test_scores_of_several_labels_are_independent(classify):
    found = classify("The striker scored a goal.", ["sports", "soccer", "tax"], multi_label=True)
    by_label = dict(zip(found["labels"], found["scores"], strict=True))
    assert by_label["sports"] > 0.5
    assert by_label["soccer"] > 0.5
    assert by_label["tax"] < 0.5


def test_recipe_is_seeded():
    first, again, other = (Writer(seed).batch(100) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_no_label_is_right_and_wrong():
    items, wrong = Writer(1).batch(300)
    for i, item in enumerate(items):
        assert not wrong[i][i]
        for j, other in enumerate(items):
            assert not (wrong[i][j] and item.name == other.name)


def test_size(folder):
    assert sum(path.stat().st_size for path in folder.glob("*.safetensors")) <= 6_000_000
