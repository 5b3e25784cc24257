//! Style sheets and scripts: built into the program, each under an address that names its content, so that browsers may keep it for good.

use std::fmt::Write as _;
use std::sync::LazyLock;

/// The `Cache-Control` of an asset: its address changes with its content (RFC 8246).
pub const ASSET_CACHE: &str = "public, max-age=31536000, immutable";

/// A file for browsers.
#[derive(Debug)]
pub struct Asset {
    /// Its path: `/assets/NAME-DIGEST.EXTENSION`.
    pub path: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

/// The files that pages name.
pub(crate) struct Assets {
    all: Vec<Asset>,
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    all: vec![
        made("hearthgate", "css", CSS, include_bytes!("assets/hearthgate.css")),
        made("passkey", "js", SCRIPT, include_bytes!("assets/passkey.js")),
        made("sandbox", "js", SCRIPT, include_bytes!("assets/sandbox.js")),
        made("icon", "svg", "image/svg+xml", include_bytes!("assets/icon.svg")),
    ],
});

fn made(name: &str, extension: &str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    let mut path = format!("/assets/{name}-");
    let _ = write!(path, "{:016x}.{extension}", digest(bytes));
    Asset { path, content_type, bytes }
}

/// FNV-1a (<https://www.rfc-editor.org/rfc/rfc9923>): tells versions of our own files apart, and protects nothing.
const fn digest(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// The asset at a path below `/assets/`; `None` for any other path, an older version's included.
#[must_use]
pub fn asset(path: &str) -> Option<&'static Asset> {
    ASSETS.all.iter().find(|asset| asset.path == path)
}

/// The path of the asset that a template calls by its plain name.
pub(crate) fn path(name: &str) -> &'static str {
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let found = ASSETS.all.iter().find(|a| {
        let file = a.path.strip_prefix("/assets/").unwrap_or_default();
        file.strip_prefix(stem).is_some_and(|rest| rest.starts_with('-')) && file.rsplit_once('.').is_some_and(|(_, own)| own == extension)
    });
    debug_assert!(found.is_some(), "no asset {name}");
    found.map_or("", |asset| &asset.path)
}
