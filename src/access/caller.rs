//! Who asks. Fields are private: there is a caller only from a verified grant, for a person who signed in
//! at the portal, or as a named part of the gateway, each held to the table of roles.

use std::fmt;
use std::sync::Arc;

use hearthgate_fhir::id;

use crate::app_state::{About, AppState, StateCode};
use crate::denial::{Denial, GrantFault};
use crate::grant;
use crate::interaction::Interaction;
use crate::narrow::{Boundary, Labels, Narrowed, Target};
use crate::reach::{Patients, Reach, SOFTWARE, TypeRule};
use crate::role::{InternalCaller, Role};
use crate::roles::{ReachKind, Roles};
use crate::scope::{Context, Scope, Scopes, static_type};

/// What a verified token stands for, with user, role and client as the database has them now: never the
/// token's own word for the role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedGrant {
    /// The client's id.
    pub client: String,
    /// The scopes the client is registered for.
    pub registered: String,
    /// The user's name; `None` for a client alone.
    pub user: Option<String>,
    /// The user's role as stored, or [`Role::System`].
    pub role: Role,
    /// The user's resource: `Patient/…`, `Practitioner/…` or `Person/…`.
    pub fhir_user: Option<String>,
    /// The scopes granted.
    pub scope: String,
    /// The patient in launch context, a FHIR id.
    pub launch_patient: Option<String>,
}

/// Someone who signed in at the portal.
#[derive(Clone, Debug)]
pub struct Person {
    /// The user's name.
    pub user: String,
    /// The role as stored.
    pub role: Role,
    /// The user's resource: `Patient/…`, `Practitioner/…` or `Person/…`.
    pub fhir_user: Option<String>,
}

/// A caller: who, in which role, through which client, with which scopes. Cheap to clone.
#[derive(Clone)]
pub struct Caller {
    inner: Arc<Inner>,
}

struct Inner {
    roles: Arc<Roles>,
    labels: Arc<Labels>,
    role: Role,
    client: String,
    user: Option<String>,
    fhir_user: Option<String>,
    /// The id in `fhir_user` where the role's reach depends on it.
    own: Option<String>,
    launch_patient: Option<String>,
    registered: Scopes,
    effective: Scopes,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("role", &self.inner.role)
            .field("client", &self.inner.client)
            .field("user", &self.inner.user)
            .field("fhir_user", &self.inner.fhir_user)
            .field("launch_patient", &self.inner.launch_patient)
            .field("scopes", &self.inner.effective.to_string())
            .finish()
    }
}

impl Caller {
    /// The caller behind a verified token. Its scopes are those both registered and granted.
    pub fn from_token(grant: VerifiedGrant, roles: &Arc<Roles>) -> Result<Self, Denial> {
        let read = |text: &str| Scopes::parse(text).map_err(|_| GrantFault::Scopes);
        let registered = read(&grant.registered)?;
        let effective = grant::intersect(&registered, &read(&grant.scope)?).ok_or(GrantFault::TooManyScopes)?;
        let own = own(grant.role, grant.user.as_deref(), grant.fhir_user.as_deref())?;
        if let Some(patient) = &grant.launch_patient {
            if !id::is_id(patient) {
                return Err(GrantFault::LaunchPatient.into());
            }
            if grant.role == Role::Patient && own.as_ref() != Some(patient) {
                return Err(GrantFault::OtherPatient.into());
            }
        }
        Ok(Self::make(Inner {
            roles: Arc::clone(roles),
            labels: roles.labels(grant.role),
            role: grant.role,
            client: grant.client,
            user: grant.user,
            fhir_user: grant.fhir_user,
            own,
            launch_patient: grant.launch_patient,
            registered,
            effective,
        }))
    }

    /// Someone who signed in at the portal, with everything the role permits.
    pub fn signed_in(person: Person, roles: &Arc<Roles>) -> Result<Self, Denial> {
        let own = own(person.role, Some(&person.user), person.fhir_user.as_deref())?;
        let everything = Scopes::of(vec![Scope::everything(Context::User)], Vec::new());
        Ok(Self::make(Inner {
            roles: Arc::clone(roles),
            labels: roles.labels(person.role),
            role: person.role,
            client: "hearthgate-portal".to_owned(),
            user: Some(person.user),
            fhir_user: person.fhir_user,
            own,
            launch_patient: None,
            registered: everything.clone(),
            effective: everything,
        }))
    }

    /// A named part of the gateway, held to its rows in the table of roles.
    #[must_use]
    pub fn internal(which: InternalCaller, roles: &Arc<Roles>) -> Self {
        let role = Role::Internal(which);
        let everything = Scopes::of(vec![Scope::everything(Context::System)], Vec::new());
        Self::make(Inner {
            roles: Arc::clone(roles),
            labels: roles.labels(role),
            role,
            client: format!("hearthgate-{role}"),
            user: None,
            fhir_user: None,
            own: None,
            launch_patient: None,
            registered: everything.clone(),
            effective: everything,
        })
    }

    fn make(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// The role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.inner.role
    }

    /// The client's id; a part of the gateway is `hearthgate-…`.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.inner.client
    }

    /// The user's name, if there is a person.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.inner.user.as_deref()
    }

    /// The user's resource, `Type/id`.
    #[must_use]
    pub fn fhir_user(&self) -> Option<&str> {
        self.inner.fhir_user.as_deref()
    }

    /// The patient in launch context.
    #[must_use]
    pub fn launch_patient(&self) -> Option<&str> {
        self.inner.launch_patient.as_deref()
    }

    /// Whether this patient is the one in context: of the launch, or the caller's own.
    #[must_use]
    pub fn is_about(&self, patient: &str) -> bool {
        self.launch_patient() == Some(patient) || (self.inner.role == Role::Patient && self.inner.own.as_deref() == Some(patient))
    }

    /// The scopes that count: registered and granted.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.inner.effective
    }

    /// Labels withheld from the caller.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        &self.inner.labels
    }

    /// A text that is the same for the same caller and never for two different ones: role, user, client,
    /// user's resource, launch patient, scopes. Cursors are bound to it.
    #[must_use]
    pub fn binding(&self) -> String {
        let own = &self.inner;
        let part = |text: Option<&str>| text.map_or("-".to_owned(), |text| format!("{}:{text}", text.len()));
        [
            own.role.name().to_owned(),
            part(own.user.as_deref()),
            part(Some(&own.client)),
            part(own.fhir_user.as_deref()),
            part(own.launch_patient.as_deref()),
            own.effective.to_string(),
        ]
        .join(" ")
    }

    /// What the caller reaches of a type by an interaction.
    pub fn rule(&self, resource_type: &str, interaction: Interaction) -> Result<TypeRule, Denial> {
        let own = &*self.inner;
        let unknown = || Denial::UnknownType(resource_type.chars().take(64).collect());
        let name = static_type(resource_type).ok_or_else(unknown)?;
        let decision = own.roles.decision(own.role, name, interaction).ok_or_else(unknown)?;
        if decision.reach.is_empty() {
            let (role, reason) = (own.role, decision.reason.to_owned());
            return Err(Denial::Role { role, resource_type: name, interaction, reason });
        }
        let letters = interaction.letters();
        let granting = own.effective.fhir().iter().filter(|scope| scope.grants(name, letters));
        let reaches = granting.flat_map(|scope| {
            let (codes, of_apps) = (StateCode::of(scope), scope.is_of_apps());
            let (apps, record): (Vec<&ReachKind>, Vec<&ReachKind>) = decision.reach.iter().partition(|kind| kind.is_of_apps());
            let kept = apps.into_iter().flat_map(|kind| self.kept_by_apps(scope, *kind, &codes)).collect::<Vec<_>>();
            let record = record.into_iter().filter(|_| !of_apps).filter_map(|kind| {
                let patients = self.patients(scope.context(), *kind, own.roles.is_impersonal(name))?;
                let software = SOFTWARE.iter().filter(|_| *kind == ReachKind::Software).map(|(code, value)| ((*code).to_owned(), (*value).to_owned()));
                Some(Reach { patients, filters: scope.filters().iter().cloned().chain(software).collect() })
            });
            record.chain(kept).collect::<Vec<_>>()
        });
        TypeRule::union(reaches).ok_or_else(|| match decision.reach.iter().all(|kind| kind.is_of_apps()) {
            true => Denial::Role { role: own.role, resource_type: name, interaction, reason: decision.reason.to_owned() },
            false => self.scope_denial(name, interaction),
        })
    }

    /// What a scope reaches of what apps keep, of these codes. What is about nobody is no patient's, so that no launch reaches it.
    fn kept_by_apps(&self, scope: &Scope, kind: ReachKind, codes: &[StateCode]) -> Vec<Reach> {
        let own = &*self.inner;
        let person = !matches!(own.role, Role::System | Role::Internal(_));
        let about = match (scope.context(), own.role) {
            _ if codes.is_empty() => Vec::new(),
            (Context::User, _) if !person => Vec::new(),
            (Context::System, _) if person => Vec::new(),
            (Context::Patient, _) if kind == ReachKind::SharedApps => Vec::new(),
            (_, _) if kind == ReachKind::SharedApps => vec![About::Nobody],
            (Context::Patient, role) => match (role, own.launch_patient.clone(), own.own.clone()) {
                (Role::Patient, Some(patient), Some(own)) if patient == own => vec![About::Patient(patient)],
                (Role::Doctor, Some(patient), Some(practitioner)) => vec![About::InCare { practitioner, patient: Some(patient) }],
                (Role::System, Some(patient), _) => vec![About::Patient(patient)],
                _ => Vec::new(),
            },
            (Context::User, role) => match (role, own.own.clone(), own.fhir_user.clone()) {
                (Role::Patient, Some(patient), _) => vec![About::Patient(patient)],
                (Role::Doctor, Some(own), _) => vec![About::Practitioner(own.clone()), About::InCare { practitioner: own, patient: None }],
                (Role::Admin, _, Some(person)) => vec![About::Person(person)],
                _ => Vec::new(),
            },
            (Context::System, _) => vec![About::Anyone],
        };
        let filters: Vec<_> = scope.filters().iter().filter(|(name, _)| name != "code").cloned().collect();
        about.into_iter().map(|about| Reach { patients: Patients::Apps(AppState { codes: codes.to_vec(), about }), filters: filters.clone() }).collect()
    }

    /// Whose resources one scope reaches. `None`: nobody's, because the scope's context and the caller
    /// do not go together.
    fn patients(&self, context: Context, reach: ReachKind, impersonal: bool) -> Option<Patients> {
        let own = || self.inner.own.clone();
        let person = !matches!(self.inner.role, Role::System | Role::Internal(_));
        let launched = match context {
            // Never without a patient, not even for what no patient narrows.
            Context::Patient => Some(self.inner.launch_patient.clone()?),
            Context::User => person.then_some(None)?,
            Context::System => (!person).then_some(None)?,
        };
        if impersonal {
            return (reach == ReachKind::All).then_some(Patients::All);
        }
        Some(match (reach, launched) {
            (ReachKind::Own, Some(patient)) => (own()? == patient).then_some(Patients::Compartment(patient))?,
            (ReachKind::Own, None) => Patients::Compartment(own()?),
            (ReachKind::Care, Some(patient)) => Patients::CareOfCompartment { practitioner: own()?, patient },
            (ReachKind::Care, None) => Patients::CareOf(own()?),
            // A launch is about one patient in care, and care reaches all of that patient's.
            (ReachKind::Named, Some(_)) => return None,
            (ReachKind::Named, None) => Patients::Naming(own()?),
            // No patient's, and so every launch's.
            (ReachKind::Software, _) => Patients::All,
            (ReachKind::All, Some(patient)) => Patients::Compartment(patient),
            (ReachKind::All, None) => Patients::All,
            (ReachKind::Apps | ReachKind::SharedApps, _) => return None,
        })
    }

    fn scope_denial(&self, name: &'static str, interaction: Interaction) -> Denial {
        let own = &*self.inner;
        let letters = interaction.letters();
        let has = |scopes: &Scopes, context| scopes.fhir().iter().any(|s| s.context() == context && s.grants(name, letters));
        let context = match own.role {
            Role::System | Role::Internal(_) if own.launch_patient.is_none() => Context::System,
            Role::Patient => Context::Patient,
            _ if own.launch_patient.is_some() => Context::Patient,
            _ => Context::User,
        };
        Denial::Scope {
            resource_type: name,
            interaction,
            needed: Box::new(Scope::smallest(context, name, letters)),
            registered: has(&own.registered, context),
            no_launch_patient: own.launch_patient.is_none() && has(&own.effective, Context::Patient),
        }
    }

    /// Sets the boundary around a query. Only what comes out of here runs.
    pub fn narrow<T: Target>(&self, target: T) -> Result<Narrowed<T>, Denial> {
        let (name, interaction) = (target.resource_type().to_owned(), target.interaction());
        let rule = self.rule(&name, interaction)?;
        let others = target
            .also()
            .into_iter()
            .map(|(name, interaction)| {
                let rule = self.rule(&name, interaction).ok();
                (name, interaction, rule)
            })
            .collect();
        Ok(Narrowed::new(target, Boundary::new(self.clone(), name, interaction, rule, others)))
    }
}

/// The id a role's reach depends on, checked against the role.
fn own(role: Role, user: Option<&str>, fhir_user: Option<&str>) -> Result<Option<String>, GrantFault> {
    let of = |name: &str| {
        let (found, id) = fhir_user?.split_once('/')?;
        (found == name && id::is_id(id)).then(|| id.to_owned())
    };
    match (role, user) {
        (Role::Internal(_), _) => Err(GrantFault::Role),
        (Role::System, None) => Ok(None),
        (Role::System, Some(_)) | (_, None) => Err(GrantFault::User),
        (Role::Patient, Some(_)) => of("Patient").map(Some).ok_or(GrantFault::FhirUser),
        (Role::Doctor, Some(_)) => of("Practitioner").map(Some).ok_or(GrantFault::FhirUser),
        (Role::Admin, Some(_)) => Ok(None),
    }
}
