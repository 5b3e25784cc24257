//! The end of an authorization request: a code, in the same transaction as the consent it rests on and the launch it uses up.

use super::answer::{Stop, redirect_to};
use super::session::Browser;
use super::steps::UnderWay;
use super::{Oauth, new_secret, pick};
use axum::response::Response;
use hearthgate_access::{Context, Offer, Scopes};
use hearthgate_auth::digest_of;
use hearthgate_portal::Problem;
use hearthgate_store::grants::{Code, NewFamily};
use hearthgate_store::{Account, Change, Error};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// What a token response says beside its scopes (SMART App Launch, "launch context arrives with your access token").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launched {
    /// The patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// The encounter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encounter: Option<String>,
    /// What the person wants to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// The app shows who the patient is: nothing of ours stands around it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub banner: bool,
    /// Its colours, where they are not the light ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
}

impl Launched {
    /// What an app is told of whom it was opened for, with a token of these scopes: the patient where one of them is about a patient.
    pub fn told(&self, scopes: &Scopes) -> impl Iterator<Item = (&'static str, &str)> {
        let about_a_patient = scopes.in_context(Context::Patient) || scopes.has("launch/patient") || scopes.has("launch");
        let patient = self.patient.as_deref().filter(|_| about_a_patient);
        [("patient", patient), ("encounter", self.encounter.as_deref()), ("intent", self.intent.as_deref())]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// The URL of the person's resource, where a token of these scopes may say it (SMART App Launch, "scopes for requesting identity data").
#[must_use]
pub fn fhir_user(oauth: &Oauth, account: &Account, scopes: &Scopes) -> Option<String> {
    let user = account.fhir_user.as_ref().filter(|_| scopes.has("fhirUser") || scopes.has("profile"))?;
    Some(format!("{}/{user}", oauth.fhir_base()))
}

/// The colours that an app is opened in unless somebody chooses others.
pub const LIGHT: &str = "light";
/// The colours that an app may be told, each under `/auth/style-….json`.
pub const STYLES: [&str; 2] = [LIGHT, "dark"];

/// Gives out a code. `consented` is what the person has just allowed, and none where an earlier consent covers it.
///
/// # Errors
/// A page or redirect where something that may happen once has happened.
pub async fn complete(oauth: &Oauth, _browser: &Browser, under_way: UnderWay, granted: Offer, consented: Option<Offer>) -> Result<Response, Stop> {
    let Some(session) = &under_way.session else { return Err(Stop::form()) };
    let (account, client, asked) = (&session.account, &under_way.client, &under_way.asked);
    let (now, person) = (oauth.now(), account.row);
    let scope = granted.text();
    let in_context = granted.in_context(Context::Patient) || granted.has("launch/patient") || under_way.launch.is_some();
    let patient = under_way.patient().filter(|_| in_context).map(str::to_owned);
    // Whoever left the doctor's care since the patient was chosen is not handed out.
    if let Some(patient) = &patient
        && pick::visible(oauth, account, "Patient", patient).await?.is_none()
    {
        return Err(Stop::Page(StatusCode::FORBIDDEN, Problem::Forbidden, None));
    }
    let encounter = under_way.encounter().filter(|e| !e.is_empty() && (granted.has("launch/encounter") || under_way.launch.is_some()));
    let context = Launched {
        banner: patient.is_some() && under_way.launch.as_ref().is_none_or(|launch| launch.banner),
        style: under_way.launch.as_ref().map(|launch| launch.style.clone()).filter(|style| style != LIGHT),
        patient,
        encounter: encounter.map(str::to_owned),
        intent: under_way.launch.as_ref().and_then(|launch| launch.intent.clone()),
    };
    let (code, family) = (new_secret(), new_secret());
    let offline = granted.has("offline_access");
    let family = NewFamily {
        id: family,
        client_id: client.client_id.clone(),
        user: Some(person),
        rests_on_consent: true,
        session: (granted.has("online_access") && !offline).then(|| session.hash.clone()),
        scope: scope.clone(),
        context: serde_json::to_string(&context).unwrap_or_else(|_| "{}".to_owned()),
        signed_in_at: Some(session.signed_in_at),
        methods: Some(session.methods.clone()),
        dpop_jkt: asked.dpop_jkt.clone(),
        created_at: now,
        expires_at: now + 1000 * if offline { oauth.lifetimes().offline_s } else { oauth.lifetimes().session_s },
    };
    let code_row = Code {
        hash: digest_of(&code),
        client_id: client.client_id.clone(),
        family: family.id.clone(),
        redirect_uri: asked.target.redirect_uri.clone(),
        challenge: asked.challenge.clone(),
        nonce: asked.nonce.clone(),
        created_at: now,
        expires_at: now + oauth.lifetimes().code_s * 1000,
        used_at: None,
    };
    let mut changes = vec![Change::complete_authorization(&under_way.authorization.hash, person, now)];
    // What may have been used meanwhile comes first, so that the unit's refusal names it.
    changes.extend(asked.launch.iter().map(|hash| Change::use_launch(hash, &client.client_id, person, now)));
    changes.extend(asked.pushed.iter().map(|hash| Change::use_pushed(hash, &client.client_id, now)));
    let mut event = oauth.event("authorize", Some(&client.client_id), Some(account), 200);
    if let Some(consented) = &consented {
        changes.push(Change::consent(person, &client.client_id, &consented.text(), now, Some(family.expires_at)));
        event.action = "consent".to_owned();
    }
    changes.push(Change::begin_family(&family));
    changes.push(Change::issue_code(&code_row));
    event.patients.extend(context.patient.clone());
    event.reason = Some(format!("scope: {}", scope.chars().take(1_024).collect::<String>()));
    match oauth.write(changes, &event).await {
        Ok(_) => Ok(redirect_to(oauth, &asked.target, &[("code", &code)])),
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => Err(match refused.change {
            Some(0) | None => Stop::form(),
            Some(1) if asked.launch.is_some() => Stop::Redirect(asked.target.clone(), "invalid_request", "launch: it was used already."),
            _ => Stop::form(),
        }),
        Err(refused) => Err(refused.into()),
    }
}
