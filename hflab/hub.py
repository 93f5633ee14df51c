"""The Hugging Face Hub: is it in reach, which token is used, and its failures in plain words."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from hflab.errors import GatedModelError, HflabError, ModelNotFoundError, OfflineError

# The HTTP library's own base class: huggingface_hub changed libraries between versions.
_TRANSPORT_ERROR = HfHubHTTPError.__bases__[0]
TOKEN_PAGE = "https://huggingface.co/settings/tokens"


@dataclass(frozen=True)
class TokenSource:
    """Where the access token comes from; its value is kept nowhere in here.

    Attributes:
        name: "the HF_TOKEN variable", "the Colab secret HF_TOKEN", "the login file"; None without a
            token.
        problem: What is wrong with the token's form; None if nothing is.
    """

    name: str | None
    problem: str | None = None


def offline() -> bool:
    """Whether HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE told this process to stay offline."""
    return bool(constants.is_offline_mode())


@contextmanager
def stay_offline() -> Iterator[None]:
    """Run a block as if HF_HUB_OFFLINE were set, so that nothing waits for a Hub that is away."""
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def reachable(timeout: float = 3.0) -> bool:
    """Whether the Hub answers, asked with one small request.

    Args:
        timeout: Seconds to wait for an answer. The call itself returns within about a second more.
    """
    if offline():
        return False
    answers: list[bool] = []

    def ask() -> None:
        try:
            huggingface_hub.utils.get_session().head(constants.ENDPOINT, timeout=timeout)
            answers.append(True)
        except Exception:  # the exception classes differ between versions of huggingface_hub
            answers.append(False)

    # A thread, because looking up the host name can hang for much longer than any HTTP time-out.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout + 1.0)
    return bool(answers and answers[0])


def clean_token(token: str) -> str:
    """Take out what pasting adds to a token: spaces, line breaks, quotes, invisible characters."""
    return "".join(c for c in token if c.isascii() and c.isprintable() and c not in " \"'`")


def token_source() -> TokenSource:
    """Find the token in the order in which huggingface_hub looks for it, and judge its form."""
    for name, token in _tokens():
        if token.strip():
            return TokenSource(name, _token_problem(token))
    return TokenSource(None)


def usable_token(token: str | bool | None) -> str | bool | None:
    """The token to send: a given one cleaned, or the cleaned form of a stored one that needs it.

    A line break or quote in a token would otherwise reach the request's header, and errors there
    quote the header.
    """
    if isinstance(token, str):
        return clean_token(token) or None
    if token is None:
        for _, stored in _tokens():
            if stored.strip():
                cleaned = clean_token(stored)
                return cleaned if cleaned != stored.strip() else None
    return token


def cached_models() -> list[str]:
    """Ids of the models in the Hub's cache folder on this disk."""
    folders = Path(constants.HF_HUB_CACHE).glob("models--*/snapshots")
    return sorted(
        folder.parent.name.removeprefix("models--").replace("--", "/") for folder in folders
    )


def explain(
    error: BaseException, model_id: str, *, near: str = "", twin: str = ""
) -> HflabError | None:
    """Turn a failure of the Hub into one of hflab's errors.

    Told apart by the type of the error and of its causes, never by the text.

    Args:
        error: What huggingface_hub or transformers raised.
        model_id: The model that was asked for.
        near: A sentence with similar names, for a model that does not exist.
        twin: An open model to offer in place of a gated one.

    Returns:
        The error to raise, or None if the failure was not the Hub's.
    """
    for cause in _causes(error):
        status = cause.response.status_code if isinstance(cause, HfHubHTTPError) else 0
        if isinstance(cause, GatedRepoError):
            return _gated(model_id, status, twin)
        if isinstance(cause, RevisionNotFoundError):
            return ModelNotFoundError(
                f"The model {model_id!r} has no such revision.",
                "A revision is a branch, a tag or a commit of the model's repository.",
                f"Choose one on {_page(model_id)}/tree/main, or leave revision out.",
            )
        if isinstance(cause, RepositoryNotFoundError):
            return ModelNotFoundError(
                f"There is no model {model_id!r} on the Hub that you can see.",
                "The name is misspelled, or the model is private and no token for it was sent.",
                near or "Copy the name from the model's page, as in 'owner/name'.",
            )
        if status == 401:
            return GatedModelError(
                f"The Hub rejected the access token while asking for {model_id!r}.",
                "The token is wrong or has expired; hflab doctor says where it comes from.",
                f"Make a new one on {TOKEN_PAGE}, or remove it: open models need none.",
            )
        if status == 403:
            return _gated(model_id, status, twin)
        if isinstance(cause, OfflineModeIsEnabled | LocalEntryNotFoundError) or failed(cause):
            return out_of_reach(model_id)
        if isinstance(cause, EntryNotFoundError):
            return ModelNotFoundError(
                f"The repository {model_id!r} holds no model for transformers.",
                "A file that every such model has is missing from it, such as config.json.",
                "It may be an adapter, a diffusers or a GGUF model: its page says how to load it.",
            )
    return None


def failed(error: BaseException) -> bool:
    """Whether the Hub is at fault, not the request: no answer, overload, a server error."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, _TRANSPORT_ERROR)


def out_of_reach(model_id: str, at_hand: str = "") -> OfflineError:
    """The error for a model that is neither on this disk nor to be had from the Hub now."""
    why = (
        "HF_HUB_OFFLINE is set"
        if offline()
        else f"{constants.ENDPOINT} does not answer as it should"
    )
    fix = "Unset HF_HUB_OFFLINE and restart" if offline() else "Check the network and try again"
    return OfflineError(
        f"The model {model_id!r} is not on this disk and cannot be downloaded now.",
        f"{why}, so only models that are already here can be loaded.",
        f"{fix}, or use a model at hand: {at_hand or ', '.join(cached_models()) or 'none'}.",
    )


def _gated(model_id: str, status: int, twin: str) -> GatedModelError:
    instead = f" Or use an open model: {twin}." if twin else ""
    if status == 401:
        return GatedModelError(
            f"The model {model_id!r} is gated and no access token was sent.",
            "Its authors want to know who downloads it and that the license was accepted.",
            f"Accept the license on {_page(model_id)}, make a token on {TOKEN_PAGE}"
            f" and set HF_TOKEN to it.{instead}",
        )
    return GatedModelError(
        f"Your access token is valid but may not download {model_id!r}.",
        "The license is not accepted yet, the request is pending, or the token lacks the right.",
        f"Look at the top of {_page(model_id)} for your request's state, and at {TOKEN_PAGE}"
        f" for the token's rights.{instead}",
    )


def _page(model_id: str) -> str:
    return f"{constants.ENDPOINT}/{model_id}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _tokens() -> Iterator[tuple[str, str]]:
    """Every place a token may come from, with its raw value, in huggingface_hub's order."""
    for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        yield f"the {variable} variable", os.environ.get(variable, "")
    login = ""
    with suppress(OSError, ValueError):
        login = Path(constants.HF_TOKEN_PATH).read_text(encoding="utf-8")
    # The line break that editors put at a file's end does no harm: huggingface_hub strips it.
    yield "the login file", login.rstrip("\r\n")
    if "google.colab" in sys.modules:
        # Through huggingface_hub, which asks once a session and takes a refusal for an answer.
        yield "the Colab secret HF_TOKEN", huggingface_hub.get_token() or ""


def _token_problem(token: str) -> str | None:
    if "\n" in token or "\r" in token:
        return "it contains a line break"
    if any(quote in token for quote in "\"'`"):
        return "it contains quotes"
    if any(c.isspace() for c in token):
        return "it contains a space"
    if clean_token(token) != token:
        return "it contains characters that no token has"
    if not token.startswith(("hf_", "api_org_", "eyJ")):
        return "it does not start with hf_"
    return None
