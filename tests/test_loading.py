"""hflab.loading: real models from folders, and every kind of broken one."""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from pathlib import Path

import pytest
import torch
import transformers
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification

import hflab
from hflab import architectures, environment, loading, tiny
from hflab.environment import Device
from hflab.errors import (
    CorruptWeightsError,
    ModelNotFoundError,
    OfflineError,
    OutOfMemoryError,
    UnsafeModelError,
    UnsupportedModelError,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tmp_path, random_chat_folder) -> Path:
    return Path(shutil.copytree(random_chat_folder, tmp_path / "model"))


def edit(folder: Path, name: str = "config.json", **changes) -> None:
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_ordinary_objects_come_out_and_generate(tiny_chat_folder):
    model, tokenizer = hflab.load(tiny_chat_folder)
    assert isinstance(model, transformers.PreTrainedModel)
    assert isinstance(tokenizer, transformers.PreTrainedTokenizerBase)
    assert not model.training
    assert model.device.type == environment.device().kind
    inputs = tokenizer("What is a token?", return_tensors="pt").to(model.device)
    ids = model.generate(**inputs, max_new_tokens=3, do_sample=False)
    assert ids.shape[1] > inputs["input_ids"].shape[1]


def test_the_weights_are_those_of_from_pretrained(folder):
    ours, _ = hflab.load(folder, device_map=None)
    plain = transformers.AutoModelForCausalLM.from_pretrained(folder)
    assert ours.dtype == plain.dtype == torch.float16
    state = plain.state_dict()
    assert ours.state_dict().keys() == state.keys()
    assert all(torch.equal(tensor, state[key]) for key, tensor in ours.state_dict().items())


def test_a_bundled_name_goes_before_a_folder_and_float16_becomes_float32(
    tmp_path, monkeypatch, random_chat_folder, capsys
):
    shutil.copytree(random_chat_folder, tmp_path / "shelf" / "chat")
    monkeypatch.setattr(tiny, "FOLDER", tmp_path / "shelf")
    (tmp_path / "chat").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "device", lambda: Device("cpu"))
    model, _ = hflab.load("chat")
    assert model.dtype == torch.float32
    assert hflab.load("chat", dtype=torch.float16)[0].dtype == torch.float16
    # Neither a line nor a progress bar for a model that is simply there.
    assert capsys.readouterr() == ("", "")
    with pytest.raises(CorruptWeightsError, match=r"config\.json is missing"):
        hflab.load("./chat")


@pytest.mark.parametrize(
    ("stored", "device", "bundled", "expected"),
    [
        (torch.float16, Device("cpu"), True, torch.float32),
        (torch.float16, Device("cpu"), False, "auto"),
        (torch.float16, Device("cuda", "T4", 1, (7, 5)), True, "auto"),
        (torch.bfloat16, Device("cuda", "T4", 1, (7, 5)), False, torch.float16),
        (torch.bfloat16, Device("cuda", "A100", 1, (8, 0)), False, "auto"),
        (torch.bfloat16, Device("cpu"), False, "auto"),
        (torch.float32, Device("cuda", "T4", 1, (7, 5)), False, "auto"),
        (None, Device("cpu"), True, "auto"),
    ],
)
def test_what_dtype_auto_means(stored, device, bundled, expected):
    assert loading.choose_dtype(stored, device, bundled) == expected


def test_dtype_and_other_arguments_reach_from_pretrained(folder):
    model, _ = hflab.load(folder, dtype="float32", attn_implementation="eager")
    assert model.dtype == torch.float32
    assert model.config._attn_implementation == "eager"
    with pytest.raises(TypeError, match="no_such_argument"):
        hflab.load(folder, no_such_argument=1)


@pytest.mark.parametrize(
    ("cls", "extra"),
    [(BertForSequenceClassification, {"num_labels": 3}), (BertForTokenClassification, {})],
)
def test_the_class_follows_the_architecture(tmp_path, random_chat_folder, cls, extra):
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = BertConfig(vocab_size=400, intermediate_size=16, **sizes, **extra)
    cls(config).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(random_chat_folder / name, tmp_path)
    model, _ = hflab.load(tmp_path)
    assert type(model) is cls


def test_the_architectures_of_the_catalog_have_their_auto_class():
    expected = {
        "qwen2": ("Qwen2ForCausalLM", "CausalLM"),
        "t5": ("T5ForConditionalGeneration", "Seq2SeqLM"),
        "marian": ("MarianMTModel", "Seq2SeqLM"),
        "distilbert": ("DistilBertForQuestionAnswering", "QuestionAnswering"),
        "roberta": ("RobertaForMaskedLM", "MaskedLM"),
        "whisper": ("WhisperForConditionalGeneration", "SpeechSeq2Seq"),
        "resnet": ("ResNetForImageClassification", "ImageClassification"),
        "vits": ("VitsModel", "TextToWaveform"),
        "bert": ("BertModel", ""),
    }
    for model_type, (architecture, kind) in expected.items():
        config = transformers.CONFIG_MAPPING[model_type](architectures=[architecture])
        assert (model_type, architectures.kind(config)) == (model_type, kind)


@pytest.mark.parametrize("name", ["with space", "accents é 模型", "back\\slash", "quote's"])
def test_paths_of_all_kinds(tmp_path, random_chat_folder, name):
    if os.name == "nt" and "\\" in name:
        pytest.skip("a separator there")
    model, _ = hflab.load(shutil.copytree(random_chat_folder, tmp_path / name))
    assert model.num_parameters() > 0


def test_a_read_only_folder_loads_and_stays_as_it_is(folder):
    before = sorted(path.name for path in folder.iterdir())
    for path in folder.iterdir():
        path.chmod(stat.S_IRUSR)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        hflab.load(folder)
    finally:
        folder.chmod(stat.S_IRWXU)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_home_is_expanded(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    assert hflab.load("~/model")[0].num_parameters() > 0


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"version https://git-lfs\nsize 9\n"])
def test_damaged_weights_name_the_file(folder, content):
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(CorruptWeightsError, match=r"model\.safetensors"):
        hflab.load(folder)


def test_truncated_weights_name_file_sizes_and_command(folder):
    path = folder / "model.safetensors"
    size = path.stat().st_size
    os.truncate(path, size // 2)
    with pytest.raises(CorruptWeightsError) as caught:
        hflab.load(folder)
    assert str(path) in caught.value.what
    assert f"{size // 2:,}" in caught.value.why
    assert f"{size:,}" in caught.value.why
    assert str(path) in caught.value.remedy


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named_with_its_folder(folder, name):
    (folder / name).unlink()
    if name == "model.safetensors":
        with pytest.raises(ModelNotFoundError, match="no weights") as caught:
            hflab.load(folder)
    else:
        with pytest.raises(CorruptWeightsError, match=name) as caught:
            hflab.load(folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("content", ["{}", '{"version": "1.0", "added_tokens": [], "model": 5}'])
def test_a_tokenizer_of_valid_json_but_nonsense_is_named(folder, content):
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(CorruptWeightsError, match=r"tokenizer\.json"):
        hflab.load(folder)


def test_an_unknown_architecture_names_the_version_and_never_advises_remote_code(folder):
    edit(folder, model_type="llama9", architectures=["Llama9ForCausalLM"])
    for auto_map in ({}, {"AutoModelForCausalLM": "modeling.Llama9"}):
        edit(folder, auto_map=auto_map)
        with pytest.raises(UnsupportedModelError) as caught:
            hflab.load(folder)
        text = str(caught.value)
        assert "'llama9'" in text
        assert transformers.__version__ in text
        assert "trust_remote_code" not in text


@pytest.fixture
def canary(folder) -> Path:
    """A folder whose own code leaves a file behind when it runs."""
    path = folder.parent / "canary"
    code = f"open({str(path)!r}, 'w').close()\n"
    (folder / "modeling.py").write_text(code)
    (folder / "configuration.py").write_text(code)
    auto_map = {"AutoConfig": "configuration.C", "AutoModelForCausalLM": "modeling.M"}
    edit(folder, model_type="own", auto_map=auto_map)
    return path


@pytest.mark.parametrize(
    "revision", [None, "main", "v1.0", COMMIT[:7], COMMIT.upper(), COMMIT + "0"]
)
def test_remote_code_needs_a_full_commit_and_nothing_runs(folder, canary, revision):
    with pytest.raises(UnsafeModelError) as caught:
        hflab.load(folder, trust_remote_code=True, revision=revision)
    assert "40 characters" in caught.value.remedy
    with pytest.raises(UnsupportedModelError):
        hflab.load(folder, revision=revision)
    assert not canary.exists()


def test_a_commit_does_not_pin_code_from_another_repository(folder, canary):
    edit(folder, auto_map={"AutoModelForCausalLM": "someone/code--modeling.M"})
    with pytest.raises(UnsafeModelError, match="someone/code"):
        hflab.load(folder, trust_remote_code=True, revision=COMMIT)
    with pytest.raises(UnsafeModelError, match="code_revision"):
        hflab.load(folder, trust_remote_code=True, revision=COMMIT, code_revision="main")
    assert not canary.exists()


def test_pickle_weights_are_refused_unread(folder):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"never opened")
    with pytest.raises(UnsafeModelError, match=r"pytorch_model\.bin"):
        hflab.load(folder)


@pytest.mark.parametrize("value", [False, None])
def test_safetensors_cannot_be_switched_off(folder, value):
    with pytest.raises(UnsafeModelError, match="use_safetensors"):
        hflab.load(folder, use_safetensors=value)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("qwen2.5-0.5b-instruct", "Did you mean 'Qwen/Qwen2.5-0.5B-Instruct'"),
        ("../no/such/folder", "this code runs in"),
        ("a//b", "this code runs in"),
        ("C:\\models\\chat", "this code runs in"),
        ("", "this code runs in"),
    ],
)
def test_a_wrong_name_is_answered_with_what_is_near(name, remedy):
    with pytest.raises(ModelNotFoundError) as caught:
        hflab.load(name)
    assert repr(name) in caught.value.what
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("name", ["chta", "Chat", "caht"])
def test_a_misspelled_bundled_name(tmp_path, monkeypatch, random_chat_folder, name):
    shutil.copytree(random_chat_folder, tmp_path / "chat")
    monkeypatch.setattr(tiny, "FOLDER", tmp_path)
    with pytest.raises(ModelNotFoundError) as caught:
        hflab.load(name)
    assert caught.value.remedy.startswith("Did you mean 'chat'")


def test_a_file_is_not_a_model(folder):
    with pytest.raises(ModelNotFoundError) as caught:
        hflab.load(folder / "model.safetensors")
    assert repr(str(folder)) in caught.value.remedy


def test_offline_and_not_on_disk_lists_what_is_at_hand(tiny_chat_folder):
    start = time.perf_counter()
    with pytest.raises(OfflineError) as caught:
        hflab.load("nobody/no-such-model")
    assert time.perf_counter() - start < 5
    assert "HF_HUB_OFFLINE" in caught.value.why
    assert all(name in caught.value.remedy for name in tiny.tiny_model())
    # The traceback is short, but the true cause is kept.
    assert caught.value.__suppress_context__
    assert caught.value.__context__ is not None


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_too_little_memory_is_said(folder, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", fail)
    with pytest.raises(OutOfMemoryError, match="smaller model"):
        hflab.load(folder)


def test_unknown_failures_pass_through_untouched(folder, monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", fail)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        hflab.load(folder)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_on_a_gpu_the_model_lands_there(folder):
    transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).save_pretrained(
        folder
    )
    model, _ = hflab.load(folder)
    assert model.device.type == "cuda"
    expected = torch.bfloat16 if environment.device().has_bf16 else torch.float16
    assert model.dtype == expected
