"""The bundled question-answering model: the scores of its card, measured again."""

from __future__ import annotations

from itertools import islice

import pytest
import torch
from bundled import Scores
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from recipes.question_answering import answer, examples, overlap, plain

BRIDGE = (
    "The Lindholm Bridge was designed by the engineer Petra Lindholm. It opened to traffic in May "
    "1931 after four years of work. The bridge is 412 meters long and made of steel."
)


TestScores = Scores


@pytest.fixture(scope="module")
def bundled(folder):
    model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(folder)


def test_both_measures_have_a_bar(scores):
    assert {score.metric for score in scores if score.bar} == {"exact_match", "f1"}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Who designed the Lindholm Bridge?", "Petra Lindholm"),
        ("When did the bridge open?", "May 1931"),
        ("How long is the bridge?", "412 meters"),
        ("What is the bridge made of?", "steel"),
    ],
)
def test_ordinary_questions(bundled, question, wanted):
    assert plain(answer(*bundled, question, BRIDGE)) == plain(wanted)


def test_an_answer_is_a_piece_of_the_paragraph(bundled):
    for question in ("Who?", "what color is it", "Ωhy ¿", "Does it rain in Ülm?"):
        assert answer(*bundled, question, BRIDGE) in BRIDGE


def test_examples_come_from_the_seed(bundled):
    tokenizer = bundled[1]
    one, same, other = (list(islice(examples(seed, tokenizer), 12)) for seed in (3, 3, 4))
    assert one == same
    assert one != other


def test_an_example_points_at_its_answer(bundled):
    for row in islice(examples(5, bundled[1]), 40):
        assert row["token_type_ids"][row["start_positions"]] == 1
        assert row["start_positions"] <= row["end_positions"] < len(row["input_ids"])
        assert set(row["inside"][row["start_positions"] : row["end_positions"] + 1]) == {1}


def test_size(folder):
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 7_500_000
    assert (folder / "model.safetensors").stat().st_size <= 7_000_000


def test_answers_are_compared_as_squad_does():
    assert plain("The  Lindholm Bridge!") == "lindholm bridge"
    assert overlap("in May 1931", "May 1931") == pytest.approx(0.8)
    assert overlap("steel", "wood") == 0.0
