"""What is on the records app's page, and how rows and errors are shown there."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

from hflab.errors import HflabError
from hflab.records._gradio import gr
from hflab.records.editing import read_schema

# The table is sent to the browser again and again, so it holds the first rows only.
SHOWN = 200
# Those that make one file.
SUFFIXES = {"csv": "csv", "json": "json", "jsonl": "jsonl", "parquet": "parquet", "text": "txt"}
# Fonts of the reader's own system: nothing to fetch.
THEME = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
CSS = """
.gradio-container { max-width: 1500px !important; }
.note { padding: 0.4rem 0.75rem; border-left: 4px solid var(--border-color-primary);
        line-height: 1.45; overflow-wrap: anywhere; }
.good { border-color: #15803d; }
.bad { border-color: #b91c1c; }
.html-container { padding: 0 !important; }
#rows { overflow: auto !important; }
#rows table { border-collapse: collapse; width: 100%; font-size: 0.8125rem; margin: 0; }
#rows table, #rows tr, #rows th, #rows td { border: 0 !important; }
#rows th, #rows td { padding: 0.35rem 0.5rem; vertical-align: top; text-align: left;
                     border-bottom: 1px solid var(--border-color-primary) !important; }
#rows th { position: sticky; top: 0; white-space: nowrap;
           background: var(--background-fill-secondary); }
#rows td { overflow-wrap: anywhere; min-width: 4.5rem; }
#rows .long { min-width: 15rem; }
#rows .number { text-align: right; font-variant-numeric: tabular-nums; min-width: 0; }
"""


class Page:
    """The components, and in `blocks` all of them together.

    Args:
        templates: Names to choose from, the first of which is chosen.
        schema: The schema of the first template, as text.
    """

    def __init__(self, templates: Sequence[str], schema: str) -> None:
        # What Gradio copies for downloads is deleted after an hour.
        with gr.Blocks(
            title="Records", analytics_enabled=False, delete_cache=(600, 3600)
        ) as blocks:
            gr.Markdown(
                "# Records\nMade-up data, row by row, from a template, a description or a JSON "
                "Schema. Everything stays on the computer that runs this app."
            )
            with gr.Row():
                with gr.Column(scale=3, min_width=380):
                    self._source(templates, schema)
                with gr.Column(scale=5, min_width=480):
                    self._making()
            # The description that a schema was last drafted from, and the schema before that.
            self.described, self.before = gr.State(""), gr.State("")
        self.blocks = blocks

    def _source(self, templates: Sequence[str], schema: str) -> None:
        self.template = gr.Dropdown(
            list(templates), value=templates[0], label="Template", filterable=False
        )
        self.description = gr.Textbox(
            label="Or a description",
            placeholder="reviews of garden tools",
            lines=2,
        )
        self.draft = gr.Button("Draft a schema from the description", size="sm")
        self.schema = gr.Code(
            schema,
            label="Schema",
            language="json",
            lines=14,
            max_lines=22,
            wrap_lines=True,
            buttons=["copy"],
            elem_id="schema",
        )
        self.verdict = gr.HTML(verdict(schema), elem_id="verdict", padding=False)
        self.undo = gr.Button("Back to the schema before", size="sm", visible=False)

    def _making(self) -> None:
        with gr.Row():
            self.quantity = gr.Number(100, label="Quantity", min_width=110)
            self.form = gr.Dropdown(
                list(SUFFIXES), value="csv", label="Format", filterable=False, min_width=110
            )
            self.seed = gr.Textbox(label="Seed", placeholder="optional", min_width=110)
        with gr.Row():
            self.make = gr.Button("Make records", variant="primary", min_width=110)
            self.stop = gr.Button("Stop", variant="stop", interactive=False, min_width=110)
            self.file = gr.DownloadButton("Download", interactive=False, min_width=110)
        self.status = gr.HTML(note("No rows yet."), elem_id="status", padding=False)
        # The frame scrolls, not what is in it: so the place is kept when rows are added.
        self.table = gr.HTML(elem_id="rows", max_height=620, padding=False)


def note(text: str, mood: str = "") -> str:
    """A line or more on the page; `mood` is "good", "bad" or neither."""
    role = "alert" if mood == "bad" else "status"
    lines = html.escape(text).replace("\n", "<br>")
    return f'<div class="note {mood}" role="{role}">{lines}</div>'


def problem(error: HflabError) -> str:
    """An error on the page: what, why, what to do."""
    return note(str(error), "bad")


def verdict(text: str, said: str = "") -> str:
    """Whether the schema in the editor works, after what was said when it was drafted."""
    try:
        fields = list(read_schema(text).plan["properties"])
    except HflabError as error:
        return problem(error)
    count = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
    line = f"This schema works. It has {count}: {', '.join(fields)}."
    return note(f"{said[:1].upper()}{said[1:]}.\n{line}" if said else line, "good")


def grid(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """The first rows as a table; values inside values are written as JSON."""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    body = "".join(
        f"<tr>{''.join(_cell(row[name]) if name in row else '<td></td>' for name in columns)}</tr>"
        for row in rows[:SHOWN]
    )
    more = len(rows) - SHOWN
    foot = f"<p>The first {SHOWN} rows; the file holds all of them.</p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    kind = "number" if number else "long" if len(text) > 40 else "short"
    return f'<td class="{kind}">{html.escape(text)}</td>'
