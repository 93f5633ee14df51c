"""The bundled sentiment model: a small DistilBERT that tells praise from complaint.

    python -m recipes.sentiment                 # train, measure, write hflab/tiny/sentiment
    python -m recipes.sentiment --steps 20      # a quick look that everything runs
    python -m recipes.sentiment --evaluate      # only measure the model that is there

The texts come from recipes/sentiment_data.py; tokenizer and weights start from nothing but the
seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from recipes.sentiment_data import LABELS, texts
from recipes.training import DATA, HELD_OUT, Recipe, Score, batches, fit, lines, wordpiece

BAR = 0.92
VOCABULARY, HIDDEN, LAYERS = 9000, 128, 3


def examples(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[dict[str, Any]]:
    """Yield tokenized texts with their labels, endlessly; a tenth of the words is masked.

    So no single word decides, and the sentences that come again are never quite the same.
    """
    rng = random.Random(seed)
    for text, label in texts(seed):
        ids = tokenizer(text)["input_ids"]
        ids = [ids[0], *(tokenizer.mask_token_id if rng.random() < 0.1 else i for i in ids[1:])]
        yield {"input_ids": ids, "labels": label}


def train(steps: int, seed: int) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Train tokenizer and model; return both."""
    sample = (text for text, _ in islice(texts(seed), 60_000))
    tokenizer = wordpiece(sample, VOCABULARY, lowercase=True, model_max_length=256)
    torch.manual_seed(seed)
    config = DistilBertConfig(
        vocab_size=len(tokenizer),
        dim=HIDDEN,
        hidden_dim=4 * HIDDEN,
        n_layers=LAYERS,
        n_heads=4,
        max_position_embeddings=256,
        dropout=0.2,
        attention_dropout=0.1,
        seq_classif_dropout=0.1,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(LABELS)),
        label2id={label: i for i, label in enumerate(LABELS)},
    )
    model = DistilBertForSequenceClassification(config)
    pads = {"input_ids": tokenizer.pad_token_id}
    fit(model, batches(examples(tokenizer, seed + 1), pads, tokens=2048), steps, rate=1e-3)
    return model, tokenizer


def answers(folder: Path, written: list[str]) -> list[str]:
    """Return the label that the saved model gives to each text."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype="float32")
    found: list[str] = []
    for start in range(0, len(written), 64):
        inputs = tokenizer(written[start : start + 64], padding=True, return_tensors="pt")
        with torch.no_grad():
            best = model(**inputs).logits.argmax(-1)
        found += [model.config.id2label[int(i)] for i in best]
    return found


def evaluate(folder: Path) -> list[Score]:
    """Measure the accuracy on the held-out sentences, and on those used for tuning."""
    scores = []
    for path, label, bar in (
        (HELD_OUT / "sentiment.jsonl", "accuracy on everyday sentences", BAR),
        (DATA / "sentiment_dev.jsonl", "accuracy on sentences used for tuning", None),
    ):
        rows = lines(path)
        found = answers(folder, [row["text"] for row in rows])
        right = sum(row["label"] == answer for row, answer in zip(rows, found, strict=True))
        scores.append(Score(label, "accuracy", right / len(rows), len(rows), bar))
    return scores


RECIPE = Recipe(
    name="sentiment",
    task="text-classification",
    summary=(
        "Says whether an English sentence is pleased (POSITIVE) or displeased (NEGATIVE): reviews, "
        "service, work, travel, school, health, weather, courses and AI. It follows negation, "
        "contrast and events that imply a feeling."
    ),
    usage=(
        "from transformers import pipeline\n\nimport hflab\n\n"
        'classify = pipeline("text-classification", model=hflab.tiny_model("sentiment"))\n'
        'print(classify("The food was great, but the service ruined the evening."))'
    ),
    data=(
        "Texts written by a grammar from hand-made lists (about 4,500 words and phrases of "
        "feeling, 1,900 events of everyday life and 2,000 frames, each of which says how the "
        "feeling of its parts makes the feeling of the whole), and 2,300 sentences written by "
        "hand. Typing noise and, in the grammar's texts, invented words are mixed in."
    ),
    architecture=(
        f"DistilBertForSequenceClassification, {LAYERS} layers of width {HIDDEN}, 4 heads, a "
        f"WordPiece vocabulary of {VOCABULARY:,} lower-case tokens."
    ),
    limits=[
        "New wordings are often misread: it knows feelings only from its lists, and has never seen "
        "real text. Events that only imply a feeling are its weakest point.",
        "Of the 178 sentences used for tuning, the first 114 showed which kinds of phrasing were "
        "missing, so they are mostly right; the last 64 came later and are the harder test.",
        "There is no neutral label: a sentence without feeling gets one of the two at random.",
        "Irony without a sign of it, and words or events outside its lists, are often misread.",
        "English only; texts of one to three sentences.",
    ],
    steps=2600,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
