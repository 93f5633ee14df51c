"""The bundled fill-mask model: the scores of its card, measured again on held-out sentences."""

from __future__ import annotations

from itertools import islice

import pytest
from bundled import Scores
from transformers import AutoTokenizer, pipeline

from recipes.fill_mask_data import sentences

TestScores = Scores


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The capital of France is [MASK].", {"Paris"}),
        ("The day after Tuesday is [MASK].", {"Wednesday"}),
        ("I read a [MASK] before I go to bed.", {"book", "story", "newspaper", "magazine"}),
        ("The opposite of old is [MASK].", {"new", "young"}),
    ],
)
def test_ordinary_sentences(folder, text, words):
    fill = pipeline("fill-mask", model=str(folder))
    assert fill(text)[0]["token_str"] in words


def test_a_maskable_word_is_one_token(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for word in ("Paris", "Wednesday", "umbrella", "grandmother", "firefighter"):
        assert tokenizer.tokenize(word) == [word]
    assert tokenizer.unk_token_id not in tokenizer("Zorvanna quizzes émigrés")["input_ids"]


def test_recipe_is_seeded():
    first = list(islice(sentences(3), 20))
    assert first == list(islice(sentences(3), 20))
    assert first != list(islice(sentences(4), 20))


def test_size(folder):
    assert (folder / "model.safetensors").stat().st_size <= 4_000_000
