"""Repositories in memory: files, commits, branches and tags, as git has them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import yaml

Kind = Literal["model", "dataset", "space"]
# What git would store as a pointer, with the content elsewhere (Git LFS).
_LARGE = {".safetensors", ".parquet", ".bin", ".gguf", ".pt", ".onnx", ".zip", ".gz", ".arrow"}
_LARGE_SIZE = 10_000_000


class Blob:
    """The content of a file: bytes, a file on disk, or a function that makes it when asked.

    Args:
        source: Where the bytes come from. A file is read each time, and never written.
        large: Whether it is stored as Git LFS does, so that its etag is its SHA-256.
    """

    def __init__(self, source: bytes | Path | Callable[[], bytes], *, large: bool = False) -> None:
        self._source = source
        self.large = large

    @cached_property
    def _made(self) -> bytes | Path:
        return self._source() if callable(self._source) else self._source

    @property
    def mark(self) -> str:
        """What commits tell contents apart by, without making one that is not needed yet."""
        return "generated" if callable(self._source) else str(self.size)

    @cached_property
    def size(self) -> int:
        """In bytes."""
        return self._made.stat().st_size if isinstance(self._made, Path) else len(self._made)

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """The bytes from `start` to just before `stop`, by default all."""
        if isinstance(self._made, bytes):
            return self._made[start:stop]
        with self._made.open("rb") as file:
            file.seek(start)
            return file.read() if stop is None else file.read(max(0, stop - start))

    @cached_property
    def sha256(self) -> str:
        """Of the content, in hex digits."""
        return hashlib.sha256(self.read()).hexdigest()

    @property
    def pointer(self) -> bytes:
        """What git holds in place of a large file."""
        text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\n"
        return f"{text}size {self.size}\n".encode()

    @cached_property
    def git_oid(self) -> str:
        """What git calls the blob: the SHA-1 of its length and its bytes, or of its pointer's."""
        content = self.pointer if self.large else self.read()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    @property
    def etag(self) -> str:
        """Changes if and only if the content does."""
        return self.sha256 if self.large else self.git_oid

    def described(self) -> dict[str, Any]:
        """Size and ids, in the words of the Hub's file trees."""
        found: dict[str, Any] = {"size": self.size, "oid": self.git_oid}
        if self.large:
            pointer = len(self.pointer)
            found["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": pointer}
        return found


def is_large(path: str, size: int) -> bool:
    """Whether a file is stored as Git LFS does; an empty one never is."""
    return size > 0 and (PurePosixPath(path).suffix in _LARGE or size > _LARGE_SIZE)


@dataclass(frozen=True)
class Commit:
    """One version of a repository.

    Attributes:
        oid: 40 hex digits, made from the names and sizes of the files and the commit before.
        title: What was done, in a line.
        files: Path → content, all of them.
        date: When, in the form the Hub uses.
        parent: The commit before; None for the first.
        author: Who made it.
    """

    oid: str
    title: str
    files: Mapping[str, Blob]
    date: str
    parent: Commit | None
    author: str


@dataclass
class Repo:
    """A model, dataset or Space.

    Attributes:
        kind: "model", "dataset" or "space".
        id: Owner and name.
        downloads: Made up, except that nothing is counted.
        likes: Made up as well.
        gated: False, or how access is granted: "auto" or "manual".
        private: Whether only those with a token see it.
        parameters: Number of parameters where no weights are here to count them in.
        discussions: Title, author and status of each, as made up.
    """

    kind: Kind
    id: str
    downloads: int = 0
    likes: int = 0
    gated: Literal[False, "auto", "manual"] = False
    private: bool = False
    parameters: int = 0
    discussions: list[dict[str, str]] = field(default_factory=list)
    branches: dict[str, Commit] = field(default_factory=dict)
    tags: dict[str, Commit] = field(default_factory=dict)
    granted: set[str] = field(default_factory=set)

    @property
    def prefix(self) -> str:
        """What stands before the id in the addresses of pages and files."""
        return "" if self.kind == "model" else f"{self.kind}s/"

    @property
    def head(self) -> Commit:
        """The newest commit of the main branch."""
        return self.branches["main"]

    def commit(
        self,
        title: str,
        changes: Mapping[str, Blob | None],
        *,
        branch: str = "main",
        date: str | None = None,
        author: str = "practice",
    ) -> Commit:
        """Add a version: the files before, with some added, replaced or (None) removed."""
        parent = self.branches.get(branch)
        files = dict(parent.files) if parent else {}
        for path, blob in changes.items():
            if blob is None:
                files.pop(path, None)
            else:
                files[path] = blob
        files = dict(sorted(files.items()))
        listed = "\n".join(f"{path} {blob.mark}" for path, blob in files.items())
        made_of = f"{self.kind} {self.id}\n{parent.oid if parent else ''}\n{title}\n{listed}"
        oid = hashlib.sha1(made_of.encode()).hexdigest()
        commit = Commit(oid, title, files, date or now(), parent, author)
        self.branches[branch] = commit
        return commit

    def find(self, revision: str) -> Commit | None:
        """The commit that a branch, a tag, a full reference or at least 7 hex digits stand for."""
        name = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
        if found := self.branches.get(name) or self.tags.get(name):
            return found
        if re.fullmatch(r"[0-9a-f]{7,40}", revision):
            for start in [*self.branches.values(), *self.tags.values()]:
                for commit in history(start):
                    if commit.oid.startswith(revision):
                        return commit
        return None


def history(commit: Commit | None) -> list[Commit]:
    """The commit and those before it, the newest first."""
    found = []
    while commit is not None:
        found.append(commit)
        commit = commit.parent
    return found


def card_data(commit: Commit) -> dict[str, Any]:
    """The metadata between the two lines of dashes on top of a model card."""
    if "README.md" not in commit.files:
        return {}
    text = commit.files["README.md"].read().decode("utf-8", "replace")
    found = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
    try:
        data = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        data = None
    return data if isinstance(data, dict) else {}


def now() -> str:
    """The time in the form the Hub uses."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
