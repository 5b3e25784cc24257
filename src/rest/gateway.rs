//! What every interaction works with.

use super::fault::Fault;
use hearthgate_access::{Caller, Interaction, Narrowed};
use hearthgate_fhir::query::{self, Kind, Query};
use hearthgate_ledger::Ledger;
use hearthgate_mapping::{Mappings, Statement};
use hearthgate_seal::Keyring;
use hearthgate_search::{COLUMN_SEQ, Context, Read, Search, Versions, living, read, search, versions};
use hearthgate_store::{Store, Stored};
use std::sync::Arc;

/// What time it is, in ms since 1970 UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What an operator may set about the FHIR interface.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The FHIR base URL, without a slash at its end.
    pub base: String,
    /// Results on a page when `_count` does not say.
    pub page: u32,
    /// Most results on a page.
    pub page_limit: u32,
    /// Most bytes of a body.
    pub body_limit: usize,
    /// Most entries of a bundle.
    pub entry_limit: usize,
    /// Whether clients other than patients' may choose the id of what they create.
    pub update_create: bool,
    /// Whether a resource that departs from a known profile which it claims is refused.
    pub refuse_false_claims: bool,
    /// A proxy in front says where requests come from.
    pub trusted_proxy: bool,
}

/// The gateway behind the FHIR interface. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    /// What an operator set.
    pub settings: Settings,
    /// The mappings.
    pub mappings: Arc<Mappings>,
    /// The store.
    pub store: Arc<Store>,
    /// The keys.
    pub keyring: Arc<Keyring>,
    /// The audit.
    pub ledger: Arc<Ledger>,
    /// The time.
    pub clock: Clock,
}

impl Gateway {
    /// Now, in ms since 1970 UTC.
    #[must_use]
    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Runs something that makes statements.
    pub fn with_context<T>(&self, make: impl FnOnce(&Context<'_>) -> T) -> T {
        let blind = |field: &str, text: &str| self.keyring.blind(field, text);
        make(&Context::new(&self.mappings, self.now(), &blind))
    }

    /// Reads the parameters of a search over a type; those that the caller may not search by are as unknown as any.
    ///
    /// # Errors
    /// What the parser cannot obey.
    pub fn parse_query(&self, caller: &Caller, resource: &str, pairs: &[(String, String)]) -> Result<Query, Fault> {
        let lookup = |code: &str| -> Option<(Kind, Vec<&'static str>)> {
            let parameter = hearthgate_mapping::index::parameter(resource, code).filter(|_| super::directory::searchable(caller, resource, code))?;
            Some((parameter.kind, parameter.targets.clone()))
        };
        Ok(query::parse(resource, pairs, &lookup, &self.settings.base)?)
    }

    /// The current version of a resource, if the caller may see it; a tombstone if it was deleted within the caller's boundary.
    ///
    /// # Errors
    /// A denial, or the store's.
    pub fn find(&self, caller: &Caller, resource: &'static str, id: &str) -> Result<Option<Stored>, Fault> {
        self.find_for(caller, resource, id, Interaction::Read)
    }

    /// As [`Self::find`], within what the caller may reach by another interaction.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_for(&self, caller: &Caller, resource: &'static str, id: &str, interaction: Interaction) -> Result<Option<Stored>, Fault> {
        let target = caller.narrow(Read { resource, id: id.to_owned(), interaction })?;
        let statement = self.with_context(|context| living(target, context));
        if let Some(found) = self.store.point(&statement)? {
            return Ok(Some(found));
        }
        // It may be dead, and it may have come to life since.
        Ok(self.store.point(&self.touch(caller, resource, id, interaction)?)?)
    }

    /// The statement that answers a resource if the caller may reach it by an interaction.
    ///
    /// # Errors
    /// A denial.
    pub fn touch(&self, caller: &Caller, resource: &'static str, id: &str, interaction: Interaction) -> Result<Narrowed<Statement>, Fault> {
        let target = caller.narrow(Read { resource, id: id.to_owned(), interaction })?;
        Ok(self.with_context(|context| read(target, context)))
    }

    /// Ids that a search finds, at most `limit`.
    ///
    /// # Errors
    /// As a search.
    pub async fn ids(&self, caller: &Caller, resource: &'static str, code: &str, value: &str, limit: u32) -> Result<Vec<String>, Fault> {
        Ok(self.list(caller, resource, code, value, limit).await?.into_iter().map(|f| f.id).collect())
    }

    /// What a search finds, at most `limit`.
    ///
    /// # Errors
    /// As a search.
    pub async fn list(&self, caller: &Caller, resource: &'static str, code: &str, value: &str, limit: u32) -> Result<Vec<Stored>, Fault> {
        let query = self.parse_query(caller, resource, &[(code.to_owned(), value.to_owned())])?;
        // What cannot be asked finds nothing, never everything.
        if !query.ignored.is_empty() {
            return Ok(Vec::new());
        }
        let narrowed = caller.narrow(Search { resource, query, count: limit, after: None, total: false })?;
        let page = self.with_context(|context| search(narrowed, context))?;
        let mut found = self.store.page_of(&page, |page| &page.rows).await?;
        found.truncate(limit as usize);
        Ok(found)
    }

    /// The versions that a question answers, each with the content it had, newest first; one more than its `count` where there is a
    /// next page.
    ///
    /// # Errors
    /// A denial, or the store's.
    pub async fn versions(&self, caller: &Caller, asked: Versions) -> Result<Vec<Stored>, Fault> {
        let narrowed = caller.narrow(asked)?;
        let statement = self.with_context(|context| versions(narrowed, context));
        Ok(self.store.versions(statement, COLUMN_SEQ).await?)
    }

    /// As [`Self::find`], with the absence as the fault it is.
    ///
    /// # Errors
    /// [`Fault::NotFound`] or [`Fault::Gone`] besides those of `find`.
    pub fn get(&self, caller: &Caller, resource: &'static str, id: &str) -> Result<Stored, Fault> {
        match self.find(caller, resource, id)? {
            None => Err(Fault::NotFound),
            Some(found) if found.deleted => Err(Fault::Gone),
            Some(found) => Ok(found),
        }
    }

    /// The body as this caller sees it, with the patients it names.
    #[must_use]
    pub fn present(&self, caller: &Caller, resource: &str, stored: &Stored) -> (bytes::Bytes, Vec<String>) {
        super::present::present(self, caller, resource, stored)
    }
}

impl From<hearthgate_store::Error> for Fault {
    fn from(error: hearthgate_store::Error) -> Self {
        super::stored::fault(error)
    }
}

impl From<hearthgate_store::Refused> for Fault {
    fn from(refused: hearthgate_store::Refused) -> Self {
        super::stored::fault(refused.error)
    }
}
