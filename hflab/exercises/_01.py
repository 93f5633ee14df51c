"""Exercises and quiz of notebooks/01_intro.ipynb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hflab.exercises._exercise import Exercise, Wrong
from hflab.exercises._quiz import Question

# -- 01.2: a list of messages --------------------------------------------------------------------


def _roles(messages: list[Any]) -> list[Any]:
    return [m.get("role") if isinstance(m, dict) else None for m in messages]


def _well_formed(messages: list[Any]) -> bool:
    return all(
        isinstance(m, dict)
        and set(m) == {"role", "content"}
        and isinstance(m["content"], str)
        and m["content"].strip()
        for m in messages
    )


# -- 01.3: the most probable token ---------------------------------------------------------------

# The winner is never first in the table, and never first or last in the alphabet.
_TABLES = (
    {" Lyon": 0.22, " Paris": 0.61, " Rome": 0.17},
    {" dog": 0.32, " cat": 0.05, " eel": 0.48, " zoo": 0.15},
)


def _picks(function: Callable[..., Any], choose: Callable[[dict[str, float]], Any]) -> bool:
    return all(function(dict(table)) == choose(table) for table in _TABLES)


def _best(table: dict[str, float]) -> str:
    return max(table, key=lambda token: table[token])


# -- 01.4: the loop ------------------------------------------------------------------------------

_END = 0


class _TooManyCallsError(Exception):
    """The learner's loop went on far beyond its limit."""


class _Counting:
    """A toy model whose next id is 100 plus the length of the list, until the end.

    Args:
        tokens: How many tokens it writes before the end token.
        start: How many tokens the prompt has.
    """

    def __init__(self, tokens: int, start: int) -> None:
        self.tokens, self.start, self.calls = tokens, start, 0

    def __call__(self, ids: list[int]) -> int:
        self.calls += 1
        if self.calls > 60:
            raise _TooManyCallsError
        written = len(ids) - self.start
        return _END if written == self.tokens else 100 + len(ids)


def _run(function: Callable[..., Any], tokens: int, limit: int) -> tuple[Any, int]:
    """What a learner's loop returns for a prompt of three tokens, and how often it asked."""
    toy = _Counting(tokens, start=3)
    try:
        return function(toy, [7, 8, 9], limit), toy.calls
    except _TooManyCallsError:
        return "no end", toy.calls


def _expected(tokens: int, limit: int) -> list[int]:
    return [7, 8, 9] + [103 + n for n in range(min(tokens, limit))]


def _writes(function: Callable[..., Any]) -> bool:
    runs = ((4, 20), (4, 2), (0, 5))
    if any(_run(function, *run)[0] != _expected(*run) for run in runs):
        return False
    return _run(function, 30, 6)[1] <= 7  # a limit of six needs six calls, not thirty


_LOOP = """\
def write(next_token, ids, limit):
    ids = list(ids)
    for _ in range(limit):
        token = next_token(ids)
        if token == 0:
            break
        ids.append(token)
    return ids

answer = write"""

# -- 01.6: one step of training ------------------------------------------------------------------


def _steps(function: Callable[..., Any]) -> list[float]:
    """From the weight 2 with rate 0.5: uphill, downhill and on flat ground."""
    return [float(function(2.0, slope, 0.5)) for slope in (1.0, -1.0, 0.0)]


EXERCISES = (
    Exercise(
        name="01.1",
        title="How many messages?",
        task="A chat has a system prompt. You send two questions and get two answers. How many "
        "messages does its list hold then?",
        expects=(int, "a whole number"),
        right=lambda n: n == 5,
        because="One system message, two of the user and two of the assistant: the list keeps "
        "both sides, since the model reads all of it again at every turn.",
        hints=(
            "Think of the list that chat.messages printed: who wrote each of its lines?",
            "Count the messages of the system, of the user and of the assistant one by one.",
        ),
        code="answer = 1 + 2 + 2",
        wrong=(
            Wrong(
                lambda n: n == 4,
                "That counts questions and answers. The system prompt is a message too.",
                "answer = 4",
            ),
            Wrong(
                lambda n: n == 3,
                "That counts the system prompt and your questions. The answers of the model are "
                "kept in the list as well: without them it could not refer to what it said.",
                "answer = 3",
            ),
            Wrong(
                lambda n: n == 2,
                "That counts the questions only. The list holds what everybody said.",
                "answer = 2",
            ),
        ),
        otherwise="Count one message for each time somebody speaks: system, user or assistant.",
    ),
    Exercise(
        name="01.2",
        title="A list of messages",
        task="Write a list of two messages: a system prompt that asks for one-word answers, then "
        "a question of the user about the term token.",
        expects=((list, dict, str), "a list of messages"),
        right=lambda m: (
            isinstance(m, list)
            and _well_formed(m)
            and _roles(m) == ["system", "user"]
            and "word" in m[0]["content"].lower()
            and "token" in m[1]["content"].lower()
        ),
        because="The system message comes first, the user's question last, and the model writes "
        "the message that follows.",
        hints=(
            "A message is a dictionary with two keys, role and content; a conversation is a list "
            "of messages.",
            'It starts like this: [{"role": "system", "content": "Answer in one word."}, ...]',
        ),
        code="answer = [\n"
        '    {"role": "system", "content": "Answer in one word."},\n'
        '    {"role": "user", "content": "What is a token?"},\n'
        "]",
        wrong=(
            Wrong(
                lambda m: isinstance(m, str),
                "That is plain text. A chat model wants to know who says what, so each piece of "
                "text goes into a dictionary with a role, and the dictionaries into a list.",
                'answer = "Answer in one word. What is a token?"',
            ),
            Wrong(
                lambda m: isinstance(m, dict),
                "That is a single dictionary. A conversation is a list, even of one message: put "
                "square brackets around the dictionaries.",
                'answer = {"role": "user", "content": "What is a token?"}',
            ),
            Wrong(
                lambda m: not _well_formed(m),
                "Every message is a dictionary with exactly two keys, role and content, and the "
                "content is text that is not empty.",
                'answer = [{"system": "Answer in one word."}, {"user": "What is a token?"}]',
            ),
            Wrong(
                lambda m: _roles(m) == ["user", "system"],
                "The order matters: the system prompt comes before the first question.",
                'answer = [{"role": "user", "content": "What is a token?"},\n'
                '          {"role": "system", "content": "Answer in one word."}]',
            ),
            Wrong(
                lambda m: "assistant" in _roles(m),
                "The message of the assistant is for the model to write: leave it out.",
                'answer = [{"role": "system", "content": "Answer in one word."},\n'
                '          {"role": "user", "content": "What is a token?"},\n'
                '          {"role": "assistant", "content": "Piece."}]',
            ),
            Wrong(
                lambda m: "system" not in _roles(m),
                "There is no system message. Rules for the whole chat go into a message whose role "
                "is system; a rule inside the question counts for that question only.",
                'answer = [{"role": "user", "content": "What is a token? One word."}]',
            ),
        ),
        otherwise="Write two messages: first the role system with the words one word in its "
        "content, then the role user with a question about the term token.",
    ),
    Exercise(
        name="01.3",
        title="Greedy decoding by hand",
        task="Write a function that takes a dictionary from tokens to probabilities and returns "
        "the most probable token.",
        expects=(callable, "a function"),
        right=lambda f: _picks(f, _best),
        because="Greedy decoding does just that at every step: it takes the token with the "
        "highest probability.",
        hints=(
            "max finds the largest of several things. Here you want the largest by probability, "
            "yet the token itself as the result.",
            "max(table, key=...) compares tokens by what the key function says of each: let it "
            "look up the token's probability, as table.get does.",
        ),
        code="def greedy(table):\n    return max(table, key=table.get)\n\nanswer = greedy",
        wrong=(
            Wrong(
                lambda f: _picks(f, lambda table: max(table)),
                "max(table) compares the tokens themselves, in the order of the alphabet. Tell it "
                "to compare probabilities, with key=.",
                "answer = lambda table: max(table)",
            ),
            Wrong(
                lambda f: _picks(f, lambda table: max(table.values())),
                "That is the highest probability. Asked for is the token that has it.",
                "answer = lambda table: max(table.values())",
            ),
            Wrong(
                lambda f: _picks(f, lambda table: min(table, key=lambda token: table[token])),
                "That is the least probable token.",
                "answer = lambda table: min(table, key=table.get)",
            ),
            Wrong(
                lambda f: _picks(f, lambda table: next(iter(table))),
                "That is the first token of the dictionary. The table need not be sorted.",
                "answer = lambda table: list(table)[0]",
            ),
            Wrong(
                lambda f: _picks(f, lambda table: None),
                "Your function returns None: it needs a return with the token.",
                "def answer(table):\n    max(table, key=table.get)",
            ),
        ),
        otherwise="For {' Lyon': 0.22, ' Paris': 0.61, ' Rome': 0.17} the result should be "
        "' Paris'.",
    ),
    Exercise(
        name="01.4",
        title="One token at a time",
        task="Write a function write(next_token, ids, limit). It asks next_token(ids) for one more "
        "token id, again and again, adds each to the list, and stops at id 0 or after limit new "
        "tokens. It returns the whole list without the 0.",
        expects=(callable, "a function"),
        right=_writes,
        because="This loop is what generate does: the token just written becomes part of the "
        "input for the next one.",
        hints=(
            "A for loop over range(limit) holds the limit; break leaves it early.",
            "Inside the loop: token = next_token(ids), break if it is 0, else ids.append(token).",
        ),
        code=_LOOP,
        wrong=(
            Wrong(
                lambda f: _run(f, 4, 20)[0] is None,
                "Your function returns None: its last line should return the list.",
                _LOOP.replace("    return ids\n", ""),
            ),
            Wrong(
                lambda f: _run(f, 4, 20)[0] == "no end",
                "It never stops: neither at 0 nor at the limit.",
                "def answer(next_token, ids, limit):\n"
                "    while True:\n"
                "        ids = [*ids, next_token(ids)]",
            ),
            Wrong(
                lambda f: _run(f, 4, 20)[0] == [*_expected(4, 20), _END],
                "The 0 is in the result. Look at the token before you add it to the list.",
                _LOOP.replace("        ids.append(token)\n", "").replace(
                    "        if token", "        ids.append(token)\n        if token"
                ),
            ),
            Wrong(
                lambda f: _run(f, 4, 20)[0] == [7, 8, 9] + [103] * 20,
                "Every new token is the same, because next_token sees the same list each time. "
                "Give it the list with the new tokens in it.",
                "def answer(next_token, ids, limit):\n"
                "    return ids + [next_token(ids) for _ in range(limit)]",
            ),
            Wrong(
                lambda f: _run(f, 30, 2)[0] == _expected(30, 30),
                "It stops at 0, but not at the limit: a model that never writes 0 would keep it "
                "running for ever.",
                "def answer(next_token, ids, limit):\n"
                "    ids = list(ids)\n"
                "    while (token := next_token(ids)) != 0:\n"
                "        ids.append(token)\n"
                "    return ids",
            ),
            Wrong(
                lambda f: _run(f, 4, 20)[0] == [103, 104, 105, 106],
                "Those are the new tokens alone. Return the whole list, with the prompt in front.",
                _LOOP.replace("return ids", "return ids[3:]"),
            ),
            Wrong(
                lambda f: _run(f, 4, 20)[0][:8] == [*_expected(4, 20), _END],
                "It goes on after 0. That id means that the answer is finished.",
                _LOOP.replace("break", "pass"),
            ),
            Wrong(
                lambda f: _run(f, 30, 6)[1] > 7,
                "The result is right, but next_token was asked far more often than the limit "
                "allows. With a real model each of these calls costs time.",
                "def answer(next_token, ids, limit):\n"
                "    new = list(ids)\n"
                "    while (token := next_token(new)) != 0:\n"
                "        new.append(token)\n"
                "    return new[: len(ids) + limit]",
            ),
        ),
        otherwise="Called with the prompt [7, 8, 9] and a model that says 103, then 104, then 0, "
        "your function should return [7, 8, 9, 103, 104].",
    ),
    Exercise(
        name="01.5",
        title="Does it fit?",
        task="A model has 3 billion parameters. How many gigabytes do its weights take with 4 bits "
        "each?",
        expects=((int, float), "a number"),
        right=lambda n: abs(n - 1.5) < 1e-9,
        because="Four bits are half a byte, and 3 billion times half a byte are 1.5 billion bytes.",
        hints=(
            "A byte has 8 bits.",
            "Parameters times bits, divided by 8, gives bytes; a gigabyte is a billion of them.",
        ),
        code="answer = 3 * 4 / 8",
        wrong=(
            Wrong(
                lambda n: n == 12,
                "Those are gigabits: 3 billion times 4 bits. Eight bits make one byte.",
                "answer = 3 * 4",
            ),
            Wrong(
                lambda n: n in (1.5e9, 1500),
                "The number is right, the unit is not: a gigabyte is a billion bytes.",
                "answer = 3_000_000_000 * 4 / 8",
            ),
            Wrong(
                lambda n: n == 6,
                "That is right for 16 bits, two bytes each. Four bits are half a byte.",
                "answer = 3 * 16 / 8",
            ),
        ),
        otherwise="Compare with section 10: parameters times bits, divided by 8, in billions.",
    ),
    Exercise(
        name="01.6",
        title="One step of training",
        task="Write a function step(weight, slope, rate) that returns the weight after one step of "
        "gradient descent. The slope says how fast the loss rises when the weight grows.",
        expects=(callable, "a function"),
        right=lambda f: _steps(f) == [1.5, 2.5, 2.0],
        because="Against the slope: where the loss rises with the weight, the weight is made "
        "smaller, and the rate says by how much.",
        hints=(
            "The loss should fall. If it rises when the weight grows, which way must the weight "
            "go?",
            "Take rate times slope away from the weight.",
        ),
        code="def step(weight, slope, rate):\n    return weight - rate * slope\n\nanswer = step",
        wrong=(
            Wrong(
                lambda f: _steps(f) == [2.5, 1.5, 2.0],
                "That goes uphill: the loss rises at every step. Go against the slope.",
                "answer = lambda weight, slope, rate: weight + rate * slope",
            ),
            Wrong(
                lambda f: _steps(f) == [1.0, 3.0, 2.0],
                "The learning rate is not used. Without it the steps are too long.",
                "answer = lambda weight, slope, rate: weight - slope",
            ),
            Wrong(
                lambda f: _steps(f) == [-0.5, 0.5, 0.0],
                "That is the change alone. It still has to be added to the weight.",
                "answer = lambda weight, slope, rate: -rate * slope",
            ),
        ),
        otherwise="step(2.0, 1.0, 0.5) should be 1.5: half of the slope is taken from the weight.",
    ),
)

QUIZ = (
    Question(
        "What does a language model work out each time it is run on a text?",
        right="c",
        options={
            "The complete answer, which it then checks for truth.": (
                "Nothing in it checks for truth, and an answer takes one run for each token."
            ),
            "The sentence of its training data that fits best.": (
                "It keeps no list of sentences, only weights; most of what it writes is new."
            ),
            "How probable each token is as the next one.": (
                "All else, chat included, is made by running it again and again."
            ),
            "A translation of the text into rules of logic.": (
                "There are no explicit rules inside, only numbers that were learned."
            ),
        },
    ),
    Question(
        "You tell a chat model your name, and two questions later it still knows it. Why?",
        right="a",
        options={
            "The whole conversation is given to it again each time.": (
                "The list of messages is the memory; clear the list and the name is gone."
            ),
            "Its weights were changed by what you wrote.": (
                "Weights change in training. Chatting leaves them exactly as they are."
            ),
            "It wrote your name into a file next to the model.": (
                "A model can't write files; a program around it could, and this one does not."
            ),
            "It keeps one small memory for each user in its attention layers.": (
                "Attention relates the tokens of the text at hand and keeps nothing afterwards."
            ),
        },
    ),
    Question(
        "About how much memory do the weights of a 7B model take at 16 bits each?",
        right="d",
        options={
            "7 GB": "That would be one byte (8 bits) for each of 7 billion parameters.",
            "112 GB": "That is the number of bits. Eight bits make one byte.",
            "28 GB": "That is right for 32 bits, four bytes each.",
            "14 GB": "7 billion parameters times 2 bytes are 14 billion bytes.",
        },
    ),
    Question(
        "A model names a book that does not exist, with author and year. What has happened?",
        right="b",
        options={
            "The book was in its training data and has been deleted since.": (
                "Possible in theory, but the usual cause is far simpler: likely words in a row."
            ),
            "It wrote what sounds likely, and likely is not the same as true.": (
                "That is a hallucination. Facts from a model need to be checked."
            ),
            "It wanted to deceive whoever asked the question.": (
                "A model has no wish to deceive; it continues text."
            ),
            "Its temperature was above zero, and at zero it would always be right.": (
                "At low temperature it repeats its likeliest words, and those can be false too."
            ),
        },
    ),
    Question(
        "In pretraining a language model reads huge amounts of text. Who writes the right answers?",
        right="c",
        options={
            "People label each sentence by hand.": (
                "That is supervised learning; nobody could label that much text."
            ),
            "A second, larger model grades every guess of the first.": (
                "Such graders exist in later stages of training, not in this one."
            ),
            "Nobody: the next token of the text is the right answer.": (
                "That is why any text will do, and why there is so much to learn from."
            ),
            "There is no right answer, only a reward at the end.": (
                "That describes reinforcement learning."
            ),
        },
    ),
    Question(
        "Why can two runs of the same prompt give different answers?",
        right="a",
        options={
            "The next token may be drawn at random.": (
                "Likely tokens are drawn more often. Greedy decoding always takes the likeliest."
            ),
            "The model has learned something from the first run.": (
                "It learns nothing from being used; only training changes its weights."
            ),
            "The tokenizer cuts the text at other places each time it is called.": (
                "The same text always gives the same tokens."
            ),
            "Rounding errors add up until the model has changed its mind.": (
                "They are tiny; with greedy decoding two runs on one computer agree."
            ),
        },
    ),
)
