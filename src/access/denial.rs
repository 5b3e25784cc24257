//! Refusals that explain themselves: the rule, the smallest missing scope, how to ask for it. All of them
//! are decided from the token and the request alone, before the store is touched, so none tells
//! whether anything exists.

use crate::interaction::Interaction;
use crate::role::Role;
use crate::scope::Scope;

/// Why a caller may not do something, or why there is no caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The grant makes no caller. To the wire it is an invalid token.
    #[error("the token makes no caller: {0}")]
    Token(#[from] GrantFault),
    /// The role may not do this, whatever the scopes.
    #[error("the role {role} may not {interaction} {resource_type}: {reason}")]
    Role {
        /// The caller's role.
        role: Role,
        /// The R4 type.
        resource_type: &'static str,
        /// What was asked.
        interaction: Interaction,
        /// The table's reason.
        reason: String,
    },
    /// No granted scope covers it.
    #[error("{interaction} {resource_type} needs the scope {needed}, {}", missing(*registered, *no_launch_patient))]
    Scope {
        /// The R4 type.
        resource_type: &'static str,
        /// What was asked.
        interaction: Interaction,
        /// The smallest scope that would do.
        needed: Box<Scope>,
        /// Whether the client is registered for such a scope, so that asking again would help.
        registered: bool,
        /// A scope that would do was granted, but speaks of the patient in context, and the token names none.
        no_launch_patient: bool,
    },
    /// No R4 type of that name.
    #[error("{0} is no resource type of FHIR R4")]
    UnknownType(String),
}

fn missing(registered: bool, no_launch_patient: bool) -> &'static str {
    match (registered, no_launch_patient) {
        (_, true) => "which was granted for the patient in context, but the token names none: launch with a patient, or ask for launch/patient as well",
        (true, _) => "which was not granted: name it in the `scope` parameter when asking for authorization",
        (false, _) => "which the client is not registered for: an administrator adds it to the client's scopes, then it can be asked for",
    }
}

/// What a token's grant lacks to make a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantFault {
    /// A scope parameter that cannot be read.
    #[error("its scopes cannot be read")]
    Scopes,
    /// A role of a person without a person, or the other way round.
    #[error("its role does not go with its user")]
    User,
    /// The user's resource is missing or of the wrong type for the role.
    #[error("its user has no FHIR resource that goes with the role")]
    FhirUser,
    /// The launch patient is no id.
    #[error("its patient is no FHIR id")]
    LaunchPatient,
    /// A patient's token names someone else.
    #[error("its patient is not the user")]
    OtherPatient,
    /// Registered and granted scopes together are too many to be weighed.
    #[error("its scopes are too many")]
    TooManyScopes,
    /// Internal roles are not given out by tokens.
    #[error("its role is none that a token can have")]
    Role,
}
