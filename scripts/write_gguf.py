"""Write a model of the Llama architecture as a GGUF file, for llama.cpp and its relatives.

    python scripts/write_gguf.py hflab/tiny/chat chat.gguf
    python scripts/write_gguf.py hflab/tiny/chat chat.gguf --type q8_0

The file holds weights, tokenizer and chat template. It shows what llama.cpp's own script,
convert_hf_to_gguf.py, does for a hundred architectures: names, the order of rows, the tokenizer.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from transformers import AutoModelForCausalLM, AutoTokenizer

TYPES = {
    "f32": gguf.GGMLQuantizationType.F32,
    "f16": gguf.GGMLQuantizationType.F16,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
}
# How a tokenizer cuts text before BPE has a name in GGUF. Llama 3's cut, by the start of its
# regular expression; any other would silently give other tokens.
CUTS = {"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|": "llama-bpe"}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a model folder of transformers")
    parser.add_argument("file", type=Path, help="the GGUF file to write")
    parser.add_argument("--type", choices=TYPES, default="f32", help="format of the matrices")
    options = parser.parse_args(arguments)
    write(options.folder, options.file, TYPES[options.type])
    print(f"{options.file}: {options.file.stat().st_size / 1e6:.1f} MB")


def write(folder: Path, file: Path, kind: gguf.GGMLQuantizationType) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder).float()
    if model.config.model_type != "llama":
        raise SystemExit(f"{folder} is a {model.config.model_type}, this script writes Llamas.")
    writer = gguf.GGUFWriter(file, "llama")
    add_settings(writer, model.config, folder.name)
    add_tokenizer(writer, folder)
    add_tensors(writer, model, kind)
    for step in ("header", "kv_data", "tensors"):
        getattr(writer, f"write_{step}_to_file")()
    writer.close()


def add_settings(writer: gguf.GGUFWriter, config: Any, name: str) -> None:
    writer.add_name(name)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)


def add_tokenizer(writer: gguf.GGUFWriter, folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    data = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    bpe, cut = data["model"], data["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"]
    names = [name for start, name in CUTS.items() if cut.startswith(start)]
    if bpe["type"] != "BPE" or not names:
        raise SystemExit("This script knows byte-level BPE with Llama 3's pre-tokenizer only.")
    tokens = {token_id: token for token, token_id in bpe["vocab"].items()}
    control = {each["id"] for each in data["added_tokens"] if each["special"]}
    ids = range(len(tokens))
    kinds = [gguf.TokenType.CONTROL if i in control else gguf.TokenType.NORMAL for i in ids]
    writer.add_tokenizer_model("gpt2")  # GGUF's word for byte-level BPE
    writer.add_tokenizer_pre(names[0])
    writer.add_token_list([tokens[i] for i in ids])
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in bpe["merges"]])
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_chat_template(tokenizer.chat_template)


def add_tensors(writer: gguf.GGUFWriter, model: Any, kind: gguf.GGMLQuantizationType) -> None:
    config = model.config
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue  # llama.cpp takes the embedding in its place
        data = tensor.numpy()
        if count := heads.get(name.split(".")[-2]):
            data = interleave(data, count)
        new_name = names.get_name(name, try_suffixes=(".weight",))
        if data.ndim == 2:
            writer.add_tensor(new_name, gguf.quantize(data, kind), raw_dtype=kind)
        else:
            writer.add_tensor(new_name, data)


def interleave(rows: np.ndarray, heads: int) -> np.ndarray:
    """Order the rows of a query or key matrix as llama.cpp rotates them.

    Positions are written into a head's numbers by rotating them in pairs. transformers pairs the
    first half of a head with its second half, llama.cpp neighbors: rows 0, 1, ... and 32, 33, ...
    become 0, 32, 1, 33, ...

    Args:
        rows: The matrix, (heads x head size) by input size.
        heads: How many heads lie one after the other in it.
    """
    halves = rows.reshape(heads, 2, -1, rows.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(rows.shape)


if __name__ == "__main__":
    main()
