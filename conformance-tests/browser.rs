//! The pages in a real browser (Debian's chromium, driven by playwright-core), by keyboard, without JavaScript, and under axe-core.
//!
//! Packages are installed into a cache outside the checkout. Without node or a browser each test says what was left out; with
//! `CI=true` it fails.

use crate::harness::{Scratch, Server};
use crate::node::Node;
use std::process::Command;
use std::sync::OnceLock;

/// One sample clinic for all scripts; each uses accounts of its own where what it does would be in another's way.
fn clinic() -> &'static Server {
    static CLINIC: OnceLock<Server> = OnceLock::new();
    CLINIC.get_or_init(|| Server::demo("browser"))
}

/// Runs one script against the sample clinic.
fn check(script: &str) {
    check_at(clinic(), script);
}

/// Runs one script against a sample clinic of its own.
fn check_at(clinic: &Server, script: &str) {
    static NODE: OnceLock<Result<Node, String>> = OnceLock::new();
    let node = match NODE.get_or_init(|| Node::of("browser")) {
        Ok(node) => node,
        Err(missing) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{missing}");
            eprintln!("left out: {script}, because {missing}");
            return;
        }
    };
    let output = node.script(script).env("HEARTHGATE_DEMO_JSON", clinic.dir.join("demo.json")).output().expect("node runs");
    assert!(output.status.success(), "{script}:\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_patient_connects_and_disconnects_an_app_by_the_keyboard_alone() {
    check("keyboard.cjs");
}

#[test]
fn a_doctor_opens_an_app_from_the_chart() {
    check("chart.cjs");
}

#[test]
fn a_doctor_opens_an_app_from_the_launcher() {
    check("launcher.cjs");
}

#[test]
fn sign_in_and_consent_work_without_javascript() {
    check("plain.cjs");
}

/// By name: browsers make no passkeys for an address that is a number.
#[test]
fn a_passkey_is_added_used_and_removed_and_its_copy_is_refused() {
    let scratch = Scratch::new("passkeys");
    let dir = scratch.path().to_owned();
    let named = |command: &mut Command| {
        command.env("HEARTHGATE_PUBLIC_URL", "http://localhost:0");
    };
    check_at(&Server::start_with("demo", dir, Some(scratch), named), "passkeys.cjs");
}

#[test]
fn no_page_has_a_fault_that_axe_finds() {
    check("accessible.cjs");
}

/// Seen to fail without `frame-ancestors` and `X-Frame-Options` (every page shows itself), and with a new cookie in the answer to a form of
/// another site (which signed the person out).
#[test]
fn abuse_b28_nobody_frames_a_page_nor_posts_its_forms_from_elsewhere() {
    check("frames.cjs");
}
