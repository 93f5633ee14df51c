"""Model cards: the task, size, license and measured scores of each bundled model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub.repocard import metadata_load

from hflab import tiny


@dataclass(frozen=True)
class Card:
    """What a bundled model's card states.

    Attributes:
        name: The bundled model's name, as `hflab.tiny_model` takes it.
        task: The Hub's name of its task, such as "text-classification".
        license: The Hub's short name of its license.
        size: All files of its folder, in bytes.
        scores: Metric → value on held-out data, the headline first. Shares lie between 0 and 1.
    """

    name: str
    task: str
    license: str
    size: int
    scores: dict[str, float]

    @property
    def score(self) -> str:
        """The headline score in words, such as "accuracy 93.5 %"; empty if none is stated."""
        for metric, value in self.scores.items():
            return f"{metric} {100 * value:.1f} %" if value <= 1 else f"{metric} {value:.1f}"
        return ""


def read(name: str) -> Card:
    """Read the card of a bundled model.

    Args:
        name: A bundled model, such as "chat".

    Raises:
        ModelNotFoundError: If no bundled model has that name.
    """
    folder = Path(tiny.tiny_model(name))
    card = folder / "README.md"
    data = (metadata_load(card) if card.is_file() else None) or {}
    scores: dict[str, float] = {}
    for entry in data.get("model-index") or []:
        for result in entry["results"]:
            for metric in result["metrics"]:
                scores.setdefault(metric["type"], metric["value"])
    return Card(
        name=name,
        task=data.get("pipeline_tag", ""),
        license=data.get("license", ""),
        size=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        scores=scores,
    )


def models() -> list[Card]:
    """List the bundled models: print name, task, size, score and license, one line each.

    Returns:
        What the lines say, in the same order.
    """
    cards = [read(name) for name in tiny.tiny_model()]
    rows = [("name", "task", "size", "score", "license")]
    rows += [(c.name, c.task, f"{c.size / 1e6:.1f} MB", c.score, c.license) for c in cards]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        name, task, size, score, license_ = (cell.ljust(width) for cell, width in cells)
        size = size.strip().rjust(widths[2])
        print(f"{name}  {task}  {size}  {score}  {license_}".rstrip())
    print(f"\n{len(cards)} models, {sum(card.size for card in cards) / 1e6:.1f} MB in all")
    return cards
