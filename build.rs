//! Puts the mapping files into the program.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let root = Path::new("mappings");
    println!("cargo::rerun-if-changed=mappings");
    println!("cargo::rerun-if-changed=mappings/codes");
    let mut names = Vec::new();
    for folder in ["", "codes"] {
        for entry in fs::read_dir(root.join(folder)).expect("the mappings folder").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "toml") {
                let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
                names.push((name, fs::read_to_string(&path).expect("a file")));
            }
        }
    }
    names.sort();
    let mut out = String::from("/// Name and text of each file.\npub const MAPPINGS: &[(&str, &str)] = &[\n");
    for (name, text) in names {
        // The text itself, so that what is built does not depend on where it was built.
        writeln!(out, "    ({name:?}, {text:?}),").expect("memory");
        println!("cargo::rerun-if-changed=mappings/{name}");
    }
    out.push_str("];\n");
    let target = Path::new(&env::var("OUT_DIR").expect("OUT_DIR")).join("mappings.rs");
    fs::write(target, out).expect("a writable OUT_DIR");
}
