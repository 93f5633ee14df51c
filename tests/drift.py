"""Old idioms of the Hugging Face stack and what to say instead: the table behind test_drift.py.

Each row is a pattern that finds the idiom in code or in prose, its replacement, and a proof: a
function that shows on the installed libraries that the idiom no longer does what it did. When a
library brings an idiom back, its proof fails, and the row has to go.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass

import torch
import transformers
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, TrainingArguments

import hflab


@dataclass(frozen=True)
class Idiom:
    """One row.

    Attributes:
        pattern: Regular expression that finds the idiom.
        instead: What to write today.
        proof: Passes as long as the idiom fails, or silently does something else.
        unless: What makes it right where the same code or text has it too; empty: nothing.
    """

    pattern: str
    instead: str
    proof: Callable[[], None]
    unless: str = ""


def _raises(kind: type[BaseException], call: Callable[[], object]) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"it works again, or raises something else than {kind.__name__}")


def _tokenizer() -> transformers.PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(hflab.tiny_model("tokenizers/chatml"))


def _model(**options: object) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=1,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def _gone(*names: str) -> Callable[[], None]:
    """The library has no such name any more."""

    def proof() -> None:
        for name in names:
            module, _, attribute = name.rpartition(".")
            try:
                found = hasattr(importlib.import_module(module), attribute)
            except ImportError:
                found = False
            assert not found, f"{name} is back"

    return proof


def _no_argument(call: Callable[..., object], *names: str) -> Callable[[], None]:
    """The function has no parameter of that name any more."""

    def proof() -> None:
        known = inspect.signature(call).parameters
        assert not set(names) & set(known), f"one of {names} is back"

    return proof


def _merged() -> None:
    tokenizer = _tokenizer()
    ids = tokenizer("Hello there, you.")["input_ids"]
    assert len(tokenizer.batch_decode(ids)) != len(ids)


def _keys() -> None:
    rendered = _tokenizer().apply_chat_template([{"role": "user", "content": "Hi"}])
    assert len(rendered) == len(rendered.keys()) < len(rendered["input_ids"])


def _templated() -> None:
    rendered = _tokenizer().apply_chat_template(
        [{"role": "user", "content": "Hi"}], return_tensors="pt"
    )
    _raises(AttributeError, lambda: _model().generate(rendered))


def _no_attentions() -> None:
    output = _model()(input_ids=torch.tensor([[1, 2]]), output_attentions=True)
    assert not output.attentions or output.attentions[0] is None


def _no_pipeline(*tasks: str) -> Callable[[], None]:
    """transformers itself, without hflab.tasks, does not know the task."""

    def proof() -> None:
        known = inspect.getsource(transformers.pipelines)
        for task in tasks:
            assert f'    "{task}": {{' not in known, f"the task {task} is back"

    return proof


def _no_grouping() -> None:
    sanitize = transformers.TokenClassificationPipeline._sanitize_parameters
    assert "grouped_entities" not in inspect.signature(sanitize).parameters


IDIOMS = [
    Idiom(r"\buse_auth_token\b", "token=", _no_argument(transformers.pipeline, "use_auth_token")),
    Idiom(r"\.batch_decode\(|\bbatch_decode\b", "[tokenizer.decode(i) for i in …]", _merged),
    Idiom(
        r"\b(?:batch_)?encode_plus\b",
        "tokenizer(…)",
        lambda: _raises(AttributeError, lambda: _tokenizer().encode_plus("Hi")),
    ),
    Idiom(r"\bgrouped_entities\b", 'aggregation_strategy="simple"', _no_grouping),
    Idiom(
        r"from_pretrained\([^()]*load_in_[48]bit",
        "quantization_config=BitsAndBytesConfig(…)",
        lambda: _raises(TypeError, lambda: LlamaForCausalLM(LlamaConfig(), load_in_4bit=True)),
    ),
    Idiom(r"\blen\([^()]*apply_chat_template\(", 'the length of …["input_ids"]', _keys),
    Idiom(r"\.generate\([^()]*apply_chat_template\(", "generate(**inputs)", _templated),
    Idiom(
        r"\boutput_attentions\s*=\s*True",
        'attn_implementation="eager" as well',
        _no_attentions,
        unless='"eager"',
    ),
    Idiom(
        r"\bevaluation_strategy\b",
        "eval_strategy=",
        _no_argument(TrainingArguments, "evaluation_strategy"),
    ),
    Idiom(r"\bwarmup_ratio\b", "warmup_steps=", _no_argument(TrainingArguments, "warmup_ratio")),
    Idiom(
        r"\b(?:group_by_length|overwrite_output_dir|use_mps_device)\b|\b(?:logging_dir|no_cuda)\s*=",
        "nothing",
        _no_argument(
            TrainingArguments,
            "group_by_length",
            "logging_dir",
            "overwrite_output_dir",
            "no_cuda",
            "use_mps_device",
        ),
    ),
    Idiom(
        r"\bTrainer\([^)]*\btokenizer\s*=",
        "processing_class=",
        _no_argument(transformers.Trainer.__init__, "tokenizer"),
    ),
    Idiom(
        r"\badditional_special_tokens\b",
        "extra_special_tokens",
        lambda: _raises(AttributeError, lambda: _tokenizer().additional_special_tokens),
    ),
    Idiom(
        r"\b(?:TF|Flax)(?:Auto\w+|PreTrainedModel)",
        "the torch class",
        _gone("transformers.TFAutoModel", "transformers.FlaxAutoModel"),
    ),
    Idiom(
        r"\btransformers\.(?:AdamW|agents)\b|from transformers import[^\n]*\bAdamW\b",
        "torch.optim.AdamW",
        _gone("transformers.AdamW", "transformers.agents.Agent"),
    ),
    Idiom(
        r"\bload_metric\b",
        "the evaluate library",
        _gone("datasets.load_metric"),
    ),
    Idiom(
        r"\bHfFolder\b|from huggingface_hub import[^\n]*\bRepository\b",
        "HfApi",
        _gone("huggingface_hub.HfFolder", "huggingface_hub.Repository"),
    ),
    Idiom(
        r"\bpipeline\(\s*[\"'](?:image-to-text|visual-question-answering|image-to-image)[\"']",
        "a chat model for pictures, or diffusers",
        _no_pipeline("image-to-text", "visual-question-answering", "image-to-image"),
    ),
    Idiom(
        r"\bpipeline\(\s*[\"'](?:question-answering|summarization|translation\w*|"
        r"text2text-generation|text-to-image)[\"']",
        "import hflab.tasks first",
        _no_pipeline(
            "question-answering",
            "summarization",
            "translation",
            "text2text-generation",
            "text-to-image",
        ),
        unless="hflab.tasks",
    ),
    Idiom(
        r"\bTextIteratorStreamer\b",
        "hflab.stream: a streamer in a thread hangs when generate raises",
        lambda: None,  # it works as it did; the reason is given above
    ),
    Idiom(r"\bhuggingface-cli\b", "hf", lambda: None),  # the binary went with huggingface_hub 1.0
    Idiom(r"\btorch_dtype\s*=", "dtype=", lambda: None),  # still works, with a warning
]
