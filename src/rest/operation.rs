//! Which interaction a method and a path below the FHIR base mean: parsed once, for HTTP and for the entries of a bundle alike
//! (<https://hl7.org/fhir/R4/http.html>). What does not stand here does not exist.

use crate::extract::judgement::Verdict;
use hearthgate_fhir::id::Id;
use hearthgate_fhir::r4;

/// A FHIR interaction with what its URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `GET /metadata`
    Capabilities,
    /// `GET /.well-known/smart-configuration`
    SmartConfiguration,
    /// `GET /Type/id`
    Read {
        /// The type.
        resource: &'static str,
        /// The id.
        id: String,
    },
    /// `GET /Type/id/_history/version`
    Vread {
        /// The type.
        resource: &'static str,
        /// The id.
        id: String,
        /// The version, as it came.
        version: String,
    },
    /// `GET /Type/id/_history`
    HistoryInstance {
        /// The type.
        resource: &'static str,
        /// The id.
        id: String,
    },
    /// `GET /Type/_history`
    HistoryType {
        /// The type.
        resource: &'static str,
    },
    /// `GET /Type?…` or `POST /Type/_search`
    Search {
        /// The type.
        resource: &'static str,
        /// By POST: the parameters are in the body, too.
        form: bool,
    },
    /// `POST /Type`
    Create {
        /// The type.
        resource: &'static str,
    },
    /// `PUT /Type/id`
    Update {
        /// The type.
        resource: &'static str,
        /// The id.
        id: String,
    },
    /// `DELETE /Type/id`
    Delete {
        /// The type.
        resource: &'static str,
        /// The id.
        id: String,
    },
    /// `POST /Observation/id/$accept` or `…/$reject`
    Judge {
        /// The type.
        resource: &'static str,
        /// The id.
        id: String,
        /// Which of the two.
        verdict: Verdict,
    },
    /// `POST /`
    Batch,
}

/// Why a request means no interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// Nothing is there: 404.
    NotFound,
    /// Something is there, for these methods: 405.
    Method(&'static str),
}

/// The interaction of a method and a path without the base and its slash. Segments are taken as they came: an id has no
/// character that a URL would escape, so an escaped spelling is no id.
pub fn parse(method: &str, path: &str) -> Result<Operation, NoRoute> {
    use NoRoute::{Method, NotFound};
    let segments: Vec<&str> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
    let kind = |name: &str| r4::type_named(name).filter(|t| r4::is_resource_type(t)).ok_or(NotFound);
    let id = |text: &str| Id::parse(text).map(|_| text.to_owned()).ok_or(NotFound);
    let get = matches!(method, "GET" | "HEAD");
    match segments.as_slice() {
        [] if method == "POST" => Ok(Operation::Batch),
        [] => Err(Method("POST")),
        ["metadata"] if get => Ok(Operation::Capabilities),
        ["metadata"] => Err(Method("GET, HEAD")),
        [".well-known", "smart-configuration"] if get => Ok(Operation::SmartConfiguration),
        [".well-known", "smart-configuration"] => Err(Method("GET, HEAD")),
        [name] => {
            let resource = kind(name)?;
            match method {
                "POST" => Ok(Operation::Create { resource }),
                _ if get => Ok(Operation::Search { resource, form: false }),
                _ => Err(Method("GET, HEAD, POST")),
            }
        }
        [name, "_search"] => {
            let resource = kind(name)?;
            if method == "POST" { Ok(Operation::Search { resource, form: true }) } else { Err(Method("POST")) }
        }
        [name, "_history"] => {
            let resource = kind(name)?;
            if get { Ok(Operation::HistoryType { resource }) } else { Err(Method("GET, HEAD")) }
        }
        [name, text] => {
            let (resource, id) = (kind(name)?, id(text)?);
            match method {
                _ if get => Ok(Operation::Read { resource, id }),
                // Never changed or removed, whoever asks.
                _ if resource == "AuditEvent" => Err(Method("GET, HEAD")),
                "PUT" => Ok(Operation::Update { resource, id }),
                "DELETE" => Ok(Operation::Delete { resource, id }),
                _ => Err(Method("DELETE, GET, HEAD, PUT")),
            }
        }
        [name, text, "_history"] => {
            let (resource, id) = (kind(name)?, id(text)?);
            if get { Ok(Operation::HistoryInstance { resource, id }) } else { Err(Method("GET, HEAD")) }
        }
        ["Observation", text, operation @ ("$accept" | "$reject")] => {
            let (resource, id) = (kind("Observation")?, id(text)?);
            let verdict = if *operation == "$accept" { Verdict::Accept } else { Verdict::Reject };
            if method == "POST" { Ok(Operation::Judge { resource, id, verdict }) } else { Err(Method("POST")) }
        }
        [name, text, "_history", version] => {
            let (resource, id) = (kind(name)?, id(text)?);
            if get { Ok(Operation::Vread { resource, id, version: (*version).to_owned() }) } else { Err(Method("GET, HEAD")) }
        }
        _ => Err(NotFound),
    }
}

impl Operation {
    /// The type it speaks of.
    #[must_use]
    pub fn resource(&self) -> Option<&'static str> {
        match self {
            Self::Read { resource, .. }
            | Self::Vread { resource, .. }
            | Self::HistoryInstance { resource, .. }
            | Self::HistoryType { resource }
            | Self::Search { resource, .. }
            | Self::Create { resource }
            | Self::Update { resource, .. }
            | Self::Delete { resource, .. }
            | Self::Judge { resource, .. } => Some(resource),
            Self::Capabilities | Self::SmartConfiguration | Self::Batch => None,
        }
    }

    /// The id it names.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Read { id, .. }
            | Self::Vread { id, .. }
            | Self::HistoryInstance { id, .. }
            | Self::Update { id, .. }
            | Self::Delete { id, .. }
            | Self::Judge { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Its code (<https://hl7.org/fhir/R4/valueset-type-restful-interaction.html>), for the audit.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Capabilities | Self::SmartConfiguration => "capabilities",
            Self::Read { .. } => "read",
            Self::Vread { .. } => "vread",
            Self::HistoryInstance { .. } => "history-instance",
            Self::HistoryType { .. } => "history-type",
            Self::Search { .. } => "search-type",
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
            Self::Judge { verdict: Verdict::Accept, .. } => "accept",
            Self::Judge { verdict: Verdict::Reject, .. } => "reject",
            Self::Batch => "batch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_mean_one_interaction_or_none() {
        let read = Operation::Read { resource: "Patient", id: "a-1".to_owned() };
        assert_eq!(parse("GET", "Patient/a-1"), Ok(read));
        assert_eq!(parse("POST", "Patient/_search"), Ok(Operation::Search { resource: "Patient", form: true }));
        for path in [
            "patient/a",
            "Patient/a/",
            "Patient//a",
            "Patient/%41",
            "Patient/a/../b",
            "Patient/a/b",
            "_history",
            "Patient/a b",
            "Resource/a",
            "Patient/a/_history/1/2",
            "$x",
            "Condition/a/$accept",
        ] {
            assert_eq!(parse("GET", path), Err(NoRoute::NotFound), "{path}");
        }
        assert_eq!(parse("PATCH", "Patient/a"), Err(NoRoute::Method("DELETE, GET, HEAD, PUT")));
        assert_eq!(parse("PUT", "AuditEvent/a"), Err(NoRoute::Method("GET, HEAD")));
        assert_eq!(parse("DELETE", "Patient"), Err(NoRoute::Method("GET, HEAD, POST")));
    }
}
