"""The bundled chat model: the scores of its card, measured again on held-out conversations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

import hflab
from recipes.chat import BAR, HELD_OUT, answerer, evaluate
from recipes.chat_dialogues import Writer
from recipes.chat_facts import Facts
from recipes.chat_grading import Grader, conversations, words


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
    right, total = scores["all"]
    missed = [f"{i['id']}: {i['reply']}" for i in items if not i["right"]]
    assert total >= 200
    assert right >= BAR * total, "\n".join(missed)


def test_card_states_the_measured_score(graded):
    """The table in the model card is what a fresh measurement gives, up to two replies."""
    card = (Path(hflab.tiny_model("chat")) / "README.md").read_text(encoding="utf-8")
    row = re.search(r"\| \*\*all\*\* \| (\d+) \| (\d+) \|", card)
    assert row, "no row for all kinds in the card"
    right, total = graded[1]["all"]
    assert int(row[2]) == total
    assert abs(int(row[1]) - right) <= 2


def test_size_and_architecture(bundled):
    model, tokenizer = bundled
    assert model.config.model_type == "llama"
    assert model.num_parameters() <= 10_000_000
    assert model.config.max_position_embeddings >= 2048
    assert tokenizer.bos_token == "<|begin_of_text|>"


def test_held_out_phrasings_are_in_no_training_frame():
    """No held-out question can come out of a training frame, whatever fills its slots."""
    facts = Facts.load()
    frames = [f for fs in facts.frames.values() if isinstance(fs, list) for f in fs]
    frames += [a for e in facts.smalltalk.values() for a in e["ask"]]
    fillers = {n for t in facts.terms.values() for n in (t["name"], *t["aliases"])}
    fillers |= {
        x for c in facts.countries.values() for x in (c["name"], c["capital"], *c["aliases"])
    }

    def bare(text: str) -> str:
        """Return the text without slots, names of facts and articles."""
        text = " ".join(words(re.sub(r"\{\w+\}", " ", text)))
        for filler in sorted((" ".join(words(f)) for f in fillers), key=len, reverse=True):
            if filler:
                text = re.sub(rf"\b{re.escape(filler)}\b", " ", text)
        return " ".join(w for w in text.split() if w not in ("a", "an", "the"))

    trained = {bare(frame) for frame in frames}
    asked = {i["id"]: bare(i["messages"][-1]["content"]) for i in conversations(HELD_OUT)}
    same = {k: text for k, text in asked.items() if text in trained}
    assert not same


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
