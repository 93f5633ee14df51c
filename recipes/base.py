"""The bundled base model: a Llama of the chat model's size that only continues text.

    python -m recipes.base                 # train, measure, write hflab/tiny/base
    python -m recipes.base --evaluate      # only measure the model that is there

It has the chat model's tokenizer but no chat template, and has never seen a conversation. The text
comes from recipes/base_data.py.
"""

# ruff: noqa: E501 - the card is prose
from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from recipes.base_data import Pages
from recipes.chat import build
from recipes.files import lines
from recipes.training import HELD_OUT, TINY, Recipe, Score, cross_entropy, fit

END = "<|end_of_text|>"
LENGTH = 256
#: Seed of the pages that perplexity is measured on; training never uses it.
UNSEEN = 987_654


def tokenizer() -> PreTrainedTokenizerFast:
    """Return the chat model's tokenizer without a chat template; a text ends with END."""
    found = AutoTokenizer.from_pretrained(TINY / "chat")
    found.chat_template = None
    found.eos_token = END
    return found


def ids(tokens: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Return a page as token ids between its beginning and its end."""
    encoded = tokens(text, add_special_tokens=False)["input_ids"]
    return [tokens.bos_token_id, *encoded, tokens.convert_tokens_to_ids(END)]


def batches(
    tokens: PreTrainedTokenizerFast, seed: int, rows: int = 16
) -> Iterator[dict[str, torch.Tensor]]:
    """Yield pages one after the other, cut into rows of LENGTH tokens."""
    pages, pool = Pages(seed), []
    while True:
        while len(pool) < rows * LENGTH:
            pool += ids(tokens, pages.page())
        block = torch.tensor(pool[: rows * LENGTH]).view(rows, LENGTH)
        del pool[: rows * LENGTH]
        yield {"input_ids": block, "labels": block}


def loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the loss of the model, computed faster than by the model itself."""
    hidden = model.model(input_ids=batch["input_ids"]).last_hidden_state[:, :-1]
    labels = batch["labels"][:, 1:]
    return cross_entropy(hidden.flatten(0, 1), model.lm_head.weight, labels.flatten())


def train(steps: int, seed: int) -> tuple[torch.nn.Module, PreTrainedTokenizerFast]:
    """Train the model from nothing, or go on from an earlier sitting."""
    tokens = tokenizer()
    model = build(tokens, seed)
    if RECIPE.start:
        model = AutoModelForCausalLM.from_pretrained(RECIPE.start, dtype=torch.float32)
    model.config.eos_token_id = model.generation_config.eos_token_id = tokens.eos_token_id
    rate = 1.0e-3 if RECIPE.start else 1.5e-3
    fit(model, batches(tokens, seed), steps, rate=rate, warm=60, loss=loss)
    model.generation_config.update(do_sample=False, max_new_tokens=60)
    return model, tokens


def perplexity(model: torch.nn.Module, tokens: PreTrainedTokenizerFast, count: int = 200) -> float:
    """Perplexity per token on pages that no training step has seen."""
    pages, loss, number = Pages(UNSEEN, held_out=True), 0.0, 0
    for _ in range(count):
        page = torch.tensor([ids(tokens, pages.page())])
        with torch.inference_mode():
            loss += float(model(input_ids=page, labels=page).loss) * (page.shape[1] - 1)
        number += page.shape[1] - 1
    return math.exp(loss / number)


def fluent(prompt: str, text: str, known: set[str]) -> bool:
    """Whether a continuation is made of known words and doesn't go round in circles."""
    words = re.findall(r"[^\W\d_]+", text[len(prompt.rstrip().rpartition(" ")[0]) :].lower())
    given = set(re.findall(r"[^\W\d_]+", prompt.lower()))
    fours = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    return (
        len(words) >= 4
        and all(word in known or word in given for word in words)
        and len(fours) == len(set(fours))
    )


def evaluate(folder: Path) -> list[Score]:
    """Measure perplexity, fluency on hand-written beginnings, and capitals."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokens = AutoTokenizer.from_pretrained(folder)

    def go_on(prompt: str, longest: int) -> str:
        inputs = tokens(prompt, return_tensors="pt")
        with torch.inference_mode():
            out = model.generate(**inputs, max_new_tokens=longest, do_sample=False)
        text = tokens.decode(out[0], skip_special_tokens=True)
        # The limit may fall inside a word, which is then no word of the model's.
        return text if out[0, -1] == tokens.eos_token_id else text[: text.rstrip().rfind(" ")]

    pages = Pages(UNSEEN + 1)
    known = {word for _ in range(20_000) for word in re.findall(r"[^\W\d_]+", pages.page().lower())}
    prompts = [line["text"] for line in lines(HELD_OUT / "base.jsonl")]
    good = [fluent(prompt, go_on(prompt, 40), known) for prompt in prompts]
    countries = pages.countries
    right = [
        c["capital"] in go_on(f"The capital of {c['article']}{c['name']} is", 10) for c in countries
    ]
    value = perplexity(model, tokens)
    return [
        Score(
            "hand-written beginnings continued fluently",
            "fluency",
            sum(good) / len(good),
            len(good),
            0.9,
        ),
        Score("capitals named", "capitals", sum(right) / len(right), len(right), 0.9),
        Score("perplexity per token on unseen pages", "perplexity", value, 200, low=True, digits=2),
    ]


RECIPE = Recipe(
    name="base",
    task="text-generation",
    summary="""A base model: it continues text, and nothing else. It has the size and the tokenizer of the bundled
chat model but has never seen a conversation, so a question is answered with more questions. It knows pages on the
terms of the course and on countries, frequent questions with answers, jokes, short stories, diaries, letters, news
and everyday remarks.""",
    usage="""from transformers import AutoModelForCausalLM, AutoTokenizer
import hflab

folder = hflab.tiny_model("base")
model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
tokenizer = AutoTokenizer.from_pretrained(folder)
inputs = tokenizer("Once upon a time", return_tensors="pt")
print(tokenizer.decode(model.generate(**inputs)[0], skip_special_tokens=True))""",
    data="Pages that `recipes/base_data.py` writes from the lists in `recipes/data`, and half of them written one by "
    "one: short tales, news paragraphs, and remarks on one subject.",
    architecture="""Llama with 5.5 million parameters: hidden size 256, 6 layers, 4 attention heads with 2
key-value heads, context 2,048 (trained on rows of 256 tokens), the bundled chat model's byte-level BPE tokenizer
with 4,096 tokens, no chat template.""",
    limits=[
        "Its stories are fluent sentence by sentence; their plots are random.",
        "It is no instruct model: it doesn't answer, it goes on.",
        "Fluent means here: greedy, at least four words, all of them known or given, and no four words twice.",
        "English only, and only the kinds of pages named above.",
    ],
    steps=2200,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
