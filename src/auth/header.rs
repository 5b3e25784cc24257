//! The `Authorization` header (RFC 9110 §11.6.2, RFC 6750 §2.1), the only place a token is taken from.

/// Why there is no token to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationFault {
    /// No header: 401, and the challenge names no error (RFC 6750 §3.1).
    #[error("no Authorization header; send a bearer token")]
    Missing,
    /// Another scheme than Bearer: 401, and the challenge names no error.
    #[error("this server takes bearer tokens only")]
    OtherScheme,
    /// More than one header, or several credentials in one: 400.
    #[error("more than one credential; send exactly one Authorization header with one bearer token")]
    Several,
    /// `Bearer` with nothing readable behind it: 401 as an invalid token.
    #[error("the access token is not valid")]
    NoToken,
}

/// The bearer token in the values of all `Authorization` headers of a request. Whether it is one of
/// ours is for the [`Verifier`](crate::Verifier) to say.
pub fn parse_authorization<'h>(values: impl IntoIterator<Item = &'h [u8]>) -> Result<&'h str, AuthorizationFault> {
    let mut values = values.into_iter();
    let value = values.next().ok_or(AuthorizationFault::Missing)?;
    // No scheme we take has a comma in its credentials, but lists joined by a proxy do.
    if values.next().is_some() || value.contains(&b',') {
        return Err(AuthorizationFault::Several);
    }
    let text = std::str::from_utf8(value).map_err(|_| AuthorizationFault::NoToken)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(AuthorizationFault::OtherScheme);
    }
    if token.is_empty() { Err(AuthorizationFault::NoToken) } else { Ok(token) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<'h>(values: &[&'h str]) -> Result<&'h str, AuthorizationFault> {
        parse_authorization(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn one_bearer_token_is_taken_as_it_stands() {
        assert_eq!(parse(&["Bearer a.b-c_d~e+/="]), Ok("a.b-c_d~e+/="));
        assert_eq!(parse(&["bearer x"]), Ok("x"));
        assert_eq!(parse(&["BEARER  x"]), Ok(" x"), "the verifier refuses what is not exact");
    }

    #[test]
    fn abuse_a01_no_header_is_missing() {
        assert_eq!(parse(&[]), Err(AuthorizationFault::Missing));
        for other in ["Basic dTpw", "DPoP x", "Bearerx", "Bearer\tx", "", " Bearer x", "Negotiate"] {
            assert_eq!(parse(&[other]), Err(AuthorizationFault::OtherScheme), "{other}");
        }
        assert_eq!(parse(&["Bearer"]), Err(AuthorizationFault::NoToken));
        assert_eq!(parse(&["Bearer "]), Err(AuthorizationFault::NoToken));
        assert_eq!(parse_authorization([b"Bearer \xff".as_slice()]), Err(AuthorizationFault::NoToken));
    }

    #[test]
    fn abuse_a14_several_credentials_are_refused() {
        for several in [
            &["Bearer a", "Bearer b"][..],
            &["Bearer a", "Bearer a"],
            &["Bearer a", "DPoP b"],
            &["Basic a", "Bearer b"],
            &["Bearer a, Bearer b"],
            &["Bearer a,b"],
            &["Basic a, Bearer b"],
            &["Bearer a,"],
        ] {
            assert_eq!(parse(several), Err(AuthorizationFault::Several), "{several:?}");
        }
    }
}
