//! Writes the sample clinic as NDJSON, one file a resource type: `ndjson DIR [PATIENTS] [SEED]`, as of 2026-06-15.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs, io, process};

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("ndjson DIR [PATIENTS] [SEED]");
        process::exit(2);
    };
    let patients = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(40);
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let clinic = hearthgate_demo::clinic(seed, patients, (2026, 6, 15));
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for resource in &clinic.resources {
        let kind = resource["resourceType"].as_str().unwrap_or_default();
        let lines = files.entry(kind).or_default();
        lines.push_str(&resource.to_string());
        lines.push('\n');
    }
    fs::create_dir_all(&folder)?;
    for (kind, lines) in &files {
        println!("{:6} {kind}", lines.lines().count());
        fs::write(folder.join(format!("{kind}.ndjson")), lines)?;
    }
    println!("{:6} in all; must support: Patient/{}", clinic.resources.len(), clinic.must_support_patient);
    for account in &clinic.accounts {
        println!("{:8} {:24} {}", account.role, account.username, account.fhir_user);
    }
    Ok(())
}
