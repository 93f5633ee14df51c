"""The records app in a real browser: what is filled in, seen, stopped, downloaded and said."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import psutil
import pytest

application = pytest.importorskip(
    "hflab.records.app",
    reason="Gradio is not installed: pip install -e '.[apps,records]'",
    exc_type=ImportError,
)
playwright = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: pip install -e '.[dev]'"
)

SCHEMA = {
    "type": "object",
    "description": "Notes on orders.",
    "properties": {
        "id": {"type": "string", "pattern": "^O-[0-9]{6}$"},
        "kind": {"enum": ["=1+1", "<i>x</i>"]},
        "tags": {"type": "array", "items": {"enum": [1, 2]}, "minItems": 2, "maxItems": 2},
        "note": {"type": "string", "maxLength": 24},
    },
    "required": ["id", "kind", "tags", "note"],
    "additionalProperties": False,
}
BROKEN = '{\n  "type": "object",\n  "properties": {"name": {"type": "string"}},\n}'


@pytest.fixture(scope="module")
def app(random_chat_folder):
    running = application.RecordsApp(model=str(random_chat_folder))
    yield running
    running.close()


@pytest.fixture(scope="module")
def browser():
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("No Chromium was found: on Debian, apt install chromium")
    root = getattr(os, "geteuid", lambda: 1)() == 0
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox"] if root else [])
        yield opened
        opened.close()


@pytest.fixture
def page(app, browser):
    """The app's page, whose requests and errors are noted."""
    opened = browser.new_page(viewport={"width": 1300, "height": 900})
    opened.set_default_timeout(60_000)
    requests, errors = [], []
    opened.on("request", lambda request: requests.append(request.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(app.url)
    opened.locator("#schema .cm-content").wait_for()
    yield opened
    opened.close()
    elsewhere = [url for url in requests if not url.startswith((app.url, "data:", "blob:"))]
    assert len(requests) > 10 and elsewhere == []
    assert errors == []


def write_schema(page, text: str) -> None:
    page.locator("#schema .cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)


def schema_of(page) -> str:
    """What stands in the editor, of a text short enough to be drawn as a whole."""
    return "\n".join(page.locator("#schema .cm-line").all_inner_texts())


def until(page, name: str, text: str) -> str:
    """Wait until a note holds a text; the whole note."""
    found = page.locator(f"#{name} .note", has_text=text)
    found.wait_for()
    return found.inner_text()


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_rows_appear_and_grow_and_are_stopped_and_downloaded(page, tmp_path):
    write_schema(page, json.dumps(SCHEMA, indent=1))
    until(page, "verdict", "It has 4 fields: id, kind, tags, note.")
    page.get_by_label("Quantity").fill("5000")
    press(page, "Make records")
    rows = page.locator("#rows tbody tr")
    rows.first.wait_for()
    first = rows.first.inner_text()
    seen = rows.count()
    page.wait_for_function(f"document.querySelectorAll('#rows tbody tr').length > {seen}")
    press(page, "Stop")
    count = int(re.search(r"Stopped: (\d+) of 5,000", until(page, "status", "Stopped"))[1])
    assert seen < count < 5000
    assert rows.first.inner_text() == first
    assert rows.count() == min(count, 200)
    with page.expect_download() as download:
        press(page, "Download")
    download.value.save_as(tmp_path / "file")
    assert download.value.suggested_filename == "records.csv"
    with (tmp_path / "file").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert len(read) == count == len({row["id"] for row in read})
    for row in read:
        # What a spreadsheet would run is marked as text; what is markup is left as it is.
        assert row["kind"] in ("'=1+1", "<i>x</i>")
        assert re.fullmatch(r"O-\d{6}", row["id"])
        assert set(json.loads(row["tags"])) <= {1, 2}
        assert 0 < len(row["note"]) <= 25
    assert "<i>x</i>" in " ".join(rows.all_inner_texts())
    assert page.locator("#rows i").count() == 0


def test_a_broken_schema_is_explained_and_nothing_is_lost(page):
    write_schema(page, BROKEN)
    said = until(page, "verdict", "not JSON")
    assert "line 4" in said or "line 3" in said
    assert "comma" in said
    press(page, "Make records")
    until(page, "status", "No rows were made")
    assert schema_of(page) == BROKEN
    # Another one takes its place, and it comes back.
    page.get_by_label("Or a description").fill("reviews of garden tools")
    press(page, "Draft a schema from the description")
    said = until(page, "verdict", "This schema works")
    assert "template product-reviews is nearest" in said
    assert "reviews of garden tools" in schema_of(page)
    press(page, "Back to the schema before")
    until(page, "verdict", "not JSON")
    assert schema_of(page) == BROKEN


def test_a_quantity_and_a_seed_that_cannot_work_are_explained(page):
    write_schema(page, '{"type": "object", "properties": {"n": {"type": "integer"}}}')
    until(page, "verdict", "It has 1 field: n.")
    page.get_by_label("Quantity").fill("0")
    press(page, "Make records")
    until(page, "status", "The quantity is 0.")
    page.get_by_label("Quantity").fill("3")
    page.get_by_label("Seed").fill("soon")
    press(page, "Make records")
    until(page, "status", "The seed is 'soon'.")
    page.get_by_label("Seed").fill("7")
    press(page, "Make records")
    until(page, "status", "Done: 3 of 3 rows.")
    assert page.locator("#rows tbody tr").count() == 3


@pytest.mark.parametrize("width", [1300, 800])
def test_the_page_fits_its_width(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def listening(app) -> set[str]:
    """Addresses that the app's port is open on."""
    port = int(app.url.rstrip("/").rpartition(":")[2])
    found = psutil.Process().net_connections("tcp")
    return {c.laddr.ip for c in found if c.status == psutil.CONN_LISTEN and c.laddr.port == port}


def test_it_listens_on_this_computer_only_whatever_the_environment_says(
    monkeypatch, random_chat_folder, capsys
):
    monkeypatch.setenv("GRADIO_SHARE", "True")
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    app = application.RecordsApp(model=str(random_chat_folder))
    try:
        assert listening(app) == {"127.0.0.1"}
        assert app.page.blocks.share is False and app.page.blocks.share_url is None
    finally:
        app.close()
    assert capsys.readouterr().err == ""


def test_open_to_the_network_only_when_asked_and_says_so_once(random_chat_folder, capsys):
    app = application.RecordsApp(model=str(random_chat_folder), allow_public=True)
    try:
        assert listening(app) == {"0.0.0.0"}
        with socket.create_connection(("127.0.0.1", int(app.url.rstrip("/").rpartition(":")[2]))):
            pass
    finally:
        app.close()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Warning: ") and "no password" in line


IN_COLAB = """
from IPython.core.interactiveshell import InteractiveShell

type("Shell", (InteractiveShell,), {"__module__": "google.colab._shell"}).instance()
from hflab.records.app import RecordsApp

app = RecordsApp()
blocks = app.page.blocks
print("colab:", blocks.is_colab, "shared:", blocks.share, blocks.share_url, blocks.server_name)
app.close()
"""


def test_colab_does_not_make_it_public(tmp_path):
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    command = [sys.executable, "-c", IN_COLAB]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "colab: True shared: False None 127.0.0.1" in done.stdout


def test_every_format_that_makes_one_file_is_offered():
    records = import_module("hflab.records")
    assert set(import_module("hflab.records.page").SUFFIXES) == set(records.FORMATS) - {"dataset"}
