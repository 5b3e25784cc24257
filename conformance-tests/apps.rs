//! Apps that we did not write, against the authorization server: `fhirclient` in a real browser, and `openid-client`. The scripts and
//! what they need stand in `apps/`; without node or a browser each test says what was left out, and with `CI=true` it fails.

use crate::harness::Server;
use crate::node::Node;
use std::sync::OnceLock;

/// Runs one script against a sample clinic; what it said.
fn check(script: &str) {
    static NODE: OnceLock<Result<Node, String>> = OnceLock::new();
    let node = match NODE.get_or_init(|| Node::of("apps")) {
        Ok(node) => node,
        Err(missing) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{missing}");
            eprintln!("left out: {script}, because {missing}");
            return;
        }
    };
    static CLINIC: OnceLock<Server> = OnceLock::new();
    let clinic = CLINIC.get_or_init(|| Server::demo("apps"));
    let output = node.script(script).env("PROGRAM", env!("CARGO_BIN_EXE_hearthgate")).env("DATA", &clinic.dir).output().expect("node runs");
    assert!(output.status.success(), "{script}:\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

#[test]
fn smarts_own_client_launches_reads_and_refreshes_in_a_browser() {
    check("fhirclient.cjs");
}

#[test]
fn a_certified_openid_client_finds_all_it_needs() {
    check("openid.cjs");
}
