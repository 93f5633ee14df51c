"""The bundled model for names: the scores of its card, measured again on held-out sentences."""

from __future__ import annotations

import random
from itertools import islice

import pytest
from bundled import Scores
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from recipes.ner import LABELS, Pieces, f1, plain_text, spans
from recipes.ner_data import Writer
from recipes.training import IGNORE

LARGEST = 4_000_000


TestScores = Scores


@pytest.fixture(scope="module")
def ner(folder):
    return pipeline("token-classification", model=str(folder), aggregation_strategy="simple")


def test_bars_stand_on_many_names(scores):
    assert all(score.of >= 200 for score in scores if score.bar is not None)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("My name is Clara Jensen and I live in Berlin.", {"Clara Jensen": "PER", "Berlin": "LOC"}),
        ("She works for Siemens in Munich.", {"Siemens": "ORG", "Munich": "LOC"}),
        ("The Norwegian minister flew to Paris.", {"Norwegian": "MISC", "Paris": "LOC"}),
        ("Nothing happened on Monday.", {}),
    ],
)
def test_ordinary_sentences_through_the_pipeline(ner, text, names):
    assert {group["word"]: group["entity_group"] for group in ner(text)} == names


def test_a_name_of_many_pieces_is_one_group(ner):
    groups = ner("Yesterday Zorvanna Quiltermeyer arrived in Brussels.")
    assert (groups[0]["word"], groups[0]["entity_group"]) == ("Zorvanna Quiltermeyer", "PER")


def test_labels_and_size(folder):
    model = AutoModelForTokenClassification.from_pretrained(folder)
    assert list(model.config.id2label.values()) == LABELS
    assert model.config.model_type == "bert"
    assert (folder / "model.safetensors").stat().st_size <= LARGEST


def test_recipe_is_seeded():
    one, two = Writer(3), Writer(3)
    assert [one.text() for _ in range(20)] == [two.text() for _ in range(20)]
    assert Writer(4).text() != Writer(3).text()


def test_written_tags_are_well_formed():
    writer = Writer(5)
    for words, tags in islice(iter(writer.text, None), 500):
        assert len(words) == len(tags)
        assert all(words)
        assert not any("{" in word or "[" in word for word in words)
        for before, tag in zip(["O", *tags], tags, strict=False):
            assert tag in LABELS
            if tag[0] == "I":
                assert before[1:] == tag[1:]


def test_every_piece_of_a_name_is_labeled(folder):
    pieces = Pieces(AutoTokenizer.from_pretrained(folder), random.Random(1))
    row = pieces.row(["In", "Quoxleburgh", "today"], ["O", "B-LOC", "O"])
    labels = [LABELS[label] for label in row["labels"] if label != IGNORE]
    named = [label for label in labels if label != "O"]
    assert named[0] == "B-LOC"
    assert len(named) > 1
    assert set(named[1:]) == {"I-LOC"}


def test_spans_and_f1():
    tags = ["B-PER", "I-PER", "O", "B-LOC", "B-LOC", "I-ORG"]
    assert spans(tags) == {(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "LOC"), (5, 6, "ORG")}
    assert f1([({1, 2}, {2, 3})]) == 0.5
    assert f1([(set(), set())]) == 0.0


def test_words_are_joined_as_they_are_written():
    words = ["He", "said", ":", '"', "Hi", ",", "Tom", "'s", "here", '"', "(", "now", ")", "."]
    text, starts = plain_text(words)
    assert text == 'He said: "Hi, Tom\'s here" (now).'
    assert [text[s : s + len(w)] for s, w in zip(starts, words, strict=True)] == words
