//! Taking a struct over: moved out of its place, which is marked as released.

use crate::{FFI_ArrowArray, FFI_ArrowSchema};
use core::fmt;
use core::ptr::NonNull;

/// The struct had been released before: it describes nothing, and must not be read (K-A8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released {
    /// `ArrowSchema` or `ArrowArray`.
    pub what: &'static str,
}

impl fmt::Display for Released {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a live {} but found one that was released", self.what)
    }
}

impl core::error::Error for Released {}

/// Moves a schema out of foreign memory, which keeps a struct that is marked as released.
///
/// # Errors
///
/// [`Released`] if there is nothing to take; nothing is released then.
///
/// # Safety
///
/// `schema` points to an `ArrowSchema` that may be read and written, and that nobody else reads, writes or releases.
pub unsafe fn take_schema(schema: NonNull<FFI_ArrowSchema>) -> Result<FFI_ArrowSchema, Released> {
    // SAFETY: the caller's duty. A moved or released struct becomes an empty one.
    let schema = unsafe { FFI_ArrowSchema::from_raw(schema.as_ptr()) };
    if is_released(&schema) { Err(Released { what: "ArrowSchema" }) } else { Ok(schema) }
}

/// Moves an array out of foreign memory, which keeps a struct that is marked as released.
///
/// # Errors
///
/// [`Released`] if there is nothing to take; nothing is released then.
///
/// # Safety
///
/// `array` points to an `ArrowArray` that may be read and written, and that nobody else reads, writes or releases.
pub unsafe fn take_array(array: NonNull<FFI_ArrowArray>) -> Result<FFI_ArrowArray, Released> {
    // SAFETY: the caller's duty. A moved or released struct becomes an empty one.
    let array = unsafe { FFI_ArrowArray::from_raw(array.as_ptr()) };
    if array.is_released() { Err(Released { what: "ArrowArray" }) } else { Ok(array) }
}

/// arrow-rs tells it of arrays only; in a schema, `release` is the last field but one.
fn is_released(schema: &FFI_ArrowSchema) -> bool {
    const RELEASE: usize = size_of::<FFI_ArrowSchema>() / size_of::<usize>() - 2;
    let words = core::ptr::from_ref(schema).cast::<Option<unsafe extern "C" fn()>>();
    // SAFETY: within the struct, whose fields are those of the C data interface, in its order, and fill whole words.
    let release = unsafe { words.add(RELEASE) };
    // SAFETY: a function pointer or NULL lies there; `spec/structs.csv` and its tests hold the offset.
    unsafe { release.read() }.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::DataType;

    #[test]
    fn a_schema_is_taken_once() {
        let mut schema = FFI_ArrowSchema::try_from(&DataType::Float64).unwrap();
        let place = NonNull::from(&mut schema);
        // SAFETY: a live struct of this test's.
        let taken = unsafe { take_schema(place) }.unwrap();
        assert_eq!(taken.format(), "g");
        // SAFETY: the place holds a struct that is marked as released.
        let again = unsafe { take_schema(place) };
        assert_eq!(again.unwrap_err().to_string(), "expected a live ArrowSchema but found one that was released");
    }

    #[test]
    fn an_array_that_was_released_is_refused() {
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: a struct of this test's.
        let refused = unsafe { take_array(NonNull::from(&mut array)) };
        assert_eq!(refused.unwrap_err(), Released { what: "ArrowArray" });
    }
}
