"""What the practice Hub holds: the bundled models, and what shelf.toml lists."""

from __future__ import annotations

import hashlib
import json
import threading
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hflab import tiny
from hflab.practice_hub._generated import datasets, early
from hflab.practice_hub._http import Refused, Request
from hflab.practice_hub._repos import Blob, Kind, Repo, is_large

OWNER = "practice"
_DATES = ("2026-01-05T09:00:00.000Z", "2026-02-09T09:00:00.000Z", "2026-03-02T09:00:00.000Z")
_NOT_WHOLE = "\n\nThis repository stands on a practice Hub. {0}\n"


@dataclass
class Shelf:
    """Everything a practice Hub knows.

    Attributes:
        url: Its own address.
        token: What a valid access token starts with.
        page_size: Longest page of a list.
        repos: (kind, id) → repository.
        collections: As the Hub describes them.
        uploads: SHA-256 → content of large files that have been sent.
        user: Whom every token belongs to.
        owners: Owners to whom nobody can write.
        lock: Held while something is changed.
    """

    url: str
    token: str
    page_size: int = 100
    repos: dict[tuple[Kind, str], Repo] = field(default_factory=dict)
    collections: list[dict[str, Any]] = field(default_factory=list)
    uploads: dict[str, Blob] = field(default_factory=dict)
    user: str = "learner"
    owners: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def check_token(self, request: Request) -> None:
        """Refuse a token that is none of this server's.

        Raises:
            Refused: If one was sent and it is not valid.
        """
        if request.token and not request.token.startswith(self.token):
            raise Refused(401, message="Invalid credentials in Authorization header")

    def add(self, repo: Repo) -> Repo:
        """Put a repository on the shelf; its owner is one to whom nobody can write."""
        self.repos[repo.kind, repo.id] = repo
        self.owners.add(repo.id.partition("/")[0])
        return repo

    def fill(self) -> None:
        """Put the bundled models and what shelf.toml lists on the shelf."""
        text = (Path(__file__).parent / "shelf.toml").read_text(encoding="utf-8")
        listed = tomllib.loads(text)
        for name in tiny.tiny_model():
            self._bundled(name, listed["counts"].get(name))
        kinds: tuple[Kind, ...] = ("model", "dataset", "space")
        for kind in kinds:
            for entry in listed[kind]:
                self._made_up(kind, entry)
        for entry in listed["discussion"]:
            repo = self.repos.get(("model", entry.pop("repo")))
            if repo is not None:
                repo.discussions.append(entry)
        for entry in listed["collection"]:
            items = [
                {"_id": f"{number:024x}", "type": kind, "id": name, "position": number}
                for number, (kind, name) in enumerate(entry.pop("items"))
            ]
            entry |= {"lastUpdated": _DATES[-1], "private": False, "theme": "green"}
            self.collections.append(entry | {"items": items})

    def _bundled(self, name: str, counts: dict[str, int] | None) -> None:
        """A bundled model, as the folder in the package has it, with its history."""
        digest = hashlib.sha256(name.encode()).digest()
        made_up = counts or {"downloads": int.from_bytes(digest[:2], "big"), "likes": digest[2]}
        downloads, likes = made_up["downloads"], made_up["likes"]
        repo = self.add(Repo("model", f"{OWNER}/{name}", downloads, likes))
        folder = Path(tiny.tiny_model(name))
        files = folder_files(folder)
        weights = folder / "model.safetensors"
        if name != "chat":
            repo.commit("Upload model", files, date=_DATES[0])
            return
        first = dict(files) | {weights.name: Blob(early(weights), large=True)}
        repo.tags["v0.1"] = repo.commit("First upload, training not done", first, date=_DATES[0])
        repo.commit("Train to the end", {weights.name: files[weights.name]}, date=_DATES[1])
        card = folder.joinpath("README.md").read_text(encoding="utf-8")
        card += _NOT_WHOLE.format("Its download and like counts are made up.")
        changes = {"README.md": Blob(card.encode())}
        repo.tags["v1.0"] = repo.commit("Say where this is", changes, date=_DATES[2])
        gated = self.add(Repo("model", f"{OWNER}/gated-{name}", 5_120, 40, gated="manual"))
        gated.commit("Upload model", files, date=_DATES[0])

    def _made_up(self, kind: Kind, entry: dict[str, Any]) -> None:
        """A repository that shelf.toml describes."""
        files = datasets().get(entry["id"], {}) if kind == "dataset" else {}
        if kind == "dataset" and not files:
            return  # its format needs a library that is not installed
        known = ("id", "downloads", "likes", "gated", "parameters")
        repo = self.add(Repo(kind, **{key: entry[key] for key in known if key in entry}))
        front = yaml.safe_dump(entry["card"], sort_keys=False)
        said = "There are no weights in it." if kind == "model" else "Its counts are made up."
        title = entry["id"].partition("/")[2]
        card = f"---\n{front}---\n# {title}\n\n{entry['text']}{_NOT_WHOLE.format(said)}"
        files = {"README.md": Blob(card.encode()), **files}
        files |= {name: Blob(text.encode()) for name, text in entry.get("files", {}).items()}
        if "config" in entry:
            files["config.json"] = Blob(json.dumps(entry["config"], indent=2).encode())
        if "license_link" in entry["card"]:
            files["LICENSE"] = Blob(b"A made-up license. Read the real one of a real model.\n")
        repo.commit("Upload", files, date=_DATES[0])


def folder_files(folder: Path) -> dict[str, Blob]:
    """Path → content of every file in a folder; read when asked for, never written."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and "__pycache__" not in name:
            found[name] = Blob(path, large=is_large(name, path.stat().st_size))
    return found
