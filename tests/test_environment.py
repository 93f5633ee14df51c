"""hflab.environment: where we are and what is here."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import psutil
import pytest
import torch

from hflab import environment
from hflab.environment import Device


@pytest.fixture
def nowhere(monkeypatch):
    """No sign of Colab, Jupyter or CI."""
    for variable in ("COLAB_RELEASE_TAG", "CI"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))


def shell(name: str) -> types.SimpleNamespace:
    instance = type(name, (), {})()
    return types.SimpleNamespace(get_ipython=lambda: instance)


def test_place_terminal(nowhere):
    assert environment.place() == "terminal"


@pytest.mark.parametrize(
    ("value", "expected"), [("true", "CI"), ("1", "CI"), ("false", "terminal")]
)
def test_place_ci(nowhere, monkeypatch, value, expected):
    monkeypatch.setenv("CI", value)
    assert environment.place() == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ZMQInteractiveShell", "Jupyter"), ("TerminalInteractiveShell", "IPython")],
)
def test_place_by_the_class_of_the_shell(nowhere, monkeypatch, name, expected):
    monkeypatch.setitem(sys.modules, "IPython", shell(name))
    assert environment.place() == expected


def test_place_colab_goes_before_jupyter(nowhere, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", shell("ZMQInteractiveShell"))
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release")
    assert environment.place() == "Google Colab"


def test_versions_without_importing():
    assert environment.version("torch") == torch.__version__
    assert environment.version("no-such-library") is None


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 5), False), ((8, 0), True), ((9, 0), True), (None, None)]
)
def test_bf16_is_judged_by_compute_capability(capability, expected):
    assert Device("cuda", "GPU", 15_000_000_000, capability).has_bf16 is expected


def test_device_on_cuda_is_described(monkeypatch):
    properties = types.SimpleNamespace(name="Tesla T4", total_memory=15_800, major=7, minor=5)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    assert environment.device() == Device("cuda", "Tesla T4", 15_800, (7, 5))


def test_device_without_gpu_is_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert environment.device() == Device("cpu")


def test_free_ram_is_positive_and_at_most_what_the_machine_has():
    assert 0 <= environment.free_ram() <= psutil.virtual_memory().total


def test_free_disk_of_a_folder_that_does_not_exist_yet(tmp_path: Path):
    free = environment.free_disk(tmp_path)
    later = environment.free_disk(tmp_path / "not" / "yet ü" / "made")
    # Other programs write meanwhile, so only nearly the same.
    assert abs(free - later) < 100_000_000
    assert free > 0


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (450_000, "0.5 MB"),
        (9_400_000, "9.4 MB"),
        (11_000_000, "11 MB"),
        (999_400_000, "999 MB"),
        (999_600_000, "1.0 GB"),
        (6_170_000_000, "6.2 GB"),
        (139_000_000_000, "139 GB"),
    ],
)
def test_sizes_in_words(number, text):
    assert environment.size(number) == text
