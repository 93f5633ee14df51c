"""The one prompt that asks a model for a text field; models are trained on exactly this."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def text_field(
    description: str, record_so_far: Mapping[str, Any], field: str, about: str = ""
) -> str:
    """The prompt for one text field of one record.

    Three lines: what the records are, the record so far as JSON on one line, and what to write.
    The reply is the field's value in JSON, and nothing else; for a string, that is the text in
    double quotes. The format is stable: a model that was trained on it stays good.

        Reviews that customers of an online shop wrote after buying something.
        {"product": "kettle", "rating": 2}
        Write "review" in JSON: what the customer says about the product.

    Args:
        description: What the records are, in one sentence; line breaks become spaces.
        record_so_far: The fields that are known, drawn ones and texts written before, in the
            schema's order.
        field: The field's name; inside nested values the path to it, as in `items[0].note`.
        about: What belongs into the field, from its description in the schema; may be empty.

    Returns:
        The prompt, to be sent as a user's message or, for a base model, followed by a line break.
    """
    ask = f"Write {json.dumps(field, ensure_ascii=False)} in JSON"
    about = " ".join(about.split()).rstrip(".")
    lines = [
        " ".join(description.split()) or "Records.",
        json.dumps(record_so_far, ensure_ascii=False),
        f"{ask}: {about}." if about else f"{ask}.",
    ]
    return "\n".join(lines)
