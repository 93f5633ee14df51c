"""Exercises and quiz of notebooks/05_quantization.ipynb."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from hflab.exercises._exercise import Exercise, Wrong
from hflab.exercises._quiz import Question

# torch and the memory module are imported where they are needed: the list of exercises should not
# take seconds to load.

# -- 05.1: sizes ---------------------------------------------------------------------------------

_BYTES = {"float32": 4, "bfloat16": 2, "int8": 1, "4bit": 0.5}


def _sizes(answer: dict[Any, Any], unit: float, bytes_each: dict[str, float] = _BYTES) -> bool:
    """Whether the sizes are those of 8.03 billion parameters, counted in so many bytes."""
    return set(answer) == set(bytes_each) and all(
        math.isclose(answer[name], 8.03e9 * each / unit, rel_tol=0.01)
        for name, each in bytes_each.items()
    )


# -- 05.2: overflow ------------------------------------------------------------------------------


def _infinite(answer: dict[Any, Any], name: str) -> set[Any]:
    numbers = answer.get(name)
    return set(numbers) if isinstance(numbers, list | tuple | set) else {None}


# -- 05.3: absmax by hand ------------------------------------------------------------------------


def _verdict(function: Callable[..., Any]) -> str:
    """What is wrong first with the function, in a word; "right" if nothing is.

    It is tried on tensors of its own: the largest number below zero, above zero, and on random
    rows, very small numbers, a single number, and zeros.
    """
    # Imported here: it takes more than a second, and most exercises do without.
    import torch

    drawn = torch.randn(8, 16, generator=torch.Generator().manual_seed(5))
    below = torch.tensor([1.0, -2.0, 0.3, 0.007])
    for weights in (below, -below, drawn, 1e-6 * drawn, torch.tensor([0.25])):
        given = weights.clone()
        result = function(given)
        if not torch.equal(given, weights):
            return "changed"
        if not isinstance(result, tuple | list) or len(result) != 2:
            return "no pair"
        numbers, scale = result
        if isinstance(scale, torch.Tensor) and scale.numel() > 1:
            return "many scales"
        if not isinstance(numbers, torch.Tensor):
            return "no tensor"
        largest = weights.abs().max().item()
        for wrong, word in (
            (weights.max().item() / 127, "not absolute"),
            (largest / 128, "128"),
            (127 / largest, "inverse"),
            (largest, "not divided"),
        ):
            if math.isclose(scale, wrong, rel_tol=1e-4) and not math.isclose(wrong, largest / 127):
                return word
        if numbers.dtype != torch.int8:
            return "dtype"
        if numbers.shape != weights.shape or not math.isclose(scale, largest / 127, rel_tol=1e-4):
            return "something else"
        # Half a step, and what float32 itself may be off.
        steps = (numbers.float() * scale - weights).abs().max().item() / scale
        if steps > 0.501:
            return "not rounded" if steps < 1.01 else "something else"
    return "right" if _takes_zeros(function) else "zeros"


def _takes_zeros(function: Callable[..., Any]) -> bool:
    # Imported here: it takes more than a second, and most exercises do without.
    import torch

    try:
        numbers, scale = function(torch.zeros(3, 4))
    except ZeroDivisionError:
        return False
    return bool(0 < scale < math.inf and numbers.dtype == torch.int8 and not numbers.any())


# -- 05.4: the KV cache --------------------------------------------------------------------------

_SMALL, _LARGE = "HuggingFaceTB/SmolLM2-135M-Instruct", "meta-llama/Llama-3.2-1B-Instruct"


def _caches(function: Callable[..., Any]) -> list[Any]:
    """The results for a small model as it is, and for a larger one with three rows in float32."""
    # Imported here: it brings torch.
    from hflab.shapes import read_config

    return [function(read_config(_SMALL), 1_000), function(read_config(_LARGE), 512, 3, 4)]


@cache
def _measured() -> tuple[int, int]:
    """The same two as `estimate_memory` finds them, by following the models' own operations."""
    # Imported here: it brings torch.
    from hflab.memory import estimate_memory

    small = estimate_memory(_SMALL, context_length=1_000)
    large = estimate_memory(_LARGE, dtype="float32", context_length=512, batch_size=3)
    return small.kv_cache, large.kv_cache


def _off_by(function: Callable[..., Any], small: float, large: float) -> bool:
    """Whether the results are so many times as large as they should be."""
    wanted = (_measured()[0] * small, _measured()[1] * large)
    return all(map(math.isclose, _caches(function), wanted))


_KV = """\
def kv_bytes(config, tokens, batch_size=1, bytes_per_number=2):
    head_dim = config.hidden_size // config.num_attention_heads
    numbers = 2 * config.num_hidden_layers * config.num_key_value_heads * head_dim
    return numbers * bytes_per_number * tokens * batch_size

answer = kv_bytes"""

# -- 05.5: bits per weight -----------------------------------------------------------------------


def _bits(answer: Iterable[Any], plain: float, double: float) -> bool:
    return [round(number, 2) for number in answer] == [plain, double]


# -- 05.6: the longest context -------------------------------------------------------------------

_MODEL = "meta-llama/Llama-3.1-8B-Instruct"
_ROOM = 8_000_000_000


@cache
def _parts(tokens: int) -> tuple[int, int, int]:
    """Weights, KV cache and activations of Llama 3.1 8B in 4 bits, in bytes."""
    # Imported here: it brings torch.
    from hflab.environment import Device

    # Imported here: it brings torch.
    from hflab.memory import estimate_memory

    needed = estimate_memory(_MODEL, quantize="4bit", context_length=tokens, device=Device("cpu"))
    return needed.weights, needed.kv_cache, needed.activations


def _longest(tokens: int, room: float = _ROOM, parts: slice = slice(None)) -> bool:
    """Whether these parts still fit with so many tokens, and no longer with 1,024 more."""
    now, more = (sum(list(_parts(n))[parts]) for n in (tokens, tokens + 1024))
    return now <= room < more


def _possible(tokens: int) -> bool:
    return 1024 <= tokens <= 131_072 and tokens % 1024 == 0


_SEARCH = """\
import hflab

def needed(tokens):
    estimate = hflab.estimate_memory(
        "meta-llama/Llama-3.1-8B-Instruct", quantize="4bit", context_length=tokens
    )
    return estimate.weights + estimate.kv_cache + estimate.activations

answer = 4096
while needed(answer + 1024) <= 8_000_000_000:
    answer += 1024"""

EXERCISES = (
    Exercise(
        name="05.1",
        title="Four sizes of one model",
        task="A model has 8.03 billion parameters. How many gigabytes (billions of bytes) do they "
        "take in each format, scales not counted? Give a dictionary with the keys float32, "
        "bfloat16, int8 and 4bit.",
        expects=(dict, "a dictionary"),
        right=lambda d: _sizes(d, 1e9),
        because="4, 2, 1 and half a byte for each parameter: each step halves the size.",
        hints=(
            "Eight bits are one byte. How many bytes does one number take in each format?",
            "Multiply 8.03 by 4 for float32, by 2 for bfloat16, and so on. Two numbers of 4 bits "
            "share a byte.",
        ),
        code='answer = {"float32": 8.03 * 4, "bfloat16": 8.03 * 2, "int8": 8.03, "4bit": 8.03 / 2}',
        wrong=(
            Wrong(
                lambda d: set(d) != set(_BYTES),
                "The dictionary needs exactly the keys 'float32', 'bfloat16', 'int8' and '4bit'.",
                'answer = {"float32": 32.12, "float16": 16.06, "int8": 8.03, "nf4": 4.015}',
            ),
            Wrong(
                lambda d: _sizes(d, 1e9 / 8),
                "Those are billions of bits. Eight bits make a byte.",
                'answer = {"float32": 256.96, "bfloat16": 128.48, "int8": 64.24, "4bit": 32.12}',
            ),
            Wrong(
                lambda d: _sizes(d, 1),
                "Those are bytes. A gigabyte is a billion of them.",
                'answer = {"float32": 32.1e9, "bfloat16": 16.1e9, "int8": 8.03e9, "4bit": 4.02e9}',
            ),
            Wrong(
                lambda d: _sizes(d, 1024**3),
                "You divided by 1024 three times. That is a gibibyte (GiB); here, and on the Hub, "
                "a gigabyte is a billion bytes.",
                'answer = {"float32": 29.91, "bfloat16": 14.96, "int8": 7.48, "4bit": 3.74}',
            ),
            Wrong(
                lambda d: _sizes(d, 1e9, _BYTES | {"4bit": 1}),
                "Three are right. A number of 4 bits does not get a byte to itself: two of them "
                "share one.",
                'answer = {"float32": 32.12, "bfloat16": 16.06, "int8": 8.03, "4bit": 8.03}',
            ),
        ),
        otherwise="Divide the bits of each format by 8 to get bytes, and multiply by 8.03.",
    ),
    Exercise(
        name="05.2",
        title="Too large for its format",
        task="Which of the numbers 50_000, 70_000 and 1e39 become infinite in float16, and which "
        "in bfloat16? Give a dictionary with the keys float16 and bfloat16, each with a list of "
        "numbers.",
        expects=(dict, "a dictionary"),
        right=lambda d: (
            set(d) == {"float16", "bfloat16"}
            and _infinite(d, "float16") == {70_000, 1e39}
            and _infinite(d, "bfloat16") == {1e39}
        ),
        because="float16 ends at 65,504. bfloat16 has as many bits for the exponent as float32, so "
        "it ends where float32 does, at about 3.4e38, but it is less exact in between.",
        hints=(
            "The range of a format comes from the bits of its exponent: float16 has 5, bfloat16 "
            "and float32 have 8.",
            "torch.tensor(70_000.0).to(torch.float16) shows what is left of a number, and "
            "torch.finfo(torch.float16).max shows where a format ends.",
        ),
        code='answer = {"float16": [70_000, 1e39], "bfloat16": [1e39]}',
        wrong=(
            Wrong(
                lambda d: (
                    set(d) != {"float16", "bfloat16"}
                    or any(None in _infinite(d, name) for name in d)
                ),
                "The dictionary needs the keys 'float16' and 'bfloat16', and a list of numbers for "
                "each.",
                'answer = {"float16": 70_000, "bfloat16": 1e39}',
            ),
            Wrong(
                lambda d: 70_000 in _infinite(d, "bfloat16"),
                "Both formats have 16 bits, but not the same range: bfloat16 gives 8 of them to "
                "the exponent, so 70,000 is no trouble for it.",
                'answer = {"float16": [70_000, 1e39], "bfloat16": [70_000, 1e39]}',
            ),
            Wrong(
                lambda d: 50_000 in _infinite(d, "float16"),
                "32,767 is the largest whole number of 16 bits with a sign. float16 has an "
                "exponent and reaches further, up to 65,504.",
                'answer = {"float16": [50_000, 70_000, 1e39], "bfloat16": [1e39]}',
            ),
            Wrong(
                lambda d: 70_000 not in _infinite(d, "float16"),
                "The largest number of float16 is 65,504: its exponent has 5 bits only.",
                'answer = {"float16": [1e39], "bfloat16": [1e39]}',
            ),
            Wrong(
                lambda d: 1e39 not in _infinite(d, "bfloat16"),
                "bfloat16 reaches far, but not without end: like float32 it stops at about 3.4e38.",
                'answer = {"float16": [70_000, 1e39], "bfloat16": []}',
            ),
        ),
        otherwise="Let torch convert each of the three numbers to each of the two formats, and "
        "list those that become inf.",
    ),
    Exercise(
        name="05.3",
        title="Eight bits by hand",
        task="Write a function quantize(w) that quantizes a tensor by absmax, with one scale for "
        "all of it, and returns two things: the whole numbers as an int8 tensor, and the scale as "
        "a number. The scale must be above zero, also for a tensor of zeros.",
        expects=(callable, "a function"),
        right=lambda f: _verdict(f) == "right",
        because="The largest number lands on 127 or -127, all others between, and none is off by "
        "more than half a step.",
        hints=(
            "The scale is the largest absolute value divided by 127. Divide by it, round, and make "
            "int8 of the result.",
            "scale = w.abs().max().item() / 127, and if that is 0, take 1.0. Then "
            "(w / scale).round().to(torch.int8).",
        ),
        code="import torch\n\ndef quantize(w):\n"
        "    scale = w.abs().max().item() / 127\n"
        "    if scale == 0:\n"
        "        scale = 1.0\n"
        "    return (w / scale).round().to(torch.int8), scale\n\nanswer = quantize",
        wrong=(
            Wrong(
                lambda f: _verdict(f) == "no pair",
                "Your function must return two things: return numbers, scale. Without the scale, "
                "nobody can get the weights back.",
                "import torch\n\ndef answer(w):\n"
                "    return (w * 127 / w.abs().max()).round().to(torch.int8)",
            ),
            Wrong(
                lambda f: _verdict(f) == "changed",
                "The tensor that was handed in has changed. Use w / scale, which makes a new one, "
                "in place of w /= scale.",
                "import torch\n\ndef answer(w):\n"
                "    scale = w.abs().max().item() / 127\n"
                "    w /= scale\n"
                "    return w.round().to(torch.int8), scale",
            ),
            Wrong(
                lambda f: _verdict(f) == "many scales",
                "You return several scales. That is absmax by rows; here the whole tensor shares "
                "one.",
                "import torch\n\ndef answer(w):\n"
                "    scale = w.abs().amax(-1, keepdim=True) / 127\n"
                "    scale = scale.expand(w.shape)\n"
                "    return (w / scale).round().to(torch.int8), scale",
            ),
            Wrong(
                lambda f: _verdict(f) == "not absolute",
                "You took the largest number, and the largest in absolute value was a negative "
                "one: it no longer fits into int8. Use w.abs().max().",
                "import torch\n\ndef answer(w):\n"
                "    scale = w.max().item() / 127\n"
                "    return (w / scale).round().to(torch.int8), scale",
            ),
            Wrong(
                lambda f: _verdict(f) == "128",
                "int8 goes from -128 to 127. With 128 the largest weight has no place, if it is "
                "positive. Divide by 127.",
                "import torch\n\ndef answer(w):\n"
                "    scale = w.abs().max().item() / 128\n"
                "    return (w / scale).round().to(torch.int8), scale",
            ),
            Wrong(
                lambda f: _verdict(f) == "inverse",
                "Your scale is upside down. Whole number times scale should give the weight back, "
                "so it is max|w| / 127.",
                "import torch\n\ndef answer(w):\n"
                "    scale = 127 / w.abs().max().item()\n"
                "    return (w * scale).round().to(torch.int8), scale",
            ),
            Wrong(
                lambda f: _verdict(f) == "not divided",
                "With max|w| itself as the scale only -1, 0 and 1 are left of the weights. Divide "
                "it by 127 to use the whole range of int8.",
                "import torch\n\ndef answer(w):\n"
                "    scale = w.abs().max().item()\n"
                "    return (w / scale).round().to(torch.int8), scale",
            ),
            Wrong(
                lambda f: _verdict(f) == "dtype",
                "The numbers are whole, but the tensor is not int8 yet, so nothing is saved. Add "
                ".to(torch.int8).",
                "def answer(w):\n"
                "    scale = w.abs().max().item() / 127\n"
                "    return (w / scale).round(), scale",
            ),
            Wrong(
                lambda f: _verdict(f) == "not rounded",
                "Some numbers are off by more than half a step: .to(torch.int8) cuts off what is "
                "behind the point. Round first.",
                "import torch\n\ndef answer(w):\n"
                "    scale = w.abs().max().item() / 127\n"
                "    return (w / scale).to(torch.int8), scale",
            ),
            Wrong(
                lambda f: _verdict(f) == "zeros",
                "Nearly: a tensor of zeros makes the scale 0, and dividing by 0 gives no number. "
                "Return another scale for it, such as 1.0.",
                "import torch\n\ndef answer(w):\n"
                "    scale = w.abs().max().item() / 127\n"
                "    return (w / scale).round().to(torch.int8), scale",
            ),
        ),
        otherwise="For torch.tensor([1.0, -2.0, 0.5]) it should return the int8 tensor "
        "[64, -127, 32] or [63, -127, 32], and the scale 2 / 127, about 0.0157.",
    ),
    Exercise(
        name="05.4",
        title="The KV cache in bytes",
        task="Write a function kv_bytes(config, tokens, batch_size=1, bytes_per_number=2) that "
        "returns the bytes of the KV cache for a Llama config. Mind that several query heads share "
        "one key head.",
        expects=(callable, "a function"),
        right=lambda f: _caches(f) == list(_measured()),
        because="Keys and values, for each layer, key head, number of a head, token and row. "
        "hflab.estimate_memory finds the same by following the model's operations.",
        hints=(
            "2 × layers × key heads × numbers of a head × bytes of one × tokens × rows.",
            "The fields are config.num_hidden_layers and config.num_key_value_heads. A head has "
            "config.hidden_size // config.num_attention_heads numbers.",
        ),
        code=_KV,
        wrong=(
            Wrong(
                lambda f: _caches(f) == [None, None],
                "Your function returns None: it needs a return with the number of bytes.",
                "def answer(config, tokens, batch_size=1, bytes_per_number=2):\n"
                "    2 * config.num_hidden_layers * config.hidden_size * tokens",
            ),
            Wrong(
                lambda f: _off_by(f, 3, 4),
                "That counts a key for each query head, three or four times too many here. The "
                "cache has config.num_key_value_heads heads.",
                "def answer(config, tokens, batch_size=1, bytes_per_number=2):\n"
                "    numbers = 2 * config.num_hidden_layers * config.hidden_size\n"
                "    return numbers * bytes_per_number * tokens * batch_size",
            ),
            Wrong(
                lambda f: _off_by(f, 1 / 2, 1 / 2),
                "That is half of it: keys are kept, and values too.",
                _KV.replace("2 * config.num_hidden", "config.num_hidden"),
            ),
            Wrong(
                lambda f: _off_by(f, 1, 1 / 3),
                "For one row it is right. Every row of a batch has a cache of its own.",
                _KV.replace(" * batch_size\n", "\n"),
            ),
            Wrong(
                lambda f: _off_by(f, 1, 1 / 2),
                "For 16 bits it is right. Multiply by bytes_per_number, which may be 4.",
                _KV.replace("* bytes_per_number", "* 2"),
            ),
            Wrong(
                lambda f: _off_by(f, 1 / 2, 1 / 4),
                "That is how many numbers the cache has. Multiply by the bytes of one number.",
                _KV.replace(" * bytes_per_number", ""),
            ),
            Wrong(
                lambda f: _off_by(f, 1 / 30, 1 / 16),
                "That is the cache of a single layer. Each layer keeps its own keys and values.",
                _KV.replace(" * config.num_hidden_layers", ""),
            ),
        ),
        otherwise="For the config of SmolLM2-135M (30 layers, 3 key heads, 64 numbers in a head) "
        "and 1,000 tokens it should return 23,040,000.",
    ),
    Exercise(
        name="05.5",
        title="What a weight really takes",
        task="nf4 stores blocks of 64 weights, each weight in 4 bits and each block with a scale. "
        "How many bits is that for each weight, first if a scale is a float32, then with double "
        "quantization: a scale takes 8 bits, and 256 scales share one float32? Give a list of two "
        "numbers, to two decimals.",
        expects=((list, tuple), "a list of two numbers"),
        right=lambda pair: _bits(pair, 4.5, 4.13),
        because="4 + 32/64 = 4.5, and 4 + 8/64 + 32/(64 × 256) is about 4.13: double quantization "
        "saves 0.37 bits on every weight.",
        hints=(
            "A scale serves 64 weights, so each weight pays a 64th part of it.",
            "Double quantization: 8 bits shared by 64 weights, and 32 bits shared by 64 × 256.",
        ),
        code="answer = [round(4 + 32 / 64, 2), round(4 + 8 / 64 + 32 / (64 * 256), 2)]",
        wrong=(
            Wrong(
                lambda pair: len(pair) != 2,
                "Two numbers are asked for: without double quantization, and with it.",
                "answer = [4.5]",
            ),
            Wrong(
                lambda pair: _bits(pair, 4.13, 4.5),
                "The right numbers in the wrong order: double quantization makes it less.",
                "answer = [4.13, 4.5]",
            ),
            Wrong(
                lambda pair: pair[0] == 36,
                "32 bits are not added to each weight: 64 weights share them.",
                "answer = [4 + 32, 4 + 8]",
            ),
            Wrong(
                lambda pair: round(pair[0], 4) == 4.0625,
                "You added 4 bytes, divided by 64. A float32 has 32 bits.",
                "answer = [4 + 4 / 64, 4 + 1 / 64]",
            ),
            Wrong(
                lambda pair: round(pair[0], 2) == 4.5 and 4.12 <= pair[1] <= 4.125,
                "Nearly: the float32 that 256 scales share is missing. It is little, but it moves "
                "the second decimal.",
                "answer = [4.5, 4 + 8 / 64]",
            ),
            Wrong(
                lambda pair: _bits(pair, 4.5, 4.25),
                "256 scales share a float32, not 256 weights. Those scales stand for 64 × 256 "
                "weights.",
                "answer = [4.5, 4 + 8 / 64 + 32 / 256]",
            ),
            Wrong(
                lambda pair: round(pair[0], 2) == 4.5 and pair[1] > 4.5,
                "With double quantization a scale of 8 bits takes the place of the float32; it "
                "does not come on top.",
                "answer = [4.5, 4 + 32 / 64 + 8 / 64]",
            ),
        ),
        otherwise="Count the bits of a whole block of 64 weights with its scale, and divide by 64.",
    ),
    Exercise(
        name="05.6",
        title="The longest context on 8 GB",
        task="What is the longest context, in tokens and a multiple of 1,024, with which Llama 3.1 "
        "8B in 4 bits fits 8 billion bytes? Use hflab.estimate_memory with one row, and count "
        "weights, KV cache and activations.",
        expects=(int, "a whole number"),
        right=lambda n: _possible(n) and _longest(n),
        because="With 1,024 tokens more, the three together would pass 8 billion bytes. The "
        "weights stay the same; cache and activations grow with every token.",
        hints=(
            "estimate_memory takes context_length and returns weights, kv_cache and activations in "
            "bytes. Try a few lengths.",
            "A while loop: go on to answer + 1024 as long as the sum of the three with that many "
            "tokens is at most 8_000_000_000.",
        ),
        code=_SEARCH,
        wrong=(
            Wrong(
                lambda n: not _possible(n),
                "That is no possible answer: it must be a multiple of 1,024, and the model reads "
                "131,072 tokens at most.",
                "answer = 9_000",
            ),
            Wrong(
                lambda n: _longest(n, parts=slice(2)),
                "Weights and KV cache would fit, but the activations are missing: what the layers "
                "compute has to be kept somewhere as well.",
                "answer = 17 * 1024",
            ),
            Wrong(
                lambda n: _longest(n, parts=slice(1, 2)),
                "So long a KV cache would fit by itself. The weights need room too.",
                "answer = 59 * 1024",
            ),
            Wrong(
                lambda n: _longest(n, room=8 * 1024**3),
                "That fits 8 × 1024³ bytes. Here 8 GB are 8 billion bytes, which is less.",
                "answer = 11 * 1024",
            ),
            Wrong(
                lambda n: _longest(n, room=_ROOM - 600_000_000),
                "It fits, but so does more. Did you take total on a computer with a GPU? It counts "
                "what CUDA takes, too; add up weights, kv_cache and activations only.",
                "answer = 6 * 1024",
            ),
            Wrong(
                lambda n: sum(_parts(n)) <= _ROOM,
                "It fits, but a longer context fits as well.",
                "answer = 2048",
            ),
        ),
        otherwise="With so many tokens, weights, KV cache and activations take more than 8 billion "
        "bytes together.",
    ),
)

QUIZ = (
    Question(
        "Why does 4-bit quantization give every 64 weights a scale of their own?",
        right="b",
        options={
            "Because a processor reads 64 weights at a time and no more.": (
                "Blocks of 32 or 128 work as well; 64 is a trade between error and size."
            ),
            "So that one very large weight spoils only the 63 beside it.": (
                "The scale follows the largest weight; with one scale for all, most weights would "
                "be rounded to zero."
            ),
            "To save the memory that one single scale for the whole tensor would take.": (
                "More scales take more memory: half a bit for each weight."
            ),
            "So that each block can have its own 16 levels.": (
                "The 16 levels of nf4 are the same everywhere; only the scale differs."
            ),
        },
    ),
    Question(
        "You load a 4-bit model on a T4. In which type should it multiply?",
        right="d",
        options={
            "In nf4, the type in which its weights are stored on the card.": (
                "nf4 is for storing only: weights are unpacked before they are multiplied."
            ),
            "In int8, since 4 bits fit into it.": (
                "The levels of nf4 are no whole numbers, and the inputs are none either."
            ),
            "In bfloat16, like on every other GPU.": (
                "Newer cards do. A T4 has no units for bfloat16 and imitates it slowly."
            ),
            "In float16, for which it has units.": (
                "It has fast units for float16, and none for bfloat16."
            ),
        },
    ),
    Question(
        "A model of 2 million parameters is loaded in 4 bits. What is to be expected?",
        right="a",
        options={
            "It gets slower and its answers worse, and the few MB saved do not matter.": (
                "Unpacking takes time in every layer, and small models have little to spare."
            ),
            "It answers as before and takes an eighth of the time.": (
                "Fewer bytes are no fewer operations; unpacking even adds some."
            ),
            "It gets faster, and its answers are worse.": (
                "Reading weights is not what takes the time in so small a model."
            ),
            "Nothing changes: below a billion parameters quantization is left out.": (
                "bitsandbytes quantizes the linear layers of a model of any size."
            ),
        },
    ),
    Question(
        "What is quantized a second time in double quantization?",
        right="c",
        options={
            "The weights, from 8 bits down to 4.": "They are quantized once, straight to 4 bits.",
            "The weights that came out with a large error the first time.": (
                "No weight is looked at twice."
            ),
            "The scales of the blocks.": (
                "They are kept in 8 bits in place of 32, which saves about 0.37 bits a weight."
            ),
            "The KV cache, after the weights are done.": (
                "The cache is left in 16 or 32 bits; it is made while text is read."
            ),
        },
    ),
    Question(
        "You read GGUF on one model's page, and GPTQ on another's. How do they differ?",
        right="a",
        options={
            "GGUF is a file format, GPTQ a way to choose the rounded weights.": (
                "GGUF files are read by llama.cpp and its relatives. GPTQ rounds with the help of "
                "sample texts, and so does AWQ."
            ),
            "GGUF has 8 bits a weight, while GPTQ always has 4.": (
                "Both come with several numbers of bits; GGUF also holds unquantized weights."
            ),
            "GGUF makes models for a CPU by training them anew, GPTQ only rounds the weights.": (
                "Neither trains a model anew."
            ),
            "They are two names for what bitsandbytes does.": (
                "bitsandbytes rounds while loading, without files of its own or sample texts."
            ),
        },
    ),
    Question(
        "In 4 bits a model fits, but with a very long prompt memory runs out. Why?",
        right="c",
        options={
            "The weights are unpacked for long prompts and stay so.": (
                "One matrix at a time is unpacked and thrown away again, whatever the length."
            ),
            "The scales of the blocks grow along with the number of tokens.": (
                "Scales belong to the weights; text does not change them."
            ),
            "The KV cache grows with every token, and it is not in 4 bits.": (
                "Only weights were quantized. Keys and values stay in the model's own dtype."
            ),
            "Long prompts switch the quantization off, so the whole model is back in 16 bits.": (
                "Quantization is decided once, when the model is loaded."
            ),
        },
    ),
)
