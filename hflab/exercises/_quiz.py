"""A quiz whose every option is explained."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from types import EllipsisType

from hflab.errors import ParameterError
from hflab.exercises import _progress


@dataclass(frozen=True)
class Question:
    """A question with lettered options, one of them right.

    Attributes:
        text: The question.
        right: The letter of the right option.
        options: Each option with the reason why it is right or wrong, in the order of the letters.
    """

    text: str
    right: str
    options: dict[str, str]

    def lettered(self) -> dict[str, tuple[str, str]]:
        """Letter → (option, reason)."""
        return dict(zip("abcdefgh", self.options.items(), strict=False))


@dataclass
class Quiz:
    """The questions of one notebook. Fetched with `quiz(name)`; print it to see them.

    Attributes:
        name: The notebook's number, such as "01".
        questions: The questions in order.
    """

    name: str
    questions: tuple[Question, ...]
    _given: dict[int, str] = field(default_factory=dict, repr=False)

    def answer(self, number: int, letter: str | EllipsisType) -> None:
        """Print whether an answer is right, and why; for a wrong one also why the right one is.

        Args:
            number: The question, counted from 1.
            letter: The option, such as "b"; `...` counts as not answered.

        Raises:
            ParameterError: If there is no such question or option.
        """
        numbers = range(1, len(self.questions) + 1)
        if number not in numbers:
            raise ParameterError(
                f"Quiz {self.name} has no question {number!r}.",
                f"Its questions are 1 to {len(numbers)}.",
                f'For example: quiz("{self.name}").answer(1, "a")',
            )
        if isinstance(letter, EllipsisType):
            print(f"Question {number}: not answered yet.")
            return
        question = self.questions[number - 1]
        options, chosen = question.lettered(), str(letter).strip().lower()
        if chosen not in options:
            raise ParameterError(
                f"Question {number} has no option {letter!r}.",
                f"Its options are {', '.join(options)}.",
                f'For example: quiz("{self.name}").answer({number}, "a")',
            )
        self._given[number] = chosen
        outcome = "right" if chosen == question.right else "wrong"
        _progress.record("quizzes", f"{self.name}.{number}", outcome)
        print(f"Question {number}, {chosen}: {outcome}. {options[chosen][1]}")
        if outcome == "wrong":
            text, because = options[question.right]
            print(f"    {question.right} is right: {text} {because}")

    def score(self) -> None:
        """Print how many questions were answered rightly since Python was started."""
        pairs = [(self.questions[number - 1].right, given) for number, given in self._given.items()]
        right, total = sum(best == given for best, given in pairs), len(self.questions)
        print(f"Quiz {self.name}: {right} of {total} right, {total - len(pairs)} not answered yet.")

    def forget(self) -> None:
        """Forget the answers given since Python was started."""
        self._given.clear()

    def __str__(self) -> str:
        lines = []
        for number, question in enumerate(self.questions, start=1):
            lines.append(f"{number}. {question.text}")
            lines += [f"   {letter}) {text}" for letter, (text, _) in question.lettered().items()]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = ""
        for question in self.questions:
            options = "".join(f"<li>{html.escape(text)}</li>" for text in question.options)
            items += f'<li>{html.escape(question.text)}<ol type="a">{options}</ol></li>'
        return f"<ol>{items}</ol>"
