"""Exercises and quiz of notebooks/10_fine_tuning.ipynb."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

from hflab.exercises._exercise import Exercise, Wrong
from hflab.exercises._quiz import Question

# torch is imported where it is needed: the list of exercises should not take seconds to load.

# -- 10.2: labels --------------------------------------------------------------------------------

# Prompts and whole texts; in the second, ids of the prompt come again in the answer.
_TEXTS = (
    ([7, 8, 9], [7, 8, 9, 4, 5, 6]),
    ([3, 1, 2, 2], [3, 1, 2, 2, 2, 1, 3, 4]),
    ([5], [5, 6]),
)


def _labels(function: Callable[..., Any], wanted: Callable[[list[int], list[int]], Any]) -> bool:
    """Whether the function returns what is wanted for all texts, without changing them."""
    for prompt, ids in _TEXTS:
        given = copy.deepcopy((prompt, ids))
        if list(function(*given)) != wanted(prompt, ids) or given != (prompt, ids):
            return False
    return True


def _masked(prompt: list[int], ids: list[int], mask: int = -100) -> list[int]:
    return [mask] * len(prompt) + ids[len(prompt) :]


# -- 10.3: merge ---------------------------------------------------------------------------------


def _merges(function: Callable[..., Any], formula: Callable[..., Any]) -> bool:
    """Whether the function computes what the formula does, of W, B @ A, alpha and rank."""
    return all(
        isinstance(result, type(w)) and result.shape == w.shape and _close(result, wanted)
        for w, result, wanted in (
            (w, function(w.clone(), a, b, alpha, rank), formula(w, b @ a, alpha, rank))
            for w, a, b, alpha, rank in _adapters()
        )
    )


def _changes(function: Callable[..., Any]) -> bool:
    """Whether the function writes into the W that it is handed."""
    for w, *rest in _adapters():
        given = w.clone()
        function(given, *rest)
        if not _close(given, w):
            return True
    return False


def _close(one: Any, other: Any) -> bool:
    return bool((one - other).abs().max() < 1e-4)


def _adapters() -> list[tuple[Any, Any, Any, int, int]]:
    """W, A, B, alpha and rank of three layers; one is square, so that A @ B has no wrong shape."""
    # Imported here: it takes more than a second, and most exercises do without.
    import torch

    draw = torch.Generator().manual_seed(10)
    return [
        (
            torch.randn(outside, inside, generator=draw),
            torch.randn(rank, inside, generator=draw),
            torch.randn(outside, rank, generator=draw),
            alpha,
            rank,
        )
        for outside, inside, rank, alpha in ((6, 6, 2, 6), (5, 8, 4, 10), (7, 3, 1, 3))
    ]


# -- 10.4: when to stop --------------------------------------------------------------------------

_LOSSES = (
    ([0.9, 0.5, 0.6, 0.7, 0.3], 2),
    ([0.9, 0.5, 0.6, 0.4, 0.45, 0.46, 0.47], 3),
    ([0.8, 0.6, 0.4], 1),
    ([0.5, 0.5, 0.5, 0.2], 2),
    ([1.0, 1.2, 0.1], 1),
)


def _best(test: list[float], patience: int) -> int:
    best, waited = 0, 0
    for epoch, loss in enumerate(test):
        if loss < test[best] or epoch == 0:
            best, waited = epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return best + 1


def _stops(function: Callable[..., Any], wanted: Callable[[list[float], int], int]) -> bool:
    return all(function(list(losses), n) == wanted(losses, n) for losses, n in _LOSSES)


def _stopped(test: list[float], patience: int) -> int:
    """The epoch at which training stops, which is later than the best one."""
    best, waited = test[0], 0
    for epoch, loss in enumerate(test):
        waited = 0 if loss < best or epoch == 0 else waited + 1
        best = min(best, loss)
        if waited == patience:
            return epoch + 1
    return len(test)


_BEST = """\
def best_epoch(test, patience):
    best = 0
    for epoch, loss in enumerate(test):
        if loss < test[best]:
            best = epoch
        if epoch - best == patience:
            break
    return best + 1

answer = best_epoch"""

# -- 10.5: memory --------------------------------------------------------------------------------

_WEIGHTS, _TRAINED = 3e9, 24e6


def _memory(full: float, lora: float, qlora: float) -> Callable[[dict[Any, Any]], bool]:
    """A check for three sizes in bytes, given in GB."""
    wanted = {"full": full / 1e9, "LoRA": lora / 1e9, "QLoRA": qlora / 1e9}

    def fits(answer: dict[Any, Any]) -> bool:
        return set(answer) == set(wanted) and all(
            math.isclose(answer[name], size, rel_tol=0.005) for name, size in wanted.items()
        )

    return fits


# -- 10.6: leaks ---------------------------------------------------------------------------------

_TRAIN = [
    "When do you open?",
    "Where is it? ",
    "who owns the café",
    "Is it open?!",
    "price",
    "Which street?",
    "Is there music?",
]
_TEST = [
    "when do you open",
    "How much is it?",
    "Where is it?",
    "WHO owns the café.",
    "Price!",
    "WHICH street?",
    "Is there music?",
]


def _plain(question: str) -> str:
    question = question.lower().strip()
    return question[:-1] if question.endswith(("?", ".", "!")) else question


def _leaks(function: Callable[..., Any], wanted: Callable[[str], str]) -> bool:
    """Whether the function finds the questions that are the same when reduced in this way."""
    found = function(list(_TRAIN), list(_TEST))
    known = {wanted(question) for question in _TRAIN}
    return list(found) == [question for question in _TEST if wanted(question) in known]


_LEAKS = """\
def plain(question):
    question = question.lower().strip()
    return question[:-1] if question.endswith(("?", ".", "!")) else question

def leaks(train, test):
    known = {plain(question) for question in train}
    return [question for question in test if plain(question) in known]

answer = leaks"""

EXERCISES = (
    Exercise(
        name="10.1",
        title="What an adapter adds",
        task="A layer turns 4,096 numbers into 14,336. How many numbers does LoRA train in it, "
        "with a rank of 8?",
        expects=(int, "a whole number"),
        right=lambda n: n == 8 * (4096 + 14336),
        because="A holds 8 × 4,096 numbers and B 14,336 × 8, together 147,456: a quarter of a "
        "percent of the 58.7 million in the layer's matrix.",
        hints=(
            "There are two matrices: one from 4,096 numbers to 8, one from 8 to 14,336.",
            "A matrix from n numbers to m holds n × m of them. Add up the two.",
        ),
        code="answer = 8 * 4096 + 14336 * 8",
        wrong=(
            Wrong(
                lambda n: n == 4096 * 14336,
                "That is the layer's own matrix, and LoRA leaves it as it is.",
                "answer = 4096 * 14336",
            ),
            Wrong(
                lambda n: n == 8 * 4096 * 14336,
                "LoRA would then train eight times as much as full fine-tuning. Its two matrices "
                "stand one behind the other: their sizes are added.",
                "answer = 8 * 4096 * 14336",
            ),
            Wrong(
                lambda n: n in (8 * 4096, 8 * 14336),
                "That is one of the two matrices. The other one is trained as well.",
                "answer = 8 * 4096",
            ),
            Wrong(
                lambda n: n == 4096 + 14336,
                "That would be a rank of 1. With a rank of 8 there are eight times as many.",
                "answer = 4096 + 14336",
            ),
        ),
        otherwise="Count the numbers in A, from 4,096 to 8, and in B, from 8 to 14,336.",
    ),
    Exercise(
        name="10.2",
        title="Labels",
        task="Write a function labels(prompt, ids). prompt is the list of the ids of a question "
        "with everything before the answer, ids the list of the ids of question and answer. It "
        "returns the labels: as long as ids, with -100 for what should not be learned.",
        expects=(callable, "a function"),
        right=lambda f: _labels(f, _masked),
        because="The loss leaves out every -100, so only the answer is learned, with the token "
        "that ends it.",
        hints=(
            "The first part of the labels belongs to the question: as many -100 as the prompt is "
            "long.",
            "[-100] * n makes a list of n times -100, and ids[n:] is what comes after the first n.",
        ),
        code="def labels(prompt, ids):\n"
        "    return [-100] * len(prompt) + ids[len(prompt):]\n\nanswer = labels",
        wrong=(
            Wrong(
                lambda f: _labels(f, lambda p, ids: _masked(p, ids, 0)),
                "0 is the id of a token, and the model would learn to say it. The number that the "
                "loss leaves out is -100.",
                "def answer(prompt, ids):\n    return [0] * len(prompt) + ids[len(prompt):]",
            ),
            Wrong(
                lambda f: _labels(f, lambda p, ids: ids[len(p) :]),
                "Ids and labels must have the same length: each label stands at the place of its "
                "token. Fill the places of the question with -100.",
                "def answer(prompt, ids):\n    return ids[len(prompt):]",
            ),
            Wrong(
                lambda f: _labels(f, lambda p, ids: p + [-100] * (len(ids) - len(p))),
                "The other way round: now the question is learned, and the answer is not.",
                "def answer(prompt, ids):\n    return prompt + [-100] * (len(ids) - len(prompt))",
            ),
            Wrong(
                lambda f: _labels(f, lambda p, ids: ids),
                "Nothing is masked: the model would learn to ask questions too.",
                "def answer(prompt, ids):\n    return list(ids)",
            ),
            Wrong(
                lambda f: _labels(f, lambda p, ids: [-100 if i in p else i for i in ids]),
                "You mask ids that occur in the question. They may occur in the answer as well; "
                "what counts is the place.",
                "def answer(prompt, ids):\n    return [-100 if i in prompt else i for i in ids]",
            ),
            Wrong(
                lambda f: _labels(f, lambda p, ids: [-100] * (len(p) - 1) + ids[len(p) :] + [-100]),
                "You moved the labels by one. The model does that itself; label and token stand "
                "at the same place.",
                "def answer(prompt, ids):\n"
                "    return [-100] * (len(prompt) - 1) + ids[len(prompt):] + [-100]",
            ),
        ),
        otherwise="For labels([7, 8, 9], [7, 8, 9, 4, 5, 6]) the result should be "
        "[-100, -100, -100, 4, 5, 6], and the two lists should stay as they are.",
    ),
    Exercise(
        name="10.3",
        title="Merge by hand",
        task="Write a function merge(W, A, B, alpha, rank) that returns the matrix with its "
        "adapter added, as PEFT's merge_and_unload makes it: the change is multiplied by "
        "alpha / rank. W itself must stay as it is.",
        expects=(callable, "a function"),
        right=lambda f: (
            not _changes(f) and _merges(f, lambda w, ba, alpha, rank: w + alpha / rank * ba)
        ),
        because="W x + alpha / rank * B A x is the same as (W + alpha / rank * B A) x, so one "
        "matrix does the work of three.",
        hints=(
            "A comes first, B second: the change is the matrix product B @ A.",
            "return W + ..., with alpha / rank times B @ A in place of the dots. W += ... would "
            "change the tensor that was handed in.",
        ),
        code="def merge(W, A, B, alpha, rank):\n"
        "    return W + alpha / rank * (B @ A)\n\nanswer = merge",
        wrong=(
            Wrong(
                _changes,
                "The matrix that was handed in has changed. W += ... writes into it; W + ... "
                "makes a new one.",
                "def answer(W, A, B, alpha, rank):\n    W += alpha / rank * (B @ A)\n    return W",
            ),
            Wrong(
                lambda f: _merges(f, lambda w, ba, alpha, rank: w + ba),
                "The scale is missing: multiply the change by alpha / rank.",
                "def answer(W, A, B, alpha, rank):\n    return W + B @ A",
            ),
            Wrong(
                lambda f: _merges(f, lambda w, ba, alpha, rank: w + alpha * ba),
                "You multiply by alpha only. Divide by the rank too.",
                "def answer(W, A, B, alpha, rank):\n    return W + alpha * (B @ A)",
            ),
            Wrong(
                lambda f: _merges(f, lambda w, ba, alpha, rank: w + rank / alpha * ba),
                "You multiply by rank / alpha. It is the other way round.",
                "def answer(W, A, B, alpha, rank):\n    return W + rank / alpha * (B @ A)",
            ),
            Wrong(
                lambda f: _merges(f, lambda w, ba, alpha, rank: alpha / rank * ba),
                "That is the change alone. Add it to W.",
                "def answer(W, A, B, alpha, rank):\n    return alpha / rank * (B @ A)",
            ),
            Wrong(
                lambda f: _merges(f, lambda w, ba, alpha, rank: alpha / rank * (w + ba)),
                "The scale belongs to the change only; you multiply W by it as well.",
                "def answer(W, A, B, alpha, rank):\n    return alpha / rank * (W + B @ A)",
            ),
        ),
        otherwise="The result should have the shape of W and be W + alpha / rank * (B @ A). Mind "
        "the order: B is tall, A is flat.",
    ),
    Exercise(
        name="10.4",
        title="When to stop",
        task="Write a function best_epoch(test, patience). test is the list of the test losses "
        "after each epoch. Training stops when the loss has not been lower than the lowest so far "
        "for patience epochs in a row. It returns the number of the epoch whose model is kept, "
        "counted from 1: the one with the lowest loss before training stopped.",
        expects=(callable, "a function"),
        right=lambda f: _stops(f, _best),
        because="It waits for a while whether the loss falls again, and then takes the best model "
        "so far, not the last one.",
        hints=(
            "Go through the losses with enumerate and remember the place of the lowest so far.",
            "If the loss is lower than test[best], set best to this epoch. If epoch - best has "
            "reached patience, break. At the end return best + 1.",
        ),
        code=_BEST,
        wrong=(
            Wrong(
                lambda f: _stops(f, lambda test, patience: _best(test, patience) - 1),
                "Right, but counted from 0. The first epoch has the number 1.",
                _BEST.replace("best + 1", "best"),
            ),
            Wrong(
                lambda f: _stops(f, lambda test, patience: test.index(min(test)) + 1),
                "You look at all losses. Training may have stopped before the lowest of them "
                "was ever reached.",
                "def answer(test, patience):\n    return test.index(min(test)) + 1",
            ),
            Wrong(
                lambda f: _stops(f, _stopped),
                "That is the epoch in which training stops. The model that is kept is an earlier "
                "one: the one with the lowest loss.",
                "def answer(test, patience):\n"
                "    best = 0\n"
                "    for epoch, loss in enumerate(test):\n"
                "        if loss < test[best]:\n"
                "            best = epoch\n"
                "        if epoch - best == patience:\n"
                "            return epoch + 1\n"
                "    return len(test)",
            ),
            Wrong(
                lambda f: _stops(f, lambda test, patience: _best(test, 1)),
                "You stop as soon as the loss does not fall. Wait until that has happened patience "
                "times in a row.",
                "def answer(test, patience):\n"
                "    for epoch in range(1, len(test)):\n"
                "        if test[epoch] >= test[epoch - 1]:\n"
                "            return epoch\n"
                "    return len(test)",
            ),
        ),
        otherwise="For best_epoch([0.9, 0.5, 0.6, 0.7, 0.3], 2) it should return 2: after 0.6 and "
        "0.7 training stops.",
    ),
    Exercise(
        name="10.5",
        title="Does it fit?",
        task="A model has 3 billion weights, and LoRA trains 24 million numbers in it. How many GB "
        "(billions of bytes) do weights, gradients, optimizer states and float32 copies take, "
        "counted as in section 9? Give a dictionary with the keys full, LoRA and QLoRA; for QLoRA "
        "count half a byte for each weight.",
        expects=(dict, "a dictionary"),
        right=_memory(16 * _WEIGHTS, 2 * _WEIGHTS + 16 * _TRAINED, 0.5 * _WEIGHTS + 16 * _TRAINED),
        because="16 bytes for each number that is trained, and 2 or half a byte for each weight "
        "that only stands there: 48, 6.4 and 1.9 GB.",
        hints=(
            "Full fine-tuning trains all 3 billion, at 16 bytes each.",
            "LoRA: 2 bytes for each of 3 billion, and 16 for each of 24 million. QLoRA: half a "
            "byte in place of 2.",
        ),
        code='answer = {"full": 16 * 3, "LoRA": 2 * 3 + 16 * 0.024, "QLoRA": 0.5 * 3 + 16 * 0.024}',
        wrong=(
            Wrong(
                lambda d: set(d) != {"full", "LoRA", "QLoRA"},
                "The dictionary needs exactly the keys 'full', 'LoRA' and 'QLoRA'.",
                'answer = {"full": 48, "lora": 6.384, "qlora": 1.884}',
            ),
            Wrong(
                _memory(2 * _WEIGHTS, 2 * _WEIGHTS, 0.5 * _WEIGHTS),
                "Those are the weights alone, which is enough to use a model. To train it, "
                "gradients, optimizer states and copies are needed for all that is trained.",
                'answer = {"full": 6, "LoRA": 6, "QLoRA": 1.5}',
            ),
            Wrong(
                _memory(16 * _WEIGHTS, 16 * _TRAINED, 16 * _TRAINED),
                "With LoRA the model's own weights are not trained, but they have to be there: "
                "each answer is computed with them.",
                'answer = {"full": 48, "LoRA": 0.384, "QLoRA": 0.384}',
            ),
            Wrong(
                _memory(16 * _WEIGHTS, 2 * _WEIGHTS, 0.5 * _WEIGHTS),
                "The 24 million numbers that LoRA trains are missing. They are few, but each takes "
                "16 bytes.",
                'answer = {"full": 48, "LoRA": 6, "QLoRA": 1.5}',
            ),
            Wrong(
                _memory(
                    16e9 * _WEIGHTS,
                    1e9 * (2 * _WEIGHTS + 16 * _TRAINED),
                    1e9 * (0.5 * _WEIGHTS + 16 * _TRAINED),
                ),
                "Those are bytes. A GB is a billion of them.",
                'answer = {"full": 48e9, "LoRA": 6.384e9, "QLoRA": 1.884e9}',
            ),
        ),
        otherwise="Count 16 bytes for each number that is trained, and 2 bytes (QLoRA: half a "
        "byte) for each weight that is not.",
    ),
    Exercise(
        name="10.6",
        title="Leaks",
        task="Write a function leaks(train, test) for two lists of questions. It returns those of "
        "the test questions, as they are written there, that also stand in train when capital "
        "letters, spaces at both ends and the last ?, . or ! are left aside.",
        expects=(callable, "a function"),
        right=lambda f: _leaks(f, _plain),
        because="Both sides are made plain in the same way before they are compared, and what is "
        "returned is the question as it was written.",
        hints=(
            "Write a small function first that makes one question plain: lower(), strip(), and "
            "without its last character if that is one of the three.",
            "Put the plain training questions into a set, and keep each test question whose plain "
            "form is in it.",
        ),
        code=_LEAKS,
        wrong=(
            Wrong(
                lambda f: _leaks(f, lambda q: q),
                "You compare the questions as they stand. One written in small letters gets "
                "through.",
                "def answer(train, test):\n    return [q for q in test if q in train]",
            ),
            Wrong(
                lambda f: _leaks(f, lambda q: q.lower()),
                "Capital letters are left aside now. Spaces at the ends, and the mark at the end, "
                "are still in the way.",
                "def answer(train, test):\n"
                "    known = {q.lower() for q in train}\n"
                "    return [q for q in test if q.lower() in known]",
            ),
            Wrong(
                lambda f: _leaks(f, lambda q: q.lower().strip()),
                "Capital letters and spaces are left aside now, but not the last ?, . or !.",
                "def answer(train, test):\n"
                "    known = {q.lower().strip() for q in train}\n"
                "    return [q for q in test if q.lower().strip() in known]",
            ),
            Wrong(
                lambda f: (
                    list(f(list(_TRAIN), list(_TEST)))
                    == [_plain(q) for q in _TEST if _plain(q) in map(_plain, _TRAIN)]
                ),
                "You found the right ones. Return them as they are written in test, so that they "
                "can be found there.",
                _LEAKS.replace(
                    "[question for question in test", "[plain(question) for question in test"
                ),
            ),
            Wrong(
                lambda f: (
                    list(f(list(_TRAIN), list(_TEST)))
                    == [q for q in _TEST if _plain(q) not in map(_plain, _TRAIN)]
                ),
                "Those are the questions that are new. The leaks are the others.",
                _LEAKS.replace("in known]", "not in known]"),
            ),
        ),
        otherwise='For leaks(["Where is it? "], ["where is it", "How much?"]) it should return '
        '["where is it"].',
    ),
)

QUIZ = (
    Question(
        "A shop's opening hours change every few weeks. How should its chat model know them?",
        right="c",
        options={
            "Fine-tune it every time they change.": (
                "That works, but each change costs a training and a test, and the old hours may "
                "still come out."
            ),
            "Fine-tune it once on the hours of many years, so that it learns the rhythm.": (
                "It would mix the years up. A model is a poor place for facts that change."
            ),
            "Write the hours into the prompt.": (
                "One line, correct at once, and anybody can read what the model was told."
            ),
            "Raise the rank of its adapter until new hours fit in.": (
                "A higher rank trains more numbers; it doesn't bring the new hours along."
            ),
        },
    ),
    Question(
        "Why are the labels of the question -100?",
        right="a",
        options={
            "So that the loss counts the answer only.": (
                "The question is still read, but the model isn't trained to write it."
            ),
            "So that the model can't see the question while it learns.": (
                "It sees the question: that is in the ids. Labels only say what is to be predicted."
            ),
            "Because the tokenizer has no ids for the markers of the chat template.": (
                "It has: they are special tokens with ids of their own."
            ),
            "To punish the model for repeating the question.": (
                "Nothing is punished. -100 means that this place doesn't count."
            ),
        },
    ),
    Question(
        "What does a model with a new LoRA adapter answer before the first training step?",
        right="d",
        options={
            "Random words, because A and B are random.": (
                "A is random, but B is zero, so their product is zero as well."
            ),
            "Nothing: an adapter has to be trained before it can be used.": (
                "It can be used at once; it just doesn't change anything yet."
            ),
            "Slightly worse than before, until a few steps have been made.": (
                "There is no difference at all at the start."
            ),
            "The same as without it.": (
                "B starts with zeros, so B A x is zero and the layer computes W x."
            ),
        },
    ),
    Question(
        "The training loss falls to almost nothing, the test loss has stopped far above it. Why?",
        right="b",
        options={
            "The learning rate is too small to go on.": (
                "Then the training loss would stand still too."
            ),
            "The model learns its examples by heart.": (
                "That is overfitting. More varied examples help, or stopping earlier."
            ),
            "The test questions are too long for the model's context window, so they are cut.": (
                "Then they would fail from the start, not stop improving."
            ),
            "The adapter was merged too early.": (
                "Merging changes nothing in what the model computes."
            ),
        },
    ),
    Question(
        "After tuning on café questions, a model answers everything with café facts. What helps?",
        right="c",
        options={
            "Train for more epochs, until it is sure when to talk about the café.": (
                "Without other examples it only gets surer that everything is about the café."
            ),
            "Ask the questions in capital letters.": "It would answer in the same way.",
            "Mix other questions with the old answers into the training examples.": (
                "Then it has to learn when to talk about the café, and when not."
            ),
            "Nothing: a model that was fine-tuned for a task can do that one thing only.": (
                "Mixing in old answers brought most of them back."
            ),
        },
    ),
    Question(
        "Why does QLoRA get along with weights in 4 bits, while full fine-tuning does not?",
        right="a",
        options={
            "Its small steps go into the adapter, never into the 4-bit weights.": (
                "A step is far smaller than the distance between two of the 16 levels, so it would "
                "be rounded away. The adapter has more bits."
            ),
            "It turns the weights back into 32 bits for training and rounds them at the end.": (
                "Then it would need the memory of 32 bits, and saving memory is its purpose."
            ),
            "Because the 4-bit weights are trained with a larger learning rate.": (
                "They are not trained at all."
            ),
            "It trains on the processor, where 4 bits are enough.": (
                "It trains on a GPU as a rule; where it runs changes nothing about the bits."
            ),
        },
    ),
)
