"""The bundled text-to-image model: the scores of its card, measured again on held-out prompts."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from bundled import Scores
from PIL import Image, ImageDraw

import hflab

pytest.importorskip("diffusers", reason="an extra: hflab[image]")

from recipes.text_to_image import drawn
from recipes.text_to_image_data import RESERVED, Writer, render
from recipes.text_to_image_judge import judge


@pytest.mark.slow
class TestScores(Scores):
    pass


def test_the_same_seed_draws_the_same_picture(folder):
    one, other = (drawn(folder, ["a red circle"])[0] for _ in range(2))
    assert one.size == (64, 64)
    assert np.abs(np.asarray(one, dtype=int) - np.asarray(other)).max() <= 2


def test_the_judge_can_say_no():
    def picture(left, right):
        image = Image.new("RGB", (64, 64), "white")
        pen = ImageDraw.Draw(image)
        pen.ellipse((6, 20, 28, 42), fill=left)
        pen.rectangle((36, 20, 58, 42), fill=right)
        return image

    wanted = [{"color": "red", "shape": "circle"}, {"color": "blue", "shape": "square"}]
    item = {"objects": wanted, "relation": "columns"}
    classifier = Path(hflab.tiny_model("image-classification"))
    assert judge([item], [picture("red", "blue")], classifier) == (2, 1)
    assert judge([item], [picture("green", "blue")], classifier) == (1, 0)
    assert judge([item | {"objects": wanted[::-1]}], [picture("red", "blue")], classifier)[1] == 0
    assert judge([item | {"objects": wanted[:1]}], [picture("red", "blue")], classifier)[1] == 0


def test_recipe_is_seeded_and_keeps_reserved_pairs_out():
    def scenes(seed, count=500):
        return list(islice(Writer(seed).scenes(), count))

    assert scenes(3, 20) == scenes(3, 20)
    assert scenes(3, 20) != scenes(4, 20)
    assert (render(scenes(3, 1)[0]) == render(scenes(3, 1)[0])).all()
    shown = {(thing.color, thing.thing) for scene in scenes(5) for thing in scene.things}
    assert len(shown) > 150
    assert not shown & RESERVED


def test_size(folder):
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 12_000_000
