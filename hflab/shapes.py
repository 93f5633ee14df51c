"""Configs of models: of well-known ones from a table, of all others from a folder or the Hub."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from hflab import architectures, hub, sources
from hflab.failures import explained


@cache
def shapes() -> dict[str, dict[str, Any]]:
    """The models whose shapes are known without a network: id → settings as in config.json."""
    text = (Path(__file__).parent / "shapes.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def read_config(model_id: str) -> Any:
    """A model's configuration: from hflab's table of shapes, its folder, or the Hub."""
    if model_id in shapes():
        config = AutoConfig.for_model(**shapes()[model_id])
        config.dtype = torch.bfloat16
        return config
    source = sources.find(model_id)
    where: dict[str, Any] = {"revision": None, "token": hub.usable_token(None)}
    with explained(model_id, source, where), sources.connection(source, where) as names:
        settings = sources.settings(source, where, names, check=False)
        architectures.check(model_id, settings, trust=False)
        return AutoConfig.from_pretrained(source, **where)
