"""hflab.cards: what the cards of the bundled models state, and the table of `hflab models`."""

from __future__ import annotations

import pytest

from hflab import cards, tiny
from hflab.errors import ModelNotFoundError

#: The models that ship. A new one adds its name here.
SHIPPED = [
    "chat",
    "embeddings",
    "image-classification",
    "ner",
    "tokenizers",
    "translation",
    "zero-shot",
]

CARD = """---
license: apache-2.0
pipeline_tag: fill-mask
model-index:
- name: hflab guess
  results:
  - task: {type: fill-mask}
    dataset: {name: held-out, type: hflab-held-out}
    metrics:
    - {type: accuracy, value: 0.9125}
    - {type: perplexity, value: 3.25}
---
# hflab guess
"""


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    folder = tmp_path / "guess"
    folder.mkdir()
    (folder / "SHA256SUMS").write_bytes(b"x" * 999_100)
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    monkeypatch.setattr(tiny, "FOLDER", tmp_path)
    return tmp_path


def test_the_card_is_read_from_its_metadata(shelf):
    card = cards.read("guess")
    assert (card.task, card.license) == ("fill-mask", "apache-2.0")
    assert card.size == 999_100 + len(CARD.encode())
    assert card.scores == {"accuracy": 0.9125, "perplexity": 3.25}
    assert card.score == "accuracy 91.2 %"


def test_a_number_that_is_no_share_is_told_as_it_is(shelf):
    (shelf / "guess" / "README.md").write_text(CARD.replace("0.9125", "74.31"), encoding="utf-8")
    assert cards.read("guess").score == "accuracy 74.3"


def test_a_folder_without_a_card_is_listed_without_a_score(shelf):
    (shelf / "guess" / "README.md").unlink()
    assert cards.read("guess").score == ""
    assert [card.name for card in cards.models()] == ["guess"]


def test_the_list_names_task_size_score_and_license(shelf, capsys):
    assert cards.models() == [cards.read("guess")]
    head, row, _, total = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "task", "size", "score", "license"]
    assert row.split() == ["guess", "fill-mask", "1.0", "MB", *"accuracy 91.2 % apache-2.0".split()]  # noqa: SIM905
    assert total == "1 models, 1.0 MB in all"


def test_an_unknown_name_is_refused(shelf):
    with pytest.raises(ModelNotFoundError):
        cards.read("gues")


def test_these_models_ship():
    assert tiny.tiny_model() == SHIPPED


@pytest.mark.parametrize("name", tiny.tiny_model())
def test_every_bundled_model_states_task_license_and_score(name):
    card = cards.read(name)
    assert card.task
    assert card.license == "apache-2.0"
    assert card.score


def test_all_bundled_models_together_stay_small():
    assert sum(cards.read(name).size for name in tiny.tiny_model()) <= 80e6
