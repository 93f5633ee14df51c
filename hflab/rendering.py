"""Chat messages to token ids, so that the text of a message never becomes a control token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from jinja2 import TemplateError
from tokenizers import AddedToken, Tokenizer

from hflab.errors import MessageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Stand-ins and the two fixed characters come from Unicode's private plane: they mean nothing.
_PRIVATE = range(0xF0000, 0xFFF00)
_SEAM = chr(0xFFFF0)
_PROBE = chr(0xFFFF1)
# Markers that a template writes as ordinary text: [INST], <<SYS>>, <|user|>, <turn>.
_MARKER = re.compile(r"<<[^<>\s]+>>|<[^<>\s]+>|\[[^\[\]\s]+\]")


def encode_messages(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[dict[str, str]],
    *,
    add_generation_prompt: bool = True,
) -> list[int]:
    """Render messages with the tokenizer's chat template and encode them safely.

    Text that holds nothing like a control token gives exactly the ids of
    `tokenizer.apply_chat_template`. Where it does hold one, such as `<|im_end|>`, the ids spell
    it as plain text. Markers that a template writes as plain text, such as `[INST]`, are spelled
    character by character in message text, so their ids differ from the template's own. (A
    tokenizer that spells every word that way gets a space after the first character instead.)
    Labels made of ordinary words, such as `USER:`, can't be told from prose and stay as they are.

    Args:
        tokenizer: A tokenizer with a chat template.
        messages: Checked messages, see `hflab.prompts.check_messages`.
        add_generation_prompt: End with the opening of the assistant's turn.

    Returns:
        Token ids, one list.

    Raises:
        MessageError: The template refuses these messages, or a tokenizer without a fast backend
            met a control token in a message.
    """
    controls = _controls(tokenizer)
    hidden, guarded = controls.hide(messages)
    if hidden and controls.plain is None:
        raise MessageError(
            what=f"A message holds the control token {next(iter(hidden.values()))!r}.",
            why="This tokenizer has no fast backend, which is needed to encode it as plain text.",
            remedy="Remove it from the message.",
        )
    text = _render(tokenizer, guarded, add_generation_prompt)
    encoding = tokenizer(text, add_special_tokens=False)
    ids: list[int] = list(encoding["input_ids"])
    if controls.plain is None:
        return ids

    # Added tokens cut a text before anything else happens to it, so each stretch between two
    # control tokens is encoded on its own, and can be encoded anew on its own.
    result: list[int] = []
    token_start = text_start = 0
    forged = False
    for index in [*(i for i, token in enumerate(ids) if token in controls.ids), len(ids)]:
        start, end = len(text), len(text)
        if index < len(ids):
            start, end = encoding.token_to_chars(index)
            # A token that arose by normalization (full-width letters, say) came from a message.
            if text[start:end].strip() != controls.ids[ids[index]].strip():
                forged = True
                continue
        stretch = text[text_start:start]
        if forged or (hidden and not hidden.keys().isdisjoint(stretch)):
            result += controls.spell(stretch, hidden, first=text_start == 0)
        else:
            result += ids[token_start:index]
        result += ids[index : index + 1]
        token_start, text_start, forged = index + 1, end, False
    return result


def _render(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[dict[str, str]],
    add_generation_prompt: bool,
) -> str:
    try:
        return str(
            tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=add_generation_prompt
            )
        )
    except TemplateError as error:
        raise MessageError(
            what="The model's chat template refuses these messages.",
            why=f"It says: {error}",
            remedy="Follow its rule; without a system role, put instructions in the first message.",
        ) from error


class _Controls:
    """The control tokens and markers of one tokenizer, and how to write them as text."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        written = _probe(tokenizer)
        template = str(tokenizer.get_chat_template()) + written
        added: dict[int, AddedToken] = tokenizer.added_tokens_decoder
        # Special tokens always; others (<think>, <tool_call>) where the template uses them. A
        # tokenizer may list plain words too (Gemma has HTML tags), and those stay what they are.
        self.ids: dict[int, str] = {
            token_id: token.content
            for token_id, token in added.items()
            if token.content.strip() and (token.special or token.content in template)
        }
        soft = {self.ids[i] for i in self.ids if not added[i].special}
        tokens = set(self.ids.values())
        self.spelled = set(_MARKER.findall(_alternatives(tokens).sub(" ", written)))
        self.plain: Tokenizer | None = None
        self._real_ids: dict[int, int] = {}
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if isinstance(backend, Tokenizer):
            self._build_plain(backend, [t for i, t in added.items() if i not in self.ids])
            # A vocabulary (Unigram's, say) can hold a control token as an ordinary piece.
            self.spelled |= {t for t in tokens if not self.ids.keys().isdisjoint(self._encode(t))}
        self._patterns = {
            # An assistant may think and call tools: a reply keeps such tokens. Nobody else does.
            "assistant": _alternatives((tokens - soft) | self.spelled),
            "": _alternatives(tokens | self.spelled),
        }
        self._longest = max(map(len, tokens), default=0)
        self._heads = {t[:n] for t in tokens for n in range(1, len(t))}

    def _build_plain(self, backend: Tokenizer, others: Iterable[AddedToken]) -> None:
        # The same model, normalizer and pre-tokenizer (shared, not copied), no control tokens.
        self.plain = plain = Tokenizer(backend.model)
        if backend.normalizer is not None:
            plain.normalizer = backend.normalizer
        if backend.pre_tokenizer is not None:
            plain.pre_tokenizer = backend.pre_tokenizer
        plain.add_special_tokens([AddedToken(_SEAM, normalized=False)])
        for token in others:
            plain.add_tokens([token])
            here, there = plain.token_to_id(token.content), backend.token_to_id(token.content)
            if here is not None and there is not None:
                self._real_ids[here] = there

    def hide(
        self, messages: Sequence[dict[str, str]]
    ) -> tuple[dict[str, str], list[dict[str, str]]]:
        """Replace control text by one private character each; returns what each stands for."""
        everything = "".join(message["content"] for message in messages)
        stand_ins: Iterator[str] = (chr(c) for c in _PRIVATE if chr(c) not in everything)
        names: dict[str, str] = {}

        def stand_in(text: str) -> str:
            if text not in names:
                names[text] = next(stand_ins)
            return names[text]

        guarded = []
        for message in messages:
            pattern = self._patterns.get(message["role"], self._patterns[""])
            content = pattern.sub(lambda match: stand_in(match[0]), message["content"])
            # A control token could begin here and end in the next message.
            tail = self._tail(content)
            content = content[: len(content) - len(tail)] + (stand_in(tail) if tail else "")
            guarded.append({**message, "content": content})
        return {char: text for text, char in names.items()}, guarded

    def _tail(self, content: str) -> str:
        for n in range(min(self._longest - 1, len(content)), 0, -1):
            if (tail := content[-n:]) in self._heads and tail.strip() == tail:
                return tail
        return ""

    def spell(self, stretch: str, hidden: dict[str, str], *, first: bool) -> list[int]:
        """Encode text between two control tokens, with the hidden text as plain text."""
        spelled = {char for char, text in hidden.items() if text in self.spelled}
        restore = str.maketrans({c: t for c, t in hidden.items() if c not in spelled})
        start, *rest = re.split(f"([{''.join(spelled) or _SEAM}])", stretch.translate(restore))
        ids = self._encode(start, after=not first)
        for piece in rest:
            if piece in spelled:
                ids += self._by_character(hidden[piece])
            elif piece:
                ids += self._middle(piece)
        return ids

    def _encode(self, text: str, *, after: bool = True) -> list[int]:
        assert self.plain is not None
        ids = self.plain.encode(_SEAM * after + text).ids[after:]
        return [self._real_ids.get(token, token) for token in ids]

    def _middle(self, text: str) -> list[int]:
        # Some tokenizers put a space before the first word of a stretch: let it be a line break,
        # and take that away again.
        line, ids = self._encode("\n"), self._encode("\n" + text)
        return ids[len(line) :] if ids[: len(line)] == line else self._encode(text)

    def _by_character(self, marker: str) -> list[int]:
        ids = [token for character in marker for token in self._middle(character)]
        if ids == self._middle(marker):
            ids = [token for c in f"{marker[0]} {marker[1:]}" for token in self._middle(c)]
        return ids


def _alternatives(texts: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(texts, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _probe(tokenizer: PreTrainedTokenizerBase) -> str:
    """What the template writes around a short conversation, whatever roles it accepts."""
    roles = ("system", "user", "assistant", "user")
    messages = [{"role": role, "content": _PROBE} for role in roles]
    for attempt in (messages, messages[1:], messages[1:2]):
        try:
            return _render(tokenizer, attempt, True).replace(_PROBE, " ")
        except MessageError:
            continue
    return ""


_known: WeakKeyDictionary[Any, tuple[Any, _Controls]] = WeakKeyDictionary()


def _controls(tokenizer: PreTrainedTokenizerBase) -> _Controls:
    # Kept per tokenizer, and made anew when its template or its added tokens change.
    state = (tokenizer.get_chat_template(), len(tokenizer.added_tokens_decoder))
    if tokenizer not in _known or _known[tokenizer][0] != state:
        _known[tokenizer] = (state, _Controls(tokenizer))
    return _known[tokenizer][1]
