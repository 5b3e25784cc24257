//! Reading `roles.toml` and checking it whole.

use std::collections::{BTreeMap, HashMap, HashSet};

use hearthgate_fhir::r4;
use serde::Deserialize;
use toml::Spanned;

use super::{Act, Cell, Fault, ReachKind, Roles, Rule};
use crate::app_state::APP_STATE;
use crate::narrow::Labels;
use crate::reach::NAMING;
use crate::role::Role;
use crate::scope::static_type;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    groups: Groups,
    #[serde(default)]
    rule: Vec<Spanned<RawRule>>,
    #[serde(default)]
    withhold: Vec<Spanned<RawLabel>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Groups {
    directory: Spanned<Vec<String>>,
    definitions: Spanned<Vec<String>>,
    unplaced: Spanned<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    role: String,
    types: Vec<String>,
    allow: Vec<String>,
    reach: Option<RawReach>,
    reason: String,
}

/// One kind of reach, or several that add up.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawReach {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLabel {
    role: String,
    system: String,
    code: String,
    reason: String,
}

/// How a rule came to speak of a type: by name before by group before by `@all`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    All,
    Group,
    Name,
}

/// A rule as it bears on one role and type.
struct Bearing {
    precision: Precision,
    rule: usize,
    line: usize,
    acts: Vec<Act>,
}

struct Compiler<'a> {
    text: &'a str,
    faults: Vec<Fault>,
    /// `@directory` and the like, each with its types.
    groups: BTreeMap<&'static str, Vec<&'static str>>,
    rules: Vec<Rule>,
    bearings: HashMap<(Role, &'static str), Vec<Bearing>>,
}

pub(super) fn compile(text: &str) -> Result<Roles, Vec<Fault>> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_at(text, span.start));
        vec![Fault { line, message: error.message().to_owned() }]
    })?;
    let mut compiler = Compiler { text, faults: Vec::new(), groups: BTreeMap::new(), rules: Vec::new(), bearings: HashMap::new() };
    compiler.groups(&file.groups);
    for rule in &file.rule {
        compiler.rule(rule);
    }
    let labels = compiler.labels(&file.withhold);
    let cells = compiler.cells();
    if !compiler.faults.is_empty() {
        return Err(compiler.faults);
    }
    let impersonal = ["@directory", "@definitions"].iter().flat_map(|group| compiler.groups.get(group).cloned().unwrap_or_default()).collect();
    let labels = labels.into_iter().map(|(role, labels)| (role, labels.into())).collect();
    Ok(Roles { rules: compiler.rules, cells, labels, impersonal })
}

fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

impl Compiler<'_> {
    fn fault(&mut self, line: usize, message: String) {
        self.faults.push(Fault { line: Some(line), message });
    }

    fn line<T>(&self, spanned: &Spanned<T>) -> usize {
        line_at(self.text, spanned.span().start)
    }

    fn groups(&mut self, groups: &Groups) {
        let mut placed: HashSet<&'static str> = HashSet::new();
        for (name, list) in [("@directory", &groups.directory), ("@definitions", &groups.definitions), ("@unplaced", &groups.unplaced)] {
            let line = self.line(list);
            let mut types = Vec::new();
            for text in list.get_ref() {
                match static_type(text) {
                    None => self.fault(line, format!("{text} in {name} is no R4 resource type")),
                    Some(found) if !placed.insert(found) => {
                        self.fault(line, format!("{found} is in two groups; leave it in one"));
                    }
                    Some(found) => types.push(found),
                }
            }
            self.groups.insert(name, types);
        }
        let compartment: Vec<_> = r4::resource_types()
            .iter()
            .filter(|name| !placed.contains(*name))
            .filter(|name| **name == "Patient" || r4::patient_compartment(name).is_some())
            .copied()
            .collect();
        self.groups.insert("@compartment", compartment);
        self.groups.insert("@all", r4::resource_types().to_vec());
    }

    fn rule(&mut self, spanned: &Spanned<RawRule>) {
        let line = self.line(spanned);
        let raw = spanned.get_ref();
        if raw.reason.trim().is_empty() {
            self.fault(line, "a rule needs its reason".to_owned());
        }
        let Some(role) = Role::named(&raw.role) else {
            return self.fault(line, format!("{} is no role", raw.role));
        };
        let mut acts = Vec::new();
        for name in &raw.allow {
            match Act::ALL.iter().find(|(_, known)| known == name) {
                Some((act, _)) if !acts.contains(act) => acts.push(*act),
                Some(_) => self.fault(line, format!("{name} stands twice in `allow`")),
                None => self.fault(line, format!("{name} in `allow` is none of read, history, search, create, update, delete")),
            }
        }
        let Some(reach) = self.reach(line, role, raw, acts.is_empty()) else { return };
        let rule = self.rules.len();
        self.rules.push(Rule { reach, reason: raw.reason.clone() });
        for name in &raw.types {
            let (precision, types) = match (name.as_str(), self.groups.get(name.as_str()), static_type(name)) {
                ("@all", Some(types), _) => (Precision::All, types.clone()),
                (_, Some(types), _) => (Precision::Group, types.clone()),
                (_, None, Some(found)) => (Precision::Name, vec![found]),
                _ => {
                    self.fault(line, format!("{name} is neither an R4 resource type nor a group"));
                    continue;
                }
            };
            for found in types {
                let bearing = Bearing { precision, rule, line, acts: acts.clone() };
                self.bearings.entry((role, found)).or_default().push(bearing);
            }
        }
    }

    /// The kinds of reach that a rule names; none where it allows nothing.
    fn reach(&mut self, line: usize, role: Role, raw: &RawRule, nothing: bool) -> Option<Vec<ReachKind>> {
        let names = match &raw.reach {
            Some(RawReach::One(name)) => std::slice::from_ref(name),
            Some(RawReach::Several(names)) => names.as_slice(),
            None => &[],
        };
        let mut kinds = Vec::new();
        for name in names {
            let kind = match (name.as_str(), role) {
                ("own", Role::Patient) => ReachKind::Own,
                ("care", Role::Doctor) => ReachKind::Care,
                ("named", Role::Doctor) if raw.types.iter().all(|of| r4::search_parameter(of, NAMING).is_some()) => ReachKind::Named,
                ("software", _) if raw.types.iter().all(|of| of == "Device") => ReachKind::Software,
                ("all", _) => ReachKind::All,
                ("apps", _) if raw.types.iter().all(|of| of == APP_STATE) => ReachKind::Apps,
                ("shared-apps", _) if raw.types.iter().all(|of| of == APP_STATE) => ReachKind::SharedApps,
                _ => {
                    let message = "`reach` is \"own\" (patients only), \"care\" (doctors only), \"named\" (doctors only, for types that R4 searches by `practitioner`), \"software\" (for Device), \"apps\" or \"shared-apps\" (for Basic) or \"all\"";
                    self.fault(line, message.to_owned());
                    return None;
                }
            };
            if kinds.contains(&kind) {
                self.fault(line, format!("{name} stands twice in `reach`"));
            }
            kinds.push(kind);
        }
        if kinds.is_empty() && !nothing {
            self.fault(line, "a rule that allows something needs its `reach`".to_owned());
        }
        Some(kinds)
    }

    fn labels(&mut self, raw: &[Spanned<RawLabel>]) -> HashMap<Role, Labels> {
        let mut labels: HashMap<Role, Labels> = HashMap::new();
        for spanned in raw {
            let line = self.line(spanned);
            let label = spanned.get_ref();
            match Role::named(&label.role) {
                None => self.fault(line, format!("{} is no role", label.role)),
                Some(_) if label.reason.trim().is_empty() || label.code.is_empty() || label.system.is_empty() => {
                    self.fault(line, "a withheld label needs system, code and reason".to_owned());
                }
                Some(role) => labels.entry(role).or_default().withhold(&label.system, &label.code),
            }
        }
        labels
    }

    fn cells(&mut self) -> HashMap<Role, HashMap<&'static str, Cell>> {
        let mut cells: HashMap<Role, HashMap<&'static str, Cell>> = HashMap::new();
        let bearings = std::mem::take(&mut self.bearings);
        for role in Role::ALL {
            let mut undecided = Vec::new();
            for name in r4::resource_types() {
                let all = bearings.get(&(role, *name)).map(Vec::as_slice).unwrap_or_default();
                let Some(precision) = all.iter().map(|b| b.precision).max() else {
                    undecided.push(*name);
                    continue;
                };
                let cell = self.cell(role, name, all.iter().filter(|b| b.precision == precision));
                cells.entry(role).or_default().insert(name, cell);
            }
            if !undecided.is_empty() {
                let message = format!("the role {role} has no rule for {}", undecided.join(", "));
                self.faults.push(Fault { line: None, message });
            }
        }
        cells
    }

    fn cell<'b>(&mut self, role: Role, name: &str, bearings: impl Iterator<Item = &'b Bearing>) -> Cell {
        let mut cell = Cell { permits: [None; 6], refuses: usize::MAX };
        for bearing in bearings {
            cell.refuses = cell.refuses.min(bearing.rule);
            for (act, act_name) in Act::ALL.iter().filter(|(act, _)| bearing.acts.contains(act)) {
                if cell.permits[*act as usize].replace(bearing.rule).is_some() {
                    let message = format!("two rules of the same precision let the role {role} {act_name} {name}");
                    self.fault(bearing.line, message);
                }
            }
        }
        cell
    }
}
