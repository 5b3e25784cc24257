//! From a stored resource to what one caller sees of it.

use super::gateway::Gateway;
use super::{directory, mask};
use bytes::Bytes;
use hearthgate_access::Caller;
use hearthgate_store::Stored;

/// The body with the patients masked whom the caller may not see, and the patients it is about.
pub(super) fn present(gateway: &Gateway, caller: &Caller, resource: &str, stored: &Stored) -> (Bytes, Vec<String>) {
    if let Some(shown) = directory::for_caller(caller, resource, &stored.body) {
        return (shown, Vec::new());
    }
    let mut patients = mask::patients(&stored.body);
    let own = (resource == "Patient").then(|| stored.id.clone());
    // One patient alone is whom the resource was shown for.
    if patients.len() + usize::from(own.is_some()) <= 1 || sees_all(caller) {
        patients.extend(own);
        return (stored.body.clone(), patients);
    }
    let visible = |id: &str| own.as_deref() == Some(id) || super::veil::sees(gateway, caller, id).unwrap_or(false);
    let hidden: Vec<String> = patients.iter().filter(|id| !visible(id)).cloned().collect();
    patients.retain(|id| !hidden.contains(id));
    patients.extend(own.clone());
    if hidden.is_empty() {
        return (stored.body.clone(), patients);
    }
    (mask::mask(&stored.body, &|id| !hidden.iter().any(|h| h == id)), patients)
}

/// Callers without a patient boundary see every name.
pub(super) fn sees_all(caller: &Caller) -> bool {
    matches!(caller.role(), hearthgate_access::Role::System | hearthgate_access::Role::Internal(_)) && caller.launch_patient().is_none()
}
