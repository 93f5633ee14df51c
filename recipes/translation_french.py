"""French words: conjugation, feminine and plural, negation, elision and contraction."""

from __future__ import annotations

import re

#: je, tu, il/elle, nous, vous, ils/elles
PERSONS = range(6)
IMPERFECT = ("ais", "ais", "ait", "ions", "iez", "aient")
FUTURE = ("ai", "as", "a", "ons", "ez", "ont")

# Ending of the infinitive: six forms of the present, past participle, stem of the future. The
# longest ending that fits decides, and what stands before it is put before every form.
_IRREGULAR = {
    "être": ("suis es est sommes êtes sont", "été", "ser"),
    "avoir": ("ai as a avons avez ont", "eu", "aur"),
    "aller": ("vais vas va allons allez vont", "allé", "ir"),
    "faire": ("fais fais fait faisons faites font", "fait", "fer"),
    "dire": ("dis dis dit disons dites disent", "dit", "dir"),
    "interdire": (
        "interdis interdis interdit interdisons interdisez interdisent",
        "interdit",
        "interdir",
    ),
    "pouvoir": ("peux peux peut pouvons pouvez peuvent", "pu", "pourr"),
    "vouloir": ("veux veux veut voulons voulez veulent", "voulu", "voudr"),
    "devoir": ("dois dois doit devons devez doivent", "dû", "devr"),
    "savoir": ("sais sais sait savons savez savent", "su", "saur"),
    "valoir": ("vaux vaux vaut valons valez valent", "valu", "vaudr"),
    "falloir": ("faut faut faut faut faut faut", "fallu", "faudr"),
    "pleuvoir": ("pleut pleut pleut pleut pleut pleuvent", "plu", "pleuvr"),
    "voir": ("vois vois voit voyons voyez voient", "vu", "verr"),
    "cevoir": ("çois çois çoit cevons cevez çoivent", "çu", "cevr"),
    "asseoir": ("assieds assieds assied asseyons asseyez asseyent", "assis", "assiér"),
    "enir": ("iens iens ient enons enez iennent", "enu", "iendr"),
    "courir": ("cours cours court courons courez courent", "couru", "courr"),
    "mourir": ("meurs meurs meurt mourons mourez meurent", "mort", "mourr"),
    "partir": ("pars pars part partons partez partent", "parti", "partir"),
    "sortir": ("sors sors sort sortons sortez sortent", "sorti", "sortir"),
    "dormir": ("dors dors dort dormons dormez dorment", "dormi", "dormir"),
    "servir": ("sers sers sert servons servez servent", "servi", "servir"),
    "sentir": ("sens sens sent sentons sentez sentent", "senti", "sentir"),
    "mentir": ("mens mens ment mentons mentez mentent", "menti", "mentir"),
    "bouillir": ("bous bous bout bouillons bouillez bouillent", "bouilli", "bouillir"),
    "cueillir": ("cueille cueilles cueille cueillons cueillez cueillent", "cueilli", "cueiller"),
    "fuir": ("fuis fuis fuit fuyons fuyez fuient", "fui", "fuir"),
    "vrir": ("vre vres vre vrons vrez vrent", "vert", "vrir"),
    "ffrir": ("ffre ffres ffre ffrons ffrez ffrent", "ffert", "ffrir"),
    "prendre": ("prends prends prend prenons prenez prennent", "pris", "prendr"),
    "mettre": ("mets mets met mettons mettez mettent", "mis", "mettr"),
    "battre": ("bats bats bat battons battez battent", "battu", "battr"),
    "indre": ("ins ins int ignons ignez ignent", "int", "indr"),
    "uire": ("uis uis uit uisons uisez uisent", "uit", "uir"),
    "aître": ("ais ais aît aissons aissez aissent", "u", "aîtr"),
    "naître": ("nais nais naît naissons naissez naissent", "né", "naîtr"),
    "connaître": (
        "connais connais connaît connaissons connaissez connaissent",
        "connu",
        "connaîtr",
    ),
    "croire": ("crois crois croit croyons croyez croient", "cru", "croir"),
    "boire": ("bois bois boit buvons buvez boivent", "bu", "boir"),
    "lire": ("lis lis lit lisons lisez lisent", "lu", "lir"),
    "crire": ("cris cris crit crivons crivez crivent", "crit", "crir"),
    "rire": ("ris ris rit rions riez rient", "ri", "rir"),
    "suivre": ("suis suis suit suivons suivez suivent", "suivi", "suivr"),
    "vivre": ("vis vis vit vivons vivez vivent", "vécu", "vivr"),
    "plaire": ("plais plais plaît plaisons plaisez plaisent", "plu", "plair"),
    "taire": ("tais tais tait taisons taisez taisent", "tu", "tair"),
    "rompre": ("romps romps rompt rompons rompez rompent", "rompu", "rompr"),
}
_IMPERATIVE = {
    "être": ("sois", "soyons", "soyez"),
    "avoir": ("aie", "ayons", "ayez"),
    "savoir": ("sache", "sachons", "sachez"),
    "vouloir": ("veuille", "veuillons", "veuillez"),
}
_DOUBLING = ("appeler", "jeter", "épeler")
#: Verbs whose compound tenses are formed with être; reflexive ones come on top.
WITH_ETRE = frozenset(
    "aller venir revenir devenir arriver partir repartir sortir entrer rentrer rester "  # noqa: SIM905
    "tomber naître mourir retourner descendre monter".split()
)


def _er_present(verb: str) -> list[str]:
    stem = verb[:-2]
    strong = stem  # before a silent ending
    if verb.endswith("yer"):
        strong = stem[:-1] + "i"
    elif verb.endswith(_DOUBLING):
        strong = stem + stem[-1]
    elif match := re.search(r"[eé]([bcdfgjklmnprstvz]|[gq]u|ch|gl|gn|vr|br|gr)$", stem):
        strong = stem[: match.start()] + "è" + stem[match.start() + 1 :]
    soft = stem + "e" if stem[-1] == "g" else stem[:-1] + "ç" if stem[-1] == "c" else stem
    return [strong + "e", strong + "es", strong + "e", soft + "ons", stem + "ez", strong + "ent"]


def conjugate(verb: str) -> dict[str, list[str] | str]:
    """Return the simple forms of a French verb.

    Args:
        verb: Infinitive without "se".

    Returns:
        "present", "imperfect", "future", "conditional": six forms each; "participle": one form,
        masculine; "imperative": tu, nous, vous.
    """
    fits = [ending for ending in _IRREGULAR if verb.endswith(ending)]
    if verb == "maudire" or not verb:
        raise ValueError(f"no pattern for {verb!r}")
    if fits:
        ending = max(fits, key=len)
        before = verb[: -len(ending)]
        text, participle, future = _IRREGULAR[ending]
        present = [before + form for form in text.split()]
        participle, future = before + participle, before + future
    elif verb.endswith("er"):
        present, participle = _er_present(verb), verb[:-2] + "é"
        strong = present[0]
        future = verb if re.search(r"é[^aeiouy]+er$", verb) else strong + "r"
        future = "enverr" if verb == "envoyer" else future
    elif verb.endswith("ir"):
        stem = verb[:-2]
        present = [stem + e for e in ("is", "is", "it", "issons", "issez", "issent")]
        participle, future = stem + "i", verb
    elif verb.endswith("re"):
        stem = verb[:-2]
        present = [stem + e for e in ("s", "s", "", "ons", "ez", "ent")]
        participle, future = stem + "u", verb[:-1]
    else:
        raise ValueError(f"not a French infinitive: {verb!r}")
    past = (
        "ét"
        if verb == "être"
        else "pleuv"
        if verb == "pleuvoir"
        else present[3].removesuffix("ons")
    )
    past = "fall" if verb == "falloir" else past
    if past.endswith("ge") or past.endswith("ç"):
        light = past[:-1] + ("c" if past.endswith("ç") else "")  # mangions, commencions
        imperfect = [(light if e.startswith("i") else past) + e for e in IMPERFECT]
    else:
        imperfect = [past + e for e in IMPERFECT]
    tu = present[1][:-1] if verb.endswith("er") or present[1].endswith("es") else present[1]
    return {
        "present": present,
        "imperfect": imperfect,
        "future": [future + e for e in FUTURE],
        "conditional": [future + e for e in IMPERFECT],
        "participle": participle,
        "imperative": list(_IMPERATIVE.get(verb, (tu, present[3], present[4]))),
    }


def feminine(word: str) -> str:
    """Return the feminine singular of an adjective or participle, by rule."""
    if word == "meilleur":
        return "meilleure"
    for ending, change in (
        ("e", "e"),
        ("eux", "euse"),
        ("teur", "trice"),
        ("eur", "euse"),
        ("er", "ère"),
        ("if", "ive"),
        ("el", "elle"),
        ("en", "enne"),
        ("on", "onne"),
        ("et", "ette"),
        ("os", "osse"),
        ("as", "asse"),
    ):
        if word.endswith(ending):
            return word[: -len(ending)] + change
    return word + "e"


_IRREGULAR_PLURALS = {
    "festival": "festivals",
    "bal": "bals",
    "carnaval": "carnavals",
    "bleu": "bleus",
    "pneu": "pneus",
    "genou": "genoux",
    "chou": "choux",
    "hibou": "hiboux",
    "bijou": "bijoux",
    "travail": "travaux",
    "*hibou": "*hiboux",
    "banal": "banals",
    "fatal": "fatals",
}


def plural(word: str) -> str:
    """Return the plural of a noun or adjective, by rule."""
    if word in _IRREGULAR_PLURALS:
        return _IRREGULAR_PLURALS[word]
    if word[-1] in "sxz":
        return word
    if word.endswith("al"):
        return word[:-2] + "aux"
    return word + ("x" if word.endswith(("eau", "eu", "œu")) else "s")


# Marks that phrases carry until a sentence is finished: § before a definite article (it contracts
# with à and de; the pronoun does not), ¤ before an indefinite one (it becomes "de" under negation),
# * before an aspirated h (no elision).
_ELIDED = "aeiouyàâéèêëîïôöûùœæhAEIOUYÀÂÉÈÊËÎÔÛŒH"


def negated(text: str) -> str:
    """Return a phrase with its first indefinite article turned into the "de" of negation."""
    return re.sub(r"¤(?:une|un|du|des|de la|de l'|de) ?", "de ", text, count=1)


def join(text: str) -> str:
    """Finish a sentence: contract, elide, drop the marks, set spaces, begin with a capital."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\b([Dd])e §le (?=[^" + _ELIDED + "])", r"\1u ", text)
    text = re.sub(r"\b([Dd])e §les ", r"\1es ", text)
    text = re.sub(r"(?<!\w)à §le (?=[^" + _ELIDED + "])", "au ", text)
    text = re.sub(r"(?<!\w)À §le (?=[^" + _ELIDED + "])", "Au ", text)
    text = re.sub(r"(?<!\w)à §les ", "aux ", text)
    text = re.sub(r"(?<!\w)À §les ", "Aux ", text)
    text = re.sub(r"\bde ¤(?:du|de la|de l'|des) ?", "de ", text)  # de + partitive: de alone
    text = text.replace("§", "").replace("¤", "")
    text = re.sub(r"\b([Ss])i (?=ils?\b)", r"\1'", text)
    text = re.sub(
        r"\b([Jj]e|[Ll]e|[Ll]a|[Dd]e|[Qq]ue|[Nn]e|[Mm]e|[Tt]e|[Ss]e|jusque|lorsque|puisque)"
        r" (?=[" + _ELIDED + r"])(?!onze|onzième|oui|yaourt|yoga|y[aeo]u)",
        lambda m: m.group(1)[:-1] + "'",
        text,
    )
    text = re.sub(r"(\w)' ", r"\1'", text).replace("*", "")
    text = re.sub(r"\s+", " ", text).strip()
    return text[:1].upper() + text[1:]
