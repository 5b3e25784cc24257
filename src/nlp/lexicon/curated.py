"""Our own terms: curated/*.txt, one concept a line, alternatives in braces.

A line is `ICD-10-CM|SNOMED CT|term; term; …` (medications: `RxNorm|class|…`), the first term
being the preferred one. `{a/b} c` stands for `a c` and `b c`; an empty alternative may stand
in braces. A term wholly in capitals is matched in capitals only. `@s` sets the category of
the lines that follow: d disease, s symptom, f finding, m medication, a allergen.
"""

import itertools
import re
from pathlib import Path

CATEGORIES = "dsfmax"
# A head noun that may stand before or after the place it is about.
HEADS = {"pain", "ache", "tenderness", "swelling", "numbness", "weakness", "stiffness", "injury", "fracture",
         "infection", "cancer", "mass", "lump", "ulcer", "abscess", "cramp", "discomfort", "itching", "rash",
         "bleeding", "sprain", "strain", "contusion", "laceration", "arthritis", "osteoarthritis", "soreness",
         "edema", "spasm", "tightness", "pressure", "tingling", "burning", "redness", "dislocation", "burn", "bruise",
         "trauma", "cyst", "hematoma", "effusion", "stenosis", "deformity", "carcinoma", "pruritus", "erythema",
         "lesion", "nodule", "wound", "paresthesia", "itch", "cramping", "tumor", "polyp", "stone"}
SITE_NOUN = {"abdominal": "abdomen", "pelvic": "pelvis", "facial": "face", "dental": "teeth", "thoracic": "thorax",
             "lumbar": "lumbar spine", "cervical": "cervical spine", "nasal": "nose", "ocular": "eye", "oral": "mouth",
             "pulmonary": "lung", "renal": "kidney", "hepatic": "liver", "gastric": "stomach", "rectal": "rectum",
             "vaginal": "vagina", "testicular": "testicle", "vulvar": "vulva", "penile": "penis", "scrotal": "scrotum",
             "ovarian": "ovary", "uterine": "uterus", "esophageal": "esophagus", "pancreatic": "pancreas",
             "prostatic": "prostate", "cerebral": "brain", "spinal": "spine", "laryngeal": "larynx",
             "colonic": "colon", "cutaneous": "skin", "anal": "anus", "duodenal": "duodenum"}
NO_NOUN = {"chronic", "acute", "severe", "mild", "chest wall", "back pain", "stress", "nerve", "growing", "phantom",
           "soft tissue", "muscle", "bone", "joint", "high", "low", "blood", "viral", "bacterial", "fungal", "night"}


def alternatives(text):
    """Every reading of a term with braces."""
    parts = re.split(r"\{([^}]*)\}", text)
    choices = [[p] if i % 2 == 0 else p.split("/") for i, p in enumerate(parts)]
    for combination in itertools.product(*choices):
        yield re.sub(r"\s+", " ", "".join(combination)).strip()


def reordered(term):
    """`knee pain` is also written `pain in the knee`; `cancer of the colon` also `colon cancer`."""
    words = term.split()
    if 2 <= len(words) <= 3 and words[-1] in HEADS and term.islower():
        site = " ".join(words[:-1])
        if site not in NO_NOUN and words[0] not in NO_NOUN:
            noun = SITE_NOUN.get(site, site)
            joiners = ("in", "of") if words[-1] not in ("cancer", "carcinoma", "fracture", "injury", "arthritis") else ("of",)
            for joiner in joiners:
                yield f"{words[-1]} {joiner} {noun}"


def lines(folder, pattern):
    """(file name, line number, category, fields) of the curated files."""
    for path in sorted(Path(folder).glob(pattern)):
        category = "d"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = line.split("#")[0].strip() if line.startswith("#") else line.strip()
            if not line:
                continue
            if line.startswith("@"):
                category = line[1:].strip()
                if category not in CATEGORIES:
                    raise SystemExit(f"{path.name}:{number}: no category {category!r}")
                continue
            fields = [f.strip() for f in line.split("|")]
            yield path.name, number, category, fields


def concepts(folder):
    """(where, category, first code, second code, [terms], [reordered terms])."""
    for name, number, category, fields in lines(folder, "terms-*.txt"):
        if len(fields) != 3:
            raise SystemExit(f"{name}:{number}: three fields wanted, {len(fields)} found")
        terms = []
        for written in fields[2].split(";"):
            if written.strip():
                terms.extend(alternatives(written.strip()))
        yield f"{name}:{number}", category, fields[0], fields[1], terms, [r for t in terms for r in reordered(t)]


D = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
     [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
     [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
     [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]
P = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
     [8, 9, 1, 6, 0, 4, 3, 5, 2, 7], [9, 4, 5, 3, 1, 2, 6, 8, 7, 0], [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
     [2, 7, 9, 3, 8, 0, 6, 4, 1, 5], [7, 0, 4, 6, 9, 1, 3, 2, 5, 8]]


def verhoeff(code):
    """Whether the last digit of a SNOMED CT identifier is its Verhoeff check digit."""
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = D[check][P[place % 8][int(digit)]]
    return check == 0
