//! Hearthgate: a SMART-on-FHIR gateway over an EHR's own tables.
