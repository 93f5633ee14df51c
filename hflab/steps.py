"""The decoding loop: one call of the model, one token, one yield."""

from __future__ import annotations

import inspect
from collections.abc import Generator, Iterable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    EosTokenCriteria,
    GenerationMixin,
    MaxLengthCriteria,
)
from transformers.generation.configuration_utils import GenerationMode

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedTokenizerBase


def can_step(model: Any, options: dict[str, Any]) -> bool:
    """Whether `step` can generate for this model with these arguments of `model.generate`."""
    config = deepcopy(model.generation_config)
    config.update(**options)
    mode = config.get_generation_mode(options.get("assistant_model"))
    # Prompt tuning (peft) puts vectors before the prompt that only its own `generate` knows.
    peft = getattr(model, "active_peft_config", None)
    return (
        not model.config.is_encoder_decoder
        and mode in (GenerationMode.GREEDY_SEARCH, GenerationMode.SAMPLE)
        and config.cache_implementation in (None, "dynamic", "hybrid")
        and not getattr(peft, "is_prompt_learning", False)
        and (_is_plain(model) or _slices_itself())
    )


def _is_plain(model: Any) -> bool:
    theirs = type(model).prepare_inputs_for_generation
    return bool(theirs is GenerationMixin.prepare_inputs_for_generation)


def _slices_itself() -> bool:
    # From transformers 5.2 or so; before, the loop had to keep count of cache positions.
    prepare = GenerationMixin.prepare_inputs_for_generation
    return "next_sequence_length" in inspect.signature(prepare).parameters


def step(
    model: Any,
    input_ids: torch.Tensor,
    logits_processor: Any,
    stopping_criteria: Iterable[Any],
    generation_config: GenerationConfig,
    **kwargs: Any,
) -> Generator[int, None, str]:
    """Greedy search or sampling for one sequence, as `custom_generate` of `model.generate`.

    Args:
        model: The model.
        input_ids: The prompt, shape (1, tokens).
        logits_processor: What `generate` made of temperature, top_p and the like.
        stopping_criteria: What `generate` made of eos_token_id, max_length and the like.
        generation_config: All generation parameters.
        **kwargs: Arguments of the forward pass: the cache, `use_cache`, ...

    Yields:
        Token ids.

    Returns:
        "stop" or "length".
    """
    plain, cache, use_cache = _is_plain(model), kwargs.get("past_key_values"), kwargs["use_cache"]
    keep = {"logits_to_keep": 1} if "logits_to_keep" in kwargs else {}
    eos, limit, criteria = _ends(stopping_criteria)
    length = input_ids.shape[1]
    # Models that prepare their inputs themselves, and anything that looks back, need all ids.
    needs_ids = bool(not plain or not use_cache or logits_processor or criteria)
    pending = input_ids if cache is None else input_ids[:, cache.get_seq_length() :]
    first = True
    while True:
        # Not around the yield: what the caller does meanwhile is the caller's business.
        with torch.inference_mode():
            if plain:
                inputs = {"input_ids": pending, "past_key_values": cache, "use_cache": use_cache}
                logits = model(**inputs, **keep, return_dict=True).logits
            else:
                new = None if cache is None else pending.shape[1]
                inputs = model.prepare_inputs_for_generation(
                    input_ids, next_sequence_length=new, is_first_iteration=first, **kwargs
                )
                outputs = model(**inputs, return_dict=True)
                kwargs = model._update_model_kwargs_for_generation(outputs, kwargs)
                logits = outputs.logits
            scores = logits[:, -1].to(dtype=torch.float32, device=input_ids.device)
            scores = logits_processor(input_ids, scores)
            if generation_config.do_sample:
                token = torch.multinomial(torch.softmax(scores, dim=-1), num_samples=1)
            else:
                token = torch.argmax(scores, dim=-1, keepdim=True)
            if needs_ids:
                input_ids = torch.cat([input_ids, token], dim=-1)
            pending = token if use_cache else input_ids
            length += 1
            token_id = int(token)
            stop = token_id in eos or any(bool(torch.all(c(input_ids, None))) for c in criteria)
        first = False
        yield token_id
        if stop or length >= limit:
            return "stop" if stop else "length"


def _ends(criteria: Iterable[Any]) -> tuple[set[int], float, list[Any]]:
    """Split criteria into end tokens, the length limit (plain numbers, cheap) and the rest."""
    eos: set[int] = set()
    limit = float("inf")
    others = []
    for criterion in criteria:
        if isinstance(criterion, EosTokenCriteria):
            eos.update(criterion.eos_token_id.flatten().tolist())
        elif isinstance(criterion, MaxLengthCriteria):
            limit = min(limit, criterion.max_length)
        else:
            others.append(criterion)
    return eos, limit, others


def generate_whole(
    model: Any,
    inputs: torch.Tensor,
    tokenizer: PreTrainedTokenizerBase,
    options: dict[str, Any],
) -> Generator[int, None, str]:
    """Plain `model.generate`, for whatever can't be stepped through; then the ids one by one."""
    output = model.generate(inputs, tokenizer=tokenizer, **options)[0].tolist()
    # An encoder-decoder starts its output with one token of its own, others with the prompt.
    new = output[1:] if model.config.is_encoder_decoder else output[inputs.shape[1] :]
    yield from new
    eos = model.generation_config.eos_token_id
    ended = new and new[-1] in (eos if isinstance(eos, list) else [eos])
    return "length" if len(new) >= options["max_new_tokens"] and not ended else "stop"
