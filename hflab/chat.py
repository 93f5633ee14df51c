"""Chat: a conversation as a plain list of messages, answered with a reused KV cache."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from hflab.conversation import Conversation
from hflab.decoding import GenerationStats, decode_stream
from hflab.generation import Stream, context_length, stream_ids
from hflab.parameters import check_parameters
from hflab.prompts import check_chat_template, check_context, check_text, encode
from hflab.reuse import Computed, empty_cache, model_state

if TYPE_CHECKING:
    from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase


class Chat(Conversation):
    """A conversation with a model on this machine.

    The keys and values computed for earlier turns are reused as far as the new prompt's ids truly
    begin with the same ids, so history may be edited and the model exchanged at any time: answers
    are those of a fresh run.

    A turn that is cancelled (`close()`, `break`, Ctrl-C) keeps the text that came so far as the
    assistant's message, and `.stats.finish_reason` is "cancelled"; if none came, the question is
    taken back too. A turn that fails leaves the history as it was before.

    One turn at a time: a stream that the same cell (thread, asyncio task) began and left waiting
    is closed by the next call. One that is running, or that another live thread or task reads,
    makes the next call raise BusyError.

    Args:
        model: A transformers model that generates.
        tokenizer: Its tokenizer, with a chat template.
        system: What to tell the model before the conversation.
        **generation: Defaults for every turn: max_new_tokens (256), do_sample, temperature, ...

    Attributes:
        messages: The conversation, a list of `{"role": ..., "content": ...}`; print it, edit it.
        generation: The defaults for every turn.
        stats: What the last turn took.

    Raises:
        ParameterError: Unknown name or impossible value.
        MessageError: `system` is no text.
        NoChatTemplateError: A base model.

    Example:
        ```
        chat = Chat(model, tokenizer, system="Answer in one sentence.")
        print(chat.send("What is a token?"))
        for piece in chat.stream("And a tokenizer?"):
            print(piece, end="", flush=True)
        ```
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        system: str | None = None,
        **generation: Any,
    ) -> None:
        check_parameters(generation)
        check_chat_template(tokenizer)
        super().__init__(system, generation)
        self.model = model
        self.tokenizer = tokenizer
        self._computed: Computed | None = None

    def stream(self, text: str, **generation: Any) -> Stream:
        """Say something and return a generator of pieces of the reply, with `.stats`.

        Args:
            text: The user's message. Control tokens in it are plain text.
            **generation: Changes to the chat's defaults, for this turn.

        Raises:
            MessageError: `text` is no string, or `messages` was edited into something malformed.
            ParameterError: Unknown name or impossible value.
            ContextOverflowError: The conversation and the reply don't fit the context window.
            BusyError: Another turn of this chat is being generated.
            OutOfMemoryError: Memory ran out, while iterating.
        """
        check_text("text", text)
        check_parameters(generation)
        pieces = self._reply(text, {"max_new_tokens": 256, **self.generation, **generation})
        return self._begin(pieces)

    def reset(self) -> None:
        """Forget the conversation, all but a system message, and what was computed for it.

        Raises:
            BusyError: A turn of this chat is being generated.
        """
        super().reset()
        self._computed = None

    def _reply(self, text: str, options: dict[str, Any]) -> Generator[str, None, None]:
        question = {"role": "user", "content": text}
        ids = encode(self.tokenizer, [*self.messages, question])
        check_context(len(ids), options["max_new_tokens"], context_length(self.model))
        cache = self._take_cache(ids)
        reused = 0 if cache is None else cache.get_seq_length()
        stats = GenerationStats(prompt_tokens=len(ids), reused_tokens=reused)
        model, state = self.model, model_state(self.model)
        tokens = stream_ids(model, ids, self.tokenizer, cache=cache, **options)
        new_ids: list[int] = []
        reply: list[str] = []
        try:
            self.messages.append(question)
            self.stats = stats
            yield ""
            for piece in decode_stream(tokens, self.tokenizer, stats, new_ids):
                reply.append(piece)
                yield piece
        except BaseException as error:
            cancelled = isinstance(error, GeneratorExit | KeyboardInterrupt)
            if isinstance(error, GeneratorExit) and cache is not None:
                # Raised between two steps: the cache is whole.
                self._computed = Computed(model, state, ids + new_ids, cache)
            if cancelled:
                stats.finish_reason = stats.finish_reason or "cancelled"
            self._close(question, "".join(reply) if cancelled and reply else None)
            cache = None  # a traceback may keep this frame alive, and must not keep the cache
            raise
        if cache is not None:
            self._computed = Computed(model, state, ids + new_ids, cache)
        self._close(question, "".join(reply))

    def _take_cache(self, ids: list[int]) -> DynamicCache | None:
        # Taken out of the chat: until the turn ends well, nobody knows what is in it.
        computed, self._computed = self._computed, None
        cache = computed.cut(self.model, ids) if computed else None
        return empty_cache(self.model) if cache is None else cache
