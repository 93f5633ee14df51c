"""No way out of this machine.

Python imports a module of this name when it starts, if its folder is on PYTHONPATH.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo
_NAMES = {None, "", "localhost", socket.gethostname()}


def _address(host: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return None  # a name


def _inside(sock: socket.socket, target: Any) -> bool:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return True
    address = _address(target[0])
    return target[0] in _NAMES if address is None else address.is_loopback


def connect(self: socket.socket, address: Any) -> None:
    if not _inside(self, address):
        raise OSError(errno.ENETUNREACH, "Network is unreachable")
    _connect(self, address)


def connect_ex(self: socket.socket, address: Any) -> int:
    return _connect_ex(self, address) if _inside(self, address) else errno.ENETUNREACH


def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in _NAMES and _address(name) is None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return _getaddrinfo(host, *args, **kwargs)


socket.socket.connect = connect  # type: ignore[method-assign]
socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
socket.getaddrinfo = getaddrinfo
