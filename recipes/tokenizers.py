"""Five bundled tokenizers, each in the style of a well-known family and with its chat template.

    python -m recipes.tokenizers                # train, measure, write hflab/tiny/tokenizers
    python -m recipes.tokenizers --evaluate     # only measure the ones that are there

They differ as their models differ: in what they were trained on, how they cut words, digits and
blanks, which special tokens they have, and how their chat template writes a conversation. Their
vocabularies are small, so that one page of text is enough to train them and to tell them apart.
"""

# ruff: noqa: E501 - the card is prose
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from recipes.chat import SPLIT, TEMPLATE
from recipes.chat_dialogues import Writer
from recipes.files import read
from recipes.training import HELD_OUT, Recipe, Score

#: Qwen's cut: as Llama 3's, but every digit is a token of its own.
SPLIT_DIGITS = SPLIT.replace(r"\p{N}{1,3}", r"\p{N}")

PHI_3 = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
)
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
#: The system prompt goes inside the first user message.
LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set turns = messages[1:] %}"
    "{% set system = '<<SYS>>\n' + messages[0]['content'] + '\n<</SYS>>\n\n' %}"
    "{% else %}{% set turns = messages %}{% set system = '' %}{% endif %}"
    "{% for message in turns %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception("
    "'Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}"
    "{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + (system if loop.first else '')"
    " + message['content'] | trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] | trim + ' ' + eos_token }}{% endif %}"
    "{% endfor %}"
)
#: StarCoder2's format for instructions; it has no place for a system prompt.
CODE = (
    "{{ bos_token + 'You are an exceptionally intelligent coding assistant that consistently "
    "delivers accurate and reliable responses to user instructions.\n\n' }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}"
    "{{ raise_exception('System messages are not allowed in this template.') }}"
    "{% elif message['role'] == 'user' %}"
    "{{ '### Instruction\n' + message['content'] + '\n\n' }}"
    "{% else %}{{ '### Response\n' + message['content'] + eos_token + '\n\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '### Response\n' }}{% endif %}"
)


@dataclass(frozen=True)
class Style:
    """One tokenizer: its size, how it cuts text, its special tokens and its chat format.

    Attributes:
        size: Number of tokens, without those added for the chat format.
        cut: Regex that cuts text before merging; empty: SentencePiece's way, at blanks.
        bos: Token at the beginning of a text, or empty.
        eos: Token at the end of a reply.
        special: Further special tokens.
        prefix: Whether encoding a text puts `bos` before it.
        template: The chat template.
        diet: How often each kind of text is read: dialogues, the other languages, code.
    """

    size: int
    cut: str
    bos: str
    eos: str
    special: tuple[str, ...]
    prefix: bool
    template: str
    diet: tuple[int, int, int]


STYLES = {
    "llama-3": Style(
        7168, SPLIT, "<|begin_of_text|>", "<|eot_id|>",
        ("<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"),
        True, TEMPLATE, (600, 30, 4),
    ),
    "chatml": Style(
        6144, SPLIT_DIGITS, "", "<|im_end|>", ("<|endoftext|>", "<|im_start|>"),
        False, CHATML, (400, 60, 4),
    ),
    "llama-2": Style(3072, "", "<s>", "</s>", (), True, LLAMA_2, (800, 0, 0)),
    "phi-3": Style(
        3072, "", "<s>", "<|endoftext|>", ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        False, PHI_3, (800, 0, 0),
    ),
    "code": Style(
        4096, r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\n+| +(?= )|\s", "<|endoftext|>",
        "<|endoftext|>", ("<fim_prefix>", "<fim_middle>", "<fim_suffix>"),
        False, CODE, (120, 2, 60),
    ),
}  # fmt: skip


def pages() -> dict[str, dict[str, str]]:
    """Language → its two pages, "learn" and "sample"."""
    return read("pages")


def texts(style: Style, seed: int) -> Iterator[str]:
    """Yield what a tokenizer is trained on: dialogues of the course, other languages, code."""
    dialogues, languages, code = style.diet
    writer = Writer(seed)
    for _ in range(20 * dialogues):
        yield from (message["content"] for message in writer.dialogue(3))
    yield from (str(number) for number in range(1000) for _ in range(30))
    for name, page in pages().items():
        for _ in range(code if name == "python" else 40 if name == "english" else languages):
            yield page["learn"]


def build(style: Style, seed: int) -> PreTrainedTokenizerFast:
    """Train one tokenizer and give it its special tokens and its chat template."""
    byte_level = bool(style.cut)
    special = list(dict.fromkeys(filter(None, (style.bos, style.eos, *style.special))))
    if byte_level:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(style.cut), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:
        # As Llama 2: a blank becomes "▁", a letter never seen is spelled in bytes.
        tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Metaspace(prepend_scheme="first"), pre_tokenizers.Digits(True)]
        )
        tokenizer.decoder = decoders.Sequence(
            [
                decoders.Replace("▁", " "),
                decoders.ByteFallback(),
                decoders.Fuse(),
                decoders.Strip(" ", 1, 0),
            ]
        )
        special = ["<unk>", *special, *(f"<0x{byte:02X}>" for byte in range(256))]
        alphabet = [chr(c) for c in range(33, 127)]
    trainer = trainers.BpeTrainer(
        vocab_size=style.size,
        special_tokens=special,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet) + 20,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(style, seed), trainer)
    if style.prefix:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{style.bos} $A",
            special_tokens=[(style.bos, tokenizer.token_to_id(style.bos))],
        )
    names = {"bos_token": style.bos or None, "eos_token": style.eos}
    if not byte_level:
        names["unk_token"] = "<unk>"
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **names,
        extra_special_tokens=[t for t in style.special if t],
        chat_template=style.template,
        model_max_length=4096,
        clean_up_tokenization_spaces=False,
    )


@dataclass(frozen=True)
class Named:
    """A tokenizer that is saved into a folder of its own name."""

    name: str
    tokenizer: PreTrainedTokenizerFast

    def save_pretrained(self, folder: Path) -> None:
        self.tokenizer.save_pretrained(folder / self.name)


def train(_steps: int, seed: int) -> list[Named]:
    """Train all five; there are no steps to count."""
    return [Named(name, build(style, seed)) for name, style in STYLES.items()]


def evaluate(folder: Path) -> list[Score]:
    """Compare each tokenizer's rendering with the published format, and its round trips.

    The formats stand in tests/heldout/chat_formats.json, letter by letter, as the model cards of
    Llama 3, Llama 2, Phi-3, Qwen (ChatML) and StarCoder2 give them.
    """
    formats = json.loads((HELD_OUT / "chat_formats.json").read_text(encoding="utf-8"))
    same, back = [], []
    for name in STYLES:
        tokenizer = AutoTokenizer.from_pretrained(folder / name)
        for case in formats[name]:
            text = tokenizer.apply_chat_template(
                case["messages"], tokenize=False, add_generation_prompt=case["reply_next"]
            )
            same.append(text == case["text"])
        for page in pages().values():
            ids = tokenizer(page["sample"], add_special_tokens=False)["input_ids"]
            back.append(tokenizer.decode(ids) == page["sample"])
    return [
        Score("conversations rendered as published", "exact", sum(same) / len(same), len(same), 1),
        Score(
            "pages that decode to themselves", "round trips", sum(back) / len(back), len(back), 1
        ),
    ]


RECIPE = Recipe(
    name="tokenizers",
    task="text-generation",
    summary="""Five tokenizers, each in the style of a well-known family and with the chat template that
family publishes: `llama-3` (headers), `phi-3` (tags), `chatml` (as Qwen), `llama-2` (`[INST]`) and `code`
(as StarCoder2). They are made to be compared, not to be used with the real models: their vocabularies are
small and their ids their own.""",
    usage="""from transformers import AutoTokenizer
import hflab

tokenizer = AutoTokenizer.from_pretrained(hflab.tiny_model("tokenizers/llama-3"))
messages = [{"role": "user", "content": "What is a token?"}]
print(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))""",
    data="""Dialogues of the bundled chat model's recipe, and a hand-made page in each of ten languages and
in Python (`recipes/data/pages.toml`); `llama-2` and `phi-3` were trained on English alone, `code` mostly on
Python.""",
    architecture="""Byte-level BPE (`llama-3`, `chatml`, `code`), or BPE with byte fallback in SentencePiece's
manner (`llama-2`, `phi-3`); 3,072 to 7,168 tokens.""",
    limits=[
        "They know little outside a page of each language, so they cut more finely than the real ones.",
        "No model belongs to them: `chat` and `base` have a tokenizer of their own.",
    ],
    steps=0,
    train=train,
    evaluate=evaluate,
)

if __name__ == "__main__":
    RECIPE.main()
