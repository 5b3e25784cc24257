//! Every requirement has a test or a written reason.

use std::fs;
use std::path::Path;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    requirement: Vec<Requirement>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    /// A name of ours.
    id: String,
    /// What must hold.
    text: String,
    /// Where that is said.
    source: String,
    /// The names of tests in this folder.
    #[serde(default)]
    tests: Vec<String>,
    /// Why it does not apply.
    not_applicable: Option<String>,
    /// Which later capability brings it.
    not_built: Option<String>,
}

#[test]
fn every_requirement_has_a_test_or_a_reason() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance-tests");
    let text = fs::read_to_string(folder.join("requirements.toml")).expect("requirements.toml");
    let file: File = toml::from_str(&text).expect("requirements.toml is well-formed");
    let mut sources = String::new();
    read(&folder, &mut sources);
    let mut wrong = Vec::new();
    let mut ids = Vec::new();
    for requirement in &file.requirement {
        if requirement.text.is_empty() || requirement.source.is_empty() || ids.contains(&&requirement.id) {
            wrong.push(format!("{}: wants a text, a source and a name of its own", requirement.id));
        }
        ids.push(&requirement.id);
        let reasons = usize::from(requirement.not_applicable.is_some()) + usize::from(requirement.not_built.is_some());
        if reasons + usize::from(!requirement.tests.is_empty()) != 1 {
            wrong.push(format!("{}: wants tests, or one reason why there is none", requirement.id));
        }
        for test in &requirement.tests {
            if !sources.contains(&format!("fn {test}()")) {
                wrong.push(format!("{}: there is no test `{test}`", requirement.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let count = |f: &dyn Fn(&Requirement) -> bool| file.requirement.iter().filter(|r| f(r)).count();
    println!(
        "requirements: {} tested, {} do not apply, {} not built yet",
        count(&|r| !r.tests.is_empty()),
        count(&|r| r.not_applicable.is_some()),
        count(&|r| r.not_built.is_some())
    );
}

fn read(folder: &Path, out: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            read(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}
