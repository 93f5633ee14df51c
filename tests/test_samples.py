"""The sample data of notebook 10: what its measurement rests on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import hflab

FOLDER = Path(hflab.__file__).parent / "samples"
NAMES = ("cafe_train", "cafe_test", "course_train", "course_test")


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, str]]]:
    return {
        name: [
            json.loads(line)
            for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        for name in NAMES
    }


def plain(question: str) -> str:
    """Without what a learner would not count as another wording."""
    return " ".join("".join(c if c.isalnum() else " " for c in question.lower()).split())


def test_every_fact_has_as_many_questions(rows):
    assert set(Counter(row["answer"] for row in rows["cafe_train"]).values()) == {24}
    assert set(Counter(row["answer"] for row in rows["cafe_test"]).values()) == {4}
    pairs = {name: {(row["answer"], row["key"]) for row in rows[name]} for name in NAMES[:2]}
    assert pairs["cafe_train"] == pairs["cafe_test"] and len(pairs["cafe_test"]) == 10


def test_facts_stay_together_in_the_file(rows):
    """The notebook takes the first two questions of each fact, 24 lines apart."""
    answers = [row["answer"] for row in rows["cafe_train"]]
    assert all(len(set(answers[start : start + 24])) == 1 for start in range(0, 240, 24))


def test_no_question_stands_twice(rows):
    count = Counter(plain(row["question"]) for name in NAMES for row in rows[name])
    assert [question for question, times in count.items() if times > 1] == []


def test_no_test_question_is_a_training_question_in_another_order(rows):
    trained = {frozenset(plain(row["question"]).split()) for row in rows["cafe_train"]}
    tested = [row["question"] for row in rows["cafe_test"]]
    assert [q for q in tested if frozenset(plain(q).split()) in trained] == []


def test_an_answer_holds_its_own_key_and_no_other(rows):
    keys = {row["key"] for row in rows["cafe_test"]}
    for row in rows["cafe_test"]:
        assert {key for key in keys if key in row["answer"].lower()} == {row["key"]}
        assert row["key"] not in row["question"].lower()


def test_course_keys_are_written_as_the_rule_needs_them(rows):
    for row in rows["course_test"]:
        assert row["key"] and row["key"] == row["key"].lower()
        assert row["key"] not in row["question"].lower()


def test_all_files_are_described():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in FOLDER.iterdir()} - {"README.md"}
    assert files == {f"{name}.jsonl" for name in NAMES}
    assert all(f"`{name}`" in readme for name in files)
