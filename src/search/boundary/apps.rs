//! What apps keep for themselves: a reach that holds it holds nothing of the record, and no reach of the record holds any of it.

use crate::condition::Env;
use crate::sql::{NEVER, all, any, column, quoted};
use hearthgate_access::{About, AppState, Patients};
use hearthgate_mapping::plan::{self, Plan};

/// That a root row of the plan is inside the reach, where plan or reach is one of apps; `None`: neither is.
///
/// Code and subject of a state never change, so that what holds of one version holds of all.
pub(super) fn of(env: &mut Env<'_>, plan: &Plan, patients: &Patients) -> Option<String> {
    match (&plan.app_state, patients) {
        (Some(columns), Patients::Apps(state)) => Some(kept(env, columns, state)),
        (Some(_), _) | (None, Patients::Apps(_)) => Some(NEVER.to_owned()),
        (None, _) => None,
    }
}

fn kept(env: &mut Env<'_>, columns: &plan::AppState, state: &AppState) -> String {
    let codes = state.codes.iter().map(|code| {
        let system = format!("{} = {}", column(&columns.system), env.binds.text(&code.system));
        let one = code.code.as_ref().map(|code| format!("{} = {}", column(&columns.code), env.binds.text(code)));
        all([Some(system), one].into_iter().flatten())
    });
    let codes = any(codes.collect::<Vec<_>>());
    let subject = column(&columns.subject);
    let about = match &state.about {
        About::Nobody => format!("{subject} IS NULL"),
        About::Anyone => format!("{subject} IS NOT NULL"),
        About::Person(person) => format!("{subject} = {}", env.binds.text(person)),
        About::Practitioner(id) => {
            let doctor = env.person("doctors", id);
            let own = format!("{subject} = {}", env.binds.text(&format!("Practitioner/{id}")));
            let role =
                format!("EXISTS (SELECT 1 FROM practitioner_roles p WHERE p.public_id = {} AND p.doctor_id = {doctor})", id_of(&subject, "PractitionerRole"));
            any([own, all([is(&subject, "PractitionerRole"), role])])
        }
        About::Patient(id) => {
            let patient = env.person("patients", id);
            patients(env, &subject, Some(id), &format!("q.id = {patient}"))
        }
        About::InCare { practitioner, patient } => {
            let doctor = env.person("doctors", practitioner);
            let one = patient.as_ref().map(|id| format!("q.id = {}", env.person("patients", id)));
            let care = format!("EXISTS (SELECT 1 FROM care_relations c WHERE c.patient_id = q.id AND c.doctor_id = {doctor} AND +c.active = 1)");
            patients(env, &subject, None, &all(one.into_iter().chain([care])))
        }
    };
    all([codes, about])
}

/// That the subject is a patient `q` of whom the condition holds, or somebody related to such a patient.
fn patients(env: &mut Env<'_>, subject: &str, known: Option<&str>, condition: &str) -> String {
    let patient = match known {
        Some(id) => format!("{subject} = {}", env.binds.text(&format!("Patient/{id}"))),
        None => all([is(subject, "Patient"), format!("EXISTS (SELECT 1 FROM patients q WHERE q.public_id = {} AND {condition})", id_of(subject, "Patient"))]),
    };
    let related = format!(
        "EXISTS (SELECT 1 FROM gw_resources x CROSS JOIN gw_compartment m ON m.rid = x.rid CROSS JOIN patients q ON q.id = m.patient WHERE x.type = 'RelatedPerson' AND x.id = {} AND x.deleted = 0 AND {condition})",
        id_of(subject, "RelatedPerson")
    );
    any([patient, all([is(subject, "RelatedPerson"), related])])
}

fn is(subject: &str, kind: &str) -> String {
    format!("substr({subject}, 1, {}) = {}", kind.len() + 1, quoted(&format!("{kind}/")))
}

fn id_of(subject: &str, kind: &str) -> String {
    format!("substr({subject}, {})", kind.len() + 2)
}
