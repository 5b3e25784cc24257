//! The gateway's program as a child process, and its commands.

use crate::process::{Meter, Running, memory};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearthgate"));
    command.arg("--data").arg(data);
    command
}

/// A gateway that serves.
pub struct Server {
    process: Running,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the program to the first answer that it is ready.
    pub started_in: Duration,
}

impl Server {
    /// Starts one on a data directory; its log goes to a file there.
    pub fn start(data: &Path) -> Result<Self, Box<dyn Error>> {
        let log = File::create(data.with_extension("log"))?;
        let begun = Instant::now();
        let mut child = program(data).args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(log).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let process = Running::new(child);
        let address = loop {
            let line = lines.next().ok_or_else(|| format!("the server does not start: {}", log_tail(data)))??;
            if let Some(rest) = line.strip_prefix("FHIR base http://") {
                break rest.split('/').next().unwrap_or_default().parse()?;
            }
        };
        while !ready(address) {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(format!("the server is not ready after a minute: {}", log_tail(data)).into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        let started_in = begun.elapsed();
        // Whatever else it says must not fill the pipe.
        thread::spawn(move || lines.for_each(drop));
        Ok(Self { process, address, started_in })
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits until it is idle: after a start it checks its file and copies what the audit still holds, for some seconds. A minute at
    /// most.
    pub fn settle(&self) {
        for _ in 0..120 {
            let meter = Meter::start(self.id());
            thread::sleep(Duration::from_millis(500));
            if meter.stop().0 <= Duration::from_millis(30) {
                return;
            }
        }
    }

    /// Asks it to stop and waits until it has: a clean end, as an operator's.
    pub fn stop(mut self) -> Result<(), Box<dyn Error>> {
        let asked = Command::new("kill").args(["-TERM", &self.id().to_string()]).status()?;
        let begun = Instant::now();
        while asked.success() && begun.elapsed() < Duration::from_secs(30) {
            if self.process.child().try_wait()?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err("the server does not stop when asked to".into())
    }
}

fn log_tail(data: &Path) -> String {
    let text = std::fs::read_to_string(data.with_extension("log")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

fn ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut answer = [0; 12];
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b" 200")
}

/// Runs a command to its end; its standard output.
pub fn command(data: &Path, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = program(data).args(arguments).stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        return Err(
            format!("hearthgate {}: {}{}", arguments.join(" "), String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)).into()
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A token that lives for the whole measurement.
pub fn token(data: &Path, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let all: Vec<&str> = ["token", "--ttl", "21600"].iter().chain(arguments).copied().collect();
    let output = command(data, &all)?;
    output.lines().last().map(str::to_owned).ok_or_else(|| "no token".into())
}

/// Imports a folder: how long it took, and the most memory it had, in kB.
pub fn import(data: &Path, folder: &Path) -> Result<(Duration, u64), Box<dyn Error>> {
    let begun = Instant::now();
    let log = File::create(data.with_extension("import.log"))?;
    let mut process = Running::new(program(data).args(["import", "--no-extract"]).arg(folder).stdout(log.try_clone()?).stderr(log).spawn()?);
    let mut peak = 0;
    let status = loop {
        if let Some(status) = process.child().try_wait()? {
            break status;
        }
        peak = memory(process.id()).map_or(peak, |m| m.peak);
        thread::sleep(Duration::from_millis(20));
    };
    let time = begun.elapsed();
    if !status.success() {
        let text = std::fs::read_to_string(data.with_extension("import.log")).unwrap_or_default();
        let tail = text.len().saturating_sub(2000);
        return Err(format!("the import ends with {status}: {}", text.get(tail..).unwrap_or(&text)).into());
    }
    Ok((time, peak))
}
