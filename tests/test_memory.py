"""Memory estimates: against known models, against real loads, and what does not fit is refused."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    GPT2Config,
    LlamaConfig,
    Qwen2Config,
)

import hflab
from hflab import dryrun, environment, memory, quantization, shapes
from hflab.environment import Device
from hflab.errors import ModelNotFoundError, OutOfMemoryError, ParameterError

WIDTH: dict[str, Any] = {
    "num_attention_heads": 8,
    "vocab_size": 16_000,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
SHAPES = {
    "llama": LlamaConfig(
        hidden_size=512,
        num_hidden_layers=8,
        num_key_value_heads=2,
        intermediate_size=1408,
        tie_word_embeddings=True,
        **WIDTH,
    ),
    "gpt2": GPT2Config(n_embd=512, n_layer=8, n_head=8, **WIDTH),
    "qwen": Qwen2Config(
        hidden_size=512,
        num_hidden_layers=8,
        num_key_value_heads=2,
        intermediate_size=1408,
        tie_word_embeddings=False,
        **WIDTH,
    ),
}
PRECISIONS: dict[str, dict[str, Any]] = {
    "float32": {"dtype": torch.float32},
    "bfloat16": {"dtype": torch.bfloat16},
    "int8": {"dtype": torch.float32, "quantize": "8bit"},
    "nf4": {
        "dtype": torch.bfloat16,
        "quantize": BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=torch.bfloat16,
        ),
    },
    "nf4 + double quant": {"dtype": torch.bfloat16, "quantize": "4bit"},
}
TOKENS = 512


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """Folders with random weights of each shape."""
    made = {}
    for name, config in SHAPES.items():
        torch.manual_seed(0)
        made[name] = tmp_path_factory.mktemp(name)
        AutoModelForCausalLM.from_config(config).save_pretrained(made[name])
    return made


def stored(model: torch.nn.Module) -> int:
    """Bytes of all tensors that a model keeps, those of quantization included."""
    found: dict[int, int] = {}

    def add(thing: Any) -> None:
        if not isinstance(thing, torch.Tensor):
            return
        found[thing.untyped_storage().data_ptr()] = thing.untyped_storage().nbytes()
        for name in ("SCB", "CB"):
            add(getattr(thing, name, None))
        state = getattr(thing, "quant_state", None)
        if state is not None:
            for inner in (state, state.state2) if state.nested else (state,):
                for name in ("absmax", "code", "offset"):
                    add(getattr(inner, name, None))

    for tensor in (*model.parameters(), *model.buffers()):
        add(tensor)
    for module in model.modules():
        for name in ("SCB", "CB"):
            add(getattr(getattr(module, "state", None), name, None))
    return sum(found.values())


def highest(call: Any) -> int:
    """The most bytes that torch's allocator had handed out at a time while a call ran."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    events = profiler.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    alive = peak = 0
    for _, change in changes:
        alive += change
        peak = max(peak, alive)
    return peak


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_estimate_is_within_five_percent_of_a_real_load(folders, shape, precision, capsys):
    options = PRECISIONS[precision]
    estimate = hflab.estimate_memory(
        str(folders[shape]), context_length=TOKENS, device=Device("cpu"), **options
    )
    assert estimate.precision == precision
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    settings = quantization.settings(options.get("quantize"), torch.bfloat16)
    model = AutoModelForCausalLM.from_pretrained(
        folders[shape], dtype=options["dtype"], quantization_config=settings
    ).eval()
    weights = stored(model)
    ids = torch.randint(5, 16_000, (1, TOKENS))

    def run() -> None:
        model(ids, logits_to_keep=1)

    with torch.inference_mode():
        run()  # a first pass, in which bitsandbytes prepares itself
        peak = highest(run)
    measured = weights + peak
    error = estimate.total / measured - 1
    with capsys.disabled():
        print(
            f"\n{shape:<6} {precision:<19} estimated {estimate.total / 1e6:6.1f} MB, "
            f"measured {measured / 1e6:6.1f} MB, {100 * error:+.1f} %",
            end="",
        )
    assert estimate.weights == pytest.approx(weights, rel=0.01)
    assert abs(error) <= 0.05


# Published sizes, as the models' pages on the Hub state them.
KNOWN = {
    "HuggingFaceTB/SmolLM2-135M-Instruct": 134_515_008,
    "Qwen/Qwen2.5-0.5B-Instruct": 494_032_768,
    "meta-llama/Llama-3.2-1B-Instruct": 1_235_814_400,
    "meta-llama/Llama-3.2-3B-Instruct": 3_212_749_824,
    "Qwen/Qwen3-4B-Instruct-2507": 4_022_468_096,
    "Qwen/Qwen2.5-7B-Instruct": 7_615_616_512,
    "mistralai/Mistral-7B-Instruct-v0.3": 7_248_023_552,
    "meta-llama/Llama-3.1-8B-Instruct": 8_030_261_248,
    "meta-llama/Llama-3.3-70B-Instruct": 70_553_706_496,
}


def test_known_shapes_have_the_published_number_of_parameters():
    assert set(KNOWN) == set(shapes.shapes())
    for name, expected in KNOWN.items():
        count, weights = dryrun.weight_bytes(shapes.read_config(name), torch.bfloat16, None)
        assert (name, count) == (name, expected)
        assert weights == pytest.approx(2 * count, rel=1e-4)


def test_eight_billion_parameters_in_each_precision():
    # Figures in GB, measured on the meta device with transformers and bitsandbytes themselves.
    config = shapes.read_config("meta-llama/Llama-3.1-8B-Instruct")
    expected = {"float32": 32.1, "bfloat16": 16.1, "int8": 9.1, "nf4": 6.0, "double": 5.7}
    nf4 = PRECISIONS["nf4"]["quantize"]
    kinds = {
        "float32": (torch.float32, None),
        "bfloat16": (torch.bfloat16, None),
        "int8": (torch.bfloat16, quantization.settings("8bit")),
        "nf4": (torch.bfloat16, nf4),
        "double": (torch.bfloat16, quantization.settings("4bit")),
    }
    found = {
        name: dryrun.weight_bytes(config, dtype, settings)[1] / 1e9
        for name, (dtype, settings) in kinds.items()
    }
    assert found == pytest.approx(expected, abs=0.06)


def test_cache_counts_key_value_heads_and_tokens():
    # Llama 3.1 8B: 32 layers, 8 key-value heads of 128 numbers, 2 bytes, keys and values.
    name = "meta-llama/Llama-3.1-8B-Instruct"
    for tokens, rows in ((1000, 1), (8192, 1), (1000, 3)):
        found = hflab.estimate_memory(name, context_length=tokens, batch_size=rows)
        assert found.kv_cache == 2 * 32 * 8 * 128 * 2 * tokens * rows


def test_sliding_window_bounds_the_cache(tmp_path):
    window = Qwen2Config(
        hidden_size=128,
        num_hidden_layers=6,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=256,
        vocab_size=500,
        use_sliding_window=True,
        sliding_window=64,
        max_window_layers=2,
        architectures=["Qwen2ForCausalLM"],
    )
    window.save_pretrained(tmp_path)
    layer = 2 * 64 * 4  # bytes of keys and values of one token in one layer, float32
    found = hflab.estimate_memory(str(tmp_path), context_length=512)
    # Two layers see everything, four only the window (its last token is the one being read).
    assert found.kv_cache == 2 * 512 * layer + 4 * 63 * layer


@pytest.mark.parametrize("name", [n for n in hflab.tiny_model() if n != "tokenizers"])
def test_bundled_models_can_be_estimated(name):
    found = hflab.estimate_memory(name, dtype="float16", context_length=32)
    files = sum(f.stat().st_size for f in Path(hflab.tiny_model(name)).glob("*.safetensors"))
    assert found.weights == pytest.approx(files, rel=0.05)
    assert found.activations > 0


def test_no_weights_are_needed(tmp_path):
    config = SHAPES["llama"]
    config.architectures = ["LlamaForCausalLM"]
    config.save_pretrained(tmp_path)
    attention, mlp, norms = 2 * 512 * 512 + 2 * 512 * 128, 3 * 512 * 1408, 2 * 512
    expected = 16_000 * 512 + 8 * (attention + mlp + norms) + 512
    assert hflab.estimate_memory(str(tmp_path)).parameters == expected


def test_fits_counts_the_cards_memory_and_cudas_own():
    t4 = Device("cuda", "Tesla T4", 15_000_000_000, (7, 5))
    name = "meta-llama/Llama-3.1-8B-Instruct"
    whole = hflab.estimate_memory(name, device=t4)
    small = hflab.estimate_memory(name, quantize="4bit", device=t4)
    assert not whole.fits(t4)
    assert small.fits(t4)
    assert small.overhead > 0
    assert hflab.estimate_memory(name, device=Device("cpu")).overhead == 0


def test_table_and_bars_say_the_same():
    found = hflab.estimate_memory("chat", context_length=100, device=Device("cpu"))
    text, picture = str(found), memory.bars([found], limit=10**9)
    assert "100 tokens" in text
    assert text.splitlines()[-1].split()[-2:] == environment.size(found.total).split()
    assert f"kv cache: {environment.size(found.kv_cache)}" in picture
    assert "1.0 GB" in picture


def test_bad_arguments_are_explained():
    for options in ({"context_length": 0}, {"batch_size": 1.5}, {"dtype": "int8"}):
        with pytest.raises(ParameterError):
            hflab.estimate_memory("chat", **options)
    with pytest.raises(ParameterError, match="4bit"):
        hflab.estimate_memory("chat", quantize="4-bit")
    with pytest.raises(ModelNotFoundError):
        hflab.estimate_memory("chta")


def test_what_does_not_fit_is_refused_with_numbers(folders, monkeypatch):
    AutoTokenizer.from_pretrained(hflab.tiny_model("chat")).save_pretrained(folders["llama"])
    monkeypatch.setattr(environment, "free_ram", lambda: 100_000_000)
    with pytest.raises(OutOfMemoryError, match=r"123 MB in float32.*\n.*100 MB") as caught:
        hflab.load(str(folders["llama"]))
    assert "4bit" in caught.value.remedy
    assert "force=True" in caught.value.remedy
    for options in ({"force": True}, {"quantize": "4bit"}):
        model, _ = hflab.load(str(folders["llama"]), **options)
        assert model.num_parameters() > 0
