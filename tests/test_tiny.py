"""hflab.tiny: the bundled models and their checksums."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from hflab import tiny
from hflab.errors import CorruptWeightsError, ModelNotFoundError


def write_sums(folder: Path, mark: str = " ") -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()} {mark}{path.name}\n"
        for path in sorted(folder.iterdir())
        if path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


@pytest.fixture
def shelf(tmp_path, monkeypatch, random_chat_folder) -> Path:
    """A folder of bundled models with one model, "chat", and one folder that is none."""
    shelf = tmp_path / "shelf ü"
    shutil.copytree(random_chat_folder, shelf / "chat")
    write_sums(shelf / "chat")
    (shelf / "__pycache__").mkdir()
    monkeypatch.setattr(tiny, "FOLDER", shelf)
    return shelf


def test_a_name_gives_the_folder(shelf):
    assert tiny.tiny_model("chat") == str(shelf / "chat")


def test_without_a_name_the_models_are_listed(shelf):
    assert tiny.tiny_model() == ["chat"]


@pytest.mark.parametrize("name", ["chta", "Chat"])
def test_a_wrong_name_is_answered_with_the_near_one(shelf, name):
    with pytest.raises(ModelNotFoundError) as caught:
        tiny.tiny_model(name)
    assert repr(name) in caught.value.what
    assert caught.value.why == "The bundled models are: chat."
    assert caught.value.remedy == "Did you mean 'chat'?"


@pytest.mark.parametrize("name", ["..", "../shelf ü/chat", "", "zzz"])
def test_a_name_is_never_a_path(shelf, name):
    with pytest.raises(ModelNotFoundError) as caught:
        tiny.tiny_model(name)
    assert "hflab.load" in caught.value.remedy


@pytest.mark.parametrize("mark", [" ", "*"])
def test_an_intact_model_passes(shelf, mark):
    write_sums(shelf / "chat", mark)
    tiny.verify("chat")


def test_one_flipped_byte_is_found(shelf):
    path = shelf / "chat" / "model.safetensors"
    data = bytearray(path.read_bytes())
    before = hashlib.sha256(data).hexdigest()
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptWeightsError) as caught:
        tiny.verify("chat")
    assert "model.safetensors" in caught.value.what
    assert before in caught.value.why
    assert hashlib.sha256(data).hexdigest() in caught.value.why
    assert f"{len(data):,} bytes" in caught.value.why


def test_truncated_weights_are_reported_with_both_sizes(shelf):
    path = shelf / "chat" / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:-100])
    with pytest.raises(CorruptWeightsError) as caught:
        tiny.verify("chat")
    assert f"{len(data) - 100:,}" in caught.value.why
    assert f"{len(data):,}" in caught.value.why
    assert "pip install" in caught.value.remedy


def test_a_missing_file_is_named(shelf):
    (shelf / "chat" / "tokenizer.json").unlink()
    with pytest.raises(CorruptWeightsError, match=r"tokenizer\.json is missing"):
        tiny.verify("chat")


@pytest.mark.parametrize("content", [None, "", "not a checksum\n"])
def test_a_missing_or_empty_list_of_checksums_does_not_pass(shelf, content):
    sums = shelf / "chat" / "SHA256SUMS"
    sums.unlink() if content is None else sums.write_text(content)
    with pytest.raises(CorruptWeightsError, match="cannot be checked"):
        tiny.verify("chat")


@pytest.mark.parametrize("name", tiny.tiny_model())
def test_the_models_that_ship_are_intact(name):
    tiny.verify(name)
    listed = (Path(tiny.tiny_model(name)) / "SHA256SUMS").read_text(encoding="utf-8")
    assert "config.json" in listed
    assert ".safetensors" in listed or name == "tokenizers"


def test_a_tokenizer_of_several_has_a_name_of_its_own(shelf):
    (shelf / "tokenizers" / "llama-3").mkdir(parents=True)
    (shelf / "tokenizers" / "SHA256SUMS").touch()
    assert tiny.tiny_model("tokenizers/llama-3") == str(shelf / "tokenizers" / "llama-3")
    assert tiny.tiny_model() == ["chat", "tokenizers"]
    with pytest.raises(ModelNotFoundError, match=r"tokenizers/lama-3") as caught:
        tiny.tiny_model("tokenizers/lama-3")
    assert caught.value.remedy == "Did you mean 'tokenizers/llama-3'?"
