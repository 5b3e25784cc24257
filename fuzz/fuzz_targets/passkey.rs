//! What browsers post for passkeys is read without a fault, and no bytes that nobody signed are an assertion.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_auth::{PasskeyAnswer, RelyingParty};
use libfuzzer_sys::fuzz_target;

const PARTY: RelyingParty<'_> = RelyingParty { id: "localhost", origin: "http://localhost" };

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = PasskeyAnswer::parse(text).map(|answer| answer.registered(&PARTY));
    }
    // Authenticator data, behind client data that holds.
    for kind in ["webauthn.create", "webauthn.get"] {
        let client = format!(r#"{{"type":"{kind}","challenge":"AA","origin":"http://localhost"}}"#);
        let data = [digest().as_slice(), bytes].concat();
        let [client, data, id] = [client.as_bytes(), &data, &[7; 16]].map(|part| URL_SAFE_NO_PAD.encode(part));
        let text = format!(r#"{{"rawId":"{id}","type":"public-key","response":{{"clientDataJSON":"{client}","authenticatorData":"{data}","signature":"AA"}}}}"#);
        let answer = PasskeyAnswer::parse(&text).expect("its JSON is sound");
        if let Ok(new) = answer.registered(&PARTY) {
            assert_eq!(new.credential_id, id);
            assert!(answer.asserted(&PARTY, &new.public_key, 0).is_err());
        }
        assert!(answer.asserted(&PARTY, &URL_SAFE_NO_PAD.encode(bytes), 0).is_err());
    }
});

/// The SHA-256 of `localhost`.
fn digest() -> Vec<u8> {
    URL_SAFE_NO_PAD.decode("SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2M").expect("base64url")
}
