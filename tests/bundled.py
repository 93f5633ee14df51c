"""What every bundled model's file of measurements tests alike: its bars, and what its card states.

A file takes it over with `class TestScores(Scores)` or `TestScores = Scores`. The fixtures `folder`
and `scores`, from conftest.py, are about the model that the file is named after.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recipes.training import Score


class Scores:
    """The recipe's scores, measured again: a model ships only when it reaches its bars.

    Attributes:
        slack: How many points a share may be away from what the card states.
    """

    slack = 0.5

    def test_every_bar_is_reached(self, scores: list[Score]) -> None:
        assert any(score.bar is not None for score in scores)
        missed = [
            f"{score.label}: {score.tell(score.value)}, bar {score.tell(score.bar)}"
            for score in scores
            if not score.reached
        ]
        assert missed == []

    def test_the_card_states_the_measured_scores(self, folder: Path, scores: list[Score]) -> None:
        card = (folder / "README.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| (.+) \| ([\d.]+)(?: %)? \| .* \| ([\d,]+) \|$", card, re.MULTILINE)
        stated = {label: (float(value), items) for label, value, items in rows}
        for score in scores:
            assert score.label in stated, f"the card has no row: {score.label}"
            value, items = stated[score.label]
            assert items == f"{score.of:,}", score.label
            if score.digits is None:
                measured, slack = 100 * score.value, self.slack
            else:
                measured, slack = score.value, min(0.5, 0.03 * score.value)
            assert value == pytest.approx(measured, abs=slack), score.label
