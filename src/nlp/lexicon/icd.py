"""ICD-10-CM: the titles and inclusion terms of the tabular list that read like a note.

Source: the April 2026 tabular list (US public domain) inside PyPI `simple-icd-10-cm`.
"""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from words import tokens

# What no clinician writes in a note: residual classes, encounters, cross references.
REFUSED = re.compile(
    r"\b(other|elsewhere|classified|unspecified|encounter|sequela|not otherwise|nec|specified|"
    r"initial|subsequent|first|second|third|trimester|episode of care|causing|fetus|"
    r"use additional|code first|see|type of|multiple sites|unknown|without mention|"
    r"any|all types|classifiable|conditions in|complicating|contact with|exposure to|"
    r"newborn affected|affecting|intentional|assault|undetermined|underdosing|adverse effect)\b", re.I)
DROPPED = re.compile(
    r",? (unspecified(?: \w+){0,3}|NOS|without complications?|not otherwise specified|"
    r"not specified as acute or chronic|uncomplicated|so stated|"
    r"without status migrainosus|not intractable)(?=$|,| and| with)")
CHAPTERS = set("ABCDEFGHIJKLMNOPQR")
INJURY = set("ST")
SYMPTOM = re.compile(r"^R(0|1[0-9]|2[0-9]|3[0-9]|4[0-9]|5[0-9]|6[0-9])|^M(25\.5|54|79\.[16])|^H57\.1|^N64\.4|^G89|^H92")
FINDING = re.compile(r"^R(7|8|9)|^Z")


def tabular(package):
    """Every code with its title and inclusion terms, in the order of the list."""
    files = sorted((Path(package) / "data").rglob("icd10c*tabular*.xml"))
    root = ET.parse(files[-1]).getroot()
    for diag in root.iter("diag"):
        name = diag.findtext("name")
        own = [diag.findtext("desc")]
        for tag in ("inclusionTerm", "includes"):
            for group in diag.findall(tag):
                own += [note.text for note in group.findall("note")]
        leaf = diag.find("diag") is None
        yield name, [t for t in own if t], leaf


def readings(title):
    """The ways of writing one title down: brackets opened, alternatives in parentheses."""
    title = re.sub(r"\s*\((?:[A-Z]\d[^)]*|[^)]*-\))\)", "", title).strip()
    alternatives = []
    bracket = re.search(r"\s*\[([^\]]+)\]", title)
    if bracket:
        alternatives.append(bracket.group(1))
        title = title.replace(bracket.group(0), "")
    paren = re.search(r"\s*\(([^)]+)\)", title)
    if paren:
        inside = paren.group(1)
        bare = title.replace(paren.group(0), "")
        alternatives.append(bare)
        if len(inside.split()) <= 2 and "," not in inside:
            alternatives.append(title.replace(paren.group(0), " " + inside))
            head = bare.split()
            if len(head) == 2:
                alternatives.append(f"{inside} {head[1]}")
    else:
        alternatives.append(title)
    for text in alternatives:
        previous = None
        while previous != text:
            previous = text
            text = DROPPED.sub("", text).strip(" ,")
        yield text
        match = re.match(r"^(Malignant neoplasm|Benign neoplasm|Carcinoma in situ|Fracture|Dislocation|Sprain|"
                         r"Contusion|Abrasion|Laceration without foreign body|Injury|Burn|Abscess|Cellulitis|"
                         r"Osteoarthritis|Pain|Ulcer|Disorder|Disease|Tuberculosis|Stenosis|Atrophy|Inflammation)s? of (.+)$", text)
        if match:
            head, site = match.group(1).lower(), match.group(2)
            if " and " in site or " or " in site or "," in site or len(site.split()) > 3:
                continue
            if head == "malignant neoplasm":
                for form in ("{s} cancer", "cancer of {s}", "carcinoma of {s}", "{s} carcinoma", "malignancy of {s}",
                             "{s} malignancy", "malignant tumor of {s}", "{s} malignant neoplasm", "malignant {s} tumor"):
                    yield form.format(s=site)
            elif head == "benign neoplasm":
                yield f"benign tumor of {site}"
                yield f"benign {site} tumor"
            elif head == "laceration without foreign body":
                yield f"laceration of {site}"
                yield f"{site} laceration"
            elif head not in ("disorder", "disease"):
                yield f"{site} {head}"


def terms(package):
    """(code, category, term) for what reads like a note."""
    for code, titles, _leaf in tabular(package):
        letter = code[0]
        if letter not in CHAPTERS and letter not in INJURY:
            continue
        if "-" in code or len(code) > (5 if letter in INJURY else 8):
            continue
        category = "s" if SYMPTOM.match(code) else "f" if FINDING.match(code) else "d"
        for index, title in enumerate(titles):
            for text in readings(title):
                if not 2 <= len(text) <= 70 or REFUSED.search(text):
                    continue
                if re.search(r"[\[\]();:/]", text) or text.count(",") > 0:
                    continue
                if re.search(r"\b(of|in|with|by|due to|following|for|and|or|to|the|left|right|bilateral|at|from|on)$", text) or re.search(r"\b(right|left|bilateral)\b", text, re.I):
                    continue
                if re.match(r"(of|in|with|by|to|for|and|or|the|from|at|on|due)\b", text, re.I) or code.startswith("R40.2"):
                    continue
                # A short single word is an eponym or an abbreviation: those we write ourselves.
                if " " not in text and (len(text) <= 5 or text.endswith(("'s", "s'", "\u2019s")) or text.isupper() or not text[:1].isalpha()):
                    continue
                words = tokens(text)
                if not words or len(words) > 7:
                    continue
                if len(words) > 4 and re.search(r"\b(and|or|with|without|due to|by|in|following|during|to)\b", text) and not re.search(r"type [12] ", text, re.I):
                    if index == 0 and len(words) > 5:
                        continue
                if re.search(r"\b(and|or)\b", text) and len(words) > 3:
                    continue
                yield code, category, text
