"""Will it fit? The memory a model needs, computed from its config alone, before any download."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from hflab import dryrun, environment
from hflab.environment import Device, size
from hflab.errors import OutOfMemoryError, ParameterError
from hflab.quantization import settings as quantization_settings
from hflab.shapes import read_config

# What a CUDA process takes before the first weight: context, kernels, cuBLAS workspace (bytes).
# Between 0.4 and 0.7 GB by GPU and driver; a rule of thumb.
_CUDA_OVERHEAD = 600_000_000
_COLORS = {
    "weights": "#4477aa",
    "kv_cache": "#ee7733",
    "activations": "#228833",
    "overhead": "#999",
}


@dataclass(frozen=True)
class Memory:
    """What a model needs, in bytes.

    Attributes:
        model: Its name.
        precision: Of the weights: "float32", "bfloat16", "int8", "nf4" or "nf4 + double quant".
        parameters: Their number; those shared by two layers are counted once.
        weights: All parameters and buffers, with the constants of quantization.
        kv_cache: Keys and values of all layers for the whole context.
        activations: The highest sum of everything else that is alive while the context is read.
        overhead: What the framework takes on a GPU before the model is there; 0 on a CPU.
        context_length: Tokens of each row.
        batch_size: Rows.
    """

    model: str
    precision: str
    parameters: int
    weights: int
    kv_cache: int
    activations: int
    overhead: int
    context_length: int
    batch_size: int

    @property
    def total(self) -> int:
        """Everything together, in bytes."""
        return self.weights + self.kv_cache + self.activations + self.overhead

    def fits(self, device: Device | None = None) -> bool:
        """Whether a device has that much memory.

        Args:
            device: By default the one torch would compute on. Of a GPU with memory of its own the
                whole memory counts; otherwise what is free of the computer's.
        """
        return self.total <= available(device or environment.device())

    def __str__(self) -> str:
        parts = [(name.replace("_", " "), getattr(self, name)) for name in _COLORS]
        rows = [f"  {name:<12}{size(value):>9}" for name, value in parts if value]
        head = f"{self.model}, {self.precision}, {self.context_length:,} tokens"
        head += f" × {self.batch_size}" if self.batch_size > 1 else ""
        return "\n".join([head, *rows, f"  {'total':<12}{size(self.total):>9}"])

    def _repr_html_(self) -> str:
        return bars([self])


def bars(estimates: list[Memory], limit: int | None = None) -> str:
    """Draw estimates as bars, one below the other, in HTML.

    Args:
        estimates: What `estimate_memory` returned.
        limit: Bytes of a card, drawn as a line.
    """
    longest = max([*(e.total for e in estimates), limit or 0]) or 1
    rows = []
    for each in estimates:
        parts = "".join(
            f'<span title="{name.replace("_", " ")}: {size(getattr(each, name))}" style="display:'
            f'inline-block;height:1.2em;background:{color};width:{_share(each, name, longest)}%">'
            "</span>"
            for name, color in _COLORS.items()
        )
        line = (
            f'<span style="position:absolute;left:{100 * limit / longest:.2f}%;top:0;bottom:0;'
            'border-left:2px dashed #c00"></span>'
            if limit
            else ""
        )
        rows.append(
            f'<div style="margin:.4em 0">{html.escape(each.model)}, {each.precision}: '
            f'<b>{size(each.total)}</b><div style="position:relative;white-space:nowrap;'
            f'font-size:14px;line-height:0">{parts}{line}</div></div>'
        )
    legend = " ".join(
        f'<span style="color:{color}">&#9632;</span> {name.replace("_", " ")}'
        for name, color in _COLORS.items()
        if any(getattr(each, name) for each in estimates)
    )
    end = f' <span style="color:#c00">┆</span> {size(limit)}' if limit else ""
    return f'<div style="max-width:46em">{"".join(rows)}<small>{legend}{end}</small></div>'


def _share(each: Memory, name: str, longest: int) -> str:
    return f"{100 * getattr(each, name) / longest:.2f}"


def available(device: Device) -> int:
    """Bytes that a model may use: of a GPU all it has, of the computer what is free now."""
    return device.memory if device.memory is not None else environment.free_ram()


def estimate_memory(
    model_id: str,
    *,
    dtype: str | torch.dtype = "auto",
    quantize: str | BitsAndBytesConfig | None = None,
    context_length: int | None = None,
    batch_size: int = 1,
    device: Device | None = None,
) -> Memory:
    """Compute the memory that a model needs to run, from its config.json alone.

    The layers are built without contents, and a forward pass over the whole context is followed
    operation by operation. Nothing but the config is downloaded.

    Args:
        model_id: A bundled model, a folder, a Hub id, or one of `shapes()`, which need no network.
        dtype: Of the weights; "auto" takes what the config says (float32 if nothing).
        quantize: None, "8bit", "4bit" (nf4 with double quantization) or a BitsAndBytesConfig.
        context_length: Tokens of prompt and answer together; by default 2,048, or fewer if the
            model's context is shorter.
        batch_size: How many texts at a time.
        device: Where it would run, for the overhead; by default where torch would compute.

    Raises:
        ModelNotFoundError: No such model, folder or shape.
        ParameterError: An argument that cannot work.
        UnsupportedModelError: The installed transformers does not know the architecture.
    """
    config = read_config(str(model_id))
    for name, value in (("context_length", context_length), ("batch_size", batch_size)):
        if value is not None and (not isinstance(value, int) or value < 1):
            raise ParameterError(
                f"{name} is {value!r}.",
                "It counts tokens or rows, so it must be a whole number of at least 1.",
                f"Use {name}=1 or more.",
            )
    text = config.get_text_config(decoder=True)
    longest = getattr(text, "max_position_embeddings", None) or 2048
    length = context_length or min(2048, longest)
    kind = _dtype(dtype, config)
    quantization = quantization_settings(quantize, kind)
    parameters, weights = dryrun.weight_bytes(config, kind, quantization)
    cache_bytes, activations = dryrun.measure(config, kind, quantization, batch_size, length)
    device = device or environment.device()
    return Memory(
        model=str(model_id) if "/" in str(model_id) else Path(model_id).name,
        precision=_precision(kind, quantization),
        parameters=parameters,
        weights=weights,
        kv_cache=cache_bytes,
        activations=activations,
        overhead=_CUDA_OVERHEAD if device.kind == "cuda" else 0,
        context_length=length,
        batch_size=batch_size,
    )


def check_room(
    name: str, config: Any, dtype: str | torch.dtype, quantization: Any, device: Device
) -> None:
    """Check that a model's weights fit, before they are read.

    Args:
        name: The model, for the message.
        config: Its configuration.
        dtype: Of its weights, as for `estimate_memory`.
        quantization: A BitsAndBytesConfig or None.
        device: Where they go. Beside a GPU the computer's memory counts too: accelerate puts there
            what the GPU doesn't hold.

    Raises:
        OutOfMemoryError: If they don't.
    """
    room = environment.free_ram() + (device.memory or 0)
    kind = _dtype(dtype, config)
    _, needed = dryrun.weight_bytes(config, kind, quantization)
    if needed > room:
        smaller = "" if quantization else 'Load it with quantize="4bit"; or t'
        raise OutOfMemoryError(
            f"{name!r} was not loaded: its weights take {size(needed)} "
            f"in {_precision(kind, quantization)}.",
            f"Here {size(room)} of memory are free.",
            f"{smaller or 'T'}ake a smaller model; or close other notebooks and programs. "
            "force=True tries all the same.",
        )


def _dtype(dtype: str | torch.dtype, config: Any) -> torch.dtype:
    if dtype in ("auto", None):
        return config.dtype or torch.float32
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if isinstance(found, torch.dtype) and found.is_floating_point:
        return found
    raise ParameterError(
        f"dtype is {dtype!r}.",
        "It must be a type of floating-point numbers.",
        'Use "float32", "float16", "bfloat16" or "auto"; for 8 and 4 bits, use quantize.',
    )


def _precision(dtype: torch.dtype, quantization: BitsAndBytesConfig | None) -> str:
    if quantization is None:
        return str(dtype).removeprefix("torch.")
    if quantization.load_in_8bit:
        return "int8"
    double = " + double quant" if quantization.bnb_4bit_use_double_quant else ""
    return f"{quantization.bnb_4bit_quant_type}{double}"
