//! The clinic with an open store, and the shortest ways to read and write through it.

use crate::clinic::{Clinic, migrate_at};
use hearthgate_access::{Caller, Interaction, InternalCaller, Narrowed, Roles, Target};
use hearthgate_mapping::{Plan, Sql, Statement, index, take};
use hearthgate_seal::Keyring;
use hearthgate_store::{Change, Context, Done, Error, Guard, Options, Outcome, Put, Refused, Store, Stored, Unit};
use serde_json::Value;
use std::sync::{Arc, OnceLock};

pub struct Served {
    pub store: Store,
    pub clinic: Clinic,
}

struct Probe;

impl Target for Probe {
    fn resource_type(&self) -> &'static str {
        "Patient"
    }

    fn interaction(&self) -> Interaction {
        Interaction::Read
    }
}

/// A statement as a boundary makes it runnable; the boundary itself is the search room's matter.
pub fn narrowed(statement: Statement) -> Narrowed<Statement> {
    static ROLES: OnceLock<Arc<Roles>> = OnceLock::new();
    let roles = ROLES.get_or_init(|| Arc::new(Roles::shipped().expect("roles")));
    Caller::internal(InternalCaller::Verify, roles).narrow(Probe).expect("may read").map(|_, _| statement)
}

pub fn statement(sql: &str, parameters: &[&str]) -> Statement {
    Statement { sql: sql.into(), parameters: parameters.iter().map(|text| Sql::Text((*text).to_owned())).collect(), as_of: None, tables: vec![] }
}

impl Served {
    pub fn new() -> Self {
        let clinic = Clinic::new();
        let keyring = Keyring::create(&clinic.folder.path().join("keys")).expect("keys");
        Self { store: open(&clinic, keyring).expect("opens"), clinic }
    }

    /// With so many threads for what may scan.
    pub fn with_readers(readers: usize) -> Self {
        let Self { store, clinic } = Self::new();
        drop(store);
        let keyring = Keyring::open(&clinic.folder.path().join("keys")).expect("keys");
        Self { store: open_with(&clinic, keyring, readers).expect("opens"), clinic }
    }

    /// Closes the store and opens it again.
    pub fn again(self) -> Self {
        let Self { store, clinic } = self;
        drop(store);
        let keyring = Keyring::open(&clinic.folder.path().join("keys")).expect("keys");
        Self { store: open(&clinic, keyring).expect("opens"), clinic }
    }

    pub fn plan(&self, name: &str) -> &Plan {
        self.store.mappings().named(name).expect("a plan")
    }

    fn plan_for(&self, resource: &Value) -> usize {
        let name = resource["resourceType"].as_str().expect("a type");
        let vital = resource["category"][0]["coding"][0]["code"] == "vital-signs";
        let plan = self.store.mappings().of_type(name).find(|plan| !plan.readonly && (name != "Observation" || (plan.name == "observation_vital") == vital));
        plan.expect("a plan").index
    }

    pub fn change(&self, resource: &Value, guard: Guard) -> Change {
        let index = self.plan_for(resource);
        let plan = &self.store.mappings().plans[index];
        let id = resource["id"].as_str().expect("an id").to_owned();
        let row = take::take(plan, resource, &|_, _| true);
        let entries = index::index(plan, resource, &row);
        let compartments = index::compartments(plan, &id, resource, &row);
        Change::Put(Box::new(Put { plan: index, id, row, index: entries, compartments, unresolved: vec![], source: None, guard, render: true, keeper: false }))
    }

    pub fn unit(&self, changes: Vec<Change>) -> Unit {
        Unit { context: Context { actor: Some("dr".to_owned()), client: Some("app".to_owned()), at_ms: crate::clinic::NOW + 1 }, changes, audit: None }
    }

    pub fn write(&self, changes: Vec<Change>) -> Result<Vec<Outcome>, Refused> {
        self.store.write_blocking(self.unit(changes))
    }

    pub fn put(&self, resource: &Value) -> Done {
        self.try_put(resource, Guard::default()).expect("written")
    }

    pub fn try_put(&self, resource: &Value, guard: Guard) -> Result<Done, Error> {
        match self.write(vec![self.change(resource, guard)]) {
            Ok(outcomes) => match &outcomes[..] {
                [Outcome::Done(done)] => Ok(done.clone()),
                other => panic!("{other:?}"),
            },
            Err(refused) => Err(refused.error),
        }
    }

    pub fn delete(&self, plan: &str, id: &str, guard: Guard) -> Result<Done, Error> {
        match self.write(vec![Change::Delete { plan: self.plan(plan).index, id: id.to_owned(), guard }]) {
            Ok(outcomes) => match &outcomes[..] {
                [Outcome::Done(done)] => Ok(done.clone()),
                other => panic!("{other:?}"),
            },
            Err(refused) => Err(refused.error),
        }
    }

    pub fn find(&self, reference: &str) -> Result<Option<Stored>, Error> {
        let (resource, id) = reference.split_once('/').expect("Type/id");
        self.store.point(&narrowed(statement(
            "SELECT r.plan, r.row, r.type, r.id, r.version, r.at, r.deleted, w.bytes FROM gw_resources r LEFT JOIN gw_rendered w ON w.rid = r.rid AND w.version = r.version AND w.digest = ?3 WHERE r.type = ?1 AND r.id = ?2",
            &[resource, id, &self.store.mappings().digest],
        )))
    }

    /// The resource as served, without `meta`.
    pub fn read(&self, reference: &str) -> Value {
        content(&self.find(reference).expect("reads").expect("is there"))
    }

    /// A version as it was, without `meta`.
    pub fn vread(&self, reference: &str, version: u64) -> Value {
        let (resource, id) = reference.split_once('/').expect("Type/id");
        let at = self.store.version_at(resource, id, version).expect("reads").expect("a version");
        let number = version.to_string();
        let mut statement = statement(
            "SELECT r.plan, r.row, v.type, v.id, v.version, v.at, v.op = 'delete', NULL FROM gw_versions v JOIN gw_resources r ON r.type = v.type AND r.id = v.id WHERE v.type = ?1 AND v.id = ?2 AND v.version = CAST(?3 AS INTEGER)",
            &[resource, id, &number],
        );
        statement.as_of = Some(at.seq);
        statement.tables = vec!["patients".to_owned(), "patient_names".to_owned()];
        content(&self.store.point(&narrowed(statement)).expect("reads").expect("is there"))
    }
}

pub fn content(stored: &Stored) -> Value {
    let mut value: Value = serde_json::from_slice(&stored.body).expect("JSON");
    assert_eq!(value["meta"]["versionId"], Value::from(stored.version.to_string()));
    value.as_object_mut().expect("an object").remove("meta");
    value
}

pub fn open(clinic: &Clinic, keyring: Keyring) -> Result<Store, Error> {
    open_with(clinic, keyring, 2)
}

fn open_with(clinic: &Clinic, keyring: Keyring, readers: usize) -> Result<Store, Error> {
    let migrated = migrate_at(&clinic.path());
    Store::open(&clinic.path(), Arc::new(migrated.mappings), Arc::new(keyring), &Options { readers, tables: Some(migrated.tables) })
}
