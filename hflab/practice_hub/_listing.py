"""Lists and descriptions of repositories: what the search page and the info routes say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from hflab.practice_hub._faults import Answer
from hflab.practice_hub._http import Request
from hflab.practice_hub._repos import Blob, Commit, Repo, card_data, history

# Fields that a list leaves out unless they are asked for, as the Hub does.
_ONLY_IN_FULL = ("cardData", "siblings", "config", "safetensors", "sha")
_UNITS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def describe(repo: Repo, commit: Commit, *, blobs: bool = False) -> dict[str, Any]:
    """Everything that is known about a repository at a commit, under the Hub's names.

    Args:
        repo: The repository.
        commit: One of its commits.
        blobs: Whether the files' sizes and ids are listed as well.
    """
    card = card_data(commit)
    siblings = []
    for path, blob in commit.files.items():
        entry: dict[str, Any] = {"rfilename": path}
        if blobs:
            entry |= {"size": blob.size, "blobId": blob.git_oid}
            if blob.large:
                pointer = len(blob.pointer)
                entry["lfs"] = {"sha256": blob.sha256, "size": blob.size, "pointerSize": pointer}
        siblings.append(entry)
    found: dict[str, Any] = {
        "id": repo.id,
        "author": repo.id.partition("/")[0],
        "sha": commit.oid,
        "createdAt": history(commit)[-1].date,
        "lastModified": repo.head.date,
        "private": repo.private,
        "gated": repo.gated,
        "disabled": False,
        "downloads": repo.downloads,
        "likes": repo.likes,
        "trendingScore": repo.likes,
        "tags": tags(repo, card),
        "cardData": card,
        "siblings": siblings,
        "usedStorage": sum(blob.size for blob in commit.files.values()),
    }
    if repo.kind == "model":
        found |= _model_fields(repo, commit, card)
    if repo.kind == "space":
        found |= {key: card.get(key) for key in ("sdk", "models", "datasets")}
        found["runtime"] = {"stage": "STOPPED", "hardware": {"current": None, "requested": None}}
    return found


def _model_fields(repo: Repo, commit: Commit, card: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "modelId": repo.id,
        "library_name": card.get("library_name"),
        "pipeline_tag": card.get("pipeline_tag"),
        "model-index": card.get("model-index"),
    }
    counted = _counted(commit.files.get("model.safetensors"))
    if repo.parameters:
        counted = {"BF16": repo.parameters}
    if counted:
        found["safetensors"] = {"parameters": counted, "total": sum(counted.values())}
    if "config.json" in commit.files:
        config = json.loads(commit.files["config.json"].read())
        found["config"] = {key: config.get(key) for key in ("architectures", "model_type")}
    return found


def _counted(weights: Blob | None) -> dict[str, int]:
    """Number type → numbers of it in a safetensors file, read from its header."""
    if weights is None:
        return {}
    length = int.from_bytes(weights.read(0, 8), "little")
    try:
        header = json.loads(weights.read(8, 8 + length))
    except ValueError:
        return {}
    counted: dict[str, int] = {}
    for name, tensor in header.items():
        if name != "__metadata__":
            count = 1
            for side in tensor["shape"]:
                count *= side
            counted[tensor["dtype"]] = counted.get(tensor["dtype"], 0) + count
    return counted


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value or []]


def tags(repo: Repo, card: dict[str, Any]) -> list[str]:
    """The tags the Hub makes of a card, by which lists are filtered."""
    languages = _listed(card.get("language"))
    found = [f"license:{name}" for name in _listed(card.get("license"))]
    if repo.kind == "model":
        found += [str(card[key]) for key in ("library_name", "pipeline_tag") if card.get(key)]
        found += [*languages, *(f"dataset:{name}" for name in _listed(card.get("datasets")))]
    else:
        found += [f"language:{name}" for name in languages]
        for key in ("task_categories", "size_categories"):
            found += [f"{key}:{name}" for name in _listed(card.get(key))]
    found += [str(card["sdk"])] if card.get("sdk") else []
    return [*found, *_listed(card.get("tags")), "region:us"]


def search(repos: Iterable[Repo], request: Request, base: str, page_size: int) -> Answer:
    """One page of a list, filtered and sorted as the query says.

    Args:
        repos: Those that may be listed.
        request: Its query holds filter, search, author, pipeline_tag, gated, num_parameters, sort,
            limit, cursor, full, cardData, config and expand.
        base: The address of the list, for the link to the next page.
        page_size: Entries on a page, at most.
    """
    found = [describe(repo, repo.head) for repo in repos]
    found = [entry for entry in found if _fits(entry, request)]
    key = request.first("sort", "trendingScore")
    found.sort(key=lambda entry: entry.get(key) or 0, reverse=True)
    start = int(request.first("cursor", "0"))
    size = min(page_size, int(request.first("limit", str(page_size))))
    page = [_cut_down(entry, request) for entry in found[start : start + size]]
    return paged(page, request, base, start + size if start + size < len(found) else None)


def paged(page: Sequence[Any], request: Request, base: str, following: int | None) -> Answer:
    """A page of a list; where more follows, the Link header says where."""
    if following is None:
        return Answer(list(page))
    query = urlencode(request.query | {"cursor": [str(following)]}, doseq=True)
    return Answer(list(page), {"Link": f'<{base}?{query}>; rel="next"'})


def _fits(entry: dict[str, Any], request: Request) -> bool:
    wanted = [tag for each in request.query.get("filter", []) for tag in each.split(",")]
    return all(
        (
            all(tag in entry["tags"] for tag in wanted),
            all(word.lower() in entry["id"].lower() for word in request.query.get("search", [])),
            request.first("author", entry["author"]) == entry["author"],
            request.first("pipeline_tag", str(entry.get("pipeline_tag")))
            == str(entry.get("pipeline_tag")),
            request.first("gated", "").lower() in ("", str(bool(entry["gated"])).lower()),
            _of_size(entry, request.first("num_parameters")),
        )
    )


def _of_size(entry: dict[str, Any], wanted: str) -> bool:
    """Whether a model has between so many parameters, as in "min:1B,max:8B"."""
    total = entry.get("safetensors", {}).get("total", 0)
    for part in filter(None, wanted.split(",")):
        bound, _, number = part.partition(":")
        limit = float(number.rstrip("KMBT")) * _UNITS.get(number[-1:], 1)
        if (bound == "min" and total < limit) or (bound == "max" and total > limit):
            return False
    return True


def _cut_down(entry: dict[str, Any], request: Request) -> dict[str, Any]:
    """An entry with the fields that were asked for."""
    if expand := request.query.get("expand"):
        return {key: value for key, value in entry.items() if key in ("id", *expand)}
    asked = {key for key in ("cardData", "config") if request.first(key)}
    left_out = () if request.first("full") else set(_ONLY_IN_FULL) - asked
    return {key: value for key, value in entry.items() if key not in left_out}
