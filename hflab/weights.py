"""Model folders on disk: are the files there, whole and safe, judged without loading them."""

from __future__ import annotations

import json
import math
import os
import shlex
from pathlib import Path
from typing import Any

from hflab.errors import CorruptWeightsError, ModelNotFoundError, UnsafeModelError

# Formats that run code of the file's author when they are read.
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_LFS_POINTER = b"version https://git-lfs"


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a model folder.

    Raises:
        CorruptWeightsError: If the file is missing, unreadable or not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CorruptWeightsError(
            f"{path.name} is missing from the folder {path.parent}.",
            "A model folder needs it to be loaded.",
            "Copy the whole model folder again, or give the folder that holds config.json.",
        ) from None
    except (ValueError, RecursionError) as error:
        raise broken(path, f"It is not valid JSON ({error}).") from None
    if not isinstance(value, dict):
        raise broken(path, f"It holds a {type(value).__name__} where a JSON object belongs.")
    return value


def read_header(path: Path) -> dict[str, Any]:
    """Read the header of a safetensors file and check the file's length against it.

    Returns:
        Tensor name → {"dtype", "shape", "data_offsets"}.

    Raises:
        CorruptWeightsError: If the file is empty, cut short, or no safetensors file at all.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(200)
        if start.startswith(_LFS_POINTER):
            expected = start.partition(b"\nsize ")[2].split(b"\n")[0].decode("ascii", "replace")
            why = f"It is a Git LFS pointer of {size} bytes; the weights would be {expected} bytes."
            raise broken(path, why, f"Run in its folder: git lfs pull --include {path.name}")
        if start.lstrip()[:1] == b"<":
            raise broken(path, f"It is a web page of {size:,} bytes, not weights.")
        length = int.from_bytes(start[:8], "little")
        if size < 8 or length > size - 8:
            raise broken(path, f"It has {size:,} bytes, less than its own header promises.")
        file.seek(8)
        try:
            header = json.loads(file.read(length))
            tensors = {name: tensor for name, tensor in header.items() if name != "__metadata__"}
            expected_size = 8 + length
            expected_size += max((t["data_offsets"][1] for t in tensors.values()), default=0)
        except (ValueError, RecursionError, AttributeError, KeyError, TypeError, IndexError):
            raise broken(path, f"Its {size:,} bytes do not start as safetensors do.") from None
    if size != expected_size:
        raise broken(path, f"It has {size:,} bytes; its header promises {expected_size:,}.")
    return tensors


def count_parameters(folder: Path) -> int:
    """Parameters stored in a folder's safetensors files (tied weights count once)."""
    return sum(
        math.prod(tensor["shape"])
        for path in sorted(folder.glob("*.safetensors"))
        for tensor in read_header(path).values()
    )


def check_safe(names: list[str], source: str) -> None:
    """Refuse weights that are not safetensors.

    Args:
        names: The model's file names.
        source: How to call the model in the message.

    Raises:
        UnsafeModelError: If the only weights are pickle files.
        ModelNotFoundError: If there are no weights that transformers can load.
    """
    if any(name.endswith(".safetensors") for name in names):
        return
    pickles = [name for name in names if name.endswith(PICKLES) and "training_args" not in name]
    if pickles:
        raise UnsafeModelError(
            f"{source} was not loaded: its weights are in {pickles[0]}.",
            "That file is a pickle, which can run any code when it is opened.",
            "Use a model with safetensors weights, or ask its author to add them.",
        )
    gguf = any(name.endswith(".gguf") for name in names)
    raise ModelNotFoundError(
        f"{source} holds no weights that transformers can load.",
        "Its weights are GGUF files, made for llama.cpp and Ollama."
        if gguf
        else "There is no file ending in .safetensors.",
        "Look for the repository of the same model in safetensors format.",
    )


def check_folder(folder: Path) -> None:
    """Check a model folder: configuration, tokenizer and weights, headers only.

    Reads a few kilobytes of each file, so a flipped byte inside the weights passes; see
    `tiny.verify`.

    Raises:
        CorruptWeightsError: Naming the first broken file, its size and the expected one.
        UnsafeModelError: If the only weights are pickle files.
        ModelNotFoundError: If there are no weights at all.
    """
    read_json(folder / "config.json")
    check_files(folder)
    check_safe([path.name for path in folder.iterdir()], f"The folder {folder}")
    for name in missing_parts(folder):
        raise CorruptWeightsError(
            f"{name} is missing from the folder {folder}.",
            "The index of the weights lists it as one of their parts.",
            "Download or copy the missing part again.",
        )


def missing_parts(folder: Path) -> list[str]:
    """Names of the weight files that a folder's index lists and that are not there."""
    parts: set[str] = set()
    for index in folder.glob("*.safetensors.index.json"):
        parts |= set(read_json(index).get("weight_map", {}).values())
    return sorted(name for name in parts if not (folder / name).is_file())


def check_files(folder: Path) -> None:
    """Check the files that are there, without asking whether all are.

    Raises:
        CorruptWeightsError: Naming the first broken file, its size and the expected one.
    """
    for name in (
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "generation_config.json",
    ):
        if (folder / name).exists():
            read_json(folder / name)
    for path in sorted(folder.glob("*.safetensors")):
        read_header(path)


def delete_command(path: Path) -> str:
    """The shell command that removes just this file, links in the Hub's cache followed."""
    target = str(path.resolve())
    return f'del "{target}"' if os.name == "nt" else f"rm {shlex.quote(target)}"


def broken(path: Path, why: str, remedy: str = "") -> CorruptWeightsError:
    """The error for a damaged file; without a remedy, the command that removes just this file."""
    return CorruptWeightsError(
        f"The model file {path} is damaged.",
        why,
        remedy or f"Remove just this file with {delete_command(path)} and get it again.",
    )
