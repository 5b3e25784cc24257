//! What several tests need: the clinic's schema and mappings, and resources out of R4's definitions.

#![allow(dead_code, reason = "each test uses its part")]

pub mod resources;
pub mod rows;

use hearthgate_mapping::schema::{Schema, Table};
use hearthgate_mapping::{Mappings, compile};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What lies beside the repository: real input and packages. With `CI=true` it must be there.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{} is missing", path.display());
    eprintln!("left out: {} is not there", path.display());
    None
}

/// How many cases a law is tried on: `PROPTEST_CASES`, or so many.
pub fn cases(unless_said: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(unless_said)
}

/// The clinic's mappings.
pub fn mappings() -> Mappings {
    compile::load(&files(), &schema()).unwrap_or_else(|mistakes| panic!("{}", mistakes.iter().map(|m| format!("{m}\n")).collect::<String>()))
}

/// The files of `mappings/`.
pub fn files() -> compile::Files {
    let root = root().join("mappings");
    let mut out = Vec::new();
    for folder in [root.clone(), root.join("codes")] {
        for entry in fs::read_dir(&folder).expect("mappings").flatten() {
            if entry.path().extension().is_some_and(|e| e == "toml") {
                let name = entry.path().strip_prefix(&root).expect("below").to_string_lossy().into_owned();
                out.push((name, fs::read_to_string(entry.path()).expect("a readable file")));
            }
        }
    }
    out
}

/// The tables that `migrations/` make.
pub fn schema() -> Schema {
    let db = rusqlite::Connection::open_in_memory().expect("memory");
    let mut names: Vec<_> = fs::read_dir(root().join("migrations")).expect("migrations").flatten().map(|e| e.path()).collect();
    names.sort();
    for name in names {
        let text = fs::read_to_string(&name).expect("a readable file");
        db.execute_batch(&text).unwrap_or_else(|e| panic!("{}: {e}", name.display()));
    }
    schema_of(&db)
}

/// The tables of a database.
pub fn schema_of(db: &rusqlite::Connection) -> Schema {
    let tables: Vec<(String, bool)> = {
        let mut statement = db.prepare("SELECT name, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view')").expect("sql");
        statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).expect("sql").flatten().collect()
    };
    let mut out = BTreeMap::new();
    for (name, view) in tables {
        let mut table = Table { view, ..Table::default() };
        let mut statement = db.prepare("SELECT name, upper(type) FROM pragma_table_xinfo(?1)").expect("sql");
        table.columns = statement.query_map([&name], |r| Ok((r.get(0)?, r.get(1)?))).expect("sql").flatten().collect();
        let mut statement = db.prepare("SELECT \"from\", \"table\", coalesce(\"to\", 'id') FROM pragma_foreign_key_list(?1)").expect("sql");
        table.foreign_keys = statement.query_map([&name], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).expect("sql").flatten().collect();
        let mut statement = db.prepare("SELECT min(i.name) FROM pragma_index_list(?1) l, pragma_index_info(l.name) i WHERE l.\"unique\" AND NOT l.partial GROUP BY l.name HAVING count(*) = 1 UNION SELECT name FROM pragma_table_info(?1) WHERE pk = 1 AND (SELECT count(*) FROM pragma_table_info(?1) WHERE pk) = 1").expect("sql");
        table.unique = statement.query_map([&name], |r| r.get(0)).expect("sql").flatten().collect();
        out.insert(name, table);
    }
    Schema { tables: out }
}

/// The files of a package: an archive of POSIX's ustar format, packed.
pub fn unpack(package: &Path) -> Vec<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let file = fs::File::open(package).expect("a package");
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(file), &mut bytes).expect("a packed file");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_matches(['\0', ' ']).to_owned();
    let mut out = Vec::new();
    let mut at = 0;
    while bytes.len() >= at + 512 && bytes[at] != 0 {
        let header = &bytes[at..at + 512];
        let size = usize::from_str_radix(&text(&header[124..136]), 8).expect("a size");
        out.push((format!("{}/{}", text(&header[345..500]), text(&header[..100])), bytes[at + 512..at + 512 + size].to_vec()));
        at += 512 + size.div_ceil(512) * 512;
    }
    out
}

/// Decisions out of bytes: a shorter or lower tape makes a simpler thing, so that proptest can shrink it.
pub struct Tape<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Tape<'t> {
    pub fn new(bytes: &'t [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn byte(&mut self) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte
    }

    /// True in `of` of 256 cases, and never at the end of the tape.
    pub fn chance(&mut self, of: u8) -> bool {
        u16::from(self.byte()) + u16::from(of) > 255
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit.max(1)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.below(from.len())) }
    }

    pub fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }
}
