//! The trail on a real disk: what is acknowledged is there, what was torn is cut, what was changed is
//! found.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use hearthgate_ledger::{Error, Event, Ledger, Options};

struct Dir(PathBuf);
impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hearthgate-ledger-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Dir(path)
    }
    fn segments(&self) -> Vec<PathBuf> {
        let all = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let mut all: Vec<_> = all.filter(|path| path.extension().is_some_and(|e| e == "jsonl")).collect();
        all.sort();
        all
    }
}
impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn event(n: u64) -> Event {
    Event {
        at_ms: 1_800_000_000_000,
        actor: Some(format!("user-{n}")),
        role: Some("doctor".into()),
        client: Some("app".into()),
        action: "read".into(),
        resource_type: Some("Observation".into()),
        resource_id: Some(n.to_string()),
        version: Some("1".into()),
        patients: vec!["A".into()],
        outcome: 200,
        query: Some(b"name=a\n\xff\"".to_vec()),
        reason: None,
    }
}

fn fill(ledger: &Ledger, numbers: std::ops::RangeInclusive<u64>) {
    for n in numbers {
        assert_eq!(ledger.append_blocking(&event(n)), Ok(n));
    }
}

fn numbers(ledger: &Ledger) -> Vec<u64> {
    ledger.read_from(1, usize::MAX).unwrap().iter().map(|record| record.seq).collect()
}

#[test]
fn what_is_appended_is_read_back_in_order_and_after_a_restart() {
    let dir = Dir::new("order");
    let ledger = Ledger::open(&dir.0).unwrap();
    assert_eq!((ledger.durable(), ledger.read_from(1, 10)), (0, Ok(vec![])));
    fill(&ledger, 1..=20);
    let all = ledger.read_from(1, usize::MAX).unwrap();
    assert!(all.iter().zip(1..).all(|(record, n)| record.seq == n && record.event == event(n)));
    assert_eq!(all.len(), 20);
    drop(ledger);
    let ledger = Ledger::open(&dir.0).unwrap();
    assert_eq!(ledger.durable(), 20);
    fill(&ledger, 21..=25);
    assert_eq!(ledger.read_from(19, 4).unwrap().iter().map(|r| r.seq).collect::<Vec<_>>(), [19, 20, 21, 22]);
    assert_eq!(ledger.read_from(23, 4).unwrap().len(), 3);
    assert_eq!(ledger.read_from(3, 1).unwrap()[0].event, event(3), "and back again");
    assert_eq!(ledger.read_from(26, 4), Ok(vec![]));
}

#[test]
fn segments_end_by_size_and_are_read_as_one() {
    let dir = Dir::new("rotate");
    let options = Options { segment_bytes: 2000, ..Options::default() };
    let ledger = Ledger::open_with(&dir.0, options).unwrap();
    fill(&ledger, 1..=50);
    let count = dir.segments().len();
    assert!((4..=15).contains(&count), "{count} segments");
    assert_eq!(numbers(&ledger), (1..=50).collect::<Vec<_>>());
    for from in 1..=50 {
        let found = ledger.read_from(from, 7).unwrap();
        assert_eq!(found[0].seq, from);
        assert_eq!(found.len(), 7.min(51 - from as usize));
    }
    drop(ledger);
    let ledger = Ledger::open_with(&dir.0, options).unwrap();
    fill(&ledger, 51..=52);
    assert_eq!(numbers(&ledger).len(), 52);
}

#[test]
fn abuse_f01_a_tail_torn_anywhere_is_cut_and_nothing_else() {
    let dir = Dir::new("torn");
    let ledger = Ledger::open(&dir.0).unwrap();
    let short = Event { action: "read".into(), ..Event::default() };
    for n in 1..=3 {
        assert_eq!(ledger.append_blocking(&short), Ok(n));
    }
    drop(ledger);
    let segment = dir.segments().remove(0);
    let whole = fs::read(&segment).unwrap();
    let ends: Vec<usize> = (1..=whole.len()).filter(|end| whole[end - 1] == b'\n').collect();
    assert_eq!(ends.len(), 3);
    for end in 0..=whole.len() {
        fs::write(&segment, &whole[..end]).unwrap();
        let ledger = Ledger::open(&dir.0).unwrap();
        let kept = ends.iter().filter(|e| **e <= end).count() as u64;
        assert_eq!(ledger.durable(), kept, "torn at {end}");
        assert_eq!(numbers(&ledger), (1..=kept).collect::<Vec<_>>());
        if end % 5 == 0 {
            assert_eq!(ledger.append_blocking(&short), Ok(kept + 1));
            assert_eq!(numbers(&ledger).len() as u64, kept + 1);
        }
    }
    for garbage in [&b"\0\0\0\0\0\0"[..], b"{", b"\n", b"{\"seq\":4,\"batch\":4,\"crc\":\"00000000\",\"event\":{}}\n", &[0xff; 5000]] {
        fs::write(&segment, [&whole, garbage].concat()).unwrap();
        let ledger = Ledger::open(&dir.0).unwrap();
        assert_eq!(ledger.durable(), 3);
        drop(ledger);
        assert_eq!(fs::read(&segment).unwrap(), whole);
    }
}

#[test]
fn zeros_written_ahead_are_no_events_and_go_with_the_end_of_a_segment() {
    let (dir, killed) = (Dir::new("ahead"), Dir::new("ahead-killed"));
    let options = Options { segment_bytes: 2000, ..Options::default() };
    let ledger = Ledger::open_with(&dir.0, options).unwrap();
    fill(&ledger, 1..=41);
    let (mut ended, last) = (dir.segments(), dir.segments().pop().unwrap());
    ended.pop();
    assert!(ended.len() > 2 && fs::read(&last).unwrap().ends_with(b"\0\0\0\0"));
    fs::create_dir_all(&killed.0).unwrap();
    for segment in dir.segments() {
        let bytes = fs::read(&segment).unwrap();
        assert!(segment == last || bytes.ends_with(b"}\n"));
        fs::write(killed.0.join(segment.file_name().unwrap()), bytes).unwrap();
    }
    drop(ledger);
    assert!(fs::read(&last).unwrap().ends_with(b"}\n"));
    let ledger = Ledger::open_with(&killed.0, options).unwrap();
    fill(&ledger, 42..=45);
    assert_eq!(numbers(&ledger), (1..=45).collect::<Vec<_>>());
}

/// Lines as the ledger writes them, three batches: 1, 2–4, 5.
fn batches(dir: &Dir) -> (PathBuf, Vec<Vec<u8>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ledger = Ledger::open(&dir.0).unwrap();
    fill(&ledger, 1..=1);
    // Enough company that some events share a batch; which ones, the lines themselves tell.
    runtime.block_on(async {
        let ledger = &ledger;
        let event = event(2);
        let appends = (0..20).map(|_| ledger.append(&event));
        let mut appends: Vec<_> = appends.map(Box::pin).collect();
        std::future::poll_fn(|context| {
            appends.retain_mut(|append| std::future::Future::poll(append.as_mut(), context).is_pending());
            if appends.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    });
    drop(ledger);
    let segment = dir.segments().remove(0);
    let lines = fs::read(&segment).unwrap().split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    (segment, lines)
}

fn batch_of(line: &[u8]) -> u64 {
    let value: serde_json::Value = serde_json::from_slice(line).unwrap();
    value["batch"].as_u64().unwrap()
}

#[test]
fn a_hole_in_the_last_batch_is_a_torn_tail_but_one_before_it_is_damage() {
    let dir = Dir::new("hole");
    let (segment, lines) = batches(&dir);
    let last = batch_of(lines.last().unwrap());
    assert!(1 < last && last < lines.len() as u64, "several batches, the last of several events");
    for bad in 0..lines.len() {
        let mut holed = lines.clone();
        let middle = holed[bad].len() / 2;
        holed[bad][middle] ^= 1;
        fs::write(&segment, holed.concat()).unwrap();
        let seq = bad as u64 + 1;
        match Ledger::open(&dir.0) {
            Ok(ledger) => {
                assert!(seq >= last, "line {seq} had been flushed before batch {last}");
                assert_eq!(ledger.durable(), seq - 1);
            }
            Err(Error::Damaged { .. }) => assert!(seq < last),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn abuse_f30_lines_changed_swapped_dropped_or_doubled_are_found() {
    let dir = Dir::new("changed");
    let options = Options { segment_bytes: 2000, ..Options::default() };
    drop({
        let ledger = Ledger::open_with(&dir.0, options).unwrap();
        fill(&ledger, 1..=30);
        ledger
    });
    let segment = dir.segments().remove(0);
    let lines: Vec<Vec<u8>> = fs::read(&segment).unwrap().split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    assert!(lines.len() >= 4);
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    let mut dropped = lines.clone();
    dropped.remove(1);
    let mut doubled = lines.clone();
    doubled.insert(2, lines[1].clone());
    let mut changed = lines.clone();
    let text = String::from_utf8(changed[1].clone()).unwrap();
    changed[1] = text.replace("user-2", "user-3").into_bytes();
    let mut renumbered = lines.clone();
    renumbered[1] = text.replace("\"seq\":2", "\"seq\":3").into_bytes();
    for (name, content) in [("swapped", swapped), ("dropped", dropped), ("doubled", doubled), ("changed", changed), ("renumbered", renumbered)] {
        fs::write(&segment, content.concat()).unwrap();
        let ledger = Ledger::open_with(&dir.0, options).unwrap();
        let found = ledger.read_from(1, usize::MAX);
        assert!(matches!(found, Err(Error::Damaged { line: 2 | 3, .. })), "{name}: {found:?}");
    }
}

#[test]
fn abuse_f31_a_missing_segment_is_missed() {
    let options = Options { segment_bytes: 2000, ..Options::default() };
    for gone in 0..2 {
        let dir = Dir::new(&format!("missing-{gone}"));
        let ledger = Ledger::open_with(&dir.0, options).unwrap();
        fill(&ledger, 1..=30);
        fs::remove_file(&dir.segments()[gone]).unwrap();
        let found = ledger.read_from(1, usize::MAX);
        assert!(matches!(found, Err(Error::Missing(1) | Error::Damaged { .. })), "{found:?}");
    }
}

#[test]
fn two_processes_do_not_write_one_trail() {
    let dir = Dir::new("lock");
    let first = Ledger::open(&dir.0).unwrap();
    assert!(matches!(Ledger::open(&dir.0), Err(Error::InUse(_))));
    drop(first);
    Ledger::open(&dir.0).unwrap();
}

#[test]
fn a_query_is_base64_in_the_file_and_control_characters_are_escaped() {
    let dir = Dir::new("escape");
    let ledger = Ledger::open(&dir.0).unwrap();
    let odd = Event { reason: Some("a\nb\u{1b}[0m\0".into()), query: Some(b"name=Smith".to_vec()), ..event(1) };
    ledger.append_blocking(&odd).unwrap();
    let text = fs::read_to_string(&dir.segments()[0]).unwrap();
    let text = text.trim_end_matches('\0');
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("bmFtZT1TbWl0aA==") && !text.contains("Smith") && !text.contains('\u{1b}'));
    assert_eq!(ledger.read_from(1, 1).unwrap()[0].event, odd);
    assert!(serde_json::from_str::<serde_json::Value>(text.trim_end()).is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_share_flushes_and_lose_nothing() {
    let dir = Dir::new("many");
    let ledger = Arc::new(Ledger::open(&dir.0).unwrap());
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let ledger = Arc::clone(&ledger);
            tokio::spawn(async move {
                for n in 0..20 {
                    let seq = ledger.append(&event(task * 100 + n)).await.unwrap();
                    assert!(ledger.durable() >= seq, "an answer comes after the flush");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(numbers(&ledger), (1..=1280).collect::<Vec<_>>());
}

/// Prints what an append costs; run it with `--release -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure_appends() {
    for tasks in [1, 16, 64] {
        let dir = Dir::new("measure");
        let ledger = Arc::new(Ledger::open(&dir.0).unwrap());
        let start = std::time::Instant::now();
        let each = if tasks == 1 { 2000 } else { 1000 };
        let all: Vec<_> = (0..tasks)
            .map(|_| {
                let ledger = Arc::clone(&ledger);
                tokio::spawn(async move {
                    for n in 0..each {
                        ledger.append(&event(n)).await.unwrap();
                    }
                })
            })
            .collect();
        for one in all {
            one.await.unwrap();
        }
        let rate = tasks as f64 * each as f64 / start.elapsed().as_secs_f64();
        println!("{tasks} tasks: {rate:.0} events/s");
    }
}

/// Needs a directory on a file system of its own with about 256 kB: `mount -t tmpfs -o size=256k …`.
#[test]
#[ignore = "needs a small disk, named by SMALL_DISK"]
fn abuse_f05_a_disk_that_was_full_is_written_again() {
    let root = PathBuf::from(std::env::var_os("SMALL_DISK").unwrap());
    let dir = Dir(root.join("audit"));
    let ledger = Ledger::open(&dir.0).unwrap();
    fs::write(root.join("ballast"), vec![0; 200 * 1024]).unwrap();
    let mut done = 0;
    let error = loop {
        match ledger.append_blocking(&event(done)) {
            Ok(seq) => done = seq,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::NoSpace(_)), "{error}");
    assert!(ledger.append_blocking(&event(done)).is_err());
    assert_eq!(numbers(&ledger), (1..=done).collect::<Vec<_>>(), "what was done can be read");
    fs::remove_file(root.join("ballast")).unwrap();
    assert_eq!(ledger.append_blocking(&event(0)), Ok(done + 1));
    drop(ledger);
    assert_eq!(Ledger::open(&dir.0).unwrap().durable(), done + 1);
}
