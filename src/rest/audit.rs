//! The audit of a FHIR request: one event an answer, durable before its first byte leaves; the event of a write rides in the
//! write's transaction.

use super::answer::Answer;
use super::fault::Fault;
use super::gateway::Gateway;
use super::operation::Operation;
use hearthgate_access::Caller;
use hearthgate_ledger::Event;
use http::StatusCode;

/// What is known of an event before it has an outcome.
#[derive(Clone, Debug)]
pub struct Draft {
    event: Event,
}

impl Draft {
    /// The event of a request.
    #[must_use]
    pub fn new(caller: &Caller, operation: Option<&Operation>, query: &str, now: i64) -> Self {
        let event = Event {
            at_ms: now,
            actor: caller.user().map(str::to_owned),
            role: Some(caller.role().to_string()),
            client: Some(caller.client().to_owned()),
            action: operation.map_or("unknown", Operation::code).to_owned(),
            resource_type: operation.and_then(Operation::resource).map(str::to_owned),
            resource_id: operation.and_then(Operation::id).map(str::to_owned),
            query: (!query.is_empty()).then(|| query.as_bytes().to_vec()),
            ..Event::default()
        };
        Self { event }
    }

    /// The event of an entry of a batch.
    #[must_use]
    pub fn of_entry(&self, operation: &Operation, query: &str) -> Self {
        let mut event = self.event.clone();
        event.action = operation.code().to_owned();
        event.resource_type = operation.resource().map(str::to_owned);
        event.resource_id = operation.id().map(str::to_owned);
        event.query = (!query.is_empty()).then(|| query.as_bytes().to_vec());
        Self { event }
    }

    /// The event of a write that succeeds, as it stands in the write's transaction.
    #[must_use]
    pub fn of_write(&self, status: StatusCode, id: &str, patients: &[String]) -> String {
        let mut event = self.event.clone();
        event.resource_id = Some(id.to_owned());
        event.outcome = status.as_u16();
        event.patients = patients.to_vec();
        serde_json::to_string(&event).unwrap_or_default()
    }
}

/// Makes the event of an answer durable.
///
/// # Errors
/// When it cannot be written: nothing is served then.
pub async fn record(gateway: &Gateway, draft: Draft, answer: &Answer) -> Result<(), Fault> {
    if answer.audited {
        return Ok(());
    }
    let mut event = draft.event;
    event.outcome = answer.status.as_u16();
    event.patients.clone_from(&answer.patients);
    event.version = answer.version.map(|v| v.to_string());
    if event.resource_id.is_none() {
        event.resource_id.clone_from(&answer.id);
    }
    // The raw query may name a patient: it is kept, and kept sealed.
    event.query = event.query.map(|query| gateway.keyring.seal_token("audit", "", &query));
    gateway.ledger.append(&event).await.map_err(|error| {
        tracing::error!(%error, "the audit cannot be written");
        Fault::Unwritable
    })?;
    Ok(())
}
