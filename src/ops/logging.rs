//! Log lines: what happened to the process, never what stands in a record, a query or a token.

use clap::ValueEnum;
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to standard error; `HEARTHGATE_LOG` filters (default `info`).
pub fn start(format: LogFormat) {
    let mut filter = EnvFilter::try_from_env("HEARTHGATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // What these say at their lowest levels is what came over the wire.
    for target in ["h2", "hyper", "hyper_util", "tokio", "tower", "tower_http", "axum"] {
        filter = format!("{target}=info").parse().map_or_else(|_| EnvFilter::new("info"), |quiet| filter.add_directive(quiet));
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).with_ansi(std::io::stderr().is_terminal());
    // A second start (in tests) keeps the first.
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    // The message of a panic may hold what was being worked on: the place alone is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, thread = std::thread::current().name().unwrap_or_default(), "a panic");
    }));
}
