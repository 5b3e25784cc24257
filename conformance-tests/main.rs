//! Black-box tests: the real binary, over HTTP, on a real database file. What each proves stands in `requirements.toml`.

mod harness;
mod requirements;
