#!/usr/bin/env python3
"""Compares our ICD-10-CM codes with a disease-ontology table (a check; nothing is copied from it).

    VENV/bin/python check_codes.py ../../../../shared/nlp/disease-ontology.tsv

Prints the share of terms whose code is the table's, or lies above or below it, then the terms
of ours that differ: often the table is older or coarser, so that each is for a person to judge.
"""

import csv
import sys

from join import CURATED, Lexicon, key_of, load


def main():
    lexicon = Lexicon()
    load(lexicon)
    compared = agreed = 0
    different = []
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            codes = [c for c in (row["icd10cm"] or "").split("|") if c]
            for name in [row["label"], *(row["synonyms"] or "").split("|")]:
                term = lexicon.terms.get(key_of(name))
                if not codes or not name or not term or not term[0][1]:
                    continue
                compared += 1
                ours = term[0][1]
                if any(ours.startswith(c) or c.startswith(ours) for c in codes):
                    agreed += 1
                elif term[1] == CURATED:
                    different.append(f"{name}: {ours}, there {'|'.join(codes)}")
    print(f"{agreed} of {compared} codes agree ({agreed / max(compared, 1):.1%})")
    print(*different, sep="\n")


if __name__ == "__main__":
    main()
