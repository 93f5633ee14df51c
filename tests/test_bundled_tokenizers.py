"""The bundled tokenizers: published chat formats, round trips, and the differences they show."""

from __future__ import annotations

import pytest
from bundled import Scores
from jinja2.exceptions import TemplateError
from transformers import AutoTokenizer

import hflab
from recipes.tokenizers import STYLES, pages

TestScores = Scores


@pytest.fixture(scope="module")
def tokenizers():
    return {
        name: AutoTokenizer.from_pretrained(hflab.tiny_model(f"tokenizers/{name}"))
        for name in STYLES
    }


@pytest.mark.parametrize("name", STYLES)
def test_markers_are_single_tokens_and_bos_comes_once(tokenizers, name):
    tokenizer = tokenizers[name]
    messages = [{"role": "user", "content": "Hi!"}]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert ids == tokenizer(text, add_special_tokens=False)["input_ids"]
    if tokenizer.bos_token:
        assert ids.count(tokenizer.bos_token_id) == text.count(tokenizer.bos_token)
    for token in STYLES[name].special:
        assert len(tokenizer(token, add_special_tokens=False)["input_ids"]) == 1


def test_digits_are_cut_as_in_the_real_families(tokenizers):
    cut = {name: len(t.tokenize("12345")) for name, t in tokenizers.items()}
    assert cut["llama-3"] == 2
    assert cut["chatml"] == cut["code"] == 5


def test_what_they_were_trained_on_shows(tokenizers):
    """Characters a token: code in the code tokenizer, other scripts where they were read."""

    def density(name: str, language: str) -> float:
        text = pages()[language]["sample"]
        return len(text) / len(tokenizers[name](text, add_special_tokens=False)["input_ids"])

    assert density("code", "python") > density("llama-3", "python") > density("llama-2", "python")
    for language in ("russian", "arabic", "chinese"):
        assert density("chatml", language) > 1.3 * density("llama-2", language)
    assert density("llama-3", "english") > density("llama-3", "french")


def test_formats_without_a_place_for_it_refuse_a_system_prompt(tokenizers):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi!"}]
    with pytest.raises(TemplateError, match="System messages are not allowed"):
        tokenizers["code"].apply_chat_template(messages, tokenize=False)
    with pytest.raises(TemplateError, match="must alternate"):
        tokenizers["llama-2"].apply_chat_template([messages[1], messages[1]], tokenize=False)
