//! What an access token says (RFC 9068 §2.2), with SMART's launch context.

use hearthgate_fhir::{Object, Value, id};

/// Latest time a token may name: the end of the year 9999, in seconds.
const MAX_TIME: i64 = 253_402_300_799;
const MAX_NAME: usize = 256;
const MAX_SCOPE: usize = 4096;

/// For whom a token speaks. A client's id never passes for a user's name, nor the other way round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person, by user name.
    User(String),
    /// The client alone.
    Client,
}

/// The claims of an access token. Roles, flags and registrations are read from the database at each
/// request: a token only says who, through which client, for what and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// `sub` and `sub_type`.
    pub subject: Subject,
    /// The FHIR bases it is meant for.
    pub aud: Vec<String>,
    /// Not valid from this second (since 1970, UTC) on.
    pub exp: i64,
    /// Made in this second.
    pub iat: i64,
    /// Not valid before this second, if it says so.
    pub nbf: Option<i64>,
    /// The token's own id, unique.
    pub jti: String,
    /// The client it was given to.
    pub client_id: String,
    /// Granted scopes, as one text.
    pub scope: String,
    /// The patient in launch context, a FHIR id.
    pub patient: Option<String>,
    /// The user's resource (`fhirUser`), for information.
    pub fhir_user: Option<String>,
    /// The family of tokens that it belongs to and falls with; none of a token that an operator made.
    pub family: Option<String>,
    /// The user's role when the token was made, for information: never the word that counts.
    pub role: Option<String>,
    /// The thumbprint of the key that it is bound to (`cnf.jkt`, RFC 9449 §6.1).
    pub jkt: Option<String>,
}

impl Claims {
    pub(crate) fn to_object(&self) -> Object {
        let mut object = Object::new();
        let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
        put("iss", self.iss.as_str().into());
        let (sub, kind) = match &self.subject {
            Subject::User(name) => (name, "user"),
            Subject::Client => (&self.client_id, "client"),
        };
        put("sub", sub.as_str().into());
        put("sub_type", kind.into());
        match self.aud.as_slice() {
            [one] => put("aud", one.as_str().into()),
            all => put("aud", all.to_vec().into()),
        }
        put("exp", self.exp.into());
        put("iat", self.iat.into());
        if let Some(nbf) = self.nbf {
            put("nbf", nbf.into());
        }
        put("jti", self.jti.as_str().into());
        put("client_id", self.client_id.as_str().into());
        put("scope", self.scope.as_str().into());
        for (name, value) in [("patient", &self.patient), ("fhirUser", &self.fhir_user), ("family", &self.family), ("role", &self.role)] {
            if let Some(value) = value {
                put(name, value.as_str().into());
            }
        }
        if let Some(jkt) = &self.jkt {
            put("cnf", Value::Object([("jkt".to_owned(), jkt.as_str().into())].into_iter().collect()));
        }
        object
    }

    /// Reads the claims; `None` when one is missing, of the wrong type or out of range. A binding to a key that is
    /// not understood (another member of `cnf`) is no binding that could be dropped.
    pub(crate) fn from_object(object: &Object) -> Option<Self> {
        let jkt = match object.get("cnf") {
            None => None,
            Some(Value::Object(cnf)) if cnf.len() == 1 => Some(text(cnf.get("jkt")?, 43).filter(|jkt| jkt.len() == 43)?),
            Some(_) => return None,
        };
        let required = |name: &str, most: usize| text(object.get(name)?, most);
        let optional = |name: &str| match object.get(name) {
            None => Some(None),
            Some(value) => text(value, MAX_NAME).map(Some),
        };
        let client_id = required("client_id", MAX_NAME)?;
        let sub = required("sub", MAX_NAME)?;
        let subject = match object.get("sub_type")?.as_str()? {
            "user" => Subject::User(sub),
            "client" if sub == client_id => Subject::Client,
            _ => return None,
        };
        let nbf = match object.get("nbf") {
            None => None,
            Some(value) => Some(time(value)?),
        };
        let patient = optional("patient")?;
        if patient.as_deref().is_some_and(|patient| !id::is_id(patient)) {
            return None;
        }
        Some(Self {
            iss: required("iss", MAX_NAME)?,
            subject,
            aud: audiences(object.get("aud")?)?,
            exp: time(object.get("exp")?)?,
            iat: time(object.get("iat")?)?,
            nbf,
            jti: required("jti", MAX_NAME)?,
            client_id,
            scope: match object.get("scope")? {
                // A token may grant nothing.
                Value::String(scope) if scope.is_empty() => String::new(),
                value => text(value, MAX_SCOPE)?,
            },
            patient,
            fhir_user: optional("fhirUser")?,
            family: optional("family")?,
            role: optional("role")?,
            jkt,
        })
    }
}

fn text(value: &Value, most: usize) -> Option<String> {
    let text = value.as_str()?;
    let sound = !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control);
    sound.then(|| text.to_owned())
}

/// Seconds as a plain integer: no fraction, exponent, sign or text.
fn time(value: &Value) -> Option<i64> {
    value.as_i64().filter(|seconds| (0..=MAX_TIME).contains(seconds))
}

fn audiences(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(_) => Some(vec![text(value, MAX_NAME)?]),
        Value::Array(all) => all.iter().map(|one| text(one, MAX_NAME)).collect(),
        _ => None,
    }
}
