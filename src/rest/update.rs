//! update (<https://hl7.org/fhir/R4/http.html#update>), with `If-Match` and, where configured, update as create.

use super::answer::Answer;
use super::app_state;
use super::audit;
use super::conditions::Conditions;
use super::fault::Fault;
use super::gateway::Gateway;
use super::judge;
use super::unmask::unmask;
use super::write::{self, Put};
use hearthgate_access::{Caller, Interaction};
use hearthgate_fhir::Value;
use hearthgate_store::Expect;
use std::borrow::Cow;

/// How often a write without `If-Match` is judged anew when another one came between.
const TRIES: usize = 32;

/// `PUT /Type/id`
pub async fn update(
    gateway: &Gateway,
    caller: &Caller,
    resource: &'static str,
    id: &str,
    value: &Value,
    conditions: &Conditions,
    event: audit::Draft,
) -> Result<Answer, Fault> {
    caller.rule(resource, Interaction::Update)?;
    let mut tries = 0;
    loop {
        let old = gateway.find_for(caller, resource, id, Interaction::Update)?;
        if let Some(kept) = old.as_ref().filter(|old| app_state::is_kept(gateway, old)) {
            app_state::conditions(conditions, kept)?;
        }
        let alive = old.as_ref().filter(|o| !o.deleted);
        if let Some(wanted) = conditions.if_match
            && alive.map(|o| o.version) != Some(wanted)
        {
            // An unseen resource has no version that could match; one that is not there has none either.
            return Err(if old.is_none() { Fault::NotFound } else { Fault::Version { current: alive.map(|o| o.version) } });
        }
        if alive.is_some() && conditions.if_none_match.iter().any(|tag| tag == "*") {
            return Err(Fault::Exists);
        }
        if let Some(finding) = old.as_ref().filter(|old| judge::is_finding(gateway, old)) {
            match judge::update(gateway, caller, finding, value, conditions, event.clone()).await {
                Err(Fault::Version { .. }) if conditions.if_match.is_none() && tries < TRIES => tries += 1,
                done => return done,
            }
            continue;
        }
        let (interaction, expect) = match &old {
            // A deleted resource comes back as its next version.
            Some(found) if found.deleted => (Interaction::Update, Expect::NotLiving),
            Some(found) => (Interaction::Update, Expect::Is(found.version)),
            None => {
                chooses_ids(gateway, caller, resource)?;
                if app_state::is_reserved(resource, id) || app_state::is_new(gateway, caller, resource, value)? {
                    return Err(Fault::NoUpdateCreate);
                }
                (Interaction::Create, Expect::Named)
            }
        };
        let whole = match old.as_ref().filter(|old| !old.deleted) {
            Some(old) if !app_state::is_kept(gateway, old) => unmask(gateway, caller, resource, old, value)?,
            _ => Cow::Borrowed(value),
        };
        let put = Put { resource, id, value, whole: &whole, old: old.as_ref(), interaction, expect };
        let unit = write::unit(gateway, caller, &put)?;
        match write::commit(gateway, caller, &put, unit, event.clone(), conditions).await {
            // Somebody wrote between reading and writing: the judgement is made anew on what is there now.
            Err(Fault::Version { .. }) if conditions.if_match.is_none() && tries < TRIES => tries += 1,
            Err(Fault::Version { .. }) if conditions.if_match.is_none() => {
                return Err(Fault::Conflict("Others write to this resource again and again. Try once more.".to_owned()));
            }
            done => return done,
        }
    }
}

/// Whether the caller may create under an id of its own choice. Who does not see every resource of the type may not: the answer would
/// say which ids are taken (ABUSE C23).
fn chooses_ids(gateway: &Gateway, caller: &Caller, resource: &'static str) -> Result<(), Fault> {
    if !gateway.settings.update_create || !caller.labels().withheld().is_empty() {
        return Err(Fault::NoUpdateCreate);
    }
    caller.rule(resource, Interaction::Create)?;
    let sees_all = caller.rule(resource, Interaction::Update)?.is_unbounded() && caller.rule(resource, Interaction::Read).is_ok_and(|rule| rule.is_unbounded());
    if sees_all { Ok(()) } else { Err(Fault::NoUpdateCreate) }
}
