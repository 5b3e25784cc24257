use hearthgate_access::Caller;

fn needs_default<T: Default>() {}

fn main() {
    needs_default::<Caller>();
}
