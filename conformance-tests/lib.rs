//! Black-box tests of the running gateway.
