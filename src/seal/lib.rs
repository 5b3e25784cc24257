//! The seal room.
