"""With the network cut, every notebook runs from first to last cell, and the chat answers."""

from __future__ import annotations

import subprocess
import sys

import pytest
from network import cut, road
from notebook_files import NOTEBOOKS, ROOT

from hflab.tiny import tiny_model

# An address of the range kept for examples (RFC 5737): nobody is there, and without a network
# nothing is sent.
PROBE = """
import socket, sys
try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError as error:
    print("refused at once" if error.errno in (101, 51, 10051) else repr(error))
try:
    socket.getaddrinfo("example.com", 80)
except OSError:
    print("no names")
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname(), timeout=5)
print("loopback works")
"""


def run_cut(command, *, refuse=False, **kwargs):
    command, environment = cut(command, refuse=refuse)
    # A learner's machine is not set to offline: whatever asks the network must find out by itself.
    environment |= {"HF_HUB_OFFLINE": "0", "PYTHONUTF8": "1"}
    kwargs = {"capture_output": True, "text": True, "encoding": "utf-8", "cwd": ROOT, **kwargs}
    return subprocess.run(command, env=environment, **kwargs)


@pytest.mark.parametrize("refuse", [False, True], ids=["first road", "second road"])
def test_the_network_is_really_cut(refuse):
    run = run_cut([sys.executable, "-c", PROBE], refuse=refuse, timeout=60)
    assert run.stdout.splitlines() == ["refused at once", "no names", "loopback works"], run.stderr


@pytest.mark.skipif(not NOTEBOOKS, reason="no notebooks")
def test_every_notebook_runs_to_its_last_cell(capsys):
    command = [sys.executable, "-m", "pytest", "notebooks", "-q", "-p", "no:cacheprovider"]
    run = run_cut(command, timeout=1200)
    with capsys.disabled():
        print(f"\nnotebooks with the network cut by {' '.join(road()) or 'sockets that refuse'}")
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert " notebook cells ran, " in run.stdout


@pytest.mark.skipif("chat" not in tiny_model(), reason="the bundled chat model is not built")
def test_the_chat_answers():
    questions = "What is a token?\nWhat is the capital of France?\n"
    command = [sys.executable, "-c", "from hflab.cli import main; raise SystemExit(main())", "chat"]
    run = run_cut(command, input=questions, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "text" in run.stdout
    assert "Paris" in run.stdout
