"""Nothing old is taught: no removed or silently changed idiom in notebooks, recipes or texts."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from drift import IDIOMS, Idiom
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebook_files import NOTEBOOKS, ROOT, read, tags

TEXTS = ("README.md", "CONTRIBUTING.md", "docs/**/*.md", "recipes/**/*.py", "hflab/**/*.py")
# Where the old is named in order to warn of it.
WARNING = ("docs/troubleshooting.md", "docs/design.md", "hflab/exercises/_03.py")
# What diffusers and recipes for other classes still call by that name.
OTHER = {"hflab/tasks/text_to_image.py": r"torch_dtype=dtype"}


def found_in(text: str, code: str = "") -> Iterator[tuple[Idiom, str]]:
    """Old idioms in a text, but those that it or the code it belongs to makes right."""
    for idiom in IDIOMS:
        if idiom.unless and idiom.unless in text + code:
            continue
        if match := re.search(idiom.pattern, text):
            yield idiom, match[0]


def drift(notebook, name: str) -> Iterator[str]:
    """Old idioms in code, unless tagged, and in prose, unless it warns of tagged code."""
    cells = notebook.cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    for before, cell, after in zip([None, *cells], cells, [*cells[1:], None], strict=False):
        near = [c for c in (before, cell, after) if c is not None and "old-idiom" in tags(c)]
        if near and (cell.cell_type != "code" or cell in near):
            continue
        for idiom, words in found_in(cell.source, code):
            yield f"{name} {cell.id}: {words} — say {idiom.instead}"


@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.instead)
def test_each_idiom_is_really_out_of_date(idiom):
    idiom.proof()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks(path):
    assert list(drift(read(path), path.name)) == []


def test_texts_and_recipes():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    paths = {p for pattern in TEXTS for p in ROOT.glob(pattern)}
    names = {p.relative_to(ROOT).as_posix(): p for p in paths}
    wrong = []
    for name in sorted(set(names) & set(tracked) - set(WARNING)):
        text = re.sub(OTHER.get(name, r"\Z\A"), "", Path(names[name]).read_text(encoding="utf-8"))
        for idiom, words in found_in(text):
            if "pipeline(" not in words:
                wrong.append(f"{name}: {words} — say {idiom.instead}")
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "AutoTokenizer.from_pretrained(model_id, use_auth_token=True)",
        "AutoModel.from_pretrained(model_id, load_in_4bit=True)",
        "AutoModel.from_pretrained(model_id, torch_dtype=half)",
        "tokenizer.batch_decode(ids)",
        "len(tokenizer.apply_chat_template(messages))",
        "model.generate(tokenizer.apply_chat_template(messages, return_tensors='pt'))",
        'pipeline("ner", grouped_entities=True)',
        'pipeline("question-answering")',
        'pipeline("image-to-text")',
        "TrainingArguments(evaluation_strategy='epoch')",
        "Trainer(model, tokenizer=tokenizer)",
        "model(**inputs, output_attentions=True)",
        "from transformers import AdamW",
        "TFAutoModel.from_pretrained(model_id)",
    ],
)
def test_damage_is_found_in_code_and_in_prose(source):
    code = new_notebook(cells=[new_markdown_cell("Text."), new_code_cell(source)])
    prose = new_notebook(cells=[new_markdown_cell(f"Write `{source}`."), new_code_cell("x = 1")])
    assert list(drift(code, "code")) != []
    assert list(drift(prose, "prose")) != []
    code.cells[1].metadata["tags"] = ["old-idiom"]
    assert list(drift(code, "tagged")) == []


@pytest.mark.parametrize(
    ("source", "remedy", "right"),
    [
        (
            'pipeline("question-answering")(question="Who?", context="Ada sings.")',
            "import hflab.tasks first",
            "import hflab.tasks",
        ),
        (
            "model(**inputs, output_attentions=True)",
            'attn_implementation="eager" as well',
            'hflab.load("chat", attn_implementation="eager")',
        ),
    ],
)
def test_the_message_names_the_remedy_and_the_remedy_is_accepted(source, remedy, right):
    (message,) = drift(new_notebook(cells=[new_code_cell(source)]), "code")
    assert message.endswith(f"say {remedy}")
    assert list(drift(new_notebook(cells=[new_code_cell(c) for c in (right, source)]), "")) == []


def test_a_quantization_config_is_not_an_old_idiom():
    source = (
        "AutoModel.from_pretrained(m, quantization_config=BitsAndBytesConfig(load_in_4bit=True))"
    )
    assert list(drift(new_notebook(cells=[new_code_cell(source)]), "code")) == []
