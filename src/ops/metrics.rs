//! Numbers for Prometheus on a listener of their own, loopback only. Labels are codes of ours: never an id, a name or a query.

use axum::Router;
use axum::routing::get;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

const ACTIONS: [&str; 10] = ["capabilities", "read", "vread", "history-instance", "history-type", "search-type", "create", "update", "delete", "batch"];
const BOUNDS_US: [u64; 12] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 1_000_000, 5_000_000];

#[derive(Default)]
struct Series {
    classes: [AtomicU64; 4],
    /// Those of a duration up to a bound, and above the bound before it.
    buckets: [AtomicU64; BOUNDS_US.len()],
    micros: AtomicU64,
}

/// Counts requests by interaction: outcomes and durations.
#[derive(Default)]
pub struct Metrics {
    series: [Series; ACTIONS.len() + 1],
}

impl Metrics {
    /// Counts one answer.
    pub fn count(&self, action: &str, status: u16, micros: u64) {
        let at = ACTIONS.iter().position(|a| *a == action).unwrap_or(ACTIONS.len());
        let series = &self.series[at];
        let class = usize::from((status / 100).clamp(2, 5) - 2);
        series.classes[class].fetch_add(1, Ordering::Relaxed);
        // All threads write these: as few as can be. What a bucket holds of those below it is counted when somebody asks.
        if let Some(bucket) = series.buckets.get(BOUNDS_US.partition_point(|bound| *bound < micros)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        series.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Prometheus' text format (version 0.0.4).
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "durations for people")]
    pub fn text(&self) -> String {
        let mut out =
            String::from("# HELP hearthgate_requests_total FHIR requests by interaction and class of status.\n# TYPE hearthgate_requests_total counter\n");
        let names = || ACTIONS.iter().chain(&["other"]).zip(&self.series);
        for (action, series) in names() {
            for (class, value) in ["2xx", "3xx", "4xx", "5xx"].iter().zip(&series.classes) {
                let _ = writeln!(out, "hearthgate_requests_total{{interaction=\"{action}\",status=\"{class}\"}} {}", value.load(Ordering::Relaxed));
            }
        }
        out.push_str("# HELP hearthgate_request_seconds Time from the request's head to its answer.\n# TYPE hearthgate_request_seconds histogram\n");
        for (action, series) in names() {
            let count: u64 = series.classes.iter().map(|class| class.load(Ordering::Relaxed)).sum();
            let mut below = 0;
            for (bound, value) in BOUNDS_US.iter().zip(&series.buckets) {
                below += value.load(Ordering::Relaxed);
                let _ = writeln!(out, "hearthgate_request_seconds_bucket{{interaction=\"{action}\",le=\"{}\"}} {below}", *bound as f64 / 1e6);
            }
            let count = count.max(below);
            let _ = writeln!(out, "hearthgate_request_seconds_bucket{{interaction=\"{action}\",le=\"+Inf\"}} {count}");
            let _ = writeln!(out, "hearthgate_request_seconds_sum{{interaction=\"{action}\"}} {}", series.micros.load(Ordering::Relaxed) as f64 / 1e6);
            let _ = writeln!(out, "hearthgate_request_seconds_count{{interaction=\"{action}\"}} {count}");
        }
        out
    }
}

/// The route.
pub fn router(metrics: std::sync::Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(move || async move { ([("content-type", "text/plain; version=0.0.4")], metrics.text()) }))
}
