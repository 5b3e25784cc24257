//! Every way a FHIR request can fail, and the one table from there to status, headers and OperationOutcome.

use super::answer::Answer;
use hearthgate_access::Denial;
use hearthgate_auth::DpopFault;
use hearthgate_fhir::{json, query};
use hearthgate_typed::{Issue, operation_outcome};
use http::StatusCode;

/// Why a request failed. The texts never repeat a value of a resource.
#[derive(Debug)]
pub enum Fault {
    /// No token.
    NoToken,
    /// A token that does not hold.
    BadToken {
        /// Because its time is over.
        expired: bool,
    },
    /// A token bound to a key, sent without what shows the key; or a token that is not bound, sent as if it were; or one that does not hold.
    BoundToken {
        /// Because its time is over.
        expired: bool,
    },
    /// A proof of possession that does not hold.
    Proof {
        /// Why.
        fault: DpopFault,
        /// What the next proof has to repeat.
        nonce: Option<String>,
    },
    /// `Authorization` that cannot be read.
    Authorization(&'static str),
    /// The caller may not.
    Denied(Denial),
    /// A write whose resource would lie outside the caller's boundary.
    OutsideBoundary,
    /// Nothing there that the caller may see.
    NotFound,
    /// It was there.
    Gone,
    /// No such route.
    NoRoute,
    /// No such method here; those that are.
    Method(&'static str),
    /// The body is no JSON, or not this resource.
    Body(json::Fault),
    /// The body's media type.
    MediaType,
    /// The media type of something that is no resource.
    Media(&'static str),
    /// The content is not what R4 says it is.
    Malformed(Vec<Issue>),
    /// No format that the client accepts.
    NotAcceptable,
    /// The body did not arrive in time.
    Slow,
    /// Too many bytes or entries.
    TooLong(String),
    /// A malformed request, with code and place.
    Bad {
        /// The issue's code.
        code: &'static str,
        /// What is wrong, and how to mend it.
        message: String,
        /// Where.
        expression: Option<String>,
    },
    /// The search cannot be obeyed.
    Query(query::Problem),
    /// The content is not valid or breaks a rule.
    Invalid(Vec<Issue>),
    /// A local reference that leads nowhere the caller can see.
    Reference(String),
    /// `If-Match` names another version.
    Version {
        /// The newest one; `None` where there is none.
        current: Option<u64>,
    },
    /// The change is made without saying from which version, where that is asked for (RFC 6585 section 3).
    NoIfMatch,
    /// What the change rests on is not so.
    Precondition(&'static str),
    /// `If-None-Match: *` on what exists.
    Exists,
    /// `If-Match` is missing or malformed.
    IfMatch(&'static str),
    /// Something else stands in the way.
    Conflict(String),
    /// The client may not choose ids.
    NoUpdateCreate,
    /// The search took too long.
    Timeout,
    /// Too much at once.
    Busy,
    /// Too many requests from one address whose authentication failed.
    Throttled {
        /// Seconds until the next is answered.
        retry_after: u64,
    },
    /// Nothing can be stored now.
    Unwritable,
    /// The gateway's own fault; the cause is logged, never sent.
    Internal(String),
}

impl Fault {
    /// A malformed request.
    pub fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::Bad { code, message: message.into(), expression: None }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::BadToken { .. } | Self::BoundToken { .. } | Self::Proof { .. } => StatusCode::UNAUTHORIZED,
            Self::Authorization(_) | Self::Body(_) | Self::Bad { .. } | Self::Query(_) | Self::IfMatch(_) | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Denied(_) | Self::OutsideBoundary => StatusCode::FORBIDDEN,
            Self::NotFound | Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::Method(_) | Self::NoUpdateCreate => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType | Self::Media(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid(_) | Self::Reference(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Version { .. } | Self::Exists | Self::Precondition(_) => StatusCode::PRECONDITION_FAILED,
            Self::NoIfMatch => StatusCode::PRECONDITION_REQUIRED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Timeout | Self::Busy | Self::Unwritable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the caller is told.
    #[must_use]
    pub fn issues(&self) -> Vec<Issue> {
        let one = |code, diagnostics: &str| vec![Issue { severity: "error", code, diagnostics: diagnostics.to_owned(), expression: Vec::new() }];
        match self {
            Self::NoToken => one("login", "This needs an access token: send `Authorization: Bearer …`. Where to get one: /.well-known/smart-configuration below the FHIR base."),
            Self::BadToken { expired: true } | Self::BoundToken { expired: true } => one("expired", "The access token is no longer valid. Ask for a new one."),
            Self::BadToken { expired: false } => one("login", "The access token is not valid here. Ask for a new one."),
            Self::BoundToken { expired: false } => {
                one("login", "The access token is not valid here, or is bound to a key: send one that is bound as `Authorization: DPoP …` with a `DPoP` header, any other as `Authorization: Bearer …`.")
            }
            Self::Proof { fault, .. } => one("login", &format!("{fault}.")),
            Self::Authorization(message) => one("invalid", message),
            Self::Denied(denial) => one("forbidden", &denial.to_string()),
            Self::OutsideBoundary => one("forbidden", "You may not write a resource about this patient, or about no patient. Name a patient whom you may write for."),
            Self::NotFound => one("not-found", "There is no such resource, or you may not see it. Check the type and the id."),
            Self::Gone => one("deleted", "The resource was deleted. Its versions are in its history; a PUT brings it back."),
            Self::NoRoute => one("not-supported", "There is nothing at this address. What there is stands in the CapabilityStatement, at /metadata below the FHIR base."),
            Self::Method(allow) => one("not-supported", &format!("This address does not have this method. It has: {allow}.")),
            Self::Body(fault) => vec![Issue {
                severity: "error",
                code: "structure",
                diagnostics: fault.message.clone(),
                expression: if fault.path.is_empty() { vec![] } else { vec![fault.path.clone()] },
            }],
            Self::MediaType => one("not-supported", "Send the body as `Content-Type: application/fhir+json` (or application/json), in UTF-8."),
            Self::NotAcceptable => one("not-supported", "The answer can be had as application/fhir+json. Ask for it with `Accept` or `_format`."),
            Self::Slow => one("timeout", "The body took too long to arrive. Send it at once."),
            Self::TooLong(message) => one("too-long", message),
            Self::Bad { code, message, expression } => {
                vec![Issue { severity: "error", code, diagnostics: message.clone(), expression: expression.iter().cloned().collect() }]
            }
            Self::Query(problem) => one(problem.issue_code(), &problem.to_string()),
            Self::Invalid(issues) | Self::Malformed(issues) => issues.clone(),
            Self::Media(message) => one("not-supported", message),
            Self::Reference(path) => vec![Issue {
                severity: "error",
                code: "not-found",
                diagnostics: "The reference is to a resource that does not exist here, or that you may not see. Refer to one that you can read, or leave the reference out.".to_owned(),
                expression: if path.is_empty() { vec![] } else { vec![path.clone()] },
            }],
            Self::Exists => one("conflict", "`If-None-Match: *` asks that there be no such resource yet, but there is one. Read it, and send its ETag in `If-Match`."),
            Self::Version { .. } => one("conflict", "`If-Match` names a version that is not the newest one. Read the resource again, apply your change to it, and send its new ETag."),
            Self::NoIfMatch => one("required", "What apps keep is changed and deleted with `If-Match`: the ETag of the version that the change was made from, W/\"version\"."),
            Self::Precondition(message) => one("conflict", message),
            Self::IfMatch(message) => one("invalid", message),
            Self::Conflict(message) => one("conflict", message),
            Self::NoUpdateCreate => one("not-supported", "You may not choose the id of a new resource. Create it with POST; the server gives it an id."),
            Self::Timeout => one("timeout", "The search took too long and was stopped. Ask for less: name a patient, or a shorter time."),
            Self::Throttled { retry_after } => one("throttled", &format!("Too many requests without a valid access token came from this address. Get one, or try again in {retry_after} s.")),
            Self::Busy => one("throttled", "Too many requests wait already. Try again in a second."),
            Self::Unwritable => one("no-store", "Nothing can be stored at the moment; nothing was. Try again later."),
            Self::Internal(_) => one("exception", "Something went wrong here. It was noted; try again later."),
        }
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.saying(&self.issues())
    }

    /// The answer to an entry of a bundle: each issue names the entry, and what is wrong in its resource as a place in the bundle.
    #[must_use]
    pub fn answer_to_entry(&self, index: usize) -> Answer {
        let entry = format!("Bundle.entry[{index}]");
        let inside = |place: &str| match place.split_once('.') {
            _ if place.starts_with("Bundle.") => place.to_owned(),
            Some((first, rest)) if first.starts_with(|c: char| c.is_ascii_uppercase()) => format!("{entry}.resource.{rest}"),
            None if place.is_empty() || place.starts_with(|c: char| c.is_ascii_uppercase()) => format!("{entry}.resource"),
            _ => format!("{entry}.resource.{place}"),
        };
        let mut issues = self.issues();
        for issue in &mut issues {
            if issue.expression.is_empty() {
                issue.expression.push(entry.clone());
            } else {
                issue.expression = issue.expression.iter().map(|place| inside(place)).collect();
            }
        }
        self.saying(&issues)
    }

    fn saying(&self, issues: &[Issue]) -> Answer {
        if let Self::Internal(cause) = self {
            tracing::error!(cause, "internal fault");
        }
        let mut answer = Answer::json(self.status(), operation_outcome(issues).into());
        match self {
            Self::NoToken => answer.header("www-authenticate", "Bearer"),
            Self::BadToken { .. } => answer.header("www-authenticate", "Bearer error=\"invalid_token\""),
            Self::BoundToken { .. } => answer.header("www-authenticate", "DPoP error=\"invalid_token\", algs=\"ES256 ES384\""),
            Self::Proof { nonce, .. } => {
                let error = if nonce.is_some() { "use_dpop_nonce" } else { "invalid_dpop_proof" };
                answer.header("www-authenticate", format!("DPoP error=\"{error}\", algs=\"ES256 ES384\""));
                if let Some(nonce) = nonce {
                    answer.header("dpop-nonce", nonce.clone());
                }
            }
            Self::Denied(_) | Self::OutsideBoundary => answer.header("www-authenticate", "Bearer error=\"insufficient_scope\""),
            Self::Method(allow) => answer.header("allow", *allow),
            Self::NoUpdateCreate => answer.header("allow", "DELETE, GET, HEAD"),
            Self::Version { current: Some(current) } => answer.header("etag", format!("W/\"{current}\"")),
            Self::Throttled { retry_after } => answer.header("retry-after", retry_after.to_string()),
            Self::Busy | Self::Unwritable => answer.header("retry-after", "1"),
            _ => {}
        }
        answer
    }
}

impl From<Denial> for Fault {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<query::Problem> for Fault {
    fn from(problem: query::Problem) -> Self {
        Self::Query(problem)
    }
}
