//! What a token says: times, audience, issuer, type, and each of it once.

use super::{forge, now};
use serde_json::{Value, json};

/// A token that was good and is over says so; a time that is none is no token at all.
/// Seen to fail without the comparison with the clock.
#[test]
fn abuse_a08_a_token_ends_when_it_says() {
    let forge = forge();
    let over = |exp: i64| {
        let mut payload = forge.payload();
        payload["iat"] = (now() - 1000).into();
        payload["exp"] = exp.into();
        forge.sign(&forge.header(), &payload)
    };
    forge.refused_as(&over(now() - 61), "expired");
    forge.refused_as(&over(now() - 1), "expired");
    let huge: Value = serde_json::from_str("1e308").expect("a number");
    let beyond: Value = serde_json::from_str("9223372036854775808").expect("a number");
    let fraction: Value = serde_json::from_str("9999999999.5").expect("a number");
    for exp in [Value::Null, json!((now() + 300).to_string()), json!(-1), huge, beyond, fraction, json!(true), json!([now() + 300]), json!(253_402_300_800_i64)]
    {
        forge.refused(&forge.with("exp", exp));
    }
}

/// Seen to fail without the look at `iat`; without that at `nbf`; with an `nbf` that is no time taken for none.
#[test]
fn abuse_a09_a_token_from_the_future_is_refused() {
    let forge = forge();
    for claim in ["nbf", "iat"] {
        forge.refused(&forge.with(claim, json!(now() + 120)));
        forge.ask(&forge.with(claim, json!(now() + 30))).expect(200);
        forge.refused(&forge.with(claim, json!("soon")));
    }
}

/// Seen to fail without the comparison of the audience.
#[test]
fn abuse_a10_a_token_for_another_audience_is_refused() {
    let forge = forge();
    let base = &forge.server.base;
    let issuer = base.trim_end_matches("/fhir");
    for aud in [
        json!("https://elsewhere.test/fhir"),
        json!(issuer),
        json!(format!("{base}/")),
        json!(format!("{base}/Patient")),
        json!(&base[..base.len() - 1]),
        json!(base.to_uppercase()),
        json!(["https://elsewhere.test/fhir"]),
        json!([]),
        json!(""),
        Value::Null,
        json!([[base]]),
        json!({ "0": base }),
    ] {
        forge.refused(&forge.with("aud", aud));
    }
    forge.ask(&forge.with("aud", json!(["https://elsewhere.test/fhir", base]))).expect(200);
}

/// Seen to fail without the comparison of the issuer.
#[test]
fn abuse_a11_a_token_of_another_issuer_is_refused() {
    let forge = forge();
    let issuer = forge.server.base.trim_end_matches("/fhir");
    for iss in [
        json!(format!("{issuer}/")),
        json!(issuer.replace("http:", "https:")),
        json!(issuer.to_uppercase()),
        json!("http://127.0.0.1:1"),
        json!([issuer]),
        json!(""),
        Value::Null,
        json!(forge.server.base),
    ] {
        forge.refused(&forge.with("iss", iss));
    }
}

/// Seen to fail without the comparison of the type.
#[test]
fn abuse_a12_other_tokens_are_no_access_tokens() {
    let forge = forge();
    for typ in [
        json!("JWT"),
        json!("jwt"),
        json!("logout+jwt"),
        json!("AT+JWT"),
        json!("application/at+jwt"),
        json!("dpop+jwt"),
        json!("client-authentication+jwt"),
        json!(""),
        Value::Null,
        json!(["at+jwt"]),
    ] {
        let mut header = forge.header();
        match typ {
            Value::Null => drop(header.as_object_mut().expect("an object").shift_remove("typ")),
            typ => header["typ"] = typ,
        }
        forge.refused(&forge.sign(&header, &forge.payload()));
    }
    // An ID token, a client assertion: signed by the same key, without what an access token says.
    for missing in ["client_id", "scope", "jti", "sub", "sub_type", "iat"] {
        forge.refused(&forge.with(missing, Value::Null));
    }
    forge.refused(&forge.with("sub_type", json!("client")));
    forge.refused(&forge.with("cnf", json!({ "jkt": "x" })));
}

/// Seen to fail with a parser that takes the last of two.
#[test]
fn abuse_a22_a_claim_said_twice_is_refused() {
    let forge = forge();
    let (header, payload) = (forge.header().to_string(), forge.payload().to_string());
    for twice in ["\"sub\":\"anna\"", "\"sub\":\"mora\"", "\"scope\":\"patient/*.rs\"", "\"patient\":\"pat-a\"", "\"exp\":9999999999"] {
        forge.refused(&forge.sign_text(&header, &format!("{},{twice}}}", payload.trim_end_matches('}'))));
        forge.refused(&forge.sign_text(&header, &format!("{{{twice},{}", payload.trim_start_matches('{'))));
    }
    for twice in ["\"alg\":\"ES256\"", "\"alg\":\"none\"", "\"typ\":\"at+jwt\""] {
        forge.refused(&forge.sign_text(&format!("{},{twice}}}", header.trim_end_matches('}')), &payload));
    }
    forge.refused(&forge.sign_text(&header, &format!("{payload} x")));
    forge.refused(&forge.sign_text(&header, &format!("[{payload}]")));
}
