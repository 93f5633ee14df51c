"""hflab.cli: commands, exit codes, and a terminal that is never left in a mess."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
import types
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import hflab
from hflab import cli
from hflab.errors import ContextOverflowError

ROOT = Path(__file__).parent.parent


class FakeChat:
    """Answers with the question's words; can be told to fail or to be interrupted."""

    made: list[FakeChat]

    def __init__(self, model, tokenizer, *, system=None, **generation):
        self.system, self.generation = system, generation
        self.asked: list[str] = []
        self.closed = 0
        self.stats = "3 tokens"
        type(self).made.append(self)

    def stream(self, text):
        self.asked.append(text)
        try:
            if text == "too long":
                raise ContextOverflowError("Too long.", "It is.", "Shorten it.")
            for word in text.split():
                yield word + " "
                if text == "stop here":
                    raise KeyboardInterrupt
        finally:
            self.closed += 1

    def reset(self):
        self.asked.append("RESET")


@pytest.fixture
def chats(monkeypatch) -> list[FakeChat]:
    FakeChat.made = []
    monkeypatch.setattr(hflab, "Chat", FakeChat, raising=False)
    monkeypatch.setattr(hflab, "load", lambda name: (name, "tokenizer"), raising=False)
    monkeypatch.setattr(hflab, "pick", lambda role: print("a line") or "chat", raising=False)
    return FakeChat.made


def typed(monkeypatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(line + "\n" for line in lines)))


def run(*words: str, **options) -> subprocess.CompletedProcess:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "hflab.cli", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, **options)


def test_one_question_streams_the_answer_alone_to_stdout(chats, capsys):
    assert (
        cli.main(["chat", "What is a token?", "--system", "Be brief.", "--max-new-tokens", "7"])
        == 0
    )
    out, err = capsys.readouterr()
    assert out == "What is a token? \n"
    assert err == "a line\n"
    assert (chats[0].system, chats[0].generation) == ("Be brief.", {"max_new_tokens": 7})


def test_a_model_by_name_is_not_picked(chats, capsys):
    assert cli.main(["chat", "Hi", "--model", "x/y"]) == 0
    assert capsys.readouterr() == ("Hi \n", "")
    assert chats[0].generation == {}


def test_a_conversation(chats, capsys, monkeypatch):
    typed(monkeypatch, "one two", "", "/stats", "/reset", "/what", "three", "/quit", "never")
    assert cli.main(["chat"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[:3] == ["one two ", "3 tokens", "(forgotten)"]
    assert "/quit" in out.splitlines()[3]
    assert chats[0].asked == ["one two", "RESET", "three"]


def test_ctrl_c_stops_the_reply_and_keeps_the_conversation(chats, capsys, monkeypatch):
    typed(monkeypatch, "stop here", "go on")
    assert cli.main(["chat"]) == 0
    assert capsys.readouterr().out == "stop \n(stopped)\ngo on \n"
    assert chats[0].closed == 2


def test_ctrl_c_between_two_pieces_closes_the_stream(chats, monkeypatch):
    chat = FakeChat("model", "tokenizer")

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.print", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cli._reply(chat, "some words")
    assert chat.closed == 1


def test_ctrl_c_at_the_prompt_keeps_the_conversation(chats, capsys, monkeypatch):
    answers = iter([KeyboardInterrupt, "hello", EOFError])

    def ask(prompt: str) -> str:
        answer = next(answers)
        if isinstance(answer, str):
            return answer
        raise answer

    monkeypatch.setattr("builtins.input", ask)
    assert cli.main(["chat"]) == 0
    assert chats[0].asked == ["hello"]


def test_a_mistake_in_a_conversation_is_explained_and_it_goes_on(chats, capsys, monkeypatch):
    typed(monkeypatch, "too long", "short")
    assert cli.main(["chat"]) == 0
    out, err = capsys.readouterr()
    assert err.endswith("hflab: Too long.\nIt is.\nShorten it.\n")
    assert out == "short \n"


def test_a_mistake_is_explained_on_stderr_with_exit_code_2(chats, capsys):
    assert cli.main(["chat", "too long"]) == 2
    assert capsys.readouterr().err == "a line\nhflab: Too long.\nIt is.\nShorten it.\n"


def test_ctrl_c_outside_a_reply_is_130(chats):
    assert cli.main(["chat", "stop here"]) == 130


@pytest.mark.parametrize("code", [0, 1])
def test_doctor_exits_1_when_there_are_problems(monkeypatch, code):
    report = types.SimpleNamespace(problems=["x"] * code)
    monkeypatch.setattr(hflab, "doctor", lambda: report, raising=False)
    assert cli.main(["doctor"]) == code


@pytest.fixture
def jupyterlab(monkeypatch) -> list[list[str]]:
    """A JupyterLab that only writes down how it was started."""
    calls: list[list[str]] = []
    labapp = types.ModuleType("jupyterlab.labapp")
    labapp.main = lambda words: calls.append([os.getcwd(), *words])
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", labapp)
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: object())
    return calls


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    (tmp_path / "course" / "notebooks").mkdir(parents=True)
    (tmp_path / "course" / "notebooks" / "01_intro.ipynb").touch()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr(
        hflab, "__file__", str(tmp_path / "site-packages" / "hflab" / "__init__.py")
    )
    return tmp_path / "course"


@pytest.mark.parametrize("where", [".", "notebooks"])
@pytest.mark.parametrize(("user", "more"), [(1000, []), (0, ["--allow-root"])])
def test_lab_opens_the_first_notebook_from_the_course_or_below(
    course, jupyterlab, monkeypatch, where, user, more
):
    monkeypatch.chdir(course / where)
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    assert cli.main(["lab", "--no-browser", "--port", "9999"]) == 0
    notebook = "--LabApp.default_url=/lab/tree/notebooks/01_intro.ipynb"
    settings = Path(cli.__file__).with_name("lab")
    assert (settings / "overrides.json").is_file()
    quiet = f"--LabApp.app_settings_dir={settings}"
    assert jupyterlab == [[str(course), notebook, quiet, "--no-browser", "--port=9999", *more]]


def _opened(address: str) -> Any:
    for _ in range(60):
        try:
            return urllib.request.urlopen(address, timeout=60)
        except urllib.error.URLError:
            time.sleep(0.5)
    return urllib.request.urlopen(address, timeout=60)


def test_lab_really_serves_the_first_notebook():
    root = Path(__file__).parent.parent
    command = [sys.executable, "-m", "hflab.cli", "lab", "--no-browser"]
    server = subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    guard = threading.Timer(90, server.kill)
    guard.start()
    try:
        lines = []
        for line in server.stdout:
            lines.append(line)
            if address := re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab\S*", line):
                break
        else:
            pytest.fail("".join(lines))
        with _opened(address.group()) as page:  # the address is printed before it answers
            assert page.status == 200
            assert "01_intro.ipynb" in page.url
    finally:
        guard.cancel()
        server.terminate()
        server.communicate(timeout=60)


def test_lab_finds_the_checkout_of_an_editable_installation(course, jupyterlab, monkeypatch):
    monkeypatch.chdir(course.parent / "elsewhere")
    monkeypatch.setattr(hflab, "__file__", str(course / "hflab" / "__init__.py"))
    assert cli.main(["lab"]) == 0
    assert jupyterlab[0][0] == str(course)


def test_lab_without_notebooks_says_where_it_looked(course, jupyterlab, monkeypatch, capsys):
    monkeypatch.chdir(course.parent / "elsewhere")
    assert cli.main(["lab"]) == 2
    assert str(course.parent / "elsewhere") in capsys.readouterr().err
    assert jupyterlab == []


def test_lab_without_jupyterlab_names_the_extra(course, monkeypatch, capsys):
    monkeypatch.chdir(course)
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["lab"]) == 2
    assert 'pip install "hflab[lab]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["--help"], ["--version"], ["chat", "--help"], ["lab", "--help"], ["models", "--help"]],
)
def test_help_and_version_never_import_torch(words):
    code = (
        "import sys; from hflab import cli\n"
        f"try: cli.main({words!r})\n"
        "except SystemExit as end: code = end.code\n"
        "assert not {'torch', 'transformers', 'huggingface_hub'} & set(sys.modules)\n"
        "sys.exit(code)"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        f"hflab {hflab.__version__}" if words == ["--version"] else "usage: hflab"
    ) in done.stdout


def test_an_unknown_command_is_a_usage_error():
    done = run("chatt")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_real_command_answers(tiny_chat_folder):
    words = ["chat", "What is a token?", "--model", str(tiny_chat_folder), "--max-new-tokens", "5"]
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n")
    assert "Traceback" not in done.stderr


def test_a_wrong_model_in_the_real_command_has_no_traceback():
    done = run("chat", "Hi", "--model", "no/such-model")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "no/such-model" in done.stderr


# A job started in the background of a script inherits an ignored SIGINT, so it is set here.
PIPE = """
import signal, sys, hflab
from hflab import cli
signal.signal(signal.SIGINT, signal.default_int_handler)
class Chat:
    def __init__(self, *args, **options): pass
    def stream(self, text):
        while True: yield "word " * 1000
hflab.Chat, hflab.load, hflab.pick = Chat, lambda name: (1, 2), lambda role: "chat"
sys.exit(cli.main(["chat", "talk"]))
"""


def start(code: str) -> subprocess.Popen:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", code], env=env, **pipes)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals differ there")
def test_a_reader_that_goes_away_is_no_error():
    with start(PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(timeout=30) == 141
        assert process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals differ there")
def test_a_real_interrupt_is_quiet():
    code = PIPE.replace('yield "word " * 1000', 'import time; yield "word "; time.sleep(0.05)')
    with start(code) as process:
        process.stdout.read(10)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert b"Traceback" not in process.stderr.read()


def test_progress_and_its_reset(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HFLAB_HOME", str(tmp_path))
    assert cli.main(["progress", "--reset"]) == 0
    assert capsys.readouterr().out.startswith("There was no progress yet.\nNotebook 01: 0 of ")
    hflab.exercise("01.1").check(5)
    assert cli.main(["progress"]) == 0
    assert "\nNotebook 01: 1 of " in capsys.readouterr().out
    assert cli.main(["progress", "--reset"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("The old progress is kept as progress.before-1.json.\nNotebook 01: 0 of")


def test_models_lists_every_bundled_model(capsys):
    assert cli.main(["models"]) == 0
    printed = capsys.readouterr().out
    assert all(f"\n{name} " in f"\n{printed}" for name in hflab.tiny_model())
