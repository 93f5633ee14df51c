"""hflab.tasks: the removed pipeline tasks, with the calls and results of transformers 4."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
import torch
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    T5Config,
    T5ForConditionalGeneration,
    pipeline,
)

import hflab.tasks
from hflab.errors import ParameterError
from recipes.training import wordpiece

TEXT = "Ada Lovelace wrote the first program in 1843. She lived in London, near the river Thames."


@pytest.fixture(scope="module")
def tokenizer():
    return wordpiece([TEXT, "Who wrote it? Where?"] * 5, 300, lowercase=True, model_max_length=64)


@pytest.fixture(scope="module")
def answer(tokenizer):
    """Question answering with random weights: the mechanics are exact whatever the model knows."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64,
    )  # fmt: skip
    model = BertForQuestionAnswering(config)
    model.qa_outputs.weight.data.mul_(40)  # so that one span stands out
    return pipeline("question-answering", model=model.eval(), tokenizer=tokenizer)


@pytest.fixture(scope="module")
def seq2seq(tokenizer):
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=16, d_ff=64, num_layers=1, num_heads=2,
        decoder_start_token_id=tokenizer.pad_token_id, pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.sep_token_id,
    )  # fmt: skip
    return T5ForConditionalGeneration(config).eval()


def test_importing_twice_prints_nothing_and_the_names_are_there():
    code = (
        "import importlib, hflab.tasks; importlib.reload(hflab.tasks)\n"
        "from transformers.pipelines import check_task\n"
        "for task in ('question-answering', 'translation_en_to_fr', 'summarization',\n"
        "             'text2text-generation', 'text-to-image'): check_task(task)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_one_question_gives_one_answer_and_a_list_a_list(answer):
    one = answer(question="Who wrote it?", context=TEXT)
    assert set(one) == {"score", "start", "end", "answer"}
    assert one["answer"] == TEXT[one["start"] : one["end"]]
    assert 0 < one["score"] <= 1
    assert answer({"question": "Who wrote it?", "context": TEXT}) == one
    many = answer(question=["Who wrote it?", "Where?"], context=TEXT)
    assert many[0] == one
    assert answer(question=["Who wrote it?"], context=[TEXT]) == [one]
    examples = [{"question": q, "context": TEXT} for q in ("Who wrote it?", "Where?")]
    assert answer(examples) == many
    assert answer(*examples) == many
    assert [a["answer"] for a in answer(examples, batch_size=2)] == [a["answer"] for a in many]


@pytest.mark.parametrize("longest", [1, 2, 3, 15])
@pytest.mark.parametrize("question", ["Where?", "Who wrote it?", "A program in London?"])
def test_the_score_is_the_product_of_both_ends_probabilities(answer, tokenizer, question, longest):
    """Against the definition, by brute force over all spans of a short context."""
    context = "She lived in London."
    inputs = tokenizer(question, context, return_tensors="pt")
    with torch.inference_mode():
        output = answer.model(**inputs)
    inside = [i for i, part in enumerate(inputs.encodings[0].sequence_ids) if part == 1]
    allowed = torch.full(output.start_logits.shape[1:], -torch.inf)
    allowed[[0, *inside]] = 0
    start = (output.start_logits[0] + allowed).softmax(0)
    end = (output.end_logits[0] + allowed).softmax(0)
    pairs = [(i, j) for i in inside for j in inside if i <= j < i + longest]
    best = max(pairs, key=lambda pair: start[pair[0]] * end[pair[1]])
    offsets = inputs.encodings[0].offsets
    options = {"max_answer_len": longest, "align_to_words": False}
    given = answer(question=question, context=context, **options)
    assert given["score"] == pytest.approx(float(start[best[0]] * end[best[1]]), rel=1e-3)
    assert (given["start"], given["end"]) == (offsets[best[0]][0], offsets[best[1]][1])


def test_top_k_are_different_spans_in_order(answer):
    several = answer(question="Where?", context=TEXT, top_k=4)
    assert len(several) == len({(a["start"], a["end"]) for a in several}) == 4
    assert [a["score"] for a in several] == sorted((a["score"] for a in several), reverse=True)
    assert several[0] == answer(question="Where?", context=TEXT)


def test_a_long_context_is_read_in_windows(answer):
    rng = random.Random(0)
    words = TEXT.split()
    context = " ".join(rng.choice(words) for _ in range(300))
    found = answer(question="Who?", context=context, doc_stride=10)
    assert found["answer"] == context[found["start"] : found["end"]]
    several = answer(question="Who?", context=context, doc_stride=10, top_k=2000)
    tenths = {10 * a["start"] // len(context) for a in several}
    assert tenths == set(range(10))


@pytest.mark.parametrize("window", [16, 17, 18, 19, 20, 64])
def test_whole_words_are_answered(answer, window):
    """Also where the edge of a window runs through a word."""
    cut = answer(question="Where?", context=TEXT, top_k=30, max_seq_len=window, doc_stride=4)
    edges = {0, len(TEXT)} | {i for i, c in enumerate(TEXT) if not c.isalnum()}
    edges |= {i + 1 for i in edges}
    assert len(cut) > 10
    assert all(a["start"] in edges and a["end"] in edges for a in cut)


def test_no_answer_can_win_only_when_allowed(answer):
    with torch.no_grad():
        answer.model.qa_outputs.bias.zero_()
    several = answer(question="Where?", context=TEXT, top_k=5000, handle_impossible_answer=True)
    assert [a["answer"] for a in several].count("") == 1
    assert all(a["answer"] for a in answer(question="Where?", context=TEXT, top_k=5000))


@pytest.mark.parametrize(
    "call",
    [
        {"question": "", "context": TEXT},
        {"question": "Who?", "context": "  "},
        {"question": "Who?"},
        {"question": ["Who?", "Where?"], "context": [TEXT]},
        {"question": "Who?", "context": TEXT, "top_k": 0},
    ],
)
def test_bad_input_is_explained(answer, call):
    with pytest.raises(ParameterError) as caught:
        answer(**call)
    assert caught.value.what and caught.value.why and caught.value.remedy


@pytest.mark.parametrize(
    ("task", "key"),
    [
        ("text2text-generation", "generated_text"),
        ("summarization", "summary_text"),
        ("translation", "translation_text"),
        ("translation_en_to_fr", "translation_text"),
    ],
)
def test_text_to_text_gives_what_it_gave(task, key, seq2seq, tokenizer):
    run = pipeline(task, model=seq2seq, tokenizer=tokenizer)
    one = run(TEXT, max_new_tokens=5)
    assert [set(result) for result in one] == [{key}]
    two = run([TEXT, "Where?"], max_new_tokens=5)
    assert two[0] == one[0]
    assert [set(result) for result in two] == [{key}, {key}]
    assert run(TEXT, "Where?", max_new_tokens=5) == two
    several = run([TEXT, "Where?"], max_new_tokens=5, num_beams=3, num_return_sequences=2)
    assert [len(results) for results in several] == [2, 2]
    inputs = tokenizer(TEXT, return_tensors="pt").input_ids
    plain = seq2seq.generate(inputs, max_new_tokens=5)[0]
    assert one[0][key] == tokenizer.decode(plain, skip_special_tokens=True)
    ids = run(TEXT, max_new_tokens=5, return_tensors=True)[0]
    assert torch.equal(ids[key.replace("text", "token_ids")], plain)


def test_the_prefix_of_the_config_comes_before_the_text(seq2seq, tokenizer):
    run = pipeline("summarization", model=seq2seq, tokenizer=tokenizer)
    without = run.preprocess(TEXT)["input_ids"]
    seq2seq.config.task_specific_params = {"summarization": {"prefix": "wrote: "}}
    try:
        assert torch.equal(
            run.preprocess(TEXT)["input_ids"],
            tokenizer("wrote: " + TEXT, return_tensors="pt").input_ids,
        )
        assert not torch.equal(run.preprocess(TEXT)["input_ids"], without)
    finally:
        del seq2seq.config.task_specific_params


@pytest.mark.parametrize("text", ["", "  ", None, ["fine", ""]])
def test_text_to_text_explains_an_empty_text(text, seq2seq, tokenizer):
    run = pipeline("translation", model=seq2seq, tokenizer=tokenizer)
    with pytest.raises(ParameterError, match="no text"):
        run(text)


def test_public_names():
    assert all(hasattr(hflab.tasks, name) for name in hflab.tasks.__all__)
