"""hflab.hub: tokens, reach, and the Hub's failures seen through the real huggingface_hub.

The Hub is played by the practice Hub on the loopback address; a subprocess loads from it, because
huggingface_hub reads its settings when it is imported.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from huggingface_hub import constants

from hflab import hub
from hflab.practice_hub import Fault, PracticeHub

SECRET = "hf_" + "S3cret" * 6
# repository → (status, X-Error-Code, X-Error-Message) of every request, or of requests for files
EVERYTHING = {
    "no/repo": (404, "RepoNotFound", ""),
    "no/login": (401, "RepoNotFound", ""),
    "bad/token": (401, "", "Invalid credentials in Authorization header"),
    "no/rights": (403, "", "Forbidden"),
    "no/revision": (404, "RevisionNotFound", ""),
    "broken/server": (500, "", ""),
}
ONLY_FILES = {
    "meta-llama/Llama-3.1-8B-Instruct": (401, "GatedRepo", ""),
    "gated/pending": (403, "GatedRepo", ""),
}
REFUSED = EVERYTHING | {f"{name}/resolve/": what for name, what in ONLY_FILES.items()}
OPEN = {"open/chat", "html/weights", "cut/weights", "new/architecture", "pickle/only", "other/kind"}


@pytest.fixture(scope="module")
def fake_hub(random_chat_folder, tmp_path_factory):
    """A Hub with one model in many states: whole, damaged, refused."""

    def changed(name: str) -> Path:
        return Path(shutil.copytree(random_chat_folder, tmp_path_factory.mktemp("hub") / name))

    # This process stays offline: only the subprocesses talk to it.
    fake = PracticeHub(token=SECRET, filled=False, this_process=False)
    new, pickle, other = changed("new"), changed("pickle"), changed("other")
    config = json.loads((new / "config.json").read_text()) | {"model_type": "llama9"}
    (new / "config.json").write_text(json.dumps(config))
    (pickle / "model.safetensors").rename(pickle / "pytorch_model.bin")
    (other / "config.json").unlink()
    for name in OPEN | set(EVERYTHING) | set(ONLY_FILES):
        place = {"new/architecture": new, "pickle/only": pickle, "other/kind": other}
        fake.add(name, place.get(name, random_chat_folder))
    weights = (random_chat_folder / "model.safetensors").read_bytes()
    html = b"<html>You need to sign in to this network</html>"
    fake.faults += [
        *(Fault(f"*/{name}*", status=s, code=c, message=m) for name, (s, c, m) in REFUSED.items()),
        Fault("/html/weights/resolve/*/model.safetensors", body=html),
        Fault("/cut/weights/resolve/*/model.safetensors", body=weights[:-64]),
    ]
    with fake:
        yield fake


CLIENT = """
import json, sys, time
import hflab
import hflab.loading  # importing torch is not what is timed
answers = {}
for name, options in json.loads(sys.argv[1]):
    start = time.perf_counter()
    try:
        if options.pop("estimate", False):
            count = hflab.estimate_memory(name, context_length=64).parameters
        else:
            count = hflab.load(name, **options)[0].num_parameters()
        answer = {"type": "", "text": str(count)}
    except hflab.errors.HflabError as error:
        answer = {"type": type(error).__name__, "text": str(error)}
    except Exception as error:
        answer = {"type": "RAW " + type(error).__name__, "text": str(error)}
    answers[name] = answer | {"seconds": time.perf_counter() - start}
open(sys.argv[2], "w").write(json.dumps(answers))
"""


def ask(endpoint: str, home: Path, cases: list, **environ: str) -> dict:
    """Load each case in one subprocess against `endpoint`; answers by name, and "output"."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    env |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"} | environ
    env["PYTHONPATH"] = str(Path(__file__).parent.parent)
    out = home / "answers.json"
    home.mkdir(exist_ok=True)
    run = subprocess.run(
        [sys.executable, "-c", CLIENT, json.dumps(cases), str(out)],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert SECRET not in run.stdout + run.stderr
    return json.loads(out.read_text()) | {"output": run.stdout}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("hub home")


@pytest.fixture(scope="module")
def answers(fake_hub, home) -> dict:
    cases = [[name, {}] for name in [*OPEN, *EVERYTHING, *ONLY_FILES]]
    cases.append(["Qwen/Qwen2.5-0.5B-Instuct", {}])
    # As somebody pastes it: with quotes and a line break.
    return ask(fake_hub.url, home, cases, HF_TOKEN=f'"{SECRET}"\n')


def snapshot(home: Path, folder: str) -> Path:
    """The one version of a model that is in the cache."""
    (found,) = (home / "hub" / folder / "snapshots").iterdir()
    return found


def test_an_open_model_is_downloaded_and_loaded(answers):
    assert answers["open/chat"]["type"] == ""
    assert int(answers["open/chat"]["text"]) > 0


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "GatedModelError", "no access token was sent"),
        ("meta-llama/Llama-3.1-8B-Instruct", "GatedModelError", "Qwen/Qwen2.5-7B-Instruct"),
        ("gated/pending", "GatedModelError", "token is valid"),
        ("gated/pending", "GatedModelError", "/gated/pending"),
        ("no/rights", "GatedModelError", "token lacks the right"),
        ("bad/token", "GatedModelError", "rejected the access token"),
        ("no/repo", "ModelNotFoundError", "misspelled"),
        ("no/login", "ModelNotFoundError", "private"),
        ("Qwen/Qwen2.5-0.5B-Instuct", "ModelNotFoundError", "'Qwen/Qwen2.5-0.5B-Instruct'"),
        ("no/revision", "ModelNotFoundError", "no such revision"),
        ("other/kind", "ModelNotFoundError", "no model for transformers"),
        ("new/architecture", "UnsupportedModelError", "llama9"),
        ("pickle/only", "UnsafeModelError", "pytorch_model.bin"),
        ("html/weights", "CorruptWeightsError", "web page of 48 bytes"),
        ("cut/weights", "CorruptWeightsError", "its header promises"),
    ],
)
def test_each_failure_has_its_type_and_words(answers, name, kind, said):
    assert answers[name]["type"] == kind
    assert said in answers[name]["text"]
    assert answers[name]["text"].count("\n") == 2


def test_the_four_refusals_differ(answers):
    names = ["meta-llama/Llama-3.1-8B-Instruct", "gated/pending", "bad/token", "no/repo"]
    assert len({answers[name]["text"].split("\n")[0].split("'")[0] for name in names}) == 4


def test_a_failing_server_is_no_riddle(answers):
    assert answers["broken/server"]["type"] == "OfflineError"
    assert answers["broken/server"]["seconds"] < 15


def test_the_remedy_for_damaged_weights_makes_the_next_download_whole(answers, home, fake_hub):
    command = answers["cut/weights"]["text"].split("Remove just this file with ")[1]
    subprocess.run(command.partition(" and get it again")[0], shell=True, check=True)
    cached = snapshot(home, "models--cut--weights") / "model.safetensors"
    assert not cached.exists()


def test_no_pickle_was_ever_asked_for(answers, fake_hub):
    paths = [request.path for request in fake_hub.log]
    assert any("model.safetensors" in path for path in paths)
    assert not any("/resolve/" in path and ".bin" in path for path in paths)


def test_the_memory_is_estimated_from_the_config_alone(answers, tmp_path, fake_hub):
    before = len(fake_hub.log)
    cases = [["pickle/only", {"estimate": True}], ["no/repo", {"estimate": True}]]
    found = ask(fake_hub.url, tmp_path / "home", cases)
    assert found["pickle/only"]["text"] == answers["open/chat"]["text"]
    assert found["no/repo"]["type"] == "ModelNotFoundError"
    paths = [request.path for request in fake_hub.log[before:]]
    files = {path.rpartition("/")[2] for path in paths if "/resolve/" in path}
    assert files == {"config.json"}


def test_the_token_arrives_without_what_pasting_added(answers, fake_hub):
    # transformers lists the repository once without the token it was given, and takes any failure.
    requests = [request for request in fake_hub.log if not request.path.endswith("/tree/main")]
    sent = {request.authorization for request in requests if request.authorization}
    assert sent == {f"Bearer {SECRET}"}


def test_without_the_hub_the_cached_model_loads_and_the_rest_is_clear(answers, home, tmp_path):
    with socket.socket() as listener:  # accepts a connection, and never says a word
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        silent = f"http://127.0.0.1:{listener.getsockname()[1]}"
        found = ask(silent, home, [["open/chat", {}], ["not/here", {}]])
    assert found["open/chat"]["type"] == ""
    line = "open/chat: the Hub is out of reach, so the copy on this disk was loaded"
    assert found["output"] == line + "\n"
    assert found["not/here"]["type"] == "OfflineError"
    assert "open/chat" in found["not/here"]["text"]
    assert silent in found["not/here"]["text"]
    # Nothing is imported or computed for this one: it is the waiting for the Hub that is bounded.
    assert found["not/here"]["seconds"] < 15


def test_half_a_model_on_the_disk_is_not_loaded(answers, home):
    found = ask("http://127.0.0.1:9", home, [["html/weights", {}]])
    assert found["html/weights"]["type"] == "CorruptWeightsError"
    folder = snapshot(home, "models--html--weights")
    (folder / "model.safetensors").unlink()
    found = ask("http://127.0.0.1:9", home, [["html/weights", {}]])
    assert found["html/weights"]["type"] == "OfflineError"
    assert found["output"] == ""


def test_reachable_returns_in_time_even_if_the_name_look_up_hangs(monkeypatch):
    class Session:
        def head(self, *args, **kwargs):
            time.sleep(5)

    monkeypatch.setattr(hub, "offline", lambda: False)
    monkeypatch.setattr(hub.huggingface_hub.utils, "get_session", Session)
    start = time.perf_counter()
    assert hub.reachable(timeout=0.1) is False
    assert time.perf_counter() - start < 2


def test_offline_mode_is_never_out_of_reach_of_a_quick_answer():
    start = time.perf_counter()
    assert hub.offline()
    assert hub.reachable() is False
    assert time.perf_counter() - start < 0.1


@pytest.fixture
def no_login(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "token"
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(path))
    return path


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        (SECRET, None),
        (SECRET + "\n", "line break"),
        (SECRET[:9] + "\n" + SECRET[9:], "line break"),
        (f'"{SECRET}"', "quotes"),
        (f" {SECRET}", "a space"),
        (f"{SECRET[:9]} {SECRET[9:]}", "a space"),
        (SECRET + "\u200b", "characters that no token has"),
        ("sk-" + SECRET, "does not start with hf_"),
    ],
)
def test_the_form_of_a_token_is_judged_without_showing_it(no_login, monkeypatch, token, problem):
    monkeypatch.setenv("HF_TOKEN", token)
    source = hub.token_source()
    assert source.name == "the HF_TOKEN variable"
    assert (source.problem is None) if problem is None else (problem in source.problem)
    assert SECRET[:9] not in repr(source)


@pytest.mark.parametrize("added", ["\n", '"', " ", "\t", "\u200b", "\u00a0", "\r\n"])
def test_a_token_is_cleaned(no_login, monkeypatch, added):
    dirty = added + SECRET[:9] + added + SECRET[9:] + added
    assert hub.usable_token(dirty) == SECRET
    monkeypatch.setenv("HF_TOKEN", dirty)
    assert hub.usable_token(None) == SECRET


def test_a_good_token_is_left_to_huggingface_hub(no_login, monkeypatch):
    assert hub.usable_token(None) is None
    monkeypatch.setenv("HF_TOKEN", SECRET)
    assert hub.usable_token(None) is None
    assert hub.usable_token(False) is False


def test_the_login_file_is_the_second_place_and_may_end_in_a_line_break(no_login, monkeypatch):
    assert hub.token_source() == hub.TokenSource(None)
    no_login.write_text(SECRET + "\n")
    assert hub.token_source() == hub.TokenSource("the login file")
    monkeypatch.setenv("HF_TOKEN", SECRET)
    assert hub.token_source().name == "the HF_TOKEN variable"


def test_the_colab_secret_is_the_last_place(no_login, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", object())
    monkeypatch.setattr(hub.huggingface_hub, "get_token", lambda: SECRET)
    assert hub.token_source() == hub.TokenSource("the Colab secret HF_TOKEN")


def test_what_is_not_the_hubs_failure_is_not_explained():
    assert hub.explain(ValueError("401 gated repo not found"), "a/b") is None
