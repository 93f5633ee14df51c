"""Prompts and the pictures they ask for: what the bundled text-to-image model learns from."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from recipes.drawings import COLORS, DIGITS, SHAPES, SIZE, cover, stencil
from recipes.files import read
from recipes.noise import Noise, invented

#: One shade a color, in RGB.
PAINTS: dict[str, tuple[int, int, int]] = {
    "red": (222, 28, 36),
    "orange": (255, 140, 0),
    "yellow": (255, 222, 20),
    "green": (28, 160, 64),
    "blue": (30, 84, 226),
    "purple": (128, 32, 172),
    "pink": (255, 110, 186),
    "brown": (122, 70, 30),
    "black": (10, 10, 10),
    "white": (255, 255, 255),
    "gray": (132, 132, 132),
}
#: Never drawn in training, so that held-out prompts show whether color and shape combine freely.
RESERVED = frozenset(
    [
        ("red", "3"),
        ("orange", "moon"),
        ("yellow", "hexagon"),
        ("green", "heart"),
        ("blue", "7"),
        ("purple", "cross"),
        ("pink", "arrow"),
        ("brown", "star"),
        ("black", "triangle"),
        ("white", "ring"),
        ("gray", "square"),
    ]
)
#: Where a thing goes that is asked for at a place: x, y in pixels.
PLACES = {
    "top": (32, 17),
    "bottom": (32, 47),
    "left": (17, 32),
    "right": (47, 32),
    "top_left": (17, 17),
    "top_right": (47, 17),
    "bottom_left": (17, 47),
    "bottom_right": (47, 47),
}
ROWS = [(32, 17), (32, 47)]
COLUMNS = [(17, 32), (47, 32)]
THREE = [(12, 32), (32, 32), (52, 32)]


@dataclass(frozen=True)
class Placed:
    """A thing in a picture.

    Attributes:
        color: Its color's name.
        thing: A shape or digit.
        x: Its middle in pixels, from the left.
        y: Its middle in pixels, from the top.
        size: Its diameter in pixels.
    """

    color: str
    thing: str
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Scene:
    """A prompt and what the picture for it holds.

    Attributes:
        prompt: As somebody may type it; empty for guidance.
        things: What is drawn, from left to right or from top to bottom.
        ground: Name of the background's color.
    """

    prompt: str
    things: tuple[Placed, ...]
    ground: str


class Writer:
    """Writes scenes, all chance from one seed.

    Attributes:
        rng: The source of chance.
        lists: The phrases of recipes/data/text_to_image.toml.
    """

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.lists = read("text_to_image")
        words = read("words")
        self.noise = Noise(self.rng, {**words, "typos": {}})

    def scenes(self) -> Iterator[Scene]:
        """Yield scenes for ever."""
        kinds = {
            self.one: 40, self.rows: 18, self.columns: 18, self.beside: 11,
            self.pairs: 7, self.triples: 5, self.three: 3,
        }  # fmt: skip
        while True:
            (kind,) = self.rng.choices(list(kinds), list(kinds.values()))
            prompt, things, ground = kind()
            if not any((thing.color, thing.thing) in RESERVED for thing in things):
                yield Scene(self.talk(prompt), tuple(things), ground)

    def pick(self, *keys: str) -> str:
        """Return one of the phrases of a list."""
        found = self.lists
        for key in keys:
            found = found[key]
        return self.rng.choice(found)

    def names(self, count: int) -> list[tuple[str, str]]:
        """Draw colors and things; shapes more often than digits."""
        kinds = [SHAPES if self.rng.random() < 0.68 else DIGITS for _ in range(count)]
        return [(self.rng.choice(COLORS), self.rng.choice(kind)) for kind in kinds]

    def phrase(self, color: str, thing: str, size: str = "") -> str:
        """Return a thing in words, without an article."""
        kind = "digits" if thing in DIGITS else "shapes"
        slots = {"color": self.pick("colors", color), "thing": self.pick("things", thing)}
        phrase = self.pick("phrases", kind).format(**slots)
        if size:
            phrase = f"{self.pick('sizes', size)} {phrase}"
        if self.rng.random() < 0.1:
            word = self.pick("phrases", "adjectives") if self.rng.random() < 0.7 else self.strange()
            phrase = f"{word} {phrase}"
        return phrase

    def strange(self) -> str:
        """Return a word that exists in no list."""
        return invented(self.rng)

    def article(self, phrase: str) -> str:
        """Return a phrase with "a" or "an", or without for "number 7"."""
        if re.match(r"(digit|number|figure|numeral|\d|zero|one|two|three \w+$)", phrase):
            return phrase if self.rng.random() < 0.5 else f"the {phrase}"
        return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"

    def slots(self, names: list[tuple[str, str]], sizes: list[str] | None = None) -> dict[str, str]:
        """Return {a}, {b}, {c}, {the_a}, {bare_a} … for things."""
        slots = {}
        for letter, (color, thing), size in zip("abc", names, sizes or ["", "", ""], strict=False):
            phrase = self.phrase(color, thing, size)
            short = f"{self.pick('colors', color)} {self.pick('things', thing)}"
            slots |= {letter: self.article(phrase), f"the_{letter}": f"the {short}",
                      f"bare_{letter}": phrase, f"color_{letter}": self.pick("colors", color),
                      f"thing_{letter}": self.pick("things", thing)}  # fmt: skip
        return slots

    def ground(self, prompt: str, colors: set[str], chance: float = 0.3) -> tuple[str, str]:
        """Return the prompt, with a background or without, and the background's color."""
        free = [color for color in COLORS if color not in colors]
        # Colors that are hard to tell apart on each other.
        near = [{"red", "brown"}, {"red", "orange"}, {"orange", "yellow"}, {"yellow", "white"},
                {"black", "brown"}, {"purple", "blue"}]  # fmt: skip
        free = [
            color for color in free
            if not any({color, other} in near for other in colors)
        ]  # fmt: skip
        if free and self.rng.random() < chance:
            common = [color for color in ("black", "white", "blue", "yellow") if color in free]
            color = self.rng.choice(common if common and self.rng.random() < 0.4 else free)
            where = "after" if self.rng.random() < 0.85 else "before"
            shade = self.pick("colors", color)
            if color == "black" and self.rng.random() < 0.2:
                shade = "dark"
            return self.pick("grounds", where).format(it=prompt, color=shade), color
        plain = ("white", "black", "blue", "green")
        return prompt, next(color for color in plain if color not in colors)

    def put(
        self, names: list[tuple[str, str]], spots: list[tuple[int, int]], size: float, play: float
    ) -> list[Placed]:
        """Place things at spots, give or take some pixels."""

        def near(value: float) -> float:
            return value + self.rng.uniform(-play, play)

        return [
            Placed(color, thing, near(x), near(y), size * self.rng.uniform(0.94, 1.06))
            for (color, thing), (x, y) in zip(names, spots, strict=True)
        ]

    def one(self) -> tuple[str, list[Placed], str]:
        """One thing, perhaps small or big or at a place."""
        names = self.names(1)
        ((color, thing),) = names
        draw = self.rng.random()
        size, diameter, spot, play, tail = "", 38.0, (32, 32), 2.5, ""
        if draw < 0.2:
            size = self.rng.choice(["small", "big"])
            diameter = 20.0 if size == "small" else 52.0
        elif draw < 0.36:
            place = self.rng.choice(list(PLACES))
            diameter, spot, play = 25.0, PLACES[place], 1.5
            tail = f" {self.pick('places', place)}"
        if draw > 0.9:
            slots = {"color": self.pick("colors", color), "thing": self.pick("things", thing)}
            prompt = self.pick("frames", "says").format(**slots)
        elif tail:
            slot = self.slots(names)
            prompt = slot[self.rng.choice(["a", "a", "bare_a"])] + tail
        else:
            prompt = self.pick("frames", "one").format(**self.slots(names, [size]))
        prompt, ground = self.ground(prompt, {color}, 0.35)
        return prompt, self.put(names, [spot], diameter, play), ground

    def two(self, frames: str, spots: list[tuple[int, int]]) -> tuple[str, list[Placed], str]:
        names = self.names(2)
        if frames == "beside" and self.rng.random() < 0.12:
            frames, names = "both", [(names[0][0], thing) for _, thing in names]
        elif frames == "beside" and self.rng.random() < 0.15:
            frames = "apart"
        slots = self.slots(names)
        prompt = self.pick("frames", frames).format(**slots, color=self.pick("colors", names[0][0]))
        prompt, ground = self.ground(prompt, {color for color, _ in names}, 0.2)
        return prompt, self.put(names, spots, 25.0, 1.2), ground

    def rows(self) -> tuple[str, list[Placed], str]:
        """Two things, one above the other."""
        return self.two("rows", ROWS)

    def columns(self) -> tuple[str, list[Placed], str]:
        """Two things, left and right."""
        return self.two("columns", COLUMNS)

    def beside(self) -> tuple[str, list[Placed], str]:
        """Two things and no word about where: the first one left."""
        return self.two("beside", COLUMNS)

    def three(self) -> tuple[str, list[Placed], str]:
        """Three different things in a row."""
        names = self.names(3)
        prompt = self.pick("frames", "three").format(**self.slots(names))
        prompt, ground = self.ground(prompt, {color for color, _ in names}, 0.15)
        return prompt, self.put(names, THREE, 17.0, 0.8), ground

    def same(
        self, frames: str, spots: list[tuple[int, int]], size: float, play: float
    ) -> tuple[str, list[Placed], str]:
        names = self.names(1)
        ((color, thing),) = names
        head, pointing, way = self.pick("things", thing).partition(" pointing")
        many = f"{head}{'es' if head.endswith(('s', 'x')) else 's'}{pointing}{way}"
        several = f"{self.pick('colors', color)} {many}"
        if self.rng.random() < 0.12:
            several = f"{many} in {self.pick('colors', color)}"
        slots = self.slots(names) | {"as": several}
        prompt = self.pick("frames", frames).format(**slots)
        prompt, ground = self.ground(prompt, {color}, 0.25)
        return prompt, self.put(names * len(spots), spots, size, play), ground

    def pairs(self) -> tuple[str, list[Placed], str]:
        """Two of the same."""
        return self.same("pairs", COLUMNS, 25.0, 1.2)

    def triples(self) -> tuple[str, list[Placed], str]:
        """Three of the same."""
        return self.same("triples", THREE, 17.0, 0.8)

    def talk(self, prompt: str) -> str:
        """Wrap a prompt in what people say around it; typos, capitals, full stops."""
        if self.rng.random() < 0.45:
            prompt = f"{self.pick('talk', 'before')} {prompt}"
        if self.rng.random() < 0.16:
            tail = self.pick("talk", "after")
            prompt = f"{prompt}{'' if tail[0] == ',' else ' '}{tail}"
        if self.rng.random() < 0.06:
            words = prompt.split(" ")
            words.insert(self.rng.randrange(len(words) + 1), self.strange())
            prompt = " ".join(words)
        prompt = self.noise.blur(prompt, 0.06)
        if self.rng.random() < 0.2:
            prompt += self.rng.choice(".!?.")
        return prompt


@cache
def plain_stencil(thing: str) -> Image.Image:
    """Return where the color of a thing goes, drawn in the textbook way."""
    return stencil(thing, np.random.default_rng(0), plain=True)[0]


def render(scene: Scene) -> np.ndarray:
    """Draw a scene; return an array of shape (64, 64, 3) and type uint8."""
    picture = np.empty((SIZE, SIZE, 3), dtype=np.float32)
    picture[:] = PAINTS[scene.ground]
    for placed in scene.things:
        fill = plain_stencil(placed.thing)
        paint = np.array(PAINTS[placed.color], dtype=np.float32)
        extent = placed.size / 0.74  # what the stencil's margin leaves
        share = cover(fill, (placed.x, placed.y), (extent, extent), 0.0)
        picture += share * (paint - picture)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def crowd(rng: np.random.Generator) -> np.ndarray:
    """Draw a picture full of things, one over the other, for whoever learns to see edges."""
    things = [
        Placed(
            COLORS[rng.integers(len(COLORS))],
            [*SHAPES, *DIGITS][rng.integers(20)],
            *rng.uniform(4, SIZE - 4, 2),
            rng.uniform(14, 44),
        )
        for _ in range(rng.integers(2, 8))
    ]
    return render(Scene("", tuple(things), COLORS[rng.integers(len(COLORS))]))
