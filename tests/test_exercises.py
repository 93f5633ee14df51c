"""Exercises, quizzes and progress: three outcomes, reasons that fit, nothing lost."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from notebook_files import NOTEBOOKS, code_cells, read

import hflab
from hflab import exercises
from hflab.errors import HflabError, ParameterError
from hflab.exercises import Exercise, Quiz, _progress, exercise, quiz

ALL = [each for number in exercises.notebooks() for each in exercises._exercises(number).values()]
QUIZZES = [quiz(number) for number in exercises.notebooks()]
MISTAKES = [(each, wrong) for each in ALL for wrong in each.wrong]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HFLAB_HOME", str(tmp_path / "home"))
    exercises._exercises.cache_clear()
    quiz.cache_clear()
    return tmp_path / "home"


def run(code: str) -> object:
    names: dict[str, object] = {}
    exec(code, names)
    return names["answer"]


@pytest.mark.parametrize("each", ALL, ids=lambda e: e.name)
def test_untouched_is_not_attempted(each: Exercise, home: Path, capsys) -> None:
    each.check(...)
    assert capsys.readouterr().out == (
        f"{each.name}: not attempted yet. Replace ... with your answer and run the cell again.\n"
    )
    assert not home.exists()


@pytest.mark.parametrize("each", ALL, ids=lambda e: e.name)
def test_solution_solves(each: Exercise, capsys) -> None:
    each.check(run(each.code))
    assert capsys.readouterr().out == f"{each.name}: correct. {each.because}\n"
    assert _progress.load()["exercises"][each.name] == {"outcome": "correct", "tries": 1}


@pytest.mark.parametrize(("each", "wrong"), MISTAKES, ids=lambda x: getattr(x, "name", ""))
def test_wrong_answers_get_their_own_reason(each: Exercise, wrong, capsys) -> None:
    each.check(run(wrong.example))
    assert capsys.readouterr().out == f"{each.name}: not yet. {wrong.because}\n"


@pytest.mark.parametrize("each", ALL, ids=lambda e: e.name)
def test_exercise_is_complete(each: Exercise) -> None:
    assert len(each.wrong) >= 2
    assert len({each.otherwise, each.because, *each.hints, *(w.because for w in each.wrong)}) == (
        4 + len(each.wrong)
    )
    for text in (each.because, each.otherwise, *(w.because for w in each.wrong)):
        assert text.endswith(".") and "\n" not in text


@pytest.mark.parametrize("each", ALL, ids=lambda e: e.name)
def test_notebook_asks_and_does_not_tell(each: Exercise, capsys) -> None:
    path = next(path for path in NOTEBOOKS if path.name.startswith(each.name[:2]))
    call = f'hflab.exercise("{each.name}").check(answer)'
    (cell,) = (cell for cell in code_cells(read(path)) if call in cell.source)
    assert cell.source.startswith("answer = ...\n")
    exec(cell.source.replace("answer = ...", each.code), {"hflab": hflab})
    assert f"{each.name}: correct." in capsys.readouterr().out
    everything = "\n".join(cell.source for cell in read(path).cells)
    assert each.code not in everything
    assert f"**{each.name} " in everything


@pytest.mark.parametrize("answer", [None, True, "5", 5.5, b"5"])
def test_wrong_type_is_named(answer: object, capsys) -> None:
    exercise("01.1").check(answer)
    out = capsys.readouterr().out
    assert out.startswith("01.1: not yet. answer should be a whole number, but it is ")
    assert type(answer).__name__ in out and out.count("\n") == 1


@pytest.mark.parametrize("number", [-1, 0, 6, 10**30])
def test_any_other_answer_gets_the_general_reason(number: int) -> None:
    assert exercise("01.1").grade(number) == ("not yet", exercise("01.1").otherwise)


def test_raising_answer_is_reported_in_one_line(capsys) -> None:
    def answer(table: dict[str, float]) -> str:
        raise KeyError("two\nlines")

    exercise("01.3").check(answer)
    out = capsys.readouterr().out
    assert out.startswith("01.3: not yet. Trying your answer raised KeyError:")
    assert out.count("\n") == 1


def test_learner_may_change_the_list_it_is_given() -> None:
    def answer(next_token, ids, limit):  # type: ignore[no-untyped-def]
        for _ in range(limit):
            token = next_token(ids)
            if token == 0:
                return ids
            ids.append(token)
        return ids

    assert exercise("01.4").grade(answer).outcome == "correct"


def test_hints_come_in_two_steps(capsys) -> None:
    said = []
    for _ in range(3):
        exercise("01.1").hint()
        said.append(capsys.readouterr().out)
    first, second = exercise("01.1").hints
    assert first in said[0] and second in said[1] and said[2] == said[1]
    assert "solution()" not in said[0] and "solution()" in said[1]
    assert not any("answer = 1 + 2 + 2" in each for each in said)


def test_solution_prints_code_and_reason(capsys) -> None:
    exercise("01.3").solution()
    out = capsys.readouterr().out
    assert "max(table, key=table.get)" in out and exercise("01.3").because in out


def test_correct_stays_correct() -> None:
    for answer in (4, 5, 3):
        exercise("01.1").check(answer)
    assert _progress.load()["exercises"]["01.1"] == {"outcome": "correct", "tries": 3}


def test_progress_says_what_is_solved(capsys) -> None:
    line = "Notebook 01: {} of 6 exercises solved, {} of 6 quiz questions right"
    assert exercises.progress().splitlines()[0] == line.format(0, 0)
    exercise("01.1").check(5)
    exercise("01.2").check("")
    for number, question in enumerate(quiz("01").questions[:3], start=1):
        quiz("01").answer(number, question.right if number < 3 else "a")
    assert exercises.progress().splitlines()[0] == line.format(1, 2)


def test_progress_says_what_comes_next_until_all_is_solved(capsys) -> None:
    assert exercises.progress().splitlines()[-1].startswith("Next: exercise 01.1, ")
    for number in exercises.notebooks():
        for each in ALL:
            if each.name.startswith(number):
                _progress.record("exercises", each.name, "correct")
        assert exercises.progress().splitlines()[-1] == f"Next: the quiz of notebook {number}"
        for i, question in enumerate(quiz(number).questions, start=1):
            quiz(number).answer(i, question.right)
    assert exercises.progress().splitlines()[-1] == "All is solved."


def test_reset_keeps_the_old_progress_aside(home: Path, capsys) -> None:
    assert exercises.reset() is None
    for number in (1, 2):
        exercise("01.1").check(5)
        quiz("01").answer(1, quiz("01").questions[0].right)
        before = (home / "progress.json").read_bytes()
        kept = exercises.reset()
        assert kept == f"progress.before-{number}.json"
        assert (home / kept).read_bytes() == before
        assert exercises.progress().startswith("Notebook 01: 0 of ")
        capsys.readouterr()
        quiz("01").score()
        assert ": 0 of " in capsys.readouterr().out


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"exercises": 3}',
        b"\xff\xfe\x00",
        b'{"exercises": {"01.1": {}}}',
        b"null",
    ],
)
def test_corrupt_progress_is_set_aside(content: bytes, home: Path, capsys) -> None:
    home.mkdir()
    for number in (1, 2):
        (home / "progress.json").write_bytes(content)
        with pytest.warns(UserWarning, match="could not be read"):
            exercise("01.1").check(5)
        assert (home / f"progress.broken-{number}.json").read_bytes() == content
        assert json.loads((home / "progress.json").read_text())["exercises"]["01.1"]["tries"] == 1


def test_unwritable_home_does_not_stop_the_learner(home: Path, capsys) -> None:
    home.write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="HFLAB_HOME"):
        exercise("01.1").check(5)
    assert "correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "{}/hflab"),
        ("win32", "LOCALAPPDATA", "{}/hflab"),
    ],
)
def test_default_folder(platform, variable, expected, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("HFLAB_HOME")
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr("sys.platform", platform)
    assert _progress.folder() == Path(expected.format(tmp_path))


@pytest.mark.parametrize(
    ("name", "near"),
    [("01.9", "'01."), ("1.1", "'01."), ("01", "'01."), ("", ""), ("99.1", ""), (None, "")],
)
def test_unknown_exercise_names_near_ones(name: str, near: str) -> None:
    with pytest.raises(ParameterError) as caught:
        exercise(name)
    assert isinstance(caught.value, (ValueError, HflabError))
    assert repr(name) in caught.value.what and near in caught.value.why
    assert any(repr(each.name) in caught.value.why for each in ALL)


def test_unknown_quiz_names_near_ones() -> None:
    with pytest.raises(ParameterError, match="'01'"):
        quiz("1")


def test_public_names() -> None:
    assert hflab.exercise is exercise and hflab.quiz is quiz
    assert exercise("01.1") is exercise("01.1")


@pytest.mark.parametrize("each", QUIZZES, ids=lambda q: q.name)
def test_quiz_is_fair(each: Quiz) -> None:
    assert 5 <= len(each.questions) <= 8
    longest = 0
    for question in each.questions:
        options = question.lettered()
        assert question.right in options
        assert 3 <= len(options) == len(question.options) <= 5
        assert all(because.endswith(".") for because in question.options.values())
        best = len(options[question.right][0])
        longest += all(len(t) < best for k, (t, _) in options.items() if k != question.right)
    # Neither always "b" nor always the longest gets more than two.
    assert max(Counter(question.right for question in each.questions).values()) <= 2
    assert longest <= 2


@pytest.mark.parametrize("each", QUIZZES, ids=lambda q: q.name)
def test_every_option_is_explained(each: Quiz, capsys) -> None:
    for number, question in enumerate(each.questions, start=1):
        best = question.lettered()[question.right][1]
        for letter, (_, because) in question.lettered().items():
            quiz(each.name).answer(number, letter.upper())
            out = capsys.readouterr().out
            assert because in out and best in out
            assert (": right." in out) == (letter == question.right)


def test_score_counts_the_last_answers(capsys) -> None:
    best = [question.right for question in quiz("01").questions]
    quiz("01").answer(1, "b" if best[0] == "a" else "a")
    quiz("01").answer(2, best[1])
    quiz("01").answer(3, ...)
    capsys.readouterr()
    quiz("01").score()
    assert capsys.readouterr().out == "Quiz 01: 1 of 6 right, 4 not answered yet.\n"
    quiz("01").answer(1, best[0])
    capsys.readouterr()
    quiz("01").score()
    assert capsys.readouterr().out == "Quiz 01: 2 of 6 right, 4 not answered yet.\n"
    assert _progress.load()["quizzes"]["01.1"] == {"outcome": "right", "tries": 2}


@pytest.mark.parametrize(
    ("number", "letter"), [(0, "a"), (7, "a"), ("1", "a"), (1, "e"), (1, ""), (1, "ab")]
)
def test_impossible_quiz_answers(number: int, letter: str) -> None:
    with pytest.raises(ParameterError):
        quiz("01").answer(number, letter)


def test_text_and_html_say_the_same() -> None:
    for question in quiz("01").questions:
        for text in (question.text, *question.options):
            assert text in str(quiz("01"))
    assert quiz("01")._repr_html_().count("<li>") == 6 + 24
    shown = exercise("01.3")._repr_html_()
    assert "Greedy decoding by hand" in shown and "Greedy decoding by hand" in repr(
        exercise("01.3")
    )
