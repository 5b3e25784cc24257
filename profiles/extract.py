#!/usr/bin/env python3
"""Makes the compact extracts in this folder from HL7's published FHIR packages.

    profiles/extract.py FOLDER

FOLDER holds hl7.fhir.r4.core-4.0.1.tgz and hl7.fhir.us.core-6.1.0.tgz. The output is
deterministic, one item a line, so that a new package version reviews as a diff.
Nothing is written unless everything could be made.
"""

import json
import pathlib
import re
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
R4 = "hl7.fhir.r4.core-4.0.1.tgz"
US_CORE = "hl7.fhir.us.core-6.1.0.tgz"
STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
PARAMETER = "http://hl7.org/fhir/SearchParameter/"
FHIR_TYPE = STRUCTURE + "structuredefinition-fhir-type"
TYPE_MUST_SUPPORT = STRUCTURE + "elementdefinition-type-must-support"
REGEX = STRUCTURE + "regex"
USCDI = "http://hl7.org/fhir/us/core/StructureDefinition/uscdi-requirement"
# Search parameters that R4 defines once for several resources (search-parameters.json of the
# specification). Whatever else is not named after its own type is an example or belongs to an
# extension, and R4's pages for the type do not list it.
SHARED = {"clinical", "conformance", "individual", "medications"}
# R4 publishes these as constraints on Quantity, but uses them as types.
QUANTITIES = ["Age", "Count", "Distance", "Duration"]


def load(path):
    """Every definition of a package by resource type, then by canonical URL."""
    found = {}
    with tarfile.open(path) as package:
        for member in package:
            folder, _, name = member.name.rpartition("/")
            if folder != "package" or not re.match(r"[A-Z]\w+-.*\.json$", name):
                continue
            definition = json.load(package.extractfile(member))
            by_url = found.setdefault(definition["resourceType"], {})
            if "url" in definition:
                by_url[definition["url"]] = definition
    return found


def line(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def last(url):
    return url.rsplit("/", 1)[-1]


def extension(node, url):
    return next((e for e in node.get("extension", []) if e["url"] == url), None)


# Elements -----------------------------------------------------------------------------------


def type_names(element):
    """The FHIR types of an element; R4 writes FHIRPath's System types for ids and the like."""
    if element["base"]["path"] == "Resource.id":
        return ["id"]
    names = []
    for kind in element.get("type", []):
        code = kind["code"]
        if code.startswith("http://hl7.org/fhirpath/"):
            code = extension(kind, FHIR_TYPE)["valueUrl"]
        if code not in names:
            names.append(code)
    if element["path"] == "Narrative.div":
        return ["xhtml"]
    return names


def targets(element, code):
    found = []
    for kind in element.get("type", []):
        if kind["code"] == code:
            found += [last(url) for url in kind.get("targetProfile", [])]
    return found


def element_item(element):
    item = {"name": element["path"].rsplit(".", 1)[-1]}
    if "contentReference" in element:
        item["content"] = element["contentReference"].lstrip("#")
    else:
        item["types"] = type_names(element)
    item["min"] = element["min"]
    item["max"] = element["max"]
    binding = element.get("binding")
    if binding and "valueSet" in binding:
        item["binding"] = binding["strength"]
        item["value_set"] = binding["valueSet"].split("|")[0]
    for key, code in (("targets", "Reference"), ("canonical", "canonical")):
        if found := targets(element, code):
            item[key] = found
    if element.get("isModifier"):
        item["modifier"] = True
    if element.get("isSummary"):
        item["summary"] = True
    return item


def elements(r4):
    structures = {s["name"]: s for s in r4["StructureDefinition"].values()
                  if s["kind"] != "logical" and (s.get("derivation") != "constraint" or s["name"] in QUANTITIES)}
    primitives, owners = {}, {}
    for name, structure in sorted(structures.items()):
        base = last(structure.get("baseDefinition", ""))
        if structure["kind"] == "primitive-type":
            value = next(e for e in structure["snapshot"]["element"] if e["path"] == name + ".value")
            regex = extension(value["type"][0], REGEX)
            primitives[name] = {"base": base, "regex": regex["valueString"] if regex else None}
            continue
        kind = "resource" if structure["kind"] == "resource" else "datatype"
        owner = owners[name] = {"kind": kind, "base": base, "abstract": structure["abstract"], "elements": []}
        for element in structure["snapshot"]["element"][1:]:
            if name in QUANTITIES or element["base"]["path"] != element["path"]:
                continue
            parent = element["path"].rsplit(".", 1)[0]
            owners[parent]["elements"].append(element_item(element))
            code = element.get("type", [{}])[0].get("code")
            below = element["path"] + "."
            if code in ("BackboneElement", "Element") and any(
                    e["path"].startswith(below) for e in structure["snapshot"]["element"]):
                owners[element["path"]] = {"kind": "backbone", "base": code, "abstract": False, "elements": []}
    inherited_is_complete(structures, owners)
    out = ['{"primitives":{']
    out.append(",\n".join(f"{line(n)}:{line(p)}" for n, p in primitives.items()))
    out.append('},"owners":{')
    blocks = []
    for name, owner in owners.items():
        head = {k: v for k, v in owner.items() if k != "elements" and v not in ("", False)}
        body = ",\n".join(line(e) for e in owner["elements"])
        blocks.append(f'{line(name)}:{line(head)[:-1]},"elements":[\n{body}]}}' if body
                      else f'{line(name)}:{line(head)[:-1]},"elements":[]}}')
    out.append(",\n".join(blocks))
    out.append("}}")
    return "\n".join(out) + "\n"


def inherited_is_complete(structures, owners):
    """What was left out of each type because it is inherited must be found at its base."""
    def names(owner):
        if not owner:
            return []
        return names(owners[owner].get("base")) + [e["name"] for e in owners[owner]["elements"]]
    for name, structure in structures.items():
        if name in owners:
            direct = [e["path"].split(".")[1] for e in structure["snapshot"]["element"] if e["path"].count(".") == 1]
            assert names(name) == direct, (name, names(name), direct)


# Search parameters --------------------------------------------------------------------------


def split_union(expression):
    """The branches of a FHIRPath union, split where `|` stands outside brackets and quotes."""
    branches, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(expression):
        if char == "'":
            quoted = not quoted
        elif not quoted and char in "([":
            depth += 1
        elif not quoted and char in ")]":
            depth -= 1
        elif not quoted and char == "|" and depth == 0:
            branches.append(expression[start:at].strip())
            start = at + 1
    return branches + [expression[start:].strip()]


def cut(expression, base):
    """The part of a shared expression that speaks of one type."""
    if base in ("Resource", "DomainResource"):
        return expression
    branches = split_union(expression)
    if all(re.match("[a-z]", b) for b in branches):  # InsurancePlan-name leaves its type out
        return " | ".join(f"{base}.{b}" for b in branches)
    return " | ".join(b for b in branches if re.match(rf"\(*{base}\b", b))


def parameter_item(parameter, base, every_type):
    item = {"code": parameter["code"], "kind": parameter["type"], "url": parameter["url"]}
    item["expression"] = cut(parameter.get("expression", ""), base)
    if "target" in parameter:
        # "Any" is published as a list of every type but Parameters, which is never stored.
        anything = every_type - {"Parameters"} <= set(parameter["target"])
        item["targets"] = ["Resource"] if anything else parameter["target"]
    if "component" in parameter:
        item["components"] = [{"definition": c["definition"], "expression": c["expression"]}
                              for c in parameter["component"]]
    return item


def resource_types(r4):
    return {s["type"] for s in r4["StructureDefinition"].values() if s["kind"] == "resource" and not s["abstract"]}


def search_parameters(r4):
    every_type = resource_types(r4)
    by_type = {}
    for url, parameter in sorted(r4["SearchParameter"].items()):
        owner, _, _ = last(url).partition("-")
        for base in parameter.get("base", []):
            if owner == base or owner in SHARED or url == PARAMETER + "filter":
                by_type.setdefault(base, []).append(parameter_item(parameter, base, every_type))
    blocks = []
    for base, items in sorted(by_type.items()):
        items.sort(key=lambda i: i["code"])
        codes = [i["code"] for i in items]
        assert len(codes) == len(set(codes)), (base, codes)
        body = ",\n".join(line(i) for i in items)
        blocks.append(f"{line(base)}:[\n{body}]")
    return "{" + ",\n".join(blocks) + "}\n"


def compartment(r4, name):
    definition = next(c for c in r4["CompartmentDefinition"].values() if c["code"] == name)
    rows = []
    for resource in definition["resource"]:
        # `{def}` says that the resource itself is the compartment.
        if codes := sorted(set(resource.get("param", [])) - {"{def}"}):
            rows.append(f"{line(resource['code'])}:{line(codes)}")
    return "{\n" + ",\n".join(sorted(rows)) + "}\n"


# Value sets ---------------------------------------------------------------------------------


class Terminology:
    """Expands what can be expanded from the code systems at hand, and says None of the rest."""

    def __init__(self, *packages):
        self.sets, self.systems = {}, {}
        for package in packages:
            self.sets.update(package.get("ValueSet", {}))
            self.systems.update(package.get("CodeSystem", {}))

    def concepts(self, url):
        """(code, codes of its ancestors) of a complete code system."""
        system = self.systems.get(url)
        if not system or system.get("content") != "complete":
            return None
        found = []

        def walk(concepts, above):
            for concept in concepts:
                found.append((concept["code"], above))
                walk(concept.get("concept", []), above | {concept["code"]})
        walk(system.get("concept", []), frozenset())
        return found

    def included(self, part):
        sets = [self.expand(url) for url in part.get("valueSet", [])]
        if None in sets:
            return None
        chosen = [pair for pair in sets[0] if all(pair in other for other in sets)] if sets else None
        if system := part.get("system"):
            if "concept" in part:
                own = [(system, c["code"]) for c in part["concept"]]
            else:
                concepts = self.concepts(system)
                if concepts is None:
                    return None
                for rule in part.get("filter", []):
                    if rule["property"] != "concept" or rule["op"] not in ("is-a", "descendent-of"):
                        return None
                    root, itself = rule["value"], rule["op"] == "is-a"
                    concepts = [(c, up) for c, up in concepts if root in up or (itself and c == root)]
                own = [(system, code) for code, _ in concepts]
            chosen = own if chosen is None else [pair for pair in own if pair in chosen]
        return list(chosen or [])

    def expand(self, url):
        compose = self.sets.get(url.split("|")[0], {}).get("compose")
        if not compose:
            return None
        found, left_out = {}, set()
        for part in compose.get("exclude", []):
            pairs = self.included(part)
            if pairs is None:
                return None
            left_out |= set(pairs)
        for part in compose["include"]:
            pairs = self.included(part)
            if pairs is None:
                return None
            found.update(dict.fromkeys(p for p in pairs if p not in left_out))
        return list(found)


def value_sets(terminology, urls):
    rows = []
    for url in sorted(urls):
        pairs = terminology.expand(url)
        if not pairs:
            continue
        systems = {}
        for system, code in pairs:
            systems.setdefault(system, []).append(code)
        rows.append(f"{line(url)}:{line(systems)}")
    return "{\n" + ",\n".join(rows) + "}\n"


def required_sets(structures):
    for structure in structures:
        for element in structure["snapshot"]["element"]:
            binding = element.get("binding", {})
            if binding.get("strength") == "required" and "valueSet" in binding:
                yield binding["valueSet"].split("|")[0]


# Profiles -----------------------------------------------------------------------------------


def capital(text):
    return text[:1].upper() + text[1:]


def choices(element):
    """The types a profile leaves open, or those of them that it says must be supported."""
    kinds = element.get("type", [])
    marked = [k for k in kinds if (extension(k, TYPE_MUST_SUPPORT) or {}).get("valueBoolean")]
    names = []
    for kind in marked or kinds:
        code = kind["code"]
        if code.startswith("http://hl7.org/fhirpath/"):
            code = extension(kind, FHIR_TYPE)["valueUrl"]
        if code not in names:
            names.append(code)
    return names


def mapping_path(element, by_id):
    """An element id as the path a mapping file writes: slices of lists leave no trace (they are
    told apart by content), extensions are named after their definition, and a choice that can
    only be one type is written with it."""
    parts, here = [], []
    for piece in element["id"].split("."):
        here.append(piece)
        if len(here) == 1:
            continue
        name, _, piece_slice = piece.partition(":")
        step = by_id[".".join(here)]
        if name in ("extension", "modifierExtension") and piece_slice:
            url = next((p for k in step.get("type", []) for p in k.get("profile", [])), None)
            parts.append(f"{name}({last(url) if url else piece_slice})")
        elif name.endswith("[x]"):
            types = choices(step)
            parts.append(name[:-3] + capital(types[0]) if len(types) == 1 else name)
        else:
            parts.append(name)
    return ".".join(parts)


def fixed(element):
    return next((v for k, v in element.items() if re.match("(fixed|pattern)[A-Z]", k)), None)


def profile_element(element, by_id, root):
    item = {"id": element["id"], "path": mapping_path(element, by_id)}
    names = choices(element)
    if names and names != ["BackboneElement"]:
        item["types"] = names if len(names) < 40 else ["*"]
    item["min"], item["max"] = element["min"], element["max"]
    parent = element["id"].rpartition(".")[0]
    always = element["min"] > 0
    while always and parent != root:
        always = by_id[parent]["min"] > 0
        parent = parent.rpartition(".")[0]
    if always:
        item["always"] = True
    if element.get("mustSupport"):
        item["must_support"] = True
    elif (extension(element, USCDI) or {}).get("valueBoolean"):
        item["uscdi"] = True
    if (value := fixed(element)) is not None:
        item["fixed"] = value
    binding = element.get("binding")
    if binding and binding["strength"] in ("required", "extensible") and "valueSet" in binding:
        item["binding"] = binding["strength"]
        item["value_set"] = binding["valueSet"].split("|")[0]
    urls = [p for k in element.get("type", []) for p in k.get("profile", [])]
    if urls and "Extension" in names:
        item["extension"] = urls[0]
    return item


# An element of a profile is worth a line if it says one of these, or is required.
KEPT = {"must_support", "uscdi", "fixed", "binding", "extension"}


def profiles(us_core, r4):
    by_url = us_core["StructureDefinition"]
    known = {(b, p["code"]) for p in r4["SearchParameter"].values() for b in p.get("base", [])}
    every_type = resource_types(r4)
    known |= {(n, p["code"]) for p in r4["SearchParameter"].values() if "Resource" in p.get("base", [])
              for n in every_type}
    wanted = {"resource": [], "complex-type": []}
    for structure in by_url.values():
        wanted[structure["kind"]].append(structure)
    out = []
    for title, kind in (("profiles", "resource"), ("extensions", "complex-type")):
        blocks = []
        for structure in sorted(wanted[kind], key=lambda s: s["url"]):
            listed = structure["snapshot"]["element"]
            by_id = {e["id"]: e for e in listed}
            head = {"version": structure["version"], "name": structure["name"], "title": structure["title"],
                    "type": structure["type"], "base": structure["baseDefinition"]}
            if kind == "complex-type":
                head["context"] = [c["expression"] for c in structure.get("context", [])]
            items = []
            for element in listed[1:]:
                item = profile_element(element, by_id, listed[0]["id"])
                if element["max"] == "0" or (kind == "complex-type" and item["id"].endswith((".id", ".extension"))):
                    continue
                if kind == "complex-type" or item["min"] or item.keys() & KEPT:
                    items.append(item)
            body = ",\n".join(line(i) for i in items)
            blocks.append(f'{line(structure["url"])}:{line(head)[:-1]},"elements":[\n{body}]}}')
        out.append(f'"{title}":{{\n' + ",\n".join(blocks) + "}")
    rows = []
    for url, parameter in sorted(us_core["SearchParameter"].items()):
        for base in parameter["base"]:
            if (base, parameter["code"]) not in known:
                rows.append(line({"type": base, **parameter_item(parameter, base, every_type)}))
    out.append('"search_parameters":[\n' + ",\n".join(rows) + "]")
    return "{" + ",\n".join(out) + "}\n"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    r4, us_core = load(folder / R4), load(folder / US_CORE)
    base = [s for s in r4["StructureDefinition"].values() if s.get("derivation") != "constraint" and s["kind"] != "logical"]
    of_r4 = set(required_sets(base))
    of_us_core = set(required_sets(us_core["StructureDefinition"].values())) - of_r4
    files = {
        "r4/elements.json": elements(r4),
        "r4/search-parameters.json": search_parameters(r4),
        "r4/compartment-patient.json": compartment(r4, "Patient"),
        "r4/compartment-practitioner.json": compartment(r4, "Practitioner"),
        "r4/value-sets.json": value_sets(Terminology(r4), of_r4),
        "us-core-6.1.0/profiles.json": profiles(us_core, r4),
        "us-core-6.1.0/value-sets.json": value_sets(Terminology(r4, us_core), of_us_core),
    }
    for name, text in files.items():
        json.loads(text)
        target = HERE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(f"{len(text.encode()):9} bytes  {name}")


if __name__ == "__main__":
    main()
