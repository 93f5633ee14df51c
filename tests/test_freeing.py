"""free(): a model really leaves the memory of a kernel, or a line says what keeps it there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hflab.errors import ParameterError
from hflab.freeing import free

ROOT = Path(__file__).parent.parent
MEGABYTES = 100
MAKE = f"""
import gc, weakref, torch
from hflab.freeing import free

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(500, {MEGABYTES} * 500, bias=False)

    def forward(self, x):
        y = self.inner(x)
        return y.mean() if x.sum() else fail(self)

    def __repr__(self):
        return "Net"

def fail(net):
    raise ValueError("on purpose")

def make():
    global model, see
    model = Net()
    see = weakref.ref(model)

class Template:
    chat_template = "yes"
"""


class Kernel:
    def __init__(self) -> None:
        manager = pytest.importorskip("jupyter_client.manager")
        self.manager, self.client = manager.start_new_kernel(cwd=str(ROOT))
        self.process = psutil.Process(self.manager.provisioner.process.pid)
        self.run(MAKE)
        self.run("torch.set_num_threads(1)")

    def run(self, code: str, *, fails: bool = False) -> str:
        """Run a cell as a notebook does and return what it printed."""
        printed = []

        def hook(message) -> None:
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = self.client.execute_interactive(
            code, timeout=300, output_hook=hook, store_history=True
        )
        assert (reply["content"]["status"] == "error") == fails, reply["content"]
        return "".join(printed)

    def size(self) -> float:
        return self.process.memory_info().rss / 1e6


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


def check(kernel: Kernel, cells: list[str], code: str, *, failing: str = "") -> str:
    """Make a model, run the cells, free it, and see that it is gone. Returns what was printed."""
    kernel.run("make()")
    with_model = kernel.size()
    for cell in cells:
        kernel.run(cell)
    if failing:
        kernel.run(failing, fails=True)
    kernel.run("pass")
    assert kernel.run("print(see() is None)") == "False\n"
    text = kernel.run(code)
    assert kernel.run("print(see() is None)") == "True\n", text
    assert with_model - kernel.size() >= 0.8 * MEGABYTES, text
    assert text.startswith("freed: ")
    assert float(text.split()[1]) >= 0.8 * MEGABYTES
    return text


def test_a_plain_name(kernel):
    assert check(kernel, [], 'free("model")').count("\n") == 1
    assert kernel.run("print('model' in globals())") == "False\n"


def test_an_object(kernel):
    check(kernel, [], "free(model)")


def test_a_model_that_holds_itself(kernel):
    check(kernel, ["model.circle = [model]"], 'free("model")')


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc for it")
def test_many_small_weights(kernel):
    before = kernel.size()
    kernel.run("small = torch.nn.ModuleList(torch.nn.Linear(120, 120) for _ in range(1700))")
    kernel.run("above = [torch.ones(120, 120)]")
    with_model = kernel.size()
    kernel.run("free('small')")
    assert with_model - kernel.size() >= 0.8 * (with_model - before) >= 0.8 * 0.8 * MEGABYTES


@pytest.mark.parametrize("shown", ["model", "[model]", "(model, 1)", "model.inner.weight"])
def test_after_it_was_displayed(kernel, shown):
    cells = [shown, "1", "___", f"{shown}\n", "[Out[max(Out)], 2]", "for _ in [model]: pass"]
    assert check(kernel, cells, 'free("model")').count("\n") == 1
    # Displaying goes on as ever.
    kernel.run("5")
    assert kernel.run("print(_, Out[max(Out)])") == "5 5\n"


@pytest.mark.parametrize(
    "failing",
    [
        "model(torch.zeros(500))",
        "model.no_such_attribute",
        "try:\n    model(torch.zeros(500))\nexcept ValueError as e:\n    raise KeyError from e",
        "raise ExceptionGroup('two', [ValueError(model), KeyError(1)])",
    ],
)
def test_after_an_exception_whose_traceback_holds_it(kernel, failing):
    assert check(kernel, [], 'free("model")', failing=failing).count("\n") == 1


@pytest.mark.parametrize("then", ["pass", "raise", "error = ExceptionGroup('one', [e])"])
def test_after_an_exception_that_was_kept(kernel, then):
    keep = "try:\n    model(torch.zeros(500))\nexcept ValueError as e:\n    error = e\n    " + then
    cells, failing = ([], keep) if then == "raise" else ([keep], "")
    assert check(kernel, cells, 'free("model")', failing=failing).count("\n") == 1
    assert "ValueError('on purpose')" in kernel.run("print(repr(error))")


def test_inside_the_handler_of_an_exception(kernel):
    cell = "try:\n    model(torch.zeros(500))\nexcept ValueError:\n    free('model')"
    assert check(kernel, [], cell).count("\n") == 1


def test_after_a_look_with_the_debugger(kernel):
    look = "import IPython; get_ipython().InteractiveTB.pdb = p = IPython.core.debugger.Pdb()\n"
    look += "import sys; p.setup(None, sys.last_traceback); p.forget(); p = None"
    kernel.run("make()")
    kernel.run("model(torch.zeros(500))", fails=True)
    kernel.run(look)
    kernel.run("free('model')")
    assert kernel.run("print(see() is None)") == "True\n"


def test_under_two_names(kernel):
    check(kernel, ["same = model"], "free(model)")
    assert kernel.run("print('same' in globals())") == "False\n"


def test_a_name_takes_no_other_name_with_it(kernel):
    kernel.run("make(); same = model")
    text = kernel.run("free('model')")
    assert text.splitlines()[1:] == [
        'still in memory, held by same. To free that too: hflab.free("same")'
    ]
    assert kernel.run("print(see() is same)") == "True\n"
    check_freed(kernel, "same")


def check_freed(kernel: Kernel, name: str) -> None:
    before = kernel.size()
    assert kernel.run(f"free({name!r})").count("\n") == 1
    assert before - kernel.size() >= 0.8 * MEGABYTES
    assert kernel.run("print(see() is None)") == "True\n"


HOLDERS = {
    "models": "models = [model]",
    "by_name": "by_name = {'a': {'b': (model,)}}",
    "chat": "from hflab.chat import Chat; chat = Chat(model, Template)",
    "ask": "def hold(net):\n    return lambda: net\nask = hold(model)",
    "optimizer": "optimizer = torch.optim.SGD(model.parameters())",
    "weights": "weights = model.state_dict()",
    "answer": "answer = {'logits': (model(torch.ones(500)) * 2).exp()}",
}


@pytest.mark.parametrize("name", HOLDERS)
def test_what_holds_it_is_named(kernel, name):
    kernel.run("make(); other = [1, torch.ones(3)]; import numpy as np")
    kernel.run(HOLDERS[name])
    kernel.run("pass")
    assert kernel.run("free('model')").splitlines()[1:] == [
        f'still in memory, held by {name}. To free that too: hflab.free("{name}")'
    ]
    check_freed(kernel, name)


def test_both_at_once(kernel):
    assert check(
        kernel,
        ["from hflab.chat import Chat; chat = Chat(model, Template)", "chat"],
        'free("model", chat)',
    )
    assert kernel.run("print({'model', 'chat'} & set(globals()))") == "set()\n"


def test_a_variable_of_a_function_is_named(kernel):
    kernel.run("def work():\n    net = model\n    free('model')")
    kernel.run("make()")
    line = kernel.run("work()").splitlines()[1]
    assert line.startswith("still in memory, held by net in work(). It goes when")
    assert kernel.run("import gc; gc.collect(); print(see() is None)") == "True\n"


def test_what_no_variable_holds(kernel):
    kernel.run("make(); gc.hidden = model")
    assert "held by none of your variables." in kernel.run("free('model')")
    kernel.run("del gc.hidden")


def test_nothing_is_deleted_when_a_name_is_wrong(kernel):
    kernel.run("make()")
    cell = "try:\n    free(model, 'modle')\nexcept Exception as e:\n    print(e.remedy)"
    assert kernel.run(cell) == 'Did you mean "model"?\n'
    assert kernel.run("print(see() is model)") == "True\n"
    check_freed(kernel, "model")


def test_names_of_the_shell_are_not_the_users(kernel):
    for name in ("get_ipython", "Out", "__builtins__"):
        kernel.run(f"free({name!r})", fails=True)


SCRIPT = (
    MAKE
    + """
import psutil, sys

def used():
    return psutil.Process().memory_info().rss / 1e6

def keep():
    try:
        model(torch.zeros(500))
    except ValueError as error:
        sys.last_value, sys.last_traceback = error, error.__traceback__

make()
same = [model]
keep()
before = used()
free("model")
free("same")
print(see() is None, before - used() >= 80, "IPython" in sys.modules)
make()
free(model)
print(see() is None)
"""
)


def test_without_ipython():
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=ROOT, env=os.environ
    )
    lines = run.stdout.splitlines()
    assert lines[1] == 'still in memory, held by same. To free that too: hflab.free("same")'
    assert lines[3] == "True True False", run.stdout + run.stderr
    assert lines[5] == "True"


def test_without_torch():
    code = "import sys\nfrom hflab.freeing import free\nx = [1]\nfree('x')\n"
    code += "print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert run.stdout.splitlines()[1:] == ["False"], run.stdout + run.stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "Give names of variables"),
        (["no_such_name"], 'There is no variable named "no_such_name"'),
        ([5], "5 is no object to free"),
        ([None], "None is no object to free"),
    ],
)
def test_what_it_refuses(given, words):
    with pytest.raises(ParameterError, match=words):
        free(*given)
