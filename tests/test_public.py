"""The public surface: exactly these names, and a cheap import."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import hflab

NAMES = [
    "Chat",
    "PracticeHub",
    "RemoteChat",
    "count_tokens",
    "doctor",
    "estimate_memory",
    "exercise",
    "free",
    "generate",
    "generate_records",
    "load",
    "models",
    "pick",
    "quiz",
    "show_tokens",
    "stream",
    "tiny_model",
]
HEAVY = ("torch", "transformers", "huggingface_hub", "numpy")


def python(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_public_names_are_these_and_sorted():
    assert hflab.__all__ == sorted(NAMES) == NAMES
    assert set(NAMES) <= set(dir(hflab))


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_resolves_is_kept_and_documented(name):
    value = getattr(hflab, name)
    assert callable(value)
    assert value.__doc__
    assert vars(hflab)[name] is value


def test_the_type_checker_sees_the_names_where_they_really_are():
    tree = ast.parse(Path(hflab.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == hflab._HOMES
    assert sorted(seen) == NAMES


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'pikc'"):
        hflab.pikc  # noqa: B018


def test_importing_is_cheap():
    code = (
        "import sys, time, json; start = time.perf_counter(); import hflab;"
        "seconds = time.perf_counter() - start;"
        f"print(json.dumps([seconds, [m for m in {HEAVY} if m in sys.modules]]))"
    )
    runs = [json.loads(python(code)) for _ in range(3)]
    assert all(heavy == [] for _, heavy in runs)
    assert min(seconds for seconds, _ in runs) <= 0.060


def test_no_module_is_too_long():
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in Path(hflab.__file__).parent.glob("*.py")
    }
    assert {name: n for name, n in lengths.items() if n > 250} == {}


def test_the_marker_for_type_checkers_is_there():
    assert (Path(hflab.__file__).parent / "py.typed").exists()
