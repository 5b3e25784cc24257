//! One test for each kind of mistake in a mapping, with the sentence that its author reads.

use hearthgate_mapping::compile::{Files, load};
use hearthgate_mapping::schema::{Schema, Table};

/// A small clinic: patients with names, visits, notes over which a view looks.
fn schema() -> Schema {
    let table = |columns: &[(&str, &str)], foreign: &[(&str, &str)], view: bool| Table {
        view,
        columns: columns.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect(),
        foreign_keys: foreign.iter().map(|(c, t)| ((*c).to_owned(), (*t).to_owned(), "id".to_owned())).collect(),
        unique: vec!["id".to_owned(), "public_id".to_owned()],
    };
    let patients = [
        ("id", "INTEGER"),
        ("public_id", "TEXT"),
        ("gender", "TEXT"),
        ("birth_date", "TEXT"),
        ("deceased", "INTEGER"),
        ("family", "TEXT"),
        ("language", "TEXT"),
        ("kind", "TEXT"),
        ("photo", "BLOB"),
    ];
    let names = [("id", "INTEGER"), ("patient_id", "INTEGER"), ("position", "INTEGER"), ("family", "TEXT"), ("given", "TEXT"), ("use", "TEXT")];
    let visits = [("id", "INTEGER"), ("public_id", "TEXT"), ("patient_id", "INTEGER"), ("status", "TEXT"), ("class", "TEXT"), ("started", "TEXT")];
    Schema {
        tables: [
            ("patients", table(&patients, &[], false)),
            ("patient_names", table(&names, &[("patient_id", "patients")], false)),
            ("visits", table(&visits, &[("patient_id", "patients")], false)),
            ("words", table(&[("word", "TEXT"), ("public_id", "TEXT")], &[], false)),
            ("latest", table(&visits, &[("patient_id", "patients")], true)),
        ]
        .into_iter()
        .map(|(name, table)| (name.to_owned(), table))
        .collect(),
    }
}

/// The sentences about some files, without the folder's name.
fn mistakes(files: &[(&str, &str)]) -> Vec<String> {
    let files: Files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    match load(&files, &schema()) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.iter().map(|m| m.to_string().replacen("mappings/", "", 1)).collect(),
    }
}

const HEAD: &str = "resource = \"Patient\"\nfrom = \"patients\"\npatient = \"id\"\n";

/// What is wrong with a mapping of Patient, without the file's name: line and sentence.
fn patient(rest: &str) -> Vec<String> {
    let text = format!("{HEAD}{rest}");
    mistakes(&[("patient.toml", &text), ("extensions.toml", "us-core-race = \"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race\"\n")])
        .iter()
        .map(|m| m.replacen("patient.toml:", "", 1))
        .collect()
}

/// One element of Patient.
fn element(keys: &str) -> Vec<String> {
    patient(&format!("[[element]]\n{}\n", keys.replace("; ", "\n")))
}

#[test]
fn a_good_mapping_has_none() {
    assert_eq!(element("path = 'gender'; column = 'gender'; search = ['gender']"), [""; 0]);
}

#[test]
fn an_unknown_key() {
    let found = element("path = 'gender'; colum = 'gender'");
    assert!(found.len() == 1 && found[0].starts_with("6: unknown field `colum`, expected one of `path`, `column`"), "{found:?}");
}

#[test]
fn a_resource_type_that_is_none() {
    assert_eq!(mistakes(&[("p.toml", "resource = 'Pateint'\nfrom = 'patients'\n")]), ["p.toml:1: `Pateint` is no R4 resource type; did you mean `Patient`?"]);
    assert_eq!(mistakes(&[("p.toml", "resource = 'Pateint'\ndocument = true\n")]), ["p.toml:1: `Pateint` is no R4 resource type; did you mean `Patient`?"]);
}

#[test]
fn a_table_that_is_not_there() {
    assert_eq!(mistakes(&[("p.toml", "resource = 'Patient'\nfrom = 'patient'\n")]), ["p.toml:2: there is no table `patient`; did you mean `patients`?"]);
    assert_eq!(mistakes(&[("p.toml", "resource = 'Patient'\n")]), ["p.toml:1: `from` is missing: name the table"]);
    assert_eq!(
        patient("[[each]]\npath = 'name'\nfrom = 'patient_nams'\non = 'patient_id'\n"),
        ["6: there is no table `patient_nams`; did you mean `patient_names`?"]
    );
}

#[test]
fn a_table_without_row_number_or_id() {
    let found = mistakes(&[("p.toml", "resource = 'Patient'\nfrom = 'words'\nid = 'word'\n")]);
    assert_eq!(found, ["p.toml:2: the table `words` has no `id INTEGER PRIMARY KEY`", "p.toml:3: `words.word` is not unique, so it cannot be the id"]);
    assert_eq!(
        mistakes(&[("p.toml", "resource = 'Patient'\nfrom = 'patients'\nid = 'publicid'\n")]),
        ["p.toml:3: the table `patients` has no column `publicid` for the id; did you mean `public_id`?"]
    );
}

#[test]
fn a_path_that_r4_does_not_have() {
    assert_eq!(element("path = 'birthdate'; column = 'birth_date'"), ["5: Patient has no element `birthdate`; did you mean `birthDate`?"]);
    assert_eq!(element("path = 'name.famly'; column = 'family'"), ["5: HumanName has no element `famly`; did you mean `family`?"]);
    assert_eq!(element("path = 'deceasedString'; column = 'family'"), ["5: Patient has no element `deceasedString`"]);
    assert_eq!(
        element("path = 'name[0].family'; column = 'family'"),
        ["5: `name[0].family` is no path: `name[0]` is no JSON name (a numeric index is refused: use a slice)"]
    );
    assert_eq!(
        element("path = 'name(x).family'; column = 'family'"),
        ["5: `name(x).family` is no path: only extensions are told apart by name, use a slice for `name`"]
    );
}

#[test]
fn an_extension_without_a_url() {
    assert_eq!(
        element("path = 'extension(us-core-rase).extension(text).valueString'; column = 'family'"),
        ["5: mappings/extensions.toml says no URL for `us-core-rase`; did you mean `us-core-race`?"]
    );
    assert_eq!(element("path = 'extension(us-core-race).extension(text).valueString'; column = 'family'"), [""; 0]);
}

#[test]
fn what_the_gateway_says_itself() {
    assert_eq!(element("path = 'meta.lastUpdated'; column = 'birth_date'"), ["5: the gateway itself says `meta.lastUpdated`"]);
}

#[test]
fn a_column_that_is_not_there() {
    assert_eq!(element("path = 'gender'; column = 'gendr'"), ["5: the table `patients` has no column `gendr`; did you mean `gender`?"]);
}

#[test]
fn a_column_of_another_type() {
    assert_eq!(element("path = 'active'; column = 'gender'; search = ['active']"), ["5: the column `patients.gender` is TEXT, but a boolean wants INTEGER"]);
    assert_eq!(
        element("path = 'birthDate'; column = 'deceased'; search = ['birthdate']"),
        ["5: the column `patients.deceased` is INTEGER, but a date wants TEXT"]
    );
    assert_eq!(element("path = 'name'; column = 'family'"), ["5: `name` is a HumanName: name the columns of its parts, `column = { … }`"]);
    assert_eq!(element("path = 'gender'; column = 'gender'; list = true"), ["5: `list`: `gender` is no list of primitives"]);
    assert_eq!(element("path = 'gender'; column = 'gender'; codec = 'base32'; search = ['gender']"), ["7: the only codec is `base64`"]);
}

#[test]
fn neither_column_nor_value() {
    assert_eq!(element("path = 'gender'"), ["5: an element wants exactly one of `column`, `value` and `sql`"]);
}

#[test]
fn a_column_at_two_paths() {
    let found = patient("element = [\n{ path = 'gender', column = 'gender', search = ['gender'] },\n{ path = 'implicitRules', column = 'gender' },\n]\n");
    assert_eq!(found, ["5: the column `patients.gender` stands at `implicitRules` too: one column, one path"]);
    let found = patient("element = [\n{ path = 'gender', column = 'gender' },\n{ path = 'gender', column = 'language' },\n]\n");
    assert!(found.contains(&"6: `gender` is mapped twice here".to_owned()), "{found:?}");
}

#[test]
fn a_column_that_where_says() {
    assert_eq!(
        patient("where = { kind = 'person' }\nelement = [{ path = 'language', column = 'kind' }]\n"),
        ["5: `where` says what `patients.kind` is, so it cannot stand at a path"]
    );
    assert_eq!(patient("where = { kidn = 'person' }\n"), ["2: `where`: the table `patients` has no column `kidn`; did you mean `kind`?"]);
}

#[test]
fn a_child_table_that_hangs_elsewhere() {
    let each = |on: &str, more: &str| {
        patient(&format!(
            "[[each]]\npath = 'name'\nfrom = 'patient_names'\non = '{on}'\n{more}element = [{{ path = 'family', column = 'family', search = ['name', 'family', 'phonetic'] }}]\n"
        ))
    };
    assert_eq!(each("patient_id", ""), [""; 0]);
    assert_eq!(each("position", ""), ["7: `patient_names.position` is no foreign key to `patients`"]);
    assert_eq!(each("patient_id", "order = 'positon'\n"), ["5: the table `patient_names` has no column `positon` to order by; did you mean `position`?"]);
    assert_eq!(patient("[[each]]\npath = 'gender'\nfrom = 'patient_names'\non = 'patient_id'\n"), ["5: `gender` is no list"]);
}

#[test]
fn a_reference_that_leads_nowhere() {
    let visit = |rest: &str| {
        mistakes(&[(
            "v.toml",
            &format!(
                "resource = 'Flag'\nfrom = 'visits'\n[[element]]\npath = 'status'\nvalue = 'active'\n[[element]]\npath = 'code.text'\nvalue = 'x'\n[[element]]\npath = 'subject'\n{rest}"
            ),
        )])
    };
    // What cannot be compiled is missing, too.
    assert_eq!(
        visit("column = 'patient_id'\nrefers = 'Patient'\nsearch = ['patient', 'subject']\n")[1..],
        ["v.toml:10: `refers`: no mapping file makes Patient from the table `patients` that `patient_id` points to"]
    );
    assert_eq!(
        visit("column = 'started'\nrefers = 'Patiet'\nsearch = ['patient', 'subject']\n")[0],
        "v.toml:10: `refers`: `Patiet` is no R4 resource type; did you mean `Patient`?"
    );
    assert_eq!(visit("column = 'id'\nrefers = 'Patient'\n")[1], "v.toml:10: `id` is INTEGER, so it must be a foreign key and `refers` must name one type");
}

#[test]
fn a_patient_rule_that_is_no_foreign_key() {
    assert_eq!(
        mistakes(&[("v.toml", "resource = 'Basic'\nfrom = 'visits'\npatient = 'status'\n[[element]]\npath = 'code.text'\nvalue = 'x'\n")]),
        ["v.toml:2: `patient`: `visits.status` is no foreign key to `patients`"]
    );
}

#[test]
fn what_r4_requires() {
    let text = "resource = 'Patient'\nfrom = 'patients'\n[[each]]\npath = 'communication'\nfrom = 'patient_names'\non = 'patient_id'\nelement = [\n{ path = 'preferred', column = 'position' },\n]\n";
    assert_eq!(mistakes(&[("p.toml", text)]), ["p.toml:8: R4 requires `communication.language`, which has no column"]);
    assert_eq!(
        mistakes(&[(
            "v.toml",
            "resource = 'Flag'\nfrom = 'visits'\n[[element]]\npath = 'status'\nvalue = 'active'\n[[element]]\npath = 'code.text'\nvalue = 'x'\n"
        )]),
        ["v.toml:1: R4 requires `subject`, which has no column"]
    );
}

#[test]
fn what_a_profile_requires() {
    let profile = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient";
    let found = patient(&format!("profiles = ['{profile}']\n[[element]]\npath = 'gender'\ncolumn = 'gender'\nsearch = ['gender']\n"));
    assert_eq!(found, ["4: the profile requires `identifier`, which has no column", "4: the profile requires `name`, which has no column"]);
    assert_eq!(
        patient(&format!("profiles = ['{profile}s']\n")),
        [format!("4: the profile `{profile}s` does not stand in profiles/; did you mean `{profile}`?")]
    );
    assert_eq!(
        patient("profiles = ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter']\n"),
        ["4: the profile is one of Encounter, not of Patient"]
    );
}

#[test]
fn codes_that_miss_the_value_set() {
    let set = "http://hl7.org/fhir/ValueSet/administrative-gender";
    let codes = |rows: &str| {
        let text = format!("{HEAD}[[element]]\npath = 'gender'\ncolumn = 'gender'\ncodes = 'sex'\nsearch = ['gender']\n");
        mistakes(&[("patient.toml", &text), ("codes/sex.toml", rows)])
    };
    let row = |local: &str, fhir: &str| format!("[[code]]\nlocal = '{local}'\nfhir = '{fhir}'\n");
    let good = [row("m", "male"), row("f", "female"), row("x", "other"), row("?", "unknown")].concat();
    assert_eq!(codes(&good), [""; 0]);
    assert_eq!(
        codes(&[row("m", "male"), row("f", "femal"), row("x", "other"), row("?", "unknown")].concat()),
        [
            format!("codes/sex.toml:1: no local code reads as `female` of {set}, which Patient.gender requires"),
            format!("codes/sex.toml:4: `femal` is no code of {set}, which Patient.gender requires; did you mean `female`?"),
        ]
    );
    assert_eq!(
        codes(&format!("{good}{}", row("m", "male"))),
        [
            "codes/sex.toml:13: the FHIR code `male` has two preferred local codes; say `preferred = false` at all but one",
            "codes/sex.toml:13: the local code `m` stands twice",
            "patient.toml:7: there is no mappings/codes/sex.toml"
        ]
    );
    assert_eq!(
        codes(&format!("{good}[[code]]\nlocal = 'n'\nfhir = 'none'\npreferred = false\n"))[0],
        "codes/sex.toml:13: the FHIR code `none` has no preferred local code"
    );
    assert_eq!(codes(&format!("value_set = 'urn:nothing'\n{good}")), ["codes/sex.toml:1: the value set `urn:nothing` is not known, or has no end"]);
    assert_eq!(element("path = 'gender'; column = 'gender'; codes = 'sex'; search = ['gender']"), ["7: there is no mappings/codes/sex.toml"]);
}

#[test]
fn a_search_parameter_that_r4_does_not_have() {
    assert_eq!(
        element("path = 'birthDate'; column = 'birth_date'; search = ['birthdate', 'birth-date']"),
        ["5: Patient has no search parameter `birth-date`; did you mean `birthdate`?"]
    );
    assert_eq!(
        element("path = 'address.city'; column = 'family'; search = ['address-city']"),
        ["5: the search parameter `address-city` is not offered for Patient: it reads what is sealed"]
    );
}

#[test]
fn a_search_parameter_of_another_type() {
    assert_eq!(
        element("path = 'birthDate'; column = 'birth_date'; search = ['birthdate', 'family']"),
        ["5: the search parameter `family` does not read `birthDate`"]
    );
    assert_eq!(
        element("path = 'gender'; column = 'gender'; search = ['gender', 'identifier']"),
        ["5: the search parameter `identifier` does not read `gender`"]
    );
    assert_eq!(
        element("path = 'gender'; column = 'gender'; search = ['gender', 'organization']"),
        ["5: no column that names the search parameter `organization`, a reference parameter, can answer it"]
    );
    assert_eq!(
        element("path = 'gender'; column = 'gender'; search = ['gender']; sealed = true"),
        [
            "5: `gender`: the column `gender` is sealed and can be found only as an identifier or contact point",
            "5: no column that names the search parameter `gender`, a token parameter, can answer it"
        ]
    );
}

#[test]
fn a_column_that_a_search_parameter_reads() {
    assert_eq!(element("path = 'birthDate'; column = 'birth_date'"), ["5: the search parameter `birthdate` reads `birthDate`: `search` must name it"]);
    assert_eq!(element("path = 'deceasedBoolean'; column = 'deceased'"), ["5: the search parameter `deceased` reads `deceasedBoolean`: `search` must name it"]);
}

#[test]
fn a_view_or_an_expression_that_hides_what_it_reads() {
    assert_eq!(
        mistakes(&[("l.toml", "resource = 'Basic'\nfrom = 'latest'\n[[element]]\npath = 'code.text'\nvalue = 'x'\n")]),
        ["l.toml:2: a view is read-only and must name what it reads (`depends`), so that history sees its changes"]
    );
    assert_eq!(
        element("path = 'implicitRules'; sql = '(SELECT max(family) FROM patient_names)'"),
        ["6: `sql` reads beyond its row and must name what it reads (`depends`), so that history sees its changes"]
    );
    assert_eq!(
        element("path = 'implicitRules'; sql = '(SELECT max(family) FROM patient_names)'; depends = ['patient_names.famly']"),
        ["5: `depends`: there is no `patient_names.famly`; did you mean `family`?"]
    );
}

#[test]
fn claims_that_overlap_or_leave_a_rest() {
    let file = |claims: &str| format!("resource = 'Basic'\nfrom = 'visits'\n{claims}\n[[element]]\npath = 'code.text'\nvalue = 'x'\n");
    let (none, red, blue) = (file(""), file("claims = { code = 'red' }"), file("claims = { code = ['blue', 'red'] }"));
    assert_eq!(mistakes(&[("a.toml", &none), ("b.toml", &red)]), [""; 0]);
    assert_eq!(mistakes(&[("a.toml", &none), ("b.toml", &red), ("c.toml", &blue)]), ["c.toml:1: its claims overlap those of `b.toml`"]);
    assert_eq!(mistakes(&[("a.toml", &none), ("b.toml", &none)]), ["b.toml:1: `a.toml` already takes every Basic that none claims"]);
    assert_eq!(mistakes(&[("b.toml", &red)]), ["b.toml:1: no file takes the Basic resources that none claims: leave `claims` out in one"]);
    assert_eq!(
        mistakes(&[("a.toml", &none), ("b.toml", &file("claims = { cod = 'red' }"))])[1],
        "b.toml:1: `claims` wants a token search parameter of Basic; `cod` is none; did you mean `code`?"
    );
}

#[test]
fn plans_that_keep_one_column_in_two_ways() {
    let file = |claims: &str, element: &str| {
        format!("resource = 'Basic'\nfrom = 'visits'\n{claims}\n[[element]]\npath = 'code.text'\nvalue = 'x'\n[[element]]\n{element}\n")
    };
    let (open, sealed, date) = (
        "path = 'language'\ncolumn = 'class'",
        "path = 'language'\ncolumn = 'class'\nsealed = true",
        "path = 'created'\ncolumn = 'class'\nsearch = ['created']",
    );
    let found = mistakes(&[("a.toml", &file("", open)), ("b.toml", &file("claims = { code = 'red' }", sealed))]);
    assert_eq!(found, ["b.toml:8: `visits.class` is sealed here and open in mappings/a.toml:8"]);
    let found = mistakes(&[("a.toml", &file("", open)), ("b.toml", &file("claims = { code = 'red' }", date))]);
    assert_eq!(found, ["b.toml:8: `visits.class` holds a date here and text in mappings/a.toml:8"]);
}

#[test]
fn every_mistake_of_every_file_at_once() {
    let text = format!("{HEAD}[[element]]\npath = 'gendr'\ncolumn = 'gender'\n[[element]]\npath = 'birthDate'\ncolumn = 'birthdate'\nsearch = ['birthdate']\n");
    let found = mistakes(&[("patient.toml", &text), ("x.toml", "resource = 'Nothing'\n"), ("y.toml", "resource = \n")]);
    assert_eq!(
        found,
        [
            "patient.toml:5: Patient has no element `gendr`; did you mean `gender`?",
            "patient.toml:8: the table `patients` has no column `birthdate`; did you mean `birth_date`?",
            "x.toml:1: `Nothing` is no R4 resource type",
            "y.toml:1: string values must be quoted, expected literal string",
        ]
    );
}
