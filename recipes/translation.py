"""English to French: a Marian model for sentences of a phrasebook.

python -m recipes.translation                 # train, measure, write hflab/tiny/translation
python -m recipes.translation --evaluate      # only measure the model that is there
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    MarianConfig,
    MarianMTModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from recipes.files import DATA, lines
from recipes.training import HELD_OUT, IGNORE, Recipe, Score, batches, fit
from recipes.translation_data import examples, key, pairs

VOCABULARY = 7000
BAR = 70.0
GREETING = ("Hello, how are you?", "Bonjour, comment allez-vous ?")


def tokenizer(pairs: Sequence[tuple[str, str]], size: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """Train one byte-pair vocabulary for both languages.

    Args:
        pairs: What it learns from.
        size: Number of tokens, the three special ones included.
    """
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(),
            pre_tokenizers.Punctuation(),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    made.decoder = decoders.Metaspace()
    letters = [chr(c) for c in range(33, 127)] + [chr(c) for c in range(0xC0, 0x180)]
    trainer = BpeTrainer(
        vocab_size=size,
        special_tokens=["<pad>", "</s>", "<unk>"],
        initial_alphabet=[*letters, *"–—‘’“”…€£§°«»▁"],
        show_progress=False,
    )
    made.train_from_iterator((text for pair in pairs for text in pair), trainer)
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=128,
        clean_up_tokenization_spaces=False,
    )


def architecture(size: int) -> MarianMTModel:
    """Return an untrained model for a vocabulary of this size."""
    return MarianMTModel(
        MarianConfig(
            vocab_size=size,
            decoder_vocab_size=size,
            d_model=192,
            encoder_layers=3,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=768,
            decoder_ffn_dim=768,
            max_position_embeddings=128,
            dropout=0.1,
            activation_function="gelu",
            scale_embedding=True,
            share_encoder_decoder_embeddings=True,
            pad_token_id=0,
            eos_token_id=1,
            forced_eos_token_id=None,
            decoder_start_token_id=0,
            bos_token_id=None,
        )
    )


def rows(coder: PreTrainedTokenizerFast, seed: int) -> Iterator[dict[str, list[int]]]:
    """Yield tokenized pairs for ever; no sentence of the dev file is among them."""
    dev = frozenset(key(item["en"]) for item in lines(DATA / "translation_dev.jsonl"))
    dev -= {key(GREETING[0])}
    stream = examples(seed, dev)
    while True:
        pairs = list(itertools.islice(stream, 512))
        sides = [coder([pair[i] for pair in pairs])["input_ids"] for i in (0, 1)]
        for ids, labels in zip(*sides, strict=True):
            if len(ids) <= 48 and len(labels) <= 48:
                yield {"input_ids": ids, "labels": labels}


def train(steps: int, seed: int) -> tuple[MarianMTModel, PreTrainedTokenizerFast]:
    """Train tokenizer and model."""
    torch.manual_seed(seed)
    coder = tokenizer(list(itertools.islice(examples(seed + 100), 40_000)))
    model = architecture(len(coder))
    print(f"{model.num_parameters():,} parameters, {len(coder):,} tokens", flush=True)
    stream = batches(rows(coder, seed), {"input_ids": 0, "labels": IGNORE}, tokens=1536)

    def loss(network: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        logits = network(
            **{k: v for k, v in batch.items() if k != "labels"},
            decoder_input_ids=_shifted(batch["labels"]),
        ).logits
        return torch.nn.functional.cross_entropy(
            logits.flatten(0, 1).float(),
            batch["labels"].flatten(),
            ignore_index=IGNORE,
            label_smoothing=0.05,
        )

    fit(model, stream, steps, rate=2e-3, loss=loss)
    return model, coder


def _shifted(labels: torch.Tensor) -> torch.Tensor:
    start = labels.new_zeros((len(labels), 1))
    return torch.cat([start, labels[:, :-1].masked_fill(labels[:, :-1] == IGNORE, 0)], 1)


def translate(
    model: MarianMTModel, coder: PreTrainedTokenizerBase, texts: list[str], *, num_beams: int = 1
) -> list[str]:
    """Translate English sentences.

    Args:
        model: From `AutoModelForSeq2SeqLM.from_pretrained`.
        coder: From `AutoTokenizer.from_pretrained`.
        texts: One sentence or two each.
        num_beams: How many translations are followed at a time; 1 is greedy.

    Returns:
        The translations, in the order of the texts.
    """
    found: list[str] = []
    for i in range(0, len(texts), 32):
        inputs = coder(texts[i : i + 32], return_tensors="pt", padding=True)
        inputs.pop("token_type_ids", None)
        with torch.inference_mode():
            ids = model.generate(**inputs, num_beams=num_beams, do_sample=False, max_new_tokens=64)
        found += [coder.decode(row, skip_special_tokens=True) for row in ids]
    return found


def chrf(texts: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return corpus chrF, 0 to 100: F-score (beta 2) of character 1- to 6-grams without spaces.

    After Popović, "chrF: character n-gram F-score for automatic MT evaluation" (2015). Of several
    references, the one that a sentence comes closest to counts, as in sacrebleu.

    Args:
        texts: Translations.
        references: The accepted ones of each.
    """
    total = [[0, 0, 0] for _ in range(6)]
    for text, accepted in zip(texts, references, strict=True):
        tables = [_overlap(text, reference) for reference in accepted]
        best = max(tables, key=_f_score)
        for sums, row in zip(total, best, strict=True):
            for i in range(3):
                sums[i] += row[i]
    return 100 * _f_score(total)


def _grams(text: str, n: int) -> Counter[str]:
    text = "".join(text.split())
    return Counter(text[i : i + n] for i in range(len(text) - n + 1))


def _overlap(text: str, reference: str) -> list[list[int]]:
    table = []
    for n in range(1, 7):
        a, b = _grams(text, n), _grams(reference, n)
        table.append([a.total(), b.total(), (a & b).total()])
    return table


def _f_score(table: Sequence[Sequence[int]]) -> float:
    kept = [row for row in table if row[0] and row[1]]
    if not kept:
        return 0.0
    precision = sum(row[2] / row[0] for row in kept) / len(kept)
    recall = sum(row[2] / row[1] for row in kept) / len(kept)
    return 5 * precision * recall / (4 * precision + recall) if precision + recall else 0.0


def evaluate(folder: Path) -> list[Score]:
    """Measure on the held-out sentences, the dev file and the greeting."""
    coder = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
    known = {key(en) for en, _ in pairs()}
    scores = []
    for label, path, bar in (
        ("held-out sentences, chrF", HELD_OUT / "translation.jsonl", BAR),
        ("tuning sentences, chrF", DATA / "translation_dev.jsonl", None),
    ):
        items = lines(path)
        texts = translate(model, coder, [item["en"] for item in items])
        value = chrf(texts, [item["fr"] for item in items])
        scores.append(Score(label, "chrf", value, len(items), bar, digits=1))
        if bar is not None:
            # Everyday sentences are everybody's: some stand in the training pairs as well.
            new = [i for i, item in enumerate(items) if key(item["en"]) not in known]
            value = chrf([texts[i] for i in new], [items[i]["fr"] for i in new])
            label += ", those that no training pair holds"
            scores.append(Score(label, "chrf", value, len(new), bar, digits=1))
    said = translate(model, coder, [GREETING[0]])[0]
    scores.append(
        Score(f'"{GREETING[0]}" word for word', "accuracy", float(said == GREETING[1]), 1, 1.0)
    )
    return scores


RECIPE = Recipe(
    name="translation",
    task="translation",
    summary=(
        "Translates everyday English sentences into French: greetings, food, travel, shopping, "
        "family, work, weather. Made for a course: small enough to come with it and to look into."
    ),
    usage=(
        "from transformers import AutoModelForSeq2SeqLM, AutoTokenizer\n\n"
        "import hflab\n\n"
        'folder = hflab.tiny_model("translation")\n'
        "tokenizer = AutoTokenizer.from_pretrained(folder)\n"
        "model = AutoModelForSeq2SeqLM.from_pretrained(folder)\n"
        'inputs = tokenizer("Hello, how are you?", return_tensors="pt")\n'
        "ids = model.generate(**inputs)[0]\n"
        "tokenizer.decode(ids, skip_special_tokens=True)  # Bonjour, comment allez-vous ?"
    ),
    data=(
        "8,400 sentence pairs written one by one, a lexicon, and a grammar that writes both "
        "languages at once (recipes/translation_data.py); names partly invented."
    ),
    architecture=(
        "MarianMTModel, 192 wide, 3 + 2 layers, 4 heads, 7,000 byte-pair tokens for both languages."
    ),
    limits=[
        "Everyday sentences of 3 to 12 words. A word it doesn't know becomes another or nonsense, "
        "and of longer sentences it may drop a part.",
        '"You" becomes "vous", except after "Mom" and the like.',
        "I, you, we and they are masculine where French has to choose.",
        "Only from English into French. Scores are greedy, chrF after Popović (2015).",
    ],
    steps=2600,
    train=train,
    evaluate=evaluate,
    language=["en", "fr"],
)

if __name__ == "__main__":
    RECIPE.main()
