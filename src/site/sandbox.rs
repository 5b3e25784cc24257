//! The sample app's page. It is open to everyone: what it may see, it asks for like any app.

use crate::oauth::Oauth;
use crate::oauth::answer::{finish, page};
use crate::oauth::language;
use crate::oauth::session::browser;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_portal::Sandbox;
use http::StatusCode;
use std::sync::Arc;

/// The client that the sample clinic registers for it.
pub const CLIENT: &str = "demo-public";
const SCOPE: &str = "launch/patient openid fhirUser offline_access patient/Patient.rs patient/MedicationRequest.rs patient/Condition.rs patient/Observation.rs";
/// The state code under which it keeps how often it was opened for a patient (docs/app-state.md).
pub const VISITS: &str = "https://hearthgate.example/sandbox|visits";

/// `GET /sandbox`
pub async fn show(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    let headers = request.headers();
    let browser = match browser(&oauth, headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, headers, None, Err(fault.into())),
    };
    let redirect_uri = format!("{}/sandbox", oauth.issuer());
    let scope = format!("{SCOPE} patient/Basic.cruds?code={VISITS}");
    let view = Sandbox {
        frame: language::frame(&browser, language::of(&oauth, headers, None), "/sandbox"),
        fhir_base: oauth.fhir_base(),
        client_id: CLIENT,
        redirect_uri: &redirect_uri,
        scope: &scope,
        state_code: VISITS,
    };
    finish(&oauth, headers, Some(&browser), Ok(page(StatusCode::OK, &view, &[])))
}
