"""Makes the bundled summarization model: a small T5 that tells a news paragraph in two sentences.

What it has to learn is to copy: the main clause of the first sentence, then that of a further one
that tells a cost, a number or a date to come. The paragraphs (recipes/summarization_data.py) are so
full of rare and invented words that learning them by heart doesn't help.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from recipes.files import DATA, lines
from recipes.summarization_data import stories
from recipes.training import HELD_OUT, IGNORE, Recipe, Score, batches, fit

VOCABULARY, WORDS_FROM, LONGEST = 6000, 20_000, 512
#: So many stories for each step pass until the paragraphs have reached their full length.
SHORT = 8


def tokenizer_for(texts: Iterable[str], size: int) -> PreTrainedTokenizerFast:
    """Train a BPE tokenizer that keeps case, and splits punctuation and figures off the words."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    # A word before a comma has to be the same tokens as elsewhere, or it couldn't be copied.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(),
            pre_tokenizers.Split(Regex(r"\d{1,3}|[^\w\s▁]"), "isolated"),
        ]
    )
    tokenizer.decoder = decoders.Metaspace()
    letters = [chr(c) for c in range(33, 127)] + [chr(c) for c in range(0xC0, 0x180)]
    trainer = BpeTrainer(
        vocab_size=size,
        special_tokens=["<pad>", "</s>", "<unk>"],
        initial_alphabet=letters + list("▁–—‘’“”…€£§°"),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=LONGEST,
        model_input_names=["input_ids", "attention_mask"],
    )


def new_model(tokenizer: PreTrainedTokenizerFast) -> T5ForConditionalGeneration:
    """Make the untrained model, with a first idea of what is next to what."""
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=len(tokenizer),
            d_model=192,
            d_kv=48,
            num_heads=4,
            d_ff=512,
            num_layers=4,
            num_decoder_layers=2,
            dropout_rate=0.0,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            decoder_start_token_id=tokenizer.pad_token_id,
        )
    )
    # Copying means to find what follows the last word: heads that look at a neighbor from the
    # start spare many steps. Rows are distances (behind 16: to the right), columns are heads.
    first = model.encoder.block[0].layer[0].SelfAttention.relative_attention_bias
    with torch.no_grad():
        for head, distance in enumerate((1, 2, 17)):
            first.weight[distance, head] += 6.0
    model.generation_config.max_new_tokens = 100
    return model


def rows(
    tokenizer: PreTrainedTokenizerFast, seed: int, short: int
) -> Iterator[dict[str, list[int]]]:
    """Yield stories without end, as token ids."""
    for story in stories(seed, short):
        yield {
            "input_ids": tokenizer(story["text"], truncation=True)["input_ids"],
            "labels": tokenizer(story["summary"])["input_ids"],
        }


def train(steps: int, seed: int) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Train tokenizer and model."""
    torch.manual_seed(seed)
    source = stories(seed + 1)
    texts = (next(source)["text"] for _ in range(WORDS_FROM))
    tokenizer = tokenizer_for(texts, VOCABULARY)
    model = new_model(tokenizer)
    print(f"{model.num_parameters():,} parameters", flush=True)
    pads = {"input_ids": tokenizer.pad_token_id, "labels": IGNORE}
    fit(model, batches(rows(tokenizer, seed, SHORT * steps), pads), steps, rate=2e-3)
    return model, tokenizer


def summarize(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, texts: list[str], **options: Any
) -> list[str]:
    """Summarize texts.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        texts: Paragraphs of some 60 to 130 words.
        **options: For `model.generate`, such as num_beams.
    """
    found: list[str] = []
    for start in range(0, len(texts), 16):
        part = texts[start : start + 16]
        inputs = tokenizer(part, return_tensors="pt", padding=True, truncation=True)
        output = model.generate(**inputs, **options)
        found += [tokenizer.decode(row, skip_special_tokens=True) for row in output]
    return [text.strip() for text in found]


def rouge_l(summary: str, reference: str) -> float:
    """Return the F1 of the longest common subsequence of words, as in Lin (2004)."""
    ours, theirs = (re.findall(r"\w+", text.lower()) for text in (summary, reference))
    if not ours or not theirs:
        return 0.0
    row = [0] * (len(theirs) + 1)
    for word in ours:
        last = 0
        for i, other in enumerate(theirs, 1):
            last, row[i] = row[i], last + 1 if word == other else max(row[i], row[i - 1])
    return 2 * row[-1] / (len(ours) + len(theirs))


def words(text: str) -> list[str]:
    """Return the words and figures of a text, without marks around them and without 's."""
    found = re.findall(r"\w(?:[\w.,'’:-]*\w)?", text)
    return [re.sub(r"['’]s$", "", word) for word in found]


def unfaithful(summary: str, text: str) -> list[str]:
    """Return the names and numbers of a summary that its text doesn't have.

    A name is a word with a capital that doesn't begin a sentence; a number is a word with a digit.
    """
    known, missing = set(words(text)), []
    for sentence in re.split(r"(?<=[.!?])\s+", summary):
        for i, word in enumerate(words(sentence)):
            named = word[0].isupper() and i > 0
            if (named or re.search(r"\d", word)) and word not in known:
                missing.append(word)
    return missing


def scores(items: list[dict[str, Any]], found: list[str], name: str, bars: bool) -> list[Score]:
    """Measure summaries against texts and references."""
    pairs = list(zip(items, found, strict=True))
    share = partial(Score, of=len(items))
    faithful = sum(not unfaithful(s, item["text"]) for item, s in pairs) / len(items)
    overlap = sum(rouge_l(s, item["summary"]) for item, s in pairs) / len(items)
    kept = [fact in summary for item, summary in pairs for fact in item["must"]]
    return [
        share(f"ROUGE-L F1, {name}", "rougeL", overlap, bar=0.5 if bars else None),
        share(
            f"summaries without a strange name or number, {name}",
            "faithfulness",
            faithful,
            bar=0.95 if bars else None,
        ),
        Score(f"key names and numbers kept, {name}", "recall", sum(kept) / len(kept), len(kept)),
    ]


def evaluate(folder: Path) -> list[Score]:
    """Measure the saved model on the held-out and on the tuning paragraphs."""
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    measured = []
    for path, name in (
        (HELD_OUT / "summarization.jsonl", "held-out"),
        (DATA / "summarization_dev.jsonl", "tuning file"),
    ):
        items = lines(path)
        found = summarize(model, tokenizer, [item["text"] for item in items])
        measured += scores(items, found, name, name == "held-out")
    return measured


RECIPE = Recipe(
    name="summarization",
    task="summarization",
    summary=(
        "A small T5 that condenses an English news paragraph (60 to 130 words) into two sentences: "
        "the main clause of the first sentence, and a further fact such as a cost, a number or "
        "what comes next. It works with the text's own words and drops asides, openers and sources."
    ),
    usage="""from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

import hflab

folder = hflab.tiny_model("summarization")
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype="float32")
text = (
    "On Monday, the council of Welford voted to spend $2.5 million on a new library. "
    'Mayor Ana Ruiz called the plan "overdue". The old library, built in 1931, was too small. '
    "Construction will start in May and should take two years, officials said."
)
inputs = tokenizer(text, return_tensors="pt")
print(tokenizer.decode(model.generate(**inputs)[0], skip_special_tokens=True))""",
    data=(
        "News paragraphs written by a grammar: some 240 openings in 25 subjects with their facts "
        "and asides, and a loose grammar of clauses about anything, filled from lists of "
        "thousands of words and names, a good part of them invented."
    ),
    architecture=(
        "T5ForConditionalGeneration with 4 + 2 layers, width 192, relative positions; "
        f"BPE with {VOCABULARY:,} tokens, case kept."
    ),
    limits=[
        "It copies and shortens. It doesn't rephrase, weigh or combine what a text says.",
        "It expects the main news in the first sentence; stories and arguments come out badly.",
        "Texts of more than 512 tokens (about 350 words) are cut. English only.",
        "A rare name can come out misspelled: compare names and numbers with the text.",
    ],
    steps=1900,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
