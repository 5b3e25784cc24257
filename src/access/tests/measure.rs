//! What narrowing costs. Run with `--release -- --ignored --nocapture`.

mod common;

use common::caller;
use hearthgate_access::{Interaction, Role};

#[test]
#[ignore = "a measurement"]
fn measure_rules() {
    for (name, role, scope, launch) in [
        ("patient", Role::Patient, "openid launch/patient patient/*.rs", Some("A")),
        ("doctor", Role::Doctor, "user/*.rs", None),
        ("doctor, 20 scopes", Role::Doctor, &format!("{} user/Observation.rs", "user/Condition.rs?category=a%20b ".repeat(19)), None),
        ("system", Role::System, "system/*.cruds", None),
    ] {
        let caller = caller(role, scope, launch).unwrap();
        let start = std::time::Instant::now();
        for _ in 0..100_000 {
            caller.rule("Observation", Interaction::Read).unwrap();
        }
        println!("{name}: {} ns a rule", start.elapsed().as_nanos() / 100_000);
    }
}
