//! Rows on their way into tables: only what differs is written.

use super::session::Session;
use crate::Error;
use crate::core::Bound;
use crate::dialect::sqlite::name;
use crate::index::marks;
use crate::layout::{ColumnLayout, Inserted, NodeLayout};
use crate::load::Stored;
use crate::sealing;
use hearthgate_mapping::source::fold;
use hearthgate_mapping::{Row, Sql};
use hearthgate_seal::KeyId;
use rusqlite::OptionalExtension;
use std::fmt::Write as _;

impl Session {
    /// Writes a new row and its children. `place` is what its sealed values belong to: the public id of a root row, of a child
    /// the public id and its row number; `key_value` its public id or its parent's row number.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn insert_row(
        &mut self,
        node: &NodeLayout,
        public_id: &str,
        place: &str,
        id: i64,
        key_value: &Sql,
        row: &Row,
        position: i64,
        key: &KeyId,
    ) -> Result<(), Error> {
        let mut values = Vec::with_capacity(node.inserted.len());
        for inserted in &node.inserted {
            values.push(match inserted {
                Inserted::Column(at) => self.stored(node, *at, place, id, row, key)?,
                Inserted::Fold(at) => folded(value(row, *at)),
                Inserted::Blind(at) => self.marks(node, *at, row).0,
                Inserted::SystemBlind(at) => self.marks(node, *at, row).1,
                Inserted::Position => Sql::Integer(position),
            });
        }
        let unmapped = self.unmapped(node, place, row, key)?;
        let conn = std::rc::Rc::clone(&self.conn);
        let mut insert = conn.prepare_cached(&node.insert)?;
        insert.raw_bind_parameter(1, id)?;
        insert.raw_bind_parameter(2, self.base)?;
        insert.raw_bind_parameter(3, Bound(&unmapped))?;
        insert.raw_bind_parameter(4, Bound(key_value))?;
        for (at, value) in values.iter().enumerate() {
            insert.raw_bind_parameter(at + 5, Bound(value))?;
        }
        insert.raw_execute()?;
        drop(insert);
        if self.claimed() {
            for (at, column) in node.columns.iter().enumerate() {
                self.fill_list(column, id, value(row, at), false)?;
            }
        }
        let parent = Sql::Integer(id);
        for (child, rows) in node.children.iter().zip(&row.children) {
            for (position, row) in rows.iter().enumerate() {
                self.insert_child(child, public_id, &parent, row, position as i64, key)?;
            }
        }
        Ok(())
    }

    fn insert_child(&mut self, node: &NodeLayout, public_id: &str, parent: &Sql, row: &Row, position: i64, key: &KeyId) -> Result<(), Error> {
        let id = self.next_id(&node.table)?;
        self.insert_row(node, public_id, &format!("{public_id}/{id}"), id, parent, row, position, key)
    }

    /// Brings the root row and its children to what is wanted; answers whether anything differed.
    pub(super) fn update_root(&mut self, node: &NodeLayout, public_id: &str, old: Stored, new: &Row, key: &KeyId) -> Result<bool, Error> {
        let mut changed = self.update_row(node, public_id, &old, new, key)?;
        changed |= self.update_children(node, public_id, old, new, key)?;
        Ok(changed)
    }

    fn update_children(&mut self, node: &NodeLayout, public_id: &str, old: Stored, new: &Row, key: &KeyId) -> Result<bool, Error> {
        let mut changed = false;
        let parent = Sql::Integer(old.row.id);
        let none = Vec::new();
        let mut olds = old.children.into_iter();
        for (at, child) in node.children.iter().enumerate() {
            let news = new.children.get(at).unwrap_or(&none);
            let mut position = 0;
            let mut rows = olds.next().unwrap_or_default().into_iter();
            for wanted in news {
                match rows.next() {
                    Some(there) => {
                        position = if let Sql::Integer(at) = there.position { at.saturating_add(1) } else { position + 1 };
                        let place = format!("{public_id}/{}", there.row.id);
                        changed |= self.update_row(child, &place, &there, wanted, key)?;
                        changed |= self.update_children(child, public_id, there, wanted, key)?;
                    }
                    None => {
                        self.insert_child(child, public_id, &parent, wanted, position, key)?;
                        position += 1;
                        changed = true;
                    }
                }
            }
            for gone in rows {
                self.run(&format!("DELETE FROM {} WHERE id = ?1", name(&child.table)), &[Sql::Integer(gone.row.id)])?;
                changed = true;
            }
        }
        Ok(changed)
    }

    fn update_row(&mut self, node: &NodeLayout, place: &str, old: &Stored, new: &Row, key: &KeyId) -> Result<bool, Error> {
        let mut set: Vec<(String, Sql)> = Vec::new();
        let mut named: Vec<&str> = Vec::new();
        let mut lists = Vec::new();
        for (at, column) in node.columns.iter().enumerate() {
            let (before, after) = (value(&old.row, at), value(new, at));
            // A value that stands under another patient's key moves to this one's.
            let moved = old.keys.get(at).copied().flatten().is_some_and(|under| under != *key);
            if column.computed || named.contains(&column.name.as_str()) {
                continue;
            }
            named.push(&column.name);
            if before == after && !moved {
                continue;
            }
            set.push((column.name.clone(), self.stored(node, at, place, old.row.id, new, key)?));
            if column.fold {
                set.push((format!("{}__fold", column.name), folded(after)));
            }
            if column.list.is_some() {
                lists.push(at);
            }
        }
        for (at, column) in node.columns.iter().enumerate() {
            let Some(blind) = &column.blind else { continue };
            let differs = |at: usize| value(&old.row, at) != value(new, at);
            if differs(at) || blind.system.is_some_and(differs) {
                let (alone, with_system) = self.marks(node, at, new);
                set.push((format!("{}__blind", column.name), alone));
                set.push((format!("{}__sblind", column.name), with_system));
            }
        }
        let moved = old.keys.last().copied().flatten().is_some_and(|under| under != *key);
        if old.row.unmapped != new.unmapped || moved {
            set.push(("gw_unmapped".to_owned(), self.unmapped(node, place, new, key)?));
        }
        if set.is_empty() {
            return Ok(false);
        }
        let mut sql = format!("UPDATE {} SET gw_seq = ?2", name(&node.table));
        for (at, (column, _)) in set.iter().enumerate() {
            let _ = write!(sql, ", {} = ?{}", name(column), at + 3);
        }
        sql.push_str(" WHERE id = ?1");
        if !self.claimed() {
            // The triggers number the row, and must see the number it had.
            sql = sql.replace("gw_seq = ?2, ", "");
        }
        let mut parameters = vec![Sql::Integer(old.row.id), Sql::Integer(self.base)];
        parameters.extend(set.into_iter().map(|(_, value)| value));
        self.run(&sql, &parameters)?;
        if self.claimed() {
            for at in lists {
                if let Some(column) = node.columns.get(at) {
                    self.fill_list(column, old.row.id, value(new, at), true)?;
                }
            }
        }
        Ok(true)
    }

    /// Deletes the rows of a resource; the triggers keep them and take the children along.
    pub(super) fn delete_rows(&mut self, plan: usize, id: &str) -> Result<(), Error> {
        let core = std::sync::Arc::clone(&self.core);
        let (plan, layout) = core.plan(plan)?;
        let mut sql = format!("DELETE FROM {} WHERE {} = ?1", name(&layout.root.table), name(&plan.id_column));
        for (column, constant) in &plan.table.filter {
            let _ = write!(sql, " AND {} IS {}", name(column), crate::derive::sql_literal(constant));
        }
        self.run(&sql, &[Sql::Text(id.to_owned())])?;
        self.reread()
    }

    /// The value that a column stores.
    fn stored(&mut self, node: &NodeLayout, at: usize, place: &str, id: i64, row: &Row, key: &KeyId) -> Result<Sql, Error> {
        let plain = value(row, at);
        let Some(column) = node.columns.get(at) else { return Ok(Sql::Null) };
        if let (Some(foreign), Sql::Text(public_id)) = (&column.foreign, plain) {
            return match self.coming.get(&(foreign.table.clone(), public_id.clone())) {
                Some((to, true)) => Ok(Sql::Integer(*to)),
                Some((to, false)) => {
                    self.later.push((node.table.clone(), column.name.clone(), id, *to));
                    Ok(Sql::Null)
                }
                None => {
                    let found: Option<i64> = self.conn.prepare_cached(&foreign.find)?.query_row([public_id], |row| row.get(0)).optional()?;
                    found.map(Sql::Integer).ok_or_else(|| Error::MissingReference(format!("{}/{public_id}", foreign.resource)))
                }
            };
        }
        match sealing::plain(plain) {
            Some(bytes) if column.sealed => Ok(Sql::Text(self.seal(key, &node.table, &column.name, place, &bytes)?)),
            _ => Ok(plain.clone()),
        }
    }

    fn unmapped(&mut self, node: &NodeLayout, place: &str, row: &Row, key: &KeyId) -> Result<Sql, Error> {
        match &row.unmapped {
            Some(text) => Ok(Sql::Text(self.seal(key, &node.table, "gw_unmapped", place, text.as_bytes())?)),
            None => Ok(Sql::Null),
        }
    }

    /// The marks of a sealed column that is searched.
    pub(super) fn marks(&self, node: &NodeLayout, at: usize, row: &Row) -> (Sql, Sql) {
        let (Some(column), Sql::Text(text)) = (node.columns.get(at), value(row, at)) else { return (Sql::Null, Sql::Null) };
        let Some(blind) = &column.blind else { return (Sql::Null, Sql::Null) };
        let system = match blind.system.map(|system| value(row, system)) {
            Some(Sql::Text(system)) => Some(system.as_str()),
            _ => blind.system_value.as_deref(),
        };
        let field = format!("{}.{}", node.table, column.name);
        let (alone, with_system) = marks(&self.core.keyring, &field, blind.datatype, system, text);
        (Sql::Text(alone), with_system.map_or(Sql::Null, Sql::Text))
    }

    fn fill_list(&mut self, column: &ColumnLayout, row: i64, value: &Sql, replace: bool) -> Result<(), Error> {
        let Some(list) = &column.list else { return Ok(()) };
        if replace {
            self.conn.prepare_cached(&list.delete)?.execute([row])?;
        }
        let Sql::Text(text) = value else { return Ok(()) };
        let members: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
        let mut insert = self.conn.prepare_cached(&list.insert)?;
        for member in members.iter().filter_map(serde_json::Value::as_str) {
            if list.folded {
                insert.execute((row, fold(member)))?;
            } else {
                insert.execute((row, member))?;
            }
        }
        Ok(())
    }
}

fn value(row: &Row, at: usize) -> &Sql {
    row.values.get(at).unwrap_or(&Sql::Null)
}

fn folded(value: &Sql) -> Sql {
    match value {
        Sql::Text(text) => Sql::Text(fold(text)),
        _ => Sql::Null,
    }
}
