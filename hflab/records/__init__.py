"""Made-up records: valid by their schema, all different, with texts that a model writes."""

from __future__ import annotations

from hflab.records import _needs
from hflab.records.formats import FORMATS, save
from hflab.records.making import stream_records, writer_for
from hflab.records.prompt import text_field
from hflab.records.quality import quality
from hflab.records.saving import generate_records
from hflab.records.spec import Spec, read_spec, template_names, template_schema

__all__ = [
    "FORMATS",
    "Spec",
    "generate_records",
    "quality",
    "read_spec",
    "save",
    "stream_records",
    "template_names",
    "template_schema",
    "text_field",
    "writer_for",
]

READY = _needs.READY
