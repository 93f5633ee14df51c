"""Prompts: messages or text to token ids, checked, counted and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from hflab.errors import ContextOverflowError, MessageError, NoChatTemplateError
from hflab.rendering import encode_messages

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Prompt = str | Sequence[Mapping[str, str]]

_ROLES = ("system", "user", "assistant")
_EXAMPLE = '[{"role": "user", "content": "What is a token?"}]'


def check_messages(messages: object, *, expect_reply: bool = True) -> list[dict[str, str]]:
    """Check a conversation and return a fresh copy of it; the input is never changed.

    Args:
        messages: A list of `{"role": ..., "content": ...}`: a system message first, or none, then
            user and assistant in turns.
        expect_reply: The last message must be the user's, for the model to answer.

    Raises:
        MessageError: The conversation is malformed; the text names the index and the field.
    """
    if not isinstance(messages, list | tuple):
        raise _malformed("messages", "a list of messages", messages)
    if not messages:
        raise _malformed("messages", "at least one message", messages)
    checked: list[dict[str, str]] = []
    expected = "user"
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if not isinstance(message, Mapping):
            raise _malformed(where, "a dict with role and content", message)
        for field in ("role", "content"):
            if field not in message:
                raise _malformed(f"{where}[{field!r}]", "a string", None, missing=True)
            check_text(f"{where}[{field!r}]", message[field])
        if unknown := [key for key in message if key not in ("role", "content")]:
            raise _malformed(f"{where}[{unknown[0]!r}]", "only role and content", unknown[0])
        role = message["role"]
        allowed = ("system", "user") if index == 0 else (expected,)
        if role not in _ROLES or role not in allowed:
            raise _malformed(f"{where}['role']", " or ".join(map(repr, allowed)), role)
        checked.append({"role": role, "content": message["content"]})
        expected = "assistant" if role == "user" else "user"
    if expect_reply and checked[-1]["role"] != "user":
        where = f"messages[{len(checked) - 1}]['role']"
        raise _malformed(where, "'user', because the last message is answered", role)
    return checked


def check_text(where: str, text: object) -> None:
    """Refuse what is no text, or text that no tokenizer can encode.

    Raises:
        MessageError: `text` is no string, or holds half of a surrogate pair.
    """
    if not isinstance(text, str):
        raise _malformed(where, "a string", text)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _malformed(where, "valid Unicode text", text[error.start]) from error


def _malformed(where: str, expected: str, got: object, *, missing: bool = False) -> MessageError:
    shown = repr(got) if len(repr(got)) <= 60 else repr(got)[:57] + "..."
    found = "it is missing" if missing else f"got {type(got).__name__} {shown}"
    return MessageError(
        what=f"{where} is not what a conversation needs.",
        why=f"Expected {expected}, {found}.",
        remedy=f"Write it like this: {_EXAMPLE}",
    )


def encode(
    tokenizer: PreTrainedTokenizerBase, prompt: Prompt, *, add_generation_prompt: bool = True
) -> list[int]:
    """Turn a prompt into token ids: the one road from text or messages to the model.

    Args:
        tokenizer: The model's tokenizer.
        prompt: Text, encoded as it is (control tokens in it are real), or a list of messages,
            put through the chat template (control tokens in them become plain text).
        add_generation_prompt: Messages only: end with the opening of the assistant's turn.

    Returns:
        Token ids, one list; with at most one beginning-of-sequence token.

    Raises:
        MessageError: The prompt is malformed or empty.
        NoChatTemplateError: Messages for a model without a chat template.
    """
    if not isinstance(prompt, str):
        messages = check_messages(prompt, expect_reply=add_generation_prompt)
        check_chat_template(tokenizer)
        return encode_messages(tokenizer, messages, add_generation_prompt=add_generation_prompt)
    check_text("The prompt", prompt)
    if not prompt:
        raise _malformed("The prompt", "some text", prompt)
    ids = list(tokenizer(prompt)["input_ids"])
    bos = tokenizer.bos_token_id
    if bos is not None and ids[:2] == [bos, bos]:  # the text already began with <s> or the like
        del ids[0]
    return ids


def check_chat_template(tokenizer: PreTrainedTokenizerBase) -> None:
    """Make sure that the tokenizer knows how a conversation is written.

    Raises:
        NoChatTemplateError: It has no chat template, as base models haven't.
    """
    if not tokenizer.chat_template:
        name = tokenizer.name_or_path or "This model"
        raise NoChatTemplateError(
            what=f"{name} can't chat: its tokenizer has no chat template.",
            why="A base model only continues text; nobody taught it to take turns.",
            remedy="Give it a text prompt, or load its -Instruct or -chat sibling.",
        )


def check_context(n_prompt: int, max_new_tokens: int, context_length: int | None) -> None:
    """Make sure that prompt and reply fit, before anything is computed.

    Args:
        n_prompt: Tokens in the prompt.
        max_new_tokens: Tokens that the reply may take.
        context_length: Tokens that the model can see at once; None if it has no limit.

    Raises:
        ContextOverflowError: They don't fit.
    """
    if context_length is None or n_prompt + max_new_tokens <= context_length:
        return
    room = context_length - n_prompt
    lower = f"set max_new_tokens={room} or less, " if room > 0 else ""
    raise ContextOverflowError(
        what=f"The prompt ({n_prompt} tokens) and the reply (max_new_tokens={max_new_tokens}) "
        f"don't fit the context window of {context_length} tokens.",
        why="A model can't see further than its context window.",
        remedy=f"To go on, {lower}shorten the prompt, drop the oldest messages, "
        "or use a model with a longer context.",
    )


def count_tokens(prompt: Prompt, tokenizer: PreTrainedTokenizerBase) -> int:
    """Count the tokens that a text or a list of messages takes, special tokens included.

    A conversation that ends with the user is counted as the model gets it, with the opening of
    the reply. Raises what `encode` raises.
    """
    return len(_encode_as_sent(tokenizer, prompt))


def _encode_as_sent(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> list[int]:
    if isinstance(prompt, str):
        return encode(tokenizer, prompt) if prompt else list(tokenizer("")["input_ids"])
    messages = check_messages(prompt, expect_reply=False)
    return encode(tokenizer, messages, add_generation_prompt=messages[-1]["role"] == "user")


def show_tokens(text: Prompt, tokenizer: PreTrainedTokenizerBase) -> TokenView:
    """Show how a text (or a list of messages) is cut into tokens, special tokens included.

    Example:
        ```
        show_tokens("Hello, Zürich!", tokenizer)       # colored in a notebook
        print(show_tokens("Hello, Zürich!", tokenizer))  # a table anywhere
        ```
    """
    ids = _encode_as_sent(tokenizer, text)
    return TokenView(ids, token_pieces(tokenizer, ids))


def token_pieces(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> list[str]:
    r"""The text of each token; a token that is only part of a character as `\xf0\x9f`."""
    byte_of = _byte_alphabet() if "ByteLevel" in _decoder(tokenizer) else {}
    added = tokenizer.added_tokens_decoder
    pieces = []
    for token_id in ids:
        token = str(tokenizer.convert_ids_to_tokens(int(token_id)))
        if token_id in added:
            pieces.append(added[token_id].content)
        elif byte_of and all(char in byte_of for char in token):
            pieces.append(bytes(map(byte_of.__getitem__, token)).decode(errors="backslashreplace"))
        elif len(token) == 6 and token.startswith("<0x"):  # SentencePiece: <0x0A>
            pieces.append(bytes.fromhex(token[3:5]).decode(errors="backslashreplace"))
        else:
            pieces.append(token.replace("▁", " "))
    return pieces


def _decoder(tokenizer: Any) -> str:
    return repr(getattr(getattr(tokenizer, "backend_tokenizer", None), "decoder", ""))


def _byte_alphabet() -> dict[str, int]:
    # GPT-2's way to write any byte as a visible character; the rest are moved up past 255.
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    moved = [byte for byte in range(256) if byte not in visible]
    return {chr(b): b for b in visible} | {chr(256 + i): b for i, b in enumerate(moved)}


class TokenView:
    """Tokens of a text, drawn in a notebook and printed as a table elsewhere.

    Attributes:
        ids: Token ids.
        pieces: The text of each token.
    """

    def __init__(self, ids: Sequence[int], pieces: Sequence[str]) -> None:
        self.ids = list(ids)
        self.pieces = list(pieces)

    def __len__(self) -> int:
        return len(self.ids)

    def __str__(self) -> str:
        rows = [f"{i:>7}  {piece!r}" for i, piece in zip(self.ids, self.pieces, strict=True)]
        return "\n".join([f"{len(self)} tokens", "     id  piece", *rows])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        # Blue and orange at a quarter of full strength: told apart by every kind of color vision,
        # and readable on white and on black. Borders carry the same information.
        colors = ("rgba(0,114,178,.28)", "rgba(230,159,0,.28)")
        cells = []
        for n, (token_id, piece) in enumerate(zip(self.ids, self.pieces, strict=True)):
            shown = escape(piece).replace(" ", "·").replace("\n", "↵").replace("\t", "→")
            cells.append(
                f'<span style="display:inline-block;margin:2px 1px;padding:1px 4px;'
                f"border:1px solid rgba(128,128,128,.5);border-radius:4px;text-align:center;"
                f'background:{colors[n % 2]}"><code style="color:inherit;background:none">'
                f"{shown}</code><br>"
                f'<small style="opacity:.75">{token_id}</small></span>'
            )
        return f"<div>{''.join(cells)}<div><small>{len(self)} tokens</small></div></div>"
