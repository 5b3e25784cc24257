//! What totals, orders, pages and cursors tell of hidden rows.

use super::{clean, types, world};
use crate::harness::Answer;
use crate::world::token;

/// Held against what a page shows: the two must be cut by the same boundary.
/// Seen to fail when rows were counted by the parameters alone.
#[test]
fn abuse_c11_totals_count_visible_rows_only() {
    let world = world();
    for kind in types() {
        for token in [&world.a, &world.m] {
            let page = world.server.get(&format!("{kind}?_count=1000"), token);
            if page.status == 403 {
                continue;
            }
            let seen = page.ids().len();
            for query in ["_total=accurate", "_summary=count", "_count=0", "_total=estimate", "_total=accurate&_count=1"] {
                let total = world.server.get(&format!("{kind}?{query}"), token).expect(200).json()["total"].as_u64();
                assert_eq!(total, Some(seen as u64), "{kind}?{query}");
            }
        }
    }
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c12_the_order_and_the_pages_depend_on_visible_rows_only() {
    let world = world();
    for kind in types() {
        for sort in ["_id", "-_id", "_lastUpdated", "-_lastUpdated", "date", "-date", "status", "code", "birthdate", "family"] {
            let mine = world.server.get(&format!("{kind}?_sort={sort}&_count=1000"), &world.m);
            if mine.status != 200 {
                continue;
            }
            let all: Vec<String> = world.server.get(&format!("{kind}?_sort={sort}&_count=1000"), &world.system).expect(200).ids();
            let visible: Vec<String> = all.into_iter().filter(|id| mine.ids().contains(id)).collect();
            assert_eq!(mine.ids(), visible, "{kind}?_sort={sort}");
            let mut walked = Vec::new();
            let mut next = Some(format!("{kind}?_sort={sort}&_count=1"));
            while let Some(url) = next.take() {
                let page = world.server.get(&url, &world.m).expect(200);
                clean(&page, &url);
                walked.extend(page.ids());
                next = link(&page, "next");
            }
            assert_eq!(walked, mine.ids(), "{kind}?_sort={sort}, one by one");
        }
    }
}

/// Where a link of a bundle leads.
fn link(answer: &Answer, relation: &str) -> Option<String> {
    let bundle = answer.json();
    let found = bundle["link"].as_array()?.iter().find(|l| l["relation"] == relation)?["url"].as_str()?.to_owned();
    Some(found)
}

/// Seen to fail with cursors bound to nothing.
#[test]
fn abuse_c13_a_cursor_is_good_for_its_caller_and_its_query_and_nothing_else() {
    let world = world();
    let first = world.server.get("Observation?_count=1&_sort=date", &world.m).expect(200);
    let next = link(&first, "next").expect("a second page");
    let (query, cursor) = next.split_once("_cursor=").expect("a cursor");
    world.server.get(&next, &world.m).expect(200);
    let wider = token(&world.server, Some("mora"), "user/*.cruds patient/*.rs", Some("pat-a"));
    let fewer = token(&world.server, Some("mora"), "user/Observation.rs", None);
    for token in [&world.a, &world.n, &world.r, &world.system, &wider, &fewer] {
        let answer = world.server.get(&next, token);
        assert!(answer.status == 403 || answer.status == 400 && answer.issue() == "value", "{}: {}", answer.status, String::from_utf8_lossy(&answer.bytes));
    }
    let refused = |path: &str| assert_eq!(world.server.get(path, &world.m).expect(400).issue(), "value", "{path}");
    for other in ["Observation?_count=1", "Observation?_count=1&_sort=-date", "Observation?_count=1&_sort=date&status=final", "Condition?_count=1&_sort=date"] {
        refused(&format!("{other}&_cursor={cursor}"));
    }
    let letters: Vec<char> = cursor.chars().collect();
    for at in (0..letters.len()).step_by(3) {
        let mut edited = letters.clone();
        edited[at] = if edited[at] == 'A' { 'B' } else { 'A' };
        refused(&format!("{query}_cursor={}", edited.iter().collect::<String>()));
        refused(&format!("{query}_cursor={}", letters[..at].iter().collect::<String>()));
    }
    for junk in ["", "AAAA", "%00", "..", "eyJhIjoxfQ", &"A".repeat(5000)] {
        refused(&format!("{query}_cursor={junk}"));
    }
    let history = world.server.get("Observation/_history?_count=1", &world.m).expect(200);
    let page = link(&history, "next").expect("a second page");
    let (_, seq) = page.split_once("_cursor=").expect("a cursor");
    world.server.get(&page, &world.m).expect(200);
    for token in [&world.a, &world.n, &world.system] {
        assert_eq!(world.server.get(&page, token).expect(400).issue(), "value");
    }
    refused(&format!("Condition/_history?_count=1&_cursor={seq}"));
    refused(&format!("Observation?_count=1&_sort=date&_cursor={seq}"));
    refused(&format!("Observation/_history?_count=1&_cursor={cursor}"));
}
