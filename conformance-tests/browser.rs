//! The pages in a real browser (Debian's chromium, driven by playwright-core), by keyboard, without JavaScript, and under axe-core.
//!
//! Packages are installed into a cache outside the checkout. Without node or a browser each test says what was left out; with
//! `CI=true` it fails.

use crate::harness::Server;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What a machine needs for these tests.
struct Browser {
    chromium: PathBuf,
    modules: PathBuf,
}

fn found(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The browser and its packages, installed once; or what is missing.
fn browser() -> &'static Result<Browser, String> {
    static BROWSER: OnceLock<Result<Browser, String>> = OnceLock::new();
    BROWSER.get_or_init(|| {
        found("node").ok_or("node is missing")?;
        found("npm").ok_or("npm is missing")?;
        let chromium = found("chromium").or_else(|| found("chromium-browser")).ok_or("chromium is missing")?;
        let home = std::env::var_os("HOME").ok_or("HOME is not set")?;
        let here = folder();
        let cache = PathBuf::from(home).join(".cache/hearthgate/browser");
        fs::create_dir_all(&cache).map_err(|e| e.to_string())?;
        let lock = fs::read(here.join("package-lock.json")).map_err(|e| e.to_string())?;
        let done = cache.join("installed");
        if fs::read(&done).ok().as_deref() != Some(&lock) {
            for name in ["package.json", "package-lock.json"] {
                fs::copy(here.join(name), cache.join(name)).map_err(|e| e.to_string())?;
            }
            let npm = Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&cache).stdout(Stdio::null()).status();
            if !npm.is_ok_and(|status| status.success()) {
                return Err("the packages of conformance-tests/browser cannot be installed".to_owned());
            }
            fs::write(&done, &lock).map_err(|e| e.to_string())?;
        }
        Ok(Browser { chromium, modules: cache.join("node_modules") })
    })
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("conformance-tests/browser")
}

/// One sample clinic for all scripts; each uses accounts of its own where what it does would be in another's way.
fn clinic() -> &'static Server {
    static CLINIC: OnceLock<Server> = OnceLock::new();
    CLINIC.get_or_init(|| Server::demo("browser"))
}

/// Runs one script against the sample clinic.
fn check(script: &str) {
    let browser = match browser() {
        Ok(browser) => browser,
        Err(missing) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{missing}");
            eprintln!("left out: {script}, because {missing}");
            return;
        }
    };
    let output = Command::new("node")
        .arg(folder().join(script))
        .env("NODE_PATH", &browser.modules)
        .env("CHROMIUM", &browser.chromium)
        .env("HEARTHGATE_DEMO_JSON", clinic().dir.join("demo.json"))
        .output()
        .expect("node runs");
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
fn sign_in_and_consent_work_without_javascript() {
    check("plain.cjs");
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
