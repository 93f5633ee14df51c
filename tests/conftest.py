"""Settings and models shared by all tests: offline, one thread, a model of the real kind."""

from __future__ import annotations

import os

# ruff: noqa: E402
# Before the libraries are imported: they read these once.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HFLAB_TIER"):
    os.environ.pop(variable, None)

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from hflab.tiny import tiny_model

if TYPE_CHECKING:
    from recipes.training import Score

# Its tests fail as those in the files that take them over do: with the values compared.
pytest.register_assert_rewrite("bundled")
torch.set_num_threads(1)

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def _measured(path: Path) -> str | None:
    """The model a file of measurements is named after: test_bundled_zero_shot.py → zero-shot."""
    _, found, name = path.stem.partition("test_bundled_")
    return name.replace("_", "-") if found else None


def _untrained(path: Path) -> str | None:
    """The model that a file of measurements is about, if its recipe is there but no weights."""
    name = _measured(path)
    return name if name and name not in tiny_model() else None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out measurements of models that have not been trained yet.

    Which models ship is written down in test_cards.py: one of those can't go missing unnoticed.
    """
    return True if _untrained(collection_path) else None


def pytest_report_header() -> str:
    """Say what is left out."""
    names = filter(None, map(_untrained, sorted(Path(__file__).parent.glob("test_bundled_*.py"))))
    return f"not trained yet, so not measured: {', '.join(names) or 'nothing'}"


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest) -> Path:
    """The folder of the bundled model that a test_bundled_*.py is named after."""
    return Path(tiny_model(_measured(request.path)))


@pytest.fixture(scope="module")
def scores(request: pytest.FixtureRequest, folder: Path) -> list[Score]:
    """What that model's recipe measures, once for all tests of the file."""
    recipe = request.path.stem.removeprefix("test_bundled_")
    measured: list[Score] = import_module(f"recipes.{recipe}").RECIPE.evaluate(folder)
    return measured


def save_random_chat(folder: Path, dtype: torch.dtype = torch.float16) -> Path:
    """Save a random-weight Llama and a byte-level tokenizer trained on a few sentences."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["What is a token? A token is a piece of text."] * 4, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
    )
    fast.chat_template = TEMPLATE
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        bos_token_id=fast.bos_token_id,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).to(dtype).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def random_chat_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random-weight chat model; tests that break files copy it first."""
    return save_random_chat(tmp_path_factory.mktemp("models") / "random-chat")


@pytest.fixture(scope="session")
def tiny_chat_folder(request: pytest.FixtureRequest) -> Path:
    """The bundled chat model, or a random-weight one of its kind where it is not built yet."""
    if "chat" in tiny_model():
        return Path(tiny_model("chat"))
    folder: Path = request.getfixturevalue("random_chat_folder")
    return folder
