"""API keys: from the argument, the environment or Colab's secrets, and never shown."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hflab.hub import clean_token

# Where well-known services look for their key. A key goes to its own service only: a course
# server on this machine must not be sent what OPENAI_API_KEY holds.
KEY_NAMES = {
    "api.openai.com": "OPENAI_API_KEY",
    "router.huggingface.co": "HF_TOKEN",
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.anthropic.com": "ANTHROPIC_API_KEY",
    "generativelanguage.googleapis.com": "GEMINI_API_KEY",
}


@dataclass(frozen=True)
class Key:
    """An API key, and where it came from.

    Attributes:
        name: The variable or secret that holds it, or would; None if nothing names one.
        source: "api_key", "the variable NAME", "the Colab secret NAME"; None without a key.
    """

    name: str | None
    source: str | None = None
    _value: str = field(default="", repr=False)

    def reveal(self) -> str:
        """The key itself, for the request's header and nothing else; empty without a key."""
        return self._value

    def hide(self, text: str) -> str:
        """The text without the key, for words of a server that repeat what it was sent."""
        return text.replace(self._value, "[key]") if self._value else text


def find_key(base_url: str, given: str | None = None, name: str | None = None) -> Key:
    """Find the key for a server: the one given, else that of a variable, else a Colab secret.

    Args:
        base_url: The server's address.
        given: A key to use as it is, but for spaces, quotes and line breaks around it.
        name: The variable or secret to read; by default that of a well-known service, and none
            for any other server.
    """
    name = name or KEY_NAMES.get(urlsplit(base_url).hostname or "")
    if given and (value := clean_token(given)):
        return Key(name, "api_key", value)
    if name and (value := clean_token(os.environ.get(name, ""))):
        return Key(name, f"the variable {name}", value)
    if name and (value := clean_token(_colab_secret(name))):
        return Key(name, f"the Colab secret {name}", value)
    return Key(name)


def _colab_secret(name: str) -> str:
    if "google.colab" not in sys.modules:
        return ""
    userdata = importlib.import_module("google.colab.userdata")
    try:
        return str(userdata.get(name) or "")
    except Exception:  # no such secret, access not granted, time-out: unrelated classes of Colab's
        return ""
