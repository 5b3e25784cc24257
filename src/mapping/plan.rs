//! What a mapping file compiles to: one tree of tables to load and store, one tree of JSON to write and take apart.

use crate::codes::Codes;
use crate::source::Source;
use hearthgate_fhir::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value of a column, as SQLite stores it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Sql {
    /// NULL.
    #[default]
    Null,
    /// INTEGER.
    Integer(i64),
    /// REAL.
    Real(f64),
    /// TEXT.
    Text(String),
    /// BLOB.
    Blob(Vec<u8>),
    /// Sealed, and it does not open where it stands: altered or moved by another program, or its key is gone.
    Unopened,
}

/// A row with the rows of its child tables.
///
/// `values` stand in the order of [`TableNode::columns`], `children` in that of [`TableNode::children`].
/// Sealed values are plain here; a foreign key column holds the public id of the row it points to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The row number (`id INTEGER PRIMARY KEY`); 0 for a row not stored yet.
    pub id: i64,
    /// The row's columns.
    pub values: Vec<Sql>,
    /// What no column took, as the text of an overlay (see [`crate::overlay`]); plain.
    pub unmapped: Option<String>,
    /// The rows of each child table, in their order.
    pub children: Vec<Vec<Row>>,
}

/// A table as one plan reads and writes it.
#[derive(Clone, Debug)]
pub struct TableNode {
    /// The table.
    pub table: String,
    /// The foreign key to the row it stands in; `None` for the root.
    pub on: Option<String>,
    /// The column that orders the rows of a child table.
    pub order: Option<String>,
    /// Columns that must have this value for a row to belong here; set on write.
    pub filter: Vec<(String, Sql)>,
    /// The columns read and written.
    pub columns: Vec<Column>,
    /// The child tables.
    pub children: Vec<TableNode>,
}

/// A column, or an SQL expression, of a [`TableNode`].
#[derive(Clone, Debug)]
pub struct Column {
    /// The column's name; for an expression a name of its own.
    pub name: String,
    /// An SQL expression over the row instead of a column: read-only.
    pub expression: Option<String>,
    /// What it stores.
    pub kind: ColumnKind,
    /// The column holds `hg1.…`.
    pub sealed: bool,
    /// The blind index beside a sealed column that is searched.
    pub blind: Option<Blind>,
    /// Whether a search parameter reads it, so that generated columns and an index stand beside it.
    pub searched: bool,
}

/// What a column stores, which says what `migrate` generates beside it.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnKind {
    /// Text as it is; `__fold` beside it where a string parameter reads it.
    Text,
    /// Text read by a string parameter.
    Folded,
    /// 0 or 1.
    Boolean,
    /// A whole number.
    Integer,
    /// A decimal as text; `__num` beside it.
    Decimal,
    /// A date, dateTime or instant as text; `__lo` and `__hi` beside it (ms since 1970 UTC, `hi` exclusive).
    Date,
    /// A JSON array of primitives; where searched, an auxiliary table `gw_list_<table>_<column>(row, value)` kept by triggers.
    List {
        /// Whether the auxiliary values are folded.
        folded: bool,
    },
    /// A foreign key to the row of another table; in a [`Row`] its public id.
    Foreign {
        /// The table it points to.
        table: String,
        /// The column there with the public id.
        public_id: String,
        /// The resource type found there.
        resource: &'static str,
    },
    /// `Type/id`, or any other reference as it came.
    ReferenceText,
}

/// How a sealed column is found: `<column>__blind` of the value alone, `<column>__sblind` of system and value.
#[derive(Clone, Debug, PartialEq)]
pub struct Blind {
    /// The datatype whose normal form is hashed: `Identifier` or `ContactPoint`.
    pub datatype: &'static str,
    /// The column of the same row with the system, if one has it.
    pub system: Option<usize>,
    /// The constant system, if the mapping says one.
    pub system_value: Option<String>,
}

/// Which patients' compartments a row is in.
#[derive(Clone, Debug, PartialEq)]
pub enum PatientRule {
    /// None: not about a patient.
    None,
    /// The row is a patient.
    Itself,
    /// Foreign keys to `patients` in the row.
    Columns(Vec<String>),
    /// A child table with a foreign key to `patients`.
    Child {
        /// The child table.
        from: String,
        /// Its foreign key to the root table.
        on: String,
        /// Its foreign key to `patients`.
        column: String,
    },
}

/// What kind of place a plan's resources have.
#[derive(Clone, Debug, PartialEq)]
pub enum PlanKind {
    /// A row of the root table is a resource.
    Table,
    /// All rows with the same value of a foreign key are one resource.
    Group {
        /// The foreign key column of the root table.
        column: String,
        /// The table it points to, whose public id is the resource's id.
        table: String,
    },
    /// Kept whole in `gw_documents`.
    Document,
}

/// Which written resources a plan takes, by a token parameter of the type.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The search parameter.
    pub parameter: String,
    /// The codes of which one must be there.
    pub codes: Vec<String>,
}

/// Columns of the root table that say which state of an app a row is.
#[derive(Clone, Debug, PartialEq)]
pub struct AppState {
    /// The system of its code.
    pub system: String,
    /// Its code.
    pub code: String,
    /// Whom it is about, as `Type/id`; NULL: nobody.
    pub subject: String,
}

/// One mapping file, compiled.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its place in [`crate::Mappings::plans`].
    pub index: usize,
    /// The file's stem, for a document plan `documents/<Type>`.
    pub name: String,
    /// The R4 type.
    pub resource: &'static str,
    /// The profiles it claims.
    pub profiles: Vec<String>,
    /// Where its resources live.
    pub kind: PlanKind,
    /// The tables to load and store.
    pub table: TableNode,
    /// The column with the logical id.
    pub id_column: String,
    /// The compartments of its rows.
    pub patient: PatientRule,
    /// What it takes; empty: the rest.
    pub claims: Vec<Claim>,
    /// What apps keep for themselves: it takes what is written as that, and nothing by its content.
    pub app_state: Option<AppState>,
    /// It takes no written resource.
    pub readonly: bool,
    /// `false`: a write with unmapped values is refused.
    pub keep_unmapped: bool,
    /// The JSON it writes.
    pub fields: Vec<Field>,
    /// Where each search parameter of the type looks, by the parameter's code; the generated index is looked at besides.
    pub sources: BTreeMap<String, Vec<Source>>,
    /// What columns hold and no source can say (the ends of a range, the text of a concept whose codings stand in a table of
    /// their own): for each such parameter the keys of the resource whose values stand in the generated index all the same.
    pub beyond: BTreeMap<&'static str, Vec<String>>,
    /// For each composite of which child tables hold elements: those tables ([`crate::composite`]).
    pub correlated: BTreeMap<&'static str, Vec<crate::composite::Correlated>>,
    /// Other tables and columns its SQL expressions read: (table, column).
    pub depends: Vec<(String, String)>,
}

/// A key of a JSON object.
#[derive(Clone, Debug)]
pub struct Field {
    /// The JSON name.
    pub name: String,
    /// What stands there.
    pub node: Node,
    /// The name of the choice that it is one type of: `value` for `valueQuantity`.
    pub choice: Option<&'static str>,
    /// The name as it stands in JSON behind another: `,"name":`.
    key: Box<[u8]>,
}

impl Field {
    /// A key and what stands there.
    #[must_use]
    pub fn new(name: &str, node: Node, choice: Option<&'static str>) -> Self {
        Self { name: name.to_owned(), node, choice, key: format!(",\"{name}\":").into_bytes().into() }
    }

    /// The key as JSON, with a comma before it unless it is its object's first.
    pub(crate) fn key(&self, first: bool) -> &[u8] {
        if first { &self.key[1..] } else { &self.key }
    }
}

/// What stands at a place of the JSON.
#[derive(Clone, Debug)]
pub enum Node {
    /// A primitive from a column.
    Leaf(Leaf),
    /// A constant.
    Constant(Value),
    /// An object.
    Object(Vec<Field>),
    /// A list.
    List(Vec<Member>),
}

/// A primitive (or, with `list`, a list of them) from a column of the row in scope.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its place in [`TableNode::columns`].
    pub column: usize,
    /// How the column's value reads in JSON.
    pub form: Form,
    /// The table between the column's codes and FHIR's.
    pub codes: Option<Arc<Codes>>,
    /// The search parameters that look at it.
    pub search: Vec<String>,
    /// The line of its mapping file where it stands.
    pub line: usize,
}

/// How a column's value reads in JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A string as it is.
    Text,
    /// `true` and `false` for 1 and 0.
    Boolean,
    /// A whole number.
    Integer,
    /// A decimal, digit for digit.
    Decimal,
    /// Base64 of what the column holds.
    Base64,
    /// A list of strings from a JSON array.
    List,
    /// A reference: `Type/` and the public id in the column.
    Foreign(&'static str),
    /// A reference as the column has it; only of these types if not empty.
    Reference(Vec<&'static str>),
}

/// A member, or a run of members, of a list.
#[derive(Clone, Debug)]
pub enum Member {
    /// At most one member, from the row in scope.
    One {
        /// What tells it from the other members of the list: an extension's URL, a slice's number; empty for a path through a list.
        key: String,
        /// What a written member must show to be this one: constants stand in `node`, reference types here as (path, type).
        types: Vec<(Vec<String>, &'static str)>,
        /// The member.
        node: Node,
    },
    /// One member for each row of a child table.
    Each {
        /// Its place in [`TableNode::children`].
        child: usize,
        /// What a written member must show to stand in this table: reference types as (path, type).
        types: Vec<(Vec<String>, &'static str)>,
        /// The member, over the child's row.
        node: Node,
    },
}

/// One SQL statement and its parameters (`?1`, `?2`, …).
///
/// The store runs it only as `Narrowed<Statement>`. A statement that answers resources gives these columns first, in this order:
/// `plan` (the plan's name), `row` (root row number; of a group the row the group's key points to), `type`, `id`, `version`,
/// `updated` (ms since 1970 UTC), `deleted` (0 or 1), `rendered` (blob, NULL where there is none or it is stale); whatever follows is the caller's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The text; the same text for the same shape, so that it is prepared once.
    pub sql: Arc<str>,
    /// The values of its parameters.
    pub parameters: Vec<Sql>,
    /// Read the clinic's tables as they were after this sequence number, not as they are.
    pub as_of: Option<i64>,
    /// The mapped tables it names (read by `as_of`).
    pub tables: Vec<String>,
}
