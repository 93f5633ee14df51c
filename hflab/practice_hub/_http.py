"""HTTP: requests read, faults played, answers written, all of it on record."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hflab.practice_hub._faults import Answer, Fault
from hflab.practice_hub._repos import Blob

_CHUNK = 65_536


@dataclass
class Request:
    """A request that was made.

    Attributes:
        method: Such as "GET".
        path: With its percent signs resolved, without what follows a question mark.
        query: What follows it, name → values.
        status: What was answered.
        range: The Range header; empty if none was sent.
        sent: Bytes of content sent back.
        authorization: The Authorization header; never printed.
        body: What came with it, until it is answered; never printed.
    """

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    status: int = 0
    range: str = ""
    sent: int = 0
    authorization: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def token(self) -> str:
        """The access token that came with it; empty if none did."""
        return self.authorization.removeprefix("Bearer ").strip()

    def first(self, name: str, otherwise: str = "") -> str:
        """The first value of a name in the query."""
        return self.query.get(name, [otherwise])[0]

    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Refused(400, message="The body is not a JSON object")
        return value


class Refused(Exception):  # noqa: N818 - an answer, not an error of the program
    """A request that is answered with a refusal.

    Args:
        status: 400, 401, 403, 404, 409 or 416.
        code: What X-Error-Code says: how clients tell the reasons apart.
        message: What X-Error-Message says.
        headers: More headers.
    """

    def __init__(
        self, status: int, code: str = "", message: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message or code)
        self.status = status
        self.headers = dict(headers or {})
        self.headers |= {"X-Error-Code": code} if code else {}
        self.headers |= {"X-Error-Message": message} if message else {}


class Handler(BaseHTTPRequestHandler):
    """Reads a request, has it answered, and writes the answer."""

    protocol_version = "HTTP/1.1"
    server_version = "PracticeHub"
    # Set on the subclass that each server makes for itself.
    answer: Callable[[Request], Answer]
    faults: list[Fault]
    log: list[Request]

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        request = Request(self.command, unquote(parts.path), parse_qs(parts.query))
        request.range = self.headers.get("Range", "")
        request.authorization = self.headers.get("Authorization", "")
        request.body = self._body()
        self.log.append(request)
        faults = [fault for fault in self.faults if fault.meets(request.method, request.path)]
        time.sleep(sum(fault.seconds for fault in faults))
        answer = self._answered(request)
        for fault in faults:
            fault.spoil(answer)
        request.body = b""
        request.status = answer.status
        self._write(request, answer, faults)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names

    def _answered(self, request: Request) -> Answer:
        try:
            return type(self).answer(request)
        except Refused as refusal:
            said = refusal.headers.get("X-Error-Message") or f"Refused with {refusal.status}"
            return Answer({"error": said}, refusal.headers, refusal.status)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks = []
            while length := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                chunks.append(self.rfile.read(length))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _write(self, request: Request, answer: Answer, faults: list[Fault]) -> None:
        content = answer.content
        if not isinstance(content, Blob | bytes):
            content = json.dumps(content).encode()
            answer.headers.setdefault("Content-Type", "application/json; charset=utf-8")
        blob = content if isinstance(content, Blob) else Blob(content)
        start, stop = 0, blob.size
        if request.range and answer.status == 200 and isinstance(content, Blob):
            start, stop = _range(request.range, blob.size)
            if start >= stop:
                answer.status, answer.headers["Content-Range"] = 416, f"bytes */{blob.size}"
                start = stop = 0
            else:
                answer.status = 206
                answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{blob.size}"
        request.status = answer.status
        self.send_response(answer.status)
        answer.headers.setdefault("Content-Type", "application/octet-stream")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        if self.command != "HEAD":
            self._send(request, blob, start, stop, faults)

    def _send(
        self, request: Request, blob: Blob, start: int, stop: int, faults: list[Fault]
    ) -> None:
        end = min([stop, *(start + fault.cut for fault in faults if fault.cut is not None)])
        pause = sum(_CHUNK / fault.pace for fault in faults if fault.pace)
        while start < end:
            chunk = blob.read(start, min(start + _CHUNK, end))
            self.wfile.write(chunk)
            request.sent += len(chunk)
            start += len(chunk)
            time.sleep(pause)
        # Fewer bytes than were promised: the connection has to end for the client to notice.
        self.close_connection = self.close_connection or end < stop

    def log_message(self, *args: Any) -> None:
        """Nothing is printed; the requests are in `PracticeHub.log`."""


def _range(header: str, size: int) -> tuple[int, int]:
    """First byte and the one after the last of "bytes=2-5", "bytes=2-" or "bytes=-5"."""
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not (first + last).isdigit():
        return 0, size
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
