"""Where a model comes from: bundled, a folder or the Hub; found and judged before it is loaded."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from hflab import catalog, hub, tiny, weights
from hflab.errors import CorruptWeightsError, ModelNotFoundError, UnsafeModelError

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json", "vocab.txt")


def refuse_unsafe(
    name: str, trust: bool, revision: str | None, code_revision: str | None, safe: bool
) -> None:
    """Refuse arguments under which the model's own code could run.

    Raises:
        UnsafeModelError: For remote code without full commit ids, or weights that need not be
            safetensors.
    """
    if trust and not _COMMIT.fullmatch(revision or ""):
        raise UnsafeModelError(
            f"{name!r} was not loaded: trust_remote_code=True without a commit.",
            "It would run whatever Python code the model's repository holds at that moment.",
            "Read the code at one commit, then pass that commit's 40 characters as revision.",
        )
    if trust and code_revision is not None and not _COMMIT.fullmatch(code_revision):
        raise UnsafeModelError(
            f"{name!r} was not loaded: code_revision={code_revision!r} is not a commit.",
            "A branch or tag can hold other code tomorrow.",
            "Pass the 40 characters of the commit whose code you have read.",
        )
    if not safe:
        raise UnsafeModelError(
            f"{name!r} was not loaded: use_safetensors was switched off.",
            "The other weight files are pickles, which can run any code when they are opened.",
            "Leave use_safetensors out, and use a model with safetensors weights.",
        )


def refuse_foreign_code(name: str, settings: dict[str, Any], code_revision: str | None) -> None:
    """Refuse code that a model's settings fetch from another repository at an unknown commit.

    The commit given as `revision` pins only the model's own repository.

    Raises:
        UnsafeModelError: If `auto_map` points to another repository and `code_revision` is not
            given.
    """
    foreign = re.findall(r"([\w.\-/]+)--", str(settings.get("auto_map", "")))
    if foreign and code_revision is None:
        raise UnsafeModelError(
            f"{name!r} was not loaded: its code comes from another repository, {foreign[0]!r}.",
            "The revision you gave pins this model's repository, not the one that holds the code.",
            "Read that code at one commit, then pass the commit as code_revision as well.",
        )


def find(name: str) -> str:
    """The folder of a bundled name or path, or the Hub id itself.

    Raises:
        ModelNotFoundError: If it is a file, or can be neither a folder nor a Hub id.
    """
    if name in tiny.tiny_model():
        return tiny.tiny_model(name)
    path = Path(name).expanduser()
    if name and path.is_dir():
        return str(path)
    if path.is_file():
        raise ModelNotFoundError(
            f"{name!r} is a file, not a model.",
            "A model is a folder: config.json, the tokenizer and the weights.",
            f"Give the folder that holds it: {str(path.parent)!r}.",
        )
    try:
        huggingface_hub.utils.validate_repo_id(name)
    except HFValidationError:
        raise ModelNotFoundError(
            f"There is no model {name!r}.",
            "No folder of that name exists, and a Hub id looks like 'owner/name'.",
            near(name) or f"Check the path; this code runs in {os.getcwd()!r}.",
        ) from None
    return name


@contextmanager
def connection(source: str, where: dict[str, Any]) -> Iterator[list[str] | None]:
    """The names of a model's files on the Hub; None for a folder, or if the Hub is out of reach.

    Where it is out of reach, `where` gets local_files_only and the block runs in offline mode:
    huggingface_hub would otherwise try for most of a minute.
    """
    if os.path.isdir(source):
        yield None
        return
    names = None if where.get("local_files_only") else _list_files(source, where)
    if names is not None:
        yield names
        return
    where["local_files_only"] = True
    with hub.stay_offline():
        yield None


def _list_files(source: str, where: dict[str, Any]) -> list[str] | None:
    if not hub.reachable():
        return None
    try:
        info = huggingface_hub.HfApi().model_info(
            source, revision=where["revision"], token=where["token"], timeout=10
        )
    except Exception as error:
        if hub.failed(error):
            return None
        raise
    return [file.rfilename for file in info.siblings or []]


def settings(
    source: str, where: dict[str, Any], names: list[str] | None, *, check: bool
) -> dict[str, Any]:
    """Read a model's config.json, after checking that its files can and may be loaded.

    Args:
        source: What `find` returned.
        where: Arguments for huggingface_hub: revision, token, cache_dir, subfolder,
            local_files_only.
        names: What `connection` gave.
        check: Whether the weights must be safetensors.
    """
    if os.path.isdir(source):
        folder = Path(source, where.get("subfolder", ""))
        if check:
            weights.check_folder(folder)
        return weights.read_json(folder / "config.json")
    if check and names is not None:
        weights.check_safe(names, f"The model {source!r}")
    path = Path(huggingface_hub.hf_hub_download(source, "config.json", **where))
    if check and names is None:
        here = [file.name for file in path.parent.iterdir() if file.exists()]
        endings = (".safetensors", *weights.PICKLES)
        if not any(name.endswith(endings) for name in here) or weights.missing_parts(path.parent):
            raise LocalEntryNotFoundError(f"the download of {source} was broken off")
        weights.check_safe(here, f"The copy of {source!r}")
    return weights.read_json(path)


def check_tokenizer(source: str, where: dict[str, Any]) -> None:
    """Check that a model folder holds a tokenizer.

    Raises:
        CorruptWeightsError: If it holds none of the files that a tokenizer is read from.
    """
    folder = Path(source, where.get("subfolder", ""))
    if folder.is_dir() and not any((folder / name).exists() for name in _TOKENIZER_FILES):
        raise CorruptWeightsError(
            f"tokenizer.json is missing from the folder {folder}.",
            "Without a tokenizer the model cannot read or write text.",
            "Copy the whole folder again, or run tokenizer.save_pretrained(folder).",
        )


def cached_folder(source: str, where: dict[str, Any]) -> Path | None:
    """The folder a model's files lie in: itself, or its snapshot in the Hub's cache."""
    if os.path.isdir(source):
        return Path(source, where.get("subfolder", ""))
    found = huggingface_hub.try_to_load_from_cache(
        source, "config.json", cache_dir=where.get("cache_dir"), revision=where.get("revision")
    )
    return Path(found).parent if isinstance(found, str) else None


def near(name: str) -> str:
    """A sentence with the known names most like a wrong one; empty if none is."""
    ids = {*tiny.tiny_model(), *hub.cached_models()}
    ids |= {entry.id for entries in catalog.roles().values() for entry in entries}
    # People forget the owner and the capitals: compare with both forms.
    forms = {form.lower(): known for known in sorted(ids) for form in (known, known.split("/")[-1])}
    matches = difflib.get_close_matches(name.lower(), forms, n=3, cutoff=0.7)
    matches += difflib.get_close_matches(name.lower().split("/")[-1], forms, n=3, cutoff=0.7)
    names = list(dict.fromkeys(forms[match] for match in matches))[:3]
    return f"Did you mean {' or '.join(map(repr, names))}?" if names else ""


def twin(name: str) -> str:
    """An open model in place of a gated one; outside the catalog, the laptop chat model."""
    entries = [entry for row in catalog.roles().values() for entry in row]
    return next(
        (e.twin for e in entries if e.gated and e.id.lower() == name.lower()), entries[0].id
    )


def at_hand() -> str:
    """The models that need no network, as a list in words."""
    return ", ".join([*tiny.tiny_model(), *hub.cached_models()])
