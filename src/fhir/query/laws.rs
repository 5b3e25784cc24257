//! What holds for every query.

use super::tests::{BASE, ask, lookup};
use super::*;
use proptest::prelude::*;

fn any_pair() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        ("(name|family|name:exact|gender:text)", "[a-z|,$\\\\ é]{1,8}"),
        ("(identifier|gender:not|_tag)", "[a-c]{1,2}(\\|[a-c]{1,2})?(,[a-c]{1,2}\\|)?"),
        ("birthdate", "(eq|ge|)(19|20)[0-9]{2}(-0[1-9])?"),
        ("(value|probability)", "(lt|ap|eq|)[1-9](\\.[0-9]{1,3})?"),
        ("(organization|subject)", "[a-z0-9]{1,5}(,[a-z]{1,3})?"),
        ("(foo|_pretty)", ".{0,5}"),
    ]
}

proptest! {
    #[test]
    fn the_order_of_parameters_does_not_matter(pairs in proptest::collection::vec(any_pair(), 0..6), seed in any::<u64>()) {
        let mut shuffled = pairs.clone();
        for at in 1..shuffled.len() {
            shuffled.swap(at, (seed as usize).wrapping_mul(at * 31 + 7) % (at + 1));
        }
        match (parse("Patient", &pairs, &lookup, BASE), parse("Patient", &shuffled, &lookup, BASE)) {
            (Ok(one), Ok(other)) => prop_assert_eq!(one.canonical(), other.canonical()),
            (one, other) => prop_assert!(one.is_err() && other.is_err()),
        }
    }

    #[test]
    fn a_written_query_reads_back_as_itself(pairs in proptest::collection::vec(any_pair(), 0..6)) {
        if let Ok(query) = parse("Patient", &pairs, &lookup, BASE) {
            for text in [query.canonical(), query.self_query()] {
                let again = parse("Patient", &form_pairs(&text).expect("written"), &lookup, BASE).expect("written");
                prop_assert_eq!(again.canonical(), query.canonical());
                prop_assert!(again.ignored.is_empty());
            }
            let honoured = parse("Patient", &query.self_pairs(), &lookup, BASE).expect("written");
            prop_assert_eq!(honoured.parameters, query.parameters);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(raw in "(name|gender|birthdate|subject|value|_include|_sort|x)(:[a-z-]{0,8})?=[ -~é%]{0,30}") {
        if let Ok(query) = ask(&raw) {
            let again = ask(&query.canonical()).expect("written");
            prop_assert_eq!(again.canonical(), query.canonical());
        }
    }

    #[test]
    fn encoding_is_undone_by_decoding(text in "[^\\p{Cc}]{1,30}") {
        let pairs = form_pairs(&format!("{0}={0}", encode(&text))).expect("written");
        prop_assert_eq!(pairs, [(text.clone(), text)]);
    }
}
