"""Transcription by a server, with the real client; and the command, with real models and files."""

from __future__ import annotations

import io
import json
import re
import threading
from contextlib import redirect_stderr, redirect_stdout
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import soundfile
from serving import free_port, transformers_serve
from test_minutes_audio import RATE, tiny_whisper, tone, words_and_pauses, write

from hflab import cli
from hflab.errors import GatedModelError, ModelNotFoundError, OfflineError, ParameterError
from hflab.keys import KEY_NAMES
from hflab.minutes import Minutes, Segment, Transcript, hosted, inspect, transcribe_hosted


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in {*KEY_NAMES.values(), "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"}:
        monkeypatch.delenv(name, raising=False)


class Ears(ThreadingHTTPServer):
    """The transcription route: it answers with what each file is, as the fault in the path says."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[dict[str, object]] = []

    def url(self, fault="fine"):
        return f"http://127.0.0.1:{self.server_address[1]}/{fault}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Ears
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(200, {"object": "list", "data": [{"id": "whisper-1", "object": "model"}]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        fields: dict[str, object] = {"path": self.path, "key": self.headers["Authorization"]}
        for part in BytesParser().parsebytes(head + body).get_payload():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            fields[name] = content if name == "file" else content.decode()
            if name == "file":
                fields["filename"] = part.get_filename()
        self.server.seen.append(fields)
        fault = self.path.split("/")[1]
        if fault == "401":
            return self.answer(401, {"error": {"message": f"bad {fields['key']}"}})
        if fault == "404":
            return self.answer(404, {"error": {"message": "no such model"}})
        if len(fields["file"]) > hosted.LIMIT:
            return self.answer(413, {"error": {"message": "too large"}})
        n = len(self.server.seen)
        try:
            seconds = soundfile.info(io.BytesIO(fields["file"])).duration
        except soundfile.LibsndfileError:
            seconds = 1.0
        if fault == "plain":
            return self.answer(200, {"text": f" file {n} "})
        speaker = {"speaker": "A"} if fields["response_format"] == "diarized_json" else {}
        segments = [
            {"id": 0, "start": 0.0, "end": 0.5, "text": f" begin {n}", **speaker},
            {"id": 1, "start": 0.5, "end": seconds, "text": f" end {n}", **speaker},
        ]
        return self.answer(200, {"text": "x", "duration": seconds, "segments": segments})

    def answer(self, status, data):
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def running():
    with Ears() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def ears(running):
    running.seen.clear()
    return running


def test_a_small_file_is_sent_as_it_is_under_another_name(ears, tmp_path):
    path = write(tmp_path / "secret board meeting.ogg", tone(3))
    transcript = transcribe_hosted(path, base_url=ears.url(), api_key="sk-1", language="en")
    (sent,) = ears.seen
    assert sent["file"] == path.read_bytes()
    assert (sent["filename"], sent["model"]) == ("recording.ogg", "whisper-1")
    assert (sent["response_format"], sent["language"]) == ("verbose_json", "en")
    assert (sent["path"], sent["key"]) == ("/fine/v1/audio/transcriptions", "Bearer sk-1")
    assert transcript.segments == [Segment(0, 0.5, "begin 1"), Segment(0.5, 3, "end 1")]
    assert transcript.duration == 3


def test_above_the_limit_parts_are_cut_in_pauses_and_times_shifted_back(
    ears, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(hosted, "LIMIT", 1_500_000)
    monkeypatch.setattr(hosted, "_PART_SECONDS", 20.0)
    sound, pauses = words_and_pauses(np.random.default_rng(4), 60)
    path = write(tmp_path / "x.wav", sound)
    assert path.stat().st_size > hosted.LIMIT
    transcript = transcribe_hosted(path, base_url=ears.url(), api_key="sk-1")
    parts = [soundfile.read(io.BytesIO(sent["file"]))[0] for sent in ears.seen]
    assert len(parts) > 2
    assert np.abs(np.concatenate(parts) - sound).max() < 1e-4
    assert all(len(part) <= 20 * RATE for part in parts)
    starts = np.cumsum([0, *map(len, parts)])
    for start in starts[1:-1]:
        assert any(begin <= start <= end for begin, end in pauses)
    begins = [s.start for s in transcript.segments if s.text.startswith("begin")]
    assert begins == pytest.approx(list(starts[:-1] / RATE), abs=0.01)
    assert transcript.segments[-1].end == pytest.approx(transcript.duration, abs=0.01)
    assert [sent["filename"] for sent in ears.seen][:2] == ["part-1.flac", "part-2.flac"]
    assert "sending: 100%" in capsys.readouterr().err


def test_ten_minutes_of_noise_are_packed_below_the_limit():
    noise = np.random.default_rng(0).uniform(-1, 1, int(600 * RATE)).astype(np.float32)
    packed = hosted._packed(hosted.Window(0.0, noise))
    assert 10_000_000 < len(packed.getvalue()) < hosted.LIMIT == 26_214_400


def test_silence_is_not_sent(ears, tmp_path):
    path = write(tmp_path / "x.flac", np.zeros(40 * RATE))
    transcript = transcribe_hosted(path, base_url=ears.url())
    assert (transcript, ears.seen) == (Transcript([], 40.0), [])


def test_a_server_without_times_gives_a_line_for_each_part(ears, tmp_path):
    path = write(tmp_path / "x.flac", words_and_pauses(np.random.default_rng(5), 30)[0])
    answer = transcribe_hosted(path, base_url=ears.url("plain"), part_seconds=10, progress=False)
    assert [s.text for s in answer.segments][:2] == ["file 1", "file 2"]
    assert answer.segments[0].end == answer.segments[1].start <= 10
    with pytest.raises(ParameterError, match="part_seconds is 0"):
        transcribe_hosted(path, base_url=ears.url(), part_seconds=0)


@pytest.mark.parametrize(
    ("model", "form"),
    [("gpt-4o-transcribe", "json"), ("gpt-4o-transcribe-diarize", "diarized_json")],
)
def test_each_model_is_asked_in_a_form_it_knows(ears, tmp_path, model, form):
    path = write(tmp_path / "x.flac", tone(2))
    transcript = transcribe_hosted(path, model=model, base_url=ears.url())
    assert ears.seen[0]["response_format"] == form
    assert transcript.speakers == (["A"] if "diarize" in model else [])


def test_formats_that_only_the_server_knows_are_sent_if_they_fit(ears, tmp_path, monkeypatch):
    path = tmp_path / "memo.m4a"
    path.write_bytes(b"\0\0\0\x20ftypM4A " + bytes(500))
    assert transcribe_hosted(path, base_url=ears.url()).duration is None
    assert ears.seen[0]["filename"] == "recording.m4a"
    monkeypatch.setattr(hosted, "LIMIT", 400)
    with pytest.raises(ParameterError, match=r"too big to be sent: 512 bytes"):
        transcribe_hosted(path, base_url=ears.url())


@pytest.mark.parametrize(
    ("fault", "model", "error", "match"),
    [
        ("401", "whisper-1", GatedModelError, "rejected the API key"),
        ("404", "wisper", ModelNotFoundError, "has no model 'wisper'"),
    ],
)
def test_failures_are_explained_and_the_key_is_not_shown(
    ears, tmp_path, fault, model, error, match
):
    path = write(tmp_path / "x.flac", tone(1))
    with pytest.raises(error, match=match) as caught:
        transcribe_hosted(path, model=model, base_url=ears.url(fault), api_key="sk-secret")
    assert "sk-secret" not in str(caught.value)


def test_no_server_no_file_no_key(ears, tmp_path):
    path = write(tmp_path / "x.flac", tone(1))
    nowhere = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(OfflineError, match="No server answers"):
        transcribe_hosted(path, base_url=nowhere, max_retries=0)
    with pytest.raises(ParameterError, match="There is no file"):
        transcribe_hosted(tmp_path / "y.flac", base_url=nowhere)
    assert ears.seen == []


def test_a_real_server_of_transformers(tmp_path):
    pytest.importorskip("fastapi", reason="transformers serve needs the extra [serve]")
    for each in tiny_whisper(6, 320, times=False):
        each.save_pretrained(tmp_path / "ears")
    path = write(tmp_path / "x.flac", words_and_pauses(np.random.default_rng(5), 12)[0])
    with transformers_serve(tmp_path / "ears", tmp_path) as (url, _):
        transcript = transcribe_hosted(
            path, model="ears", base_url=url, part_seconds=6, progress=False
        )
    assert len(transcript.segments) == transcript.segments[-1].start // 6 + 2 >= 2
    assert transcript.segments[-1].end == pytest.approx(inspect(path).seconds, abs=0.01)


# The command


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(["minutes", *map(str, words)])
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def models(tmp_path_factory, random_chat_folder):
    folder = tmp_path_factory.mktemp("models")
    for each in tiny_whisper(6, 320):
        each.save_pretrained(folder / "ears")
    chat = folder / "chat"
    chat.mkdir()
    for file in random_chat_folder.iterdir():
        (chat / file.name).write_bytes(file.read_bytes())
    config = json.loads((chat / "config.json").read_text())
    config["max_position_embeddings"] = 4096
    (chat / "config.json").write_text(json.dumps(config))
    return "--model", folder / "ears", "--chat", chat


def test_a_recording_becomes_minutes_on_stdout_and_nothing_else(tmp_path, models):
    path = write(tmp_path / "a meeting.mp3", tone(8))
    code, out, err = run(path, *models)
    assert code == 0
    assert out.startswith("# ") and re.search(r"\n## Transcript\n\n1. \(0:0\d\) \S", out)
    assert "a meeting.mp3: 100%" in err and "generation_config" not in err


def test_a_transcript_becomes_json_in_a_file(tmp_path, models):
    (tmp_path / "t.txt").write_bytes(b"\xef\xbb\xbfAnna: Good morning\r\nOmar: Bye\r\n")
    code, out, err = run(tmp_path / "t.txt", *models, "--out", tmp_path / "m.json")
    assert (code, out) == (0, "")
    assert "m.json" in err
    data = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert Minutes.from_dict(data["minutes"]).attendees == ["Anna", "Omar"]
    assert Transcript.from_dict(data["transcript"]).segments[0] == Segment(
        None, None, "Good morning", "Anna"
    )


def test_silence_needs_no_chat_model(tmp_path, models):
    path = write(tmp_path / "x.wav", np.zeros(RATE))
    code, out, _ = run(path, *models[:2], "--chat", "no such model", "--format", "json")
    assert code == 0
    assert json.loads(out)["transcript"]["segments"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.wav"], "There is no file 'missing.wav'"),
        (["x.txt", "--out", "no/folder/m.md"], "There is no folder 'no"),
        (["x.txt", "--out", "."], "It is a folder"),
        (["latin.txt"], "Byte 1 does not belong in UTF-8"),
    ],
)
def test_mistakes_are_explained_on_stderr(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.txt").write_text("Anna: hello")
    (tmp_path / "latin.txt").write_bytes(b"J\xf8rgen: hei")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert message in err


def test_a_transcript_is_not_lost_when_the_writing_fails(tmp_path, models):
    path = write(tmp_path / "x.wav", tone(8))
    code, out, err = run(path, *models[:2], "--chat", tmp_path)
    assert (code, out) == (2, "")
    assert re.search(r"no minutes came of this transcript:\n\n\S", err)
