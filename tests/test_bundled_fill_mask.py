"""The bundled fill-mask model: the scores of its card, measured again on held-out sentences."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import pytest
from transformers import AutoTokenizer, pipeline

import hflab
from recipes.fill_mask import RECIPE
from recipes.fill_mask_data import sentences

FOLDER = Path(hflab.tiny_model("fill-mask"))


@pytest.fixture(scope="module")
def scores():
    return RECIPE.evaluate(FOLDER)


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
    ("text", "words"),
    [
        ("The capital of France is [MASK].", {"Paris"}),
        ("The day after Tuesday is [MASK].", {"Wednesday"}),
        ("I read a [MASK] before I go to bed.", {"book", "story", "newspaper", "magazine"}),
        ("The opposite of old is [MASK].", {"new", "young"}),
    ],
)
def test_ordinary_sentences(text, words):
    fill = pipeline("fill-mask", model=str(FOLDER))
    assert fill(text)[0]["token_str"] in words


def test_a_maskable_word_is_one_token():
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    for word in ("Paris", "Wednesday", "umbrella", "grandmother", "firefighter"):
        assert tokenizer.tokenize(word) == [word]
    assert tokenizer.unk_token_id not in tokenizer("Zorvanna quizzes émigrés")["input_ids"]


def test_recipe_is_seeded():
    first = list(islice(sentences(3), 20))
    assert first == list(islice(sentences(3), 20))
    assert first != list(islice(sentences(4), 20))


def test_size():
    assert (FOLDER / "model.safetensors").stat().st_size <= 4_000_000
