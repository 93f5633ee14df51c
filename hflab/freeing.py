"""Free the memory of models in a notebook, where `del model` alone gives nothing back."""

from __future__ import annotations

import builtins
import ctypes
import gc
import re
import sys
import traceback
import weakref
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from types import ModuleType, TracebackType
from typing import Any

import psutil

from hflab.environment import size
from hflab.errors import ParameterError

_RECENT = {"_", "__", "___"}  # IPython's names for the last three outputs
_FIXED = (str, bytes, int, float, complex, type(None), type, ModuleType)  # shared or kept anyway
# A trainer's optimizer's parameters are that many steps away. Still farther, all things meet.
_DEPTH, _LIMIT = 6, 100_000


def free(*names_or_objects: object) -> None:
    """Delete variables and give their memory back, in a notebook too, and print how much it was.

    What a notebook keeps of them, as outputs (`Out`, `_`, `_12`) and after errors, goes too. If
    another variable still holds an object, such as a Chat, an optimizer or a list, a line names it.

    Args:
        *names_or_objects: Names of variables, in quotes, or objects. An object is deleted under
            all its names; a name is deleted alone.

    Raises:
        ParameterError: Nothing given, an unknown name, or a number; then nothing was deleted.

    Example:
        ```
        hflab.free("model", "chat")
        ```
    """
    given = list(names_or_objects)
    del names_or_objects  # the list will be emptied, so that the arguments hold nothing either
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    space: dict[str, Any] = shell.user_ns if shell else vars(sys.modules["__main__"])
    _check(given, _variables(space, shell))
    before = _memory()
    watched = _delete(given, space, shell)
    gc.collect()
    freed = [max(old - new, 0) for old, new in zip(before, _memory(), strict=True)]
    print("freed:", ", ".join(map("{} of {}".format, map(size, freed), ("memory", "GPU memory"))))
    if targets := {id(part) for see in watched if (part := see()) is not None}:
        print("still in memory, held by", _holders(targets, space, shell))


def _variables(space: dict[str, Any], shell: Any) -> dict[str, Any]:
    """The user's own variables, without those of Python and IPython."""
    hidden = shell.user_ns_hidden if shell else {}
    own = {k: v for k, v in space.items() if k not in hidden or hidden[k] is not v}
    return {k: v for k, v in own.items() if not k.startswith("__")}


def _check(given: list[object], variables: dict[str, Any]) -> None:
    remedy = 'Give names of variables, in quotes: hflab.free("model", "chat").'
    if not given:
        raise ParameterError(what="free() was not told what to free.", remedy=remedy)
    for item in given:
        if isinstance(item, str) and item not in variables:
            close = get_close_matches(item, variables, n=1)
            what = f'There is no variable named "{item}".'
            remedy = f'Did you mean "{close[0]}"?' if close else ""
            raise ParameterError(what, "It may be misspelled, or freed already.", remedy)
        if isinstance(item, _FIXED) and not isinstance(item, str):
            raise ParameterError(what=f"{item!r} is no object to free.", remedy=remedy)


def _delete(given: list[Any], space: dict[str, Any], shell: Any) -> list[weakref.ref[Any]]:
    """Let go of what is given, and return weak references to see what stays."""
    watched = []
    _forget_errors([v for v in space.values() if isinstance(v, BaseException)], shell)
    while given:
        item = given.pop(0)
        names = [item] if isinstance(item, str) else [k for k, v in space.items() if v is item]
        item = space.get(item) if isinstance(item, str) else item
        parts = [] if isinstance(item, _FIXED) else [item, *_storages(item)]
        watched += [weakref.ref(part) for part in parts if type(part).__weakrefoffset__]
        if shell:
            _forget_outputs(set(map(id, parts)), shell)
        elif parts and vars(builtins).get("_") is item:  # shown last at Python's own prompt
            del vars(builtins)["_"]
        for name in set(names) - (_RECENT if shell else set()):  # these the shell wants to exist
            space.pop(name, None)
    return watched


def _forget_errors(errors: list[Any], shell: Any) -> None:
    """Empty the frames that tracebacks keep: their local variables hold the model."""
    errors.append(sys.exception())
    errors += [vars(sys).pop(f"last_{k}", None) for k in ("value", "exc", "traceback", "type")]
    if shell:
        result, handler = shell.last_execution_result, shell.InteractiveTB
        errors += [getattr(result, "error_in_exec", None), getattr(handler, "tb", None)]
        errors.append(shell.SyntaxTB.last_syntax_error)
        shell.last_execution_result = handler.tb = handler.pdb = None
    for error in errors:  # which grows meanwhile
        if isinstance(error, BaseException):
            more = (error.__traceback__, error.__cause__, error.__context__)
            more += getattr(error, "exceptions", ())
            errors += [e for e in more if all(e is not known for known in errors)]
        elif isinstance(error, TracebackType):
            traceback.clear_frames(error)
            for frame, _line in traceback.walk_tb(error):
                _ = frame.f_locals  # up to Python 3.12 a copy, which only reading renews


def _forget_outputs(targets: set[int], shell: Any) -> None:
    """Take whatever holds one of the targets out of IPython's memory of outputs."""
    hook, space, hidden = shell.displayhook, shell.user_ns, shell.user_ns_hidden
    for name in _RECENT:
        if _reaches(getattr(hook, name), targets, shell):
            setattr(hook, name, "")
        for names in (space, hidden):
            if _reaches(names.get(name), targets, shell):
                names[name] = getattr(hook, name)
    for store in (space["_oh"], space, hidden):
        for key, value in list(store.items()):
            own = store is space and not re.fullmatch(r"_\d+", key)
            if not own and _reaches(value, targets, shell):
                del store[key]


def _holders(targets: set[int], space: dict[str, Any], shell: Any) -> str:
    """Name the variables that hold the targets, and say what to do."""
    variables = _variables(space, shell)
    for frame, _line in traceback.walk_stack(sys._getframe()):  # the user's functions
        if frame.f_globals is space and frame.f_locals is not space:
            variables |= {f"{k} in {frame.f_code.co_name}()": v for k, v in frame.f_locals.items()}
    found = [name for name, value in variables.items() if _reaches(value, targets, shell)]
    if not found:
        return "none of your variables. A restart gives it back."
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    names = ", ".join(f'"{name}"' for name in found[:5] if name in space)
    remedy = f"To free that too: hflab.free({names})" if names else "It goes when that returns."
    return f"{', '.join(found[:5])}{more}. {remedy}"


def _reaches(value: Any, targets: set[int], shell: Any) -> bool:
    """Whether one of the objects with the ids `targets` is the value or somewhere near in it."""
    queue, seen = [(value, 0)], {id(value), id(shell)}
    for item, depth in queue:  # which grows meanwhile, and keeps the ids in `seen` true
        if id(item) in targets:
            return True
        if depth == _DEPTH or len(queue) > _LIMIT or isinstance(item, _FIXED):
            continue
        for inner in _inside(item):
            if id(inner) not in seen and not (type(inner) is dict and "__spec__" in inner):
                seen.add(id(inner))  # but for namespaces, which lead everywhere
                # However long a computation was, its steps count as one.
                queue.append((inner, depth + (not hasattr(type(item), "next_functions"))))
    return False


def _inside(item: Any) -> Iterator[Any]:
    yield from filter(gc.is_tracked, gc.get_referents(item))
    yield from _storages(item)
    # What was computed without torch.no_grad() holds the weights, out of Python's sight.
    if hasattr(type(item), "grad_fn"):
        yield item.grad_fn
    if hasattr(type(item), "next_functions"):
        yield from (getattr(item, "variable", None), *(step for step, _ in item.next_functions))


def _storages(value: Any) -> Iterator[Any]:
    """The memory of tensors and torch modules that the value is or directly has."""
    if (torch := sys.modules.get("torch")) is None:
        return
    fields = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    for each in (value, *(value if isinstance(value, list | tuple | set) else fields.values())):
        module = isinstance(each, torch.nn.Module)
        for tensor in (*each.parameters(), *each.buffers()) if module else (each,):
            with suppress(NotImplementedError, RuntimeError):  # sparse tensors have none
                if isinstance(tensor, torch.Tensor):
                    yield tensor.untyped_storage()


def _memory() -> list[int]:
    """Bytes of memory in use, and of GPU memory if CUDA is, after handing back what is spare."""
    torch, sizes = sys.modules.get("torch"), []
    if torch and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
        sizes.append(sum(map(torch.cuda.memory_reserved, range(torch.cuda.device_count()))))
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)  # glibc alone has it
    return [psutil.Process().memory_info().rss, *sizes]
