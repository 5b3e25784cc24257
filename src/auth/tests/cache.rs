//! The memory of verified tokens forgets at once and stays within its bound.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use hearthgate_access::{Caller, InternalCaller, Role, Roles, VerifiedGrant};
use hearthgate_auth::{Claims, Known, Subject, TokenCache};

fn known(exp: i64) -> Arc<Known> {
    let roles = Arc::new(Roles::shipped().unwrap());
    let claims = Claims {
        iss: "i".into(),
        subject: Subject::Client,
        aud: vec!["a".into()],
        exp,
        iat: 0,
        nbf: None,
        jti: "j".into(),
        client_id: "c".into(),
        scope: String::new(),
        patient: None,
        fhir_user: None,
        family: None,
        role: None,
        jkt: None,
    };
    let grant = VerifiedGrant {
        client: "c".into(),
        registered: String::new(),
        user: None,
        role: Role::System,
        fhir_user: None,
        scope: String::new(),
        launch_patient: None,
    };
    let caller = Caller::internal(InternalCaller::Verify, &roles);
    let checked = AtomicU64::new(0);
    Arc::new(Known { claims, caller, grant, checked })
}

#[test]
fn a_token_is_known_by_its_whole_text_until_it_expires() {
    let cache = TokenCache::new(100);
    cache.put("token", cache.generation(), known(10), 0);
    assert!(cache.get("token", 9).is_some());
    assert!(cache.get("token", 10).is_none());
    for other in ["toke", "token ", "Token", "", "tokem"] {
        assert!(cache.get(other, 0).is_none());
    }
    cache.forget("token");
    assert!(cache.get("token", 0).is_none());
}

#[test]
fn abuse_a15_a16_a_change_forgets_every_token_even_one_being_verified() {
    let cache = TokenCache::new(100);
    cache.put("early", cache.generation(), known(10), 0);
    let before = cache.generation();
    cache.invalidate();
    assert!(cache.get("early", 0).is_none());
    // Looked up before the change, remembered after it.
    cache.put("late", before, known(10), 0);
    assert!(cache.get("late", 0).is_none());
    cache.put("late", cache.generation(), known(10), 0);
    assert!(cache.get("late", 0).is_some());
}

#[test]
fn the_memory_is_bounded_and_drops_what_is_dead_first() {
    let cache = TokenCache::new(640);
    let one = known(10);
    for n in 0..10_000 {
        cache.put(&format!("t{n}"), 0, Arc::clone(&one), 0);
    }
    assert!(cache.len() <= 640, "{}", cache.len());
    assert!(!cache.is_empty());
    let long = known(1000);
    for n in 0..200 {
        cache.put(&format!("u{n}"), 0, Arc::clone(&long), 20);
    }
    let kept = (0..200).filter(|n| cache.get(&format!("u{n}"), 20).is_some()).count();
    assert!(kept > 150, "{kept} kept: expired ones go first");
    cache.put(&"x".repeat(100_000), 0, one, 0);
    assert!(cache.get(&"x".repeat(100_000), 0).is_none());
}

/// Prints what a look-up costs; run it with `--release -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure_lookups() {
    let cache = TokenCache::new(10_000);
    let tokens: Vec<String> = (0..1000).map(|n| format!("{n:0700}")).collect();
    tokens.iter().for_each(|token| cache.put(token, 0, known(10), 0));
    for threads in [1, 2] {
        let start = std::time::Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..200_000).filter(|n| cache.get(&tokens[n % 1000], 0).is_some()).count());
            }
        });
        println!("{threads} threads: {} ns a look-up", start.elapsed().as_nanos() / 200_000);
    }
}
