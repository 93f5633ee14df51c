"""A practice Hub: a teaching and test server that answers as the Hugging Face Hub does.

    with hflab.PracticeHub() as hub:
        api = HfApi(endpoint=hub.url, token=hub.token)
        api.create_repo("learner/my-model")
        api.upload_folder(repo_id="learner/my-model", folder_path=folder)

It listens on this computer only, speaks HTTP to the real client libraries, and forgets everything
when it stops. It holds the bundled models, under names such as "practice/chat", a few generated
datasets, and cards of models that do not exist. Download counts, likes, owners and discussions are
made up. It keeps no secrets and checks little: nothing for the open network.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hflab.practice_hub import _reading, _writing
from hflab.practice_hub._faults import Answer, Fault
from hflab.practice_hub._http import Handler, Refused, Request
from hflab.practice_hub._repos import Kind, Repo
from hflab.practice_hub._shelf import Shelf, folder_files

__all__ = ["Fault", "PracticeHub", "Repo", "Request"]

_API = r"/api/(?P<kind>models|datasets|spaces)"
_REPO = _API + r"/(?P<id>[^/]+/[^/]+)"
_PAGE = r"/(?:(?P<kind>datasets|spaces)/)?(?P<id>[^/]+/[^/]+)"
_REVISION = r"/(?P<revision>refs/[^/]+/[^/]+|[^/]+)"
# Method, address, what answers; the first that fits.
_ROUTES: list[tuple[str, re.Pattern[str], _reading.Route]] = [
    (method, re.compile(address), route)
    for method, address, route in (
        ("GET", r"/api/whoami-v2", _reading.whoami),
        ("GET", _API, _reading.repos),
        ("GET", r"/api/collections(?:/(?P<slug>.+))?", _reading.collections),
        ("GET", _REPO, _reading.info),
        ("GET", f"{_REPO}/revision{_REVISION}", _reading.info),
        ("GET", f"{_REPO}/tree{_REVISION}(?P<path>/.*)?", _reading.tree),
        ("POST", f"{_REPO}/paths-info{_REVISION}", _reading.paths_info),
        ("GET", f"{_REPO}/refs", _reading.refs),
        ("GET", f"{_REPO}/commits{_REVISION}", _reading.commits),
        ("GET", f"{_REPO}/discussions", _reading.discussions),
        ("POST", r"/api/repos/create", _writing.create),
        ("DELETE", r"/api/repos/delete", _writing.delete),
        ("POST", r"/api/validate-yaml", _writing.check_card),
        ("POST", f"{_REPO}/preupload{_REVISION}", _writing.preupload),
        ("POST", f"{_REPO}/commit{_REVISION}", _writing.commit),
        ("POST", f"{_REPO}/(?P<what>branch|tag)/(?P<name>.+)", _writing.reference),
        ("DELETE", f"{_REPO}/(?P<what>branch|tag)/(?P<name>.+)", _writing.reference),
        ("POST", _PAGE + r"\.git/info/lfs/objects/batch", _writing.batch),
        ("PUT", r"/practice-uploads/(?P<oid>[0-9a-f]{64})", _writing.upload),
        ("GET", f"{_PAGE}/resolve{_REVISION}/(?P<path>.+)", _reading.file),
        ("GET", r"/(?!api/).*", _reading.page),
    )
]


class PracticeHub:
    """A teaching and test server that answers as the Hugging Face Hub does.

    While it runs, huggingface_hub in this process is allowed out (HF_HUB_OFFLINE off) and leaves
    out Xet, the Hub's newest way to move large files, which this server does not speak
    (HF_HUB_DISABLE_XET on). Both are put back when it stops. `settings` has what another process
    needs, or this one before it imports the libraries. Uploads are kept in memory; the folders of
    the bundled models are read and never written.

    Args:
        token: Access tokens that start with this are taken for the user "learner".
        page_size: Longest page of a list.
        filled: Whether the bundled models and everything else stand on it, or nothing.
        this_process: Whether the two settings of this process are changed while it runs.

    Attributes:
        token: A token that is valid here, and nowhere else.
        faults: What goes wrong on purpose; empty at first, and may be changed at any time.
        log: Every request, in order.
    """

    def __init__(
        self,
        *,
        token: str = "hf_practice",
        page_size: int = 100,
        filled: bool = True,
        this_process: bool = True,
    ) -> None:
        self.token = token
        self._this_process = this_process
        self.faults: list[Fault] = []
        self.log: list[Request] = []
        self._shelf = Shelf("", token, page_size)
        self._server: ThreadingHTTPServer | None = None
        self._before: dict[str, tuple[str | None, Any]] = {}
        if filled:
            self._shelf.fill()

    @property
    def url(self) -> str:
        """Its address, such as "http://127.0.0.1:49152"; empty unless it runs."""
        return self._shelf.url

    def start(self) -> Self:
        """Listen on a free port of this computer; once it does, does nothing."""
        if self._server is None:
            answer = staticmethod(partial(_answer, self._shelf))
            # Looked up at each request, so that both lists may be replaced.
            known = {
                "answer": answer,
                "faults": property(lambda _: self.faults),
                "log": property(lambda _: self.log),
            }
            self._server = _Server(("127.0.0.1", 0), type("Handler", (Handler,), known))
            self._shelf.url = f"http://127.0.0.1:{self._server.server_port}"
            serve = partial(self._server.serve_forever, poll_interval=0.05)
            threading.Thread(target=serve, name="practice hub", daemon=True).start()
            if self._this_process:
                self._switch("HF_HUB_OFFLINE", False)
                self._switch("HF_HUB_DISABLE_XET", True)
        return self

    def stop(self) -> None:
        """Stop listening, and put back what was changed in this process."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server, self._shelf.url = None, ""
            for name in list(self._before):
                self._restore(name)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<PracticeHub {self.url or 'stopped'}, {len(self._shelf.repos)} repositories>"

    def settings(self, home: str | Path) -> dict[str, str]:
        """Environment variables that make the client libraries talk to it and to nothing else.

        They are read when the libraries are imported. With them, no stored token is sent along:
        the user's own token is none of this server's business, so pass `token=hub.token`.

        Args:
            home: A folder for downloads and logins, in place of the user's own.
        """
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_TOKEN": "",
            "HF_HUB_CACHE": str(Path(home, "hub")),
            "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
            "HF_DATASETS_CACHE": str(Path(home, "datasets")),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": "0",
        }

    def add(self, repo_id: str, folder: str | Path, kind: Kind = "model", **known: Any) -> Repo:
        """Put a folder on it as a repository of one commit.

        Args:
            repo_id: Owner and name.
            folder: Its files are read when they are asked for.
            kind: "model", "dataset" or "space".
            **known: Fields of `Repo`, such as gated="manual" or downloads=5.
        """
        repo = self._shelf.add(Repo(kind, repo_id, **known))
        repo.commit("Upload", folder_files(Path(folder)))
        return repo

    def grant(self, repo_id: str, token: str | None = None, kind: Kind = "model") -> None:
        """Let somebody into a gated repository, as its authors do on its page.

        Args:
            repo_id: Owner and name.
            token: The token of who is let in; by default `self.token`.
            kind: "model", "dataset" or "space".
        """
        self._shelf.repos[kind, repo_id].granted.add(token or self.token)

    def sent(self, path: str) -> int:
        """Bytes of content that were sent so far for paths that end in `path`."""
        return sum(request.sent for request in self.log if request.path.endswith(path))

    def _switch(self, name: str, value: bool) -> None:
        """Set a variable, and the constant made of it if the library is imported already."""
        constants = sys.modules.get("huggingface_hub.constants")
        self._before[name] = (os.environ.get(name), getattr(constants, name, None))
        os.environ[name] = str(int(value))
        if constants is not None:
            setattr(constants, name, value)

    def _restore(self, name: str) -> None:
        variable, constant = self._before.pop(name)
        os.environ.pop(name, None)
        if variable is not None:
            os.environ[name] = variable
        if constant is not None:
            setattr(sys.modules["huggingface_hub.constants"], name, constant)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; of anything else, do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _answer(shelf: Shelf, request: Request) -> Answer:
    method = "GET" if request.method == "HEAD" else request.method
    for wanted, address, route in _ROUTES:
        if wanted == method and (found := address.fullmatch(request.path)):
            match = {key: value for key, value in found.groupdict().items() if value is not None}
            return route(shelf, request, {"kind": "models"} | match)
    raise Refused(404, message=f"The practice Hub has nothing at {request.path}")
