"""The openai client for one server: address checked, no detours, nobody else's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hflab.errors import MissingExtraError, ParameterError
from hflab.keys import Key

if TYPE_CHECKING:
    from openai import OpenAI

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def checked_url(base_url: str) -> str:
    """The address without a slash at its end.

    Raises:
        ParameterError: It is no address of a server, or holds a password.
    """
    parts = urlsplit(base_url if isinstance(base_url, str) else "")
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ParameterError(
            what="base_url is no address of a server.",
            why="It must begin with http:// or https:// and a host, and hold no password.",
            remedy='Write it like "http://localhost:8000/v1"; a key goes into api_key.',
        )
    return base_url.rstrip("/")


def is_openai(base_url: str) -> bool:
    """Whether this is OpenAI's own service, which differs a little from the servers like it."""
    return urlsplit(base_url).hostname == "api.openai.com"


def make_client(base_url: str, key: Key, timeout: float, max_retries: int) -> OpenAI:
    """Make the client that sends the requests; nothing is sent yet.

    Args:
        base_url: A checked address.
        key: The key to send; without one, the word "none".
        timeout: Seconds to wait for a piece of an answer; 5 of them for a connection.
        max_retries: How often a failed request is tried again.

    Raises:
        MissingExtraError: The openai package is not installed.
    """
    try:
        # An optional extra; importing it takes about a second.
        import openai
    except ImportError as error:
        raise MissingExtraError(
            "RemoteChat needs the openai package.",
            "It speaks the interface that all these servers share.",
            extra="remote",
        ) from error
    local = urlsplit(base_url).hostname in _LOOPBACK
    client = openai.OpenAI(
        base_url=base_url,
        api_key=key.reveal() or "none",  # the client wants one
        timeout=openai.Timeout(timeout, connect=5.0),
        max_retries=max_retries,
        # A proxy that the environment names can't reach this machine's own servers.
        http_client=openai.DefaultHttpxClient(trust_env=False) if local else None,
    )
    if not is_openai(base_url):
        client.organization = client.project = None  # read from variables
    return client
