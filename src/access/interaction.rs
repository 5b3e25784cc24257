//! FHIR's interactions and the letters of SMART scopes that stand for them
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources>).

use std::fmt;

/// What a request wants to do with a resource type (<https://hl7.org/fhir/R4/http.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Interaction {
    /// The current version of one resource.
    Read,
    /// One version of one resource.
    Vread,
    /// All versions of one resource.
    HistoryInstance,
    /// All versions of a type's resources.
    HistoryType,
    /// Search over a type.
    Search,
    /// A new resource under an id of the server's choosing. An update that creates needs this as well
    /// as [`Interaction::Update`].
    Create,
    /// A new version of a resource.
    Update,
    /// A new version by a patch.
    Patch,
    /// Removal.
    Delete,
}

impl Interaction {
    /// Every interaction.
    pub const ALL: [Self; 9] =
        [Self::Read, Self::Vread, Self::HistoryInstance, Self::HistoryType, Self::Search, Self::Create, Self::Update, Self::Patch, Self::Delete];

    /// The one letter a scope must hold: `r` for read, vread and the history of an instance, `s` for
    /// search and the history of a type, `c`, `u` (patch too) and `d`.
    #[must_use]
    pub const fn letters(self) -> Letters {
        match self {
            Self::Read | Self::Vread | Self::HistoryInstance => Letters::READ,
            Self::HistoryType | Self::Search => Letters::SEARCH,
            Self::Create => Letters::CREATE,
            Self::Update | Self::Patch => Letters::UPDATE,
            Self::Delete => Letters::DELETE,
        }
    }

    /// The interaction's code in FHIR (`history-instance`, `search-type`, …), as the
    /// CapabilityStatement and audit events write it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Vread => "vread",
            Self::HistoryInstance => "history-instance",
            Self::HistoryType => "history-type",
            Self::Search => "search-type",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    /// Whether it changes what is stored.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Patch | Self::Delete)
    }
}

impl fmt::Display for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A set of the letters `c`, `r`, `u`, `d`, `s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Letters(u8);

const ORDER: [char; 5] = ['c', 'r', 'u', 'd', 's'];

impl Letters {
    /// No letter.
    pub const NONE: Self = Self(0);
    /// `c`.
    pub const CREATE: Self = Self(1);
    /// `r`.
    pub const READ: Self = Self(2);
    /// `u`.
    pub const UPDATE: Self = Self(4);
    /// `d`.
    pub const DELETE: Self = Self(8);
    /// `s`.
    pub const SEARCH: Self = Self(16);
    /// All five.
    pub const ALL: Self = Self(31);

    /// The letters of SMART v2 (a non-empty part of `cruds`, in that order) or a word of v1: `read` is
    /// `rs`, `write` is `cud`, `*` is `cruds`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => return Some(Self::READ.and(Self::SEARCH)),
            "write" => return Some(Self::CREATE.and(Self::UPDATE).and(Self::DELETE)),
            "*" => return Some(Self::ALL),
            _ => {}
        }
        let mut rest = text;
        let mut letters = Self::NONE;
        for (bit, letter) in ORDER.iter().enumerate() {
            if let Some(after) = rest.strip_prefix(*letter) {
                rest = after;
                letters.0 |= 1 << bit;
            }
        }
        (rest.is_empty() && letters != Self::NONE).then_some(letters)
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether every letter of `other` is here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is no letter.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The letters one by one, in order.
    pub fn each(self) -> impl Iterator<Item = Self> {
        (0..5).map(|bit| Self(1 << bit)).filter(move |one| self.contains(*one))
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in ORDER.iter().enumerate() {
            if self.0 & (1 << bit) != 0 {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}
