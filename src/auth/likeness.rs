//! Names that people take for the same (Unicode Technical Standard 39, section 4: confusable detection, of it what names of programs need).

/// The letters of other alphabets that look like one of the Latin alphabet in most typefaces, beside it.
const ALIKE: [(&str, char); 26] = [
    ("аαɑа", 'a'),
    ("ьвβ", 'b'),
    ("сϲς", 'c'),
    ("ԁ", 'd'),
    ("еёєεҽ", 'e'),
    ("ғ", 'f'),
    ("ɡց", 'g'),
    ("һнհ", 'h'),
    ("іїɩιı1|", 'l'),
    ("ј", 'j'),
    ("кκ", 'k'),
    ("ӏ", 'l'),
    ("мμ", 'm'),
    ("пηո", 'n'),
    ("оοσօ0", 'o'),
    ("рρ", 'p'),
    ("ԛգ", 'q'),
    ("гᴦ", 'r'),
    ("ѕ", 's'),
    ("тτ", 't'),
    ("υսц", 'u'),
    ("νѵ", 'v'),
    ("ԝшωѡ", 'w'),
    ("хχ", 'x'),
    ("уγү", 'y'),
    ("ᴢ", 'z'),
];

/// What two names that look alike have in common: case, space, marks between words and the alphabet of a letter make no difference.
#[must_use]
pub fn likeness(name: &str) -> String {
    let latin = |c: char| match c {
        // Only the eye can tell them apart, and only in some typefaces.
        'i' => 'l',
        other => ALIKE.iter().find(|(others, _)| others.contains(other)).map_or(other, |(_, latin)| *latin),
    };
    name.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == '|').map(latin).collect()
}

/// Whether a character cannot be seen, turns the direction of what stands around it, or is another form of a letter.
#[must_use]
pub fn hides(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        // Enclosed, full-width and mathematical letters.
        | '\u{2460}'..='\u{24ff}' | '\u{ff01}'..='\u{ff5e}' | '\u{1d400}'..='\u{1d7ff}' | '\u{1f100}'..='\u{1f1ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_alike_and_what_does_not_is_not() {
        for (one, other) in
            [("Clinic App", "clinic  app"), ("Clinic App", "Сlіnіс Арр"), ("Clinic", "CIinic"), ("Clinic-App", "ClinicApp"), ("Hello", "He11o"), ("Log", "L0g")]
        {
            assert_eq!(likeness(one), likeness(other), "{one} {other}");
        }
        for (one, other) in [("Clinic App", "Clinic App 2"), ("Growth chart", "Growth charts"), ("मेरा ऐप", "तेरा ऐप"), ("Клиника", "Clinic")]
        {
            assert_ne!(likeness(one), likeness(other), "{one} {other}");
        }
        assert!("\u{3164}\u{ff27}\u{1d40a}\u{e0041}".chars().all(hides) && !"Grün ऐप αβγ".chars().any(hides));
    }
}
