"""The bundled question-answering model: finds the words of a paragraph that answer a question.

python -m recipes.question_answering                 # train, measure, write the model
python -m recipes.question_answering --steps 20      # a quick look that everything runs
python -m recipes.question_answering --evaluate      # only measure the model that is there
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, normalizers
from transformers import (
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    BertConfig,
    BertForQuestionAnswering,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from recipes.files import DATA, lines
from recipes.question_answering_data import Writer, texts
from recipes.question_answering_prose import Prose, paragraphs
from recipes.question_answering_start import arrange
from recipes.training import HELD_OUT, IGNORE, Recipe, Score, batches, fit, wordpiece

NAME = "question-answering"
VOCABULARY = 8000
SHAPE: dict[str, Any] = {
    "hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 6,
    "intermediate_size": 512, "max_position_embeddings": 384,
    # Nearly every example is new, so that there is little to learn by heart.
    "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
LONGEST = 25
#: Share of changed prose among the paragraphs, once they have more than five sentences.
SHARE = 0.6
#: Share of rows in which only the sentence has to be found that means what another one says.
MEANINGS = 0.1
#: Files of recipes/data that the tokenizer reads besides generated paragraphs.
WORDS = (
    "question_answering_*",
    "words",
    "stories",
    "glossary_?",
    "smalltalk",
    "countries",
    "embeddings_synonyms",
)
#: What a value is, for the second task of the training; everything else is "something else".
TYPES = {
    "person": 1, "kin": 1, "first": 1, "np": 1, "people": 1, "customers": 1, "company": 1,
    "org": 2, "team": 2, "university": 2, "when": 3, "year": 3, "date": 3, "weekday": 3, "time": 3,
    "month": 3, "season": 3, "nighttime": 3, "ago": 3, "where": 4, "city": 4, "country": 4,
    "hiding": 4, "habitat": 4, "workplace": 4, "nestplace": 4, "region": 4, "n": 5, "age": 5,
    "ordinal": 5, "percent": 5, "money": 6, "duration": 7, "length": 8, "weight": 8, "speed": 8,
    "area": 8, "reason": 9, "claim": 9, "task": 9, "purpose": 9, "color": 10, "material": 10,
    "job": 11, "office": 11, "title": 12,
}  # fmt: skip


def tokenizer_for(seed: int) -> PreTrainedTokenizerFast:
    """Train a lower-case tokenizer that writes a mark before each capital word.

    So "Opened" and "opened" are one word, and names can still be told from other words.
    """
    # Word lists and texts of other recipes make words known that these paragraphs don't hold.
    read = (path for name in WORDS for path in sorted(DATA.glob(f"{name}.toml")))
    more = [path.read_text(encoding="utf-8") for path in read]
    tokenizer = wordpiece(
        chain(islice(texts(seed), 3000), 2 * more, 10 * [p.text for p in paragraphs()]),
        VOCABULARY,
        lowercase=True,
        model_max_length=SHAPE["max_position_embeddings"],
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
    letters = string.ascii_uppercase + "ÀÁÂÄÅÆÇÉÈÊÍÎÓÔÖØÚÜŽŠČŁŞİ"
    tokenizer.backend_tokenizer.normalizer = normalizers.Sequence(
        [
            *(
                normalizers.Replace(Regex(rf"(?<![\p{{L}}']){c}"), f"^ {c.lower()}")
                for c in letters
            ),
            normalizers.BertNormalizer(lowercase=True),
        ]
    )
    return tokenizer


def spans(
    offsets: list[tuple[int, int]], sequence: list[int | None], start: int, end: int
) -> list[int]:
    """Return the tokens of the context that cover its letters from start to end."""
    return [
        i
        for i, ((a, b), part) in enumerate(zip(offsets, sequence, strict=True))
        if part == 1 and b > start and a < end and b > a
    ]


def encode(
    tokenizer: PreTrainedTokenizerBase,
    question: str,
    text: str,
    answer: tuple[int, int] | None,
    sentence: tuple[int, int],
    values: list[tuple[int, int, str]] | None,
) -> dict[str, Any] | None:
    """Return a question on a text as a row for the training.

    Args:
        tokenizer: The trained tokenizer.
        question: The question, or another wording of the sentence.
        text: The paragraph.
        answer: Start and end of the answer; None if only the sentence is to be found.
        sentence: Start and end of the sentence that holds it.
        values: Start, end and kind of all values in the text; None if they aren't known.

    Returns:
        input_ids, token_type_ids, start_positions and end_positions for the model; and for the
        two tasks that only help the training, a class each token: `kinds` (what sort of value it
        belongs to) and `inside` (whether it stands in the sentence). None if the text is too long.
    """
    encoded = tokenizer(
        question,
        text,
        truncation="only_second",
        max_length=SHAPE["max_position_embeddings"],
        return_offsets_mapping=True,
    )
    offsets, sequence = encoded["offset_mapping"], encoded.sequence_ids()
    found = spans(offsets, sequence, *answer) if answer else [IGNORE]
    if not found:
        return None
    inside = [IGNORE if part != 1 else 0 for part in sequence]
    kinds = [IGNORE] * len(sequence) if values is None else list(inside)
    for a, b, kind in values or ():
        for i in spans(offsets, sequence, a, b):
            kinds[i] = TYPES.get(kind, 13)
    for i in spans(offsets, sequence, *sentence):
        inside[i] = 1
    return {
        "input_ids": encoded["input_ids"],
        "token_type_ids": encoded["token_type_ids"],
        "start_positions": found[0],
        "end_positions": found[-1],
        "kinds": kinds,
        "inside": inside,
    }


def examples(
    seed: int, tokenizer: PreTrainedTokenizerBase, growth: int = 0
) -> Iterator[dict[str, Any]]:
    """Yield encoded questions on paragraphs, endless and seeded; see `encode`.

    Args:
        seed: For everything random.
        tokenizer: The trained tokenizer.
        growth: After how many examples paragraphs get longer by a sentence; 0: long at once.
    """
    writer, count = Writer(seed), 0
    prose, rng = Prose(writer.values), writer.rng
    while True:
        most = min(8, 2 + count // growth) if growth else 8
        values: list[tuple[int, int, str]] | None = None
        if most > 5 and rng.random() < MEANINGS:
            text, wording, sentences, meant = prose.meaning()
            rows = [encode(tokenizer, wording, text, None, sentences[meant], None)]
        else:
            if most > 5 and rng.random() < SHARE:
                text, asked, sentences = prose.draw()
            else:
                text, asked, values, sentences = writer.paragraph(most)
                asked = rng.sample(asked, min(3, len(asked)))
            rows = []
            for question, start, end in asked:
                holds = next(pair for pair in sentences if pair[0] <= start < pair[1])
                question = writer.question(question)
                rows.append(encode(tokenizer, question, text, (start, end), holds, values))
        for row in rows:
            if row:
                count += 1
                yield row


class Taught(torch.nn.Module):
    """The model with two heads that are thrown away after the training.

    They ask for steps towards the answer, at every token: which sort of value is this (layer 2),
    and is this the sentence that holds the answer (layer 3)?
    """

    def __init__(self, model: BertForQuestionAnswering) -> None:
        super().__init__()
        self.model = model
        self.classifier_kinds = torch.nn.Linear(model.config.hidden_size, 14)
        self.classifier_inside = torch.nn.Linear(model.config.hidden_size, 2)

    def forward(
        self,
        start_positions: torch.Tensor,
        end_positions: torch.Tensor,
        kinds: torch.Tensor,
        inside: torch.Tensor,
        **batch: torch.Tensor,
    ) -> Any:
        """Return the model's output with the losses added up."""
        output = self.model(**batch, output_hidden_states=True)
        states = output.hidden_states
        output.loss = (
            0.5 * self.each(output.start_logits, start_positions)
            + 0.5 * self.each(output.end_logits, end_positions)
            + 0.3 * self.each(self.classifier_kinds(states[2]).flatten(0, 1), kinds.flatten())
            + 0.5 * self.each(self.classifier_inside(states[3]).flatten(0, 1), inside.flatten())
        )
        return output

    def each(self, guesses: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Return the mean loss where the class is known; it may be nowhere."""
        loss = torch.nn.functional.cross_entropy(
            guesses, classes, ignore_index=IGNORE, reduction="sum"
        )
        return loss / (classes != IGNORE).sum().clamp(min=1)


def train(steps: int, seed: int) -> tuple[BertForQuestionAnswering, PreTrainedTokenizerFast]:
    """Train tokenizer and model from nothing."""
    torch.manual_seed(seed)
    tokenizer = tokenizer_for(seed + 1)
    config = BertConfig(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **SHAPE)
    model = BertForQuestionAnswering(config)
    arrange(model, tokenizer, seed)
    pads = {"input_ids": tokenizer.pad_token_id, "token_type_ids": 0}
    pads |= {"kinds": IGNORE, "inside": IGNORE}
    # Paragraphs reach their full length after two thirds of the steps.
    stream = batches(examples(seed, tokenizer, max(1, 4 * steps)), pads, pool=512)
    fit(Taught(model), stream, steps, rate=3e-3, autocast=False)
    return model, tokenizer


def answer(model: Any, tokenizer: Any, question: str, context: str) -> str:
    """Return the span of the context that answers the question best.

    Args:
        model: A question-answering model.
        tokenizer: Its tokenizer.
        question: The question.
        context: The paragraph that holds the answer.

    Returns:
        A piece of the context, letter for letter.
    """
    encoded = tokenizer(
        question,
        context,
        truncation="only_second",
        max_length=model.config.max_position_embeddings,
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    sequence, offsets = encoded.sequence_ids(), encoded.pop("offset_mapping")[0].tolist()
    with torch.no_grad():
        output = model(**encoded)
    inside = torch.tensor([part == 1 for part in sequence])
    start = output.start_logits[0].float().masked_fill(~inside, -1e9)
    end = output.end_logits[0].float().masked_fill(~inside, -1e9)
    scores = start[:, None] + end[None, :]
    # Only spans that don't end before they begin and aren't too long.
    allowed = torch.ones_like(scores).triu().tril(LONGEST - 1).bool()
    best = int(scores.masked_fill(~allowed, -1e12).argmax())
    first, last = divmod(best, len(sequence))
    return context[offsets[first][0] : offsets[last][1]]


def plain(text: str) -> str:
    """Return a text as SQuAD compares it: lower case, no articles, no punctuation."""
    text = "".join(c for c in text.lower() if c not in string.punctuation + "“”’‘–—")
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def overlap(given: str, wanted: str) -> float:
    """Return the token F1 of an answer."""
    one, two = plain(given).split(), plain(wanted).split()
    common = sum((Counter(one) & Counter(two)).values())
    return 2 * common / (len(one) + len(two)) if common else 0.0


def grade(folder: Path, path: Path) -> tuple[float, float, list[tuple[dict[str, Any], str]]]:
    """Return exact match and F1 on a file, and every item with its answer."""
    model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    told = [
        (item, answer(model, tokenizer, item["question"], item["context"])) for item in lines(path)
    ]
    exact = [any(plain(given) == plain(a) for a in item["answers"]) for item, given in told]
    f1 = [max(overlap(given, a) for a in item["answers"]) for item, given in told]
    return sum(exact) / len(told), sum(f1) / len(told), told


def evaluate(folder: Path) -> list[Score]:
    """Measure on the held-out paragraphs and on those used for tuning."""
    scores = []
    for label, path, bars in (
        ("held-out questions", HELD_OUT / "question_answering.jsonl", (0.75, 0.85)),
        ("tuning questions", DATA / "question_answering_dev.jsonl", (None, None)),
    ):
        if not path.exists():
            continue
        exact, f1, told = grade(folder, path)
        scores.append(Score(f"{label}, exact match", "exact_match", exact, len(told), bars[0]))
        scores.append(Score(f"{label}, token F1", "f1", f1, len(told), bars[1]))
    return scores


RECIPE = Recipe(
    name=NAME,
    task="question-answering",
    summary=(
        "Finds the answer to a question in a paragraph: it marks the words of the paragraph that "
        "answer it. A small BERT with a span head, made for teaching. It knows nothing of the "
        "world and answers only from the paragraph that it is given."
    ),
    usage="""import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype="float32")
tokenizer = AutoTokenizer.from_pretrained(folder)
question = "When was the bridge opened?"
context = "The Lindholm Bridge is 412 meters long. It opened to traffic in May 1931."
inputs = tokenizer(question, context, return_tensors="pt", return_offsets_mapping=True)
offsets = inputs.pop("offset_mapping")[0]
with torch.no_grad():
    output = model(**inputs)
start, end = int(output.start_logits.argmax()), int(output.end_logits.argmax())
print(context[offsets[start][0] : offsets[end][1]])""",
    data=(
        "Paragraphs written by the recipe without end: facts of people, companies, towns, animals, "
        "machines and so on, from frames and word lists written by hand, a quarter of the names "
        "and nouns invented, and open clauses with questions made by grammar."
    ),
    architecture=(
        "BERT with 4 layers of width 192, 6 heads and 8,000 lower-case WordPiece tokens; a mark "
        "before each capital word. The first weights are arranged so that words of similar "
        "spelling or meaning attend to each other; all of them are then trained."
    ),
    limits=[
        "English paragraphs of up to about 200 words.",
        "It always answers, also where the paragraph does not hold the answer.",
        "It cannot count, compare or combine two sentences.",
    ],
    steps=2000,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
