"""The bundled records model: the scores of its card, measured again on another author's records."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from bundled import Scores

import hflab
from recipes import records
from recipes.records_data import Writer


class TestScores(Scores):
    slack = 1.5  # one of the 96 texts may be another on another processor


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"product": "electric kettle", "rating": 1}, ("kettle", "water", "boil", "lid", "spout")),
        ({"product": "hiking boots", "rating": 5}, ("boot", "feet", "sole", "walk", "hik")),
    ],
)
def test_a_review_speaks_of_its_product(folder, fields, words):
    prompt = f'Product reviews.\n{json.dumps(fields)}\nWrite "review" in JSON.'
    text = records.text_of(records.replies(folder, [prompt])[0])
    assert text and any(word in text.lower() for word in words)


def test_the_catalog_takes_it(folder):
    assert hflab.tiny_model(hflab.pick("records", tier="tiny")) == folder


def test_prompts_are_those_of_the_library():
    from hflab.records.prompt import text_field

    item = {"description": "Boats.", "fields": {"seats": 2}, "field": "note", "about": "one line"}
    asked = text_field("Boats.", {"seats": 2}, "note", "one line")
    assert records.prompt_of(item) == asked
    item["about"] = ""
    assert records.prompt_of(item) == text_field("Boats.", {"seats": 2}, "note")


def test_recipe_is_seeded():
    first = list(islice(Writer(3).examples(), 20))
    assert first == list(islice(Writer(3).examples(), 20))
    assert first != list(islice(Writer(4).examples(), 20))


def test_measures_can_fail():
    item = {"fields": {"item": "lamp", "stars": 2}, "any": ["lamp", "light"]}
    assert records.on_its_record("The lamps flicker.", item)
    assert not records.on_its_record("A clamp.", item)
    assert records.true_to_numbers("2 stars", item)
    assert not records.true_to_numbers("after 3 weeks", item)
    assert records.text_of('"x"') == "x"
    assert [records.text_of(bad) for bad in ('"x', "x", "3", '""')] == [None] * 4
