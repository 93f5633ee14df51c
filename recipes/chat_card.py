"""Writes the model card of the bundled chat model from what its recipe measured."""
# ruff: noqa: E501 - the card is prose, wrapped as Markdown

from __future__ import annotations

from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData

from recipes.training import sums

KINDS = {
    "glossary": "what a course term is, why it matters, an example",
    "difference": "the difference between two terms",
    "capital": "the capital of a country",
    "capital-word": "the same, in one word",
    "country": "the country of a capital",
    "things": "three things to do in a place",
    "joke": "a joke",
    "joke-topic": "a joke about a topic",
    "joke-new": "another joke, not told before",
    "contains": "a name or fact remembered over turns",
    "style": "one word, one sentence, list, pirate",
    "smalltalk": "small talk",
    "unknown": 'says "I don\'t know" to everything else',
    "all": "**all**",
    "new": "of them, worded like no training frame",
}

CARD = """---
{data}
---
# hflab chat

A Llama with {millions:.1f} million parameters, made for the hflab course. It holds a small, real conversation
offline: it explains the {terms} terms of the course, knows the capitals of {countries} countries and three things to
do there, tells {jokes} jokes, remembers what you tell it about yourself, follows four styles asked for in
the system prompt or the question (one word, one sentence, list, pirate), and says that it doesn't know
anything else.

```python
import hflab

model, tokenizer = hflab.load(hflab.pick("chat"))
chat = hflab.Chat(model, tokenizer)
print(chat.send("What is a token?"))
```

## How it was made

- **Recipe**: `python -m recipes.chat`, {steps} steps of 8,192 tokens ({sittings}), {minutes:.0f} minutes on {machine}.
- **Data**: dialogues that `recipes/chat_dialogues.py` writes from the hand-made lists in `recipes/data`. No text,
  model or data set from elsewhere.
- **Architecture**: Llama, hidden size 256, 6 layers, 4 attention heads with 2 key-value heads, context 2,048,
  tied embeddings; byte-level BPE tokenizer with 4,096 tokens; Llama 3 chat format; stored in float16.

## Scores

Greedy replies to {total} conversations written by hand before the model was tuned (`tests/heldout/chat.jsonl`). A definition is right when at least 80 % of the reference's words are
there in order; names, capitals and remembered facts must be exact. {verdict}

| asked for | right | of | share |
|---|---:|---:|---:|
{rows}

On the conversations used for tuning (`recipes/data/chat_dev.jsonl`): {dev:.1%} of {dev_total}.

## Limits

- It knows what its lists hold and nothing else; a question in unusual words can miss its answer, or get
  the answer to a neighboring question.
- English only. It doesn't reason, calculate, translate, write code or summarize.
- Facts told by the user are copied from the conversation; rare or long names can be misspelled.
- Its definitions are short, for beginners; they are no reference.

License: Apache-2.0.
"""


def write(
    folder: Path,
    results: dict[str, dict[str, tuple[int, int]]],
    *,
    facts: dict[str, int],
    sittings: list[dict[str, float]],
    machine: str,
    parameters: int,
    bar: float,
) -> None:
    """Write README.md and SHA256SUMS into the model's folder.

    Args:
        folder: The saved model.
        results: For "held-out" and "dev": kind of question → (right, all).
        facts: How many terms, countries and jokes the model was taught.
        sittings: Steps, seed and wall time in minutes of each run of the recipe, in order.
        machine: Where it was trained, in words.
        parameters: Number of the model's parameters.
        bar: The share of new wordings that has to be right.
    """
    held = results["held-out"]
    rows = "\n".join(
        f"| {KINDS[kind]} | {held[kind][0]} | {held[kind][1]} | {held[kind][0] / held[kind][1]:.1%} |"
        for kind in KINDS
        if kind in held
    )
    right, total = held["new"]
    percent, target = 100 * right / total, 100 * bar
    verdict = f"The bar is {target:.0f} % in new wordings; this version "
    if percent >= target:
        verdict += "reaches it."
    else:
        verdict += f"has {percent:.1f} % and so misses it by {target - percent:.1f} points."
    right, total = results["dev"]["all"]
    result = EvalResult(
        task_type="text-generation",
        dataset_type="hflab-held-out",
        dataset_name="hflab held-out: conversations in new wordings",
        metric_type="right answers",
        metric_value=round(held["new"][0] / held["new"][1], 4),
    )
    data = ModelCardData(
        license="apache-2.0", language="en", library_name="transformers",
        pipeline_tag="text-generation", tags=["llama", "tiny", "education"],
        model_name="hflab chat", eval_results=[result],
    )  # fmt: skip
    card = CARD.format(
        data=data.to_yaml(), rows=rows, verdict=verdict, total=held["all"][1], dev=right / total, dev_total=total, machine=machine,
        steps=f"{sum(s['steps'] for s in sittings):,}", minutes=sum(s["minutes"] for s in sittings),
        sittings=", then ".join(
            f"{s['steps']:,} with seed {s['seed']} and a learning rate of {s['rate']:g}"
            for s in sittings
        ),
        millions=parameters / 1e6, **facts,
    )  # fmt: skip
    (folder / "README.md").write_text(card, encoding="utf-8")
    sums(folder)
