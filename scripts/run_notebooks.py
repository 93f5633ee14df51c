"""Run the notebooks and store the outputs that the tests compare; every other output is removed.

    python scripts/run_notebooks.py                              # all
    python scripts/run_notebooks.py notebooks/01_intro.ipynb     # one

A notebook that raises is left as it was. Cell ids stay; execution counts are those of this run.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal
from nbformat import NotebookNode
from nbval.plugin import coalesce_streams

ROOT = Path(__file__).resolve().parent.parent
CHECKED = "nbval-check-output"
SKIPPED = "nbval-skip"
# What editors and kernels write into cells: when it ran, what was folded. New with every run.
NOISE = ("execution", "ExecuteTime", "collapsed", "scrolled", "outputId", "colab")


def run(path: Path, timeout: int) -> None:
    """Run one notebook from first to last cell and save it.

    Args:
        path: The notebook, changed in place.
        timeout: Longest time for one cell, in seconds.

    Raises:
        CellControlSignal: If a cell raises or takes too long; the file is not touched then.
    """
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        skip_cells_with_tag=SKIPPED,
        record_timing=False,
    ).execute()
    clean(notebook)
    # Written by hand, since nbformat.write would use the line ends of this system.
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")


def clean(notebook: NotebookNode) -> None:
    """Keep the outputs of checked cells, and nothing else that a run leaves behind."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        for key in NOISE:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            checked = CHECKED in cell.metadata.get("tags", [])
            cell.outputs = coalesce_streams(cell.outputs) if checked else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of the course")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one cell")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    failed = 0
    for path in options.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb")):
        start = time.perf_counter()
        print(f"{path.name} …", end=" ", flush=True)
        try:
            run(path, options.timeout)
            print(f"{time.perf_counter() - start:.0f} s")
        except CellControlSignal as error:
            failed += 1
            print(f"failed, not saved\n{error}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
