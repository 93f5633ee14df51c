"""The records app: choose a template or describe records, watch rows appear, download the file."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from hflab.errors import HflabError
from hflab.records import Spec, save, stream_records, template_names, writer_for
from hflab.records._gradio import gr
from hflab.records.editing import draft, read_quantity, read_schema, read_seed
from hflab.records.page import CSS, SUFFIXES, THEME, Page, grid, note, problem, verdict
from hflab.records.writing import Writer

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"
MOST = 100_000
# Seconds between two updates of the page, after the first rows.
_PAUSE = 0.3


class RecordsApp:
    """The app, running on this computer until `close()`.

    Args:
        model: Bundled name, folder or Hub id; None means `pick("records")`.
        port: TCP port; None takes the first free one from 7860 on.
        allow_public: Listen on all network interfaces, and say so once.

    Attributes:
        url: Its address on this computer.
    """

    def __init__(
        self, *, model: Any = None, port: int | None = None, allow_public: bool = False
    ) -> None:
        self._model = model
        self._writer: Writer | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="hflab-records-"))
        # One for each open page, by its session.
        self._stops: dict[str, threading.Event] = {}
        names = template_names()
        self.page = Page(names, draft(names[0])[0])
        self._connect()
        _, url, _ = self.page.blocks.launch(
            server_name=EVERYWHERE if allow_public else LOOPBACK,
            server_port=port,
            # Said outright: Gradio shares by itself in Colab, and where a variable says so.
            share=False,
            prevent_thread_lock=True,
            quiet=True,
            footer_links=[],
            enable_monitoring=False,
            ssr_mode=False,
            mcp_server=False,
            theme=THEME,
            css=CSS,
        )
        self.url = str(url).replace(EVERYWHERE, LOOPBACK)
        if allow_public:
            print(
                "Warning: allow_public is on, so everyone who reaches this computer over the "
                "network can use the records app; it asks for no password.",
                file=sys.stderr,
            )

    def wait(self) -> None:
        """Serve until Ctrl-C."""
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print()
        finally:
            self.close()

    def close(self) -> None:
        """End the runs and the server, and delete the files."""
        for stop in self._stops.values():
            stop.set()
        self.page.blocks.close(verbose=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connect(self) -> None:
        """Say what happens when."""
        page = self.page
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        editor = [page.schema, page.verdict, page.before, page.undo, page.described]
        with page.blocks:
            page.template.input(self._from_template, [page.template, page.schema], editor, **quiet)
            gr.on(
                [page.draft.click, page.description.submit],
                self._from_description,
                [page.description, page.schema],
                editor,
                **quiet,
            )
            page.undo.click(
                lambda now, before: (before, now, verdict(before)),
                [page.schema, page.before],
                [page.schema, page.before, page.verdict],
                **quiet,
            )
            page.schema.input(
                verdict, page.schema, page.verdict, trigger_mode="always_last", **quiet
            )
            page.make.click(
                self._make,
                [
                    *(page.schema, page.description, page.described),
                    *(page.quantity, page.form, page.seed),
                ],
                [*editor, page.status, page.table, page.file, page.make, page.stop],
                **quiet,
            )
            page.stop.click(self._stop, None, [page.status, page.stop], queue=False, **quiet)
            page.blocks.unload(self._left)

    def _from_template(self, name: str, now: str) -> dict[Any, Any]:
        return self._replace(*draft(name), now)

    def _from_description(self, description: str, now: str) -> dict[Any, Any]:
        try:
            changes = self._replace(*draft(description), now)
        except HflabError as error:
            return {self.page.verdict: problem(error)}
        return {**changes, self.page.described: description}

    def _replace(self, new: str, said: str, now: str) -> dict[Any, Any]:
        """A new schema in the editor; what stood there can be had back."""
        page = self.page
        lost = gr.update(visible=bool(now.strip()) and now != new)
        return {
            page.schema: new,
            page.verdict: verdict(new, said),
            page.before: now,
            page.undo: lost,
        }

    def _make(
        self,
        text: str,
        description: str,
        described: str,
        quantity: float | None,
        form: str,
        seed: str,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        """Make rows, show them as they come, and offer the file."""
        page = self.page
        # Written, but no schema drafted from it yet.
        if description.strip() and description != described:
            changes = self._from_description(description, text)
            yield changes
            text = changes.get(page.schema, "")
        rows: list[dict[str, Any]] = []
        try:
            spec = read_schema(text)
        except HflabError:
            yield {page.status: note("No rows were made: see below the schema.", "bad")}
            return
        try:
            wanted, start = read_quantity(quantity, MOST), read_seed(seed)
            yield from self._rows(spec, wanted, start, rows, str(request.session_hash))
            done = "Done" if len(rows) == wanted else "Stopped"
            end = note(f"{done}: {len(rows):,} of {wanted:,} rows.", "good")
        except HflabError as error:
            end = problem(error)
        changes = {page.make: gr.update(interactive=True), page.stop: gr.update(interactive=False)}
        if rows:
            # What was made before an error is not lost.
            path = self._folder / uuid4().hex / f"records.{SUFFIXES[form]}"
            path.parent.mkdir()
            save(rows, path, form)
            changes[page.table] = grid(rows, list(spec.plan["properties"]))
            changes[page.file] = gr.update(value=str(path), interactive=True)
        yield {page.status: end, **changes}

    def _rows(
        self,
        spec: Spec,
        wanted: int,
        seed: int | None,
        rows: list[dict[str, Any]],
        session: str,
    ) -> Iterator[dict[Any, Any]]:
        """Collect rows until there are enough or somebody stops; yield what the page shows."""
        page, columns = self.page, list(spec.plan["properties"])
        stop = self._stops[session] = threading.Event()
        yield {
            page.status: note("Loading the model …"),
            page.table: grid([], columns),
            page.file: gr.update(interactive=False),
            page.make: gr.update(interactive=False),
            page.stop: gr.update(interactive=True),
        }
        if spec.text_fields and self._writer is None:
            self._writer = writer_for(self._model)
        began = shown = time.monotonic()
        records = stream_records(spec, wanted, model=self._writer, seed=seed)
        with closing(records):
            for row in records:
                rows.append(row)
                now = time.monotonic()
                # The first rows one by one, so that it is seen at once that something happens.
                if len(rows) <= 20 or now - shown > _PAUSE:
                    shown = now
                    speed = len(rows) / max(now - began, 0.001)
                    line = f"{len(rows):,} of {wanted:,} rows, {speed:,.1f} per second."
                    yield {page.status: note(line), page.table: grid(rows, columns)}
                if stop.is_set():
                    return

    def _stop(self, request: gr.Request) -> tuple[str, Any]:
        if stop := self._stops.get(str(request.session_hash)):
            stop.set()
        return note("Stopping after the row in hand …"), gr.update(interactive=False)

    def _left(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for its rows any more."""
        if stop := self._stops.pop(str(request.session_hash), None):
            stop.set()


def serve(model: Any = None, port: int | None = None, allow_public: bool = False) -> None:
    """Run the app until Ctrl-C; see `RecordsApp`."""
    app = RecordsApp(model=model, port=port, allow_public=allow_public)
    print(f"The records app is at {app.url} (Ctrl-C ends it).", flush=True)
    app.wait()
