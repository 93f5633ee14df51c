"""Run a command with the network cut: in a namespace of its own, or with sockets that refuse.

    python tests/network.py COMMAND …

On Linux, where the machine allows it, the kernel cuts: `unshare` gives the command a network that
has nothing but a loopback interface. Elsewhere every Python process of the command refuses to
connect to another machine or to look up its name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve()
REFUSING = HERE.parent / "refusing"


@cache
def road() -> list[str]:
    """The command to put before another to cut its network; empty where sockets have to refuse."""
    for road in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if sys.platform == "linux" and shutil.which("unshare"):
            command = [*road, sys.executable, str(HERE), "--inside", sys.executable, "-c", ""]
            if subprocess.run(command, capture_output=True, timeout=60).returncode == 0:
                return road
    return []


def cut(command: list[str], *, refuse: bool = False) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment that run `command` without a network.

    Args:
        command: What to run.
        refuse: Take the second road, even where the first is open.
    """
    environment = dict(os.environ)
    if road() and not refuse:
        return [*road(), sys.executable, str(HERE), "--inside", *command], environment
    paths = [str(REFUSING), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return command, environment


def raise_loopback() -> None:
    """Switch on the loopback interface, down in a new namespace; Jupyter's kernels need it."""
    # Linux only, like the namespace.
    import fcntl
    import socket
    import struct

    get_flags, set_flags, up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, get_flags, request))[1]
        fcntl.ioctl(control, set_flags, struct.pack("16sh14x", b"lo", flags | up))


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--inside"]:
        raise_loopback()
        os.execvp(arguments[1], arguments[1:])
    command, environment = cut(arguments)
    return subprocess.run(command, env=environment).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
