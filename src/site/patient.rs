//! A patient's own start page.

use super::doctor::{line, prescription};
use super::record;
use super::visit::{Visit, stop, visit};
use crate::oauth::Oauth;
use crate::oauth::answer::Stop;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::Role;
use hearthgate_portal::PatientHome;
use std::sync::Arc;

/// `GET /patient`
pub async fn home(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &[Role::Patient], async |visit, _| show(&visit).await).await
}

async fn show(visit: &Visit) -> Result<Response, Stop> {
    let (gateway, caller) = (visit.gateway(), &visit.caller);
    let own = caller.fhir_user().and_then(|user| user.strip_prefix("Patient/")).unwrap_or_default();
    let appointments = record::coming_appointments(gateway, caller, ("patient", own)).await.map_err(stop)?;
    let prescriptions = record::prescriptions(gateway, caller, own).await.map_err(stop)?;
    let appointments: Vec<_> = appointments.iter().map(|appointment| line(appointment, appointment.doctor.as_ref(), None)).collect();
    let prescriptions: Vec<_> = prescriptions.iter().map(prescription).collect();
    let menu = visit.menu();
    Ok(visit.page(&PatientHome { frame: visit.frame(&menu), appointments: &appointments, prescriptions: &prescriptions }))
}
