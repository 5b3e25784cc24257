//! The same ids in the same order as the reference gives, for random data, questions, boundaries and pages.

use super::reference::{answer, sortable};
use super::samples::{self, ASKED, DOCTORS, PATIENTS};
use super::world::World;
use crate::boundary::Limits;
use crate::{COLUMN_RID, Cursor, Search, page};
use hearthgate_access::{Patients, Reach, TypeRule};
use hearthgate_fhir::query::{self, Sort};
use hearthgate_fhir::r4::Kind;
use hearthgate_fhir::Value;
use hearthgate_mapping::Sql;
use hearthgate_mapping::index::parameter;
use proptest::prelude::*;
use proptest::sample::select;

#[derive(Clone, Debug)]
struct Question {
    resource: &'static str,
    parameters: Vec<(String, String)>,
    sort: Vec<(&'static str, bool)>,
    count: u32,
}

fn question() -> impl Strategy<Value = Question> {
    select(&ASKED[..]).prop_flat_map(|resource| {
        let sort = prop::collection::vec((select(samples::sorts(resource)), any::<bool>()), 0..3);
        (prop::collection::vec(samples::parameter(resource), 0..3), sort, 1..5_u32).prop_map(move |(parameters, sort, count)| Question { resource, parameters, sort, count })
    })
}

fn rule() -> impl Strategy<Value = TypeRule> {
    let patient = || select(&PATIENTS[..]).prop_map(str::to_owned);
    let doctor = || select(&DOCTORS[..]).prop_map(str::to_owned);
    let patients = prop_oneof![
        3 => Just(Patients::All),
        2 => patient().prop_map(Patients::Compartment),
        3 => doctor().prop_map(Patients::CareOf),
        1 => (doctor(), patient()).prop_map(|(practitioner, patient)| Patients::CareOfCompartment { practitioner, patient }),
    ];
    let filters = prop_oneof![
        4 => Just(vec![]),
        1 => select(vec![("category", "laboratory"), ("status", "final"), ("_tag", "a"), ("gender", "male"), ("no-such", "x")]).prop_map(|(code, value)| vec![(code.to_owned(), value.to_owned())]),
    ];
    prop::collection::vec((patients, filters), 1..3).prop_map(|all| TypeRule { reach: all.into_iter().map(|(patients, filters)| Reach { patients, filters }).collect() })
}

fn resources() -> impl Strategy<Value = Vec<Value>> {
    let patients = PATIENTS.map(|id| samples::patient(id).boxed()).to_vec();
    let doctors = DOCTORS.map(|id| samples::practitioner(id).boxed()).to_vec();
    let observations: Vec<_> = (0..14).map(|n| samples::observation(format!("o{n}")).boxed()).collect();
    let requests: Vec<_> = (0..8).map(|n| samples::request(format!("m{n}")).boxed()).collect();
    let goals: Vec<_> = (0..6).map(|n| samples::goal(format!("g{n}")).boxed()).collect();
    (patients, doctors, observations, requests, goals).prop_map(|(a, b, c, d, e)| [a, b, c, d, e].concat())
}

/// Times that lie among the dates asked for.
const TIMES: [i64; 4] = [1_704_067_200_000, 1_704_067_200_001, 1_706_745_599_500, 1_717_000_000_000];

pub(crate) fn asked(resource: &'static str, parameters: &[(String, String)], sort: &[(&str, bool)], count: u32) -> Search {
    let lookup = |code: &str| parameter(resource, code).map(|p| (p.kind, p.targets.clone()));
    let mut query = query::parse(resource, parameters, &lookup, "https://here.example/fhir").unwrap_or_else(|problem| panic!("{problem}: {parameters:?}"));
    assert!(query.ignored.is_empty(), "{:?}", query.ignored);
    let kind = |code: &str| match code {
        "_id" => Kind::Token,
        "_lastUpdated" => Kind::Date,
        _ => parameter(resource, code).expect("a parameter").kind,
    };
    query.sort = sort.iter().map(|(code, descending)| Sort { code: (*code).to_owned(), kind: kind(code), descending: *descending }).collect();
    assert!(query.sort.iter().all(|sort| sortable(sort.kind)));
    Search { resource, query, count, after: None, total: true }
}

/// The ids on all pages, and the total.
fn follow(world: &World, mut search: Search, rule: &TypeRule, withheld: &[(String, String)]) -> (Vec<String>, i64) {
    let mut ids = Vec::new();
    loop {
        let page = page(&search, Limits::new(rule, withheld), &world.context()).expect("a page");
        let total = match world.run(&page.total.expect("a total"))[0][0] {
            Sql::Integer(total) => total,
            ref other => panic!("{other:?}"),
        };
        let rows = world.run(&page.rows);
        let count = usize::try_from(search.count).expect("small");
        for row in rows.iter().take(count) {
            let Sql::Text(id) = &row[3] else { panic!("{row:?}") };
            ids.push(id.clone());
        }
        if rows.len() <= count {
            return (ids, total);
        }
        assert!(ids.len() < 200, "the pages go round: {ids:?}");
        search.after = Cursor::decode(&Cursor::of(&rows[count - 1][COLUMN_RID + 1..]).encode());
        assert!(search.after.is_some());
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_search_answers_what_the_reference_answers(
        resources in resources(),
        care in prop::collection::vec((select(&DOCTORS[..]), select(&PATIENTS[..]), prop::bool::weighted(0.8)), 0..6),
        questions in prop::collection::vec((question(), rule(), any::<bool>()), 100),
    ) {
        let mut world = World::new();
        for (n, value) in resources.iter().enumerate() {
            world.put(value, TIMES[n % 3 + usize::from(n % 7 == 0)]);
        }
        let mut seen = std::collections::BTreeSet::new();
        for (doctor, patient, active) in care {
            if seen.insert((doctor, patient)) {
                world.care(doctor, patient, active);
            }
        }
        let label = vec![("http://terminology.hl7.org/CodeSystem/v3-Confidentiality".to_owned(), "R".to_owned())];
        for (question, rule, labelled) in questions {
            let withheld = if labelled { &label[..] } else { &[] };
            let search = asked(question.resource, &question.parameters, &question.sort, question.count);
            let expected = answer(&world, &search, &rule, withheld);
            let (found, total) = follow(&world, search.clone(), &rule, withheld);
            let text = || page(&search, Limits::new(&rule, withheld), &world.context()).map(|page| page.rows.sql.to_string()).unwrap_or_default();
            prop_assert!(found == expected, "DIFFERS found {:?} expected {:?} of {:?} {:?} {}\n{}", found, expected, question, rule, labelled, text());
            prop_assert_eq!(usize::try_from(total).ok(), Some(expected.len()), "total of {:?} {:?} {}", question, rule, text());
        }
    }
}
