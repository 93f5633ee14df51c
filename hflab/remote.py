"""RemoteChat: the same conversation as Chat's, with a model on any OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Generator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from hflab.client import checked_url, is_openai, make_client
from hflab.conversation import Conversation
from hflab.decoding import GenerationStats
from hflab.errors import HflabError
from hflab.generation import Stream
from hflab.keys import find_key
from hflab.prompts import check_messages, check_text
from hflab.wire import (
    broken_off,
    check_request,
    explain,
    no_model_server,
    request_fields,
    transport_errors,
)

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk


class RemoteChat(Conversation):
    """A conversation with a model on a server: OpenAI, Ollama, vLLM, `transformers serve`, ...

    It has Chat's methods and attributes, and may stand wherever a Chat does. The whole
    conversation is sent with every turn. Closing a stream (`close()`, `break`, Ctrl-C) closes the
    connection, at which servers stop generating; the part that came is kept, as in Chat.

    A request that fails before the first piece of the reply leaves the history as it was. If
    the reply breaks off later, the part that came is kept as the last message,
    `.stats.finish_reason` is "error", and OfflineError says so. Before that, connection errors,
    time-outs and the statuses 429 and 5xx are tried again, with growing pauses or those that the
    server asks for.

    Args:
        base_url: The server's address, usually ending in /v1.
        model: The model's name on that server.
        api_key: A key, if the server asks for one. By default the key of a well-known service is
            read from its variable or Colab secret (OPENAI_API_KEY, HF_TOKEN, ...), and other
            servers get none.
        key_name: Another variable or Colab secret to read the key from.
        system: What to tell the model before the conversation.
        timeout: Seconds to wait for a piece of the reply; 5 of them for a connection.
        max_retries: How often a failed request is tried again.
        **generation: Defaults for every turn, in Chat's words: max_new_tokens (256), do_sample,
            temperature, top_p, stop_strings; also frequency_penalty, presence_penalty, seed, and
            extra_body, a dict of fields that only this server knows. What is left out is up to
            the server. do_sample=False gives the most likely token every time.

    Attributes:
        base_url: The server's address.
        model: The model's name there.
        messages: The conversation, a list of `{"role": ..., "content": ...}`; print it, edit it.
        generation: The defaults for every turn.
        stats: What the last turn took. Seconds are seconds waited for the server; tokens are
            counted by the server, or as pieces if it doesn't say.

    Raises:
        ParameterError: An address that is none, an unknown name or an impossible value.
        MessageError: `system` is no text.
        MissingExtraError: The openai package is not installed.

    Example:
        ```
        chat = RemoteChat("http://localhost:11434/v1", "llama3.2")  # Ollama on this machine
        print(chat.send("What is a token?"))
        ```
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str | None = None,
        *,
        key_name: str | None = None,
        system: str | None = None,
        timeout: float = 300.0,
        max_retries: int = 3,
        **generation: Any,
    ) -> None:
        # The argument's name is given up at once: tracebacks may print a frame's variables.
        api_key, self._key = None, find_key(str(base_url), api_key, key_name)
        check_request(generation)
        super().__init__(system, generation)
        self.base_url = checked_url(base_url)
        self.model = model
        self._limit = "max_completion_tokens" if is_openai(self.base_url) else "max_tokens"
        self._client = make_client(self.base_url, self._key, timeout, max_retries)

    def stream(self, text: str, **generation: Any) -> Stream:
        """Say something and return a generator of pieces of the reply, with `.stats`.

        The request is sent when the first piece is asked for.

        Args:
            text: The user's message. Whether control tokens in it are plain text is up to the
                server.
            **generation: Changes to the chat's defaults, for this turn.

        Raises:
            MessageError: `text` is no string, or `messages` was edited into something malformed.
            ParameterError: Unknown name or impossible value; or, while iterating, the server
                refuses the request.
            BusyError: Another turn of this chat is being generated.
            OfflineError: While iterating: no server, one that fails, a reply that breaks off.
            GatedModelError: While iterating: the server refuses the API key.
            ModelNotFoundError: While iterating: the server has no such model.
            ContextOverflowError: While iterating: the conversation is too long.
        """
        check_text("text", text)
        check_request(generation)
        pieces = self._reply(text, {"max_new_tokens": 256, **self.generation, **generation})
        return self._begin(pieces)

    def _reply(self, text: str, options: dict[str, Any]) -> Generator[str, None, None]:
        question = {"role": "user", "content": text}
        messages = check_messages([*self.messages, question])
        stats = GenerationStats()
        reply: list[str] = []
        try:
            self.messages.append(question)
            self.stats = stats
            yield ""
            for piece in self._receive(messages, request_fields(options, limit=self._limit), stats):
                reply.append(piece)
                yield piece
        except BaseException as error:
            cancelled = isinstance(error, GeneratorExit | KeyboardInterrupt)
            stats.finish_reason = "cancelled" if cancelled else "error"
            self._close(question, "".join(reply) or None)
            raise
        self._close(question, "".join(reply))

    def _receive(
        self, messages: list[dict[str, str]], fields: dict[str, Any], stats: GenerationStats
    ) -> Generator[str, None, None]:
        """Send the request, and yield the reply as it comes."""
        # The optional extra [remote]; without it there is no client, and no chat got this far.
        import openai

        failure: HflabError | None = None
        request: Any = {"model": self.model, "messages": messages, **fields}
        start = perf_counter()
        try:
            with self._client.chat.completions.create(
                **request, stream=True, stream_options={"include_usage": True}
            ) as events:
                kind = events.response.headers.get("content-type", "")
                if not kind.startswith("text/event-stream"):
                    failure = no_model_server(self.base_url)
                try:
                    for event in events if failure is None else ():
                        piece = _read(event, stats)
                        stats.seconds += perf_counter() - start
                        if piece:
                            if stats.time_to_first_token is None:
                                stats.time_to_first_token = stats.seconds
                            yield piece
                        start = perf_counter()
                # A piece that is no JSON is a ValueError.
                except (openai.APIError, transport_errors(events.response), ValueError) as error:
                    failure = self._broken_off(error, request, stats)
                if failure is None and stats.finish_reason is None:
                    failure = self._broken_off(None, request, stats)
        except openai.APIError as error:
            failure = self._explain(error)
        # Raised here, where the client's error is no longer being handled, so that no traceback
        # leads into frames that hold the request's header.
        if failure is not None:
            raise failure

    def _broken_off(
        self, error: Exception | None, request: dict[str, Any], stats: GenerationStats
    ) -> HflabError:
        # An optional extra, as above.
        import openai

        begun = stats.time_to_first_token is not None
        if error is None and not begun:
            # Some servers end the stream where they would otherwise say what is wrong, and close
            # the connection, which the client notices only when it uses it again.
            client = self._client.with_options(max_retries=1)
            try:
                client.chat.completions.create(**request | {self._limit: 1})
            except openai.APIError as reason:
                return self._explain(reason)
        return broken_off(self.base_url, error, self._key, begun)

    def _explain(self, error: Exception) -> HflabError:
        return explain(error, self.base_url, self.model, self._key, self._models)

    def _models(self) -> list[str] | None:
        # An optional extra, as above.
        import openai

        try:
            listed = self._client.with_options(max_retries=0, timeout=10).models.list()
            return [each.id for each in listed]
        except (openai.OpenAIError, ValueError, AttributeError):  # no list, or no JSON
            return None


def _read(event: ChatCompletionChunk, stats: GenerationStats) -> str:
    """Take one event of the stream: note the numbers in it, return its text."""
    text = ""
    for choice in event.choices[:1]:
        text = choice.delta.content or ""
        stats.new_tokens += bool(text)
        stats.finish_reason = choice.finish_reason or stats.finish_reason
    if event.usage is not None:
        stats.prompt_tokens = event.usage.prompt_tokens
        stats.new_tokens = event.usage.completion_tokens
        details = event.usage.prompt_tokens_details
        stats.reused_tokens = (details and details.cached_tokens) or 0
    return text
