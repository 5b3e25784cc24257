//! Rows that are gathered into one resource: each is rendered alone, and what they say in lists is put together.

use crate::plan::{Plan, Row};
use crate::render::{Stamp, render};
use hearthgate_fhir::Value;

/// The resource that the rows of a group are: the first row's, with the members that the others add to its lists.
#[must_use]
pub fn render_rows(plan: &Plan, rows: &[Row], stamp: &Stamp<'_>) -> Vec<u8> {
    let Some((first, others)) = rows.split_first() else { return Vec::new() };
    let whole = render(plan, first, stamp);
    if others.is_empty() {
        return whole;
    }
    let Ok(mut whole) = serde_json::from_slice::<Value>(&whole) else { return whole };
    for row in others {
        let Ok(Value::Object(more)) = serde_json::from_slice(&render(plan, row, stamp)) else { continue };
        for (name, value) in more {
            match (whole.get_mut(&name), value) {
                (Some(Value::Array(known)), Value::Array(members)) => {
                    for member in members {
                        if !known.contains(&member) {
                            known.push(member);
                        }
                    }
                }
                (None, value) => {
                    if let Value::Object(whole) = &mut whole {
                        whole.insert(name, value);
                    }
                }
                _ => {}
            }
        }
    }
    serde_json::to_vec(&whole).unwrap_or_default()
}
