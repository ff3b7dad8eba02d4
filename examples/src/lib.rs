//! Programs for readers.
