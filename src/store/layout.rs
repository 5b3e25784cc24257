//! The statements of each plan's tables, written once when the store opens.

use crate::derive::sql_literal;
use crate::dialect::sqlite::{as_of, name};
use crate::shape::{Root, Table};
use hearthgate_mapping::{Blind, ColumnKind, Mappings, Plan, PlanKind, TableNode};
use std::collections::BTreeMap;

/// A plan's statements.
pub(crate) struct PlanLayout {
    /// The root table's.
    pub root: NodeLayout,
    /// The root's table and those below it.
    pub tables: Vec<String>,
    /// Rows of the plan's tables belong to other plans' resources too: then the triggers raise versions, not the writer.
    pub shared: bool,
    /// Other resources that are the same root rows, plan and type: the writer raises them along.
    pub siblings: Vec<(String, String)>,
    /// A column is computed by SQL: what was written must be read again before it is rendered.
    pub computed: bool,
}

/// The statements of a table as one plan uses it.
pub(crate) struct NodeLayout {
    /// The table.
    pub table: String,
    /// What each column of the node is, in the plan's order.
    pub columns: Vec<ColumnLayout>,
    /// Reads by row number (of the root; of a group its key) or by the parent's row number.
    pub by_row: Select,
    /// Reads the root by its public id.
    pub by_id: Option<Select>,
    /// Writes a row; see [`NodeLayout::inserted`].
    pub insert: String,
    /// The columns of `insert` after `id`, `gw_seq`, `gw_unmapped` and the key (public id or foreign key).
    pub inserted: Vec<Inserted>,
    /// The child tables.
    pub children: Vec<NodeLayout>,
}

/// A statement now, and as of a sequence number in parameter 2.
pub(crate) struct Select {
    pub now: String,
    pub then: String,
}

/// A column of a node.
pub(crate) struct ColumnLayout {
    pub name: String,
    pub sealed: bool,
    pub numeric: bool,
    pub computed: bool,
    pub foreign: Option<Foreign>,
    pub blind: Option<Blind>,
    pub fold: bool,
    pub list: Option<ListLayout>,
}

/// A foreign key shown as a public id.
pub(crate) struct Foreign {
    pub table: String,
    pub resource: &'static str,
    /// Finds the row number.
    pub find: String,
}

/// A searched list.
pub(crate) struct ListLayout {
    pub folded: bool,
    pub insert: String,
    pub delete: String,
}

/// A column that an insert fills.
pub(crate) enum Inserted {
    /// A column of the node.
    Column(usize),
    /// The folded text of a column.
    Fold(usize),
    /// The mark of a sealed column's value.
    Blind(usize),
    /// The mark of system and value.
    SystemBlind(usize),
    /// The position among its siblings.
    Position,
}

/// The layouts of all plans, in their order.
pub(crate) fn layouts(mappings: &Mappings, shapes: &BTreeMap<String, Table>) -> Vec<PlanLayout> {
    mappings.plans.iter().map(|plan| layout(plan, shapes)).collect()
}

fn layout(plan: &Plan, shapes: &BTreeMap<String, Table>) -> PlanLayout {
    let mut tables = Vec::new();
    named(&plan.table, &mut tables);
    let siblings = siblings(plan, shapes);
    let shared = matches!(plan.kind, PlanKind::Group { .. }) || tables.iter().any(|table| is_shared(plan, table, &siblings, shapes));
    let computed = computes(&plan.table);
    let tables = tables.into_iter().map(str::to_owned).collect();
    PlanLayout { root: node(plan, &plan.table, shapes), tables, shared, siblings, computed }
}

fn named<'t>(node: &'t TableNode, out: &mut Vec<&'t str>) {
    out.push(&node.table);
    node.children.iter().for_each(|child| named(child, out));
}

fn computes(node: &TableNode) -> bool {
    node.columns.iter().any(|column| column.expression.is_some()) || node.children.iter().any(computes)
}

/// Plans of other types whose resources are all the rows of the root table, under the same ids.
fn siblings(plan: &Plan, shapes: &BTreeMap<String, Table>) -> Vec<(String, String)> {
    let owners = shapes.get(&plan.table.table).map_or(&[][..], |shape| shape.owners.as_slice());
    let same = Root::Row { id: plan.id_column.clone() };
    let others = owners.iter().filter(|o| o.plan != plan.name && o.resource != plan.resource && o.up.is_empty() && o.filter.is_empty() && o.root == same);
    others.map(|owner| (owner.plan.clone(), owner.resource.clone())).collect()
}

/// Some resource of another plan changes with this table's rows. Plans of one type that divide a table between them by a
/// constant do not share its rows.
fn is_shared(plan: &Plan, table: &str, siblings: &[(String, String)], shapes: &BTreeMap<String, Table>) -> bool {
    let Some(shape) = shapes.get(table) else { return false };
    shape.owners.iter().any(|owner| {
        let apart = owner.up.is_empty()
            && owner.resource == plan.resource
            && owner.filter.iter().any(|(column, value)| plan.table.filter.iter().any(|(other, constant)| other == column && sql_literal(constant) != *value));
        let sibling = owner.up.is_empty() && siblings.iter().any(|(known, _)| *known == owner.plan);
        owner.plan != plan.name && owner.root != Root::Document && !apart && !sibling
    })
}

fn node(plan: &Plan, table: &TableNode, shapes: &BTreeMap<String, Table>) -> NodeLayout {
    let shape = shapes.get(&table.table);
    let columns: Vec<ColumnLayout> = table.columns.iter().map(|c| column(c, &table.table, shape)).collect();
    let order = table.order.clone().filter(|order| !table.columns.iter().any(|c| c.name == *order && c.expression.is_none()));
    let (by_row, by_id) = selects(plan, table, shapes);
    let (insert, inserted) = insert(plan, table, &columns, order.as_deref());
    NodeLayout {
        table: table.table.clone(),
        columns,
        by_row,
        by_id,
        insert,
        inserted,
        children: table.children.iter().map(|child| node(plan, child, shapes)).collect(),
    }
}

fn column(column: &hearthgate_mapping::Column, table: &str, shape: Option<&Table>) -> ColumnLayout {
    let computed = column.expression.is_some();
    let foreign = match &column.kind {
        ColumnKind::Foreign { table, public_id, resource } if !computed => {
            Some(Foreign { table: table.clone(), resource, find: format!("SELECT id FROM {} WHERE {} = ?1", name(table), name(public_id)) })
        }
        _ => None,
    };
    let list = shape.filter(|_| !computed).and_then(|shape| shape.lists.iter().find(|list| list.column == column.name)).map(|list| {
        let aux = crate::dialect::sqlite::list(table, &list.column);
        ListLayout {
            folded: list.folded,
            insert: format!("INSERT INTO {aux} (row, value) VALUES (?1, ?2)"),
            delete: format!("DELETE FROM {aux} WHERE row = ?1"),
        }
    });
    ColumnLayout {
        name: column.name.clone(),
        sealed: column.sealed,
        numeric: matches!(column.kind, ColumnKind::Boolean | ColumnKind::Integer),
        computed,
        foreign,
        blind: column.blind.clone().filter(|_| !computed),
        fold: !computed && shape.is_some_and(|shape| shape.folds.contains(&column.name)),
        list,
    }
}

fn selects(plan: &Plan, table: &TableNode, shapes: &BTreeMap<String, Table>) -> (Select, Option<Select>) {
    let own = name(&table.table);
    let order_column = table.order.as_ref().map_or("NULL".to_owned(), |order| format!("{own}.{}", name(order)));
    let mut read = vec![("id".to_owned(), "id".to_owned()), ("gw_unmapped".to_owned(), "gw_unmapped".to_owned()), (order_column.clone(), order_column)];
    let mut tables: Vec<&Table> = shapes.get(&table.table).into_iter().collect();
    for column in &table.columns {
        let same = |text: String| (text.clone(), text);
        read.push(match (&column.expression, &column.kind) {
            (Some(expression), _) => same(format!("({expression})")),
            (None, ColumnKind::Foreign { table: to, public_id, .. }) => {
                let key = format!("{own}.{}", name(&column.name));
                let find = |from: &str| format!("(SELECT f.{} FROM {from} f WHERE f.id = {key}", name(public_id));
                let now = format!("{})", find(&name(to)));
                // Not by a common table expression: it would be read whole for each row.
                let then = if shapes.contains_key(to) {
                    let (live, past) = (find(&format!("main.{}", name(to))), find(&format!("main.{}", crate::dialect::sqlite::shadow(to))));
                    format!("coalesce({live} AND f.gw_seq <= ?2), {past} AND f.gw_from <= ?2 AND f.gw_to > ?2))")
                } else {
                    now.clone()
                };
                (now, then)
            }
            (None, _) => same(format!("{own}.{}", name(&column.name))),
        });
    }
    if table.columns.iter().any(|column| column.expression.is_some()) {
        tables.extend(plan.depends.iter().filter_map(|(table, _)| shapes.get(table)));
    }
    let filter: String = table.filter.iter().map(|(column, value)| format!(" AND {own}.{} IS {}", name(column), sql_literal(value))).collect();
    let order = match (&table.order, table.on.is_some() || matches!(plan.kind, PlanKind::Group { .. })) {
        (Some(order), _) => format!(" ORDER BY {own}.{}, {own}.id", name(order)),
        (None, true) => format!(" ORDER BY {own}.id"),
        (None, false) => String::new(),
    };
    let select = |key: &str| {
        let text = |read: Vec<&str>| format!("SELECT {} FROM {own} WHERE {own}.{} = ?1{filter}{order}", read.join(", "), name(key));
        let then = text(read.iter().map(|(_, then)| then.as_str()).collect());
        Select { now: text(read.iter().map(|(now, _)| now.as_str()).collect()), then: as_of::as_of(&then, &tables, 2) }
    };
    match (&table.on, &plan.kind) {
        (Some(on), _) => (select(on), None),
        (None, PlanKind::Group { column, .. }) => (select(column), None),
        (None, _) => (select("id"), Some(select(&plan.id_column))),
    }
}

fn insert(plan: &Plan, table: &TableNode, columns: &[ColumnLayout], order: Option<&str>) -> (String, Vec<Inserted>) {
    let key = table.on.clone().unwrap_or_else(|| plan.id_column.clone());
    let mut names = vec!["id".to_owned(), "gw_seq".to_owned(), "gw_unmapped".to_owned(), key.clone()];
    let mut inserted = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if column.computed || names.contains(&column.name) {
            continue;
        }
        names.push(column.name.clone());
        inserted.push(Inserted::Column(at));
        if column.fold {
            names.push(format!("{}__fold", column.name));
            inserted.push(Inserted::Fold(at));
        }
        if column.blind.is_some() {
            names.push(format!("{}__blind", column.name));
            inserted.push(Inserted::Blind(at));
            names.push(format!("{}__sblind", column.name));
            inserted.push(Inserted::SystemBlind(at));
        }
    }
    if let Some(order) = order {
        names.push(order.to_owned());
        inserted.push(Inserted::Position);
    }
    let mut values: Vec<String> = (1..=names.len()).map(|n| format!("?{n}")).collect();
    for (column, value) in &table.filter {
        let constant = sql_literal(value);
        match names.iter().position(|known| known == column) {
            Some(at) => values[at] = format!("coalesce({}, {constant})", values[at]),
            None => {
                names.push(column.clone());
                values.push(constant);
            }
        }
    }
    let names: Vec<String> = names.iter().map(|n| name(n)).collect();
    (format!("INSERT INTO {} ({}) VALUES ({})", name(&table.table), names.join(", "), values.join(", ")), inserted)
}
