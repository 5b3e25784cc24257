//! How often something may be tried, by name: the one list of numbers.

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

impl Default for Limits {
    fn default() -> Self {
        Self {
            account: Limiter::new(10, 1, NAMES),
            address: Limiter::new(60, 6, NAMES),
            grant: Limiter::new(10, 10, NAMES),
            client: Limiter::new(10, 10, NAMES),
            token: Limiter::new(1_000, 6_000, NAMES),
            authorize: Limiter::new(1_000, 1_200, NAMES),
            register: Limiter::new(20, 1, NAMES),
        }
    }
}
