//! Requests whose authentication fails, counted by address: so many a minute are answered one by one and audited, more are turned away
//! until the minute is over, so that a flood of them fills neither the audit nor a disk. Whoever shows a token that holds is never
//! turned away here, whatever comes from the same address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

/// Where a request comes from, as the connection says or, behind a trusted proxy, as that proxy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Over how long failures are counted, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// Addresses that are remembered; beyond them all others count as one.
const MOST_ADDRESSES: usize = 20_000;

/// What becomes of a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered as the failure it is.
    Answered,
    /// It is turned away: there were too many before it.
    TurnedAway {
        /// Whether it is the first of its flood, which the audit tells of.
        first: bool,
        /// Seconds until the next failure is answered.
        retry_after: u64,
    },
}

/// The failures of each address (a virtual scheduling bucket: each failure takes its share of the window, and time gives it back).
#[derive(Debug)]
pub struct Failures {
    per_minute: u32,
    addresses: Mutex<HashMap<Option<IpAddr>, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// When all the failures so far will have been forgotten, in ms since 1970 UTC.
    empty_at: i64,
    told: bool,
}

impl Failures {
    /// So many a minute from one address are answered.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: per_minute.max(1), addresses: Mutex::new(HashMap::new()) }
    }

    /// Notes a failure from an address at a time, in ms since 1970 UTC.
    pub fn note(&self, peer: Option<Peer>, now_ms: i64) -> Verdict {
        let mut addresses = self.addresses.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut who = peer.map(|peer| network(peer.0));
        if addresses.len() >= MOST_ADDRESSES && !addresses.contains_key(&who) {
            addresses.retain(|_, bucket| bucket.empty_at > now_ms);
            if addresses.len() >= MOST_ADDRESSES {
                who = None;
            }
        }
        let bucket = addresses.entry(who).or_insert(Bucket { empty_at: now_ms, told: false });
        if bucket.empty_at <= now_ms {
            *bucket = Bucket { empty_at: now_ms, told: false };
        }
        let share = (WINDOW_MS / i64::from(self.per_minute)).max(1);
        let over = bucket.empty_at + share - now_ms - WINDOW_MS;
        if over <= 0 {
            bucket.empty_at += share;
            return Verdict::Answered;
        }
        let first = !std::mem::replace(&mut bucket.told, true);
        Verdict::TurnedAway { first, retry_after: u64::try_from(over).unwrap_or(0).div_ceil(1000) }
    }
}

/// Whoever has one IPv6 address has the 2^64 beside it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(long) => IpAddr::V6((u128::from(long) >> 64 << 64).into()),
        short => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Option<Peer> {
        Some(Peer(text.parse().expect("an address")))
    }

    fn is_turned_away(verdict: Verdict) -> bool {
        matches!(verdict, Verdict::TurnedAway { .. })
    }

    #[test]
    fn so_many_failures_a_minute_are_answered_and_no_more() {
        let failures = Failures::new(3);
        let note = |now| failures.note(peer("192.0.2.1"), now);
        assert_eq!([note(0), note(0), note(0)], [Verdict::Answered; 3]);
        assert_eq!(note(0), Verdict::TurnedAway { first: true, retry_after: 20 });
        assert_eq!(note(1), Verdict::TurnedAway { first: false, retry_after: 20 });
        assert_eq!(note(19_999), Verdict::TurnedAway { first: false, retry_after: 1 });
        assert_eq!(note(20_000), Verdict::Answered, "a third of the minute gives back a third of the failures");
        assert!(is_turned_away(note(20_000)));
        assert_eq!([note(90_000), note(90_000), note(90_000)], [Verdict::Answered; 3]);
        assert_eq!(note(90_000), Verdict::TurnedAway { first: true, retry_after: 20 }, "a new flood is told of anew");
    }

    #[test]
    fn addresses_are_counted_apart_and_those_of_one_network_together() {
        let failures = Failures::new(1);
        for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"] {
            assert_eq!(failures.note(peer(address), 0), Verdict::Answered, "{address}");
        }
        assert!(is_turned_away(failures.note(peer("2001:db8::2:3"), 0)));
        assert!(is_turned_away(failures.note(peer("::ffff:192.0.2.1"), 0)), "the same address in its long form");
    }

    #[test]
    fn more_addresses_than_are_remembered_count_as_one() {
        let failures = Failures::new(1);
        for n in 0..u32::try_from(MOST_ADDRESSES).expect("small") {
            assert_eq!(failures.note(Some(Peer(IpAddr::V4(n.into()))), 0), Verdict::Answered);
        }
        assert_eq!(failures.note(peer("255.0.0.1"), 0), Verdict::Answered);
        assert!(is_turned_away(failures.note(peer("255.0.0.2"), 0)));
        assert_eq!(failures.note(peer("255.0.0.2"), 60_000), Verdict::Answered, "those whose minute is over make room");
        assert!(failures.addresses.lock().expect("a map").len() < 3);
    }
}
