//! A mapping file as it is written: TOML with the places of what it says.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// One file of `mappings/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The R4 type, or `*`: every type without a file of its own (documents only).
    pub resource: Spanned<String>,
    /// The profiles it claims.
    #[serde(default)]
    pub profiles: Vec<Spanned<String>>,
    /// The table.
    pub from: Option<Spanned<String>>,
    /// The column with the logical id.
    pub id: Option<Spanned<String>>,
    /// What places a row in a patient's compartment.
    pub patient: Option<Patient>,
    /// Constants of columns that make a row belong here.
    #[serde(default, rename = "where")]
    pub filter: BTreeMap<String, toml::Value>,
    /// The foreign key that gathers rows into one resource.
    pub group: Option<Spanned<String>>,
    /// Which written resources it takes.
    #[serde(default)]
    pub claims: BTreeMap<String, OneOrMany>,
    /// It takes none.
    #[serde(default)]
    pub readonly: bool,
    /// `keep` or `refuse`.
    pub unmapped: Option<Unmapped>,
    /// What apps keep for themselves stands here, and nothing of the record.
    #[serde(default)]
    pub app_state: bool,
    /// The resource is kept whole.
    #[serde(default)]
    pub document: bool,
    /// What a view or an expression reads beyond the row.
    #[serde(default)]
    pub depends: Vec<String>,
    /// Columns at paths.
    #[serde(default)]
    pub element: Vec<Element>,
    /// Child tables.
    #[serde(default)]
    pub each: Vec<Each>,
    /// Members of lists told apart by content.
    #[serde(default)]
    pub slice: Vec<Slice>,
}

/// What to do with values that have no column.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Unmapped {
    /// Kept beside the row.
    Keep,
    /// The write is refused.
    Refuse,
}

/// One text or a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Many.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one.clone()],
            Self::Many(many) => many.clone(),
        }
    }
}

/// What places a row in a patient's compartment.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Patient {
    /// A column.
    Column(String),
    /// Several columns.
    Columns(Vec<String>),
    /// A child table.
    Child {
        /// The child table.
        from: String,
        /// Its foreign key to the root table.
        on: String,
        /// Its foreign key to `patients`.
        column: String,
    },
}

/// A column at a path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// Where it goes.
    pub path: Spanned<String>,
    /// The column, or columns by sub-path.
    pub column: Option<Columns>,
    /// The constant system beside a table of columns.
    pub system: Option<String>,
    /// A constant.
    pub value: Option<toml::Value>,
    /// An SQL expression, read-only.
    pub sql: Option<Spanned<String>>,
    /// What the expression reads beyond the row: `table.column`.
    #[serde(default)]
    pub depends: Vec<String>,
    /// A codes file.
    pub codes: Option<Spanned<String>>,
    /// The types a reference may have.
    pub refers: Option<OneOrMany>,
    /// The column holds `hg1.…`.
    #[serde(default)]
    pub sealed: bool,
    /// `base64`.
    pub codec: Option<Spanned<String>>,
    /// The column holds a JSON array.
    #[serde(default)]
    pub list: bool,
    /// The search parameters that look here.
    #[serde(default)]
    pub search: Vec<Spanned<String>>,
}

/// One column, or columns by sub-path.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Columns {
    /// One.
    One(String),
    /// By sub-path.
    Parts(BTreeMap<String, String>),
}

/// A child table that makes a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// Where the list is.
    pub path: Spanned<String>,
    /// The child table.
    pub from: Spanned<String>,
    /// Its foreign key to the row it stands in.
    pub on: Spanned<String>,
    /// The column that orders it (default `position`).
    pub order: Option<Spanned<String>>,
    /// Constants of columns that make a row belong here.
    #[serde(default, rename = "where")]
    pub filter: BTreeMap<String, toml::Value>,
    /// What every member shows.
    #[serde(default, rename = "match")]
    pub matches: BTreeMap<String, toml::Value>,
    /// Columns at paths.
    #[serde(default)]
    pub element: Vec<Element>,
    /// Child tables of the child table.
    #[serde(default)]
    pub each: Vec<Each>,
    /// Members of lists below.
    #[serde(default)]
    pub slice: Vec<Slice>,
}

/// A member of a list told apart by content.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// Where the list is.
    pub path: Spanned<String>,
    /// What the member shows: the type of a reference, or a constant at a path.
    #[serde(rename = "match")]
    pub matches: BTreeMap<String, toml::Value>,
    /// Columns at paths.
    #[serde(default)]
    pub element: Vec<Element>,
    /// Child tables below.
    #[serde(default)]
    pub each: Vec<Each>,
    /// Slices below.
    #[serde(default)]
    pub slice: Vec<Slice>,
}

/// The line (from 1) of a byte offset.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
}
