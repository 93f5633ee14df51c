"""Text to image: a diffusers pipeline behind the interface of a transformers pipeline."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoConfig, Pipeline, PreTrainedConfig

from hflab.errors import MissingExtraError, ParameterError


class DiffusersConfig(PreTrainedConfig):
    """Marks a folder in diffusers' layout, so that transformers accepts it as a model's folder."""

    model_type = "diffusers"


AutoConfig.register("diffusers", DiffusersConfig, exist_ok=True)


class Diffusion:
    """Loads any text-to-image model of diffusers, where transformers expects a model class."""

    @classmethod
    def from_pretrained(cls, model: str, **options: Any) -> Any:
        """Load a diffusers pipeline from a folder or the Hub.

        Args:
            model: A folder in diffusers' layout, or a Hub id.
            **options: For diffusers' `from_pretrained`; `dtype` and `revision` above all.

        Raises:
            MissingExtraError: If diffusers is not installed.
        """
        try:
            # An optional extra, so imported only here.
            from diffusers import AutoPipelineForText2Image
        except ImportError as error:
            raise MissingExtraError(
                "diffusers is not installed.", "It draws the pictures.", extra="image"
            ) from error
        known = ("revision", "token", "cache_dir", "variant")
        kept = {k: v for k, v in options.items() if k in known and v is not None}
        dtype = options.get("dtype")
        if dtype in (None, "auto"):
            dtype = torch.float16 if torch.cuda.is_available() else torch.float32
        drawing = AutoPipelineForText2Image.from_pretrained(model, torch_dtype=dtype, **kept)
        drawing.set_progress_bar_config(disable=True)
        return drawing


class TextToImagePipeline(Pipeline):
    """`pipeline("text-to-image")`: prompts in, PIL pictures out.

    Call it with a prompt, or a list of prompts, and any argument of the diffusers pipeline
    (`num_inference_steps`, `guidance_scale`, `negative_prompt`, `height`, `width`, …); `seed` makes
    the picture repeatable. It returns a PIL image, or a list of them. A model that is not bundled
    is loaded first: `pipeline("text-to-image", model=Diffusion.from_pretrained("…"))`.
    """

    _load_processor = False
    _load_image_processor = False
    _load_video_processor = False
    _load_feature_extractor = False
    _load_tokenizer = False

    def __call__(self, prompt: Any, **kwargs: Any) -> Any:
        """Draw one or many prompts; see the class."""
        for text in prompt if isinstance(prompt, list) else [prompt]:
            if not isinstance(text, str) or not text.strip():
                raise ParameterError(
                    f"There is no prompt in {text!r}.",
                    "A picture is drawn after a text.",
                    "Give a text, or a list of texts.",
                )
        return super().__call__(prompt, **kwargs)

    def _sanitize_parameters(
        self, **drawing: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        return {}, drawing, {}

    def preprocess(self, prompt: str) -> dict[str, Any]:
        """Pass the prompt on; diffusers tokenizes it."""
        return {"prompt": prompt}

    def _forward(self, inputs: dict[str, Any], seed: int | None = None, **drawing: Any) -> Any:
        if seed is not None:
            drawing["generator"] = torch.Generator("cpu").manual_seed(seed)
        return self.model(**inputs, **drawing)

    def postprocess(self, output: Any) -> Any:
        """Return the picture."""
        return output.images[0]
