//! Where a search parameter looks: the columns of each plan, and the generated index for what no column holds.

use crate::codes::Codes;
use crate::composite::Place;
use crate::plan::Sql;
pub use hearthgate_fhir::fold::{FOLDS, fold};
pub use hearthgate_fhir::index::IndexValue;
use std::sync::Arc;

/// A step from a table down to one of its child tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// The child table.
    pub table: String,
    /// Its foreign key to the row above.
    pub on: String,
    /// Columns that must have this value.
    pub filter: Vec<(String, Sql)>,
}

/// A text that is a column or a constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A column of the table where the source ends.
    Column(String),
    /// A constant.
    Constant(String),
}

/// Columns that one search parameter reads, in the root table or down the joins.
#[derive(Clone, Debug)]
pub struct Source {
    /// The way from the root table; empty: the root table itself.
    pub joins: Vec<Join>,
    /// Columns of the end table that must have this value (a filter in the parameter's expression, such as `system = 'phone'`).
    pub filter: Vec<(String, Sql)>,
    /// What is there.
    pub columns: SourceColumns,
}

/// The columns at the end of a [`Source`].
#[derive(Clone, Debug)]
pub enum SourceColumns {
    /// A coding, code, boolean or other token.
    Token {
        /// Its system: of a `code` element the constant system of its value set where R4 has one.
        system: Option<Operand>,
        /// The column with the code.
        code: Operand,
        /// The table between the column's codes and FHIR's.
        codes: Option<Arc<Codes>>,
        /// Columns with text for `:text` (display, text), folded (`__fold`).
        text: Vec<String>,
        /// The column holds 0 or 1, the codes are `false` and `true`.
        boolean: bool,
    },
    /// An identifier or contact point.
    Identifier {
        /// `Identifier` or `ContactPoint`.
        datatype: &'static str,
        /// Its system.
        system: Option<Operand>,
        /// The column with the value.
        value: String,
        /// Search by `<value>__blind` and `<value>__sblind`.
        sealed: bool,
    },
    /// A string: `<column>__fold`, and the column itself for `:exact`.
    Text(String),
    /// A list of strings: the auxiliary table `gw_list_<table>_<column>(row, value)`; `:exact` by `json_each`.
    List {
        /// The column.
        column: String,
        /// Its values are folded strings; otherwise as they are (uri, token).
        folded: bool,
    },
    /// A date, dateTime or instant: `<column>__lo`, `<column>__hi`.
    Date(String),
    /// A period: the low of the start column, the high of the end column; a NULL end is open.
    Period {
        /// The column with the start.
        start: Option<String>,
        /// The column with the end.
        end: Option<String>,
    },
    /// A foreign key column.
    Foreign {
        /// The column.
        column: String,
        /// The table it points to.
        table: String,
        /// The column there with the public id.
        public_id: String,
        /// The type found there.
        resource: &'static str,
    },
    /// A text column with `Type/id` or another reference.
    Reference(String),
    /// A reference's identifier.
    ReferenceIdentifier {
        /// Its system.
        system: Option<Operand>,
        /// The column with the value.
        value: String,
        /// Search by blind index.
        sealed: bool,
    },
    /// A quantity: `<value>__num`.
    Quantity {
        /// The column with the value.
        value: String,
        /// Its system.
        system: Option<Operand>,
        /// The column or constant with the code.
        code: Option<Operand>,
        /// The column or constant with the unit.
        unit: Option<Operand>,
    },
    /// A number: `<column>__num` of a decimal, the column itself of an integer.
    Number {
        /// The column.
        column: String,
        /// It is a decimal kept as text.
        decimal: bool,
    },
    /// A uri: the column itself.
    Uri(String),
    /// A token that is `true` where the column is not NULL (`deceased` of a `deceasedDateTime`).
    Present(String),
}

/// A value for the generated index: what a search parameter finds in a resource and no column holds.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexEntry {
    /// The search parameter's code (`_tag`, `_security`, `_profile`, `_source` too).
    pub parameter: &'static str,
    /// The value.
    pub value: IndexValue,
    /// Kept as a blind index: of the value alone, and of system and value (see [`crate::index::blind_normal`]).
    pub blind: bool,
    /// The element and the part, where the parameter is a composite.
    pub place: Option<Place>,
}
