"""Pictures of shapes and digits in eleven colors, drawn at random for the image models.

A picture is 64 × 64 pixels and shows one thing, such as a red circle or a green 7. `draw` varies
all that does not belong to its name: place, size, rotation, proportions, shades, filled or
outlined, the hand that drew it, the background, sharpness. Angles are in degrees, y points down.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from recipes.drawing_outlines import OUTLINES, strokes

SIZE = 64
#: Drawn this many times larger, then reduced, so that edges are smooth.
FINE = 2

Color = tuple[int, int, int]
#: Ranges of hue (degrees), saturation and value (shares) that anybody would call by the name.
RANGES: dict[str, list[tuple[float, float, float, float, float, float]]] = {
    "red": [(-10, 6, 0.74, 1, 0.5, 1)],
    "orange": [(19, 40, 0.78, 1, 0.88, 1)],
    "yellow": [(47, 63, 0.5, 1, 0.84, 1)],
    "green": [(80, 160, 0.42, 1, 0.34, 1)],
    "blue": [(194, 244, 0.45, 1, 0.42, 1)],
    "purple": [(260, 302, 0.42, 1, 0.38, 0.95)],
    "pink": [(318, 340, 0.4, 0.93, 0.9, 1), (334, 356, 0.22, 0.42, 0.93, 1)],
    "brown": [(15, 34, 0.45, 0.95, 0.26, 0.63), (6, 18, 0.38, 0.6, 0.3, 0.58)],
    "black": [(0, 360, 0, 0.5, 0, 0.1), (0, 360, 0, 0.1, 0.08, 0.14)],
    "white": [(0, 360, 0, 0.04, 0.95, 1)],
    "gray": [(0, 360, 0, 0.06, 0.36, 0.79)],
}
COLORS = list(RANGES)
SHAPES = list(OUTLINES)
DIGITS = [str(number) for number in range(10)]
THINGS = SHAPES + DIGITS
#: The names that the classifier gives, color first.
LABELS = [f"{color} {thing}" for color in COLORS for thing in THINGS]


def shade(name: str, rng: np.random.Generator) -> Color:
    """Draw one of the shades that go by a color's name."""
    ranges = RANGES[name]
    low_h, high_h, low_s, high_s, low_v, high_v = ranges[rng.integers(len(ranges))]
    h, s, v = rng.uniform([low_h, low_s, low_v], [high_h, high_s, high_v])
    sector = np.array([5.0, 3.0, 1.0]) + h / 60
    rgb = v * (1 - s * np.clip(np.minimum(sector % 6, 4 - sector % 6), 0, 1))
    return tuple(round(255 * float(part)) for part in rgb)  # type: ignore[return-value]


def distance(one: Color, other: Color) -> float:
    """Return how different two colors look: 0 to about 760, below about 110 hard to tell apart."""
    # The eye weighs green most, and red more than blue the redder the colors are.
    red = (one[0] + other[0]) / 512
    squares = [(a - b) ** 2 for a, b in zip(one, other, strict=True)]
    return float(((2 + red) * squares[0] + 4 * squares[1] + (3 - red) * squares[2]) ** 0.5)


def ground(color: Color, rng: np.random.Generator, gap: float = 135) -> Color:
    """Draw a color for the background that a thing of the given color stands out from."""
    for _ in range(100):
        kind = rng.random()
        if kind < 0.3:
            other = shade(COLORS[rng.integers(len(COLORS))], rng)
        elif kind < 0.55:
            level = rng.integers(215, 256)
            other = tuple(int(level - part) for part in rng.integers(0, 22, 3))
        elif kind < 0.65:
            other = tuple(int(part) for part in rng.integers(0, 40, 3))
        else:
            other = tuple(int(part) for part in rng.integers(0, 256, 3))
        if distance(color, other) > gap:
            return other  # type: ignore[return-value]
    return (255, 255, 255) if sum(color) < 384 else (0, 0, 0)


def backdrop(color: Color, avoid: Color, rng: np.random.Generator) -> np.ndarray:
    """Draw a background: plain, a gradient, stripes, a grid, dots, blotches or scribbles."""
    kind = rng.choice(
        ["plain", "gradient", "stripes", "grid", "dots", "blotches", "scribble"],
        p=[0.42, 0.16, 0.1, 0.08, 0.08, 0.08, 0.08],
    )
    base = np.array(color, dtype=np.float32)
    # A second color near the first, so that the thing stands out from both.
    for _ in range(20):
        second = np.clip(base + rng.uniform(-1, 1, 3) * rng.uniform(10, 90), 0, 255)
        if distance(avoid, tuple(second)) > 120:  # type: ignore[arg-type]
            break
    else:
        second = base
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    angle = np.deg2rad(rng.choice([0, 90, rng.uniform(0, 180)]))
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    if kind == "plain":
        share = np.zeros_like(x)
    elif kind == "gradient" and rng.random() < 0.3:
        share = np.hypot(x - rng.random(), y - rng.random())
    elif kind == "gradient":
        share = (along - along.min()) / (np.ptp(along) + 1e-6)
    elif kind in ("stripes", "grid"):
        period, width = rng.uniform(0.07, 0.35), rng.uniform(0.12, 0.5)
        share = ((along + rng.random()) % period < period * width).astype(np.float32)
        if kind == "grid":
            share = np.maximum(share, (across + rng.random()) % period < period * width)
    elif kind == "dots":
        period, size = rng.uniform(0.1, 0.3), rng.uniform(0.15, 0.42)
        share = np.hypot(along % period / period - 0.5, across % period / period - 0.5) < size
    elif kind == "blotches":
        few = Image.fromarray(rng.integers(0, 256, (rng.integers(3, 9),) * 2).astype(np.uint8))
        share = np.asarray(few.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) / 255
    else:
        sheet = Image.new("L", (SIZE, SIZE))
        pen = ImageDraw.Draw(sheet)
        for _ in range(rng.integers(1, 7)):
            points = rng.uniform(0, SIZE, (rng.integers(2, 5), 2))
            pen.line([tuple(p) for p in points], fill=255, width=int(rng.integers(1, 3)))
        share = np.asarray(sheet) / 255
    return base + np.clip(share, 0, 1)[..., None] * (second - base)


def hand(
    points: np.ndarray, rng: np.random.Generator, wobble: float, closed: bool = True
) -> np.ndarray:
    """Trace a polygon as a hand does: many points, moved a little by a smooth wave."""
    ends = np.roll(points, -1, axis=0) if closed else points[1:]
    starts = points if closed else points[:-1]
    pieces = max(1, 28 // len(points))
    steps = np.arange(pieces)[:, None] / pieces
    dense = np.concatenate([a + (b - a) * steps for a, b in zip(starts, ends, strict=True)])
    if not closed:
        dense = np.concatenate([dense, points[-1:]])
    turn = np.linspace(0, 2 * np.pi, len(dense), endpoint=False)[:, None]
    for wave in (1, 2, 3, 5, 8):
        size = wobble * rng.normal(size=2) / wave**0.7
        dense = dense + size * np.sin(wave * turn + rng.uniform(0, 2 * np.pi, 2))
    return dense


def stencil(thing: str, rng: np.random.Generator, plain: bool) -> tuple[Image.Image, Image.Image]:
    """Draw where a thing's color goes, and where its border goes, as two black and white pictures.

    Args:
        thing: One of `THINGS`.
        rng: Source of chance.
        plain: Whether it is drawn exactly, upright and filled.

    Returns:
        Two pictures of mode "L" with `FINE * SIZE` pixels a side; the thing fills them from edge to
        edge, up to a margin of an eighth.
    """
    side = FINE * SIZE
    fill, border = Image.new("L", (side, side)), Image.new("L", (side, side))
    pen, rim = ImageDraw.Draw(fill), ImageDraw.Draw(border)
    wobble = 0.0 if plain or rng.random() < 0.45 else rng.uniform(0.005, 0.045)
    radius = side * 0.37

    def place(points: np.ndarray) -> list[tuple[float, float]]:
        return [tuple(point) for point in points * radius + side / 2]

    if thing in DIGITS:
        strokes(thing, fill, rng, lambda p: place(hand(p, rng, wobble, closed=False)), plain)
        return fill, border
    polygons = [hand(p, rng, wobble) for p in OUTLINES[thing](rng, plain)]
    style = rng.random()
    # An outlined circle would be a ring.
    if not plain and style < 0.28 and thing not in ("circle", "ring"):
        width = int(rng.uniform(0.05, 0.15) * side)
        for points in polygons:
            way = place(points * 0.93)
            pen.line([*way, *way[:2]], fill=255, width=width, joint="curve")
        return fill, border
    for number, points in enumerate(polygons):
        pen.polygon(place(points), fill=0 if number else 255)
        if not plain and style > 0.78:
            way = place(points)
            width = int(rng.uniform(0.015, 0.045) * side)
            rim.line([*way, *way[:2]], fill=255, width=width, joint="curve")
    return fill, border


def cover(
    mask: Image.Image,
    middle: tuple[float, float],
    size: tuple[float, float],
    angle: float,
    filtering: Image.Resampling = Image.Resampling.BICUBIC,
) -> np.ndarray:
    """Return how much of each pixel a stencil covers: shape (SIZE, SIZE, 1), 0 to 1.

    Args:
        mask: The stencil.
        middle: Where the stencil's middle comes to lie, x and y in pixels.
        size: Width and height of the whole stencil there, in pixels.
        angle: By how much it is turned against the clock.
        filtering: How pixels are computed from the stencil's.
    """
    if angle:
        mask = mask.rotate(angle, Image.Resampling.BILINEAR)
    width, height = max(8, round(size[0])), max(8, round(size[1]))
    # Reduced first with a box, for the sake of smooth edges, then moved by parts of a pixel.
    mask = mask.resize((width, height), Image.Resampling.BOX)
    left, top = middle[0] - width / 2, middle[1] - height / 2
    mask = mask.transform(
        (SIZE, SIZE), Image.Transform.AFFINE, (1, 0, -left, 0, 1, -top), filtering
    )
    return np.asarray(mask, dtype=np.float32)[..., None] / 255


#: How far a thing may be turned and still be called the same.
TURNS: dict[str, float] = {"square": 22, "heart": 25, "cross": 50}
TURNS |= {digit: 14 for digit in DIGITS}


def draw(color: str, thing: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw one picture of a thing.

    Args:
        color: One of `COLORS`.
        thing: One of `THINGS`.
        rng: Source of chance.

    Returns:
        The picture, an array of shape (64, 64, 3) and type uint8; and how much of each pixel the
        thing covers, shape (64, 64), 0 to 1.
    """
    paint = shade(color, rng)
    picture = backdrop(ground(paint, rng), paint, rng)
    fill, border = stencil(thing, rng, plain=False)
    extent = rng.uniform(38 if thing in DIGITS else 30, 86)
    shape = rng.uniform(0.78, 1.28) ** 0.5
    size = extent * shape, extent / shape
    # Up to a tenth of the thing may lie outside the picture.
    room = max(2.0, SIZE / 2 - 0.33 * extent)
    middle = tuple(SIZE / 2 + rng.uniform(-room, room, 2))
    limit = TURNS.get(thing, 180)
    turn = float(rng.uniform(-limit, limit)) if rng.random() < 0.65 else 0.0
    laid: np.ndarray = np.array(paint, dtype=np.float32)
    if rng.random() < 0.3:  # light from one side
        light = np.linspace(-1, 1, SIZE, dtype=np.float32) * rng.uniform(-0.11, 0.11)
        light = light[:, None] if rng.random() < 0.5 else light[None, :]
        laid = np.clip(laid * (1 + np.broadcast_to(light, (SIZE, SIZE))[..., None]), 0, 255)
    sharp = Image.Resampling.NEAREST if rng.random() < 0.2 else Image.Resampling.BICUBIC
    share = cover(fill, middle, size, turn, sharp)
    picture = picture + share * (laid - picture)
    if border.getbbox():
        level = rng.choice([0.0, 0.45, 0.65, 1.5]) * np.array(paint) + rng.uniform(0, 30)
        rim = cover(border, middle, size, turn, sharp)
        picture = picture + rim * (np.clip(level, 0, 255) - picture)
    return develop(picture, rng), share[..., 0]


def develop(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, roughen, compress or leave a picture as it is; return it as uint8."""
    if rng.random() < 0.3:
        noise = rng.normal(0, rng.uniform(1, 13), (SIZE, SIZE, rng.choice([1, 3])))
        picture = picture + noise
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    if rng.random() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.1)))
    if rng.random() < 0.15:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(35, 95)))
        image = Image.open(file).convert("RGB")
    if rng.random() < 0.12:  # seen from afar, then enlarged
        low = int(rng.integers(32, 56))
        image = image.resize((low, low), Image.Resampling.BILINEAR)
        image = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    return np.array(image)
