"""The libraries that records need beyond hflab's own: an extra, so asked for before any import."""

from __future__ import annotations

from importlib.util import find_spec

from hflab.errors import MissingExtraError

# Imported first by hflab.records, so that the other files can import these like any library.
for _library, _use in (
    ("jsonschema", "validates every row"),
    ("llguidance", "constrains the text"),
):
    if find_spec(_library) is None:
        raise MissingExtraError(
            f"{_library} is not installed.", f"It {_use} that hflab.records makes.", extra="records"
        )
READY = True
