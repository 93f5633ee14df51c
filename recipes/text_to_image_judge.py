"""Judges drawn pictures: is each thing there that the prompt asks for, in its color and place?

The background is the color along the edge. Every patch that stands out from it is cut out and named
by the bundled picture classifier; then names and order are compared with those asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification

#: Least number of pixels of a patch; smaller ones are specks.
SPECK = 16
#: How far a pixel's color has to lie from the background's, in a cube of side 255.
GAP = 60.0


def patches(picture: np.ndarray) -> list[np.ndarray]:
    """Return the masks of the patches that stand out, the largest first.

    Args:
        picture: Array of shape (height, width, 3), 0 to 255.
    """
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    ground = np.median(edge, axis=0)
    apart = np.linalg.norm(picture - ground, axis=2) > GAP
    # Each pixel takes the largest number among its neighbors' until nothing changes.
    marks = np.where(apart, np.arange(1, apart.size + 1).reshape(apart.shape), 0)
    while True:
        framed = np.pad(marks, 1)
        views = [
            framed[y : y + marks.shape[0], x : x + marks.shape[1]]
            for y in range(3)
            for x in range(3)
        ]
        spread = np.where(apart, np.max(views, axis=0), 0)
        if (spread == marks).all():
            break
        marks = spread
    found = [marks == mark for mark in np.unique(marks) if mark]
    return sorted((m for m in found if m.sum() >= SPECK), key=lambda m: -int(m.sum()))


def cut(picture: np.ndarray, mask: np.ndarray, others: list[np.ndarray]) -> Image.Image:
    """Return one patch alone on the background, with some room around it."""
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    ground = np.median(edge, axis=0).astype(np.uint8)
    alone = picture.astype(np.uint8).copy()
    for other in others:
        alone[other] = ground
    rows, columns = np.nonzero(mask)
    middle = (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2
    half = 0.75 * max(np.ptp(rows), np.ptp(columns)) + 2
    box = tuple(round(at + way * half) for way in (-1, 1) for at in middle)
    sheet = Image.new("RGB", (box[2] - box[0], box[3] - box[1]), tuple(int(v) for v in ground))
    sheet.paste(Image.fromarray(alone), (-box[0], -box[1]))
    return sheet


def judge(items: list[dict[str, Any]], images: list[Image.Image], folder: Path) -> tuple[int, int]:
    """Count what is right.

    Args:
        items: Each with `objects`, a list of `color` and `shape`, and `relation`: how they are
            ordered ("rows": from top to bottom, "columns": from left to right, else "one", "any").
        images: A picture for each.
        folder: Of the picture classifier.

    Returns:
        How many objects are right, and how many pictures hold all of them and nothing more.
    """
    model = AutoModelForImageClassification.from_pretrained(folder, dtype="float32").eval()
    processor = AutoImageProcessor.from_pretrained(folder)
    crops: list[Image.Image] = []
    counts: list[tuple[int, int]] = []
    for item, image in zip(items, images, strict=True):
        picture = np.asarray(image.convert("RGB")).astype(float)
        masks = patches(picture)
        kept = masks[: len(item["objects"])]
        axis = 0 if item["relation"] == "rows" else 1
        kept.sort(key=lambda mask: float(np.nonzero(mask)[axis].mean()))
        for mask in kept:
            crops.append(cut(picture, mask, [m for m in masks if m is not mask]))
        counts.append((len(kept), len(masks)))
    with torch.inference_mode():
        names = [
            model.config.id2label[number]
            for start in range(0, len(crops), 64)
            for number in model(**processor(crops[start : start + 64], return_tensors="pt"))
            .logits.argmax(-1)
            .tolist()
        ]
    right = whole = 0
    for item, (kept_count, all_count) in zip(items, counts, strict=True):
        found, names = names[:kept_count], names[kept_count:]
        wanted = [f"{thing['color']} {thing['shape']}" for thing in item["objects"]]
        if item["relation"] in ("rows", "columns"):
            hits = sum(a == b for a, b in zip(found, wanted, strict=False))
            hits = hits if len(found) == len(wanted) else 0
        else:
            hits = sum(min(found.count(name), wanted.count(name)) for name in set(wanted))
        right += hits
        whole += hits == len(wanted) == all_count
    return right, whole
