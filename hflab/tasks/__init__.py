"""The pipeline tasks that transformers 5 removed, and text-to-image, registered again.

After `import hflab.tasks`, older code runs as it stands:

    from transformers import pipeline
    import hflab.tasks

    answer = pipeline("question-answering")(question="Who sings?", context="Ada sings.")

Question answering, translation, summarization and text2text-generation take and return what they
did in transformers 4; text-to-image runs on diffusers. Without `model=`, hflab's bundled model for
the task is taken; `model=hflab.pick("summarization", "t4")` takes a larger one.
"""

from __future__ import annotations

from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSeq2SeqLM,
    Pipeline,
    pipelines,
)

from hflab import tiny
from hflab.tasks.question_answering import QuestionAnsweringPipeline
from hflab.tasks.text2text import (
    SummarizationPipeline,
    Text2TextGenerationPipeline,
    TranslationPipeline,
)
from hflab.tasks.text_to_image import Diffusion, TextToImagePipeline

__all__ = [
    "Diffusion",
    "QuestionAnsweringPipeline",
    "SummarizationPipeline",
    "Text2TextGenerationPipeline",
    "TextToImagePipeline",
    "TranslationPipeline",
]

#: Languages X for which "translation_en_to_X" and "translation_X_to_en" are tasks too.
LANGUAGES = ("ar", "cs", "de", "es", "fi", "fr", "hi", "it", "ja", "nl", "pl", "pt", "ro", "ru",
             "sv", "tr", "uk", "zh")  # fmt: skip

#: Task → its class, what loads its model, and the bundled model it takes by default.
TASKS: dict[str, tuple[type[Pipeline], type, str]] = {
    "question-answering": (
        QuestionAnsweringPipeline, AutoModelForQuestionAnswering, "question-answering"
    ),
    "summarization": (SummarizationPipeline, AutoModelForSeq2SeqLM, "summarization"),
    "translation": (TranslationPipeline, AutoModelForSeq2SeqLM, "translation"),
    "text2text-generation": (Text2TextGenerationPipeline, AutoModelForSeq2SeqLM, "translation"),
    "text-to-image": (TextToImagePipeline, Diffusion, "text-to-image"),
}  # fmt: skip
TASKS |= {
    f"translation_{pair}": TASKS["translation"]
    for language in LANGUAGES
    for pair in (f"en_to_{language}", f"{language}_to_en")
}


def _register() -> None:
    bundled = tiny.tiny_model()
    # transformers refuses the names of removed tasks before it looks into its registry.
    refused = getattr(pipelines, "REMOVED_TASKS", {})
    for task, (implementation, loader, role) in TASKS.items():
        refused.pop(task, None)
        default = None
        if role in bundled and task in ("text2text-generation", "translation_en_to_fr", role):
            default = {"model": (tiny.tiny_model(role), None)}
        # Registering twice, as after a reload, would print a warning.
        pipelines.PIPELINE_REGISTRY.supported_tasks.pop(task, None)
        pipelines.PIPELINE_REGISTRY.register_pipeline(
            task, pipeline_class=implementation, pt_model=loader, default=default, type="text"
        )


_register()
