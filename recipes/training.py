"""What the recipes share: the training loop, a WordPiece tokenizer, saving, and the model card.

A recipe is one file. It describes itself in a `Recipe`, whose two functions train and measure the
model; `Recipe.main` is then its command line:

    python -m recipes.sentiment                 # train, measure, write hflab/tiny/sentiment
    python -m recipes.sentiment --steps 20      # a quick look that everything runs
    python -m recipes.sentiment --evaluate      # only measure the model that is there
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import WordPieceTrainer
from transformers import PreTrainedModel, PreTrainedTokenizerFast

ROOT = Path(__file__).parent.parent
HELD_OUT = ROOT / "tests" / "heldout"
TINY = ROOT / "hflab" / "tiny"
IGNORE = -100


@dataclass(frozen=True)
class Score:
    """One measured number, and the bar it has to reach.

    Attributes:
        label: What was measured, in words, as it stands in the card.
        metric: Its short name, such as "accuracy", "f1", "chrf" or "wer".
        value: The number; shares lie between 0 and 1.
        of: How many held-out items it was measured on.
        bar: The least (or, with `low`, the greatest) value that is accepted; None: no bar.
        low: Whether a low value is good, as with error rates.
        digits: Digits behind the point of a number that is no share; None for a share, told in %.
    """

    label: str
    metric: str
    value: float
    of: int
    bar: float | None = None
    low: bool = False
    digits: int | None = None

    @property
    def reached(self) -> bool:
        """Whether the value is on the right side of its bar."""
        if self.bar is None:
            return True
        return self.value <= self.bar if self.low else self.value >= self.bar

    def tell(self, number: float | None) -> str:
        """Return a number of this kind in words: "92.0 %", or with fixed digits."""
        if number is None:
            return "none"
        return f"{100 * number:.1f} %" if self.digits is None else f"{number:.{self.digits}f}"


@dataclass
class Recipe:
    """A bundled model, described; see the module's text.

    Attributes:
        name: Folder in hflab/tiny.
        task: The Hub's name of the task, such as "text-classification".
        summary: What the model does, a paragraph for its card.
        usage: Python code for its card.
        data: Where its training data comes from, a sentence or two.
        architecture: Its shape, a sentence or two.
        limits: What it can't do, one line each.
        steps: How many batches `train` learns from by default.
        train: From steps and seed to whatever is saved: a model, its tokenizer or processor, …
        evaluate: From the folder to the scores on held-out and tuning data.
        library: The Hub's name of the library that loads it.
        tags: For the card.
        seed: Default seed.
        start: Folder of a model that `train` goes on from, if the recipe can (--start).
    """

    name: str
    task: str
    summary: str
    usage: str
    data: str
    architecture: str
    limits: list[str]
    steps: int
    train: Callable[[int, int], Iterable[Any]]
    evaluate: Callable[[Path], list[Score]]
    library: str = "transformers"
    language: str | list[str] = "en"
    tags: list[str] = field(default_factory=lambda: ["tiny", "education"])
    seed: int = 7
    start: Path | None = None

    def main(self) -> None:
        """Train, measure and save the model, as the command line says."""
        parser = argparse.ArgumentParser(description=self.summary.split(". ")[0])
        parser.add_argument("--steps", type=int, default=self.steps)
        parser.add_argument("--seed", type=int, default=self.seed)
        parser.add_argument("--out", type=Path, default=TINY / self.name, help="folder to write")
        parser.add_argument("--start", type=Path, help="go on from the model in this folder")
        parser.add_argument("--evaluate", action="store_true", help="measure --out, train nothing")
        args = parser.parse_args()
        self.start, before = args.start, ""
        if self.start:
            # What its card says of the sittings so far.
            card = (self.start / "README.md").read_text(encoding="utf-8")
            before = re.search(r"`: (.+)\.$", card, re.MULTILINE)[1] + "; then "
        minutes = 0.0
        if not args.evaluate:
            start = time.time()
            save(self.train(args.steps, args.seed), args.out)
            minutes = (time.time() - start) / 60
        scores = self.evaluate(args.out)
        for score in scores:
            print(
                f"{score.label:<60} {score.tell(score.value):>8} of {score.of:<5} "
                f"bar {score.tell(score.bar)}{'' if score.reached else '  MISSED'}"
            )
        if not args.evaluate:
            steps = f"{args.steps:,} steps, " if args.steps else ""
            made = f"{before}{steps}seed {args.seed}, {max(minutes, 1):.0f} min on {machine()}"
            write_card(self, args.out, scores, made)


def machine() -> str:
    """Name what the training ran on."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"{threads} thread{'s' * (threads > 1)} of a {platform.machine()} CPU"


def wordpiece(
    texts: Iterable[str], size: int, *, lowercase: bool = False, **options: Any
) -> PreTrainedTokenizerFast:
    """Train BERT's kind of tokenizer.

    Args:
        texts: What it learns from.
        size: Number of tokens, the five special ones included.
        lowercase: Whether case and accents are dropped first.
        **options: For PreTrainedTokenizerFast, such as model_max_length.
    """
    special = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    # Every letter alone and inside a word, so that no ordinary word is unknown.
    letters = [chr(c) for c in range(33, 127)] + [chr(c) for c in range(0xC0, 0x180)]
    trainer = WordPieceTrainer(
        vocab_size=size,
        special_tokens=list(special.values()),
        initial_alphabet=letters + list("–—‘’“”…€£§°"),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
    )
    names = {f"{key}_token": token for key, token in special.items()}
    options = {"model_max_length": 512, **options}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names, **options)


def batches(
    stream: Iterator[dict[str, Any]], pads: dict[str, int], tokens: int = 4096, pool: int = 2048
) -> Iterator[dict[str, torch.Tensor]]:
    """Yield padded batches of rows of similar length from an endless stream of examples.

    Args:
        stream: Examples: lists of ids (one value each a token) or single numbers, by name.
        pads: For each name that holds lists, the value that fills short rows; the first of them
            decides on a row's length. An attention_mask is added.
        tokens: Size of a batch, padding included.
        pool: How many examples are drawn and sorted by length at a time.
    """
    first = next(iter(pads))
    while True:
        rows = sorted((next(stream) for _ in range(pool)), key=lambda row: len(row[first]))
        groups: list[list[dict[str, Any]]] = [[]]
        for row in rows:
            if (len(groups[-1]) + 1) * len(row[first]) > tokens and groups[-1]:
                groups.append([])
            groups[-1].append(row)
        random.Random(len(groups)).shuffle(groups)
        for group in groups:
            batch: dict[str, torch.Tensor] = {}
            for name in group[0]:
                if name in pads:
                    width = max(len(row[name]) for row in group)
                    full = [row[name] + [pads[name]] * (width - len(row[name])) for row in group]
                    batch[name] = torch.tensor(full)
                else:
                    batch[name] = torch.tensor([row[name] for row in group])
            lengths = torch.tensor([len(row[first]) for row in group])[:, None]
            batch["attention_mask"] = (torch.arange(int(lengths.max()))[None] < lengths).long()
            yield batch


class _LinearCrossEntropy(torch.autograd.Function):
    """See `cross_entropy`; loss and gradients come from one pass over blocks of rows."""

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, ids: torch.Tensor
    ) -> torch.Tensor:
        half = torch.bfloat16
        table, total = weight.to(half), torch.zeros(())
        by_hidden = torch.empty_like(hidden)
        by_weight, by_bias = torch.zeros_like(weight), torch.zeros_like(bias)
        for first in range(0, len(ids), 512):
            block = slice(first, first + 512)
            rows, wanted = hidden[block].to(half), ids[block, None]
            logits = (rows @ table.T).float() + bias
            sums = logits.logsumexp(-1, keepdim=True)
            total = total + (sums - logits.gather(1, wanted)).sum()
            errors = logits.sub_(sums).exp_()  # the probabilities; less one at the wanted token
            errors.scatter_add_(1, wanted, -torch.ones_like(sums))
            by_bias += errors.sum(0)
            small = errors.to(half)
            by_hidden[block] = small @ table
            by_weight += small.T @ rows
        ctx.save_for_backward(by_hidden, by_weight, by_bias)
        ctx.count = len(ids)
        return total / len(ids)

    @staticmethod
    def backward(ctx: Any, above: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        scale = above / ctx.count
        return *(gradient * scale for gradient in ctx.saved_tensors), None


def cross_entropy(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    labels: torch.Tensor,
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the mean cross-entropy of `hidden @ weight.T + bias`, without the table of all logits.

    On a CPU that table takes more time than the rest of a small model: it is computed block by
    block in bfloat16, and only for rows that have a label.

    Args:
        hidden: Last hidden states, (rows, width).
        weight: The output table, (vocabulary, width).
        labels: The wanted ids, (rows,); IGNORE where there is none.
        bias: One number for each token of the vocabulary.
    """
    known = labels != IGNORE
    bias = torch.zeros(len(weight)) if bias is None else bias
    with torch.autocast(hidden.device.type, enabled=False):
        parts = hidden[known].float(), weight, bias, labels[known]
        loss: torch.Tensor = _LinearCrossEntropy.apply(*parts)
    return loss


def fit(
    model: torch.nn.Module,
    stream: Iterator[dict[str, torch.Tensor]],
    steps: int,
    *,
    rate: float = 1e-3,
    warm: int = 100,
    cool: float = 0.7,
    decay: float = 0.05,
    loss: Callable[[Any, dict[str, torch.Tensor]], torch.Tensor] | None = None,
    autocast: bool = True,
) -> None:
    """Train in place: Muon for matrices, AdamW for the rest; the rate falls to zero in the end.

    Args:
        model: Called with each batch as keywords.
        stream: The batches.
        steps: How many of them.
        rate: Highest learning rate.
        warm: Over how many steps it rises.
        cool: Over which share of the steps, at the end, it falls to zero.
        decay: Weight decay of the matrices.
        loss: From the model and a batch to the loss; `model(**batch).loss` without it.
        autocast: Whether to compute in bfloat16 where that is safe.
    """
    apart = ("embed", "shared", "classifier", "qa_outputs", "lm_head", "predictions")
    device = next(model.parameters()).device
    matrices, others = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            plain = parameter.ndim == 2 and not any(word in name for word in apart)
            (matrices if plain else others).append(parameter)
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(others, lr=rate, weight_decay=0.0, betas=(0.9, 0.98))
    ]
    if matrices:
        optimizers.append(
            torch.optim.Muon(matrices, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
        )
    learner = next((m for m in model.modules() if isinstance(m, PreTrainedModel)), None)
    if learner is not None and device.type == "cpu":
        # PyTorch's fused attention is slow backwards on CPUs: plain matrices train faster there.
        learner.set_attn_implementation("eager")
    model.train()
    start, running = time.time(), 0.0
    for step in range(1, steps + 1):
        scale = min(step / warm, (steps - step + 1) / (cool * steps), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * scale
        batch = {name: tensor.to(device) for name, tensor in next(stream).items()}
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            value = loss(model, batch) if loss else model(**batch).loss
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        running = value.item() if step == 1 else 0.98 * running + 0.02 * value.item()
        if step % 100 == 0 or step == steps:
            spent = time.time() - start
            print(
                f"step {step}/{steps}  loss {running:.4f}  {spent:.0f} s, "
                f"{spent / step * (steps - step):.0f} s left",
                flush=True,
            )
    model.eval()
    if learner is not None and device.type == "cpu":
        learner.set_attn_implementation("sdpa")


def save(parts: Iterable[Any], folder: Path) -> None:
    """Write a model in half precision, and its tokenizer or processor, for from_pretrained.

    Args:
        parts: Whatever has `save_pretrained`: the model, its tokenizer, its feature extractor.
        folder: Where to; made if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        if isinstance(part, PreTrainedModel):
            part.to(torch.float16)
        part.save_pretrained(folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o644)


def sums(folder: Path) -> None:
    """Write SHA256SUMS over all files of a folder but the card and itself."""
    paths = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    found = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}"
        for path in paths
        if path.name not in ("SHA256SUMS", "README.md")
    ]
    (folder / "SHA256SUMS").write_text("\n".join(found) + "\n", encoding="utf-8")


def write_card(recipe: Recipe, folder: Path, scores: list[Score], made: str) -> None:
    """Write README.md, a model card with the scores as its metadata too, and SHA256SUMS.

    Args:
        recipe: The recipe.
        folder: The saved model.
        scores: What was measured.
        made: Steps, seed, wall time and machine, in words.
    """
    results = [
        EvalResult(
            task_type=recipe.task,
            dataset_type="hflab-held-out",
            dataset_name=f"hflab: {score.label}",
            metric_type=score.metric,
            metric_value=round(score.value, 4),
        )
        for score in scores
    ]
    data = ModelCardData(
        license="apache-2.0",
        language=recipe.language,
        library_name=recipe.library,
        pipeline_tag=recipe.task,
        tags=recipe.tags,
        model_name=f"hflab {recipe.name}",
        eval_results=results,
    )
    rows = "\n".join(
        f"| {s.label} | {s.tell(s.value)} | {s.tell(s.bar)} | {s.of:,} |" for s in scores
    )
    missed = [
        f"{s.label}: {s.tell(s.value)} against {s.tell(s.bar)}" for s in scores if not s.reached
    ]
    verdict = (
        f"Below the bar: {'; '.join(missed)}." if missed else "Every bar in the table is reached."
    )
    written = (
        " What is called written was composed sentence by sentence with an AI assistant for this "
        "course; none of it was collected from people."
        if "written one by one" in recipe.data
        else ""
    )
    stored = " Stored in float16." if list(folder.rglob("*.safetensors")) else ""
    limits = "\n".join(f"- {line}" for line in recipe.limits)
    text = f"""---
{data.to_yaml()}
---
# hflab {recipe.name}

{recipe.summary}

```python
{recipe.usage}
```

## How it was made

- **Recipe**: `python -m recipes.{recipe.name.replace("-", "_")}`: {made}.
- **Data**: {recipe.data} No text, model or data set from elsewhere.{written}
- **Architecture**: {recipe.architecture}{stored}

## Scores

Measured on items kept apart from the training (`tests/heldout`); sentences among them were
written, by other authors than the training's, before the model was tuned. {verdict}

| measured | value | bar | items |
|---|---:|---:|---:|
{rows}

## Limits

{limits}

License: Apache-2.0.
"""
    ModelCard(text).save(folder / "README.md")
    sums(folder)
