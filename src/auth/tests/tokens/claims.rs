//! What a token says: times, audience, issuer, type, whom it is about.

use super::*;

#[test]
fn abuse_a08_the_end_of_a_token_is_exact() {
    let world = World::new("a08");
    let token = world.good();
    assert!(world.verifier.verify(&token, NOW + 299).is_ok());
    assert_eq!(world.verifier.verify(&token, NOW + 300), Err(TokenFault::Expired));
    assert_eq!(world.verifier.verify(&token, i64::MAX), Err(TokenFault::Expired));
    let exp = format!("\"exp\":{},", NOW + 300);
    assert_eq!(world.changed(&exp, ""), INVALID);
    let text = format!("\"{}\"", NOW + 300);
    for bad in [&text, "-1", "1e308", "9223372036854775808", "1.8e10", "1800000300.0", "1800000300.5", "null", "[]", "true", "253402300800"] {
        assert_eq!(world.changed(&exp, &format!("\"exp\":{bad},")), INVALID, "{bad}");
    }
    assert_eq!(world.changed(&exp, &format!("\"exp\":{NOW},")), INVALID, "a token that never was valid");
    // Expired and otherwise wrong is wrong, not expired.
    let late = Verifier::new(Arc::clone(world.verifier.keys()), "https://other.example", AUDIENCE);
    assert_eq!(late.verify(&token, NOW + 1000), INVALID);
}

#[test]
fn abuse_a09_a_token_from_the_future_is_refused() {
    let world = World::new("a09");
    let iat = format!("\"iat\":{NOW},");
    let ahead = |s: i64| NOW + s;
    assert!(world.changed(&iat, &format!("\"iat\":{},", ahead(60))).is_ok());
    assert_eq!(world.changed(&iat, &format!("\"iat\":{},", ahead(61))), INVALID);
    assert!(world.changed(&iat, &format!("{iat}\"nbf\":{},", ahead(60))).is_ok());
    assert_eq!(world.changed(&iat, &format!("{iat}\"nbf\":{},", ahead(61))), INVALID);
    for bad in ["\"now\"", "-5", "null", "1.5"] {
        assert_eq!(world.changed(&iat, &format!("{iat}\"nbf\":{bad},")), INVALID);
        assert_eq!(world.changed(&iat, &format!("\"iat\":{bad},")), INVALID);
    }
    assert_eq!(world.changed(&iat, ""), INVALID);
}

#[test]
fn abuse_a10_a_token_for_another_audience_is_refused() {
    let world = World::new("a10");
    let aud = format!("\"aud\":\"{AUDIENCE}\"");
    let other = [
        "\"https://other.example/fhir\"",
        "\"https://clinic.example\"",
        "\"https://clinic.example/fhir/\"",
        "\"https://clinic.example/fhi\"",
        "\"https://clinic.example/fhir2\"",
        "\"https://Clinic.example/fhir\"",
        "\"http://clinic.example/fhir\"",
        "\"xhttps://clinic.example/fhir\"",
        "[]",
        "[\"https://other.example/fhir\"]",
        "[[\"https://clinic.example/fhir\"]]",
        "null",
        "{}",
        "\"\"",
        "[1]",
    ];
    for other in other {
        assert_eq!(world.changed(&aud, &format!("\"aud\":{other}")), INVALID, "{other}");
    }
    assert_eq!(world.changed(&format!("{aud},"), ""), INVALID);
    assert!(world.changed(&aud, &format!("\"aud\":[\"https://other.example/fhir\",\"{AUDIENCE}\"]")).is_ok());
}

#[test]
fn abuse_a11_a_token_of_another_issuer_is_refused() {
    let world = World::new("a11");
    let iss = format!("\"iss\":\"{ISSUER}\",");
    for other in ["https://clinic.example/", "https://CLINIC.example", "http://clinic.example", "https://clinic.example.evil", "https://tenant2.example", ""] {
        assert_eq!(world.changed(&iss, &format!("\"iss\":\"{other}\",")), INVALID, "{other}");
    }
    assert_eq!(world.changed(&iss, ""), INVALID);
    assert_eq!(world.changed(&iss, &format!("\"iss\":[\"{ISSUER}\"],")), INVALID);
}

#[test]
fn abuse_a12_other_tokens_are_no_access_tokens() {
    let world = World::new("a12");
    for typ in ["JWT", "jwt", "id+jwt", "at+JWT", "AT+JWT", "application/at+jwt", "logout+jwt", "rt+jwt", "", "at+jwt "] {
        assert_eq!(world.with_header(&world.header().replace("at+jwt", typ)), INVALID, "{typ}");
    }
    let without = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, world.kid);
    assert_eq!(world.with_header(&without), INVALID);
    for claim in ["\"client_id\":\"app\",", "\"jti\":\"t-1\",", "\"scope\":\"openid patient/*.rs\",", "\"sub\":\"anna\",", "\"sub_type\":\"user\","] {
        assert_eq!(world.changed(claim, ""), INVALID, "without {claim}");
    }
    assert_eq!(world.changed("\"sub_type\":\"user\"", "\"sub_type\":\"client\""), INVALID, "a user's token is no client's");
    assert_eq!(world.changed("\"sub_type\":\"user\"", "\"sub_type\":\"client\",\"x\":1"), INVALID);
    for not in ["opaque", "", ".", "..", "...", "a.b.c", "eyJ.eyJ.AAAA"] {
        assert_eq!(world.verifier.verify(not, NOW), INVALID, "{not}");
    }
}

#[test]
fn abuse_a17_a_token_bound_to_a_key_is_no_bearer_token() {
    let world = World::new("a17");
    assert_eq!(world.changed("\"jti\"", "\"cnf\":{\"jkt\":\"x\"},\"jti\""), INVALID);
}

#[test]
fn abuse_a25_the_patient_in_a_token_is_one_id() {
    let world = World::new("a25");
    for bad in ["[\"A\",\"B\"]", "\"\"", "\"Patient/A\"", "\"A B\"", "\"A,B\"", "1", "null", "{}", "\"..\""] {
        assert_eq!(world.changed("\"patient\":\"A\"", &format!("\"patient\":{bad}")), INVALID, "{bad}");
    }
    let without = world.changed("\"patient\":\"A\",", "").unwrap();
    assert_eq!(without.patient, None);
}
