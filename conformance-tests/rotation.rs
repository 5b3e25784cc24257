//! New secrets for old, at the command line.

use crate::harness::{Server, program};
use crate::world::{self, Start};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The word behind `shown this once: `.
fn secret(text: &str) -> String {
    text.lines().find_map(|line| line.split_once("shown this once: ")).expect("a secret").1.to_owned()
}

fn refused(server: &Server, arguments: &[&str], word: &str) {
    let done = server.try_run(arguments);
    assert!(done.status.code() == Some(1) && said(&done).contains(word), "{arguments:?}: {}", said(&done));
}

fn audited(server: &Server, action: &str) -> bool {
    server.shell("SELECT event FROM gw_audit").contains(&format!("\"action\":\"{action}\"")) || {
        let files = fs::read_dir(server.dir.join("log").join("audit")).expect("the audit").flatten().filter(|file| file.path().is_file());
        files.into_iter().any(|file| String::from_utf8_lossy(&fs::read(file.path()).expect("a file")).contains(&format!("\"action\":\"{action}\"")))
    }
}

#[test]
fn a_client_gets_a_new_secret_or_new_keys_and_the_old_ones_are_gone() {
    let server = world::clinic("rotate-clients", Start::default());
    let hash = |id: &str| server.shell(&format!("SELECT coalesce(secret_hash, jwks) FROM gw_clients WHERE client_id = '{id}'"));
    let first = secret(&server.run(&["clients", "add", "--id", "app", "--kind", "secret", "--scope", "system/*.rs"]));
    let before = hash("app");
    let second = secret(&server.run(&["clients", "rotate", "app"]));
    assert!(first != second && second.len() >= 43, "{second}");
    assert_ne!(before, hash("app"));
    assert!(!server.shell("SELECT * FROM gw_clients").contains(&second), "the secret itself is kept nowhere");

    let key = |x: &str| json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": x, "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }] });
    let file = |name: &str| {
        let path = server.dir.join(format!("{name}.json"));
        fs::write(&path, key(name).to_string()).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    server.run(&["clients", "add", "--id", "keyed", "--kind", "jwks", "--jwks", &file("old-key"), "--scope", "system/*.rs"]);
    server.run(&["clients", "rotate", "keyed", "--jwks", &file("new-key")]);
    assert!(hash("keyed").contains("new-key") && !hash("keyed").contains("old-key"));
    server.run(&["clients", "rotate", "keyed", "--jwks", "https://app.test/keys"]);
    assert_eq!(server.shell("SELECT jwks IS NULL, jwks_uri FROM gw_clients WHERE client_id = 'keyed'").trim(), "1|https://app.test/keys");

    refused(&server, &["clients", "rotate", "keyed"], "--jwks");
    refused(&server, &["clients", "rotate", "app", "--jwks", &file("new-key")], "has a secret");
    refused(&server, &["clients", "rotate", "backend"], "public");
    refused(&server, &["clients", "rotate", "nobody"], "no client");
    let private = server.dir.join("private.json");
    fs::write(&private, "{\"keys\": []}").expect("a file");
    refused(&server, &["clients", "rotate", "keyed", "--jwks", private.to_str().expect("UTF-8")], "--jwks");
    assert!(audited(&server, "client-rotate"));
}

/// Seen to fail without the table's trigger.
#[test]
fn a_user_gets_a_new_password_and_what_the_old_one_opened_ends() {
    let server = world::clinic("rotate-users", Start::default());
    let first = secret(&server.run(&["users", "add", "--name", "root", "--role", "admin"]));
    let hash = || server.shell("SELECT password_hash FROM users WHERE username = 'root'");
    let session = "INSERT INTO gw_sessions (hash, user_id, signed_in_at, seen_at, expires_at, methods) SELECT substr(hex(randomblob(30)), 1, 43), id, 1, 1, 9999999999999, 'pwd' FROM users";
    let sessions = || server.shell("SELECT count(*) FROM gw_sessions").trim().to_owned();
    server.shell(session);
    let before = hash();
    let second = secret(&server.run(&["users", "rotate", "root"]));
    assert!(first != second && before != hash() && sessions() == "0", "{second}");

    server.shell(session);
    let before = hash();
    let password = |line: &str| {
        let mut child = program()
            .args(["--data", server.dir.to_str().expect("UTF-8"), "users", "password", "root"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        child.stdin.take().expect("standard input").write_all(line.as_bytes()).expect("a line");
        child.wait_with_output().expect("its end")
    };
    let short = password("too-short\n");
    assert!(short.status.code() == Some(1) && said(&short).contains("12 characters"), "{}", said(&short));
    assert_eq!((hash(), sessions().as_str()), (before.clone(), "1"));
    let done = password("correct horse battery staple\n");
    assert!(done.status.success() && !said(&done).contains("horse"), "{}", said(&done));
    assert!(before != hash() && sessions() == "0");
    refused(&server, &["users", "rotate", "nobody"], "no user");
    assert!(audited(&server, "user-password"));

    server.run(&["users", "disable", "root"]);
    assert!(server.run(&["users", "show", "root"]).contains("disabled"));
    server.run(&["users", "enable", "root"]);
    assert!(server.run(&["users", "show", "root"]).contains("enabled"));
}
