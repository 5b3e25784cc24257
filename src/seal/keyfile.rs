//! The file that holds the master keys: `master.key` in the key directory, three lines of text,
//! written whole or not at all, readable by its owner alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{Zeroize, Zeroizing};

use crate::{Error, Fill};

const FILE: &str = "master.key";
const HEAD: &str = "hearthgate-keys-1";
/// No key file is longer; what is longer is not read into memory.
const MAX_BYTES: u64 = 4096;

/// The two keys everything else hangs from.
pub(crate) struct Masters {
    /// Wraps data keys.
    pub(crate) master: Zeroizing<[u8; 32]>,
    /// Derives the keys of blind indexes.
    pub(crate) blind: Zeroizing<[u8; 32]>,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
    |error| Error::Io { path: path.to_owned(), kind: error.kind() }
}

fn private(path: &Path, meta: &fs::Metadata, wanted: u32) -> Result<(), Error> {
    let mode = meta.mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(Error::Exposed { path: path.to_owned(), mode, wanted }) }
}

/// Makes the directory (0700) and the file (0600), durable when this returns. Another process or an
/// earlier run that made the file first wins: [`Error::Exists`].
pub(crate) fn create(dir: &Path, fill: Fill<'_>) -> Result<Masters, Error> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(dir)(error)),
    }
    private(dir, &fs::metadata(dir).map_err(io(dir))?, 0o700)?;
    let path = dir.join(FILE);
    let mut masters = Masters { master: Zeroizing::new([0; 32]), blind: Zeroizing::new([0; 32]) };
    fill(masters.master.as_mut());
    fill(masters.blind.as_mut());
    let mut suffix = [0; 8];
    fill(&mut suffix);
    let draft = dir.join(format!(".{FILE}.{}", URL_SAFE_NO_PAD.encode(suffix)));
    let written = write(&draft, &masters).and_then(|()| {
        // A link, unlike a rename, never replaces what is there.
        fs::hard_link(&draft, &path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::Exists(path.clone()),
            _ => io(&path)(error),
        })
    });
    let _ = fs::remove_file(&draft);
    written?;
    File::open(dir).and_then(|d| d.sync_all()).map_err(io(dir))?;
    Ok(masters)
}

fn write(path: &Path, masters: &Masters) -> Result<(), Error> {
    let mut text = Zeroizing::new(String::with_capacity(256));
    text.push_str(HEAD);
    for (name, key) in [("master", &masters.master), ("blind", &masters.blind)] {
        text.push('\n');
        text.push_str(name);
        text.push(' ');
        URL_SAFE_NO_PAD.encode_string(key.as_slice(), &mut text);
    }
    text.push('\n');
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io(path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io(path))
}

/// Reads the file; refuses one that others may access, or that is not exactly what [`create`] writes.
pub(crate) fn open(dir: &Path) -> Result<Masters, Error> {
    let path = dir.join(FILE);
    let missing = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Error::NoKeyFile(path.clone()),
        _ => io(&path)(error),
    };
    private(dir, &fs::metadata(dir).map_err(missing)?, 0o700)?;
    let file = File::open(&path).map_err(missing)?;
    private(&path, &file.metadata().map_err(io(&path))?, 0o600)?;
    let mut text = Zeroizing::new(String::with_capacity(512));
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => Error::KeyFile(path.clone()),
        _ => io(&path)(error),
    })?;
    parse(&text).ok_or(Error::KeyFile(path))
}

fn parse(text: &str) -> Option<Masters> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    if lines.next()? != HEAD {
        return None;
    }
    let master = key(lines.next()?.strip_prefix("master ")?)?;
    let blind = key(lines.next()?.strip_prefix("blind ")?)?;
    // Equal or empty keys come from a hand-made file, never from `create`.
    let sound = lines.next().is_none() && *master != *blind && *master != [0; 32] && *blind != [0; 32];
    sound.then_some(Masters { master, blind })
}

fn key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let key = <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new);
    bytes.zeroize();
    key
}
