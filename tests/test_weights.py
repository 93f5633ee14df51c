"""hflab.weights: model folders judged without loading them."""

from __future__ import annotations

import json
import shlex
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from hflab import weights
from hflab.errors import CorruptWeightsError, ModelNotFoundError, UnsafeModelError

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 988097824\n"
)


@pytest.fixture
def folder(tmp_path, random_chat_folder) -> Path:
    return Path(shutil.copytree(random_chat_folder, tmp_path / "my model é"))


def test_an_intact_folder_passes(folder):
    weights.check_folder(folder)


def test_parameters_are_counted_as_torch_counts_them(folder):
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert weights.count_parameters(folder) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 bytes"),
        (b"\x00" * 7, "7 bytes"),
        (b"<!DOCTYPE html><html>Not found</html>", "web page of 37 bytes"),
        (b"\n  <html>", "web page"),
        (POINTER, "988097824 bytes"),
        (b"\xff" * 300, "300 bytes"),
        (struct.pack("<Q", 4) + b"[1, ", "do not start as safetensors do"),
        (struct.pack("<Q", 2) + b"[]", "do not start as safetensors do"),
        (struct.pack("<Q", 10) + b'{"a": {}} ', "do not start as safetensors do"),
    ],
)
def test_what_is_not_safetensors_is_named(folder, content, said):
    path = folder / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(CorruptWeightsError) as caught:
        weights.check_folder(folder)
    assert str(path) in caught.value.what
    assert said in caught.value.why


@pytest.mark.parametrize("change", [-1, -1000, 5])
def test_a_wrong_length_is_reported_with_both_sizes(folder, change):
    path = folder / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:change] if change < 0 else data + b"\0" * change)
    with pytest.raises(CorruptWeightsError) as caught:
        weights.check_folder(folder)
    assert f"{len(data) + change:,} bytes" in caught.value.why
    assert f"{len(data):,}" in caught.value.why


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", ["", "{", "[]", "<html>", "[" * 100_000])
def test_broken_json_names_the_file(folder, name, content):
    (folder / name).write_text(content)
    with pytest.raises(CorruptWeightsError) as caught:
        weights.check_folder(folder)
    assert str(folder / name) in caught.value.what


def test_json_that_is_not_utf8_names_the_file(folder):
    (folder / "config.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(CorruptWeightsError, match=r"config\.json"):
        weights.check_folder(folder)


def test_a_missing_config_names_the_file_and_the_folder(folder):
    (folder / "config.json").unlink()
    with pytest.raises(CorruptWeightsError) as caught:
        weights.check_folder(folder)
    assert "config.json" in caught.value.what
    assert str(folder) in caught.value.what


def test_a_missing_part_of_split_weights_is_named(folder):
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CorruptWeightsError, match=r"model-00002-of-00002\.safetensors is missing"):
        weights.check_folder(folder)


def test_pickles_alone_are_refused_but_may_lie_beside_safetensors():
    weights.check_safe(["model.safetensors", "pytorch_model.bin"], "It")
    with pytest.raises(UnsafeModelError, match=r"pytorch_model\.bin"):
        weights.check_safe(["config.json", "pytorch_model.bin"], "It")


@pytest.mark.parametrize(
    ("names", "why"), [(["config.json"], "no file ending"), (["a.gguf"], "llama.cpp")]
)
def test_no_weights_at_all_is_another_error(names, why):
    with pytest.raises(ModelNotFoundError) as caught:
        weights.check_safe(names, "It")
    assert why in caught.value.why


@pytest.mark.skipif(sys.platform == "win32", reason="rm is not a command there")
def test_the_command_removes_just_that_file_through_the_link(folder):
    blob = folder / "blob with 'quote"
    blob.write_bytes(b"x")
    link = folder / "link.safetensors"
    link.symlink_to(blob)
    command = weights.delete_command(link)
    assert shlex.split(command) == ["rm", str(blob)]
    before = set(folder.iterdir())
    subprocess.run(command, shell=True, check=True)
    assert before - set(folder.iterdir()) == {blob}
