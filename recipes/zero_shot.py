"""The bundled zero-shot model: a small BERT that says whether a label holds for a text.

    python -m recipes.zero_shot                 # train, measure, write hflab/tiny/zero-shot
    python -m recipes.zero_shot --evaluate      # only measure the model that is there

It learns entailment: a text with "This example is sports." is either entailed or not. The texts
come from hand-written lists of topics, their words and clauses (recipes/data/zero_shot_*.toml).
"""

# ruff: noqa: E501 - the card is prose
from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import torch
from torch.nn import functional
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    pipeline,
)

from recipes.training import DATA, HELD_OUT, Recipe, Score, fit, lines, wordpiece
from recipes.zero_shot_data import Writer

VOCABULARY = 11000
LAYERS = 4
LABELS = {0: "not_entailment", 1: "entailment"}
#: Texts in a batch, share of the steps that only match, and how sharply it tells likeness.
TEXTS = 160
MATCHING = 0.35
TEMPERATURE = 0.05
BAR = 0.80


def examples(
    tokenizer: PreTrainedTokenizerFast, seed: int, size: int = TEXTS
) -> Iterator[dict[str, torch.Tensor]]:
    """Yield batches of texts, each read together with a hypothesis of the batch; endless, seeded.

    Besides what the model is given: `labels` (1 where the hypothesis holds), `partner` (whose
    hypothesis each text is read with) and `wrong` (texts, texts), where whose does not hold.
    """
    writer, rng = Writer(seed), random.Random(seed + 1)
    while True:
        items, wrong = writer.batch(size)
        partner = list(range(size))
        moved = [i for i in partner if rng.random() < 0.65]
        for i, j in zip(moved, rng.sample(moved, len(moved)), strict=True):
            if wrong[i][j]:
                partner[i] = j
        batch = tokenizer(
            [item.text for item in items],
            [items[j].hypothesis for j in partner],
            padding=True,
            truncation="only_first",
            max_length=128,
            return_tensors="pt",
        )
        yield dict(batch) | {
            "labels": torch.tensor([int(i == j) for i, j in enumerate(partner)]),
            "partner": torch.tensor(partner),
            "wrong": torch.tensor(wrong),
        }


def mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Average the hidden states (texts, tokens, width) of the tokens that the mask keeps."""
    kept = mask[..., None].to(hidden.dtype)
    return ((hidden * kept).sum(1) / kept.sum(1)).float()


def losses(
    model: BertForSequenceClassification, batch: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return how badly the model matches and how badly it judges.

    To match is to find, halfway up, the vector of a text's own hypothesis among those of all
    hypotheses of the batch (InfoNCE): far more is learned from that than from one yes or no, and
    the words of a topic soon lie close to its names. To judge is the classification itself.
    """
    lengths = batch["attention_mask"].sum(1)
    order = lengths.argsort()
    texts, hypotheses, logits = [], [], []
    # Short pairs go through the model together, so that little time is spent on padding.
    for rows in order.chunk(4):
        names = ("input_ids", "token_type_ids", "attention_mask")
        ids, kinds, mask = (batch[name][rows, : int(lengths[rows].max())] for name in names)
        output = model(
            input_ids=ids, token_type_ids=kinds, attention_mask=mask, output_hidden_states=True
        )
        halfway = output.hidden_states[LAYERS // 2]
        texts.append(mean(halfway, mask * (1 - kinds)))
        hypotheses.append(mean(halfway, mask * kinds))
        logits.append(output.logits.float())
    back = order.argsort()
    left = functional.normalize(torch.cat(texts)[back], dim=-1)
    right = functional.normalize(torch.cat(hypotheses)[back], dim=-1)
    # Row i of `right` is the hypothesis of text partner[i].
    partner = batch["partner"]
    wrong = batch["wrong"][:, partner]
    own = partner == torch.arange(len(left))[:, None]
    likeness = (left @ right.T / TEMPERATURE).masked_fill(~wrong & ~own, -1e4)
    found = own.any(1)
    hits = torch.logsumexp(likeness.masked_fill(~own, -1e4), 1)
    matching = (torch.logsumexp(likeness, 1) - hits)[found].mean()
    return matching, functional.cross_entropy(torch.cat(logits)[back], batch["labels"])


def match(model: BertForSequenceClassification, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the loss of the first steps: matching alone."""
    return losses(model, batch)[0]


def judge(model: BertForSequenceClassification, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the loss of the later steps: judging, while matching goes on."""
    matching, judging = losses(model, batch)
    return judging + 0.2 * matching


def vocabulary(seed: int, size: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """Train the tokenizer: on texts, and on every listed word, so that most are one token."""
    writer = Writer(seed)
    texts = [part for item in writer.batch(4000)[0] for part in (item.text, item.hypothesis)]
    listed = [form for topic in writer.topics.values() for form in topic.forms]
    return wordpiece(
        [*texts, *listed * 5],
        size,
        lowercase=True,
        model_max_length=256,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def build(size: int) -> BertForSequenceClassification:
    """Make the untrained model for a vocabulary of this size.

    In the layer after the matching, each token begins by looking at those most like it: a label
    at the words of its topic. From random queries and keys, that is found only after a long time.
    """
    config = BertConfig(
        vocab_size=size,
        hidden_size=112,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        intermediate_size=448,
        max_position_embeddings=256,
        id2label=LABELS,
        label2id={label: i for i, label in LABELS.items()},
    )
    model = BertForSequenceClassification(config)
    attention = model.bert.encoder.layer[LAYERS // 2].attention.self
    with torch.no_grad():
        turned = torch.linalg.qr(torch.randn(112, 112))[0]
        attention.query.weight.copy_(turned)
        attention.key.weight.copy_(turned)
    return model


def train(steps: int, seed: int) -> tuple[BertForSequenceClassification, PreTrainedTokenizerFast]:
    """Train model and tokenizer from nothing."""
    random.seed(seed)
    torch.manual_seed(seed)
    tokenizer = vocabulary(seed)
    model = build(len(tokenizer))
    first = int(steps * MATCHING)
    fit(model, examples(tokenizer, seed + 1), first, rate=2e-3, loss=match, cool=0.3)
    fit(model, examples(tokenizer, seed + 3), steps - first, rate=1e-3, loss=judge)
    return model, tokenizer


def accuracy(folder: Path, path: Path) -> tuple[float, int]:
    """Return the share of items whose right label comes first in the pipeline, and their number."""
    classify = pipeline(
        "zero-shot-classification", model=str(folder), dtype=torch.float32, device="cpu"
    )
    items = lines(path)
    right = [classify(item["text"], item["labels"])["labels"][0] == item["label"] for item in items]
    return sum(right) / len(right), len(right)


def evaluate(folder: Path) -> list[Score]:
    """Measure the right label on top, on the held-out texts and on those used for tuning."""
    held_out, count = accuracy(folder, HELD_OUT / "zero_shot.jsonl")
    tuning, tuned = accuracy(folder, DATA / "zero_shot_dev.jsonl")
    return [
        Score("right label on top of five, held-out texts", "accuracy", held_out, count, BAR),
        Score("right label on top, texts used for tuning", "accuracy", tuning, tuned),
    ]


RECIPE = Recipe(
    name="zero-shot",
    task="zero-shot-classification",
    summary="""A small BERT that tells which of your own labels fits a text. The pipeline turns each label into
a sentence ("This example is sports.") and the model says how far the text entails it. It knows about 230 everyday
topics, from sports and cooking to taxes and dinosaurs, and tones such as positive, angry, urgent or question.""",
    usage="""from transformers import pipeline
import hflab

classify = pipeline("zero-shot-classification", model=hflab.tiny_model("zero-shot"))
print(classify("The goalkeeper saved two penalties.", ["sports", "cooking", "law"]))""",
    data="""Hand-written lists of topics with 10,600 words and 1,900 clauses (`recipes/data/zero_shot_*.toml`), put
together by frames, with openers, typos and invented words between.""",
    architecture="""BERT: 4 layers, width 112, 4 heads, a lower-case WordPiece vocabulary of 11,000; two classes. It first learns
to match texts and hypotheses by the vectors of its second layer (contrastively), then to judge a pair.""",
    limits=[
        "It goes by words: a text without any word of the topic is a guess, and so is irony.",
        "A label outside its lists works only where the text holds the word itself.",
        "Labels that lie close together (finance and banking) are hardly told apart.",
        "English only, and short texts only: it was trained on one to three sentences.",
    ],
    steps=2000,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
