//! Arrays out of Python and into it: `Array::from_py`, `Array::to_py`, and what may be asked for.

use crate::error::PyError;
use crate::object::{PyObject, obtain};
use crate::state::operate;
use aria_array_bridge::operations::{
    ANY_NDIM, COPY_ALWAYS, COPY_IF_NEEDED, COPY_NEVER, ERR_ARGUMENT, ERR_REFUSED, Failure, ORDER_ANY, ORDER_C, ORDER_F,
    Operations, OwnedBytes, RawRequest, Text,
};
use aria_array_bridge::{Array, CopyPolicy, DType, Order, Plan};
use core::ptr::{self, NonNull};

/// What an array that comes out of Python must be. Nothing in particular, unless it is said.
#[derive(Clone, Debug, Default)]
pub struct Request {
    dtype: Option<DType>,
    ndim: Option<usize>,
    order: Option<Order>,
    writable: bool,
    copy: CopyPolicy,
}

impl Request {
    /// Any array, copied only if it cannot be shared.
    pub fn new() -> Request {
        Request::default()
    }

    /// Wants elements of this type.
    #[must_use]
    pub fn dtype(mut self, dtype: DType) -> Request {
        self.dtype = Some(dtype);
        self
    }

    /// Wants this many axes.
    #[must_use]
    pub fn ndim(mut self, ndim: usize) -> Request {
        self.ndim = Some(ndim);
        self
    }

    /// Wants elements that follow each other in this order.
    #[must_use]
    pub fn order(mut self, order: Order) -> Request {
        self.order = Some(order);
        self
    }

    /// Wants to write.
    #[must_use]
    pub fn writable(mut self, writable: bool) -> Request {
        self.writable = writable;
        self
    }

    /// Says when elements may be copied.
    #[must_use]
    pub fn copy(mut self, copy: CopyPolicy) -> Request {
        self.copy = copy;
        self
    }
}

/// Gives [`Array`] its ways out of Python and into it.
pub trait FromPy: Sized {
    /// Takes an array out of whatever Python object has one. **Zero-copy**, or copies as far as the request lets
    /// it; the plan says which, and why. The array keeps the object alive.
    ///
    /// # Errors
    ///
    /// A refusal has a [plan](PyError::plan) with all reasons; what Python raises passes through.
    fn from_py(object: &PyObject, request: &Request) -> Result<(Self, Plan), PyError>;

    /// Makes a Python array of this one. **Zero-copy.** The plan says how.
    ///
    /// # Errors
    ///
    /// A dtype that has no form in Python.
    fn to_py(&self) -> Result<(PyObject, Plan), PyError>;
}

impl FromPy for Array {
    fn from_py(object: &PyObject, request: &Request) -> Result<(Array, Plan), PyError> {
        let name = request.dtype.as_ref().map(DType::name);
        let ndim = match request.ndim.map(i32::try_from) {
            None => ANY_NDIM,
            Some(Ok(ndim)) => ndim,
            Some(Err(_)) => return Err(PyError::own(ERR_ARGUMENT, "ArgumentError", "expected at most 64 axes")),
        };
        let raw = RawRequest {
            dtype: name.as_ref().map_or(Text::NONE, |name| Text::new(name)),
            ndim,
            order: match request.order {
                None => ORDER_ANY,
                Some(Order::C) => ORDER_C,
                Some(Order::F) => ORDER_F,
            },
            writable: request.writable.into(),
            copy: match request.copy {
                CopyPolicy::Never => COPY_NEVER,
                CopyPolicy::IfNeeded => COPY_IF_NEEDED,
                CopyPolicy::Always => COPY_ALWAYS,
            },
            reserved: 0,
        };
        let (mut array, mut plan) = (ptr::null_mut(), OwnedBytes::EMPTY);
        let body = |table: &Operations, failure: &mut Failure| {
            // SAFETY: a live handle, a request and places that live for the call.
            unsafe { (table.array_from_py)(object.as_raw(), &raw const raw, &raw mut array, &raw mut plan, failure) }
        };
        // SAFETY: one function of the table, called as it says.
        let status = unsafe { operate(body) };
        // SAFETY: what the table wrote, or nothing; taken over once.
        let plan = unsafe { decode(plan) };
        status?;
        let array = NonNull::new(array).ok_or_else(|| refused("expected an array but found NULL"))?;
        // SAFETY: a struct that the table hands out on success, and that nobody else releases.
        let array = unsafe { Array::from_nd_array(array) }.map_err(|error| refused(error.to_string()))?;
        Ok((array, plan))
    }

    fn to_py(&self) -> Result<(PyObject, Plan), PyError> {
        let mut array = Some(self.clone().into_nd_array().map_err(|_| refused("its dtype has no notation"))?);
        let mut plan = OwnedBytes::EMPTY;
        let object = obtain(|table, out, failure| {
            let array = array.take().map_or(ptr::null_mut(), NonNull::as_ptr);
            // SAFETY: a struct that is given up here, and places that live for the call.
            unsafe { (table.array_to_py)(array, out, &raw mut plan, failure) }
        });
        if let Some(array) = array {
            // Still there when Python does not run.
            // SAFETY: made above, and given to nobody; taken over, which releases it.
            drop(unsafe { Array::from_nd_array(array) });
        }
        // SAFETY: what the table wrote, or nothing; taken over once.
        let plan = unsafe { decode(plan) };
        Ok((object?, plan))
    }
}

fn refused(message: impl Into<String>) -> PyError {
    PyError::own(ERR_REFUSED, "ConversionError", message)
}

/// # Safety
///
/// As for [`OwnedBytes::take`].
unsafe fn decode(plan: OwnedBytes) -> Plan {
    // SAFETY: the caller's duty.
    let bytes = unsafe { plan.take() };
    let first = Plan::decode(&bytes).ok().and_then(|plans| plans.into_iter().next());
    first.unwrap_or_else(|| Plan::view("", "", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_for_a_python_that_does_not_run_is_released() {
        let array = Array::from(vec![1.0, 2.0]);
        assert_eq!(array.to_py().unwrap_err().kind(), "StateError");
        assert_eq!(array.exports(), 0);
    }
}
