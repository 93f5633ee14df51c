"""The files the recipes learn from: recipes/data, as TOML and as JSON lines."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


def read(name: str) -> dict[str, Any]:
    """Return recipes/data/NAME.toml as a dictionary."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def items(text: str) -> list[str]:
    """Split a list of the data files at its commas."""
    return [item.strip() for item in text.replace("\n", " ").split(",") if item.strip()]
