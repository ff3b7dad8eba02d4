//! Containers taken apart: an item by its number, all items, all pairs, as many items as there are names for.

use super::PyIn;
use super::value::make;
use crate::abi::{Give, abi, c_types};
use crate::failure::Failure;
use aria_array_bridge::operations::Object;
use aria_array_runtime::{PyError, PyObject};
use core::slice;

/// Room for handles, as many as the number beside it says.
#[repr(transparent)]
pub(crate) struct HandlesOut(*mut *mut Object);

c_types! {
    HandlesOut = "AriaPy **" 'p';
}

impl HandlesOut {
    /// Room for `count` handles.
    fn room<'a>(self, count: i64) -> Result<&'a mut [*mut Object], Failure> {
        match usize::try_from(count) {
            Ok(0) => Ok(&mut []),
            Ok(_) if self.0.is_null() => {
                Err(Failure::argument(format_args!("expected room for {count} items but found NULL")))
            }
            // SAFETY: room for as many handles, which nobody else uses for the call: the promise of the C caller.
            Ok(count) if count <= MOST => Ok(unsafe { slice::from_raw_parts_mut(self.0, count) }),
            _ => Err(Failure::argument(format_args!("expected a number of items but found {count}"))),
        }
    }
}

/// As many handles as any memory has room for.
const MOST: usize = isize::MAX as usize / size_of::<*mut Object>();

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
        let room = items.room(count)?;
        // No more than one beyond: it may have no end.
        let found: Vec<PyObject> = object.get()?.iter()?.take(room.len().saturating_add(1)).collect::<Result<_, _>>()?;
        if found.len() != room.len() {
            let more = if found.len() > room.len() { "more" } else { "fewer" };
            return Err(PyError::new("ValueError", format!("expected {count} items but found {more}")).into());
        }
        for (place, item) in room.iter_mut().zip(found) {
            *place = item.give();
        }
        Ok(())
    }
}
