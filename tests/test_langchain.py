"""LangChain on the bundled model: the examples run, and print what notebook 09 shows.

LangChain needs older versions of some libraries than the course, so `make langchain` runs the
examples in an environment of its own. That the notebook shows them is tested everywhere.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from notebook_files import ROOT, read
from serving import transformers_serve

from hflab.tiny import tiny_model

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NOTEBOOK = ROOT / "notebooks" / "09_serving.ipynb"


def recorded(example):
    return example.with_suffix(".txt").read_text(encoding="utf-8")


def output(*words):
    run = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_there_are_examples():
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_notebook_shows_the_example_and_what_it_prints(example):
    code, printed = example.read_text(encoding="utf-8"), recorded(example)
    shown = [cell.source for cell in read(NOTEBOOK).cells if cell.cell_type == "markdown"]
    assert any(
        f"```python\n{code}```" in text and f"```text\n{printed}```" in text for text in shown
    )


@pytest.mark.skipif(
    not find_spec("langchain_huggingface"),
    reason="LangChain is not installed here: make langchain gives it an environment of its own",
)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_prints_what_is_recorded(example, tmp_path):
    if example.stem == "langchain_server":
        folder = Path(tiny_model("chat"))
        with transformers_serve(folder, tmp_path) as (url, _):
            assert output(str(example), url, folder.name) == recorded(example)
    else:
        assert output(str(example)) == recorded(example)
