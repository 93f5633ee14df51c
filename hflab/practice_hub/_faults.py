"""Faults: what can go wrong on purpose, by the path of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass
class Answer:
    """What is answered.

    Attributes:
        content: Bytes, a file's content, or anything that JSON can hold.
        headers: Besides Content-Length and Content-Type.
        status: 200 for a success.
    """

    content: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass
class Fault:
    """Something that goes wrong on purpose, for requests whose path fits.

    Several can be combined, such as `seconds` with `status`.

    Attributes:
        path: Pattern of the request's path, with * for anything, such as "*/model.safetensors".
        method: Only requests of this method, such as "GET"; by default all.
        times: How many requests it meets before it is over; by default all.
        status: Answer with this status and no content.
        code: What X-Error-Code says with it.
        message: What X-Error-Message says with it.
        retry_after: What Retry-After says with it, in seconds.
        seconds: Wait so long before answering.
        pace: Send the content with so many bytes a second.
        cut: Break the connection after so many bytes of the content.
        etag: Claim this etag.
        body: Answer with this content, such as a web page.
        redirect: Send the client to this path; the same path makes a loop.
    """

    path: str
    method: str | None = None
    times: int | None = None
    status: int | None = None
    code: str = ""
    message: str = ""
    retry_after: int | None = None
    seconds: float = 0.0
    pace: float | None = None
    cut: int | None = None
    etag: str | None = None
    body: bytes | None = None
    redirect: str | None = None

    def meets(self, method: str, path: str) -> bool:
        """Whether it applies to a request, which then counts."""
        if self.times == 0 or (self.method or method) != method or not fnmatchcase(path, self.path):
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def spoil(self, answer: Answer) -> None:
        """Change an answer as this fault wants it."""
        if self.body is not None:
            answer.content = self.body
            answer.headers["Content-Type"] = "text/html"
        if self.etag is not None:
            answer.headers["ETag"] = f'"{self.etag}"'
        if self.redirect is not None:
            answer.status, answer.content = 302, b""
            answer.headers["Location"] = self.redirect
        if self.status is not None:
            answer.status, answer.content, answer.headers = self.status, b"", {}
            said = {"X-Error-Code": self.code, "X-Error-Message": self.message}
            answer.headers |= {name: value for name, value in said.items() if value}
            if self.retry_after is not None:
                answer.headers["Retry-After"] = str(self.retry_after)
