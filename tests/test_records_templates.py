"""The bundled templates of records, and the lists of values that they draw from."""

from __future__ import annotations

import random
import re
import tomllib
from typing import Any

import pytest
from jsonschema import ValidationError
from notebook_files import ROOT

from hflab.records import schema, values
from hflab.records.drawing import Slot, draw, text_slots

FOLDER = ROOT / "hflab" / "records"
TEMPLATES = tomllib.loads((FOLDER / "templates.toml").read_text(encoding="utf-8"))
LISTS = tomllib.loads((FOLDER / "values.toml").read_text(encoding="utf-8"))
FIELDS = LISTS.pop("fields")
# Each list of a table under its own name, as in "cities.Kenya".
NAMED = {name: found for name, found in LISTS.items() if isinstance(found, list)}
NAMED |= {
    f"{table}.{name}": found
    for table, lists in LISTS.items()
    if isinstance(lists, dict)
    for name, found in lists.items()
}
# How many values there are at least, with those of the lists that a list is made of.
WIDTHS = {
    "first_name": 150, "last_name": 150, "city": 150, "country": 60, "brand": 100, "job": 120,
    "skill": 120, "department": 25, "product": 240, "category": 12, "color": 30, "merchant": 80,
    "audience": 40, "topic": 80, "email_subject": 100, "report_topic": 60, "budget_item": 80,
    "slug": 80,
}  # fmt: skip
HOLE = re.compile(r"\{([^{}]+)\}")
# What a table's list goes by: the list of names that a field before it is drawn from.
KEYS = {
    "cities": "country",
    "products": "category",
    "jobs": "field",
    "skills": "field",
    "merchants": "expense_category",
}


def written_out(name: str) -> list[str]:
    """The values of a list, where a value that is only another list counts as that list."""
    found: list[str] = []
    for value in NAMED[name]:
        hole = HOLE.fullmatch(value)
        found += written_out(hole[1]) if hole else [value]
    return found


def lists_of(node: Any) -> list[str]:
    """Each `x-values` in a schema."""
    if isinstance(node, list):
        return [name for inner in node for name in lists_of(inner)]
    if not isinstance(node, dict):
        return []
    here = [node["x-values"]] if isinstance(node.get("x-values"), str) else []
    return here + [name for inner in node.values() for name in lists_of(inner)]


def fill(record: Any, slot: Slot, length: int) -> None:
    for key in slot.path[:-1]:
        record = record[key]
    record[slot.path[-1]] = "x" * length


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_says_what_it_is_and_has_a_schema(name):
    template = TEMPLATES[name]
    assert sorted(template) == ["description", "schema"]
    assert template["description"].endswith(".") and "\n" not in template["description"]
    properties = template["schema"]["properties"]
    assert 5 <= len(properties) <= 9
    assert template["schema"]["required"] == list(properties)
    assert schema.prepare(template["schema"])["properties"].keys() == properties.keys()


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_model_writes_one_or_two_texts_which_come_last(name):
    properties = TEMPLATES[name]["schema"]["properties"]
    texts = list(text_slots(schema.prepare(TEMPLATES[name]["schema"])))
    assert texts in (list(properties)[-1:], list(properties)[-2:])
    for text in texts:
        assert properties[text]["description"]
        assert 0 < properties[text]["minLength"] < properties[text]["maxLength"] <= 280


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_is_drawn_is_valid_once_the_texts_are_written(name):
    prepared = schema.prepare(TEMPLATES[name]["schema"])
    check = schema.validator(TEMPLATES[name]["schema"])
    for seed in range(50):
        record, slots = draw(prepared, random.Random(seed))
        for slot in slots:
            fill(record, slot, slot.schema["minLength"] + seed % 20)
        check.validate(record)
        assert "{" not in str(list(record.values()))
        fill(record, slots[-1], slots[-1].schema["maxLength"] + 1)
        with pytest.raises(ValidationError, match="too long"):
            check.validate(record)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_list_that_a_template_names_exists(name):
    properties = TEMPLATES[name]["schema"]["properties"]
    for found in lists_of(properties):
        if hole := HOLE.search(found):
            table = found.split(".")[0]
            assert found == f"{table}.{{{hole[1]}}}"
            names = properties[hole[1]]["x-values"]
            assert names == KEYS[table]
            assert list(properties).index(hole[1]) < len(properties) - 2
        else:
            assert found in NAMED


def test_each_table_has_a_list_for_each_of_its_names():
    assert KEYS.keys() == {name for name, found in LISTS.items() if isinstance(found, dict)}
    for table, names in KEYS.items():
        assert list(LISTS[table]) == LISTS[names]
    for table, flat in (("cities", "city"), ("products", "product"), ("jobs", "job"),
                        ("skills", "skill"), ("merchants", "merchant")):  # fmt: skip
        assert LISTS[flat] == [f"{{{table}.{name}}}" for name in LISTS[table]]
    assert len(LISTS["products"]) >= 12
    assert all(len(found) >= 20 for found in LISTS["products"].values())


@pytest.mark.parametrize("name", NAMED)
def test_a_list_holds_different_plain_values_and_names_only_lists_that_exist(name):
    found = written_out(name)
    assert found and len({value.lower() for value in found}) == len(found)
    for value in found:
        assert value == value.strip() and 0 < len(value) <= 60
        assert set(HOLE.findall(value)) <= NAMED.keys()


@pytest.mark.parametrize("name", WIDTHS)
def test_lists_are_wide(name):
    assert len(written_out(name)) >= WIDTHS[name]


def test_a_field_stands_for_a_list_by_its_name_alone():
    assert set(FIELDS.values()) <= NAMED.keys()
    assert values.known_list("firstName") == values.known_list("given name") == "first_name"
    # Every name is found as it stands: lower case, words joined by underscores.
    assert {field: values.known_list(field) for field in FIELDS} == FIELDS


def test_fields_for_texts_stand_for_no_list():
    texts = {
        text for each in TEMPLATES.values() for text in text_slots(schema.prepare(each["schema"]))
    }
    assert texts >= {"description", "review", "note", "body", "memo", "comment", "post"}
    assert not texts & FIELDS.keys()
