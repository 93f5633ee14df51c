"""The form of every notebook: what a learner meets, what is stored, what may never be in one."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebook_files import NOTEBOOKS, code_cells, read, tags
from stamp import address

SLUG = address().removeprefix("https://github.com/")
COLAB = "https://colab.research.google.com"
COLUMNS, LINES = 76, 15

SECRETS = re.compile(
    r"\b(hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,})"
)
MACHINE_PATHS = re.compile(
    r"(?<![\w.:/~-])/(?:home|root|opt|work|tmp|Users|private|mnt)/|\b[A-Z]:\\+(?:Users|Windows)\b|site-packages"
)
QUESTIONS = re.compile(r"(?<![\w.])(?:input|getpass|login|notebook_login)\(")
Rule = Callable[[NotebookNode, str], Iterator[str]]


def opening(notebook: NotebookNode, name: str) -> Iterator[str]:
    """The first cell: title, Colab badge to this very file, objectives, minutes."""
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell is not a Markdown title"
    link = f"{COLAB}/github/{SLUG}/blob/main/notebooks/{name}"
    badge = f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({link})"
    if badge not in first.source:
        yield f"the first cell lacks the badge {badge}"
    if not re.search(r"\d+ minutes\b", first.source):
        yield "the first cell does not say how many minutes it takes"


def installation(notebook: NotebookNode, name: str) -> Iterator[str]:
    """The second cell installs where hflab is missing, quoted; it alone is left out of the run."""
    second = notebook.cells[1]
    if second.cell_type != "code" or "nbval-skip" not in tags(second):
        yield "the second cell is not a code cell tagged nbval-skip"
    line = r"""^ +%pip install (?:-\S+ )*(["'])[^"']*hflab[^"']*\1"""
    if not re.search(line, second.source, re.M):
        yield 'the second cell has no line like %pip install -q "hflab…"'
    # Run All on a computer that has it, without a network, must not end in pip's red text.
    asked = r'if find_spec\("hflab"\) is None(?: or find_spec\("\w+"\) is None)*:'
    if not re.search(asked, second.source):
        yield "the second cell installs where hflab is there already"
    for number, cell in enumerate(notebook.cells[2:], 2):
        if "nbval-skip" in tags(cell):
            yield f"cell {number} is tagged nbval-skip, so nothing runs it"


def outputs(notebook: NotebookNode, name: str) -> Iterator[str]:
    """An output is stored if and only if the tests compare it."""
    for cell in code_cells(notebook):
        checked = "nbval-check-output" in tags(cell)
        if checked and not cell.outputs:
            yield f"{cell.id}: its output is not stored"
        if cell.outputs and not checked:
            yield f"{cell.id}: a stored output that nothing compares"
        if checked != ("keep_output" in tags(cell)):
            yield f"{cell.id}: nbval-check-output and keep_output go together"
        if cell.outputs and cell.execution_count is None:
            yield f"{cell.id}: an output without an execution count"
        for output in cell.outputs:
            kinds = set(output.get("data", {"text/plain": ""}))
            if output.get("name") == "stderr" or not kinds <= {"text/plain", "text/markdown"}:
                yield f"{cell.id}: a checked output that is not plain text"
            if output.output_type == "error" and "raises-exception" not in tags(cell):
                yield f"{cell.id}: a stored error"


def layout(notebook: NotebookNode, name: str) -> Iterator[str]:
    """Short lines, short cells, a sentence before each code cell."""
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type != "code":
            continue
        if before.cell_type != "markdown" or not before.source.strip():
            yield f"{cell.id}: no sentence before the code"
        lines = cell.source.splitlines()
        if not lines:
            yield f"{cell.id}: an empty cell"
        if len(lines) > LINES:
            yield f"{cell.id}: {len(lines)} lines, {LINES} at most"
        for line in lines:
            if len(line) > COLUMNS:
                yield f"{cell.id}: {len(line)} columns, {COLUMNS} at most: {line}"


def questions(notebook: NotebookNode, name: str) -> Iterator[str]:
    """No cell waits for somebody to type."""
    for cell in code_cells(notebook):
        if found := QUESTIONS.search(cell.source):
            yield f"{cell.id}: {found[0]}…) stops the run"


def secrets(notebook: NotebookNode, name: str) -> Iterator[str]:
    """No token in sources, outputs or metadata. The message does not repeat it."""
    for place, text in _texts(notebook):
        if SECRETS.search(text):
            yield f"{place}: something that looks like a token"


def machine_paths(notebook: NotebookNode, name: str) -> Iterator[str]:
    """No folder of the machine where it was written."""
    for place, text in _texts(notebook):
        if found := MACHINE_PATHS.search(text):
            yield f"{place}: the path {text[found.start() : found.end() + 30]!r}"


def metadata(notebook: NotebookNode, name: str) -> Iterator[str]:
    """Format 4.5 with ids, the plain Python kernel, no saved widgets (they break GitHub's view)."""
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        yield "format below 4.5, which has no cell ids"
    ids = [cell.get("id", "") for cell in notebook.cells]
    if "" in ids or len(set(ids)) < len(ids):
        yield "cell ids are missing or double"
    if "widgets" in notebook.metadata:
        yield "metadata.widgets"
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    for cell in notebook.cells:
        if cell.cell_type != "code" and cell.get("attachments"):
            yield f"{cell.id}: a picture pasted into the cell"


def figures(notebook: NotebookNode, name: str) -> Iterator[str]:
    """Figures are tagged, drawn anew at every build, and described in words, as all pictures."""
    for cell in code_cells(notebook):
        figure = "figure" in tags(cell)
        if re.search(r"\bplt\.|\.plot\(", cell.source) and not figure:
            yield f"{cell.id}: draws, but is not tagged figure"
        if figure and not str(cell.metadata.get("alt", "")).strip():
            yield f"{cell.id}: a figure without alt text in its metadata"
        if figure and cell.outputs:
            yield f"{cell.id}: a stored figure"
    for cell in notebook.cells:
        bare = re.search(r"!\[\s*\]\(|<img(?![^>]*\balt=\"[^\"]+\")", cell.source)
        if cell.cell_type == "markdown" and bare:
            yield f"{cell.id}: a picture without alt text"


RULES: tuple[Rule, ...] = (
    opening,
    installation,
    outputs,
    layout,
    questions,
    secrets,
    machine_paths,
    metadata,
    figures,
)


def _texts(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Everything written in a notebook, source and all, by the cell it is in."""
    yield "metadata", json.dumps(notebook.metadata)
    for cell in notebook.cells:
        # Not as JSON, whose escapes would hide a backslash or stand before a slash.
        values = [cell.source, str(cell.metadata), *(str(o) for o in cell.get("outputs", []))]
        yield cell.get("id", "?"), "\n".join(values).replace("\\n", "\n")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_the_rule(path, rule):
    assert list(rule(read(path), path.name)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nbstripout_finds_nothing_to_strip(path):
    command = [sys.executable, "-m", "nbstripout", "--keep-count", "--keep-id", "--verify"]
    run = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr


def test_there_is_a_first_notebook():
    assert [path.name for path in NOTEBOOKS][:1] == ["01_intro.ipynb"]


# The rules themselves: a good notebook passes them all, and each small damage is found by its rule.


INSTALL = """from importlib.util import find_spec

if find_spec("hflab") is None:
    %pip install -q "hflab"
"""


@pytest.fixture
def good():
    link = f"{COLAB}/github/{SLUG}/blob/main/notebooks/good.ipynb"
    badge = f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({link})"
    printed = new_output("stream", name="stdout", text="2\n")
    return new_notebook(
        cells=[
            new_markdown_cell(f"# Good\n\n{badge}\n\nAbout 20 minutes."),
            new_code_cell(INSTALL, metadata={"tags": ["nbval-skip"]}),
            new_markdown_cell("This prints 2."),
            new_code_cell(
                "print(1 + 1)",
                execution_count=1,
                outputs=[printed],
                metadata={"tags": ["nbval-check-output", "keep_output"]},
            ),
            new_markdown_cell("This draws."),
            new_code_cell("plt.show()", metadata={"tags": ["figure"], "alt": "A line going up."}),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


def test_a_good_notebook_keeps_every_rule(good):
    assert [message for rule in RULES for message in rule(good, "good.ipynb")] == []


def _set(number: int, **fields: object) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.cells[number].update(copy.deepcopy(fields))


def _meta(number: int, **fields: object) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.cells[number].metadata.update(copy.deepcopy(fields))


def _printed(text: str, name: str = "stdout") -> Callable[[NotebookNode], None]:
    return _set(3, outputs=[new_output("stream", name=name, text=text)])


DAMAGES = [
    (opening, _set(0, source="Good\n\nAbout 20 minutes.")),
    (opening, _set(0, source="# Good\n\nAbout 20 minutes.")),
    (opening, lambda nb: nb.cells[0].update(source=nb.cells[0].source.replace("good.", "bad."))),
    (opening, lambda nb: nb.cells[0].update(source=nb.cells[0].source.replace("20 minutes", ""))),
    (installation, _meta(1, tags=[])),
    (installation, _set(1, source=INSTALL.replace('-q "hflab"', "hflab>=0.1"))),
    (installation, _set(1, source='if True:\n    %pip install -q "hflab"\n')),
    (installation, _meta(3, tags=["nbval-skip"])),
    (outputs, _set(3, outputs=[])),
    (outputs, _meta(3, tags=[])),
    (outputs, _meta(3, tags=["nbval-check-output"])),
    (outputs, _set(3, execution_count=None)),
    (outputs, _printed("UserWarning: old\n", name="stderr")),
    (outputs, _set(3, outputs=[new_output("display_data", data={"image/png": "iVBORw0KGgo="})])),
    (outputs, _set(3, outputs=[new_output("error", ename="E", evalue="", traceback=[])])),
    (layout, _set(3, source="x = " + "1" * 80)),
    (layout, _set(3, source="x = 1\n" * 16)),
    (layout, _set(3, source="")),
    (layout, lambda nb: nb.cells.pop(2)),
    (questions, _set(3, source='name = input("Your name? ")')),
    (questions, _set(3, source="notebook_login()")),
    (secrets, _set(3, source='token = "hf_' + "a1B2" * 8 + '"')),
    (secrets, _printed("key sk-" + "proj-a1B2" * 4)),
    (secrets, _meta(2, note="hf_" + "a1B2" * 8)),
    (machine_paths, _printed("saved to /" + "home/ada/course/model\n")),
    (machine_paths, _printed("C:" + "\\Users\\ada\\model\n")),
    (machine_paths, _set(3, source='open("/' + 'root/notes.txt")')),
    (metadata, lambda nb: nb.metadata.update(widgets={})),
    (metadata, lambda nb: nb.cells[2].update(id=nb.cells[1].id)),
    (metadata, lambda nb: nb.update(nbformat_minor=4)),
    (metadata, lambda nb: nb.metadata.kernelspec.update(name="venv")),
    (figures, _meta(5, tags=[])),
    (figures, _meta(5, alt="")),
    (figures, _set(5, outputs=[new_output("display_data", data={"image/png": "iVBORw0KGgo="})])),
    (figures, _set(4, source="![](plot.png)")),
    (figures, _set(4, source='<img src="plot.png">')),
]


@pytest.mark.parametrize(("rule", "damage"), DAMAGES)
def test_each_rule_finds_its_damage(good, rule, damage):
    damage(good)
    assert list(rule(good, "good.ipynb")) != []
