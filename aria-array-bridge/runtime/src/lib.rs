//! Python for Aria programs: found, loaded and called at run time.
