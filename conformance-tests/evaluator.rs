//! What a search parameter finds in a resource, worked out anew from the parameter's expression and the JSON as served:
//! slow, obvious, and nothing of the program's own search in it.

use serde_json::Value;

/// The values that a parameter's expression selects.
pub fn select<'v>(resource: &'v Value, expression: &str) -> Vec<&'v Value> {
    let kind = resource["resourceType"].as_str().unwrap_or_default();
    let mut out = Vec::new();
    if expression.contains("deceased.exists()") {
        let dead = resource["deceasedBoolean"] == true || resource.get("deceasedDateTime").is_some();
        return vec![if dead { &Value::Bool(true) } else { &Value::Bool(false) }];
    }
    for part in expression.split('|').map(str::trim) {
        let (part, cast) = match part.strip_prefix('(').and_then(|p| p.strip_suffix(')')) {
            Some(inner) => inner.split_once(" as ").map_or((inner, None), |(path, cast)| (path, Some(cast))),
            None => (part, None),
        };
        let Some(path) = [kind, "Resource", "DomainResource"].iter().find_map(|k| part.strip_prefix(k)?.strip_prefix('.')) else { continue };
        // US Core's end at the code of a coding: what is matched is the coding.
        let path = if path.starts_with("extension") { path.trim_end_matches(".code").trim_end_matches(".coding") } else { path };
        let mut steps = steps(path);
        if let (Some(cast), Some(last)) = (cast, steps.last_mut()) {
            last.1.push(format!("as({cast})"));
        }
        walk(resource, &steps, &mut out);
    }
    out
}

/// The elements that a composite's expression selects: the resource itself, or what lies below a path.
pub fn elements<'v>(resource: &'v Value, expression: &str) -> Vec<&'v Value> {
    let kind = resource["resourceType"].as_str().unwrap_or_default();
    let parts = expression.split('|').map(str::trim);
    parts.flat_map(|part| if part == kind { vec![resource] } else { select(resource, part) }).collect()
}

/// The values that a part's expression selects in one element: `code`, `value.as(Quantity) | value.as(Range)`, `%resource.a.b`.
pub fn select_within<'v>(resource: &'v Value, element: &'v Value, expression: &str) -> Vec<&'v Value> {
    let mut out = Vec::new();
    for part in expression.split('|').map(str::trim) {
        match part.strip_prefix("%resource.") {
            Some(path) => walk(resource, &steps(path), &mut out),
            None => walk(element, &steps(part), &mut out),
        }
    }
    out
}

/// Whether a resource answers a composite: one element has a value for every part of an alternative. The parts are the form and the
/// expression of each.
pub fn composite_matches(resource: &Value, expression: &str, parts: &[(String, &str)], value: &str) -> bool {
    let elements = elements(resource, expression);
    split(value, ',').iter().any(|one| {
        let asked = split(one, '$');
        assert_eq!(asked.len(), parts.len(), "{value}");
        elements.iter().any(|element| {
            parts.iter().zip(&asked).all(|((form, expression), text)| {
                let question = Question { form, modifier: "", value: text };
                select_within(resource, element, expression).iter().any(|value| one_matches(value, &question, text))
            })
        })
    })
}

/// A name with the functions behind it.
fn steps(path: &str) -> Vec<(String, Vec<String>)> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in path.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        match c {
            '.' if depth == 0 => parts.push(String::new()),
            c => parts.last_mut().expect("one").push(c),
        }
    }
    let mut out: Vec<(String, Vec<String>)> = Vec::new();
    for part in parts {
        match out.last_mut() {
            Some(last) if part.ends_with(')') => last.1.push(part),
            _ => out.push((part, Vec::new())),
        }
    }
    out
}

fn walk<'v>(value: &'v Value, steps: &[(String, Vec<String>)], out: &mut Vec<&'v Value>) {
    if let Some(list) = value.as_array() {
        return list.iter().for_each(|member| walk(member, steps, out));
    }
    let Some(((name, functions), rest)) = steps.split_first() else { return out.push(value) };
    let Some(object) = value.as_object() else { return };
    let cast = functions.iter().find_map(|f| f.strip_prefix("as(")?.strip_suffix(')'));
    for (key, below) in object {
        let choice = key
            .strip_prefix(name.as_str())
            .is_some_and(|suffix| suffix.is_empty() || (CHOICES.contains(&name.as_str()) && suffix.starts_with(|c: char| c.is_ascii_uppercase())));
        let right_type = cast.is_none_or(|cast| key.len() > name.len() && key[name.len()..].eq_ignore_ascii_case(cast));
        if !choice || !right_type {
            continue;
        }
        for member in below.as_array().map_or(std::slice::from_ref(below), Vec::as_slice) {
            if functions.iter().all(|f| holds(member, f)) {
                walk(member, rest, out);
            }
        }
    }
}

/// Elements with a choice of types that search parameters name.
const CHOICES: [&str; 16] = [
    "value",
    "effective",
    "onset",
    "abatement",
    "performed",
    "occurrence",
    "occurred",
    "medication",
    "item",
    "deceased",
    "scheduled",
    "product",
    "start",
    "defaultValue",
    "multipleBirth",
    "reported",
];

fn holds(value: &Value, function: &str) -> bool {
    if let Some(condition) = function.strip_prefix("where(").and_then(|f| f.strip_suffix(')')) {
        if let Some(kind) = condition.strip_prefix("resolve() is ") {
            return value["reference"].as_str().is_some_and(|r| r.rsplit('/').nth(1) == Some(kind));
        }
        if let Some((name, wanted)) = condition.split_once('=') {
            return value[name.trim()].as_str() == Some(wanted.trim().trim_matches('\''));
        }
        panic!("the evaluator does not know {function}");
    }
    true
}

/// A token: system and code. `None` as system: the element has none of its own.
pub fn tokens(value: &Value) -> Vec<(Option<String>, String)> {
    let text = |v: &Value| v.as_str().map(str::to_owned);
    match value {
        Value::String(code) => vec![(None, code.clone())],
        Value::Bool(flag) => vec![(None, flag.to_string())],
        Value::Object(object) if object.contains_key("coding") => object["coding"].as_array().into_iter().flatten().flat_map(tokens).collect(),
        Value::Object(object) if object.contains_key("value") => text(&object["value"]).map(|v| (object.get("system").and_then(text), v)).into_iter().collect(),
        Value::Object(object) => object.get("code").and_then(text).map(|c| (object.get("system").and_then(text), c)).into_iter().collect(),
        _ => vec![],
    }
}

/// The strings of a string, a HumanName or an Address.
pub fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Object(object) => {
            object.iter().filter(|(name, _)| !matches!(name.as_str(), "use" | "type" | "period" | "extension")).flat_map(|(_, v)| strings(v)).collect()
        }
        Value::Array(list) => list.iter().flat_map(strings).collect(),
        _ => vec![],
    }
}

/// Lower case without accents, as far as the sample's names go.
pub fn folded(text: &str) -> String {
    let accents = "àáâãäåçèéêëìíîïñòóôõöøùúûüýÿłčšžńěřů";
    let plain = "aaaaaaceeeeiiiinoooooouuuuyylcsznerrr";
    let plain: Vec<char> = plain.chars().collect();
    text.to_lowercase().chars().map(|c| accents.chars().position(|a| a == c).and_then(|at| plain.get(at).copied()).unwrap_or(c)).collect()
}

/// The milliseconds that a date, dateTime, instant, Period or Timing covers: from, and to (exclusive).
pub fn interval(value: &Value) -> Option<(i64, i64)> {
    match value {
        Value::String(text) => moment(text),
        Value::Object(object) if object.contains_key("start") || object.contains_key("end") => {
            let start = object.get("start").and_then(Value::as_str).map_or(Some(i64::MIN), |t| moment(t).map(|m| m.0));
            let end = object.get("end").and_then(Value::as_str).map_or(Some(i64::MAX), |t| moment(t).map(|m| m.1));
            Some((start?, end?))
        }
        _ => None,
    }
}

/// The milliseconds that a date as text covers; without an offset it is UTC.
pub fn moment(text: &str) -> Option<(i64, i64)> {
    let number = |part: &str| part.parse::<i64>().ok();
    let (date, time) = text.split_once('T').map_or((text, None), |(d, t)| (d, Some(t)));
    let parts: Vec<i64> = date.split('-').map(number).collect::<Option<_>>()?;
    let day = |year: i64, month: i64, day: i64| {
        // Days since 1970 of the civil calendar: count from March, so that leap days come last.
        let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 1 - 719_468
    };
    const DAY: i64 = 86_400_000;
    let Some(time) = time else {
        return Some(match parts.as_slice() {
            [y] => (day(*y, 1, 1) * DAY, day(y + 1, 1, 1) * DAY),
            [y, 12] => (day(*y, 12, 1) * DAY, day(y + 1, 1, 1) * DAY),
            [y, m] => (day(*y, *m, 1) * DAY, day(*y, m + 1, 1) * DAY),
            [y, m, d] => (day(*y, *m, *d) * DAY, (day(*y, *m, *d) + 1) * DAY),
            _ => return None,
        });
    };
    let at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(at);
    let offset = match zone.as_bytes().first() {
        Some(sign @ (b'+' | b'-')) => {
            let (h, m) = zone[1..].split_once(':')?;
            (number(h)? * 60 + number(m)?) * 60_000 * if *sign == b'-' { -1 } else { 1 }
        }
        _ => 0,
    };
    let mut fields = clock.split(':');
    let (h, m, s) = (number(fields.next()?)?, number(fields.next()?)?, fields.next());
    let (whole, fraction) = s.map_or(("0", None), |s| s.split_once('.').map_or((s, None), |(w, f)| (w, Some(f))));
    let millis = fraction.map_or(0, |f| format!("{f:0<3}")[..3].parse().unwrap_or(0));
    let lo = day(parts[0], parts[1], parts[2]) * DAY + (h * 60 + m) * 60_000 + number(whole)? * 1000 + millis - offset;
    Some((
        lo,
        lo + if s.is_none() {
            60_000
        } else if fraction.is_some() {
            1
        } else {
            1000
        },
    ))
}

/// Whether an interval answers a date search (<https://hl7.org/fhir/R4/search.html#prefix>).
pub fn date_matches(prefix: &str, asked: (i64, i64), found: (i64, i64)) -> bool {
    let within = asked.0 <= found.0 && found.1 <= asked.1;
    match prefix {
        "" | "eq" => within,
        "ne" => !within,
        "gt" => found.1 > asked.1,
        "lt" => found.0 < asked.0,
        "ge" => within || found.1 > asked.1,
        "le" => within || found.0 < asked.0,
        "sa" => found.0 >= asked.1,
        "eb" => found.1 <= asked.0,
        other => panic!("no prefix {other}"),
    }
}

/// A value of a quantity and half a unit of its last digit.
pub fn decimal(text: &str) -> Option<(f64, f64)> {
    let value: f64 = text.parse().ok()?;
    let digits = text.split(['e', 'E']).next()?.split_once('.').map_or(0, |(_, f)| f.len());
    Some((value, 0.5 * 10f64.powi(-i32::try_from(digits).ok()?)))
}

/// What is asked of one parameter: `code`, `name`, `name:exact`, with its text of alternatives as a URL has it (not yet encoded).
pub struct Question<'q> {
    /// The parameter's type: `token`, `string`, …
    pub form: &'q str,
    /// The modifier, or nothing.
    pub modifier: &'q str,
    /// The value: alternatives with commas between.
    pub value: &'q str,
}

/// Whether a resource answers. `base` are the values that the parameter's expression selects in it.
pub fn matches(base: &[&Value], asked: &Question<'_>) -> bool {
    let alternatives = split(asked.value, ',');
    let any = || alternatives.iter().any(|one| base.iter().any(|value| one_matches(value, asked, one)));
    match asked.modifier {
        "missing" => base.is_empty() == (asked.value == "true"),
        "not" => !any(),
        _ => any(),
    }
}

/// Parts of a text between separators that no backslash stands before.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut out, mut escaped) = (vec![String::new()], false);
    for c in text.chars() {
        if c == at && !escaped {
            out.push(String::new());
        } else {
            out.last_mut().expect("one").push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    out
}

fn plain(text: &str) -> String {
    let (mut out, mut escaped) = (String::new(), false);
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(c);
            escaped = false;
        }
    }
    out
}

fn one_matches(value: &Value, asked: &Question<'_>, text: &str) -> bool {
    match asked.form {
        "token" if asked.modifier == "of-type" => is_of_type(value, text),
        "token" if asked.modifier == "text" => texts(value).iter().any(|t| folded(t).starts_with(&folded(&plain(text)))),
        "token" => token_matches(&tokens(value), text),
        "string" => strings(value).iter().any(|found| {
            let wanted = plain(text);
            match asked.modifier {
                "exact" => *found == wanted,
                "contains" => folded(found).contains(&folded(&wanted)),
                _ => folded(found).starts_with(&folded(&wanted)),
            }
        }),
        "reference" if asked.modifier == "identifier" => value.get("identifier").is_some_and(|identifier| token_matches(&tokens(identifier), text)),
        "reference" => {
            let found = value.as_str().or_else(|| value["reference"].as_str()).unwrap_or_default();
            let kind = if asked.modifier.is_empty() { text.to_owned() } else { format!("{}/{text}", asked.modifier) };
            found == kind || (!kind.contains('/') && found.split('/').count() == 2 && found.ends_with(&format!("/{kind}")))
        }
        "date" => {
            let (prefix, date) = prefix_of(text);
            interval(value).zip(moment(date)).is_some_and(|(found, wanted)| date_matches(prefix, wanted, found))
        }
        "quantity" => quantity_matches(value, text),
        "uri" => value.as_str() == Some(plain(text).as_str()),
        other => panic!("the evaluator does not know {other} parameters"),
    }
}

/// The prefix of an ordered value, and the rest.
pub fn prefix_of(text: &str) -> (&str, &str) {
    match text.get(..2) {
        Some(prefix) if prefix.chars().all(|c| c.is_ascii_lowercase()) => text.split_at(2),
        _ => ("", text),
    }
}

fn token_matches(found: &[(Option<String>, String)], text: &str) -> bool {
    let parts: Vec<String> = split(text, '|').iter().map(|p| plain(p)).collect();
    found.iter().any(|(system, code)| match parts.as_slice() {
        [wanted] => code == wanted,
        [none, wanted] if none.is_empty() => system.is_none() && code == wanted,
        [wanted, none] if none.is_empty() => system.as_ref() == Some(wanted),
        [scheme, wanted] => system.as_ref() == Some(scheme) && code == wanted,
        _ => false,
    })
}

/// An identifier with the value, and a coding of its type with the system and code.
fn is_of_type(value: &Value, text: &str) -> bool {
    let parts: Vec<String> = split(text, '|').iter().map(|p| plain(p)).collect();
    let [system, code, wanted] = parts.as_slice() else { return false };
    let types = value.get("type").map(tokens).unwrap_or_default();
    value["value"].as_str() == Some(wanted) && types.iter().any(|(s, c)| s.as_ref() == Some(system) && c == code)
}

/// Display and text of a coded value.
fn texts(value: &Value) -> Vec<String> {
    let own = ["text", "display"].iter().filter_map(|n| value.get(*n).and_then(Value::as_str)).map(str::to_owned);
    own.chain(value.get("coding").and_then(Value::as_array).into_iter().flatten().flat_map(texts)).collect()
}

fn quantity_matches(value: &Value, text: &str) -> bool {
    let parts: Vec<String> = split(text, '|').iter().map(|p| plain(p)).collect();
    let (prefix, number) = prefix_of(&parts[0]);
    let Some(((wanted, half), (found, _))) = decimal(number).zip(value.get("value").and_then(|v| decimal(&v.to_string()))) else { return false };
    let own = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let unit = match parts.as_slice() {
        [_] => true,
        [_, system, code] if system.is_empty() => own("code") == *code || own("unit") == *code,
        [_, system, code] => own("system") == *system && own("code") == *code,
        _ => false,
    };
    let within = (wanted - half..wanted + half).contains(&found);
    unit && match prefix {
        "" | "eq" => within,
        "ne" => !within,
        "gt" => found > wanted,
        "lt" => found < wanted,
        "ge" => found >= wanted,
        "le" => found <= wanted,
        "sa" => found > wanted,
        "eb" => found < wanted,
        other => panic!("no prefix {other}"),
    }
}
