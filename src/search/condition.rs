//! From one search parameter to conditions over the rows of each of its sources and of the generated index
//! (<https://hl7.org/fhir/R4/search.html>).

mod date;
mod identifier;
mod number;
mod reference;
mod string;
mod token;
mod uri;

use crate::Context;
use crate::sql::{ALWAYS, Binds, NEVER, all, any, beside, column, name, quoted};
use hearthgate_fhir::query::{Modifier, Operand, Parameter, Sort};
use hearthgate_fhir::r4::Kind;
use hearthgate_mapping::index;
use hearthgate_mapping::source::{Operand as Place, Source, SourceColumns};

/// What conditions are made with.
pub(crate) struct Env<'e> {
    pub(crate) context: &'e Context<'e>,
    /// The type of the plan at hand.
    pub(crate) resource: &'static str,
    pub(crate) binds: Binds,
    /// Rows by the ids of whom boundaries name, each bound once.
    people: Vec<(&'static str, String, String)>,
}

impl<'e> Env<'e> {
    pub(crate) fn new(context: &'e Context<'e>) -> Self {
        Self { context, resource: "", binds: Binds::default(), people: Vec::new() }
    }

    /// The row number of a patient or a doctor, as SQL.
    pub(crate) fn person(&mut self, table: &'static str, id: &str) -> String {
        if let Some((_, _, known)) = self.people.iter().find(|(of, who, _)| *of == table && who == id) {
            return known.clone();
        }
        let row = format!("(SELECT o.id FROM {table} o WHERE o.public_id = {})", self.binds.text(id));
        self.people.push((table, id.to_owned(), row.clone()));
        row
    }

    /// The types an untyped reference may mean.
    fn targets(&self, code: &str) -> &'static [&'static str] {
        index::parameter(self.resource, code).map_or(&[], |parameter| &parameter.targets)
    }
}

/// A row of the source bears a value that fulfils the parameter; [`NEVER`] where none can.
pub(crate) fn of_source(env: &mut Env<'_>, parameter: &Parameter, source: &Source, table: &str) -> String {
    if parameter.modifier == Some(Modifier::Missing) {
        return any_value(env.resource, &parameter.code, &source.columns);
    }
    // Types of identifiers stand in the generated index alone.
    if parameter.modifier == Some(Modifier::OfType) {
        return NEVER.to_owned();
    }
    let values = &parameter.values;
    match &source.columns {
        SourceColumns::Token { system, code, codes, text, boolean } => {
            if parameter.modifier == Some(Modifier::Text) {
                let columns: Vec<String> = text.iter().map(|text| beside(text, "fold")).collect();
                return any(columns.iter().map(|column| string::starts(env, column, values)));
            }
            token::of_columns(env, values, &token::Columns { system: system.as_ref(), code, codes: codes.as_deref(), boolean: *boolean })
        }
        SourceColumns::Present(of) => token::of_presence(of, values),
        SourceColumns::Identifier { datatype, system, value, sealed } if parameter.modifier != Some(Modifier::Text) => {
            // The system of a contact point (`phone`) is no namespace of its value.
            let system = system.as_ref().filter(|_| *datatype == "Identifier");
            identifier::of_columns(env, values, &identifier::Columns { table, datatype, system, value, sealed: *sealed })
        }
        SourceColumns::ReferenceIdentifier { system, value, sealed } if parameter.modifier == Some(Modifier::Identifier) => {
            identifier::of_columns(env, values, &identifier::Columns { table, datatype: "Identifier", system: system.as_ref(), value, sealed: *sealed })
        }
        SourceColumns::Identifier { .. } | SourceColumns::ReferenceIdentifier { .. } => NEVER.to_owned(),
        SourceColumns::Text(of) => string::of_text(env, parameter, &column(of), &beside(of, "fold")),
        SourceColumns::List { column: of, folded } => {
            let value = column("value");
            match (parameter.kind, folded) {
                (Kind::Uri, _) => uri::of_text(env, parameter, &value),
                (Kind::Token, _) => token::of_list(env, values, &value),
                (_, true) if parameter.modifier == Some(Modifier::Exact) => string::exact_in_list(env, values, table, of),
                _ => string::of_text(env, parameter, &value, &value),
            }
        }
        SourceColumns::Date(of) => date::of_values(env, values, &date::Bounds::date(beside(of, "lo"), beside(of, "hi"))),
        SourceColumns::Period { start, end } => {
            let bounds = date::Bounds::period(start.as_ref().map(|of| beside(of, "lo")), end.as_ref().map(|of| beside(of, "hi")));
            date::of_values(env, values, &bounds)
        }
        SourceColumns::Foreign { column: of, table, public_id, resource } => {
            reference::of_foreign(env, values, &reference::Foreign { column: &column(of), table, public_id, resource })
        }
        SourceColumns::Reference(of) => reference::of_text(env, parameter, &column(of)),
        SourceColumns::Quantity { value, system, code, unit } => {
            let columns = number::Columns {
                value: number::Span::point(beside(value, "num")),
                system: system.as_ref().map(text_of),
                code: code.as_ref().map(text_of),
                unit: unit.as_ref().map(text_of),
            };
            number::of_quantity(env, values, &columns)
        }
        SourceColumns::Number { column: of, decimal } => {
            number::of_number(env, values, &number::Span::point(if *decimal { beside(of, "num") } else { column(of) }))
        }
        SourceColumns::Uri(of) if parameter.kind == Kind::Reference => reference::of_text(env, parameter, &column(of)),
        SourceColumns::Uri(of) => uri::of_text(env, parameter, &column(of)),
    }
}

/// A row of the generated index bears a value that fulfils the parameter.
pub(crate) fn of_index(env: &mut Env<'_>, parameter: &Parameter) -> String {
    let named = in_index(env.resource, &parameter.code);
    all([named, of_entry(env, parameter)])
}

/// The same of a row that belongs to the parameter.
pub(crate) fn of_entry(env: &mut Env<'_>, parameter: &Parameter) -> String {
    let values = &parameter.values;
    match (parameter.kind, parameter.modifier) {
        (_, Some(Modifier::Missing)) => ALWAYS.to_owned(),
        (Kind::Token, Some(Modifier::Text)) => string::starts(env, &column("text"), values),
        (Kind::Token, Some(Modifier::OfType)) => identifier::of_type(env, &parameter.code, values),
        (Kind::Token, _) if index::blinded(env.resource, &parameter.code) => identifier::of_index(env, &parameter.code, values),
        (Kind::Token, _) => token::of_index(env, values),
        (Kind::String, _) => string::of_text(env, parameter, &column("exact"), &column("value")),
        (Kind::Date, _) => date::of_values(env, values, &date::Bounds::index()),
        (Kind::Reference, Some(Modifier::Identifier)) => reference::of_index_identifier(env, values),
        // Identifiers of references stand beside them, marked by their kind.
        (Kind::Reference, _) => all([reference::of_text(env, parameter, &column("value")), format!("{} IS NULL", column("kind"))]),
        (Kind::Quantity, _) => number::of_quantity(env, values, &number::Columns::index()),
        (Kind::Number, _) => number::of_number(env, values, &number::Span::index()),
        (Kind::Uri, _) => uri::of_text(env, parameter, &column("value")),
        (Kind::Composite | Kind::Special, _) => NEVER.to_owned(),
    }
}

/// The resource's own line fulfils `_id` or `_lastUpdated`; `None` for every other parameter.
pub(crate) fn of_resource(env: &mut Env<'_>, parameter: &Parameter) -> Option<String> {
    let condition = match parameter.code.as_str() {
        "_id" => {
            let ids: Vec<&str> = parameter
                .values
                .iter()
                .filter_map(|value| match value {
                    Operand::Token { code: Some(id), .. } => Some(id.as_str()),
                    _ => None,
                })
                .collect();
            env.binds.among(&column("id"), &ids)
        }
        "_lastUpdated" => date::of_values(env, &parameter.values, &date::Bounds::instant(column("at"))),
        _ => return None,
    };
    // Every resource has both.
    Some(if parameter.modifier == Some(Modifier::Missing) { ALWAYS.to_owned() } else { condition })
}

/// The row of the generated index belongs to the parameter.
pub(crate) fn in_index(resource: &str, code: &str) -> String {
    format!("{} = {}", column("parameter"), quoted(&format!("{resource}.{code}")))
}

/// The row bears some value.
fn any_value(resource: &str, code: &str, columns: &SourceColumns) -> String {
    let some = |of: &str| format!("{} IS NOT NULL", column(of));
    match columns {
        SourceColumns::Token { code: Place::Constant(_), .. } => ALWAYS.to_owned(),
        SourceColumns::Token { code: Place::Column(of), system, text, .. } => {
            let system = match system {
                Some(Place::Column(system)) => Some(system),
                _ => None,
            };
            any(std::iter::once(of).chain(system).chain(text).map(|of| some(of)).collect::<Vec<_>>())
        }
        SourceColumns::Identifier { value: of, .. }
        | SourceColumns::ReferenceIdentifier { value: of, .. }
        | SourceColumns::Text(of)
        | SourceColumns::Date(of)
        | SourceColumns::Foreign { column: of, .. }
        | SourceColumns::Quantity { value: of, .. }
        | SourceColumns::Number { column: of, .. }
        | SourceColumns::Uri(of)
        | SourceColumns::Present(of) => some(of),
        SourceColumns::Reference(of) => reference::is_target(resource, code, &column(of)),
        SourceColumns::List { .. } => ALWAYS.to_owned(),
        SourceColumns::Period { start, end } => any([start, end].into_iter().flatten().map(|of| some(of))),
    }
}

/// A text that is a column or a constant, as SQL.
fn text_of(place: &Place) -> String {
    match place {
        Place::Column(of) => column(of),
        Place::Constant(text) => quoted(text),
    }
}

/// What a row says in the order that `_sort` wants, NULL for nothing.
pub(crate) fn sort_value(resource: &str, code: &str, columns: &SourceColumns) -> String {
    match columns {
        SourceColumns::Token { code: place, codes, boolean, .. } => {
            let of = text_of(place);
            match codes {
                _ if *boolean => format!("CASE {of} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"),
                None => of,
                Some(codes) => {
                    let rows = codes.rows().iter().map(|(local, fhir, _)| format!(" WHEN {} THEN {}", quoted(local), quoted(fhir)));
                    format!("CASE {of}{} END", rows.collect::<String>())
                }
            }
        }
        SourceColumns::Present(of) => format!("CASE WHEN {} IS NOT NULL THEN 'true' END", column(of)),
        SourceColumns::Identifier { sealed: true, .. } | SourceColumns::ReferenceIdentifier { .. } => "NULL".to_owned(),
        SourceColumns::Identifier { value: of, .. } | SourceColumns::Uri(of) => column(of),
        SourceColumns::Reference(of) => format!("CASE WHEN {} THEN {} END", reference::is_target(resource, code, &column(of)), column(of)),
        SourceColumns::Text(of) => beside(of, "fold"),
        SourceColumns::List { .. } => column("value"),
        SourceColumns::Date(of) => beside(of, "lo"),
        SourceColumns::Period { start: Some(of), .. } => beside(of, "lo"),
        SourceColumns::Period { start: None, .. } => "NULL".to_owned(),
        SourceColumns::Foreign { column: of, table, public_id, resource } => {
            format!("(SELECT {} || o.{} FROM {} o WHERE o.id = {})", quoted(&format!("{resource}/")), name(public_id), name(table), column(of))
        }
        SourceColumns::Quantity { value, .. } => beside(value, "num"),
        SourceColumns::Number { column: of, decimal } => {
            if *decimal {
                beside(of, "num")
            } else {
                column(of)
            }
        }
    }
}

/// What a row of the generated index says in that order. A period without beginning says nothing, unless it is there as a match.
pub(crate) fn index_sort_value(resource: &str, sort: &Sort, matching: bool) -> String {
    match sort.kind {
        Kind::Date if !matching => format!("nullif({}, {})", column("lo"), i64::MIN),
        Kind::Date | Kind::Number | Kind::Quantity => column("lo"),
        Kind::Token if index::blinded(resource, &sort.code) => "NULL".to_owned(),
        _ => column("value"),
    }
}

/// An operand of another kind than the parameter's: the parser makes none, and it fulfils nothing.
fn stray(_: &Operand) -> String {
    NEVER.to_owned()
}
