//! Lists `migrations/*.sql`, so that the binary carries them.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../migrations").canonicalize()?;
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files: Vec<String> = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().into_string().map_err(|_| "a migration's name is not UTF-8")?;
        if name.ends_with(".sql") {
            files.push(name);
        }
    }
    files.sort();
    let mut out = String::from("&[\n");
    for name in files {
        // The text itself, so that what is built does not depend on where it was built.
        let text = fs::read_to_string(folder.join(&name))?;
        writeln!(out, "    ({name:?}, {text:?}),")?;
    }
    out.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), out)?;
    Ok(())
}
