"""The house around the package: lists that agree, links, what no committed file may name."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from notebook_files import NOTEBOOKS, ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from stamp import address, files, stamped

import hflab
from hflab import environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Extras that need an environment of their own, and their pins.
PINS = {"langchain": "constraints-langchain.txt"}
# What a package of PyPI is called in conda-forge, where that differs.
CONDA = {"torch": "pytorch"}


def requirements(lines: list[str]) -> dict[str, Requirement]:
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def pins(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def pinned(requirement: Requirement) -> str:
    return next(iter(requirement.specifier)).version


ALL = {
    f"{extra}: {name}": requirement
    for extra, lines in {"core": PROJECT["dependencies"], **EXTRAS}.items()
    for name, requirement in requirements(lines).items()
    if name != "hflab"
}


@pytest.mark.parametrize(("where", "requirement"), ALL.items(), ids=ALL)
def test_every_dependency_has_a_lower_bound_no_cap_and_a_pin(where, requirement):
    bounds = list(requirement.specifier)
    assert [bound.operator for bound in bounds] == [">="]
    found = [
        pinned(pin)
        for pin in pins(PINS.get(where.partition(":")[0], "constraints.txt"))
        if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
    ]
    assert len(found) == 1
    assert requirement.specifier.contains(found[0])


@pytest.mark.parametrize("name", ["constraints.txt", *PINS.values()])
def test_pins_fit_every_system(name):
    for pin in pins(name):
        assert [each.operator for each in pin.specifier] == ["=="]
        assert "+" not in pinned(pin), f"{pin.name}: a build that exists on some systems only"
        assert not pin.name.startswith(("nvidia-", "triton"))


def test_installing_on_colab_replaces_nothing():
    colab = {canonicalize_name(pin.name): pinned(pin) for pin in pins("constraints-colab.txt")}
    assert {"torch", "transformers", "numpy", "huggingface-hub", "ipywidgets"} <= set(colab)
    above = [
        f"{where}, but Colab has {colab[name]}"
        for where, requirement in ALL.items()
        if (name := canonicalize_name(requirement.name)) in colab
        and not requirement.specifier.contains(colab[name])
    ]
    assert above == []


@pytest.mark.parametrize("name", ["torchaudio", "torchvision", "torchcodec"])
def test_what_breaks_torch_is_asked_for_nowhere(name):
    assert name not in {canonicalize_name(each.name) for each in ALL.values()}
    assert name not in {canonicalize_name(pin.name) for pin in pins("constraints.txt")}


def test_conda_gets_the_same_set():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    conda = {line for line in listed if isinstance(line, str)} - {"pip"}
    wanted = {"python" + PROJECT["requires-python"]}
    for name, each in requirements(PROJECT["dependencies"] + EXTRAS["lab"]).items():
        wanted.add(f"{CONDA.get(name, each.name)}{each.specifier}")
    assert conda == wanted
    assert {"pip": ["-e ."]} in listed


def test_all_is_all_but_what_must_stay_apart():
    (everything,) = EXTRAS["all"]
    assert Requirement(everything).extras == set(EXTRAS) - {"all", "langchain", "llama-cpp", "dev"}


def test_windows_and_ci_install_the_extras_of_make():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (extras,) = re.findall(r"^EXTRAS := (\S+)$", makefile, re.MULTILINE)
    for name in ("README.md", ".github/workflows/test.yml", ".github/workflows/weekly.yml"):
        assert re.findall(r'-e "\.\[(.+)\]"', (ROOT / name).read_text("utf-8")) == [extras], name


def test_the_check_up_judges_by_the_same_bounds():
    bounds = {
        name: next(iter(each.specifier)).version
        for name, each in requirements(PROJECT["dependencies"] + EXTRAS["lab"]).items()
    }
    for name, major in environment.LIBRARIES.items():
        assert bounds[canonicalize_name(name)].partition(".")[0] == str(major)


def test_the_version_stands_in_one_place():
    assert "version" in PROJECT["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", hflab.__version__)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_what_is_repeated_agrees(path):
    assert path.read_text(encoding="utf-8") == stamped(path), "run: python scripts/stamp.py"


def test_the_readme_lists_every_notebook_with_its_badge():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    slug = address().removeprefix("https://github.com/")
    for path in NOTEBOOKS:
        assert f"](notebooks/{path.name}) |" in readme
        assert f"/github/{slug}/blob/main/notebooks/{path.name})" in readme


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")))
def test_links_between_files_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def committed() -> list[Path]:
    """Every file that is, or would be, committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
        return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]
    hidden = re.compile(r"(^|/)(\.(?!ci|git[ai]|github|pre-)[^/]*|__pycache__|build|dist)/")
    paths = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in paths if not hidden.search(path.relative_to(ROOT).as_posix())]


@cache
def texts() -> dict[str, str]:
    found = {}
    for path in committed():
        content = path.read_bytes()
        if b"\0" not in content[:8000]:
            found[path.relative_to(ROOT).as_posix()] = content.decode("utf-8", "replace")
    return found


# Put together from parts, so that this file does not name them itself.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("download", "pytorch", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
        ("conda", "anaconda", "org"),
    )
]
MACHINE_PATHS = re.compile(r"(?<![\w.:/~$}*-])/(?:work|opt|root|home|workspace)\b")


def test_no_committed_file_names_a_registry_host():
    named = [f"{name}: {host}" for name, text in texts().items() for host in HOSTS if host in text]
    assert named == []


def test_no_committed_file_names_a_folder_of_a_machine():
    named = [
        f"{name}: {text[found.start() : found.end() + 20]!r}"
        for name, text in texts().items()
        for found in MACHINE_PATHS.finditer(text)
    ]
    assert named == []


def test_the_checks_of_texts_can_fail():
    assert len(texts()) > 30
    assert MACHINE_PATHS.search("saved to /" + "home/ada/x")
    assert MACHINE_PATHS.search('"/' + 'opt/venv"')
    assert not MACHINE_PATHS.search("https://example.com/" + "home/")
    assert not MACHINE_PATHS.search("an input/" + "output home")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no execute permission")
def test_the_ci_command_is_executable_and_runs_make_test():
    path = ROOT / ".ci" / "run"
    assert path.stat().st_mode & stat.S_IXUSR
    assert path.read_text(encoding="utf-8").rstrip().endswith("exec make test")
