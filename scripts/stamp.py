"""Write what is known in one place into the files that repeat it.

    python scripts/stamp.py

The public address, from [project.urls] in pyproject.toml, goes into every badge and link; the first
line of each module's docstring goes into the README's tree and the table in docs/design.md. A test
compares.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DESIGN = ROOT / "docs" / "design.md"
FILES = ("*.md", "docs/**/*.md", "notebooks/*.ipynb")
ROW = re.compile(r"^\| `(\w+)` \|.*$", re.MULTILINE)
TREE = re.compile(r"(?<=^    hflab/)\n(?:        .*\n)*", re.MULTILINE)
LINK = r"(https://github\.com/|https://colab\.research\.google\.com/github/)[\w.-]+/{name}(?![\w-])"


def address() -> str:
    """The repository's address, https://github.com/OWNER/NAME."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["urls"]["Source"])


def modules() -> list[str]:
    """The package's modules in the order in which they may import, as in docs/design.md."""
    return ROW.findall(DESIGN.read_text(encoding="utf-8"))


def phrase(module: str) -> str:
    """The first line of a module's docstring."""
    path = ROOT / "hflab" / f"{module}.py"
    path = path if path.exists() else ROOT / "hflab" / module / "__init__.py"
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def tree() -> str:
    """The package's part of the README's tree."""
    folders = {path.name for path in (ROOT / "hflab").iterdir() if path.is_dir()}
    files = {name: f"{name}/" if name in folders else f"{name}.py" for name in modules()}
    return "\n" + "".join(f"        {file:<16}{phrase(name)}\n" for name, file in files.items())


def stamped(path: Path) -> str:
    """A file's text as it should be."""
    text = path.read_text(encoding="utf-8")
    slug = address().removeprefix("https://github.com/")
    link = LINK.format(name=re.escape(slug.partition("/")[2]))
    text = re.sub(link, lambda found: found[1] + slug, text)
    if path == DESIGN:
        text = ROW.sub(lambda row: f"| `{row[1]}` | {phrase(row[1])} |", text)
    if path == ROOT / "README.md":
        text = TREE.sub(lambda _: tree(), text)
    return text


def files() -> list[Path]:
    """Every file that repeats something."""
    return sorted(path for pattern in FILES for path in ROOT.glob(pattern))


def main() -> None:
    for path in files():
        text = stamped(path)
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"stamped {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
