//! From what a note says and what is there to the changes between the two.

use super::finding::{self, Wanted};
use super::note::Note;
use super::same::{self, Known, Mention};
use crate::rest::write;
use hearthgate_fhir::Value;
use hearthgate_mapping::{Mappings, Plan, Row, Sql, claim};
use hearthgate_store::{Change, Expect, Guard, Put};
use serde_json::json;
use std::collections::HashMap;

/// Changes that one transaction takes of one note: more take several, each good by itself.
pub(super) const AT_ONCE: usize = 400;

/// The plan of the findings.
pub(super) fn plan(mappings: &Mappings) -> Option<&Plan> {
    mappings.of_type("Observation").find(|plan| plan.table.table == "findings")
}

/// What a note's reading changes.
#[derive(Default)]
pub(super) struct Changes {
    /// What is to be written.
    pub changes: Vec<Change>,
    /// The ids of what is put by them, in their order.
    pub found: Vec<String>,
}

/// From what is wanted and what is there to the changes between them. Each that is wanted is one that is there, if it is the same:
/// first what an import brought, with its id, unless a doctor judged ours already; then ours of this id; then any that says the same.
/// `free` gives an id under which nothing else stands.
pub(super) fn changes<E>(plan: &Plan, wanted: Vec<Wanted>, there: Vec<Known>, free: impl Fn(String) -> Result<String, E>) -> Result<Changes, E> {
    let rows: Vec<(Wanted, Row)> = wanted
        .into_iter()
        .map(|wanted| {
            let row = finding::row(plan, &wanted.columns);
            (wanted, row)
        })
        .collect();
    let mut pool = Pool::of(plan, there);
    let mut chosen: Vec<Option<Known>> = rows.iter().map(|(wanted, row)| pool.brought_or_own(&wanted.id, row)).collect();
    for ((_, row), chosen) in rows.iter().zip(&mut chosen).filter(|(_, chosen)| chosen.is_none()) {
        *chosen = pool.any(row);
    }
    let mut made = Changes::default();
    for ((Wanted { id, mut columns }, _), known) in rows.into_iter().zip(chosen) {
        columns.extend(judgement(plan, known.as_ref()));
        let row = finding::row(plan, &columns);
        let (id, version) = match known {
            Some(known) if !known.is_brought && Mention::of(plan, &row).says_all_of(&known.row) => continue,
            Some(known) => (known.stored.id, Expect::Is(known.stored.version)),
            None => (free(id)?, Expect::NotLiving),
        };
        made.found.push(id.clone());
        let guard = Guard { version, ..Guard::default() };
        made.changes.push(Change::Put(Box::new(Put { plan: plan.index, id, row, guard, keeper: true, ..Put::default() })));
    }
    made.changes.extend(pool.left().iter().flat_map(|known| withdrawal(&known.stored.id)));
    Ok(made)
}

/// The columns of a judgement: as they are, or of what nobody judged. One that was withdrawn once, and is said again, is judged anew.
fn judgement(plan: &Plan, known: Option<&Known>) -> Vec<(&'static str, Sql)> {
    let column = |known: &Known, name: &'static str| (name, same::value(plan, &known.row, name).clone());
    match known.filter(|known| known.judge(plan).is_some()) {
        Some(known) => ["status", "judged_by", "judged_at"].map(|name| column(known, name)).to_vec(),
        None => vec![("status", Sql::Text("preliminary".to_owned()))],
    }
}

/// What is there and was not found again yet.
struct Pool<'p> {
    plan: &'p Plan,
    known: Vec<Option<Known>>,
    by_id: HashMap<String, usize>,
    /// In the order of the text.
    by_mention: HashMap<String, Vec<usize>>,
}

impl<'p> Pool<'p> {
    fn of(plan: &'p Plan, mut known: Vec<Known>) -> Self {
        known.sort_by_key(|known| match same::value(plan, &known.row, "byte_start") {
            Sql::Integer(start) => *start,
            _ => 0,
        });
        let own = known.iter().enumerate().filter(|(_, known)| !known.is_brought);
        let by_id = own.map(|(at, known)| (known.stored.id.clone(), at)).collect();
        let mut by_mention: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, known) in known.iter().enumerate() {
            by_mention.entry(Mention::of(plan, &known.row).key()).or_default().push(at);
        }
        Self { plan, known: known.into_iter().map(Some).collect(), by_id, by_mention }
    }

    fn brought_or_own(&mut self, id: &str, row: &Row) -> Option<Known> {
        let own = self.by_id.get(id).copied().filter(|at| self.known.get(*at).is_some_and(Option::is_some));
        let judged = own.and_then(|at| self.known[at].as_ref()).is_some_and(|own| own.judge(self.plan).is_some());
        let brought = if judged { None } else { self.find(row, |known, mention| known.is_brought && mention.has_place_of(&known.row)) };
        brought.or(own).and_then(|at| self.known[at].take())
    }

    fn any(&mut self, row: &Row) -> Option<Known> {
        self.find(row, |known, _| !known.is_brought).and_then(|at| self.known[at].take())
    }

    fn find(&self, row: &Row, holds: impl Fn(&Known, &Mention<'_>) -> bool) -> Option<usize> {
        let mention = Mention::of(self.plan, row);
        let same = |known: &Known| holds(known, &mention) && mention.has_concept_of(&known.row);
        self.by_mention.get(&mention.key())?.iter().copied().find(|at| self.known[*at].as_ref().is_some_and(same))
    }

    /// What was not found again, of ours; what an import brought stays as it came.
    fn left(self) -> Vec<Known> {
        self.known.into_iter().flatten().filter(|known| !known.is_brought).collect()
    }
}

/// It is said no more: it goes, or is marked where a doctor accepted it, because a diagnosis rests on it.
fn withdrawal(id: &str) -> [Change; 2] {
    let sql = |sql: &str| Change::Sql { sql: sql.to_owned(), parameters: vec![Sql::Text(id.to_owned())], expect: None };
    [
        sql("DELETE FROM findings WHERE public_id = ?1 AND (status = 'preliminary' OR (status = 'entered-in-error' AND judged_by IS NOT NULL))"),
        sql("UPDATE findings SET status = 'entered-in-error', judged_by = NULL, judged_at = NULL WHERE public_id = ?1 AND status = 'final'"),
    ]
}

/// Where findings came from: the note, and the program that read it.
pub(super) fn provenance(mappings: &Mappings, id: &str, note: &Note, targets: &[String], device: (&str, &str), now: &str) -> Option<Change> {
    let targets: Vec<Value> = targets.iter().map(|id| json!({ "reference": format!("Observation/{id}") })).collect();
    let value = json!({
        "resourceType": "Provenance",
        "id": id,
        "target": targets,
        "recorded": now,
        "activity": { "text": format!("Read from version {} of the note", note.version) },
        "agent": [{
            "type": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "assembler" }] },
            "who": { "reference": format!("Device/{}", device.0), "display": device.1 },
        }],
        "entity": [{ "role": "source", "what": { "reference": format!("DocumentReference/{}", note.id) } }],
    });
    put(mappings, "Provenance", id, &value, Expect::Any)
}

/// A resource put by the plan that takes it.
pub(super) fn put(mappings: &Mappings, resource: &str, id: &str, value: &Value, version: Expect) -> Option<Change> {
    let plan = claim::plan_for(mappings, resource, value)?;
    Some(write::change(plan, id, value, Guard { version, ..Guard::default() }, false))
}
