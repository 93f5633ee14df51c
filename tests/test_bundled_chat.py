"""The bundled chat model: the scores of its card, measured again on held-out conversations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

import hflab
from recipes.chat import BAR, HELD_OUT, answerer, evaluate
from recipes.chat_card import KINDS
from recipes.chat_dialogues import Writer
from recipes.chat_facts import Facts
from recipes.chat_grading import Grader, Phrasings


@pytest.fixture(scope="module")
def bundled():
    folder = hflab.tiny_model("chat")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    return model, AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def graded(bundled):
    return evaluate(*bundled, HELD_OUT)


def test_held_out_bar(graded):
    items, scores = graded
    right, total = scores["new"]
    missed = [f"{i['id']}: {i['reply']}" for i in items if i["new"] and not i["right"]]
    assert total >= 200
    assert right >= BAR * total, "\n".join(missed)


def test_card_states_the_measured_score(graded):
    """The model card's table is what a fresh measurement gives, up to two replies, and no less."""
    card = (Path(hflab.tiny_model("chat")) / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| (\d+) \| (\d+) \|", card, re.MULTILINE)
    stated = {label: (int(right), int(total)) for label, right, total in rows}
    for kind, (right, total) in graded[1].items():
        stated_right, stated_total = stated[KINDS[kind]]
        assert stated_total == total
        assert abs(stated_right - right) <= 2, kind


def test_size_and_architecture(bundled):
    model, tokenizer = bundled
    assert model.config.model_type == "llama"
    assert model.num_parameters() <= 10_000_000
    assert model.config.max_position_embeddings >= 2048
    assert tokenizer.bos_token == "<|begin_of_text|>"


def test_phrasings_know_what_a_training_frame_words():
    phrasings = Phrasings(Facts.load())
    assert phrasings.known("What is a token?")
    assert phrasings.known("what is the capital of zambia")
    assert not phrasings.known("my nephew swears that a token is a coin, is he right")


def test_grader_can_say_no():
    grader = Grader()
    assert grader.right("capital:France", "The capital of France is Paris.")
    assert not grader.right("capital:France", "The capital of France is Rome.")
    assert not grader.right("capital:France", "Paris or Rome.")
    assert not grader.right("contains:Ada", "Nice to meet you, Adam!")
    assert not grader.right("style:list:glossary:token", "- a piece of text")
    assert not grader.right("unknown", "Paris.")


def test_recipe_is_seeded():
    one, two = Writer(3), Writer(3)
    assert [one.dialogue() for _ in range(5)] == [two.dialogue() for _ in range(5)]
    assert Writer(4).dialogue() != Writer(3).dialogue()


def test_memory_over_turns(bundled):
    """A name from no list is copied and recalled after another question."""
    answer = answerer(*bundled)
    talk = [{"role": "user", "content": "Hi, I'm Zorvanna and my favorite color is teal."}]
    for question in ("What is a tokenizer?", "By the way, what was my name?"):
        talk.append({"role": "assistant", "content": answer([talk])[0]})
        talk.append({"role": "user", "content": question})
    assert "Zorvanna" in answer([talk])[0]


def test_loaded_by_name_or_by_path_it_computes_in_float32(capsys):
    for model_id in ("chat", hflab.tiny_model("chat")):
        model, _ = hflab.load(model_id, device_map=None)
        assert str(model.dtype) == "torch.float32"
    assert "Loading weights" not in capsys.readouterr().err
