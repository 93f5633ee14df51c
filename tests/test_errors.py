"""hflab.errors: three sentences, builtin bases, copies."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from hflab import errors

BASES = {
    "ModelNotFoundError": OSError,
    "GatedModelError": OSError,
    "OfflineError": OSError,
    "CorruptWeightsError": OSError,
    "UnsafeModelError": PermissionError,
    "UnsupportedModelError": ValueError,
    "NoChatTemplateError": ValueError,
    "ContextOverflowError": ValueError,
    "MessageError": ValueError,
    "ParameterError": ValueError,
    "OutOfMemoryError": RuntimeError,
    "BusyError": RuntimeError,
    "MissingExtraError": ImportError,
}
CLASSES = [getattr(errors, name) for name in BASES]


def test_the_table_is_complete_and_drawn_in_the_module_docstring():
    defined = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and value.__module__ == "hflab.errors"
    }
    assert defined == {"HflabError", *BASES}
    assert all(name in errors.__doc__ for name in defined)


@pytest.mark.parametrize("cls", [errors.HflabError, *CLASSES])
def test_str_is_the_three_sentences(cls):
    error = cls(what="It broke.", why="It was old.", remedy="Buy a new one.")
    assert str(error) == "It broke.\nIt was old.\nBuy a new one."
    assert (error.what, error.why, error.remedy) == ("It broke.", "It was old.", "Buy a new one.")


@pytest.mark.parametrize("cls", CLASSES)
def test_the_builtin_catches_it(cls):
    base = BASES[cls.__name__]
    with pytest.raises(base) as caught:
        raise cls("What.", "Why.", "Remedy.")
    assert isinstance(caught.value, errors.HflabError)
    # Two or three arguments to OSError would have become errno, text and file name.
    assert getattr(caught.value, "errno", None) is None
    assert getattr(caught.value, "filename", None) is None


@pytest.mark.parametrize("cls", [errors.HflabError, *CLASSES])
@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_copies_and_pickles_are_whole(cls, duplicate):
    error = cls(what="A.", why="B.", remedy="C.")
    error.model_id = "chat"
    again = duplicate(error)
    assert type(again) is cls
    assert str(again) == str(error)
    assert (again.what, again.why, again.remedy, again.model_id) == ("A.", "B.", "C.", "chat")


def test_missing_extra_names_the_command_and_survives_pickling():
    error = errors.MissingExtraError("openai is not installed.", "It is needed.", extra="remote")
    assert error.remedy == 'Install it with: pip install "hflab[remote]"'
    again = pickle.loads(pickle.dumps(error))
    assert (again.extra, str(again)) == ("remote", str(error))
