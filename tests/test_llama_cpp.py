"""RemoteChat with llama.cpp's server: the chat model as a GGUF file gives the same answers.

llama-cpp-python compiles llama.cpp while it is installed, so these tests are no part of
`make test`: `make llama-cpp` installs it and runs them.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest
from serving import free_port, running

import hflab
from hflab.chat import Chat
from hflab.errors import ContextOverflowError, OfflineError
from hflab.prompts import encode
from hflab.remote import RemoteChat
from hflab.tiny import tiny_model

pytestmark = [
    pytest.mark.skipif(
        not find_spec("llama_cpp"),
        reason="llama-cpp-python is not installed: make llama-cpp compiles it, in minutes",
    ),
    pytest.mark.skipif("chat" not in tiny_model(), reason="the bundled chat model is not built"),
]
HELDOUT = Path(__file__).parent / "heldout" / "chat.jsonl"
CONTEXT = 512


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    # A script of this repository that needs the extra.
    import write_gguf

    path = tmp_path_factory.mktemp("gguf") / "chat.gguf"
    write_gguf.main([tiny_model("chat"), str(path)])
    return path


@pytest.fixture(scope="module")
def served(file):
    port = free_port()
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(file), "--host"]
    command += ["127.0.0.1", "--port", str(port), "--n_ctx", str(CONTEXT), "--n_threads", "1"]
    root = f"http://127.0.0.1:{port}/v1"
    with running(command, f"{root}/models", file.parent / "llama.log"):
        yield root


@pytest.fixture(scope="module")
def loaded():
    model, tokenizer = hflab.load("chat")
    return model.float(), tokenizer


@pytest.fixture
def remote(served):
    return RemoteChat(served, "chat", do_sample=False, max_new_tokens=80, max_retries=0)


def test_tokens_are_those_of_transformers(file, loaded):
    # An optional extra.
    from llama_cpp import Llama

    tokenizer = loaded[1]
    llama = Llama(str(file), vocab_only=True, verbose=False)
    texts = [json.loads(line) for line in HELDOUT.read_text(encoding="utf-8").splitlines()]
    texts = [json.dumps(text, ensure_ascii=False) for text in texts]
    texts += ["Zürich 🙂 naïve", "  two  spaces\n\n\tand a tab ", "it's 12345.678", "日本語"]
    for text in texts:
        expected = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert llama.tokenize(text.encode(), add_bos=False, special=False) == expected


@pytest.mark.parametrize(
    ("system", "questions"),
    [
        (None, ["What is a token?", "Why does it matter?", "Tell me a joke"]),
        ("Answer like a pirate.", ["What is the capital of France?", "And of Japan?"]),
        (None, ["My name is Zoë.", "What is my name?", "Thanks 🙂"]),
    ],
)
def test_answers_are_those_of_the_local_chat(loaded, remote, system, questions):
    local = Chat(*loaded, system=system, **remote.generation)
    if system:
        remote.messages.append({"role": "system", "content": system})
    for question in questions:
        pieces = list(remote.stream(question))
        assert len(pieces) > 1 and "".join(pieces) == local.send(question)
        assert remote.stats.finish_reason == local.stats.finish_reason == "stop"
    assert remote.messages == local.messages


def test_limits_and_stop_strings(remote):
    whole = remote.send("What is a token?")
    remote.reset()
    assert whole.startswith(remote.send("What is a token?", max_new_tokens=4))
    assert remote.stats.finish_reason == "length"
    remote.reset()
    # Without the stop string itself, as OpenAI has it; transformers keeps it.
    assert remote.send("What is a token?", stop_strings=["text"]) == whole.partition("text")[0]


def test_a_conversation_that_is_too_long(remote, loaded):
    text = "word " * CONTEXT
    assert len(encode(loaded[1], text)) > CONTEXT
    with pytest.raises(ContextOverflowError, match=str(CONTEXT)):
        remote.send(text)
    assert remote.messages == []
    assert remote.send("Hi")


def test_a_closed_stream_frees_the_server(remote):
    reply = remote.stream("What is a token?")
    part = next(reply)
    reply.close()
    assert remote.messages[-1]["content"] == part and remote.stats.finish_reason == "cancelled"
    assert remote.send("Hi")


def test_what_it_refuses_is_said(remote):
    with pytest.raises(OfflineError, match=r"status 500[\s\S]*valid integer"):
        remote.send("Hi", extra_body={"max_tokens": "many"})
    assert remote.messages == []


def test_its_models_can_be_listed(remote, served):
    with urllib.request.urlopen(f"{served}/models") as answer:
        assert remote._models() == [each["id"] for each in json.load(answer)["data"]]
