//! Signing keys on disk: `signing-<kid>.key`, five lines of text, written whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{KeyError, SigningKey};
use crate::jwa::Algorithm;

const HEAD: &str = "hearthgate-signing-key-1";
const MAX_BYTES: u64 = 4096;

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> KeyError + '_ {
    |error| KeyError::Io { path: path.to_owned(), kind: error.kind() }
}

fn private(path: &Path, meta: &fs::Metadata) -> Result<(), KeyError> {
    if meta.mode() & 0o077 == 0 { Ok(()) } else { Err(KeyError::Exposed(path.to_owned())) }
}

/// Writes a key, replacing an older state of the same key.
pub(super) fn write(dir: &Path, key: &SigningKey) -> Result<(), KeyError> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(io(dir)(error)),
        _ => private(dir, &fs::metadata(dir).map_err(io(dir))?)?,
    }
    let path = dir.join(format!("signing-{}.key", key.kid()));
    let draft = dir.join(format!(".signing-{}.new", key.kid()));
    let retired = key.retired_at().map_or("-".to_owned(), |at| at.to_string());
    let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.pkcs8.as_slice()));
    let (algorithm, active) = (key.algorithm().name(), key.active_from());
    let text = Zeroizing::new(format!("{HEAD}\nalgorithm {algorithm}\nactive {active}\nretired {retired}\nkey {}\n", secret.as_str()));
    // A draft is what a killed run left.
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(io(&draft))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io(&draft))?;
    fs::rename(&draft, &path).map_err(io(&path))?;
    File::open(dir).and_then(|d| d.sync_all()).map_err(io(dir))
}

/// Removes a key for good.
pub(super) fn remove(dir: &Path, key: &SigningKey) -> Result<(), KeyError> {
    let path = dir.join(format!("signing-{}.key", key.kid()));
    fs::remove_file(&path).map_err(io(&path))
}

/// Reads every key of a directory. An absent directory has none.
pub(super) fn read_all(dir: &Path) -> Result<Vec<SigningKey>, KeyError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io(dir))?,
    };
    private(dir, &fs::metadata(dir).map_err(io(dir))?)?;
    let mut keys = Vec::new();
    for entry in entries {
        let path = entry.map_err(io(dir))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(kid) = name.strip_prefix("signing-").and_then(|name| name.strip_suffix(".key")) {
            keys.push(read(&path, kid)?);
        }
    }
    Ok(keys)
}

fn read(path: &Path, kid: &str) -> Result<SigningKey, KeyError> {
    let file = File::open(path).map_err(io(path))?;
    private(path, &file.metadata().map_err(io(path))?)?;
    let mut text = Zeroizing::new(String::with_capacity(1024));
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(io(path))?;
    parse(&text).filter(|key| key.kid() == kid).ok_or_else(|| KeyError::Unreadable(path.to_owned()))
}

fn parse(text: &str) -> Option<SigningKey> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    if lines.next()? != HEAD {
        return None;
    }
    let algorithm = Algorithm::named(lines.next()?.strip_prefix("algorithm ")?)?;
    let active = lines.next()?.strip_prefix("active ")?.parse().ok()?;
    let retired = match lines.next()?.strip_prefix("retired ")? {
        "-" => None,
        at => Some(at.parse().ok()?),
    };
    let secret = Zeroizing::new(URL_SAFE_NO_PAD.decode(lines.next()?.strip_prefix("key ")?).ok()?);
    lines.next().is_none().then(|| SigningKey::from_pkcs8(algorithm, secret, active, retired))?
}
