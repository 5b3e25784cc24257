//! `hearthgate users …`: the people who may sign in.

use super::{event, write};
use crate::ops::control::Console;
use crate::ops::instance::Instance;
use hearthgate_auth::PasswordCost;
use hearthgate_store::{Account, AuditRow, Change, Context, NewAccount, Unit};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

/// A user to be added.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct New {
    /// The name to sign in with.
    pub name: String,
    /// `patient`, `doctor` or `admin`.
    pub role: String,
    /// The user's resource: `Patient/…`, `Practitioner/…`, `Person/…`.
    pub fhir_user: Option<String>,
    /// The password; one is made if none is given.
    pub password: Option<String>,
}

pub(super) fn add(new: &New, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    let password = add_quietly(new, instance, runtime)?;
    console.out(&format!("added the {} {}", new.role, new.name));
    if new.password.is_none() {
        console.out(&format!("the password, shown this once: {password}"));
    }
    Ok(0)
}

/// Adds a user; the password.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn add_quietly(new: &New, instance: &Instance, runtime: &Handle) -> Result<String, String> {
    let (account, password) = prepare(new, instance.password_cost())?;
    let mut event = event(instance, "user-add", None, Some(&new.name), 200);
    event.resource_id.clone_from(&new.fhir_user);
    let unit = Unit {
        context: Context { actor: None, client: Some("hearthgate-operator".to_owned()), at_ms: event.at_ms },
        changes: vec![account.change()],
        audit: serde_json::to_string(&event).ok().map(|event| AuditRow { event }),
    };
    match runtime.block_on(instance.gateway.store.write(unit)) {
        Ok(_) => Ok(password),
        Err(refused) if matches!(refused.error, hearthgate_store::Error::Constraint(_)) => {
            Err(format!("`{}` cannot be added: the name is taken, or there is no record `{}`", new.name, new.fhir_user.as_deref().unwrap_or_default()))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// A user as it will be stored, and the password. It takes a processor's full attention for a while.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn prepare(new: &New, cost: PasswordCost) -> Result<(NewAccount, String), String> {
    if new.name.is_empty() || new.name.len() > 128 || new.name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("--name: 1 to 128 characters without spaces".to_owned());
    }
    let wanted = match new.role.as_str() {
        "patient" => "Patient/",
        "doctor" => "Practitioner/",
        "admin" => "Person/",
        _ => return Err("--role: patient, doctor or admin".to_owned()),
    };
    if new.role != "admin" && !new.fhir_user.as_deref().is_some_and(|u| u.starts_with(wanted)) {
        return Err(format!("--fhir-user: a {} is {wanted}id", new.role));
    }
    let password = new.password.clone().unwrap_or_else(made_up);
    is_long_enough(&password)?;
    let account = NewAccount { username: new.name.clone(), role: new.role.clone(), fhir_user: new.fhir_user.clone(), password_hash: hash(&password, cost)? };
    Ok((account, password))
}

/// A password that may be one (NIST SP 800-63B section 5.1.1.2 asks for eight characters).
pub(super) fn is_long_enough(password: &str) -> Result<(), String> {
    if password.chars().count() < 12 || password.len() > 1024 {
        return Err("a password has at least 12 characters, and at most 1,024 bytes".to_owned());
    }
    Ok(())
}

/// A password nobody chose.
#[must_use]
pub fn made_up() -> String {
    // 20 letters and digits that cannot be mistaken for one another: 100 bits.
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
    let mut bytes = [0_u8; 20];
    hearthgate_seal::system_fill(&mut bytes);
    bytes.iter().map(|b| char::from(LETTERS[usize::from(b & 31)])).collect()
}

/// Argon2id at OWASP's floor.
pub(crate) fn hash(secret: &str, cost: PasswordCost) -> Result<String, String> {
    hearthgate_auth::hash_password(secret, cost, &hearthgate_seal::system_fill).map_err(|e| e.to_string())
}

pub(super) fn list(instance: &Instance, console: &mut dyn Console) -> Result<u8, String> {
    for account in instance.gateway.store.accounts().map_err(|e| e.to_string())? {
        let state = if account.disabled { "disabled" } else { "enabled" };
        console.out(&format!("{:<24} {:<8} {:<9} {}", account.username, account.role, state, account.fhir_user.unwrap_or_default()));
    }
    Ok(0)
}

pub(super) fn show(name: &str, instance: &Instance, console: &mut dyn Console) -> Result<u8, String> {
    let account = instance.gateway.store.account(name).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no user `{name}`"))?;
    console.out(&format!("name      {}", account.username));
    console.out(&format!("role      {}", account.role));
    console.out(&format!("state     {}", if account.disabled { "disabled" } else { "enabled" }));
    let factor = instance.gateway.store.totp(account.row).map_err(|e| e.to_string())?.is_some_and(|totp| totp.confirmed);
    let passkeys = instance.gateway.store.passkeys(account.row).map_err(|e| e.to_string())?.len();
    console.out(&format!("second    {}", if factor { format!("authenticator app, {passkeys} passkeys") } else { "none".to_owned() }));
    console.out(&format!("resource  {}", account.fhir_user.unwrap_or_default()));
    Ok(0)
}

/// What takes a person's second factor away, and what was opened with it.
#[must_use]
pub fn without_second_factor(account: &Account) -> Vec<Change> {
    let mut changes = Change::remove_totp(account.row);
    changes.push(Change::close_sessions(account.row));
    changes
}

pub(super) fn reset_second_factor(name: &str, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    let account = instance.gateway.store.account(name).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no user `{name}`"))?;
    write(instance, runtime, event(instance, "user-second-factor-reset", None, Some(name), 200), without_second_factor(&account)).map_err(|e| e.to_string())?;
    console.out(&format!("{} signs in with the password alone until there is a new second factor", account.username));
    Ok(0)
}

pub(super) fn disable(name: &str, disabled: bool, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    instance.gateway.store.account(name).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no user `{name}`"))?;
    let event = event(instance, if disabled { "user-disable" } else { "user-enable" }, None, Some(name), 200);
    let unit = Unit {
        context: Context { actor: None, client: Some("hearthgate-operator".to_owned()), at_ms: event.at_ms },
        changes: vec![Change::disable_account(name, disabled)],
        audit: serde_json::to_string(&event).ok().map(|event| AuditRow { event }),
    };
    runtime.block_on(instance.gateway.store.write(unit)).map_err(|e| e.to_string())?;
    console.out(&format!("{name} is {}", if disabled { "disabled: access ends now" } else { "enabled" }));
    Ok(0)
}
