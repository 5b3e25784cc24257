//! The table of roles, `config/roles.toml`: role × type × interaction, each with its reach and its reason.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use hearthgate_fhir::r4;

use crate::interaction::Interaction;
use crate::narrow::Labels;
use crate::role::Role;

mod file;

/// The table as shipped; a clinic may have its own.
const SHIPPED: &str = include_str!("../../config/roles.toml");

/// Whose resources a role reaches, before it is known who the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReachKind {
    /// The patient's own compartment.
    Own,
    /// Patients in the doctor's care.
    Care,
    /// Whoever's they are, as long as the doctor is named among those who take part.
    Named,
    /// Nobody's, as long as it is a program of the gateway's own.
    Software,
    /// Everyone's.
    All,
    /// What apps keep about the person who uses them and the patients whom that person reaches.
    Apps,
    /// What apps keep about nobody, the same for everyone who uses them.
    SharedApps,
}

impl ReachKind {
    /// Whether it reaches what apps keep for themselves, and nothing of the record.
    #[must_use]
    pub const fn is_of_apps(self) -> bool {
        matches!(self, Self::Apps | Self::SharedApps)
    }
}

/// What the table says of one role, type and interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Whose resources, each kind adding to the others; none when the role may not do this at all.
    pub reach: &'a [ReachKind],
    /// Why.
    pub reason: &'a str,
}

/// A mistake in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1; `None` for what is missing altogether.
    pub line: Option<usize>,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "roles.toml:{line}: {}", self.message),
            None => write!(f, "roles.toml: {}", self.message),
        }
    }
}

/// What a rule's `allow` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    Read,
    History,
    Search,
    Create,
    Update,
    Delete,
}

impl Act {
    pub(crate) const ALL: [(Self, &'static str); 6] = [
        (Self::Read, "read"),
        (Self::History, "history"),
        (Self::Search, "search"),
        (Self::Create, "create"),
        (Self::Update, "update"),
        (Self::Delete, "delete"),
    ];

    fn of(interaction: Interaction) -> Self {
        match interaction {
            Interaction::Read | Interaction::Vread => Self::Read,
            Interaction::HistoryInstance | Interaction::HistoryType => Self::History,
            Interaction::Search => Self::Search,
            Interaction::Create => Self::Create,
            Interaction::Update | Interaction::Patch => Self::Update,
            Interaction::Delete => Self::Delete,
        }
    }
}

/// The decisions of one role on one type: a cell for each [`Act`], the rule that permits it if any, and
/// the rule whose reason a refusal gives.
#[derive(Clone, Debug)]
struct Cell {
    permits: [Option<usize>; 6],
    refuses: usize,
}

#[derive(Debug)]
struct Rule {
    reach: Vec<ReachKind>,
    reason: String,
}

/// The table, checked: every role has a decision on every R4 type.
#[derive(Debug)]
pub struct Roles {
    rules: Vec<Rule>,
    cells: HashMap<Role, HashMap<&'static str, Cell>>,
    labels: HashMap<Role, Arc<Labels>>,
    impersonal: HashSet<&'static str>,
}

impl Roles {
    /// Reads a table; all mistakes at once.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        file::compile(text)
    }

    /// The table as shipped.
    pub fn shipped() -> Result<Self, Vec<Fault>> {
        Self::parse(SHIPPED)
    }

    /// What the table says. `None` for a name that is no R4 type: nobody may do anything with it.
    #[must_use]
    pub fn decision(&self, role: Role, resource_type: &str, interaction: Interaction) -> Option<Decision<'_>> {
        let cell = self.cells.get(&role)?.get(resource_type)?;
        let permits = cell.permits[Act::of(interaction) as usize];
        let rule = self.rules.get(permits.unwrap_or(cell.refuses))?;
        Some(Decision { reach: if permits.is_some() { &rule.reach } else { &[] }, reason: &rule.reason })
    }

    /// Every decision of a role, by type and interaction: what `hearthgate check` prints.
    pub fn decisions(&self, role: Role) -> impl Iterator<Item = (&'static str, Interaction, Decision<'_>)> {
        r4::resource_types().iter().flat_map(move |name| Interaction::ALL.into_iter().filter_map(move |i| self.decision(role, name, i).map(|d| (*name, i, d))))
    }

    /// Whether no patient stands in resources of the type (directory and definitions), so that nothing
    /// narrows them by patient.
    #[must_use]
    pub fn is_impersonal(&self, resource_type: &str) -> bool {
        self.impersonal.contains(resource_type)
    }

    pub(crate) fn labels(&self, role: Role) -> Arc<Labels> {
        self.labels.get(&role).cloned().unwrap_or_default()
    }
}
