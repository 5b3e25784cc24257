//! What ends, what is noted before it can be used again, and what a person is told of it.

use super::client::{Browser, Sheet, VERIFIER, challenge, encoded};
use super::refreshes::{clock, turn};
use super::{ASKED, clinic_with};
use crate::harness::until;
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn what_has_ended_is_forgotten_though_nobody_comes() {
    const TABLES: [&str; 10] =
        ["gw_authorizations", "gw_sessions", "gw_pushed", "gw_launches", "gw_challenges", "gw_used_jti", "gw_families", "gw_access", "gw_codes", "gw_refresh"];
    let (path, _scratch) = clock("forgotten");
    let clinic = clinic_with("forgotten", Some(path));
    clinic.app.tokens(&clinic, "anna", ASKED);
    let mut mora = Browser::default();
    mora.sign_in(&clinic, "mora");
    mora.post(&clinic, "/launch", &encoded(&[("client_id", "app"), ("patient", "pat-a")])).expect(303);
    mora.authorize(&clinic, &clinic.app.request(&clinic, ASKED)).expect(303);
    let request = clinic.conf.request(&clinic, ASKED);
    let pairs: Vec<(&str, &str)> = request.iter().map(|(name, value)| (*name, value.as_str())).collect();
    clinic.conf.post(&clinic, "/auth/par", &pairs).expect(201);
    // More than is forgotten at a time.
    let hash = challenge(VERIFIER);
    clinic.server.shell(&format!(
        "INSERT INTO gw_challenges (hash, purpose, browser, expires_at) VALUES ('{hash}', 'passkey', '{hash}', 4000000060000);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 130) INSERT INTO gw_used_jti SELECT 'app', 'jti-' || i, 4000000060000 FROM n"
    ));
    let counts = || {
        let sql: Vec<String> = TABLES.iter().map(|table| format!("SELECT count(*) FROM {table}")).collect();
        let said = clinic.server.shell(&sql.join(";"));
        said.lines().map(|line| line.parse().expect("a number")).collect::<Vec<u32>>()
    };
    assert!(counts().iter().all(|count| *count > 0), "{:?}", counts());
    turn(path, 400 * 86_400);
    for _ in 0..3_000 {
        if counts() == [0; 10] {
            return;
        }
    }
    panic!("{:?}", counts());
}

/// What was ended before its time, and what never came to anything, is forgotten after two days; what lasts longer is not touched.
/// Seen to fail without the rows of `ENDING` that name another column; with the families of codes that nobody redeemed kept; with those of
/// redeemed ones forgotten, too.
#[test]
fn what_was_ended_early_is_forgotten_early_and_what_lasts_is_kept() {
    let (path, _scratch) = clock("ended-early");
    let clinic = clinic_with("ended-early", Some(path));
    let lasting = clinic.app.tokens(&clinic, "anna", ASKED);
    // Never redeemed, disconnected, told and read.
    Browser::default().code(&clinic, &clinic.other, "anna", ASKED);
    clinic.app.tokens(&clinic, "bea", ASKED);
    let of_bea = clinic.server.shell("SELECT g.id FROM gw_grants g JOIN users u ON u.id = g.user_id WHERE u.username = 'bea'");
    clinic.server.run(&["grants", "revoke", of_bea.trim()]);
    clinic.server.shell("INSERT INTO gw_notices (user_id, kind, at, seen_at) VALUES (1, 'token-shown-again', 4000000000000, 4000000000000)");
    let counts = || {
        clinic.server.shell("SELECT (SELECT count(*) FROM gw_families WHERE user_id IS NOT NULL), (SELECT count(*) FROM gw_grants), (SELECT count(*) FROM gw_notices), (SELECT count(*) FROM gw_codes)")
    };
    assert_eq!(counts().trim(), "3|3|1|3");
    turn(path, 2 * 86_400);
    until("what was ended early is forgotten, and nothing else", || (counts().trim() == "1|2|0|0").then_some(()));
    clinic.app.refresh(&clinic, lasting["refresh_token"].as_str().expect("a token")).expect(200);
}

/// However often an app comes for a new token, two rows are kept, and the very first token still gives away that two hold it.
/// Seen to fail without the deletion in `use_refresh` (41 rows), and with `refresh_of` finding nothing (the family lives).
#[test]
fn abuse_b42_refresh_tokens_do_not_pile_up_and_the_oldest_is_still_known() {
    let clinic = clinic_with("no-pile", None);
    let first = clinic.app.tokens(&clinic, "anna", ASKED);
    let mut last = first.clone();
    for _ in 0..40 {
        last = clinic.app.refresh(&clinic, last["refresh_token"].as_str().expect("a token")).expect(200).json();
    }
    assert_eq!(clinic.server.shell("SELECT count(*) FROM gw_refresh").trim(), "2");
    let reads = || clinic.server.get("Patient/pat-a", last["access_token"].as_str().expect("a token")).status;
    // Of another client it is nothing, and does nothing.
    clinic.other.refresh(&clinic, first["refresh_token"].as_str().expect("a token")).expect(400);
    assert_eq!(reads(), 200);
    clinic.app.refresh(&clinic, first["refresh_token"].as_str().expect("a token")).expect(400);
    assert_eq!(reads(), 401);
    assert_eq!(clinic.server.shell("SELECT count(*) FROM gw_notices WHERE kind = 'token-shown-again'").trim(), "1");
}

/// ABUSE B44: an answer to a token whose use is noted nowhere would let its predecessor be answered once more.
/// Seen to fail with the token remembered before its use is noted.
#[test]
fn no_second_request_is_answered_before_the_first_use_is_noted() {
    let clinic = clinic_with("first-use", None);
    let tokens = clinic.app.tokens(&clinic, "anna", ASKED);
    let token = tokens["access_token"].as_str().expect("a token");
    let mut other = rusqlite::Connection::open(clinic.server.dir.join("ehr.db")).expect("the live file");
    let lock = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).expect("nobody else writes");
    let (done, answers) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let done = done.clone();
            let clinic = &clinic;
            scope.spawn(move || {
                let status = clinic.server.get("Patient/pat-a", token).status;
                let used = clinic
                    .server
                    .shell("SELECT count(*) FROM gw_access a JOIN gw_families f ON f.id = a.family_id WHERE a.used_at IS NOT NULL AND f.client_id = 'app'")
                    .trim()
                    == "1";
                done.send((status, used)).expect("somebody listens");
            });
            // Time for it to overtake those before it; none is needed for it to be right.
            if let Ok((status, used)) = answers.recv_timeout(Duration::from_millis(250)) {
                assert!(status != 200 || used, "answered while nothing could be written");
            }
        }
        drop(lock);
        drop(done);
        for (status, used) in answers.iter() {
            assert!(status == 200 && used, "{status} {used}");
        }
    });
}

/// Seen to fail with nothing noted; with everybody's notices shown; with everybody's marked; with any form taken for one's own.
#[test]
fn who_was_disconnected_because_a_token_was_shown_twice_reads_so_until_they_have() {
    let clinic = clinic_with("noticed", None);
    let first = clinic.app.tokens(&clinic, "anna", ASKED);
    let refresh = first["refresh_token"].as_str().expect("a token");
    let second = clinic.app.refresh(&clinic, refresh).expect(200).json();
    clinic.app.refresh(&clinic, second["refresh_token"].as_str().expect("a token")).expect(200);
    clinic.app.refresh(&clinic, refresh).expect(400);
    let (mut anna, mut bea) = (Browser::default(), Browser::default());
    anna.sign_in(&clinic, "anna");
    bea.sign_in(&clinic, "bea");
    let told = |browser: &mut Browser| {
        let page = browser.get(&clinic, "/apps").expect(200);
        String::from_utf8_lossy(&page.bytes).contains("Disconnected for your safety").then_some(page)
    };
    assert!(told(&mut bea).is_none());
    let page = told(&mut anna).expect("it is said");
    assert!(told(&mut anna).is_some(), "looking alone marks nothing");
    let form = Sheet::of(&page).expect("the form");
    assert_eq!(form.values("seen"), ["1"]);
    bea.post(&clinic, "/apps", &form.with(&[])).expect(403);
    // From a form of her own.
    bea.code(&clinic, &clinic.other, "bea", ASKED);
    let own = Sheet::of(&bea.get(&clinic, "/apps")).expect("the form that disconnects");
    bea.post(&clinic, "/apps", &own.with(&[("seen", "1")])).expect(303);
    assert!(told(&mut anna).is_some(), "somebody else's look is not hers");
    anna.post(&clinic, "/apps", &form.with(&[])).expect(303);
    assert!(told(&mut anna).is_none());
}
