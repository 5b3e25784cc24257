//! The compiled lexicon: tables made by `lexicon/build.py` and embedded in the binary.
//!
//! Knows the file's layout; not what a word in a text looks like, nor what a finding is.

use crate::trie::Trie;

/// The tables as they are embedded.
static EMBEDDED: &[u8] = include_bytes!("lexicon/lexicon.bin");
const MAGIC: &[u8] = b"HGLEX\x00\x00\x02";
const TABLES: usize = 20;

/// Why a lexicon could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LexiconError {
    /// The bytes are no lexicon of this version.
    #[error("not a lexicon of the version that this engine reads")]
    Version,
    /// A table reaches past the end of the file or of another table.
    #[error("table {0} of the lexicon is cut short or inconsistent")]
    Table(usize),
}

/// What a concept is, in the order of `CATEGORIES` in `curated.py`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConceptKind {
    Disease,
    Symptom,
    Finding,
    Medication,
    Allergen,
    /// A phrase that holds a finding's words and is none ("flu shot").
    Nothing,
}

/// Where a term comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Curated,
    Tabular,
    Heading,
    Variant,
}

/// A term as the trie's values name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    /// The concept; for an abbreviation with several senses its row of senses.
    pub concept: u32,
    pub source: Source,
    /// Matched in capitals only.
    pub cased: bool,
    pub ambiguous: bool,
}

/// One sense of an abbreviation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sense<'a> {
    pub concept: Option<u32>,
    /// Sections (bits) in which it holds.
    pub sections: u32,
    /// Words near which it holds.
    pub near: &'a [u32],
}

/// The lexicon, read once.
#[derive(Debug)]
pub(crate) struct Lexicon {
    text: &'static str,
    version: &'static str,
    systems: Vec<&'static str>,
    table: Box<[u32]>,
    surfaces: Box<[u32]>,
    pub terms: Trie,
    pub cues: Trie,
    pub sections: Trie,
    rows: Box<[u32]>,
    concepts: Box<[u32]>,
    codes: Box<[u32]>,
    senses: Box<[u32]>,
    near: Box<[u32]>,
    spelling: Box<[u32]>,
    /// Cue kinds of single words, by word.
    flags: Box<[u32]>,
    conjunctions: [u32; 3],
    prepositions: [u32; 4],
    allergies: [u32; 8],
}

/// FNV-1a over bytes: the hash that `blob.py` lays the tables out with.
#[inline]
pub(crate) fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |h, &b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

impl Lexicon {
    /// The lexicon inside this binary.
    pub(crate) fn embedded() -> Result<Lexicon, LexiconError> {
        Lexicon::read(EMBEDDED)
    }

    fn read(bytes: &'static [u8]) -> Result<Lexicon, LexiconError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(LexiconError::Version)?;
        let count = u32_at(rest, 0).ok_or(LexiconError::Version)? as usize;
        if count != TABLES {
            return Err(LexiconError::Version);
        }
        let raw = |n: usize| -> Result<&'static [u8], LexiconError> {
            let at = u32_at(rest, 4 + 8 * n).ok_or(LexiconError::Table(n))? as usize;
            let length = u32_at(rest, 8 + 8 * n).ok_or(LexiconError::Table(n))? as usize;
            bytes.get(at..at.saturating_add(length)).ok_or(LexiconError::Table(n))
        };
        let numbers =
            |n: usize| -> Result<Box<[u32]>, LexiconError> { Ok(raw(n)?.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect()) };
        let text = std::str::from_utf8(raw(0)?).map_err(|_| LexiconError::Table(0))?;
        let head = numbers(1)?;
        let slice = |at: u32, length: u32| text.get(at as usize..(at as usize).saturating_add(length as usize));
        let [at, length, words, _terms] = head[..] else { return Err(LexiconError::Table(1)) };
        let version = slice(at, length).ok_or(LexiconError::Table(1))?;
        let systems = numbers(2)?.chunks_exact(2).map(|p| slice(p[0], p[1]).ok_or(LexiconError::Table(2))).collect::<Result<Vec<_>, _>>()?;
        let trie = |n: usize| Trie::new(numbers(n)?, numbers(n + 1)?, numbers(n + 2)?, words as usize).ok_or(LexiconError::Table(n));
        let table = numbers(3)?;
        if !table.len().is_power_of_two() {
            return Err(LexiconError::Table(3));
        }
        let spelling = numbers(19)?;
        if !spelling.len().is_power_of_two() {
            return Err(LexiconError::Table(19));
        }
        let cues = trie(8)?;
        let flags = (0..=words).map(|word| cues.child(0, word).map_or(0, |node| cues.value(node))).collect();
        let mut lexicon = Lexicon {
            text,
            version,
            systems,
            table,
            surfaces: numbers(4)?,
            terms: trie(5)?,
            cues,
            sections: trie(11)?,
            rows: numbers(14)?,
            concepts: numbers(15)?,
            codes: numbers(16)?,
            senses: numbers(17)?,
            near: numbers(18)?,
            spelling,
            flags,
            conjunctions: [0; 3],
            prepositions: [0; 4],
            allergies: [0; 8],
        };
        lexicon.conjunctions = [lexicon.word(b"and"), lexicon.word(b"or"), lexicon.word(b"/")];
        lexicon.prepositions = [lexicon.word(b"in"), lexicon.word(b"of"), lexicon.word(b"on"), lexicon.word(b"to")];
        lexicon.allergies = ["allergy", "allergic", "anaphylaxis", "anaphylactic", "intolerance", "intolerant", "hypersensitivity", "reaction"]
            .map(|word| lexicon.word(word.as_bytes()));
        Ok(lexicon)
    }

    /// Whether a word says that something is not tolerated.
    pub(crate) fn is_allergy(&self, word: u32) -> bool {
        word != 0 && self.allergies.contains(&word)
    }

    /// The cue kinds of a word that stands alone.
    #[inline]
    pub(crate) fn flags(&self, word: u32) -> u32 {
        self.flags.get(word as usize).copied().unwrap_or(0)
    }

    /// Whether a word alone is a term.
    pub(crate) fn is_term(&self, word: u32) -> bool {
        word != 0 && self.terms.child(0, word).is_some_and(|node| self.terms.value(node) != 0)
    }

    /// Whether a word leads to a place ("in", "of", "on", "to").
    pub(crate) fn is_preposition(&self, word: u32) -> bool {
        word != 0 && self.prepositions.contains(&word)
    }

    /// Whether a word joins ("and", "or", a slash).
    pub(crate) fn is_conjunction(&self, word: u32) -> bool {
        word != 0 && self.conjunctions.contains(&word)
    }

    /// The lexicon's version.
    pub(crate) fn version(&self) -> &'static str {
        self.version
    }

    fn slice(&self, at: u32, length: u32) -> &'static str {
        self.text.get(at as usize..(at + length) as usize).unwrap_or("")
    }

    fn surface(&self, number: usize) -> (&'static str, u32) {
        match self.surfaces.get(2 * number..2 * number + 2) {
            Some(&[at, packed]) => (self.slice(at, packed >> 24), packed & 0x00FF_FFFF),
            _ => ("", 0),
        }
    }

    /// The word that a folded surface form belongs to, 0 when unknown.
    #[inline]
    pub(crate) fn word(&self, folded: &[u8]) -> u32 {
        let mask = self.table.len() - 1;
        let mut at = fnv(folded) as usize & mask;
        loop {
            match self.table.get(at).copied().unwrap_or(0) {
                0 => return 0,
                number => {
                    let (surface, word) = self.surface(number as usize - 1);
                    if surface.as_bytes() == folded {
                        return word;
                    }
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// Surface forms whose deletions hash to `hash`, as (form, word), at most `limit` slots looked at.
    pub(crate) fn spelled(&self, hash: u32, limit: usize) -> impl Iterator<Item = (&'static str, u32)> + '_ {
        let mask = self.spelling.len() - 1;
        (0..limit)
            .map(move |step| self.spelling.get((hash as usize + step) & mask).copied().unwrap_or(0))
            .take_while(|&entry| entry != 0)
            .filter(move |entry| entry >> 20 == hash >> 20)
            .map(|entry| self.surface((entry & 0x000F_FFFF) as usize - 1))
    }

    /// The term that a trie value names.
    pub(crate) fn term(&self, value: u32) -> Option<Term> {
        let at = 2 * (value as usize).checked_sub(1)?;
        let &[concept, packed] = self.rows.get(at..at + 2)? else { return None };
        let source = match packed & 0xFF {
            0 => Source::Curated,
            1 => Source::Tabular,
            2 => Source::Heading,
            _ => Source::Variant,
        };
        Some(Term { concept, source, cased: packed >> 8 & 1 != 0, ambiguous: packed >> 8 & 2 != 0 })
    }

    /// The senses of an ambiguous term, in the order in which they are tried.
    pub(crate) fn senses(&self, row: u32) -> impl Iterator<Item = Sense<'_>> {
        let (from, count) = ((row >> 8) as usize, (row & 0xFF) as usize);
        self.senses.get(4 * from..4 * (from + count)).unwrap_or(&[]).chunks_exact(4).map(|s| Sense {
            concept: s[0].checked_sub(1),
            sections: s[1],
            near: self.near.get(s[2] as usize..(s[2] + s[3]) as usize).unwrap_or(&[]),
        })
    }

    /// What a concept is.
    pub(crate) fn kind(&self, concept: u32) -> ConceptKind {
        match self.concepts.get(4 * concept as usize + 1).map(|packed| packed >> 24) {
            Some(0) => ConceptKind::Disease,
            Some(1) => ConceptKind::Symptom,
            Some(2) => ConceptKind::Finding,
            Some(3) => ConceptKind::Medication,
            Some(4) => ConceptKind::Allergen,
            _ => ConceptKind::Nothing,
        }
    }

    /// The preferred name of a concept.
    pub(crate) fn name(&self, concept: u32) -> &'static str {
        match self.concepts.get(4 * concept as usize..4 * concept as usize + 2) {
            Some(&[at, packed]) => self.slice(at, packed & 0x00FF_FFFF),
            _ => "",
        }
    }

    /// The codes of a concept as (system URI, code).
    pub(crate) fn codes(&self, concept: u32) -> impl Iterator<Item = (&'static str, &'static str)> + '_ {
        let (from, count) = match self.concepts.get(4 * concept as usize + 2..4 * concept as usize + 4) {
            Some(&[from, count]) => (from as usize, count as usize),
            _ => (0, 0),
        };
        self.codes.get(2 * from..2 * (from + count)).unwrap_or(&[]).chunks_exact(2).map(|c| {
            let system = self.systems.get((c[1] >> 24) as usize).copied().unwrap_or("");
            (system, self.slice(c[0], c[1] & 0x00FF_FFFF))
        })
    }

    /// How many terms there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len() / 2
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_version_is_refused() {
        assert_eq!(Lexicon::read(b"HGLEX\x00\x00\x01rest").err(), Some(LexiconError::Version));
        assert_eq!(Lexicon::read(b"").err(), Some(LexiconError::Version));
    }

    #[test]
    fn a_file_cut_short_is_refused() {
        for cut in [12, 60, 200, 5000] {
            assert!(Lexicon::read(&EMBEDDED[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn every_inflection_of_a_word_is_that_word() {
        let lexicon = Lexicon::embedded().expect("the embedded lexicon");
        for (one, other) in [("fracture", "fractures"), ("anemia", "anaemia"), ("diagnosis", "diagnoses"), ("diarrhea", "diarrhoea")] {
            assert_ne!(lexicon.word(one.as_bytes()), 0, "{one}");
            assert_eq!(lexicon.word(one.as_bytes()), lexicon.word(other.as_bytes()), "{one}, {other}");
        }
    }
}
