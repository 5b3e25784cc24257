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
    /// The event of a request; without a caller, of one whose token does not hold. The raw query may name a patient: it is kept, and
    /// never in the clear.
    #[must_use]
    pub fn new(gateway: &Gateway, caller: Option<&Caller>, operation: Option<&Operation>, query: &str, now: i64) -> Self {
        let event = Event {
            at_ms: now,
            actor: caller.and_then(Caller::user).map(str::to_owned),
            role: caller.map(|c| c.role().to_string()),
            client: caller.map(|c| c.client().to_owned()),
            action: action(operation),
            resource_type: operation.and_then(Operation::resource).map(str::to_owned),
            resource_id: operation.and_then(Operation::id).map(str::to_owned),
            query: sealed(gateway, query.as_bytes()),
            ..Event::default()
        };
        Self { event }
    }

    /// The form of a search belongs to its query.
    pub fn add_form(&mut self, gateway: &Gateway, query: &str, form: &[u8]) {
        let whole = if query.is_empty() { form.to_vec() } else { [query.as_bytes(), b"&", form].concat() };
        self.event.query = sealed(gateway, &whole);
    }

    /// The event of an entry of a batch; without an operation, of one that means none.
    #[must_use]
    pub fn of_entry(&self, gateway: &Gateway, operation: Option<&Operation>, query: &str) -> Self {
        let mut event = self.event.clone();
        event.action = action(operation);
        event.resource_type = operation.and_then(Operation::resource).map(str::to_owned);
        event.resource_id = operation.and_then(Operation::id).map(str::to_owned);
        event.query = sealed(gateway, query.as_bytes());
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

fn action(operation: Option<&Operation>) -> String {
    operation.map_or("unknown", Operation::code).to_owned()
}

fn sealed(gateway: &Gateway, query: &[u8]) -> Option<Vec<u8>> {
    (!query.is_empty()).then(|| gateway.keyring.seal_token("audit", "", query))
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
    gateway.ledger.append(&event).await.map_err(|error| {
        tracing::error!(%error, "the audit cannot be written");
        Fault::Unwritable
    })?;
    Ok(())
}
