"""hflab.practice_hub, seen through the real huggingface_hub, datasets and transformers.

What reads its settings when it is imported (hflab.load, datasets) runs in a subprocess.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import HfApi, ModelCard, constants, metadata_load
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from packaging.version import Version

import hflab
from hflab import tiny
from hflab.practice_hub import Fault, PracticeHub

ROOT = Path(__file__).parent.parent
CHUNK = constants.DOWNLOAD_CHUNK_SIZE
# Clients before 2.0 don't repeat a refused list, and follow a loop of redirects without end.
NEW = Version(huggingface_hub.__version__) >= Version("2.0")
new_client = pytest.mark.skipif(not NEW, reason="an older huggingface_hub")


@pytest.fixture(scope="module")
def hub():
    with PracticeHub() as running:
        yield running


@pytest.fixture(autouse=True)
def no_faults_left(hub):
    yield
    hub.faults.clear()


@pytest.fixture
def api(hub) -> HfApi:
    return HfApi(endpoint=hub.url, token=hub.token)


@pytest.fixture
def stranger(hub) -> HfApi:
    return HfApi(endpoint=hub.url, token=False)


@pytest.fixture(scope="module")
def big(hub, tmp_path_factory) -> Path:
    """A file of three pieces as huggingface_hub reads them, on the Hub as test/big."""
    folder = tmp_path_factory.mktemp("big")
    (folder / "data.bin").write_bytes(random.Random(0).randbytes(2 * CHUNK + 1_000_000))
    hub.add("test/big", folder)
    return folder / "data.bin"


def environment(hub: PracticeHub, home: Path, **more: str) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    env |= hub.settings(home) | {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "PYTHONPATH": str(ROOT)}
    return env | more


def python(hub: PracticeHub, home: Path, code: str, **more: str) -> str:
    """What a program prints whose client libraries know this Hub only."""
    command = [sys.executable, "-c", code]
    env = environment(hub, home, HF_HUB_DISABLE_IMPLICIT_TOKEN="0", **more)
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200)
    assert run.returncode == 0, run.stderr
    return run.stdout


def sha(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def names(found) -> list[str]:
    return [each.id for each in found]


# -- searching and reading -----------------------------------------------------------------------


def test_every_bundled_model_is_on_it(api):
    assert set(names(api.list_models(author="practice"))) == {
        *(f"practice/{name}" for name in hflab.tiny_model()),
        "practice/gated-chat",
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"search": "acorn"}, {"acorn-8b-chat", "acorn-1b-chat", "acorn-70b-chat"}),
        ({"search": "acorn", "filter": "license:apache-2.0"}, {"acorn-1b-chat"}),
        (
            {"search": "acorn", "filter": ["de", "license:other"]},
            {"acorn-8b-chat", "acorn-70b-chat"},
        ),
        ({"pipeline_tag": "text-classification", "author": "old-attic"}, {"mood-finder"}),
        ({"search": "acorn", "gated": True}, {"acorn-70b-chat"}),
        ({"search": "acorn", "gated": False}, {"acorn-8b-chat", "acorn-1b-chat"}),
        ({"num_parameters": "min:7B,max:8.1B"}, {"acorn-8b-chat", "owl-7b-chat"}),
        ({"trained_dataset": "practice/questions"}, {"acorn-1b-chat"}),
        ({"search": "nothing like that"}, set()),
    ],
)
def test_models_are_found(api, asked, found):
    assert {name.partition("/")[2] for name in names(api.list_models(**asked))} == found


@pytest.mark.parametrize("sort", ["downloads", "likes", "last_modified"])
def test_the_most_come_first(api, sort):
    values = [getattr(each, sort) for each in api.list_models(sort=sort)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) > 1


def test_datasets_are_found(api):
    assert names(api.list_datasets(task_categories="question-answering")) == ["practice/questions"]
    assert names(api.list_datasets(filter="license:cc0-1.0")) == ["practice/weather"]
    assert len(list(api.list_datasets(language="en", size_categories="n<1K"))) == 3


def test_long_lists_come_in_pages():
    with PracticeHub(page_size=3) as small:
        api = HfApi(endpoint=small.url, token=False)
        everything = names(api.list_models(sort="likes"))
        assert len(everything) == len(set(everything)) > 9
        assert len(small.log) == -(-len(everything) // 3)
        small.log.clear()
        assert names(api.list_models(sort="likes", limit=4)) == everything[:4]
        assert len(small.log) == 2
        tree = [each.path for each in api.list_repo_tree("practice/tokenizers", recursive=True)]
        assert "llama-3/tokenizer.json" in tree
        assert len(tree) == len(set(tree))


def test_a_list_holds_only_what_was_asked_for(api):
    (short,) = api.list_models(search="acorn-1b")
    assert (short.card_data, short.siblings, short.sha) == (None, None, None)
    (full,) = api.list_models(search="acorn-1b", full=True, cardData=True)
    assert full.card_data.license == "apache-2.0"
    assert [each.rfilename for each in full.siblings] == ["README.md", "config.json"]
    (some,) = api.list_models(search="acorn-1b", expand=["likes"])
    assert (some.likes, some.downloads) == (1_204, None)


def test_a_model_is_described_as_its_folder_is(api):
    folder = Path(hflab.tiny_model("ner"))
    info = api.model_info("practice/ner", files_metadata=True)
    files = {path.name: path for path in folder.iterdir()}
    assert {each.rfilename: each.size for each in info.siblings} == {
        name: path.stat().st_size for name, path in files.items()
    }
    (weights,) = [each for each in info.siblings if each.lfs]
    assert weights.lfs.sha256 == sha(files["model.safetensors"])
    assert info.pipeline_tag == "token-classification"
    assert info.card_data.to_dict() == metadata_load(files["README.md"])
    assert 1_000_000 < info.safetensors.total < 10_000_000


def test_a_card_is_read(api, tmp_path):
    path = api.hf_hub_download("acorn-lab/acorn-8b-chat", "README.md", cache_dir=tmp_path)
    card = ModelCard.load(path)
    assert card.data.license_name == "acorn-community-license"
    assert "There are no weights in it." in card.text


def test_the_rest_of_the_hub_answers(api, stranger):
    assert api.whoami()["name"] == "learner"
    assert {each.sdk for each in api.list_spaces()} == {"gradio", "static"}
    (collection,) = api.list_collections(owner="practice")
    items = api.get_collection(collection.slug).items
    assert [each.item_id for each in items][:1] == ["practice/chat"]
    talks = list(api.get_repo_discussions("practice/chat", discussion_status="open"))
    assert [each.title for each in talks] == ["It doesn't know yesterday's news"]
    assert stranger.dataset_info("practice/weather").tags[0] == "license:cc0-1.0"


# -- revisions -----------------------------------------------------------------------------------


def test_a_model_has_a_history(api, tmp_path):
    commits = api.list_repo_commits("practice/chat")
    assert [each.title for each in commits] == [
        "Say where this is",
        "Train to the end",
        "First upload, training not done",
    ]
    tags = {each.name: each.target_commit for each in api.list_repo_refs("practice/chat").tags}
    assert tags == {"v0.1": commits[2].commit_id, "v1.0": commits[0].commit_id}

    def get(revision: str) -> Path:
        name = "model.safetensors"
        found = api.hf_hub_download("practice/chat", name, revision=revision, cache_dir=tmp_path)
        return Path(found)

    early, late, trained = get("v0.1"), get("main"), get(commits[1].commit_id)
    assert early.parent.name == commits[2].commit_id
    assert sha(early) != sha(late) == sha(trained)
    assert sha(late) == sha(Path(hflab.tiny_model("chat"), "model.safetensors"))
    assert early.stat().st_size == late.stat().st_size


def test_what_is_not_there_has_its_own_error(api, tmp_path):
    with pytest.raises(RevisionNotFoundError):
        api.model_info("practice/chat", revision="v9")
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download("practice/chat", "flax_model.msgpack", cache_dir=tmp_path)
    with pytest.raises(RepositoryNotFoundError) as missing:
        api.model_info("practice/chta")
    assert missing.value.response.status_code == 404


def test_trees_and_paths(api):
    top = {each.path for each in api.list_repo_tree("practice/tokenizers")}
    assert {"README.md", "chatml", "llama-3"} <= top
    inside = list(api.list_repo_tree("practice/tokenizers", "chatml", expand=True))
    assert {each.path for each in inside} >= {"chatml/tokenizer.json"}
    assert inside[0].last_commit.title == "Upload model"
    found = api.get_paths_info("practice/tokenizers", ["README.md", "chatml", "no such"])
    assert [type(each).__name__ for each in found] == ["RepoFile", "RepoFolder"]


# -- downloads -----------------------------------------------------------------------------------


def get(hub, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(hub.url.removeprefix("http://"), timeout=10)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


@pytest.mark.parametrize(
    ("asked", "part", "said"),
    [
        ("bytes=0-9", slice(0, 10), "bytes 0-9/{}"),
        ("bytes=100-", slice(100, None), "bytes 100-{last}/{}"),
        ("bytes=-7", slice(-7, None), "bytes {tail}-{last}/{}"),
    ],
)
def test_a_range_of_a_file(hub, asked, part, said):
    whole = Path(hflab.tiny_model("chat"), "config.json").read_bytes()
    answer = get(hub, "/practice/chat/resolve/main/config.json", Range=asked)
    size = len(whole)
    wanted = said.format(size, last=size - 1, tail=size - 7)
    assert (answer.status, answer.headers["Content-Range"]) == (206, wanted)
    assert answer.read() == whole[part]


def test_a_range_behind_the_end_is_refused(hub):
    answer = get(hub, "/practice/chat/resolve/main/config.json", Range="bytes=99999999-")
    assert answer.status == 416


@pytest.mark.parametrize(
    "path",
    [
        "/practice/chat/resolve/main/../../../../../../etc/passwd",
        "/practice/chat/resolve/main/%2e%2e/ner/config.json",
        "/practice/chat/resolve/main//etc/passwd",
        "/api/nothing",
    ],
)
def test_nothing_but_the_shelf_is_served(hub, path):
    assert get(hub, path).status == 404


def test_a_download_that_breaks_off_goes_on_where_it_stopped(hub, api, big, tmp_path):
    hub.faults.append(Fault("*/data.bin", method="GET", cut=CHUNK + 500_000, times=1))
    start = len(hub.log)
    path = api.hf_hub_download("test/big", "data.bin", cache_dir=tmp_path)
    assert sha(path) == sha(big)
    asked = [each for each in hub.log[start:] if each.method == "GET"]
    # The client keeps whole pieces only: half a piece is sent once more.
    assert [each.range for each in asked] == ["", f"bytes={CHUNK}-"]
    assert [each.sent for each in asked] == [CHUNK + 500_000, big.stat().st_size - CHUNK]


def test_a_download_is_not_repeated(hub, api, big, tmp_path):
    api.hf_hub_download("test/big", "data.bin", cache_dir=tmp_path)
    before = hub.sent("data.bin")
    api.hf_hub_download("test/big", "data.bin", cache_dir=tmp_path)
    assert hub.sent("data.bin") == before


DOWNLOAD = "import huggingface_hub as h; print(h.hf_hub_download('test/big', 'data.bin'))"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
def test_half_a_file_left_by_a_killed_process_is_never_taken_for_the_file(hub, big, tmp_path):
    hub.faults.append(Fault("*/data.bin", method="GET", pace=20e6, times=1))
    start = len(hub.log)
    client = subprocess.Popen([sys.executable, "-c", DOWNLOAD], env=environment(hub, tmp_path))
    end = time.monotonic() + 60
    while sum(each.sent for each in hub.log[start:]) < CHUNK + 1_000_000:
        assert time.monotonic() < end
        time.sleep(0.02)
    client.send_signal(signal.SIGKILL)
    client.wait()
    blobs = list(tmp_path.rglob("blobs/*"))
    assert [each.suffix for each in blobs] == [".incomplete"]
    assert not list(tmp_path.rglob("snapshots/*/data.bin"))
    assert sha(python(hub, tmp_path, DOWNLOAD).strip()) == sha(big)


LOAD = """
import hflab
model, tokenizer = hflab.load("practice/ner")
print(model.num_parameters(), len(tokenizer))
"""


def test_two_processes_that_load_at_once_download_once(hub, tmp_path):
    hub.faults.append(Fault("*/model.safetensors", method="GET", pace=3e6))
    before = hub.sent("practice/ner/resolve/main/model.safetensors")
    start = len(hub.log)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", LOAD],
            env=environment(hub, tmp_path),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=200)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1] != ""
    assert before == 0
    weights = [each for each in hub.log[start:] if each.path.endswith("model.safetensors")]
    assert sum(each.sent for each in weights) == (
        Path(hflab.tiny_model("ner"), "model.safetensors").stat().st_size
    )
    assert [each.method for each in weights].count("GET") == 1


# -- uploads -------------------------------------------------------------------------------------


def test_a_folder_is_uploaded_and_comes_back(hub, api, tmp_path):
    folder = Path(hflab.tiny_model("ner"))
    api.create_repo("learner/ner")
    start = len(hub.log)
    api.upload_folder(repo_id="learner/ner", folder_path=folder, commit_message="My model")
    sent = [each.path.split("/")[1] for each in hub.log[start:] if each.method == "PUT"]
    assert sent == ["practice-uploads"]  # the weights; everything else goes in the commit
    back = Path(api.snapshot_download("learner/ner", cache_dir=tmp_path))
    for path in folder.iterdir():
        assert sha(back / path.name) == sha(path)
    assert api.list_repo_commits("learner/ner")[0].title == "My model"
    tiny.verify("ner")


def test_the_same_folder_again_makes_no_new_version(api):
    for _ in range(2):
        api.create_repo("learner/again", exist_ok=True)
        api.upload_folder(repo_id="learner/again", folder_path=hflab.tiny_model("ner"))
    assert len(api.list_repo_commits("learner/again")) == 2


def test_versions_can_be_named_and_files_removed(api):
    api.create_repo("learner/versions")
    api.upload_file(repo_id="learner/versions", path_in_repo="a/b.txt", path_or_fileobj=b"one")
    api.create_tag("learner/versions", tag="v1")
    api.create_branch("learner/versions", branch="next")
    api.delete_folder("a", "learner/versions", revision="next")
    api.delete_file("a/b.txt", "learner/versions")

    def files(revision):
        return api.list_repo_files("learner/versions", revision=revision)

    assert files("main") == files("next") == [".gitattributes"]
    assert files("v1") == [".gitattributes", "a/b.txt"]
    api.delete_tag("learner/versions", tag="v1")
    api.delete_branch("learner/versions", branch="next")
    refs = api.list_repo_refs("learner/versions")
    assert ([each.name for each in refs.branches], refs.tags) == (["main"], [])
    api.delete_repo("learner/versions")
    assert not api.repo_exists("learner/versions")


def test_a_private_repository_is_seen_with_a_token_only(api, stranger):
    api.create_repo("learner/secret", private=True)
    assert "learner/secret" in names(api.list_models(author="learner"))
    assert "learner/secret" not in names(stranger.list_models(author="learner"))
    with pytest.raises(RepositoryNotFoundError):
        stranger.model_info("learner/secret")


def test_who_may_not_write(hub, api, stranger):
    with pytest.raises(HfHubHTTPError) as refused:
        stranger.create_repo("learner/nothing")
    assert refused.value.response.status_code == 401
    with pytest.raises(HfHubHTTPError) as refused:
        api.upload_file(repo_id="practice/chat", path_in_repo="x", path_or_fileobj=b"x")
    assert refused.value.response.status_code == 403
    with pytest.raises(HfHubHTTPError) as refused:
        HfApi(endpoint=hub.url, token="hf_of_another_hub").model_info("practice/chat")
    assert refused.value.response.status_code == 401
    assert "x" not in api.list_repo_files("practice/chat")


def test_a_damaged_upload_is_refused(hub):
    connection = http.client.HTTPConnection(hub.url.removeprefix("http://"), timeout=10)
    connection.request("PUT", f"/practice-uploads/{'0' * 64}", body=b"something else")
    assert connection.getresponse().status == 400


PUSH = """
import json, sys
import datasets, transformers, hflab
datasets.disable_progress_bars()
rows = datasets.load_dataset("practice/reviews")
stream = datasets.load_dataset("practice/questions", split="train", streaming=True)
table = datasets.load_dataset("practice/weather", split="train")
happy = rows["train"].filter(lambda row: row["label"] == 1)
happy.push_to_hub("learner/happy", private=True)
again = datasets.load_dataset("learner/happy", split="train")
model, tokenizer = hflab.load("practice/chat")
model.push_to_hub("learner/chat")
tokenizer.push_to_hub("learner/chat")
reply = transformers.pipeline("text-generation", "learner/chat")(
    [{"role": "user", "content": "What is a token?"}]
)[0]["generated_text"][-1]["content"]
print(json.dumps({
    "rows": [len(rows["train"]), len(rows["test"])],
    "first": next(iter(stream)),
    "days": len(table),
    "happy": set(happy["label"]) == {1},
    "same": happy.to_dict() == again.to_dict(),
    "reply": reply,
    "expected": hflab.Chat(model, tokenizer).send("What is a token?"),
}))
"""


def test_datasets_and_transformers_load_push_and_load_again(hub, tmp_path):
    said = json.loads(python(hub, tmp_path, PUSH, HF_TOKEN=hub.token).splitlines()[-1])
    assert said["rows"] == [200, 50]
    assert said["first"] == {"question": "What is 21 plus 17?", "answer": "38"}
    assert said["days"] == 365
    assert said["happy"] and said["same"]
    assert said["reply"] == said["expected"] != ""


# -- gates and faults ----------------------------------------------------------------------------

LOAD_EACH = """
import json, os
import hflab
answers = []
for name, os.environ["HF_TOKEN"] in CASES:
    try:
        answers.append(["", str(hflab.load(name)[0].num_parameters())])
    except hflab.errors.HflabError as error:
        answers.append([type(error).__name__, str(error)])
print(json.dumps(answers))
"""


def test_a_gate_has_two_refusals_and_opens(hub, api, stranger, tmp_path):
    assert stranger.model_info("practice/gated-chat").gated == "manual"
    for who, status in ((stranger, 401), (api, 403)):
        with pytest.raises(GatedRepoError) as refused:
            who.hf_hub_download("practice/gated-chat", "config.json", cache_dir=tmp_path)
        assert refused.value.response.status_code == status
    hub.grant("practice/gated-chat")
    api.hf_hub_download("practice/gated-chat", "config.json", cache_dir=tmp_path)


def test_load_explains_every_refusal(tmp_path):
    member, loop = "hf_practice_member", "/practice/zero-shot/resolve/main/config.json"
    with PracticeHub(this_process=False) as hub:
        hub.grant("practice/gated-chat", member)
        hub.faults += [
            Fault("/practice/ner/resolve/*/model.safetensors", body=b"<html>Sign in</html>"),
            Fault("/practice/zero-shot/*", redirect=loop if NEW else None),
            Fault("/api/models/practice/embeddings*", status=500),
            Fault("/api/models/practice/translation*", status=429, retry_after=60),
        ]
        expected = {
            ("practice/gated-chat", ""): ("GatedModelError", "no access token was sent"),
            ("practice/gated-chat", hub.token): ("GatedModelError", "token is valid"),
            ("practice/gated-chat", member): ("", "5475584"),
            ("practice/gated-chat", "hf_old"): ("GatedModelError", "rejected the access token"),
            ("practice/chta", ""): ("ModelNotFoundError", "misspelled"),
            ("old-attic/mood-finder", ""): ("UnsafeModelError", "pickle"),
            ("practice/ner", ""): ("CorruptWeightsError", "web page of 20 bytes"),
            ("practice/zero-shot", ""): ("OfflineError" if NEW else "", ""),
            ("practice/embeddings", ""): ("OfflineError", "does not answer as it should"),
            ("practice/translation", ""): ("OfflineError", "does not answer as it should"),
        }
        said = python(hub, tmp_path, f"CASES = {list(expected)!r}\n{LOAD_EACH}")
    answers = json.loads(said.splitlines()[-1])
    for (kind, text), (case, (wanted, part)) in zip(answers, expected.items(), strict=True):
        assert (case, kind) == (case, wanted)
        assert part in text
        assert text.count("\n") == (2 if kind else 0)


@new_client
def test_too_many_requests_are_repeated_after_the_wait(hub, api):
    hub.faults.append(Fault("/api/models", status=429, retry_after=0, times=1))
    start = len(hub.log)
    assert names(api.list_models(search="acorn-1b")) == ["acorn-lab/acorn-1b-chat"]
    assert [each.status for each in hub.log[start:]] == [429, 200]


def test_a_broken_server(hub, api):
    hub.faults.append(Fault("/api/models/practice/chat", status=500, times=1))
    with pytest.raises(HfHubHTTPError) as broken:
        api.model_info("practice/chat")
    assert broken.value.response.status_code == 500
    assert api.model_info("practice/chat").id == "practice/chat"


def test_a_slow_server(hub, api):
    hub.faults.append(Fault("/api/models/*", seconds=0.3))
    start = time.perf_counter()
    api.model_info("practice/chat")
    assert time.perf_counter() - start > 0.3


def test_a_wrong_etag_is_what_the_client_files_it_under(hub, api, tmp_path):
    hub.faults.append(Fault("*/config.json", method="HEAD", etag="0" * 40))
    path = Path(api.hf_hub_download("practice/chat", "config.json", cache_dir=tmp_path))
    assert path.resolve().name == "0" * 40
    assert json.loads(path.read_text())["model_type"] == "llama"


@new_client
def test_a_redirect_leads_on_and_a_loop_ends(hub, api, tmp_path):
    target = "/practice/chat/resolve/main/config.json"
    hub.faults.append(Fault("*/tokenizer_config.json", redirect=target))
    path = api.hf_hub_download("practice/chat", "tokenizer_config.json", cache_dir=tmp_path)
    assert json.loads(Path(path).read_text())["model_type"] == "llama"
    hub.faults.append(Fault(target, redirect=target))
    start = len(hub.log)
    with pytest.raises(Exception, match="redirects"):
        api.hf_hub_download("practice/chat", "config.json", cache_dir=tmp_path)
    assert 2 < len(hub.log) - start < 50


def test_the_users_own_token_stays_at_home(hub, tmp_path):
    (tmp_path / "token").write_text("hf_mine")
    start = len(hub.log)
    code = "import huggingface_hub as h; h.HfApi().model_info('practice/chat')"
    env = environment(hub, tmp_path, HF_TOKEN="hf_mine_as_well")
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=60)
    assert [each.authorization for each in hub.log[start:]] == [""]


# -- the server itself ---------------------------------------------------------------------------


def test_it_says_what_it_is(hub):
    text = get(hub, "/practice/chat").read().decode()
    assert "teaching and test server" in text
    assert "made up" in text


def test_it_listens_on_this_computer_only_and_keeps_tokens_to_itself(hub, api):
    assert hub.url.startswith("http://127.0.0.1:")
    api.whoami()
    assert hub.token in hub.log[-1].authorization
    assert hub.token not in repr(hub.log) + repr(hub)


def test_this_process_is_as_it_was_when_it_has_stopped(hub, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("HF_HUB_DISABLE_XET", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    other = PracticeHub(filled=False)
    with other:
        assert (constants.HF_HUB_OFFLINE, constants.HF_HUB_DISABLE_XET) == (False, True)
        assert os.environ["HF_HUB_DISABLE_XET"] == "1"
        assert other.start() is other
        url = other.url
    assert (constants.HF_HUB_OFFLINE, constants.HF_HUB_DISABLE_XET) == (True, False)
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert "HF_HUB_DISABLE_XET" not in os.environ
    assert other.url == ""
    with pytest.raises(ConnectionError):
        http.client.HTTPConnection(url.removeprefix("http://"), timeout=5).request("GET", "/")
