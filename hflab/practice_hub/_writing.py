"""Routes that write: repositories, uploads, commits, branches and tags, all in memory."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from hflab.practice_hub._faults import Answer
from hflab.practice_hub._http import Refused, Request
from hflab.practice_hub._reading import Match, at, seen
from hflab.practice_hub._repos import Blob, Repo, is_large
from hflab.practice_hub._shelf import Shelf


def _check_owner(shelf: Shelf, request: Request, owner: str) -> None:
    shelf.check_token(request)
    if not request.token:
        raise Refused(401, message="Writing needs an access token")
    if owner in shelf.owners:
        raise Refused(403, message=f"You have no right to write to {owner}")


def _own(shelf: Shelf, request: Request, match: Match) -> Repo:
    """The repository that a route names, for somebody who may write to it."""
    repo = seen(shelf, request, match)
    _check_owner(shelf, request, repo.id.partition("/")[0])
    return repo


def _named(shelf: Shelf, request: Request) -> tuple[Any, str]:
    """Kind and id of the repository that a request's body names."""
    asked = request.json()
    owner = asked.get("organization") or shelf.user
    _check_owner(shelf, request, owner)
    kind = asked.get("type") or "model"
    if kind not in ("model", "dataset", "space") or not asked.get("name"):
        raise Refused(400, message="A repository needs a name and a known type")
    return kind, f"{owner}/{asked['name']}"


def create(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Make an empty repository."""
    key = _named(shelf, request)
    asked = request.json()
    found = {"url": f"{shelf.url}/{Repo(*key).prefix}{key[1]}", "name": key[1], "id": key[1]}
    with shelf.lock:
        if key in shelf.repos:
            said = "You already created this repo"
            return Answer(found | {"error": said}, {"X-Error-Message": said}, 409)
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        shelf.repos[key] = repo = Repo(*key, private=private)
        attributes = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
        repo.commit("initial commit", {".gitattributes": Blob(attributes)}, author=shelf.user)
    return Answer(found)


def delete(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Remove a repository."""
    with shelf.lock:
        if shelf.repos.pop(_named(shelf, request), None) is None:
            raise Refused(404, "RepoNotFound", "Repository not found")
    return Answer({})


def check_card(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Judge a model card before it is uploaded; everything passes."""
    return Answer({"errors": [], "warnings": []})


def preupload(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Say for each file how it is to be sent, and what is there under its name."""
    repo = _own(shelf, request, match)
    files = at(repo, match["revision"]).files
    found = []
    for each in request.json().get("files", []):
        path, large = each["path"], is_large(each["path"], each["size"])
        entry = {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
        if path in files:
            entry["oid"] = files[path].etag
        found.append(entry)
    return Answer({"files": found})


def batch(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Say where each large file is to be sent; nothing for one that is here."""
    _own(shelf, request, match)
    found = []
    for each in request.json().get("objects", []):
        entry: dict[str, Any] = {"oid": each["oid"], "size": each["size"]}
        if each["oid"] not in shelf.uploads:
            entry["actions"] = {"upload": {"href": f"{shelf.url}/practice-uploads/{each['oid']}"}}
        found.append(entry)
    return Answer({"transfer": "basic", "objects": found})


def upload(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Keep a large file in memory until a commit names it."""
    if hashlib.sha256(request.body).hexdigest() != match["oid"]:
        raise Refused(400, message="The content does not have the checksum it was announced with")
    shelf.uploads[match["oid"]] = Blob(request.body, large=True)
    return Answer()


def commit(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Add a version: one JSON line for its title, one for each file."""
    repo = _own(shelf, request, match)
    if request.first("create_pr"):
        raise Refused(400, message="The practice Hub has no pull requests")
    lines = [json.loads(line) for line in request.body.splitlines() if line.strip()]
    title, changes = "Upload", dict[str, Blob | None]()
    with shelf.lock:
        before = at(repo, match["revision"])
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                title = value.get("summary") or title
                if value.get("parentCommit") not in (None, before.oid):
                    raise Refused(412, message="The branch has moved on since that commit")
            elif line["key"] == "file":
                changes[value["path"]] = Blob(base64.b64decode(value["content"]))
            elif line["key"] == "lfsFile":
                if value["oid"] not in shelf.uploads:
                    raise Refused(400, message=f"{value['path']} has not been uploaded")
                changes[value["path"]] = shelf.uploads[value["oid"]]
            elif line["key"] == "deletedFile":
                changes[value["path"]] = None
            elif line["key"] == "deletedFolder":
                start = value["path"].rstrip("/") + "/"
                changes |= {path: None for path in before.files if path.startswith(start)}
        if match["revision"] not in repo.branches:
            raise Refused(400, message="A commit needs a branch to go to")
        made = repo.commit(title, changes, branch=match["revision"], author=shelf.user)
    where = f"{shelf.url}/{repo.prefix}{repo.id}/commit/{made.oid}"
    return Answer({"commitUrl": where, "commitOid": made.oid, "success": True})


def reference(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Make or remove a branch or a tag."""
    repo, asked = _own(shelf, request, match), request.json()
    tag = match["what"] == "tag"
    named = repo.tags if tag else repo.branches
    # The route of a new tag ends in what it is put on, that of all others in the name itself.
    name = asked["tag"] if tag and request.method == "POST" else match["name"]
    if request.method == "DELETE":
        if named.pop(name, None) is None:
            raise Refused(404, "RevisionNotFound", f"No such {match['what']}: {name}")
        return Answer({})
    if name in named:
        raise Refused(409, message=f"The {match['what']} {name} exists already")
    named[name] = at(repo, match["name"] if tag else asked.get("startingPoint", "main"))
    return Answer({})
