//! A doctor's pages: who is in care, and one patient's chart.

use super::record::choice;
use super::visit::{Visit, not_found, stop, visit};
use super::{findings, notes, record};
use crate::extract::reading::Reading;
use crate::oauth::Oauth;
use crate::oauth::answer::{Stop, page, see_other};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use hearthgate_access::Role;
use hearthgate_portal::{AppointmentLine, Chart, DoctorHome, Form, Note, NoteText, PrescriptionLine, shield};
use hearthgate_store::Client;
use http::{Method, StatusCode};
use std::sync::Arc;

/// `GET /doctor?name=…`
pub async fn home(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &[Role::Doctor], async |visit, _| list(&visit).await).await
}

async fn list(visit: &Visit) -> Result<Response, Stop> {
    let (gateway, caller) = (visit.gateway(), &visit.caller);
    let name = visit.query.get("name").unwrap_or_default();
    let (patients, more) = record::patients(gateway, caller, name).await.map_err(stop)?;
    let own = caller.fhir_user().and_then(|user| user.strip_prefix("Practitioner/")).unwrap_or_default();
    let appointments = record::coming_appointments(gateway, caller, ("practitioner", own)).await.map_err(stop)?;
    let hrefs: Vec<_> = appointments.iter().map(|a| a.patient.as_ref().map(|(id, _)| format!("/doctor/patients/{id}"))).collect();
    let appointments: Vec<_> =
        appointments.iter().zip(&hrefs).map(|(appointment, href)| line(appointment, appointment.patient.as_ref(), href.as_deref())).collect();
    let patients: Vec<_> = patients.iter().map(choice).collect();
    let menu = visit.menu();
    let view = DoctorHome { frame: visit.frame(&menu), name, patients: &patients, more, appointments: &appointments };
    Ok(visit.page(&view))
}

/// `GET` and `POST /doctor/patients/{id}`
pub async fn chart(State(oauth): State<Arc<Oauth>>, Path(id): Path<String>, request: Request) -> Response {
    visit(oauth, request, &[Role::Doctor], async move |visit, request| {
        if request.method() == Method::POST {
            let form = visit.posted(request).await?;
            if let Some(text) = form.get("note") {
                notes::add(&visit, &id, text).await?;
                return Ok(see_other(&format!("{}#notes", visit.path)));
            }
            let finding = form.get("finding").unwrap_or_default();
            findings::judge(&visit, finding, form.get("judgement").unwrap_or_default()).await?;
            // Back to where the person was in the list.
            return Ok(see_other(&format!("{}#{finding}", visit.path)));
        }
        show(&visit, &id).await
    })
    .await
}

async fn show(visit: &Visit, id: &str) -> Result<Response, Stop> {
    let (gateway, caller) = (visit.gateway(), &visit.caller);
    let patient = record::patient(gateway, caller, id).await.map_err(stop)?.ok_or(not_found())?;
    let appointments = record::coming_appointments(gateway, caller, ("patient", id)).await.map_err(stop)?;
    let prescriptions = record::prescriptions(gateway, caller, id).await.map_err(stop)?;
    let (documents, more_notes) = record::notes(gateway, caller, id).await.map_err(stop)?;
    let found = findings::of_notes(gateway, caller, id, &documents).await.map_err(stop)?;
    let appointments: Vec<_> = appointments.iter().map(|appointment| line(appointment, appointment.doctor.as_ref(), None)).collect();
    let prescriptions: Vec<_> = prescriptions.iter().map(prescription).collect();
    let codes: Vec<Vec<Vec<&str>>> = found.iter().map(|list| list.iter().map(findings::codes).collect()).collect();
    let views: Vec<Vec<_>> = found.iter().zip(&codes).map(|(list, codes)| list.iter().zip(codes).map(|(f, codes)| f.view(codes)).collect()).collect();
    let texts: Vec<Vec<_>> = documents.iter().map(|document| document.texts.iter().map(note_text).collect()).collect();
    let notes: Vec<_> = documents.iter().zip(&texts).zip(&views).map(|((document, texts), findings)| note(document, texts, findings)).collect();
    let (clients, targets) = launchable(visit)?;
    let apps: Vec<_> = clients.iter().map(|client| (client.client_id.as_str(), client.name.as_str())).collect();
    let menu = visit.menu();
    let (launch_token, token) = (visit.browser.form_token("launch", ""), visit.form_token());
    let view = Chart {
        frame: visit.frame(&menu),
        patient: choice(&patient),
        launch: Form { action: "/launch", anti_forgery: &launch_token, hidden: &[] },
        apps: &apps,
        appointments: &appointments,
        prescriptions: &prescriptions,
        notes: &notes,
        more_notes,
        judge: visit.form(&token),
    };
    let targets: Vec<_> = targets.iter().map(String::as_str).collect();
    Ok(page(StatusCode::OK, &view, &targets))
}

/// The apps that can be launched, and where a launch may end: at the app, and an app without a page of its own to ask the person anything
/// at its redirect address.
///
/// # Errors
/// The store's.
pub fn launchable(visit: &Visit) -> Result<(Vec<Client>, Vec<String>), Stop> {
    let clients: Vec<_> = visit.oauth.store().clients()?.into_iter().filter(|client| !client.disabled && client.launch_url.is_some()).collect();
    let addresses = clients.iter().flat_map(|client| client.launch_url.iter().chain(&client.redirect_uris));
    let mut targets: Vec<_> = addresses.filter_map(|address| shield::form_target(address)).collect();
    targets.sort();
    targets.dedup();
    Ok((clients, targets))
}

/// An appointment with one of its people.
#[must_use]
pub fn line<'a>(appointment: &'a record::Appointment, with: Option<&'a (String, String)>, href: Option<&'a str>) -> AppointmentLine<'a> {
    AppointmentLine { begins: appointment.begins, what: &appointment.what, with: with.map(|(_, name)| name.as_str()), href, status: &appointment.status }
}

/// A prescription.
#[must_use]
pub fn prescription(prescription: &record::Prescription) -> PrescriptionLine<'_> {
    PrescriptionLine {
        medicine: &prescription.medicine,
        instructions: prescription.instructions.as_deref(),
        written: prescription.written,
        by: prescription.by.as_deref(),
        status: &prescription.status,
    }
}

fn note<'a>(document: &'a record::Document, texts: &'a [NoteText<'a>], findings: &'a [hearthgate_portal::Finding<'a>]) -> Note<'a> {
    Note { id: &document.id, title: &document.title, written: document.written, by: document.by.as_deref(), texts, findings }
}

fn note_text(text: &Reading) -> NoteText<'_> {
    NoteText { part: text.part, title: text.title.as_deref(), text: &text.text }
}
