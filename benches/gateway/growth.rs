//! Whether a page costs more in a larger table.

use crate::clinic::Sizes;
use crate::measure::Bench;
use crate::report::{Table, micros, thousands};
use crate::server::Server;
use crate::workload::{self, Operation};
use std::error::Error;
use std::time::Duration;

/// Rows of Patient and of MedicationRequest.
const ROWS: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Enough to keep both cores busy, so that the time of a page is processor time and not the disk's.
const CONNECTIONS: usize = 16;

/// Measures the searches on growing clinics.
pub fn measure(bench: &mut Bench) -> Result<(), Box<dyn Error>> {
    let steps = &ROWS[..if bench.arguments.large { 3 } else { 2 }];
    let mut table = Table::new(
        format!("A page as the tables grow, at {CONNECTIONS} connections: time that the machine spends on one"),
        &["operation", "caller", "rows", "time a page", "server CPU/page", "requests/s", "body", "of the smallest"],
    );
    let mut rows = Vec::new();
    for size in steps {
        let divisor = if bench.arguments.quick { 10 } else { 1 };
        let size = size / divisor;
        let sizes = Sizes { patients: size, appointments: 0, medication_requests: size, observations: 0 };
        let (data, clinic) = bench.clinic(&format!("growth-{size}"), sizes, false)?;
        let server = Server::start(&data)?;
        server.settle();
        let callers = workload::callers(&data, &clinic)?;
        for caller in callers.iter().filter(|c| c.name != "patient") {
            for operation in [Operation::ByPatient, Operation::ByFamily] {
                let Some(requests) = caller.requests(&clinic, operation) else { continue };
                let (outcome, cost) = bench.cell((server.address, server.id()), &requests, CONNECTIONS);
                eprintln!("growth {size} {} {}: {:.0}/s {}", caller.name, operation.says(), outcome.per_second, outcome.failure.as_deref().unwrap_or_default());
                rows.push((operation, caller.name, size, outcome, cost));
            }
        }
    }
    rows.sort_by_key(|(operation, caller, size, ..)| (*operation, *caller, *size));
    let mut worst: f64 = 0.0;
    let mut smallest = Duration::ZERO;
    for (operation, caller, size, outcome, cost) in &rows {
        let page = Duration::from_secs_f64(1.0 / outcome.per_second.max(1.0));
        if *size * if bench.arguments.quick { 10 } else { 1 } == ROWS[0] {
            smallest = page;
        }
        let growth = page.as_secs_f64() / smallest.as_secs_f64();
        worst = worst.max(growth);
        table.row([
            operation.says().to_owned(),
            (*caller).to_owned(),
            thousands(*size as f64),
            micros(page),
            micros(*cost),
            thousands(outcome.per_second),
            format!("{} B", outcome.body),
            format!("{growth:.2}"),
        ]);
    }
    bench.report.add(&table);
    bench.aim(
        &format!("a page from {} to {} rows", thousands(ROWS[0] as f64), thousands(steps[steps.len() - 1] as f64)),
        "≤ 1.5 ×",
        format!("{worst:.2} ×"),
        worst <= 1.5,
    );
    Ok(())
}
