"""Held-out drawings for the picture classifier, in other hands than those it learns from.

    python tests/heldout/drawings/draw.py     # writes drawings.webp and drawings.json beside it

Everything comes from Matplotlib: its patches, its sketchy lines, the DejaVu typefaces with their
symbols, CSS color names, hatching. Nothing is shared with recipes/drawings.py. The sheet holds one
picture of 64 × 64 pixels a cell; row by row, the JSON file says what each shows. Never train on
these.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib import patches, patheffects
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.path import Path as Way
from matplotlib.transforms import Affine2D

HERE = Path(__file__).parent
COLUMNS = 22
PAINTS = {
    "red": "red crimson firebrick darkred #e00010",
    "orange": "orange darkorange tab:orange",
    "yellow": "yellow gold #ffee33",
    "green": "green limegreen forestgreen seagreen lime darkgreen mediumseagreen tab:green",
    "blue": "blue royalblue dodgerblue navy steelblue mediumblue cornflowerblue tab:blue",
    "purple": "purple indigo darkviolet rebeccapurple darkorchid blueviolet mediumpurple",
    "pink": "pink hotpink deeppink lightpink",
    "brown": "saddlebrown sienna #5c3317 tab:brown",
    "black": "black #111111",
    "white": "white snow",
    "gray": "gray darkgray dimgray silver",
}
SHAPES = [
    "circle", "square", "triangle", "star", "heart", "cross", "ring", "hexagon", "arrow", "moon",
]  # fmt: skip
THINGS = [*SHAPES, *"0123456789"]
SYMBOLS = {
    "square": "■", "triangle": "▲▼◀▶", "star": "★✦✶", "heart": "♥❤", "cross": "✚✖",
    "hexagon": "⬢⬣", "arrow": "➜➔➡⬅⬆⬇", "circle": "●",
}  # fmt: skip
GROUNDS = (
    "white white ivory lavender honeydew mistyrose aliceblue beige lightyellow khaki lightblue "
    "palegreen plum salmon tan lightgray gray slategray teal olive maroon navy black darkslategray "
    "midnightblue darkgreen indigo coral gold turquoise tomato orchid yellowgreen skyblue"
)


def lightness(color: str | tuple[float, ...]) -> np.ndarray:
    """Return CIE L*, a*, b*, in which distances are about those that eyes see."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(matrix) @ linear / [0.9505, 1, 1.089]
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def apart(one: str | tuple[float, ...], other: str | tuple[float, ...]) -> float:
    return float(np.linalg.norm(lightness(one) - lightness(other)))


def ground(axes: Axes, paint: str, rng: np.random.Generator) -> None:
    """Paint the background: plain, a ramp of colors, hatched, ruled or crossed by curves."""
    fits = [name for name in GROUNDS.split() if apart(name, paint) > 48]
    color = fits[rng.integers(len(fits))]
    axes.add_patch(patches.Rectangle((-1, -1), 2, 2, color=color, zorder=0))
    kind = rng.random()
    near = [name for name in fits if apart(name, color) < 45] or [color]
    other = near[rng.integers(len(near))]
    if kind < 0.14:
        ramp = np.linspace(0, 1, 16)[None, :, None]
        ramp = (1 - ramp) * np.array(to_rgb(color)) + ramp * np.array(to_rgb(other))
        ramp = ramp if rng.random() < 0.5 else ramp.transpose(1, 0, 2)
        axes.imshow(ramp, extent=(-1, 1, -1, 1), zorder=0, interpolation="bilinear")
    elif kind < 0.26:
        hatch = str(rng.choice(["//", "\\\\", "xx", "..", "oo", "++", "--", "*"]))
        box = patches.Rectangle((-1, -1), 2, 2, fill=False, ec=other, hatch=hatch, lw=0, zorder=0)
        axes.add_patch(box)
    elif kind < 0.36:
        for at in np.linspace(-1, 1, rng.integers(4, 9)):
            axes.axhline(at, color=other, lw=rng.uniform(0.4, 1.2), zorder=0)
            if kind < 0.31:
                axes.axvline(at, color=other, lw=0.5, zorder=0)
    elif kind < 0.42:
        x = np.linspace(-1, 1, 50)
        for _ in range(3):
            wave = rng.uniform(-1, 1) + 0.3 * np.sin(rng.uniform(1, 7) * x + rng.uniform(0, 6))
            axes.plot(x, wave, color=other, lw=rng.uniform(0.5, 1.5), zorder=0)


def heart(rng: np.random.Generator) -> Way:
    dip, wide = rng.uniform(0.35, 0.6), rng.uniform(1.1, 1.5)
    points = [(0, -1), (-0.4, -0.5), (-wide, 0), (-0.95, 0.55), (-0.75, 1), (-0.15, 1), (0, dip),
              (0.15, 1), (0.75, 1), (0.95, 0.55), (wide, 0), (0.4, -0.5), (0, -1)]  # fmt: skip
    return Way(points, [Way.MOVETO] + [Way.CURVE4] * 12)


def moon(rng: np.random.Generator) -> Way:
    """A half circle closed by a flatter half ellipse."""
    half = Way.arc(90, 270)
    depth = rng.uniform(0.35, 0.7)
    inner = half.vertices[::-1] * [depth, 1]
    codes = [Way.LINETO, *half.codes[1:]]
    return Way(np.concatenate([half.vertices, inner]) + np.array([0.5, 0]), [*half.codes, *codes])


def outline(thing: str, rng: np.random.Generator) -> Way:
    """Return a shape's path, about from -1 to 1, y pointing up."""
    if thing == "circle":
        return Way.unit_circle()
    if thing == "ring":
        inner = Way.unit_circle().vertices[::-1] * rng.uniform(0.5, 0.78)
        circle = Way.unit_circle()
        return Way(np.concatenate([circle.vertices, inner]), [*circle.codes, *circle.codes])
    if thing == "square":
        return patches.FancyBboxPatch(
            (-0.8, -0.8),
            1.6,
            1.6,
            boxstyle=str(rng.choice(["square,pad=0", "round,pad=0,rounding_size=0.3"])),
        ).get_path()
    if thing == "triangle":
        return Way.unit_regular_polygon(3) if rng.random() < 0.6 else Way([(-0.9, -0.8), (0.9, -0.8), (rng.uniform(-0.9, 0.9), 0.9), (-0.9, -0.8)])  # fmt: skip  # noqa: E501
    if thing == "star":
        return Way.unit_regular_star(int(rng.choice([5, 5, 5, 6])), rng.uniform(0.38, 0.5))
    if thing == "heart":
        return heart(rng)
    if thing == "cross":
        a = rng.uniform(0.18, 0.36)
        corner = [(a, 1), (a, a), (1, a), (1, -a), (a, -a), (a, -1)]
        points = corner + [(-x, -y) for x, y in corner]
        return Way([*points, points[0]])
    if thing == "hexagon":
        return Way.unit_regular_polygon(6)
    if thing == "arrow":
        head = rng.uniform(0.7, 1.1)
        arrow = patches.FancyArrow(
            -0.95, 0, 1.9, 0, width=rng.uniform(0.2, 0.55), head_width=rng.uniform(1, 1.5),
            head_length=head, length_includes_head=True, overhang=rng.uniform(0, 0.3),
        )  # fmt: skip
        return arrow.get_path()
    return moon(rng)


def picture(color: str, thing: str, rng: np.random.Generator) -> np.ndarray:
    """Draw one picture; return it as an array of shape (64, 64, 3) and type uint8."""
    figure = plt.figure(figsize=(0.64, 0.64), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    names = PAINTS[color].split()
    paint = names[rng.integers(len(names))]
    ground(axes, paint, rng)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="auto")
    size = rng.uniform(0.38, 0.88)
    x, y = rng.uniform(-1, 1, 2) * max(0.05, 0.93 - size)
    tilt = rng.uniform(-12, 12)
    if thing in THINGS[10:] or (thing in SYMBOLS and rng.random() < 0.25):
        symbols = SYMBOLS.get(thing, thing)
        font = {
            "family": ["DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono"][rng.integers(3)],
            "weight": str(rng.choice(["normal", "bold"])),
            "style": str(rng.choice(["normal", "normal", "oblique"])),
        }
        if thing in SYMBOLS:
            font = {"family": "DejaVu Sans"}
        text = axes.text(
            x, y, symbols[rng.integers(len(symbols))], color=paint, fontsize=58 * max(size, 0.5),
            rotation=tilt, ha="center", va="center_baseline" if thing in SYMBOLS else "center",
            rotation_mode="anchor" if thing in SYMBOLS else "default", **font,
        )  # fmt: skip
        if thing in SYMBOLS:
            text.set_y(y - 0.02)
        elif rng.random() < 0.15:
            text.set_path_effects([patheffects.Stroke(linewidth=1.2, foreground=paint)])
    else:
        turn = tilt if thing in ("square", "heart") else rng.uniform(0, 360)
        turn = float(rng.choice([tilt, tilt + 45])) if thing == "cross" else turn
        stretch = rng.uniform(0.85, 1.15)
        move = Affine2D().scale(size * stretch, size / stretch).rotate_deg(turn).translate(x, y)
        way = outline(thing, rng).transformed(move)
        style = rng.random()
        edge, line, fill = paint, 0.5, True
        if style < 0.2 and thing not in ("circle", "ring"):
            fill, line = False, rng.uniform(2, 4.5)
        elif style < 0.35:
            edge, line = str(rng.choice(["black", "white", "dimgray"])), rng.uniform(0.5, 1.2)
        patch = patches.PathPatch(
            way,
            fc=paint,
            ec=edge,
            lw=line,
            fill=fill,
            joinstyle=str(rng.choice(["miter", "round"])),
        )
        if rng.random() < 0.3:
            patch.set_sketch_params(
                rng.uniform(0.4, 1.1) * size, rng.uniform(15, 40), rng.uniform(1, 4)
            )
        axes.add_patch(patch)
    file = io.BytesIO()
    figure.savefig(file, dpi=100)
    plt.close(figure)
    return np.asarray(Image.open(file).convert("RGB"))


def main() -> None:
    rng = np.random.default_rng(64)
    matplotlib.rcParams["hatch.linewidth"] = 0.6
    colors = list(PAINTS)
    labels = [
        (colors[(column + row) % len(colors)], thing)
        for row, thing in enumerate(THINGS)
        for column in range(COLUMNS)
    ]
    pictures = [picture(color, thing, rng) for color, thing in labels]
    rows = [np.hstack(pictures[at : at + COLUMNS]) for at in range(0, len(pictures), COLUMNS)]
    Image.fromarray(np.vstack(rows)).save(
        HERE / "drawings.webp", lossless=True, quality=100, method=6
    )
    text = json.dumps([f"{color} {thing}" for color, thing in labels], indent=0)
    (HERE / "drawings.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
