"""The KV cache of a conversation: what was computed, and how much of it a new prompt can use."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Sequence
from typing import Any

from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer


class Computed:
    """Keys and values in a cache, the ids they belong to and the model that computed them.

    Args:
        model: The model.
        state: `model_state(model)` from before the computation.
        ids: Token ids that went through the model, at least as many as the cache holds.
        cache: The cache.
    """

    def __init__(
        self, model: Any, state: tuple[Any, ...], ids: Sequence[int], cache: DynamicCache
    ) -> None:
        self._model = weakref.ref(model)  # weakly: a model that was replaced can be freed
        self._state = state
        self._ids = list(ids[: cache.get_seq_length()])
        self._cache = cache

    def cut(self, model: Any, ids: Sequence[int]) -> DynamicCache | None:
        """Cut the cache to what it has in common with `ids`; use this object no more.

        Returns:
            The cache, of at most `len(ids) - 1` tokens; None if it can't be used.
        """
        if self._model() is not model or self._state != model_state(model):
            return None
        pairs = zip(self._ids, ids[:-1], strict=False)  # one token must be left to compute
        differs = (n for n, (old, new) in enumerate(pairs) if old != new)
        shared = next(differs, min(len(self._ids), len(ids) - 1))
        return self._cache if _crop(self._cache, shared) else None


def model_state(model: Any) -> tuple[Any, ...]:
    """Changes whenever the model is moved, converted, extended or trained."""
    # Torch counts the changes made to a tensor in place.
    versions = [p._version for p in model.parameters() if not p.is_inference()]
    return model.device, model.dtype, len(versions), sum(versions)


def empty_cache(model: Any) -> DynamicCache | None:
    """A cache for this model; None for one that keeps its past in another way (Mamba, T5)."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model  # peft
    takes_cache = "past_key_values" in inspect.signature(base.forward).parameters
    if not takes_cache or model.config.is_encoder_decoder:
        return None
    return DynamicCache(config=model.config.get_text_config(decoder=True))


def _crop(cache: DynamicCache, length: int) -> bool:
    """Keep the first tokens only; False if that can't be done (a sliding window that slid)."""
    surplus = cache.get_seq_length() - length
    if surplus == 0:
        return True
    if not all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in cache.layers):
        return False  # recurrent states can't be wound back
    try:
        cache.crop(-surplus)  # a negative count is understood by every transformers 5
    except (RuntimeError, ValueError):
        return False
    return bool(cache.get_seq_length() == length)
