"""The run of the notebooks fails when it should: broken ones are made and run as CI runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from notebook_files import ROOT
from notebook_plugin import warnings_in

PRINTED = new_output("stream", name="stdout", text="2\n")
CHECKED = {"metadata": {"tags": ["nbval-check-output", "keep_output"]}, "execution_count": 1}

# Name → the code cell that stands between two sound ones.
CELLS = {
    "sound": new_code_cell("print(1 + 1)", outputs=[PRINTED], **CHECKED),
    "exception": new_code_cell("1 / 0"),
    "changed_output": new_code_cell("print(1 + 2)", outputs=[PRINTED], **CHECKED),
    "more_output": new_code_cell("print(2); print(3)", outputs=[PRINTED], **CHECKED),
    "stripped_output": new_code_cell("print(1 + 1)", **CHECKED),
    "stripped_count": new_code_cell("1", metadata=CHECKED["metadata"]),
    "warning": new_code_cell("import warnings; warnings.warn('this name is old')"),
    "log": new_code_cell("import logging; logging.getLogger('x').warning('this is slow')"),
    "progress_bar": new_code_cell(
        "import sys, tqdm\nfor _ in tqdm.tqdm(range(3), desc='Loading', file=sys.stderr): pass"
    ),
    "question": new_code_cell("input('Your name? ')"),
    "hang": new_code_cell("import time; time.sleep(60)"),
    "dead_kernel": new_code_cell("import os; os._exit(3)"),
    "killed_kernel": new_code_cell("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
    "skipped": new_code_cell("1 / 0", metadata={"tags": ["nbval-skip"]}),
}
TRUE_CAUSES = {
    "exception": "ZeroDivisionError",
    "changed_output": "Cell outputs differ",
    "more_output": "Cell outputs differ",
    "stripped_output": "no output is stored",
    "stripped_count": "no output is stored",
    "warning": "this name is old",
    "log": "this is slow",
    "question": "StdinNotImplementedError",
    "hang": "Timeout of 6 seconds",
    "dead_kernel": "The kernel died (exit code 3)",
    "killed_kernel": "The kernel died (killed by signal 9",
}
WINDOWS = sys.platform == "win32"


def notebook(cell: NotebookNode) -> NotebookNode:
    return new_notebook(cells=[new_code_cell("x = 1"), cell, new_code_cell("assert x == 1")])


class Run:
    def __init__(self, folder: Path) -> None:
        for name, cell in CELLS.items():
            nbformat.write(notebook(cell), folder / f"{name}.ipynb")
        command = [sys.executable, "-m", "pytest", str(folder), "-p", "notebook_plugin"]
        command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)]
        command += ["--nbval-cell-timeout=6", "--color=no", "-p", "no:cacheprovider"]
        command += [f"--junitxml={folder / 'report.xml'}"]
        process = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
            capture_output=True,
            text=True,
            timeout=300,
        )
        self.code, self.text = process.returncode, process.stdout + process.stderr
        self.cells: dict[tuple[str, int], tuple[str, str, float]] = {}
        for case in ET.parse(folder / "report.xml").iter("testcase"):
            name = next(part for part in case.attrib["classname"].split(".") if part in CELLS)
            results = [
                (child.tag, child.attrib.get("message", "") + (child.text or ""))
                for child in case
                if child.tag != "properties"
            ]
            kind, message = results[0] if results else ("passed", "")
            number = int(case.attrib["name"].split()[1])
            self.cells[name, number] = kind, message, float(case.attrib["time"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("broken"))


def test_the_run_fails(run):
    assert run.code == 1, run.text
    assert len(run.cells) == 3 * len(CELLS)


@pytest.mark.parametrize("name", TRUE_CAUSES)
def test_a_broken_cell_fails_with_its_true_cause(run, name):
    if WINDOWS and name == "killed_kernel":
        pytest.skip("Windows has no SIGKILL")
    assert run.cells[name, 0][0] == "passed"
    kind, message, _ = run.cells[name, 1]
    assert kind in {"failure", "error"}
    assert TRUE_CAUSES[name] in message
    assert f"Cell 1: {'' if name != 'hang' else 'Timeout'}" in message


@pytest.mark.parametrize("name", ["sound", "progress_bar"])
def test_a_sound_cell_passes(run, name):
    assert [run.cells[name, number][0] for number in range(3)] == ["passed"] * 3


def test_a_skipped_cell_is_not_run(run):
    assert [run.cells["skipped", n][0] for n in range(3)] == ["passed", "skipped", "passed"]


@pytest.mark.parametrize("name", ["dead_kernel", "killed_kernel"])
def test_a_dead_kernel_is_noticed_at_once(run, name):
    assert run.cells[name, 1][2] < 5.5  # the time limit of a cell is 6 s in this run


def test_cells_after_a_dead_kernel_do_not_pass(run):
    assert run.cells["dead_kernel", 2][0] != "passed"


def test_the_counts_are_of_what_was_done(run):
    # Three cells in each notebook. Not executed: the skipped one, the two without a stored output,
    # the two after a dead kernel. Compared: one that is sound, two that differ.
    ran = 3 * len(CELLS) - 1 - 2 - 2
    assert f"{ran} notebook cells ran, 3 outputs compared" in run.text.splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "\rLoading weights:  40%|####      | 2/5 [00:00<00:00, 80.1it/s]\r\n",
        "\x1b[32m 100%|██████████| 5/5 [00:01<00:00,  4.0it/s]\x1b[0m\n",
        "12it [00:03,  4.0it/s]\n",
        " \n",
    ],
)
def test_progress_bars_are_no_warnings(text):
    assert warnings_in([new_output("stream", name="stderr", text=text)]) == ""


def test_only_stderr_counts_as_a_warning():
    outputs = [
        new_output("stream", name="stdout", text="UserWarning: shown on purpose\n"),
        new_output("execute_result", data={"text/plain": "1"}),
        new_output("stream", name="stderr", text="50%|# | 1/2 [00:01<00:01]\rFutureWarning: old\n"),
    ]
    assert warnings_in(outputs) == "FutureWarning: old"


# scripts/run_notebooks.py, the other side: it stores what the tests compare.


def run_script(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "run_notebooks.py"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_script_stores_checked_outputs_only_and_keeps_ids(tmp_path):
    path = tmp_path / "new.ipynb"
    cells = [
        new_code_cell("1 / 0", metadata={"tags": ["nbval-skip"]}),
        new_code_cell("print('kept'); print('too')", **CHECKED),
        new_code_cell("print('removed')", outputs=[PRINTED], execution_count=9),
    ]
    ids = [cell.id for cell in cells]
    nbformat.write(new_notebook(cells=cells, metadata={"widgets": {}}), path)
    run = run_script(path)
    assert run.returncode == 0, run.stdout + run.stderr
    stored = nbformat.read(path, as_version=4)
    assert [cell.id for cell in stored.cells] == ids
    assert [cell.execution_count for cell in stored.cells] == [None, 1, 2]
    assert [[o.text for o in cell.outputs] for cell in stored.cells] == [[], ["kept\ntoo\n"], []]
    assert "widgets" not in stored.metadata
    before = path.read_bytes()
    assert run_script(path).returncode == 0
    assert path.read_bytes() == before


def test_the_script_leaves_a_failing_notebook_as_it_was(tmp_path):
    path = tmp_path / "failing.ipynb"
    nbformat.write(notebook(CELLS["exception"]), path)
    before = path.read_bytes()
    run = run_script(path)
    assert run.returncode == 1
    assert "ZeroDivisionError" in run.stdout
    assert path.read_bytes() == before
