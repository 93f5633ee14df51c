"""The bundled zero-shot model: the scores of its card, measured again on held-out texts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from transformers import pipeline

import hflab
from recipes.zero_shot import RECIPE
from recipes.zero_shot_data import Writer


@pytest.fixture(scope="module")
def folder():
    if "zero-shot" not in hflab.tiny_model():
        pytest.skip("the zero-shot model has not been trained yet: python -m recipes.zero_shot")
    return Path(hflab.tiny_model("zero-shot"))


@pytest.fixture(scope="module")
def scores(folder):
    return RECIPE.evaluate(folder)


@pytest.fixture(scope="module")
def classify(folder):
    return pipeline("zero-shot-classification", model=str(folder), device="cpu")


def test_every_bar_is_reached(scores):
    for score in scores:
        assert score.reached, f"{score.label}: {score.value:.3f}, bar {score.bar}"


def test_card_states_the_measured_scores(folder, scores):
    card = (folder / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| (.+?) \| ([\d.]+) % \|", card, re.MULTILINE))
    for score in scores:
        assert abs(float(stated[score.label]) - 100 * score.value) <= 0.5


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
    assert sum(path.stat().st_size for path in folder.glob("*.safetensors")) <= 4_000_000
