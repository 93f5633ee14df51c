"""hflab.catalog: rows, the fitting rule, and pick."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from huggingface_hub.utils import validate_repo_id

from hflab import catalog, hub, tiny
from hflab.catalog import Entry
from hflab.environment import Device, Machine
from hflab.errors import ModelNotFoundError, ParameterError

GB = 1_000_000_000
T4 = Device("cuda", "Tesla T4", 15_800_000_000, (7, 5))
LAPTOP = Machine(Device("cpu"), 8 * GB, 100 * GB)
ALL = [entry for entries in catalog.roles().values() for entry in entries]
ROLES = {
    "chat",
    "base",
    "sentiment",
    "ner",
    "question-answering",
    "records",
    "zero-shot",
    "fill-mask",
    "embeddings",
    "translation",
    "summarization",
    "speech-recognition",
    "text-to-speech",
    "image-classification",
    "text-to-image",
}


@pytest.fixture
def shelf(tmp_path, monkeypatch, random_chat_folder) -> Path:
    shutil.copytree(random_chat_folder, tmp_path / "chat")
    monkeypatch.setattr(tiny, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def gpu_and_hub(monkeypatch):
    """A T4 with the Hub in reach."""
    monkeypatch.setattr(catalog, "describe_machine", lambda: Machine(T4, 12 * GB, 100 * GB))
    monkeypatch.setattr(hub, "offline", lambda: False)
    monkeypatch.setattr(hub, "reachable", lambda: True)
    monkeypatch.setattr(hub, "cached_models", lambda: [])


def test_the_roles():
    assert set(catalog.roles()) == ROLES


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.id)
def test_every_row_is_whole(entry: Entry):
    validate_repo_id(entry.id)
    assert "/" in entry.id
    # Between one byte a parameter and a little over four: a slipped digit would fall outside.
    assert 1 <= entry.download / entry.parameters <= 4.2
    assert re.fullmatch(r"[A-Za-z0-9.+-]+", entry.license)
    assert entry.context is None or entry.context >= 64


@pytest.mark.parametrize("role", sorted(ROLES))
def test_the_defaults_are_open_and_grow(role):
    rows = [entry for entry in catalog.roles()[role] if entry.tier != "gated"]
    assert not any(entry.gated for entry in rows)
    assert rows[0].tier == "laptop"
    tiers = [catalog.TIERS.index(entry.tier) for entry in rows]
    assert tiers == sorted(set(tiers))
    assert [e.parameters for e in rows] == sorted(e.parameters for e in rows)


def test_gated_models_are_offered_by_name_with_an_open_twin():
    names = [entry.id for entry in catalog.gated("chat")]
    assert "meta-llama/Llama-3.1-8B-Instruct" in names
    open_ids = {entry.id for entry in ALL if not entry.gated}
    assert all(e.twin in open_ids for e in ALL if e.gated)


@pytest.mark.parametrize(
    ("memory", "tier"),
    [
        (139 * GB, "large"),
        (24 * GB, "large"),
        (15_800_000_000, "t4"),
        (4 * GB, "laptop"),
        (GB, "tiny"),
    ],
)
def test_the_tier_follows_the_gpu_memory(memory, tier):
    machine = Machine(Device("cuda", "GPU", memory, (8, 0)), 0, 0)
    assert catalog.best_tier(catalog.roles()["chat"], machine) == tier


@pytest.mark.parametrize("kind", ["cpu", "mps"])
def test_without_cuda_the_bundled_model(kind):
    machine = Machine(Device(kind), 500 * GB, 500 * GB)
    assert catalog.best_tier(catalog.roles()["chat"], machine) == "tiny"


def test_what_fits_is_said_with_numbers():
    entry = catalog.roles()["chat"][2]
    assert entry.id == "Qwen/Qwen2.5-7B-Instruct"
    line = catalog.describe(entry, Machine(T4, 12 * GB, 5 * GB))
    assert line == (
        "chat: Qwen/Qwen2.5-7B-Instruct (7.6 B parameters, 15.2 GB to download, Apache-2.0), "
        "too big for the GPU's 15.8 GB, and only 5.0 GB of disk are free"
    )
    small = catalog.describe(catalog.roles()["chat"][0], LAPTOP, cached=True)
    assert small == (
        "chat: Qwen/Qwen2.5-0.5B-Instruct (494 M parameters, 988 MB already here, Apache-2.0), "
        "fits 8.0 GB of free memory"
    )


def test_pick_offline_is_the_bundled_model_with_the_same_line_everywhere(shelf, capsys):
    assert catalog.pick("chat") == str(shelf / "chat") == tiny.tiny_model("chat")
    printed = capsys.readouterr().out
    pattern = r"chat: hflab's bundled model \(\d+ K parameters, 0\.\d MB\), ready offline\n"
    assert re.fullmatch(pattern, printed)


def test_the_bundled_line_in_the_sizes_it_will_have():
    entry = Entry("chat", "tiny", "/somewhere/chat", 5_490_000, 11_020_000, "MIT")
    line = "chat: hflab's bundled model (5.5 M parameters, 11 MB), ready offline"
    assert catalog.describe(entry) == catalog.describe(entry, LAPTOP) == line


def test_pick_with_gpu_and_hub_takes_the_tier_that_fits(shelf, gpu_and_hub, capsys):
    assert catalog.pick("chat") == "Qwen/Qwen3-4B-Instruct-2507"
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "8.0 GB to download" in printed
    assert "fits the GPU's 15.8 GB" in printed


def test_pick_with_gpu_but_no_hub_stays_with_the_bundled_model(shelf, gpu_and_hub, monkeypatch):
    monkeypatch.setattr(hub, "reachable", lambda: False)
    assert catalog.pick("chat") == str(shelf / "chat")


def test_pick_without_gpu_never_asks_the_network(shelf, monkeypatch):
    monkeypatch.setattr(hub, "offline", lambda: False)
    monkeypatch.setattr(catalog, "describe_machine", lambda: LAPTOP)
    monkeypatch.setattr(hub, "reachable", lambda: pytest.fail("asked"))
    assert catalog.pick("chat") == str(shelf / "chat")


def test_the_variable_overrides_the_choice_and_the_argument_the_variable(
    shelf, gpu_and_hub, monkeypatch
):
    monkeypatch.setenv("HFLAB_TIER", "tiny")
    assert catalog.pick("chat") == str(shelf / "chat")
    assert catalog.pick("chat", "large") == "Qwen/Qwen2.5-7B-Instruct"
    monkeypatch.setenv("HFLAB_TIER", "")
    assert catalog.pick("chat") == "Qwen/Qwen3-4B-Instruct-2507"


def test_a_tier_without_a_row_uses_the_next_smaller_one(gpu_and_hub):
    assert catalog.pick("ner", "large") == "dslim/bert-base-NER"


def test_a_role_without_a_bundled_model_falls_back_to_the_laptop_tier(shelf, capsys):
    assert catalog.pick("ner") == "dslim/bert-base-NER"
    assert "433 MB" in capsys.readouterr().out


def test_tier_tiny_without_a_bundled_model_is_an_error(shelf):
    with pytest.raises(ModelNotFoundError) as caught:
        catalog.pick("ner", "tiny")
    assert 'hflab.pick("ner", tier="laptop")' in caught.value.remedy


def test_a_bundled_model_can_be_picked_by_its_name_without_a_row(shelf):
    (shelf / "chat").rename(shelf / "minutes")
    assert catalog.pick("minutes") == str(shelf / "minutes")


@pytest.mark.parametrize(
    ("role", "near"),
    [("sentimnet", "sentiment"), ("Chat", "chat"), ("speech recognition", "speech-")],
)
def test_an_unknown_role_names_the_near_one_and_all(role, near, capsys):
    with pytest.raises(ParameterError) as caught:
        catalog.pick(role)
    assert near in caught.value.remedy
    assert all(role in caught.value.why for role in ROLES)
    assert capsys.readouterr().out == ""


def test_an_unknown_tier_names_the_near_one_also_from_the_variable(monkeypatch):
    with pytest.raises(ParameterError, match="Did you mean 'laptop'"):
        catalog.pick("chat", "labtop")
    monkeypatch.setenv("HFLAB_TIER", "T4")
    with pytest.raises(ParameterError, match="Did you mean 't4'"):
        catalog.pick("chat")


def test_the_license_of_a_bundled_model_is_read_from_its_card(shelf):
    assert catalog.bundled("chat").license == ""
    (shelf / "chat" / "README.md").write_text("---\nlicense: mit\n---\n# Card\n")
    assert catalog.bundled("chat").license == "mit"
