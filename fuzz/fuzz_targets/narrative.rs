//! No narrative that is let through holds what a browser could run.
#![no_main]

use hearthgate_validate::narrative;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{text}</div>");
    for text in [text, &div] {
        if narrative::check(text).is_ok() {
            let lower = text.to_ascii_lowercase();
            for tag in ["<script", "<style", "<svg", "<math", "<iframe", "<object", "<embed", "<form", "<template", "<!doctype", "<![cdata", "<?"] {
                assert!(!lower.contains(tag));
            }
        }
    }
});
