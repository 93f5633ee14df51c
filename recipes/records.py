"""The bundled records model: it writes the free text of a made-up record so that it fits the rest.

    python -m recipes.records                 # train, measure, write hflab/tiny/records
    python -m recipes.records --steps 20      # a quick look that everything runs
    python -m recipes.records --evaluate      # only measure the model that is there

It goes on from the bundled chat model, whose English and whose chat template it keeps: make that
one first. The prompts are those of hflab.records; the texts come from recipes/records_data.py.
"""

# ruff: noqa: E501 - the card is prose
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from recipes.files import lines
from recipes.records_data import Writer
from recipes.training import HELD_OUT, IGNORE, TINY, Recipe, Score, batches, cross_entropy, fit

#: Longest prompt with its text, in tokens.
LENGTH = 320


def prompt_ids(tokenizer: PreTrainedTokenizerFast, prompt: str) -> list[int]:
    """Return a prompt as the ids of a user's message, with the assistant's turn opened."""
    messages = [{"role": "user", "content": prompt}]
    ids: list[int] = tokenizer.apply_chat_template(messages, add_generation_prompt=True)[
        "input_ids"
    ]
    return ids


def examples(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[dict[str, list[int]]]:
    """Yield prompts with their texts; only the text is learned."""
    for prompt, text in Writer(seed).examples():
        asked = prompt_ids(tokenizer, prompt)
        told = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        if len(asked) + len(told) <= LENGTH:
            yield {"input_ids": asked + told, "labels": [IGNORE] * len(asked) + told}


def loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the loss of the texts; padding stands on the right, where no token looks."""
    hidden = model.model(input_ids=batch["input_ids"]).last_hidden_state[:, :-1]
    labels = batch["labels"][:, 1:]
    return cross_entropy(hidden.flatten(0, 1), model.lm_head.weight, labels.flatten())


def train(steps: int, seed: int) -> tuple[torch.nn.Module, PreTrainedTokenizerFast]:
    """Go on from the chat model, or from an earlier sitting."""
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(TINY / "chat")
    model = AutoModelForCausalLM.from_pretrained(RECIPE.start or TINY / "chat", dtype=torch.float32)
    pads = {"input_ids": tokenizer.pad_token_id, "labels": IGNORE}
    fit(
        model,
        batches(examples(tokenizer, seed), pads, pool=512),
        steps,
        rate=1e-3,
        warm=60,
        loss=loss,
    )
    return model, tokenizer


def replies(folder: Path, prompts: list[str]) -> list[str]:
    """Return the model's greedy replies."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found = []
    for prompt in prompts:
        ids = torch.tensor([prompt_ids(tokenizer, prompt)])
        with torch.inference_mode():
            out = model.generate(ids, max_new_tokens=120, do_sample=False)
        found.append(tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))
    return found


def prompt_of(item: dict[str, Any]) -> str:
    """Return the prompt of a held-out record, as `hflab.records` writes it."""
    about = f": {item['about']}." if item.get("about") else "."
    fields = json.dumps(item["fields"], ensure_ascii=False)
    return f'{item["description"]}\n{fields}\nWrite "{item["field"]}" in JSON{about}'


def text_of(reply: str) -> str | None:
    """Return the text of a reply, or None if it is no JSON string."""
    try:
        found = json.loads(reply)
    except ValueError:
        return None
    return found if isinstance(found, str) and found.strip() else None


def on_its_record(text: str, item: dict[str, Any]) -> bool:
    """Whether a text has one of the words that show what it is about."""
    return any(re.search(rf"(?<!\w){re.escape(word)}", text, re.IGNORECASE) for word in item["any"])


def true_to_numbers(text: str, item: dict[str, Any]) -> bool:
    """Whether all numbers of a text stand in its record."""
    known = re.findall(r"\d+", json.dumps(item["fields"]))
    # A gap between two numbers of the record, as between plan and cost, is no invention.
    numbers = [abs(v) for v in item["fields"].values() if isinstance(v, int | float)]
    known += [str(round(abs(a - b))) for a in numbers for b in numbers]
    return all(number in known for number in re.findall(r"\d+", text))


def evaluate(folder: Path) -> list[Score]:
    """Measure on records written by another author."""
    items = lines(HELD_OUT / "records.jsonl")
    texts = [text_of(reply) for reply in replies(folder, [prompt_of(item) for item in items])]
    count, valid = len(items), [text is not None for text in texts]
    about = [t is not None and on_its_record(t, i) for t, i in zip(texts, items, strict=True)]
    numbers = [t is not None and true_to_numbers(t, i) for t, i in zip(texts, items, strict=True)]
    return [
        Score("replies that are one JSON string", "valid", sum(valid) / count, count, 0.98),
        Score("texts that speak of their record", "accuracy", sum(about) / count, count, 0.9),
        Score("texts without an invented number", "numbers", sum(numbers) / count, count, 0.95),
    ]


RECIPE = Recipe(
    name="records",
    task="text-generation",
    summary="""Writes the free-text field of a made-up record so that it fits the other fields: the review of a kettle
speaks of the kettle and agrees with its stars. It was made for `hflab.generate_records`, which draws the other fields
and holds the text to a schema.""",
    usage="""import hflab

model, tokenizer = hflab.load("records")
prompt = '''Product reviews.
{"product": "electric kettle", "rating": 2}
Write "review" in JSON: what the customer says about the product.'''
print(hflab.generate(model, tokenizer, [{"role": "user", "content": prompt}], do_sample=False))""",
    data="""1,300 texts of twelve kinds, each written one by one for its record, with names and numbers exchanged; and texts
put together by `recipes/records_data.py` from sentences written one by one about 330 products, 230 jobs and 260 matters
of an office. It begins with the weights of the bundled chat model.""",
    architecture="""Llama with 5.5 million parameters: hidden size 256, 6 layers, 4 attention heads with 2 key-value
heads, the bundled chat model's tokenizer and chat template.""",
    limits=[
        "It knows some 330 products and 230 jobs; of others it says what could be said of many.",
        "It answers nothing else: what the chat model knew is mostly gone.",
        "A word of the record stands for speaking of it; whether the rest is sensible nobody counted.",
        "English only.",
    ],
    steps=1200,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
