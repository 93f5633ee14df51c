"""Generation: text that streams token by token from a plain generator, or comes all at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch
from transformers import StoppingCriteriaList, StopStringCriteria

from hflab.decoding import GenerationStats, decode_stream
from hflab.errors import ParameterError
from hflab.parameters import check_parameters
from hflab.prompts import Prompt, check_context, encode
from hflab.steps import can_step, generate_whole, step

if TYPE_CHECKING:
    from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase


class Stream(Generator[str, None, None]):
    """A generator of text pieces that also has `.stats`.

    Iterate over it; `close()`, `break` or Ctrl-C stop the model within one token.
    """

    def __init__(self, pieces: Generator[str, None, None], stats: GenerationStats) -> None:
        self._pieces = pieces
        self.stats = stats

    def __next__(self) -> str:
        return next(self._pieces)

    def send(self, value: None) -> str:
        """Part of Python's generator protocol; the same as `next()`."""
        return self._pieces.send(value)

    def throw(
        self,
        typ: Any,
        val: Any = None,
        tb: TracebackType | None = None,
    ) -> str:
        """Part of Python's generator protocol: raise an exception where the stream waits."""
        return self._pieces.throw(typ if val is None else val)

    def close(self) -> None:
        """Stop; nothing more is computed."""
        self._pieces.close()

    def __repr__(self) -> str:
        return f"<Stream: {self.stats}>"


def stream(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt: Prompt,
    *,
    max_new_tokens: int = 256,
    **generation: Any,
) -> Stream:
    """Generate text piece by piece.

    The tokens are those of `model.generate` with the same arguments and the same torch seed. The
    model is called step by step, in this thread, while you iterate. Encoder-decoder models, beam
    search, speculative decoding and static or quantized caches can't be stepped through: there
    `model.generate` runs as a whole at the first piece and can't be stopped before it is done.

    Args:
        model: A transformers model that generates.
        tokenizer: Its tokenizer.
        prompt: Text to continue, or a list of messages to answer.
        max_new_tokens: The most tokens to generate.
        **generation: Anything `model.generate` takes: do_sample, temperature, top_p,
            stop_strings, ...

    Returns:
        A generator of text pieces, with `.stats`. Joined, the pieces are
        `tokenizer.decode(new_ids, skip_special_tokens=True)`.

    Raises:
        ParameterError: Unknown name or impossible value; at once, not at the first piece.
        MessageError: Malformed prompt; at once.
        NoChatTemplateError: Messages for a base model; at once.
        ContextOverflowError: Prompt and reply don't fit the context window; at once.
        OutOfMemoryError: Memory ran out, while iterating.

    Example:
        ```
        for piece in stream(model, tokenizer, "Once upon a time", max_new_tokens=40):
            print(piece, end="", flush=True)
        ```
    """
    check_parameters({"max_new_tokens": max_new_tokens, **generation})
    ids = encode(tokenizer, prompt)
    if not model.config.is_encoder_decoder:
        check_context(len(ids), max_new_tokens, context_length(model))
    stats = GenerationStats(prompt_tokens=len(ids))
    tokens = stream_ids(model, ids, tokenizer, max_new_tokens=max_new_tokens, **generation)
    return Stream(decode_stream(tokens, tokenizer, stats), stats)


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt: Prompt,
    *,
    max_new_tokens: int = 256,
    **generation: Any,
) -> str:
    """Generate text all at once: `stream`, joined. Same arguments, same errors."""
    return "".join(stream(model, tokenizer, prompt, max_new_tokens=max_new_tokens, **generation))


def context_length(model: PreTrainedModel) -> int | None:
    """Tokens the model can see at once, from its config; None if the config sets no limit."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return int(limit) if limit else None


def stream_ids(
    model: Any,
    ids: Sequence[int],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_new_tokens: int,
    cache: DynamicCache | None = None,
    **generation: Any,
) -> Generator[int, None, str]:
    """Generate token ids; the generator's return value is the finish reason.

    Args:
        model: The model.
        ids: Token ids of the whole prompt.
        tokenizer: Needed for `stop_strings`.
        max_new_tokens: The most tokens to generate.
        cache: Keys and values of the first ids, if already computed; grows by what is computed.
            It may hold fewer tokens than `ids`, never as many.
        **generation: As for `stream`, already checked.

    Raises:
        ParameterError: transformers refuses a parameter; at once.
    """
    options = {name: value for name, value in generation.items() if value is not None}
    inputs = torch.tensor([list(ids)], device=model.device)
    options |= {"max_new_tokens": max_new_tokens, "attention_mask": torch.ones_like(inputs)}
    # `generate` prepares everything, then hands over to `step`, a generator function. It keeps
    # the tokenizer to itself on this road, so stop strings become a criterion here.
    defaults = model.generation_config
    kept = defaults.stop_strings
    try:
        if not can_step(model, options):
            return generate_whole(model, inputs, tokenizer, options)
        stop_strings = options.pop("stop_strings", kept)
        criteria = StoppingCriteriaList(options.pop("stopping_criteria", []))
        if stop_strings:
            criteria.append(StopStringCriteria(tokenizer, stop_strings))
        if cache is not None:
            options["past_key_values"] = cache
        defaults.stop_strings = None
        tokens: Generator[int, None, str] = model.generate(
            inputs, custom_generate=step, stopping_criteria=criteria, **options
        )
    except (ValueError, TypeError) as error:  # no tensor was computed yet, only arguments read
        raise ParameterError(
            what="transformers refuses these generation parameters.",
            why=str(error),
            remedy="Change or leave out the one it names.",
        ) from error
    finally:
        defaults.stop_strings = kept
    return tokens
