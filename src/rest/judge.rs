//! `POST /Observation/{id}/$accept` and `$reject`, and an update of a finding's status, which means the same: a doctor's judgement of
//! what a note was found to say.

use super::answer::Answer;
use super::audit;
use super::conditions::{Conditions, Return};
use super::create::new_id;
use super::fault::Fault;
use super::gateway::Gateway;
use super::write;
use crate::extract::judgement::{self, Standing, Verdict};
use hearthgate_access::{Caller, Denial, Interaction, Role};
use hearthgate_fhir::Value;
use hearthgate_mapping::claim;
use hearthgate_store::{AuditRow, Change, Expect, Guard, Put, Stored, Unit};
use hearthgate_typed::Issue;
use http::StatusCode;

const OBSERVATION: &str = "Observation";
/// How often a judgement without `If-Match` is made anew when somebody wrote meanwhile.
const TRIES: usize = 32;

/// What the caller wants to see of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    /// Of an accepted finding the diagnosis, of a rejected one the finding.
    Outcome,
    /// The finding.
    Finding,
}

/// Judges a finding.
pub async fn judge(gateway: &Gateway, caller: &Caller, id: &str, verdict: Verdict, conditions: &Conditions, event: audit::Draft) -> Result<Answer, Fault> {
    doctor(caller, verdict)?;
    for _ in 0..TRIES {
        let old = gateway.find_for(caller, OBSERVATION, id, Interaction::Update)?.ok_or(Fault::NotFound)?;
        match one(gateway, caller, &old, verdict, conditions, &event, Show::Outcome).await {
            Err(Fault::Version { .. }) if conditions.if_match.is_none() => {}
            done => return done,
        }
    }
    Err(Fault::Conflict("Others write to this finding again and again. Try once more.".to_owned()))
}

/// Whether a resource is a finding, whose content nobody writes.
pub fn is_finding(gateway: &Gateway, stored: &Stored) -> bool {
    gateway.mappings.plans.get(stored.plan).is_some_and(judgement::serves_findings)
}

/// An update of a finding: the same with another status is a judgement, the same is nothing, anything else is refused.
pub async fn update(gateway: &Gateway, caller: &Caller, old: &Stored, new: &Value, conditions: &Conditions, event: audit::Draft) -> Result<Answer, Fault> {
    if old.deleted {
        return Err(refused("A finding that was withdrawn comes back when its note says so again, and not by an update."));
    }
    let finding: Value = serde_json::from_slice(&old.body).map_err(|e| Fault::Internal(e.to_string()))?;
    match judgement::meant(&finding, new) {
        Ok(Some(verdict)) => {
            doctor(caller, verdict)?;
            one(gateway, caller, old, verdict, conditions, &event, Show::Finding).await
        }
        Ok(None) => Ok(shown(gateway, caller, OBSERVATION, old, conditions)),
        Err(judgement::Beyond) => {
            Err(refused("What a finding says comes from its note. An update may set its status to `final` or `entered-in-error`, and nothing else."))
        }
    }
}

fn refused(message: &str) -> Fault {
    Fault::Invalid(vec![Issue { severity: "error", code: "business-rule", diagnostics: message.to_owned(), expression: Vec::new() }])
}

/// Only a doctor judges; who accepts must be able to make a diagnosis.
fn doctor(caller: &Caller, verdict: Verdict) -> Result<String, Fault> {
    caller.rule(OBSERVATION, Interaction::Update)?;
    if verdict == Verdict::Accept {
        caller.rule("Condition", Interaction::Create)?;
    }
    let own = caller.fhir_user().filter(|user| caller.role() == Role::Doctor && user.starts_with("Practitioner/"));
    own.map(str::to_owned).ok_or_else(|| {
        let reason = "what a note was found to say is judged by a doctor who has the patient in care".to_owned();
        Fault::Denied(Denial::Role { role: caller.role(), resource_type: OBSERVATION, interaction: Interaction::Update, reason })
    })
}

async fn one(
    gateway: &Gateway,
    caller: &Caller,
    old: &Stored,
    verdict: Verdict,
    conditions: &Conditions,
    event: &audit::Draft,
    show: Show,
) -> Result<Answer, Fault> {
    if old.deleted {
        return Err(Fault::Gone);
    }
    if conditions.if_match.is_some_and(|wanted| wanted != old.version) {
        return Err(Fault::Version { current: Some(old.version) });
    }
    if !is_finding(gateway, old) {
        return Err(refused("This observation was not found in a note. What was recorded is changed by an update."));
    }
    let doctor = doctor(caller, verdict)?;
    let finding: Value = serde_json::from_slice(&old.body).map_err(|e| Fault::Internal(e.to_string()))?;
    // The same finding makes the same diagnosis, however often it is accepted.
    let condition_id = crate::extract::id(&gateway.keyring, "diagnoses.of_finding", &old.id);
    let made = || gateway.find_for(caller, "Condition", &condition_id, Interaction::Create);
    match judgement::standing(&finding) {
        Standing::Judged(known) if known == verdict => {
            if verdict == Verdict::Reject || show == Show::Finding {
                return Ok(shown(gateway, caller, OBSERVATION, old, conditions));
            }
            let found = match made()?.filter(|found| !found.deleted) {
                Some(found) => Some(found),
                // One that came with its finding from elsewhere has an id of there.
                None => gateway.list(caller, "Condition", "evidence-detail", &format!("{OBSERVATION}/{}", old.id), 1).await?.pop(),
            };
            return match found {
                Some(found) => Ok(shown(gateway, caller, "Condition", &found, conditions)),
                None => Err(Fault::Conflict("The finding was accepted before, and the diagnosis made of it is there no more. Record a new one.".to_owned())),
            };
        }
        Standing::Judged(_) => {
            return Err(Fault::Conflict("A doctor has judged this finding the other way already. Record what holds as a diagnosis of its own.".to_owned()));
        }
        Standing::Withdrawn => return Err(Fault::Conflict("The note does not say this any more. There is nothing to judge.".to_owned())),
        Standing::Open => {}
    }
    if verdict == Verdict::Accept && !judgement::can_be_accepted(&finding) {
        return Err(refused(
            "Only what the note affirms of this patient, and is a diagnosis, a symptom or a finding, can be accepted as a diagnosis: not what is denied, uncertain, past, conditional, another person's, a medication or an allergy.",
        ));
    }
    let (_, patients) = gateway.present(caller, OBSERVATION, old);
    let unit = Unit {
        context: write::context(gateway, caller),
        changes: changes(gateway, caller, old, &finding, verdict, &doctor, &condition_id)?,
        audit: Some(AuditRow { event: event.of_write(StatusCode::OK, &old.id, &patients) }),
    };
    gateway.store.write(unit).await?;
    let (kind, found) = match (verdict, show) {
        (Verdict::Accept, Show::Outcome) => ("Condition", made()?),
        _ => (OBSERVATION, gateway.find_for(caller, OBSERVATION, &old.id, Interaction::Update)?),
    };
    let found = found.ok_or_else(|| Fault::Internal("what was judged is not there".to_owned()))?;
    let mut answer = shown(gateway, caller, kind, &found, conditions);
    answer.audited = true;
    Ok(answer)
}

/// The finding, the diagnosis and where they come from, as one unit.
fn changes(
    gateway: &Gateway,
    caller: &Caller,
    old: &Stored,
    finding: &Value,
    verdict: Verdict,
    doctor: &str,
    condition_id: &str,
) -> Result<Vec<Change>, Fault> {
    let at = hearthgate_fhir::date::format_instant(gateway.now());
    let plan = &gateway.mappings.plans[old.plan];
    let row = gateway.store.load(old, None)?.pop().ok_or(Fault::NotFound)?;
    let touch = |kind, id: &str, interaction| gateway.touch(caller, kind, id, interaction);
    let guard = Guard {
        version: Expect::Is(old.version),
        old: Some(touch(OBSERVATION, &old.id, Interaction::Update)?),
        new: Some(touch(OBSERVATION, &old.id, Interaction::Update)?),
    };
    let row = judgement::judged(plan, row, verdict, doctor, &at);
    let mut changes = vec![Change::Put(Box::new(Put { plan: plan.index, id: old.id.clone(), row, guard, render: true, keeper: true, ..Put::default() }))];
    let mut targets = vec![format!("Observation/{}", old.id)];
    let put = |kind: &str, id: &str, value: &Value, guard: Guard| {
        let plan = claim::plan_for(&gateway.mappings, kind, value).ok_or_else(|| Fault::Internal(format!("no mapping takes a {kind}")))?;
        Ok::<Change, Fault>(write::change(plan, id, value, guard, true))
    };
    if verdict == Verdict::Accept {
        // A diagnosis that was made of it before it was withdrawn, and is there still, is left as the doctor has it.
        if !gateway.store.exists("Condition", condition_id)? {
            let value = judgement::condition(condition_id, &old.id, finding, doctor, &at);
            let guard = Guard { version: Expect::NotLiving, old: None, new: Some(touch("Condition", condition_id, Interaction::Create)?) };
            changes.push(put("Condition", condition_id, &value, guard)?);
        }
        targets.insert(0, format!("Condition/{condition_id}"));
    }
    let provenance = new_id();
    let value = judgement::provenance(&provenance, &targets, &old.id, finding, verdict, doctor, &at);
    changes.push(put("Provenance", &provenance, &value, Guard { version: Expect::New, ..Guard::default() })?);
    Ok(changes)
}

/// A resource as the answer of a write.
fn shown(gateway: &Gateway, caller: &Caller, kind: &str, found: &Stored, conditions: &Conditions) -> Answer {
    let (body, patients) = gateway.present(caller, kind, found);
    let mut answer = if conditions.prefer == Return::Minimal { Answer::empty(StatusCode::OK) } else { Answer::json(StatusCode::OK, body) };
    answer.stamp(found.version, found.updated_ms);
    answer.header("location", format!("{}/{kind}/{}/_history/{}", gateway.settings.base, found.id, found.version));
    answer.patients = patients;
    answer
}
