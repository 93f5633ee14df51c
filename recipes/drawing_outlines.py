"""The outlines of shapes and the strokes of digits that `recipes.drawings` draws with.

Points are arrays of shape (n, 2), x and y, with the thing's middle at the origin, reaching about
from -1 to 1; y points down. `plain` asks for the one textbook form, otherwise each call varies it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Rng = np.random.Generator
Points = np.ndarray


def arc(x: float, y: float, rx: float, ry: float, begin: float, end: float) -> Points:
    """Return points on an ellipse around (x, y), clockwise from one angle to another."""
    angles = np.deg2rad(np.linspace(begin, end, 28))
    return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], axis=1)


def corners(count: int, begin: float = -90) -> Points:
    """Return the corners of a regular polygon in the unit circle."""
    angles = np.deg2rad(begin + 360 / count * np.arange(count))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def soft(points: Points, rng: Rng, plain: bool) -> Points:
    """Now and then round the corners off, by cutting them."""
    if plain or rng.random() < 0.7:
        return points
    cut = rng.uniform(0.05, 0.22)
    for share in (cut, 0.3):
        after = np.roll(points, -1, axis=0)
        pair = np.stack([points + share * (after - points), after + share * (points - after)], 1)
        points = pair.reshape(-1, 2)
    return points


def circle(rng: Rng, plain: bool) -> list[Points]:
    return [arc(0, 0, 0.95, 0.95, 0, 347)]


def square(rng: Rng, plain: bool) -> list[Points]:
    return [soft(corners(4, -135) * 1.2, rng, plain)]


def triangle(rng: Rng, plain: bool) -> list[Points]:
    points = corners(3)
    if not plain:
        kind = rng.random()
        if kind < 0.25:  # a right angle
            points = np.array([[-0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]])
        elif kind < 0.75:
            points = points + rng.uniform(-0.22, 0.22, (3, 2))
    return [soft(points, rng, plain)]


def star(rng: Rng, plain: bool) -> list[Points]:
    count, depth = 5, 0.42
    if not plain:
        count = int(rng.choice([5, 5, 5, 5, 4, 6, 7, 8]))
        depth = rng.uniform(0.28, 0.4) if count < 5 else rng.uniform(0.33, 0.56)
    outer, inner = corners(count), depth * corners(count, -90 + 180 / count)
    return [soft(np.stack([outer, inner], axis=1).reshape(-1, 2), rng, plain)]


def heart(rng: Rng, plain: bool) -> list[Points]:
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    if plain or rng.random() < 0.6:
        x = np.sin(t) ** 3
        dip = 5 if plain else rng.uniform(3.6, 6.4)
        y = -(13 * np.cos(t) - dip * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 16.5
        return [np.stack([x, y - 0.12], axis=1)]
    # Two half circles over a tip, as cut from paper.
    side, low = rng.uniform(0.45, 0.52), rng.uniform(0.75, 1.0)
    bows = [
        arc(-side, -0.3, side, side * 1.05, 165, 360),
        arc(side, -0.3, side, side * 1.05, 180, 375),
    ]
    return [np.concatenate([*bows, [[0.0, low]]])]


def cross(rng: Rng, plain: bool) -> list[Points]:
    arm = 0.3 if plain else rng.uniform(0.13, 0.4)
    reach = 0.95
    quarter = np.array([[arm, -reach], [arm, -arm], [reach, -arm]])
    turn = np.array([[0, 1], [-1, 0]])
    parts = [quarter @ np.linalg.matrix_power(turn, number) for number in range(4)]
    return [soft(np.concatenate(parts), rng, plain)]


def ring(rng: Rng, plain: bool) -> list[Points]:
    hole = 0.55 if plain else rng.uniform(0.42, 0.82)
    return [arc(0, 0, 0.97, 0.97, 0, 347), hole * arc(0, 0, 0.97, 0.97, 0, 347)]


def hexagon(rng: Rng, plain: bool) -> list[Points]:
    points = corners(6, 0 if plain or rng.random() < 0.5 else -90)
    return [soft(points, rng, plain) if rng.random() < 0.3 else points]


def arrow(rng: Rng, plain: bool) -> list[Points]:
    shaft, head, width = (
        (0.22, 0.1, 0.62) if plain else rng.uniform((0.08, -0.3, 0.42), (0.3, 0.45, 0.85))
    )
    barb = 0.0 if plain or rng.random() < 0.6 else rng.uniform(-0.25, 0.15)
    shaft = min(shaft, 0.6 * width)
    upper = [[-0.95, -shaft], [head, -shaft], [head - barb, -width], [0.97, 0.0]]
    lower = [[x, -y] for x, y in upper[-2::-1]]
    points = np.array(upper + lower)
    if not plain and rng.random() < 0.75:  # right, down, left or up
        for _ in range(rng.integers(4)):
            points = points @ np.array([[0, 1], [-1, 0]])
    return [points]


def moon(rng: Rng, plain: bool) -> list[Points]:
    radius, shift = (0.85, 0.45) if plain else (rng.uniform(0.68, 1.0), rng.uniform(0.32, 0.62))
    # Where the circle that bites meets the outer one.
    x = (1 + shift**2 - radius**2) / (2 * shift)
    x = min(x, 0.97)
    open_outer = np.rad2deg(np.arccos(x))
    open_inner = np.rad2deg(np.arctan2(np.sqrt(1 - x**2), x - shift))
    outer = arc(0, 0, 1, 1, open_outer, 360 - open_outer)
    inner = arc(shift, 0, radius, radius, 360 - open_inner, open_inner)
    points = np.concatenate([outer, inner]) * 0.97
    points[:, 0] += 0.25
    if not plain and rng.random() < 0.4:
        points[:, 0] *= -1
    return [points]


OUTLINES: dict[str, Callable[[Rng, bool], list[Points]]] = {
    form.__name__: form
    for form in (circle, square, triangle, star, heart, cross, ring, hexagon, arrow, moon)
}

# Digits as a pen draws them, in a box from 0 to 1; several ways for most.
SIX = np.concatenate(
    [[[0.8, 0.02], [0.5, 0.1], [0.22, 0.35]], arc(0.5, 0.69, 0.4, 0.31, 200, -175)]
)
ROUND_SIX = np.concatenate(
    [arc(0.58, 0.5, 0.5, 0.5, 300, 190), arc(0.5, 0.68, 0.42, 0.32, 190, -170)]
)
FLICK = np.array([[0.18, 0.24], [0.52, 0.0], [0.52, 1.0]])
WAYS: dict[str, list[list[Points]]] = {
    "0": [[arc(0.5, 0.5, 0.38, 0.5, -90, 272)], [arc(0.5, 0.5, 0.3, 0.5, -80, 285)]],
    "1": [
        [FLICK],
        [FLICK, np.array([[0.2, 1.0], [0.84, 1.0]])],
        [np.array([[0.5, 0.0], [0.5, 1.0]])],
        [np.array([[0.25, 0.12], [0.5, 0.0], [0.5, 1.0]]), np.array([[0.26, 1.0], [0.74, 1.0]])],
    ],
    "2": [
        [np.concatenate([arc(0.5, 0.29, 0.38, 0.29, 195, 385), [[0.08, 1.0], [0.92, 1.0]]])],
        [np.concatenate([arc(0.48, 0.27, 0.36, 0.27, 170, 400),
                         [[0.1, 0.98], [0.3, 0.94], [0.95, 1.0]]])],
    ],
    "3": [
        [np.concatenate([arc(0.46, 0.26, 0.36, 0.26, -160, 90),
                         arc(0.46, 0.74, 0.4, 0.26, -85, 160)])],
        [np.concatenate([[[0.12, 0.0], [0.88, 0.0], [0.45, 0.4]],
                         arc(0.45, 0.7, 0.42, 0.3, -80, 155)])],
    ],
    "4": [
        [np.array([[0.96, 0.7], [0.06, 0.7], [0.68, 0.0], [0.68, 1.0]])],
        [np.array([[0.2, 0.0], [0.12, 0.56], [0.9, 0.56]]), np.array([[0.7, 0.1], [0.7, 1.0]])],
        [np.array([[0.62, 0.0], [0.05, 0.66], [0.95, 0.66]]),
         np.array([[0.66, 0.35], [0.66, 1.0]])],
    ],
    "5": [
        [np.concatenate([[[0.86, 0.0], [0.2, 0.0], [0.16, 0.46]],
                         arc(0.47, 0.67, 0.4, 0.32, -125, 145)])],
        [np.concatenate([[[0.22, 0.0], [0.2, 0.42]], arc(0.45, 0.69, 0.42, 0.3, -110, 150)]),
         np.array([[0.22, 0.0], [0.85, 0.0]])],
    ],
    "6": [[SIX], [ROUND_SIX]],
    "7": [
        [np.array([[0.08, 0.0], [0.92, 0.0], [0.36, 1.0]])],
        [np.array([[0.08, 0.0], [0.92, 0.0], [0.4, 1.0]]), np.array([[0.35, 0.5], [0.85, 0.5]])],
        [np.array([[0.08, 0.14], [0.1, 0.0], [0.9, 0.0], [0.55, 0.5], [0.44, 1.0]])],
    ],
    "8": [
        [arc(0.5, 0.24, 0.32, 0.24, 90, 452), arc(0.5, 0.74, 0.4, 0.26, -90, 272)],
        [np.concatenate([arc(0.5, 0.25, 0.36, 0.25, -60, -270), arc(0.5, 0.75, 0.4, 0.25, -90, 90),
                         arc(0.5, 0.75, 0.4, 0.25, 90, 240), arc(0.5, 0.25, 0.36, 0.25, 60, -60)])],
    ],
    "9": [[1 - SIX], [1 - ROUND_SIX],
          [arc(0.48, 0.3, 0.36, 0.3, -20, 342), np.array([[0.84, 0.1], [0.82, 0.6], [0.74, 1.0]])]],
}  # fmt: skip
#: Bars of a display: top, upper right, lower right, bottom, lower left, upper left, middle.
BARS = np.array(
    [[[0, 0], [1, 0]], [[1, 0], [1, 0.5]], [[1, 0.5], [1, 1]], [[0, 1], [1, 1]], [[0, 0.5], [0, 1]],
     [[0, 0], [0, 0.5]], [[0, 0.5], [1, 0.5]]], dtype=float
)  # fmt: skip
LIT = {"0": "012345", "1": "12", "2": "01346", "3": "01236", "4": "1256", "5": "02356",
       "6": "023456", "7": "012", "8": "0123456", "9": "012356"}  # fmt: skip


def strokes(
    digit: str,
    mask: Image.Image,
    rng: Rng,
    place: Callable[[Points], list[tuple[float, float]]],
    plain: bool,
) -> None:
    """Draw a digit in white: with a pen, as a seven-segment display, or in Pillow's own typeface.

    Args:
        digit: "0" to "9".
        mask: Black picture of mode "L" to draw on.
        rng: Source of chance.
        place: Turns points around the origin into points of the picture.
        plain: Whether to draw the first way of writing it, with a round pen.
    """
    side = mask.width
    kind = 0.5 if plain else rng.random()
    if kind < 0.25:
        typeset(digit, mask, rng)
        return
    # A broad nib makes level strokes thin, or upright ones: drawn on a higher or lower sheet.
    tall = 1.0 if plain or rng.random() < 0.6 else rng.uniform(0.65, 2.2)
    sheet = Image.new("L", (side, round(side * tall)))
    pen = ImageDraw.Draw(sheet)
    narrow = 0.62 if plain else rng.uniform(0.48, 0.8)
    slant = 0.0 if plain else rng.choice([0.0, rng.uniform(-0.12, 0.3)])
    width = side * (0.1 if plain else rng.uniform(0.04, 0.15)) * max(1, tall**0.5)
    if kind < 0.35:
        lines = [BARS[int(number)] for number in LIT[digit]]
        gap = rng.choice([0.0, 0.07])
        lines = [line + gap * (line[::-1] - line) for line in lines]
        round_ends = rng.random() < 0.3
    else:
        ways = WAYS[digit]
        lines = ways[0 if plain else rng.integers(len(ways))]
        round_ends = plain or rng.random() < 0.75
        if not plain:  # each stroke a little elsewhere, and all of them bent
            if digit == "0" and rng.random() < 0.2:  # dotted or slashed, as some typefaces have it
                reach = rng.choice([0.04, 0.25])
                lines = [*lines, np.array([[0.5 - reach, 0.5 + reach], [0.5 + reach, 0.5 - reach]])]
            if digit in "147" and rng.random() < 0.2:  # a foot, as in print
                foot = lines[-1][-1] + np.array([[-0.25, 0.0], [0.25, 0.0]])
                lines = [*lines, foot]
            bend = rng.normal(0, 0.04, (2, 1, 2))
            lines = [line + rng.normal(0, 0.02, (1, 2)) for line in lines]
            lines = [
                line + bend[0] * (line[:, ::-1] - 0.5) + bend[1] * np.sin(np.pi * line[:, ::-1])
                for line in lines
            ]
    for line in lines:
        x, y = 2 * line.T - 1
        way = place(0.95 * np.stack([x * narrow - slant * y, y], axis=1))
        way = [(x, y * tall) for x, y in way]
        pen.line(way, fill=255, width=max(3, round(width)), joint="curve")
        for x, y in (way[0], way[-1]) if round_ends else ():
            half = width / 2
            pen.ellipse((x - half, y - half, x + half, y + half), fill=255)
    mask.paste(sheet.resize((side, side), Image.Resampling.BOX))


def typeset(digit: str, mask: Image.Image, rng: Rng) -> None:
    """Set a digit in the typeface that comes with Pillow, stretched, slanted or thickened."""
    side = mask.width
    font = ImageFont.load_default(side * 0.9)
    left, top, right, bottom = font.getbbox(digit)
    bold = int(rng.choice([0, 0, rng.integers(1, 8)]))
    letter = Image.new("L", (int(right - left) + 2 * bold + 4, int(bottom - top) + 2 * bold + 4))
    at = (bold + 2 - left, bold + 2 - top)
    ImageDraw.Draw(letter).text(at, digit, fill=255, font=font, stroke_width=bold)
    height = round(side * 0.74)
    # "1" stays as slender as it is.
    width = round(height * min(letter.width / letter.height * rng.uniform(0.8, 1.35), 0.85))
    letter = letter.resize((width, height), Image.Resampling.BILINEAR)
    mask.paste(letter, ((side - width) // 2, (side - height) // 2))
    if rng.random() < 0.3:
        slant = rng.uniform(0.08, 0.28)
        tilted = mask.transform(
            mask.size, Image.Transform.AFFINE, (1, slant, -slant * side / 2, 0, 1, 0)
        )
        mask.paste(tilted)
