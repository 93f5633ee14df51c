"""The bundled base model: the scores of its card, measured again; and that it is no chat model."""

from __future__ import annotations

from itertools import islice

import pytest
from bundled import Scores

import hflab
from hflab.errors import NoChatTemplateError
from recipes.base_data import Pages


class TestScores(Scores):
    slack = 2.0  # one of the 59 beginnings may go on differently on another processor


def test_it_continues_text_and_has_no_chat_template():
    model, tokenizer = hflab.load("base")
    text = hflab.generate(model, tokenizer, "The capital of Spain is", max_new_tokens=12)
    assert text.strip().startswith("Madrid")
    with pytest.raises(NoChatTemplateError):
        hflab.generate(model, tokenizer, [{"role": "user", "content": "Hi!"}])


def test_recipe_is_seeded():
    def first(seed: int) -> list[str]:
        pages = Pages(seed)
        return list(islice(iter(pages.page, None), 5))

    assert first(3) == first(3)
    assert first(3) != first(4)
