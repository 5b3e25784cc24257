//! Slow clients, stops at a bad moment, and what a patient's name may stand in: tried on servers of these tests' own.

use crate::harness::{Scratch, Server, program, until};
use serde_json::{Value, json};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Whether the server closes a connection on which this is all that comes.
fn is_closed_after(server: &Server, sent: &[u8]) -> bool {
    let address = server.base.trim_start_matches("http://").trim_end_matches("/fhir").to_owned();
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a timeout");
    stream.write_all(sent).expect("a write");
    !stream.read_to_end(&mut Vec::new()).is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn abuse_d07_who_does_not_say_what_it_wants_is_let_go() {
    let server = Server::empty("slow");
    std::thread::scope(|scope| {
        for sent in [&b""[..], b"P", b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n", b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"] {
            let server = &server;
            scope.spawn(move || assert!(is_closed_after(server, sent), "{}", String::from_utf8_lossy(sent)));
        }
        server.ask("GET", "metadata", None, &[], None).expect(200);
    });
}

fn demo(dir: &Scratch) -> std::process::Child {
    program()
        .args(["demo", "--listen", "127.0.0.1:0", "--patients", "3", "--data"])
        .arg(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

/// Killed while it is made, made anew by the same command; told to stop, closed so that the next start has nothing to check.
#[test]
fn abuse_g13_a_sample_clinic_bears_a_kill_and_a_stop() {
    let dir = Scratch::new("stops");
    let mut killed = demo(&dir);
    until("the file", || dir.path().join("ehr.db").exists().then_some(()));
    killed.kill().and_then(|()| killed.wait()).expect("a kill");
    assert!(!dir.path().join("demo.json").exists());
    let mut server = demo(&dir);
    until("a half-made sample clinic is made anew", || dir.path().join("demo.json").exists().then_some(()));
    let said: Value = serde_json::from_slice(&fs::read(dir.path().join("demo.json")).expect("demo.json")).expect("JSON");
    let address = said["issuer"].as_str().expect("an issuer").trim_start_matches("http://").to_owned();
    let _idle = TcpStream::connect(address).expect("a connection");
    for file in ["ehr.db", "ehr.db-wal", "ehr.db-shm", "lock", "demo.json", "demo-accounts.json", "control.sock"] {
        let mode = fs::metadata(dir.path().join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
    assert!(Command::new("kill").arg(server.id().to_string()).status().expect("kill").success());
    let ended = until("its end", || server.try_wait().expect("a child"));
    assert!(ended.success());
    let left = Command::new("sqlite3").arg(dir.path().join("ehr.db")).arg("SELECT count(*) FROM gw_meta WHERE key = 'running'").output().expect("sqlite3");
    assert_eq!(String::from_utf8_lossy(&left.stdout).trim(), "0", "a clean stop");
}

#[test]
fn fresh_leaves_alone_what_is_no_sample_clinics() {
    let dir = Scratch::new("fresh");
    fs::create_dir(dir.path().join("log")).and_then(|()| fs::write(dir.path().join("log").join("mine"), "x")).expect("a file");
    let refused = program().args(["demo", "--fresh", "--listen", "127.0.0.1:0", "--data"]).arg(dir.path()).output().expect("the program runs");
    assert_eq!(refused.status.code(), Some(1));
    assert!(dir.path().join("log").join("mine").exists());
}

#[test]
fn abuse_g06_an_address_of_the_command_line_is_judged_like_one_of_the_configuration() {
    let dir = Scratch::new("public");
    let refused = program().args(["serve", "--listen", "0.0.0.0:0", "--data"]).arg(dir.path()).output().expect("the program runs");
    assert_eq!(refused.status.code(), Some(1));
    for later in ["attach", "backup", "restore", "verify"] {
        let output = program().args([later, "--whatever", "x"]).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(1), "{later}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("not built yet"), "{later}");
    }
    for built in ["grants", "keys"] {
        let output = program().args([built, "--whatever", "x"]).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "{built}: wrong usage");
    }
}

/// Commands wait for one another; what is refused is audited like what is done, and no query stands in the clear.
#[test]
fn commands_and_refusals_are_audited() {
    let server = Server::empty("audited");
    let dir = server.dir.clone();
    let token = server.system_token("system/*.cruds");
    server.ask("GET", "Patient?name=Zyzzyva", Some("x.y.z"), &[], None).expect(401);
    server.ask("POST", "Patient/_search", Some(&token), &[("content-type", "application/x-www-form-urlencoded")], Some(b"name=Zyzzyva")).expect(200);
    server
        .ask(
            "POST",
            "Patient?name=Zyzzyva",
            Some(&token),
            &[("content-type", "application/json")],
            Some(br#"{"resourceType":"Patient","name":[{"family":"Q"}],"gender":"other"}"#),
        )
        .expect(201);
    let batch = json!({ "resourceType": "Bundle", "type": "batch", "entry": [{ "request": { "method": "GET", "url": "Nonsense/1" } }] });
    server.send("POST", "", &token, &batch).expect(200);
    assert!(!server.try_run(&["clients", "add", "--id", "backend", "--kind", "public"]).status.success());
    assert!(!server.try_run(&["token", "--client", "nobody", "--scope", "system/*.rs"]).status.success());
    let events = || {
        let files = fs::read_dir(dir.join("log").join("audit")).expect("the audit").flatten();
        files.filter_map(|file| fs::read_to_string(file.path()).ok()).collect::<String>() + &server.shell("SELECT event FROM gw_audit")
    };
    let text = events();
    for (action, outcome) in [("search-type", 401), ("search-type", 200), ("unknown", 404), ("create", 201), ("client-add", 422), ("token", 403)] {
        let known = text.lines().any(|line| line.contains(&format!("\"action\":\"{action}\"")) && line.contains(&format!("\"outcome\":{outcome}")));
        assert!(known, "{action} {outcome}: {text}");
    }
    // `name=Zyzzyva` in base64, at each of its three places in a group.
    for clear in ["Zyzzyva", "Wnl6enl2Y", "p5enp5dm", "aeXp6eXZh"] {
        assert!(!text.contains(clear), "{clear}");
    }
}

/// A shared resource is shown to all, and not the patient whom it names.
#[test]
fn abuse_c33_a_resource_of_the_directory_does_not_tell_of_a_hidden_patient() {
    let server = Server::demo("directory");
    let system = server.system_token("system/*.cruds");
    let doctor = server.user_token("dr.marchetti", "user/*.cruds", None);
    let hidden =
        server.send("POST", "Patient", &system, &json!({ "resourceType": "Patient", "name": [{ "family": "Hidden" }], "gender": "other" })).expect(201).json()
            ["id"]
            .as_str()
            .expect("an id")
            .to_owned();
    let location = json!({ "resourceType": "Location", "name": "A room", "extension": [{ "url": "http://example.org/kept-for", "valueReference": { "reference": format!("Patient/{hidden}"), "display": "Hidden" } }] });
    let path = format!("Location/{}", server.send("POST", "Location", &system, &location).expect(201).json()["id"].as_str().expect("an id"));
    assert!(String::from_utf8_lossy(&server.get(&path, &system).expect(200).bytes).contains(&hidden));
    for query in ["", "/_history", "/_history/1"] {
        let text = String::from_utf8_lossy(&server.get(&format!("{path}{query}"), &doctor).expect(200).bytes).into_owned();
        assert!(!text.contains(&hidden) && !text.contains("Hidden") && text.contains("masked"), "{text}");
    }
}
