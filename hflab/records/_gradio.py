"""Gradio, which draws the app: an extra, so asked for before its import, and told to stay quiet."""

from __future__ import annotations

import os
from importlib.util import find_spec

from hflab.errors import MissingExtraError

if find_spec("gradio") is None:
    raise MissingExtraError("Gradio is not installed.", "It draws the records app.", extra="apps")
# Before the import: Gradio would ask its makers' server for news.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
import gradio as gr

__all__ = ["gr"]
