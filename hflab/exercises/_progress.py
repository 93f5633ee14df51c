"""What has been solved, in one JSON file on this disk. Nothing is sent anywhere."""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

#: {"exercises": {"01.1": {"outcome": "correct", "tries": 2}}, "quizzes": {"01.3": {…}}}
Progress = dict[str, dict[str, dict[str, Any]]]


def folder() -> Path:
    """Where progress is kept: HFLAB_HOME, or the folder each system gives to applications."""
    home = os.environ.get("HFLAB_HOME")
    if home:
        return Path(home).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "hflab"


def load() -> Progress:
    """Read the progress; a file that makes no sense is set aside under another name, not lost."""
    path = folder() / "progress.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {
            kind: {
                str(name): {"outcome": str(row["outcome"]), "tries": int(row["tries"])}
                for name, row in found[kind].items()
            }
            for kind in ("exercises", "quizzes")
        }
    except FileNotFoundError:
        pass
    # What a cut or hand-edited file can raise: no UTF-8, no JSON, a list, missing or odd fields.
    except (ValueError, TypeError, KeyError, AttributeError):
        aside = _set_aside(path, "broken")
        warnings.warn(
            f"The progress file {path} could not be read. It is kept as {aside.name}, "
            "and a new one is started.",
            stacklevel=4,
        )
    return {"exercises": {}, "quizzes": {}}


def record(kind: str, name: str, outcome: str) -> None:
    """Note an outcome and count the try. Once correct stays correct.

    Where nothing can be written, a warning says so and the learner goes on.

    Args:
        kind: "exercises" or "quizzes".
        name: Such as "01.1".
        outcome: Such as "correct".
    """
    path = folder() / "progress.json"
    try:
        progress = load()
        before = progress[kind].get(name, {"outcome": "", "tries": 0})
        kept = before["outcome"] if before["outcome"] in ("correct", "right") else outcome
        progress[kind][name] = {"outcome": kept, "tries": before["tries"] + 1}
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and moved over, so that no crash leaves half a file.
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(progress, indent=1), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        warnings.warn(
            f"Progress could not be kept in {path.parent} ({error.strerror}). "
            "Set HFLAB_HOME to a folder you can write to.",
            stacklevel=3,
        )


def reset() -> str | None:
    """Set the progress aside, and return the name under which it is kept; None if there is none."""
    path = folder() / "progress.json"
    return _set_aside(path, "before").name if path.exists() else None


def _set_aside(path: Path, why: str) -> Path:
    """Rename a file to progress.WHY-1.json, or to the next free number."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.{why}-{number}.json")).exists():
        number += 1
    return path.rename(aside)
