//! `hearthgate demo`: the sample clinic, made once from a seed and served on loopback.

use super::{locked, public_url, runtime};
use crate::intake::Intake;
use crate::ops::config::Config;
use crate::ops::instance::{Instance, system_clock};
use crate::ops::serve::{self, Bound};
use crate::site::sandbox::{CLIENT as SAMPLE, VISITS};
use crate::work::{self, ClientDetails, NewClient, NewUser};
use hearthgate_auth::client_jwk_pair;
use hearthgate_import::{Batch, Destination, Item, Written};
use hearthgate_store::{Change, Context, Unit};
use serde_json::{Value, json};
use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How the sample clinic is made.
pub struct Options {
    /// Patients.
    pub patients: usize,
    /// The seed.
    pub seed: u64,
    /// Throw away the one that is there.
    pub fresh: bool,
}

const REDIRECTS: [&str; 2] = ["http://127.0.0.1:8000/callback", "http://127.0.0.1:8000/"];

/// Makes the clinic unless it is there, and serves it.
///
/// # Errors
/// What stands in the way.
pub fn run(dir: &Path, config: &Config, options: &Options) -> Result<u8, String> {
    if !config.listen.ip().is_loopback() {
        return Err("the sample clinic is served on loopback only; `hearthgate serve` serves a real one".to_owned());
    }
    let Some(lock) = locked(dir)? else { return Err(format!("another server holds {}", dir.display())) };
    let (kept, unfinished) = (dir.join("demo-accounts.json"), dir.join("demo.unfinished"));
    // One whose making was cut off is made anew: nobody has used it.
    let new = options.fresh || unfinished.exists() || !kept.exists();
    if new {
        clear(dir)?;
        fs::write(&unfinished, "").map_err(|e| format!("{}: {e}", unfinished.display()))?;
    }
    // Who waits for it to appear must not find the one of the last run.
    remove(fs::remove_file(dir.join("demo.json")), "demo.json")?;
    let runtime = runtime()?;
    let served = runtime.block_on(async {
        let bound = serve::bind(config).await.map_err(|e| e.to_string())?;
        let url = public_url(config, bound.address);
        let instance = Arc::new(Instance::open(dir, config, &url, system_clock()).map_err(|e| e.to_string())?);
        if new {
            let (making, handle, kept) = (Arc::clone(&instance), tokio::runtime::Handle::current(), kept.clone());
            let (seed, patients) = (options.seed, options.patients);
            tokio::task::spawn_blocking(move || make(&making, &handle, seed, patients, &kept)).await.map_err(|e| e.to_string())??;
            fs::remove_file(&unfinished).map_err(|e| e.to_string())?;
        }
        let mut accounts: Value =
            fs::read(&kept).ok().and_then(|b| serde_json::from_slice(&b).ok()).ok_or_else(|| format!("{} cannot be read", kept.display()))?;
        follow_address(&instance, &mut accounts).await?;
        let target = dir.join("demo.json");
        let demo = demo_json(&bound, &url, &accounts);
        let say = {
            let (dir, url, demo) = (dir.to_owned(), url.clone(), demo.clone());
            move || {
                write_private(&target, &demo)?;
                greet(&dir, &url, &demo);
                Ok(())
            }
        };
        serve::serve(instance, bound, say).await.map_err(|e| e.to_string())
    });
    drop(lock);
    served.map(|()| 0)
}

const FILES: [&str; 7] = ["demo-accounts.json", "demo.json", "demo-accounts.next", "control.sock", "ehr.db-wal", "ehr.db-shm", "ehr.db"];
const FOLDERS: [&str; 3] = ["keys", "log", "jobs"];

/// Removes what a sample clinic has, and nothing else: where no mark says that it is one, anything of these names is somebody's.
fn clear(dir: &Path) -> Result<(), String> {
    let (kept, unfinished) = (dir.join("demo-accounts.json"), dir.join("demo.unfinished"));
    if !kept.exists() && !unfinished.exists() {
        return match FILES.iter().chain(&FOLDERS).find(|name| dir.join(name).exists()) {
            None => Ok(()),
            Some(name) => Err(format!("{} has a `{name}` that is no sample clinic's and is left alone; name another folder with --data", dir.display())),
        };
    }
    // Marked first, so that one who is stopped in the middle finds it so.
    fs::write(&unfinished, "").map_err(|e| format!("{}: {e}", unfinished.display()))?;
    for name in FILES {
        remove(fs::remove_file(dir.join(name)), name)?;
    }
    for name in FOLDERS {
        remove(fs::remove_dir_all(dir.join(name)), name)?;
    }
    Ok(())
}

fn remove(done: io::Result<()>, name: &str) -> Result<(), String> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(format!("{name}: {error}")),
        _ => Ok(()),
    }
}

/// Fills the record by the ordinary way of writing, then adds accounts and clients.
fn make(instance: &Instance, runtime: &tokio::runtime::Handle, seed: u64, patients: usize, kept: &Path) -> Result<(), String> {
    let day = jiff::Timestamp::from_millisecond(instance.gateway.now()).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
    let clinic = hearthgate_demo::clinic(seed, patients, (day.year(), day.month(), day.day()));
    eprintln!("making the sample clinic: {} resources", clinic.resources.len());
    let mut intake = Intake::new(instance, runtime);
    let check = |chunk: &[serde_json::Value], written: &[Written]| -> Result<(), String> {
        let Some((at, issues)) = written.iter().enumerate().find_map(|(at, w)| if let Written::Refused(issues) = w { Some((at, issues)) } else { None }) else {
            return Ok(());
        };
        Err(format!("the sample clinic's {}/{} was refused: {issues:?}", chunk[at]["resourceType"], chunk[at]["id"]))
    };
    let mut under_way: Option<&[serde_json::Value]> = None;
    for (number, chunk) in clinic.resources.chunks(500).enumerate() {
        let items = chunk
            .iter()
            .enumerate()
            .map(|(at, resource)| Item {
                resource: resource.clone(),
                dangling: Vec::new(),
                source: "sample clinic".to_owned(),
                line: (number * 500 + at) as u64 + 1,
            })
            .collect();
        intake.write(Batch { items, atomic: false, system: None }).map_err(|e| e.to_string())?;
        if let Some(before) = under_way.replace(chunk) {
            check(before, &intake.written().map_err(|e| e.to_string())?)?;
        }
    }
    if let Some(last) = under_way {
        check(last, &intake.written().map_err(|e| e.to_string())?)?;
    }
    drop(intake);
    let care = Unit {
        context: Context { at_ms: instance.gateway.now(), ..Context::default() },
        changes: clinic.care.iter().map(|(patient, doctor)| Change::add_care(patient, doctor)).collect(),
        audit: None,
    };
    runtime.block_on(instance.gateway.store.write(care)).map_err(|e| e.to_string())?;
    // Its notes are read before it is shown; what takes longer is read while it is.
    crate::extract::follow(instance, runtime, Duration::from_secs(5))?;
    let mut accounts = Vec::new();
    for account in &clinic.accounts {
        let new = NewUser { name: account.username.clone(), role: account.role.to_owned(), fhir_user: Some(account.fhir_user.clone()), password: None };
        let password = work::add_user(&new, instance, runtime)?;
        accounts.push(
            json!({ "role": account.role, "username": account.username, "password": password, "fhirUser": account.fhir_user, "patient": account.patient }),
        );
    }
    let clients = clients(instance, runtime)?;
    write_private(kept, &json!({ "accounts": accounts, "clients": clients, "mustSupportPatient": clinic.must_support_patient })).map_err(|e| e.to_string())
}

fn clients(instance: &Instance, runtime: &tokio::runtime::Handle) -> Result<Vec<Value>, String> {
    let launch = "launch launch/patient launch/encounter openid fhirUser offline_access online_access patient/*.cruds user/*.cruds";
    let sample = format!("{launch} patient/Basic.cruds?code={VISITS}");
    let mut out = Vec::new();
    for (id, kind, scope) in [
        (SAMPLE, "public", sample.as_str()),
        ("demo-confidential", "secret", launch),
        ("demo-asymmetric", "jwks", launch),
        ("demo-backend", "jwks", "system/*.cruds"),
    ] {
        let (private, public) = if kind == "jwks" {
            let (private, public) = client_jwk_pair().map_err(|e| e.to_string())?;
            (Some(private), Some(json!({ "keys": [public] }).to_string()))
        } else {
            (None, None)
        };
        let backend = id == "demo-backend";
        let mut redirect_uris: Vec<String> = if backend { vec![] } else { REDIRECTS.iter().map(|u| (*u).to_owned()).collect() };
        // The sample app that is served beside the portal.
        let sample = (id == SAMPLE).then(|| format!("{}/sandbox", instance.issuer));
        redirect_uris.extend(sample.clone());
        let new = NewClient {
            id: id.to_owned(),
            kind: kind.to_owned(),
            jwks: public,
            details: ClientDetails {
                redirect_uris: redirect_uris.clone(),
                launch_url: sample,
                scope: Some(scope.to_owned()),
                name: (id == SAMPLE).then(|| "Sample app".to_owned()),
                ..ClientDetails::default()
            },
            secret: None,
            profile: None,
            dpop: false,
            introspects: false,
        };
        let secret = work::add_client(&new, instance, runtime)?;
        let mut client = json!({ "client_id": id, "kind": kind, "scope": scope });
        if !backend {
            client["redirect_uris"] = redirect_uris.into();
        }
        if let Some(url) = new.details.launch_url {
            client["launch_url"] = url.into();
        }
        if let Some(secret) = secret {
            client["client_secret"] = secret.into();
        }
        if let Some(private) = private {
            client["private_jwk"] = private;
        }
        out.push(client);
    }
    Ok(out)
}

/// The sample app is where the server is, which may be at another address than when the clinic was made.
async fn follow_address(instance: &Instance, accounts: &mut Value) -> Result<(), String> {
    let here = format!("{}/sandbox", instance.issuer);
    let store = &instance.gateway.store;
    if let Some(mut client) = store.client(SAMPLE).map_err(|e| e.to_string())?.filter(|client| client.launch_url.as_ref() != Some(&here))
        && let Some(before) = client.launch_url.replace(here.clone())
    {
        client.redirect_uris.iter_mut().filter(|uri| **uri == before).for_each(|uri| uri.clone_from(&here));
        let unit = Unit { context: Context { at_ms: instance.gateway.now(), ..Context::default() }, changes: vec![client.replace()], audit: None };
        store.write(unit).await.map_err(|e| e.to_string())?;
    }
    let Some(told) = accounts["clients"].as_array_mut().and_then(|clients| clients.iter_mut().find(|client| client["client_id"] == SAMPLE)) else {
        return Ok(());
    };
    let before = told["launch_url"].take();
    told["redirect_uris"].as_array_mut().into_iter().flatten().filter(|uri| **uri == before).for_each(|uri| *uri = here.clone().into());
    told["launch_url"] = here.into();
    Ok(())
}

fn demo_json(bound: &Bound, url: &str, accounts: &Value) -> Value {
    json!({
        "fhir_base": format!("{url}/fhir"),
        "issuer": url,
        "portal": format!("{url}/"),
        "metrics": format!("http://{}/metrics", bound.metrics_address),
        "accounts": accounts["accounts"],
        "clients": accounts["clients"],
    })
}

/// Whole or not at all, and for the owner's eyes only.
fn write_private(path: &Path, value: &Value) -> io::Result<()> {
    let next = path.with_extension("next");
    remove(fs::remove_file(&next), "demo").map_err(io::Error::other)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
    file.write_all(serde_json::to_string_pretty(value)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(next, path)
}

/// The program that runs, as this folder's shell starts it: the printed commands work where nothing was installed.
fn program() -> String {
    let (Ok(program), Ok(here)) = (env::current_exe(), env::current_dir()) else { return "hearthgate".to_owned() };
    let shown = program.strip_prefix(&here).unwrap_or(&program).display().to_string();
    if shown.contains('/') { shown } else { format!("./{shown}") }
}

fn greet(dir: &Path, url: &str, demo: &Value) {
    let of = |role: &str| demo["accounts"].as_array().into_iter().flatten().find(|a| a["role"] == role).cloned().unwrap_or_default();
    let (doctor, patient) = (of("doctor"), of("patient"));
    let (doctor, patient_name, patient_id) =
        (doctor["username"].as_str().unwrap_or_default(), patient["username"].as_str().unwrap_or_default(), patient["patient"].as_str().unwrap_or_default());
    let (data, program) = (dir.display(), program());
    say!(
        "
The sample clinic is ready.

  FHIR base      {url}/fhir
  what it can do {url}/fhir/metadata
  apps           {url}/launcher (as a doctor or a patient)
  metrics        {}
  accounts, keys and clients are in {data}/demo.json

Try first, in another terminal:

  # a doctor's token, and her patients
  TOKEN=$({program} token --data {data} --client demo-public --user {doctor} --scope 'user/*.cruds' | tail -n 1)
  curl -H \"Authorization: Bearer $TOKEN\" '{url}/fhir/Patient?_count=5'

  # a patient's own prescriptions, with who prescribed them
  TOKEN=$({program} token --data {data} --client demo-public --user {patient_name} --scope 'patient/*.rs' | tail -n 1)
  curl -H \"Authorization: Bearer $TOKEN\" '{url}/fhir/MedicationRequest?patient={patient_id}&_include=MedicationRequest:requester'

  # a change typed into the database is a new version
  sqlite3 {data}/ehr.db \"UPDATE patients SET gender = 'other' WHERE public_id = '{patient_id}'\"
  curl -H \"Authorization: Bearer $TOKEN\" '{url}/fhir/Patient/{patient_id}/_history'

Stop with Ctrl-C; start again with the same command.",
        demo["metrics"].as_str().unwrap_or_default()
    );
}
