//! Work handed to a running server over `DIR/control.sock`, so that there is one writer: one JSON object in, JSON lines out.

use super::instance::Instance;
use crate::work::{self, Work};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A line of the answer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// A line for standard output.
    Out(String),
    /// A line for standard error.
    Err(String),
    /// How far the work is, in percent.
    Progress(String, u64),
    /// The exit code; the last line.
    Exit(u8),
}

/// Where work writes what people read.
pub trait Console: Send {
    /// A line for standard output.
    fn out(&mut self, line: &str);
    /// A line for standard error (warnings).
    fn err(&mut self, line: &str);
    /// How far long work is, in percent.
    fn progress(&mut self, what: &str, percent: u64);
    /// Others are served meanwhile, by the same process.
    fn is_remote(&self) -> bool {
        false
    }
}

/// The terminal: long work shows a bar there, and plain lines where standard error is none.
#[derive(Default)]
pub struct Terminal {
    bar: Option<ProgressBar>,
    said: Option<u64>,
}

impl Console for Terminal {
    fn out(&mut self, line: &str) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        // Whoever reads may have gone (`| head`).
        let _ = writeln!(io::stdout(), "{line}");
    }
    fn err(&mut self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => eprintln!("{line}"),
        }
    }
    fn progress(&mut self, what: &str, percent: u64) {
        if io::stderr().is_terminal() {
            let bar = self.bar.get_or_insert_with(|| ProgressBar::new(100).with_style(ProgressStyle::default_bar()));
            bar.set_message(what.to_owned());
            bar.set_position(percent);
        } else if self.said != Some(percent / 10) {
            self.said = Some(percent / 10);
            eprintln!("{what}: {percent} %");
        }
    }
}

/// The client, until it went away or stopped listening: neither stops the work.
struct Remote(Option<UnixStream>);

impl Remote {
    fn send(&mut self, line: &Line) {
        if let (Some(stream), Ok(text)) = (&mut self.0, serde_json::to_string(line))
            && writeln!(stream, "{text}").is_err()
        {
            self.0 = None;
        }
    }
}

impl Console for Remote {
    fn out(&mut self, line: &str) {
        self.send(&Line::Out(line.to_owned()));
    }
    fn err(&mut self, line: &str) {
        self.send(&Line::Err(line.to_owned()));
    }
    fn progress(&mut self, what: &str, percent: u64) {
        self.send(&Line::Progress(what.to_owned(), percent));
    }
    fn is_remote(&self) -> bool {
        true
    }
}

/// Listens for work as long as the instance lives.
///
/// # Errors
/// A socket that cannot be made.
pub fn listen(instance: &Arc<Instance>) -> io::Result<()> {
    let path = instance.dir.join("control.sock");
    let _ = std::fs::remove_file(&path);
    // Nobody else can reach it in between: the process makes everything for its user alone.
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let instance = Arc::downgrade(instance);
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new().name("control".to_owned()).spawn(move || {
        for stream in listener.incoming() {
            let (Some(instance), runtime) = (instance.upgrade(), runtime.clone()) else { return };
            let Ok(stream) = stream else {
                std::thread::sleep(PATIENCE / 100);
                continue;
            };
            let _ = std::thread::Builder::new().name("work".to_owned()).spawn(move || serve(&instance, &runtime, stream));
        }
    })?;
    Ok(())
}

/// How long the other side may take to say what it wants, and to take a line of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest command, bytes.
const LONGEST: u64 = 1 << 20;

fn serve(instance: &Instance, runtime: &tokio::runtime::Handle, stream: UnixStream) {
    let Ok(reading) = stream.try_clone() else { return };
    if stream.set_read_timeout(Some(PATIENCE)).and(stream.set_write_timeout(Some(PATIENCE))).is_err() {
        return;
    }
    let mut text = String::new();
    let mut console = Remote(Some(stream));
    if BufReader::new(reading.take(LONGEST)).read_line(&mut text).is_err() {
        return;
    }
    let code = match serde_json::from_str::<Work>(&text) {
        Ok(work) => work::perform(work, instance, runtime, &mut console),
        Err(error) => {
            console.err(&format!("the server does not understand this command ({error}); is it of the same version?"));
            1
        }
    };
    console.send(&Line::Exit(code));
}

/// Hands work to the server of a data directory; `None` while nobody listens there: it is starting, or another command has the lock.
///
/// # Errors
/// A server that went away.
pub fn hand_over(dir: &Path, work: &Work) -> io::Result<Option<u8>> {
    let mut stream = match UnixStream::connect(dir.join("control.sock")) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => return Ok(None),
        other => other?,
    };
    writeln!(stream, "{}", serde_json::to_string(work)?)?;
    let mut terminal = Terminal::default();
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            Line::Out(text) => terminal.out(&text),
            Line::Err(text) => terminal.err(&text),
            Line::Progress(what, percent) => terminal.progress(&what, percent),
            Line::Exit(code) => return Ok(Some(code)),
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}
