"""The bundled embeddings model: a small BERT whose vectors lie close where texts mean the same.

    python -m recipes.embeddings                # train, measure, write hflab/tiny/embeddings
    python -m recipes.embeddings --evaluate     # only measure the model that is there

A text's vector is the mean of its tokens' last hidden states. In training, each text has to find
its partner among all the others of the batch. The pairs come from recipes/data/embeddings_*.toml.
"""

# ruff: noqa: E501 - the card is prose
from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerFast

from recipes.embeddings_data import Writer
from recipes.training import DATA, HELD_OUT, Recipe, Score, fit, lines, wordpiece

VOCABULARY = 12000
PAIRS = 200
TEMPERATURE = 0.05
BAR = 0.85


def examples(
    tokenizer: PreTrainedTokenizerFast, seed: int, size: int = PAIRS
) -> Iterator[dict[str, torch.Tensor]]:
    """Yield batches: first the left texts of all pairs, then, in the same order, the right ones.

    `apart` (pairs, pairs) is false where two pairs may mean the same.
    """
    for pairs, apart in Writer(seed).batches(size):
        texts = [pair.left for pair in pairs] + [pair.right for pair in pairs]
        batch = tokenizer(texts, padding=True, truncation=True, max_length=64, return_tensors="pt")
        ids, mask = batch["input_ids"], batch["attention_mask"]
        yield {"input_ids": ids, "attention_mask": mask, "apart": torch.tensor(apart)}


def mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Average the hidden states (texts, tokens, width) of the tokens that the mask keeps."""
    kept = mask[..., None].to(hidden.dtype)
    return (hidden * kept).sum(1) / kept.sum(1)


def contrast(model: BertModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return how badly each text finds its partner among all of the batch (InfoNCE)."""
    lengths = batch["attention_mask"].sum(1)
    order = lengths.argsort()
    parts = []
    # Short texts go through the model together, so that little time is spent on padding.
    for rows in order.chunk(5):
        width = int(lengths[rows].max())
        ids, mask = (batch[name][rows, :width] for name in ("input_ids", "attention_mask"))
        parts.append(mean(model(input_ids=ids, attention_mask=mask).last_hidden_state, mask))
    vectors = functional.normalize(torch.cat(parts)[order.argsort()].float(), dim=-1)
    left, right = vectors.chunk(2)
    likeness = (left @ right.T / TEMPERATURE).masked_fill(~batch["apart"], -1e4)
    target = torch.arange(len(left))
    return (
        functional.cross_entropy(likeness, target) + functional.cross_entropy(likeness.T, target)
    ) / 2


def vocabulary(seed: int, size: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """Train the tokenizer: on texts, and on every listed word, so that most are one token."""
    writer = Writer(seed)
    texts = [text for pairs in islice(writer.batches(PAIRS), 30) for pair in pairs for text in pair]
    return wordpiece([*texts, *writer.listed() * 5], size, lowercase=True, model_max_length=256)


def build(size: int) -> BertModel:
    """Make the untrained model for a vocabulary of this size."""
    return BertModel(
        BertConfig(
            vocab_size=size,
            hidden_size=112,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=448,
            max_position_embeddings=256,
        )
    )


def train(steps: int, seed: int) -> tuple[BertModel, PreTrainedTokenizerFast]:
    """Train model and tokenizer from nothing."""
    random.seed(seed)
    torch.manual_seed(seed)
    tokenizer = vocabulary(seed)
    model = build(len(tokenizer))
    fit(model, examples(tokenizer, seed + 1), steps, rate=2e-3, loss=contrast)
    return model, tokenizer


def encode(
    model: BertModel, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]
) -> torch.Tensor:
    """Return one vector of length 1 a text, as (texts, width)."""
    batch = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
        ).last_hidden_state
    return functional.normalize(mean(hidden, batch["attention_mask"]), dim=-1)


def retrieval(folder: Path, path: Path) -> tuple[float, int]:
    """Return the share of queries whose own document is nearest in its group, and their number."""
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    shares, count = [], 0
    for group in lines(path):
        queries, documents = (
            encode(model, tokenizer, group[name]) for name in ("queries", "documents")
        )
        nearest = (queries @ documents.T).argmax(1)
        shares.append((nearest == torch.arange(len(queries))).float().mean().item())
        count += len(queries)
    return sum(shares) / len(shares), count


def evaluate(folder: Path) -> list[Score]:
    """Measure retrieval of paraphrases, on the held-out groups and on those used for tuning."""
    held_out, count = retrieval(folder, HELD_OUT / "embeddings.jsonl")
    tuning, tuned = retrieval(folder, DATA / "embeddings_dev.jsonl")
    return [
        Score("own paraphrase nearest of twenty, held-out", "retrieval@1", held_out, count, BAR),
        Score("own paraphrase nearest of twenty, used for tuning", "retrieval@1", tuning, tuned),
    ]


RECIPE = Recipe(
    name="embeddings",
    task="feature-extraction",
    summary="""A small BERT that turns a text into a vector of 112 numbers. Texts that mean the same get vectors
that point the same way, so that the nearest vector answers "which of these says the same?" The vector is the mean
of the last hidden states of all tokens.""",
    usage="""import torch
from transformers import AutoModel, AutoTokenizer
import hflab

folder = hflab.tiny_model("embeddings")
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder)
texts = ["I want my money back.", "How do I get a refund?", "It will rain."]
batch = tokenizer(texts, padding=True, return_tensors="pt")
mask = batch["attention_mask"][..., None]
with torch.no_grad():
    hidden = model(**batch).last_hidden_state
vectors = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
print(vectors @ vectors.T)""",
    data="""Hand-written: 463 everyday meanings in 2,800 wordings, 1,066 groups of synonyms, 45 frames that
say the same of anything (`recipes/data/embeddings_*.toml`), and the topics of the zero-shot model.""",
    architecture="""BERT: 3 layers, width 112, 4 heads, a lower-case WordPiece vocabulary of 12,000. Trained
contrastively: each text finds its partner among about 190, temperature 0.05. The pooler is not trained.""",
    limits=[
        "Everyday English in short texts: questions, statements, answers of a sentence or two.",
        "It goes by words and known paraphrases; an answer that shares neither with its question is not found.",
        "Negation and numbers hardly change a vector.",
        "Use the mean over tokens; the pooler's output means nothing.",
    ],
    steps=1500,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
