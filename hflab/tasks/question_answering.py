"""Extractive question answering: the span of a text that answers a question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from transformers.pipelines.base import ChunkPipeline

from hflab.errors import ParameterError


class QuestionAnsweringPipeline(ChunkPipeline):
    """`pipeline("question-answering")` as in transformers 4.

    Call it with `question=` and `context=` (texts or lists of texts; one context serves many
    questions), or with one or many {"question", "context"} mappings. It returns
    {"score", "start", "end", "answer"}: the model's probability of the span, its first character
    and the one after its last in the context, and its text. Many questions, or `top_k` above 1,
    give a list.

    Further arguments: `top_k` (1), `max_answer_len` in tokens (15), `max_seq_len` in tokens (384)
    and `doc_stride` (128) for contexts longer than the model can see, which are read in overlapping
    windows, `max_question_len` in tokens (64), `handle_impossible_answer` (False; an empty answer
    may win) and `align_to_words` (True).
    """

    default_input_names = "question,context"
    _load_processor = False
    _load_image_processor = False
    _load_video_processor = False
    _load_feature_extractor = False
    _load_tokenizer = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Answer one or many questions; see the class."""
        questions, contexts = kwargs.pop("question", None), kwargs.pop("context", None)
        examples = _examples(args, questions, contexts)
        results = super().__call__(examples, **kwargs)
        alone = not isinstance(questions, list | tuple) and not (
            args and (len(args) > 1 or isinstance(args[0], list | tuple))
        )
        return results[0] if alone else results

    def _sanitize_parameters(
        self,
        top_k: int | None = None,
        topk: int | None = None,
        doc_stride: int | None = None,
        max_answer_len: int | None = None,
        max_seq_len: int | None = None,
        max_question_len: int | None = None,
        handle_impossible_answer: bool | None = None,
        align_to_words: bool | None = None,
        **_: Any,
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        top_k = topk if top_k is None else top_k
        for name, value in (("top_k", top_k), ("max_answer_len", max_answer_len)):
            if value is not None and value < 1:
                raise ParameterError(
                    f"{name} is {value}.", "It counts answers or tokens.", f"Give {name}=1 or more."
                )
        before = {
            "doc_stride": doc_stride, "max_seq_len": max_seq_len,
            "max_question_len": max_question_len,
        }  # fmt: skip
        after = {
            "top_k": top_k, "max_answer_len": max_answer_len,
            "handle_impossible_answer": handle_impossible_answer, "align_to_words": align_to_words,
        }  # fmt: skip
        given = [{k: v for k, v in group.items() if v is not None} for group in (before, after)]
        return given[0], {}, given[1]

    def preprocess(
        self,
        example: dict[str, str],
        doc_stride: int | None = None,
        max_seq_len: int | None = None,
        max_question_len: int = 64,
    ) -> Iterator[dict[str, Any]]:
        """Yield one window of the context after the other, each with the question before it."""
        tokenizer = self.tokenizer
        longest = min(max_seq_len or 384, tokenizer.model_max_length)
        limit = getattr(self.model.config, "max_position_embeddings", None) or longest
        longest = min(longest, limit)
        question = tokenizer(
            example["question"], add_special_tokens=False, return_offsets_mapping=True
        )
        cut = question["offset_mapping"][:max_question_len]
        asked = example["question"][: cut[-1][1]] if cut else example["question"]
        room = longest - len(cut) - tokenizer.num_special_tokens_to_add(pair=True)
        windows = tokenizer(
            asked,
            example["context"],
            truncation="only_second",
            max_length=longest,
            stride=min(128 if doc_stride is None else doc_stride, max(room // 2, 0)),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        names = [name for name in tokenizer.model_input_names if name in windows]
        for i, encoding in enumerate(windows.encodings):
            yield {
                "example": example,
                "encoding": encoding,
                "is_last": i == len(windows.encodings) - 1,
                **{name: torch.tensor([windows[name][i]]) for name in names},
            }

    def _forward(self, inputs: dict[str, Any]) -> dict[str, Any]:
        names = self.tokenizer.model_input_names
        output = self.model(**{name: inputs[name] for name in names if name in inputs})
        return {
            "start": output.start_logits,
            "end": output.end_logits,
            **{k: inputs[k] for k in ("example", "encoding", "is_last")},
        }

    def postprocess(
        self,
        windows: list[dict[str, Any]],
        top_k: int = 1,
        max_answer_len: int = 15,
        handle_impossible_answer: bool = False,
        align_to_words: bool = True,
    ) -> dict[str, Any] | list[dict[str, Any]]:
        """Find the likeliest spans over all windows."""
        nothing = 1.0
        words = _words(window["encoding"] for window in windows) if align_to_words else {}
        found: dict[tuple[int, int], float] = {}
        for window in windows:
            encoding, context = window["encoding"], window["example"]["context"]
            inside = torch.tensor([part == 1 for part in encoding.sequence_ids])
            allowed = inside.clone()
            allowed[0] = True  # the first token stands for "no answer", as in SQuAD 2
            # In a batch, windows are padded to the longest; the padding is no part of any.
            left = self.tokenizer.padding_side == "left"
            own = slice(-len(encoding), None) if left else slice(len(encoding))
            start, end = (
                window[side][0][own].float().cpu().masked_fill(~allowed, -1e4).softmax(0)
                for side in ("start", "end")
            )
            nothing = min(nothing, float(start[0] * end[0]))
            start, end = start * inside, end * inside
            spans = torch.tril(torch.triu(torch.outer(start, end)), max_answer_len - 1)
            best = torch.topk(spans.flatten(), min(4 * top_k, spans.numel()))
            for score, at in zip(best.values.tolist(), best.indices.tolist(), strict=True):
                first, last = divmod(at, spans.shape[1])
                if score <= 0 or not (inside[first] and inside[last]):
                    continue
                span = _characters(encoding, first, last, words)
                # The same words can be seen in two windows, and by several spans of tokens.
                found[span] = max(found.get(span, 0.0), score)
        answers = [
            {"score": score, "start": a, "end": b, "answer": context[a:b]}
            for (a, b), score in found.items()
        ]
        if handle_impossible_answer:
            answers.append({"score": nothing, "start": 0, "end": 0, "answer": ""})
        answers.sort(key=lambda answer: -float(answer["score"]))
        return answers[0] if top_k == 1 else answers[:top_k]


def _words(encodings: Iterable[Any]) -> dict[int, tuple[int, int]]:
    """Where each word of the context is; if a window cuts one, the next window has its rest."""
    found: dict[int, tuple[int, int]] = {}
    for encoding in encodings:
        parts = zip(encoding.sequence_ids, encoding.word_ids, encoding.offsets, strict=True)
        for part, word, (start, end) in parts:
            if part == 1 and word is not None:
                a, b = found.get(word, (start, end))
                found[word] = min(a, start), max(b, end)
    return found


def _characters(
    encoding: Any, first: int, last: int, words: dict[int, tuple[int, int]]
) -> tuple[int, int]:
    """The span of tokens first…last in characters of the context, widened to whole words."""
    start, end = encoding.offsets[first][0], encoding.offsets[last][1]
    one, two = encoding.word_ids[first], encoding.word_ids[last]
    return words.get(one, (start, end))[0], words.get(two, (start, end))[1]


def _examples(args: tuple[Any, ...], questions: Any, contexts: Any) -> list[dict[str, str]]:
    """Whatever an older tutorial passes, as a list of {"question", "context"}."""
    if args:
        given = list(args[0]) if len(args) == 1 and isinstance(args[0], list | tuple) else [*args]
    elif isinstance(questions, list | tuple):
        shared = [contexts] * len(questions) if isinstance(contexts, str) else list(contexts or [])
        if len(shared) != len(questions):
            raise ParameterError(
                f"There are {len(questions)} questions and {len(shared)} contexts.",
                "Each question is answered from one text.",
                "Give as many contexts as questions, or a single context for all.",
            )
        given = [{"question": q, "context": c} for q, c in zip(questions, shared, strict=True)]
    else:
        given = [{"question": questions, "context": contexts}]
    for example in given:
        for name in ("question", "context"):
            text = example.get(name) if isinstance(example, Mapping) else None
            if not isinstance(text, str) or not text.strip():
                raise ParameterError(
                    f"There is no {name} in {str(example)[:80]!r}.",
                    f"Question answering needs a question and a context; the {name} is "
                    f"{'empty' if isinstance(text, str) else 'not a text'}.",
                    'Call it with question="…" and context="…".',
                )
    return given
