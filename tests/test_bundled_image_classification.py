"""The bundled picture classifier: the scores of its card, measured again on held-out drawings."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from bundled import Scores
from PIL import Image, ImageDraw
from transformers import pipeline

from recipes.drawings import COLORS, LABELS, THINGS
from recipes.image_classification import examples

TestScores = Scores


@pytest.fixture(scope="module")
def classify(folder):
    return pipeline("image-classification", model=str(folder))


def test_a_learners_drawings_of_any_size_are_named(classify):
    wide = Image.new("RGB", (320, 240), "white")
    ImageDraw.Draw(wide).ellipse((90, 50, 230, 190), fill="red")
    small = Image.new("RGB", (48, 48), "black")
    ImageDraw.Draw(small).rectangle((10, 10, 36, 36), fill="yellow")
    high = Image.new("RGB", (100, 120), "white")
    ImageDraw.Draw(high).polygon([(50, 20), (90, 100), (10, 100)], fill="green")
    found = [answer[0]["label"] for answer in classify([wide, small, high])]
    assert found == ["red circle", "yellow square", "green triangle"]


def test_its_labels_give_color_and_thing(classify):
    labels = classify.model.config.id2label
    assert list(labels.values()) == LABELS
    assert {tuple(label.split()) for label in LABELS} == {(c, t) for c in COLORS for t in THINGS}


def test_recipe_is_seeded():
    def pictures(seed):
        return np.stack([example["pixels"] for example in islice(examples(seed), 4)])

    assert (pictures(3) == pictures(3)).all()
    assert (pictures(3) != pictures(4)).any()


def test_size(folder):
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 2_000_000
