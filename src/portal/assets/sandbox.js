// A SMART app in one file: discovery, authorization code with PKCE, token, a few reads
// (https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html). It keeps nothing beyond the tab but how often it was opened for a
// patient, and that at the server (https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html).
"use strict";

const form = document.getElementById("start");
const client = form.dataset.client;
const redirect = form.dataset.redirect;

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

function say(problem) {
  const place = document.getElementById("problem");
  place.textContent = problem;
  place.hidden = false;
}

async function json(url, options) {
  const answer = await fetch(url, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error_description || body.error || body.issue?.[0]?.diagnostics || `${url}: ${answer.status}`);
  return body;
}

async function authorize(iss, launch, scope) {
  const configuration = await json(`${iss}/.well-known/smart-configuration`);
  const state = random();
  const verifier = random();
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  sessionStorage.setItem(`smart-${state}`, JSON.stringify({ iss, verifier, token: configuration.token_endpoint }));
  const parameters = new URLSearchParams({
    response_type: "code",
    client_id: client,
    redirect_uri: redirect,
    scope: launch ? `launch ${scope.replace(/\blaunch\/\S+/g, "").trim()}` : scope,
    state,
    aud: iss,
    code_challenge: challenge,
    code_challenge_method: "S256",
  });
  if (launch) parameters.set("launch", launch);
  location.assign(`${configuration.authorization_endpoint}?${parameters}`);
}

function add(term, value) {
  const row = document.createElement("div");
  const name = document.createElement("dt");
  const text = document.createElement("dd");
  name.textContent = term;
  text.textContent = value;
  row.append(name, text);
  document.getElementById("facts").append(row);
}

// Counts this visit in what the app keeps about the patient; answers how many there were. Who writes meanwhile in another window is not
// written over: it is counted on from there.
async function visit(iss, patient, headers, tries = 5) {
  const [system, code] = form.dataset.state.split("|");
  const subject = `${iss}/Patient/${patient}`;
  const found = await json(`${iss}/Basic?code=${encodeURIComponent(form.dataset.state)}&subject=${encodeURIComponent(subject)}`, { headers });
  const kept = found.entry?.find((entry) => entry.resource.resourceType === "Basic")?.resource;
  const visits = 1 + (Number(kept?.extension?.[0]?.valueString) || 0);
  const state = kept || { resourceType: "Basic", code: { coding: [{ system, code }] }, subject: { reference: subject } };
  state.extension = [{ url: `${system}/${code}`, valueString: String(visits) }];
  const known = kept ? { "If-Match": `W/"${kept.meta.versionId}"` } : {};
  const answer = await fetch(`${iss}/Basic${kept ? `/${kept.id}` : ""}`, {
    method: kept ? "PUT" : "POST",
    headers: { ...headers, ...known, "Content-Type": "application/fhir+json" },
    body: JSON.stringify(state),
  });
  if (answer.status === 412 && tries > 1) return visit(iss, patient, headers, tries - 1);
  if (!answer.ok) throw new Error(String(answer.status));
  return visits;
}

async function finish(code, state) {
  const kept = JSON.parse(sessionStorage.getItem(`smart-${state}`) || "null");
  if (!kept) return say("state: unknown");
  sessionStorage.removeItem(`smart-${state}`);
  history.replaceState(null, "", location.pathname);
  const token = await json(kept.token, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: redirect, client_id: client, code_verifier: kept.verifier }),
  });
  document.getElementById("result").hidden = false;
  add("scope", token.scope);
  if (token.patient) add("Patient banner", token.need_patient_banner ? "shown by this app" : "not needed");
  if (token.smart_style_url) {
    const style = await json(token.smart_style_url).catch(() => ({}));
    if (style.color_background) add("Style", `${style.color_text} on ${style.color_background}`);
  }
  if (token.encounter) add("encounter", token.encounter);
  if (token.intent) add("intent", token.intent);
  const headers = { Authorization: `Bearer ${token.access_token}`, Accept: "application/fhir+json" };
  if (!token.patient) return;
  const patient = await json(`${kept.iss}/Patient/${token.patient}`, { headers }).catch((error) => add("Patient", error.message));
  if (patient) {
    const name = patient.name?.[0] || {};
    add("Patient", name.text || [...(name.given || []), name.family].filter(Boolean).join(" "));
  }
  for (const type of ["MedicationRequest", "Condition", "Observation"]) {
    await json(`${kept.iss}/${type}?patient=${encodeURIComponent(token.patient)}&_summary=count`, { headers })
      .then((bundle) => add(type, String(bundle.total)))
      .catch((error) => add(type, error.message));
  }
  await visit(kept.iss, token.patient, headers)
    .then((visits) => add("Visits, kept by this app", String(visits)))
    .catch((error) => add("Visits", error.message));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  authorize(form.dataset.iss, null, form.elements.scope.value).catch((error) => say(error.message));
});

const query = new URLSearchParams(location.search);
if (query.has("error")) say(query.get("error_description") || query.get("error"));
else if (query.has("code")) finish(query.get("code"), query.get("state")).catch((error) => say(error.message));
else if (query.has("launch") && query.get("iss") === form.dataset.iss) authorize(query.get("iss"), query.get("launch"), form.elements.scope.value).catch((error) => say(error.message));
else if (query.has("launch") || (query.has("iss") && query.get("iss") !== form.dataset.iss)) say("iss: unknown");
else if (query.has("iss")) authorize(query.get("iss"), null, form.elements.scope.value).catch((error) => say(error.message));
