//! The policy's rules, by example.

mod common;

use common::{caller, grant, roles};
use hearthgate_access::{
    Caller, Denial, ExcessReason, GrantFault, Interaction, InternalCaller, Patients, Person, Reach, Role, Roles, SOFTWARE, Target, TypeRule, subset,
};
use hearthgate_fhir::r4;

fn patients(rule: &TypeRule) -> Vec<Patients> {
    rule.reach.iter().map(|r| r.patients.clone()).collect()
}

/// Whether it holds only the gateway's own programs, which are no patient's.
fn is_software(reach: &Reach) -> bool {
    SOFTWARE.iter().all(|(code, value)| reach.filters.contains(&((*code).to_owned(), (*value).to_owned())))
}

fn one(name: &str) -> Patients {
    Patients::Compartment(name.to_owned())
}

#[test]
fn a_patient_reaches_the_own_compartment_and_the_directory() {
    for (scope, launch) in [("patient/*.cruds", Some("A")), ("user/*.cruds", None)] {
        let a = caller(Role::Patient, scope, launch).unwrap();
        for name in ["Observation", "Condition", "Patient", "Appointment", "Device", "Binary", "Provenance"] {
            for interaction in [Interaction::Read, Interaction::Search, Interaction::HistoryType] {
                if (name, interaction) != ("Device", Interaction::Read) {
                    assert_eq!(patients(&a.rule(name, interaction).unwrap()), [one("A")], "{name} {interaction}");
                }
            }
        }
        let devices = a.rule("Device", Interaction::Read).unwrap();
        assert_eq!(patients(&devices), [one("A"), Patients::All]);
        assert!(is_software(&devices.reach[1]) && devices.reach[0].filters.is_empty());
        for name in ["Practitioner", "PractitionerRole", "Organization", "Location", "Schedule", "Slot", "Medication"] {
            assert_eq!(patients(&a.rule(name, Interaction::Search).unwrap()), [Patients::All], "{name}");
        }
        assert_eq!(patients(&a.rule("Appointment", Interaction::Create).unwrap()), [one("A")]);
        assert!(matches!(a.rule("Observation", Interaction::Create), Err(Denial::Role { .. })));
        assert!(matches!(a.rule("AuditEvent", Interaction::Read), Err(Denial::Role { .. })));
        assert!(matches!(a.rule("Task", Interaction::Read), Err(Denial::Role { .. })));
        assert!(matches!(a.rule("Appointment", Interaction::Delete), Err(Denial::Role { .. })));
    }
}

#[test]
fn a_doctor_reaches_patients_in_care_whatever_the_launch() {
    let m = caller(Role::Doctor, "user/*.cruds", None).unwrap();
    assert_eq!(patients(&m.rule("Condition", Interaction::Update).unwrap()), [Patients::CareOf("M".into())]);
    assert_eq!(patients(&m.rule("Slot", Interaction::Search).unwrap()), [Patients::All]);
    assert!(matches!(m.rule("Practitioner", Interaction::Update), Err(Denial::Role { .. })));
    assert!(matches!(m.rule("Patient", Interaction::Delete), Err(Denial::Role { .. })));
    let launched = caller(Role::Doctor, "patient/*.rs", Some("B")).unwrap();
    let both = Patients::CareOfCompartment { practitioner: "M".into(), patient: "B".into() };
    assert_eq!(patients(&launched.rule("Condition", Interaction::Read).unwrap()), [both]);
    let either = caller(Role::Doctor, "patient/*.rs user/*.rs", Some("B")).unwrap();
    assert_eq!(patients(&either.rule("Condition", Interaction::Read).unwrap()), [Patients::CareOf("M".into())]);
}

#[test]
fn a_doctor_reaches_appointments_that_name_them_and_nothing_more_of_the_patient() {
    let m = caller(Role::Doctor, "user/*.cruds", None).unwrap();
    let (care, named) = (Patients::CareOf("M".into()), Patients::Naming("M".into()));
    for interaction in Interaction::ALL {
        for name in r4::resource_types() {
            let Ok(rule) = m.rule(name, interaction) else { continue };
            let reached = *name == "Appointment" && interaction != Interaction::Create;
            assert_eq!(patients(&rule).contains(&named), reached, "{name} {interaction}");
            assert!(!reached || patients(&rule) == [care.clone(), named.clone()], "{name} {interaction}");
        }
    }
    let launched = caller(Role::Doctor, "patient/*.rs", Some("B")).unwrap();
    let both = Patients::CareOfCompartment { practitioner: "M".into(), patient: "B".into() };
    assert_eq!(patients(&launched.rule("Appointment", Interaction::Read).unwrap()), [both], "a launch stays with its patient");
}

#[test]
fn an_administrator_sees_no_clinical_content() {
    let r = caller(Role::Admin, "user/*.cruds patient/*.cruds", Some("A")).unwrap();
    for name in r4::resource_types() {
        let clinical = *name != "Person" && (*name == "Patient" || r4::patient_compartment(name).is_some());
        if clinical && !matches!(*name, "Schedule") {
            for interaction in Interaction::ALL {
                assert!(matches!(r.rule(name, interaction), Err(Denial::Role { .. })), "{name} {interaction}");
            }
        }
    }
    assert!(r.rule("Practitioner", Interaction::Create).unwrap().is_unbounded());
}

#[test]
fn abuse_a25_a_scope_for_the_patient_in_context_is_worth_nothing_without_one() {
    for role in [Role::Patient, Role::Doctor, Role::Admin, Role::System] {
        let without = caller(role, "patient/*.cruds", None).unwrap();
        for name in r4::resource_types() {
            for interaction in Interaction::ALL {
                let denial = without.rule(name, interaction).unwrap_err();
                assert!(matches!(denial, Denial::Role { .. } | Denial::Scope { no_launch_patient: true, .. }), "{denial}");
            }
        }
        if role != Role::Patient {
            let with = caller(role, "patient/*.cruds", Some("B")).unwrap();
            for name in r4::resource_types() {
                for interaction in Interaction::ALL {
                    let Ok(rule) = with.rule(name, interaction) else {
                        continue;
                    };
                    for reach in &rule.reach {
                        let narrow = match &reach.patients {
                            Patients::All => {
                                roles().is_impersonal(name)
                                    || (*name == "Device" && matches!(interaction, Interaction::Read | Interaction::Vread) && is_software(reach))
                            }
                            Patients::Compartment(one) => one == "B",
                            Patients::CareOfCompartment { patient, practitioner } => patient == "B" && practitioner == "M",
                            Patients::CareOf(_) | Patients::Naming(_) | Patients::Apps(_) => false,
                        };
                        assert!(narrow, "{role} {name} {interaction} {reach:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_grant_that_contradicts_itself_makes_no_caller() {
    let fault = |change: &dyn Fn(&mut hearthgate_access::VerifiedGrant), role| {
        let mut made = grant(role, "user/*.rs", None);
        change(&mut made);
        match Caller::from_token(made, &roles()) {
            Err(Denial::Token(fault)) => fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(fault(&|g| g.launch_patient = Some("B".into()), Role::Patient), GrantFault::OtherPatient);
    for bad in ["", "Patient/A", "A B", "A,B", "..", "é", &"x".repeat(65)] {
        assert_eq!(fault(&|g| g.launch_patient = Some(bad.into()), Role::Doctor), GrantFault::LaunchPatient);
    }
    for bad in [None, Some("Practitioner/A"), Some("Patient/"), Some("Patient/A/x"), Some("http://h/Patient/A"), Some("A")] {
        assert_eq!(fault(&|g| g.fhir_user = bad.map(str::to_owned), Role::Patient), GrantFault::FhirUser);
    }
    assert_eq!(fault(&|g| g.fhir_user = Some("Patient/A".into()), Role::Doctor), GrantFault::FhirUser);
    assert_eq!(fault(&|g| g.user = None, Role::Doctor), GrantFault::User);
    assert_eq!(fault(&|g| g.user = Some("x".into()), Role::System), GrantFault::User);
    assert_eq!(fault(&|g| g.scope = "x".repeat(5000), Role::Doctor), GrantFault::Scopes);
    assert_eq!(fault(&|g| g.registered = "x".repeat(5000), Role::Doctor), GrantFault::Scopes);
    assert_eq!(fault(&|_| (), Role::Internal(InternalCaller::Import)), GrantFault::Role);
}

#[test]
fn abuse_b54_a_type_granted_opens_no_other() {
    for granted in ["Procedure", "Observation", "Patient", "Appointment"] {
        let a = caller(Role::Patient, &format!("patient/{granted}.rs"), Some("A")).unwrap();
        for name in r4::resource_types() {
            assert_eq!(a.rule(name, Interaction::Read).is_ok(), *name == granted, "{granted} {name}");
        }
        assert!(matches!(a.rule("observation", Interaction::Read), Err(Denial::UnknownType(_))));
        assert!(matches!(a.rule("*", Interaction::Read), Err(Denial::UnknownType(_))));
    }
}

#[test]
fn abuse_b55_each_interaction_needs_its_own_letter() {
    for set in 1..32 {
        let letters: String = "cruds".chars().enumerate().filter(|(i, _)| set & (1 << i) != 0).map(|(_, c)| c).collect();
        let client = caller(Role::System, &format!("system/Observation.{letters}"), None).unwrap();
        for (interaction, letter) in [
            (Interaction::Read, 'r'),
            (Interaction::Vread, 'r'),
            (Interaction::HistoryInstance, 'r'),
            (Interaction::HistoryType, 's'),
            (Interaction::Search, 's'),
            (Interaction::Create, 'c'),
            (Interaction::Update, 'u'),
            (Interaction::Patch, 'u'),
            (Interaction::Delete, 'd'),
        ] {
            let rule = client.rule("Observation", interaction);
            assert_eq!(rule.is_ok(), letters.contains(letter), "{letters} {interaction}");
        }
    }
}

struct Put;
impl Target for Put {
    fn resource_type(&self) -> &str {
        "Observation"
    }
    fn interaction(&self) -> Interaction {
        Interaction::Update
    }
    fn also(&self) -> Vec<(String, Interaction)> {
        let also = [("Observation", Interaction::Create), ("Patient", Interaction::Read), ("Observation", Interaction::Read)];
        also.map(|(name, interaction)| (name.to_owned(), interaction)).to_vec()
    }
}

#[test]
fn an_update_that_creates_needs_both_letters_and_what_comes_along_its_own() {
    let u = caller(Role::System, "system/Observation.u", None).unwrap().narrow(Put).unwrap();
    assert_eq!(u.boundary().rule_of("Observation", Interaction::Create), None);
    assert_eq!(u.rule_for("Patient"), None);
    let cu = caller(Role::System, "system/Observation.cu system/Patient.r", None).unwrap().narrow(Put).unwrap();
    assert!(cu.boundary().rule_of("Observation", Interaction::Create).is_some());
    assert!(cu.rule_for("Patient").is_some());
    assert_eq!(cu.rule_for("Practitioner"), None);
    assert!(caller(Role::System, "system/Observation.cr", None).unwrap().narrow(Put).is_err());
}

#[test]
fn granular_scopes_filter_and_the_wider_of_two_stands() {
    let rule = |scope: &str| caller(Role::Patient, scope, Some("A")).unwrap().rule("Observation", Interaction::Search).unwrap();
    let filter = |code: &str, value: &str| (code.to_owned(), value.to_owned());
    let lab = rule("patient/Observation.rs?category=laboratory&status=final");
    assert_eq!(lab.reach, [Reach { patients: one("A"), filters: vec![filter("category", "laboratory"), filter("status", "final")] }]);
    assert_eq!(rule("patient/Observation.rs?category=laboratory patient/Observation.rs?category=vital-signs").reach.len(), 2);
    let wide = rule("patient/Observation.rs?category=laboratory patient/Observation.read");
    assert_eq!(wide.reach, [Reach { patients: one("A"), filters: vec![] }]);
}

#[test]
fn a_client_never_gets_more_than_it_is_registered_for() {
    let mut both = grant(Role::Patient, "patient/*.rs openid launch/patient", Some("A"));
    both.registered = "patient/Observation.rs?category=laboratory openid".to_owned();
    let a = Caller::from_token(both, &roles()).unwrap();
    assert_eq!(a.scopes().to_string(), "openid patient/Observation.rs?category=laboratory");
    let denial = a.rule("Condition", Interaction::Read).unwrap_err();
    assert!(matches!(denial, Denial::Scope { registered: false, .. }), "{denial}");
}

#[test]
fn a_denial_names_the_smallest_missing_scope() {
    let m = caller(Role::Doctor, "user/Observation.r", None).unwrap();
    let denial = m.rule("Observation", Interaction::Search).unwrap_err();
    let Denial::Scope { needed, .. } = &denial else { panic!("{denial}") };
    assert_eq!(needed.to_string(), "user/Observation.s");
    assert_eq!(
        denial.to_string(),
        "search-type Observation needs the scope user/Observation.s, which the client is not registered for: an administrator adds it to the client's scopes, then it can be asked for"
    );
    let a = caller(Role::Patient, "patient/*.cruds", Some("A")).unwrap();
    let denial = a.rule("Observation", Interaction::Create).unwrap_err().to_string();
    assert!(denial.starts_with("the role patient may not create Observation: patients see what is recorded"), "{denial}");
}

#[test]
fn token_issue_gives_what_registration_and_role_hold_and_says_what_exceeds() {
    let issue =
        |role, registered: &str, asked: &str| subset(&roles(), role, registered, asked).unwrap().map(|s| s.to_string()).map_err(|all| all[0].reason.clone());
    let everything = "patient/*.cruds user/*.cruds system/*.cruds openid launch/patient";
    assert_eq!(issue(Role::Patient, everything, "patient/*.cruds"), Ok("patient/*.cruds".to_owned()));
    assert_eq!(issue(Role::Doctor, everything, "openid user/*.rs"), Ok("openid user/*.rs".to_owned()));
    assert_eq!(issue(Role::System, "system/*.cruds", "system/*.read"), Ok("system/*.rs".to_owned()));
    assert_eq!(issue(Role::System, everything, "patient/Observation.rs"), Ok("patient/Observation.rs".to_owned()));
    let missing = |text: &str| Err(ExcessReason::NotRegistered { missing: text.to_owned() });
    assert_eq!(issue(Role::System, "system/*.rs", "system/*.cruds"), missing("system/*.c"));
    assert_eq!(issue(Role::Patient, "patient/*.rs", "user/*.rs"), missing("user/*.r"));
    assert_eq!(issue(Role::Patient, "patient/Observation.rs?category=laboratory", "patient/Observation.r"), missing("patient/Observation.r"));
    assert_eq!(issue(Role::Doctor, "user/*.rs", "user/*.rs offline_access"), missing("offline_access"));
    assert_eq!(issue(Role::Doctor, everything, "nonsense"), Err(ExcessReason::Unknown));
    assert_eq!(issue(Role::Doctor, everything, "system/*.rs"), Err(ExcessReason::Context(Role::Doctor)));
    assert_eq!(issue(Role::System, everything, "user/*.rs"), Err(ExcessReason::Context(Role::System)));
    assert!(matches!(issue(Role::Patient, everything, "patient/Observation.c"), Err(ExcessReason::Role { .. })));
    assert!(matches!(issue(Role::Admin, everything, "user/Observation.rs"), Err(ExcessReason::Role { .. })));
    assert!(matches!(issue(Role::Patient, everything, "patient/*.d"), Err(ExcessReason::Role { .. })));
    // What is issued makes a caller that may use it.
    assert!(subset(&roles(), Role::Doctor, &"x".repeat(5000), "user/*.rs").is_err());
}

#[test]
fn a_label_is_withheld_from_the_role_that_the_table_names() {
    let shipped = std::fs::read_to_string("../../config/roles.toml").unwrap();
    let table = format!("{shipped}\n[[withhold]]\nrole = \"patient\"\nsystem = \"http://l\"\ncode = \"PSY\"\nreason = \"for the test\"\n");
    let table = std::sync::Arc::new(Roles::parse(&table).unwrap());
    let narrowed = |role| Caller::from_token(grant(role, "user/*.cruds", None), &table).unwrap().narrow(Search).unwrap();
    let patient = narrowed(Role::Patient);
    assert!(patient.labels().withholds("http://l", "PSY"));
    assert!(!patient.labels().withholds("http://l", "R"));
    assert!(patient.map(|Search, boundary| boundary.labels().withheld().len()).target() == &1);
    assert!(narrowed(Role::Doctor).labels().withheld().is_empty());
    assert!(narrowed(Role::Doctor).consent().permits_all());
}

struct Search;
impl Target for Search {
    fn resource_type(&self) -> &str {
        "Observation"
    }
    fn interaction(&self) -> Interaction {
        Interaction::Search
    }
}

#[test]
fn the_gateways_own_callers_are_held_to_their_rows() {
    let of = |which| Caller::internal(which, &roles());
    assert!(of(InternalCaller::Import).rule("Observation", Interaction::Create).unwrap().is_unbounded());
    assert!(of(InternalCaller::Import).rule("Observation", Interaction::Delete).is_err());
    assert!(of(InternalCaller::Verify).rule("AuditEvent", Interaction::HistoryType).unwrap().is_unbounded());
    assert!(of(InternalCaller::Verify).rule("Observation", Interaction::Update).is_err());
    assert!(of(InternalCaller::Extraction).rule("Observation", Interaction::Create).is_ok());
    assert!(of(InternalCaller::Extraction).rule("Condition", Interaction::Create).is_err());
    assert!(of(InternalCaller::Portal).rule("Patient", Interaction::Read).is_err());
    let person = Person { user: "m".into(), role: Role::Doctor, fhir_user: Some("Practitioner/M".into()) };
    let m = Caller::signed_in(person.clone(), &roles()).unwrap();
    assert_eq!(patients(&m.rule("Condition", Interaction::Read).unwrap()), [Patients::CareOf("M".into())]);
    for role in [Role::System, Role::Internal(InternalCaller::Import), Role::Patient] {
        assert!(Caller::signed_in(Person { role, ..person.clone() }, &roles()).is_err());
    }
}

#[test]
fn every_role_has_a_decision_on_every_type() {
    for role in Role::ALL {
        assert_eq!(roles().decisions(role).count(), r4::resource_types().len() * Interaction::ALL.len());
        assert_eq!(Role::named(role.name()), Some(role));
    }
    assert_eq!(Role::of_account("import"), None);
    assert!(roles().decision(Role::System, "Observatio", Interaction::Read).is_none());
}

#[test]
fn a_mistake_in_the_table_is_refused_with_its_line() {
    let shipped = std::fs::read_to_string("../../config/roles.toml").unwrap();
    let faults = |text: &str| match Roles::parse(text) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
    };
    assert!(faults(&shipped).is_empty());
    for (from, to, expected) in [
        ("\"Slot\", ", "", "the role patient has no rule for Slot"),
        ("\"Task\", ", "\"Tusk\", ", "Tusk in @unplaced is no R4 resource type"),
        ("role = \"admin\"", "role = \"chief\"", "chief is no role"),
        ("reach = \"care\"", "reach = \"own\"", "`reach` is"),
        ("reach = \"care\"", "reach = \"named\"", "`reach` is"),
        ("reach = [\"care\", \"named\"]", "reach = [\"care\", \"care\"]", "care stands twice"),
        ("reach = [\"care\", \"named\"]", "reach = []", "needs its `reach`"),
        ("\"AuditEvent\", \"Group\"]", "\"AuditEvent\", \"Groupe\"]", "Groupe is neither"),
        ("allow = [\"read\", \"search\"]", "allow = [\"read\", \"serach\"]", "serach in `allow`"),
        (
            "types = [\"AuditEvent\", \"Group\"]",
            "types = [\"AuditEvent\", \"Appointment\"]\nallow = [\"read\"]\nreach = \"own\"\nreason = \"x\"\n[[rule]]\nrole = \"patient\"\ntypes = [\"Group\"]",
            "two rules of the same precision",
        ),
    ] {
        assert!(shipped.contains(from), "{from}");
        let found = faults(&shipped.replacen(from, to, 1));
        assert!(found.iter().any(|f| f.contains(expected)), "{expected}: {found:?}");
    }
    let found = faults(&shipped.replacen("allow = []", "alow = []", 1));
    let at = shipped.lines().position(|line| line == "allow = []").unwrap() + 1;
    assert!(found[0].starts_with(&format!("roles.toml:{at}: ")) && found[0].contains("alow"), "{found:?}");
    assert!(faults("").len() == 1);
}

#[test]
fn a_binding_differs_for_every_difference_that_matters() {
    let base = || grant(Role::Doctor, "user/*.rs", Some("A"));
    let text = |g| Caller::from_token(g, &roles()).unwrap().binding();
    let first = text(base());
    assert_eq!(first, text(base()));
    let mut changed = Vec::new();
    for change in 0..5 {
        let mut g = base();
        match change {
            0 => g.client = "app2".into(),
            1 => g.user = Some("m 3:app".into()),
            2 => g.fhir_user = Some("Practitioner/N".into()),
            3 => g.launch_patient = None,
            _ => g.scope = "user/Observation.rs".into(),
        }
        changed.push(text(g));
    }
    changed.push(first);
    changed.sort();
    changed.dedup();
    assert_eq!(changed.len(), 6);
}
