//! Types without a table of their own: kept whole in `gw_documents`, served by the same plan machinery with no columns.

use crate::check::{Mistake, near};
use crate::file::{File, line_of};
use crate::plan::{PatientRule, Plan, PlanKind, Sql, TableNode};
use hearthgate_fhir::r4;
use std::collections::BTreeMap;

/// The table that holds them.
pub const TABLE: &str = "gw_documents";

/// Adds a plan for the file's type, or with `*` for every type that has none yet.
pub(crate) fn plans(stem: &str, text: &str, file: &File, named: &[&'static str], plans: &mut Vec<Plan>, mistakes: &mut Vec<Mistake>) {
    let asked = file.resource.get_ref();
    let mut wrong = |message| mistakes.push(Mistake::new(&format!("{stem}.toml"), line_of(text, file.resource.span().start), message));
    if file.from.is_some() || !file.element.is_empty() || !file.each.is_empty() || !file.slice.is_empty() {
        wrong("a document is kept whole: it has neither `from` nor elements".to_owned());
    }
    if asked == "*" {
        plans.extend(r4::resource_types().iter().filter(|t| !named.contains(t)).map(|t| plan(t)));
    } else {
        match r4::type_named(asked).filter(|t| r4::is_resource_type(t)) {
            Some(resource) => plans.push(plan(resource)),
            None => wrong(format!("`{asked}` is no R4 resource type{}", near(asked, r4::resource_types().iter().copied()))),
        }
    }
}

fn plan(resource: &'static str) -> Plan {
    Plan {
        index: 0,
        name: format!("documents/{resource}"),
        resource,
        profiles: Vec::new(),
        kind: PlanKind::Document,
        table: TableNode {
            table: TABLE.to_owned(),
            on: None,
            order: None,
            filter: vec![("type".to_owned(), Sql::Text(resource.to_owned()))],
            columns: Vec::new(),
            children: Vec::new(),
        },
        id_column: "public_id".to_owned(),
        patient: PatientRule::None,
        claims: Vec::new(),
        app_state: None,
        readonly: false,
        keep_unmapped: true,
        fields: Vec::new(),
        sources: BTreeMap::new(),
        beyond: BTreeMap::new(),
        correlated: BTreeMap::new(),
        depends: Vec::new(),
    }
}
