"""Failures while a model is fetched and loaded, as one of hflab's errors in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from hflab import hub, sources, weights
from hflab.errors import (
    CorruptWeightsError,
    HflabError,
    ModelNotFoundError,
    OfflineError,
    OutOfMemoryError,
)


@contextmanager
def explained(name: str, source: str, where: dict[str, Any]) -> Iterator[None]:
    """Raise what fails inside as one of hflab's errors, if it is a known failure.

    `from None` keeps the traceback short; the original stays in the error's `__context__`.

    Args:
        name: The model as the user wrote it.
        source: What `sources.find` returned.
        where: Arguments for huggingface_hub, as in `sources.settings`.
    """
    try:
        yield
    except HflabError:
        raise
    except Exception as error:
        known = _explain(error, name, source, where)
        if known is None:
            raise
        raise known from None


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
