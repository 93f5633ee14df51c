"""Texts for many records at once: batched decoding, each reply held to one JSON string."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, Protocol

import llguidance
import llguidance.hf
import numpy as np
import torch

from hflab.errors import UnsupportedModelError
from hflab.generation import context_length
from hflab.prompts import check_context, encode
from hflab.records.replies import close, limits, read_reply
from hflab.records.schema import Schema
from hflab.reuse import empty_cache

TEMPERATURE, TOP_P = 0.8, 0.95
# Only so many of the likeliest tokens are looked at: sorting a whole vocabulary is slow.
_TOP = 256


@dataclass(frozen=True)
class Request:
    """One text to write.

    Attributes:
        prompt: From `hflab.records.prompt.text_field`.
        schema: What the text must fit.
        seed: Where its chance comes from, and from nothing else.
        temperature: How far the choice of tokens goes beyond the likeliest.
    """

    prompt: str
    schema: Schema
    seed: str
    temperature: float = TEMPERATURE


class Writer(Protocol):
    """Whatever answers requests."""

    def write(self, requests: Sequence[Request]) -> list[str | None]:
        """One text for each request, in order; None where no fitting one came."""
        ...


@dataclass
class _Row:
    """One reply that is being written."""

    index: int
    request: Request
    matcher: Any
    chance: Random
    room: int
    ids: list[int] = field(default_factory=list)


class LocalWriter:
    """Writes with a transformers model on this machine.

    Args:
        model: A causal language model.
        tokenizer: Its tokenizer, with a fast backend.

    Raises:
        UnsupportedModelError: An encoder-decoder model, or a tokenizer without a fast backend.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        if model.config.is_encoder_decoder or not getattr(tokenizer, "is_fast", False):
            raise UnsupportedModelError(
                "This model can't write records.",
                "Constrained decoding needs a model that continues text, and a fast tokenizer.",
                'Use a chat model, such as hflab.pick("chat").',
            )
        self.model, self.tokenizer = model, tokenizer
        size = model.get_output_embeddings().weight.shape[0]
        self._tokens = llguidance.hf.from_tokenizer(tokenizer, max(size, len(tokenizer)))
        self._grammar = lru_cache(maxsize=256)(self._compile)
        parameters = inspect.signature(model.forward).parameters
        self._positions = "position_ids" in parameters
        self._keep = {"logits_to_keep": 1} if "logits_to_keep" in parameters else {}

    def write(self, requests: Sequence[Request]) -> list[str | None]:
        """One text for each request, in order; all are computed together.

        Raises:
            ContextOverflowError: A prompt and the shortest fitting text don't fit the model.
        """
        prompts = [self._encode(request.prompt) for request in requests]
        order = sorted(range(len(requests)), key=lambda i: len(prompts[i]))
        rows = []
        for i in order:
            low, high = limits(requests[i].schema)
            if not high:
                continue
            # English takes a token for about three characters; what is required gets room anyway.
            room, context = max(low, high // 2) + 12, context_length(self.model)
            check_context(len(prompts[i]), low // 3 + 8, context)
            room = min(room, context - len(prompts[i])) if context else room
            matcher = self._grammar(low, high).deep_copy()
            rows.append(_Row(i, requests[i], matcher, Random(requests[i].seed), room))
        with torch.inference_mode():
            self._generate(rows, [prompts[row.index] for row in rows])
        texts: list[str | None] = ["" if not limits(each.schema)[1] else None for each in requests]
        for row in rows:
            texts[row.index] = close(self.tokenizer.decode(row.ids), row.request.schema)
        return texts

    def _encode(self, prompt: str) -> list[int]:
        if self.tokenizer.chat_template:
            return encode(self.tokenizer, [{"role": "user", "content": prompt}])
        return encode(self.tokenizer, prompt + "\n")

    def _compile(self, low: int, high: int) -> Any:
        wanted = json.dumps({"type": "string", "minLength": low, "maxLength": high})
        compact: Any = {"whitespace_flexible": False}
        grammar = llguidance.LLMatcher.grammar_from_json_schema(wanted, compact)
        return llguidance.LLMatcher(self._tokens, grammar, log_level=0)

    def _generate(self, rows: list[_Row], prompts: list[list[int]]) -> None:
        """Fill `ids` of each row; rows that are done leave the batch."""
        if not rows:
            return
        device, length = self.model.device, max(map(len, prompts))
        pad = self.tokenizer.pad_token_id
        pad = (self.tokenizer.eos_token_id or 0) if pad is None else pad
        # On the left: what is new must follow each prompt directly.
        ids = torch.tensor([[pad] * (length - len(p)) + p for p in prompts], device=device)
        mask = torch.tensor(
            [[0] * (length - len(p)) + [1] * len(p) for p in prompts], device=device
        )
        cache, new = empty_cache(self.model), ids
        while rows:
            logits = self._forward(new if cache is not None else ids, mask, cache)
            tokens = self._choose(rows, logits)
            stay = [n for n, row in enumerate(rows) if not self._take(row, tokens[n])]
            kept = torch.tensor(stay, dtype=torch.long, device=device)
            drawn = torch.tensor(tokens, device=device)[:, None]
            if len(stay) < len(rows):
                rows = [rows[n] for n in stay]
                ids, mask, drawn = ids[kept], mask[kept], drawn[kept]
                if cache is not None and rows:
                    cache.batch_select_indices(kept)
            new = drawn
            mask = torch.cat([mask, torch.ones_like(drawn)], dim=1)
            ids = torch.cat([ids, drawn], dim=1) if cache is None else ids

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, cache: Any) -> torch.Tensor:
        """Logits of the next token, shape (rows, vocabulary)."""
        inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": mask, **self._keep}
        if self._positions:
            inputs["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        if cache is not None:
            inputs |= {"past_key_values": cache, "use_cache": True}
        logits: torch.Tensor = self.model(**inputs, return_dict=True).logits[:, -1]
        return logits

    def _choose(self, rows: list[_Row], logits: torch.Tensor) -> list[int]:
        """A token for each row, drawn from what its grammar allows by its own chance."""
        allowed = np.zeros(logits.shape, dtype=bool)
        for n, row in enumerate(rows):
            bits = np.frombuffer(row.matcher.compute_bitmask(), np.uint8)
            allowed[n] = np.unpackbits(bits, bitorder="little")[: logits.shape[1]]
        scores = logits.float().cpu().masked_fill(~torch.from_numpy(allowed), -torch.inf)
        heat = torch.tensor([[row.request.temperature] for row in rows])
        top, tokens = torch.topk(scores / heat, min(_TOP, scores.shape[1]))
        shares = torch.softmax(top.double(), dim=-1)
        before = shares.cumsum(-1) - shares
        sums = torch.where(before < TOP_P, shares, 0.0).cumsum(-1)
        points = torch.tensor([[row.chance.random()] for row in rows], dtype=torch.double)
        place = torch.searchsorted(sums, points * sums[:, -1:]).clamp(max=tokens.shape[1] - 1)
        chosen: list[int] = tokens.gather(1, place)[:, 0].tolist()
        return chosen

    def _take(self, row: _Row, token: int) -> bool:
        """Append a token to a row; True if the row is done."""
        if not row.matcher.consume_token(token):  # nothing is allowed: the reply ends here
            return True
        if token != self.tokenizer.eos_token_id:
            row.ids.append(token)
        row.room -= 1
        return bool(row.matcher.is_stopped() or row.matcher.is_accepting() or row.room <= 0)


class SendWriter:
    """Writes with anything that has `.send(text)`, such as a chat, here or on a server.

    Nothing is held to a grammar there: each reply is checked, and asked for again if need be.

    Args:
        chat: Its `.reset()`, if it has one, is called before each question.
        attempts: How often one text is asked for.
    """

    def __init__(self, chat: Any, attempts: int = 3) -> None:
        self.chat, self.attempts = chat, attempts

    def write(self, requests: Sequence[Request]) -> list[str | None]:
        """One text for each request, in order; None where no fitting reply came."""
        return [self._ask(request) for request in requests]

    def _ask(self, request: Request) -> str | None:
        for _ in range(self.attempts):
            if hasattr(self.chat, "reset"):
                self.chat.reset()
            text = read_reply(str(self.chat.send(request.prompt)), request.schema)
            if text is not None:
                return text
        return None
