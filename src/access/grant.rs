//! What a client's registration and a person's role leave of the scopes that were asked for.

use std::fmt;

use hearthgate_fhir::r4;

use crate::interaction::{Interaction, Letters};
use crate::role::Role;
use crate::roles::Roles;
use crate::scope::{Context, Scope, ScopeError, Scopes};

/// More effective scopes than this make no caller: each is weighed for each request.
const MAX_SCOPES: usize = 256;

/// What both grant: the union of what each pair has in common. `None` when that is too much to weigh.
pub(crate) fn intersect(registered: &Scopes, granted: &Scopes) -> Option<Scopes> {
    let mut common: Vec<Scope> = Vec::new();
    for one in registered.fhir() {
        for two in granted.fhir() {
            let Some(both) = one.intersect(two) else {
                continue;
            };
            if !common.iter().any(|known| known.covers(&both)) {
                common.retain(|known| !both.covers(known));
                common.push(both);
                if common.len() > MAX_SCOPES {
                    return None;
                }
            }
        }
    }
    let other = granted.other().iter().filter(|name| registered.has(name)).copied().collect();
    Some(Scopes::of(common, other))
}

/// A scope that was asked for and cannot be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// As it was asked for, at most 128 characters of it.
    pub scope: String,
    /// Why not.
    pub reason: ExcessReason,
}

/// Why a scope cannot be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExcessReason {
    /// No scope of this server.
    Unknown,
    /// The client is not registered for it, or for the part named here only.
    NotRegistered {
        /// The smallest part that is not registered.
        missing: String,
    },
    /// `user/` without a person, `system/` with one.
    Context(Role),
    /// The person's role does not permit it.
    Role {
        /// The role.
        role: Role,
        /// The table's reason for the first part that is not permitted.
        reason: String,
    },
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.scope)?;
        match &self.reason {
            ExcessReason::Unknown => f.write_str("no scope of this server; see scopes_supported in .well-known/smart-configuration"),
            ExcessReason::NotRegistered { missing } => {
                write!(f, "the client is not registered for {missing}; an administrator adds it to the client's scopes")
            }
            ExcessReason::Context(Role::System) => f.write_str("there is no user; a client alone asks for system/… or, with a patient, patient/…"),
            ExcessReason::Context(_) => f.write_str("system/… is for clients without a user; ask for user/… or patient/…"),
            ExcessReason::Role { role, reason } => {
                write!(f, "the role {role} does not permit it: {reason}")
            }
        }
    }
}

/// The scopes a token may have: those asked for, if the registration holds each and the role permits
/// it; otherwise each that does not fit, with its reason.
///
/// A scope for one type must be permitted to the role letter by letter. `*` stands for whatever the role
/// permits, so it fits as soon as the role permits any of it; the role narrows it whenever it is used.
pub fn subset(roles: &Roles, role: Role, registered: &str, asked: &str) -> Result<Result<Scopes, Vec<Excess>>, ScopeError> {
    let registered = Scopes::parse(registered)?;
    let granted = Scopes::parse(asked)?;
    let mut excess = Vec::new();
    for token in asked.split(' ').filter(|token| !token.is_empty()) {
        let reason = match Scope::parse(token) {
            Some(scope) => fits(roles, role, &registered, &scope).err(),
            None if registered.has(token) => None,
            None if granted.has(token) => Some(ExcessReason::NotRegistered { missing: token.to_owned() }),
            None => Some(ExcessReason::Unknown),
        };
        if let Some(reason) = reason {
            excess.push(Excess { scope: token.chars().take(128).collect(), reason });
        }
    }
    Ok(if excess.is_empty() { Ok(granted) } else { Err(excess) })
}

fn fits(roles: &Roles, role: Role, registered: &Scopes, scope: &Scope) -> Result<(), ExcessReason> {
    let person = !matches!(role, Role::System | Role::Internal(_));
    match scope.context() {
        Context::User if !person => return Err(ExcessReason::Context(role)),
        Context::System if person => return Err(ExcessReason::Context(role)),
        _ => {}
    }
    for letter in scope.letters().each() {
        let part = scope.only(letter);
        if !registered.fhir().iter().any(|known| known.covers(&part)) {
            return Err(ExcessReason::NotRegistered { missing: part.to_string() });
        }
    }
    let mut letters = scope.letters().each();
    let reason = match scope.resource_type() {
        Some(_) => letters.find_map(|letter| refusal(roles, role, scope, letter).map(str::to_owned)),
        None => {
            let permitted = |letter| r4::resource_types().iter().any(|name| roles.refusal(role, name, letter, false).is_none());
            let any = letters.any(permitted);
            (!any).then(|| "nothing of it is permitted to the role on any type".to_owned())
        }
    };
    reason.map_or(Ok(()), |reason| Err(ExcessReason::Role { role, reason }))
}

/// Whether a role permits some interaction of a letter on what a scope speaks of; `*` stands for whatever the role permits.
pub(crate) fn is_permitted(roles: &Roles, role: Role, scope: &Scope, letter: Letters) -> bool {
    match scope.resource_type() {
        Some(_) => refusal(roles, role, scope, letter).is_none(),
        None => r4::resource_types().iter().any(|name| roles.refusal(role, name, letter, false).is_none()),
    }
}

/// The table's reason against a letter of a scope for one type.
fn refusal<'a>(roles: &'a Roles, role: Role, scope: &Scope, letter: Letters) -> Option<&'a str> {
    roles.refusal(role, scope.resource_type()?, letter, scope.is_of_apps())
}

impl Roles {
    /// The table's reason against a letter on a type; `None` when some interaction of the letter is permitted. What apps keep for
    /// themselves is permitted where the scope names its codes.
    fn refusal(&self, role: Role, name: &str, letter: Letters, of_apps: bool) -> Option<&str> {
        let mut reason = None;
        for interaction in Interaction::ALL.into_iter().filter(|i| i.letters() == letter) {
            match self.decision(role, name, interaction) {
                Some(decision) if decision.reach.iter().any(|kind| of_apps || !kind.is_of_apps()) => return None,
                Some(decision) => reason = reason.or(Some(decision.reason)),
                None => reason = reason.or(Some("no resource type of FHIR R4")),
            }
        }
        reason
    }
}
