//! Starting the binary, asking it for tokens, talking HTTP to it.

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

/// A data directory that goes away with the test.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new, empty one.
    pub fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("hearthgate-{}-{number}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The program.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearthgate"));
    command.env("HEARTHGATE_LOG", "warn").env_remove("HEARTHGATE_SHARED");
    command
}

/// The program as a server that ends when this process does, however it ends: tests share servers that nobody drops.
/// util-linux's `setpriv` sets the signal and then becomes the program.
fn bound() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", env!("CARGO_BIN_EXE_hearthgate")]).env("HEARTHGATE_LOG", "warn").env_remove("HEARTHGATE_SHARED");
    command
}

/// Starts it. The signal comes when the *thread* that started it ends, so one thread that never ends starts them all.
fn spawn(program: Command) -> Child {
    type Order = (Command, mpsc::Sender<Child>);
    static SPAWNER: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        sweep();
        let (to, orders) = mpsc::channel::<Order>();
        std::thread::spawn(move || orders.into_iter().for_each(|(mut program, answer)| drop(answer.send(program.spawn().expect("the program starts")))));
        Mutex::new(to)
    });
    let (answer, child) = mpsc::channel();
    spawner.lock().expect("the spawner").send((program, answer)).expect("the spawner");
    child.recv().expect("the program starts (it wants `setpriv` of util-linux)")
}

/// Removes what earlier runs left behind.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix("hearthgate-").and_then(|rest| rest.split('-').next()).and_then(|pid| pid.parse::<u32>().ok());
        if process.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// What comes in its own time, looked for again and again: how long it may take judges nothing, it only ends a test that would never end.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "it never came: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A server that is running, and ends with the test.
pub struct Server {
    child: Child,
    /// Its data directory.
    pub dir: PathBuf,
    /// The FHIR base URL.
    pub base: String,
    _scratch: Option<Scratch>,
}

impl Server {
    /// An empty clinic, with a backend client `backend` registered for everything.
    pub fn empty(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let server = Self::serve(scratch.path().to_owned(), Some(scratch));
        server.run(&["clients", "add", "--id", "backend", "--kind", "public", "--scope", "system/*.cruds user/*.cruds patient/*.cruds"]);
        server
    }

    /// The sample clinic.
    pub fn demo(name: &str) -> Self {
        let scratch = Scratch::new(name);
        Self::start("demo", scratch.path().to_owned(), Some(scratch))
    }

    /// A server on a data directory.
    pub fn serve(dir: PathBuf, scratch: Option<Scratch>) -> Self {
        Self::start("serve", dir, scratch)
    }

    fn start(command: &str, dir: PathBuf, scratch: Option<Scratch>) -> Self {
        Self::start_with(command, dir, scratch, |_| {})
    }

    /// As [`Self::serve`], with an environment of the test's own.
    pub fn start_with(command: &str, dir: PathBuf, scratch: Option<Scratch>, prepare: impl FnOnce(&mut Command)) -> Self {
        Self::start_at("127.0.0.1:0", command, dir, scratch, prepare)
    }

    /// As [`Self::start_with`], at an address: for one that comes back where it was.
    pub fn start_at(listen: &str, command: &str, dir: PathBuf, scratch: Option<Scratch>, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut program = bound();
        program
            .args(["--data", dir.to_str().expect("UTF-8"), command, "--listen", listen])
            .env("HEARTHGATE_METRICS_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped());
        prepare(&mut program);
        let mut child = spawn(program);
        let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let base = loop {
            let line = lines.next().expect("the server says its FHIR base before it ends").expect("text");
            if let Some(at) = line.find("http://")
                && line.trim_start().starts_with("FHIR base")
            {
                break line[at..].trim().to_owned();
            }
        };
        // What it prints later is read and thrown away, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, dir, base, _scratch: scratch };
        server.wait_until_ready();
        server
    }

    /// Kills it.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Kills it and serves the same data again.
    pub fn restart(&mut self) {
        self.stop();
        let again = Self::serve(self.dir.clone(), self._scratch.take());
        *self = again;
    }

    fn wait_until_ready(&self) {
        let url = format!("{}/metadata", self.base);
        until(&url, || agent().get(&url).call().ok());
    }

    /// Runs a command on its data directory; its standard output.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.try_run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs a command whatever comes of it.
    pub fn try_run(&self, arguments: &[&str]) -> Output {
        program().args(["--data", self.dir.to_str().expect("UTF-8")]).args(arguments).output().expect("the program runs")
    }

    /// An access token for a client alone.
    pub fn system_token(&self, scope: &str) -> String {
        let client = if self.dir.join("demo.json").exists() { "demo-backend" } else { "backend" };
        self.run(&["token", "--client", client, "--scope", scope]).lines().last().expect("a token").to_owned()
    }

    /// An access token for a person.
    pub fn user_token(&self, user: &str, scope: &str, patient: Option<&str>) -> String {
        let client = if self.dir.join("demo.json").exists() { "demo-public" } else { "backend" };
        let mut arguments = vec!["token", "--client", client, "--user", user, "--scope", scope];
        if let Some(patient) = patient {
            arguments.extend(["--patient", patient]);
        }
        self.run(&arguments).lines().last().expect("a token").to_owned()
    }

    /// A request below the FHIR base.
    pub fn ask(&self, method: &str, path: &str, token: Option<&str>, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}/{path}", self.base) };
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() && !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/fhir+json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => agent().run(request.body(body.to_vec()).expect("a request")),
            None => agent().run(request.body(()).expect("a request")),
        };
        let mut answer = answer.unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        let bytes = answer.body_mut().with_config().limit(64 << 20).read_to_vec().expect("a body");
        let headers = answer.headers().iter().map(|(n, v)| (n.as_str().to_owned(), v.to_str().unwrap_or_default().to_owned())).collect();
        Answer { status: answer.status().as_u16(), headers, bytes }
    }

    /// A GET.
    pub fn get(&self, path: &str, token: &str) -> Answer {
        self.ask("GET", path, Some(token), &[], None)
    }

    /// A POST or PUT of a resource.
    pub fn send(&self, method: &str, path: &str, token: &str, resource: &Value) -> Answer {
        self.ask(method, path, Some(token), &[], Some(resource.to_string().as_bytes()))
    }

    fn typed(&self, sql: &str) -> std::process::Output {
        let mut shell = Command::new("sqlite3");
        shell.arg("-cmd").arg(".timeout 5000").arg(self.dir.join("ehr.db")).arg(sql).output().expect("the sqlite3 shell (Debian package sqlite3)")
    }

    /// A statement that the `sqlite3` shell must not take; answers what it said.
    pub fn refused(&self, sql: &str) -> String {
        let output = self.typed(sql);
        assert!(!output.status.success(), "{sql} was taken");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// A statement typed into the `sqlite3` shell on the live file.
    pub fn shell(&self, sql: &str) -> String {
        let output = self.typed(sql);
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    /// The answer with this status, else the test fails and shows it.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }

    /// The resources of a bundle with a search mode.
    pub fn entries(&self, mode: &str) -> Vec<Value> {
        let bundle = self.json();
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        entries.into_iter().filter(|e| e["search"]["mode"] == mode).map(|e| e["resource"].clone()).collect()
    }

    /// The ids of the matches, in their order.
    pub fn ids(&self) -> Vec<String> {
        self.entries("match").iter().map(|r| r["id"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The code of the first issue.
    pub fn issue(&self) -> String {
        self.json()["issue"][0]["code"].as_str().unwrap_or_default().to_owned()
    }
}

fn agent() -> &'static ureq::Agent {
    static AGENT: OnceLock<ureq::Agent> = OnceLock::new();
    AGENT.get_or_init(|| ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into())
}

/// What the tests share with other checks: real data beside the project's root. Absent in a clean clone; with `CI=true` that is a failure.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("HEARTHGATE_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", found.display());
    eprintln!("left out: {} is not here", found.display());
    None
}
