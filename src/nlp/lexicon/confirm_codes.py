#!/usr/bin/env python3
"""Compares our SNOMED CT and RxNorm codes with what public packages name (a check; nothing is copied).

    VENV/bin/python confirm_codes.py [-v] FILE_OR_FOLDER…

Reads every pair of a code and a name in JSON and JSON lines (FHIR codings, Synthea's modules), in
Python and CSV sources that hold such pairs, in archives of FHIR packages, in OBO ontologies and in
the disease-ontology table. A code is confirmed when a source gives it a name that is one of our
terms, or that has its words; doubtful when the sources name it otherwise.
"""

import collections
import csv
import json
import re
import sys
import tarfile
from pathlib import Path

import curated
from join import HERE, key_of
from words import lemma, tokens

SUFFIX = re.compile(r"\s*\((disorder|finding|situation|event|morphologic abnormality|observable entity|substance|product|ingredient|organism|qualifier value)\)\s*$", re.I)
PAIR = re.compile(r"""["'](\d{2,18})["']\s*,\s*(?:display\s*=\s*)?["']([^"']{3,120})["']|["']([^"']{3,120})["']\s*[:,]\s*\(?["'](\d{2,18})["']""")
SMALL = {"of", "the", "and", "or", "in", "due", "to", "with", "by", "a", "an", "nos", "unspecified", "disease", "disorder", "syndrome", "finding"}


def walk(value, found):
    if isinstance(value, dict):
        system = str(value.get("system") or "snomed").lower()
        code, name = value.get("code") if re.search("snomed|sct|rxnorm", system) else None, value.get("display") or value.get("long") or value.get("name")
        if isinstance(code, (str, int)) and isinstance(name, str) and str(code).isdigit():
            found[str(code)].add(name)
        for inner in value.values():
            walk(inner, found)
    elif isinstance(value, list):
        for inner in value:
            walk(inner, found)


def read(name, data, found):
    text = data.decode("utf-8", "replace")
    if name.endswith(".obo"):
        for stanza in text.split("\n[Term]\n")[1:]:
            names = re.findall(r'^name: (.*)$|^synonym: "([^"]*)" EXACT', stanza, re.M)
            for code in re.findall(r"^xref: (?:SNOMEDCT_US|SCTID|SNOMEDCT)[^:]*:(\d+)", stanza, re.M):
                found[code] |= {a or b for a, b in names}
    elif name.endswith(".tsv"):
        for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
            for column, codes in row.items():
                if column and "snomed" in column.lower():
                    for code in re.findall(r"\d{6,18}", codes or ""):
                        found[code] |= {n for n in [row.get("label") or "", *(row.get("synonyms") or "").split("|")] if n}
    elif name.endswith((".py", ".csv", ".js", ".ts")):
        for a, b, c, d in PAIR.findall(text):
            found[a or d].add(b or c)
    elif name.endswith((".json", ".ndjson", ".jsonl")):
        for part in [text] if name.endswith(".json") else text.splitlines():
            try:
                walk(json.loads(part), found)
            except ValueError:
                continue


def sources(paths):
    found = collections.defaultdict(set)
    for path in map(Path, paths):
        for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
            if file.suffix == ".tgz":
                with tarfile.open(file) as archive:
                    for member in archive:
                        if member.isfile() and member.name.endswith(".json"):
                            read(member.name, archive.extractfile(member).read(), found)
            elif file.suffix in {".json", ".ndjson", ".jsonl", ".obo", ".tsv", ".py", ".csv", ".js"}:
                read(file.name, file.read_bytes(), found)
    return found


def content(text):
    return {lemma(t) for t in tokens(SUFFIX.sub("", text)) if t not in SMALL and t[0].isalnum()}


def main():
    paths = [a for a in sys.argv[1:] if a != "-v"]
    found = sources(paths)
    tally = {"SNOMED CT": collections.Counter(), "RxNorm": collections.Counter()}
    seen = set()
    for where, category, first, second, terms, _moved in curated.concepts(HERE / "curated"):
        system, code = ("RxNorm", first) if category == "m" else ("SNOMED CT", second)
        if not code.isdigit() or (system, code) in seen:
            continue
        seen.add((system, code))
        names = {SUFFIX.sub("", n) for n in found.get(code, ())}
        keys, words = {key_of(t) for t in terms}, [content(t) for t in terms]
        if not names:
            verdict = "unconfirmed"
        elif any(key_of(n) in keys for n in names):
            verdict = "confirmed by name"
        elif any(w and (w <= content(n) or content(n) and content(n) <= w) for n in names for w in words):
            verdict = "confirmed by its words"
        else:
            verdict = "named otherwise"
        tally[system][verdict] += 1
        if "-v" in sys.argv and verdict != "confirmed by name":
            print(f"{where}\t{system}\t{code}\t{verdict}\t{terms[0]}\t{'; '.join(sorted(names)[:4])}")
    for system, counts in tally.items():
        print(f"{system}: {sum(counts.values())} codes: " + ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items())))


if __name__ == "__main__":
    main()
