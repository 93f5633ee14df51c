"""The bundled embeddings model: the scores of its card, measured again on held-out groups."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer, pipeline

import hflab
from recipes.embeddings import RECIPE, encode
from recipes.embeddings_data import Writer


@pytest.fixture(scope="module")
def folder():
    if "embeddings" not in hflab.tiny_model():
        pytest.skip("the embeddings model has not been trained yet: python -m recipes.embeddings")
    return Path(hflab.tiny_model("embeddings"))


@pytest.fixture(scope="module")
def scores(folder):
    return RECIPE.evaluate(folder)


@pytest.fixture(scope="module")
def parts(folder):
    model = AutoModel.from_pretrained(folder, dtype="float32").eval()
    return model, AutoTokenizer.from_pretrained(folder)


def test_every_bar_is_reached(scores):
    for score in scores:
        assert score.reached, f"{score.label}: {score.value:.3f}, bar {score.bar}"


def test_card_states_the_measured_scores(folder, scores):
    card = (folder / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| (.+?) \| ([\d.]+) % \|", card, re.MULTILINE))
    for score in scores:
        assert abs(float(stated[score.label]) - 100 * score.value) <= 0.5


def test_the_paraphrase_is_nearer_than_anything_else(parts):
    texts = [
        "How do I get my money back?",
        "You can return the item for a refund.",
        "It will rain tomorrow.",
        "My cat is ill.",
    ]
    vectors = encode(*parts, texts)
    assert (vectors @ vectors[0])[1:].argmax() == 0


def test_padding_does_not_change_a_vector(parts):
    alone = encode(*parts, ["Hello"])
    padded = encode(*parts, ["Hello", "a much longer text with many more words than the other"])
    assert torch.allclose(alone[0], padded[0], atol=1e-5)


def test_pipeline_gives_one_vector_a_token(folder, parts):
    features = pipeline("feature-extraction", model=str(folder), device="cpu")("It rains.")
    assert len(features[0]) == len(parts[1]("It rains.")["input_ids"])
    assert len(features[0][0]) == parts[0].config.hidden_size


def test_recipe_is_seeded():
    first, again, other = (Writer(seed).batch(40) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_size(folder):
    assert sum(path.stat().st_size for path in folder.glob("*.safetensors")) <= 4_000_000
