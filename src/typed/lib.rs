//! The typed room.
