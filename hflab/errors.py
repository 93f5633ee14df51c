"""The exception tree: what went wrong, why, and what to do about it.

    HflabError
    ├── ModelNotFoundError    (OSError)          no such model, folder or revision
    ├── GatedModelError       (OSError)          the model asks for a login or an accepted license
    ├── OfflineError          (OSError)          the Hub or a server is out of reach
    ├── CorruptWeightsError   (OSError)          a model file is missing, cut short or wrong
    ├── UnsafeModelError      (PermissionError)  loading would run somebody else's code
    ├── UnsupportedModelError (ValueError)       transformers does not know this architecture
    ├── NoChatTemplateError   (ValueError)       a base model was asked to chat
    ├── ContextOverflowError  (ValueError)       prompt and reply do not fit the context window
    ├── MessageError          (ValueError)       the list of messages is malformed
    ├── ParameterError        (ValueError)       an argument has a value that cannot work
    ├── OutOfMemoryError      (RuntimeError)     the memory of this machine is not enough
    ├── BusyError             (RuntimeError)     the same chat is already generating
    └── MissingExtraError     (ImportError)      an optional part of hflab is not installed

Every class also inherits the builtin exception beside it, so `except OSError` still works.
"""

from __future__ import annotations

from functools import partial
from typing import Any


class HflabError(Exception):
    """Base of every error that hflab raises on purpose.

    Args:
        what: One sentence: what happened.
        why: One sentence: the reason.
        remedy: One sentence: what to do now.

    Example:
        ```
        try:
            model, tokenizer = hflab.load("chta")
        except hflab.errors.HflabError as error:
            print(error.remedy)
        ```
    """

    def __init__(self, what: str, why: str = "", remedy: str = "") -> None:
        # One argument only: OSError would read two or three as errno, text and file name.
        super().__init__("\n".join(part for part in (what, why, remedy) if part))
        self.what = what
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        # Some builtin bases build their own text from their own fields, so ours is fixed here.
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        # The builtin bases pickle by calling the class with `args`; ours needs its named fields.
        fields = {"what": self.what, "why": self.why, "remedy": self.remedy}
        return partial(type(self), **fields), (), self.__dict__.copy()


class ModelNotFoundError(HflabError, OSError):
    """No model, folder or revision of that name exists."""


class GatedModelError(HflabError, OSError):
    """The model's page asks for a login, an accepted license or a valid token."""


class OfflineError(HflabError, OSError):
    """The Hub is out of reach and the model is not on this disk, or a model server fails."""


class CorruptWeightsError(HflabError, OSError):
    """A model file is missing, cut short, or not what its name says."""


class UnsafeModelError(HflabError, PermissionError):
    """Loading would run code that came with the model; nothing was run."""


class UnsupportedModelError(HflabError, ValueError):
    """The installed transformers does not know this model's architecture."""


class NoChatTemplateError(HflabError, ValueError):
    """A model without a chat template was asked to chat."""


class ContextOverflowError(HflabError, ValueError):
    """The prompt and the requested reply do not fit the model's context window."""


class MessageError(HflabError, ValueError):
    """The list of messages is malformed."""


class ParameterError(HflabError, ValueError):
    """An argument, such as a generation parameter, has a value that cannot work."""


class OutOfMemoryError(HflabError, RuntimeError):
    """The memory of this machine is not enough."""


class BusyError(HflabError, RuntimeError):
    """The same chat is already generating a reply."""


class MissingExtraError(HflabError, ImportError):
    """An optional part of hflab is not installed.

    Args:
        what: One sentence: what happened.
        why: One sentence: the reason.
        remedy: One sentence; by default the pip command that installs the extra.
        extra: Name of the extra, as in `pip install "hflab[extra]"`.
    """

    def __init__(self, what: str, why: str = "", remedy: str = "", *, extra: str = "") -> None:
        super().__init__(what, why, remedy or f'Install it with: pip install "hflab[{extra}]"')
        self.extra = extra
