"""Load a model and its tokenizer: safe weights, the right device, and failures in plain words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoConfig, BitsAndBytesConfig
from transformers.utils import logging as transformers_logging

from hflab import architectures, environment, hub, memory, quantization, sources, tiny
from hflab.environment import Device
from hflab.failures import explained


def load(
    model_id: str | os.PathLike[str],
    *,
    quantize: str | BitsAndBytesConfig | None = None,
    dtype: str | torch.dtype = "auto",
    device_map: str | dict[str, Any] | None = "auto",
    revision: str | None = None,
    token: str | bool | None = None,
    force: bool = False,
    **from_pretrained: Any,
) -> tuple[Any, Any]:
    """Load a model and its tokenizer, ready to generate.

    What it adds to `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer.from_pretrained`: the
    names of bundled models, the Auto class that fits the architecture, the device, a check of the
    files, safetensors only, and errors that say what to do.

    Args:
        model_id: A bundled model ("chat"), a folder, or a Hub id ("owner/name"). A bundled name
            goes before a folder of the same name; write "./chat" for the folder.
        quantize: "8bit" or "4bit" (nf4 with double quantization) stores the weights of the linear
            layers in so many bits, with bitsandbytes; or a BitsAndBytesConfig of your own.
        dtype: Type of the weights, such as torch.float16 or "float32". "auto" keeps the stored
            type, with two exceptions: a bundled model stored in float16 becomes float32 on a CPU,
            where float16 arithmetic is slow and rounds differently; bfloat16 becomes float16 on a
            CUDA GPU without bfloat16 units, such as a T4.
        device_map: "auto" uses the GPU if there is one (accelerate spreads a model too large for
            it) and the CPU otherwise; None stays on the CPU; anything else goes to
            `from_pretrained`.
        revision: Branch, tag or commit on the Hub.
        token: Access token; by default the one that huggingface_hub finds.
        force: Load even where the memory seems not to be enough.
        **from_pretrained: More arguments for the model's `from_pretrained`.
            `trust_remote_code=True` is accepted only with a full commit id as `revision`.

    Returns:
        (model, tokenizer): ordinary transformers objects, the model in evaluation mode. For models
        of images or speech the second is their processor.

    Raises:
        ModelNotFoundError: No such model, folder or revision.
        GatedModelError: The model needs a login, an accepted license or another token.
        OfflineError: The Hub is out of reach and the model is not on this disk.
        CorruptWeightsError: A file of the model is missing or damaged.
        UnsafeModelError: Loading would run code that came with the model.
        UnsupportedModelError: The installed transformers does not know the architecture.
        OutOfMemoryError: The memory is not enough; `estimate_memory` tells how much is needed.
        MissingExtraError: bitsandbytes is needed and not installed.
    """
    name = os.fspath(model_id)
    options = {"use_safetensors": True} | from_pretrained
    trust = bool(options.pop("trust_remote_code", False))
    code_revision = options.get("code_revision")
    safe = options["use_safetensors"] is True
    sources.refuse_unsafe(name, trust, revision, code_revision, safe)
    device = environment.device() if device_map == "auto" else Device("cpu")
    bits = quantization.settings(quantize, quantization.compute_dtype(device))
    if bits is not None:
        quantization.check_installed()
    source = sources.find(name)
    # By name, or by the path that pick() and tiny_model() return.
    bundled = Path(source).parent == tiny.FOLDER
    where: dict[str, Any] = {"revision": revision, "token": hub.usable_token(token)}
    for key in ("cache_dir", "subfolder", "local_files_only"):
        if key in options:
            where[key] = options.pop(key)
    with explained(name, source, where), sources.connection(source, where) as names:
        settings = sources.settings(source, where, names, check="gguf_file" not in options)
        if trust:
            sources.refuse_foreign_code(name, settings, code_revision)
        architectures.check(name, settings, trust)
        shared = where | {"trust_remote_code": trust}
        if code_revision is not None:
            shared["code_revision"] = code_revision
        config = options.pop("config", None) or AutoConfig.from_pretrained(source, **shared)
        processor_class = architectures.processor_class(config)
        if processor_class == "AutoTokenizer":
            sources.check_tokenizer(source, where)
        processor = getattr(transformers, processor_class).from_pretrained(source, **shared)
        if dtype == "auto":
            dtype = choose_dtype(config.dtype, device, bundled)
        # What was stored in few bits takes what its files take, which the estimate doesn't know.
        stored_small = getattr(config, "quantization_config", None) is not None
        if not (force or bundled or trust or stored_small):
            memory.check_room(name, config, dtype, bits, device)
        spread = (
            device.kind == "cuda" and not bundled and environment.version("accelerate") is not None
        )
        placement = device_map if device_map != "auto" or spread else None
        if bits is not None:
            options["quantization_config"] = bits
            placement = placement or {"": device.kind}
        if placement is not None:
            options["device_map"] = placement
        with _quiet(bundled):
            model = architectures.model_class(config).from_pretrained(
                source, config=config, dtype=dtype, **(options | shared)
            )
        if device_map == "auto" and placement is None and device.kind != "cpu":
            model.to(device.kind)
    if getattr(model, "is_quantized", False) and device.kind == "cpu":
        quantization.make_steady(model)
    if where.get("local_files_only") and not from_pretrained.get("local_files_only"):
        print(f"{name}: the Hub is out of reach, so the copy on this disk was loaded")
    return model.eval(), processor


def choose_dtype(stored: torch.dtype | None, device: Device, bundled: bool) -> str | torch.dtype:
    """What dtype="auto" means for weights of type `stored` on `device`; see `load`."""
    if bundled and stored == torch.float16 and device.kind == "cpu":
        return torch.float32
    if stored == torch.bfloat16 and device.has_bf16 is False:
        return torch.float16
    return "auto"


@contextmanager
def _quiet(bundled: bool) -> Iterator[None]:
    """No progress bar for the blink that a bundled model takes to load."""
    hide = bundled and transformers_logging.is_progress_bar_enabled()
    if hide:
        transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if hide:
            transformers_logging.enable_progress_bar()
