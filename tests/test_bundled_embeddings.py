"""The bundled embeddings model: the scores of its card, measured again on held-out groups."""

from __future__ import annotations

import pytest
import torch
from bundled import Scores
from transformers import AutoModel, AutoTokenizer, pipeline

from recipes.embeddings import encode
from recipes.embeddings_data import Writer

TestScores = Scores


@pytest.fixture(scope="module")
def parts(folder):
    model = AutoModel.from_pretrained(folder, dtype="float32").eval()
    return model, AutoTokenizer.from_pretrained(folder)


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
    assert sum(path.stat().st_size for path in folder.glob("*.safetensors")) <= 5_000_000
