"""Text to text with an encoder-decoder model: generation, summarization, translation."""

from __future__ import annotations

from typing import Any

from transformers import GenerationConfig, Pipeline

from hflab.errors import ParameterError


class Text2TextGenerationPipeline(Pipeline):
    """`pipeline("text2text-generation")` as in transformers 4.

    Call it with a text, or a list of texts, and any argument of `generate` (`max_new_tokens`,
    `num_beams`, …). It returns a list of {"generated_text"}, one for each text; with
    `num_return_sequences` above 1 and a list of texts, a list of such lists. `return_tensors=True`
    gives {"generated_token_ids"} instead; `truncation=True` cuts texts that are too long.
    """

    return_name = "generated"
    _pipeline_calls_generate = True
    _load_processor = False
    _load_image_processor = False
    _load_video_processor = False
    _load_feature_extractor = False
    _load_tokenizer = True
    _default_generation_config = GenerationConfig(max_new_tokens=256)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Generate for one or many texts; see the class."""
        texts = args[0] if len(args) == 1 else list(args)
        for text in texts if isinstance(texts, list) else [texts]:
            if not isinstance(text, str) or not text.strip():
                raise ParameterError(
                    f"There is no text in {text!r}.",
                    f"{self.task} turns one text into another.",
                    "Give a text, or a list of texts.",
                )
        results = super().__call__(texts, **kwargs)
        if isinstance(texts, list) and all(len(result) == 1 for result in results):
            return [result[0] for result in results]
        return results

    def _sanitize_parameters(
        self,
        return_tensors: bool | None = None,
        return_text: bool | None = None,
        clean_up_tokenization_spaces: bool | None = None,
        truncation: bool | str | None = None,
        src_lang: str | None = None,
        tgt_lang: str | None = None,
        **generation: Any,
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        before = {"truncation": truncation, "src_lang": src_lang, "tgt_lang": tgt_lang}
        after = {
            "as_ids": True if return_tensors and not return_text else None,
            "clean_up_tokenization_spaces": clean_up_tokenization_spaces,
        }
        given = [{k: v for k, v in group.items() if v is not None} for group in (before, after)]
        return given[0], generation, given[1]

    def preprocess(
        self,
        text: str,
        truncation: bool | str = False,
        src_lang: str | None = None,
        tgt_lang: str | None = None,
    ) -> Any:
        """Tokenize one text, after the prefix that the model's config gives for the task."""
        tasks = getattr(self.model.config, "task_specific_params", None) or {}
        prefix = (tasks.get(self.task) or {}).get("prefix") or self.prefix or ""
        build = getattr(self.tokenizer, "_build_translation_inputs", None)
        if build and (src_lang or tgt_lang):
            return build(
                text, return_tensors="pt", truncation=truncation, src_lang=src_lang,
                tgt_lang=tgt_lang,
            )  # fmt: skip
        inputs = self.tokenizer(prefix + text, return_tensors="pt", truncation=truncation)
        inputs.pop("token_type_ids", None)  # encoder-decoder models have no use for them
        return inputs

    def _forward(self, inputs: Any, **generation: Any) -> dict[str, Any]:
        rows = inputs["input_ids"].shape[0]
        ids = self.model.generate(**inputs, **self._prepare_generate_kwargs(generation))
        return {"output_ids": ids.reshape(rows, ids.shape[0] // rows, *ids.shape[1:])}

    def postprocess(
        self,
        output: dict[str, Any],
        as_ids: bool = False,
        clean_up_tokenization_spaces: bool = False,
    ) -> list[dict[str, Any]]:
        """Decode the generated ids."""
        name, decoded = self.return_name, []
        for ids in output["output_ids"][0]:
            if as_ids:
                decoded.append({f"{name}_token_ids": ids})
            else:
                text = self.tokenizer.decode(
                    ids,
                    skip_special_tokens=True,
                    clean_up_tokenization_spaces=clean_up_tokenization_spaces,
                )
                decoded.append({f"{name}_text": text})
        return decoded


class SummarizationPipeline(Text2TextGenerationPipeline):
    """`pipeline("summarization")` as in transformers 4: returns a list of {"summary_text"}."""

    return_name = "summary"


class TranslationPipeline(Text2TextGenerationPipeline):
    """`pipeline("translation")` as in transformers 4: returns a list of {"translation_text"}.

    `src_lang` and `tgt_lang` choose the languages of a model that knows several. The task may also
    be named "translation_en_to_fr" and the like.
    """

    return_name = "translation"
