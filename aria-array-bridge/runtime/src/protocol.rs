//! What any object can be asked beside attributes, items and calls: deletion, membership, identity, documentation.

use crate::apply::{self, unexpected};
use crate::error::PyError;
use crate::object::PyObject;
use crate::value::Val;
use aria_array_bridge::operations::function::{
    CALLABLE, CONTAINS, DELATTR, DELITEM, DIR, DOC, FORMAT, HASH, IS, ISINSTANCE, TYPE,
};

impl PyObject {
    /// `del self.name`
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn delattr(&self, name: &str) -> Result<(), PyError> {
        apply::value(DELATTR, [self.into(), name.into()]).map(drop)
    }

    /// `self.name`, or `None` if that is an `AttributeError`.
    ///
    /// # Errors
    ///
    /// What else Python raises.
    pub fn getattr_opt(&self, name: &str) -> Result<Option<PyObject>, PyError> {
        match self.getattr(name) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is("AttributeError") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `hasattr(self, name)`
    ///
    /// # Errors
    ///
    /// What Python raises, `AttributeError` excepted.
    pub fn hasattr(&self, name: &str) -> Result<bool, PyError> {
        self.getattr_opt(name).map(|found| found.is_some())
    }

    /// `del self[key]`. A range is a slice here, as in [`getitem`](PyObject::getitem).
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn delitem(&self, key: impl Into<Val>) -> Result<(), PyError> {
        apply::value(DELITEM, [self.into(), key.into().into_key()]).map(drop)
    }

    /// `item in self`
    ///
    /// # Errors
    ///
    /// What Python raises: `TypeError` for what contains nothing.
    pub fn contains(&self, item: impl Into<Val>) -> Result<bool, PyError> {
        truth(apply::value(CONTAINS, [self.into(), item.into()])?)
    }

    /// `hash(self)`
    ///
    /// # Errors
    ///
    /// What Python raises: `TypeError` for what cannot be a key.
    pub fn hash(&self) -> Result<i64, PyError> {
        match apply::value(HASH, [self.into()])? {
            Val::Int(hash) => Ok(hash),
            other => Err(unexpected("an int", &other)),
        }
    }

    /// `format(self, spec)`: `format("8.3f")`.
    ///
    /// # Errors
    ///
    /// What Python raises: `ValueError` for a specification that the type does not know.
    pub fn format(&self, spec: &str) -> Result<String, PyError> {
        match apply::value(FORMAT, [self.into(), spec.into()])? {
            Val::Str(text) => Ok(text),
            other => Err(unexpected("a str", &other)),
        }
    }

    /// `dir(self)`, sorted.
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn dir(&self) -> Result<Vec<String>, PyError> {
        apply::make(DIR, [self.into()])?.extract()
    }

    /// The documentation, without its indentation; `None` when there is none.
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn doc(&self) -> Result<Option<String>, PyError> {
        match apply::value(DOC, [self.into()])? {
            Val::Str(text) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    /// `type(self)`
    ///
    /// # Errors
    ///
    /// Only when Python does not run.
    pub fn type_of(&self) -> Result<PyObject, PyError> {
        apply::make(TYPE, [self.into()])
    }

    /// `self is other`
    ///
    /// # Errors
    ///
    /// Only when Python does not run.
    pub fn is(&self, other: &PyObject) -> Result<bool, PyError> {
        truth(apply::value(IS, [self.into(), other.into()])?)
    }

    /// `isinstance(self, class)`, where `class` may be a tuple of classes.
    ///
    /// # Errors
    ///
    /// What Python raises: `TypeError` for what is no class.
    pub fn isinstance(&self, class: &PyObject) -> Result<bool, PyError> {
        truth(apply::value(ISINSTANCE, [self.into(), class.into()])?)
    }

    /// `callable(self)`
    ///
    /// # Errors
    ///
    /// Only when Python does not run.
    pub fn is_callable(&self) -> Result<bool, PyError> {
        truth(apply::value(CALLABLE, [self.into()])?)
    }
}

fn truth(value: Val) -> Result<bool, PyError> {
    match value {
        Val::Bool(truth) => Ok(truth),
        other => Err(unexpected("a bool", &other)),
    }
}
