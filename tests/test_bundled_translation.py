"""The bundled translation model: its scores measured again, its card, and a few sentences."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from bundled import Scores
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from recipes.translation import chrf, translate
from recipes.translation_data import examples
from recipes.translation_french import conjugate, feminine, join, negated, plural

TestScores = Scores


def test_everyday_sentences(folder: Path) -> None:
    coder = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
    pairs = {
        "Hello, how are you?": "Bonjour, comment allez-vous ?",
        "Thank you very much.": "Merci beaucoup.",
        "Where is the train station?": "Où est la gare ?",
        "I don't speak French.": "Je ne parle pas français.",
    }
    assert translate(model, coder, list(pairs)) == list(pairs.values())


def test_folder_is_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 10e6


def test_examples_are_seeded() -> None:
    first, again, other = (list(itertools.islice(examples(s), 100)) for s in (5, 5, 6))
    assert first == again != other


def test_chrf_of_equal_and_disjoint_texts() -> None:
    assert chrf(["Bonjour"], [["Salut", "Bonjour"]]) == pytest.approx(100)
    assert chrf(["aaa"], [["bbb"]]) == 0


FORMS = """
manger present 3 mangeons; manger imperfect 0 mangeais; manger imperfect 3 mangions; commencer
present 3 commençons; commencer imperfect 4 commenciez; acheter present 0 achète; acheter future 0
achèterai; appeler present 2 appelle; appeler future 3 appellerons; jeter present 5 jettent; lever
present 4 levez; préférer present 0 préfère; préférer future 0 préférerai; répéter present 1
répètes; payer present 2 paie; nettoyer present 3 nettoyons; envoyer future 0 enverrai; essayer
future 2 essaiera; finir present 3 finissons; choisir imperfect 0 choisissais; vendre present 2
vend; attendre future 3 attendrons; répondre present 5 répondent; venir present 5 viennent; tenir
future 0 tiendrai; comprendre present 5 comprennent; mettre present 2 met; offrir present 0 offre;
peindre present 3 peignons; éteindre present 5 éteignent; conduire present 3 conduisons; connaître
present 2 connaît; courir future 0 courrai; dire present 4 dites; sourire present 0 souris; croire
present 3 croyons; boire present 5 boivent; voir future 0 verrai; recevoir present 0 reçois;
savoir future 4 saurez; pouvoir present 5 peuvent; vouloir conditional 0 voudrais; devoir
conditional 4 devriez; pleuvoir future 2 pleuvra; asseoir present 0 assieds; faire present 4
faites; faire future 5 feront; aller future 0 irai; être imperfect 5 étaient; avoir future 2 aura;
dormir present 2 dort; sortir imperfect 0 sortais; servir present 1 sers; rompre present 2 rompt;
essuyer present 2 essuie; protéger present 0 protège; étudier imperfect 3 étudiions; plaire
present 2 plaît; rencontrer present 2 rencontre; célébrer present 2 célèbre; promener present 2
promène; espérer present 0 espère
"""
PARTICIPLES = """
perdre perdu; devenir devenu; apprendre appris; ouvrir ouvert; souffrir souffert; naître né; lire
lu; suivre suivi; vivre vécu; recevoir reçu; traduire traduit; mourir mort; boire bu; asseoir
assis; craindre craint; devoir dû; finir fini
"""


@pytest.mark.parametrize("line", FORMS.split(";"))
def test_conjugation(line: str) -> None:
    verb, tense, person, form = line.split()
    assert conjugate(verb)[tense][int(person)] == form


@pytest.mark.parametrize("line", PARTICIPLES.split(";"))
def test_participles(line: str) -> None:
    verb, form = line.split()
    assert conjugate(verb)["participle"] == form


def test_french_sentences_are_joined_rightly() -> None:
    assert join("je vais à §le marché de §les enfants") == "Je vais au marché des enfants"
    assert join("je aime §le hôtel et §le *héros") == "J'aime l'hôtel et le héros"
    assert join("il me dit de le faire") == "Il me dit de le faire"
    assert negated("¤du pain et ¤une pomme") == "de pain et ¤une pomme"
    assert [feminine(word) for word in ("heureux", "cher", "petit")] == [
        "heureuse",
        "chère",
        "petite",
    ]
    assert [plural(w) for w in ("cheval", "bleu", "fils")] == ["chevaux", "bleus", "fils"]
