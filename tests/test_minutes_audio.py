"""Recordings: judged by their header, read in blocks, cut into windows, written down."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from tokenizers import pre_tokenizers
from transformers import (
    AddedToken,
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

import hflab
from hflab.errors import ParameterError
from hflab.minutes import Segment, Transcript, inspect, stream_transcript, transcribe
from hflab.minutes.audio import RATE, Window, blocks, duration, windows
from hflab.minutes.listening import Listener
from hflab.minutes.resampling import Resampler


def tone(seconds: float, rate: int = RATE, frequency: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)).astype(
        np.float32
    )


def write(path: Path, samples: np.ndarray, rate: int = RATE, **options: str) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


def joined(source: object, **options: int) -> np.ndarray:
    return np.concatenate(list(blocks(source, **options)))


# What a header tells


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "ogg"])
def test_every_format_is_read_and_described(tmp_path, ending):
    path = write(tmp_path / f"a meeting é.{ending}", tone(2))
    found = inspect(path)
    assert found.seconds == pytest.approx(2, abs=0.1)
    assert (found.format, found.channels, found.rate) == (ending.upper(), 1, RATE)
    assert found.bytes == path.stat().st_size
    assert "0:02 long" in str(found) and "mono" in str(found)
    assert len(joined(path)) == pytest.approx(2 * RATE, abs=0.1 * RATE)


def test_three_hours_are_described_at_once_and_begun_without_reading_them(tmp_path):
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 8_000, 1) as file:
        for _ in range(180):
            file.write(np.zeros(480_000, np.int16))
    assert str(inspect(path)).startswith("long.flac: 3:00:00 long, ")
    assert next(windows(blocks(path), 30)).end == pytest.approx(30, abs=0.2)


def folder(tmp_path):
    write(tmp_path / "x.wav", tone(0.1))
    return tmp_path


def renamed(tmp_path):
    path = tmp_path / "talk.mp3"
    path.write_text("Dear all,\n" * 50)
    return path


def filled(name: str, content: bytes):
    def make(tmp_path):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    make.__name__ = name
    return make


def no_frames(tmp_path):
    return write(tmp_path / "no.wav", tone(0))


def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    return tmp_path / "pipe.wav"


BAD = {
    "missing": (lambda p: folder(p) / "y.wav", r"There is no file .*y\.wav.*Did you mean 'x.wav'"),
    "folder": (folder, "is a folder.*1 sound files: x.wav"),
    "up": (
        lambda p: "../" * 12 + "etc/passwd",
        r"'passwd' \([\d,]+ bytes\) is no recording.*is text",
    ),
    "address": (lambda p: "https://example.com/a.mp3", "is an address.*nothing is downloaded"),
    "device": (lambda p: "/dev/zero", "is a device"),
    "pipe": (pipe, "is a device or a pipe"),
    "empty": (filled("empty.flac", b""), "is empty: 0 bytes"),
    "text": (renamed, r"'talk.mp3' \(500 bytes\) is no recording.*text, whatever its name"),
    "page": (filled("p.ogg", b"<!doctype html><html>404"), "a web page"),
    "m4a": (filled("memo.m4a", b"\0\0\0\x20ftypM4A " + bytes(500)), "MP4 or M4A.*Convert"),
    "noise": (filled("n.wav", bytes(range(256)) * 9), "library that reads sound says"),
    "no frames": (no_frames, "holds no sound.*WAV file of .*0 seconds long"),
    "nul": (lambda p: "a\0b", "no path"),
    "none": (lambda p: "", "no path"),
}


@pytest.mark.skipif(os.name == "nt", reason="devices and pipes are files elsewhere")
@pytest.mark.parametrize("case", BAD)
def test_what_is_no_recording_is_explained_before_any_model_is_loaded(tmp_path, case):
    make, message = BAD[case]
    with pytest.raises(ParameterError, match=re.compile(message, re.DOTALL)) as caught:
        transcribe(make(tmp_path), model="a model that does not exist")
    assert caught.value.remedy


@pytest.mark.parametrize("value", [np.zeros((2, 16_000)), np.array(["a"]), np.zeros((2, 2, 2))])
def test_an_array_that_is_no_sound_is_explained(value):
    with pytest.raises(ParameterError, match="An array of shape"):
        transcribe(value, model="a model that does not exist")


# Blocks and resampling


@pytest.mark.parametrize(
    ("rate", "channels", "subtype"),
    [
        (8_000, 1, "PCM_U8"),
        (44_100, 2, "PCM_16"),
        (96_000, 2, "PCM_24"),
        (48_000, 6, "FLOAT"),
        (RATE, 1, "ULAW"),
    ],
)
def test_any_rate_and_width_becomes_mono_at_16_khz(tmp_path, rate, channels, subtype):
    samples = np.repeat(tone(5, rate)[:, None], channels, axis=1)
    found = joined(write(tmp_path / "x.wav", samples, rate, subtype=subtype))
    assert len(found) == 5 * RATE
    # 8 bits leave noise at a hundredth of full scale; the others almost none.
    slack = 0.02 if subtype in ("PCM_U8", "ULAW") else 0.001
    assert np.abs(found - tone(5))[500:-500].max() < slack


def test_arrays_of_integers_and_numbers_that_are_none(tmp_path):
    ints = (tone(1) * 32767).astype(np.int16)
    assert np.abs(joined(ints) - tone(1)).max() < 1e-4
    assert np.abs(joined(np.stack([ints, -ints], axis=1))).max() < 1e-4
    broken = tone(1)
    broken[100] = np.nan
    assert np.isfinite(joined(broken)).all()
    assert duration(tone(1, 8000), 8000) == 1
    assert len(joined(tone(1, 8000), array_rate=8000)) == RATE


@pytest.mark.parametrize("rate", [44_100, 96_000, 8_000, 22_050, 44_056])
def test_a_tone_keeps_its_place_and_one_above_the_limit_is_gone(rate):
    rng = np.random.default_rng(0)
    for frequency in (1_000.0, 3_000.0, 9_500.0):
        if frequency > rate / 2:
            continue
        samples, resampler, parts = tone(1, rate, frequency), Resampler(rate, RATE), []
        while len(samples):
            block, samples = np.split(samples, [int(rng.integers(1, 9_000))])
            parts.append(resampler.push(block))
        found = np.concatenate([*parts, resampler.flush()])
        true = tone(1, RATE, frequency) if frequency < RATE / 2 else np.zeros(RATE, np.float32)
        assert len(found) == RATE
        assert np.abs(found - true)[500:-500].max() < 1e-4  # 80 dB down


def test_a_damaged_recording_gives_what_can_be_read(tmp_path):
    path = write(tmp_path / "x.flac", np.random.default_rng(0).normal(0, 0.1, 20 * RATE))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 5 * RATE < len(joined(path)) < 15 * RATE


# Windows


def words_and_pauses(rng, n):
    """Bursts of noise of 0.2 to 2 s with pauses of 0.3 s; returns it and where pauses are."""
    parts, pauses, at = [], [], 0
    for _ in range(n):
        burst = rng.normal(0, 0.1, int(rng.uniform(0.2, 2) * RATE)).astype(np.float32)
        parts += [burst, np.zeros(int(0.3 * RATE), np.float32)]
        at += len(burst)
        pauses.append((at, at + int(0.3 * RATE)))
        at = pauses[-1][1]
    return np.concatenate(parts), pauses


@pytest.mark.parametrize("seconds", [6, 8, 30])
def test_windows_are_cut_in_pauses_and_hold_everything(seconds):
    sound, pauses = words_and_pauses(np.random.default_rng(1), 120)
    cut = list(windows(blocks(sound), seconds))
    assert np.array_equal(np.concatenate([w.samples for w in cut]), sound)
    assert all(len(w.samples) <= seconds * RATE for w in cut)
    assert all(len(w.samples) >= seconds * RATE * 0.5 for w in cut[:-1])
    assert [w.start for w in cut[1:]] == pytest.approx([w.end for w in cut[:-1]])
    for window in cut[1:]:
        at = round(window.start * RATE)
        assert any(begin <= at <= end for begin, end in pauses), window.start


def test_sound_without_a_pause_is_cut_all_the_same():
    cut = list(windows(blocks(np.full(100_000, 0.3, np.float32)), 1))
    assert sum(len(w.samples) for w in cut) == 100_000
    assert max(len(w.samples) for w in cut) <= RATE
    assert list(windows(iter([]), 1)) == []


# Transcribing, with an untrained Whisper of a window length of its own


def tiny_whisper(seconds: int, hop: int, times: bool = True):
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>"]
    tokenizer = WhisperTokenizer(
        vocab={c: i for i, c in enumerate([*alphabet, "<|endoftext|>"])}, merges=[]
    )
    tokenizer.add_tokens([AddedToken(n, special=True, normalized=False) for n in names])
    tokenizer.add_special_tokens({"extra_special_tokens": names[1:]})
    positions = seconds * RATE // hop // 2
    tokenizer.add_tokens([f"<|{i * seconds / positions:.2f}|>" for i in range(positions + 1)])
    end, start, none = (tokenizer.convert_tokens_to_ids(n) for n in names)
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(tokenizer),
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            max_source_positions=positions,
            max_target_positions=32,
            pad_token_id=end,
            bos_token_id=end,
            eos_token_id=end,
            decoder_start_token_id=start,
            suppress_tokens=None,
            begin_suppress_tokens=None,
        )
    )
    model.generation_config = GenerationConfig(
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
        max_length=16,
        min_length=8,
        suppress_tokens=[start, none] if times else list(range(end, len(tokenizer))),
        is_multilingual=False,
        prev_sot_token_id=start,
        max_initial_timestamp_index=positions,
        **({"no_timestamps_token_id": none} if times else {}),
    )
    model.generation_config._from_model_config = False
    extractor = WhisperFeatureExtractor(hop_length=hop, chunk_length=seconds)
    return model.eval(), WhisperProcessor(extractor, tokenizer)


@pytest.fixture(scope="module")
def whisper():
    return tiny_whisper(6, 320)


@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize(("seconds", "hop"), [(6, 320), (30, 160)])
def test_lines_have_times_that_rise_within_the_recording(seconds, hop, times):
    sound, _ = words_and_pauses(np.random.default_rng(2), 40)
    model = tiny_whisper(seconds, hop, times)
    transcript = transcribe(sound, model=model, progress=False)
    assert transcript.duration == pytest.approx(len(sound) / RATE, abs=0.001)
    assert len(transcript.segments) >= 2
    starts = [segment.start for segment in transcript.segments]
    assert starts == sorted(starts) and starts[-1] > 0.5 * transcript.duration
    assert all(0 <= s.start <= s.end <= transcript.duration for s in transcript.segments)
    assert Transcript.from_dict(transcript.to_dict()) == transcript


def test_times_are_read_where_the_model_wrote_them(whisper):
    model, processor = whisper
    listener = Listener(model, processor, {})
    assert (listener.rate, listener.seconds) == (RATE, 6)
    first = model.generation_config.no_timestamps_token_id + 1
    (hello, bye) = (
        processor.tokenizer(t, add_special_tokens=False)["input_ids"] for t in ("Hello", "Bye")
    )
    step = 6 / 150
    ids = [first - 2, first + 25, *hello, first + 50, first + 75, *bye]
    window = Window(100.0, tone(5))
    assert list(listener._segments(ids, window)) == [
        Segment(100 + round(25 * step, 2), 100 + round(50 * step, 2), "Hello"),
        Segment(100 + round(75 * step, 2), 105.0, "Bye"),
    ]
    beyond = [first + 150, *hello, first + 150]
    assert [s.end for s in listener._segments(beyond, window)] == [105.0]


def test_batches_give_what_single_windows_give(whisper):
    sound, _ = words_and_pauses(np.random.default_rng(3), 20)
    one, four = (transcribe(sound, model=whisper, progress=False, batch_size=n) for n in (1, 4))
    assert one == four and len(one.segments) > 2


@pytest.mark.parametrize("level", [0.0, 0.0005])
def test_silence_gives_no_text_and_asks_no_model(level):
    model, processor = tiny_whisper(6, 320)
    model.generate = None  # would fail if it were called
    noise = np.random.default_rng(0).normal(0, level, 20 * RATE)
    transcript = transcribe(noise, model=(model, processor), progress=False)
    assert (transcript.text, transcript.duration) == ("", 20.0)
    assert "Nothing was said" in transcript.to_markdown()


def test_a_saved_model_is_loaded_by_its_folder_and_lines_come_one_by_one(tmp_path, whisper, capsys):
    for each in whisper:
        each.save_pretrained(tmp_path / "ears")
    path = write(tmp_path / "talk.ogg", tone(14))
    lines = stream_transcript(path, model=tmp_path / "ears", progress=True)
    first = next(lines)
    assert isinstance(first, Segment) and first.start < 6
    rest = list(lines)
    assert [first, *rest] == transcribe(path, model=whisper, progress=False).segments
    assert "talk.ogg: 100%" in capsys.readouterr().err


def test_another_kind_of_model_is_explained(random_chat_folder):
    with pytest.raises(ParameterError, match="no speech recognition model"):
        transcribe(tone(1), model=hflab.load(random_chat_folder))


MEMORY = """
import resource, sys
import numpy as np, soundfile
from hflab.minutes.audio import blocks, windows
minutes, path = int(sys.argv[1]), sys.argv[2]
rng = np.random.default_rng(0)
with soundfile.SoundFile(path, "w", 24_000, 2, "PCM_16") as file:
    for _ in range(minutes * 6):
        file.write(rng.normal(0, 0.1, (240_000, 2)).astype(np.float32))
total = sum(len(w.samples) for w in windows(blocks(path), 30))
assert total == minutes * 60 * 16_000, total
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux")
def test_ten_minutes_take_no_more_memory_than_one(tmp_path):
    peaks = []
    for length in ("1", "10"):
        command = [sys.executable, "-c", MEMORY, length, str(tmp_path / "x.wav")]
        run = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0, run.stderr
        peaks.append(int(run.stdout))
    # Nine more minutes are 35 MB as floats, and 52 MB as it is stored.
    assert peaks[1] - peaks[0] < 5_000
