//! How often something may be tried, by name.

use crate::ops::config::Authorization;
use hearthgate_auth::Limiter;

/// Names remembered at a time, of each kind.
const NAMES: usize = 100_000;

/// Turns.
#[derive(Debug)]
pub struct Limits {
    /// Failed sign-ins to one account, and failed codes of a second factor.
    pub account: Limiter,
    /// Failed sign-ins from one address.
    pub address: Limiter,
    /// Codes and refresh tokens that did not hold, by client and address (ABUSE B11).
    pub grant: Limiter,
    /// Failed authentications, by client and address (ABUSE B34).
    pub client: Limiter,
    /// Requests to the token endpoint, by client and address (ABUSE B75).
    pub token: Limiter,
    /// Requests for authorization, by address.
    pub authorize: Limiter,
    /// Registrations, by address (ABUSE B64).
    pub register: Limiter,
}

impl Limits {
    /// As configured.
    #[must_use]
    pub fn new(of: &Authorization) -> Self {
        let turns = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        let all = |burst: i64, per_minute: i64| Limiter::new(turns(burst), turns(per_minute), NAMES);
        Self {
            account: all(of.failed_sign_ins_account, 1),
            address: all(of.failed_sign_ins_address, of.failed_sign_ins_address / 10),
            grant: all(of.failed_clients, of.failed_clients),
            client: all(of.failed_clients, of.failed_clients),
            token: all(of.token_requests / 6, of.token_requests),
            authorize: all(of.authorization_requests, of.authorization_requests),
            register: all(of.registrations, 1),
        }
    }
}
