//! Modifiers and values read by kind (<https://hl7.org/fhir/R4/search.html#modifiers>).

use super::{Kind, Modifier, Operand, Prefix, Problem, SystemMatch, escape, number};
use crate::date::interval;
use crate::id::is_id;
use crate::r4::Component;
use crate::reference::{Reference, parse as parse_reference, type_name};

/// A parameter that the type has, while its text is read.
pub(super) struct Known<'a> {
    pub(super) name: &'a str,
    pub(super) code: &'a str,
    pub(super) kind: Kind,
    pub(super) targets: &'a [&'static str],
    pub(super) own_base: &'a str,
    /// The parts of a composite.
    pub(super) components: &'a [Component],
}

impl Known<'_> {
    fn wrong(&self, wrong: &str, mend: &str) -> Problem {
        Problem::value(self.name, wrong, mend)
    }

    pub(super) fn modifier(&self, text: &str) -> Result<Modifier, Problem> {
        let modifier = match (self.kind, text) {
            (Kind::Composite, _) => {
                return Err(Problem::not_supported(self.name, "a composite takes no modifier", "leave out what follows ':'"));
            }
            (_, "missing") => Modifier::Missing,
            (Kind::String, "exact") => Modifier::Exact,
            (Kind::String, "contains") => Modifier::Contains,
            (Kind::Token, "text") => Modifier::Text,
            (Kind::Token, "not") => Modifier::Not,
            (Kind::Token, "of-type") => Modifier::OfType,
            (Kind::Reference, "identifier") => Modifier::Identifier,
            (Kind::Uri, "above") => Modifier::Above,
            (Kind::Uri, "below") => Modifier::Below,
            (Kind::Reference, other) if let Some(name) = self.target(other) => Modifier::Type(name),
            _ => {
                let offered = match self.kind {
                    Kind::String => ":exact, :contains, :missing",
                    Kind::Token => ":text, :not, :of-type, :missing",
                    Kind::Reference => ":identifier, :missing or a type that it can refer to",
                    Kind::Uri => ":above, :below, :missing",
                    _ => ":missing",
                };
                let mend = format!("supported here: {offered}");
                return Err(Problem::not_supported(self.name, "the modifier is not supported", &mend));
            }
        };
        Ok(modifier)
    }

    fn target(&self, name: &str) -> Option<&'static str> {
        let name = type_name(name)?;
        (self.targets.is_empty() || self.targets.contains(&name)).then_some(name)
    }

    pub(super) fn operands(&self, modifier: Option<Modifier>, value: &str) -> Result<Vec<Operand>, Problem> {
        if modifier == Some(Modifier::Missing) {
            return match value {
                "true" => Ok(vec![Operand::Missing(true)]),
                "false" => Ok(vec![Operand::Missing(false)]),
                _ => Err(self.wrong("the value of :missing is malformed", "write true or false")),
            };
        }
        let parts = escape::split(value, ',');
        if parts.len() > super::MAX_VALUES {
            let wrong = format!("there are more than {} values", super::MAX_VALUES);
            return Err(Problem::too_costly(self.name, &wrong, "ask in several queries"));
        }
        parts.into_iter().map(|part| self.operand(modifier, part)).collect()
    }

    fn operand(&self, modifier: Option<Modifier>, part: &str) -> Result<Operand, Problem> {
        if part.is_empty() {
            return Err(self.wrong("a value is empty", "give one or leave the parameter out"));
        }
        match (self.kind, modifier) {
            (_, Some(Modifier::Text)) | (Kind::String, _) => Ok(Operand::String(escape::unescape(part))),
            (_, Some(Modifier::OfType)) => self.of_type(part),
            (_, Some(Modifier::Identifier)) => match self.token(part)? {
                (system, Some(value)) => Ok(Operand::Identifier { system, value }),
                _ => Err(self.wrong("an identifier has no value", "write system|value")),
            },
            (Kind::Token, _) => {
                let (system, code) = self.token(part)?;
                if self.code == "_id" && (system != SystemMatch::Any || !code.as_deref().is_some_and(is_id)) {
                    return Err(self.wrong("a value is not a logical id", "write ids of 1 to 64 of A-Z, a-z, 0-9, '-', '.'"));
                }
                Ok(Operand::Token { system, code })
            }
            (Kind::Reference, modifier) => self.reference(modifier, part),
            (Kind::Uri, _) => Ok(Operand::Uri(escape::unescape(part))),
            (Kind::Date, _) => self.date(part),
            (Kind::Number, _) => {
                let (prefix, text) = Prefix::split(part);
                let number::Ranged { value, lo, hi } = self.number(text)?;
                Ok(Operand::Number { prefix, value, lo, hi })
            }
            (Kind::Quantity, _) => self.quantity(part),
            (Kind::Composite, _) if !self.components.is_empty() => self.composite(part),
            (Kind::Composite | Kind::Special, _) => {
                let wrong = "this kind of parameter is not supported yet";
                Err(Problem::not_supported(self.name, wrong, "use the parameters that it is made of"))
            }
        }
    }

    /// `a$b` (<https://hl7.org/fhir/R4/search.html#composite>).
    fn composite(&self, part: &str) -> Result<Operand, Problem> {
        let parts = escape::split(part, '$');
        if parts.len() != self.components.len() {
            let mend = format!("write {} values with '$' between them, '\\$' for the sign itself", self.components.len());
            return Err(self.wrong("a composite has another number of parts", &mend));
        }
        let operand = |(part, component): (&str, &Component)| {
            let known = Known { kind: component.kind, targets: &component.targets, components: &[], ..*self };
            known.operand(None, part)
        };
        parts.into_iter().zip(self.components).map(operand).collect::<Result<_, _>>().map(Operand::Composite)
    }

    fn token(&self, part: &str) -> Result<(SystemMatch, Option<String>), Problem> {
        let parts: Vec<_> = escape::split(part, '|').into_iter().map(escape::unescape).collect();
        match <[String; 1]>::try_from(parts) {
            Ok([code]) => Ok((SystemMatch::Any, Some(code))),
            Err(parts) => match <[String; 2]>::try_from(parts) {
                Ok([system, code]) if system.is_empty() && !code.is_empty() => Ok((SystemMatch::None, Some(code))),
                Ok([system, code]) if !system.is_empty() => Ok((SystemMatch::Is(system), Some(code).filter(|code| !code.is_empty()))),
                _ => Err(self.wrong("a token is malformed", "write code, system|code, |code or system|; '\\|' for the sign itself")),
            },
        }
    }

    fn of_type(&self, part: &str) -> Result<Operand, Problem> {
        let parts: Vec<_> = escape::split(part, '|').into_iter().map(escape::unescape).collect();
        match <[String; 3]>::try_from(parts) {
            Ok([system, code, value]) if !system.is_empty() && !code.is_empty() && !value.is_empty() => Ok(Operand::OfType { system, code, value }),
            _ => Err(self.wrong("the value of :of-type is malformed", "write system|code|value, none of them empty")),
        }
    }

    fn reference(&self, modifier: Option<Modifier>, part: &str) -> Result<Operand, Problem> {
        let mend = "write an id, Type/id or a URL";
        let text = escape::unescape(part);
        let (found, id) = match parse_reference(&text, Some(self.own_base)) {
            Reference::Local { type_name, id, version: None } => (Some(type_name), id),
            Reference::Local { .. } => {
                return Err(self.wrong("a reference names a version", "leave out /_history and what follows"));
            }
            Reference::Other(id) if is_id(id) => (None, id),
            Reference::Absolute { .. } | Reference::Urn(_) if !matches!(modifier, Some(Modifier::Type(_))) => {
                return Ok(Operand::ReferenceUrl(text));
            }
            _ => return Err(self.wrong("a reference is malformed", mend)),
        };
        let type_name = match (modifier, found) {
            (Some(Modifier::Type(wanted)), Some(found)) if wanted != found => {
                return Err(self.wrong("the type in the value is not that of the modifier", "give the id alone"));
            }
            (Some(Modifier::Type(wanted)), _) => Some(wanted),
            (_, found) => found,
        };
        if let Some(name) = type_name
            && self.target(name).is_none()
        {
            let mend = format!("it refers to {}", self.targets.join(", "));
            return Err(self.wrong("the parameter never refers to this type", &mend));
        }
        Ok(Operand::Reference { type_name, id: id.to_owned() })
    }

    fn date(&self, part: &str) -> Result<Operand, Problem> {
        let (prefix, text) = Prefix::split(part);
        // An offset's '+' that was not percent-encoded has become a space.
        let text = text.replacen(' ', "+", 1);
        let Some(interval) = interval(&text) else {
            let mend = "write YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with Z or ±hh:mm, a prefix like ge before it";
            return Err(self.wrong("a date is malformed or not in the calendar", mend));
        };
        Ok(Operand::Date { prefix, interval, text })
    }

    fn number(&self, text: &str) -> Result<number::Ranged, Problem> {
        number::ranged(text).ok_or_else(|| self.wrong("a number is malformed or out of range", "write a decimal like 5.4, a prefix like gt before it"))
    }

    fn quantity(&self, part: &str) -> Result<Operand, Problem> {
        let (prefix, text) = Prefix::split(part);
        let parts: Vec<_> = escape::split(text, '|').into_iter().map(escape::unescape).collect();
        let (number, system, code) = match parts.as_slice() {
            [number] => (number, None, None),
            [number, system, code] => (number, Some(system), Some(code)),
            _ => {
                return Err(self.wrong("a quantity is malformed", "write number or number|system|code, system may be empty"));
            }
        };
        let kept = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned();
        let number::Ranged { value, lo, hi } = self.number(number)?;
        Ok(Operand::Quantity { prefix, value, lo, hi, system: kept(system), code: kept(code) })
    }
}
