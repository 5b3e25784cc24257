//! Every page with the same text in each place that takes one.

use hearthgate_access::{Letters, Scopes};
use hearthgate_portal::words::Reader;
use hearthgate_portal::*;

/// A text that would be markup, end an attribute or hide if it were not escaped.
pub const HOSTILE: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>' onfocus='alert(1)\r\n\u{202e}\0&amp;";

pub const DAY: Day = Day { year: 1980, month: 2, day: 29 };

pub fn frame(language: Language, text: &str) -> Frame<'_> {
    Frame { language, clinic: text, signed_in: Some(text), menu: &[], other_language: Some(text.to_owned()) }
}

pub fn form() -> Form<'static> {
    Form { action: "/auth/somewhere", anti_forgery: "token-1", hidden: &[("tx", "7")] }
}

/// Every page: its name and HTML.
#[allow(dead_code, reason = "not every test writes every page")]
pub fn every_page(language: Language, text: &str) -> Vec<(String, String)> {
    let menu = [Destination { href: text, name: text, here: true }];
    let frame = Frame { menu: &menu, ..frame(language, text) };
    let hidden = [(text, text)];
    let form = Form { hidden: &hidden, ..form() };
    let mut pages = Vec::new();
    let mut add = |name: &str, page: &dyn View| pages.push((format!("{name} ({})", language.tag()), page.html()));
    let upstream = [Upstream { name: text, href: text }];
    for error in [None, Some(SignInError::WrongCredentials), Some(SignInError::TooManyAttempts { wait_seconds: 60 }), Some(SignInError::Expired)] {
        let page = SignIn { frame: frame.clone(), form, app: Some(text), username: text, error, upstream: &upstream, passkey: Some(text) };
        add("sign-in", &page);
    }
    for error in
        [None, Some(SecondFactorError::WrongCode), Some(SecondFactorError::WrongPasskey), Some(SecondFactorError::TooManyAttempts { wait_seconds: 60 })]
    {
        add("second factor", &SecondFactor { frame: frame.clone(), form, error, passkey: Some(text) });
    }
    let choices = [PatientChoice { id: text, name: text, birth_date: Some(DAY) }];
    for patients in [&choices[..], &[]] {
        let search_hidden = [(text, text)];
        let page = PickPatient {
            frame: frame.clone(),
            form,
            app: Some(text),
            search_action: text,
            search_hidden: &search_hidden,
            name: text,
            patients,
            more: true,
            nothing_chosen: true,
        };
        add("patients", &page);
    }
    let visits = [EncounterChoice { id: text, kind: text, began: Some(Moment { day: DAY, hour: 9, minute: 5 }) }];
    for encounters in [&visits[..], &[]] {
        add("visits", &PickEncounter { frame: frame.clone(), form, patient: text, encounters, nothing_chosen: true });
    }
    let scopes =
        Scopes::parse("launch launch/patient openid fhirUser profile offline_access online_access patient/*.cruds user/Observation.rs?category=laboratory")
            .unwrap_or_default();
    for (reader, verified) in [(Reader::Patient, false), (Reader::Staff, true)] {
        let page = Consent {
            frame: frame.clone(),
            form,
            asker: Asker { name: text, website: Some(text), sends_to: text, registered: DAY, verified },
            reader,
            patient: Some(text),
            scopes: &scopes,
            types: &[("Condition", Letters::ALL), ("Observation", Letters::ALL)],
            access_seconds: 300,
            offline_seconds: 86_400,
        };
        add("consent", &page);
    }
    for problem in Problem::ALL {
        add("error", &ErrorPage { frame: frame.clone(), problem, detail: Some(text) });
    }
    record_pages(&frame, form, text, &scopes, &mut add);
    account_pages(&frame, form, text, &scopes, &mut add);
    admin_pages(&frame, form, text, &scopes, &mut add);
    add("message", &Message { frame: frame.clone(), heading: text, text, link: Some((text, text)) });
    add("sign out", &ConfirmSignOut { frame: frame.clone(), form, app: Some(text) });
    add("signed out", &SignedOut { frame: frame.clone() });
    pages
}

type Add<'a> = dyn FnMut(&str, &dyn View) + 'a;

const MOMENT: Moment = Moment { day: DAY, hour: 9, minute: 5 };

fn record_pages(frame: &Frame<'_>, form: Form<'_>, text: &str, scopes: &Scopes, add: &mut Add<'_>) {
    let patient = PatientChoice { id: text, name: text, birth_date: Some(DAY) };
    let appointment = AppointmentLine { begins: Some(MOMENT), what: text, with: Some(text), href: Some(text), status: text };
    let appointments = [appointment, AppointmentLine { href: None, status: "booked", ..appointment }];
    let prescriptions = [PrescriptionLine { medicine: text, instructions: Some(text), written: Some(DAY), by: Some(text), status: text }];
    let codes = [text];
    let finding = |context, judgement| Finding {
        id: text,
        part: 0,
        span: (0, 1),
        name: text,
        context,
        codes: &codes,
        rule: Some(text),
        cue: Some(text),
        confidence: Some(90),
        acceptable: true,
        judgement,
    };
    let findings = [
        finding(FindingContext::Affirmed, None),
        finding(FindingContext::Negated, Some(Judgement::Accepted)),
        finding(FindingContext::Uncertain, Some(Judgement::Rejected)),
        finding(FindingContext::Historical, None),
        finding(FindingContext::Hypothetical, None),
        finding(FindingContext::Family, None),
        finding(FindingContext::Other, None),
    ];
    let texts = [NoteText { part: 0, title: Some(text), text }, NoteText { part: 1, title: None, text }];
    let note = Note { id: text, title: text, written: Some(MOMENT), by: Some(text), texts: &texts, findings: &findings };
    let notes = [note.clone(), Note { texts: &texts[..1], ..note.clone() }, Note { texts: &[], findings: &[], ..note }];
    for (patients, appointments) in [(&[patient][..], &appointments[..]), (&[], &[])] {
        add("doctor", &DoctorHome { frame: frame.clone(), name: text, patients, more: true, appointments });
    }
    let apps = [(text, text)];
    let full = Chart {
        frame: frame.clone(),
        patient,
        launch: form,
        apps: &apps,
        appointments: &appointments,
        prescriptions: &prescriptions,
        notes: &notes,
        more_notes: true,
        judge: form,
    };
    add("chart", &full);
    add("empty chart", &Chart { apps: &[], appointments: &[], prescriptions: &[], notes: &[], more_notes: false, ..full });
    let app = LaunchChoice { client_id: text, name: text, launch_url: text };
    let patient = PatientChoice { id: text, name: text, birth_date: Some(DAY) };
    let launcher = Launcher { frame: frame.clone(), apps: &[app], chosen: text, name: text, patients: &[patient], more: true };
    add("launcher", &launcher);
    add("empty launcher", &Launcher { patients: &[], more: false, ..launcher.clone() });
    add("launcher without apps", &Launcher { apps: &[], chosen: "", ..launcher });
    let visits = [EncounterChoice { id: text, kind: text, began: Some(MOMENT) }, EncounterChoice { id: text, kind: text, began: None }];
    for visits in [&visits.repeat(3)[..], &visits[..], &[]] {
        add("ready launcher", &LauncherReady { frame: frame.clone(), launch: form, app, patient, visits, scopes, back: "/launcher" });
    }
    let own = OwnApp { name: text, href: "/launch", at: text, scopes, since: Some(DAY) };
    for apps in [&[own, OwnApp { since: None, ..own }][..], &[]] {
        add("own launcher", &LauncherOwn { frame: frame.clone(), apps });
    }
    add("patient", &PatientHome { frame: frame.clone(), appointments: &appointments, prescriptions: &prescriptions });
}

fn account_pages(frame: &Frame<'_>, form: Form<'_>, text: &str, scopes: &Scopes, add: &mut Add<'_>) {
    let app = ConnectedApp { id: 1, name: text, scopes, since: DAY, last_looked: Some(MOMENT), until: Some(DAY), offline: true };
    let connected = [app, ConnectedApp { id: 2, last_looked: None, until: None, offline: false, ..app }];
    for apps in [&connected[..], &[]] {
        add(
            "apps",
            &Apps { frame: frame.clone(), form, reader: Reader::Patient, notices: &[AppNotice { id: 1, app: text, at: MOMENT }], apps, disconnected: true },
        );
    }
    let picture = QrCode::new(2, &[true, false, false, true]);
    for totp in [Totp::Off, Totp::Begun { secret: text, picture: Some(&picture) }, Totp::On] {
        let page = Account {
            frame: frame.clone(),
            form,
            username: text,
            role: text,
            totp,
            error: Some(SecondFactorError::WrongCode),
            recovery_codes: &[text.to_owned()],
            passkeys: Some(&[text]),
            upstream: &[Linkable { id: text, name: text, href: Some(text) }, Linkable { id: text, name: text, href: None }],
        };
        add("account", &page);
    }
    let passkey = Passkey { id: text, name: text, since: DAY, used: Some(MOMENT) };
    let (list, open) = ([passkey, Passkey { used: None, ..passkey }], PasskeysState::Open { proof: text, options: Some(text) });
    let pages = [
        (PasskeysState::NeedsTotp, None, &[][..]),
        (PasskeysState::Locked, Some(PasskeysError::Code(SecondFactorError::WrongCode)), &list[..]),
        (open, Some(PasskeysError::WrongPasskey), &list),
        (PasskeysState::Open { proof: text, options: None }, Some(PasskeysError::Expired), &list),
    ];
    for (state, error, list) in pages {
        add("passkeys", &Passkeys { frame: frame.clone(), form, list, state, error });
    }
    add("sandbox", &Sandbox { frame: frame.clone(), fhir_base: text, client_id: text, redirect_uri: text, scope: text, state_code: text });
}

fn admin_pages(frame: &Frame<'_>, form: Form<'_>, text: &str, scopes: &Scopes, add: &mut Add<'_>) {
    let states = [ClientState::Active, ClientState::Pending, ClientState::Refused, ClientState::Disabled];
    let clients: Vec<_> = states.iter().map(|state| ClientLine { id: text, name: text, href: text, state: *state }).collect();
    add("clients", &AdminClients { frame: frame.clone(), clients: &clients });
    let typed = TypedClient {
        id: text,
        name: text,
        kind: "jwks",
        redirect_uris: text,
        launch_url: text,
        jwks: text,
        scope: text,
        post_logout_redirect_uris: text,
        client_uri: text,
        id_token_alg: "ES256",
    };
    add("register", &RegisterClient { frame: frame.clone(), form, typed, error: Some(text) });
    for (kind, state) in ["public", "secret", "jwks", "other"].into_iter().zip(states) {
        let page = AdminClient {
            frame: frame.clone(),
            form,
            id: text,
            name: text,
            kind,
            state,
            registered: DAY,
            registered_itself: true,
            reviewed_by: Some(text),
            redirect_uris: &[text.to_owned()],
            launch_url: Some(text),
            website: Some(text),
            scope: text,
            scopes,
            typed,
            error: Some(text),
        };
        add("client", &page);
    }
    add("secret", &SecretOnce { frame: frame.clone(), of: text, secret: text, back: text });
    let user = UserLine { username: text, role: "doctor", disabled: false, own: false, href: text };
    let users = [user, UserLine { disabled: true, ..user }, UserLine { own: true, role: text, ..user }];
    add("users", &AdminUsers { frame: frame.clone(), form, q: text, users: &users, more: true, error: Some(text) });
    for user in users {
        add("user", &AdminUser { frame: frame.clone(), form, user, fhir_user: Some(text), second_factor: true, passkeys: 2 });
    }
    let grants = [GrantLine { id: "1", username: Some(text), app: text, since: DAY, last_looked: Some(MOMENT) }];
    for grants in [&grants[..], &[]] {
        add("grants", &AdminGrants { frame: frame.clone(), form, grants });
    }
}
