//! From an operation to the file that does it.

use super::answer::Answer;
use super::audit;
use super::conditions::Conditions;
use super::fault::Fault;
use super::gateway::Gateway;
use super::operation::Operation;
use super::subset::Subset;
use super::{batch, create, delete, history, judge, read, search, update, vread, write};
use hearthgate_access::Caller;
use hearthgate_fhir::Value;
use hearthgate_fhir::query::form_pairs;

/// A body: bytes from the wire, or an entry of a bundle.
#[derive(Clone, Copy, Debug)]
pub enum Body<'b> {
    /// None.
    None,
    /// Bytes with their media type.
    Bytes(&'b [u8], Option<&'b str>),
    /// A resource that is parsed already.
    Parsed(&'b Value),
}

/// One interaction as asked.
#[derive(Clone, Debug)]
pub struct Call<'b> {
    /// What.
    pub operation: Operation,
    /// The raw query.
    pub query: String,
    /// Conditional and preference headers.
    pub conditions: Conditions,
    /// The body.
    pub body: Body<'b>,
}

/// Runs it.
///
/// # Errors
/// Whatever stands in the way.
pub async fn dispatch(gateway: &Gateway, caller: &Caller, call: &Call<'_>, event: &audit::Draft) -> Result<Answer, Fault> {
    let conditions = &call.conditions;
    match &call.operation {
        Operation::Read { .. } => read_only(gateway, caller, &call.operation, &call.query, conditions),
        Operation::Vread { resource, id, version } => vread::vread(gateway, caller, resource, id, version).await,
        Operation::HistoryInstance { resource, id } => history::instance(gateway, caller, resource, id, &form_pairs(&call.query)?, conditions.strict).await,
        Operation::HistoryType { resource } => history::of_type(gateway, caller, resource, &form_pairs(&call.query)?, conditions.strict).await,
        Operation::Search { resource, form } => {
            let mut pairs = form_pairs(&call.query)?;
            if *form {
                pairs.extend(form_pairs(form_body(call)?)?);
            }
            search::search(gateway, caller, resource, &pairs, conditions.strict).await
        }
        Operation::Create { resource } => {
            let value = content(gateway, caller, resource, None, call)?;
            create::create(gateway, caller, resource, &value, conditions, event.clone()).await
        }
        Operation::Update { resource, id } => {
            let value = content(gateway, caller, resource, Some(id), call)?;
            update::update(gateway, caller, resource, id, &value, conditions, event.clone()).await
        }
        Operation::Delete { resource, id } => delete::delete(gateway, caller, resource, id, conditions, event.clone()).await,
        Operation::Judge { id, verdict, .. } => judge::judge(gateway, caller, id, *verdict, conditions, event.clone()).await,
        Operation::Batch => match call.body {
            Body::Bytes(bytes, media_type) => batch::batch(gateway, caller, media_type, bytes, conditions, event).await,
            _ => Err(Fault::NoRoute),
        },
        Operation::Capabilities | Operation::SmartConfiguration => Err(Fault::NoRoute),
    }
}

/// Runs a read, which waits for nothing.
///
/// # Errors
/// As [`dispatch`]; [`Fault::NoRoute`] for what is no read.
pub fn read_only(gateway: &Gateway, caller: &Caller, operation: &Operation, query: &str, conditions: &Conditions) -> Result<Answer, Fault> {
    let Operation::Read { resource, id } = operation else { return Err(Fault::NoRoute) };
    read::read(gateway, caller, resource, id, conditions, &subset(gateway, caller, resource, query, conditions.strict)?)
}

/// The resource in the body. Whether the caller may write this type at all is judged before a byte of it is looked at.
fn content(gateway: &Gateway, caller: &Caller, resource: &'static str, id: Option<&str>, call: &Call<'_>) -> Result<Value, Fault> {
    use hearthgate_access::Interaction;
    caller.rule(resource, if id.is_some() { Interaction::Update } else { Interaction::Create })?;
    match call.body {
        Body::Bytes(bytes, media_type) => write::read_body(gateway, resource, id, media_type, bytes),
        Body::Parsed(value) => write::accept(gateway, resource, id, value.clone()),
        Body::None => Err(Fault::bad("structure", "The request has no resource. Send one as the body.")),
    }
}

/// `_elements` and `_summary` of a read.
fn subset(gateway: &Gateway, caller: &Caller, resource: &str, query: &str, strict: bool) -> Result<Subset, Fault> {
    if query.is_empty() {
        return Ok(Subset::default());
    }
    let (known, other): (Vec<_>, Vec<_>) =
        form_pairs(query)?.into_iter().partition(|(name, _)| matches!(name.as_str(), "_elements" | "_summary" | "_format" | "_pretty"));
    if strict && let Some((name, _)) = other.first() {
        return Err(Fault::bad("not-supported", format!("A read has no parameter `{}`. Leave it out.", name.chars().take(64).collect::<String>())));
    }
    Ok(Subset::of(&gateway.parse_query(caller, resource, &known)?))
}

fn form_body<'b>(call: &Call<'b>) -> Result<&'b str, Fault> {
    match call.body {
        Body::Bytes(bytes, media_type) => {
            let kind = media_type.and_then(|m| m.split(';').next()).map(str::trim);
            if !bytes.is_empty() && !kind.is_some_and(|k| k.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
                return Err(Fault::Media("Send the parameters of `_search` as `Content-Type: application/x-www-form-urlencoded`."));
            }
            std::str::from_utf8(bytes).map_err(|_| Fault::bad("value", "The form is not UTF-8."))
        }
        _ => Ok(""),
    }
}
