//! Whole notes.
