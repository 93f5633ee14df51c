"""RemoteChat: Chat's conversation over HTTP, with real servers, and every way one can fail."""

from __future__ import annotations

import gc
import inspect
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from serving import MODELS, faulty_server, free_port, transformers_serve

import hflab
from hflab.chat import Chat
from hflab.errors import (
    BusyError,
    ContextOverflowError,
    GatedModelError,
    HflabError,
    MessageError,
    ModelNotFoundError,
    OfflineError,
    ParameterError,
)
from hflab.keys import KEY_NAMES, find_key
from hflab.remote import RemoteChat
from hflab.tiny import tiny_model

KEY = "sk-" + "Aa1Bb2" * 5  # of the form of a key, put together so that it is none
GREETING = "Hello, Zürich 🙂"

pytest.importorskip("openai", reason="RemoteChat needs the extra [remote]")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in {*KEY_NAMES.values(), "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"}:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def faulty():
    with faulty_server() as server:
        yield server


def remote(server, fault, **options):
    return RemoteChat(server.url(fault), MODELS[0], **{"max_retries": 0, **options})


# The same conversation as a local Chat's, with a real server and the bundled model.


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    pytest.importorskip("fastapi", reason="transformers serve needs the extra [serve]")
    if "chat" not in tiny_model():
        pytest.skip("the bundled chat model is not built")
    folder = Path(tiny_model("chat"))
    with transformers_serve(folder, tmp_path_factory.mktemp("serve")) as (url, pid):
        yield url, folder.name, psutil.Process(pid)


@pytest.fixture
def chats(served):
    url, name, _ = served
    model, tokenizer = hflab.load("chat")
    options = {"do_sample": False, "max_new_tokens": 60}
    return Chat(model.float(), tokenizer, **options), RemoteChat(url, name, **options)


CONVERSATIONS = [
    (None, ["What is a token?", "Why does it matter?", "Tell me a joke"]),
    ("Answer like a pirate.", ["What is the capital of France?", "And of Japan?"]),
    (None, ["My name is Zoë.", "What is my name?", "Hi", "Thanks 🙂"]),
]


@pytest.mark.parametrize(("system", "questions"), CONVERSATIONS)
def test_answers_are_those_of_the_local_chat(chats, system, questions):
    for chat in chats:
        if system:
            chat.messages.append({"role": "system", "content": system})
    local, remote = chats
    for question in questions:
        pieces = list(remote.stream(question))
        assert len(pieces) > 1 and "".join(pieces) == local.send(question)
        assert remote.stats.prompt_tokens == local.stats.prompt_tokens
        assert remote.stats.new_tokens == local.stats.new_tokens
        assert remote.stats.finish_reason == local.stats.finish_reason
        assert 0 < remote.stats.time_to_first_token <= remote.stats.seconds
    assert remote.messages == local.messages
    assert repr(remote) == repr(local) and remote._repr_html_() == local._repr_html_()


def test_minutes_are_those_of_the_local_chat(chats):
    from hflab.minutes import write_minutes

    talk = "Ada: Good morning.\nOmar: I will send the plan on Friday."
    local, remote = (write_minutes(talk, chat) for chat in chats)
    assert local == remote
    assert local.attendees and not chats[1].messages


def test_records_are_written_by_a_server_too(chats):
    schema = {
        "type": "object",
        "properties": {
            "city": {"enum": ["Paris", "Tokyo"]},
            "note": {"type": "string", "minLength": 5, "maxLength": 300},
        },
        "required": ["city", "note"],
    }
    pytest.importorskip("llguidance", reason="records need the extra [records]")
    (row,) = hflab.generate_records(schema, 1, model=chats[1], seed=1, progress=False)
    assert row["city"] in ("Paris", "Tokyo") and 5 <= len(row["note"]) <= 300
    assert chats[1].stats.new_tokens > 0  # it was the server that wrote


def test_settings_reach_the_server(chats):
    local, remote = chats
    for options in ({"max_new_tokens": 4}, {"stop_strings": ["text"]}):
        assert remote.send("What is a token?", **options) == local.send(
            "What is a token?", **options
        )
        assert remote.stats.finish_reason == local.stats.finish_reason
        local.reset()
        remote.reset()
        assert remote.messages == []


def test_closing_a_stream_stops_the_real_server(chats, served):
    remote = chats[1]
    server = served[2]
    # A negative penalty makes this server's model repeat itself up to the limit.
    reply = remote.stream("What is a token?", frequency_penalty=-0.5, max_new_tokens=1900)
    part = next(reply)
    reply.close()
    time.sleep(0.3)  # the step that was under way
    before = sum(server.cpu_times()[:2])
    time.sleep(0.4)
    assert sum(server.cpu_times()[:2]) - before < 0.1  # going on, it would have used all of 0.4
    assert remote.stats.finish_reason == "cancelled"
    assert remote.messages[-1] == {"role": "assistant", "content": part}
    assert remote.send("Hi") and len(remote.messages) == 4


def test_the_real_server_samples_only_if_the_models_own_settings_do(served):
    # Notebook 09 says so, and changes the settings of its copy of the model.
    url, name, _ = served
    jokes = set()
    for seed in range(4):
        chat = RemoteChat(url, name, temperature=1.5, seed=seed, max_new_tokens=20)
        jokes.add(chat.send("Tell me a joke"))
    assert len(jokes) == 1


def test_a_model_the_real_server_does_not_have(served):
    chat = RemoteChat(served[0], "course-chat-2", max_retries=0)
    with pytest.raises(ParameterError, match=r"(?s)refuses.*pinned to 'chat'.*the model"):
        chat.send("Hi")
    assert chat.messages == []


# Everything that Chat promises, and what a server may do to it.


def test_it_has_the_methods_and_attributes_of_chat():
    def public(kind):
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(RemoteChat) == public(Chat) == {"send", "stream", "reset"}
    for name in public(Chat):
        ours, theirs = (inspect.signature(getattr(kind, name)) for kind in (RemoteChat, Chat))
        assert ours == theirs
    chat = RemoteChat("http://localhost:1/v1", "m", system="Be brief.", do_sample=False)
    assert chat.messages == [{"role": "system", "content": "Be brief."}]
    assert chat.generation == {"do_sample": False} and chat.stats.finish_reason is None
    assert hflab.RemoteChat is RemoteChat


def test_a_conversation(faulty):
    chat = remote(faulty, "fine", system="Be brief.")
    assert chat.send("Hi") == GREETING and "".join(chat.stream("And?")) == GREETING
    _, _, body = faulty.seen[-1]
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": GREETING},
        {"role": "user", "content": "And?"},
    ]
    assert chat.messages == [*body["messages"], {"role": "assistant", "content": GREETING}]
    assert chat.stats.finish_reason == "stop" and chat.stats.new_tokens == 3
    messages = chat.messages
    chat.reset()
    assert messages is chat.messages == [{"role": "system", "content": "Be brief."}]


def test_the_words_of_hflab_become_those_of_the_interface(faulty):
    chat = remote(faulty, "fine", temperature=0.5, stop_strings=["\n"])
    chat.send("Hi", top_p=0.9, frequency_penalty=-1, presence_penalty=2.0, seed=7)
    sent = faulty.seen[-1][2]
    assert {key: sent[key] for key in sorted(set(sent) - {"messages", "stream_options"})} == {
        "frequency_penalty": -1,
        "max_tokens": 256,
        "model": MODELS[0],
        "presence_penalty": 2.0,
        "seed": 7,
        "stop": ["\n"],
        "stream": True,
        "temperature": 0.5,
        "top_p": 0.9,
    }
    chat.send("Hi", do_sample=False, max_new_tokens=5, extra_body={"top_k": 3}, top_p=None)
    sent = faulty.seen[-1][2]
    assert (sent["temperature"], sent["max_tokens"], sent["top_k"]) == (0, 5, 3)
    assert "do_sample" not in sent and "top_p" not in sent


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"temperature": 0}, "do_sample=False"),
        ({"top_p": 2}, "above 0 and at most 1"),
        ({"max_new_tokens": None}, "at least 1"),
        ({"max_tokens": 5}, "max_new_tokens"),
        ({"stop": "x"}, "stop_strings"),
        ({"temprature": 1}, "Did you mean temperature"),
        ({"presense_penalty": 1}, "Did you mean presence_penalty"),
        ({"frequency_penalty": 3}, "between -2 and 2"),
        ({"presence_penalty": True}, "between -2 and 2"),
        ({"seed": 1.5}, "whole number"),
        ({"extra_body": "top_k"}, "a dict"),
        ({"top_k": 4}, r'extra_body=\{"top_k": 4\}'),
        ({"streamer": 1}, "stream"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_sent(faulty, options, advice):
    with pytest.raises(ParameterError, match=advice):
        remote(faulty, "fine", **options)
    chat = remote(faulty, "fine")
    with pytest.raises(ParameterError, match=advice):
        chat.stream("Hi", **options)
    assert chat.messages == [] and faulty.seen == []


@pytest.mark.parametrize("text", [None, 3, ["Hi"], b"Hi", "\ud83d"])
def test_what_is_no_text_is_refused(faulty, text):
    chat = remote(faulty, "fine")
    with pytest.raises(MessageError):
        chat.stream(text)
    chat.messages.append({"role": "user", "content": None})
    with pytest.raises(MessageError, match=r"messages\[0\]\['content'\]"):
        chat.stream("Hi")
    assert faulty.seen == [] and len(chat.messages) == 1


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "", None, "ftp://x/v1", "http://", "http://u:p@host/v1"]
)
def test_an_address_that_is_none(url):
    with pytest.raises(ParameterError, match="base_url") as info:
        RemoteChat(url, "m")
    assert "u:p" not in str(info.value)


FAILURES = [
    ("401", GatedModelError, ["asks for an API key", "api_key="], 1),
    ("403", GatedModelError, ["asks for an API key"], 1),
    ("404", ModelNotFoundError, ["no model 'missing'", "course-chat, course-large"], 1),
    ("no-route", OfflineError, ["no model server", "/v1"], 1),
    ("html", OfflineError, ["no model server", "/v1"], 1),
    ("429", OfflineError, ["no more requests", "Too many requests", "Wait"], 2),
    ("500", OfflineError, ["status 500", "out of memory", "log"], 2),
    ("bad-gateway", OfflineError, ["status 502", "log"], 2),
    ("hang-up", OfflineError, ["No server answers", "Start the server"], 2),
    ("too-long", ContextOverflowError, ["context window", "1407", "reset()"], 1),
    ("llama.cpp-too-long", ContextOverflowError, ["context window", "1407 of 256"], 1),
    ("silent", ContextOverflowError, ["context window", "1407"], 2),
    ("422", ParameterError, ["status 422", "Unexpected fields"], 1),
    ("error-first", OfflineError, ["before its first word", "CUDA error"], 1),
]


@pytest.mark.parametrize(("fault", "kind", "words", "requests"), FAILURES)
def test_a_failure_is_explained_and_leaves_the_history(faulty, fault, kind, words, requests):
    chat = remote(faulty, "fine", max_retries=1)
    chat.send("Hi")
    before = [dict(m) for m in chat.messages]
    chat = remote(faulty, fault, max_retries=1)
    chat.model = "missing"
    chat.messages = [dict(m) for m in before]
    faulty.seen.clear()
    with pytest.raises(kind) as info:
        chat.send("And?")
    assert len(faulty.seen) == requests
    assert chat.messages == before and chat.stats.finish_reason == "error"
    assert all(word in str(info.value) for word in words), str(info.value)
    assert info.value.what and info.value.why and info.value.remedy
    assert "<html" not in str(info.value)
    assert info.value.__cause__ is None and info.value.__context__ is None


def test_no_server_at_all_is_said_within_seconds():
    chat = RemoteChat(f"http://127.0.0.1:{free_port()}/v1", "m")
    start = time.monotonic()
    with pytest.raises(OfflineError, match=r"No server answers at http://127\.0"):
        chat.send("Hi")
    assert 0.5 < time.monotonic() - start < 15  # it was tried again, and not for ever
    assert chat.messages == []


def test_a_server_that_takes_too_long(faulty):
    chat = remote(faulty, "slow", timeout=0.3)
    with pytest.raises(OfflineError, match="did not answer in time"):
        chat.send("Hi")


@pytest.mark.parametrize("fault", ["cut", "no-finish", "error-inside", "garbage"])
def test_a_reply_that_breaks_off_keeps_its_part(faulty, fault):
    chat = remote(faulty, fault)
    pieces = []
    with pytest.raises(OfflineError, match="broke off in the middle") as info:
        for piece in chat.stream("Hi"):
            pieces.append(piece)
    assert "".join(pieces) == GREETING
    assert [m["content"] for m in chat.messages] == ["Hi", GREETING]
    assert chat.stats.finish_reason == "error"
    assert ("CUDA error" in str(info.value)) == (fault == "error-inside")
    chat._client.base_url = faulty.url("fine")
    assert chat.send("Go on") == GREETING and len(chat.messages) == 4


def test_what_passes_is_tried_again(faulty):
    chat = remote(faulty, "503=2", max_retries=2)
    assert chat.send("Hi") == GREETING
    first, second, third = (when for when, _, _ in faulty.seen)
    assert 0.2 < second - first < third - second  # each pause is longer than the one before


def test_the_pause_that_the_server_asks_for_is_kept(faulty):
    chat = remote(faulty, "429=1", max_retries=1)
    assert chat.send("Hi") == GREETING
    (first, _, _), (second, _, _) = faulty.seen
    assert 0.69 < second - first < 3


@pytest.mark.parametrize("way", ["close", "break", "drop", "next call", "Ctrl-C"])
def test_closing_a_stream_closes_the_connection(faulty, way):
    chat = remote(faulty, "endless")
    reply = chat.stream("Hi")
    part = next(reply)
    assert not faulty.left.is_set()
    if way == "close":
        reply.close()
    elif way == "break":
        for piece in reply:
            part += piece
            break
        reply.close()
    elif way == "drop":
        del reply
        gc.collect()
    elif way == "next call":
        chat.stream("And?").close()
    else:
        with pytest.raises(KeyboardInterrupt):
            reply.throw(KeyboardInterrupt())
    assert faulty.left.wait(5)
    assert [m["content"] for m in chat.messages] == ["Hi", part]
    assert chat.stats.finish_reason == "cancelled"


def test_a_stream_closed_before_its_first_piece_never_was(faulty):
    chat = remote(faulty, "fine")
    chat.stream("Hi").close()
    assert chat.messages == [] and faulty.seen == []


def test_one_turn_at_a_time(faulty):
    chat = remote(faulty, "endless")
    begun = threading.Event()

    def read():
        with suppress(OfflineError):  # in the end the reply breaks off
            for _ in chat.stream("Hi"):
                begun.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert begun.wait(5)
        for call in (lambda: chat.stream("And?"), lambda: chat.send("And?"), chat.reset):
            with pytest.raises(BusyError):
                call()
    finally:
        faulty.left.set()
        reader.join(5)
    assert not reader.is_alive()
    chat.reset()
    assert chat.messages == []


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(faulty, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert remote(faulty, "fine").send("Hi") == GREETING


# Keys.


def sent_key(server):
    return server.seen[-1][1]["authorization"].removeprefix("Bearer ")


def test_a_key_goes_only_where_it_belongs(faulty, monkeypatch):
    for name in KEY_NAMES.values():
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    remote(faulty, "fine").send("Hi")
    assert sent_key(faulty) == "none" and KEY not in str(faulty.seen)
    assert "org-1" not in str(faulty.seen)
    monkeypatch.setenv("COURSE_KEY", f' "{KEY}"\n')
    remote(faulty, "fine", key_name="COURSE_KEY").send("Hi")
    assert sent_key(faulty) == KEY
    remote(faulty, "fine", api_key=f"{KEY}2\n").send("Hi")
    assert sent_key(faulty) == f"{KEY}2"
    for host, name in KEY_NAMES.items():
        found = find_key(f"https://{host}/v1")
        assert (found.name, found.source, found.reveal()) == (name, f"the variable {name}", KEY)
    assert find_key("https://api.openai.com.example.com/v1").reveal() == ""


COLAB = """
import sys, types
class NotebookAccessError(Exception): pass
def get(name):
    if name == "OPENAI_API_KEY":
        return "from-colab"
    raise NotebookAccessError(name)
google, colab, userdata = (types.ModuleType(n) for n in ("google", "google.colab", "u"))
userdata.get = get
sys.modules |= {"google": google, "google.colab": colab, "google.colab.userdata": userdata}
from hflab.keys import find_key
print([find_key(f"https://{host}/v1").source for host in ("api.openai.com", "api.groq.com")])
print(find_key("https://api.openai.com/v1").reveal())
"""


def test_a_key_from_colab():
    run = subprocess.run([sys.executable, "-c", COLAB], capture_output=True, text=True, timeout=60)
    expected = ["['the Colab secret OPENAI_API_KEY', None]", "from-colab"]
    assert run.stdout.splitlines() == expected, run.stderr


@pytest.mark.parametrize(
    "fault",
    ["401", "403", "404", "422", "500", "html", "hang-up", "slow", "cut", "error-inside", "url"],
)
def test_a_key_is_never_shown(faulty, fault, caplog):
    def call():
        url = "no address" if fault == "url" else faulty.url(fault)
        chat = RemoteChat(url, "m", KEY, max_retries=0, timeout=0.5)
        chats.append(chat)
        chat.send("Hi")

    chats = []
    secret, frames = KEY, ""  # noqa: F841, looked for below
    with caplog.at_level("DEBUG"):
        try:
            call()
        except HflabError as error:
            # As "verbose" tracebacks do: with every frame's variables.
            shown = traceback.TracebackException.from_exception(error, capture_locals=True)
            frames = "".join(shown.format())
    assert "remote.py" in frames and f"secret = {KEY!r}" in frames  # as this test's own is
    assert frames.count(KEY) == 1 and KEY not in caplog.text
    for chat in chats:
        assert KEY not in repr(chat) + chat._repr_html_() + str(vars(chat))


def test_what_was_wrong_with_a_key_is_said(faulty, monkeypatch):
    monkeypatch.setenv("COURSE_KEY", KEY)
    chat = remote(faulty, "401", key_name="COURSE_KEY")
    with pytest.raises(GatedModelError, match=r"rejected.*\n.*the variable COURSE_KEY, is wrong"):
        chat.send("Hi")
    monkeypatch.delenv("COURSE_KEY")
    chat = remote(faulty, "401", key_name="COURSE_KEY")
    with pytest.raises(GatedModelError, match="set the variable or Colab secret COURSE_KEY"):
        chat.send("Hi")


def test_without_the_extra_its_name_is_said():
    code = (
        "import sys; sys.modules['openai'] = None; import hflab\n"
        "try: hflab.RemoteChat('http://localhost:1/v1', 'm')\n"
        "except ImportError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert 'pip install "hflab[remote]"' in run.stdout, run.stderr
