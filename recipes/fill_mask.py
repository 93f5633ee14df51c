"""The bundled fill-mask model: a small BERT that finds the missing word of an ordinary sentence.

    python -m recipes.fill_mask                 # train, measure, write hflab/tiny/fill-mask
    python -m recipes.fill_mask --steps 20      # a quick look that everything runs
    python -m recipes.fill_mask --evaluate      # only measure the model that is there

The sentences come from recipes/fill_mask_data.py. Every word that stands in them often enough is
one token of its own, so that one mask stands for one word.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from recipes import written
from recipes.files import DATA, lines
from recipes.fill_mask_data import sentences
from recipes.training import HELD_OUT, IGNORE, Recipe, Score, batches, fit, wordpiece

BAR = 0.85
PIECES, WORDS, HIDDEN, LAYERS = 1000, 7000, 160, 3
#: Shares of the sentences with gaps, and of the other written ones; the rest comes by grammar.
GAPS, WRITTEN = 0.35, 0.3
#: How often a sentence is typed without its capital letter, or without its mark.
LOWER, BARE = 0.15, 0.2
#: Words that are written small inside a sentence.
OPENING = re.compile(r"(The|An?|My|He|She|It|We|You|They|There|In|At|Do|Can|Please) ")


def train_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """Train pieces for strange words, and add every frequent word as a whole."""
    sample = list(islice(sentences(seed), 60_000))
    texts = [text for each in written.sentences() for text in (each.text, each.again)]
    filled = [gap.replace("[MASK]", word) for gap, words in written.gaps() for word in words]
    small = wordpiece([*sample, *texts], PIECES)
    state = small.backend_tokenizer
    vocabulary: dict[str, int] = state.get_vocab()
    counts = Counter(word for text in [*sample, *texts] for word in re.findall(r"\w+", text))
    counts.update(20 * [word for text in filled for word in re.findall(r"\w+", text)])
    for word, _ in counts.most_common(WORDS):
        vocabulary.setdefault(word, len(vocabulary))
    whole = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token="[UNK]"))
    whole.normalizer, whole.pre_tokenizer = state.normalizer, state.pre_tokenizer
    whole.decoder, whole.post_processor = state.decoder, state.post_processor
    names = ("pad", "unk", "cls", "sep", "mask")
    special = {f"{name}_token": f"[{name.upper()}]" for name in names}
    return PreTrainedTokenizerFast(tokenizer_object=whole, model_max_length=128, **special)


def typed(text: str, rng: random.Random) -> str:
    """Return a sentence now and then without its capital letter or its mark."""
    if rng.random() < LOWER and OPENING.match(text):
        text = text[0].lower() + text[1:]
    return text.rstrip(".?!") if rng.random() < BARE else text


def gapped(
    tokenizer: PreTrainedTokenizerFast, vocabulary: dict[str, int], rng: random.Random
) -> dict[str, list[int]] | None:
    """Return a sentence with a gap and one of the words that fit, or another of its words."""
    text, words = rng.choice(written.gaps())
    word = words[0] if rng.random() < 0.4 else rng.choice(words)
    if word not in vocabulary:
        return None
    if rng.random() < 0.25:
        return masked(tokenizer, typed(text.replace("[MASK]", word), rng), rng)
    ids = tokenizer(typed(text, rng))["input_ids"]
    hidden = [i == tokenizer.mask_token_id for i in ids]
    return {"input_ids": ids, "labels": [vocabulary[word] if h else IGNORE for h in hidden]}


def masked(
    tokenizer: PreTrainedTokenizerFast, text: str, rng: random.Random
) -> dict[str, list[int]] | None:
    """Return a text with one or two of its words masked; None if it has none in one piece."""
    ids = tokenizer(text, truncation=True)["input_ids"]
    pieces = tokenizer.convert_ids_to_tokens(ids)
    # Words in one piece only: neither a piece nor followed by one.
    free = [
        i
        for i in range(1, len(ids) - 1)
        if pieces[i][0].isalnum() and not pieces[i + 1].startswith("##")
    ]
    if not free:
        return None
    share = len(free) // 7 + 1
    chosen = set(rng.sample(free, rng.randint(1, min(len(free), share))))
    return {
        "input_ids": [tokenizer.mask_token_id if i in chosen else t for i, t in enumerate(ids)],
        "labels": [token if i in chosen else IGNORE for i, token in enumerate(ids)],
    }


def examples(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[dict[str, Any]]:
    """Yield sentences with one or more words masked, endlessly; see GAPS and WRITTEN."""
    rng = random.Random(seed)
    grammar, vocabulary = sentences(seed), tokenizer.get_vocab()
    while True:
        draw = rng.random()
        if draw < GAPS:
            row = gapped(tokenizer, vocabulary, rng)
        elif draw < GAPS + WRITTEN:
            each = rng.choice(written.sentences())
            row = masked(tokenizer, typed(rng.choice((each.text, each.again)), rng), rng)
        else:
            row = masked(tokenizer, typed(next(grammar), rng), rng)
        if row:
            yield row


def train(steps: int, seed: int) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Train tokenizer and model; return both."""
    tokenizer = train_tokenizer(seed)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=4 * HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        max_position_embeddings=128,
        type_vocab_size=2,
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.1,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    model = BertForMaskedLM(config)
    pads = {"input_ids": tokenizer.pad_token_id, "labels": IGNORE}
    stream = batches(examples(tokenizer, seed + 1), pads, tokens=2048)

    def loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Score the masked words alone: nine tenths of the words need no row of logits."""
        labels = batch.pop("labels")
        hidden = model.bert(**batch).last_hidden_state[labels != IGNORE]
        return torch.nn.functional.cross_entropy(
            model.cls(hidden).float(), labels[labels != IGNORE]
        )

    fit(model, stream, steps, rate=1e-3, loss=loss)
    return model, tokenizer


def answers(folder: Path, texts: list[str], count: int = 5) -> list[list[str]]:
    """Return the saved model's best words for the mask of each text, best first."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder, dtype="float32")
    found = []
    for text in texts:
        inputs = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            logits = model(**inputs).logits[0]
        place = (inputs["input_ids"][0] == tokenizer.mask_token_id).nonzero()[0, 0]
        best = logits[place].topk(count).indices
        found.append([tokenizer.decode([int(i)]).strip() for i in best])
    return found


def evaluate(folder: Path) -> list[Score]:
    """Measure how often the top word, and three of the top five words, are accepted."""
    scores = []
    for path, kind, bar in (
        (HELD_OUT / "fill_mask.jsonl", "everyday sentences", BAR),
        (DATA / "fill_mask_dev.jsonl", "sentences used for tuning", None),
    ):
        rows = lines(path)
        top, three = 0, 0
        for row, words in zip(rows, answers(folder, [row["text"] for row in rows]), strict=True):
            accepted = {word.lower() for word in row["accept"]}
            hits = [word.lower() in accepted for word in words]
            top += hits[0]
            # Where only one or two words are right, all of them have to be found.
            three += sum(hits) >= min(3, len(accepted))
        many = len(rows)
        scores += [
            Score(f"top word accepted, {kind}", "accuracy", top / many, many, bar),
            Score(f"three of the top five accepted, {kind}", "accuracy", three / many, many),
        ]
    return scores


RECIPE = Recipe(
    name="fill-mask",
    task="fill-mask",
    summary=(
        "Fills the gap in a simple English sentence: put [MASK] where a word is missing. It knows "
        "what people do every day and with what, days, months, numbers, opposites, families, "
        "animals, jobs, foods, prepositions and the capitals of ninety countries."
    ),
    usage=(
        "from transformers import pipeline\n\nimport hflab\n\n"
        'fill = pipeline("fill-mask", model=hflab.tiny_model("fill-mask"))\n'
        'for guess in fill("The capital of France is [MASK]."):\n'
        '    print(guess["token_str"], round(guess["score"], 3))'
    ),
    data=(
        "Sentences written by a grammar from hand-made lists: 350 phrases of what people do, each "
        "with the words that go together, put into persons and tenses; 1,050 facts and sayings; "
        "tables of animals, jobs, countries, opposites and relatives. One or two whole words are "
        "masked."
    ),
    architecture=(
        f"BertForMaskedLM, {LAYERS} layers of width {HIDDEN}, 4 heads; input and output embeddings "
        "are the same matrix. A WordPiece vocabulary in which every common word is one token."
    ),
    limits=[
        "Simple sentences about everyday life; elsewhere it guesses a word of the right kind.",
        "One mask at a time; a word outside its vocabulary can't be the answer.",
        "Where fewer than three words are right, the second score asks for all of them.",
    ],
    steps=3200,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
