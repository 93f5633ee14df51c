"""Exercises and quiz of notebooks/08_hub.ipynb."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

from hflab.exercises._exercise import Exercise, Wrong
from hflab.exercises._quiz import Question

# -- 08.2: licenses ------------------------------------------------------------------------------

_LICENSES = {
    "apache-2.0": "yes",
    "mit": "yes",
    "cc-by-nc-4.0": "no",
    "other": "read it",
    "none": "no",
}

# -- 08.3: perplexity ----------------------------------------------------------------------------

_TEXTS = ([0.5, 0.5], [1.0, 1.0, 1.0], [0.1, 0.9, 0.4, 0.25], [0.001], [0.2] * 400)


def _everywhere(function: Callable[..., Any], wanted: Callable[[list[float]], float]) -> bool:
    """Whether the function returns for each text what another one does."""
    return all(math.isclose(function(list(c)), wanted(c), rel_tol=1e-6) for c in _TEXTS)


def _surprise(chances: list[float]) -> float:
    return -statistics.fmean(math.log(chance) for chance in chances)


# -- 08.4: datasets ------------------------------------------------------------------------------

_ROWS = (
    [("good lamp", 1), ("a very good lamp", 1), ("bad lamp", 0), ("good", 1)],
    [("bad", 0), ("worse", 0)],
    [("the best tent I ever had", 1), ("a  nice   tent", 1)],
)


def _verdict(function: Callable[..., Any]) -> str:
    """What is wrong first with the function, in a word; "right" if nothing is."""
    # Imported here: it takes a second, and most exercises do without.
    import datasets

    bars = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        for rows in _ROWS:
            # In this order each mistake is met where no other one gives the same.
            for most in (3, 2, 6, 1):
                texts, labels = (list(column) for column in zip(*rows, strict=True))
                given = datasets.Dataset.from_dict({"text": texts, "label": labels})
                result = function(given, most)
                if not isinstance(result, datasets.Dataset):
                    return "no dataset"
                if word := _difference(result, rows, most):
                    return word
    finally:
        if not bars:
            datasets.enable_progress_bars()
    return "right"


def _difference(result: Any, rows: list[tuple[str, int]], most: int) -> str:
    def kept(fits: Callable[[str, int], bool]) -> list[str]:
        return [text for text, label in rows if fits(text, label)]

    found = list(result["text"]) if "text" in result.column_names else None
    if found is None:
        return "text gone"
    if found == kept(lambda text, label: label == 1 and len(text.split()) <= most):
        # A dataset without rows has no values to compare, but may have the column.
        if found and "words" not in result.column_names:
            return "no words"
        if found and list(result["words"]) != [len(text.split()) for text in found]:
            return "wrong words"
        return ""
    if found == kept(lambda text, label: len(text.split()) <= most):
        return "labels"
    if found == kept(lambda text, label: label == 1 and len(text.split()) < most):
        return "below"
    if found == kept(lambda text, label: label == 1 and len(text) <= most):
        return "letters"
    if found == kept(lambda text, label: label == 1):
        return "long ones"
    return "something else"


_SELECT = """\
def select(dataset, most):
    counted = dataset.map(lambda row: {"words": len(row["text"].split())})
    return counted.filter(lambda row: row["label"] == 1 and row["words"] <= most)

answer = select"""

# -- 08.6: the Fréchet distance ------------------------------------------------------------------

_CROWDS: tuple[tuple[list[float], list[float]], ...] = (
    ([0.0, 2.0, 4.0], [10.0, 12.0, 14.0]),
    ([0.0, 2.0, 4.0], [2.0, 2.0, 2.0]),
    ([1.0, 5.0], [5.0, 1.0]),
    ([-3.0, 0.5, 8.0, 9.0], [0.0, 0.0, 7.0]),
)


def _distances(function: Callable[..., Any], spread: Callable[..., float], power: int = 2) -> bool:
    """Whether the function's results are those with such a spread and such a power."""

    def wanted(one: list[float], two: list[float]) -> float:
        gap = statistics.fmean(one) - statistics.fmean(two)
        return float(abs(gap) ** power + abs(spread(one) - spread(two)) ** power)

    return all(
        math.isclose(function(list(one), list(two)), wanted(one, two), rel_tol=1e-6, abs_tol=1e-9)
        for one, two in _CROWDS
    )


EXERCISES = (
    Exercise(
        name="08.1",
        title="The right model for the job",
        task="Your company builds a product that speaks French, and its lawyers accept Apache-2.0 "
        "and MIT only. Which text-generation model on the practice Hub has at least 500 million "
        "parameters and fits? Search with list_models, and give its id as a text.",
        expects=(str, "a text"),
        right=lambda name: name == "acorn-lab/acorn-1b-chat",
        because="It is the only one of that size with the tags fr and license:apache-2.0 "
        "(the community license of its larger sisters is not on the list).",
        hints=(
            "Task, language, license and size are all arguments of list_models: pipeline_tag, "
            "filter (which takes a list of tags) and num_parameters.",
            'list_models(pipeline_tag="text-generation", filter=["fr", "license:apache-2.0"], '
            'num_parameters="min:500M"), then the same with license:mit.',
        ),
        code="""\
import hflab
from huggingface_hub import HfApi

found = []
with hflab.PracticeHub() as practice:
    api = HfApi(endpoint=practice.url, token=False)
    for license in ("apache-2.0", "mit"):
        found += api.list_models(
            pipeline_tag="text-generation",
            filter=["fr", f"license:{license}"],
            num_parameters="min:500M",
        )
answer = found[0].id""",
        wrong=(
            Wrong(
                lambda name: name in ("acorn-lab/acorn-8b-chat", "acorn-lab/acorn-70b-chat"),
                "It speaks French and is large enough, but its license is one of its own: in the "
                "metadata it is called other. The lawyers did not accept that.",
                'answer = "acorn-lab/acorn-8b-chat"',
            ),
            Wrong(
                lambda name: name == "north-university/owl-7b-chat",
                "Its license, cc-by-nc-4.0, forbids commercial use, and it speaks English only.",
                'answer = "north-university/owl-7b-chat"',
            ),
            Wrong(
                lambda name: name.startswith("practice/"),
                "The models of practice are tiny: none of them has 500 million parameters.",
                'answer = "practice/chat"',
            ),
            Wrong(
                lambda name: name == "acorn-1b-chat",
                "That is only the name. An id has the owner before it, with a slash between.",
                'answer = "acorn-1b-chat"',
            ),
        ),
        otherwise="No model of that id passes all four tests: task, language, license and size.",
    ),
    Exercise(
        name="08.2",
        title="May we sell it?",
        task="A small company wants to build a model into an app that it sells. For each license, "
        "say whether it may: yes, no, or read it. Give a dictionary with the keys apache-2.0, mit, "
        "cc-by-nc-4.0, other and none.",
        expects=(dict, "a dictionary"),
        right=lambda given: given == _LICENSES,
        because="Permissive licenses allow it, NC means non-commercial, a community license has "
        "its own conditions, and where no license is given all rights stay with the authors.",
        hints=(
            "Look at the table in section 5, column by column. NC stands for non-commercial.",
            "Two are permissive, one is for research only, one has to be read. What are you "
            "allowed to do where nobody has allowed you anything?",
        ),
        code='answer = {\n    "apache-2.0": "yes",\n    "mit": "yes",\n    "cc-by-nc-4.0": "no",\n'
        '    "other": "read it",\n    "none": "no",\n}',
        wrong=(
            Wrong(
                lambda given: set(given) != set(_LICENSES),
                "The dictionary needs exactly the keys 'apache-2.0', 'mit', 'cc-by-nc-4.0', "
                "'other' and 'none'.",
                'answer = {"apache-2.0": "yes", "mit": "yes"}',
            ),
            Wrong(
                lambda given: not set(given.values()) <= {"yes", "no", "read it"},
                "Each value is one of 'yes', 'no' and 'read it'.",
                'answer = {"apache-2.0": True, "mit": True, "cc-by-nc-4.0": False, '
                '"other": "read it", "none": False}',
            ),
            Wrong(
                lambda given: given["none"] != "no",
                "Without a license nothing is allowed beyond looking: the authors have kept all "
                "their rights, even if the download button works.",
                'answer = {"apache-2.0": "yes", "mit": "yes", "cc-by-nc-4.0": "no", '
                '"other": "read it", "none": "yes"}',
            ),
            Wrong(
                lambda given: given["cc-by-nc-4.0"] != "no",
                "NC means non-commercial. Selling an app is commercial, however small the company.",
                'answer = {"apache-2.0": "yes", "mit": "yes", "cc-by-nc-4.0": "yes", '
                '"other": "read it", "none": "no"}',
            ),
            Wrong(
                lambda given: given["other"] != "read it",
                "Community licenses differ: most allow it under conditions, and only their text "
                "says which.",
                'answer = {"apache-2.0": "yes", "mit": "yes", "cc-by-nc-4.0": "no", '
                '"other": "yes", "none": "no"}',
            ),
        ),
        otherwise="Apache-2.0 and MIT are permissive: look at the first row of the table again.",
    ),
    Exercise(
        name="08.3",
        title="Perplexity by hand",
        task="Write a function perplexity(chances) that takes the list of chances that a model "
        "gave to the tokens of a text, each above 0 and at most 1, and returns the perplexity as "
        "a number.",
        expects=(callable, "a function"),
        right=lambda f: _everywhere(f, lambda c: math.exp(_surprise(c))),
        because="The mean of the negative logarithms, as a power of e: two tokens with a chance of "
        "one half each have a perplexity of 2.",
        hints=(
            "Three steps: the surprise of each token is the negative logarithm of its chance; take "
            "the mean; take e to the power of that.",
            "math.log gives logarithms and math.exp powers of e. "
            "sum(-math.log(c) for c in chances) / len(chances) is the mean.",
        ),
        code="""\
import math

def perplexity(chances):
    surprise = [-math.log(chance) for chance in chances]
    return math.exp(sum(surprise) / len(surprise))

answer = perplexity""",
        wrong=(
            Wrong(
                lambda f: _everywhere(f, _surprise),
                "That is the mean surprise. One step is left: e to the power of it.",
                "import math\n\ndef answer(chances):\n"
                "    return sum(-math.log(c) for c in chances) / len(chances)",
            ),
            Wrong(
                lambda f: _everywhere(f, lambda c: math.exp(-_surprise(c))),
                "You lost the minus sign: with it, small chances give a large perplexity.",
                "import math\n\ndef answer(chances):\n"
                "    return math.exp(sum(math.log(c) for c in chances) / len(chances))",
            ),
            Wrong(
                lambda f: _everywhere(f, lambda c: 1 / statistics.fmean(c)),
                "You took the mean of the chances. It has to be the mean of their logarithms: one "
                "token with no chance at all must not be made good by its neighbors.",
                "def answer(chances):\n    return len(chances) / sum(chances)",
            ),
            Wrong(
                lambda f: _everywhere(f, lambda c: 2 ** _surprise(c)),
                "math.log goes with powers of e, and powers of 2 with math.log2. You mixed them.",
                "import math\n\ndef answer(chances):\n"
                "    return 2 ** (sum(-math.log(c) for c in chances) / len(chances))",
            ),
            Wrong(
                lambda f: _everywhere(f, lambda c: math.exp(min(700.0, len(c) * _surprise(c)))),
                "You took the sum in place of the mean, so a long text is always worse than a "
                "short one.",
                "import math\n\ndef answer(chances):\n"
                "    return math.exp(min(700.0, sum(-math.log(c) for c in chances)))",
            ),
        ),
        otherwise="For [0.5, 0.5] it should return 2, for [1.0, 1.0] it should return 1, and for "
        "[0.1, 0.4] it should return 5.",
    ),
    Exercise(
        name="08.4",
        title="Short and happy",
        task="Write a function select(dataset, most). The dataset has the columns text and label. "
        "Keep the rows with label 1 whose text has at most `most` words, add a column words with "
        "their number, and return the new dataset.",
        expects=(callable, "a function"),
        right=lambda f: _verdict(f) == "right",
        because="map adds the column and filter keeps rows; both return a new dataset, so they can "
        "be chained.",
        hints=(
            "len(text.split()) counts words. Add them as a column with map; then filter can use "
            "that column too.",
            'dataset.map(lambda row: {"words": len(row["text"].split())}) returns a dataset with '
            'the column. Filter that one by row["label"] == 1 and row["words"] <= most, and '
            "return what filter returns.",
        ),
        code=_SELECT,
        wrong=(
            Wrong(
                lambda f: _verdict(f) == "no dataset",
                "Your function does not return a Dataset. map and filter leave the dataset as it "
                "is and return a new one: return that.",
                'def answer(dataset, most):\n    dataset.filter(lambda row: row["label"] == 1)',
            ),
            Wrong(
                lambda f: _verdict(f) == "no words",
                "The right rows, but the column words is missing. map adds it.",
                "def answer(dataset, most):\n"
                "    return dataset.filter(\n"
                '        lambda row: row["label"] == 1 and len(row["text"].split()) <= most\n'
                "    )",
            ),
            Wrong(
                lambda f: _verdict(f) == "labels",
                "Rows with label 0 are still there.",
                "def answer(dataset, most):\n"
                '    new = dataset.map(lambda row: {"words": len(row["text"].split())})\n'
                '    return new.filter(lambda row: row["words"] <= most)',
            ),
            Wrong(
                lambda f: _verdict(f) == "below",
                "At most `most` words: a text with exactly that number stays.",
                "def answer(dataset, most):\n"
                '    new = dataset.map(lambda row: {"words": len(row["text"].split())})\n'
                '    return new.filter(lambda row: row["label"] == 1 and row["words"] < most)',
            ),
            Wrong(
                lambda f: _verdict(f) == "letters",
                "len(text) counts letters. len(text.split()) counts words.",
                "def answer(dataset, most):\n"
                '    new = dataset.map(lambda row: {"words": len(row["text"])})\n'
                '    return new.filter(lambda row: row["label"] == 1 and row["words"] <= most)',
            ),
            Wrong(
                lambda f: _verdict(f) == "wrong words",
                "The right rows, but the numbers in words are wrong. split() without an argument "
                "takes any number of spaces as one gap.",
                "def answer(dataset, most):\n"
                '    new = dataset.map(lambda row: {"words": row["text"].count(" ") + 1})\n'
                "    return new.filter(\n"
                '        lambda row: row["label"] == 1 and len(row["text"].split()) <= most\n'
                "    )",
            ),
        ),
        otherwise="Of 'good lamp' and 'a very good lamp' with label 1 and 'bad lamp' with "
        "label 0, select(dataset, 3) should keep the first only, with 2 in the column words.",
    ),
    Exercise(
        name="08.5",
        title="What lies in the cache",
        task="A repository has 8 files. You load it at the tag v1 and later at the tag v2. Between "
        "the two, 2 of the files were changed, 1 was added, and none was removed. How many files "
        "are in blobs after that?",
        expects=(int, "a whole number"),
        right=lambda number: number == 11,
        because="8 contents for v1. For v2 only what is new: 2 changed files and 1 added one. The "
        "6 that stayed the same are stored once, though both snapshots show them.",
        hints=(
            "Each content is stored once, however many versions it is part of.",
            "v1 brings 8 contents. Which of the 9 files of v2 have a content that is not there "
            "yet?",
        ),
        code="answer = 8 + 2 + 1",
        wrong=(
            Wrong(
                lambda number: number == 17,
                "8 files and 9 files make 17 entries in the snapshots. But the 6 files that are "
                "the same in both point to the same content.",
                "answer = 17",
            ),
            Wrong(
                lambda number: number == 9,
                "v2 has 9 files. But the two contents that were changed are there in their old "
                "form as well: nothing is deleted by itself.",
                "answer = 9",
            ),
            Wrong(
                lambda number: number == 10,
                "Don't forget the file that was added.",
                "answer = 10",
            ),
        ),
        otherwise="Count the different contents: first those of v1, then those of v2 that are new.",
    ),
    Exercise(
        name="08.6",
        title="A distance of two crowds",
        task="In one dimension, the Fréchet distance of two lists of numbers is the squared "
        "difference of their means plus the squared difference of their standard deviations. Write "
        "a function distance(one, two) that returns it. For the standard deviation, divide by the "
        "number of values, as numpy.std does.",
        expects=(callable, "a function"),
        right=lambda f: _distances(f, statistics.pstdev),
        because="The first part sees that a crowd is elsewhere, the second that it is wider or "
        "narrower. Both have to agree for the distance to be zero.",
        hints=(
            "numpy.mean and numpy.std take a list. Compute both for each list, and subtract.",
            "(np.mean(one) - np.mean(two)) ** 2 is the first part. The second is made in the same "
            "way with np.std.",
        ),
        code="""\
import numpy as np

def distance(one, two):
    means = np.mean(one) - np.mean(two)
    spreads = np.std(one) - np.std(two)
    return means**2 + spreads**2

answer = distance""",
        wrong=(
            Wrong(
                lambda f: _distances(f, lambda values: 0.0),
                "That compares the means only. A crowd that sits in one spot in the middle would "
                "pass for perfect.",
                "import numpy as np\n\ndef answer(one, two):\n"
                "    return (np.mean(one) - np.mean(two)) ** 2",
            ),
            Wrong(
                lambda f: _distances(f, statistics.pvariance),
                "You compared variances. The standard deviation is the square root of the "
                "variance: np.std in place of np.var.",
                "import numpy as np\n\ndef answer(one, two):\n"
                "    return (np.mean(one) - np.mean(two)) ** 2 + (np.var(one) - np.var(two)) ** 2",
            ),
            Wrong(
                lambda f: _distances(f, statistics.pstdev, power=1),
                "The differences have to be squared before they are added.",
                "import numpy as np\n\ndef answer(one, two):\n"
                "    return abs(np.mean(one) - np.mean(two)) + abs(np.std(one) - np.std(two))",
            ),
            Wrong(
                lambda f: _distances(f, statistics.stdev),
                "Your standard deviation divides by one less than the number of values. Here it "
                "should divide by their number: numpy.std, or statistics.pstdev.",
                "import statistics as s\n\ndef answer(one, two):\n"
                "    return (s.mean(one) - s.mean(two)) ** 2 + (s.stdev(one) - s.stdev(two)) ** 2",
            ),
        ),
        otherwise="For [0, 2, 4] and [10, 12, 14] it should return 100, since they differ in their "
        "means only, by 10.",
    ),
)

QUIZ = (
    Question(
        "You tested a model last month. What makes sure that you load the same one today?",
        right="d",
        options={
            "Loading it with revision set to main, the branch that its authors maintain.": (
                "main moves on with each commit: it is what you get without a revision, too."
            ),
            "Loading it by its full name, with the owner before it.": (
                "The name stays the same while the files behind it change."
            ),
            "Loading it at the tag v1.0, which its authors gave it.": (
                "Better than main, but a tag can be moved or made anew."
            ),
            "Loading it at the id of the commit that you tested.": (
                "The id is computed from what is in the commit: it can't stand for anything else."
            ),
        },
    ),
    Question(
        "Model A has 40 times as many downloads as model B. What follows?",
        right="a",
        options={
            "More programs or people fetch it; whether it is better remains open.": (
                "Many downloads come from programs that fetch the same model again and again."
            ),
            "It answers better: so many people can't be wrong about a model.": (
                "Old models are often downloaded most, because old programs and lessons name them."
            ),
            "It is safe, since somebody would have noticed by now.": (
                "More eyes help, but nobody guarantees that they look."
            ),
            "Its license is permissive.": (
                "Many popular models are under community licenses; downloads don't show that."
            ),
        },
    ),
    Question(
        "The Hub refuses a gated model, although your token is valid. What helps?",
        right="b",
        options={
            "Making a new token, since this one has run out.": (
                "Then the refusal would be another one: that the token is not accepted."
            ),
            "Asking for access on the model's page, and waiting if somebody has to agree.": (
                "The token says who you are. The authors decide whether you are on their list."
            ),
            "Making the token one with rights to write.": (
                "Writing is for your own repositories; downloads need the right to read."
            ),
            "Installing the newest version of transformers.": (
                "The refusal comes from the server, whatever asks it."
            ),
        },
    ),
    Question(
        "Why are pytorch_model.bin files refused, and model.safetensors files not?",
        right="b",
        options={
            "A .bin file is not compressed, so it may fill the disk.": (
                "Neither of them is compressed; they are about equally large."
            ),
            "A .bin file is a pickle, which can run code when it is read.": (
                "Safetensors files hold numbers and names, and nothing that could run."
            ),
            "Only safetensors files are checked for viruses by the Hub when they are uploaded.": (
                "The Hub scans all files, and pickles above all. A scan can miss things."
            ),
            "Today's transformers can't read .bin files any more.": (
                "It still can. That is why one has to take care."
            ),
        },
    ),
    Question(
        "What does streaming=True change when a dataset is loaded?",
        right="c",
        options={
            "The whole dataset is downloaded in the background while you go on.": (
                "Nothing is fetched that you don't read."
            ),
            "The rows come in random order, so that training is fair.": (
                "They come in the order of the files, unless you shuffle them."
            ),
            "Rows are fetched while you read them.": (
                "So the dataset may be larger than your disk, but len() and dataset[5000] are gone."
            ),
            "The dataset is kept in memory instead of on the disk.": (
                "Only the few rows that are being read are in memory."
            ),
        },
    ),
    Question(
        "A card says: accuracy 96 %. What do you need to know first?",
        right="c",
        options={
            "Whether the model was trained on a GPU or on a CPU.": (
                "The hardware doesn't change what an accuracy means."
            ),
            "How many parameters it has, since large models reach high scores more easily.": (
                "The size explains a score at best; it does not tell you what the score counts."
            ),
            "On which data, and what always giving the most common answer would score.": (
                "If 96 of 100 examples have the same label, 96 % is the score of no model at all."
            ),
            "The perplexity on the same data.": (
                "Perplexity is for models that write text; a classifier has none."
            ),
        },
    ),
)
