"""Quantized loading, on a CPU: right results, traps avoided, and a clear text where it can't be."""

from __future__ import annotations

import logging

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, LlamaConfig

import hflab
from hflab import environment, quantization
from hflab.environment import Device
from hflab.errors import MissingExtraError, ParameterError

NF4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")


def logits(model, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    ids = torch.randint(5, 300, (1, 12))
    with torch.inference_mode():
        return model(ids).logits.float()


@pytest.fixture
def odd(tmp_path):
    """A model folder whose rows are no multiple of 64 weights long."""
    tokenizer = AutoTokenizer.from_pretrained(hflab.tiny_model("chat"))
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=288,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
    )
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("quantize", "share"), [("8bit", 0.45), ("4bit", 0.35)])
def test_a_quantized_chat_model_is_smaller_and_still_answers(quantize, share):
    whole, tokenizer = hflab.load("chat")
    small, _ = hflab.load("chat", quantize=quantize)
    sizes = [sum(p.nbytes for p in model.parameters()) for model in (whole, small)]
    assert sizes[1] < share * sizes[0]
    answers = [hflab.Chat(model, tokenizer).send("What is a token?") for model in (whole, small)]
    assert all(answer.startswith("A token is a piece of text") for answer in answers)
    distance = (logits(small) - logits(whole)).norm() / logits(whole).norm()
    assert 0 < distance < 0.35


def test_four_bits_are_nf4_with_double_quantization():
    model, _ = hflab.load("chat", quantize="4bit")
    weight = model.model.layers[0].mlp.up_proj.weight
    assert weight.quant_type == "nf4"
    assert weight.quant_state.nested


@pytest.mark.parametrize("quantize", ["4bit", NF4], ids=["double quant", "no double quant"])
def test_a_model_saved_after_a_forward_pass_reloads_equal(tmp_path, quantize):
    # bitsandbytes 0.50 alone changes both on CPUs with AVX512-BF16; see make_steady.
    model, tokenizer = hflab.load("chat", quantize=quantize)
    before = logits(model)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert torch.equal(logits(model), before)
    again, _ = hflab.load(tmp_path)
    assert torch.equal(logits(again), before)


def test_a_model_stored_in_four_bits_is_not_refused_for_its_full_size(tmp_path, monkeypatch):
    model, tokenizer = hflab.load("chat", quantize="4bit")
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    # More than the 6.6 MB of its file, less than the 22 MB of its weights in float32.
    monkeypatch.setattr(environment, "free_ram", lambda: 10_000_000)
    assert torch.equal(logits(hflab.load(tmp_path)[0]), logits(model))


def test_rows_that_are_no_multiple_of_64_work(odd):
    whole, _ = hflab.load(odd)
    small, _ = hflab.load(odd, quantize="4bit")
    assert (logits(small) - logits(whole)).norm() < 0.5 * logits(whole).norm()


def test_loading_is_quiet(capfd, caplog):
    with caplog.at_level(logging.DEBUG):
        hflab.load("chat", quantize="8bit")
        logits(hflab.load("chat", quantize="4bit")[0])
    assert not [r for r in caplog.records if r.name.startswith("bitsandbytes")]
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_the_type_to_compute_in_fits_the_device():
    t4 = Device("cuda", "Tesla T4", 15_000_000_000, (7, 5))
    l4 = Device("cuda", "L4", 24_000_000_000, (8, 9))
    assert quantization.compute_dtype(t4) == torch.float16
    assert quantization.compute_dtype(l4) == torch.bfloat16
    assert quantization.compute_dtype(Device("cpu")) == torch.float32


@pytest.mark.parametrize("missing", ["bitsandbytes", "accelerate"])
def test_a_missing_library_is_named_with_the_command(monkeypatch, missing):
    version = environment.version
    monkeypatch.setattr(environment, "version", lambda n: None if n == missing else version(n))
    with pytest.raises(MissingExtraError, match=missing) as caught:
        hflab.load("chat", quantize="4bit")
    assert 'pip install "hflab[quant]"' in caught.value.remedy


@pytest.mark.parametrize("value", ["4-bit", 4, True, "int8"])
def test_an_unknown_kind_is_refused_before_anything_is_read(value):
    with pytest.raises(ParameterError, match="8bit"):
        hflab.load("no/such-model", quantize=value)
