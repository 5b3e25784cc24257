//! The command line: what scripts and people type. Long work runs in `work`, here or in the server that holds the data directory.

/// Prints a line; a reader who went away (`| head`) is no failure.
macro_rules! say {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($argument)*);
    }};
}

/// Prints a text as it is.
fn put(text: &dyn std::fmt::Display) {
    use std::io::Write as _;
    let _ = write!(std::io::stdout(), "{text}");
}

mod arguments;
mod check;
mod demo;
mod nlp;

use crate::ops::config::Config;
use crate::ops::control::{Terminal, hand_over};
use crate::ops::instance::{Instance, system_clock};
use crate::ops::{lock, logging, serve};
use crate::work::{self, Work};
use arguments::{Arguments, Clients, Command, Grants, Keys, Users};
use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// Runs the command; exit codes 0 good, 1 failure, 2 wrong usage, 3 partly, 4 verification failed.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Whatever is made, databases, sockets and reports, is for its owner's eyes only.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    logging::start(arguments.log_format);
    match run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<u8, String> {
    let dir = arguments.data.clone();
    let data = |default: &str| dir.clone().unwrap_or_else(|| PathBuf::from(default));
    let config = |file: Option<&Path>| Config::load(file, environment()).map_err(|e| e.to_string());
    let file = arguments.config.as_deref();
    match arguments.command {
        Command::Serve { listen, database } => {
            if let Some(url) = database {
                return Err(format!("--database {url}: this build keeps its database in the data directory (`--data DIR`)"));
            }
            serve_command(&data("hearthgate-data"), &config(file)?.with_listen(listen).map_err(|e| e.to_string())?)
        }
        Command::Demo { listen, patients, seed, fresh } => {
            let config = config(file)?.with_listen(listen).map_err(|e| e.to_string())?;
            demo::run(&data("hearthgate-demo"), &config, &demo::Options { patients, seed, fresh })
        }
        Command::Migrate => {
            let (dir, config) = (data("hearthgate-data"), config(file)?);
            let _lock = locked(&dir)?.ok_or("a server holds this data directory; it has migrated it when it started")?;
            open(&dir, &config).map(|_| say!("the schema of {} is the newest", dir.display()))?;
            Ok(0)
        }
        Command::Check { coverage } => check::run(&Config::read(file, environment()).map_err(|e| e.to_string())?, &coverage),
        Command::Mappings { page: arguments::Mappings::Doc } => check::doc(&config(file)?),
        Command::Token { client, user, scope, patient, ttl } => {
            there(&data("hearthgate-data"), &config(file)?, Work::Token(work::TokenAsk { client, user, scope, patient, ttl }))
        }
        Command::Clients { what } => there(&data("hearthgate-data"), &config(file)?, client_work(what)?),
        Command::Keys { what } => {
            let work = match what {
                Keys::List => Work::KeyList,
                Keys::Rotate { after } => Work::KeyRotate { after },
                Keys::Drop { kid } => Work::KeyDrop { kid },
            };
            there(&data("hearthgate-data"), &config(file)?, work)
        }
        Command::Grants { what } => there(&data("hearthgate-data"), &config(file)?, grant_work(what)),
        Command::Users { what } => there(&data("hearthgate-data"), &config(file)?, user_work(what)?),
        Command::Import { paths, system, report, no_extract } => {
            let paths = paths.iter().map(std::path::absolute).collect::<Result<_, _>>().map_err(|e| e.to_string())?;
            let report = report.map(std::path::absolute).transpose().map_err(|e| e.to_string())?;
            there(&data("hearthgate-data"), &config(file)?, Work::Import { paths, system, report, no_extract })
        }
        Command::Export { folder, types, since } => {
            let folder = std::path::absolute(folder).map_err(|e| e.to_string())?;
            there(&data("hearthgate-data"), &config(file)?, Work::Export { folder, types, since })
        }
        Command::Nlp(arguments) => nlp::run(&arguments),
        Command::Attach(_) => later("attach"),
        Command::Backup(_) => later("backup"),
        Command::Restore(_) => later("restore"),
        Command::Verify(_) => later("verify"),
    }
}

fn later(command: &str) -> Result<u8, String> {
    Err(format!("`hearthgate {command}` is not built yet; nothing was done"))
}

fn client_work(what: Clients) -> Result<Work, String> {
    Ok(match what {
        Clients::Add { id, kind, jwks, details, profile, dpop, introspects } => {
            let jwks = jwks.map(jwks_at).transpose()?;
            Work::ClientAdd(work::NewClient { id, kind, jwks, details: details_of(details), secret: None, profile: Some(profile), dpop, introspects })
        }
        Clients::Set { id, details } => Work::ClientSet { id, details: details_of(details) },
        Clients::List => Work::ClientList,
        Clients::Show { id } => Work::ClientShow { id },
        Clients::Disable { id } => Work::ClientDisable { id, disabled: true },
        Clients::Enable { id } => Work::ClientDisable { id, disabled: false },
        Clients::Approve { id } => Work::ClientReview { id, approved: true },
        Clients::Refuse { id } => Work::ClientReview { id, approved: false },
        Clients::Rotate { id, jwks, keep_tokens } => Work::ClientRotate(work::RotateClient { id, jwks: jwks.map(jwks_at).transpose()?, keep_tokens }),
    })
}

fn details_of(said: arguments::ClientDetails) -> work::ClientDetails {
    work::ClientDetails {
        redirect_uris: said.redirect_uri,
        post_logout_redirect_uris: said.post_logout_redirect_uri,
        launch_url: said.launch_url,
        scope: said.scope,
        name: said.name,
        client_uri: said.client_uri,
        logo_uri: said.logo_uri,
        contacts: said.contact,
        id_token_alg: said.id_token_alg,
        auth_method: said.auth_method,
    }
}

/// A client's keys: the text of a file, or the URL where they are.
fn jwks_at(place: String) -> Result<String, String> {
    if place.starts_with("https://") || place.starts_with("http://") {
        Ok(place)
    } else {
        std::fs::read_to_string(&place).map_err(|e| format!("--jwks {place}: {e}"))
    }
}

/// A password as it is typed or piped in: never an argument, which everyone on the machine can read.
fn password_line() -> Result<String, String> {
    use std::io::BufRead as _;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|e| format!("standard input: {e}"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn grant_work(what: Grants) -> Work {
    match what {
        Grants::List => Work::GrantList,
        Grants::Show { id } => Work::GrantShow { id },
        Grants::Revoke { id } => Work::GrantRevoke { id },
    }
}

fn user_work(what: Users) -> Result<Work, String> {
    Ok(match what {
        Users::Add { name, role, fhir_user } => Work::UserAdd(work::NewUser { name, role, fhir_user, password: None }),
        Users::List => Work::UserList,
        Users::Show { name } => Work::UserShow { name },
        Users::Disable { name } => Work::UserDisable { name, disabled: true },
        Users::Enable { name } => Work::UserDisable { name, disabled: false },
        Users::Rotate { name } => Work::UserRotate(work::RotateUser { name, password: None }),
        Users::ResetSecondFactor { name } => Work::UserResetSecondFactor { name },
        Users::Password { name } => Work::UserRotate(work::RotateUser { name, password: Some(password_line()?) }),
    })
}

/// The environment; what is no text in it is shown as such.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

/// The runtime of a server or a command.
fn runtime() -> Result<Runtime, String> {
    Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())
}

fn locked(dir: &Path) -> Result<Option<lock::Lock>, String> {
    std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    lock::take(dir).map_err(|e| format!("{}: {e}", dir.display()))
}

/// The URL under which clients reach the gateway.
fn public_url(config: &Config, address: std::net::SocketAddr) -> String {
    match &config.public_url {
        // Port 0 is the one that was picked, as in `listen`.
        Some(url) => url.strip_suffix(":0").map_or_else(|| url.clone(), |named| format!("{named}:{}", address.port())),
        None => format!("http://{address}"),
    }
}

fn open(dir: &Path, config: &Config) -> Result<Instance, String> {
    Instance::open(dir, config, &public_url(config, config.listen), system_clock()).map_err(|e| e.to_string())
}

/// Does work where the data directory's lock is: here, or in the server that holds it.
fn there(dir: &Path, config: &Config, work: Work) -> Result<u8, String> {
    if !dir.join("ehr.db").exists() && !matches!(work, Work::Import { .. } | Work::ClientAdd(_) | Work::UserAdd(_)) {
        return Err(format!(
            "{}: there is no clinic here; make one with `hearthgate demo` or `hearthgate serve`, or name its folder with --data",
            dir.display()
        ));
    }
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(_lock) = locked(dir)? {
            let runtime = runtime()?;
            let instance = {
                let _in = runtime.enter();
                open(dir, config)?
            };
            return Ok(work::perform(work, &instance, runtime.handle(), &mut Terminal::default()));
        }
        // Another command has it for a moment, or a server that is starting.
        match hand_over(dir, &work) {
            Ok(Some(code)) => return Ok(code),
            Ok(None) => std::thread::sleep(Duration::from_millis(50)),
            Err(error) => return Err(format!("the server of {} went away: {error}", dir.display())),
        }
    }
    Err(format!("{} is held by a server or command that does not answer", dir.display()))
}

/// How long a command waits for a data directory that another one holds.
const PATIENCE: Duration = Duration::from_secs(30);

fn serve_command(dir: &Path, config: &Config) -> Result<u8, String> {
    let Some(_lock) = locked(dir)? else {
        return Err(format!("another server holds {}", dir.display()));
    };
    let new = !dir.join("ehr.db").exists();
    let runtime = runtime()?;
    runtime.block_on(async {
        let bound = serve::bind(config).await.map_err(|e| e.to_string())?;
        let url = public_url(config, bound.address);
        let instance = Instance::open(dir, config, &url, system_clock()).map_err(|e| e.to_string())?;
        if new {
            say!("made an empty clinic in {}", dir.display());
            say!("add its first administrator:  hearthgate --data {} users add --name NAME --role admin", dir.display());
            say!("add a system's client:        hearthgate --data {} clients add --id ID --kind jwks --jwks FILE --scope 'system/*.rs'", dir.display());
        }
        say!("FHIR base {url}/fhir");
        serve::serve(Arc::new(instance), bound, || Ok(())).await.map_err(|e| e.to_string())
    })?;
    Ok(0)
}
