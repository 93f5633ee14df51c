"""Architectures: which transformers class fits a config, and what its inputs look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto

from hflab.errors import UnsupportedModelError

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


def kind(config: Any) -> str:
    """What follows "AutoModelFor" in the class for an architecture; "" for plain AutoModel."""
    architecture = (config.architectures or [""])[0]
    for name, names in _KINDS.items():
        known = names.get(config.model_type, ())
        if architecture in ((known,) if isinstance(known, str) else known):
            return name
    for auto_class in getattr(config, "auto_map", None) or {}:
        if auto_class.startswith("AutoModelFor"):
            return str(auto_class).removeprefix("AutoModelFor")
    return "" if architecture else "CausalLM"


def model_class(config: Any) -> Any:
    """The Auto class that loads a model of this config."""
    name = kind(config)
    return getattr(transformers, f"AutoModelFor{name}" if name else "AutoModel")


def processor_class(config: Any) -> str:
    """Name of the Auto class that prepares the inputs: "AutoTokenizer" for text."""
    return _PROCESSORS.get(kind(config), "AutoTokenizer")


def check(name: str, settings: dict[str, Any], trust: bool) -> None:
    """Check that the installed transformers knows an architecture.

    Args:
        name: The model's name, for the message.
        settings: Its config.json.
        trust: Whether it may bring code of its own.

    Raises:
        UnsupportedModelError: If it does not.
    """
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


def inputs(config: Any, batch_size: int, length: int) -> dict[str, torch.Tensor]:
    """Empty inputs of the right shapes for one forward pass.

    Args:
        config: The model's.
        batch_size: Rows.
        length: Tokens of each row. An image or a window of sound has its own fixed size.
    """
    name = kind(config)
    if name == "ImageClassification":
        size = getattr(config, "image_size", None) or 224
        return {"pixel_values": torch.zeros(batch_size, config.num_channels, size, size)}
    tokens = torch.zeros(batch_size, length, dtype=torch.long)
    if name == "SpeechSeq2Seq":
        frames = 2 * config.max_source_positions
        sound = torch.zeros(batch_size, config.num_mel_bins, frames)
        return {"input_features": sound, "decoder_input_ids": tokens}
    if getattr(config, "is_encoder_decoder", False):
        return {"input_ids": tokens, "decoder_input_ids": tokens}
    return {"input_ids": tokens}
