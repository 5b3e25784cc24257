//! The arguments of every command.

use crate::ops::logging::LogFormat;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A SMART-on-FHIR gateway over an electronic health record's own tables.
#[derive(Debug, Parser)]
#[command(name = "hearthgate", version, after_help = "Not built yet: attach, backup, restore, verify.")]
pub struct Arguments {
    /// The data directory: database, keys, log, jobs.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How log lines look.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "a process holds one of them")]
pub enum Command {
    /// Make the sample clinic unless it is there, and serve it on loopback.
    Demo {
        /// Where to listen; port 0 picks one.
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
        /// How many patients it has.
        #[arg(long, default_value_t = 40)]
        patients: usize,
        /// What it is made from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Throw away the one that is there.
        #[arg(long)]
        fresh: bool,
    },
    /// Serve a data directory; an empty one becomes an empty clinic.
    Serve {
        /// Where to listen.
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
        /// Another database than the data directory's own.
        #[arg(long, value_name = "URL")]
        database: Option<String>,
    },
    /// Bring the schema to the newest version.
    Migrate,
    /// Find every mistake in configuration, mappings and roles.
    Check {
        /// FHIR files (NDJSON, JSON, folders): which share of their values lands in columns.
        #[arg(long, num_args = 1.., value_name = "PATH")]
        coverage: Vec<PathBuf>,
    },
    /// The mappings as a page.
    Mappings {
        /// Which page.
        #[command(subcommand)]
        page: Mappings,
    },
    /// Take FHIR files into the record: NDJSON, bundles, folders, .gz.
    Import {
        /// Files and folders.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// The system they come from.
        #[arg(long = "as", value_name = "SYSTEM")]
        system: Option<String>,
        /// Where refused lines are written, as NDJSON of {source, line, outcome}.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// Do not read the notes for conditions.
        #[arg(long)]
        no_extract: bool,
    },
    /// Print an access token, alone on the last line.
    Token {
        /// The client it is for.
        #[arg(long, value_name = "ID")]
        client: String,
        /// The user it is for.
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// The scopes.
        #[arg(long, value_name = "S")]
        scope: String,
        /// The patient in launch context, a FHIR id.
        #[arg(long, value_name = "ID")]
        patient: Option<String>,
        /// Seconds it lives.
        #[arg(long, default_value_t = 300)]
        ttl: u32,
    },
    /// The programs that may ask for access.
    Clients {
        /// What to do with them.
        #[command(subcommand)]
        what: Clients,
    },
    /// The people who may sign in.
    Users {
        /// What to do with them.
        #[command(subcommand)]
        what: Users,
    },
    /// Read clinical text.
    Nlp(Nlp),
    /// Write the record to NDJSON files, one a type.
    Export {
        /// The folder they go to.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// These types only.
        #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
        types: Vec<String>,
        /// Only what changed at or after this instant.
        #[arg(long, value_name = "INSTANT")]
        since: Option<String>,
    },
    /// Serve a foreign database.
    #[command(hide = true)]
    Attach(Later),
    /// Copy a clinic.
    #[command(hide = true)]
    Backup(Later),
    /// What people have allowed apps.
    Grants {
        /// What to do with them.
        #[command(subcommand)]
        what: Grants,
    },
    /// The keys that sign tokens.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        what: Keys,
    },
    /// Bring a copy back.
    #[command(hide = true)]
    Restore(Later),
    /// Check everything against the log.
    #[command(hide = true)]
    Verify(Later),
}

/// A command that is not built yet says so, whatever it is given.
#[derive(Debug, Args)]
pub struct Later {
    /// Whatever it is given.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<std::ffi::OsString>,
}

/// Pages about the mappings.
#[derive(Debug, Subcommand)]
pub enum Mappings {
    /// Every type, table, path and search parameter, as Markdown.
    Doc,
}

/// What is said of a client. An empty text takes away what was said.
#[derive(Debug, Args)]
pub struct ClientDetails {
    /// Where the authorization server may send its users.
    #[arg(long, value_name = "URI")]
    pub redirect_uri: Vec<String>,
    /// Where people may be sent after signing out.
    #[arg(long, value_name = "URI")]
    pub post_logout_redirect_uri: Vec<String>,
    /// Where an EHR launch starts.
    #[arg(long, value_name = "URL")]
    pub launch_url: Option<String>,
    /// What it may ask for.
    #[arg(long, value_name = "S")]
    pub scope: Option<String>,
    /// What people call it.
    #[arg(long)]
    pub name: Option<String>,
    /// Its home page.
    #[arg(long, value_name = "URL")]
    pub client_uri: Option<String>,
    /// Its logo; never fetched by the server.
    #[arg(long, value_name = "URL")]
    pub logo_uri: Option<String>,
    /// Whom to write to.
    #[arg(long, value_name = "TEXT")]
    pub contact: Vec<String>,
    /// The algorithm of its ID tokens.
    #[arg(long, value_parser = ["RS256", "ES256"])]
    pub id_token_alg: Option<String>,
    /// The only way in which it proves who it is; without it, each of its kind.
    #[arg(long, value_parser = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"])]
    pub auth_method: Option<String>,
}

/// What to do with clients.
#[derive(Debug, Subcommand)]
pub enum Clients {
    /// Add one.
    Add {
        /// Its id.
        #[arg(long)]
        id: String,
        /// How it proves who it is.
        #[arg(long, value_parser = ["public", "secret", "jwks"])]
        kind: String,
        /// Its public keys.
        #[arg(long, value_name = "FILE|URL")]
        jwks: Option<String>,
        /// Its particulars.
        #[command(flatten)]
        details: ClientDetails,
        /// By which rules it is served where they contradict each other.
        #[arg(long, value_parser = ["smart", "openid", "fapi"], default_value = "smart")]
        profile: String,
        /// Its tokens are bound to a key of its own (DPoP).
        #[arg(long)]
        dpop: bool,
        /// It may ask what tokens of others stand for: a resource server.
        #[arg(long)]
        introspects: bool,
    },
    /// Change its particulars: what is named replaces what was; the rest stays. Scopes that are taken away end for its tokens too.
    Set {
        /// Its id.
        id: String,
        /// Its particulars.
        #[command(flatten)]
        details: ClientDetails,
    },
    /// List them.
    List,
    /// Show one.
    Show {
        /// Its id.
        id: String,
    },
    /// Refuse it from now on.
    Disable {
        /// Its id.
        id: String,
    },
    /// Let it in again.
    Enable {
        /// Its id.
        id: String,
    },
    /// Say yes to one that registered itself and waits.
    Approve {
        /// Its id.
        id: String,
    },
    /// Say no to one that registered itself.
    Refuse {
        /// Its id.
        id: String,
    },
    /// Give it a new secret, shown once, or new keys; the old ones, and every token it has, stop at once.
    Rotate {
        /// Its id.
        id: String,
        /// Its new public keys; with the old ones among them, those hold until they are left out.
        #[arg(long, value_name = "FILE|URL")]
        jwks: Option<String>,
        /// Its tokens go on: for a change that was planned, not for a secret that somebody else has.
        #[arg(long)]
        keep_tokens: bool,
    },
}

/// What to do with the keys that sign tokens.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// List them, with the times between which each signs.
    List,
    /// Make successors: published at once, signing later, so that no token is refused on the way.
    Rotate {
        /// Seconds until the successors sign; apps and hospitals fetch the new public keys in between.
        #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
        after: u32,
    },
    /// End a retired key before its time (a day after it stopped signing): the tokens that it signed end at once.
    Drop {
        /// Its id, as `list` shows it.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

/// What to do with grants: what people allowed apps, and tokens that rest on nobody's consent (a system's own, an operator's).
#[derive(Debug, Subcommand)]
pub enum Grants {
    /// List them.
    List,
    /// Show one.
    Show {
        /// Its number, or a token's id as `list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Withdraw it: its tokens end at once.
    Revoke {
        /// Its number, or a token's id as `list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum Users {
    /// Add one; a password is made and shown once.
    Add {
        /// The name to sign in with.
        #[arg(long)]
        name: String,
        /// What the person is here.
        #[arg(long, value_parser = ["patient", "doctor", "admin"])]
        role: String,
        /// Patient/id, Practitioner/id or Person/id.
        #[arg(long)]
        fhir_user: Option<String>,
    },
    /// List them.
    List,
    /// Show one.
    Show {
        /// The name.
        name: String,
    },
    /// Refuse one from now on.
    Disable {
        /// The name.
        name: String,
    },
    /// Let one in again.
    Enable {
        /// The name.
        name: String,
    },
    /// Give one a new password, made up and shown once; the old one, and what it opened, stops at once.
    Rotate {
        /// The name.
        name: String,
    },
    /// Set the password to the line on standard input; the old one, and what it opened, stops at once.
    Password {
        /// The name.
        name: String,
    },
    /// Take away the second factor of one who lost it: authenticator app, recovery codes and passkeys; sessions end.
    ResetSecondFactor {
        /// The name.
        name: String,
    },
}

/// Reading clinical text.
#[derive(Debug, Args)]
pub struct Nlp {
    /// Texts; standard input without any.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One JSON object a text.
    #[arg(long)]
    pub json: bool,
    /// An HTML page.
    #[arg(long)]
    pub html: bool,
    /// Score a labelled file.
    #[arg(long, value_name = "FILE")]
    pub evaluate: Option<PathBuf>,
    /// Classify given spans.
    #[arg(long, value_name = "FILE.tsv")]
    pub spans: Option<PathBuf>,
}
