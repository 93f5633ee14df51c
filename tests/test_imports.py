"""The package's order: imports from above only, nothing in a circle, nothing hidden."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from notebook_files import ROOT
from stamp import modules

PACKAGE = ROOT / "hflab"
LONGEST = 250
# The table of docs/design.md is the order. A new module goes there, below all that it imports.
ORDER = modules()
# What a module may ask of the package itself, which would otherwise hand out everything, lazily.
OF_THE_PACKAGE = {"__version__", "__file__"}


def module_name(path: Path) -> str:
    """hflab/tiny/__init__.py → tiny, hflab/exercises/_quiz.py → exercises._quiz."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(tree: ast.Module, names: set[str]) -> Iterator[str]:
    """The modules of the package that a module imports, anywhere in it but for the type checker."""
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom):
            start = (node.module or "").removeprefix("hflab").removeprefix(".")
            if node.level or (node.module or "").partition(".")[0] == "hflab":
                for alias in node.names:
                    inner = f"{start}.{alias.name}".strip(".")
                    yield inner if inner in names else start
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("hflab."):
                    yield alias.name.removeprefix("hflab.")


def wrong_way(name: str, tree: ast.Module, order: list[str], names: set[str]) -> list[str]:
    """Imports from the same place of the order or below."""
    top = name.partition(".")[0]
    above = order[: order.index(top)]
    targets = {target.partition(".")[0] for target in imported(tree, names)} - {top}
    return sorted(targets - set(above))


def unexplained(source: str) -> list[str]:
    """Imports inside functions without a comment above them that says why."""
    lines = source.splitlines()
    found = []
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                inside = isinstance(node, ast.Import | ast.ImportFrom)
                if inside and "#" not in lines[node.lineno - 2]:
                    found.append(lines[node.lineno - 1].strip())
    return found


def through_the_package(tree: ast.Module) -> set[str]:
    """Attributes of hflab itself that a module uses."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "hflab"
    }


def read(name: str) -> str:
    return FILES[name].read_text(encoding="utf-8")


MODULES = [name for name in FILES if name]


@pytest.mark.parametrize("name", MODULES)
def test_imports_come_from_above(name):
    assert name.partition(".")[0] in ORDER, "give the new module its place in docs/design.md"
    assert wrong_way(name, ast.parse(read(name)), ORDER, set(FILES)) == []


def test_the_design_document_lists_no_module_that_is_gone():
    assert [name for name in ORDER if name not in FILES] == []


def test_no_cycles_not_even_inside_a_subpackage():
    graph = {name: set(imported(ast.parse(read(name)), set(FILES))) - {name} for name in MODULES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_function_level_import_says_why(name):
    assert unexplained(read(name)) == []


@pytest.mark.parametrize("name", [name for name in MODULES if name != "cli"])
def test_only_the_command_line_uses_the_lazy_package(name):
    assert through_the_package(ast.parse(read(name))) <= OF_THE_PACKAGE


# A notebook's exercises are text, and stand in one file however many they are.
@pytest.mark.parametrize("name", [n for n in FILES if not re.fullmatch(r"exercises\._\d\d", n)])
def test_no_module_is_long(name):
    assert len(read(name).splitlines()) <= LONGEST


# The checks themselves can fail.


@pytest.mark.parametrize(
    "line",
    [
        "from hflab import chat",
        "from hflab.chat import Chat",
        "import hflab.chat",
        "from .chat import Chat",
        "def f():\n    from hflab.chat import Chat",
    ],
)
def test_an_import_from_below_is_seen(line):
    assert wrong_way("errors", ast.parse(line), ORDER, set(ORDER)) == ["chat"]
    types = f"if TYPE_CHECKING:\n    {line}" if not line.startswith("def") else ""
    assert wrong_way("errors", ast.parse(types), ORDER, set(ORDER)) == []


def test_a_hidden_import_is_seen():
    assert unexplained("def f():\n    x = 1\n    import torch\n") == ["import torch"]
    assert unexplained("def f():\n    # Slow, and seldom needed.\n    import torch\n") == []


def test_a_lazy_road_is_seen():
    assert through_the_package(ast.parse("hflab.load('chat')")) == {"load"}


def test_a_cycle_is_seen():
    with pytest.raises(CycleError):
        list(TopologicalSorter({"a": {"b"}, "b": {"a"}}).static_order())
