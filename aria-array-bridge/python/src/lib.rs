//! Every array protocol of Python.
