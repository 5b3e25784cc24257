//! Child processes: ended when dropped; their memory and processor time as the kernel counts them.

use std::fs;
use std::process::Child;
use std::time::Duration;

/// A child process that is ended with its owner.
pub struct Running(Child);

impl Running {
    /// Owns it.
    pub fn new(child: Child) -> Self {
        Self(child)
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// The process, to be waited for.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Memory in kB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// The part of it that is the process's own, not pages of files.
    pub anonymous: u64,
    /// The most that was ever resident.
    pub peak: u64,
}

/// What `/proc/PID/status` says; `None` once the process is gone.
pub fn memory(process: u32) -> Option<Memory> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let of = |name: &str| text.lines().find_map(|l| l.strip_prefix(name)?.trim().strip_suffix(" kB")?.trim().parse().ok());
    Some(Memory { resident: of("VmRSS:")?, anonymous: of("RssAnon:").unwrap_or_default(), peak: of("VmHWM:")? })
}

/// Processor time used so far, user and system, in hundredths of a second as `/proc/PID/stat` counts it.
fn processor(process: u32) -> Duration {
    let Ok(text) = fs::read_to_string(format!("/proc/{process}/stat")) else { return Duration::ZERO };
    let Some((_, rest)) = text.rsplit_once(')') else { return Duration::ZERO };
    let ticks: u64 = rest.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Processor time that all processes of the machine used so far.
fn machine() -> Duration {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    // user, nice, system, idle, iowait, irq, softirq: idle and waiting are no work.
    let ticks: u64 = fields.enumerate().filter(|(at, _)| matches!(at, 0..=2 | 5 | 6)).filter_map(|(_, f)| f.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Processor time from one moment to another.
pub struct Meter {
    server: u32,
    used: Duration,
    own: Duration,
    machine: Duration,
}

impl Meter {
    /// From now on, for a server.
    pub fn start(server: u32) -> Self {
        Self { server, used: processor(server), own: processor(std::process::id()), machine: machine() }
    }

    /// What the server used, and what neither it nor this program used.
    pub fn stop(self) -> (Duration, Duration) {
        let used = processor(self.server).saturating_sub(self.used);
        let own = processor(std::process::id()).saturating_sub(self.own);
        (used, machine().saturating_sub(self.machine).saturating_sub(used + own))
    }
}
