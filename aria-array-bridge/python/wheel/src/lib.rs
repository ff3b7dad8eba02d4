//! The compiled part of the wheel.
