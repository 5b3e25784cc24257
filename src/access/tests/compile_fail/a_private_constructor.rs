use hearthgate_access::{Boundary, Narrowed};

struct Query;

fn construct(boundary: Boundary) -> Narrowed<Query> {
    Narrowed::new(Query, boundary)
}

fn main() {}
