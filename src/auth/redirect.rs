//! Redirect URIs that may be registered at all (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1). Which of them a request names is compared
//! to the letter elsewhere.

/// Longest URI, bytes.
const MAX_BYTES: usize = 2048;

/// Whether a URI cannot be turned against its users: absolute, exact, of visible ASCII; https, http on loopback, or a private-use scheme
/// with a point in it (RFC 8252 §7.1), so that no scheme of the browser's own is among them.
#[must_use]
pub fn is_sound_redirect_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let plain = uri.len() <= MAX_BYTES && uri.bytes().all(|b| b.is_ascii_graphic()) && !uri.contains(['#', '*', '\\', '<', '>', '"', '`', '{', '}', '|', '^']);
    if !plain {
        return false;
    }
    match scheme {
        "https" => has_host(rest),
        "http" => loopback(rest),
        _ => is_private_use(scheme),
    }
}

/// Whether a URL that people are shown or sent to is https, with a host and nothing secret in it.
#[must_use]
pub fn is_sound_page(url: &str) -> bool {
    url.strip_prefix("https:").is_some_and(|_| is_sound_redirect_uri(url))
}

/// The origin of an https or loopback URI (RFC 6454), for cross-origin requests.
#[must_use]
pub fn origin_of(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?']).next().filter(|authority| !authority.is_empty())?;
    matches!(scheme, "https" | "http").then(|| format!("{scheme}://{}", authority.to_ascii_lowercase()))
}

/// `//host[:port]` and what follows: a name with a point or an address that is no private one in disguise is not told apart here; nothing
/// is ever fetched from it.
fn has_host(rest: &str) -> bool {
    let Some((host, port)) = authority(rest) else { return false };
    !host.is_empty() && is_port(port) && !host.starts_with('.') && !host.ends_with('.') && !host.contains("..") && !host.contains('%')
}

/// Only this machine itself, not a name that begins like it.
fn loopback(rest: &str) -> bool {
    authority(rest).is_some_and(|(host, port)| matches!(host, "127.0.0.1" | "[::1]" | "localhost") && is_port(port))
}

fn authority(rest: &str) -> Option<(&str, &str)> {
    let authority = rest.strip_prefix("//")?.split(['/', '?']).next()?;
    if authority.contains('@') {
        return None;
    }
    match authority.rfind(':').filter(|at| !authority[*at..].contains(']')) {
        Some(at) => Some((&authority[..at], &authority[at..])),
        None => Some((authority, "")),
    }
}

fn is_port(port: &str) -> bool {
    port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok())
}

fn is_private_use(scheme: &str) -> bool {
    let labels = scheme.split('.').filter(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
    labels.count() >= 2
        && scheme.split('.').count() == scheme.split('.').filter(|label| !label.is_empty()).count()
        && scheme.starts_with(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abuse_b63_what_may_be_registered_as_a_redirect_uri() {
        for good in [
            "https://app.example/cb",
            "https://app.example:8443/cb?x=1",
            "https://app.example",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:8000/cb",
            "http://[::1]:8000/cb",
            "http://localhost:8000/cb",
            "org.example.app:/cb",
            "org.example.app://cb",
        ] {
            assert!(is_sound_redirect_uri(good), "{good}");
        }
        for bad in [
            "",
            "cb",
            "/cb",
            "//app.example/cb",
            "http://app.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1@evil.example/",
            "http://localhost.evil.example/",
            "http://127.0.0.2/cb",
            "https://app.example/cb#x",
            "https://*.example/cb",
            "https://app.example/*",
            "https://user@app.example/",
            "https://app.example\\@evil.example/",
            "https:///cb",
            "https:cb",
            "https://.example/",
            "https://a..example/",
            "https://app.example:99999/",
            "https://app.example:x/",
            "https://app%2eexample/",
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://a",
            "myapp:/cb",
            "ORG.example:/cb",
            "org..example:/cb",
            ".org.example:/cb",
            "https://app.example/ cb",
            "https://app.example/\n",
            "https://äpp.example/cb",
            "https://app.example/<script>",
        ] {
            assert!(!is_sound_redirect_uri(bad), "{bad}");
        }
        assert!(!is_sound_redirect_uri(&format!("https://app.example/{}", "x".repeat(2048))));
        assert!(is_sound_page("https://app.example/about") && !is_sound_page("http://localhost/") && !is_sound_page("org.example.app:/"));
        assert_eq!(origin_of("https://App.example:8443/cb?x").as_deref(), Some("https://app.example:8443"));
        assert_eq!((origin_of("org.example.app:/cb"), origin_of("https://")), (None, None));
    }
}
