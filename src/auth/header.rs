//! The `Authorization` header (RFC 9110 §11.6.2, RFC 6750 §2.1), the only place a token is taken from.

/// Why there is no token to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationFault {
    /// No header: 401, and the challenge names no error (RFC 6750 §3.1).
    #[error("no Authorization header; send a bearer token")]
    Missing,
    /// Another scheme than Bearer or DPoP: 401, and the challenge names no error.
    #[error("this server takes access tokens only, as Bearer or DPoP")]
    OtherScheme,
    /// More than one header, or several credentials in one: 400.
    #[error("more than one credential; send exactly one Authorization header with one bearer token")]
    Several,
    /// `Bearer` with nothing readable behind it: 401 as an invalid token.
    #[error("the access token is not valid")]
    NoToken,
}

/// What a request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization<'h> {
    /// `Bearer`: whoever has the token.
    Bearer(&'h str),
    /// `DPoP`: a token bound to a key, beside a proof (RFC 9449 §7.1).
    Dpop(&'h str),
}

/// The token in the values of all `Authorization` headers of a request. Whether it is one of
/// ours is for the [`Verifier`](crate::Verifier) to say.
pub fn parse_authorization<'h>(values: impl IntoIterator<Item = &'h [u8]>) -> Result<Authorization<'h>, AuthorizationFault> {
    let mut values = values.into_iter();
    let value = values.next().ok_or(AuthorizationFault::Missing)?;
    // No scheme we take has a comma in its credentials, but lists joined by a proxy do.
    if values.next().is_some() || value.contains(&b',') {
        return Err(AuthorizationFault::Several);
    }
    let text = std::str::from_utf8(value).map_err(|_| AuthorizationFault::NoToken)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let bearer = scheme.eq_ignore_ascii_case("Bearer");
    if !bearer && !scheme.eq_ignore_ascii_case("DPoP") {
        return Err(AuthorizationFault::OtherScheme);
    }
    match (token.is_empty(), bearer) {
        (true, _) => Err(AuthorizationFault::NoToken),
        (false, true) => Ok(Authorization::Bearer(token)),
        (false, false) => Ok(Authorization::Dpop(token)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<'h>(values: &[&'h str]) -> Result<Authorization<'h>, AuthorizationFault> {
        parse_authorization(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn one_bearer_token_is_taken_as_it_stands() {
        assert_eq!(parse(&["Bearer a.b-c_d~e+/="]), Ok(Authorization::Bearer("a.b-c_d~e+/=")));
        assert_eq!(parse(&["bearer x"]), Ok(Authorization::Bearer("x")));
        assert_eq!(parse(&["BEARER  x"]), Ok(Authorization::Bearer(" x")), "the verifier refuses what is not exact");
        assert_eq!(parse(&["DPoP x"]), Ok(Authorization::Dpop("x")));
    }

    #[test]
    fn abuse_a01_no_header_is_missing() {
        assert_eq!(parse(&[]), Err(AuthorizationFault::Missing));
        for other in ["Basic dTpw", "DPoPx", "Bearerx", "Bearer\tx", "", " Bearer x", "Negotiate"] {
            assert_eq!(parse(&[other]), Err(AuthorizationFault::OtherScheme), "{other}");
        }
        assert_eq!(parse(&["Bearer"]), Err(AuthorizationFault::NoToken));
        assert_eq!(parse(&["DPoP "]), Err(AuthorizationFault::NoToken));
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
