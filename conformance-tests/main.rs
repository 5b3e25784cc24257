//! Black-box tests: the real binary, over HTTP, on a real database file. What each proves stands in `requirements.toml`.

mod abuse_isolation;
mod bad_input;
mod harness;
mod real_input;
mod requirements;
mod rest;
mod validator;
mod world;
