//! Scores on the development files, as lower bounds.

