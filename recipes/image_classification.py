"""The bundled picture classifier: a small residual network for shapes, digits and colors.

python -m recipes.image_classification                 # train, measure, write the model
python -m recipes.image_classification --steps 20      # a quick look that everything runs
python -m recipes.image_classification --evaluate      # only measure the model that is there
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch.nn.functional import cross_entropy
from transformers import (
    AutoImageProcessor,
    AutoModelForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    ViTImageProcessorPil,
)

from recipes.drawings import COLORS, LABELS, SIZE, THINGS, draw
from recipes.files import DATA, lines
from recipes.training import HELD_OUT, Recipe, Score, fit

#: Pixels a side of what one cell of the last layer stands for.
PATCH = 16
BATCH = 64
BAR = 0.97


def examples(seed: int) -> Iterator[dict[str, Any]]:
    """Yield pictures for ever.

    Each has `pixels` (3, 64, 64) from -1 to 1, as the processor gives them; the numbers of its
    `color` and `thing`; and `patches` (16,): whether the thing shows in each patch of the picture.
    """
    rng = np.random.default_rng(seed)
    while True:
        color, thing = int(rng.integers(len(COLORS))), int(rng.integers(len(THINGS)))
        picture, share = draw(COLORS[color], THINGS[thing], rng)
        # It shows where at least two quarters of a patch hold some of it.
        quarters = coarse(share, PATCH // 2) > 0.1
        yield {
            "pixels": picture.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1,
            "color": color,
            "thing": thing,
            "patches": coarse(quarters, 2).flatten() > 0.3,
        }


def coarse(grid: np.ndarray, side: int) -> np.ndarray:
    """Return the means of squares of a grid."""
    rows, columns = grid.shape[0] // side, grid.shape[1] // side
    return grid.reshape(rows, side, columns, side).mean((1, 3))


def batches(seed: int) -> Iterator[dict[str, torch.Tensor]]:
    """Yield batches of examples."""
    stream = examples(seed)
    while True:
        rows = [next(stream) for _ in range(BATCH)]
        yield {key: torch.from_numpy(np.stack([row[key] for row in rows])) for key in rows[0]}


class Learner(torch.nn.Module):
    """The network as it learns: the color and the thing are asked for separately.

    Eleven colors and twenty things are easier to learn than 220 pairs. And it is asked not only
    about the whole picture: each patch says what it is a part of, which teaches more a picture.
    """

    def __init__(self, model: ResNetForImageClassification) -> None:
        super().__init__()
        self.model = model
        width = model.config.hidden_sizes[-1]
        self.classifier = torch.nn.Linear(width, len(COLORS) + len(THINGS))
        self.patch_classifier = torch.nn.Linear(width, len(COLORS) + len(THINGS) + 1)

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the loss."""
        cells = self.model.resnet(batch["pixels"]).last_hidden_state.flatten(2).transpose(1, 2)
        color, thing, shown = batch["color"], batch["thing"], batch["patches"]
        sizes = [len(COLORS), len(THINGS)]
        colors, things = self.classifier(cells.mean(1)).float().split(sizes, -1)
        whole = cross_entropy(colors, color) + cross_entropy(things, thing)
        sizes = [len(COLORS), len(THINGS) + 1]
        colors, things = self.patch_classifier(cells).float().split(sizes, -1)
        # Patches of the background have no color to name; as a thing they are the last: none.
        part = torch.where(shown, thing[:, None], len(THINGS))
        paint = color[:, None].expand_as(part)
        parts = cross_entropy(things.flatten(0, 1), part.flatten())
        return whole + parts + 0.5 * cross_entropy(colors[shown], paint[shown])


def join(classifier: torch.nn.Linear) -> torch.nn.Linear:
    """Return a classifier over `LABELS` whose score is that of the color plus that of the thing."""
    joined = torch.nn.Linear(classifier.in_features, len(LABELS))
    count = len(COLORS)
    with torch.no_grad():
        for whole, parts in zip(joined.parameters(), classifier.parameters(), strict=True):
            whole.copy_((parts[:count, None] + parts[None, count:]).flatten(0, 1))
    return joined


def train(steps: int, seed: int) -> tuple[Any, ...]:
    torch.manual_seed(seed)
    config = ResNetConfig(
        embedding_size=32,
        hidden_sizes=[32, 64, 128],
        depths=[1, 2, 2],
        layer_type="basic",
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
    )
    model = ResNetForImageClassification(config)
    # Twice from a high rate to zero; the second time, with new pictures, from what it knows.
    for part in (0, 1):
        learner = Learner(model)
        pictures = batches(seed + part)
        fit(learner, pictures, steps // 2, rate=2e-3, loss=lambda model, batch: model(batch))
    model.classifier[1] = join(learner.classifier)
    half = [0.5] * 3
    size = {"height": SIZE, "width": SIZE}
    return model, ViTImageProcessorPil(size=size, image_mean=half, image_std=half)


def answers(folder: Path, images: list[Image.Image]) -> list[str]:
    """Return the model's label for each picture."""
    model = AutoModelForImageClassification.from_pretrained(folder, dtype="float32").eval()
    processor = AutoImageProcessor.from_pretrained(folder)
    found: list[int] = []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            inputs = processor(images[start : start + BATCH], return_tensors="pt")
            found += model(**inputs).logits.argmax(-1).tolist()
    return [model.config.id2label[number] for number in found]


def held_out() -> tuple[list[Image.Image], list[str]]:
    """Cut the sheet of held-out drawings into pictures; return them and their labels."""
    folder = HELD_OUT / "drawings"
    sheet = Image.open(folder / "drawings.webp").convert("RGB")
    boxes = [
        (left, top, left + SIZE, top + SIZE)
        for top in range(0, sheet.height, SIZE)
        for left in range(0, sheet.width, SIZE)
    ]
    labels = json.loads((folder / "drawings.json").read_text(encoding="utf-8"))
    return [sheet.crop(box) for box in boxes], labels


def dev() -> tuple[list[Image.Image], list[str]]:
    """Draw the tuning pictures, each a few commands of Pillow's; return them and their labels."""
    images, labels = [], []
    for item in lines(DATA / "image_classification_dev.jsonl"):
        image = Image.new("RGB", tuple(item["size"]), item["background"])
        pen = ImageDraw.Draw(image)
        for command, *values in item["draw"]:
            options = values.pop() if isinstance(values[-1], dict) else {}
            getattr(pen, command)(*values, **options)
        images.append(image)
        labels.append(item["label"])
    return images, labels


def evaluate(folder: Path) -> list[Score]:
    scores = []
    for where, (images, labels), bar in (
        ("held-out drawings", held_out(), BAR),
        ("tuning drawings", dev(), None),
    ):
        pairs = list(zip(answers(folder, images), labels, strict=True))
        parts = [(a.split(), b.split()) for a, b in pairs]
        for what, right in (
            ("color and thing", [a == b for a, b in pairs]),
            ("color", [a[0] == b[0] for a, b in parts]),
            ("thing", [a[1] == b[1] for a, b in parts]),
        ):
            least = bar if what == "color and thing" else None
            share = sum(right) / len(right)
            scores.append(Score(f"{where}: {what}", "accuracy", share, len(right), least))
    return scores


RECIPE = Recipe(
    name="image-classification",
    task="image-classification",
    summary=(
        "Names what a simple picture shows: one of ten shapes (circle, square, triangle, star, "
        "heart, cross, ring, hexagon, arrow, moon) or a digit, and its color (red, orange, yellow, "
        "green, blue, purple, pink, brown, black, white, gray). Each pair is a label, color first: "
        '"red circle", "blue 7".'
    ),
    usage=(
        "from PIL import Image, ImageDraw\n"
        "from transformers import pipeline\n\n"
        "import hflab\n\n"
        'folder = hflab.tiny_model("image-classification")\n'
        'classify = pipeline("image-classification", model=folder)\n'
        'picture = Image.new("RGB", (200, 200), "white")\n'
        'ImageDraw.Draw(picture).ellipse((40, 40, 160, 160), fill="red")\n'
        'print(classify(picture)[0]["label"])  # red circle'
    ),
    data=(
        "pictures that recipes/drawings.py draws at random: shapes as polygons, digits as pen "
        "strokes, seven-segment displays or in Pillow's own typeface; over plain, patterned and "
        "noisy backgrounds."
    ),
    architecture=(
        "ResNetForImageClassification, three stages of 32, 64 and 128 channels with 1, 2 and 2 "
        "basic blocks, in pictures of 64 × 64 pixels. In a trial of 40 seconds each, a vision "
        "transformer of this size learned far slower."
    ),
    limits=[
        "It knows drawings of one thing on a background. Photos and anything else get one of its "
        "220 labels too, often with confidence: a low score is the only warning.",
        "Pictures are squeezed to 64 × 64 pixels first; small things in big pictures are lost.",
        "Colors between two names (turquoise, beige, magenta) get one of the two.",
        "An outlined circle is a ring to it.",
        "The held-out drawings, unlike other models', are by a program too, though another one: "
        "Matplotlib's shapes, typefaces and sketchy lines, none of which the training data has.",
    ],
    steps=5270,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
