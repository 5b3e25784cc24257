//! The configuration: a TOML file, every key overridden by `HEARTHGATE_<KEY>`; an unknown key is refused.

mod authorization;

pub use authorization::Authorization;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What an operator may set; everything has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The URL under which clients reach the gateway, without a path (port 0: the listening one); default: `http://` and the listening
    /// address.
    pub public_url: Option<String>,
    /// Where metrics are served; loopback only.
    pub metrics_listen: SocketAddr,
    /// A folder of mapping files instead of those in the program.
    pub mappings: Option<PathBuf>,
    /// A table of roles instead of the one in the program.
    pub roles: Option<PathBuf>,
    /// Results on a page when `_count` does not say.
    pub page: u32,
    /// Most results on a page.
    pub page_limit: u32,
    /// Most bytes of a body.
    pub body_limit: usize,
    /// Most entries of a bundle.
    pub entry_limit: usize,
    /// Whether clients may create with PUT under an id of their own (patients' apps never may).
    pub update_create: bool,
    /// What becomes of a resource that departs from a profile which it claims (`meta.profile`), of those known here.
    pub profile_claims: ProfileClaims,
    /// Requests a minute from one address whose authentication failed that are answered and audited one by one; more get 429.
    pub failures_per_minute: u32,
    /// A proxy in front ends TLS and says in `X-Forwarded-For` where requests come from; without it plain HTTP is served on loopback only.
    pub trusted_proxy: bool,
    /// Threads that may scan.
    pub scan_threads: usize,
    /// Hosts whose addresses may be private when keys of clients are fetched from them (a hospital's own network); `127.0.0.1` among them
    /// allows plain HTTP there, for tests and demonstrations.
    pub trusted_hosts: Vec<String>,
    /// Which clients may register themselves.
    pub self_registration: SelfRegistration,
    /// Lifetimes, limits and costs of the authorization server.
    pub authorization: Authorization,
    /// Other identity providers at which people may sign in.
    pub upstream: Vec<Upstream>,
}

/// Another identity provider, such as a hospital's own (OpenID Connect).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// A short name for addresses: letters, digits and `-`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its issuer, to the letter.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What it knows us by.
    pub client_secret: Option<String>,
    /// Whoever signs in there for the first time is linked to the account whose name is `preferred_username` there: for a provider that
    /// answers for its names.
    #[serde(default)]
    pub link_by_username: bool,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("id", &self.id).field("issuer", &self.issuer).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Which clients may register themselves (RFC 7591).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfRegistration {
    /// None.
    Closed,
    /// All, and each waits until somebody has looked.
    #[default]
    Review,
    /// Those that only ever reach the record of the patient who connects them are let in at once; the others wait.
    PatientApps,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            metrics_listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            mappings: None,
            roles: None,
            page: 50,
            page_limit: 1000,
            body_limit: 8 << 20,
            entry_limit: 1000,
            update_create: true,
            profile_claims: ProfileClaims::Warn,
            failures_per_minute: 600,
            trusted_proxy: false,
            scan_threads: 2,
            trusted_hosts: Vec::new(),
            self_registration: SelfRegistration::default(),
            authorization: Authorization::default(),
            upstream: Vec::new(),
        }
    }
}

/// What becomes of a resource that departs from a profile which it claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileClaims {
    /// It is stored as it came; who asks with `Prefer: return=OperationOutcome` is told in what it departs.
    #[default]
    Warn,
    /// It is refused with 422.
    Refuse,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The file or an environment variable says something that is no configuration.
    #[error("{0}")]
    Content(String),
}

impl Config {
    /// Reads the file, if one is named, and the environment.
    ///
    /// # Errors
    /// As [`Config::read`], and every setting that is out of bounds or contradicts another.
    pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        Self::read(file, environment)?.sound()
    }

    /// Reads the file, if one is named, and the environment, without judging what they say.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown key, or a value of the wrong kind.
    pub fn read(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut table = match file {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|e| ConfigError::File(path.to_owned(), e))?;
                // Parsed once as a whole for messages with line and column.
                toml::from_str::<Self>(&text).map_err(|e| ConfigError::Content(format!("{}: {e}", path.display())))?;
                text.parse::<toml::Table>().map_err(|e| ConfigError::Content(format!("{}: {e}", path.display())))?
            }
        };
        for (name, value) in environment {
            let Some(key) = name.strip_prefix("HEARTHGATE_") else { continue };
            let key = key.to_ascii_lowercase();
            // A clock for tests is no setting: a build for production refuses it like any key it does not know.
            if key == "log" || cfg!(debug_assertions) && key == "test_clock" {
                continue;
            }
            let value = format!("value = {value}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("value")).unwrap_or(toml::Value::String(value));
            match key.strip_prefix("authorization_") {
                None => drop(table.insert(key, value)),
                Some(inner) => match table.entry("authorization").or_insert_with(|| toml::Table::new().into()) {
                    toml::Value::Table(section) => drop(section.insert(inner.to_owned(), value)),
                    _ => return Err(ConfigError::Content("authorization: a section".to_owned())),
                },
            }
        }
        table.try_into().map_err(|e: toml::de::Error| ConfigError::Content(format!("configuration: {}", e.message())))
    }

    /// With another address to listen on (`--listen`).
    ///
    /// # Errors
    /// As [`Config::load`]: an address may not go with the other settings.
    pub fn with_listen(mut self, listen: Option<SocketAddr>) -> Result<Self, ConfigError> {
        self.listen = listen.unwrap_or(self.listen);
        self.sound()
    }

    fn sound(self) -> Result<Self, ConfigError> {
        let mistakes = self.mistakes();
        if mistakes.is_empty() { Ok(self) } else { Err(ConfigError::Content(mistakes.join("\n"))) }
    }

    /// Everything that is out of bounds or contradicts something else, a sentence each.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = self.authorization.mistakes();
        let mut wrong = |text: &str| mistakes.push(text.to_owned());
        if !self.listen.ip().is_loopback() && !self.trusted_proxy {
            wrong("listen: plain HTTP is served on loopback only. Put a proxy that ends TLS in front and set `trusted_proxy = true`, or listen on 127.0.0.1");
        }
        if !self.metrics_listen.ip().is_loopback() {
            wrong("metrics_listen: metrics are served on loopback only");
        }
        let is_id = |id: &str| !id.is_empty() && id.len() <= 40 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if self.upstream.iter().enumerate().any(|(at, own)| !is_id(&own.id) || self.upstream[..at].iter().any(|other| other.id == own.id)) {
            wrong("upstream: each `id` has its own 1 to 40 lower-case letters, digits and `-`");
        }
        let on_loopback = |issuer: &str| ["http://127.0.0.1", "http://localhost"].iter().any(|start| issuer.starts_with(start));
        if self.upstream.iter().any(|own| !own.issuer.starts_with("https://") && !on_loopback(&own.issuer)) {
            wrong("upstream: each `issuer` is an https URL");
        }
        if self.page == 0 || self.page > self.page_limit || self.page_limit > 1000 {
            wrong("page and page_limit: 1 <= page <= page_limit <= 1000");
        }
        if self.failures_per_minute == 0 || self.failures_per_minute > 60_000 {
            wrong("failures_per_minute: from 1 to 60000");
        }
        if self.body_limit < 1024 || self.entry_limit == 0 || self.scan_threads == 0 {
            wrong("body_limit must be at least 1024, entry_limit and scan_threads at least 1");
        }
        if let Some(url) = &self.public_url
            && (!url.starts_with("https://") && !url.starts_with("http://") || url.ends_with('/') || url.matches('/').count() != 2)
        {
            wrong("public_url: a URL without a path, such as https://records.example.org");
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_overrides_and_unknown_keys_are_refused() {
        let env = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into_iter();
        assert_eq!(Config::load(None, env("HEARTHGATE_PAGE", "7")).expect("good").page, 7);
        assert_eq!(Config::load(None, env("HEARTHGATE_LISTEN", "127.0.0.1:0")).expect("good").listen.port(), 0);
        assert!(Config::load(None, env("HEARTHGATE_PAEG", "7")).is_err());
        assert!(Config::load(None, env("HEARTHGATE_LISTEN", "0.0.0.0:80")).is_err());
        let short = Config::load(None, env("HEARTHGATE_AUTHORIZATION_ACCESS_TOKEN_S", "60")).expect("good");
        assert_eq!(short.authorization, Authorization { access_token_s: 60, ..Authorization::default() });
        assert!(Config::load(None, env("HEARTHGATE_AUTHORIZATION_ACCES_TOKEN_S", "60")).is_err());
        let two = [("HEARTHGATE_AUTHORIZATION_ARGON2_MEMORY_KIB", "1024"), ("HEARTHGATE_PAGE", "0")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let said = Config::load(None, two.into_iter()).expect_err("unsafe").to_string();
        assert!(said.contains("argon2_memory_kib = 1024: from 47104") && said.contains("page"), "every mistake at once: {said}");
        let public = Some(SocketAddr::from(([0, 0, 0, 0], 80)));
        assert!(Config::default().with_listen(public).is_err(), "nor by --listen");
        assert!(Config { trusted_proxy: true, ..Config::default() }.with_listen(public).is_ok());
    }
}
