"""The bundled sentiment model: a small DistilBERT that tells praise from complaint.

    python -m recipes.sentiment                 # train, measure, write hflab/tiny/sentiment
    python -m recipes.sentiment --steps 20      # a quick look that everything runs
    python -m recipes.sentiment --evaluate      # only measure the model that is there

The texts come from recipes/sentiment_data.py. It begins with the layers of the embeddings model,
which has learned what words have to do with each other: make that one first.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertModel,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from recipes.embeddings import LAYERS, VOCABULARY, WIDTH, start
from recipes.files import DATA, lines
from recipes.sentiment_data import LABELS, texts
from recipes.training import HELD_OUT, Recipe, Score, batches, fit

BAR = 0.92
#: What the parts of a BERT are called in a DistilBERT.
NAMES = {
    "encoder.layer": "transformer.layer",
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
    "embeddings.token_type_embeddings.weight": "token_types",
}


def examples(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[dict[str, Any]]:
    """Yield tokenized texts with their labels, endlessly; a few of the words are masked.

    So no single word decides, and the sentences that come again are never quite the same.
    """
    rng = random.Random(seed)
    for text, label in texts(seed):
        ids = tokenizer(text)["input_ids"]
        ids = [ids[0], *(tokenizer.mask_token_id if rng.random() < 0.12 else i for i in ids[1:])]
        yield {"input_ids": ids, "labels": label}


def distilled(bert: BertModel, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """Put a BERT's weights into a DistilBERT, which is the same but for token types and pooler."""
    config = DistilBertConfig(
        vocab_size=bert.config.vocab_size,
        dim=bert.config.hidden_size,
        hidden_dim=bert.config.intermediate_size,
        n_layers=bert.config.num_hidden_layers,
        n_heads=bert.config.num_attention_heads,
        max_position_embeddings=bert.config.max_position_embeddings,
        dropout=0.2,
        attention_dropout=0.1,
        seq_classif_dropout=0.2,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(LABELS)),
        label2id={label: i for i, label in enumerate(LABELS)},
    )
    model = DistilBertForSequenceClassification(config)
    weights = {}
    for name, weight in bert.state_dict().items():
        for old, new in NAMES.items():
            name = name.replace(old, new)
        weights[name] = weight
    # All texts are of the first type, so its vector joins the places' vectors.
    places = "embeddings.position_embeddings.weight"
    weights[places] = weights[places] + weights.pop("token_types")[0]
    missing, extra = model.distilbert.load_state_dict(weights, strict=False)
    if missing or any("pooler" not in name for name in extra):
        raise ValueError(f"The weights do not fit: {missing} missing, {extra} left over.")
    return model


def train(steps: int, seed: int) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Go on from the embeddings model; return model and tokenizer."""
    torch.manual_seed(seed)
    bert, tokenizer = start(("input_ids", "attention_mask"))
    model = distilled(bert, tokenizer)
    pads = {"input_ids": tokenizer.pad_token_id}
    fit(model, batches(examples(tokenizer, seed + 1), pads, tokens=2048), steps, rate=8e-4)
    return model, tokenizer


def answers(folder: Path, written: list[str]) -> list[str]:
    """Return the label that the saved model gives to each text."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype="float32")
    found: list[str] = []
    for first in range(0, len(written), 64):
        inputs = tokenizer(written[first : first + 64], padding=True, return_tensors="pt")
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
        "feeling of its parts makes the feeling of the whole), and 27,000 sentences written "
        "one by one. Typing noise and, in the grammar's texts, invented words are mixed in."
    ),
    architecture=(
        f"DistilBertForSequenceClassification, {LAYERS} layers of width {WIDTH}, 4 heads, a "
        f"WordPiece vocabulary of {VOCABULARY:,} lower-case tokens. Its layers begin as those of "
        "the bundled embeddings model."
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
    steps=5500,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
