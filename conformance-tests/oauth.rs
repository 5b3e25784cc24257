//! The authorization server from outside: rows B of the abuse catalogue and the SMART App Launch, by a small browser and client of our
//! own that know the wire and nothing else.

mod accounts;
mod client;
mod codes;
mod consents;
mod departures;
mod ends;
mod exact;
mod factors;
mod launchers;
mod launches;
mod mistaken;
mod passkeys;
mod refreshes;
mod requests;
mod rotations;
mod routes;
mod scopes;
mod sessions;
mod traces;

use crate::harness::Server;
use crate::world::{self, A, B, Start, record};
use client::App;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Everything an app of these tests may ask for.
const SCOPE: &str = "launch launch/patient launch/encounter openid fhirUser offline_access online_access patient/*.cruds user/*.cruds";
/// What most of them ask for.
const ASKED: &str = "launch/patient openid fhirUser offline_access patient/*.rs";

/// A clinic with two patients who share no doctor, their doctors, an administrator, and apps.
struct Clinic {
    server: Server,
    passwords: BTreeMap<&'static str, String>,
    /// A public app.
    app: App,
    /// Another public app.
    other: App,
    /// An app with a secret.
    conf: App,
}

/// A clinic of a test's own; with a clock in a file, where there is one to turn.
fn clinic_with(name: &str, clock: Option<&'static str>) -> Clinic {
    clinic_started(name, Start { clock, ..Start::default() })
}

/// A clinic of a test's own, started so.
fn clinic_started(name: &str, start: Start) -> Clinic {
    let server = world::clinic(name, start);
    let system = world::token(&server, None, "system/*.cruds", None);
    let mut all = world::directory();
    all.extend(record(&A).into_iter().take(5));
    all.extend(record(&B).into_iter().take(5));
    world::put(&server, &system, &all);
    let mut passwords = BTreeMap::new();
    for (user, role, own) in [
        ("anna", "patient", "Patient/pat-a"),
        ("bea", "patient", "Patient/pat-b"),
        ("mora", "doctor", "Practitioner/doc-m"),
        ("nils", "doctor", "Practitioner/doc-n"),
        ("root", "admin", "Person/none"),
    ] {
        let mut arguments = vec!["users", "add", "--name", user, "--role", role];
        if role != "admin" {
            arguments.extend(["--fhir-user", own]);
        }
        let said = server.run(&arguments);
        passwords.insert(user, said.trim().rsplit(' ').next().expect("a password").to_owned());
    }
    world::care(&server, "pat-a", "doc-m");
    world::care(&server, "pat-b", "doc-n");
    let app = App::register(&server, "app", "public");
    let other = App::register(&server, "other", "public");
    let conf = App::register(&server, "conf", "secret");
    Clinic { server, passwords, app, other, conf }
}

/// The clinic that tests share which leave its accounts and clients as they are.
fn clinic() -> &'static Clinic {
    static CLINIC: OnceLock<Clinic> = OnceLock::new();
    CLINIC.get_or_init(|| clinic_with("oauth", None))
}

impl Clinic {
    fn password(&self, user: &str) -> &str {
        &self.passwords[user]
    }

    fn issuer(&self) -> &str {
        self.server.base.trim_end_matches("/fhir")
    }
}
