//! Headers that a browser needs beside a page, as names and values.

/// The headers of every HTML answer. `form_targets` are origins, or schemes ending in a colon, beside our own that a form of the page
/// may end at by redirect: browsers hold redirects after a form to `form-action` as well.
///
/// Nothing inline and nothing foreign is allowed (<https://www.w3.org/TR/CSP3/>), nobody may frame the page (RFC 7034), and addresses
/// of pages stay with us: `same-origin` and not `no-referrer`, which would make browsers send `Origin: null` with our own forms.
#[must_use]
pub fn headers(form_targets: &[&str]) -> [(&'static str, String); 6] {
    let mut policy = String::from(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    );
    for target in form_targets.iter().filter(|target| is_source(target)) {
        policy.push(' ');
        policy.push_str(target);
    }
    [
        ("content-security-policy", policy),
        ("x-frame-options", "DENY".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("referrer-policy", "same-origin".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("content-type", "text/html; charset=utf-8".to_owned()),
    ]
}

/// What a form may end at when it redirects to this address: its origin for `http` and `https`, its scheme for an app's own.
/// `None` for what is no absolute address.
#[must_use]
pub fn form_target(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once(':')?;
    let target = match rest.strip_prefix("//") {
        Some(rest) if matches!(scheme, "http" | "https") => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            format!("{scheme}://{authority}")
        }
        _ => format!("{scheme}:"),
    };
    is_source(&target).then_some(target)
}

/// Whether a text can stand as one source of a policy without ending it or widening it.
fn is_source(text: &str) -> bool {
    let scheme = text.split(':').next().unwrap_or_default();
    text.contains(':')
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && !matches!(scheme, "javascript" | "data" | "blob")
        && !matches!(text, "http:" | "https:" | "http://" | "https://")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.:/[]_~%".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_source_never_reaches_the_policy() {
        let policy = &headers(&["https://app.example", "x; script-src *", "javascript:", "https:", "*", "com.example.app:"])[0].1;
        assert!(policy.ends_with("form-action 'self' https://app.example com.example.app:"), "{policy}");
    }

    #[test]
    fn a_redirect_address_becomes_its_origin_or_its_scheme() {
        assert_eq!(form_target("https://app.example:8443/cb?x=1").as_deref(), Some("https://app.example:8443"));
        assert_eq!(form_target("http://127.0.0.1:8000").as_deref(), Some("http://127.0.0.1:8000"));
        assert_eq!(form_target("com.example.app:/cb").as_deref(), Some("com.example.app:"));
        assert_eq!(form_target("https://"), None);
        assert_eq!(form_target("/cb"), None);
    }
}
