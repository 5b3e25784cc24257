//! The measurement from beginning to end: the clinic, the cells, the floors of the same sizes, what was aimed at.

use crate::arguments::Arguments;
use crate::clinic::{self, Clinic, Import, Sizes};
use crate::floor::{Floor, Kind};
use crate::load::{self, Effort, Outcome, Requests};
use crate::process::{Meter, memory};
use crate::report::{Report, Table, mb, micros, ms, ratio, thousands};
use crate::server::Server;
use crate::workload::{self, Caller, Operation};
use crate::{growth, machine};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Connections of the cells.
pub const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// A measurement under way.
pub struct Bench {
    /// What was said on the command line.
    pub arguments: Arguments,
    /// Where everything is put.
    pub scratch: PathBuf,
    /// What came of it.
    pub report: Report,
    aims: Table,
    /// Cores that others kept busy, for each cell.
    others: Vec<f64>,
}

/// A cell: what came of it, and the server's processor time for one answer.
pub type Cell = (Outcome, Duration);
type Cells = BTreeMap<(&'static str, Operation, usize), Cell>;
type Floors = BTreeMap<(Kind, Operation, usize), Cell>;

impl Bench {
    /// With an empty scratch directory, unless it is to be kept.
    pub fn new(arguments: Arguments) -> Result<Self, Box<dyn Error>> {
        let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(if arguments.quick { "bench-quick" } else { "bench" });
        if !arguments.keep {
            let _ = fs::remove_dir_all(&scratch);
        }
        fs::create_dir_all(&scratch)?;
        let mut report = Report::default();
        report.say(&machine::describe(&scratch)?);
        Ok(Self { arguments, scratch, report, aims: Table::new("Aims (for the doctor)", &["aim", "wanted", "measured", "reached"]), others: Vec::new() })
    }

    /// Everything that is wanted.
    pub fn all(&mut self) -> Result<(), Box<dyn Error>> {
        let mut cells = Cells::new();
        if self.arguments.wants("cells") || self.arguments.wants("loaded") {
            cells = self.gateway()?;
        }
        let floors = if self.arguments.wants("floors") { self.floors(&cells)? } else { Floors::new() };
        self.tables(&cells, &floors);
        if self.arguments.wants("growth") {
            growth::measure(self)?;
        }
        self.others.sort_by(f64::total_cmp);
        if let (Some(median), Some(most)) = (self.others.get(self.others.len() / 2), self.others.last()) {
            let text =
                format!("Other work kept {median:.2} cores busy in the median of all cells, {most:.2} at most (the kernel's own part of the load included).");
            self.report.say(&text);
        }
        let aims = std::mem::replace(&mut self.aims, Table::new("", &[]));
        self.report.add(&aims);
        if !self.arguments.keep {
            fs::remove_dir_all(&self.scratch)?;
        }
        Ok(())
    }

    /// Writes the Markdown, if it was asked for.
    pub fn write(&self) -> Result<(), Box<dyn Error>> {
        if let Some(path) = &self.arguments.markdown {
            fs::write(path, self.report.markdown())?;
        }
        Ok(())
    }

    /// Notes an aim.
    pub fn aim(&mut self, aim: &str, wanted: &str, measured: String, reached: bool) {
        self.aims.row([aim.to_owned(), wanted.to_owned(), measured, if reached { "yes" } else { "no" }.to_owned()]);
    }

    fn effort(&self, connections: usize) -> Effort {
        Effort { connections, warm_up: self.arguments.time / 5, time: self.arguments.time }
    }

    /// One cell of a server, given its address and its process.
    pub fn cell(&mut self, (address, process): (SocketAddr, u32), requests: &Arc<Requests>, connections: usize) -> Cell {
        let effort = self.effort(connections);
        load::run(address, requests, Effort { time: effort.warm_up, warm_up: Duration::ZERO, ..effort });
        let meter = Meter::start(process);
        let outcome = load::run(address, requests, Effort { warm_up: Duration::ZERO, ..effort });
        let (used, others) = meter.stop();
        self.others.push(others.as_secs_f64() / effort.time.as_secs_f64());
        let answers = outcome.per_second * effort.time.as_secs_f64();
        let cost = Duration::from_secs_f64(used.as_secs_f64() / answers.max(1.0));
        (outcome, cost)
    }

    fn gateway(&mut self) -> Result<Cells, Box<dyn Error>> {
        let divisor = if self.arguments.quick { 10 } else { 1 };
        let sizes = Sizes { patients: 10_000 / divisor, appointments: 50_000 / divisor, medication_requests: 50_000 / divisor, observations: 50_000 / divisor };
        let (data, clinic) = self.clinic("main", sizes, true)?;
        // The first one finds what an earlier run left.
        Server::start(&data)?.stop()?;
        let (mut starts, mut killed) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let server = Server::start(&data)?;
            starts.push(server.started_in);
            server.stop()?;
        }
        for _ in 0..3 {
            // Dropped, and with that killed, before the next one starts.
            Server::start(&data)?;
            killed.push(Server::start(&data)?.started_in);
            Server::start(&data)?.stop()?;
        }
        starts.sort_unstable();
        killed.sort_unstable();
        let server = Server::start(&data)?;
        server.settle();
        let begin = memory(server.id()).unwrap_or_default();
        let callers = workload::callers(&data, &clinic)?;
        let mut cells = Cells::new();
        if self.arguments.wants("cells") {
            cells = self.cells(&server, &callers, &clinic);
        }
        if self.arguments.wants("loaded") {
            self.loaded(&server, &callers, &clinic);
        }
        let end = memory(server.id()).unwrap_or_default();
        let mut table = Table::new("The process", &["what", "measured"]);
        table.row(["start on the existing database, median of five".to_owned(), ms(starts[2])]);
        table.row(["the same after a kill, median of three".to_owned(), ms(killed[1])]);
        table.row(["resident after the start".to_owned(), format!("{} ({} its own)", mb(begin.resident), mb(begin.anonymous))]);
        table.row(["resident after the load".to_owned(), format!("{} ({} its own)", mb(end.resident), mb(end.anonymous))]);
        table.row(["resident at most".to_owned(), mb(end.peak)]);
        self.report.add(&table);
        self.aim("start on an existing database", "< 300 ms", ms(starts[2]), starts[2] < Duration::from_millis(300));
        self.aim("resident memory under load", "< 160 MB", mb(end.peak), end.peak < 160_000);
        Ok(cells)
    }

    /// A clinic in a data directory, imported, with accounts.
    pub fn clinic(&mut self, name: &str, sizes: Sizes, tell: bool) -> Result<(PathBuf, Clinic), Box<dyn Error>> {
        let (folder, data) = (clinic::folder(&self.scratch, name), self.scratch.join(name));
        eprintln!("{name}: writing {sizes:?}");
        let clinic = clinic::write(&folder, sizes)?;
        let done = data.with_extension("done");
        if done.exists() {
            return Ok((data, clinic));
        }
        let _ = fs::remove_dir_all(&data);
        eprintln!("{name}: importing {} resources", clinic.resources);
        let import = clinic.import(&folder, &data)?;
        workload::enrol(&data, &clinic)?;
        fs::remove_dir_all(&folder)?;
        if tell {
            self.imported(&clinic, import);
        }
        fs::write(done, "")?;
        Ok((data, clinic))
    }

    fn imported(&mut self, clinic: &Clinic, import: Import) {
        let rate = clinic.resources as f64 / import.time.as_secs_f64();
        let mut table = Table::new("Import", &["resources", "NDJSON", "time", "resources/s", "memory at most", "database"]);
        table.row([
            thousands(clinic.resources as f64),
            mb(clinic.bytes / 1024),
            format!("{:.1} s", import.time.as_secs_f64()),
            thousands(rate),
            mb(import.peak),
            mb(import.database / 1024),
        ]);
        self.report.add(&table);
        self.aim("import", "≥ 6,000 resources/s", thousands(rate), rate >= 6_000.0);
    }

    fn cells(&mut self, server: &Server, callers: &[Caller], clinic: &Clinic) -> Cells {
        let mut cells = Cells::new();
        for caller in callers {
            for operation in Operation::ALL {
                if !format!("{} {}", caller.name, operation.says()).contains(&self.arguments.matching) {
                    continue;
                }
                let Some(requests) = caller.requests(clinic, operation) else { continue };
                for connections in CONNECTIONS {
                    let (outcome, cost) = self.cell((server.address, server.id()), &requests, connections);
                    let resident = mb(memory(server.id()).unwrap_or_default().resident);
                    let failure = outcome.failure.as_deref().unwrap_or_default();
                    eprintln!(
                        "{} {} {connections}: {:.0}/s, {:?}, {resident}, {} failed {failure}",
                        caller.name,
                        operation.says(),
                        outcome.per_second,
                        outcome.p50,
                        outcome.failed
                    );
                    cells.insert((caller.name, operation, connections), (outcome, cost));
                }
            }
        }
        cells
    }

    /// Reads at 64 connections while two searches of the worst kind run.
    fn loaded(&mut self, server: &Server, callers: &[Caller], clinic: &Clinic) {
        let [_, doctor, system] = callers else { return };
        let Some(reads) = doctor.requests(clinic, Operation::Read) else { return };
        let (effort, address) = (self.effort(64), server.address);
        let worst = system.worst();
        let beside = thread::spawn(move || load::run(address, &worst, Effort { connections: 2, ..effort }));
        let outcome = load::run(address, &reads, effort);
        let Ok(searches) = beside.join() else { return };
        let mut table =
            Table::new("The doctor's reads at 64 connections while two searches of the worst kind run", &["what", "requests/s", "p50", "p99", "failed"]);
        for (what, of) in [("reads", &outcome), ("searches", &searches)] {
            table.row([what.to_owned(), thousands(of.per_second), ms(of.p50), ms(of.p99), failed(of)]);
        }
        self.report.add(&table);
        self.aim("p99 of reads at 64 connections beside two worst searches", "< 10 ms", ms(outcome.p99), outcome.p99 < Duration::from_millis(10));
    }

    /// Floors with bodies as large as those of the doctor's answers; all kinds for reads, the bare ones for the rest.
    fn floors(&mut self, cells: &Cells) -> Result<Floors, Box<dyn Error>> {
        let mut floors = Floors::new();
        for operation in Operation::ALL {
            let size = cells.get(&("doctor", operation, 16)).map(|(outcome, _)| outcome.body).filter(|s| *s > 0).unwrap_or(1_800);
            for kind in Kind::ALL {
                if operation != Operation::Read && !matches!(kind, Kind::Fixed | Kind::Select) {
                    continue;
                }
                let floor = Floor::start(kind, size, &self.scratch)?;
                let requests = Arc::new(Requests::Any(floor.requests()));
                for connections in CONNECTIONS {
                    let (outcome, cost) = self.cell((floor.address, floor.id()), &requests, connections);
                    eprintln!("floor {} {size} B {connections}: {:.0}/s {}", kind.name(), outcome.per_second, outcome.failure.as_deref().unwrap_or_default());
                    floors.insert((kind, operation, connections), (outcome, cost));
                }
            }
        }
        Ok(floors)
    }

    fn tables(&mut self, cells: &Cells, floors: &Floors) {
        let floor = |kind, operation, connections| floors.get(&(kind, operation, connections)).map_or(0.0, |(o, _): &Cell| o.per_second);
        if !floors.is_empty() {
            let mut table = Table::new(
                "What audit and sealing cost: bare servers with bodies as long as a read's",
                &["floor", "connections", "requests/s", "p50", "p99", "server CPU/request", "of the select floor"],
            );
            for kind in Kind::ALL {
                for connections in CONNECTIONS {
                    let Some((of, cost)) = floors.get(&(kind, Operation::Read, connections)) else { continue };
                    table.row([
                        kind.says().to_owned(),
                        connections.to_string(),
                        thousands(of.per_second),
                        ms(of.p50),
                        ms(of.p99),
                        micros(*cost),
                        ratio(of.per_second, floor(Kind::Select, Operation::Read, connections)),
                    ]);
                }
            }
            self.report.add(&table);
        }
        if cells.is_empty() {
            return;
        }
        let mut table = Table::new(
            "The gateway: authorization, sealed columns and audit on",
            &["operation", "caller", "connections", "requests/s", "p50", "p99", "server CPU/request", "body", "of select floor", "of fixed floor", "failed"],
        );
        for operation in Operation::ALL {
            for caller in ["patient", "doctor", "system"] {
                for connections in CONNECTIONS {
                    let Some((of, cost)) = cells.get(&(caller, operation, connections)) else { continue };
                    let share = |kind| ratio(of.per_second, floor(kind, operation, connections));
                    table.row([
                        operation.says().to_owned(),
                        caller.to_owned(),
                        connections.to_string(),
                        thousands(of.per_second),
                        ms(of.p50),
                        ms(of.p99),
                        micros(*cost),
                        format!("{} B", of.body),
                        share(Kind::Select),
                        share(Kind::Fixed),
                        failed(of),
                    ]);
                }
            }
        }
        self.report.add(&table);
        let failure = cells.values().find_map(|(outcome, _)| outcome.failure.clone());
        if let Some(failure) = failure {
            self.report.say(&format!("Not every answer was good; the first that was not: {failure}"));
        }
        let rate = |operation, connections| cells.get(&("doctor", operation, connections)).map_or(0.0, |(o, _)| o.per_second);
        let read = rate(Operation::Read, 64) / floor(Kind::Select, Operation::Read, 64).max(1.0);
        if !floors.is_empty() {
            self.aim("read at 64 connections", "≥ 0.7 of the select floor", format!("{read:.2}"), read >= 0.7);
        }
        for (operation, connections, wanted) in [(Operation::ByPatient, 16, 8_000.0), (Operation::ByFamily, 16, 2_500.0), (Operation::Create, 64, 3_000.0)] {
            let rate = rate(operation, connections);
            self.aim(
                &format!("{} at {connections} connections", operation.says()),
                &format!("≥ {}/s", thousands(wanted)),
                format!("{}/s", thousands(rate)),
                rate >= wanted,
            );
        }
    }
}

fn failed(outcome: &Outcome) -> String {
    outcome.failed.to_string()
}
