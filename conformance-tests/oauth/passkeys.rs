//! Passkeys by the wire: an authenticator of our own, which knows Web Authentication and nothing of the server, answers rightly and in
//! every wrong way (<https://www.w3.org/TR/webauthn-3/>, sections 7.1 and 7.2). `browser/passkeys.cjs` does it with a real browser.

use super::client::{Browser, Sheet, parameter};
use super::factors::{between, code, enrolled};
use super::refreshes::{clock, turn};
use super::{ASKED, Clinic, clinic_started};
use crate::harness::{Answer, Scratch};
use crate::world::Start;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// One credential of an authenticator, and what it may get wrong.
struct Authenticator {
    pair: EcdsaKeyPair,
    id: Vec<u8>,
    handle: String,
    count: u32,
    origin: String,
}

/// What an answer says in place of the right thing.
#[derive(Default)]
struct Wrong {
    kind: Option<&'static str>,
    origin: Option<&'static str>,
    party: Option<&'static str>,
    flags: Option<u8>,
    challenge: Option<String>,
    cross_origin: bool,
    signature: bool,
}

const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;
const ATTESTED: u8 = 64;

impl Authenticator {
    fn new(clinic: &Clinic, id: u8) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        Self { pair, id: vec![id; 32], handle: String::new(), count: 0, origin: clinic.issuer().to_owned() }
    }

    fn data(&mut self, flags: u8, wrong: &Wrong) -> Vec<u8> {
        self.count += 1;
        let party = digest(&SHA256, wrong.party.unwrap_or("localhost").as_bytes());
        [party.as_ref(), &[wrong.flags.unwrap_or(flags)], &self.count.to_be_bytes()].concat()
    }

    fn client(&self, kind: &str, options: &Value, wrong: &Wrong) -> String {
        let challenge = wrong.challenge.as_deref().unwrap_or(options["challenge"].as_str().expect("a challenge"));
        let kind = wrong.kind.unwrap_or(kind);
        json!({ "type": kind, "challenge": challenge, "origin": wrong.origin.unwrap_or(&self.origin), "crossOrigin": wrong.cross_origin }).to_string()
    }

    /// A new credential (section 6.3.2), as a browser posts it.
    fn make(&mut self, options: &Value, wrong: &Wrong) -> String {
        self.handle = options["user"]["id"].as_str().expect("a handle").to_owned();
        let point = self.pair.public_key().as_ref().to_owned();
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y} in CTAP2's canonical CBOR.
        let key = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20][..], &point[1..33], &[0x22, 0x58, 0x20], &point[33..]].concat();
        let mut data = self.data(PRESENT | VERIFIED | ATTESTED, wrong);
        data.extend([0; 16]);
        data.extend([0, 32]);
        data.extend(&self.id);
        data.extend(key);
        let client = self.client("webauthn.create", options, wrong);
        self.answer(&json!({ "clientDataJSON": URL_SAFE_NO_PAD.encode(client), "authenticatorData": URL_SAFE_NO_PAD.encode(data), "transports": ["internal"] }))
    }

    /// An assertion (section 6.3.3).
    fn sign(&mut self, options: &Value, wrong: &Wrong) -> String {
        let data = self.data(PRESENT | VERIFIED, wrong);
        let client = self.client("webauthn.get", options, wrong);
        let signed = [data.as_slice(), digest(&SHA256, client.as_bytes()).as_ref(), if wrong.signature { b"!" } else { b"" }].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).expect("a signature");
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        self.answer(&json!({ "clientDataJSON": encoded(client.as_bytes()), "authenticatorData": encoded(&data), "signature": encoded(signature.as_ref()), "userHandle": self.handle }))
    }

    fn answer(&self, response: &Value) -> String {
        let id = URL_SAFE_NO_PAD.encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} }).to_string()
    }
}

/// A clinic by name, and the file of its clock.
fn named(name: &str) -> (Clinic, &'static str, Scratch) {
    let (path, scratch) = clock(name);
    (clinic_started(name, Start { clock: Some(path), named: true, ..Start::default() }), path, scratch)
}

/// The options that a page gives to a browser.
fn options(page: &Answer, attribute: &str) -> Option<Value> {
    let text = between(page, &format!(" {attribute}=\""), "\"").into_iter().next()?;
    Some(serde_json::from_str(&text.replace("&#34;", "\"").replace("&#38;", "&")).expect("JSON"))
}

/// The page of passkeys, opened with a code; with its first form.
fn opened(clinic: &Clinic, browser: &mut Browser, code: &str) -> (Answer, Sheet) {
    let form = Sheet::of(&browser.get(clinic, "/account/passkeys").expect(200)).expect("the form for the code");
    let page = browser.post(clinic, "/account/passkeys", &form.with(&[("do", "confirm"), ("code", code)])).expect(200);
    let form = Sheet::of(&page).expect("a form");
    (page, form)
}

/// Posts a new passkey from an opened page; the page that comes.
fn add(clinic: &Clinic, browser: &mut Browser, form: &Sheet, passkey: &str) -> Answer {
    let token = form.values("anti_forgery")[0];
    let proof = form.values("proof").first().copied().unwrap_or_default();
    let body = [("anti_forgery", token), ("do", "add"), ("proof", proof), ("name", "Telephone"), ("passkey", passkey)];
    browser.post(clinic, "/account/passkeys", &super::client::encoded(&body)).expect(200)
}

fn passkeys(clinic: &Clinic, user: &str) -> usize {
    let count = clinic.server.shell(&format!("SELECT count(*) FROM gw_passkeys p JOIN users u ON u.id = p.user_id WHERE u.username = '{user}'"));
    count.trim().parse().expect("a number")
}

/// A person with a one-time password, recovery codes and a passkey.
fn with_passkey(clinic: &Clinic, user: &str, seconds: i64, id: u8) -> (Browser, String, Vec<String>, Authenticator) {
    let mut browser = Browser::default();
    browser.sign_in(clinic, user);
    let (secret, recovery) = enrolled(clinic, &mut browser, seconds);
    let (page, form) = opened(clinic, &mut browser, &recovery[0]);
    let mut own = Authenticator::new(clinic, id);
    let passkey = own.make(&options(&page, "data-new-passkey").expect("options"), &Wrong::default());
    add(clinic, &mut browser, &form, &passkey);
    assert_eq!(passkeys(clinic, user), 1, "{user} has a passkey");
    (browser, secret, recovery, own)
}

/// From the password on, to the page of the second factor.
fn half(clinic: &Clinic, user: &str) -> (Browser, Answer) {
    let mut browser = Browser::default();
    let answer = browser.sign_in(clinic, user);
    let page = browser.follow(clinic, answer);
    (browser, page)
}

fn post(clinic: &Clinic, browser: &mut Browser, page: &Answer, passkey: &str) -> Answer {
    let form = Sheet::of(page).expect("a form");
    browser.post(clinic, "/auth/second-factor", &form.only_hidden(&[("passkey", passkey)]))
}

#[test]
fn a_passkey_is_added_after_a_code_signs_in_beside_it_and_goes_with_it() {
    let (clinic, path, _scratch) = named("passkey");
    let mut stranger = Browser::default();
    stranger.sign_in(&clinic, "bea");
    let page = stranger.get(&clinic, "/account/passkeys").expect(200);
    assert!(Sheet::of(&page).is_none(), "without a one-time password beside them there are no passkeys");
    let (mut own, secret, recovery, mut telephone) = with_passkey(&clinic, "anna", 0, 7);
    // On the way to an app: the password, then the passkey.
    let mut browser = Browser::default();
    let answer = browser.authorize(&clinic, &clinic.app.request(&clinic, ASKED));
    let page = browser.follow(&clinic, answer);
    let form = Sheet::of(&page).expect("the sign-in form");
    let answer = browser.post(&clinic, &form.action, &form.with(&[("username", "anna"), ("password", clinic.password("anna"))]));
    let page = browser.follow(&clinic, answer);
    let asked = options(&page, "data-passkey").expect("the passkey is offered");
    assert_eq!(asked["allowCredentials"][0]["id"].as_str(), Some(URL_SAFE_NO_PAD.encode([7; 32]).as_str()));
    assert!(!between(&page, "id=\"code\"", ">").is_empty(), "a code stands beside it");
    let answer = post(&clinic, &mut browser, &page, &telephone.sign(&asked, &Wrong::default()));
    let answer = browser.agree(&clinic, answer, "anna");
    let code_of_app = parameter(answer.header("location").expect("a redirect"), "code").expect("a code");
    let tokens = clinic.app.redeem(&clinic, &code_of_app).expect(200).json();
    let claims = tokens["id_token"].as_str().expect("an ID token").split('.').nth(1).expect("claims");
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64url")).expect("JSON");
    assert_eq!(claims["amr"], json!(["pwd", "pop"]));
    let page = own.get(&clinic, "/account/passkeys").expect(200);
    assert!(between(&page, "<dd>", "</dd>").iter().all(|text| text.contains("2096")), "added and used on that day");
    // Renamed, and removed; a code still opens the account.
    let (page, form) = opened(&clinic, &mut own, &recovery[1]);
    let id = URL_SAFE_NO_PAD.encode([7; 32]);
    assert_eq!(options(&page, "data-new-passkey").expect("options")["excludeCredentials"][0]["id"], json!(id));
    let change = |what: &'static str, name: &'static str| {
        [("anti_forgery", form.values("anti_forgery")[0]), ("proof", form.values("proof")[0]), ("id", &id), ("do", what), ("name", name)]
            .map(|(n, v)| (n, v.to_owned()))
    };
    let mut act = |what: &'static str, name: &'static str| {
        let fields = change(what, name);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        own.post(&clinic, "/account/passkeys", &super::client::encoded(&fields)).expect(200)
    };
    assert!(!between(&act("rename", "Blue key"), "<bdi>Blue ", "</bdi>").is_empty());
    act("remove", "");
    assert_eq!(passkeys(&clinic, "anna"), 0);
    let (mut browser, page) = half(&clinic, "anna");
    assert!(options(&page, "data-passkey").is_none());
    turn(path, 60);
    let form = Sheet::of(&page).expect("a form");
    assert_eq!(browser.post(&clinic, &form.action, &form.with(&[("code", &code(&secret, 60))])).status, 303);
    let actions = clinic.server.shell("SELECT event FROM gw_audit");
    for action in ["passkey-add", "passkey-rename", "passkey-remove", "second-factor-confirm"] {
        assert!(actions.contains(&format!("\"action\":\"{action}\"")), "{action} is in the audit");
    }
}

/// Every case is taken, each for itself, with its check in `auth/passkey.rs`, `oauth/passkey.rs` or the statements of
/// `store/grants/passkeys.rs` and `identities.rs` removed.
#[test]
fn abuse_e10_a_passkeys_answer_that_does_not_hold_signs_nobody_in() {
    let (clinic, path, _scratch) = named("passkey-use");
    let (_, _, _, mut own) = with_passkey(&clinic, "anna", 0, 1);
    let (_, _, _, mut others) = with_passkey(&clinic, "bea", 0, 2);
    let (mut elsewhere, page) = half(&clinic, "anna");
    let foreign = options(&page, "data-passkey").expect("options")["challenge"].as_str().expect("a challenge").to_owned();
    let right = Wrong::default;
    let cases = [
        ("another origin", Wrong { origin: Some("https://localhost.example"), ..right() }),
        ("a frame of another origin", Wrong { cross_origin: true, ..right() }),
        ("another site's key", Wrong { party: Some("example"), ..right() }),
        ("a registration for an assertion", Wrong { kind: Some("webauthn.create"), ..right() }),
        ("nobody there", Wrong { flags: Some(VERIFIED), ..right() }),
        ("nobody verified", Wrong { flags: Some(PRESENT), ..right() }),
        ("another signature", Wrong { signature: true, ..right() }),
        ("another browser's challenge", Wrong { challenge: Some(foreign), ..right() }),
        ("a challenge that nobody gave", Wrong { challenge: Some(URL_SAFE_NO_PAD.encode([1; 52])), ..right() }),
    ];
    let mut taken = Vec::new();
    let mut minutes = 0;
    let mut attempt = |name: &'static str, prepare: &mut dyn FnMut(&Value, &'static str) -> String| {
        minutes += 5;
        turn(path, minutes * 60);
        let (mut browser, page) = half(&clinic, "anna");
        let passkey = prepare(&options(&page, "data-passkey").expect("options"), path);
        let answer = post(&clinic, &mut browser, &page, &passkey);
        if answer.status != 401 || browser.get(&clinic, "/apps").status == 200 {
            taken.push(name);
        }
        minutes
    };
    for (name, wrong) in cases {
        attempt(name, &mut |options, _| own.sign(options, &wrong));
    }
    attempt("another person's passkey", &mut |options, _| others.sign(options, &right()));
    attempt("another person's handle", &mut |options, _| {
        let handle = std::mem::replace(&mut own.handle, others.handle.clone());
        let passkey = own.sign(options, &right());
        own.handle = handle;
        passkey
    });
    attempt("no passkey", &mut |_, _| "{}".to_owned());
    attempt("a challenge of eleven minutes ago", &mut |options, path| {
        let seconds: i64 = std::fs::read_to_string(path).expect("the clock").parse::<i64>().expect("a number") / 1000 - 4_000_000_000;
        turn(path, seconds + 660);
        own.sign(options, &right())
    });
    turn(path, 7_200);
    let (mut browser, page) = half(&clinic, "anna");
    let used = options(&page, "data-passkey").expect("options");
    let first = own.sign(&used, &right());
    let kept = browser.clone();
    assert_eq!(post(&clinic, &mut browser, &page, &first).status, 303, "the right one is right");
    // The counter that the server saw last, and one before it: a copy of the key.
    for (name, back) in [("the same counter again", 1), ("an older counter", 3)] {
        let (mut browser, page) = half(&clinic, "anna");
        own.count -= back;
        let passkey = own.sign(&options(&page, "data-passkey").expect("options"), &right());
        if post(&clinic, &mut browser, &page, &passkey).status != 401 {
            taken.push(name);
        }
        own.count += back - 1;
    }
    // The half session is gone with its challenge; so is everything else that an old answer could be brought with.
    let mut thief = kept;
    if post(&clinic, &mut thief, &page, &first).status == 303 && thief.get(&clinic, "/apps").status == 200 {
        taken.push("an answer once more");
    }
    assert_eq!(elsewhere.get(&clinic, "/apps").status, 303);
    assert_eq!(taken, Vec::<&str>::new(), "taken");
    // Kept durably before the answer, and in the database soon after.
    let files = std::fs::read_dir(clinic.server.dir.join("log").join("audit")).expect("the audit").flatten();
    let files: String = files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect();
    let events = files + &clinic.server.shell("SELECT event FROM gw_audit");
    for reason in ["may have been copied", "another origin", "is not the account's"] {
        assert!(events.contains(reason), "the audit says why: {reason}");
    }
}

/// As above: every case is taken with its check removed.
#[test]
fn abuse_e12_a_passkey_is_added_only_by_its_person_after_a_code() {
    let (clinic, path, _scratch) = named("passkey-add");
    let (mut bea, _, recovery_of_bea, own_of_bea) = with_passkey(&clinic, "bea", 0, 9);
    let mut anna = Browser::default();
    anna.sign_in(&clinic, "anna");
    let (_, recovery) = enrolled(&clinic, &mut anna, 0);
    let mut taken = Vec::new();
    // A form that no code opened.
    let closed = Sheet::of(&anna.get(&clinic, "/account/passkeys").expect(200)).expect("a form");
    let (page, form) = opened(&clinic, &mut anna, &recovery[0]);
    let asked = options(&page, "data-new-passkey").expect("options");
    let (theirs, _) = opened(&clinic, &mut bea, &recovery_of_bea[1]);
    let foreign = options(&theirs, "data-new-passkey").expect("options")["challenge"].as_str().expect("a challenge").to_owned();
    let mut number = 100;
    let mut try_it = |name: &'static str, form: &Sheet, wrong: Wrong, id: Option<u8>| {
        number += 1;
        let before = passkeys(&clinic, "anna");
        let passkey = Authenticator::new(&clinic, id.unwrap_or(number)).make(&asked, &wrong);
        add(&clinic, &mut anna, form, &passkey);
        if passkeys(&clinic, "anna") != before {
            taken.push(name);
        }
    };
    let right = Wrong::default;
    try_it("without a code", &closed, right(), None);
    try_it("another origin", &form, Wrong { origin: Some("http://localhost:1"), ..right() }, None);
    try_it("another site's", &form, Wrong { party: Some("example"), ..right() }, None);
    try_it("an assertion for a registration", &form, Wrong { kind: Some("webauthn.get"), ..right() }, None);
    try_it("nobody there", &form, Wrong { flags: Some(VERIFIED | ATTESTED), ..right() }, None);
    try_it("nobody verified", &form, Wrong { flags: Some(PRESENT | ATTESTED), ..right() }, None);
    try_it("another browser's challenge", &form, Wrong { challenge: Some(foreign), ..right() }, None);
    try_it("the id of another person's", &form, right(), Some(9));
    turn(path, 601);
    try_it("too late", &form, right(), None);
    turn(path, 1);
    let passkey = Authenticator::new(&clinic, 60).make(&asked, &right());
    add(&clinic, &mut anna, &form, &passkey);
    assert_eq!(passkeys(&clinic, "anna"), 1, "the right one is right: {taken:?}");
    clinic.server.shell("DELETE FROM gw_passkeys WHERE user_id = (SELECT id FROM users WHERE username = 'anna')");
    let mut page = add(&clinic, &mut anna, &form, &passkey);
    if passkeys(&clinic, "anna") != 0 {
        taken.push("a challenge answered once more");
        clinic.server.shell("DELETE FROM gw_passkeys WHERE user_id = (SELECT id FROM users WHERE username = 'anna')");
    }
    // One page that shows a challenge each time; the eleventh is made for a challenge that was given before the tenth was added.
    let fresh = |page: &Answer| options(page, "data-new-passkey");
    let mut kept = None;
    for id in 200..211 {
        let Some(asked) = fresh(&page).or_else(|| kept.clone()) else { break };
        if id == 209 {
            let form = Sheet::of(&anna.get(&clinic, "/account/passkeys").expect(200)).expect("a form");
            let open = anna.post(&clinic, "/account/passkeys", &form.with(&[("do", "confirm"), ("code", &recovery[2])])).expect(200);
            kept = fresh(&open);
        }
        let passkey = Authenticator::new(&clinic, id).make(&asked, &right());
        page = add(&clinic, &mut anna, &form, &passkey);
    }
    if passkeys(&clinic, "anna") > 10 {
        taken.push("an eleventh");
    }
    assert!(fresh(&page).is_none(), "nor is an eleventh asked for");
    // Nobody removes or renames another person's.
    let id = URL_SAFE_NO_PAD.encode(&own_of_bea.id);
    for what in ["rename", "remove"] {
        let fields = [("anti_forgery", form.values("anti_forgery")[0]), ("proof", form.values("proof")[0]), ("id", &id), ("do", what), ("name", "Stolen")];
        anna.post(&clinic, "/account/passkeys", &super::client::encoded(&fields)).expect(200);
        if clinic.server.shell("SELECT name FROM gw_passkeys WHERE user_id = (SELECT id FROM users WHERE username = 'bea')").trim() != "Telephone" {
            taken.push(what);
        }
    }
    assert_eq!(taken, Vec::<&str>::new(), "taken");
    assert!(passkeys(&clinic, "anna") == 10, "ten may be had");
    // With the one-time password they go too.
    let form = Sheet::of(&anna.get(&clinic, "/account").expect(200)).expect("a form");
    anna.post(&clinic, "/account", &form.with(&[("do", "totp-off"), ("code", &recovery[1])])).expect(303);
    assert_eq!(passkeys(&clinic, "anna"), 0);
}

#[test]
fn an_address_that_is_a_number_offers_no_passkeys() {
    let clinic = super::clinic();
    let mut browser = Browser::default();
    browser.sign_in(clinic, "anna");
    assert_eq!(browser.get(clinic, "/account/passkeys").status, 404);
    assert!(between(&browser.get(clinic, "/account").expect(200), "href=\"/account/passkeys\"", ">").is_empty());
}
