//! Algorithms, signatures and the keys they name.

use super::*;

#[test]
fn abuse_a02_no_algorithm_is_no_token() {
    let world = World::new("a02");
    for alg in ["none", "None", "nOnE", "NONE", "", "es256", "ES256 ", "ES384", "RS256", "HS256", "EdDSA"] {
        let header = world.header().replace("ES256", alg);
        assert_eq!(world.with_header(&header), INVALID, "{alg}");
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(payload()));
        for token in [format!("{text}."), text.clone(), format!("{text}..")] {
            assert_eq!(world.verifier.verify(&token, NOW), INVALID, "{token}");
        }
    }
    let kid = &world.kid;
    for header in [
        format!(r#"{{"typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":null,"typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":["ES256"],"typ":"at+jwt","kid":"{kid}"}}"#),
        "{}".to_owned(),
        "[]".to_owned(),
        "\"ES256\"".to_owned(),
        String::new(),
    ] {
        assert_eq!(world.with_header(&header), INVALID, "{header}");
    }
}

#[test]
fn abuse_a03_the_public_key_is_no_shared_secret() {
    let world = World::new("a03");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &world.pkcs8).unwrap();
    let point = pair.public_key().as_ref();
    let mut der = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00".to_vec();
    der.extend_from_slice(point);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", STANDARD.encode(&der));
    let jwks = world.verifier.keys().jwks(NOW);
    let secrets = [point.to_vec(), der, pem.clone().into_bytes(), format!("{pem}\n").into_bytes(), jwks.into_bytes(), vec![], world.kid.clone().into_bytes()];
    for (alg, hash) in [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512), ("ES256", hmac::HMAC_SHA512)] {
        for secret in &secrets {
            let header = world.header().replace("ES256", alg);
            let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload()));
            let tag = hmac::sign(&hmac::Key::new(hash, secret), text.as_bytes());
            let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag));
            assert_eq!(world.verifier.verify(&token, NOW), INVALID);
        }
    }
}

#[test]
fn abuse_a04_a_signature_that_is_not_exactly_right_is_wrong() {
    let world = World::new("a04");
    let good = world.good();
    let (text, signature) = good.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let with = |bytes: &[u8]| world.verifier.verify(&format!("{text}.{}", URL_SAFE_NO_PAD.encode(bytes)), NOW);
    assert!(with(&signature).is_ok());
    for bit in 0..512 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(with(&flipped), INVALID, "bit {bit}");
    }
    for end in 0..64 {
        assert_eq!(with(&signature[..end]), INVALID);
    }
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca,
        0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (r, s) = signature.split_at(32);
    let zero = [0; 32];
    for (r, s) in
        [(&zero[..], &zero[..]), (r, &zero[..]), (&zero[..], s), (&order[..], s), (r, &order[..]), (&order[..], &order[..]), (&[0xff; 32], &[0xff; 32]), (s, r)]
    {
        assert_eq!(with(&[r, s].concat()), INVALID);
    }
    // The other s: as good to a lenient verifier, but a second spelling.
    let mut borrow = 0;
    let mut other = signature.clone();
    for at in (0..32).rev() {
        let difference = i32::from(order[at]) - i32::from(s[at]) - borrow;
        borrow = i32::from(difference < 0);
        other[32 + at] = (difference & 0xff) as u8;
    }
    assert_eq!(with(&other), INVALID);
    // DER, and bytes around the right ones.
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &world.pkcs8).unwrap();
    assert_eq!(with(pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref()), INVALID);
    assert_eq!(with(&[&signature[..], &[0]].concat()), INVALID);
    assert_eq!(with(&[&[0], &signature[..]].concat()), INVALID);
}

#[test]
fn abuse_a05_a_key_in_the_header_is_not_believed() {
    let (world, attacker) = (World::new("a05"), World::new("a05-attacker"));
    let jwks = attacker.verifier.keys().jwks(NOW);
    let jwk = jwks.strip_prefix("{\"keys\":[").unwrap().strip_suffix("]}").unwrap();
    for member in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://evil.example/jwks""#.to_owned(),
        r#""x5u":"https://evil.example/x5u""#.to_owned(),
        r#""x5c":["AAAA"]"#.to_owned(),
        r#""x5t":"AAAA""#.to_owned(),
    ] {
        for kid in [&world.kid, &attacker.kid] {
            let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}",{member}}}"#);
            assert_eq!(world.verifier.verify(&attacker.signed(&header, &payload()), NOW), INVALID);
            assert_eq!(world.with_header(&header), INVALID, "even signed by our own key");
        }
    }
    assert_eq!(world.verifier.verify(&attacker.good(), NOW), INVALID);
    assert_eq!(world.verifier.verify(&attacker.signed(&world.header(), &payload()), NOW), INVALID);
}

#[test]
fn abuse_a06_a_strange_key_id_finds_no_key() {
    let world = World::new("a06");
    let kid = format!("\"{}\"", world.kid);
    let long = format!("\"{}\"", "k".repeat(10_000));
    for strange in ["\"../../dev/null\"", "\"' OR 1=1 --\"", "\"\\u0000\"", &long, "1", "[\"a\"]", "{}", "null", "true", "\"\"", "\"unknown\""] {
        assert_eq!(world.with_header(&world.header().replace(&kid, strange)), INVALID, "{strange}");
    }
    assert_eq!(world.with_header(r#"{"alg":"ES256","typ":"at+jwt"}"#), INVALID);
    assert_eq!(world.with_header(&world.header().replace(&world.kid, &world.kid.to_lowercase())), INVALID);
}

#[test]
fn abuse_a07_critical_extensions_are_refused() {
    let world = World::new("a07");
    for member in [r#""crit":["exp"]"#, r#""crit":[]"#, r#""crit":["b64"],"b64":false"#, r#""b64":false"#, r#""b64":true"#, r#""x":1"#] {
        assert_eq!(world.with_header(&world.header().replace('}', &format!(",{member}}}"))), INVALID, "{member}");
    }
}

#[test]
fn abuse_a23_a_key_is_believed_between_its_times() {
    let dir = Dir::new("a23");
    let first = KeySet::create(&dir.0, NOW).unwrap();
    let old = first.keys()[0].kid().to_owned();
    let token = first.issue(&claims(), NOW).unwrap();
    let forever = Claims { exp: NOW + 100_000, ..claims() };
    let long = first.issue(&forever, NOW).unwrap();
    KeySet::create(&dir.0, NOW + 100).unwrap();
    let keys = KeySet::retire(&dir.0, &old, NOW + 100).unwrap().with_overlap(600);
    assert_eq!(keys.keys().len(), 2);
    let new = keys.keys()[1].kid().to_owned();
    let kid = |token: &str| {
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        header["kid"].as_str().unwrap().to_owned()
    };
    assert_eq!(kid(&keys.issue(&claims(), NOW + 99).unwrap()), old);
    let next = keys.issue(&forever, NOW + 100).unwrap();
    assert_eq!(kid(&next), new);
    assert!(keys.jwks(NOW).contains(&new) && keys.jwks(NOW).contains(&old), "published before it signs");
    assert!(!keys.jwks(NOW + 700).contains(&old));
    assert_eq!(keys.issue(&claims(), NOW - 1), Err(KeyError::NoActiveKey));

    let verifier = Verifier::new(Arc::new(keys), ISSUER, AUDIENCE);
    assert!(verifier.verify(&token, NOW + 150).is_ok());
    assert!(verifier.verify(&long, NOW + 699).is_ok());
    assert_eq!(verifier.verify(&long, NOW + 700), INVALID, "rotated out");
    assert_eq!(verifier.verify(&next, NOW + 99), INVALID, "not yet active");
    assert!(verifier.verify(&next, NOW + 700).is_ok());
    assert!(matches!(KeySet::retire(&dir.0, "unknown", NOW), Err(KeyError::NoSuchKey(_))));
}

#[test]
fn abuse_g09_key_files_are_private_and_exact() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new("g09");
    let dir = &world.dir.0;
    let file = dir.join(format!("signing-{}.key", world.kid));
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(dir), mode(&file)), (0o700, 0o600));
    assert!(!world.verifier.keys().jwks(NOW).contains("\"d\""), "the public set has no private part");
    let debug = format!("{:?}", world.verifier);
    assert!(!debug.contains("pkcs8") && debug.contains(&world.kid));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(KeySet::open(dir), Err(KeyError::Exposed(_))));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let good = fs::read_to_string(&file).unwrap();
    for bad in [
        String::new(),
        good.replace("ES256", "none"),
        good.replace("active ", "active x"),
        good[1..].to_owned(),
        good.trim_end().to_owned(),
        format!("{good}more\n"),
    ] {
        fs::write(&file, &bad).unwrap();
        assert!(matches!(KeySet::open(dir), Err(KeyError::Unreadable(_))), "{bad}");
    }
    fs::write(&file, &good).unwrap();
    fs::copy(&file, dir.join("signing-other.key")).unwrap();
    assert!(matches!(KeySet::open(dir), Err(KeyError::Unreadable(_))), "a file's name is its key's id");
    assert!(KeySet::open(&dir.join("absent")).unwrap().keys().is_empty());
}
