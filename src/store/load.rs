//! From tables to rows: now, or as of a sequence number.

use crate::Error;
use crate::core::{Core, sql};
use crate::layout::{NodeLayout, Select};
use crate::sealing;
use hearthgate_mapping::{PlanKind, Row, Sql, render};
use hearthgate_seal::{KeyId, Place, key_id_of};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

/// Which resource.
#[derive(Clone, Copy, Debug)]
pub enum Key<'k> {
    /// Its root row's number; of a group the row its key points to.
    Row(i64),
    /// Its public id.
    Id(&'k str),
}

/// A row as stored: opened, with what the writer needs to compare it.
#[derive(Debug)]
pub(crate) struct Stored {
    pub row: Row,
    /// The value of the ordering column.
    pub position: Sql,
    /// The keys of the sealed values, `gw_unmapped` last.
    pub keys: Vec<Option<KeyId>>,
    pub children: Vec<Vec<Stored>>,
}

impl Stored {
    /// A copy of the row alone.
    pub(crate) fn to_row(&self) -> Row {
        let mut row = self.row.clone();
        row.children = self.children.iter().map(|rows| rows.iter().map(Self::to_row).collect()).collect();
        row
    }

    /// The row alone.
    pub(crate) fn into_row(self) -> Row {
        let mut row = self.row;
        row.children = self.children.into_iter().map(|rows| rows.into_iter().map(Stored::into_row).collect()).collect();
        row
    }
}

/// The rows of a resource: one for a table's, several for a group's, none where there is none.
pub(crate) fn load(core: &Core, conn: &Connection, plan: usize, key: Key<'_>, as_of: Option<i64>) -> Result<Vec<Stored>, Error> {
    let (plan, layout) = core.plan(plan)?;
    let root = &layout.root;
    let found = match (key, &root.by_id, &plan.kind) {
        (Key::Id(id), Some(select), _) => rows(core, conn, root, select, &Sql::Text(id.to_owned()), as_of, Id::Column(id))?,
        (Key::Id(id), None, PlanKind::Group { table, .. }) => match gathered_under(core, conn, table, &plan.id_column, id, as_of)? {
            Some(row) => rows(core, conn, root, &root.by_row, &Sql::Integer(row), as_of, Id::Column(id))?,
            None => Vec::new(),
        },
        (Key::Row(row), ..) => {
            let id = public_id(conn, &root.table, &plan.id_column, &plan.kind, row)?.unwrap_or_default();
            rows(core, conn, root, &root.by_row, &Sql::Integer(row), as_of, Id::Column(&id))?
        }
        (Key::Id(_), None, _) => Vec::new(),
    };
    Ok(found)
}

/// The row under which a group's rows are gathered.
fn gathered_under(core: &Core, conn: &Connection, table: &str, column: &str, id: &str, as_of: Option<i64>) -> Result<Option<i64>, Error> {
    use crate::dialect::sqlite::{name, shadow};
    let (own, column, past) = (name(table), name(column), shadow(table));
    let found = match as_of.filter(|_| core.shapes.contains_key(table)) {
        None => conn.prepare_cached(&format!("SELECT id FROM {own} WHERE {column} = ?1"))?.query_row([id], |row| row.get(0)),
        Some(seq) => conn
            .prepare_cached(&format!(
                "SELECT id FROM {own} WHERE {column} = ?1 AND gw_seq <= ?2 UNION ALL SELECT id FROM {past} WHERE {column} = ?1 AND gw_from <= ?2 AND gw_to > ?2"
            ))?
            .query_row((id, seq), |row| row.get(0)),
    };
    Ok(found.optional()?)
}

fn public_id(conn: &Connection, table: &str, column: &str, kind: &PlanKind, row: i64) -> Result<Option<String>, Error> {
    use crate::dialect::sqlite::name;
    let table = if let PlanKind::Group { table, .. } = kind { table } else { table };
    let mut find = conn.prepare_cached(&format!("SELECT {} FROM {} WHERE id = ?1", name(column), name(table)))?;
    Ok(find.query_row([row], |row| row.get(0)).optional()?)
}

/// Where the sealed values of a row belong.
#[derive(Clone, Copy)]
enum Id<'i> {
    /// A root row: its resource's id.
    Column(&'i str),
    /// A child row: the id and its own row number.
    Child(&'i str),
}

fn rows(core: &Core, conn: &Connection, node: &NodeLayout, select: &Select, key: &Sql, as_of: Option<i64>, id: Id<'_>) -> Result<Vec<Stored>, Error> {
    let mut out = Vec::new();
    let text = if as_of.is_some() { &select.then } else { &select.now };
    let mut statement = conn.prepare_cached(text)?;
    statement.raw_bind_parameter(1, crate::core::Bound(key))?;
    if let Some(seq) = as_of {
        statement.raw_bind_parameter(2, seq)?;
    }
    let mut answer = statement.raw_query();
    while let Some(row) = answer.next()? {
        out.push(one(core, conn, node, row, id)?);
    }
    drop(answer);
    drop(statement);
    if !node.children.is_empty() {
        let (Id::Column(public) | Id::Child(public)) = id;
        for stored in &mut out {
            let key = Sql::Integer(stored.row.id);
            for child in &node.children {
                stored.children.push(rows(core, conn, child, &child.by_row, &key, as_of, Id::Child(public))?);
            }
        }
    }
    Ok(out)
}

fn one(core: &Core, conn: &Connection, node: &NodeLayout, row: &rusqlite::Row<'_>, id: Id<'_>) -> Result<Stored, Error> {
    let number: i64 = row.get(0)?;
    let own;
    let place_row = match id {
        Id::Column(public) => public,
        Id::Child(public) => {
            own = format!("{public}/{number}");
            &own
        }
    };
    let mut keys = Vec::with_capacity(node.columns.len() + 1);
    let mut values = Vec::with_capacity(node.columns.len());
    for (at, column) in node.columns.iter().enumerate() {
        let value = row.get_ref(at + 3)?;
        match value {
            ValueRef::Text(sealed) if column.sealed => {
                let sealed = std::str::from_utf8(sealed).unwrap_or_default();
                let place = Place { table: &node.table, column: &column.name, row: place_row };
                keys.push(key_id_of(sealed));
                values.push(match opened(core, conn, place, sealed, number)? {
                    Some(plain) => sealing::value(plain, column.numeric),
                    None => Sql::Unopened,
                });
            }
            value => {
                keys.push(None);
                values.push(sql(value));
            }
        }
    }
    let unmapped = match row.get_ref(1)? {
        ValueRef::Text(sealed) => {
            let sealed = std::str::from_utf8(sealed).unwrap_or_default();
            let place = Place { table: &node.table, column: "gw_unmapped", row: place_row };
            keys.push(key_id_of(sealed));
            let unopened = if matches!(id, Id::Column(_)) { render::UNOPENED } else { render::UNOPENED_BELOW };
            opened(core, conn, place, sealed, number)?.and_then(|plain| String::from_utf8(plain).ok()).or_else(|| Some(unopened.to_owned()))
        }
        _ => {
            keys.push(None);
            None
        }
    };
    Ok(Stored { row: Row { id: number, values, unmapped, children: Vec::new() }, position: sql(row.get_ref(2)?), keys, children: Vec::new() })
}

/// What is sealed at a place; `None` where it does not open: another program altered or moved it, or its key is gone. The rest of the
/// resource is served without it, and every reading says so to whoever runs the server.
fn opened(core: &Core, conn: &Connection, place: Place<'_>, sealed: &str, row: i64) -> Result<Option<Vec<u8>>, Error> {
    match sealing::open(conn, &core.keyring, place, sealed) {
        Ok(plain) => Ok(Some(plain)),
        Err(Error::Sealed) => {
            tracing::error!(table = place.table, column = place.column, row, "a sealed value does not open where it stands");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
