//! What the tests share. It is written apart from the room's own code and as plainly as can be, since it
//! is what that code is compared with.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use hearthgate_access::{Caller, Denial, Role, Roles, VerifiedGrant};

/// Every scope without parameters that there is: text → context, type, letters.
pub fn legal_heads() -> &'static BTreeMap<String, (String, String, String)> {
    static HEADS: OnceLock<BTreeMap<String, (String, String, String)>> = OnceLock::new();
    HEADS.get_or_init(|| {
        let mut heads = BTreeMap::new();
        for context in ["patient", "user", "system"] {
            for name in hearthgate_fhir::r4::resource_types().iter().copied().chain(["*"]) {
                let mut add = |written: &str, letters: &str| {
                    let meaning = (context.to_owned(), name.to_owned(), letters.to_owned());
                    heads.insert(format!("{context}/{name}.{written}"), meaning);
                };
                for set in 1..32 {
                    let letters: String = "cruds".chars().enumerate().filter(|(i, _)| set & (1 << i) != 0).map(|(_, c)| c).collect();
                    add(&letters, &letters);
                }
                add("read", "rs");
                add("write", "cud");
                add("*", "cruds");
            }
        }
        heads
    })
}

pub fn roles() -> Arc<Roles> {
    static ROLES: OnceLock<Arc<Roles>> = OnceLock::new();
    Arc::clone(ROLES.get_or_init(|| Arc::new(Roles::shipped().unwrap_or_else(|faults| panic!("{faults:?}")))))
}

/// Patient A, doctor M (who cares for A), administrator R or a system client.
pub fn grant(role: Role, scope: &str, launch_patient: Option<&str>) -> VerifiedGrant {
    let (user, fhir_user) = match role {
        Role::Patient => (Some("a"), Some("Patient/A")),
        Role::Doctor => (Some("m"), Some("Practitioner/M")),
        Role::Admin => (Some("r"), Some("Person/R")),
        _ => (None, None),
    };
    VerifiedGrant {
        client: "app".to_owned(),
        registered: scope.to_owned(),
        user: user.map(str::to_owned),
        role,
        fhir_user: fhir_user.map(str::to_owned),
        scope: scope.to_owned(),
        launch_patient: launch_patient.map(str::to_owned),
    }
}

pub fn caller(role: Role, scope: &str, launch_patient: Option<&str>) -> Result<Caller, Denial> {
    Caller::from_token(grant(role, scope, launch_patient), &roles())
}
