"""The bundled models: small, offline, one folder each."""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path
from typing import overload

from hflab.errors import CorruptWeightsError, ModelNotFoundError
from hflab.weights import read_header

FOLDER = Path(__file__).parent
_REINSTALL = "Install hflab again: pip install --force-reinstall --no-deps hflab"


@overload
def tiny_model(name: str) -> str: ...
@overload
def tiny_model(name: None = None) -> list[str]: ...
def tiny_model(name: str | None = None) -> str | list[str]:
    """Path of a bundled model's folder, for any `from_pretrained`.

    Args:
        name: A bundled model, such as "chat", or one of several in a folder, such as
            "tokenizers/llama-3". Without it, the names of all bundled models are returned.

    Returns:
        The folder's path, or the sorted list of names.

    Raises:
        ModelNotFoundError: If no bundled model has that name.
    """
    # A model has a configuration; a pipeline of several an index; a set of tokenizers its sums.
    marks = ("config.json", "model_index.json", "SHA256SUMS")
    names = sorted({path.parent.name for mark in marks for path in FOLDER.glob(f"*/{mark}")})
    if name is None:
        return names
    inner = [f"tokenizers/{path.name}" for path in FOLDER.glob("tokenizers/*/")]
    if name in names or name in inner:
        return str(FOLDER / name)
    near = difflib.get_close_matches(str(name).lower(), [*names, *inner], n=1)
    listed = ", ".join(names) or "none in this installation"
    raise ModelNotFoundError(
        f"There is no bundled model named {name!r}.",
        f"The bundled models are: {listed}.",
        f"Did you mean {near[0]!r}?"
        if near
        else "Use one of these names, or hflab.load(...) for a Hub model.",
    )


def verify(name: str) -> None:
    """Compare every file of a bundled model with its recorded SHA-256 checksum.

    Args:
        name: A bundled model, such as "chat".

    Raises:
        ModelNotFoundError: If no bundled model has that name.
        CorruptWeightsError: Naming the first file that is missing or differs.
    """
    folder = Path(tiny_model(name))
    for filename, expected in _read_sums(folder).items():
        path = folder / filename
        if not path.is_file():
            raise CorruptWeightsError(
                f"{filename} is missing from the bundled model {name!r}.",
                f"SHA256SUMS lists it with checksum {expected}.",
                _REINSTALL,
            )
        if path.suffix == ".safetensors":
            try:
                read_header(
                    path
                )  # says more than a checksum: expected and real size, web page, pointer
            except CorruptWeightsError as error:
                raise CorruptWeightsError(error.what, error.why, _REINSTALL) from None
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual != expected:
            raise CorruptWeightsError(
                f"{filename} of the bundled model {name!r} has changed since it was made.",
                f"Its {path.stat().st_size:,} bytes have checksum {actual}, not {expected}.",
                _REINSTALL,
            )


def _read_sums(folder: Path) -> dict[str, str]:
    """File name → checksum, from the lines that `sha256sum` writes."""
    path = folder / "SHA256SUMS"
    sums: dict[str, str] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            digest, _, filename = line.partition(" ")
            if len(digest) == 64 and filename:
                # "*" marks binary mode; both marks are one character, after one space.
                sums[filename[1:]] = digest.lower()
    if not sums:
        raise CorruptWeightsError(
            f"The bundled model {folder.name!r} cannot be checked.",
            f"Its list of checksums {path} is missing or empty.",
            _REINSTALL,
        )
    return sums
