//! The mapping as a page that people read: `hearthgate mappings doc`.
//!
//! Knows plans and Markdown. Must not know the files: what the page says is what the gateway does.

use crate::compile::Mappings;
use crate::index;
use crate::plan::{ColumnKind, Field, Form, Leaf, Member, Node, PatientRule, Plan, PlanKind, Sql, TableNode};
use crate::source::{Operand, Source, SourceColumns};
use hearthgate_fhir::{Value, r4};
use std::fmt::Write as _;

/// All plans as one page of Markdown, types in alphabetical order.
#[must_use]
pub fn page(mappings: &Mappings) -> String {
    let mut out = String::from("# Mapping\n\nHow the clinic's tables are FHIR R4 resources. Made from `mappings/`.\n\n");
    let mut documents = Vec::new();
    for resource in mappings.types() {
        let plans: Vec<&Plan> = mappings.of_type(resource).collect();
        if plans.iter().all(|p| p.kind == PlanKind::Document) {
            documents.push(resource);
            continue;
        }
        line(&mut out, format_args!("## {resource}\n"));
        for plan in plans {
            file(&mut out, plan);
        }
        search(&mut out, resource, &mappings.of_type(resource).collect::<Vec<_>>());
    }
    if !documents.is_empty() {
        out.push_str("## Kept whole\n\nResources of these types have no table of their own. They are kept as they came and searched by R4's own parameters:\n");
        line(&mut out, format_args!("{}.", documents.join(", ")));
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into memory cannot fail.
    let _ = writeln!(out, "{text}");
}

fn file(out: &mut String, plan: &Plan) {
    line(out, format_args!("### `{}.toml`: the table `{}`{}\n", plan.name, plan.table.table, filter(&plan.table.filter)));
    match &plan.kind {
        PlanKind::Group { column, table } => line(out, format_args!("- one resource for all rows with one `{column}`; its id is that of the row of `{table}`")),
        _ => line(out, format_args!("- id: `{}`", plan.id_column)),
    }
    match &plan.patient {
        PatientRule::None => line(out, format_args!("- in no patient's compartment by a column of its own")),
        PatientRule::Itself => line(out, format_args!("- patient: the row itself")),
        PatientRule::Columns(columns) => line(out, format_args!("- patient: {}", columns.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", "))),
        PatientRule::Child { from, on, column } => line(out, format_args!("- patient: `{from}.{column}` on `{on}`")),
    }
    let claims: Vec<String> =
        plan.claims.iter().map(|c| format!("`{}` is {}", c.parameter, c.codes.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(" or "))).collect();
    match (plan.readonly, claims.as_slice()) {
        (true, _) => line(out, format_args!("- read-only")),
        (false, []) if plan.app_state.is_some() => line(out, format_args!("- takes what apps keep for themselves, shown to them alone")),
        (false, []) => line(out, format_args!("- takes what is written and no other file claims")),
        (false, claims) => line(out, format_args!("- takes what is written where {}", claims.join(" and "))),
    }
    line(out, format_args!("- what has no column is {}", if plan.keep_unmapped { "kept beside the row, sealed" } else { "refused" }));
    for profile in &plan.profiles {
        line(out, format_args!("- claims the profile <{profile}>"));
    }
    if !plan.depends.is_empty() {
        line(out, format_args!("- reads besides: {}", plan.depends.iter().map(|(t, c)| format!("`{t}.{c}`")).collect::<Vec<_>>().join(", ")));
    }
    out.push_str("\n| element | from | how | search |\n|---|---|---|---|\n");
    fields(out, plan.resource, "", &plan.fields, &plan.table);
    out.push('\n');
}

fn fields(out: &mut String, owner: &str, path: &str, all: &[Field], table: &TableNode) {
    for field in all {
        let Some(step) = r4::resolve(owner, &field.name) else { continue };
        let path = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
        node(out, &step.owner, step.type_name, &path, &field.node, table);
    }
}

fn node(out: &mut String, owner: &str, type_name: &str, path: &str, node_: &Node, table: &TableNode) {
    match node_ {
        Node::Leaf(leaf) => row(out, path, leaf, type_name, table),
        Node::Constant(value) => line(out, format_args!("| `{path}` | {} | constant | |", constant(value))),
        Node::Object(below) => fields(out, owner, path, below, table),
        Node::List(members) => {
            for member in members {
                match member {
                    Member::One { types, node: below, .. } => node(out, owner, type_name, &told(path, below, types), below, table),
                    Member::Each { child, types, node: below } => {
                        let Some(child) = table.children.get(*child) else { continue };
                        let path = format!("{}[]", told(path, below, types));
                        let order = child.order.as_ref().map_or_else(String::new, |o| format!(", in the order of `{o}`"));
                        let on = child.on.as_deref().unwrap_or_default();
                        line(out, format_args!("| **`{path}`** | **`{}`**{} | a row each, on `{on}`{order} | |", child.table, filter(&child.filter)));
                        node(out, owner, type_name, &path, below, child);
                    }
                }
            }
        }
    }
}

/// A path to a member, with what tells it from the others: an extension's URL, constants, the type a reference is to.
fn told(path: &str, node: &Node, types: &[(Vec<String>, &'static str)]) -> String {
    let mut marks: Vec<String> = types.iter().map(|(path, resource)| format!("{} is {resource}", path.join("."))).collect();
    if let Node::Object(fields) = node {
        for field in fields {
            match &field.node {
                Node::Constant(Value::String(url)) if field.name == "url" && path.ends_with("xtension") => {
                    return format!("{path}({})", url.rsplit('/').next().unwrap_or(url));
                }
                Node::Constant(value) => marks.push(format!("{} = {}", field.name, value)),
                _ => {}
            }
        }
    }
    if marks.is_empty() { path.to_owned() } else { format!("{path}[{}]", marks.join(", ")) }
}

fn row(out: &mut String, path: &str, leaf: &Leaf, type_name: &str, table: &TableNode) {
    let Some(column) = table.columns.get(leaf.column) else { return };
    let from = match &column.expression {
        Some(sql) => format!("SQL `{}`", sql.replace('|', "\\|").replace('\n', " ")),
        None => format!("`{}.{}`", table.table, column.name),
    };
    let mut how = vec![type_name.to_owned()];
    if column.expression.is_some() {
        how.push("read-only".to_owned());
    }
    if column.sealed {
        how.push("sealed".to_owned());
    }
    match &leaf.form {
        Form::Base64 => how.push("base64".to_owned()),
        Form::List => how.push("a JSON array".to_owned()),
        Form::Foreign(resource) => how.push(format!("a foreign key to {resource}")),
        Form::Reference(types) if !types.is_empty() => how.push(format!("to {}", types.join(", "))),
        _ => {}
    }
    if let ColumnKind::Foreign { table, .. } = &column.kind {
        how.push(format!("in `{table}`"));
    }
    if let Some(codes) = &leaf.codes {
        how.push(format!("by the codes `{}`", codes.name));
    }
    let search: Vec<String> = leaf.search.iter().map(|s| format!("`{s}`")).collect();
    line(out, format_args!("| `{path}` | {from} | {} | {} |", how.join(", "), search.join(", ")));
}

fn search(out: &mut String, resource: &str, plans: &[&Plan]) {
    line(out, format_args!("### Searching {resource}\n\nA value that no column holds is found in the generated index.\n"));
    out.push_str("| parameter | type | looks at |\n|---|---|---|\n");
    for parameter in index::parameters(resource) {
        let mut places: Vec<String> = Vec::new();
        for plan in plans {
            for place in plan.sources.get(parameter.code).into_iter().flatten().map(|source| place(plan, source)) {
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        for (focus, plan) in plans.iter().flat_map(|plan| plan.correlated.get(parameter.code).into_iter().flatten().map(move |focus| (focus, plan))) {
            let parts: Vec<String> = focus.parts.iter().map(|(part, _)| format!("`{}`", part.code)).collect();
            places.push(format!("{} of one row of `{}` (`{}.toml`)", parts.join(" and "), focus.focus.table, plan.name));
        }
        for parts in crate::composite::foci(resource, parameter.code).into_iter().flat_map(|foci| &foci.whole) {
            let parts: Vec<String> = parts.iter().map(|part| format!("`{}`", part.code)).collect();
            places.push(parts.join(" and "));
        }
        if places.is_empty() {
            places.push("the generated index".to_owned());
        }
        line(out, format_args!("| `{}` | {} | {} |", parameter.code, format!("{:?}", parameter.kind).to_lowercase(), places.join("<br>")));
    }
    out.push('\n');
}

/// Where a source looks: `table.column` with what goes with it.
fn place(plan: &Plan, source: &Source) -> String {
    let table = source.joins.last().map_or(plan.table.table.as_str(), |join| join.table.as_str());
    let column = |name: &str| format!("`{table}.{name}`");
    let operand = |operand: &Operand| match operand {
        Operand::Column(name) => column(name),
        Operand::Constant(text) => format!("`{text}`"),
    };
    let system = |system: &Option<Operand>| system.as_ref().map_or_else(String::new, |s| format!(", system {}", operand(s)));
    let blind = |sealed: &bool| if *sealed { ", by blind index" } else { "" };
    let what = match &source.columns {
        SourceColumns::Token { system: of, code, codes, text, boolean: _ } => {
            let codes = codes.as_ref().map_or_else(String::new, |c| format!(" by the codes `{}`", c.name));
            let text = if text.is_empty() { String::new() } else { format!(", words {}", text.iter().map(|t| column(t)).collect::<Vec<_>>().join(", ")) };
            format!("{}{codes}{}{text}", operand(code), system(of))
        }
        SourceColumns::Identifier { system: of, value, sealed, .. } => format!("{}{}{}", column(value), system(of), blind(sealed)),
        SourceColumns::ReferenceIdentifier { system: of, value, sealed } => format!("the identifier {}{}{}", column(value), system(of), blind(sealed)),
        SourceColumns::Text(name) | SourceColumns::Date(name) | SourceColumns::Reference(name) | SourceColumns::Uri(name) => column(name),
        SourceColumns::List { column: name, .. } => format!("the members of {}", column(name)),
        SourceColumns::Period { start, end } => {
            let end_of = |name: &Option<String>, open: &str| name.as_ref().map_or_else(|| open.to_owned(), |n| column(n));
            format!("{} to {}", end_of(start, "ever"), end_of(end, "ever"))
        }
        SourceColumns::Foreign { column: name, resource, .. } => format!("{} ({resource})", column(name)),
        SourceColumns::Quantity { value, system: of, code, unit } => {
            let part = |label: &str, part: &Option<Operand>| part.as_ref().map_or_else(String::new, |p| format!(", {label} {}", operand(p)));
            format!("{}{}{}{}", column(value), system(of), part("code", code), part("unit", unit))
        }
        SourceColumns::Number { column: name, .. } => column(name),
        SourceColumns::Present(name) => format!("whether {} is there", column(name)),
    };
    format!("{what}{}", filter(&source.filter))
}

fn filter(filter: &[(String, Sql)]) -> String {
    if filter.is_empty() {
        return String::new();
    }
    let all: Vec<String> = filter
        .iter()
        .map(|(column, value)| match value {
            Sql::Text(text) => format!("`{column} = '{text}'`"),
            Sql::Integer(number) => format!("`{column} = {number}`"),
            _ => format!("`{column}`"),
        })
        .collect();
    format!(" where {}", all.join(" and "))
}

fn constant(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("`{value}`"), |text| format!("`{text}`"))
}
