"""The bundled embeddings model: a small BERT whose vectors lie close where texts mean the same.

    python -m recipes.embeddings                # train, measure, write hflab/tiny/embeddings
    python -m recipes.embeddings --evaluate     # only measure the model that is there

A text's vector is the mean of its tokens' last hidden states. In training, each text has to find
its partner among all the others of the batch; besides, some of its words are hidden and have to be
guessed, and of some texts it is known whether the writer is pleased. The pairs come from
recipes/embeddings_data.py. Other recipes begin with this model's layers: see `start`.
"""

# ruff: noqa: E501 - the card is prose
from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerFast

from recipes.embeddings_data import Writer
from recipes.files import DATA, lines
from recipes.training import HELD_OUT, IGNORE, TINY, Recipe, Score, fit, wordpiece

VOCABULARY, WIDTH, LAYERS = 12000, 128, 4
PAIRS = 200
#: The share of the words that are hidden in longer texts.
HIDDEN = 0.12
TEMPERATURE = 0.05
BAR = 0.85


def examples(
    tokenizer: PreTrainedTokenizerFast, seed: int, size: int = PAIRS
) -> Iterator[dict[str, torch.Tensor]]:
    """Yield batches: first the left texts of all pairs, then, in the same order, the right ones.

    `apart` (pairs, pairs) is false where two pairs may mean the same; `labels` holds the hidden
    tokens, and IGNORE elsewhere; `tones` is 1 for pleased, 0 for displeased, IGNORE otherwise.
    """
    generator = torch.Generator().manual_seed(seed)
    tones = {"+": 1, "-": 0, "": IGNORE}
    for pairs, apart in Writer(seed).batches(size):
        texts = [pair.left for pair in pairs] + [pair.right for pair in pairs]
        batch = tokenizer(texts, padding=True, truncation=True, max_length=64, return_tensors="pt")
        ids, mask = batch["input_ids"], batch["attention_mask"]
        long = mask.sum(1, keepdim=True) > 8
        hidden = torch.rand(ids.shape, generator=generator) < HIDDEN
        hidden &= long & mask.bool() & (ids > tokenizer.sep_token_id)
        yield {
            "input_ids": ids.masked_fill(hidden, tokenizer.mask_token_id),
            "attention_mask": mask,
            "labels": ids.masked_fill(~hidden, IGNORE),
            "tones": torch.tensor([tones[pair.tone] for pair in pairs] * 2),
            "apart": torch.tensor(apart),
        }


def mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Average the hidden states (texts, tokens, width) of the tokens that the mask keeps."""
    kept = mask[..., None].to(hidden.dtype)
    return (hidden * kept).sum(1) / kept.sum(1)


def by_length(
    mask: torch.Tensor, count: int
) -> tuple[list[tuple[torch.Tensor, int]], torch.Tensor]:
    """Part a batch so that short texts go through a model together, with little padding.

    Args:
        mask: The attention mask (texts, tokens).
        count: How many parts.

    Returns:
        The rows of each part with the tokens of its longest text; and the order that brings
            results of the parts, one after the other, back to the batch's.
    """
    lengths = mask.sum(1)
    order = lengths.argsort()
    parts = [(rows, int(lengths[rows].max())) for rows in order.chunk(count)]
    return parts, order.argsort()


class Learner(nn.Module):
    """The model, and what it needs only while it learns: to guess words, to tell the tone."""

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        self.bert = bert
        width = bert.config.hidden_size
        self.guess = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.tone_classifier = nn.Linear(width, 2)

    def loss(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return how badly each text finds its partner (InfoNCE), and a share of the rest."""
        vectors, guesses, hidden = [], [], []
        parts, back = by_length(batch["attention_mask"], 5)
        for rows, width in parts:
            ids, mask, labels = (
                batch[name][rows, :width] for name in ("input_ids", "attention_mask", "labels")
            )
            states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
            vectors.append(mean(states, mask))
            guesses.append(self.guess(states[labels != IGNORE]))
            hidden.append(labels[labels != IGNORE])
        means = torch.cat(vectors)[back].float()
        left, right = functional.normalize(means, dim=-1).chunk(2)
        likeness = (left @ right.T / TEMPERATURE).masked_fill(~batch["apart"], -1e4)
        target = torch.arange(len(left))
        found = functional.cross_entropy(likeness, target)
        found = (found + functional.cross_entropy(likeness.T, target)) / 2
        words = torch.cat(guesses) @ self.bert.embeddings.word_embeddings.weight.T
        guessed = functional.cross_entropy(words.float(), torch.cat(hidden))
        told = functional.cross_entropy(
            self.tone_classifier(means), batch["tones"], ignore_index=IGNORE
        )
        return found + 0.2 * guessed + 0.3 * told


def vocabulary(seed: int, size: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """Train the tokenizer: on texts, and on every listed word, so that most are one token."""
    writer = Writer(seed)
    pairs = [pair for batch, _ in islice(writer.batches(PAIRS), 30) for pair in batch]
    texts = [text for pair in pairs for text in (pair.left, pair.right)]
    return wordpiece([*texts, *writer.listed() * 3], size, lowercase=True, model_max_length=256)


def build(size: int) -> BertModel:
    """Make the untrained model for a vocabulary of this size."""
    return BertModel(
        BertConfig(
            vocab_size=size,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=4,
            intermediate_size=4 * WIDTH,
            max_position_embeddings=256,
        )
    )


def train(steps: int, seed: int) -> tuple[BertModel, PreTrainedTokenizerFast]:
    """Train model and tokenizer from nothing."""
    random.seed(seed)
    torch.manual_seed(seed)
    tokenizer = vocabulary(seed)
    model = build(len(tokenizer))
    fit(Learner(model), examples(tokenizer, seed + 1), steps, rate=2e-3, loss=Learner.loss)
    return model, tokenizer


def start(inputs: Sequence[str]) -> tuple[BertModel, PreTrainedTokenizerFast]:
    """Return the trained model, for another recipe to go on from.

    Args:
        inputs: What the other model takes, such as "input_ids" and "attention_mask"; the tokenizer
            gives these, also after it was saved and loaded again.
    """
    folder = TINY / RECIPE.name
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is missing: run python -m recipes.embeddings first")
    model = AutoModel.from_pretrained(folder, dtype=torch.float32)
    return model, AutoTokenizer.from_pretrained(folder, model_input_names=list(inputs))


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
    summary="""A small BERT that turns a text into a vector of 128 numbers. Texts that mean the same get vectors
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
    data="""11,000 sentences with their rephrasings and 3,700 questions with answers, all written one by one
(`recipes/data/sentences_*.tsv`, `queries*.tsv`, `embeddings_pairs.jsonl`); lists of 463 everyday meanings in 2,800 wordings, 1,066
groups of synonyms, 45 frames that say the same of anything, and the topics of the zero-shot model.""",
    architecture=f"""BERT: {LAYERS} layers of width {WIDTH}, 4 heads, a lower-case WordPiece vocabulary of {VOCABULARY:,}. Trained
contrastively: each text finds its partner among about 190, temperature 0.05; besides, it guesses hidden words and tells praise from
complaint, with parts that are thrown away. The pooler is not trained.""",
    limits=[
        "Everyday English in short texts: questions, statements, answers of a sentence or two.",
        "It goes by words and known paraphrases; an answer that shares neither with its question is not found.",
        "Negation and numbers hardly change a vector.",
        "Use the mean over tokens; the pooler's output means nothing.",
        "Of the 240 held-out texts, 7 also stand among the training's; without them the score is the same (98 of 113).",
    ],
    steps=2600,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
