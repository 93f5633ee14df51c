"""First weights for the question-answering model, arranged so that matching works from the start.

A small model that learns from nothing spends most of a short training on finding out that equal
words in question and paragraph belong together. Here it needn't: vectors of words are built from
their spelling and from the groups of synonyms in recipes/data, some heads of the first layers
compare words, and others look at a word's neighbors. Everything is trained afterwards.
"""

from __future__ import annotations

import math

import torch
from transformers import BertForQuestionAnswering, PreTrainedTokenizerBase

from recipes.files import read
from recipes.inflection import phrase, plural

#: The last dimensions hold positions and the two texts, the others words.
PLACES = 64
#: So many of the word dimensions are kept free for flags.
FLAGS = 4
SCALE = 0.3
ASKING = ("who", "whom", "whose", "what", "which", "when", "where", "why", "how")
#: Words that stand in every sentence, so that finding them twice means little.
COMMON_WORDS = (
    "^ . , ? ' \" ( ) - ; : s the a an of in on at to by for with from and or as is was are were "
    "be been has had have did does do it its he she him his her they their them this that these "
    "there but not can will would more than about one also into after before only"
)


def groups() -> list[set[str]]:
    """Return groups of words with related meanings, in all their forms."""
    found = []
    mine = read("question_answering_verbs")
    shared = read("embeddings_synonyms")
    del mine["objects"], shared["ambiguous"]
    for part, kinds in (*mine.items(), ("same", shared)):
        for kind, text in (kinds if isinstance(kinds, dict) else {part: kinds}).items():
            for line in text.strip().splitlines():
                words: set[str] = set()
                for word in line.split(", "):
                    words.add(word)
                    if kind in ("nouns", "related"):
                        words.add(plural(word))
                    elif kind not in ("adjectives", "others"):
                        words |= {phrase(word, form) for form in ("s", "ed", "en", "ing")}
                found.append({word.lower() for word in words if " " not in word})
    return found


def word_vectors(
    tokenizer: PreTrainedTokenizerBase, width: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a vector for each token, alike for like spelling and for like meaning.

    Returns:
        The vectors, short for the commonest words, and the direction that words that ask share.
    """
    draw = torch.Generator().manual_seed(seed)
    pieces: dict[str, torch.Tensor] = {}
    vocabulary = tokenizer.get_vocab()
    vectors = torch.randn(len(vocabulary), width, generator=draw)
    for token, number in sorted(vocabulary.items(), key=lambda pair: pair[1]):
        word = token[2:] if token.startswith("##") else f"<{token}"
        if len(word) < 4 or not token.strip("#").isalpha():
            continue
        grams = [word[i : i + n] for n in (3, 4, 5) for i in range(len(word) - n + 1)]
        for gram in grams:
            if gram not in pieces:
                pieces[gram] = torch.randn(width, generator=draw)
        spelled = torch.stack([pieces[gram] for gram in grams]).sum(0) / math.sqrt(len(grams))
        vectors[number] = 0.5 * vectors[number] + 0.85 * spelled
    for words in groups():
        shared = torch.randn(width, generator=draw)
        for word in sorted(words):
            if word in vocabulary:
                vectors[vocabulary[word]] += 1.2 * shared
    asking = torch.randn(width, generator=draw)
    for word in ASKING:
        vectors[vocabulary[word]] += 1.5 * asking
    vectors = vectors / vectors.norm(dim=1, keepdim=True) * math.sqrt(width)
    for word in set(COMMON_WORDS.split()) & set(vocabulary):
        vectors[vocabulary[word]] *= 0.4
    return vectors, asking / asking.norm()


@torch.no_grad()
def arrange(model: BertForQuestionAnswering, tokenizer: PreTrainedTokenizerBase, seed: int) -> None:
    """Set the first weights in place.

    Args:
        model: A new model; its width is more than PLACES, its heads even in width.
        tokenizer: Gives the vocabulary.
        seed: For the random parts.
    """
    draw = torch.Generator().manual_seed(seed)
    width, heads = model.config.hidden_size, model.config.num_attention_heads
    words, size = width - PLACES, width // heads
    layer = model.bert.embeddings
    vectors, asking = word_vectors(tokenizer, words - FLAGS, seed)
    layer.word_embeddings.weight.zero_()
    layer.word_embeddings.weight[:, : words - FLAGS] = SCALE * vectors
    for word in set(COMMON_WORDS.split()) & set(tokenizer.get_vocab()):
        layer.word_embeddings.weight[tokenizer.convert_tokens_to_ids(word), words - 1] = SCALE
    # Positions: sine and cosine of falling frequencies, so that a turn is a step to the side.
    pace = 3.0 * (0.01 / 3.0) ** (torch.arange(PLACES // 2) / (PLACES // 2 - 1))
    angles = torch.arange(model.config.max_position_embeddings)[:, None] * pace
    layer.position_embeddings.weight.zero_()
    layer.position_embeddings.weight[:, words:] = SCALE * torch.stack(
        [angles.sin(), angles.cos()], 2
    ).flatten(1)
    side = torch.randn(PLACES, generator=draw)
    side = side / side.norm() * math.sqrt(PLACES) * 0.5
    layer.token_type_embeddings.weight.zero_()
    layer.token_type_embeddings.weight[:, words:] = SCALE * torch.stack([side, -side])

    def turned(step: float, pairs: range) -> torch.Tensor:
        """Return a projection on some pairs of sine and cosine, turned by a step."""
        rows = torch.zeros(2 * len(pairs), width)
        for row, pair in enumerate(pairs):
            a, at = float(pace[pair]) * step, words + 2 * pair
            rows[2 * row, at], rows[2 * row, at + 1] = math.cos(a), math.sin(a)
            rows[2 * row + 1, at], rows[2 * row + 1, at + 1] = -math.sin(a), math.cos(a)
        return 1.7 * rows

    sharp, broad = range(size // 2), range(PLACES // 2 - size // 2, PLACES // 2)
    flag = words - FLAGS
    for depth, block in enumerate(model.bert.encoder.layer):
        attention, out = block.attention.self, block.attention.output.dense.weight
        query, key, value = (
            part.weight for part in (attention.query, attention.key, attention.value)
        )
        for weight, spread in ((value, 0.06), (out, 0.06), (query, 0.05), (key, 0.05)):
            weight.normal_(0, spread, generator=draw)
        for part in (block.intermediate.dense, block.output.dense):
            part.weight.normal_(0, 0.04, generator=draw)
        # Heads 0 and 1: equal or similar words, rather in the other text than in the same.
        for head in (0, 1) if depth < 3 else ():
            rows = slice(head * size, (head + 1) * size)
            base = torch.linalg.qr(torch.randn(words - FLAGS, size, generator=draw))[0].T
            query[rows], key[rows] = 0.0, 0.0
            query[rows, :flag] = key[rows, :flag] = 1.15 * base
            across = 0.9 * side / math.sqrt(PLACES)
            query[rows.start, words:], key[rows.start, words:] = across, -across
            # Common words stay with their own text.
            query[rows.start + 1, words - 1] = -12.0
            key[rows.start + 1, words:] = side / side.norm() ** 2
            if depth == 0:
                # Their first flag: the word stands in the other text as well.
                value[rows.start] = 0.0
                value[rows.start, words:] = side / side.norm() ** 2
                attention.value.bias[rows.start] = 1.0
                out[:, rows.start] = 0.0
                out[flag, rows.start] = 1.5
        # Heads 2 and 3: the words before and after. Head 4: all the words around.
        if depth < 2:
            for head, step in ((2, -1.0), (3, 1.0)):
                rows = slice(head * size, (head + 1) * size)
                query[rows], key[rows] = turned(step * (depth + 1), sharp), turned(0.0, sharp)
        rows = slice(4 * size, 5 * size)
        query[rows] = key[rows] = turned(0.0, broad)
        query[rows.start], key[rows.start] = 0.0, 0.0
        query[rows.start, words:] = key[rows.start, words:] = 2 * side / math.sqrt(PLACES)
        if depth in (1, 2):
            # The next flags: many words around stand in the other text.
            value[rows.start] = 0.0
            value[rows.start, flag + depth - 1] = 1.0
            out[:, rows.start] = 0.0
            out[flag + depth, rows.start] = 2.0
            # Head 5: the word that asks, wherever it is.
            query[5 * size :] = 0.0
            attention.query.bias[5 * size] = 5.0
            key[5 * size, : words - FLAGS] = asking
