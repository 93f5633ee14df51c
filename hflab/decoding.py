"""Decoding: token ids to text, one token at a time, and what it took."""

from __future__ import annotations

import traceback
from collections.abc import Generator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from hflab.errors import OutOfMemoryError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass
class GenerationStats:
    """What one reply took; filled in while it is generated.

    Attributes:
        prompt_tokens: Tokens in the prompt, chat template included.
        reused_tokens: How many of those came from the KV cache of the turn before.
        new_tokens: Tokens generated, the one that ends the reply included.
        time_to_first_token: Seconds of work until the first token.
        seconds: Seconds of work in all; time spent outside the generator isn't counted.
        finish_reason: "stop" (the model ended its reply, or a stop string came), "length"
            (max_new_tokens reached), "cancelled", "error", or None as long as it runs.
    """

    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0
    time_to_first_token: float | None = None
    seconds: float = 0.0
    finish_reason: str | None = None

    @property
    def tokens_per_second(self) -> float:
        """New tokens by seconds of work, prompt included."""
        return self.new_tokens / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        reused = f" ({self.reused_tokens} reused)" if self.reused_tokens else ""
        parts = [f"{self.prompt_tokens} tokens in{reused}", f"{self.new_tokens} out"]
        if self.time_to_first_token is not None:
            parts.append(f"first after {self.time_to_first_token:.3f} s")
            parts.append(f"{self.tokens_per_second:.1f} tokens/s")
        return ", ".join([*parts, f"finish: {self.finish_reason or 'not finished'}"])


class Decoder:
    """Pushes ids in, gets text out; a character split over tokens comes when it is whole.

    Joined, the text is `tokenizer.decode(ids, skip_special_tokens=True)`. A tokenizer without a
    fast backend decodes from the start at each token.

    Args:
        tokenizer: The tokenizer.
        ids: Collects the ids pushed.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> None:
        self.ids = ids
        self._tokenizer = tokenizer
        self._pieces: list[str] = []
        backend = getattr(tokenizer, "backend_tokenizer", None)
        self._backend = backend if isinstance(backend, Tokenizer) else None
        self._stream = DecodeStream(skip_special_tokens=True)

    def push(self, token: int) -> str:
        """Take one id; return the text that is now complete, often empty."""
        self.ids.append(token)
        if self._backend is None:
            return self._rest(hold_incomplete=True)
        piece = self._stream.step(self._backend, token) or ""
        self._pieces.append(piece)
        return piece

    def finish(self) -> str:
        """Return what was held back: bytes that never became a whole character."""
        return self._rest(hold_incomplete=False)

    def _rest(self, *, hold_incomplete: bool) -> str:
        sent = "".join(self._pieces)
        text = str(
            self._tokenizer.decode(
                self.ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )
        if (hold_incomplete and text.endswith("\ufffd")) or not text.startswith(sent):
            return ""
        self._pieces.append(text[len(sent) :])
        return self._pieces[-1]


def decode_stream(
    tokens: Generator[int, None, str],
    tokenizer: PreTrainedTokenizerBase,
    stats: GenerationStats,
    new_ids: list[int] | None = None,
) -> Generator[str, None, None]:
    """Turn token ids into pieces of text, fill in `stats`, and collect the ids in `new_ids`.

    Raises:
        OutOfMemoryError: Memory ran out.
    """
    decoder = Decoder(tokenizer, [] if new_ids is None else new_ids)
    try:
        while stats.finish_reason is None:
            piece = ""
            start = perf_counter()
            try:
                piece = decoder.push(next(tokens))
                stats.new_tokens += 1
            except StopIteration as end:
                stats.finish_reason = end.value
                piece = decoder.finish()
            stats.seconds += perf_counter() - start
            if stats.time_to_first_token is None:
                stats.time_to_first_token = stats.seconds
            if piece:
                yield piece
    except (GeneratorExit, KeyboardInterrupt):
        stats.finish_reason = stats.finish_reason or "cancelled"
        raise
    except (torch.OutOfMemoryError, MemoryError) as error:
        stats.finish_reason = "error"
        traceback.clear_frames(error.__traceback__)  # they hold the very tensors to be freed
        raise OutOfMemoryError(
            what="Memory ran out while the model was generating.",
            why=f"{stats.prompt_tokens} tokens of prompt and {stats.new_tokens} new ones, "
            "with the weights, are more than this machine holds.",
            remedy="Shorten the prompt, lower max_new_tokens, or load a smaller model.",
        ) from error
    except BaseException:
        stats.finish_reason = "error"
        raise
    finally:
        tokens.close()
