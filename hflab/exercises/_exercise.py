"""One exercise: three outcomes, two hints, a solution."""

from __future__ import annotations

import html
import reprlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any, Literal, NamedTuple

from hflab.exercises import _progress

Outcome = Literal["not attempted yet", "not yet", "correct"]


class Grade(NamedTuple):
    """What became of an answer: the outcome, and the reason for it."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Wrong:
    """A typical wrong answer.

    Attributes:
        when: Whether an answer, of the type the exercise expects, is of this kind.
        because: The misunderstanding behind it, as said to the learner.
        example: Code that sets `answer` to such an answer; the tests run it.
    """

    when: Callable[[Any], bool]
    because: str
    example: str


@dataclass
class Exercise:
    """An exercise that checks itself, written in its notebook's file, fetched by `exercise(name)`.

    Attributes:
        name: Notebook and number, such as "01.1".
        title: A few words.
        task: What to do, in a sentence or two.
        expects: The type an answer must have, or `callable`, and its name in words.
        right: Whether an answer, of that type, is correct.
        because: Why the right answer is right.
        hints: Two hints, the second nearer to the solution.
        code: The solution: code that sets `answer`.
        wrong: Typical wrong answers; the first that applies gives the reason.
        otherwise: The reason for any other wrong answer.
    """

    name: str
    title: str
    task: str
    expects: tuple[Any, str]
    right: Callable[[Any], bool]
    because: str
    hints: tuple[str, str]
    code: str
    wrong: tuple[Wrong, ...]
    otherwise: str
    _hints_shown: int = field(default=0, repr=False, compare=False)

    def check(self, answer: Any) -> None:
        """Print one line: not attempted yet, not yet with the reason, or correct with the reason.

        Args:
            answer: The learner's answer; `...` counts as not attempted.
        """
        outcome, reason = self.grade(answer)
        if outcome != "not attempted yet":
            _progress.record("exercises", self.name, outcome)
        print(f"{self.name}: {outcome}. {reason}")

    def grade(self, answer: Any) -> Grade:
        """Judge an answer without printing or recording anything."""
        if isinstance(answer, EllipsisType):
            remedy = "Replace ... with your answer and run the cell again."
            return Grade("not attempted yet", remedy)
        kind, in_words = self.expects
        fits = callable(answer) if kind is callable else _is(answer, kind)
        if not fits:
            shown = f"{reprlib.repr(answer)}, of type {type(answer).__name__}"
            return Grade("not yet", _line(f"answer should be {in_words}, but it is {shown}."))
        try:
            if self.right(answer):
                return Grade("correct", self.because)
            for wrong in self.wrong:
                if wrong.when(answer):
                    return Grade("not yet", wrong.because)
        # Only the learner's own code runs in there, and it may raise anything.
        except Exception as error:
            said = f"Trying your answer raised {type(error).__name__}: {error}"
            return Grade("not yet", _line(said.rstrip(".") + "."))
        return Grade("not yet", self.otherwise)

    def hint(self) -> None:
        """Print the first hint; called again, the second."""
        step = min(self._hints_shown + 1, 2)
        self._hints_shown = step
        after = f'exercise("{self.name}").{"hint()" if step == 1 else "solution()"} says more.'
        print(f"Hint {step} of 2: {self.hints[step - 1]} {after}")

    def solution(self) -> None:
        """Print code that solves the exercise, and why it does."""
        print(f"{self.code}\n\n# {self.because}")

    def __str__(self) -> str:
        return f"Exercise {self.name}: {self.title}\n{self.task}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        title, task = html.escape(self.title), html.escape(self.task)
        return f"<p><strong>Exercise {self.name}: {title}</strong><br>{task}</p>"


def _is(answer: Any, kind: Any) -> bool:
    """Like isinstance, but True is no number."""
    return isinstance(answer, kind) and not isinstance(answer, bool)


def _line(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())
