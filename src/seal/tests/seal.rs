//! What the room promises, seen from outside.

use std::cell::Cell;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use hearthgate_seal::{Error, Keyring, Place, key_id_of, key_id_of_bytes};

/// A directory of its own for each test, gone at the end.
struct Dir(PathBuf);
impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hearthgate-seal-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Dir(path)
    }
}
impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bytes that count up from a seed: the same in each run, never the same twice in one.
fn counting(seed: u64) -> impl Fn(&mut [u8]) {
    let state = Cell::new(seed);
    move |bytes: &mut [u8]| {
        for byte in bytes {
            state.set(state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
            *byte = (state.get() >> 56) as u8;
        }
    }
}

const PLACE: Place<'static> = Place { table: "notes", column: "text", row: "n-1" };

#[test]
fn a_value_opens_where_it_was_sealed() {
    let dir = Dir::new("opens");
    let fill = counting(1);
    let ring = Keyring::create_with(&dir.0, &fill).unwrap();
    let (id, wrapped) = ring.new_data_key(&fill).unwrap();
    for plain in [&b""[..], b"a", "Grüße \u{1f3e5}".as_bytes(), &[7; 5000]] {
        let text = ring.seal(&id, PLACE, plain, &fill).unwrap();
        assert!(text.starts_with(&format!("hg1.{id}.")), "{text}");
        assert_eq!(key_id_of(&text), Some(id));
        assert_eq!(ring.open_value(PLACE, &text).unwrap(), plain);
        let bytes = ring.seal_bytes(&id, PLACE, plain, &fill).unwrap();
        assert!(bytes.starts_with(b"hg1."));
        assert_eq!(key_id_of_bytes(&bytes), Some(id));
        assert_eq!(ring.open_bytes(PLACE, &bytes).unwrap(), plain);
        assert_ne!(text, ring.seal(&id, PLACE, plain, &fill).unwrap(), "each sealing draws a nonce");
    }
    // A later start reads the same keys.
    let again = Keyring::open(&dir.0).unwrap();
    again.confirm(ring.check_value()).unwrap();
    let text = ring.seal(&id, PLACE, b"plain", &fill).unwrap();
    assert_eq!(again.open_value(PLACE, &text), Err(Error::KeyMissing(id)));
    again.unwrap(&id, &wrapped).unwrap();
    assert_eq!(again.open_value(PLACE, &text).unwrap(), b"plain");
    again.forget(&id);
    assert!(!again.holds(&id));
}

#[test]
fn abuse_f20_a_moved_value_does_not_open() {
    let dir = Dir::new("moved");
    let fill = counting(2);
    let ring = Keyring::create_with(&dir.0, &fill).unwrap();
    let (id, _) = ring.new_data_key(&fill).unwrap();
    let (other, _) = ring.new_data_key(&fill).unwrap();
    let text = ring.seal(&id, PLACE, b"plain", &fill).unwrap();
    let bytes = ring.seal_bytes(&id, PLACE, b"plain", &fill).unwrap();
    for place in [
        Place { table: "plans", ..PLACE },
        Place { column: "title", ..PLACE },
        Place { row: "n-2", ..PLACE },
        Place { row: "", ..PLACE },
        // The same characters cut elsewhere.
        Place { table: "notest", column: "ext", ..PLACE },
        Place { column: "textn", row: "-1", ..PLACE },
    ] {
        assert_eq!(ring.open_value(place, &text), Err(Error::Broken));
        assert_eq!(ring.open_bytes(place, &bytes), Err(Error::Broken));
    }
    let swapped = text.replace(&id.to_string(), &other.to_string());
    assert_ne!(swapped, text);
    assert_eq!(ring.open_value(PLACE, &swapped), Err(Error::Broken));
}

#[test]
fn abuse_f22_a_changed_value_fails_with_one_error() {
    let dir = Dir::new("changed");
    let fill = counting(3);
    let ring = Keyring::create_with(&dir.0, &fill).unwrap();
    let (id, _) = ring.new_data_key(&fill).unwrap();
    let text = ring.seal(&id, PLACE, b"a plain text", &fill).unwrap();
    for end in 0..text.len() {
        assert_eq!(ring.open_value(PLACE, &text[..end]), Err(Error::Broken), "cut at {end}");
    }
    let head = format!("hg1.{id}.").len();
    for at in (0..4).chain(head..text.len()) {
        for change in [1, 2, 4, 8, 16, 32, 64] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= change;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            assert_eq!(ring.open_value(PLACE, &changed), Err(Error::Broken), "{changed}");
        }
    }
    let bytes = ring.seal_bytes(&id, PLACE, b"a plain text", &fill).unwrap();
    for at in 0..bytes.len() {
        assert_eq!(ring.open_bytes(PLACE, &bytes[..at]), Err(Error::Broken));
        let mut changed = bytes.clone();
        changed[at] ^= 0x80;
        assert!(matches!(ring.open_bytes(PLACE, &changed), Err(Error::Broken | Error::KeyMissing(_))));
    }
    for nothing in ["", "hg1", "hg1.", "hg1..", "plain", "hg2.AAAAAAAAAAAAAAAA.AAAA", "hg1.é"] {
        assert_eq!(ring.open_value(PLACE, nothing), Err(Error::Broken), "{nothing}");
    }
    for tail in ["=", "==", "\n", " ", "A"] {
        assert_eq!(ring.open_value(PLACE, &format!("{text}{tail}")), Err(Error::Broken));
    }
}

#[test]
fn abuse_f23_a_data_key_answers_to_one_id_only() {
    let dir = Dir::new("commit");
    let fill = counting(4);
    let ring = Keyring::create_with(&dir.0, &fill).unwrap();
    let (id, wrapped) = ring.new_data_key(&fill).unwrap();
    let (other, other_wrapped) = ring.new_data_key(&fill).unwrap();
    assert_eq!(ring.unwrap(&other, &wrapped), Err(Error::Broken));
    assert_eq!(ring.unwrap(&id, &other_wrapped), Err(Error::Broken));
    for text in ["", "hgk1.", "hgk1.AAAA", &wrapped[..wrapped.len() - 1], &wrapped[1..]] {
        assert_eq!(ring.unwrap(&id, text), Err(Error::Broken));
    }
    ring.unwrap(&id, &wrapped).unwrap();
}

#[test]
fn abuse_f24_a_wrong_missing_or_damaged_master_key_is_refused() {
    let (dir, elsewhere) = (Dir::new("right"), Dir::new("wrong"));
    let fill = counting(5);
    let ring = Keyring::create_with(&dir.0, &fill).unwrap();
    let (id, wrapped) = ring.new_data_key(&fill).unwrap();
    let wrong = Keyring::create_with(&elsewhere.0, &fill).unwrap();
    assert_eq!(wrong.confirm(ring.check_value()), Err(Error::WrongMaster));
    assert_eq!(wrong.confirm(""), Err(Error::WrongMaster));
    assert_eq!(wrong.unwrap(&id, &wrapped), Err(Error::Broken));
    assert!(matches!(Keyring::create_with(&dir.0, &fill), Err(Error::Exists(_))));
    Keyring::open(&dir.0).unwrap().confirm(ring.check_value()).unwrap();

    let file = dir.0.join("master.key");
    let good = fs::read_to_string(&file).unwrap();
    for bad in ["", "\n", &good[..good.len() - 1], &good[1..], &good.replace("master ", "blind "), &format!("{good}more\n")] {
        fs::write(&file, bad).unwrap();
        assert!(matches!(Keyring::open(&dir.0), Err(Error::KeyFile(_))), "{bad}");
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(Keyring::open(&dir.0), Err(Error::NoKeyFile(_))));
}

#[test]
fn abuse_g09_a_key_file_that_others_may_read_is_refused() {
    let dir = Dir::new("exposed");
    let fill = counting(6);
    drop(Keyring::create_with(&dir.0, &fill).unwrap());
    let file = dir.0.join("master.key");
    assert_eq!(fs::metadata(&dir.0).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 1, "no draft is left behind");
    for (path, mode, back) in [(&file, 0o640, 0o600), (&file, 0o604, 0o600), (&dir.0, 0o755, 0o700)] {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        assert!(matches!(Keyring::open(&dir.0), Err(Error::Exposed { mode: m, .. }) if m == mode));
        fs::set_permissions(path, Permissions::from_mode(back)).unwrap();
    }
    Keyring::open(&dir.0).unwrap();
}

#[test]
fn blind_marks_are_equal_for_equal_text_of_one_field_under_one_key() {
    let (dir, elsewhere) = (Dir::new("blind"), Dir::new("blind-else"));
    let fill = counting(7);
    let ring = Keyring::create_with(&dir.0, &fill).unwrap();
    let mark = ring.blind("patients.phone", "+41 44 000 00 00");
    assert_eq!(mark.len(), 22);
    assert_eq!(mark, ring.blind("patients.phone", "+41 44 000 00 00"));
    assert_eq!(mark, Keyring::open(&dir.0).unwrap().blind("patients.phone", "+41 44 000 00 00"));
    assert_ne!(mark, ring.blind("patients.email", "+41 44 000 00 00"));
    assert_ne!(mark, ring.blind("patients.phone", "+41 44 000 00 01"));
    assert_ne!(mark, Keyring::create_with(&elsewhere.0, &fill).unwrap().blind("patients.phone", "+41 44 000 00 00"));
}

#[test]
fn abuse_f29_debug_shows_no_key() {
    let dir = Dir::new("debug");
    let fill = counting(8);
    let ring = Keyring::create_with(&dir.0, &fill).unwrap();
    ring.new_data_key(&fill).unwrap();
    assert_eq!(format!("{ring:?}"), "Keyring { data_keys: 1, .. }");
}

#[test]
fn the_cache_stays_within_its_bound_and_keys_come_back() {
    let dir = Dir::new("bound");
    let fill = counting(9);
    let ring = Keyring::create_with(&dir.0, &fill).unwrap().keep(256);
    let keys: Vec<_> = (0..1000).map(|_| ring.new_data_key(&fill).unwrap()).collect();
    let held = keys.iter().filter(|(id, _)| ring.holds(id)).count();
    assert!((100..=256).contains(&held), "{held}");
    for (id, wrapped) in &keys {
        ring.unwrap(id, wrapped).unwrap();
        assert!(ring.holds(id));
    }
}

#[test]
fn many_threads_share_one_ring() {
    let dir = Dir::new("threads");
    let ring = Keyring::create(&dir.0).unwrap();
    let keys: Vec<_> = (0..8).map(|_| ring.new_data_key(&hearthgate_seal::system_fill).unwrap().0).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..500 {
                    let id = &keys[round % keys.len()];
                    let sealed = ring.seal_bytes(id, PLACE, b"plain", &hearthgate_seal::system_fill).unwrap();
                    assert_eq!(ring.open_bytes(PLACE, &sealed).unwrap(), b"plain");
                }
            });
        }
    });
}

/// Prints what opening costs; run it with `--release -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure_opening() {
    let dir = Dir::new("measure");
    let ring = Keyring::create(&dir.0).unwrap();
    let id = ring.new_data_key(&hearthgate_seal::system_fill).unwrap().0;
    for size in [40, 2048, 8192] {
        let plain = vec![b'x'; size];
        let bytes = ring.seal_bytes(&id, PLACE, &plain, &hearthgate_seal::system_fill).unwrap();
        let text = ring.seal(&id, PLACE, &plain, &hearthgate_seal::system_fill).unwrap();
        let mut out = Vec::new();
        let time = |act: &mut dyn FnMut()| {
            let start = std::time::Instant::now();
            for _ in 0..100_000 {
                act();
            }
            start.elapsed().as_nanos() / 100_000
        };
        let of_bytes = time(&mut || {
            out.clear();
            ring.open_bytes_into(PLACE, &bytes, &mut out).unwrap();
        });
        let of_text = time(&mut || drop(ring.open_value(PLACE, &text).unwrap()));
        let sealing = time(&mut || drop(ring.seal(&id, PLACE, &plain, &hearthgate_seal::system_fill).unwrap()));
        let marks = time(&mut || drop(ring.blind("f", "a text of some length")));
        println!("{size} bytes: open bytes {of_bytes} ns, open text {of_text} ns, seal text {sealing} ns; blind {marks} ns");
    }
}
