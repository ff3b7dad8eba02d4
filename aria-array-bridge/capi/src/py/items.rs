//! Containers taken apart: an item by its number, all items, all pairs, as many items as there are names for.

use super::PyIn;
use super::value::make;
use crate::abi::{Give, abi, c_types};
use crate::failure::Failure;
use aria_array_bridge::operations::Object;
use aria_array_runtime::{PyError, PyObject};

/// Room for handles, as many as the number beside it says.
#[repr(transparent)]
pub(crate) struct HandlesOut(*mut *mut Object);

c_types! {
    HandlesOut = "AriaPy **" 'p';
}

impl HandlesOut {
    /// Writes the handles one after another, to room for as many.
    fn put(self, objects: Vec<PyObject>) {
        for (place, object) in objects.into_iter().enumerate() {
            // SAFETY: room for as many handles, perhaps not yet written to: the promise of the C caller.
            unsafe { self.0.wrapping_add(place).write(object.give()) };
        }
    }
}

abi! {
    /// `object[index]`, for a sequence: an index below 0 counts from its end.
    tries fn aria_py_item or aria_py_item_or_exit(object: PyIn, index: i64) -> PyObject {
        Ok(object.get()?.getitem(index)?)
    }

    /// A list of all items of an iterable, which is taken apart once; a list is copied. Text and bytes are not taken apart.
    /// aria_py_len and aria_py_item walk it.
    tries fn aria_py_to_list or aria_py_to_list_or_exit(object: PyIn) -> PyObject {
        make(object.get()?.to_vec()?)
    }

    /// A list of all keys of a mapping with their values, in pairs, each a tuple: aria_py_unpack takes it apart.
    tries fn aria_py_to_pairs or aria_py_to_pairs_or_exit(object: PyIn) -> PyObject {
        make(object.get()?.to_pairs()?)
    }

    /// Takes an iterable of exactly `count` items apart, as `a, b = object` does: writes an object for each item to `items`,
    /// which the caller releases. ValueError if there are more or fewer; nothing is written then.
    tries fn aria_py_unpack or aria_py_unpack_or_exit(object: PyIn, items: HandlesOut, count: i64) {
        let wanted = crate::nd::make::count("a number of items", count)?;
        if wanted > 0 && items.0.is_null() {
            return Err(Failure::argument(format_args!("expected room for {count} items but found NULL")));
        }
        // No more than one beyond: it may have no end.
        let found: Vec<PyObject> = object.get()?.iter()?.take(wanted.saturating_add(1)).collect::<Result<_, _>>()?;
        if found.len() != wanted {
            let more = if found.len() > wanted { "more" } else { "fewer" };
            return Err(PyError::new("ValueError", format!("expected {count} items but found {more}")).into());
        }
        items.put(found);
        Ok(())
    }
}
