//! `cargo bench --bench authorization`: what knowing a token costs, and what a storm of sign-ins, a flood at the token endpoint and a
//! rotation of keys do to everybody else. See docs/benchmarks.md.
//!
//! The cost of a token is taken inside this process; everything else knows the command and the HTTP interface alone.

#[expect(dead_code, reason = "shared with the gateway's benchmark")]
#[path = "../gateway/load.rs"]
mod load;
#[path = "../gateway/machine.rs"]
mod machine;
#[expect(dead_code, reason = "shared with the gateway's benchmark")]
#[path = "../gateway/process.rs"]
mod process;
#[expect(dead_code, reason = "shared with the gateway's benchmark")]
#[path = "../gateway/server.rs"]
mod server;
mod storm;
mod token;

use load::{Effort, Outcome, Requests};
use serde_json::json;
use server::Server;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, thread};

const EFFORT: Effort = Effort { connections: 8, warm_up: Duration::from_secs(1), time: Duration::from_secs(6) };

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = std::env::temp_dir().join(format!("hearthgate-authorization-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let measured = all(&scratch);
    fs::remove_dir_all(&scratch)?;
    measured
}

fn all(scratch: &Path) -> Result<(), Box<dyn Error>> {
    println!("{}\n", machine::describe(scratch)?);
    let data = scratch.join("clinic");
    token::measure(&data)?;

    let said = server::command(&data, &["users", "add", "--name", "root", "--role", "admin", "--fhir-user", "Person/root"])?;
    let password = said.split_whitespace().last().ok_or("no password")?.to_owned();
    let secret = |id: &str| -> Result<String, Box<dyn Error>> {
        let said = server::command(&data, &["clients", "add", "--id", id, "--kind", "secret", "--scope", "system/*.rs"])?;
        Ok(said.split_whitespace().last().ok_or("no secret")?.to_owned())
    };
    let (flooder, calm) = (secret("flooder")?, secret("calm")?);
    let server = Server::start(&data)?;
    let root = format!("http://{}", server.address);
    let system = server::token(&data, &["--client", "backend", "--scope", "system/*.cruds"])?;
    let patient = json!({ "resourceType": "Patient", "name": [{ "family": "Known" }], "gender": "female", "birthDate": "1980-01-01" });
    let made = ureq::post(format!("{root}/fhir/Patient"))
        .header("authorization", format!("Bearer {system}"))
        .content_type("application/fhir+json")
        .send(patient.to_string())?;
    let location = made.headers().get("location").and_then(|at| at.to_str().ok()).ok_or("no location")?;
    let path = format!("/fhir/Patient/{}", location.split('/').nth(5).ok_or("no id")?);
    let reads = Arc::new(Requests::get([path], &system));
    server.settle();

    println!("reads, {} connections, nothing beside: {}", EFFORT.connections, shown(&load::run(server.address, &reads, EFFORT)));
    let storm = thread::spawn({
        let (root, password) = (root.clone(), password.clone());
        move || storm::sign_ins(&root, "root", &password, 200, EFFORT.warm_up + EFFORT.time)
    });
    let beside = load::run(server.address, &reads, EFFORT);
    let (done, failed) = storm.join().map_err(|_| "a sign-in broke")?;
    println!("reads, {} connections, 200 sign-ins at a time beside ({done} done, {failed} failed): {}", EFFORT.connections, shown(&beside));

    let quiet = storm::paced(&root, "calm", &calm, EFFORT.time);
    println!("\ntokens for a calm client, 50 a second, nothing beside: p50 {:.1?}, p99 {:.1?}, {} refused", quiet.p50, quiet.p99, quiet.refused);
    let flood = thread::spawn({
        let address = server.address;
        move || load::run(address, &Arc::new(storm::flood("flooder", &flooder)), Effort { connections: 32, ..EFFORT })
    });
    thread::sleep(EFFORT.warm_up);
    let beside = storm::paced(&root, "calm", &calm, EFFORT.time);
    let flood = flood.join().map_err(|_| "the flood broke")?;
    let answered = (flood.failed as f64 + flood.per_second * EFFORT.time.as_secs_f64()) / EFFORT.time.as_secs_f64();
    println!(
        "beside a flood from another client ({answered:.0} requests a second, {:.0} of them given a token): p50 {:.1?}, p99 {:.1?}, {} refused",
        flood.per_second, beside.p50, beside.p99, beside.refused
    );

    let rotation = thread::spawn({
        let data = data.clone();
        move || (0..3).try_for_each(|_| server::command(&data, &["keys", "rotate", "--after", "0"]).map(drop).map_err(|error| error.to_string()))
    });
    let beside = load::run(server.address, &reads, EFFORT);
    rotation.join().map_err(|_| "a rotation broke")??;
    println!("\nreads while the signing keys are rotated three times: {}", shown(&beside));
    server.stop()
}

fn shown(outcome: &Outcome) -> String {
    let failed = outcome.failure.as_ref().map_or_else(String::new, |first| format!(", {} failed: {first}", outcome.failed));
    format!("{:.0}/s, p50 {:.1?}, p99 {:.1?}{failed}", outcome.per_second, outcome.p50, outcome.p99)
}
