"""The bundled summarization model: the scores of its card, measured again on held-out text."""

from __future__ import annotations

from itertools import islice

import pytest
import torch
from bundled import Scores
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from recipes.summarization import rouge_l, summarize, unfaithful
from recipes.summarization_data import shown, stories

TestScores = Scores


@pytest.fixture(scope="module")
def bundled(folder):
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32)
    return model, AutoTokenizer.from_pretrained(folder)


def test_two_scores_have_a_bar(scores):
    assert sum(score.bar is not None for score in scores) == 2


def test_size(folder):
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 9_000_000


def test_a_paragraph_is_told_in_its_own_words(bundled):
    text = (
        "On Monday, the council of Welford voted to spend $2.5 million on a new library. "
        'Mayor Ana Ruiz called the plan "overdue". The old library, built in 1931, was too small. '
        "Construction will start in May and should take two years, officials said."
    )
    (summary,) = summarize(*bundled, [text])
    assert "council of Welford voted to spend $2.5 million on a new library" in summary
    assert not unfaithful(summary, text)
    assert len(summary.split()) < len(text.split())


def test_the_measures_can_say_no():
    assert rouge_l("The bridge is closed.", "the bridge is closed") == 1.0
    assert rouge_l("the cat", "a dog") == 0.0
    assert rouge_l("one two three four", "one three five six") == 0.5
    assert unfaithful("It cost $25 in Rome.", "It cost $24 in Roma.") == ["25", "Rome"]
    assert not unfaithful("Nobody paid Ana's $2.5 million.", "Ana paid $2.5 million, she said.")


def test_brackets_are_told_and_left_out():
    rng = type("Always", (), {"random": staticmethod(lambda: 0.0)})()
    marked = "[on Monday, ]a old mill[, built [by hand ]in 1904,] closed[, officials said]."
    full, short = shown(marked, rng, 1.0)
    assert full == "On Monday, an old mill, built by hand in 1904, closed, officials said."
    assert short == "An old mill closed."


def test_recipe_is_seeded():
    one, two, other = (list(islice(stories(seed), 20)) for seed in (3, 3, 4))
    assert one == two
    assert one != other
