//! Every page with the same text in each place that takes one.

use hearthgate_access::Scopes;
use hearthgate_portal::words::Reader;
use hearthgate_portal::{
    Asker, ConfirmSignOut, Consent, Day, Destination, EncounterChoice, ErrorPage, Form, Frame, Language, Message, Moment, PatientChoice, PickEncounter,
    PickPatient, Problem, SecondFactor, SecondFactorError, SignIn, SignInError, SignedOut, Upstream, View,
};

/// A text that would be markup, end an attribute or hide if it were not escaped.
pub const HOSTILE: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>' onfocus='alert(1)\r\n\u{202e}\0&amp;";

pub const DAY: Day = Day { year: 1980, month: 2, day: 29 };

pub fn frame(language: Language, text: &str) -> Frame<'_> {
    Frame { language, clinic: text, signed_in: Some(text), menu: &[], other_language: Some(text) }
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
            types: &["Condition", "Observation"],
            access_seconds: 300,
            offline_seconds: 86_400,
        };
        add("consent", &page);
    }
    for problem in Problem::ALL {
        add("error", &ErrorPage { frame: frame.clone(), problem, detail: Some(text) });
    }
    add("message", &Message { frame: frame.clone(), heading: text, text, link: Some((text, text)) });
    add("sign out", &ConfirmSignOut { frame: frame.clone(), form, app: Some(text) });
    add("signed out", &SignedOut { frame: frame.clone() });
    pages
}
