//! Roles: those of people and systems, and the gateway's own named callers.

use std::fmt;

/// In which capacity a caller acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A person treated here.
    Patient,
    /// A person who treats.
    Doctor,
    /// A person who keeps the directory, accounts and clients.
    Admin,
    /// A client without a person.
    System,
    /// A part of the gateway itself.
    Internal(InternalCaller),
}

/// The parts of the gateway that reach data by themselves, each with its own rows in
/// `config/roles.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InternalCaller {
    /// `hearthgate import`.
    Import,
    /// Reading findings out of notes.
    Extraction,
    /// `hearthgate verify`.
    Verify,
    /// `hearthgate export`.
    Export,
    /// The maker of the sample clinic.
    Sample,
    /// The portal's pages before anyone signs in; afterwards it acts as the person.
    Portal,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 10] = [
        Self::Patient,
        Self::Doctor,
        Self::Admin,
        Self::System,
        Self::Internal(InternalCaller::Import),
        Self::Internal(InternalCaller::Extraction),
        Self::Internal(InternalCaller::Verify),
        Self::Internal(InternalCaller::Export),
        Self::Internal(InternalCaller::Sample),
        Self::Internal(InternalCaller::Portal),
    ];

    /// The role's name in `config/roles.toml`, in the users' table and in audit events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Doctor => "doctor",
            Self::Admin => "admin",
            Self::System => "system",
            Self::Internal(InternalCaller::Import) => "import",
            Self::Internal(InternalCaller::Extraction) => "extraction",
            Self::Internal(InternalCaller::Verify) => "verify",
            Self::Internal(InternalCaller::Export) => "export",
            Self::Internal(InternalCaller::Sample) => "sample",
            Self::Internal(InternalCaller::Portal) => "portal",
        }
    }

    /// The role of a name, internal ones included.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The role of an account or client by name: never an internal one.
    #[must_use]
    pub fn of_account(name: &str) -> Option<Self> {
        Self::named(name).filter(|role| !matches!(role, Self::Internal(_)))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
