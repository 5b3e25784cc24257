#!/usr/bin/env python3
"""Scores medspaCy and negspaCy beside Hearthgate: the same sentences, the same spans, the same measure.

    python3 docs/nlp/peers.py --hearthgate target/release/hearthgate negation-dev.tsv

The file has the columns concept, sentence, negation, temporality, experiencer; the concept stands in
capitals in the sentence. The peers are installed from PyPI into a virtual environment of their own
(--venv, outside the checkout), with their default rules, and are given each span as an entity.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PEERS = ["medspacy==1.3.1", "negspacy==1.0.4"]


def spans(path):
    """(sentence, first character, end, negated, historical) of every line whose concept is marked."""
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            sentence, capitals = row["sentence"].strip(), row["concept"].strip().upper()
            at = sentence.find(capitals)
            if at < 0:
                at = sentence.upper().find(capitals)
            if at >= 0:
                yield sentence, at, at + len(capitals), row["negation"] == "Negated", row["temporality"] == "Historical"


def hearthgate(binary, rows):
    """What `hearthgate nlp --spans` says: (negated, historical) a row."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".tsv", delete=False, newline="") as table:
        table.write("id\tsentence\tstart\tend\n")
        for number, (sentence, start, end, *_) in enumerate(rows):
            first = len(sentence[:start].encode())
            table.write(f"{number}\t{sentence}\t{first}\t{first + len(sentence[start:end].encode())}\n")
    try:
        out = subprocess.run([binary, "nlp", "--spans", table.name], check=True, capture_output=True, text=True).stdout
    finally:
        os.unlink(table.name)
    return [(a["negated"], a["historical"]) for a in map(json.loads, out.splitlines())]


def with_entity(doc, start, end):
    span = doc.char_span(start, end, label="CONCEPT", alignment_mode="expand")
    doc.ents = [span]
    return doc.ents[0]


def medspacy_says(rows):
    import medspacy
    nlp = medspacy.load(medspacy_enable=["medspacy_pyrush", "medspacy_context"])
    for sentence, start, end, *_ in rows:
        doc = nlp.make_doc(sentence)
        entity = with_entity(doc, start, end)
        for _, pipe in nlp.pipeline:
            doc = pipe(doc)
        entity = doc.ents[0]
        yield entity._.is_negated, entity._.is_historical


def negspacy_says(rows):
    import spacy
    from negspacy.negation import Negex  # noqa: F401  registers the component
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("negex", config={"ent_types": ["CONCEPT"]})
    for sentence, start, end, *_ in rows:
        doc = nlp.make_doc(sentence)
        with_entity(doc, start, end)
        for _, pipe in nlp.pipeline:
            doc = pipe(doc)
        yield doc.ents[0]._.negex, None


def f1(said, so):
    right = sum(a and b for a, b in zip(said, so))
    wrong = sum(a and not b for a, b in zip(said, so))
    missed = sum(b and not a for a, b in zip(said, so))
    return 2 * right / (2 * right + wrong + missed), right, wrong, missed


def report(name, answers, rows, seconds):
    size = sum(len(sentence.encode()) for sentence, *_ in rows)
    for measure, column in (("negation", 0), ("historical", 1)):
        said = [a[column] for a in answers]
        if None in said:
            print(f"{name:<22} {measure:<11} not told")
            continue
        score, right, wrong, missed = f1(said, [row[3 + column] for row in rows])
        print(f"{name:<22} {measure:<11} F1 {score:.3f}  ({right} right, {wrong} wrong, {missed} missed)")
    print(f"{name:<22} {'speed':<11} {size / seconds / 1e6:.3f} MB/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--hearthgate", default="hearthgate")
    parser.add_argument("--venv", default=os.path.join(tempfile.gettempdir(), "hearthgate-nlp-peers"))
    parser.add_argument("--peer", choices=["medspacy", "negspacy"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    rows = list(spans(arguments.file))
    if arguments.peer:
        say = {"medspacy": medspacy_says, "negspacy": negspacy_says}[arguments.peer]
        list(say(rows[:20]))  # loading is not counted
        began = time.perf_counter()
        answers = list(say(rows))
        report(next(p for p in PEERS if p.startswith(arguments.peer)).replace("==", " "), answers, rows, time.perf_counter() - began)
        return
    print(f"{len(rows)} spans")
    began = time.perf_counter()
    answers = hearthgate(arguments.hearthgate, rows)
    report("hearthgate", answers, rows, time.perf_counter() - began)
    python = Path(arguments.venv) / "bin" / "python"
    if not python.exists():
        venv.create(arguments.venv, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    for peer in ("medspacy", "negspacy"):
        subprocess.run([python, __file__, "--peer", peer, arguments.file], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
