"""Exercises and quiz of notebooks/09_serving.ipynb."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from hflab.exercises._exercise import Exercise, Wrong
from hflab.exercises._quiz import Question

# -- 09.3: the same request in other words ---------------------------------------------------------


def _request(answer: dict[Any, Any]) -> dict[Any, Any]:
    """The answer with the newer name of the limit in place of the older, and stop as a list."""
    fields = {("max_tokens" if k == "max_completion_tokens" else k): v for k, v in answer.items()}
    if isinstance(fields.get("stop"), str):
        fields["stop"] = [fields["stop"]]
    return fields


_REQUEST = {"max_tokens": 80, "temperature": 0, "stop": ["\n"]}

# -- 09.4: penalties by hand -----------------------------------------------------------------------

_SCORES = {"the": 3.0, "cat": 2.5, "sat": 1.0, "mat": -2.0}
_WRITTEN = ["the", "cat", "the", "the"]


def _penalized(
    function: Callable[..., Any], expected: Callable[[float, int, float, float], float]
) -> bool:
    """Whether the function changes every score as expected, for several pairs of penalties."""
    for frequency, presence in ((0.5, 0.0), (0.0, 1.5), (0.4, -0.3)):
        given = dict(_SCORES)
        result = function(given, list(_WRITTEN), frequency, presence)
        wanted = {
            token: expected(score, _WRITTEN.count(token), frequency, presence)
            for token, score in _SCORES.items()
        }
        if set(result) != set(wanted) or not all(
            math.isclose(result[token], wanted[token], abs_tol=1e-6) for token in wanted
        ):
            return False
    return True


_PENALIZE = """\
def penalize(scores, written, frequency, presence):
    changed = {}
    for token, score in scores.items():
        count = written.count(token)
        changed[token] = score - frequency * count - presence * (count > 0)
    return changed

answer = penalize"""

# -- 09.5: measuring a stream ----------------------------------------------------------------------

_TIMES: tuple[list[float], ...] = ([0.5, 0.6, 0.7, 0.8, 0.9], [0.2, 1.2, 1.7], [2.0, 2.25])


def _measures(function: Callable[..., Any], expected: Callable[[list[float]], Any]) -> bool:
    """Whether the function gives the expected pair for streams of several lengths."""
    return all(
        len(found := tuple(function(list(times)))) == 2
        and all(map(math.isclose, found, expected(times)))
        for times in _TIMES
    )


_MEASURE = """\
def measure(times):
    rest = times[-1] - times[0]
    return times[0], (len(times) - 1) / rest

answer = measure"""

# -- 09.6: reading a stream ------------------------------------------------------------------------


def _event(text: str | None = None, **more: Any) -> str:
    delta = {**more} if text is None else {"content": text}
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]})


_STREAMS = {
    "plain": (
        [_event("The capital "), "", _event("is Paris."), "", "data: [DONE]"],
        "The capital is Paris.",
    ),
    "role": ([_event(role="assistant"), "", _event("Hello"), "", "data: [DONE]"], "Hello"),
    "comment": ([": ping", "", _event("Hi"), ": ping", _event("!"), "data: [DONE]"], "Hi!"),
    "no end": ([_event("Zürich "), "", _event("🙂")], "Zürich 🙂"),
    "brackets": ([_event("data: [DONE]"), _event(" said"), "data: [DONE]"], "data: [DONE] said"),
}


def _reads(function: Callable[..., Any], name: str) -> bool:
    """Whether the function reads one of the streams; raising counts as not."""
    lines, expected = _STREAMS[name]
    try:
        text = function(list(lines))
    except Exception:  # the learner's own code, which may raise anything
        return False
    return bool(text == expected)


_READ = """\
import json

def read_stream(lines):
    text = ""
    for line in lines:
        if line == "data: [DONE]":
            break
        if line.startswith("data: "):
            delta = json.loads(line[6:])["choices"][0]["delta"]
            text += delta.get("content") or ""
    return text

answer = read_stream"""

EXERCISES = (
    Exercise(
        name="09.1",
        title="A month of a hosted model",
        task="A service asks 0.50 dollars for a million tokens that it reads and 2 dollars for a "
        "million that it writes. How many dollars do 2,000 requests a day cost in 30 days, if "
        "each sends 700 tokens and gets 300 back?",
        expects=((int, float), "a number"),
        right=lambda answer: math.isclose(answer, 57, abs_tol=0.01),
        because="60,000 requests read 42 million tokens for 21 dollars and write 18 million for "
        "36 dollars.",
        hints=(
            "Count the requests of the month first, then the tokens of each kind.",
            "60,000 requests read 60_000 * 700 tokens; that is 42 million, at 0.50 dollars each "
            "million.",
        ),
        code="requests = 2_000 * 30\nanswer = requests * (700 * 0.50 + 300 * 2) / 1_000_000",
        wrong=(
            Wrong(
                when=lambda answer: math.isclose(answer, 1.9, abs_tol=0.01),
                because="That is one day. The question is about 30.",
                example="answer = 2_000 * (700 * 0.50 + 300 * 2) / 1_000_000",
            ),
            Wrong(
                when=lambda answer: math.isclose(answer, 93, abs_tol=0.01),
                because="The prices are swapped: reading costs 0.50 dollars, writing 2.",
                example="answer = 60_000 * (700 * 2 + 300 * 0.50) / 1_000_000",
            ),
            Wrong(
                when=lambda answer: math.isclose(answer, 21, abs_tol=0.01),
                because="That pays only for what the model reads. What it writes costs more.",
                example="answer = 60_000 * 700 * 0.50 / 1_000_000",
            ),
        ),
        otherwise="Multiply requests, tokens and price, for each kind of token, and mind that the "
        "price is for a million.",
    ),
    Exercise(
        name="09.2",
        title="Why did it stop?",
        task="Predict finish_reason for three requests that ask “What is a token?” as above: with "
        "max_tokens=3, with stop=['piece'], and with neither. A list of three strings.",
        expects=((list, tuple), "a list of three strings"),
        right=lambda answer: list(answer) == ["length", "stop", "stop"],
        because="A limit that cuts the reply says length. A stop string and the model's own end "
        "both say stop, so the two can't be told apart by it.",
        hints=(
            "There are two values here: length and stop. Which one stands for a reply that was "
            "cut because it grew too long?",
            "Whoever asked with a stop string got what was asked for. The interface has the same "
            "word for that as for a reply that is finished.",
        ),
        code='answer = ["length", "stop", "stop"]',
        wrong=(
            Wrong(
                when=lambda answer: list(answer) == ["length", "length", "stop"],
                because="A stop string cuts the reply too, but not for its length: it says stop.",
                example='answer = ["length", "length", "stop"]',
            ),
            Wrong(
                when=lambda answer: list(answer[:1]) in (["max_tokens"], ["max_length"]),
                because="The parameter is called max_tokens, the reason is called length.",
                example='answer = ["max_tokens", "stop", "stop"]',
            ),
            Wrong(
                when=lambda answer: list(answer) == ["stop", "stop", "stop"],
                because="With max_tokens=3 the model did not finish: that has a word of its own.",
                example='answer = ["stop", "stop", "stop"]',
            ),
        ),
        otherwise="Look at what the cells above print: the two words are length and stop.",
    ),
    Exercise(
        name="09.3",
        title="The same request in other words",
        task="Translate model.generate(..., max_new_tokens=80, do_sample=False, "
        "stop_strings=['\\n']) into fields of a request: a dictionary, without model and messages.",
        expects=(dict, "a dictionary"),
        right=lambda answer: _request(answer) == _REQUEST,
        because="max_tokens limits the reply alone, as max_new_tokens does, and temperature 0 "
        "stands for the most likely token every time.",
        hints=(
            "Three fields. Two have another name in the interface; one has no counterpart and is "
            "said through another parameter.",
            "There is no do_sample. Servers choose the most likely token when temperature is 0.",
        ),
        code='answer = {"max_tokens": 80, "temperature": 0, "stop": ["\\n"]}',
        wrong=(
            Wrong(
                when=lambda answer: "do_sample" in answer,
                because="A request has no do_sample. temperature=0 says the same.",
                example='answer = {"max_tokens": 80, "do_sample": False, "stop": ["\\n"]}',
            ),
            Wrong(
                when=lambda answer: bool({"max_new_tokens", "stop_strings"} & set(answer)),
                because="max_new_tokens and stop_strings are the words of transformers; the "
                "interface has others.",
                example='answer = {"max_new_tokens": 80, "temperature": 0, "stop": ["\\n"]}',
            ),
            Wrong(
                when=lambda answer: answer.get("temperature") == 1,
                because="A temperature of 1 samples from the probabilities as they are. Without "
                "sampling, it is 0.",
                example='answer = {"max_tokens": 80, "temperature": 1, "stop": ["\\n"]}',
            ),
        ),
        otherwise="The fields are max_tokens, temperature and stop, and nothing else.",
    ),
    Exercise(
        name="09.4",
        title="Two penalties by hand",
        task="Write penalize(scores, written, frequency, presence): scores is a dictionary of "
        "tokens and their logits, written the list of tokens so far. Return a new dictionary: "
        "each score less frequency for every time the token was written, and less presence if it "
        "was written at all.",
        expects=(callable, "a function"),
        right=lambda f: _penalized(f, lambda s, n, fr, pr: s - fr * n - pr * (n > 0)),
        because="The frequency penalty grows with every repetition, the presence penalty is paid "
        "once.",
        hints=(
            "For each token, count how often it is in written.",
            "score - frequency * count - presence * (count > 0): a comparison counts as 1 or 0.",
        ),
        code=_PENALIZE,
        wrong=(
            Wrong(
                when=lambda f: _penalized(f, lambda s, n, fr, pr: s - fr * n - pr * n),
                because="The presence penalty is paid once, however often the token was written.",
                example=_PENALIZE.replace("(count > 0)", "count"),
            ),
            Wrong(
                when=lambda f: _penalized(f, lambda s, n, fr, pr: s - fr * n - pr),
                because="The presence penalty is only for tokens that were written already.",
                example=_PENALIZE.replace(" * (count > 0)", ""),
            ),
            Wrong(
                when=lambda f: _penalized(f, lambda s, n, fr, pr: s - fr * (n > 0) - pr * (n > 0)),
                because="The frequency penalty counts every time the token was written.",
                example=_PENALIZE.replace("frequency * count", "frequency * (count > 0)"),
            ),
            Wrong(
                when=lambda f: _penalized(f, lambda s, n, fr, pr: s + fr * n + pr * (n > 0)),
                because="A penalty lowers the score: it is subtracted.",
                example=_PENALIZE.replace("score -", "score +").replace("- presence", "+ presence"),
            ),
        ),
        otherwise="Some scores come out differently. Try a token that was written three times, one "
        "that was written once, and one that was not.",
    ),
    Exercise(
        name="09.5",
        title="Measuring a stream",
        task="Write measure(times): times lists the seconds from the request to each token of the "
        "reply. Return two numbers: the time to the first token, and the tokens per second after "
        "it. There are always two tokens or more.",
        expects=(callable, "a function"),
        right=lambda f: _measures(f, lambda t: (t[0], (len(t) - 1) / (t[-1] - t[0]))),
        because="Reading the prompt is left out of the rate, so it says how fast the model writes.",
        hints=(
            "The first number is times[0]. For the second, how many tokens come after the first, "
            "and in what time?",
            "len(times) - 1 tokens come in times[-1] - times[0] seconds.",
        ),
        code=_MEASURE,
        wrong=(
            Wrong(
                when=lambda f: _measures(f, lambda t: (t[0], len(t) / t[-1])),
                because="That counts the wait for the first token too. The rate is meant without "
                "it.",
                example=_MEASURE.replace("(len(times) - 1) / rest", "len(times) / times[-1]"),
            ),
            Wrong(
                when=lambda f: _measures(f, lambda t: (t[0], len(t) / (t[-1] - t[0]))),
                because="In the time after the first token, one token less has come.",
                example=_MEASURE.replace("(len(times) - 1)", "len(times)"),
            ),
            Wrong(
                when=lambda f: _measures(f, lambda t: (t[0], (t[-1] - t[0]) / (len(t) - 1))),
                because="Those are seconds per token. Turn it over.",
                example=_MEASURE.replace("(len(times) - 1) / rest", "rest / (len(times) - 1)"),
            ),
        ),
        otherwise="For [0.5, 0.6, 0.7, 0.8, 0.9], the first token comes after 0.5 seconds, and "
        "then 4 tokens come in 0.4 seconds: 10 a second.",
    ),
    Exercise(
        name="09.6",
        title="Reading a stream",
        task="Write read_stream(lines), which gets the lines of a streamed reply, without their "
        "line ends, and returns its text. Lines that begin with 'data: ' hold JSON; the text is in "
        "choices, the first one, delta, content, where there is any. 'data: [DONE]' ends the "
        "stream; every other line is skipped.",
        expects=(callable, "a function"),
        right=lambda f: all(_reads(f, name) for name in _STREAMS),
        because="Text comes only in events with content; the others carry the role or the reason "
        "for the end.",
        hints=(
            "Go through the lines in a loop, and use json.loads on what comes after 'data: '.",
            "json.loads(line[6:])['choices'][0]['delta'] is a dictionary; .get('content') is None "
            "where there is no text.",
        ),
        code=_READ,
        wrong=(
            Wrong(
                when=lambda f: _reads(f, "no end") and not _reads(f, "plain"),
                because="The line with [DONE] is no JSON: stop there before you parse it.",
                example=_READ.replace(
                    '        if line == "data: [DONE]":\n            break\n', ""
                ),
            ),
            Wrong(
                when=lambda f: _reads(f, "plain") and not _reads(f, "role"),
                because="The first event has a role and no content; your function must bear that.",
                example=_READ.replace('delta.get("content") or ""', 'delta["content"]'),
            ),
            Wrong(
                when=lambda f: _reads(f, "plain") and not _reads(f, "brackets"),
                because="A reply may hold the word [DONE] itself. Only the whole line ends it.",
                example=_READ.replace('line == "data: [DONE]"', '"[DONE]" in line'),
            ),
            Wrong(
                when=lambda f: _reads(f, "role") and not _reads(f, "comment"),
                because="Lines that begin with a colon are comments, and must be skipped.",
                example=_READ.replace('line.startswith("data: ")', "line"),
            ),
        ),
        otherwise="The text that comes back is not that of the stream. Print each line that your "
        "function takes, and what it adds.",
    ),
)

QUIZ = (
    Question(
        "Why does one client speak to Ollama, vLLM and transformers serve alike?",
        right="c",
        options={
            "They all run the same engine underneath.": (
                "The engines differ: llama.cpp in Ollama, one of its own in vLLM, and transformers "
                "in the third."
            ),
            "The client finds out which server it has, and translates the requests.": (
                "It sends the same request everywhere and asks nobody what they are."
            ),
            "They answer the same requests over HTTP, in the same form of JSON.": (
                "OpenAI's interface became the common one; an address and a name are all that "
                "changes."
            ),
            "They are all made by the company that wrote the client.": (
                "The client is OpenAI's, the servers are by many others."
            ),
        },
    ),
    Question(
        "A prompt gets ten times as long. Which number grows with it most?",
        right="a",
        options={
            "the time to the first token": (
                "Before it writes, the model has to read all of the prompt."
            ),
            "the tokens per second while the reply is being written": (
                "That rate goes down a little, as there is more to look back at."
            ),
            "the number of tokens in the reply": (
                "A longer question may well have a short answer."
            ),
            "the memory that the weights take": (
                "Weights take the same memory whatever the prompt; the KV cache grows."
            ),
        },
    ),
    Question(
        "Twenty people use one server at the same time. What helps most?",
        right="d",
        options={
            "a queue that serves them one after the other, in the order of their requests": (
                "That is fair, and the last one waits for nineteen others."
            ),
            "a lower temperature for all": "The time for a token doesn't depend on it.",
            "twenty copies of the model in the memory of the one processor": (
                "They would take turns on the same processor, and need twenty times the memory."
            ),
            "one pass of the model for all of them at each step": (
                "That is continuous batching: reading the weights once serves everybody."
            ),
        },
    ),
    Question(
        "Which address should a server on your own laptop listen on?",
        right="b",
        options={
            "0.0.0.0, so that every program finds it": (
                "That lets everybody on the network in, and most local servers ask for no key."
            ),
            "127.0.0.1, which only programs on the same machine reach": (
                "It is called loopback; nothing that is sent there leaves the machine."
            ),
            "the address that the router has given to the laptop on this network": (
                "Then others on the same network reach it too."
            ),
            "any, since the model is open anyway": (
                "The model is open; your prompts and your processor's time are yours."
            ),
        },
    ),
    Question(
        "You send presence_penalty and the reply doesn't change. What may be the reason?",
        right="b",
        options={
            "The parameter works only from the second message of a conversation on.": (
                "It works within one reply, on tokens that are already in it."
            ),
            "The server takes the field and does nothing with it.": (
                "Compatible means that the request is accepted, not that each field has an effect."
            ),
            "The client leaves out parameters that it doesn't know.": (
                "The client knows it and sends it; you could see it in the request."
            ),
            "Penalties need a key of a paid account.": "No local server looks at an account.",
        },
    ),
    Question(
        "You close a stream after the first sentence. What happens to the rest of the reply?",
        right="d",
        options={
            "It arrives later, and is put before the next reply.": (
                "The connection is closed, so nothing more can arrive on it."
            ),
            "The server writes it to the end and keeps it for the next request.": (
                "Nobody is left to send it to, and the next request is another one."
            ),
            "The client goes on reading it in the background, without showing it to you.": (
                "Closing ends the reading as well."
            ),
            "It is never computed.": (
                "The server notices that the connection is closed, and stops generating."
            ),
        },
    ),
)
