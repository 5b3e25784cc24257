//! The languages of the pages, and how one is chosen.

use crate::text::{self, Text};

/// A language that every page exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Hindi.
    Hindi,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Hindi];

    /// Its BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Hindi => "hi",
        }
    }

    /// Its name in itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Hindi => "हिन्दी",
        }
    }

    /// The other language.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::English => Self::Hindi,
            Self::Hindi => Self::English,
        }
    }

    /// The texts of the pages.
    #[must_use]
    pub const fn text(self) -> &'static Text {
        match self {
            Self::English => &text::ENGLISH,
            Self::Hindi => &text::HINDI,
        }
    }

    /// The first language of a list separated by spaces that we have: `ui_locales`
    /// (<https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest>).
    #[must_use]
    pub fn of_ui_locales(list: &str) -> Option<Self> {
        list.split(' ').find_map(Self::of_tag)
    }

    /// The language that an `Accept-Language` header prefers (RFC 9110 §12.5.4); ties go to the one named first.
    #[must_use]
    pub fn of_accept_language(header: &str) -> Option<Self> {
        let mut best: Option<(Self, u16)> = None;
        for range in header.split(',').take(32) {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let Some(weight) = weight(parameters) else { continue };
            if let Some(language) = Self::of_tag(tag.trim())
                && weight > 0
                && best.is_none_or(|(_, known)| weight > known)
            {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }
}

/// The weight of a range in thousandths; 1000 where it names none, nothing where it is malformed.
fn weight(parameters: &str) -> Option<u16> {
    let text = parameters.trim();
    if text.is_empty() {
        return Some(1000);
    }
    let (name, value) = text.split_once('=')?;
    let weight: f32 = value.trim().parse().ok().filter(|w| (0.0..=1.0).contains(w))?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    name.trim().eq_ignore_ascii_case("q").then_some((weight * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_chosen_by_what_the_person_prefers() {
        for (header, expected) in [
            ("hi-IN,hi;q=0.9,en;q=0.8", Some(Language::Hindi)),
            ("en;q=0.5, hi;q=0.7", Some(Language::Hindi)),
            ("de, fr;q=0.9, EN-gb;q=0.1", Some(Language::English)),
            ("hi;q=0, en;q=0.1", Some(Language::English)),
            ("hi;q=x, de", None),
            ("", None),
        ] {
            assert_eq!(Language::of_accept_language(header), expected, "{header}");
        }
        assert_eq!(Language::of_ui_locales("fr-CA hi-IN en"), Some(Language::Hindi));
        assert_eq!(Language::of_ui_locales("fr"), None);
    }
}
