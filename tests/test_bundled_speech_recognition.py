"""The bundled speech recognition model: the scores of its card, measured again."""

from __future__ import annotations

import random
from itertools import islice

import numpy as np
import pytest
import torch
from bundled import Scores
from transformers import AutoProcessor, pipeline

from recipes.files import lines
from recipes.speech_data import Sentences, ordinal, plural, spelled
from recipes.speech_recognition import SOUND, errors, recordings, words_of
from recipes.speech_sound import ACCENTS, HELD_OUT_VOICES, RATE, VARIANTS, read_held_out
from recipes.training import HELD_OUT

LARGEST = 5_000_000


TestScores = Scores


@pytest.fixture(scope="module")
def recognize(folder):
    return pipeline("automatic-speech-recognition", model=str(folder), dtype=torch.float32)


@pytest.fixture(scope="module")
def sounds():
    return read_held_out(SOUND / "grammar")


def test_three_kinds_of_sound_have_a_bar(scores):
    assert sum(score.bar is not None for score in scores) == 3


def test_a_recording_of_any_length(recognize, sounds):
    """A long recording is written down whole, with times that rise and end with the sound."""
    sound, text = recordings([(sound, note["text"]) for sound, note in sounds], 20)[0]
    result = recognize({"raw": sound, "sampling_rate": RATE}, return_timestamps=True)
    said = words_of(text)
    assert errors(said, words_of(result["text"])) <= 0.15 * len(said)
    times = [time for chunk in result["chunks"] for time in chunk["timestamp"]]
    assert times == sorted(times)
    assert len(result["chunks"]) > 3
    assert abs(times[-1] - len(sound) / RATE) < 3


def test_a_plain_array_is_enough(recognize, sounds):
    sound, note = sounds[0]
    said = words_of(note["text"])
    assert errors(said, words_of(recognize(sound.copy())["text"])) <= 2


def test_silence_has_no_words(recognize):
    assert len(words_of(recognize(np.zeros(2 * RATE, np.float32))["text"])) <= 1


def test_tokenizer_returns_what_it_was_given(folder):
    processor = AutoProcessor.from_pretrained(folder)
    text = " Let's move the launch to Thursday, and María will write."
    ids = processor.tokenizer(text)["input_ids"]
    assert processor.decode(ids, skip_special_tokens=True) == text
    assert processor.decode(ids).startswith("<|startoftranscript|><|notimestamps|>")


def test_held_out_sound_says_the_held_out_sentences():
    spoken = [note["text"] for _, note in read_held_out(SOUND / "speech")]
    assert spoken == [line["text"] for line in lines(HELD_OUT / "speech.jsonl")]


def test_held_out_voices_are_never_trained_on():
    trained = {accent + variant for accent in ACCENTS for variant in VARIANTS}
    for name in ("grammar", "speech", "dev"):
        voices = {note["voice"] for _, note in read_held_out(SOUND / name)}
        assert voices == set(HELD_OUT_VOICES)
        assert not voices & trained
    assert not {voice.split("+")[1] for voice in HELD_OUT_VOICES if "-rp" not in voice} & {
        variant[1:] for variant in VARIANTS
    }


def test_recipe_is_seeded():
    first, again, other = (list(islice(Sentences(random.Random(s)), 20)) for s in (3, 3, 4))
    assert first == again
    assert first != other
    assert all(len(text) <= 95 for text in first)


def test_numbers_in_words():
    assert spelled(4205, " and ") == "four thousand two hundred and five"
    assert spelled(1_000_021) == "one million twenty-one"
    assert [ordinal(n) for n in (1, 12, 20, 23)] == [
        "first",
        "twelfth",
        "twentieth",
        "twenty-third",
    ]
    assert [plural(w) for w in ("batch", "city", "day", "wife")] == [
        *("batches", "cities", "days", "wives")
    ]


def test_words_and_errors_are_counted_as_the_card_says():
    assert words_of("Let's pay 25 % on Monday!") == [
        "lets",
        "pay",
        "twenty",
        "five",
        "percent",
        "on",
        "monday",
    ]
    assert errors(["a", "b", "c", "d"], ["a", "x", "c"]) == 2
    assert errors([], ["a"]) == 1


def test_size(folder):
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LARGEST
