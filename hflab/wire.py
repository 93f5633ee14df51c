"""The OpenAI interface: parameters in its words, and its servers' failures in plain ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from numbers import Integral, Real
from typing import Any

from hflab.errors import (
    ContextOverflowError,
    GatedModelError,
    HflabError,
    ModelNotFoundError,
    OfflineError,
    ParameterError,
)
from hflab.keys import Key
from hflab.parameters import check_parameters

# transformers' words, used everywhere in hflab, and what a request calls them.
_SAME = {"max_new_tokens": "max_tokens", "stop_strings": "stop"} | {
    name: name for name in ("temperature", "top_p")
}
_PENALTIES = ("frequency_penalty", "presence_penalty")
_ONLY_HERE = [*_PENALTIES, "extra_body"]
_KNOWN = {*_SAME, *_ONLY_HERE, "do_sample", "seed"}
# How servers mark a prompt that is too long: OpenAI and llama-cpp-python, llama.cpp.
_TOO_LONG = {"context_length_exceeded", "exceed_context_size_error"}


def check_request(parameters: Mapping[str, Any]) -> None:
    """Refuse names that a request doesn't have and values that can't work, before it is sent.

    None stands for the server's own default, except for `max_new_tokens`.

    Raises:
        ParameterError: The first wrong name or value, and what to write instead.
    """
    for name, value in parameters.items():
        if name in _SAME or name == "do_sample":
            check_parameters({name: value})
        elif name not in _KNOWN:
            raise _unknown(name, value)
        elif value is None:
            continue
        elif name in _PENALTIES:
            number = isinstance(value, Real) and not isinstance(value, bool)
            if not (number and -2 <= value <= 2):
                raise _wrong(name, value, "a number between -2 and 2 (0 switches it off)")
        elif name == "seed":
            if not isinstance(value, Integral) or isinstance(value, bool):
                raise _wrong(name, value, "a whole number")
        elif not isinstance(value, Mapping):
            raise _wrong(name, value, "a dict of fields to add to the request")


def request_fields(parameters: Mapping[str, Any], *, limit: str = "max_tokens") -> dict[str, Any]:
    """Write checked parameters as fields of a request; `limit` is what it calls max_new_tokens."""
    fields = {_SAME.get(k, k): v for k, v in parameters.items() if v is not None}
    if fields.pop("do_sample", None) is False:
        fields["temperature"] = 0  # how the interface says: the most likely token every time
    fields[limit] = fields.pop("max_tokens")
    return fields


def transport_errors(response: object) -> type[Exception]:
    """The base class of errors while a response is read: that of the client's HTTP library.

    openai changed libraries between versions, and some versions let its errors through.
    """
    library = import_module(type(response).__module__.partition(".")[0])
    base: type[Exception] = library.HTTPError
    return base


def explain(
    error: Exception, url: str, model: str, key: Key, available: Callable[[], list[str] | None]
) -> HflabError:
    """Turn a failure of the openai client into one of hflab's errors.

    Told apart by status code and by the server's error code, never by its text.

    Args:
        error: What the client raised before the first piece of a reply.
        url: The server's address.
        model: The model that was asked for.
        key: The key that was sent.
        available: Asks the server for the names of its models; None if it has no such list.
    """
    # An optional extra; whoever got an error from it has it.
    import openai

    if isinstance(error, openai.APITimeoutError):
        return OfflineError(
            f"The server at {url} did not answer in time.",
            "It may still be loading the model, or the prompt takes it long.",
            "Wait and try again, or give it longer: RemoteChat(..., timeout=900).",
        )
    if isinstance(error, openai.APIConnectionError):
        return OfflineError(
            f"No server answers at {url}.",
            "Nothing listens there, the address is wrong, or the network is down.",
            "Start the server, wait until it says that it is ready, and check base_url.",
        )
    words = key.hide(_words(error))
    said = f"It says: {words}" if words else "It doesn't say why."
    status = error.status_code if isinstance(error, openai.APIStatusError) else 0
    if status in (401, 403):
        return _refused_key(url, status, key)
    if status == 404:
        names = available()
        if names is None:
            return no_model_server(url)
        if model not in names:
            return ModelNotFoundError(
                f"The server at {url} has no model {model!r}.",
                f"It has: {', '.join(names) or 'none yet'}.",
                "Use one of these names, letter by letter, or make the server load yours.",
            )
    if status == 429:
        return OfflineError(
            f"The server at {url} takes no more requests from you now.",
            said,
            "Wait a while; with a hosted service, look at your account's limits and credit.",
        )
    if status >= 500:
        return OfflineError(
            f"The server at {url} failed (status {status}), also when asked again.",
            said,
            "Read its log: it may not know this model, or not have the memory for it.",
        )
    if _too_long(error):
        return _overflow(said)
    return ParameterError(
        f"The server at {url} refuses this request (status {status}).",
        said,
        "Change what it names: the model, a parameter, or the length of the conversation.",
    )


def no_model_server(url: str) -> OfflineError:
    """The error for an address where something answers, but not in the OpenAI interface."""
    return OfflineError(
        f"What answers at {url} is no model server.",
        "It sent something else, such as a web page: a wrong path, a login page or a proxy.",
        "Check base_url; it usually ends in /v1, as in http://localhost:8000/v1.",
    )


def broken_off(url: str, error: Exception | None, key: Key, begun: bool) -> HflabError:
    """The error for a reply that ended too early; `begun` when a part of it had come."""
    words = key.hide(_words(error)) if error else ""
    said = f"The server says: {words}" if words else "The connection or the server failed."
    if begun:
        return OfflineError(
            f"The reply from {url} broke off in the middle.",
            said,
            "The part that came is the last message: ask to go on, or delete the last two messages"
            " and ask again.",
        )
    if error and _too_long(error):
        return _overflow(said)
    return OfflineError(
        f"The reply from {url} ended before its first word.", said, "Read its log, and try again."
    )


def _too_long(error: Exception) -> bool:
    return bool(_TOO_LONG & {getattr(error, "code", None), getattr(error, "type", None)})


def _overflow(said: str) -> ContextOverflowError:
    return ContextOverflowError(
        "The conversation and the reply don't fit the context window of the server's model.",
        said,
        "Lower max_new_tokens, shorten the messages, or call reset().",
    )


def _refused_key(url: str, status: int, key: Key) -> GatedModelError:
    if key.source is None:
        place = f"or set the variable or Colab secret {key.name}" if key.name else "or key_name="
        return GatedModelError(
            f"The server at {url} asks for an API key.",
            "None was sent: keys go only to the service that they belong to.",
            f"Pass api_key=..., {place}" + ("." if key.name else '"NAME" of a variable or secret.'),
        )
    if status == 403:
        return GatedModelError(
            f"The server at {url} knows your API key but refuses this request.",
            f"The key, from {key.source}, may lack the right to use this model.",
            "Look at the key's rights on the service's page, or choose another model.",
        )
    return GatedModelError(
        f"The server at {url} rejected the API key.",
        f"The key, from {key.source}, is wrong, has expired, or belongs to another service.",
        "Make a new one on the service's page and copy it whole.",
    )


def _words(error: Exception) -> str:
    """What the server said, in one line; empty if it said nothing, or sent a web page."""
    # As another kind of error than a status, it has no body.
    body = getattr(error, "body", None)
    if isinstance(body, Mapping):
        body = body.get("message") or body.get("detail") or body.get("error")
    text = " ".join(str(body or "").split())
    if text.startswith("<"):
        return ""
    return text if len(text) <= 300 else text[:297] + "..."


def _unknown(name: str, value: object) -> ParameterError:
    close = get_close_matches(name, _ONLY_HERE, n=1, cutoff=0.8)
    if not close:
        check_parameters({name: value})  # raises, unless transformers knows it
    remedy = f'If this server knows it, write extra_body={{"{name}": {value!r}}}.'
    return ParameterError(
        what=f"{name} is not a parameter of the OpenAI interface.",
        why="Servers refuse a field that they don't know, or ignore it without a word.",
        remedy=f"Did you mean {close[0]}?" if close else remedy,
    )


def _wrong(name: str, value: object, expected: str) -> ParameterError:
    return ParameterError(
        what=f"{name}={value!r} can't work.",
        why=f"It must be {expected}.",
        remedy=f"Give {name} such a value, or leave it out.",
    )
