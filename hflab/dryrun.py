"""A forward pass without numbers: how much memory a model's activations and cache would take.

The model is built from its config with tensors that have shapes but no contents
(`torch._subclasses.FakeTensorMode`), so even a model of 70 billion parameters takes seconds and no
memory. What each operation would allocate and free is added up.
"""

from __future__ import annotations

import copy
import math
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, cast

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import BitsAndBytesConfig
from transformers.pytorch_utils import Conv1D
from transformers.quantizers.base import get_keys_to_not_convert
from transformers.quantizers.quantizers_utils import should_convert_module

from hflab import architectures
from hflab.quantization import BLOCK

# How a program asks a tensor of one truth value for it.
_QUESTIONS = (
    torch.ops.aten.is_nonzero.default,
    torch.ops.aten.item.default,
    torch.ops.aten._local_scalar_dense.default,
)
# Double quantization stores the scales of so many blocks together.
_GROUP = 256


class _Allocations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all tensors that are alive inside the block.

    Attributes:
        peak: The most bytes that were alive at a time.
    """

    def __init__(self, known: Iterable[torch.Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = self._alive = 0
        # Storages that are not to be counted, such as the weights.
        self._seen = {tensor.untyped_storage()._cdata for tensor in known}

    def _release(self, key: int, size: int) -> None:
        self._alive -= size
        self._seen.discard(key)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in _QUESTIONS and args[0].dtype == torch.bool:
            # "Are all numbers finite?", as models in float16 ask. There are none, so yes.
            return True
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self._seen:
                    self._seen.add(storage._cdata)
                    self._alive += storage.nbytes()
                    weakref.finalize(storage, self._release, storage._cdata, storage.nbytes())
        self.peak = max(self.peak, self._alive)
        return out


class _InEightBits(nn.Module):
    """The steps of bitsandbytes' 8-bit layer: inputs to int8, the product in int32, and back."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        half = x.to(torch.float16)
        rounded = half.to(torch.int8)
        product = torch.empty(*x.shape[:-1], self.rows, dtype=torch.int32)
        del rounded
        scaled = product.to(torch.float32)
        return scaled.to(torch.float16).to(x.dtype)


class _InFourBits(nn.Module):
    """The steps of bitsandbytes' 4-bit layer: one matrix at a time is unpacked and multiplied."""

    def __init__(self, rows: int, columns: int, compute: torch.dtype) -> None:
        super().__init__()
        self.shape, self.compute = (rows, columns), compute

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        unpacked = torch.empty(self.shape, dtype=self.compute)
        return nn.functional.linear(x.to(self.compute), unpacked).to(x.dtype)


def linears(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """The layers that bitsandbytes would quantize, with their weights: all but the output's.

    Embeddings, norms, and whatever is tied to the embeddings stay as they are.
    """
    kept = get_keys_to_not_convert(model)
    for name, module in model.named_modules():
        if type(module) in (nn.Linear, Conv1D) and should_convert_module(name, kept):
            weight = cast(torch.Tensor, module.weight)
            yield name, weight.T if isinstance(module, Conv1D) else weight


def weight_bytes(
    config: Any, dtype: torch.dtype, quantization: BitsAndBytesConfig | None
) -> tuple[int, int]:
    """Number of parameters, and the bytes of all parameters, buffers and quantization constants."""
    with torch.device("meta"):
        model = architectures.model_class(config).from_config(config, dtype=dtype)
    parameters = sum(p.numel() for p in model.parameters())
    total = sum(t.nbytes for t in (*model.parameters(), *model.buffers()))
    if quantization is not None:
        for _, weight in linears(model):
            total += sum(_constants(weight, quantization)) - weight.nbytes
    return parameters, total


def _constants(weight: torch.Tensor, quantization: BitsAndBytesConfig) -> Iterator[int]:
    """Bytes of a quantized matrix: its numbers, then its scales and tables."""
    count = weight.numel()
    if quantization.load_in_8bit:
        yield count
        yield 4 * weight.shape[0]  # one float32 scale for each row
        return
    yield math.ceil(count / 2)
    yield 4 * 16  # the sixteen values that four bits can mean
    blocks = math.ceil(count / BLOCK)
    if not quantization.bnb_4bit_use_double_quant:
        yield 4 * blocks
        return
    yield blocks  # scales in 8 bits, whose own scales and table of values follow
    yield 4 * math.ceil(blocks / _GROUP) + 4 * 256 + 4


def _shortened(config: Any) -> tuple[Any, list[int]]:
    """A copy of a config with as few layers as show every kind; and how often each comes.

    Activations are freed layer by layer, so their peak doesn't depend on the number of layers.
    """
    short = copy.deepcopy(config)
    text = short.get_text_config(decoder=True)
    count = getattr(text, "num_hidden_layers", None)
    if not count or count <= 2 or text is not short:
        return short, []
    types = getattr(text, "layer_types", None) or [""] * count
    few = max(types.index(kind) for kind in types) + 1
    if few < 2 and count > 2:
        few = 2
    text.num_hidden_layers = few
    if getattr(text, "layer_types", None):
        text.layer_types = types[:few]
    # Each layer of the copy stands for all layers of its kind.
    return short, [math.ceil(types.count(kind) / types[:few].count(kind)) for kind in types[:few]]


def _quantize(model: nn.Module, quantization: BitsAndBytesConfig) -> None:
    """Put layers that take the steps of bitsandbytes in the place of the linear ones."""
    for name, weight in list(linears(model)):
        rows, columns = weight.shape
        small: nn.Module = _InEightBits(rows)
        if quantization.load_in_4bit:
            small = _InFourBits(rows, columns, quantization.bnb_4bit_compute_dtype)
        model.set_submodule(name, small)


def measure(
    config: Any,
    dtype: torch.dtype,
    quantization: BitsAndBytesConfig | None,
    batch_size: int,
    length: int,
) -> tuple[int, int]:
    """Bytes of the KV cache, and of all else that a forward pass needs beside the weights.

    Args:
        config: The model's.
        dtype: Of activations and cache.
        quantization: Of the linear layers, or None.
        batch_size: Rows.
        length: Tokens of each row; all are read at once, which is when the memory peaks.

    Returns:
        (kv_cache, activations): the cache of all layers after `length` tokens; the highest sum of
            everything else alive during the pass.
    """
    short, times = _shortened(config)
    with FakeTensorMode():
        with torch.device("cpu"):
            model = architectures.model_class(config).from_config(short, dtype=dtype).eval()
            given = architectures.inputs(config, batch_size, length)
        if quantization is not None:
            _quantize(model, quantization)
        for name, tensor in given.items():
            if tensor.is_floating_point():
                given[name] = tensor.to(dtype)
        options = {"logits_to_keep": 1} if architectures.kind(config) == "CausalLM" else {}
        known = (*model.parameters(), *model.buffers())
        with torch.inference_mode(), _Allocations(known) as allocations:
            try:
                output = model(**given, **options)
            except TypeError:  # older architectures don't know logits_to_keep
                output = model(**given)
        cache = getattr(output, "past_key_values", None)
        sizes = [
            sum(t.nbytes for t in (layer.keys, layer.values) if t is not None)
            for layer in getattr(getattr(cache, "self_attention_cache", cache), "layers", ())
        ]
    # Encoders have no cache; where layers were left out, each of the others stands for several.
    times = times if len(times) == len(sizes) else [1] * len(sizes)
    whole = sum(size * many for size, many in zip(sizes, times, strict=True))
    return whole, max(allocations.peak - sum(sizes), 0)
