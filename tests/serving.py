"""Servers on loopback for the tests: `transformers serve`, and one that fails as it is asked to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECONDS_TO_START = 300  # on a machine that is busy with other things


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: list[str], address: str, log: Path, *, cwd: Path | None = None, **variables: str
) -> Iterator[int]:
    """Run a server until the block ends; it has started when `address` answers. Gives its pid."""
    with log.open("w") as out:
        environment = {**os.environ, **variables}
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, cwd=cwd, env=environment
        )
    try:
        until = time.monotonic() + SECONDS_TO_START
        while True:
            with suppress(OSError), urllib.request.urlopen(address, timeout=5):
                break
            said = log.read_text(encoding="utf-8", errors="replace")[-3000:]
            assert process.poll() is None and time.monotonic() < until, said
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def transformers_serve(folder: Path, work: Path) -> Iterator[tuple[str, int]]:
    """`transformers serve` with one model folder, named as that folder is. Gives address, pid."""
    port = free_port()
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", folder.name]
    command += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32"]
    root = f"http://127.0.0.1:{port}"
    # Without a cache folder of the Hub, its list of models fails.
    hub = work / "hub"
    hub.mkdir()
    log = work / "serve.log"
    with running(command, f"{root}/health", log, cwd=folder.parent, HF_HUB_CACHE=str(hub)) as pid:
        yield f"{root}/v1", pid


MODELS = ["course-chat", "course-large"]
PAGE = "<!DOCTYPE html><html><body>Please log in</body></html>"


def chunk(text: str | None = None, finish: str | None = None) -> bytes:
    """One event of a streamed reply."""
    delta = {"content": text} if text is not None else {}
    data = {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": MODELS[0],
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(data).encode() + b"\n\n"


class FaultyServer(ThreadingHTTPServer):
    """Speaks HTTP as a model server does, and fails as the first part of the path says.

    Attributes:
        seen: Each chat request: the time it came, its headers, its JSON body.
        left: Set when a client closed an endless reply.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[float, dict[str, str], dict[str, object]]] = []
        self.left = threading.Event()

    def url(self, fault: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{fault}/v1"


@contextmanager
def faulty_server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: FaultyServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        fault = self.path.split("/")[1]
        if fault == "no-route":
            return self.answer(404, PAGE, "text/html")
        models = [{"id": name, "object": "model", "created": 0, "owned_by": ""} for name in MODELS]
        return self.answer(200, json.dumps({"object": "list", "data": models}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((time.monotonic(), headers, body))
        fault, _, count = self.path.split("/")[1].partition("=")
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        attempts = len(self.server.seen)
        if count and attempts > int(count):  # "500=2" fails twice
            fault = "fine"
        if fault == "silent" and not body.get("stream"):
            fault = "too-long"
        if fault == "429":
            self.fail(429, "Too many requests", {"Retry-After": "0.7"})
        elif fault in ("500", "503"):
            self.fail(int(fault), "out of memory")
        elif fault in ("401", "403"):
            self.fail(int(fault), f"Bad key {key}", code="invalid_api_key")
        elif fault == "404":
            self.fail(404, "model not found", code="model_not_found")
        elif fault == "no-route":
            self.answer(404, PAGE, "text/html")
        elif fault == "too-long":
            self.fail(400, "1407 tokens are more than 256", code="context_length_exceeded")
        elif fault == "llama.cpp-too-long":
            error = {"type": "exceed_context_size_error", "message": "1407 of 256", "code": 400}
            self.answer(400, json.dumps({"error": error}))
        elif fault == "422":
            self.answer(422, json.dumps({"detail": f"Unexpected fields, said {key}"}))
        elif fault == "html":
            self.answer(200, PAGE, "text/html")
        elif fault == "bad-gateway":
            self.answer(502, PAGE, "text/html")
        elif fault == "hang-up":
            self.close_connection = True
        elif fault == "slow":
            time.sleep(1.5)
            self.close_connection = True
        else:
            self.stream(fault)

    def fail(self, status: int, message: str, headers: dict[str, str] | None = None, **more: str):
        error = {"message": message, "type": "error", **more}
        self.answer(status, json.dumps({"error": error}), headers=headers)

    def answer(
        self,
        status: int,
        text: str,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def stream(self, fault: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        if fault != "no-finish":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        if fault == "silent":  # no word in the stream; asked without one, it says why
            return self.wfile.write(b"0\r\n\r\n")
        if fault == "error-first":
            return self.event(b'data: {"error": {"message": "CUDA error"}}\n\n')
        if fault == "endless":
            return self.talk()
        for piece in ("Hello", ", ", "Zürich 🙂"):
            self.event(chunk(piece), chunked=fault != "no-finish")
        if fault == "cut":  # in the middle of a chunk, as when a server is killed
            self.wfile.write(b"ff\r\ndata: {")
        elif fault == "error-inside":
            self.event(b'data: {"error": {"message": "CUDA error"}}\n\n')
        elif fault == "garbage":
            self.event(b"data: {not json\n\n")
        elif fault != "no-finish":
            self.event(chunk(finish="stop") + b"data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")
        return None

    def event(self, data: bytes, *, chunked: bool = True) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)

    def talk(self) -> None:
        try:
            while not self.server.left.is_set():
                self.event(chunk("word "))
                time.sleep(0.01)
        except OSError:
            self.server.left.set()
