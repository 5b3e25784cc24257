//! From plans and the tables that are there to [`shape`](crate::shape)s.

use crate::dialect::sqlite::columns::is_search_column;
use crate::dialect::sqlite::literal;
use crate::introspect::Found;
use crate::shape::{Blinded, GroupOf, List, Owner, Referrer, Root, Table};
use hearthgate_mapping::source::{Operand, Source, SourceColumns};
use hearthgate_mapping::{ColumnKind, PatientRule, Plan, PlanKind, Sql, TableNode};
use std::collections::BTreeMap;

type Shapes = BTreeMap<String, Table>;

/// The shape of every mapped table, by name.
pub(crate) fn shapes(plans: &[Plan], found: &BTreeMap<String, Found>) -> Shapes {
    let mut shapes = Shapes::new();
    for plan in plans {
        match plan.kind {
            PlanKind::Document => {}
            PlanKind::Table | PlanKind::Group { .. } => of_plan(plan, found, &mut shapes),
        }
    }
    let document =
        Owner { plan: String::new(), resource: String::new(), up: vec![], filter: vec![], root: Root::Document, reads: None, above: None, view: None };
    shapes.insert(
        "gw_documents".to_owned(),
        Table { name: "gw_documents".to_owned(), keys: vec!["public_id".to_owned()], owners: vec![document], ..Table::default() },
    );
    let mapped: Vec<String> = shapes.keys().cloned().collect();
    for (name, shape) in &mut shapes {
        if let Some(table) = found.get(name) {
            complete(shape, name, table, found, &mapped);
        }
    }
    link(&mut shapes);
    shapes
}

/// Whether a shadow table is laid out as [`shadow_table`](crate::dialect::sqlite::columns::shadow_table) makes it.
pub(crate) fn is_shadow(found: &Found) -> bool {
    found.uniques.iter().any(|columns| columns.iter().eq(["id", "gw_from"]))
}

/// Names the view by which the rows of a table find the resources of the rows above them.
fn link(shapes: &mut Shapes) {
    let mut named: BTreeMap<(String, usize), String> = BTreeMap::new();
    let mut links: Vec<(String, usize, String)> = Vec::new();
    for (name, shape) in shapes.iter() {
        for (at, owner) in shape.owners.iter().enumerate() {
            let Some((_, above)) = owner.up.first() else { continue };
            let owners = shapes.get(above).map_or(&[][..], |shape| shape.owners.as_slice());
            let Some(number) = owners.iter().position(|o| o.plan == owner.plan && o.up == owner.up[1..]) else { continue };
            let view = if number == 0 { format!("gw_o_{above}") } else { format!("gw_o_{above}__{number}") };
            links.push((name.clone(), at, view.clone()));
            named.insert((above.clone(), number), view);
        }
    }
    for (name, at, view) in links {
        if let Some(owner) = shapes.get_mut(&name).and_then(|shape| shape.owners.get_mut(at)) {
            owner.above = Some(view);
        }
    }
    for ((name, at), view) in named {
        if let Some(owner) = shapes.get_mut(&name).and_then(|shape| shape.owners.get_mut(at)) {
            owner.view = Some(view);
        }
    }
}

fn of_plan(plan: &Plan, found: &BTreeMap<String, Found>, shapes: &mut Shapes) {
    let root = match &plan.kind {
        PlanKind::Group { column, table } => {
            Root::Group { gathered: plan.table.table.clone(), column: column.clone(), table: table.clone(), id: plan.id_column.clone() }
        }
        _ => Root::Row { id: plan.id_column.clone() },
    };
    let base = Owner {
        plan: plan.name.clone(),
        resource: plan.resource.to_owned(),
        up: vec![],
        filter: plan.table.filter.iter().map(|(column, value)| (column.clone(), sql_literal(value))).collect(),
        root,
        reads: None,
        above: None,
        view: None,
    };
    of_node(plan, &plan.table, &base, found, shapes);
    let step = |table: &str, column: &str, reads: Option<Vec<String>>, shapes: &mut Shapes| {
        let owner = Owner { up: vec![(column.to_owned(), plan.table.table.clone())], reads, ..base.clone() };
        add_owner(shapes, found, table, owner);
    };
    if let PatientRule::Child { from, on, column } = &plan.patient {
        step(from, on, Some(vec![on.clone(), column.clone()]), shapes);
    }
    for (table, column) in &plan.depends {
        step(table, column, None, shapes);
    }
    if let PlanKind::Group { column, table } = &plan.kind {
        let group = GroupOf {
            plan: plan.name.clone(),
            resource: plan.resource.to_owned(),
            table: plan.table.table.clone(),
            column: column.clone(),
            filter: base.filter.clone(),
            id: plan.id_column.clone(),
        };
        if is_table(found, table) {
            named(shapes, table).groups.push(group);
        }
    }
    for source in plan.sources.values().flatten() {
        of_source(plan, source, found, shapes);
    }
}

fn is_table(found: &BTreeMap<String, Found>, name: &str) -> bool {
    found.get(name).is_some_and(|table| !table.view && table.has("id"))
}

fn named<'s>(shapes: &'s mut Shapes, name: &str) -> &'s mut Table {
    shapes.entry(name.to_owned()).or_insert_with(|| Table { name: name.to_owned(), ..Table::default() })
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn add_owner(shapes: &mut Shapes, found: &BTreeMap<String, Found>, table: &str, owner: Owner) {
    if !is_table(found, table) {
        return;
    }
    let shape = named(shapes, table);
    let key = match (owner.up.first(), &owner.root) {
        (Some((on, _)), _) => Some(on.clone()),
        (None, Root::Row { id }) => Some(id.clone()),
        (None, Root::Group { column, .. }) => Some(column.clone()),
        (None, Root::Document) => None,
    };
    if let Some(key) = key {
        push_new(&mut shape.keys, key);
    }
    match shape.owners.iter_mut().find(|known| known.plan == owner.plan && known.up == owner.up) {
        Some(known) => {
            known.reads = match (known.reads.take(), owner.reads) {
                (Some(mut known), Some(more)) => {
                    more.into_iter().for_each(|column| push_new(&mut known, column));
                    Some(known)
                }
                _ => None,
            };
        }
        None => shape.owners.push(owner),
    }
}

fn of_node(plan: &Plan, node: &TableNode, above: &Owner, found: &BTreeMap<String, Found>, shapes: &mut Shapes) {
    let mut owner = above.clone();
    let mut reads: Vec<String> = vec!["id".to_owned(), "gw_unmapped".to_owned()];
    match &node.on {
        Some(on) => reads.push(on.clone()),
        None => {
            if let Root::Row { id } = &owner.root {
                reads.push(id.clone());
            }
            if let Root::Group { column, .. } = &owner.root {
                reads.push(column.clone());
            }
            if let PatientRule::Columns(columns) = &plan.patient {
                columns.iter().for_each(|column| push_new(&mut reads, column.clone()));
            }
        }
    }
    node.order.iter().chain(node.filter.iter().map(|(column, _)| column)).for_each(|column| push_new(&mut reads, column.clone()));
    let computed = node.columns.iter().any(|column| column.expression.is_some());
    node.columns.iter().for_each(|column| push_new(&mut reads, column.name.clone()));
    owner.reads = if computed { None } else { Some(reads) };
    add_owner(shapes, found, &node.table, owner.clone());
    for column in &node.columns {
        of_column(node, column, &owner, found, shapes);
    }
    for child in &node.children {
        let mut below = owner.clone();
        below.up.insert(0, (child.on.clone().unwrap_or_default(), node.table.clone()));
        of_node(plan, child, &below, found, shapes);
    }
}

fn of_column(node: &TableNode, column: &hearthgate_mapping::Column, owner: &Owner, found: &BTreeMap<String, Found>, shapes: &mut Shapes) {
    if column.expression.is_some() || !is_table(found, &node.table) {
        return;
    }
    if let ColumnKind::Foreign { table, public_id, .. } = &column.kind
        && is_table(found, table)
    {
        let referrer = Referrer { table: node.table.clone(), column: column.name.clone(), public_id: public_id.clone(), owner: owner.clone() };
        let shape = named(shapes, table);
        if !shape
            .referrers
            .iter()
            .any(|known| known.table == referrer.table && known.column == referrer.column && known.owner.plan == owner.plan && known.owner.up == owner.up)
        {
            shape.referrers.push(referrer);
        }
    }
    let shape = named(shapes, &node.table);
    if let Some(blind) = &column.blind {
        let system = blind.system.and_then(|at| node.columns.get(at)).filter(|system| system.expression.is_none()).map(|system| system.name.clone());
        push_new(&mut shape.blinds, Blinded { value: column.name.clone(), system });
    }
    if column.sealed {
        push_new(&mut shape.sealed, column.name.clone());
        return;
    }
    match (&column.kind, column.searched) {
        (ColumnKind::Folded, _) => push_new(&mut shape.folds, column.name.clone()),
        (ColumnKind::Date, true) => push_new(&mut shape.dates, column.name.clone()),
        (ColumnKind::Decimal, true) => push_new(&mut shape.decimals, column.name.clone()),
        (ColumnKind::List { folded }, true) => {
            // One list may be searched as names and as codes; folded serves where any parameter wants it.
            match shape.lists.iter_mut().find(|list| list.column == column.name) {
                Some(list) => list.folded |= folded,
                None => shape.lists.push(List { column: column.name.clone(), folded: *folded }),
            }
        }
        _ => {}
    }
}

/// The search columns and the index that a source wants.
fn of_source(plan: &Plan, source: &Source, found: &BTreeMap<String, Found>, shapes: &mut Shapes) {
    let table = source.joins.last().map_or(plan.table.table.as_str(), |join| join.table.as_str());
    if !is_table(found, table) {
        return;
    }
    let stored = |column: &str| found.get(table).is_some_and(|t| t.has(column));
    let shape = named(shapes, table);
    let column_of = |operand: &Option<Operand>| match operand {
        Some(Operand::Column(column)) => Some(column.clone()),
        _ => None,
    };
    let mut index = |columns: Vec<String>| push_new(&mut shape.indexes, columns);
    match &source.columns {
        SourceColumns::Token { system, code: Operand::Column(code), text, boolean: false, .. } if stored(code) => {
            index(std::iter::once(code.clone()).chain(column_of(system).filter(|s| stored(s))).collect());
            for column in text.iter().filter(|column| stored(column)) {
                push_new(&mut shape.folds, column.clone());
            }
        }
        SourceColumns::Identifier { value, sealed: true, .. } | SourceColumns::ReferenceIdentifier { value, sealed: true, .. } => {
            index(vec![format!("{value}__blind")]);
            index(vec![format!("{value}__sblind")]);
        }
        SourceColumns::Identifier { value, system, .. } | SourceColumns::ReferenceIdentifier { value, system, .. } if stored(value) => {
            index(std::iter::once(value.clone()).chain(column_of(system).filter(|s| stored(s))).collect());
        }
        SourceColumns::Text(column) if stored(column) => {
            // With the row above, so that a search in the order of names reads it from the index.
            index(std::iter::once(format!("{column}__fold")).chain(source.joins.last().map(|join| join.on.clone())).collect());
            push_new(&mut shape.folds, column.clone());
        }
        SourceColumns::Date(column) if stored(column) => {
            index(vec![format!("{column}__lo"), format!("{column}__hi")]);
            push_new(&mut shape.dates, column.clone());
        }
        SourceColumns::Period { start, end } => {
            let columns: Vec<&String> = [start, end].into_iter().flatten().filter(|c| stored(c)).collect();
            let mut both = Vec::new();
            for (column, at) in columns.iter().map(|c| (c, if Some(*c) == start.as_ref() { "lo" } else { "hi" })) {
                both.push(format!("{column}__{at}"));
            }
            if !both.is_empty() {
                // The other way round for what is still open, or ends after a time.
                index(both.iter().rev().cloned().collect());
                index(both);
            }
            columns.into_iter().for_each(|column| push_new(&mut shape.dates, column.clone()));
        }
        SourceColumns::Quantity { value, .. } => {
            index(vec![format!("{value}__num")]);
            push_new(&mut shape.decimals, value.clone());
        }
        SourceColumns::Number { column, decimal: true } => {
            index(vec![format!("{column}__num")]);
            push_new(&mut shape.decimals, column.clone());
        }
        SourceColumns::Foreign { column, .. } | SourceColumns::Reference(column) | SourceColumns::Uri(column) | SourceColumns::Number { column, .. }
            if stored(column) =>
        {
            index(vec![column.clone()]);
        }
        _ => {}
    }
}

/// What only the table itself tells.
fn complete(shape: &mut Table, name: &str, table: &Found, found: &BTreeMap<String, Found>, mapped: &[String]) {
    shape.columns =
        table.columns.iter().filter(|c| !c.generated && c.name != "id" && c.name != "gw_seq" && !is_search_column(&c.name)).map(|c| c.name.clone()).collect();
    if !shape.columns.iter().any(|c| c == "gw_unmapped") {
        shape.columns.push("gw_unmapped".to_owned());
    }
    shape.shadow = match found.get(&format!("gw_h_{name}")).filter(|shadow| is_shadow(shadow)) {
        Some(shadow) => shadow.columns.iter().map(|c| c.name.clone()).collect(),
        None => std::iter::once("id").chain(shape.columns.iter().map(String::as_str)).chain(["gw_from", "gw_to"]).map(str::to_owned).collect(),
    };
    // What came later stands behind.
    for column in &shape.columns {
        push_new(&mut shape.shadow, column.clone());
    }
    shape.uniques = table.uniques.iter().filter(|columns| columns.iter().all(|c| shape.columns.contains(c))).cloned().collect();
    shape.uniques.sort();
    shape.uniques.dedup();
    for other in mapped.iter().filter(|other| *other != name) {
        for (from, to_table, to, cascade) in found.get(other).map_or(&[][..], |other| other.foreign_keys.as_slice()) {
            if *cascade && to_table == name && to == "id" {
                shape.cascades.push((other.clone(), from.clone()));
            }
        }
    }
    shape.keys.retain(|key| shape.columns.contains(key));
    for owner in &mut shape.owners {
        if let Some(reads) = &mut owner.reads {
            reads.retain(|column| shape.columns.contains(column) || column == "id");
        }
    }
    // An index whose columns another one begins with is one too many.
    let ours = shape.indexes.clone();
    shape.indexes.retain(|columns| {
        let begins = |other: &[Option<String>]| other.len() >= columns.len() && other.iter().zip(columns).all(|(a, b)| a.as_deref() == Some(b));
        let clinic = table.indexes.iter().any(|other| begins(other) && !other.iter().flatten().any(|c| is_search_column(c)));
        let longer = ours.iter().any(|other| other.len() > columns.len() && other.starts_with(columns));
        !clinic && !longer
    });
}

/// A constant of a mapping as SQL.
pub(crate) fn sql_literal(value: &Sql) -> String {
    match value {
        Sql::Null | Sql::Unopened => "NULL".to_owned(),
        Sql::Integer(number) => number.to_string(),
        Sql::Real(number) => format!("{number:?}"),
        Sql::Text(text) => literal(text),
        Sql::Blob(bytes) => format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}
