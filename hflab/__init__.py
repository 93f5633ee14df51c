"""hflab: open-source language models, hands on, on any computer.

Importing the package is cheap: torch and transformers load when the first name that needs them is
used.

    import hflab

    model_id = hflab.pick("chat")
    model, tokenizer = hflab.load(model_id)
    chat = hflab.Chat(model, tokenizer)
    print(chat.send("What is a token?"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hflab.cards import models
    from hflab.catalog import pick
    from hflab.chat import Chat
    from hflab.exercises import exercise, quiz
    from hflab.freeing import free
    from hflab.generation import generate, stream
    from hflab.health import doctor
    from hflab.loading import load
    from hflab.memory import estimate_memory
    from hflab.practice_hub import PracticeHub
    from hflab.prompts import count_tokens, show_tokens
    from hflab.records import generate_records
    from hflab.remote import RemoteChat
    from hflab.tiny import tiny_model

__version__ = "0.1.0"

__all__ = [
    "Chat",
    "PracticeHub",
    "RemoteChat",
    "count_tokens",
    "doctor",
    "estimate_memory",
    "exercise",
    "free",
    "generate",
    "generate_records",
    "load",
    "models",
    "pick",
    "quiz",
    "show_tokens",
    "stream",
    "tiny_model",
]

# Where each public name lives; looked up on first use (PEP 562), then kept as an attribute.
_HOMES = {
    "Chat": "hflab.chat",
    "PracticeHub": "hflab.practice_hub",
    "RemoteChat": "hflab.remote",
    "count_tokens": "hflab.prompts",
    "doctor": "hflab.health",
    "estimate_memory": "hflab.memory",
    "exercise": "hflab.exercises",
    "free": "hflab.freeing",
    "generate": "hflab.generation",
    "generate_records": "hflab.records",
    "load": "hflab.loading",
    "models": "hflab.cards",
    "pick": "hflab.catalog",
    "quiz": "hflab.exercises",
    "show_tokens": "hflab.prompts",
    "stream": "hflab.generation",
    "tiny_model": "hflab.tiny",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hflab' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
