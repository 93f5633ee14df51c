"""What nbval leaves open when it runs notebooks: dead kernels, warnings, stripped outputs, counts.

nbval runs each code cell as a test and compares the outputs of cells tagged nbval-check-output. By
itself it waits for the cell's whole time limit when the kernel has died, passes a cell that writes
warnings, and passes a checked cell whose output was stripped.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Generator
from functools import partial
from queue import Empty
from typing import Any

import pytest
from nbval.plugin import IPyNbCell

# A progress bar is drawn on stderr too: "Loading weights:  40%|####      | 2/5 [00:00<00:00]", or
# "12it [00:03, 4.0it/s]" where the total is not known.
PROGRESS_BAR = re.compile(r"\d+%\|.*\|.*\[.*\]|\d+\S*\s?\[\d+:\d+")
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
PROPERTY = "notebook cell"


def warnings_in(outputs: list[Any]) -> str:
    """The lines a cell wrote to stderr, without progress bars."""
    text = "".join(out.text for out in outputs if out.get("name") == "stderr")
    lines = re.split(r"[\r\n]+", ANSI.sub("", text))
    return "\n".join(line for line in lines if line.strip() and not PROGRESS_BAR.search(line))


def get_message(
    cell: IPyNbCell, ask: partial[Any], stream: str, timeout: float | None = None
) -> Any:
    """Wait for a message of the kernel, a second at a time, to see at once when it is gone."""
    end = float("inf") if timeout is None else time.monotonic() + timeout
    while True:
        left = end - time.monotonic()
        try:
            return ask(stream, timeout=max(0.0, min(1.0, left)))
        except Empty:
            if not cell.parent.kernel.is_alive():
                cell.raise_cell_error(f"The kernel died ({_cause(cell.parent.kernel)})")
            if left <= 1.0:
                raise


def _cause(kernel: Any) -> str:
    process = getattr(kernel.km.provisioner, "process", None)
    code = process.poll() if process is not None else None
    if code == -9:
        return "killed by signal 9: most often the computer ran out of memory"
    return f"exit code {code}" if code is not None else "exit code unknown"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    if not isinstance(item, IPyNbCell) or item.options["skip"]:
        return (yield)
    if item.options["check"] and (item.cell.execution_count is None or not item.cell.outputs):
        item.raise_cell_error("Tagged nbval-check-output, but no output is stored: make notebooks")
    kernel, compare = item.parent.kernel, item.compare_outputs
    if kernel.is_alive():
        # From the class, since the last cell left its own watch on the object.
        kernel.get_message = partial(get_message, item, partial(type(kernel).get_message, kernel))
        item.user_properties.append((PROPERTY, "ran"))

    def compare_and_count(*args: Any, **kwargs: Any) -> Any:
        item.user_properties.append((PROPERTY, "compared"))
        return compare(*args, **kwargs)

    item.compare_outputs = compare_and_count
    result = yield
    if warned := warnings_in(item.test_outputs):
        item.raise_cell_error("Cell wrote to stderr", warned)
    return result


class Counts:
    """Counts what the reports say was done, which holds under pytest-xdist too."""

    def __init__(self) -> None:
        self.done: Counter[Any] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.done.update(value for key, value in report.user_properties if key == PROPERTY)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.done:
            ran, compared = self.done["ran"], self.done["compared"]
            terminalreporter.write_line(f"{ran} notebook cells ran, {compared} outputs compared")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Counts())
