"""Routes that read: lists, descriptions, trees, histories, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

from hflab.practice_hub import _listing
from hflab.practice_hub._faults import Answer
from hflab.practice_hub._http import Refused, Request
from hflab.practice_hub._repos import Commit, Kind, Repo, history
from hflab.practice_hub._shelf import Shelf

# A word of the route → what it stands for in the address.
Match = dict[str, str]
Route = Callable[[Shelf, Request, Match], Answer]
_PAGE = (
    "This is hflab's practice Hub: a small teaching and test server on this computer. It is not"
    " huggingface.co. Its download and like counts are made up.\n"
)


def seen(shelf: Shelf, request: Request, match: Match) -> Repo:
    """The repository that a route names.

    Raises:
        Refused: If there is none, or it is private and no token came with the request.
    """
    shelf.check_token(request)
    kind: Kind = match["kind"].removesuffix("s")  # type: ignore[assignment]
    repo = shelf.repos.get((kind, match["id"]))
    if repo is None or (repo.private and not request.token):
        # Without a token the Hub doesn't say whether a repository is missing or private.
        raise Refused(404 if request.token else 401, "RepoNotFound", "Repository not found")
    return repo


def at(repo: Repo, revision: str) -> Commit:
    """The commit that a revision stands for.

    Raises:
        Refused: If there is none.
    """
    commit = repo.find(revision)
    if commit is None:
        raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    return commit


def check_access(repo: Repo, request: Request) -> None:
    """Refuse the files of a gated repository to those whom its authors have not let in."""
    if repo.gated and request.token not in repo.granted:
        page = f"Access to {repo.kind} {repo.id} is restricted"
        if not request.token:
            raise Refused(401, "GatedRepo", f"{page}. You must have access to it and be logged in.")
        raise Refused(403, "GatedRepo", f"{page} and you are not in the authorized list.")


def page(shelf: Shelf, request: Request, match: Match) -> Answer:
    """What a browser gets to see."""
    return Answer(_PAGE.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def whoami(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Whose token it is."""
    shelf.check_token(request)
    if not request.token:
        raise Refused(401, message="Invalid username or password.")
    token = {"displayName": "practice", "role": "write", "createdAt": "2026-01-05T09:00:00.000Z"}
    auth = {"type": "access_token", "accessToken": token}
    who = {"type": "user", "id": "0", "name": shelf.user, "fullname": "A learner"}
    return Answer(who | {"isPro": False, "orgs": [], "auth": auth})


def repos(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Search models, datasets or Spaces."""
    shelf.check_token(request)
    found = [
        repo
        for (kind, _), repo in shelf.repos.items()
        if f"{kind}s" == match["kind"] and repo.branches and (request.token or not repo.private)
    ]
    return _listing.search(found, request, f"{shelf.url}/api/{match['kind']}", shelf.page_size)


def info(shelf: Shelf, request: Request, match: Match) -> Answer:
    """One repository at one revision."""
    repo = seen(shelf, request, match)
    commit = at(repo, match.get("revision", "main"))
    return Answer(_listing.describe(repo, commit, blobs=bool(request.first("blobs"))))


def _entries(commit: Commit, expand: bool) -> Iterator[dict[str, Any]]:
    """Every folder and file of a commit."""
    last = {"id": commit.oid, "title": commit.title, "date": commit.date}
    more = {"lastCommit": last} if expand else {}
    folders: set[str] = set()
    for path, blob in commit.files.items():
        for end, letter in enumerate(path):
            if letter == "/" and path[:end] not in folders:
                folders.add(path[:end])
                yield {"type": "directory", "path": path[:end], "oid": commit.oid, "size": 0} | more
        yield {"type": "file", "path": path} | blob.described() | more


def tree(shelf: Shelf, request: Request, match: Match) -> Answer:
    """The files in a folder of a repository."""
    repo = seen(shelf, request, match)
    commit = at(repo, match["revision"])
    inside = match.get("path", "").strip("/")
    start = f"{inside}/" if inside else ""
    if start and not any(path.startswith(start) for path in commit.files):
        raise Refused(404, "EntryNotFound", f"{inside} does not exist on {match['revision']}")
    deep = request.first("recursive").lower() in ("true", "1")
    expand = request.first("expand").lower() in ("true", "1")
    found = [
        entry
        for entry in _entries(commit, expand)
        if entry["path"].startswith(start) and (deep or "/" not in entry["path"][len(start) :])
    ]
    first = int(request.first("cursor", "0"))
    end = first + shelf.page_size
    base = f"{shelf.url}{request.path}"
    return _listing.paged(found[first:end], request, base, end if end < len(found) else None)


def paths_info(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Some paths of a repository; those that don't exist are left out."""
    commit = at(seen(shelf, request, match), match["revision"])
    if request.body.lstrip().startswith(b"{"):
        asked = request.json()
        paths, expand = asked.get("paths", []), bool(asked.get("expand"))
    else:
        form = parse_qs(request.body.decode())
        paths = form.get("paths", [])
        expand = form.get("expand", [""])[0].lower() == "true"
    return Answer([entry for entry in _entries(commit, expand) if entry["path"] in paths])


def refs(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Branches and tags."""
    repo = seen(shelf, request, match)

    def listed(folder: str, named: dict[str, Commit]) -> list[dict[str, str]]:
        return [
            {"name": name, "ref": f"refs/{folder}/{name}", "targetCommit": commit.oid}
            for name, commit in named.items()
        ]

    found = {"branches": listed("heads", repo.branches), "tags": listed("tags", repo.tags)}
    return Answer(found | {"converts": [], "pullRequests": []})


def commits(shelf: Shelf, request: Request, match: Match) -> Answer:
    """The history of a revision, the newest first."""
    repo = seen(shelf, request, match)
    return Answer(
        [
            {
                "id": commit.oid,
                "title": commit.title,
                "message": "",
                "date": commit.date,
                "authors": [{"user": commit.author}],
            }
            for commit in history(at(repo, match["revision"]))
        ]
    )


def discussions(shelf: Shelf, request: Request, match: Match) -> Answer:
    """What people wrote about a repository; made up, like the people."""
    repo = seen(shelf, request, match)
    found = [
        {
            "num": number,
            "title": each["title"],
            "author": {"name": each["author"]},
            "status": each["status"],
            "createdAt": repo.head.date,
            "isPullRequest": False,
            "repo": {"name": repo.id, "type": repo.kind},
        }
        for number, each in enumerate(repo.discussions, start=1)
        if request.first("status", each["status"]) == each["status"]
    ]
    return Answer({"discussions": found, "count": len(found), "start": 0})


def collections(shelf: Shelf, request: Request, match: Match) -> Answer:
    """Lists of repositories that somebody put together, or one of them."""
    if slug := match.get("slug"):
        for found in shelf.collections:
            if found["slug"] == slug:
                return Answer(found | {"position": 0})
        raise Refused(404, message="Collection not found")
    owner = request.first("owner")
    return Answer([each for each in shelf.collections if owner in ("", each["owner"])])


def file(shelf: Shelf, request: Request, match: Match) -> Answer:
    """A file at a revision, or with HEAD what there is to know about it."""
    repo = seen(shelf, request, match)
    check_access(repo, request)
    commit = at(repo, match["revision"])
    blob = commit.files.get(match["path"])
    headers = {"X-Repo-Commit": commit.oid, "Accept-Ranges": "bytes"}
    if blob is None:
        raise Refused(404, "EntryNotFound", "Entry not found", headers)
    return Answer(blob, headers | {"ETag": f'"{blob.etag}"'})
