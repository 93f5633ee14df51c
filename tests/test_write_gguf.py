"""A model as a GGUF file: transformers, reading it back, finds the same numbers and tokens."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

from hflab.tiny import tiny_model

gguf = pytest.importorskip("gguf", reason="GGUF files need the extra [quant]")
write_gguf = pytest.importorskip("write_gguf")
pytestmark = pytest.mark.skipif("chat" not in tiny_model(), reason="no bundled chat model")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("gguf") / "chat.gguf"
    write_gguf.main([tiny_model("chat"), str(path)])
    return path


def test_every_weight_is_read_back(file):
    # transformers turns names and the order of the query and key rows back on its own.
    read = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(tiny_model("chat")).float()
    found, wanted = read.state_dict(), model.state_dict()
    assert set(found) == set(wanted)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert (
        read.config.rope_parameters
        == AutoModelForCausalLM.from_pretrained(tiny_model("chat")).config.rope_parameters
    )


def test_the_tokenizer_is_in_it(file):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model("chat"))
    fields = gguf.GGUFReader(file).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    assert tokens == tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    assert fields["tokenizer.ggml.pre"].contents() == "llama-bpe"
    assert fields["tokenizer.chat_template"].contents() == tokenizer.chat_template
    kinds = np.array(fields["tokenizer.ggml.token_type"].contents())
    control = set(np.flatnonzero(kinds == gguf.TokenType.CONTROL).tolist())
    assert control == set(tokenizer.added_tokens_decoder)
    # llama.cpp takes a word that is a token as that token, without merging: the same here only
    # because merging leads there too, for every token that is whole text.
    cut = tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str
    words = {i: tokenizer.decode([i]) for i in range(len(tokenizer)) if i not in control}
    words = {i: text for i, text in words.items() if "\ufffd" not in text and len(cut(text)) == 1}
    assert len(words) > 3000
    encoded = tokenizer(list(words.values()), add_special_tokens=False)["input_ids"]
    assert encoded == [[token_id] for token_id in words]


def test_another_architecture_is_refused(tmp_path):
    config = GPT2Config(vocab_size=8, n_positions=8, n_embd=8, n_layer=1, n_head=1)
    GPT2LMHeadModel(config).save_pretrained(tmp_path / "gpt2")
    with pytest.raises(SystemExit, match="is a gpt2"):
        write_gguf.main([str(tmp_path / "gpt2"), str(tmp_path / "x.gguf")])
    assert not (tmp_path / "x.gguf").exists()
