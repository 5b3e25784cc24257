//! What the dialect needs to know of a mapped table: which columns it has, whose resource a row belongs to, who points to it.

/// A mapped table: the root of a plan, a child table, or one that a plan's expressions depend on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The table.
    pub name: String,
    /// The stored columns that history keeps: not `id`, not `gw_seq`, nothing generated, no search columns.
    pub columns: Vec<String>,
    /// The columns of the shadow table in their order there, `gw_from` and `gw_to` among them.
    pub shadow: Vec<String>,
    /// Columns that hold sealed values, besides `gw_unmapped`.
    pub sealed: Vec<String>,
    /// Columns with `__fold` beside them.
    pub folds: Vec<String>,
    /// Sealed columns with `__blind` and `__sblind` beside them.
    pub blinds: Vec<Blinded>,
    /// Columns holding JSON arrays that are searched: `gw_list_<table>_<column>`.
    pub lists: Vec<List>,
    /// Columns with `__lo` and `__hi` beside them.
    pub dates: Vec<String>,
    /// Columns with `__num` beside them.
    pub decimals: Vec<String>,
    /// Columns that together are unique, besides `id`.
    pub uniques: Vec<Vec<String>>,
    /// Mapped tables whose rows go when a row here goes: (table, foreign key).
    pub cascades: Vec<(String, String)>,
    /// The foreign keys upwards and the columns with public ids, which the shadow table is searched by.
    pub keys: Vec<String>,
    /// The resources a row belongs to.
    pub owners: Vec<Owner>,
    /// Rows elsewhere that show a public id of this table.
    pub referrers: Vec<Referrer>,
    /// Groups whose id is the public id of this table.
    pub groups: Vec<GroupOf>,
    /// Columns that get an index of their own: each entry the columns in order.
    pub indexes: Vec<Vec<String>>,
}

/// A sealed column that is searched.
#[derive(Clone, Debug, PartialEq)]
pub struct Blinded {
    /// The sealed column.
    pub value: String,
    /// The column with its system.
    pub system: Option<String>,
}

/// A JSON array that is searched.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// The column.
    pub column: String,
    /// Whether its values are folded.
    pub folded: bool,
}

/// How a row of a table leads to a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Owner {
    /// The plan.
    pub plan: String,
    /// The type.
    pub resource: String,
    /// The way up, from the table itself: its foreign key and the table that points to, and so on.
    pub up: Vec<(String, String)>,
    /// What the row at the top must have: column and SQL literal.
    pub filter: Vec<(String, String)>,
    /// What stands at the top.
    pub root: Root,
    /// The columns of this table whose change changes the resource; `None`: all.
    pub reads: Option<Vec<String>>,
    /// The view that says whose the rows of the table above are.
    pub above: Option<String>,
    /// The view that says whose the rows of this table are, where tables below ask for it.
    pub view: Option<String>,
}

/// The kind of row at the top.
#[derive(Clone, Debug, PartialEq)]
pub enum Root {
    /// The row is the resource.
    Row {
        /// The column with its id.
        id: String,
    },
    /// All rows with one value of a column are the resource.
    Group {
        /// The table gathered.
        gathered: String,
        /// Its column.
        column: String,
        /// The table it points to.
        table: String,
        /// The column there with the id.
        id: String,
    },
    /// A row of `gw_documents`: type and plan stand in the row.
    Document,
}

/// A foreign key that is shown as a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Referrer {
    /// The table with the foreign key.
    pub table: String,
    /// The foreign key.
    pub column: String,
    /// The column pointed to that is shown.
    pub public_id: String,
    /// Whose resource that row is.
    pub owner: Owner,
}

/// A plan that gathers rows by a foreign key to this table.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupOf {
    /// The plan.
    pub plan: String,
    /// The type.
    pub resource: String,
    /// The table gathered.
    pub table: String,
    /// Its foreign key.
    pub column: String,
    /// What a row gathered must have.
    pub filter: Vec<(String, String)>,
    /// The column of this table with the id.
    pub id: String,
}
