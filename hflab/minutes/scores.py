"""Scores: how many words were heard wrong, how many action items were found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hflab.errors import ParameterError
from hflab.minutes.record import Action
from hflab.minutes.words import content, overlap, words

# From half of the words on, two tasks count as the same.
_SAME = 0.5


def word_error_rate(said: str | Sequence[str], heard: str | Sequence[str]) -> float:
    """The share of words that speech recognition got wrong.

        word error rate = (substituted + deleted + inserted) / words said

    counted over the alignment of the two word sequences with the fewest such errors (their
    Levenshtein distance). Capitals and punctuation don't count. 0 is perfect; more than 1 is
    possible, as more words can be heard than were said. If nothing was said, each word heard
    counts as one error in one word.

    Args:
        said: The true words; or several texts.
        heard: What was recognized; or several texts, in the same order. Their errors and words
            are summed before dividing.

    Raises:
        ParameterError: Two lists of different lengths.
    """
    truths = [said] if isinstance(said, str) else list(said)
    guesses = [heard] if isinstance(heard, str) else list(heard)
    if len(truths) != len(guesses):
        raise ParameterError(
            what=f"There are {len(truths)} texts said, but {len(guesses)} heard.",
            why="Each text that was said is compared with the one that was heard in its place.",
            remedy="Give two lists of the same length.",
        )
    errors = total = 0
    for truth, guess in zip(truths, guesses, strict=True):
        one, other = words(truth), words(guess)
        errors += _distance(one, other)
        total += len(one)
    return errors / max(total, 1)


def _distance(one: list[str], other: list[str]) -> int:
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, 1):
        diagonal, row[0] = row[0], i
        for j, guess in enumerate(other, 1):
            cost = diagonal + (word != guess)
            diagonal = row[j]
            row[j] = min(cost, row[j] + 1, row[j - 1] + 1)
    return row[-1]


@dataclass(frozen=True)
class ActionScores:
    """How well action items were found. Scores of several meetings are added with `+`.

    Attributes:
        n_true: True action items.
        n_found: Action items that were found, rightly or not.
        n_matched: Pairs of a true item and the found one that means it.
        n_owner: Pairs with the right owner.
        n_due: Pairs with the right due date.
    """

    n_true: int = 0
    n_found: int = 0
    n_matched: int = 0
    n_owner: int = 0
    n_due: int = 0

    @property
    def found(self) -> float:
        """Matched / true; 1 if there was nothing to find."""
        return self.n_matched / self.n_true if self.n_true else 1.0

    @property
    def right_owner(self) -> float:
        """Pairs with the right owner / matched; 1 if nothing matched."""
        return self.n_owner / self.n_matched if self.n_matched else 1.0

    @property
    def right_due(self) -> float:
        """Pairs with the right due date / matched; 1 if nothing matched."""
        return self.n_due / self.n_matched if self.n_matched else 1.0

    @property
    def invented(self) -> float:
        """Found but matched with no true one / found; 0 if nothing was found."""
        return (self.n_found - self.n_matched) / self.n_found if self.n_found else 0.0

    def __add__(self, other: ActionScores) -> ActionScores:
        pairs = zip(self._counts(), other._counts(), strict=True)
        return ActionScores(*(one + two for one, two in pairs))

    def _counts(self) -> tuple[int, ...]:
        return self.n_true, self.n_found, self.n_matched, self.n_owner, self.n_due

    def __str__(self) -> str:
        return (
            f"{self.n_matched} of {self.n_true} action items found ({self.found:.1%}), "
            f"right owner {self.right_owner:.1%}, right due date {self.right_due:.1%}, "
            f"invented {self.invented:.1%} of {self.n_found}"
        )


def action_scores(
    found: Iterable[Action | Mapping[str, Any]], true: Iterable[Action | Mapping[str, Any]]
) -> ActionScores:
    """Compare the action items that were found with the true ones.

        found       = matched / true
        right owner = matched with the right owner / matched
        right due   = matched with the right due date / matched
        invented    = (found − matched) / found

    Two items match if their tasks share enough words: 2 · common / (words of one + words of the
    other) ≥ 0.5, counted in stems without words such as "the". Each item is in one pair at most;
    the pairs with the most in common are made first, and of equals those with the right owner.
    An owner is right if the words of one name are all in the other ("Pruitt", "Councilmember
    Pruitt"); so is a due date; both are right if both are missing.

    Args:
        found: Actions, or dicts with owner, task and due.
        true: Likewise.
    """
    ours, theirs = [_fields(each) for each in found], [_fields(each) for each in true]
    pairs = sorted(
        (
            (overlap(content(mine[1]), content(right[1])), _agree(mine[0], right[0]), -i, -j)
            for i, mine in enumerate(ours)
            for j, right in enumerate(theirs)
        ),
        reverse=True,
    )
    taken: dict[int, int] = {}
    for same, _, i, j in pairs:
        if same >= _SAME and -i not in taken and -j not in taken.values():
            taken[-i] = -j
    return ActionScores(
        n_true=len(theirs),
        n_found=len(ours),
        n_matched=len(taken),
        n_owner=sum(_agree(ours[i][0], theirs[j][0]) for i, j in taken.items()),
        n_due=sum(_agree(ours[i][2], theirs[j][2]) for i, j in taken.items()),
    )


def _fields(action: Action | Mapping[str, Any]) -> tuple[str, str, str]:
    if isinstance(action, Action):
        return action.owner or "", action.task, action.due or ""
    owner, task, due = (str(action.get(name) or "") for name in ("owner", "task", "due"))
    return owner, task, due


def _agree(one: str, other: str) -> bool:
    first, second = set(content(one) or words(one)), set(content(other) or words(other))
    return first == second or (bool(first and second) and (first <= second or second <= first))
