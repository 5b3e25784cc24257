"""Words: how a term is cut into tokens, and which spellings of a word are one word.

The tokeniser here must agree with src/nlp/token.rs on the text of terms: a
word is a run of letters and digits (an apostrophe or a decimal point inside it
belongs to it), hyphens vanish, every other mark is a token of its own.
"""

import re
import unicodedata

WORD = re.compile(r"[0-9]+(?:\.[0-9]+)+|[^\W_]+(?:'[^\W_]+)*|[^\w\s-]|_")

IRREGULAR = {
    "feet": "foot", "teeth": "tooth", "vertebrae": "vertebra", "children": "child",
    "women": "woman", "men": "man", "lice": "louse", "mice": "mouse",
    "metastases": "metastasis", "diagnoses": "diagnosis", "prognoses": "prognosis",
    "crises": "crisis", "axes": "axis", "testes": "testis", "nares": "naris",
    "fungi": "fungus", "emboli": "embolus", "thrombi": "thrombus", "calculi": "calculus",
    "bronchi": "bronchus", "nevi": "nevus", "villi": "villus", "diverticula": "diverticulum",
    "bacteria": "bacterium", "ova": "ovum", "atria": "atrium", "phalanges": "phalanx",
    "bullae": "bulla", "scapulae": "scapula", "petechiae": "petechia", "maxillae": "maxilla",
    "papillae": "papilla", "conjunctivae": "conjunctiva", "striae": "stria",
    "indices": "index", "cortices": "cortex", "cervices": "cervix", "appendices": "appendix",
    "varices": "varix", "leaves": "leaf", "halves": "half", "knives": "knife",
    "adenomata": "adenoma", "condylomata": "condyloma", "stigmata": "stigma",
    "comedones": "comedo", "ganglia": "ganglion", "pneumonitides": "pneumonitis",
}
# Words that end in s and are no plurals (or whose plural would clash).
SINGULAR = {
    "diabetes", "herpes", "rabies", "ascites", "scabies", "caries", "series", "species",
    "has", "was", "does", "goes", "always", "perhaps", "across", "less", "unless", "various",
    "news", "lens", "biceps", "triceps", "forceps", "pancreas", "atlas", "alias", "bias",
    "canvas", "gas", "plus", "minus", "versus", "yes", "its", "ours", "his", "hers", "theirs",
    "this", "thus", "us", "is", "as", "towards", "besides", "pubes", "mumps", "measles",
    "shingles", "rickets", "hives", "yaws", "bends", "piles", "rubeols", "facies", "asbestos",
    "tetanus", "christmas", "afterwards", "aids", "sids", "mers", "sars", "cans", "pots", "mods", "mets", "graves", "rubs", "bends",
}

# British to American, by stems: applied to every word of a term and of a text.
BRITISH = [
    ("aemi", "emi"), ("haem", "hem"), ("oedem", "edem"), ("oesoph", "esoph"),
    ("rrhoea", "rrhea"), ("rrhoeic", "rrheic"), ("tumour", "tumor"), ("paed", "ped"), ("foet", "fet"),
    ("ischaem", "ischem"), ("caec", "cec"), ("leucoc", "leukoc"), ("leucop", "leukop"),
    ("gynaec", "gynec"), ("orthopaed", "orthoped"), ("anaesth", "anesth"), ("faec", "fec"),
    ("coeliac", "celiac"), ("pnoea", "pnea"), ("colour", "color"), ("labour", "labor"),
    ("behaviour", "behavior"), ("humour", "humor"), ("fibre", "fiber"), ("litre", "liter"),
    ("goitre", "goiter"), ("sulph", "sulf"), ("aetiolog", "etiolog"), ("paraes", "pares"),
    ("dysaes", "dyses"), ("hypoaes", "hypoes"), ("hyperaes", "hyperes"), ("oestr", "estr"),
    ("naev", "nev"), ("oestr", "estr"), ("mould", "mold"), ("paral ysed", "paralyzed"),
    ("dysphagea", "dysphagia"), ("neurone", "neuron"), ("caesarean", "cesarean"),
    ("aneurism", "aneurysm"), ("diarrhoe", "diarrhe"), ("menorrhoe", "menorrhe"),
    ("centre", "center"), ("grey", "gray"),
]


def fold(text):
    """Lower case without accents, with plain apostrophes, quotes and dashes."""
    text = text.replace("\u2019", "'").replace("\u2018", "'")
    text = re.sub("[\u2010-\u2015]", "-", text)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return text.lower()


def tokens(text):
    """The folded tokens of a term; a possessive 's is dropped."""
    out = []
    for word in WORD.findall(fold(text)):
        if word.endswith("'s"):
            word = word[:-2]
        word = word.replace("'", "")
        if word:
            out.append(word)
    return out


def lemma(word):
    """The word that all inflections and spellings of `word` share."""
    if not word[:1].isalpha():
        return word
    for british, american in BRITISH:
        if british in word:
            word = word.replace(british, american)
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) < 4 or word in SINGULAR or not word.endswith("s"):
        return word
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("oses") and len(word) > 6 or word.endswith(("itises", "oses")) and len(word) > 5:
        return word[:-4] + "osis" if word.endswith("oses") else word[:-2]
    if word.endswith(("pses", "lyses", "eses")) and len(word) > 5:
        return word[:-2] + "is"
    if word.endswith("itides"):
        return word[:-4] + "is"
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    if word.endswith("as") and len(word) < 6:
        return word
    return word[:-1]


def british(word):
    """The British spellings of an American lemma."""
    out = set()
    for b, a in BRITISH:
        if " " in b:
            continue
        if a in word and b not in word and (len(a) > 3 or a in ("hem", "nev", "ped", "fet", "cec", "fec", "emi")):
            if a == "emi" and not word.endswith(("emia", "emic")):
                continue
            if a == "hem" and not word.startswith("hem") and "rrhem" not in word:
                continue
            if a in ("ped", "fet", "cec", "fec", "nev") and not word.startswith(a):
                continue
            out.add(word.replace(a, b))
    return out


def inflections(word):
    """Surface forms of a lemma: itself, its plurals, British spellings."""
    out = {word}
    if len(word) > 2 and word.isalpha():
        if word.endswith("y") and word[-2] not in "aeiou":
            out.add(word[:-1] + "ies")
        elif word.endswith(("s", "x", "ch", "sh", "z")):
            if word.endswith("sis"):
                out.add(word[:-2] + "es")
            elif not word.endswith("s") or word.endswith("ss") or len(word) < 5:
                out.add(word + "es")
        else:
            out.add(word + "s")
        if word.endswith("oma"):
            out.add(word + "ta")
        if word.endswith("itis"):
            out.add(word[:-2] + "ides")
    out.update(plural for plural, single in IRREGULAR.items() if single == word)
    for form in list(out):
        out.update(british(form))
    return {form for form in out if lemma(form) == word or form == word}
