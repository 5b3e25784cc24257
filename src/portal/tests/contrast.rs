//! The colours of the design system, read from the style sheet: every pair of text and ground that pages use reaches WCAG 2.2's AA
//! (<https://www.w3.org/TR/WCAG22/#contrast-minimum>, <https://www.w3.org/TR/WCAG22/#non-text-contrast>), light and dark.

use std::collections::HashMap;

const STYLE: &str = include_str!("../assets/hearthgate.css");

/// Text and its ground: at least 4.5.
const TEXT: [(&str, &str); 18] = [
    ("ink", "ground"),
    ("ink", "surface"),
    ("ink-soft", "ground"),
    ("ink-soft", "surface"),
    ("accent", "ground"),
    ("accent", "surface"),
    ("accent-strong", "surface"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("good", "good-ground"),
    ("caution", "caution-ground"),
    ("bad", "bad-ground"),
    ("ink", "good-ground"),
    ("ink", "caution-ground"),
    ("ink", "bad-ground"),
    ("accent", "good-ground"),
    ("accent", "caution-ground"),
    ("accent", "bad-ground"),
];

/// Borders of fields, the focus ring: at least 3.
const SHAPES: [(&str, &str); 4] = [("line", "surface"), ("focus", "ground"), ("focus", "surface"), ("bad", "surface")];

fn colours(block: &str) -> HashMap<&str, [f64; 3]> {
    let lines = block.lines().filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": #"));
    lines
        .filter(|(_, hex)| hex.len() == 6)
        .map(|(name, hex)| {
            let part = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            (name, [part(0), part(2), part(4)])
        })
        .collect()
}

/// <https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>
fn luminance(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_pair_of_colours_can_be_told_apart_in_light_and_dark() {
    let (light, rest) = STYLE.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let (dark, _) = rest.split_once("\n}\n").unwrap();
    let light = colours(light);
    let mut of_the_dark = light.clone();
    let own = colours(dark);
    assert_eq!(own.len(), light.len(), "dark says every colour anew");
    of_the_dark.extend(own);
    for (scheme, colours) in [("light", light), ("dark", of_the_dark)] {
        for (pairs, least) in [(&TEXT[..], 4.5), (&SHAPES, 3.0)] {
            for (front, back) in pairs {
                let found = contrast(colours[front], colours[back]);
                assert!(found >= least, "{scheme}: {front} on {back} has {found:.2}");
            }
        }
    }
}
