"""Makes the bundled named-entity model: people, organizations, places and miscellaneous names.

python -m recipes.ner
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    BertForTokenClassification,
    PreTrainedTokenizerFast,
    pipeline,
)

from recipes.files import DATA, lines
from recipes.ner_data import Writer
from recipes.training import HELD_OUT, IGNORE, Recipe, Score, batches, fit, wordpiece

KINDS = ("PER", "ORG", "LOC", "MISC")
LABELS = ["O", *(f"{mark}-{kind}" for kind in KINDS for mark in "BI")]
BAR = 0.85
LONGEST = 256
RATE = 2e-3
TOKENS = 2048

Span = tuple[int, int, str]


class Pieces:
    """Turns tagged words into ids and labels, as the tokenizer does, and sometimes finer."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> None:
        """Cut as tokenizer does; what is cut finer or hidden is drawn from rng."""
        self.vocabulary = tokenizer.get_vocab()
        self.rng = rng
        self.encode = cache(lambda word: tokenizer.encode(word, add_special_tokens=False))
        self.words = cache(
            lambda word: [
                part for part, _ in tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str(word)
            ]
        )
        self.first, self.last = tokenizer.cls_token_id, tokenizer.sep_token_id
        self.mask = tokenizer.mask_token_id

    def finer(self, word: str) -> list[int]:
        """Return the ids of a word that is cut into smaller pieces than need be."""
        ids = []
        for part in self.words(word):
            start = 0
            while start < len(part):
                for end in range(min(len(part), start + self.rng.randint(1, 4)), start, -1):
                    piece = ("##" if start else "") + part[start:end]
                    if piece in self.vocabulary:
                        ids.append(self.vocabulary[piece])
                        break
                else:
                    return self.encode(word)
                start = end
        return ids

    def row(self, words: list[str], tags: list[str]) -> dict[str, list[int]]:
        """Return input_ids and labels of a text.

        All pieces of a name are labeled, so that the pipeline's groups hold them together: its
        first piece B-, all that follow I-.
        """
        ids, labels = [self.first], [IGNORE]
        for word, tag in zip(words, tags, strict=True):
            draw = self.rng.random()
            pieces = self.finer(word) if draw < 0.06 else self.encode(word)
            if draw > 0.98:
                pieces = [self.mask] * len(pieces)
            ids += pieces
            label = LABELS.index(tag)
            inside = LABELS.index("I" + tag[1:]) if tag != "O" else label
            labels += [label, *[inside] * (len(pieces) - 1)][: len(pieces)]
        cut = slice(LONGEST - 1)
        return {"input_ids": [*ids[cut], self.last], "labels": [*labels[cut], IGNORE]}


def examples(seed: int, pieces: Pieces) -> Iterator[dict[str, Any]]:
    """Write rows for training without end."""
    writer = Writer(seed)
    while True:
        yield pieces.row(*writer.text())


def train(steps: int, seed: int) -> Iterable[Any]:
    """Make the tokenizer, and train a small BERT from nothing."""
    torch.manual_seed(seed)
    writer = Writer(seed + 1)
    written = (" ".join(writer.text()[0]) for _ in range(40_000))
    # What is known best stays in one piece; it comes up again as often as an ordinary word.
    known = [" ".join(writer.lexicon.known())] * 40
    tokenizer = wordpiece(chain(written, known), 8_000, model_max_length=LONGEST)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=512,
        max_position_embeddings=LONGEST,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
    )
    model = BertForTokenClassification(config)
    pieces = Pieces(tokenizer, random.Random(seed))
    pads = {"input_ids": config.pad_token_id, "labels": IGNORE}
    fit(model, batches(examples(seed, pieces), pads, tokens=TOKENS), steps, rate=RATE)
    return model, tokenizer


def spans(tags: list[str]) -> set[Span]:
    """Return the entities of a row of tags: first word, behind the last word, kind."""
    found: list[list[Any]] = []
    before = "O"
    for i, tag in enumerate(tags):
        if tag != "O":
            if tag[0] == "B" or before[1:] != tag[1:]:
                found.append([i, i, tag[2:]])
            found[-1][1] = i + 1
        before = tag
    return {(start, end, kind) for start, end, kind in found}


def plain_text(words: list[str]) -> tuple[str, list[int]]:
    """Join words as they are written, without spaces before commas and the like.

    Returns:
        The text, and where in it each word starts.
    """
    text, starts, quotes = "", [], 0
    for word in words:
        opens = word == '"' and quotes % 2 == 0
        quotes += word == '"'
        tight = re.match(r"[,.;:?!)%\]]|['’](s|t|re|ve|ll|d|m)?$|n't$|-based|\.\.\.", word)
        closes = word == '"' and not opens
        if text and not (tight or closes or text[-1] in "($€£[" or text.endswith("\0")):
            text += " "
        starts.append(len(text.replace("\0", "")))
        text += word + ("\0" if opens else "")
    return text.replace("\0", ""), starts


def f1(pairs: Iterable[tuple[set[Any], set[Any]]]) -> float:
    """Return the F1 of all found against all true entities."""
    hits = found = true = 0
    for found_here, true_here in pairs:
        hits += len(found_here & true_here)
        found += len(found_here)
        true += len(true_here)
    return 2 * hits / max(found + true, 1)


@torch.no_grad()
def tag(model: Any, tokenizer: Any, words: list[str]) -> list[str]:
    """Return a tag for each word: that of its first piece."""
    encoded = tokenizer(words, is_split_into_words=True, truncation=True, return_tensors="pt")
    best = model(**encoded).logits[0].argmax(-1).tolist()
    tags = ["O"] * len(words)
    before = None
    for number, label in zip(encoded.word_ids(), best, strict=True):
        if number is not None and number != before:
            tags[number] = model.config.id2label[label]
        before = number
    return tags


def evaluate(folder: Path) -> list[Score]:
    """Measure the model word by word, and through the pipeline on plain text."""
    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ner = pipeline(
        "token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple"
    )
    scores = []
    sets = [("sentences by other people", HELD_OUT / "ner.jsonl", BAR)]
    sets.append(("the tuning sentences", DATA / "ner_dev.jsonl", None))
    for label, path, bar in sets:
        rows = lines(path)
        true = [spans(row["tags"]) for row in rows]
        count = sum(map(len, true))
        found = [spans(tag(model, tokenizer, row["words"])) for row in rows]
        score = f1(zip(found, true, strict=True))
        scores.append(Score(f"names in {label}", "f1", score, count, bar))
        pairs = []
        for row, names in zip(rows, true, strict=True):
            text, starts = plain_text(row["words"])
            ends = [start + len(word) for start, word in zip(starts, row["words"], strict=True)]
            groups = {(g["start"], g["end"], g["entity_group"]) for g in ner(text)}
            pairs.append((groups, {(starts[a], ends[b - 1], kind) for a, b, kind in names}))
        score = f1(pairs)
        scores.append(Score(f"names in {label}, by the pipeline's groups", "f1", score, count))
    return scores


RECIPE = Recipe(
    name="ner",
    task="token-classification",
    summary=(
        "Finds names in English text and says what they name: people (PER), organizations (ORG), "
        "places (LOC), and nationalities, languages, events, works and products (MISC). "
        "The labels are those of CoNLL-2003. Upper and lower case matter."
    ),
    usage=(
        "import hflab\nfrom transformers import pipeline\n\n"
        'ner = pipeline("token-classification", model=hflab.tiny_model("ner"), '
        'aggregation_strategy="simple")\n'
        'print(ner("Maria Lopez works for Siemens in Lisbon."))'
    ),
    data=(
        "Sentences that a grammar of a thousand frames writes from hand-made lists of names, "
        "places, organizations, titles and ordinary words; about a third of the names are made up."
    ),
    architecture=(
        "BertForTokenClassification: 4 layers, hidden size 128, 4 heads, a cased WordPiece "
        f"vocabulary of 8,000, at most {LONGEST} tokens."
    ),
    limits=[
        "It is a course model: it goes by word lists, word shapes and phrasings, not by knowledge.",
        "Text in lower case or in capitals, headlines and tables are read badly.",
        "English only.",
    ],
    steps=1_700,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
