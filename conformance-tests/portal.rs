//! The portal over HTTP: who sees which page, that no page shows more than the API, that what is shown is audited, and that forms
//! obey nobody else.

use crate::harness::{Answer, Scratch, Server};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

pub(crate) fn clinic() -> &'static Server {
    static CLINIC: OnceLock<Server> = OnceLock::new();
    CLINIC.get_or_init(|| Server::demo("portal"))
}

fn demo(server: &Server) -> Value {
    serde_json::from_slice(&std::fs::read(server.dir.join("demo.json")).unwrap()).unwrap()
}

pub(crate) fn account(server: &Server, role: &str, number: usize) -> Value {
    demo(server)["accounts"].as_array().unwrap().iter().filter(|account| account["role"] == role).nth(number).unwrap().clone()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// A browser's tab.
pub(crate) struct Tab<'s> {
    server: &'s Server,
    origin: String,
    cookies: BTreeMap<String, String>,
}

impl<'s> Tab<'s> {
    fn new(server: &'s Server) -> Self {
        Self { server, origin: server.base.strip_suffix("/fhir").unwrap().to_owned(), cookies: BTreeMap::new() }
    }

    pub(crate) fn signed_in(server: &'s Server, account: &Value) -> Self {
        let mut tab = Self::new(server);
        let page = tab.get("/sign-in");
        let form = [("username", text(account, "username")), ("password", text(account, "password"))];
        tab.send(&page, "/auth/sign-in", &form).expect(303);
        tab
    }

    fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        let cookie = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut all = vec![("cookie", cookie.as_str()), ("accept", "text/html")];
        all.extend(headers);
        if body.is_some() {
            all.push(("content-type", "application/x-www-form-urlencoded"));
        }
        let answer = self.server.ask(method, &format!("{}{path}", self.origin), None, &all, body.map(str::as_bytes));
        if let Some(cookie) = answer.header("set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[], None)
    }

    /// Posts a body to a path.
    pub(crate) fn post(&mut self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[], Some(body))
    }

    /// Posts the first form of a page to a path, its hidden fields and these.
    pub(crate) fn send(&mut self, page: &Answer, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form(page, path, fields);
        self.ask("POST", path, &[], Some(&body))
    }
}

pub(crate) fn html(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.clone()).unwrap()
}

/// The hidden fields of a page's first form to a path, and these.
pub(crate) fn form(page: &Answer, path: &str, fields: &[(&str, &str)]) -> String {
    let html = html(page);
    let form = html
        .split("<form method=\"post\"")
        .skip(1)
        .find(|form| form.starts_with(&format!(" action=\"{path}\"")))
        .unwrap_or_else(|| panic!("no form to {path}: {html}"));
    let form = form.split("</form>").next().unwrap();
    let attribute = |input: &str, name: &str| input.split(&format!("{name}=\"")).nth(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    let hidden = form.split("<input type=\"hidden\"").skip(1).map(|input| (attribute(input, "name").unwrap(), attribute(input, "value").unwrap_or_default()));
    let mut pairs: Vec<(String, String)> = hidden.filter(|(name, _)| !fields.iter().any(|(own, _)| own == name)).collect();
    pairs.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

fn encode(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

const PAGES: [(&str, &[&str]); 8] = [
    ("/doctor", &["doctor"]),
    ("/patient", &["patient"]),
    ("/apps", &["patient", "doctor", "admin"]),
    ("/account", &["patient", "doctor", "admin"]),
    ("/admin/clients", &["admin"]),
    ("/admin/register", &["admin"]),
    ("/admin/users", &["admin"]),
    ("/admin/grants", &["admin"]),
];

#[test]
fn each_role_has_its_own_pages_and_no_others() {
    let server = clinic();
    for role in ["patient", "doctor", "admin"] {
        let mut tab = Tab::signed_in(server, &account(server, role, 0));
        let start = tab.get("/").expect(303).header("location").unwrap().to_owned();
        tab.get(&start).expect(200);
        for (path, roles) in PAGES {
            tab.get(path).expect(if roles.contains(&role) { 200 } else { 403 });
        }
    }
    let mut nobody = Tab::new(server);
    for (path, _) in PAGES {
        let answer = nobody.get(path).expect(303);
        assert_eq!(answer.header("location"), Some(format!("/sign-in?next={}", encode(path).replace("%2D", "-")).as_str()));
    }
}

/// Seen to fail with a page answered without `shield::headers`.
#[test]
fn abuse_b28_no_html_answer_can_be_framed_or_runs_what_it_did_not_bring() {
    let server = clinic();
    let mut tabs = vec![Tab::new(server)];
    tabs.extend(["patient", "doctor", "admin"].map(|role| Tab::signed_in(server, &account(server, role, 0))));
    let mut seen = 0;
    for tab in &mut tabs {
        let paths = [
            "/sign-in",
            "/sandbox",
            "/nothing-is-here",
            "/auth/authorize",
            "/auth/authorize?client_id=x",
            "/sign-out",
            "/doctor/patients/nobody",
            "/admin/clients/nobody",
        ];
        for path in PAGES.iter().map(|(path, _)| *path).chain(paths) {
            let answer = tab.get(path);
            assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
            let policy = answer.header("content-security-policy").unwrap_or_default();
            assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http://www"), "{path}: {policy}");
            if answer.status != 303 {
                assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
                assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen} pages");
}

/// Seen to fail with the chart read by an internal caller instead of the doctor.
#[test]
fn a_chart_outside_ones_care_is_absent_like_one_that_never_existed() {
    let server = clinic();
    let mut tab = Tab::signed_in(server, &account(server, "doctor", 0));
    let token = server.user_token(text(&account(server, "doctor", 0), "username"), "user/*.rs", None);
    let own = server.get("Patient?_count=100&_elements=id", &token).expect(200).ids();
    let all = server.get("Patient?_count=200&_elements=id", &server.system_token("system/*.rs")).expect(200).ids();
    let stranger = all.iter().find(|id| !own.contains(id)).expect("a patient of somebody else");
    let page = html(&tab.get(&format!("/doctor/patients/{}", own[0])).expect(200));
    assert!(page.contains("Prescriptions"), "{page}");
    let absent = tab.get("/doctor/patients/nobody-of-this-id").expect(404);
    let hidden = tab.get(&format!("/doctor/patients/{stranger}")).expect(404);
    assert_eq!(html(&absent), html(&hidden));
    let list = html(&tab.get("/doctor").expect(200));
    assert!(!list.contains(stranger.as_str()));
}

#[test]
fn what_a_page_shows_of_a_patient_is_in_the_audit_under_the_doctors_name() {
    let server = clinic();
    let doctor = account(server, "doctor", 0);
    let mut tab = Tab::signed_in(server, &doctor);
    let token = server.user_token(text(&doctor, "username"), "user/*.rs", None);
    let patient = server.get("Patient?_count=1&_elements=id", &token).expect(200).ids()[0].clone();
    tab.get(&format!("/doctor/patients/{patient}")).expect(200);
    let log = std::fs::read_dir(server.dir.join("log/audit"))
        .unwrap()
        .flatten()
        .map(|entry| std::fs::read(entry.path()).unwrap_or_default())
        .collect::<Vec<_>>()
        .concat();
    let log = String::from_utf8_lossy(&log);
    let own = |line: &&str| line.contains("hearthgate-portal") && line.contains(text(&doctor, "username")) && line.contains(patient.as_str());
    for (action, kind) in [("read", "Patient"), ("search-type", "MedicationRequest"), ("search-type", "DocumentReference")] {
        let found = log.lines().filter(own).any(|line| line.contains(&format!("\"{action}\"")) && line.contains(&format!("\"{kind}\"")));
        assert!(found, "{action} {kind} is not in the audit");
    }
}

/// Seen to fail with the check of the token left out of `Visit::posted`.
#[test]
fn abuse_b26_a_form_without_its_own_token_changes_nothing() {
    let server = clinic();
    let mut tab = Tab::signed_in(server, &account(server, "admin", 0));
    let victim = account(server, "patient", 1);
    let path = format!("/admin/users/{}", encode(text(&victim, "username")));
    let page = tab.get(&path).expect(200);
    let fields = [("do", "disable")];
    let good = form(&page, &path, &fields);
    let bare = "do=disable";
    let foreign = {
        let mut other = Tab::signed_in(server, &account(server, "admin", 0));
        let page = other.get(&path).expect(200);
        form(&page, &path, &fields)
    };
    let other_page = {
        let page = tab.get("/admin/register").expect(200);
        form(&page, "/admin/register", &fields)
    };
    for body in [bare, &foreign, &other_page, &format!("{good}&do=disable")] {
        tab.ask("POST", &path, &[], Some(body)).expect(403);
    }
    for (name, value) in [("origin", "null"), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")] {
        tab.ask("POST", &path, &[(name, value)], Some(&good)).expect(403);
    }
    Tab::signed_in(server, &victim).get("/patient").expect(200);
}

/// Seen to fail with `|safe` on the name in `chart.html`.
#[test]
fn abuse_b24_what_stands_in_the_record_or_the_address_never_becomes_markup() {
    let server = Server::demo("markup");
    let doctor = account(&server, "doctor", 0);
    let token = server.user_token(text(&doctor, "username"), "user/*.cruds", None);
    let mut patient = server.get("Patient?_count=1", &token).expect(200).entries("match")[0].clone();
    patient["name"] = serde_json::json!([{ "use": "usual", "family": "<script>alert(1)</script>", "given": ["\"><img src=x onerror=alert(1)>"] }]);
    let id = patient["id"].as_str().unwrap().to_owned();
    server.send("PUT", &format!("Patient/{id}"), &token, &patient).expect(200);
    let mut tab = Tab::signed_in(&server, &doctor);
    let hostile = encode("\"><script>alert(1)</script>");
    for path in [
        "/doctor".to_owned(),
        format!("/doctor/patients/{id}"),
        format!("/doctor?name={hostile}"),
        format!("/sign-in?next={hostile}"),
        format!("/language?to={hostile}&next={hostile}"),
        format!("/auth/authorize?client_id={hostile}"),
    ] {
        let page = html(&tab.get(&path));
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{path}: {page}");
    }
    assert!(html(&tab.get(&format!("/doctor/patients/{id}"))).contains("&#60;script&#62;"));
}

#[test]
fn an_administrator_registers_switches_off_and_gives_a_client_a_new_secret() {
    let server = clinic();
    let mut tab = Tab::signed_in(server, &account(server, "admin", 0));
    let page = tab.get("/admin/register").expect(200);
    let wrong = [("id", "x/y"), ("name", "X"), ("kind", "secret"), ("redirect_uris", "http://evil.example/cb"), ("scope", "patient/*.rs")];
    assert!(html(&tab.send(&page, "/admin/register", &wrong).expect(200)).contains("role=\"alert\""));
    let right =
        [("id", "x/y"), ("name", "The X app"), ("kind", "secret"), ("redirect_uris", "https://x.example/cb\r\nhttps://x.example/2"), ("scope", "patient/*.rs")];
    let once = html(&tab.send(&page, "/admin/register", &right).expect(200));
    assert!(once.contains("shown again"), "{once}");
    assert!(html(&tab.get("/admin/clients")).contains("The X app"));
    let page = tab.get("/admin/clients/x%2Fy").expect(200);
    assert!(html(&page).contains("https://x.example/2") && html(&page).contains("See this patient&#39;s whole health record"));
    let action = "/admin/clients/x%2Fy";
    tab.send(&page, action, &[("do", "disable")]).expect(303);
    assert!(server.run(&["clients", "show", "x/y"]).contains("disabled"));
    tab.send(&page, action, &[("do", "enable")]).expect(303);
    let again = html(&tab.send(&page, action, &[("do", "rotate-secret")]).expect(200));
    let secret = |page: &str| page.rsplit("<code>").next().unwrap().split('<').next().unwrap().to_owned();
    assert_ne!(secret(&once), secret(&again));
    tab.send(&page, action, &[("do", "approve-all")]).expect(404);
    // All that is registered but id, kind and keys; what is left empty is taken away.
    let page = tab.get(action).expect(200);
    let set = |more: &[(&'static str, &'static str)]| {
        let mut fields =
            vec![("do", "set"), ("name", "The Y app"), ("scope", "patient/Patient.rs"), ("redirect_uris", "https://y.example/cb"), ("id_token_alg", "ES256")];
        fields.extend(more);
        fields
    };
    let wrong = html(&tab.send(&page, action, &set(&[("post_logout_redirect_uris", "http://evil.example/")])).expect(200));
    assert!(wrong.contains("role=\"alert\"") && wrong.contains("http://evil.example/"), "{wrong}");
    let after = [("post_logout_redirect_uris", "https://y.example/out"), ("client_uri", "https://y.example/"), ("launch_url", "https://y.example/launch")];
    tab.send(&page, action, &set(&after)).expect(303);
    let shown = server.run(&["clients", "show", "x/y"]);
    for wanted in ["The Y app", "patient/Patient.rs\n", "https://y.example/cb\n", "https://y.example/out", "https://y.example/launch", "ES256"] {
        assert!(shown.contains(wanted), "{shown}");
    }
    assert!(html(&tab.send(&page, action, &set(&[])).expect(200)).contains("role=\"alert\""), "what was shown is no longer what is there");
    let page = tab.get(action).expect(200);
    tab.send(&page, action, &set(&[])).expect(303);
    let shown = server.run(&["clients", "show", "x/y"]);
    assert!(!shown.contains("https://y.example/out") && !shown.contains("https://y.example/launch"), "{shown}");
    assert!(server.shell("SELECT event FROM gw_audit WHERE event LIKE '%client-set%'").contains("x/y"));
}

/// Seen to fail with the sessions left open, and with the totp row left.
#[test]
fn an_administrator_helps_who_lost_the_password_or_the_second_factor() {
    let server = Server::demo("lost");
    let (admin, victim) = (account(&server, "admin", 0), account(&server, "doctor", 1));
    let name = text(&victim, "username");
    let path = format!("/admin/users/{}", encode(name));
    let mut tab = Tab::signed_in(&server, &admin);
    let listed = html(&tab.get(&format!("/admin/users?q={}", encode(&name[1..4]))).expect(200));
    assert!(listed.contains(name) && !listed.contains(text(&account(&server, "patient", 0), "username")), "{listed}");
    let page = tab.get(&path).expect(200);
    assert!(!html(&page).contains("reset-second-factor"));

    let mut theirs = Tab::signed_in(&server, &victim);
    theirs.get("/doctor").expect(200);
    let once = html(&tab.send(&page, &path, &[("do", "password")]).expect(200));
    let password = once.rsplit("<code>").next().unwrap().split('<').next().unwrap().to_owned();
    theirs.get("/doctor").expect(303);
    let victim = serde_json::json!({ "username": name, "password": password });
    let mut theirs = Tab::signed_in(&server, &victim);
    theirs.get("/doctor").expect(200);

    // A second factor that was set up, as the table has it.
    for by_command in [false, true] {
        server.shell(&format!(
            "INSERT INTO gw_totp (user_id, secret, created_at, confirmed_at, last_step) SELECT id, '{0}', 1, 1, 0 FROM users WHERE username = '{name}';
             INSERT INTO gw_recovery_codes (user_id, hash) SELECT id, '{0}' FROM users WHERE username = '{name}'",
            "h".repeat(43)
        ));
        let mut half = Tab::signed_in(&server, &victim);
        half.get("/doctor").expect(303);
        theirs.get("/doctor").expect(200);
        if by_command {
            server.run(&["users", "reset-second-factor", name]);
        } else {
            let page = tab.get(&path).expect(200);
            tab.send(&page, &path, &[("do", "reset-second-factor")]).expect(303);
        }
        theirs.get("/doctor").expect(303);
        theirs = Tab::signed_in(&server, &victim);
        theirs.get("/doctor").expect(200);
        assert_eq!(server.shell("SELECT (SELECT count(*) FROM gw_totp) + (SELECT count(*) FROM gw_recovery_codes)").trim(), "0");
    }
    let audit = server.shell("SELECT event FROM gw_audit");
    assert!(audit.matches("user-second-factor-reset").count() == 2 && audit.contains("user-password"), "{audit}");
    // Nobody does it to the own account by a slip, and nobody else does it at all.
    let own = format!("/admin/users/{}", encode(text(&admin, "username")));
    let page = tab.get("/admin/users").expect(200);
    tab.ask("POST", &own, &[], Some(&form(&page, "/admin/users", &[("do", "disable")]))).expect(403);
    theirs.get(&path).expect(403);
}

#[test]
fn a_second_factor_is_set_up_asked_for_and_turned_off() {
    const NOW_S: u64 = 1_795_000_000;
    let scratch = Scratch::new("factor");
    let server = Server::start_with("demo", scratch.path().to_owned(), Some(scratch), |program| {
        program.env("HEARTHGATE_TEST_CLOCK", format!("{NOW_S}000"));
    });
    let doctor = account(&server, "doctor", 1);
    let mut tab = Tab::signed_in(&server, &doctor);
    let page = tab.get("/account").expect(200);
    tab.send(&page, "/account", &[("do", "totp-start")]).expect(303);
    let page = tab.get("/account").expect(200);
    let shown = html(&page);
    assert!(shown.contains("<svg class=\"qr\""));
    let key = shown.split("<dd><code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(key.len(), 32);
    assert!(html(&tab.send(&page, "/account", &[("do", "totp-confirm"), ("code", "000000x")]).expect(200)).contains("role=\"alert\""));
    let code = hearthgate_auth::one_time_password(&base32(&key), NOW_S / 30);
    let on = html(&tab.send(&page, "/account", &[("do", "totp-confirm"), ("code", &code)]).expect(200));
    let recovery: Vec<_> = on.split("<li><code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect();
    assert_eq!(recovery.len(), 8);
    assert!(!html(&tab.get("/account")).contains(recovery[0].as_str()), "shown once");

    let mut tab = Tab::signed_in(&server, &doctor);
    assert_eq!(tab.get("/doctor").status, 303, "the password alone opens nothing");
    let page = tab.get("/sign-in").expect(200);
    tab.send(&page, "/auth/second-factor", &[("code", &recovery[0])]).expect(303);
    let page = tab.get("/account").expect(200);
    assert!(
        html(&tab.send(&page, "/account", &[("do", "totp-off"), ("code", &recovery[0])]).expect(200)).contains("role=\"alert\""),
        "a recovery code works once"
    );
    tab.send(&page, "/account", &[("do", "totp-off"), ("code", &recovery[1])]).expect(303);
    Tab::signed_in(&server, &doctor).get("/doctor").expect(200);
}

fn base32(text: &str) -> Vec<u8> {
    let bits: String = text.bytes().map(|b| format!("{:05b}", if b.is_ascii_uppercase() { b - b'A' } else { b - b'2' + 26 })).collect();
    (0..bits.len() / 8).map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap()).collect()
}

#[test]
fn a_person_chooses_the_language_of_the_pages() {
    let server = clinic();
    let mut tab = Tab::signed_in(server, &account(server, "patient", 1));
    assert!(html(&tab.get("/patient").expect(200)).contains("<html lang=\"en\">"));
    let answer = tab.get("/language?to=hi&next=%2Fapps").expect(303);
    assert_eq!(answer.header("location"), Some("/apps"));
    assert!(html(&tab.get("/apps").expect(200)).contains("<html lang=\"hi\">"));
    assert_eq!(tab.get("/language?to=en&next=https%3A%2F%2Fevil.example").expect(303).header("location"), Some("/"));
}
