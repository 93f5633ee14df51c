"""Bring the constraints files in line with pyproject.toml, for all systems and Pythons at once.

    python scripts/pin.py              # change only what has to change
    python scripts/pin.py --upgrade    # the newest versions that go together

Versions in the file are kept where they fit. Needs uv (pip install uv): pip resolves for its own
system only.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# The set that is tested together, for CI and for make: {what}.
# Made by make pins.
# Left out: the CUDA libraries, which torch's own CUDA build pins. No build tag on torch, so that
# a CPU build counts as well.
"""
# Each file, what it says it is, and the extras in it.
SETS = (
    ("constraints.txt", "all extras but [langchain]", ("all", "llama-cpp", "dev")),
    ("constraints-langchain.txt", "[langchain], with [serve]", ("langchain", "serve", "dev")),
)
LEFT_OUT = ("cuda-", "nvidia-", "triton")


def main(arguments: list[str]) -> None:
    for name, what, extras in SETS:
        path = ROOT / name
        command = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version=3.11"]
        command += [f"--extra={extra}" for extra in extras]
        command += ["--no-annotate", "--no-header", "--quiet"]
        subprocess.run(
            [sys.executable, "-m", *command, f"--output-file={path.name}", *arguments],
            cwd=ROOT,
            check=True,
        )
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(LEFT_OUT)]
        text = HEADER.format(what=what) + "".join(kept)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
