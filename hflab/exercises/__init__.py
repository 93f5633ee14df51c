"""Exercises and quizzes that check themselves: one file per notebook, progress kept on this disk.

    answer = 5
    exercise("01.1").check(answer)   # not attempted yet, not yet, or correct: always with a reason
    exercise("01.1").hint()          # twice: the second hint says more
    exercise("01.1").solution()

    quiz("01")                       # shows the questions
    quiz("01").answer(1, "b")        # right or wrong, and why

    print(progress())                # what is solved, and what comes next; also `hflab progress`

A new notebook adds one file, `_NN.py`, holding `EXERCISES` and `QUIZ`.
"""

from __future__ import annotations

import difflib
import functools
from importlib import import_module
from pathlib import Path
from typing import Any

from hflab.errors import ParameterError
from hflab.exercises import _progress
from hflab.exercises._exercise import Exercise
from hflab.exercises._quiz import Quiz

__all__ = ["Exercise", "Quiz", "exercise", "notebooks", "progress", "quiz", "reset"]


def notebooks() -> list[str]:
    """The numbers of the notebooks that have exercises, such as ["01", "02"]."""
    return sorted(path.stem[1:] for path in Path(__file__).parent.glob("_[0-9][0-9].py"))


def exercise(name: str) -> Exercise:
    """The exercise of that name; the same object every time, so that hints go on.

    Args:
        name: Notebook and number, such as "01.1".

    Raises:
        ParameterError: If there is no such exercise; near names are listed.
    """
    number = str(name).partition(".")[0]
    found = _exercises(number) if number in notebooks() else {}
    if name in found:
        return found[name]
    every = [each for number in notebooks() for each in _exercises(number)]
    raise _unknown("exercise", name, list(found) or every)


@functools.cache
def quiz(name: str) -> Quiz:
    """The quiz of a notebook; the same object every time, so that its score adds up.

    Args:
        name: The notebook's number, such as "01".

    Raises:
        ParameterError: If there is no such quiz; near names are listed.
    """
    if name not in notebooks():
        raise _unknown("quiz", name, notebooks())
    return Quiz(name, tuple(_content(name).QUIZ))


def progress() -> str:
    """What has been solved so far, one line for each notebook, and what comes next."""
    done = _progress.load()
    lines, left = [], []
    for number in notebooks():
        names = _exercises(number)
        open_ = [n for n in names if done["exercises"].get(n, {}).get("outcome") != "correct"]
        questions = [f"{number}.{n + 1}" for n in range(len(quiz(number).questions))]
        right = sum(done["quizzes"].get(n, {}).get("outcome") == "right" for n in questions)
        lines.append(
            f"Notebook {number}: {len(names) - len(open_)} of {len(names)} exercises solved, "
            f"{right} of {len(questions)} quiz questions right"
        )
        left += [f"Next: exercise {n}, {names[n].title}" for n in open_]
        if right < len(questions):
            left.append(f"Next: the quiz of notebook {number}")
    return "\n".join([*lines, left[0] if left else "All is solved."])


def reset() -> str | None:
    """Begin again: the file with the progress is set aside, not deleted.

    Returns:
        The name under which the old file is kept; None if there was none.
    """
    for number in notebooks():
        quiz(number).forget()
    return _progress.reset()


def _content(number: str) -> Any:
    """The module that holds a notebook's exercises and questions."""
    return import_module(f"hflab.exercises._{number}")


@functools.cache
def _exercises(number: str) -> dict[str, Exercise]:
    return {each.name: each for each in _content(number).EXERCISES}


def _unknown(kind: str, name: object, names: list[str]) -> ParameterError:
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.4) or names[:3]
    return ParameterError(
        f"There is no {kind} named {name!r}.",
        f"The nearest names are: {', '.join(map(repr, near))}.",
        f"Use one of these, for example {kind}({near[0]!r}).",
    )
