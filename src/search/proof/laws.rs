//! The same ids in the same order as the reference gives, for random data, questions, boundaries and pages.

use super::reference::{answer, refers, sortable, visible};
use super::samples::{self, ASKED, DOCTORS, PATIENTS};
use super::world::{Kept, World};
use crate::boundary::Limits;
use crate::include::along;
use crate::read::{Of, one};
use crate::{COLUMN_RID, Cursor, Includes, OnPage, Read, Search, page};
use hearthgate_access::{Interaction, Patients, Reach, TypeRule};
use hearthgate_fhir::Value;
use hearthgate_fhir::query::{self, Include, Sort};
use hearthgate_fhir::r4::{self, Kind};
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
        (prop::collection::vec(samples::parameter(resource), 0..3), sort, 1..5_u32).prop_map(move |(parameters, sort, count)| Question {
            resource,
            parameters,
            sort,
            count,
        })
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
        2 => doctor().prop_map(Patients::Naming),
    ];
    let filters = prop_oneof![
        4 => Just(vec![]),
        1 => select(vec![("category", "laboratory"), ("status", "final"), ("_tag", "a"), ("gender", "male"), ("no-such", "x")]).prop_map(|(code, value)| vec![(code.to_owned(), value.to_owned())]),
    ];
    prop::collection::vec((patients, filters), 1..3)
        .prop_map(|all| TypeRule { reach: all.into_iter().map(|(patients, filters)| Reach { patients, filters }).collect() })
}

fn resources() -> impl Strategy<Value = Vec<Value>> {
    let patients = PATIENTS.map(|id| samples::patient(id).boxed()).to_vec();
    let doctors = DOCTORS.map(|id| samples::practitioner(id).boxed()).to_vec();
    let observations: Vec<_> = (0..14).map(|n| samples::observation(format!("o{n}")).boxed()).collect();
    let requests: Vec<_> = (0..8).map(|n| samples::request(format!("m{n}")).boxed()).collect();
    let goals: Vec<_> = (0..6).map(|n| samples::goal(format!("g{n}")).boxed()).collect();
    let questionnaires: Vec<_> = (0..6).map(|n| samples::questionnaire(format!("q{n}")).boxed()).collect();
    let appointments: Vec<_> = (0..8).map(|n| samples::appointment(format!("a{n}")).boxed()).collect();
    let provenances: Vec<_> = (0..6).map(|n| samples::provenance(format!("v{n}")).boxed()).collect();
    (patients, doctors, observations, requests, goals, questionnaires, appointments, provenances)
        .prop_map(|(a, b, c, d, e, f, g, h)| [a, b, c, d, e, f, g, h].concat())
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

/// Times that resources were put in at, and relations of care without repetition.
fn fill(resources: &[Value], care: &[(&'static str, &'static str, bool)]) -> World {
    let mut world = World::new();
    for (n, value) in resources.iter().enumerate() {
        world.put(value, TIMES[n % 3 + usize::from(n % 7 == 0)]);
    }
    let mut seen = std::collections::BTreeSet::new();
    for (doctor, patient, active) in care {
        if seen.insert((doctor, patient)) {
            world.care(doctor, patient, *active);
        }
    }
    world
}

fn care() -> impl Strategy<Value = Vec<(&'static str, &'static str, bool)>> {
    prop::collection::vec((select(&DOCTORS[..]), select(&PATIENTS[..]), prop::bool::weighted(0.8)), 0..6)
}

fn label() -> Vec<(String, String)> {
    vec![("http://terminology.hl7.org/CodeSystem/v3-Confidentiality".to_owned(), "R".to_owned())]
}

fn includes() -> impl Strategy<Value = Include> {
    let follow = |source: &'static str, code: &'static str, target: Option<&'static str>, reverse: bool| {
        Just(Include { source, code: code.to_owned(), target, iterate: false, reverse, wildcard: code == "*" })
    };
    prop_oneof![
        follow("Observation", "patient", None, false),
        follow("Observation", "subject", Some("Patient"), false),
        follow("Observation", "performer", None, false),
        follow("Observation", "performer", Some("Practitioner"), false),
        follow("Observation", "*", None, false),
        follow("MedicationRequest", "requester", None, false),
        follow("Goal", "subject", None, false),
        follow("Appointment", "patient", None, false),
        follow("Appointment", "actor", None, false),
        follow("Provenance", "*", None, false),
        follow("Provenance", "target", None, true),
        follow("Appointment", "actor", Some("Practitioner"), true),
        follow("Observation", "patient", None, true),
        follow("Observation", "performer", None, true),
        follow("MedicationRequest", "patient", None, true),
        follow("Goal", "*", None, true),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_read_finds_what_is_inside_and_nothing_else(
        resources in resources(),
        care in care(),
        rules in prop::collection::vec((rule(), any::<bool>()), 8),
    ) {
        let world = fill(&resources, &care);
        let label = label();
        for (rule, labelled) in rules {
            let withheld = if labelled { &label[..] } else { &[] };
            for kept in &world.kept {
                let resource = r4::type_named(&kept.resource).expect("a type");
                let read = Read { resource, id: kept.id.clone(), interaction: Interaction::Read };
                for of in [Of::Living, Of::All] {
                    let found = world.run(&one(&read, Limits::new(&rule, withheld), of, &world.context()));
                    prop_assert_eq!(found.len(), usize::from(visible(&world, kept, &rule, withheld)), "{:?} {} {:?} {:?}", of, kept.value, rule, world.care);
                    prop_assert!(found.iter().all(|row| row[COLUMN_RID] == Sql::Integer(kept.rid)));
                }
            }
        }
    }

    #[test]
    fn what_comes_along_is_what_the_reference_brings(
        resources in resources(),
        care in care(),
        asked in prop::collection::vec((prop::collection::vec(includes(), 1..3), prop::collection::vec(prop::option::weighted(0.8, rule()), ASKED.len()), any::<bool>(), any::<u8>()), 30),
    ) {
        let world = fill(&resources, &care);
        let label = label();
        for (include, rules, labelled, pick) in asked {
            let withheld = if labelled { &label[..] } else { &[] };
            let rule_of = |resource: &str| match ASKED.iter().position(|known| *known == resource) {
                Some(at) => rules[at].as_ref(),
                None => None,
            };
            let page: Vec<&Kept> = world.kept.iter().filter(|kept| kept.rid % 3 == i64::from(pick % 3)).collect();
            let asked = Includes {
                resource: "Observation",
                include: include.clone(),
                page: page.iter().map(|kept| OnPage { resource: r4::type_named(&kept.resource).expect("a type"), id: kept.id.clone(), rid: kept.rid }).collect(),
                known: page.iter().map(|kept| kept.rid).collect(),
                limit: 1000,
            };
            let limits = |resource: &str| rule_of(resource).map(|rule| Limits::new(rule, withheld));
            let statement = along(&asked, &limits, &world.context());
            let found: Vec<i64> = world.run(&statement).iter().map(|row| if let Sql::Integer(rid) = row[COLUMN_RID] { rid } else { 0 }).collect();
            let mut expected: Vec<i64> = world
                .kept
                .iter()
                .filter(|kept| !asked.known.contains(&kept.rid))
                .filter(|kept| include.iter().any(|include| page.iter().any(|on| if include.reverse { refers(kept, on, include) } else { refers(on, kept, include) })))
                .filter(|kept| rule_of(&kept.resource).is_some_and(|rule| visible(&world, kept, rule, withheld)))
                .map(|kept| kept.rid)
                .collect();
            expected.sort_unstable();
            prop_assert!(found == expected, "DIFFERS found {:?} expected {:?} of {:?} {:?}\n{}", found, expected, include, rules, statement.sql);
        }
    }

    #[test]
    fn a_search_answers_what_the_reference_answers(
        resources in resources(),
        care in care(),
        questions in prop::collection::vec((question(), rule(), any::<bool>()), 100),
    ) {
        let world = fill(&resources, &care);
        let label = label();
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
