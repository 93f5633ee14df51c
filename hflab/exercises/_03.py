"""Exercises and quiz of notebooks/03_tokenizers.ipynb."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hflab.exercises._exercise import Exercise, Wrong
from hflab.exercises._quiz import Question

# -- 03.2: the text of every token ---------------------------------------------------------------


class _Toy:
    """A tokenizer of seven tokens that cuts " tokens" in two and puts a mark in front.

    It stands in for any real one, so that the check needs no model.
    """

    words = ("<s>", "All", " tok", "ens", " count", ".", "</s>")

    def __call__(self, text: str, add_special_tokens: bool = True, **_: Any) -> dict[str, Any]:
        ids, rest = [], text
        while rest:
            piece = next(w for w in self.words[1:6] if rest.startswith(w))
            ids.append(self.words.index(piece))
            rest = rest[len(piece) :]
        return {"input_ids": [0, *ids, 6] if add_special_tokens else ids}

    def encode(self, text: str, add_special_tokens: bool = True, **_: Any) -> list[int]:
        ids: list[int] = self(text, add_special_tokens)["input_ids"]
        return ids

    def tokenize(self, text: str, **_: Any) -> list[str]:
        return [self.words[i].replace(" ", "Ġ") for i in self.encode(text, False)]

    def convert_ids_to_tokens(self, ids: Any, **_: Any) -> Any:
        if isinstance(ids, int):
            return self.words[ids].replace(" ", "Ġ")
        return [self.words[i].replace(" ", "Ġ") for i in ids]

    def decode(self, ids: Any, skip_special_tokens: bool = False, **_: Any) -> str:
        listed = [ids] if isinstance(ids, int) else list(ids)
        kept = [i for i in listed if not (skip_special_tokens and i in (0, 6))]
        return "".join(self.words[i] for i in kept)

    def batch_decode(self, ids: Any, **options: Any) -> list[str]:
        nested = ids and not isinstance(ids[0], int)
        return [self.decode(each, **options) for each in (ids if nested else [ids])]


_SENTENCE = "All tokens count."
_PIECES = ["All", " tok", "ens", " count", "."]


def _pieces(function: Callable[..., Any]) -> Any:
    return function(_Toy(), _SENTENCE)


# -- 03.5: exactly one beginning -----------------------------------------------------------------


def _repairs(function: Callable[..., Any]) -> list[Any]:
    """The results for a prompt without, with one and with two beginnings, and one with a late 1."""
    return [function(list(ids), 1) for ids in ([7, 8], [1, 7, 8], [1, 1, 7, 8], [7, 1, 8])]


_REPAIRED = [[1, 7, 8], [1, 7, 8], [1, 7, 8], [1, 7, 1, 8]]

# -- 03.6: dropping the oldest messages ----------------------------------------------------------

_TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "one two three"},
    {"role": "assistant", "content": "four five"},
    {"role": "user", "content": "six"},
]


def _words(messages: list[dict[str, str]]) -> int:
    """Counts words, where the real thing counts tokens."""
    return sum(len(message["content"].split()) for message in messages)


def _trims(function: Callable[..., Any]) -> list[Any]:
    """The results with a system prompt at three limits, without one, and whether lists survived."""
    talk = copy.deepcopy(_TALK)
    results = [function(talk, _words, limit) for limit in (9, 5, 3)]
    results.append(function(talk[1:], _words, 3))
    return [*results, talk == _TALK]


_TRIMMED = [_TALK, [_TALK[0], *_TALK[2:]], [_TALK[0], _TALK[3]], _TALK[2:], True]

_TRIM = """\
def trim(messages, count, limit):
    head = [m for m in messages[:1] if m["role"] == "system"]
    rest = messages[len(head):]
    while rest and count(head + rest) > limit:
        rest = rest[1:]
    return head + rest

answer = trim"""

EXERCISES = (
    Exercise(
        name="03.1",
        title="Two words, how many tokens?",
        task="A tokenizer cuts unbelievable into un, bel, iev, able. How many tokens does a model "
        "read for the text unbelievable unbelievable, if the blank costs nothing extra?",
        expects=(int, "a whole number"),
        right=lambda n: n == 8,
        because="Four pieces for each of the two words; the blank is part of the second word's "
        "first piece.",
        hints=(
            "A token is a piece, not a word.",
            "Count the pieces of one word, and take them twice.",
        ),
        code="answer = 2 * 4",
        wrong=(
            Wrong(
                lambda n: n == 2,
                "Two is the number of words. A rare word is cut into several tokens.",
                "answer = 2",
            ),
            Wrong(
                lambda n: n == 4,
                "That is one word. A word that comes twice is read twice.",
                "answer = 4",
            ),
            Wrong(
                lambda n: n == 9,
                "The blank is no token of its own here: it belongs to the word after it.",
                "answer = 4 + 1 + 4",
            ),
        ),
        otherwise="Write down the pieces of the whole text one after the other, and count them.",
    ),
    Exercise(
        name="03.2",
        title="The text of every token",
        task="Write a function pieces(tokenizer, text) that returns the list of the text's tokens, "
        "each as text, without special tokens.",
        expects=(callable, "a function"),
        right=lambda f: _pieces(f) == _PIECES,
        because="Decoding the ids one by one gives each token's own text, blanks included.",
        hints=(
            "First get the ids without special tokens, then decode them one at a time.",
            "The ids: tokenizer(text, add_special_tokens=False)['input_ids']. Then a list "
            "comprehension with tokenizer.decode([i]).",
        ),
        code="def pieces(tokenizer, text):\n"
        '    ids = tokenizer(text, add_special_tokens=False)["input_ids"]\n'
        "    return [tokenizer.decode([i]) for i in ids]\n\nanswer = pieces",
        wrong=(
            Wrong(
                lambda f: _pieces(f) == ["<s>", *_PIECES, "</s>"],
                "The special tokens are in the list. Leave them out with add_special_tokens=False.",
                "def answer(tokenizer, text):\n"
                '    return [tokenizer.decode([i]) for i in tokenizer(text)["input_ids"]]',
            ),
            Wrong(
                lambda f: _pieces(f) in ([_SENTENCE], _SENTENCE),
                "That is the whole text again, in one piece: the ids were decoded together. Decode "
                "them one by one.",
                "def answer(tokenizer, text):\n"
                '    ids = tokenizer(text, add_special_tokens=False)["input_ids"]\n'
                "    return [tokenizer.decode(ids)]",
            ),
            Wrong(
                lambda f: _pieces(f) == _SENTENCE.split(),
                "Those are words. Ask the tokenizer, it cuts differently.",
                "answer = lambda tokenizer, text: text.split()",
            ),
            Wrong(
                lambda f: _pieces(f) == _Toy().tokenize(_SENTENCE),
                "Nearly: tokenize writes blanks in the tokenizer's own way, as Ġ. Decoding an id "
                "gives real text.",
                "answer = lambda tokenizer, text: tokenizer.tokenize(text)",
            ),
            Wrong(
                lambda f: _pieces(f) is None,
                "Your function returns None: it needs a return with the list.",
                "def answer(tokenizer, text):\n    list(text)",
            ),
        ),
        otherwise="For a tokenizer that cuts so, the result for 'All tokens count.' should be "
        "['All', ' tok', 'ens', ' count', '.'].",
    ),
    Exercise(
        name="03.3",
        title="A page in tokens",
        task="A page has 1,800 characters, and your tokenizer manages 4.5 characters in a token. "
        "How many tokens is that?",
        expects=((int, float), "a number"),
        right=lambda n: n == 400,
        because="1,800 characters divided by 4.5 characters a token are 400 tokens.",
        hints=(
            "The more characters go into one token, the fewer tokens there are.",
            "Divide the characters by the characters of one token.",
        ),
        code="answer = 1800 / 4.5",
        wrong=(
            Wrong(
                lambda n: n == 8100,
                "That is the product. It would mean more tokens than characters.",
                "answer = 1800 * 4.5",
            ),
            Wrong(
                lambda n: n == 0.0025,
                "It is the other way round: characters divided by characters a token.",
                "answer = 4.5 / 1800",
            ),
        ),
        otherwise="Think of how often 4.5 characters fit into 1,800.",
    ),
    Exercise(
        name="03.4",
        title="One merge of BPE",
        task="Do one step of BPE by hand. In the words low low lower newer the letters have been "
        "split. Which pair of neighboring letters is merged first? Give it as text of two "
        "letters.",
        expects=(str, "text of two letters"),
        right=lambda pair: pair in ("lo", "ow"),
        because="lo and ow both occur three times, more than any other pair; er and we come twice. "
        "Which of two equals goes first is a matter of the program.",
        hints=(
            "Write each word as single letters and count how often each pair of neighbors occurs.",
            "low has two pairs, l-o and o-w. How many words contain them?",
        ),
        code='answer = "lo"',
        wrong=(
            Wrong(
                lambda pair: pair == "er",
                "er occurs twice, in lower and in newer. Another pair occurs three times.",
                'answer = "er"',
            ),
            Wrong(
                lambda pair: pair == "we",
                "we occurs twice, in lower and in newer. Another pair occurs three times.",
                'answer = "we"',
            ),
            Wrong(
                lambda pair: len(pair.strip()) != 2,
                "BPE merges two neighbors at a time. Longer pieces come later, out of merged ones.",
                'answer = "low"',
            ),
        ),
        otherwise="Count all pairs of neighbors in the four words. The most frequent is merged "
        "first.",
    ),
    Exercise(
        name="03.5",
        title="Exactly one beginning",
        task="You have the ids of a finished prompt, ids, and the id of the beginning token, bos. "
        "Write a function repair(ids, bos) that returns the list with exactly one beginning in "
        "front, whether it had none, one or two.",
        expects=(callable, "a function"),
        right=lambda f: _repairs(f) == _REPAIRED,
        because="Dropping every beginning at the front and adding one leads to the same list from "
        "all three.",
        hints=(
            "Take away what is too much first, then add one.",
            "while ids and ids[0] == bos: ids = ids[1:]. After that, put [bos] in front.",
        ),
        code="def repair(ids, bos):\n"
        "    while ids and ids[0] == bos:\n"
        "        ids = ids[1:]\n"
        "    return [bos] + ids\n\nanswer = repair",
        wrong=(
            Wrong(
                lambda f: _repairs(f)[1] == [1, 1, 7, 8],
                "A list that already begins right gets a second beginning.",
                "answer = lambda ids, bos: [bos] + ids",
            ),
            Wrong(
                lambda f: _repairs(f)[0] == [7, 8],
                "A list without a beginning stays without one.",
                "answer = lambda ids, bos: ids[1:] if ids[:2] == [bos, bos] else ids",
            ),
            Wrong(
                lambda f: _repairs(f)[3] == [1, 7, 8],
                "The same id in the middle of a text is no beginning: only those at the front are "
                "too much.",
                "answer = lambda ids, bos: [bos] + [i for i in ids if i != bos]",
            ),
            Wrong(
                lambda f: _repairs(f)[2] == [1, 1, 7, 8],
                "Two beginnings are still two.",
                "answer = lambda ids, bos: ids if ids[0] == bos else [bos] + ids",
            ),
        ),
        otherwise="repair([7, 8], 1), repair([1, 7, 8], 1) and repair([1, 1, 7, 8], 1) should all "
        "be [1, 7, 8].",
    ),
    Exercise(
        name="03.6",
        title="A conversation that fits",
        task="Write a function trim(messages, count, limit) that drops the oldest messages, never "
        "the system prompt, until count(messages) is at most limit. It returns the new list and "
        "leaves the old one as it is.",
        expects=(callable, "a function"),
        right=lambda f: _trims(f) == _TRIMMED,
        because="The system prompt stays, the oldest of the rest goes first, and the caller's list "
        "is untouched.",
        hints=(
            "Put the system prompt aside, shorten the rest from the front, and join both again.",
            "while rest and count(head + rest) > limit: rest = rest[1:]. A slice makes a new list, "
            "so the old one stays as it is.",
        ),
        code=_TRIM,
        wrong=(
            Wrong(
                lambda f: _trims(f)[4] is False,
                "Your function changed the list it was given. Work on a copy: whoever called it "
                "may still need the whole conversation.",
                "def answer(messages, count, limit):\n"
                "    first = 1 if messages[0]['role'] == 'system' else 0\n"
                "    while len(messages) > first and count(messages) > limit:\n"
                "        del messages[first]\n"
                "    return messages",
            ),
            Wrong(
                lambda f: _TALK[0] not in _trims(f)[1],
                "The system prompt is gone. It holds the rules of the whole conversation, so it "
                "stays, however long the rest is.",
                "def answer(messages, count, limit):\n"
                "    while messages and count(messages) > limit:\n"
                "        messages = messages[1:]\n"
                "    return messages",
            ),
            Wrong(
                lambda f: _trims(f)[1] == _TALK[:2],
                "That drops the newest message. The newest is the question to be answered.",
                "def answer(messages, count, limit):\n"
                "    while len(messages) > 1 and count(messages) > limit:\n"
                "        messages = messages[:-1]\n"
                "    return messages",
            ),
            Wrong(
                lambda f: _trims(f)[3] == _TALK[1:2],
                "The first message is kept always, also when it is no system prompt.",
                "def answer(messages, count, limit):\n"
                "    head, rest = messages[:1], messages[1:]\n"
                "    while rest and count(head + rest) > limit:\n"
                "        rest = rest[1:]\n"
                "    return head + rest",
            ),
        ),
        otherwise="With a system prompt, two old messages and a question, and room for half of "
        "them, the system prompt and the question should be left.",
    ),
)

QUIZ = (
    Question(
        "Why can a language model fail to count the letters of a word?",
        right="b",
        options={
            "Counting letters is something that its license does not allow it to do.": (
                "A license says what people may do, not what a model can."
            ),
            "It reads ids of tokens, and letters are inside the tokens.": (
                "strawberry may be two or three numbers to it; their letters are not shown."
            ),
            "Its vocabulary has no single letters in it, only whole words and names.": (
                "It has all of them, but common words are not written with those."
            ),
            "It reads words backward.": "Ids stand in the order of the text.",
        },
    ),
    Question(
        "The same page costs three times as many tokens in Hindi as in English. Why?",
        right="d",
        options={
            "In Hindi the same sentence takes about three times as many letters as in English.": (
                "In letters the page is about as long in both."
            ),
            "A model translates it into English first.": (
                "No translation happens; the ids of the Hindi tokens are read as they are."
            ),
            "The price list of the provider says so.": (
                "Providers charge by the token, and the count comes from the tokenizer."
            ),
            "The tokenizer saw little Hindi in training, so it knows few long pieces of it.": (
                "What was frequent in the training text became long tokens; the rest is spelled."
            ),
        },
    ),
    Question(
        "What does add_generation_prompt=True do?",
        right="a",
        options={
            "It opens the assistant's turn at the end of the prompt.": (
                "So the model goes on with an answer, not with more of the question."
            ),
            "It makes the tokenizer write a first answer.": (
                "A tokenizer writes nothing; it only turns text into ids and back."
            ),
            "It adds a system prompt in front, if the messages have none.": (
                "Some templates bring one of their own, but that has nothing to do with it."
            ),
            "It makes the answer longer.": "The length is set by max_new_tokens.",
        },
    ),
    Question(
        "You render messages to text and then call tokenizer(text). What goes wrong silently?",
        right="c",
        options={
            "All blanks are lost.": "Blanks are part of the tokens and stay.",
            "The roles are dropped.": "The roles are in the text, written by the template.",
            "Many tokenizers put a second beginning token in front.": (
                "The template has written one already; add_special_tokens=False avoids it."
            ),
            "The text is cut off after 512 tokens, whatever the model's window is.": (
                "Nothing is cut unless you ask for truncation."
            ),
        },
    ),
    Question(
        "A user types <|im_end|> into a chat. What should a program make sure of?",
        right="b",
        options={
            "That the user is shown an error message and has to start the conversation again.": (
                "It may be an honest question about chat templates."
            ),
            "That these letters stay plain text and end no message.": (
                "Otherwise users could write messages in the name of the system."
            ),
            "That the model answers in ChatML from then on.": (
                "The layout is chosen by the model's template alone."
            ),
            "That the letters are deleted before the model sees them.": (
                "The text would no longer say what the user wrote."
            ),
        },
    ),
    Question(
        "You swap a model's tokenizer for that of another family. What happens?",
        right="d",
        options={
            "Nothing, ids mean the same everywhere.": (
                "Each vocabulary has its own numbering; 1805 may be any piece."
            ),
            "It becomes faster, if the new vocabulary is smaller than the one before.": (
                "It would read nonsense faster, at best."
            ),
            "transformers refuses to load the pair.": (
                "It loads without a word, which makes this mistake hard to find."
            ),
            "The model reads other pieces than you wrote, and answers nonsense.": (
                "A model has learned what each id of its own tokenizer means."
            ),
        },
    ),
)
