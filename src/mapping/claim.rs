//! Which plan takes a written resource.

use crate::compile::Mappings;
use crate::plan::{Claim, Plan};
use hearthgate_fhir::Value;
use hearthgate_fhir::index::{IndexValue, values};
use hearthgate_fhir::r4;

/// The plan that takes a resource: the one whose claims it meets, or the one that takes the rest.
#[must_use]
pub fn plan_for<'m>(mappings: &'m Mappings, resource_type: &str, resource: &Value) -> Option<&'m Plan> {
    let mut rest = None;
    for plan in mappings.of_type(resource_type).filter(|p| !p.readonly && p.app_state.is_none()) {
        if plan.claims.is_empty() {
            rest = Some(plan);
        } else if plan.claims.iter().all(|claim| met(claim, resource_type, resource)) {
            return Some(plan);
        }
    }
    rest
}

fn met(claim: &Claim, resource_type: &str, resource: &Value) -> bool {
    let Some(parameter) = r4::search_parameter(resource_type, &claim.parameter) else { return false };
    let Some(expression) = &parameter.compiled else { return false };
    expression.eval(resource_type, resource).iter().flat_map(|found| values(parameter.kind, parameter.code, found)).any(|value| match value {
        IndexValue::Token { code: Some(code), .. } => claim.codes.contains(&code),
        _ => false,
    })
}
