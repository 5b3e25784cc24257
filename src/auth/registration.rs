//! What a client says of itself when it registers (RFC 7591 §2, OpenID Connect Dynamic Client Registration §2), judged by its text alone.
//! Whether its name is taken, whether its keys can be fetched and who approves it is for others to say.

use hearthgate_access::{Context, Scopes, StateCode};
use hearthgate_fhir::{Object, Value};

use crate::client_credentials::AuthMethod;
use crate::jwk::Jwks;
use crate::likeness::hides;
use crate::redirect::{is_sound_page, is_sound_redirect_uri, origin_of};

const MAX_URIS: usize = 20;
const MAX_CONTACTS: usize = 10;
const MAX_NAME: usize = 200;
/// What an app may ask for that does not say: a patient's own record, to read.
const SCOPE: &str = "openid fhirUser launch/patient patient/*.rs";

/// Why a registration is refused (RFC 7591 §3.2.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationFault {
    /// `invalid_redirect_uri`.
    #[error("{0}")]
    RedirectUri(&'static str),
    /// `invalid_client_metadata`.
    #[error("{0}")]
    Metadata(String),
    /// `invalid_software_statement`: nobody's statements are believed here.
    #[error("no software statement is accepted here")]
    Statement,
}

/// A registration that is sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// What people call it.
    pub name: Option<String>,
    /// How it authenticates.
    pub method: AuthMethod,
    /// Where its users may be sent.
    pub redirect_uris: Vec<String>,
    /// Its public keys, a set as text.
    pub jwks: Option<String>,
    /// Where its public keys are.
    pub jwks_uri: Option<String>,
    /// The grants it uses.
    pub grant_types: Vec<String>,
    /// What it may ask for.
    pub scope: String,
    /// Whom to write to.
    pub contacts: Vec<String>,
    /// Its home page.
    pub client_uri: Option<String>,
    /// Its logo; never fetched.
    pub logo_uri: Option<String>,
    /// What it does with data.
    pub policy_uri: Option<String>,
    /// Its terms.
    pub tos_uri: Option<String>,
    /// Where an EHR launch starts (`initiate_login_uri`).
    pub launch_url: Option<String>,
    /// Where people may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// What software it is.
    pub software_id: Option<String>,
    /// In which version.
    pub software_version: Option<String>,
    /// The algorithm of its ID tokens.
    pub id_token_alg: String,
    /// It pushes its requests (RFC 9126 §6).
    pub pushed_only: bool,
    /// Its tokens are bound to a key (RFC 9449 §5.2).
    pub dpop_bound: bool,
}

fn metadata(why: impl Into<String>) -> RegistrationFault {
    RegistrationFault::Metadata(why.into())
}

impl Registration {
    /// Reads the metadata of a registration. Members that are not understood are passed over (RFC 7591 §2).
    ///
    /// # Errors
    /// The first thing that cannot be registered.
    pub fn read(said: &Object) -> Result<Self, RegistrationFault> {
        if said.contains_key("software_statement") {
            return Err(RegistrationFault::Statement);
        }
        let method = match text(said, "token_endpoint_auth_method", 40)?.as_deref() {
            None | Some("client_secret_basic") => AuthMethod::SecretBasic,
            Some("client_secret_post") => AuthMethod::SecretPost,
            Some("private_key_jwt") => AuthMethod::PrivateKeyJwt,
            Some("none") => AuthMethod::None,
            Some(_) => return Err(metadata("token_endpoint_auth_method: none, client_secret_basic, client_secret_post or private_key_jwt")),
        };
        let grant_types = grants(said)?;
        let redirect_uris = uris(said, "redirect_uris")?;
        match (grant_types.iter().any(|grant| grant == "authorization_code"), redirect_uris.is_empty()) {
            (true, true) => return Err(RegistrationFault::RedirectUri("redirect_uris: at least one")),
            (false, false) => return Err(metadata("redirect_uris go with the grant authorization_code")),
            _ => {}
        }
        if grant_types.iter().any(|grant| grant == "client_credentials") && method != AuthMethod::PrivateKeyJwt {
            return Err(metadata("grant_types: client_credentials goes with private_key_jwt"));
        }
        let response_types = list(said, "response_types", 4)?;
        if response_types.is_some_and(|types| types.iter().any(|kind| kind != "code")) {
            return Err(metadata("response_types: code is the only one"));
        }
        let (jwks, jwks_uri) = keys(said, method)?;
        let id_token_alg = text(said, "id_token_signed_response_alg", 16)?.unwrap_or_else(|| "RS256".to_owned());
        if id_token_alg != "RS256" && id_token_alg != "ES256" {
            return Err(metadata("id_token_signed_response_alg: RS256 or ES256"));
        }
        let page = |name: &str| match text(said, name, 2048)? {
            Some(url) if !is_sound_page(&url) => Err(metadata(format!("{name}: an https URL"))),
            url => Ok(url),
        };
        let logo_uri = page("logo_uri")?;
        // A drawing that can carry scripts, or a picture on somebody's own network, is shown to nobody.
        if logo_uri.as_deref().is_some_and(|url| is_drawing(url) || is_address(url)) {
            return Err(metadata("logo_uri: a PNG, JPEG or WebP on a public host"));
        }
        let contacts = list(said, "contacts", MAX_CONTACTS)?.unwrap_or_default();
        if contacts.iter().any(|contact| !is_plain(contact) || contact.len() > 254) {
            return Err(metadata("contacts: plain text"));
        }
        Ok(Self {
            name: name(said)?,
            method,
            redirect_uris,
            jwks,
            jwks_uri,
            grant_types,
            scope: scope(said)?,
            contacts,
            client_uri: page("client_uri")?,
            logo_uri,
            policy_uri: page("policy_uri")?,
            tos_uri: page("tos_uri")?,
            launch_url: page("initiate_login_uri")?,
            post_logout_redirect_uris: uris(said, "post_logout_redirect_uris")?,
            software_id: plain(said, "software_id")?,
            software_version: plain(said, "software_version")?,
            id_token_alg,
            pushed_only: flag(said, "require_pushed_authorization_requests")?,
            dpop_bound: flag(said, "dpop_bound_access_tokens")?,
        })
    }

    /// Whether all it can reach is the record of the patient who connects it, and what it keeps itself under codes of an origin where its
    /// own pages are: what a policy may approve without a look. The code of another origin is another app's, with what that one keeps
    /// (<https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html#security-and-access-controls>).
    #[must_use]
    pub fn is_for_patients_only(&self) -> bool {
        let harmless = ["openid", "fhirUser", "profile", "launch", "launch/patient", "offline_access", "online_access"];
        let known = self.scope.split(' ').all(|token| token.starts_with("patient/") || harmless.contains(&token));
        let scopes = Scopes::parse(&self.scope).unwrap_or_default();
        let origins: Vec<String> = self.redirect_uris.iter().filter(|uri| uri.starts_with("https://")).filter_map(|uri| origin_of(uri)).collect();
        let codes: Vec<StateCode> = scopes.fhir().iter().flat_map(StateCode::of).collect();
        let own = codes.iter().all(|code| origins.iter().any(|origin| *origin == code.system.trim_end_matches('/')));
        known && own && !scopes.in_context(Context::User) && !scopes.in_context(Context::System) && !self.grant_types.iter().any(|g| g == "client_credentials")
    }
}

/// A text without control characters, of bounded length.
fn text(said: &Object, name: &str, most: usize) -> Result<Option<String>, RegistrationFault> {
    match said.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control) => Ok(Some(text.clone())),
        Some(_) => Err(metadata(format!("{name}: a text of at most {most} bytes"))),
    }
}

fn plain(said: &Object, name: &str) -> Result<Option<String>, RegistrationFault> {
    match text(said, name, 128)? {
        Some(text) if !is_plain(&text) => Err(metadata(format!("{name}: plain text"))),
        text => Ok(text),
    }
}

/// No markup, and nothing that turns the direction of what stands around it (Unicode bidirectional controls) or cannot be seen.
fn is_plain(text: &str) -> bool {
    !text.contains(['<', '>', '&', '"']) && !text.chars().any(|c| c.is_control() || hides(c))
}

fn name(said: &Object) -> Result<Option<String>, RegistrationFault> {
    match text(said, "client_name", MAX_NAME)? {
        Some(name) if !is_plain(&name) || name.trim().is_empty() => Err(metadata("client_name: plain text without markup")),
        Some(name) => Ok(Some(name.split_whitespace().collect::<Vec<_>>().join(" "))),
        None => Ok(None),
    }
}

fn flag(said: &Object, name: &str) -> Result<bool, RegistrationFault> {
    match said.get(name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(metadata(format!("{name}: true or false"))),
    }
}

fn list(said: &Object, name: &str, most: usize) -> Result<Option<Vec<String>>, RegistrationFault> {
    let Some(value) = said.get(name) else { return Ok(None) };
    let wrong = || metadata(format!("{name}: a list of at most {most} texts"));
    let values = value.as_array().filter(|values| values.len() <= most).ok_or_else(wrong)?;
    values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<_>>().map(Some).ok_or_else(wrong)
}

fn uris(said: &Object, name: &'static str) -> Result<Vec<String>, RegistrationFault> {
    const WHY: &str = "each redirect URI: absolute and exact, https (or http on loopback, or a private-use scheme with a point), without fragment; at most 20";
    let uris = list(said, name, MAX_URIS).map_err(|_| RegistrationFault::RedirectUri(WHY))?.unwrap_or_default();
    if uris.iter().all(|uri| is_sound_redirect_uri(uri)) { Ok(uris) } else { Err(RegistrationFault::RedirectUri(WHY)) }
}

fn grants(said: &Object) -> Result<Vec<String>, RegistrationFault> {
    let grants = list(said, "grant_types", 4)?.unwrap_or_else(|| vec!["authorization_code".to_owned()]);
    let known = |grant: &String| matches!(grant.as_str(), "authorization_code" | "refresh_token" | "client_credentials");
    if grants.is_empty() || !grants.iter().all(known) {
        return Err(metadata("grant_types: authorization_code, refresh_token, client_credentials"));
    }
    Ok(grants)
}

fn keys(said: &Object, method: AuthMethod) -> Result<(Option<String>, Option<String>), RegistrationFault> {
    let uri = text(said, "jwks_uri", 2048)?;
    let set = match said.get("jwks") {
        None => None,
        Some(set) => {
            let set = set.to_string();
            Jwks::parse(set.as_bytes()).map_err(|fault| metadata(format!("jwks: {fault}")))?;
            Some(set)
        }
    };
    match (method == AuthMethod::PrivateKeyJwt, set, uri) {
        (_, Some(_), Some(_)) => Err(metadata("jwks or jwks_uri, not both")),
        (true, None, None) => Err(metadata("private_key_jwt wants jwks or jwks_uri")),
        // Keys that are used for nothing are not kept.
        (false, _, _) => Ok((None, None)),
        (true, set, uri) => Ok((set, uri)),
    }
}

/// Nobody registers for more than a person can grant: what systems may do without one is agreed with the clinic.
fn scope(said: &Object) -> Result<String, RegistrationFault> {
    let asked = text(said, "scope", 4096)?.unwrap_or_else(|| SCOPE.to_owned());
    let scopes = Scopes::parse(&asked).map_err(|_| metadata("scope: too long"))?;
    if scopes.in_context(Context::System) || asked.split_whitespace().any(|token| token.starts_with("system/")) {
        return Err(metadata("scope: system/… is not to be had by registering; ask the clinic"));
    }
    Ok(asked.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn is_drawing(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url).to_ascii_lowercase();
    path.ends_with(".svg") || path.ends_with(".svgz")
}

/// The host is an address, or a name without a point: a machine on somebody's own network.
fn is_address(url: &str) -> bool {
    let host = url.trim_start_matches("https://").split(['/', '?', ':']).next().unwrap_or_default();
    host.starts_with('[')
        || !host.contains('.')
        || host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        || host.ends_with(".local")
        || host.ends_with(".internal")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(said: &Value) -> Result<Registration, RegistrationFault> {
        Registration::read(said.as_object().unwrap())
    }

    fn good() -> Value {
        json!({ "client_name": "Growth chart", "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "none" })
    }

    fn with(name: &str, value: Value) -> Result<Registration, RegistrationFault> {
        let mut said = good();
        said[name] = value;
        read(&said)
    }

    #[test]
    fn a_patients_app_is_sound_and_for_patients_only() {
        let app = read(&good()).unwrap();
        assert!(app.is_for_patients_only());
        assert_eq!((app.scope.as_str(), app.id_token_alg.as_str(), app.method), (SCOPE, "RS256", AuthMethod::None));
        assert!(!with("scope", json!("user/*.rs")).unwrap().is_for_patients_only());
        assert!(!with("scope", json!("patient/*.rs launch/encounter")).unwrap().is_for_patients_only(), "what is not known to be harmless waits");
        assert!(with("scope", json!("patient/*.cruds offline_access")).unwrap().is_for_patients_only());
    }

    /// Seen to fail without the look at origins.
    #[test]
    fn what_another_app_keeps_is_approved_by_no_policy() {
        let codes = |codes: &str| with("scope", json!(format!("patient/*.rs patient/Basic.cruds?code={codes}"))).unwrap().is_for_patients_only();
        assert!(codes("https://app.example|keys") && codes("https://app.example/|keys") && codes("https://app.example|"));
        for other in ["https://other.example|keys", "https://app.example|keys,https://other.example|keys", "https://app.example.evil|keys", "app.example|keys"]
        {
            assert!(!codes(other), "{other}");
        }
    }

    /// Seen to fail when any of the rules was left out.
    #[test]
    fn abuse_b63_what_a_client_may_not_say_of_itself() {
        let uri = |value: Value| assert!(matches!(with("redirect_uris", value.clone()), Err(RegistrationFault::RedirectUri(_))), "{value}");
        uri(json!([]));
        uri(json!("https://app.example/cb"));
        uri(json!([1]));
        uri(json!(["http://app.example/cb"]));
        uri(json!(["https://app.example/cb", "javascript:alert(1)"]));
        uri(json!(["https://*.example/cb"]));
        uri(json!(["https://app.example/cb#x"]));
        uri(json!((0..1000).map(|i| format!("https://app.example/{i}")).collect::<Vec<_>>()));
        let key = crate::client_jwk_pair().unwrap().1;
        let both = json!({ "redirect_uris": ["https://a.example/"], "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [key] }, "jwks_uri": "https://a.example/jwks" });
        assert!(matches!(read(&both), Err(RegistrationFault::Metadata(_))));
        let refused = |name: &str, value: Value| assert!(matches!(with(name, value.clone()), Err(RegistrationFault::Metadata(_))), "{name} {value}");
        for scope in ["system/*.cruds", "patient/*.rs system/Patient.r", "system/x"] {
            refused("scope", json!(scope));
        }
        for name in ["<b>Clinic</b>", "a\u{202e}b", "x\u{200b}", "a\nb", "", " ", &"x".repeat(201)] {
            refused("client_name", json!(name));
        }
        for logo in [
            "http://app.example/l.png",
            "https://app.example/l.svg",
            "https://app.example/l.SVG?x",
            "https://10.0.0.1/l.png",
            "https://[::1]/l.png",
            "https://intranet/l.png",
            "https://a.internal/l.png",
            "data:image/png;base64,AA",
            "javascript:1",
        ] {
            refused("logo_uri", json!(logo));
        }
        for (name, value) in [
            ("token_endpoint_auth_method", json!("client_secret_jwt")),
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("grant_types", json!(["implicit"])),
            ("grant_types", json!(["password"])),
            ("grant_types", json!([])),
            ("grant_types", json!(["authorization_code", "client_credentials"])),
            ("response_types", json!(["token"])),
            ("response_types", json!("code")),
            ("jwks", json!({ "keys": [{ "kty": "oct", "k": "AA" }] })),
            ("id_token_signed_response_alg", json!("none")),
            ("dpop_bound_access_tokens", json!("yes")),
            ("client_uri", json!("http://app.example/")),
            ("contacts", json!(["<script>"])),
            ("contacts", json!(vec!["a@b.example"; 11])),
        ] {
            refused(name, value);
        }
        assert!(matches!(with("post_logout_redirect_uris", json!(["http://app.example/"])), Err(RegistrationFault::RedirectUri(_))));
    }

    #[test]
    fn abuse_b65_no_software_statement_is_believed() {
        assert_eq!(with("software_statement", json!("a.b.c")), Err(RegistrationFault::Statement));
        assert_eq!(with("software_statement", json!("")), Err(RegistrationFault::Statement));
    }
}
