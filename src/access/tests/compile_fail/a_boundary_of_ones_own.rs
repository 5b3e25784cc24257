use hearthgate_access::{Boundary, Narrowed};

struct Query;

fn forge(boundary: Boundary) -> Narrowed<Query> {
    Narrowed { target: Query, boundary }
}

fn main() {}
