//! What may be said on the command line.

use crate::floor::Kind;
use std::path::PathBuf;
use std::time::Duration;

/// What may be said.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// A tenth of the clinic and a third of the time: whether it works, not how fast it is.
    pub quick: bool,
    /// The growth of the tables goes up to 1,000,000 rows.
    pub large: bool,
    /// Where the tables go as Markdown.
    pub markdown: Option<PathBuf>,
    /// Time of one cell.
    pub time: Duration,
    /// Sections: `floors`, `cells`, `loaded`, `growth`; all when none is named.
    pub only: Vec<String>,
    /// Only cells whose caller and operation (`doctor read`) hold this; all when empty.
    pub matching: String,
    /// Keep the data directory, and use the one that an earlier run kept.
    pub keep: bool,
    /// This is a floor's process.
    pub floor: Option<Floor>,
}

/// A floor's process.
#[derive(Clone, Debug)]
pub struct Floor {
    /// What it does.
    pub kind: Kind,
    /// Bytes of a body.
    pub size: usize,
    /// Its scratch directory.
    pub dir: PathBuf,
}

const USAGE: &str =
    "usage: cargo bench --bench gateway -- [--quick] [--markdown FILE] [--large] [--seconds N] [--only floors|cells|loaded|growth]… [--match TEXT] [--keep]";

impl Arguments {
    /// Reads them.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments =
            Self { quick: false, large: false, markdown: None, time: Duration::ZERO, only: Vec::new(), matching: String::new(), keep: false, floor: None };
        let (mut kind, mut size, mut dir, mut seconds) = (None, None, None, None);
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} wants a value\n{USAGE}"));
            match word.as_str() {
                // What cargo says to every benchmark.
                "--bench" => {}
                "--quick" => arguments.quick = true,
                "--large" => arguments.large = true,
                "--keep" => arguments.keep = true,
                "--markdown" => arguments.markdown = Some(value()?.into()),
                "--seconds" => seconds = Some(value()?.parse::<f64>().map_err(|e| format!("--seconds: {e}"))?),
                "--only" => arguments.only.push(value()?),
                "--match" => arguments.matching = value()?,
                "--floor" => kind = Some(value().map(|v| Kind::parse(&v))?.ok_or("--floor: no such floor")?),
                "--size" => size = Some(value()?.parse().map_err(|e| format!("--size: {e}"))?),
                "--dir" => dir = Some(PathBuf::from(value()?)),
                _ => return Err(format!("{word}: unknown\n{USAGE}")),
            }
        }
        arguments.time = Duration::from_secs_f64(seconds.unwrap_or(if arguments.quick { 1.0 } else { 3.0 }).clamp(0.1, 60.0));
        if let (Some(kind), Some(size), Some(dir)) = (kind, size, dir) {
            arguments.floor = Some(Floor { kind, size, dir });
        }
        Ok(arguments)
    }

    /// Whether a section is wanted.
    pub fn wants(&self, section: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|s| s == section)
    }
}
