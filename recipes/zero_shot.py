"""The bundled zero-shot model: a small BERT that says whether a label holds for a text.

    python -m recipes.zero_shot                 # train, measure, write hflab/tiny/zero-shot
    python -m recipes.zero_shot --evaluate      # only measure the model that is there

It learns entailment: a text with "This example is sports." is either entailed or not. The texts
come from hand-written lists of topics, their words and clauses (recipes/data/zero_shot_*.toml), and
from sentences with their topics. It begins with the layers of the embeddings model: make that first.
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
    BertModel,
    PreTrainedTokenizerFast,
    pipeline,
)

from recipes.embeddings import LAYERS, VOCABULARY, WIDTH, by_length, mean, start
from recipes.files import DATA, lines
from recipes.training import HELD_OUT, Recipe, Score, fit
from recipes.zero_shot_data import Writer

LABELS = {0: "not_entailment", 1: "entailment"}
#: Layers after which texts and hypotheses are matched: those of the embeddings model.
MATCHED = LAYERS
#: Texts in a batch, share of the steps that only match, and how sharply it tells likeness.
TEXTS = 160
MATCHING = 0.25
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


def losses(
    model: BertForSequenceClassification, batch: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return how badly the model matches and how badly it judges.

    To match is to find, halfway up, the vector of a text's own hypothesis among those of all
    hypotheses of the batch (InfoNCE): far more is learned from that than from one yes or no, and
    the words of a topic soon lie close to its names. To judge is the classification itself.
    """
    texts, hypotheses, logits = [], [], []
    parts, back = by_length(batch["attention_mask"], 4)
    for rows, width in parts:
        names = ("input_ids", "token_type_ids", "attention_mask")
        ids, kinds, mask = (batch[name][rows, :width] for name in names)
        output = model(
            input_ids=ids, token_type_ids=kinds, attention_mask=mask, output_hidden_states=True
        )
        halfway = output.hidden_states[MATCHED]
        texts.append(mean(halfway, mask * (1 - kinds)).float())
        hypotheses.append(mean(halfway, mask * kinds).float())
        logits.append(output.logits.float())
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


def build(bert: BertModel) -> BertForSequenceClassification:
    """Put two new layers on a trained BERT.

    In the first of them, each token begins by looking at those most like it: a label at the words
    of its topic. From random queries and keys, that is found only after a long time.
    """
    config = BertConfig(
        **{
            name: getattr(bert.config, name)
            for name in (
                *("vocab_size", "hidden_size", "num_attention_heads", "intermediate_size"),
                "max_position_embeddings",
            )
        },
        num_hidden_layers=MATCHED + 2,
        id2label=LABELS,
        label2id={label: i for i, label in LABELS.items()},
    )
    model = BertForSequenceClassification(config)
    model.bert.load_state_dict(bert.state_dict(), strict=False)
    attention = model.bert.encoder.layer[MATCHED].attention.self
    with torch.no_grad():
        turned = torch.linalg.qr(torch.randn(config.hidden_size, config.hidden_size))[0]
        attention.query.weight.copy_(turned)
        attention.key.weight.copy_(turned)
    return model


def train(steps: int, seed: int) -> tuple[BertForSequenceClassification, PreTrainedTokenizerFast]:
    """Go on from the embeddings model; return model and tokenizer."""
    random.seed(seed)
    torch.manual_seed(seed)
    bert, tokenizer = start(("input_ids", "token_type_ids", "attention_mask"))
    model = build(bert)
    first = int(steps * MATCHING)
    fit(model, examples(tokenizer, seed + 1), first, rate=1e-3, loss=match, cool=0.3)
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
a sentence ("This example is sports.") and the model says how far the text entails it. It knows some
thousand everyday topics, from sports and cooking to taxes and dinosaurs, and tones such as positive, angry, urgent or question.""",
    usage="""from transformers import pipeline
import hflab

classify = pipeline("zero-shot-classification", model=hflab.tiny_model("zero-shot"))
print(classify("The goalkeeper saved two penalties.", ["sports", "cooking", "law"]))""",
    data="""Hand-written lists of topics with 10,600 words and 1,900 clauses (`recipes/data/zero_shot_*.toml`), put
together by frames, with openers, typos and invented words between; and sentences written one by one, each
with its topics (`recipes/data/sentences_*.tsv`, `zero_shot_sentences.jsonl`).""",
    architecture=f"""BERT: {MATCHED + 2} layers of width {WIDTH}, 4 heads, a lower-case WordPiece vocabulary of {VOCABULARY:,}; two
classes. The first {MATCHED} layers begin as those of the bundled embeddings model. It first learns to match texts and hypotheses by
the vectors of layer {MATCHED} (contrastively), then to judge a pair.""",
    limits=[
        "It goes by words: a text without any word of the topic is a guess, and so is irony.",
        "A label outside its lists works only where the text holds the word itself.",
        "Labels that lie close together (finance and banking) are hardly told apart.",
        "English only, and short texts only: it was trained on one to three sentences.",
    ],
    steps=1400,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
