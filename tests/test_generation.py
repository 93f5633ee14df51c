"""Generation: the stream is what `generate` gives, stops at once, and fails in the caller."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import threading
import time

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_prompts import STYLES
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    StoppingCriteria,
    T5Config,
    T5ForConditionalGeneration,
)

from hflab.decoding import Decoder, GenerationStats, decode_stream
from hflab.errors import ContextOverflowError, OutOfMemoryError, ParameterError
from hflab.generation import Stream, generate, stream
from hflab.prompts import encode

PROMPT = "What is a token?"
MESSAGES = [{"role": "user", "content": PROMPT}]


@pytest.fixture(scope="module")
def tokenizer(tiny_chat_folder):
    return AutoTokenizer.from_pretrained(tiny_chat_folder)


def restless_model(tokenizer, dtype=torch.float32):
    """A random Llama with large weights: whatever is changed in its prompt, its text changes."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        initializer_range=0.4,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config).to(dtype).eval()


@pytest.fixture(scope="module")
def model(tokenizer):
    return restless_model(tokenizer)


@pytest.fixture
def forwards(model, monkeypatch):
    """Lengths of the inputs of each forward pass."""
    lengths = []
    hook = model.register_forward_pre_hook(
        lambda _, args, kwargs: lengths.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    yield lengths
    hook.remove()


def reference(model, tokenizer, prompt, **options):
    ids = torch.tensor([encode(tokenizer, prompt)])
    output = model.generate(ids, attention_mask=torch.ones_like(ids), **options)
    return tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)


OPTIONS = [
    {},
    {"use_cache": False},
    {"repetition_penalty": 1.3},
    {"no_repeat_ngram_size": 2},
    {"min_new_tokens": 12},
    {"eos_token_id": [0, 1, 2]},
    {"bad_words_ids": [[5]]},
    {"do_sample": True},
    {"do_sample": True, "temperature": 0.7, "top_k": 20, "top_p": 0.9},
    {"do_sample": True, "temperature": 1.5, "min_p": 0.05, "repetition_penalty": 1.1},
    {"num_beams": 3},
]


@pytest.mark.parametrize("prompt", [PROMPT, MESSAGES], ids=["text", "messages"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_stream_joined_is_what_generate_gives(model, tokenizer, prompt, options):
    torch.manual_seed(7)
    expected = reference(model, tokenizer, prompt, max_new_tokens=24, **options)
    after = torch.rand(1)
    torch.manual_seed(7)
    pieces = list(stream(model, tokenizer, prompt, max_new_tokens=24, **options))
    assert "".join(pieces) == expected
    assert torch.rand(1) == after  # as many random numbers were drawn
    assert all(pieces)
    torch.manual_seed(7)
    assert generate(model, tokenizer, prompt, max_new_tokens=24, **options) == expected


def test_the_bundled_model_streams_what_it_generates(tiny_chat_folder, tokenizer):
    bundled = AutoModelForCausalLM.from_pretrained(tiny_chat_folder, dtype=torch.float32).eval()
    for options in ({}, {"do_sample": True, "temperature": 0.8, "top_p": 0.9}):
        torch.manual_seed(5)
        expected = reference(bundled, tokenizer, MESSAGES, max_new_tokens=24, **options)
        torch.manual_seed(5)
        assert generate(bundled, tokenizer, MESSAGES, max_new_tokens=24, **options) == expected


def test_defaults_of_the_model_count(model, tokenizer, monkeypatch):
    monkeypatch.setattr(model.generation_config, "do_sample", True)
    monkeypatch.setattr(model.generation_config, "temperature", 1.3)
    torch.manual_seed(3)
    expected = reference(model, tokenizer, PROMPT, max_new_tokens=16)
    torch.manual_seed(3)
    assert generate(model, tokenizer, PROMPT, max_new_tokens=16) == expected


def test_stop_strings(model, tokenizer, monkeypatch):
    whole = reference(model, tokenizer, MESSAGES, max_new_tokens=24, min_new_tokens=24)
    stop = whole[len(whole) // 2 :][:2]
    options = {"max_new_tokens": 24, "min_new_tokens": 24}
    ids = torch.tensor([encode(tokenizer, MESSAGES)])
    output = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        stop_strings=[stop],
        tokenizer=tokenizer,
        **options,
    )
    expected = tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)
    reply = stream(model, tokenizer, MESSAGES, stop_strings=[stop], **options)
    assert "".join(reply) == expected and len(expected) < len(whole)
    assert reply.stats.finish_reason == "stop"
    # From the model's own settings too, which are as they were afterwards.
    monkeypatch.setattr(model.generation_config, "stop_strings", stop)
    assert generate(model, tokenizer, MESSAGES, **options) == expected
    assert model.generation_config.stop_strings == stop


def test_own_criteria_and_processors(model, tokenizer):
    class Third(StoppingCriteria):
        def __call__(self, input_ids, scores, **kwargs):
            return torch.tensor([input_ids.shape[1] >= start + 3])

    start = len(encode(tokenizer, PROMPT))
    reply = stream(
        model,
        tokenizer,
        PROMPT,
        max_new_tokens=20,
        eos_token_id=None,
        stopping_criteria=[Third()],
        logits_processor=[lambda ids, scores: scores.index_fill(1, torch.tensor([9]), 1e9)],
    )
    assert "".join(reply) == tokenizer.decode([9, 9, 9], skip_special_tokens=True)
    assert reply.stats.new_tokens == 3


def test_models_that_prepare_their_inputs_themselves(tokenizer):
    # This one computes everything anew, with other frequencies, once it is past 24 tokens.
    torch.manual_seed(0)
    start = len(encode(tokenizer, PROMPT))
    rope = {
        "rope_type": "longrope",
        "rope_theta": 10000.0,
        "short_factor": [1.0] * 4,
        "long_factor": [1.5, 2.0, 3.0, 4.0],
        "original_max_position_embeddings": start + 5,
    }
    config = Phi3Config(
        initializer_range=0.4,
        rope_parameters=rope,
        original_max_position_embeddings=start + 5,
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        pad_token_id=0,
        max_position_embeddings=512,
    )
    phi = Phi3ForCausalLM(config).eval()
    for options in ({}, {"use_cache": False}, {"repetition_penalty": 1.2}):
        expected = reference(phi, tokenizer, PROMPT, max_new_tokens=20, **options)
        reply = stream(phi, tokenizer, PROMPT, max_new_tokens=20, **options)
        first = next(reply)
        assert first + "".join(reply) == expected


def test_gpt2(tokenizer):
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=4, n_positions=128)
    gpt = GPT2LMHeadModel(config).eval()
    expected = reference(gpt, tokenizer, PROMPT, max_new_tokens=20, eos_token_id=0, pad_token_id=0)
    assert generate(gpt, tokenizer, PROMPT, max_new_tokens=20, eos_token_id=0) == expected
    with pytest.raises(ContextOverflowError):
        stream(gpt, tokenizer, PROMPT, max_new_tokens=128)


def test_encoder_decoders_come_in_one_go(tokenizer):
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4
    )
    config.decoder_start_token_id = config.pad_token_id = 0
    t5 = T5ForConditionalGeneration(config).eval()
    ids = torch.tensor([encode(tokenizer, PROMPT)])
    output = t5.generate(ids, max_new_tokens=10)[0, 1:]
    reply = stream(t5, tokenizer, PROMPT, max_new_tokens=10)
    assert "".join(reply) == tokenizer.decode(output, skip_special_tokens=True)
    assert reply.stats.finish_reason == "length"


def test_statistics(model, tokenizer):
    reply = stream(model, tokenizer, MESSAGES, max_new_tokens=5, min_new_tokens=5)
    assert reply.stats == GenerationStats(prompt_tokens=len(encode(tokenizer, MESSAGES)))
    assert "not finished" in str(reply.stats)
    list(reply)
    stats = reply.stats
    assert (stats.new_tokens, stats.finish_reason, stats.reused_tokens) == (5, "length", 0)
    assert 0 < stats.time_to_first_token < stats.seconds
    assert stats.tokens_per_second == pytest.approx(5 / stats.seconds)
    assert re.search(r"\d+ tokens in, 5 out, first after [\d.]+ s, [\d.]+ tokens/s", str(stats))
    assert "5 out" in repr(reply)


def test_time_outside_the_generator_is_not_counted(model, tokenizer):
    reply = stream(model, tokenizer, PROMPT, max_new_tokens=3, min_new_tokens=3)
    start = time.perf_counter()
    for _ in reply:
        time.sleep(0.2)
    assert reply.stats.seconds < time.perf_counter() - start - 0.2


def test_finish_reasons(model, tokenizer):
    every_token = list(range(model.config.vocab_size))
    reply = stream(model, tokenizer, PROMPT, max_new_tokens=5, eos_token_id=every_token)
    list(reply)
    assert (reply.stats.finish_reason, reply.stats.new_tokens) == ("stop", 1)


def test_closing_stops_within_a_token(model, tokenizer, forwards):
    reply = stream(model, tokenizer, PROMPT, max_new_tokens=50, min_new_tokens=50)
    assert isinstance(reply, Stream) and not forwards  # nothing is computed before it is asked for
    next(reply)
    next(reply)
    before = len(forwards)
    reply.close()
    assert len(forwards) == before == reply.stats.new_tokens
    assert reply.stats.finish_reason == "cancelled"
    assert list(reply) == []


def test_break_stops_within_a_token_and_leaves_no_thread(model, tokenizer, forwards):
    threads = threading.active_count()
    options = {"max_new_tokens": 50, "min_new_tokens": 50}
    for _ in stream(model, tokenizer, PROMPT, **options):
        before = len(forwards)
        break
    assert 0 < len(forwards) == before < 50
    time.sleep(0.05)
    assert len(forwards) == before
    assert threading.active_count() == threads


def test_gradients_are_the_callers_business(model, tokenizer):
    within = []
    hook = model.register_forward_hook(lambda *_: within.append(torch.is_grad_enabled()))
    for _ in stream(model, tokenizer, PROMPT, max_new_tokens=3):
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    hook.remove()
    assert within and not any(within)


def test_a_model_can_be_trained_after_generating(model, tokenizer):
    generate(model, tokenizer, PROMPT, max_new_tokens=3)
    ids = torch.tensor([encode(tokenizer, PROMPT)])
    model(input_ids=ids, labels=ids).loss.backward()
    model.zero_grad(set_to_none=True)


BAD = [
    ({"temperature": 0}, "do_sample=False"),
    ({"temperature": 0.0, "do_sample": True}, "do_sample=False"),
    ({"temperature": -1}, "above 0"),
    ({"temperature": "hot"}, "above 0"),
    ({"temperature": float("nan")}, "above 0"),
    ({"temperature": True}, "above 0"),
    ({"top_p": 2}, "at most 1"),
    ({"top_p": 0}, "above 0"),
    ({"top_k": -1}, "whole number"),
    ({"top_k": 2.5}, "whole number"),
    ({"max_new_tokens": 0}, "at least 1"),
    ({"max_new_tokens": -5}, "at least 1"),
    ({"max_new_tokens": None}, "at least 1"),
    ({"max_new_tokens": 10.0}, "at least 1"),
    ({"repetition_penalty": 0}, "above 0"),
    ({"do_sample": "yes"}, "True or False"),
    ({"stop_strings": []}, "string"),
    ({"stop_strings": [""]}, "empty"),
    ({"stop_strings": 3}, "string"),
    ({"temprature": 0.5}, "temperature"),
    ({"max_new_token": 5}, "max_new_tokens"),
    ({"max_tokens": 5}, "max_new_tokens"),
    ({"max_length": 5}, "max_new_tokens"),
    ({"stop": ["x"]}, "stop_strings"),
    ({"seed": 3}, "torch.manual_seed"),
    ({"frequency_penalty": 1}, "repetition_penalty"),
    ({"num_return_sequences": 2}, "model.generate"),
    ({"return_dict_in_generate": True}, "model.generate"),
    ({"streamer": None}, "stream()"),
    ({"input_ids": [1]}, "input_ids"),
    ({"flux_capacitor": 1}, "flux_capacitor"),
    ({"early_stopping": "sometimes"}, "early_stopping"),
]


@pytest.mark.parametrize(("options", "words"), BAD, ids=lambda value: str(value))
def test_bad_parameters_are_refused_at_once(model, tokenizer, forwards, options, words):
    start = time.thread_time()  # of this thread alone, however busy the machine is
    with pytest.raises(ParameterError) as caught:
        stream(model, tokenizer, PROMPT, **options)
    assert time.thread_time() - start < 0.05
    assert words in str(caught.value)
    assert not forwards


def test_good_parameters_are_taken(model, tokenizer):
    good = {"temperature": 1, "top_k": 0, "top_p": 1, "do_sample": True, "min_p": 0, "max_time": 9}
    assert isinstance(stream(model, tokenizer, PROMPT, **good, repetition_penalty=None), Stream)


def test_a_prompt_that_does_not_fit_is_refused_at_once(model, tokenizer, forwards):
    length = model.config.max_position_embeddings
    with pytest.raises(ContextOverflowError, match=str(length)):
        stream(model, tokenizer, PROMPT, max_new_tokens=length)
    assert not forwards


def test_errors_of_the_model_reach_the_caller(model, tokenizer, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("in the forward pass")

    monkeypatch.setattr(model, "forward", broken)
    reply = stream(model, tokenizer, PROMPT)
    with pytest.raises(ZeroDivisionError):
        next(reply)
    assert reply.stats.finish_reason == "error"


@pytest.mark.parametrize("kind", [torch.OutOfMemoryError, MemoryError])
def test_memory_running_out_is_named_and_the_tensors_are_let_go(
    model, tokenizer, monkeypatch, kind
):
    import weakref

    genuine, calls, held = model.forward, [], []

    def full(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            cache = kwargs["past_key_values"]
            held.append(weakref.ref(cache))
            raise kind("CUDA out of memory")
        return genuine(*args, **kwargs)

    monkeypatch.setattr(model, "forward", full)
    reply = stream(model, tokenizer, PROMPT, min_new_tokens=10)
    with pytest.raises(OutOfMemoryError) as caught:
        list(reply)
    assert isinstance(caught.value.__cause__, kind)
    assert "2 new ones" in str(caught.value)
    gc.collect()
    assert held[0]() is None  # although the traceback is still alive


STREAMED = st.sampled_from(["bundled", *STYLES])


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), style=STREAMED)
def test_pieces_joined_are_the_decoded_ids(tokenizer, data, style):
    chosen = tokenizer if style == "bundled" else STYLES[style]
    if style in (
        "phi3",
        "llama2",
        "zephyr",
    ):  # byte fallback: runs of invalid bytes depend on what follows
        text = data.draw(st.text())
        ids = chosen(text, add_special_tokens=False)["input_ids"]
    else:
        ids = data.draw(st.lists(st.integers(0, len(chosen) - 1)))
    decoder = Decoder(chosen, [])
    pieces = [*map(decoder.push, ids), decoder.finish()]
    assert "".join(pieces) == chosen.decode(ids, skip_special_tokens=True)


def test_no_half_characters_in_the_stream():
    tokenizer = STYLES["chatml"]
    text = "naïve 🙂🦩 東京 👩‍🚀"
    ids = tokenizer(text)["input_ids"]
    decoder = Decoder(tokenizer, [])
    pieces = [decoder.push(token) for token in ids]
    assert "".join(pieces) == text and not any("\ufffd" in piece for piece in pieces)
    assert decoder.finish() == ""


def test_bytes_that_never_became_a_character_come_at_the_end():
    tokenizer = STYLES["chatml"]

    def tokens():
        yield from tokenizer("a🦩")["input_ids"][:-1]
        return "length"

    assert list(decode_stream(tokens(), tokenizer, GenerationStats())) == ["a", "\ufffd"]


def test_tokenizers_without_a_fast_backend_stream_too():
    class Slow:
        backend_tokenizer = None

        def decode(self, ids, **kwargs):
            return bytes(ids).decode(errors="replace")

    decoder = Decoder(Slow(), [])
    data = "Zürich 🙂".encode() + b"\xf0\x9f"
    assert "".join([*map(decoder.push, data), decoder.finish()]) == data.decode(errors="replace")


SCRIPT = """
import signal, sys, torch, hflab
from transformers import AutoModelForCausalLM, AutoTokenizer
torch.set_num_threads(1)
# A job started in the background of a script inherits an ignored SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
folder = sys.argv[1]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
model.generation_config.eos_token_id = None
def endless():
    return hflab.stream(model, tokenizer, "What", max_new_tokens=400)
"""


def run(folder, body):
    command = [sys.executable, "-c", SCRIPT + body, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_ctrl_c_stops_the_stream(tiny_chat_folder):
    body = """
import threading
count = 0
def hook(*_):
    global count
    count += 1
    if count == 5:
        signal.raise_signal(signal.SIGINT)
model.register_forward_hook(hook)
reply = endless()
threads = threading.active_count()
try:
    for piece in reply: pass
except KeyboardInterrupt:
    print(reply.stats.finish_reason, count, threading.active_count() - threads, list(reply))
"""
    result = run(tiny_chat_folder, body)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["cancelled", "5", "0", "[]"]


@pytest.mark.parametrize(
    ("ending", "code"),
    [("sys.exit(0)", 0), ("pass", 0), ("raise KeyboardInterrupt", 130)],
    ids=["exit", "end", "interrupt"],
)
def test_leaving_in_the_middle_is_no_crash(tiny_chat_folder, ending, code):
    result = run(tiny_chat_folder, f"\nreply = endless()\nnext(reply)\n{ending}\n")
    assert result.returncode in (code, -2 if code else code)
    assert "Exception ignored" not in result.stderr
