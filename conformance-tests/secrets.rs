//! Nobody gets in by what everybody can read (ABUSE A26): no key, password or secret is shipped, in the program or beside it, and each
//! clinic makes its own.

use crate::harness::{Scratch, Server};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a secret looks like that somebody left lying about: private keys as PEM, PKCS #8, or JWK, and the tokens of well-known services.
const MARKS: [&str; 5] = [
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(\\n|\\r)*[A-Za-z0-9+/=]{40}",
    r"(^|[^A-Za-z0-9+/_-])(MIGHAgEAM|MIIEv[AQgw]IBAD|MC4CAQAwBQYDK2Vw)[A-Za-z0-9+/_-]{40}",
    r#""(d|dp|dq|qi|k)" *: *"[A-Za-z0-9_-]{30,}""#,
    r"(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50}|xox[abps]-[0-9]{10}|sk_live_[A-Za-z0-9]{20}|AIza[A-Za-z0-9_-]{35})",
    r#"(password|passwd|secret|token|api_key)[a-z_]* *[=:] *"[A-Za-z0-9+/_-]{20,}""#,
];

/// Lines of files that match, by GNU grep.
fn lines(arguments: &[&str], places: &[&Path]) -> Vec<String> {
    let mut grep = Command::new("grep");
    grep.args(["-r", "-I", "-n", "-o", "--exclude-dir=target", "--exclude-dir=.git", "--exclude-dir=node_modules"]).args(arguments).args(places);
    let output = grep.env("LC_ALL", "C").stderr(Stdio::inherit()).output().expect("grep");
    assert!(output.status.code().is_some_and(|code| code < 2), "grep: {:?}", output.status);
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// The marks as arguments for grep.
fn marks() -> Vec<&'static str> {
    MARKS.iter().flat_map(|mark| ["-e", *mark]).collect()
}

/// Every password, secret, and key of a clinic.
fn secrets(server: &Server) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(server.dir.join("keys")).expect("keys").flatten() {
        let Ok(text) = fs::read_to_string(entry.path()) else {
            all.insert(crate::world::base64(&fs::read(entry.path()).expect("a key")));
            continue;
        };
        // Lines of a name and a value: what is long is a key; `kid`s, dates and algorithms are not secret, but are not shared either.
        all.extend(text.split_whitespace().filter(|word| word.len() >= 40).map(str::to_owned));
    }
    if let Ok(said) = fs::read(server.dir.join("demo.json")) {
        let said: Value = serde_json::from_slice(&said).expect("JSON");
        let of =
            |list: &str, name: &str| said[list].as_array().into_iter().flatten().filter_map(|one| one[name].as_str().map(str::to_owned)).collect::<Vec<_>>();
        all.extend(of("accounts", "password"));
        all.extend(of("clients", "client_secret"));
        all.extend(said["clients"].as_array().into_iter().flatten().filter_map(|one| one["private_jwk"]["d"].as_str().map(str::to_owned)));
    }
    all
}

/// Seen to fail with a filling that counts from the same beginning in each process: two clinics then share secrets.
#[test]
fn abuse_a26_each_clinic_makes_its_own_keys_and_passwords_and_none_is_in_the_program() {
    let (one, two) = (Server::demo("own-secrets"), Server::demo("own-secrets"));
    let (ours, theirs) = (secrets(&one), secrets(&two));
    assert!(ours.len() >= 8, "keys, passwords and secrets are found: {}", ours.len());
    assert!(ours.iter().all(|secret| secret.len() >= 12), "none is short");
    let shared: Vec<&String> = ours.intersection(&theirs).collect();
    assert!(shared.is_empty(), "{} of {} are shared", shared.len(), ours.len());
    // What was made here is not what the program brings along.
    let scratch = Scratch::new("needles");
    let needles = scratch.path().join("needles");
    fs::write(&needles, ours.iter().map(|secret| format!("{secret}\n")).collect::<String>()).expect("a file");
    let found = lines(&["-a", "-F", "-f", needles.to_str().expect("UTF-8")], &[Path::new(env!("CARGO_BIN_EXE_hearthgate"))]);
    assert!(found.is_empty(), "{} in the program", found.len());
}

/// A clinic that is just made has nobody who could come in, and no client that could ask.
/// Seen to fail with an account added at the first start.
#[test]
fn abuse_a26_a_new_clinic_has_no_account_and_no_client() {
    let scratch = Scratch::new("nobody");
    let server = Server::serve(scratch.path().join("clinic"), None);
    assert_eq!(server.shell("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM gw_clients), (SELECT count(*) FROM gw_families)").trim(), "0|0|0");
}

/// The sources, the configuration samples, the tests, and what the program has in it as text.
/// Seen to fail with a private JWK in the sample configuration; with a PEM key as a constant of the program.
#[test]
fn abuse_a26_no_key_or_secret_stands_in_the_sources_or_in_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "config", "conformance-tests", "docs", "benches", "fuzz", "mappings", "migrations", ".ci", "README.md", "Cargo.toml"];
    let places: Vec<_> = folders.iter().map(|name| root.join(name)).filter(|place| place.exists()).collect();
    let places: Vec<&Path> = places.iter().map(AsRef::as_ref).collect();
    let arguments = [&["-E"][..], &marks()].concat();
    assert_eq!(lines(&arguments, &places), Vec::<String>::new());
    // The last mark is of sources alone: a program has texts beside each other that never were.
    let arguments = [&["-a", "-E"][..], &marks()[..2 * (MARKS.len() - 1)]].concat();
    assert_eq!(lines(&arguments, &[Path::new(env!("CARGO_BIN_EXE_hearthgate"))]), Vec::<String>::new());
    // It does find them: each mark in what was made up for it.
    let scratch = Scratch::new("marks");
    let made_up = [
        format!("-----BEGIN {} KEY-----\\n{}", "PRIVATE", "A".repeat(64)),
        format!(" {}BwwDQYJKoZIhvcNAQEBBQAE{}", "MIIEvQIBAD", "B".repeat(40)),
        format!("{{\"{}\": \"{}\"}}", "d", "C".repeat(43)),
        format!("{}{}", "AKIA", "D".repeat(16)),
        format!("client_{} = \"{}\"", "secret", "E".repeat(24)),
    ];
    for (at, text) in made_up.iter().enumerate() {
        fs::write(scratch.path().join("sample"), text).expect("a file");
        assert_eq!(lines(&["-E", "-e", MARKS[at]], &[scratch.path()]).len(), 1, "{}", MARKS[at]);
    }
}
