"""Load a model and its tokenizer: safe weights, the right device, and failures in plain words."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer
from transformers import AutoConfig
from transformers.models.auto import modeling_auto
from transformers.utils import logging as transformers_logging

from hflab import environment, hub, sources, tiny, weights
from hflab.environment import Device
from hflab.errors import (
    CorruptWeightsError,
    HflabError,
    ModelNotFoundError,
    OfflineError,
    OutOfMemoryError,
    UnsupportedModelError,
)

# Auto classes, in the order in which they are asked for the architecture that a config names.
_KINDS: dict[str, Mapping[str, Any]] = {
    "SpeechSeq2Seq": modeling_auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
    "CausalLM": modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    "Seq2SeqLM": modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    "SequenceClassification": modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    "TokenClassification": modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
    "QuestionAnswering": modeling_auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES,
    "MaskedLM": modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    "ImageClassification": modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES,
    "TextToWaveform": modeling_auto.MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES,
    "ImageTextToText": modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    "PreTraining": modeling_auto.MODEL_FOR_PRETRAINING_MAPPING_NAMES,
}
# Where the input is not text alone, a processor takes the tokenizer's place.
_PROCESSORS = {
    "SpeechSeq2Seq": "AutoProcessor",
    "ImageClassification": "AutoImageProcessor",
    "ImageTextToText": "AutoProcessor",
}


def load(
    model_id: str | os.PathLike[str],
    *,
    dtype: str | torch.dtype = "auto",
    device_map: str | dict[str, Any] | None = "auto",
    revision: str | None = None,
    token: str | bool | None = None,
    **from_pretrained: Any,
) -> tuple[Any, Any]:
    """Load a model and its tokenizer, ready to generate.

    What it adds to `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer.from_pretrained`: the
    names of bundled models, the Auto class that fits the architecture, the device, a check of the
    files, safetensors only, and errors that say what to do.

    Args:
        model_id: A bundled model ("chat"), a folder, or a Hub id ("owner/name"). A bundled name
            goes before a folder of the same name; write "./chat" for the folder.
        dtype: Type of the weights, such as torch.float16 or "float32". "auto" keeps the stored
            type, with two exceptions: a bundled model stored in float16 becomes float32 on a CPU,
            where float16 arithmetic is slow and rounds differently; bfloat16 becomes float16 on a
            CUDA GPU without bfloat16 units, such as a T4.
        device_map: "auto" uses the GPU if there is one (accelerate spreads a model too large for
            it) and the CPU otherwise; None stays on the CPU; anything else goes to
            `from_pretrained`.
        revision: Branch, tag or commit on the Hub.
        token: Access token; by default the one that huggingface_hub finds.
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
        OutOfMemoryError: The memory is not enough.
    """
    name = os.fspath(model_id)
    options = {"use_safetensors": True} | from_pretrained
    trust = bool(options.pop("trust_remote_code", False))
    code_revision = options.get("code_revision")
    safe = options["use_safetensors"] is True
    sources.refuse_unsafe(name, trust, revision, code_revision, safe)
    source = sources.find(name)
    # By name, or by the path that pick() and tiny_model() return.
    bundled = Path(source).parent == tiny.FOLDER
    where: dict[str, Any] = {"revision": revision, "token": hub.usable_token(token)}
    for key in ("cache_dir", "subfolder", "local_files_only"):
        if key in options:
            where[key] = options.pop(key)
    with _explained(name, source, where), sources.connection(source, where) as names:
        settings = sources.settings(source, where, names, check="gguf_file" not in options)
        if trust:
            sources.refuse_foreign_code(name, settings, code_revision)
        _check_architecture(name, settings, trust)
        shared = where | {"trust_remote_code": trust}
        if code_revision is not None:
            shared["code_revision"] = code_revision
        config = options.pop("config", None) or AutoConfig.from_pretrained(source, **shared)
        kind = _kind(config)
        processor_class = _PROCESSORS.get(kind, "AutoTokenizer")
        if processor_class == "AutoTokenizer":
            sources.check_tokenizer(source, where)
        processor = getattr(transformers, processor_class).from_pretrained(source, **shared)
        device = environment.device() if device_map == "auto" else Device("cpu")
        if dtype == "auto":
            dtype = choose_dtype(config.dtype, device, bundled)
        spread = (
            device.kind == "cuda" and not bundled and environment.version("accelerate") is not None
        )
        placement = device_map if device_map != "auto" or spread else None
        if placement is not None:
            options["device_map"] = placement
        auto_class = getattr(transformers, f"AutoModelFor{kind}" if kind else "AutoModel")
        with _quiet(bundled):
            model = auto_class.from_pretrained(
                source, config=config, dtype=dtype, **(options | shared)
            )
        if device_map == "auto" and placement is None and device.kind != "cpu":
            model.to(device.kind)
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


def _kind(config: Any) -> str:
    """What follows "AutoModelFor" in the class for an architecture; "" for plain AutoModel."""
    architecture = (config.architectures or [""])[0]
    for kind, names in _KINDS.items():
        known = names.get(config.model_type, ())
        if architecture in ((known,) if isinstance(known, str) else known):
            return kind
    for auto_class in getattr(config, "auto_map", None) or {}:
        if auto_class.startswith("AutoModelFor"):
            return str(auto_class).removeprefix("AutoModelFor")
    return "" if architecture else "CausalLM"


def _check_architecture(name: str, settings: dict[str, Any], trust: bool) -> None:
    model_type = settings.get("model_type")
    if model_type in transformers.CONFIG_MAPPING or (trust and settings.get("auto_map")):
        return
    own_code = "It brings code of its own, which hflab does not run unseen."
    newer = "It may be newer than the library, or its config.json may be wrong."
    installed = f"transformers {transformers.__version__}"
    raise UnsupportedModelError(
        f"The architecture {model_type!r} of {name!r} is unknown to {installed}.",
        own_code if settings.get("auto_map") else newer,
        "Upgrade with pip install --upgrade transformers and restart, or choose another model.",
    )


@contextmanager
def _explained(name: str, source: str, where: dict[str, Any]) -> Iterator[None]:
    """Raise what fails inside as one of hflab's errors, if it is a known failure.

    `from None` keeps the traceback short; the original stays in the error's `__context__`.
    """
    try:
        yield
    except HflabError:
        raise
    except Exception as error:
        explained = _explain(error, name, source, where)
        if explained is None:
            raise
        raise explained from None


def _explain(error: Exception, name: str, source: str, where: dict[str, Any]) -> HflabError | None:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return OutOfMemoryError(
            f"The memory is not enough to load {name!r}.",
            "The weights need more than is free.",
            "Use a smaller model, close other notebooks, or pass dtype=torch.float16.",
        )
    explained = hub.explain(error, name, near=sources.near(name), twin=sources.twin(name))
    if isinstance(explained, OfflineError):
        # A name without an owner is more likely a misspelled bundled name than a Hub id.
        similar = sources.near(name) if "/" not in name else ""
        if similar:
            return ModelNotFoundError(
                f"There is no model {name!r} on this computer.",
                "It is no bundled name and no folder, and the Hub is out of reach.",
                similar,
            )
        return hub.out_of_reach(name, sources.at_hand())
    if explained is not None:
        return explained
    # transformers fails in many ways on a broken file, so the files are asked, not the error.
    folder = sources.cached_folder(source, where)
    return None if folder is None else _find_broken_file(folder)


def _find_broken_file(folder: Path) -> CorruptWeightsError | None:
    try:
        weights.check_files(folder)
    except CorruptWeightsError as corrupt:
        return corrupt
    path = folder / "tokenizer.json"
    if path.is_file():
        try:
            Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers has no class of its own
            return weights.broken(path, f"The tokenizers library cannot read it: {error}.")
    return None


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
