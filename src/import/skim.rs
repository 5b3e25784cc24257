//! The few words of a resource that the survey needs: type, id, identifiers. The delivery parses
//! the same bytes strictly; here a repeated key of these is a fault already.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};

/// The head of a resource.
#[derive(Deserialize, Default)]
pub(crate) struct Head<'a> {
    #[serde(borrow, default, rename = "resourceType")]
    pub kind: Loose<'a>,
    #[serde(borrow, default)]
    pub id: Loose<'a>,
    #[serde(borrow, default)]
    pub identifier: Identifiers<'a>,
}

/// A text, or something else.
#[derive(Default)]
pub(crate) enum Loose<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Other,
}

impl Loose<'_> {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// `identifier`: a list, in some types a single one.
#[derive(Default)]
pub(crate) struct Identifiers<'a>(pub Vec<IdentifierHead<'a>>);

/// An identifier's system and value.
#[derive(Deserialize)]
pub(crate) struct IdentifierHead<'a> {
    #[serde(borrow, default)]
    pub system: Loose<'a>,
    #[serde(borrow, default)]
    pub value: Loose<'a>,
}

struct LooseVisitor;
impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Loose::Other)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Loose::Other)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Loose::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Loose::Other)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Loose::Other)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(LooseVisitor)
    }
}

struct IdentifiersVisitor;
impl<'de> Visitor<'de> for IdentifiersVisitor {
    type Value = Identifiers<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("identifiers")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            all.push(one);
        }
        Ok(Identifiers(all))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok(Identifiers(vec![IdentifierHead::deserialize(MapAccessDeserializer::new(map))?]))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Identifiers<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(IdentifiersVisitor)
    }
}

/// `Bundle.entry.request` (<https://hl7.org/fhir/R4/bundle.html>).
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    pub method: String,
    pub url: String,
    pub if_none_exist: Option<String>,
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
}

/// `Bundle.entry.search`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Search {
    pub mode: String,
}

/// The head of a resource's text, or `None` if it is not an object with such members.
pub(crate) fn head(text: &[u8]) -> Option<Head<'_>> {
    serde_json::from_slice(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_found_however_it_is_written() {
        let text = br#"{"identifier":{"value":"v","system":"s","period":{"start":"2020"}},"\u0069d":"1","x":[{"id":"no"}],"resourceType":"Patient"}"#;
        let head = head(text).expect("a head");
        assert_eq!((head.kind.text(), head.id.text()), (Some("Patient"), Some("1")));
        assert_eq!(head.identifier.0[0].system.text(), Some("s"));
        assert!(super::head(br#"{"id":"1","id":"2"}"#).is_none());
        assert!(super::head(br#"{"id":7,"identifier":[{"value":8}]}"#).is_some_and(|head| head.id.text().is_none()));
    }
}
