//! `[authorization]`: what lasts how long, how often something may be tried, and what a password costs to hash. Whatever is outside its
//! bounds is refused at start.

use serde::Deserialize;

/// Lifetimes, limits and costs of the authorization server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Authorization {
    /// An access token, seconds.
    pub access_token_s: i64,
    /// An access token that no person gave, seconds (SMART App Launch, backend services: five minutes).
    pub system_token_s: i64,
    /// An ID token, seconds: until then a client may start a session with it.
    pub id_token_s: i64,
    /// An authorization code, seconds (RFC 6749 section 4.1.2: ten minutes at most).
    pub code_s: i64,
    /// A launch token, seconds.
    pub launch_s: i64,
    /// A request for authorization on its way through sign-in and consent, seconds.
    pub request_s: i64,
    /// A pushed request that nobody has taken up, seconds (RFC 9126 section 2.2).
    pub pushed_s: i64,
    /// A session at most, and what is granted without `offline_access`, seconds.
    pub session_s: i64,
    /// A session that nobody uses, seconds; at most `session_s`.
    pub session_idle_s: i64,
    /// What `offline_access` gives at most, seconds.
    pub offline_s: i64,
    /// A refresh token that nobody uses, seconds; at most `offline_s`.
    pub refresh_idle_s: i64,
    /// How long a refresh may be asked for once more because its answer was lost, seconds.
    pub lost_answer_s: i64,
    /// Failed sign-ins to one account before it has to wait; one more each minute.
    pub failed_sign_ins_account: i64,
    /// Failed sign-ins from one address before it has to wait; a tenth as many more each minute.
    pub failed_sign_ins_address: i64,
    /// Failed authentications, codes and refresh tokens of one client at one address, a minute.
    pub failed_clients: i64,
    /// Requests to the token endpoint and the others where clients authenticate, of one client at one address, a minute.
    pub token_requests: i64,
    /// Requests for authorization from one address, a minute.
    pub authorization_requests: i64,
    /// Registrations from one address before it has to wait; one more each minute.
    pub registrations: i64,
    /// Registrations that wait for a look; with more, none is taken.
    pub pending_registrations: i64,
    /// Memory for hashing a password, KiB; the floor is OWASP's. It counts for passwords set from then on.
    pub argon2_memory_kib: i64,
    /// Passes over that memory.
    pub argon2_passes: i64,
}

impl Default for Authorization {
    fn default() -> Self {
        Self {
            access_token_s: 900,
            system_token_s: 300,
            id_token_s: 3_600,
            code_s: 60,
            launch_s: 300,
            request_s: 1_800,
            pushed_s: 90,
            session_s: 43_200,
            session_idle_s: 7_200,
            offline_s: 31_536_000,
            refresh_idle_s: 8_640_000,
            lost_answer_s: 30,
            failed_sign_ins_account: 10,
            failed_sign_ins_address: 60,
            failed_clients: 10,
            token_requests: 6_000,
            authorization_requests: 1_200,
            registrations: 20,
            pending_registrations: 200,
            argon2_memory_kib: 47_104,
            argon2_passes: 1,
        }
    }
}

/// A key, its value, the least and the most that it may be.
type Bound = (&'static str, fn(&Authorization) -> i64, i64, i64);

/// What each key may be.
const BOUNDS: [Bound; 21] = [
    ("access_token_s", |of| of.access_token_s, 60, 3_600),
    ("system_token_s", |of| of.system_token_s, 60, 300),
    ("id_token_s", |of| of.id_token_s, 60, 86_400),
    ("code_s", |of| of.code_s, 10, 600),
    ("launch_s", |of| of.launch_s, 30, 3_600),
    ("request_s", |of| of.request_s, 300, 7_200),
    ("pushed_s", |of| of.pushed_s, 5, 600),
    ("session_s", |of| of.session_s, 300, 2_592_000),
    ("session_idle_s", |of| of.session_idle_s, 60, 2_592_000),
    ("offline_s", |of| of.offline_s, 86_400, 157_680_000),
    ("refresh_idle_s", |of| of.refresh_idle_s, 3_600, 157_680_000),
    ("lost_answer_s", |of| of.lost_answer_s, 0, 60),
    ("failed_sign_ins_account", |of| of.failed_sign_ins_account, 3, 100),
    ("failed_sign_ins_address", |of| of.failed_sign_ins_address, 3, 10_000),
    ("failed_clients", |of| of.failed_clients, 3, 1_000),
    ("token_requests", |of| of.token_requests, 60, 600_000),
    ("authorization_requests", |of| of.authorization_requests, 60, 600_000),
    ("registrations", |of| of.registrations, 1, 1_000),
    ("pending_registrations", |of| of.pending_registrations, 1, 10_000),
    ("argon2_memory_kib", |of| of.argon2_memory_kib, 47_104, 262_144),
    ("argon2_passes", |of| of.argon2_passes, 1, 10),
];

impl Authorization {
    /// Everything that is wrong with it, a sentence each.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let outside = |(name, value, least, most): &Bound| {
            let value = value(self);
            (value < *least || value > *most).then(|| format!("authorization.{name} = {value}: from {least} to {most}"))
        };
        let mut mistakes: Vec<String> = BOUNDS.iter().filter_map(outside).collect();
        for (short, long, names) in [
            (self.session_idle_s, self.session_s, "session_idle_s: at most session_s"),
            (self.refresh_idle_s, self.offline_s, "refresh_idle_s: at most offline_s"),
        ] {
            if short > long {
                mistakes.push(format!("authorization.{names}"));
            }
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound_and_every_key_has_bounds_that_hold() {
        assert_eq!(Authorization::default().mistakes(), Vec::<String>::new());
        for (name, value, least, most) in BOUNDS {
            assert!(value(&Authorization::default()) >= least && least < most, "{name}");
            for (wrong, right) in [(least - 1, least), (most + 1, most)] {
                let with = |number: i64| toml::from_str::<Authorization>(&format!("{name} = {number}")).expect("a number");
                let said = |number: i64| with(number).mistakes().iter().any(|mistake| mistake.starts_with(&format!("authorization.{name} =")));
                assert!(said(wrong) && !said(right), "{name} = {wrong}");
            }
        }
        let both = Authorization { session_s: 1_000, offline_s: 90_000, ..Authorization::default() };
        assert_eq!(both.mistakes().len(), 2, "each mistake is named: {:?}", both.mistakes());
    }

    /// The documented table is the one in force.
    #[test]
    fn the_sample_configuration_names_every_key_with_its_default() {
        let text = include_str!("../../../config/hearthgate.toml");
        let section = text.split("# [authorization]").nth(1).expect("the section");
        for (name, value, least, most) in BOUNDS {
            let line = section.lines().find(|line| line.starts_with(&format!("# {name} = "))).unwrap_or_else(|| panic!("{name} is not named"));
            let rest = line.split(" = ").nth(1).expect("a value");
            assert!(rest.starts_with(&format!("{} ", value(&Authorization::default()))), "{line}");
            assert!(line.contains(&format!("({least} to {most})")), "{line}");
        }
    }
}
