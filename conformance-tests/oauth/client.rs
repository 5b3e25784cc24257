//! A small browser and a small client: forms as they stand on the page, cookies, PKCE.

use super::{Clinic, SCOPE};
use crate::harness::{Answer, Server};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// PKCE's verifier of every request here; RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A registered app.
#[derive(Clone, Debug)]
pub struct App {
    pub id: String,
    pub secret: Option<String>,
    pub redirect: String,
}

impl App {
    /// Registers one at the command line.
    pub fn register(server: &Server, id: &str, kind: &str) -> Self {
        let redirect = format!("https://{id}.example/cb");
        let launch = format!("https://{id}.example/launch");
        let said = server.run(&[
            "clients",
            "add",
            "--id",
            id,
            "--kind",
            kind,
            "--redirect-uri",
            &redirect,
            "--redirect-uri",
            "http://127.0.0.1:4711/cb",
            "--launch-url",
            &launch,
            "--scope",
            SCOPE,
        ]);
        let secret = (kind == "secret").then(|| said.trim().rsplit(' ').next().expect("a secret").to_owned());
        Self { id: id.to_owned(), secret, redirect }
    }

    /// The parameters of an ordinary request for authorization.
    pub fn request(&self, clinic: &Clinic, scope: &str) -> Vec<(&'static str, String)> {
        vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.id.clone()),
            ("redirect_uri", self.redirect.clone()),
            ("scope", scope.to_owned()),
            ("state", "st&te=1".to_owned()),
            ("aud", clinic.server.base.clone()),
            ("code_challenge", challenge(VERIFIER)),
            ("code_challenge_method", "S256".to_owned()),
        ]
    }

    /// A request to an endpoint that clients authenticate at.
    pub fn post(&self, clinic: &Clinic, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut form = form.to_vec();
        let basic = self.secret.as_ref().map(|secret| format!("Basic {}", STANDARD.encode(format!("{}:{secret}", self.id))));
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        match &basic {
            Some(basic) => headers.push(("authorization", basic)),
            None => form.push(("client_id", &self.id)),
        }
        clinic.server.ask("POST", &format!("{}{path}", clinic.issuer()), None, &headers, Some(encoded(&form).as_bytes()))
    }

    /// Redeems a code.
    pub fn redeem(&self, clinic: &Clinic, code: &str) -> Answer {
        self.post(clinic, "/auth/token", &[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &self.redirect), ("code_verifier", VERIFIER)])
    }

    /// Refreshes.
    pub fn refresh(&self, clinic: &Clinic, token: &str) -> Answer {
        self.post(clinic, "/auth/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// Everything from the authorization request to the token response.
    pub fn tokens(&self, clinic: &Clinic, user: &str, scope: &str) -> Value {
        let code = Browser::default().code(clinic, self, user, scope);
        self.redeem(clinic, &code).expect(200).json()
    }
}

/// `S256` of RFC 7636.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// Percent-encoding for forms and queries.
pub fn encoded(pairs: &[(&str, &str)]) -> String {
    let one = |text: &str| text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect::<String>();
    pairs.iter().map(|(name, value)| format!("{}={}", one(name), one(value))).collect::<Vec<_>>().join("&")
}

/// The parameters of an address.
pub fn parameters(address: &str) -> Vec<(String, String)> {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(b) = rest.next() {
            bytes.push(if b == b'%' {
                u8::from_str_radix(&format!("{}{}", char::from(rest.next().expect("hex")), char::from(rest.next().expect("hex"))), 16).expect("hex")
            } else {
                b
            });
        }
        String::from_utf8(bytes).expect("UTF-8")
    };
    query.split('&').filter(|p| !p.is_empty()).map(|pair| pair.split_once('=').map(|(n, v)| (decode(n), decode(v))).expect("a pair")).collect()
}

/// A parameter of an address.
pub fn parameter(address: &str, name: &str) -> Option<String> {
    parameters(address).into_iter().find(|(own, _)| own == name).map(|(_, value)| value)
}

/// A form as it stands on a page.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub action: String,
    /// Name, value, and whether it is sent without anybody touching it.
    pub fields: Vec<(String, String, bool)>,
}

impl Sheet {
    /// The first form that posts.
    pub fn of(answer: &Answer) -> Option<Self> {
        let page = String::from_utf8_lossy(&answer.bytes).into_owned();
        let from = page.find("<form method=\"post\"")?;
        let form = &page[from..from + page[from..].find("</form>")?];
        let attribute = |tag: &str, name: &str| {
            let at = tag.find(&format!(" {name}=\""))? + name.len() + 3;
            Some(tag[at..at + tag[at..].find('"')?].replace("&#38;", "&").replace("&amp;", "&").replace("&#x2F;", "/").replace("&#39;", "'"))
        };
        let mut sheet = Self { action: attribute(form, "action")?, fields: Vec::new() };
        for tag in form.split("<input").skip(1).filter_map(|rest| rest.split('>').next()) {
            let tag = format!(" {tag}");
            let kind = attribute(&tag, "type").unwrap_or_default();
            if let Some(name) = attribute(&tag, "name") {
                sheet.fields.push((name, attribute(&tag, "value").unwrap_or_default(), kind == "hidden" || tag.contains(" checked")));
            }
        }
        Some(sheet)
    }

    /// What is sent as the page stands, with more fields.
    pub fn with(&self, more: &[(&str, &str)]) -> String {
        let own = self.fields.iter().filter(|(_, _, sent)| *sent).map(|(n, v, _)| (n.as_str(), v.as_str()));
        encoded(&own.chain(more.iter().copied()).collect::<Vec<_>>())
    }

    /// The values of a field.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(own, ..)| own == name).map(|(_, value, _)| value.as_str()).collect()
    }

    /// The hidden fields alone, with more fields.
    pub fn only_hidden(&self, more: &[(&str, &str)]) -> String {
        let own = self.fields.iter().filter(|(n, _, sent)| *sent && n != "scope").map(|(n, v, _)| (n.as_str(), v.as_str()));
        encoded(&own.chain(more.iter().copied()).collect::<Vec<_>>())
    }
}

/// A browser that keeps its cookie, and the language.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    pub cookie: Option<String>,
    pub language: Option<String>,
}

impl Browser {
    /// A request; nothing is followed.
    pub fn ask(&mut self, clinic: &Clinic, method: &str, path: &str, headers: &[(&str, &str)], form: Option<&str>) -> Answer {
        let mut all = headers.to_vec();
        let kept = [self.cookie.as_deref(), self.language.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("; ");
        if !kept.is_empty() {
            all.push(("cookie", &kept));
        }
        if form.is_some() {
            all.push(("content-type", "application/x-www-form-urlencoded"));
        }
        let answer = clinic.server.ask(method, &format!("{}{path}", clinic.issuer()), None, &all, form.map(str::as_bytes));
        if let Some(set) = answer.header("set-cookie") {
            let pair = set.split(';').next().expect("a cookie");
            let kept = if pair.contains("-language=") { &mut self.language } else { &mut self.cookie };
            *kept = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        answer
    }

    pub fn get(&mut self, clinic: &Clinic, path: &str) -> Answer {
        self.ask(clinic, "GET", path, &[], None)
    }

    pub fn post(&mut self, clinic: &Clinic, path: &str, form: &str) -> Answer {
        self.ask(clinic, "POST", path, &[], Some(form))
    }

    /// The authorization request, as a page of the app would send it.
    pub fn authorize(&mut self, clinic: &Clinic, request: &[(&str, String)]) -> Answer {
        let pairs: Vec<(&str, &str)> = request.iter().map(|(n, v)| (*n, v.as_str())).collect();
        self.get(clinic, &format!("/auth/authorize?{}", encoded(&pairs)))
    }

    /// Goes on, as long as our own server sends on, to the next page or to where the app is.
    pub fn follow(&mut self, clinic: &Clinic, mut answer: Answer) -> Answer {
        while let Some(path) = answer.header("location").filter(|l| l.starts_with('/')).map(str::to_owned) {
            assert_eq!(answer.status, 303, "ABUSE B16: after a form nothing is sent on but by GET");
            answer = self.get(clinic, &path);
        }
        answer
    }

    /// Signs in at a page of our own.
    pub fn sign_in(&mut self, clinic: &Clinic, user: &str) -> Answer {
        let page = self.get(clinic, "/sign-in?next=%2Fapps");
        let sheet = Sheet::of(&page).expect("the sign-in form");
        let body = sheet.with(&[("username", user), ("password", clinic.password(user))]);
        self.post(clinic, &sheet.action, &body).expect(303)
    }

    /// Goes through every page as a person who agrees would, from an answer on; the answer that leads to the app.
    pub fn agree(&mut self, clinic: &Clinic, answer: Answer, user: &str) -> Answer {
        let mut answer = self.follow(clinic, answer);
        for _ in 0..6 {
            if answer.status == 303 {
                return answer;
            }
            let sheet = Sheet::of(&answer).unwrap_or_else(|| panic!("a page with a form: {} {}", answer.status, String::from_utf8_lossy(&answer.bytes)));
            let body = match sheet.action.as_str() {
                "/auth/sign-in" => sheet.with(&[("username", user), ("password", clinic.password(user))]),
                "/auth/patient" => sheet.with(&[("patient", sheet.values("patient")[0])]),
                "/auth/consent" => sheet.with(&[("decision", "allow")]),
                _ => sheet.with(&[]),
            };
            let next = self.post(clinic, &sheet.action, &body);
            answer = self.follow(clinic, next);
        }
        panic!("the pages do not end");
    }

    /// The code for an ordinary request.
    pub fn code(&mut self, clinic: &Clinic, app: &App, user: &str, scope: &str) -> String {
        let answer = self.authorize(clinic, &app.request(clinic, scope));
        let answer = self.agree(clinic, answer, user);
        let address = answer.header("location").expect("a redirect").to_owned();
        parameter(&address, "code").unwrap_or_else(|| panic!("{address}"))
    }

    /// The consent page of an ordinary request.
    pub fn consent(&mut self, clinic: &Clinic, app: &App, user: &str, scope: &str) -> Sheet {
        let mut request = app.request(clinic, scope);
        request.push(("prompt", "consent".to_owned()));
        let mut answer = self.authorize(clinic, &request);
        loop {
            answer = self.follow(clinic, answer);
            let sheet = Sheet::of(&answer).unwrap_or_else(|| panic!("a form: {} {}", answer.status, String::from_utf8_lossy(&answer.bytes)));
            let body = match sheet.action.as_str() {
                "/auth/consent" => return sheet,
                "/auth/sign-in" => sheet.with(&[("username", user), ("password", clinic.password(user))]),
                "/auth/patient" => sheet.with(&[("patient", sheet.values("patient")[0])]),
                _ => sheet.with(&[]),
            };
            answer = self.post(clinic, &sheet.action, &body);
        }
    }
}

/// OE(x) of the catalogue.
#[track_caller]
pub fn refused(answer: &Answer, error: &str) {
    let status = if error == "invalid_client" { 401 } else { 400 };
    assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.bytes));
    assert_eq!(answer.json()["error"], error);
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")));
}

/// AE-P of the catalogue: a page of our own, and no redirect.
#[track_caller]
pub fn page(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{:?} {}", answer.header("location"), String::from_utf8_lossy(&answer.bytes));
    assert_eq!(answer.header("location"), None);
    assert!(answer.header("content-type").is_some_and(|t| t.starts_with("text/html")), "a page");
    framed_by_nobody(answer);
}

/// ABUSE B28.
#[track_caller]
pub fn framed_by_nobody(answer: &Answer) {
    assert!(answer.header("content-security-policy").is_some_and(|p| p.contains("frame-ancestors 'none'")), "{:?}", answer.headers);
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
}

/// AE-R(x) of the catalogue: 303 to the registered address, with state and issuer.
#[track_caller]
pub fn sent_back(clinic: &Clinic, app: &App, answer: &Answer, error: &str) {
    assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.bytes));
    let address = answer.header("location").expect("a redirect");
    assert!(address.starts_with(&format!("{}?", app.redirect)), "{address}");
    assert_eq!(parameter(address, "error").as_deref(), Some(error), "{address}");
    assert_eq!(parameter(address, "iss").as_deref(), Some(clinic.issuer()));
    assert_eq!(parameter(address, "code"), None);
}
