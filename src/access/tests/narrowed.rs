//! A query without its boundary does not compile where one with it runs.

use hearthgate_access::{Interaction, Narrowed, Target};

struct Query;
impl Target for Query {
    fn resource_type(&self) -> &str {
        "Observation"
    }
    fn interaction(&self) -> Interaction {
        Interaction::Search
    }
}

/// What the store's door looks like.
fn run<T>(query: Narrowed<T>) -> T {
    query.into_target()
}

#[test]
fn only_a_narrowed_query_runs() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
}

#[test]
fn a_narrowed_query_runs() {
    let roles = hearthgate_access::Roles::shipped().unwrap().into();
    let caller = hearthgate_access::Caller::internal(hearthgate_access::InternalCaller::Verify, &roles);
    let Query = run(caller.narrow(Query).unwrap());
}
