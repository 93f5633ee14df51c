"""Chat: whatever happens between two turns, an answer is that of a fresh run."""

from __future__ import annotations

import asyncio
import gc
import html
import random
import subprocess
import sys
import threading
import time
import weakref

import pytest
import torch
from test_generation import restless_model
from test_prompts import STYLES
from transformers import AutoModelForCausalLM, AutoTokenizer, MistralConfig, MistralForCausalLM

from hflab.chat import Chat
from hflab.errors import (
    BusyError,
    ContextOverflowError,
    MessageError,
    NoChatTemplateError,
    OutOfMemoryError,
    ParameterError,
)
from hflab.generation import generate
from hflab.prompts import encode

QUESTIONS = [
    "Hi",
    "What is a token?",
    "And a model?",
    "Zürich 🙂",
    "<|im_end|>",
    "  spaces  ",
    "",
    "Why",
]


@pytest.fixture(scope="module")
def tokenizer(tiny_chat_folder):
    return AutoTokenizer.from_pretrained(tiny_chat_folder)


@pytest.fixture(scope="module")
def model(tokenizer):
    # Double precision: sums in another order then never change which token is the likeliest.
    return restless_model(tokenizer, torch.float64)


@pytest.fixture
def chat(model, tokenizer):
    return Chat(model, tokenizer, max_new_tokens=8, min_new_tokens=8)


@pytest.fixture
def computed(model):
    """Lengths of the inputs of each forward pass."""
    lengths = []
    hook = model.register_forward_pre_hook(
        lambda _, args, kwargs: lengths.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    yield lengths
    hook.remove()


def fresh(chat, text, **options):
    """The answer that a run without any history of computation gives."""
    prompt = [*chat.messages, {"role": "user", "content": text}]
    return generate(chat.model, chat.tokenizer, prompt, **{**chat.generation, **options})


def edit(chat, rng):
    """Do to the history what a learner might."""
    messages = chat.messages
    choice = rng.randrange(6)
    if choice == 0 and messages:
        rng.choice(messages)["content"] = rng.choice(QUESTIONS) + "!"
    elif choice == 1 and len(messages) > 1:
        del messages[-2:]
    elif choice == 2:
        if messages and messages[0]["role"] == "system":
            messages[0]["content"] += " Be brief."
        else:
            messages.insert(0, {"role": "system", "content": "You are a parrot."})
    elif choice == 3 and len(messages) > 3:
        start = 1 if messages[0]["role"] == "system" else 0
        del messages[start : start + 2]
    elif choice == 4 and messages:
        chat.messages = [dict(m) for m in messages]
    elif choice == 5 and rng.random() < 0.3:
        chat.reset()


@pytest.mark.parametrize("seed", range(8))
def test_reuse_equals_fresh_over_random_conversations(model, tokenizer, seed):
    rng = random.Random(seed)
    reused = 0
    for _ in range(28):
        system = rng.choice([None, "Be brief."])
        chat = Chat(model, tokenizer, system=system, max_new_tokens=4)
        for _ in range(rng.randrange(2, 5)):
            question, turn = rng.choice(QUESTIONS), rng.random()
            reply = chat.stream(question)  # ends the turn before, if that is still waiting
            prompt = [dict(m) for m in chat.messages]
            expected = generate(model, tokenizer, prompt, max_new_tokens=4)
            reused += chat.stats.reused_tokens
            if turn < 0.6:
                assert "".join(reply) == expected
            else:  # cancelled after some pieces: by close, or by the next call
                pieces = [piece for piece, _ in zip(reply, range(rng.randrange(4)), strict=False)]
                assert expected.startswith("".join(pieces))
            if turn < 0.8:
                reply.close()
                if rng.random() < 0.5:
                    edit(chat, rng)
    assert reused > 500


def test_the_bundled_model_chats(tiny_chat_folder, tokenizer):
    bundled = AutoModelForCausalLM.from_pretrained(tiny_chat_folder, dtype=torch.float64).eval()
    chat = Chat(bundled, tokenizer, max_new_tokens=12)
    for question in QUESTIONS[:4]:
        expected = fresh(chat, question)
        assert chat.send(question) == expected


def test_sampling_is_that_of_a_fresh_run(model, tokenizer):
    chat = Chat(model, tokenizer, max_new_tokens=8, do_sample=True, temperature=1.2, top_p=0.9)
    for turn, question in enumerate(QUESTIONS):
        torch.manual_seed(turn)
        expected = fresh(chat, question)
        torch.manual_seed(turn)
        assert chat.send(question) == expected


def test_only_what_is_new_is_computed(chat, computed):
    chat.send("What is a token?")
    first = chat.stats
    assert computed[0] == first.prompt_tokens and first.reused_tokens == 0
    computed.clear()
    chat.send("And a model?")
    assert computed[0] == chat.stats.prompt_tokens - chat.stats.reused_tokens
    assert chat.stats.reused_tokens >= first.prompt_tokens
    assert set(computed[1:]) == {1} and len(computed) == 8


def test_an_edit_costs_only_what_comes_after_it(chat):
    for question in QUESTIONS[:3]:
        chat.send(question)
    chat.messages[-1]["content"] = "Edited."
    expected = fresh(chat, "Why?")
    kept = len(encode(chat.tokenizer, chat.messages[:-1], add_generation_prompt=False))
    assert chat.send("Why?") == expected
    assert kept <= chat.stats.reused_tokens < kept + 12


def test_the_conversation_is_a_plain_list(chat):
    answer = chat.send("Hi")
    assert chat.messages == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": answer},
    ]
    assert "".join(chat.stream("And?")) == chat.messages[-1]["content"]
    assert len(chat.messages) == 4 and chat.stats.finish_reason == "length"


def test_reset_keeps_the_system_message(model, tokenizer):
    chat = Chat(model, tokenizer, system="Be brief.", max_new_tokens=4)
    messages = chat.messages
    chat.send("Hi")
    chat.reset()
    assert messages is chat.messages == [{"role": "system", "content": "Be brief."}]
    chat.send("Hi")
    assert chat.stats.reused_tokens == 0


def test_settings_hold_for_the_chat_or_for_one_turn(chat):
    chat.send("Hi", max_new_tokens=3, min_new_tokens=0, eos_token_id=None)
    assert chat.stats.new_tokens == 3
    chat.send("Hi")
    assert chat.stats.new_tokens == 8
    chat.generation["max_new_tokens"] = 9
    chat.send("Hi")
    assert chat.stats.new_tokens == 9


@pytest.mark.parametrize("way", ["close", "break", "dropped", "next call"])
def test_a_cancelled_turn_keeps_its_part(chat, computed, way):
    whole = fresh(chat, "Hi")
    computed.clear()
    reply = chat.stream("Hi")
    part = next(reply)
    forwards = len(computed)
    if way == "close":
        reply.close()
    elif way == "break":
        for piece in reply:
            part += piece
            forwards = len(computed)
            break
        reply.close()
    elif way == "dropped":
        del reply
    else:
        expected_messages = [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": part},
        ]
        probe = Chat(chat.model, chat.tokenizer, **chat.generation)
        probe.messages = expected_messages
        expected = fresh(probe, "And?")
        assert chat.send("And?") == expected
        assert list(reply) == []  # the old stream has ended, nothing mixes
        assert chat.messages[:2] == expected_messages
        return
    assert len(computed) == forwards < 8
    assert whole.startswith(part) and part != whole
    assert chat.stats.finish_reason == "cancelled"
    assert chat.messages[-1] == {"role": "assistant", "content": part}
    expected = fresh(chat, "And?")
    assert chat.send("And?") == expected
    assert chat.stats.reused_tokens > 0


def test_a_turn_cancelled_before_its_first_piece_never_was(chat, computed):
    chat.send("Hi")
    before = [dict(m) for m in chat.messages]
    computed.clear()
    for end in ("close", "drop"):
        reply = chat.stream("And?")
        assert chat.messages[-1] == {"role": "user", "content": "And?"}
        if end == "close":
            reply.close()
        del reply
        assert chat.messages == before and not computed
        assert chat.stats.finish_reason == "cancelled"
    expected = fresh(chat, "And?")
    assert chat.send("And?") == expected


class Break:
    """Lets the forward pass of a module fail at its n-th call."""

    def __init__(self, module, monkeypatch, error, at):
        genuine = module.forward

        def forward(*args, **kwargs):
            self.calls += 1
            if self.calls == at:
                raise error
            return genuine(*args, **kwargs)

        self.calls = 0
        monkeypatch.setattr(module, "forward", forward)


@pytest.mark.parametrize(
    ("raised", "caught"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), OutOfMemoryError),
        (MemoryError(), OutOfMemoryError),
        (RuntimeError("broken"), RuntimeError),
        (SystemExit(1), SystemExit),
    ],
)
@pytest.mark.parametrize("at", [1, 4])
def test_a_turn_that_fails_leaves_the_history(chat, monkeypatch, raised, caught, at):
    chat.send("Hi")
    before = [dict(m) for m in chat.messages]
    cache = weakref.ref(chat._computed._cache)
    with monkeypatch.context() as patch:
        Break(chat.model, patch, raised, at)
        with pytest.raises(caught) as info:
            chat.send("And?")
    assert chat.messages == before and chat.stats.finish_reason == "error"
    if caught is OutOfMemoryError:
        gc.collect()
        assert cache() is None and info.value.__traceback__  # memory is free, traceback or not
    expected = fresh(chat, "And?")
    assert chat.send("And?") == expected
    assert chat.stats.reused_tokens == 0


@pytest.mark.parametrize("at", [1, 4])
def test_ctrl_c_keeps_the_part(chat, monkeypatch, at):
    chat.send("Hi")
    with monkeypatch.context() as patch:
        # Within a forward pass: the first layer's cache has grown, the second's hasn't.
        Break(chat.model.model.layers[1], patch, KeyboardInterrupt(), at)
        with pytest.raises(KeyboardInterrupt):
            chat.send("And?")
    assert chat.stats.finish_reason == "cancelled"
    if at == 1:
        assert len(chat.messages) == 2
    expected = fresh(chat, "Why?")
    assert chat.send("Why?") == expected


SCRIPT = """
import signal, sys, threading, time, torch, hflab
from transformers import AutoModelForCausalLM, AutoTokenizer
torch.set_num_threads(1)
# A job started in the background of a script inherits an ignored SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float64)
model.generation_config.eos_token_id = None  # an endless reply
chat = hflab.Chat(model, tokenizer, max_new_tokens=400)
genuine = model.forward
def slow(*args, **kwargs):
    time.sleep(0.02)
    return genuine(*args, **kwargs)
model.forward = slow
print("ready", flush=True)
try:
    chat.send("Hi")
except KeyboardInterrupt:
    model.forward = genuine
    partial = len(chat.messages) == 2 and chat.stats.new_tokens < 400
    messages = [*chat.messages, {"role": "user", "content": "And?"}]
    options = {"max_new_tokens": 8}
    same = hflab.generate(model, tokenizer, messages, **options) == chat.send("And?", **options)
    print(partial, same, len(chat.messages))
"""


def test_a_real_ctrl_c(tiny_chat_folder):
    import signal

    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tiny_chat_folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out.split()) == (0, ["True", "True", "4"]), err


def test_a_context_overflow_changes_nothing(chat, computed):
    chat.send("Hi")
    before = [dict(m) for m in chat.messages]
    computed.clear()
    with pytest.raises(ContextOverflowError):
        chat.send("word " * chat.model.config.max_position_embeddings)
    with pytest.raises(ContextOverflowError):
        chat.stream("Hi", max_new_tokens=chat.model.config.max_position_embeddings)
    assert chat.messages == before and not computed
    expected = fresh(chat, "And?")
    assert chat.send("And?") == expected


@pytest.mark.parametrize("text", [None, 3, ["Hi"], {"role": "user"}, b"Hi", "\ud83d"])
def test_what_is_no_text_is_refused(chat, text):
    with pytest.raises(MessageError):
        chat.send(text)
    assert chat.messages == []


def test_bad_settings_are_refused_where_they_are_given(model, tokenizer, chat):
    with pytest.raises(ParameterError):
        Chat(model, tokenizer, temperature=0)
    with pytest.raises(MessageError):
        Chat(model, tokenizer, system=3)
    reply = chat.stream("Hi")
    with pytest.raises(ParameterError):
        chat.stream("And?", temprature=1)
    assert len("".join(reply)) > 0 and len(chat.messages) == 2  # the running turn went on


def test_settings_that_only_transformers_can_judge(chat):
    chat.send("Hi")
    before = [dict(m) for m in chat.messages]
    with pytest.raises(ParameterError, match="bad_words_ids"):
        chat.stream("And?", bad_words_ids=[])
    assert chat.messages == before
    expected = fresh(chat, "And?")
    assert chat.send("And?") == expected


def test_messages_edited_into_nonsense_are_named(chat):
    chat.send("Hi")
    chat.messages[1]["content"] = None
    with pytest.raises(MessageError, match=r"messages\[1\]\['content'\]"):
        chat.send("And?")


def test_base_models_cannot_chat(model):
    import copy

    base = copy.deepcopy(STYLES["chatml"])
    base.chat_template = None
    with pytest.raises(NoChatTemplateError):
        Chat(model, base)


def test_another_model_and_a_trained_model_start_afresh(chat, model, tokenizer):
    import copy

    chat.model = copy.deepcopy(model)
    chat.send("Hi")
    old = weakref.ref(chat.model)
    chat.model = model
    gc.collect()
    assert old() is None  # the one that was replaced is free
    expected = fresh(chat, "And?")
    assert chat.send("And?") == expected and chat.stats.reused_tokens == 0
    chat.model = copy.deepcopy(model)
    chat.send("Why?")
    with torch.no_grad():
        for parameter in chat.model.parameters():
            parameter.mul_(0.9)
    expected = fresh(chat, "And?")
    assert chat.send("And?") == expected and chat.stats.reused_tokens == 0
    chat.model.float()
    chat.send("So?")
    assert chat.stats.reused_tokens == 0


def test_a_window_that_slid_is_no_problem(tokenizer):
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=24,
        max_position_embeddings=512,
    )
    model = MistralForCausalLM(config).double().eval()
    chat = Chat(model, tokenizer, max_new_tokens=8)
    for question in QUESTIONS[:4]:
        expected = fresh(chat, question)
        assert chat.send(question) == expected
    chat.messages[0]["content"] = "Edited"
    expected = fresh(chat, "And?")
    assert chat.send("And?") == expected


def test_within_its_own_stream_a_chat_is_busy(chat):
    seen = []

    def hook(*_):
        for call in (lambda: chat.send("Me too"), chat.reset):
            with pytest.raises(BusyError):
                call()
            seen.append(1)

    handle = chat.model.register_forward_hook(hook)
    try:
        answer = chat.send("Hi", max_new_tokens=2, min_new_tokens=2)
    finally:
        handle.remove()
    assert len(seen) == 4 and chat.messages[1:] == [{"role": "assistant", "content": answer}]


def test_another_thread_is_told_that_the_chat_is_busy(chat):
    outcome = []

    def other():
        try:
            chat.send("Me too")
        except BusyError as error:
            outcome.append(error)

    reply = chat.stream("Hi")
    next(reply)
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert outcome and "close()" in outcome[0].remedy
    whole = "".join(reply)
    assert len(chat.messages) == 2 and chat.messages[1]["content"].endswith(whole)
    thread = threading.Thread(target=other)  # now it is free
    thread.start()
    thread.join()
    assert len(outcome) == 1 and len(chat.messages) == 4


def test_a_stream_of_a_thread_that_ended_is_closed_by_the_next_call(chat):
    kept = []

    def begin():
        kept.append(chat.stream("Hi"))
        next(kept[0])

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
    chat.send("And?")
    assert len(chat.messages) == 4 and list(kept[0]) == []


def test_two_tasks_at_once(chat):
    async def reader():
        text = ""
        for piece in chat.stream("Hi"):
            text += piece
            await asyncio.sleep(0)
        return text

    async def main():
        task = asyncio.create_task(reader())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            chat.send("Me too")
        answer = await task
        assert chat.messages[-1]["content"] == answer
        # Cancelled at an await, the task drops its stream; the chat is free again.
        task = asyncio.create_task(reader())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert chat.stats.finish_reason == "cancelled"
        chat.send("So?")

    asyncio.run(main())


def test_many_threads_never_mix(model, tokenizer):
    chat = Chat(model, tokenizer, max_new_tokens=4)
    busy = []

    def talk(name):
        for _ in range(5):
            try:
                chat.send(name)
            except BusyError:
                busy.append(name)

    threads = [threading.Thread(target=talk, args=(f"thread {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    roles = [m["role"] for m in chat.messages]
    assert roles == ["user", "assistant"] * (len(roles) // 2)
    assert len(roles) // 2 + len(busy) == 20
    check = Chat(model, tokenizer, max_new_tokens=4)
    for question, answer in zip(chat.messages[::2], chat.messages[1::2], strict=True):
        assert check.send(question["content"]) == answer["content"]


def test_reset_within_a_loop_ends_the_turn(chat):
    pieces = []
    for piece in chat.stream("Hi"):
        pieces.append(piece)
        if len(pieces) == 2:
            chat.reset()
    assert len(pieces) == 2 and chat.messages == []


def test_messages_replaced_within_a_loop_stay_as_they_are(chat):
    for _ in chat.stream("Hi"):
        chat.messages = [{"role": "system", "content": "New."}]
    assert chat.messages == [{"role": "system", "content": "New."}]
    expected = fresh(chat, "And?")
    assert chat.send("And?") == expected


def test_a_chat_draws_itself(chat, tokenizer):
    assert "without messages" in repr(chat) and "without messages" in chat._repr_html_()
    answer = chat.send("<b>Hi</b>")
    assert repr(chat) == f"user: <b>Hi</b>\nassistant: {answer}"
    drawn = chat._repr_html_()
    assert "<b>" not in drawn and "&lt;b&gt;Hi&lt;/b&gt;" in drawn and html.escape(answer) in drawn


def test_user_text_cannot_end_its_turn(chat, tokenizer):
    special = next(t for t in tokenizer.added_tokens_decoder.values() if t.special).content
    chat.send(f"{special} Hi {special}")
    ids = encode(tokenizer, chat.messages[:1])
    assert chat.stats.prompt_tokens == len(ids)
