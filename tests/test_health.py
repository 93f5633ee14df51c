"""hflab.health: the report of doctor()."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

import hflab
from hflab import environment, health, hub, tiny
from hflab.environment import Device

SECRET = "hf_" + "S3cret" * 6


@pytest.fixture(autouse=True)
def healthy(tmp_path, monkeypatch, random_chat_folder) -> Path:
    """A machine without problems; each test breaks one thing."""
    from test_tiny import write_sums

    shutil.copytree(random_chat_folder, tmp_path / "chat")
    write_sums(tmp_path / "chat")
    monkeypatch.setattr(tiny, "FOLDER", tmp_path)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(environment, "device", lambda: Device("cpu"))
    monkeypatch.setattr(environment, "free_ram", lambda: 8_000_000_000)
    monkeypatch.setattr(environment, "free_disk", lambda folder: 50_000_000_000)
    monkeypatch.delattr(sys, "ps1", raising=False)
    return tmp_path


def fact(report: health.Report, label: str) -> str:
    return dict(report.facts)[label]


def test_a_healthy_machine(capsys):
    report = hflab.doctor()
    assert report.problems == []
    printed = capsys.readouterr().out
    assert printed == repr(report) + "\n"
    assert printed.endswith("No problems found.\n")
    assert fact(report, "transformers") in printed
    assert fact(report, "bundled models") == "chat"
    assert "HF_HUB_OFFLINE" in fact(report, "Hub")


def test_the_values_are_aligned_and_lines_short():
    lines = repr(health.examine()).split("\n\n")[0].split("\n")
    assert len(lines) > 8
    assert all(line[16] == " " and line[17] != " " for line in lines)
    assert max(map(len, lines)) <= 100


def test_a_notebook_shows_the_report_once(capsys):
    report = hflab.doctor()
    report._ipython_display_()  # what IPython does with a cell's last value
    assert capsys.readouterr().out.count("No problems found.") == 1
    report._ipython_display_()  # the learner names it again
    assert capsys.readouterr().out == repr(report) + "\n"


def test_the_plain_prompt_shows_the_report_once(capsys, monkeypatch):
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    monkeypatch.setattr(environment, "place", lambda: "terminal")
    hflab.doctor()
    assert capsys.readouterr().out == ""


def only_problem(text: str) -> health.Problem:
    report = health.examine()
    assert len(report.problems) == 1, report
    assert f"Problem: {report.problems[0].what}\n     Do: " in repr(report)
    assert text in report.problems[0].what
    assert report.problems[0].remedy
    return report.problems[0]


def test_a_missing_and_an_old_library(monkeypatch):
    real = environment.version
    monkeypatch.setattr(environment, "version", lambda n: None if n == "accelerate" else real(n))
    assert only_problem("accelerate is not installed").remedy == "pip install accelerate"
    monkeypatch.setattr(
        environment, "version", lambda n: "4.57.1" if n == "transformers" else real(n)
    )
    assert ">=5" in only_problem("transformers 4.57.1 is too old").remedy
    monkeypatch.setattr(environment, "version", lambda n: None if n == "datasets" else real(n))
    assert health.examine().problems == []


def test_a_torch_that_does_not_import(monkeypatch):
    def fail() -> Device:
        raise OSError("libcudart.so: cannot open shared object file")

    monkeypatch.setattr(environment, "device", fail)
    assert "torch" in only_problem("torch cannot be imported (OSError)").remedy


def test_little_memory_and_little_disk(monkeypatch):
    monkeypatch.setattr(environment, "free_ram", lambda: 700_000_000)
    only_problem("Only 700 MB of memory")
    monkeypatch.setattr(environment, "free_ram", lambda: 8_000_000_000)
    monkeypatch.setattr(environment, "free_disk", lambda folder: 900_000_000)
    only_problem("Only 900 MB of disk")


def test_a_flipped_byte_in_a_bundled_model(healthy):
    path = healthy / "chat" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-7] ^= 64
    path.write_bytes(data)
    assert "pip install" in only_problem("model.safetensors").remedy
    assert fact(health.examine(), "bundled models") == "chat (damaged)"


def test_no_bundled_model_at_all(healthy):
    shutil.rmtree(healthy / "chat")
    only_problem("No bundled model")


@pytest.mark.parametrize(("answer", "text"), [(True, "in reach"), (False, "out of reach")])
def test_the_hub_is_a_fact_not_a_problem(monkeypatch, answer, text):
    monkeypatch.setattr(hub, "offline", lambda: False)
    monkeypatch.setattr(hub, "reachable", lambda: answer)
    report = health.examine()
    assert fact(report, "Hub").startswith(text)
    assert report.problems == []


@pytest.mark.parametrize("token", [SECRET, f'"{SECRET}"', SECRET + "\n", SECRET[3:]])
def test_the_token_is_never_shown(monkeypatch, capsys, token):
    monkeypatch.setenv("HF_TOKEN", token)
    report = hflab.doctor()
    shown = capsys.readouterr().out + repr(report) + repr(report.facts) + repr(report.problems)
    assert "HF_TOKEN" in shown
    assert "S3cret" not in shown
    assert len(report.problems) == (token != SECRET)


@pytest.mark.parametrize(
    ("capability", "text"),
    [((7, 5), "float16 (no bfloat16 units)"), ((8, 0), "bfloat16 and float16")],
)
def test_a_gpu_is_described_with_the_truth_about_bf16(monkeypatch, capability, text):
    found = Device("cuda", "Tesla T4", 15_800_000_000, capability)
    monkeypatch.setattr(environment, "device", lambda: found)
    line = fact(health.examine(), "device")
    assert line.startswith("Tesla T4, 15.8 GB, compute capability ")
    assert line.endswith(text)
