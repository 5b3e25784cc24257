//! What every page has: its language, who is signed in, where one may go.

use crate::dates::{Day, Moment};
use crate::language::Language;
use crate::text::Text;

/// The name of the hidden field that each form carries its anti-forgery token in.
pub const ANTI_FORGERY_FIELD: &str = "anti_forgery";

/// A page that can be written.
pub trait View {
    /// The whole page, an HTML document.
    fn html(&self) -> String;
}

/// What surrounds a page.
#[derive(Clone, Debug, Default)]
pub struct Frame<'a> {
    /// The language.
    pub language: Language,
    /// The clinic's name, in the heading of every page.
    pub clinic: &'a str,
    /// The display name of who is signed in; `None` before.
    pub signed_in: Option<&'a str>,
    /// The menu, empty before signing in.
    pub menu: &'a [Destination<'a>],
    /// This page in the other language: a link, where asking again by GET is harmless.
    pub other_language: Option<String>,
}

/// A place in the menu.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// Its path.
    pub href: &'a str,
    /// Its name in the page's language.
    pub name: &'a str,
    /// Whether it is this page.
    pub here: bool,
}

impl Frame<'_> {
    pub(crate) fn t(&self) -> &'static Text {
        self.language.text()
    }

    pub(crate) fn day(&self, day: &Day) -> String {
        day.words(self.language)
    }

    pub(crate) fn moment(&self, moment: &Moment) -> String {
        moment.words(self.language)
    }
}

/// Where a form goes and what it carries unseen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form<'a> {
    /// The path that the form is posted to.
    pub action: &'a str,
    /// The anti-forgery token, posted as [`ANTI_FORGERY_FIELD`].
    pub anti_forgery: &'a str,
    /// Further hidden fields: name and value.
    pub hidden: &'a [(&'a str, &'a str)],
}

/// Writes a template. Its values are texts, which can always be written.
macro_rules! view {
    ($name:ident) => {
        impl $crate::frame::View for $name<'_> {
            fn html(&self) -> String {
                askama::Template::render(self).unwrap_or_default()
            }
        }
    };
}
pub(crate) use view;
