"""Quantization with bitsandbytes: settings that fit the device, and its traps on CPUs avoided."""

from __future__ import annotations

import logging
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from hflab import environment
from hflab.environment import Device
from hflab.errors import MissingExtraError, ParameterError

# Weights in a block that share one scale.
BLOCK = 64


def settings(
    quantize: str | BitsAndBytesConfig | None, compute: torch.dtype | None = None
) -> BitsAndBytesConfig | None:
    """What `quantize` means for transformers.

    Args:
        quantize: "8bit", "4bit" (nf4 with double quantization), a BitsAndBytesConfig, which stays
            as it is, or None.
        compute: In which type 4-bit weights are multiplied; transformers' float32 without it.

    Raises:
        ParameterError: For anything else.
    """
    if quantize is None or isinstance(quantize, BitsAndBytesConfig):
        return quantize
    if quantize == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    if quantize == "4bit":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=compute or torch.float32,
        )
    raise ParameterError(
        f"quantize is {quantize!r}.",
        'It can be "8bit", "4bit", a BitsAndBytesConfig, or None.',
        'Use quantize="4bit" for the smallest, or leave it out.',
    )


def compute_dtype(device: Device) -> torch.dtype:
    """In which type to multiply on a device.

    float32 on a CPU, bfloat16 on a CUDA GPU that has units for it, float16 on all others, such as
    a T4, which only emulates bfloat16.
    """
    if device.kind == "cpu":
        return torch.float32
    return torch.bfloat16 if device.has_bf16 else torch.float16


def check_installed() -> None:
    """Check that bitsandbytes is there, and keep it from logging a line for every layer.

    Raises:
        MissingExtraError: If it isn't, or accelerate isn't, which it needs.
    """
    for library in ("bitsandbytes", "accelerate"):
        if environment.version(library) is None:
            raise MissingExtraError(
                "The model was not loaded: quantizing it needs another library.",
                f"{library} is not installed.",
                extra="quant",
            )
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def make_steady(model: Any) -> None:
    """Keep 4-bit layers on a CPU from repacking their weights.

    On CPUs with AVX512-BF16, bitsandbytes 0.50 packs weights anew at the first forward pass and
    rounds their scales. So results would depend on the CPU, a model saved afterwards would not be
    the one that was loaded (without double quantization it is damaged), and rows that are no
    multiple of 64 weights long raise. Unpacked, a layer gives the same numbers everywhere.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
