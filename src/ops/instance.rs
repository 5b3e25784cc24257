//! A data directory, opened: database, keys, audit, mappings, roles.

use super::config::{Authorization, Config, ProfileClaims, SelfRegistration, Upstream};
use super::outbound::Outbound;
use crate::rest::gateway::{Clock, Gateway, Settings};
use hearthgate_access::Roles;
use hearthgate_auth::{KeySet, PasswordCost, Replay};
use hearthgate_ledger::Ledger;
use hearthgate_mapping::compile::{self, Files};
use hearthgate_mapping::{Mappings, Mistake, Schema};
use hearthgate_seal::Keyring;
use hearthgate_store::Store;
use hearthgate_store::migrate::{self, MIGRATIONS};
use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// Why a data directory cannot be opened: sentences for an operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The mapping files have mistakes.
    #[error("the mapping files have {} mistakes:\n{}", .0.len(), lines(.0))]
    Mappings(Vec<Mistake>),
    /// The table of roles has mistakes.
    #[error("{0}")]
    Roles(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] hearthgate_store::Error),
    /// The keys that seal fields.
    #[error(transparent)]
    Seal(#[from] hearthgate_seal::Error),
    /// The keys that sign tokens.
    #[error(transparent)]
    Keys(#[from] hearthgate_auth::KeyError),
    /// The audit.
    #[error(transparent)]
    Ledger(#[from] hearthgate_ledger::Error),
    /// The directory.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().fold(String::new(), |mut out, m| {
        let _ = writeln!(out, "  {m}");
        out
    })
}

/// An opened data directory.
pub struct Instance {
    /// The directory.
    pub dir: PathBuf,
    /// What interactions work with.
    pub gateway: Gateway,
    /// The keys that sign tokens.
    pub keys: Arc<KeySet>,
    /// Connections to elsewhere.
    pub outbound: Arc<Outbound>,
    /// Lifetimes, limits and costs of the authorization server.
    pub authorization: Authorization,
    /// Which clients may register themselves.
    pub self_registration: SelfRegistration,
    /// Other identity providers at which people may sign in.
    pub upstream: Vec<Upstream>,
    /// The proofs of possession seen lately.
    pub replay: Arc<Replay>,
    /// How many requests a minute whose authentication failed are answered to one address.
    pub failures_per_minute: u32,
    /// The table of roles.
    pub roles: Arc<Roles>,
    /// The issuer: the public URL.
    pub issuer: String,
    /// Imports under way.
    pub imports: AtomicUsize,
}

/// The files of the mappings: those of the folder that the configuration names, or those in the program.
///
/// # Errors
/// A folder that cannot be read.
pub fn mapping_files(config: &Config) -> Result<Files, OpenError> {
    let Some(root) = &config.mappings else {
        return Ok(crate::embedded::MAPPINGS.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect());
    };
    let mut files = Files::new();
    for folder in [root.clone(), root.join("codes")] {
        let Ok(entries) = fs::read_dir(&folder) else {
            if folder == *root {
                return Err(OpenError::Io(folder, std::io::ErrorKind::NotFound.into()));
            }
            continue;
        };
        for entry in entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "toml")) {
            let text = fs::read_to_string(&entry).map_err(|e| OpenError::Io(entry.clone(), e))?;
            let name = entry.strip_prefix(root).unwrap_or(&entry).to_string_lossy().into_owned();
            files.push((name, text));
        }
    }
    Ok(files)
}

/// The table of roles.
///
/// # Errors
/// Its mistakes.
pub fn roles(config: &Config) -> Result<Arc<Roles>, OpenError> {
    let roles = match &config.roles {
        None => Roles::shipped().map_err(|e| OpenError::Roles(format!("{e:?}")))?,
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|e| OpenError::Io(path.clone(), e))?;
            Roles::parse(&text).map_err(|faults| OpenError::Roles(faults.iter().map(|f| format!("{}: {f}", path.display())).collect::<Vec<_>>().join("\n")))?
        }
    };
    Ok(Arc::new(roles))
}

/// Compiles the mappings against a schema.
///
/// # Errors
/// Every mistake.
pub fn compiled(config: &Config, schema: &Schema) -> Result<Mappings, OpenError> {
    compile::load(&mapping_files(config)?, schema).map_err(OpenError::Mappings)
}

impl Instance {
    /// What a password costs to hash.
    #[must_use]
    pub fn password_cost(&self) -> PasswordCost {
        let number = |of: i64| u32::try_from(of).unwrap_or(u32::MAX);
        PasswordCost { memory_kib: number(self.authorization.argon2_memory_kib), passes: number(self.authorization.argon2_passes) }
    }

    /// Opens a data directory, making what is not there: directory, keys, schema. `listen` is the address clients use when the
    /// configuration names no public URL. The caller holds the directory's lock.
    ///
    /// # Errors
    /// What stands in the way, as a sentence.
    pub fn open(dir: &Path, config: &Config, public_url: &str, clock: Clock) -> Result<Self, OpenError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |e| OpenError::Io(path, e)
        };
        // The source of chance gathers for some 30 ms before its first bytes.
        let replay_key = std::thread::spawn(|| {
            let mut key = [0; 32];
            hearthgate_seal::system_fill(&mut key);
            key
        });
        make_dir(dir).map_err(io(dir))?;
        let key_dir = dir.join("keys");
        make_dir(&key_dir).map_err(io(&key_dir))?;
        let keyring = match Keyring::open(&key_dir) {
            Err(hearthgate_seal::Error::NoKeyFile(_)) if !dir.join("ehr.db").exists() => Keyring::create(&key_dir)?,
            other => other?,
        };
        let keyring = Arc::new(keyring);
        let now_s = clock().div_euclid(1000);
        let keys = KeySet::open_or_create(&key_dir, now_s)?;
        let database = dir.join("ehr.db");
        let migrated = migrate::migrate::<OpenError>(&database, MIGRATIONS, clock(), |schema| compiled(config, schema))?;
        let replay_key = replay_key.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mappings = Arc::new(migrated.mappings);
        let store = Store::open(
            &database,
            Arc::clone(&mappings),
            Arc::clone(&keyring),
            &hearthgate_store::Options { readers: config.scan_threads, tables: Some(migrated.tables) },
        )?;
        let store = Arc::new(store);
        let ledger = Arc::new(Ledger::open(&dir.join("log").join("audit"))?);
        let settings = Settings {
            base: format!("{public_url}/fhir"),
            page: config.page,
            page_limit: config.page_limit,
            body_limit: config.body_limit,
            entry_limit: config.entry_limit,
            update_create: config.update_create,
            refuse_false_claims: config.profile_claims == ProfileClaims::Refuse,
            trusted_proxy: config.trusted_proxy,
        };
        Ok(Self {
            dir: dir.to_owned(),
            gateway: Gateway { settings, mappings, store, keyring, ledger, clock },
            keys: Arc::new(keys),
            outbound: Arc::new(Outbound::new(config.trusted_hosts.clone())),
            authorization: config.authorization,
            self_registration: config.self_registration,
            upstream: config.upstream.clone(),
            replay: Arc::new(Replay::new(replay_key, PROOFS, now_s)),
            failures_per_minute: config.failures_per_minute,
            roles: roles(config)?,
            issuer: public_url.to_owned(),
            imports: AtomicUsize::new(0),
        })
    }
}

/// How many proofs of possession are remembered: two minutes of 1,600 a second.
const PROOFS: usize = 200_000;

fn make_dir(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The wall clock, the only place that reads it. Builds with debug assertions, and those alone, stand still at the time (ms since 1970
/// UTC) that `HEARTHGATE_TEST_CLOCK` names, so that two servers can be compared byte by byte.
#[must_use]
pub fn system_clock() -> Clock {
    #[cfg(debug_assertions)]
    if let Ok(text) = std::env::var("HEARTHGATE_TEST_CLOCK") {
        // A time, or a file with one, which a test turns.
        if let Ok(fixed) = text.parse() {
            return Arc::new(move || fixed);
        }
        return Arc::new(move || fs::read_to_string(&text).ok().and_then(|time| time.trim().parse().ok()).unwrap_or_default());
    }
    Arc::new(|| jiff::Timestamp::now().as_millisecond())
}
