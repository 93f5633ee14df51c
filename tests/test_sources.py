"""hflab.sources: finding a model, and names that are near."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hflab import hub, sources, tiny
from hflab.errors import CorruptWeightsError, ModelNotFoundError


@pytest.fixture(autouse=True)
def shelf(tmp_path, monkeypatch, random_chat_folder) -> Path:
    shutil.copytree(random_chat_folder, tmp_path / "shelf" / "chat")
    monkeypatch.setattr(tiny, "FOLDER", tmp_path / "shelf")
    monkeypatch.setattr(hub, "cached_models", lambda: ["someone/my-cached-model"])
    return tmp_path / "shelf"


def test_bundled_name_then_folder_then_hub_id(shelf, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert sources.find("chat") == str(shelf / "chat")
    assert sources.find("mine") == "mine"
    assert sources.find("owner/name") == "owner/name"


@pytest.mark.parametrize("name", ["", "../x", "a/b/c", "a--b", "x" * 97, "with space"])
def test_what_can_be_neither_folder_nor_id(name, tmp_path, monkeypatch):
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")  # where no folder has such a name by chance
    with pytest.raises(ModelNotFoundError):
        sources.find(name)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("caht", "Did you mean 'chat'?"),
        ("my-cached-modle", "Did you mean 'someone/my-cached-model'?"),
        ("llama-3.1-8b-instruct", "Did you mean 'meta-llama/Llama-3.1-8B-Instruct'"),
        ("qwen/qwen2.5-0.5b-instrukt", "Did you mean 'Qwen/Qwen2.5-0.5B-Instruct'"),
        ("zzzzzz", ""),
    ],
)
def test_near_names(name, near):
    assert sources.near(name).startswith(near)
    assert bool(sources.near(name)) == bool(near)


def test_the_open_twin_of_a_gated_model():
    assert sources.twin("meta-llama/llama-3.1-8b") == "Qwen/Qwen2.5-7B"
    assert sources.twin("somebody/gated") == "Qwen/Qwen2.5-0.5B-Instruct"


def test_at_hand_names_bundled_and_cached_models():
    assert sources.at_hand() == "chat, someone/my-cached-model"


def test_a_folder_without_tokenizer_is_named_but_a_hub_id_is_not_judged(shelf):
    sources.check_tokenizer("owner/name", {})
    sources.check_tokenizer(str(shelf / "chat"), {})
    (shelf / "chat" / "tokenizer.json").unlink()
    with pytest.raises(CorruptWeightsError) as caught:
        sources.check_tokenizer(str(shelf), {"subfolder": "chat"})
    assert str(shelf / "chat") in caught.value.what
