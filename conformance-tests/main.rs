//! Black-box tests: the real binary, over HTTP, on a real database file. What each proves stands in `requirements.toml`.

mod abuse_isolation;
mod abuse_tokens;
mod answers;
mod bad_input;
mod browser;
mod capability;
mod clients;
mod columns;
mod evaluator;
mod every_writer;
mod findings;
mod first_booking;
mod harness;
mod history;
mod limits;
mod non_interference;
mod operations;
mod portal;
mod possession;
mod real_input;
mod requirements;
mod rest;
mod rotation;
mod searching;
mod validator;
mod world;
