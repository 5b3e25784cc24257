//! Users: the people who may sign in. Read inline, like a point read; written through the one writer.

use crate::{Change, Error, Store, reader};
use hearthgate_mapping::Sql;
use rusqlite::{OptionalExtension, Row};

/// A person who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name to sign in with, as it is stored.
    pub username: String,
    /// `patient`, `doctor` or `admin`.
    pub role: String,
    /// `Patient/…`, `Practitioner/…` or `Person/…`.
    pub fhir_user: Option<String>,
    /// The public id of a patient's own record.
    pub patient: Option<String>,
    /// May not sign in.
    pub disabled: bool,
    /// The row, by which sessions and grants know the person.
    pub row: i64,
}

/// A person to be added.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name to sign in with.
    pub username: String,
    /// `patient`, `doctor` or `admin`.
    pub role: String,
    /// `Patient/…`, `Practitioner/…` or `Person/…`.
    pub fhir_user: Option<String>,
    /// The password, hashed.
    pub password_hash: String,
}

/// The columns of an account, the first seven of a row.
pub(crate) const ACCOUNT_COLUMNS: &str = "u.username, u.role, u.person_ref, p.public_id, d.public_id, u.disabled, u.id";
/// What they need beside `users u`.
pub(crate) const ACCOUNT_JOINS: &str = "LEFT JOIN patients p ON p.id = u.patient_id LEFT JOIN doctors d ON d.id = u.doctor_id";

pub(crate) fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let (role, person, patient, doctor): (String, Option<String>, Option<String>, Option<String>) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
    let fhir_user = match role.as_str() {
        "patient" => patient.as_ref().map(|id| format!("Patient/{id}")),
        "doctor" => doctor.map(|id| format!("Practitioner/{id}")),
        _ => person,
    };
    Ok(Account { username: row.get(0)?, role, fhir_user, patient, disabled: row.get(5)?, row: row.get(6)? })
}

impl Store {
    /// A person by the name to sign in with, whatever its case.
    ///
    /// # Errors
    /// The database's own.
    pub fn account(&self, username: &str) -> Result<Option<Account>, Error> {
        let reader = reader::here(&self.core)?;
        Ok(reader
            .conn
            .prepare_cached(&format!("SELECT {ACCOUNT_COLUMNS} FROM users u {ACCOUNT_JOINS} WHERE u.username = ?1"))?
            .query_row([username], account)
            .optional()?)
    }

    /// Everyone who may sign in, by name.
    ///
    /// # Errors
    /// The database's own.
    pub fn accounts(&self) -> Result<Vec<Account>, Error> {
        let reader = reader::here(&self.core)?;
        Ok(reader
            .conn
            .prepare_cached(&format!("SELECT {ACCOUNT_COLUMNS} FROM users u {ACCOUNT_JOINS} ORDER BY u.username"))?
            .query_map([], account)?
            .collect::<Result<_, _>>()?)
    }

    /// The first of those in whose name a part occurs, whatever its case, by name.
    ///
    /// # Errors
    /// The database's own.
    pub fn accounts_named(&self, part: &str, most: u32) -> Result<Vec<Account>, Error> {
        let reader = reader::here(&self.core)?;
        Ok(reader
            .conn
            .prepare_cached(&format!(
                "SELECT {ACCOUNT_COLUMNS} FROM users u {ACCOUNT_JOINS} WHERE instr(lower(u.username), lower(?1)) > 0 ORDER BY u.username LIMIT ?2"
            ))?
            .query_map((part, most), account)?
            .collect::<Result<_, _>>()?)
    }

    /// A stored text of each way in which passwords are hashed: algorithm, version and cost.
    ///
    /// # Errors
    /// The database's own.
    pub fn password_kinds(&self) -> Result<Vec<String>, Error> {
        let reader = reader::here(&self.core)?;
        Ok(reader
            .conn
            .prepare("SELECT min(password_hash) FROM users WHERE password_hash IS NOT NULL GROUP BY substr(password_hash, 1, instr(password_hash, ',p='))")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    }

    /// The password's hash of a person.
    ///
    /// # Errors
    /// The database's own.
    pub fn password_hash(&self, username: &str) -> Result<Option<String>, Error> {
        let reader = reader::here(&self.core)?;
        Ok(reader.conn.prepare_cached("SELECT password_hash FROM users WHERE username = ?1")?.query_row([username], |r| r.get(0)).optional()?.flatten())
    }
}

fn text(value: Option<&str>) -> Sql {
    value.map_or(Sql::Null, |v| Sql::Text(v.to_owned()))
}

impl NewAccount {
    /// The change that adds it. Its role says which record it must point to; a constraint refuses one that is not there.
    #[must_use]
    pub fn change(&self) -> Change {
        let id = |kind: &str| self.fhir_user.as_deref().and_then(|u| u.strip_prefix(kind)).and_then(|u| u.strip_prefix('/'));
        let person = self.fhir_user.as_deref().filter(|u| u.starts_with("Person/") || u.starts_with("RelatedPerson/"));
        Change::Sql {
            sql: "INSERT INTO users (username, role, patient_id, doctor_id, person_ref, password_hash)
                  VALUES (?1, ?2, (SELECT id FROM patients WHERE public_id = ?3), (SELECT id FROM doctors WHERE public_id = ?4), ?5, ?6)"
                .to_owned(),
            parameters: vec![
                text(Some(&self.username)),
                text(Some(&self.role)),
                text(id("Patient").filter(|_| self.role == "patient")),
                text(id("Practitioner").filter(|_| self.role == "doctor")),
                text(person),
                text(Some(&self.password_hash)),
            ],
            expect: Some(1),
        }
    }
}

impl Change {
    /// Refuses a person from now on, or lets one in again.
    #[must_use]
    pub fn disable_account(username: &str, disabled: bool) -> Self {
        Self::Sql {
            sql: "UPDATE users SET disabled = ?2 WHERE username = ?1".to_owned(),
            parameters: vec![text(Some(username)), Sql::Integer(i64::from(disabled))],
            expect: Some(1),
        }
    }

    /// Gives a person a new password, hashed; what the old one opened ends by the table's own trigger.
    #[must_use]
    pub fn set_password(username: &str, password_hash: &str) -> Self {
        Self::Sql {
            sql: "UPDATE users SET password_hash = ?2 WHERE username = ?1".to_owned(),
            parameters: vec![text(Some(username)), text(Some(password_hash))],
            expect: Some(1),
        }
    }

    /// Ends whose care a patient is in, who is about to go.
    #[must_use]
    pub fn end_care(patient: &str) -> Self {
        Self::Sql {
            sql: "DELETE FROM care_relations WHERE patient_id = (SELECT id FROM patients WHERE public_id = ?1)".to_owned(),
            parameters: vec![text(Some(patient))],
            expect: None,
        }
    }

    /// Puts a patient into a doctor's care; nothing happens where the relation stands already.
    #[must_use]
    pub fn add_care(patient: &str, doctor: &str) -> Self {
        Self::Sql {
            sql: "INSERT INTO care_relations (patient_id, doctor_id) SELECT p.id, d.id FROM patients p, doctors d
                  WHERE p.public_id = ?1 AND d.public_id = ?2
                  AND NOT EXISTS (SELECT 1 FROM care_relations c WHERE c.patient_id = p.id AND c.doctor_id = d.id AND c.active = 1)"
                .to_owned(),
            parameters: vec![text(Some(patient)), text(Some(doctor))],
            expect: None,
        }
    }
}
