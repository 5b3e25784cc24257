//! The floors: what a bare server does on the same machine. Each runs as a process of its own, this program started anew, so that
//! floor and gateway stand alike: two runtime threads behind the same load generator.

use crate::process::Running;
use axum::Router;
use axum::extract::{Path as PathParameter, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use hearthgate_ledger::{Event, Ledger};
use hearthgate_seal::{Keyring, Place, system_fill};
use rusqlite::{Connection, OpenFlags, params};
use std::cell::RefCell;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// What a floor does for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A fixed body from memory.
    Fixed,
    /// One inline point select of ready bytes.
    Select,
    /// The select, of a sealed value that is opened.
    Opened,
    /// The select, and an audit event durable before the answer.
    Audited,
    /// Both.
    Both,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Fixed, Self::Select, Self::Opened, Self::Audited, Self::Both];

    /// As an argument.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Select => "select",
            Self::Opened => "opened",
            Self::Audited => "audited",
            Self::Both => "both",
        }
    }

    /// For people.
    pub fn says(self) -> &'static str {
        match self {
            Self::Fixed => "a fixed body from memory",
            Self::Select => "one point select of ready bytes (the select floor)",
            Self::Opened => "select of a sealed value, opened",
            Self::Audited => "select, and an audit event durable before the answer",
            Self::Both => "select of a sealed value, opened, and the audit event",
        }
    }

    /// From an argument.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Bodies in a floor's table: fewer of larger ones, 64 MB at most.
fn rows(size: usize) -> u32 {
    u32::try_from((64 << 20) / size.max(1)).unwrap_or(u32::MAX).clamp(500, 20_000)
}

/// A floor that runs.
pub struct Floor {
    process: Running,
    /// Where it listens.
    pub address: SocketAddr,
    /// How many bodies it has: `/body/0` and so on.
    pub rows: u32,
}

impl Floor {
    /// Starts one as a child process.
    pub fn start(kind: Kind, size: usize, scratch: &Path) -> io::Result<Self> {
        let dir = scratch.join(format!("floor-{}", kind.name()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--floor", kind.name(), "--size", &size.to_string(), "--dir"]).arg(&dir).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let process = Running::new(child);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().map_err(|_| io::Error::other(format!("the floor `{}` does not start: {line}", kind.name())))?;
        Ok(Self { process, address, rows: rows(size) })
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Requests for its bodies.
    pub fn requests(&self) -> Vec<Vec<u8>> {
        (0..self.rows).map(|n| crate::load::get(&format!("/body/{n}"), &"t".repeat(500))).collect()
    }
}

struct Shared {
    kind: Kind,
    fixed: Bytes,
    database: PathBuf,
    keyring: Keyring,
    ledger: Ledger,
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// The child process: serves until killed.
pub fn serve(kind: Kind, size: usize, dir: &Path) -> io::Result<()> {
    let keyring = Keyring::create(&dir.join("keys")).map_err(io::Error::other)?;
    let ledger = Ledger::open(&dir.join("log")).map_err(io::Error::other)?;
    let database = dir.join("floor.db");
    let fixed: Bytes = (0..size).map(|at| b'a' + (at % 23) as u8).collect();
    if kind != Kind::Fixed {
        fill(&database, kind, &fixed, &keyring).map_err(io::Error::other)?;
    }
    let shared = Arc::new(Shared { kind, fixed, database, keyring, ledger });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{}", listener.local_addr()?);
        let router = Router::new().route("/body/{number}", get(answer)).with_state(shared);
        use axum::serve::ListenerExt as _;
        axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), router).await
    })
}

fn fill(database: &Path, kind: Kind, body: &[u8], keyring: &Keyring) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = Connection::open(database)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE bodies (id TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT")?;
    let (key, _) = keyring.new_data_key(&system_fill)?;
    let transaction = connection.transaction()?;
    for number in 0..rows(body.len()) {
        let row = number.to_string();
        let bytes = match kind {
            Kind::Opened | Kind::Both => keyring.seal_bytes(&key, place(&row), body, &system_fill)?,
            _ => body.to_vec(),
        };
        transaction.execute("INSERT INTO bodies VALUES (?1, ?2)", params![row, bytes])?;
    }
    transaction.commit()?;
    Ok(())
}

fn place(row: &str) -> Place<'_> {
    Place { table: "bodies", column: "bytes", row }
}

async fn answer(State(shared): State<Arc<Shared>>, PathParameter(number): PathParameter<String>) -> Response {
    let body = match shared.kind {
        Kind::Fixed => shared.fixed.clone(),
        _ => selected(&shared, &number),
    };
    if matches!(shared.kind, Kind::Audited | Kind::Both) {
        shared.ledger.append(&event(number)).await.expect("the event is written");
    }
    ([("content-type", "application/fhir+json")], body).into_response()
}

fn selected(shared: &Shared, number: &str) -> Bytes {
    READER.with_borrow_mut(|reader| {
        let connection =
            reader.get_or_insert_with(|| Connection::open_with_flags(&shared.database, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the floor's database"));
        let mut statement = connection.prepare_cached("SELECT bytes FROM bodies WHERE id = ?1").expect("a statement");
        let opened = matches!(shared.kind, Kind::Opened | Kind::Both);
        statement
            .query_one([number], |row| {
                let bytes = row.get_ref(0)?.as_blob()?;
                Ok(if opened { shared.keyring.open_bytes(place(number), bytes).expect("it opens").into() } else { Bytes::copy_from_slice(bytes) })
            })
            .expect("a row")
    })
}

/// An event as long as those of real reads.
fn event(number: String) -> Event {
    Event {
        at_ms: 1_767_225_600_000,
        actor: Some("bench-doctor".to_owned()),
        role: Some("doctor".to_owned()),
        client: Some("bench-app".to_owned()),
        action: "read".to_owned(),
        resource_type: Some("Observation".to_owned()),
        resource_id: Some(number),
        version: Some("1".to_owned()),
        patients: vec!["5c1f8c7e-0000-4000-8000-000000000000".to_owned()],
        outcome: 200,
        ..Event::default()
    }
}
