"""The check-up: `doctor()` reports on this machine, with one remedy for each problem."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

from huggingface_hub import constants

import hflab
from hflab import environment, hub, tiny
from hflab.environment import size
from hflab.errors import CorruptWeightsError

# Less than this and even the libraries or a small model won't fit (bytes).
_LOW_RAM = 1_500_000_000
_LOW_DISK = 2_000_000_000


@dataclass(frozen=True)
class Problem:
    """Something that will get in the way.

    Attributes:
        what: One sentence: what is wrong.
        remedy: One sentence: what to do.
    """

    what: str
    remedy: str


@dataclass(repr=False)
class Report:
    """What `doctor()` found. Its repr is the text that was printed.

    Attributes:
        facts: Label and value of each line.
        problems: What will get in the way, empty on a healthy machine.
    """

    facts: list[tuple[str, str]]
    problems: list[Problem]
    _printed: bool = False

    def __repr__(self) -> str:
        lines = [f"{label:<16} {value}" for label, value in self.facts]
        lines.append("")
        for problem in self.problems:
            lines += [f"Problem: {problem.what}", f"     Do: {problem.remedy}"]
        if not self.problems:
            lines.append("No problems found.")
        return "\n".join(lines)

    def _ipython_display_(self) -> None:
        # A notebook shows a cell's last value: not again right after doctor() has printed it.
        if not self._printed:
            print(self)
        self._printed = False


def doctor() -> Report:
    """Check this machine for the course and print a report.

    Looks at Python, the libraries, the device, memory, disk, the bundled models, the Hub and the
    access token. The token itself is never shown. Takes a few seconds: torch is imported, and the
    Hub gets three seconds to answer.

    Returns:
        The printed report, with the list `problems`.
    """
    report = examine()
    # The plain >>> prompt shows the returned report by itself.
    if not (hasattr(sys, "ps1") and environment.place() == "terminal"):
        print(report)
        report._printed = True
    return report


def examine() -> Report:
    """Collect the report of `doctor()` without printing it."""
    facts = [("hflab", hflab.__version__), ("place", environment.place())]
    facts.append(
        ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    )
    problems: list[Problem] = []
    for check in (_libraries, _device, _memory, _models, _hub, _token):
        more_facts, more_problems = check()
        facts += more_facts
        problems += more_problems
    return Report(facts, problems)


_Findings = tuple[list[tuple[str, str]], list[Problem]]


def _libraries() -> _Findings:
    facts, problems = [], []
    for library, oldest in (environment.LIBRARIES | environment.OPTIONAL_LIBRARIES).items():
        found = environment.version(library)
        needed = library in environment.LIBRARIES
        facts.append((library, found or "not installed" + ("" if needed else " (optional)")))
        if found is None:
            if not needed:
                continue
            problems.append(Problem(f"{library} is not installed.", f"pip install {library}"))
        elif int(found.partition(".")[0]) < oldest:
            what = f"{library} {found} is too old: hflab needs {oldest} or newer."
            problems.append(
                Problem(what, f'pip install --upgrade "{library}>={oldest}", then restart')
            )
    return facts, problems


def _device() -> _Findings:
    try:
        found = environment.device()
    except (
        Exception
    ) as error:  # a broken installation fails in many ways: ImportError, OSError, RuntimeError
        what = f"torch cannot be imported ({type(error).__name__})."
        return [("device", "unknown")], [
            Problem(what, "pip install --force-reinstall torch, then restart")
        ]
    if found.kind == "cuda" and found.memory is not None and found.capability is not None:
        major, minor = found.capability
        halves = "bfloat16 and float16" if found.has_bf16 else "float16 (no bfloat16 units)"
        text = f"{found.name}, {size(found.memory)}, compute capability {major}.{minor}, {halves}"
        return [("device", text)], []
    if found.kind == "mps":
        return [("device", "Apple GPU (mps)")], []
    return [("device", "CPU, enough for the bundled models")], []


def _memory() -> _Findings:
    ram, disk = environment.free_ram(), environment.free_disk(constants.HF_HUB_CACHE)
    problems = []
    if ram < _LOW_RAM:
        what = f"Only {size(ram)} of memory are free."
        problems.append(
            Problem(what, "Close other programs, or shut down other notebooks' kernels")
        )
    if disk < _LOW_DISK:
        what = f"Only {size(disk)} of disk are free for downloads."
        problems.append(
            Problem(what, "Delete models you no longer need: hf cache list, then hf cache rm")
        )
    return [("free memory", size(ram)), ("free disk", size(disk))], problems


def _models() -> _Findings:
    names = tiny.tiny_model()
    if not names:
        what = "No bundled model is in this installation."
        return [("bundled models", "none")], [
            Problem(what, "pip install --force-reinstall --no-deps hflab")
        ]
    problems, marks = [], []
    for name in names:
        try:
            tiny.verify(name)
            marks.append(name)
        except CorruptWeightsError as error:
            marks.append(f"{name} (damaged)")
            problems.append(Problem(f"{error.what} {error.why}", error.remedy))
    return [("bundled models", ", ".join(marks))], problems


def _hub() -> _Findings:
    if hub.offline():
        return [("Hub", "not asked: HF_HUB_OFFLINE is set")], []
    if hub.reachable():
        return [("Hub", f"in reach ({constants.ENDPOINT})")], []
    return [("Hub", f"out of reach ({constants.ENDPOINT}); the bundled models work without it")], []


def _token() -> _Findings:
    source = hub.token_source()
    if source.name is None:
        return [("access token", "none; open models need none")], []
    if source.problem is None:
        return [("access token", f"from {source.name} (value not shown)")], []
    what = f"The access token from {source.name} is malformed: {source.problem}."
    remedy = f"Copy it again from {hub.TOKEN_PAGE}, without quotes, spaces or line breaks"
    return [("access token", f"from {source.name}, malformed")], [Problem(what, remedy)]
