"""Speech recognition: a small Whisper that writes down English sentences spoken by espeak-ng.

    python -m recipes.speech_recognition --speak     # the sound to learn from, into build/speech
    python -m recipes.speech_recognition             # train, measure, write the model
    python -m recipes.speech_recognition --held-out  # the held-out sound, into tests/heldout/speech

Two things make the small model listen early: while it learns, its encoder also names the phoneme
of each frame, and one attention head of each decoder layer is led to the word being written.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from tokenizers.trainers import BpeTrainer
from torch import nn
from torch.nn import functional
from transformers import (
    AddedToken,
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
    pipeline,
)

from recipes.files import DATA, lines
from recipes.speech_data import Sentences, spelled
from recipes.speech_sound import RATE, Speaker, read_held_out, store, write_held_out
from recipes.speech_windows import CONTROL, HOP, LONGEST, POSITIONS, SECONDS, Windows
from recipes.training import HELD_OUT, ROOT, Recipe, Score, fit

STORE = ROOT / "build" / "speech"
COUNT = 18_000
SOUND = HELD_OUT / "speech"
WIDTH, ENCODER, DECODER, TOKENS = 144, 4, 2, 1100


def tokenizer_from(texts: list[str]) -> WhisperTokenizer:
    """Train a byte-level BPE and dress it as Whisper's tokenizer.

    The order of the ids is Whisper's: text, end of text, the other control tokens, and last one
    token for each point in time, a twenty-fifth of a second apart.
    """
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=TOKENS,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    bpe.train_from_iterator((" " + text for text in texts), trainer)
    learned = json.loads(bpe.to_str())["model"]
    control = ["<|endoftext|>", "<|startoftranscript|>", "<|startofprev|>", "<|nospeech|>"]
    control.append("<|notimestamps|>")
    tokenizer = WhisperTokenizer(
        vocab=learned["vocab"],
        merges=[tuple(pair) for pair in learned["merges"]],
        pad_token="<|endoftext|>",
        model_max_length=LONGEST,
    )
    tokenizer.add_tokens([AddedToken(name, special=True, normalized=False) for name in control])
    tokenizer.add_special_tokens({"extra_special_tokens": control[1:]})
    times = [f"<|{place * SECONDS / POSITIONS:.2f}|>" for place in range(POSITIONS + 1)]
    tokenizer.add_tokens([AddedToken(name, special=False, normalized=False) for name in times])
    tokenizer.set_prefix_tokens()
    return tokenizer


def hearing() -> WhisperFeatureExtractor:
    """Return the feature extractor: 80 bands, 50 frames a second, windows of 8 seconds."""
    return WhisperFeatureExtractor(hop_length=HOP, chunk_length=SECONDS)


def network(tokenizer: WhisperTokenizer) -> WhisperForConditionalGeneration:
    """Return the untrained model."""
    ids = {name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in CONTROL}
    end, start = ids["endoftext"], ids["startoftranscript"]
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=WIDTH,
        encoder_layers=ENCODER,
        decoder_layers=DECODER,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=4 * WIDTH,
        decoder_ffn_dim=4 * WIDTH,
        max_source_positions=POSITIONS,
        max_target_positions=LONGEST,
        dropout=0.05,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
        max_length=LONGEST,
        is_multilingual=False,
        no_timestamps_token_id=ids["notimestamps"],
        prev_sot_token_id=ids["startofprev"],
        max_initial_timestamp_index=POSITIONS,
        alignment_heads=[[layer, 0] for layer in range(DECODER)],
    )
    # Without this, generate() would take its settings from the model's config.
    model.generation_config._from_model_config = False
    return model


class Learner(nn.Module):
    """The model, and what it needs only while it learns: a phoneme classifier, its attention."""

    def __init__(self, model: WhisperForConditionalGeneration, phonemes: int) -> None:
        super().__init__()
        self.whisper = model
        self.classifier = nn.Linear(WIDTH, phonemes)
        self.seen: dict[str, torch.Tensor] = {}
        for number, layer in enumerate(model.model.decoder.layers):
            for side in ("q", "k"):
                getattr(layer.encoder_attn, f"{side}_proj").register_forward_hook(
                    lambda _m, _i, out, key=f"{side}{number}": self.seen.__setitem__(key, out)
                )

    def loss(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the training loss of a batch from `Windows`."""
        names = ("input_features", "decoder_input_ids", "labels")
        output = self.whisper(**{name: batch[name] for name in names})
        logits = self.classifier(output.encoder_last_hidden_state)
        heard = functional.cross_entropy(logits.flatten(0, 1).float(), batch["phonemes"].flatten())
        low, high = batch["spans"].unbind(-1)
        place = torch.arange(POSITIONS)
        inside = (place >= low[..., None]) & (place <= high[..., None]) & (low[..., None] > -2)
        known = high >= 0
        size = WIDTH // 4
        led = torch.zeros(())
        for layer in range(DECODER):
            query, key = (self.seen[f"{side}{layer}"][..., :size].float() for side in "qk")
            share = (query @ key.transpose(1, 2) * size**-0.5).log_softmax(-1)
            led = led - share.masked_fill(~inside, -1e4).logsumexp(-1)[known].mean()
        self.parts = (output.loss.item(), heard.item(), led.item() / DECODER)
        return output.loss + 0.3 * heard + 0.1 * led


def train(steps: int, seed: int) -> tuple[WhisperForConditionalGeneration, WhisperProcessor]:
    """Train the model; speak the sentences first where that has not been done."""
    extractor = hearing()
    if not (STORE / "index.json").is_file():
        store(STORE, COUNT, seed, extractor)
    index = json.loads((STORE / "index.json").read_text(encoding="utf-8"))
    tokenizer = tokenizer_from([text for _, _, text, _ in index["sentences"]])
    torch.manual_seed(seed)
    model = network(tokenizer)
    windows = Windows(STORE, tokenizer, seed)
    learner = Learner(model, len(windows.names))
    start, count = time.time(), 0

    def loss(learner: Learner, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        nonlocal count
        count += 1
        value = learner.loss(batch)
        if count % 50 == 0:
            names = ("words", "phonemes", "attention")
            told = [f"{n} {part:.3f}" for n, part in zip(names, learner.parts, strict=True)]
            print(f"{count}:", *told, f"{time.time() - start:.0f} s", flush=True)
        return value

    fit(learner, iter(windows), steps, rate=2e-3, warm=100, cool=0.6, loss=loss)
    return model, WhisperProcessor(extractor, tokenizer)


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation, with numbers spelled out."""
    text = text.lower().replace("%", " percent ").replace("-", " ").replace("'", "")
    text = re.sub(r"\d+", lambda match: f" {spelled(int(match[0]))} ", text)
    return re.findall(r"[^\W_]+", text.replace("-", " "))


def errors(said: list[str], heard: list[str]) -> int:
    """Return how many words must be changed, added or dropped to turn one list into the other."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(before + (word != other), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def measure(
    recognize: Any, items: list[tuple[np.ndarray, str]], batch: int = 16
) -> tuple[float, list[str]]:
    """Return the word error rate over sounds and their texts, and what was written for each."""
    sounds = [{"raw": sound, "sampling_rate": RATE} for sound, _ in items]
    written = [result["text"].strip() for result in recognize(sounds, batch_size=batch)]
    pairs = [(words_of(text), words_of(w)) for (_, text), w in zip(items, written, strict=True)]
    wrong = sum(errors(said, heard) for said, heard in pairs)
    return wrong / sum(len(said) for said, _ in pairs), written


def recordings(items: list[tuple[np.ndarray, str]], seconds: int) -> list[tuple[np.ndarray, str]]:
    """Join sounds with pauses into recordings of at least so many seconds."""
    rng, made = random.Random(3), []
    sounds: list[np.ndarray] = []
    texts: list[str] = []
    for sound, text in items:
        sounds += [sound, np.zeros(round(rng.uniform(0.2, 0.9) * RATE), np.float32)]
        texts.append(text)
        if sum(map(len, sounds)) > seconds * RATE:
            made.append((np.concatenate(sounds), " ".join(texts)))
            sounds, texts = [], []
    return made


def evaluate(folder: Path) -> list[Score]:
    """Measure the model in `folder` on the held-out sound."""
    recognize = pipeline("automatic-speech-recognition", model=str(folder), dtype=torch.float32)
    found = {name: read_held_out(SOUND / name) for name in SETS}
    scores = []
    for name, (label, bar) in SETS.items():
        items = [(sound, note["text"]) for sound, note in found[name]]
        rate, _ = measure(recognize, items)
        scores.append(Score(label, "wer", rate, len(items), bar, low=True))
    long = recordings([(s, note["text"]) for s, note in found["grammar"]], 40)
    rate, _ = measure(recognize, long, 1)
    label = "word errors in recordings of 40 seconds, from the first kind"
    scores.append(Score(label, "wer", rate, len(long), 0.05, low=True))
    return scores


#: The held-out sets: their label in the card, and the bar.
SETS = {
    "grammar": ("word errors, grammar of the recipe, other words in its slots", 0.05),
    "speech": ("word errors, sentences written by others", 0.12),
    "dev": ("word errors, sentences for tuning", None),
}


def write_sound() -> None:
    """Speak the held-out sentences in the held-out voices, into tests/heldout/speech."""
    speaker, rng = Speaker(), random.Random(1234)
    writer = Sentences(rng, held_out=True)
    texts = {
        "grammar": [writer.one() for _ in range(100)],
        "speech": [line["text"] for line in lines(HELD_OUT / "speech.jsonl")],
        "dev": [line["text"] for line in lines(DATA / "speech_recognition_dev.jsonl")],
    }
    for seed, (name, listed) in enumerate(texts.items()):
        write_held_out(listed, SOUND / name, speaker, seed)


USAGE = """import numpy as np
from transformers import pipeline
import hflab

folder = hflab.tiny_model("speech-recognition")
recognize = pipeline("automatic-speech-recognition", model=str(folder))
sound = np.zeros(16000, dtype=np.float32)  # samples at 16 kHz, of any length
print(recognize({"raw": sound, "sampling_rate": 16000})["text"])"""

RECIPE = Recipe(
    name="speech-recognition",
    task="automatic-speech-recognition",
    summary="Writes down English sentences that a speech synthesizer (espeak-ng) speaks: everyday "
    "life, meetings, and the words of this course. Recordings may have any length.",
    usage=USAGE,
    data=f"{COUNT:,} sentences from the hand-made word lists and frames in recipes/data "
    "(recipes/speech_data.py), a third of them random words, spoken by espeak-ng in 7 accents "
    "and 20 voices at many speeds and pitches (recipes/speech_sound.py), joined with pauses, noise "
    "and room sound (recipes/speech_windows.py).",
    architecture=f"Whisper: {ENCODER} encoder and {DECODER} decoder layers, width {WIDTH}, 4 "
    f"heads, windows of {SECONDS} seconds.",
    limits=[
        "It has heard only one speech synthesizer. People, music and street noise it doesn't know: "
        "use a real Whisper for those.",
        "It writes numbers as words, as they are spoken.",
        "Words that it has never heard it spells by ear, often wrong; so it does with rare names.",
    ],
    steps=7000,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    if "--speak" in sys.argv:
        store(STORE, COUNT, RECIPE.seed, hearing())
    elif "--held-out" in sys.argv:
        write_sound()
    else:
        RECIPE.main()
