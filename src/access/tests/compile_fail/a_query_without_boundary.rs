use hearthgate_access::Narrowed;

struct Query;

fn run<T>(_: Narrowed<T>) {}

fn main() {
    run(Query);
}
