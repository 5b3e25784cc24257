//! From the files of `mappings/` to plans, all mistakes at once.

use crate::check::{self, Mistake, near};
use crate::codes::Codes;
use crate::document;
use crate::file::{self, File};
use crate::plan::{AppState, Claim, PatientRule, Plan, PlanKind, Sql, TableNode};
use crate::schema::Schema;
use crate::source::{Operand, SourceColumns};
use crate::tree::Builder;
use hearthgate_fhir::r4;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All plans of a gateway.
#[derive(Debug)]
pub struct Mappings {
    /// The plans.
    pub plans: Vec<Plan>,
    by_type: HashMap<&'static str, Vec<usize>>,
    by_name: HashMap<String, usize>,
    /// Changes when any file changes: what was rendered under another digest is stale.
    pub digest: String,
}

/// The files of a mappings folder: name relative to it, text.
pub type Files = Vec<(String, String)>;

pub(crate) struct Context<'a> {
    pub schema: &'a Schema,
    pub extensions: BTreeMap<String, String>,
    pub codes: HashMap<String, Arc<Codes>>,
    /// Types with a file of their own and the table they stand in: for foreign keys.
    pub homes: Vec<(&'static str, String, String)>,
}

/// Compiles mapping files against a schema.
///
/// # Errors
/// Every mistake in every file, with file and line.
pub fn load(files: &Files, schema: &Schema) -> Result<Mappings, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut parsed: Vec<(String, &str, File)> = Vec::new();
    let mut context = Context { schema, extensions: BTreeMap::new(), codes: HashMap::new(), homes: Vec::new() };
    let mut sorted: Vec<&(String, String)> = files.iter().collect();
    sorted.sort();
    for (name, text) in &sorted {
        if name == "extensions.toml" {
            match toml::from_str(text) {
                Ok(extensions) => context.extensions = extensions,
                Err(e) => mistakes.push(Mistake::at_toml(name, text, &e)),
            }
        } else if let Some(stem) = name.strip_prefix("codes/").and_then(|n| n.strip_suffix(".toml")) {
            match Codes::parse(stem, text) {
                Ok(codes) => drop(context.codes.insert(stem.to_owned(), Arc::new(codes))),
                Err(wrong) => mistakes.extend(wrong.into_iter().map(|(line, message)| Mistake::new(name, line, message))),
            }
        } else if let Some(stem) = name.strip_suffix(".toml") {
            match toml::from_str::<File>(text) {
                Ok(file) => parsed.push((stem.to_owned(), text, file)),
                Err(e) => mistakes.push(Mistake::at_toml(name, text, &e)),
            }
        }
    }
    for (_, _, file) in &parsed {
        if let (Some(resource), Some(from)) = (r4::type_named(file.resource.get_ref()), &file.from) {
            let id = file.id.as_ref().map_or("public_id", |id| id.get_ref());
            if file.group.is_none() && !file.app_state && schema.tables.get(from.get_ref()).is_some_and(|t| !t.view) {
                context.homes.push((resource, from.get_ref().clone(), id.to_owned()));
            }
        }
    }
    let mut plans = Vec::new();
    for (stem, text, file) in &parsed {
        if file.document {
            continue;
        }
        if let Some(plan) = compile_file(&context, stem, text, file, &mut mistakes) {
            plans.push(plan);
        }
    }
    let named: Vec<&'static str> = plans.iter().filter(|p: &&Plan| p.app_state.is_none()).map(|p| p.resource).collect();
    for (stem, text, file) in parsed.iter().filter(|(_, _, f)| f.document) {
        document::plans(stem, text, file, &named, &mut plans, &mut mistakes);
    }
    for (index, plan) in plans.iter_mut().enumerate() {
        plan.index = index;
    }
    check::plans(&mut plans, &context, &mut mistakes);
    if mistakes.is_empty() {
        Ok(Mappings::new(plans, &sorted))
    } else {
        mistakes.sort();
        mistakes.dedup();
        Err(mistakes)
    }
}

impl Mappings {
    fn new(plans: Vec<Plan>, files: &[&(String, String)]) -> Self {
        let mut by_type: HashMap<&'static str, Vec<usize>> = HashMap::new();
        let mut by_name = HashMap::new();
        for plan in &plans {
            by_type.entry(plan.resource).or_default().push(plan.index);
            by_name.insert(plan.name.clone(), plan.index);
        }
        Self { digest: digest(files), plans, by_type, by_name }
    }

    /// The plans of a type: those with claims first, then the one that takes the rest.
    pub fn of_type(&self, resource: &str) -> impl Iterator<Item = &Plan> {
        self.by_type.get(resource).into_iter().flatten().map(|i| &self.plans[*i])
    }

    /// A plan by its name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Plan> {
        self.by_name.get(name).map(|i| &self.plans[*i])
    }

    /// The types that some plan serves, in alphabetical order.
    #[must_use]
    pub fn types(&self) -> Vec<&'static str> {
        let mut types: Vec<_> = self.by_type.keys().copied().collect();
        types.sort_unstable();
        types
    }
}

/// A digest of the files: FNV-1a over names and texts, enough to tell versions of our own files apart.
fn digest(files: &[&(String, String)]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (name, text) in files {
        for byte in name.bytes().chain([0]).chain(text.bytes()).chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

fn compile_file(context: &Context<'_>, stem: &str, text: &str, file: &File, mistakes: &mut Vec<Mistake>) -> Option<Plan> {
    let name = format!("{stem}.toml");
    let line = |offset| file::line_of(text, offset);
    let Some(resource) = r4::type_named(file.resource.get_ref()).filter(|t| r4::is_resource_type(t)) else {
        mistakes.push(Mistake::new(
            &name,
            line(file.resource.span().start),
            format!("`{0}` is no R4 resource type{1}", file.resource.get_ref(), near(file.resource.get_ref(), r4::resource_types().iter().copied())),
        ));
        return None;
    };
    let Some(from) = &file.from else {
        mistakes.push(Mistake::new(&name, 1, "`from` is missing: name the table".to_owned()));
        return None;
    };
    let Some(table) = context.schema.tables.get(from.get_ref()) else {
        mistakes.push(Mistake::new(
            &name,
            line(from.span().start),
            format!("there is no table `{0}`{1}", from.get_ref(), near(from.get_ref(), context.schema.tables.keys().map(String::as_str))),
        ));
        return None;
    };
    let id_column = file.id.as_ref().map_or("public_id", |id| id.get_ref()).to_owned();
    let mut plan = Plan {
        index: 0,
        name: stem.to_owned(),
        resource,
        profiles: file.profiles.iter().map(|p| p.get_ref().clone()).collect(),
        kind: PlanKind::Table,
        table: TableNode { table: from.get_ref().clone(), on: None, order: None, filter: Vec::new(), columns: Vec::new(), children: Vec::new() },
        id_column,
        patient: PatientRule::None,
        claims: Vec::new(),
        app_state: None,
        readonly: file.readonly || file.group.is_some() || table.view,
        keep_unmapped: file.unmapped != Some(file::Unmapped::Refuse),
        fields: Vec::new(),
        sources: BTreeMap::new(),
        beyond: BTreeMap::new(),
        correlated: BTreeMap::new(),
        depends: file.depends.iter().filter_map(|d| d.split_once('.')).map(|(t, c)| (t.to_owned(), c.to_owned())).collect(),
    };
    let mut builder = Builder::new(context, &name, text, resource, mistakes);
    if let Some(group) = &file.group {
        match table.foreign_key(group.get_ref()) {
            Some((target, _)) => plan.kind = PlanKind::Group { column: group.get_ref().clone(), table: target.to_owned() },
            None => builder.mistake(group.span().start, format!("`group` wants a foreign key; `{}` is none", group.get_ref())),
        }
    } else if table.column(&plan.id_column).is_none() {
        let near = near(&plan.id_column, table.columns.iter().map(|(name, _)| name.as_str()));
        builder.mistake(
            file.id.as_ref().unwrap_or(from).span().start,
            format!("the table `{}` has no column `{}` for the id{near}", from.get_ref(), plan.id_column),
        );
    } else if !table.view && !table.unique.is_empty() && !table.unique.contains(&plan.id_column) {
        builder
            .mistake(file.id.as_ref().unwrap_or(from).span().start, format!("`{}.{}` is not unique, so it cannot be the id", from.get_ref(), plan.id_column));
    }
    builder.row_number(from.get_ref(), from.span().start);
    if table.view && plan.depends.is_empty() {
        builder.mistake(from.span().start, "a view is read-only and must name what it reads (`depends`), so that history sees its changes".to_owned());
    }
    plan.table.filter = builder.filter(from.get_ref(), &file.filter, from.span().start);
    plan.patient = builder.patient(from.get_ref(), file.patient.as_ref(), from.span().start);
    plan.fields = builder.scope(&mut plan.table, resource, &file.element, &file.each, &file.slice);
    plan.claims = claims(&mut builder, file, resource);
    crate::derive::sources(&mut plan, &mut builder);
    if file.app_state {
        plan.app_state = app_state(&plan);
        if plan.app_state.is_none() || !file.claims.is_empty() || plan.patient != PatientRule::None {
            let message =
                "`app_state` wants columns of the table itself that the search parameters `code` and `subject` read, and neither `claims` nor `patient`";
            builder.mistake(file.resource.span().start, message.to_owned());
        }
    }
    plan.depends.extend(std::mem::take(&mut builder.depends));
    for depends in &file.depends {
        builder.depends_on(depends, from.span().start);
    }
    for (path, line) in check::required::of_r4(&plan) {
        let line = line.unwrap_or_else(|| file::line_of(text, file.resource.span().start));
        builder.mistake_at(line, format!("R4 requires `{path}`, which has no column"));
    }
    builder.profiles(&file.profiles, &plan);
    Some(plan)
}

/// The columns that say which state a row is: those that the search parameters read.
fn app_state(plan: &Plan) -> Option<AppState> {
    let source = |code: &str| match plan.sources.get(code).map(Vec::as_slice) {
        Some([source]) if source.joins.is_empty() => Some(&source.columns),
        _ => None,
    };
    match (source("code")?, source("subject")?) {
        (SourceColumns::Token { system: Some(Operand::Column(system)), code: Operand::Column(code), codes: None, .. }, SourceColumns::Reference(subject)) => {
            Some(AppState { system: system.clone(), code: code.clone(), subject: subject.clone() })
        }
        _ => None,
    }
}

fn claims(builder: &mut Builder<'_, '_>, file: &File, resource: &'static str) -> Vec<Claim> {
    let mut out = Vec::new();
    for (parameter, codes) in &file.claims {
        match r4::search_parameter(resource, parameter) {
            Some(p) if p.kind == r4::Kind::Token && p.compiled.is_some() => out.push(Claim { parameter: parameter.clone(), codes: codes.all() }),
            _ => {
                let tokens = r4::search_parameters(resource).iter().filter(|p| p.kind == r4::Kind::Token).map(|p| p.code);
                builder.mistake(
                    file.resource.span().start,
                    format!("`claims` wants a token search parameter of {resource}; `{parameter}` is none{}", near(parameter, tokens)),
                );
            }
        }
    }
    out
}

/// A constant of a mapping file as an SQL value.
pub(crate) fn constant(value: &toml::Value) -> Option<Sql> {
    Some(match value {
        toml::Value::String(text) => Sql::Text(text.clone()),
        toml::Value::Integer(number) => Sql::Integer(*number),
        toml::Value::Boolean(flag) => Sql::Integer(i64::from(*flag)),
        _ => return None,
    })
}
