"""The bundled text-to-image model: a small Stable Diffusion that draws shapes and digits.

    python -m recipes.text_to_image                 # train, measure, write the model
    python -m recipes.text_to_image --steps 20      # a quick look that everything runs
    python -m recipes.text_to_image --evaluate      # only measure the model that is there

Its three parts are trained one after the other: the autoencoder learns to squeeze pictures into an
8 × 8 grid of numbers, the text encoder to tell from a prompt what belongs in each cell of that
grid, the U-Net to turn noise into such grids as the encoded prompt asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import nn
from torch.nn.functional import cross_entropy, l1_loss, mse_loss
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from recipes.drawings import COLORS, SIZE, THINGS
from recipes.files import DATA, lines
from recipes.text_to_image_data import Scene, Writer, crowd, render
from recipes.text_to_image_judge import judge
from recipes.training import HELD_OUT, TINY, Recipe, Score, fit

BAR = 0.90
WORDS = 40  # tokens a prompt is cut or filled up to
WIDTH = 128  # of the text encoder
GRID = 8  # cells a side, each of them CHANNELS numbers
CHANNELS = 8
STEPS, GUIDANCE = 20, 3.0


def pixels(scenes: list[Scene]) -> torch.Tensor:
    """Return the pictures of scenes: (n, 3, 64, 64), from -1 to 1."""
    return normal(torch.from_numpy(np.stack([render(scene) for scene in scenes])))


def normal(pictures: torch.Tensor) -> torch.Tensor:
    """Return pictures (n, 64, 64, 3) in uint8 as the autoencoder takes them."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


def groups(seed: int, size: int) -> Iterator[list[Scene]]:
    """Yield lists of scenes for ever."""
    scenes = Writer(seed).scenes()
    while True:
        yield [next(scenes) for _ in range(size)]


def make_tokenizer(seed: int) -> CLIPTokenizer:
    """Train CLIP's kind of tokenizer, on prompts."""
    prompts = [scene.prompt for scene in next(groups(seed, 8_000))]
    tokenizer = CLIPTokenizer().train_new_from_iterator(prompts, 2048)
    tokenizer.model_max_length = WORDS
    return tokenizer


def tokens(tokenizer: CLIPTokenizer, prompts: list[str]) -> torch.Tensor:
    """Return the prompts' ids, (n, WORDS), filled up as the pipeline does."""
    options = {"padding": "max_length", "max_length": WORDS, "truncation": True}
    return tokenizer(prompts, return_tensors="pt", **options).input_ids


def train_autoencoder(steps: int, seed: int) -> AutoencoderKL:
    """Train the autoencoder; one number of `scaling_factor` brings its grids to variance 1."""
    model = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 24, 48, 96),
        latent_channels=CHANNELS,
        norm_num_groups=8,
        sample_size=SIZE,
        mid_block_add_attention=False,
    )

    def loss(model: AutoencoderKL, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        spread = model.encode(batch["pixels"]).latent_dist
        found = model.decode(spread.sample()).sample.float()
        distance = mse_loss(found, batch["pixels"]) + 0.3 * l1_loss(found, batch["pixels"])
        return distance + 1e-5 * spread.kl().mean()

    def stream() -> Iterator[dict[str, torch.Tensor]]:
        rng = np.random.default_rng(seed)
        for scenes in groups(seed + 1, 8):
            full = torch.from_numpy(np.stack([crowd(rng) for _ in range(8)]))
            yield {"pixels": torch.cat([pixels(scenes), normal(full)])}

    fit(model, stream(), steps, rate=2e-3, decay=0.0, loss=loss)
    grids = encode(model, pixels(next(groups(seed + 2, 256))))
    model.register_to_config(scaling_factor=round(1 / grids.std().item(), 4))
    return model


@torch.inference_mode()
def encode(model: AutoencoderKL, pictures: torch.Tensor) -> torch.Tensor:
    """Return the grids of pictures, unscaled: (n, CHANNELS, GRID, GRID)."""
    parts = [model.encode(part).latent_dist.mean for part in pictures.split(64)]
    return torch.cat(parts)


class Reader(nn.Module):
    """Tells from an encoded prompt what each cell of the grid shows; only the encoder is kept.

    It reads as the U-Net will, by cross-attention, but learns from a clear answer, which takes a
    fraction of the time.
    """

    def __init__(self, encoder: CLIPTextModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.cells_embed = nn.Parameter(0.5 * torch.randn(GRID * GRID, WIDTH))
        self.attention = nn.MultiheadAttention(WIDTH, 4, batch_first=True)
        self.mix = nn.Sequential(
            nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH)
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.classifier = nn.Linear(WIDTH, len(COLORS) + len(THINGS) + 1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return scores of colors and things, (n, cells, 32)."""
        states = self.encoder(ids).last_hidden_state
        cells = self.cells_embed.expand(len(ids), -1, -1)
        cells = cells + self.attention(cells, states, states, need_weights=False)[0]
        return self.classifier(self.norm(cells + self.mix(cells)))


def cells(scene: Scene) -> np.ndarray:
    """Return what each cell shows: (2, cells), numbers of colors and of things (the last: none)."""
    y, x = (np.mgrid[0:GRID, 0:GRID] + 0.5) * SIZE / GRID
    found = np.empty((2, GRID, GRID), dtype=np.int64)
    found[0], found[1] = COLORS.index(scene.ground), len(THINGS)
    for placed in scene.things:
        inside = np.hypot(x - placed.x, y - placed.y) < placed.size / 2
        found[0][inside] = COLORS.index(placed.color)
        found[1][inside] = THINGS.index(placed.thing)
    return found.reshape(2, -1)


def train_encoder(tokenizer: CLIPTokenizer, steps: int, seed: int) -> CLIPTextModel:
    """Train the text encoder."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=WORDS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation="eager",
    )
    reader = Reader(CLIPTextModel(config))

    def loss(model: Reader, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        scores = model(batch["ids"]).float().flatten(0, 1)
        colors, things = batch["cells"].unbind(1)
        return cross_entropy(scores[:, : len(COLORS)], colors.flatten()) + cross_entropy(
            scores[:, len(COLORS) :], things.flatten()
        )

    stream = (
        {
            "ids": tokens(tokenizer, [scene.prompt for scene in scenes]),
            "cells": torch.from_numpy(np.stack([cells(scene) for scene in scenes])),
        }
        for scenes in groups(seed + 3, 64)
    )
    fit(reader, stream, steps, rate=2e-3, loss=loss)
    return reader.encoder


def noise_schedule() -> DDIMScheduler:
    """Return a schedule that ends in pure noise, so that pictures may be all black or all white."""
    return DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        steps_offset=1,
    )


def train_unet(
    autoencoder: AutoencoderKL,
    tokenizer: CLIPTokenizer,
    encoder: CLIPTextModel,
    steps: int,
    seed: int,
) -> UNet2DConditionModel:
    """Train the U-Net on a fixed store of grids and prompts; every tenth prompt is empty."""
    model = UNet2DConditionModel(
        sample_size=GRID,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(64, 96),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=16,
    )
    # Written out, attention learns in half the time that PyTorch's fused one takes on a CPU.
    model.set_attn_processor(AttnProcessor())
    schedule = noise_schedule()
    store = max(256, min(24_000, 16 * steps))
    kept, ids = [], []
    for scenes in groups(seed + 4, 256):
        kept.append(encode(autoencoder, pixels(scenes)) * autoencoder.config.scaling_factor)
        ids.append(tokens(tokenizer, [scene.prompt for scene in scenes]))
        if 256 * len(kept) >= store:
            break
    grids, prompts = torch.cat(kept), torch.cat(ids)
    empty = tokens(tokenizer, [""])[0]
    encoder.eval()

    def stream() -> Iterator[dict[str, torch.Tensor]]:
        while True:
            rows = torch.randint(len(grids), (64,))
            asked = prompts[rows].clone()
            asked[torch.rand(64) < 0.1] = empty
            with torch.no_grad():
                states = encoder(asked).last_hidden_state
            yield {"grids": grids[rows].clone(), "states": states}

    def loss(model: UNet2DConditionModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        clean = batch["grids"]
        noise = torch.randn_like(clean)
        times = torch.randint(schedule.config.num_train_timesteps, (len(clean),))
        noisy = schedule.add_noise(clean, noise, times)
        wanted = schedule.get_velocity(clean, noise, times)
        found = model(noisy, times, encoder_hidden_states=batch["states"]).sample
        return mse_loss(found.float(), wanted)

    fit(model, stream(), steps, rate=1e-3, decay=0.01, loss=loss)
    return model


def train(steps: int, seed: int) -> tuple[Any, ...]:
    """Train all parts; `steps` are those of the U-Net, the others take a fixed share of them."""
    torch.manual_seed(seed)
    tokenizer = make_tokenizer(seed)
    autoencoder = train_autoencoder(max(1, 6 * steps // 5), seed)
    encoder = train_encoder(tokenizer, max(1, steps // 4), seed)
    unet = train_unet(autoencoder, tokenizer, encoder, steps, seed)
    pipe = StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=noise_schedule(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.to(torch.float16)
    # Loaded, it keeps the precision it is stored in, while the others become float32.
    encoder.float()
    return (pipe,)


def drawn(folder: Path, prompts: list[str], seed: int = 0) -> list[Any]:
    """Return the model's picture for each prompt, as Pillow images."""
    pipe = StableDiffusionPipeline.from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    images: list[Any] = []
    for start in range(0, len(prompts), 32):
        part = prompts[start : start + 32]
        chance = [torch.Generator().manual_seed(seed + start + n) for n in range(len(part))]
        options = {"num_inference_steps": STEPS, "guidance_scale": GUIDANCE}
        images += pipe(part, generator=chance, **options).images
    return images


def evaluate(folder: Path) -> list[Score]:
    scores = []
    for where, path, bar in (
        ("held-out prompts", HELD_OUT / "text_to_image.jsonl", BAR),
        ("tuning prompts", DATA / "text_to_image_dev.jsonl", None),
    ):
        items = lines(path)
        images = drawn(folder, [item["prompt"] for item in items])
        right, whole = judge(items, images, TINY / "image-classification")
        of = sum(len(item["objects"]) for item in items)
        what = f"{where}: color, thing and place right"
        scores.append(Score(what, "accuracy", right / of, of, bar))
        what = f"{where}: the whole picture right"
        scores.append(Score(what, "accuracy", whole / len(items), len(items)))
    return scores


RECIPE = Recipe(
    name="text-to-image",
    task="text-to-image",
    library="diffusers",
    summary=(
        "Draws pictures of 64 × 64 pixels from a prompt: ten shapes (circle, square, triangle, "
        "star, heart, cross, ring, hexagon, arrow, moon) and the digits, in eleven colors, one to "
        "three of them, with their places and the background. It is a Stable Diffusion pipeline in "
        "small, with all its parts."
    ),
    usage=(
        "from diffusers import StableDiffusionPipeline\n\n"
        "import hflab\n\n"
        'folder = hflab.tiny_model("text-to-image")\n'
        "pipe = StableDiffusionPipeline.from_pretrained(folder)\n"
        f'options = {{"num_inference_steps": {STEPS}, "guidance_scale": {GUIDANCE}}}\n'
        'picture = pipe("a red circle above a blue square", **options).images[0]'
    ),
    data=(
        "prompts that recipes/text_to_image_data.py puts together from hand-written phrases, and "
        "the pictures that they ask for."
    ),
    architecture=(
        "AutoencoderKL (8 × 8 × 8 numbers a picture), CLIPTextModel (2 layers of 128 units), "
        "UNet2DConditionModel (64 and 96 channels), DDIM with v-prediction; the "
        "text encoder keeps float32."
    ),
    limits=[
        "It knows these shapes, digits and colors, next to and above each other, and nothing else. "
        "Any other prompt gives a picture of some of them.",
        "At most three things. No overlaps, nothing inside another thing.",
        "The held-out prompts, unlike other models', are by the author of the training phrases; "
        "eleven of the pairs of color and thing are never drawn in training.",
        "Held-out pictures are judged by the bundled picture classifier: each thing, a patch that "
        "stands out from the background, is cut out and named.",
    ],
    steps=3300,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
