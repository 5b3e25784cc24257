//! The nlp room.
