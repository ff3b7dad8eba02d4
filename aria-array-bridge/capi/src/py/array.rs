//! Arrays out of Python and into it.

use super::PyIn;
use crate::abi::abi;
use crate::failure::Failure;
use crate::nd::make::dtype;
use crate::nd::{Held, NdIn};
use crate::text::TextIn;
use aria_array_bridge::{Array, CopyPolicy, Order};
use aria_array_runtime::{FromPy, PyObject, Request};

/// Flags of a request, as the header has them.
pub(crate) const FLAGS: [(&str, i32, &str); 5] = [
    ("ARIA_ND_C_ORDER", 1, "Elements follow each other row by row."),
    ("ARIA_ND_F_ORDER", 2, "Elements follow each other column by column."),
    ("ARIA_ND_WRITABLE", 4, "The array may be written."),
    ("ARIA_ND_NO_COPY", 8, "Refuse what would have to be copied."),
    ("ARIA_ND_ALWAYS_COPY", 16, "Copy in any case."),
];

fn request(name: Option<&str>, ndim: i32, flags: i32) -> Result<Request, Failure> {
    let mut request = Request::new();
    if let Some(name) = name {
        request = request.dtype(dtype(name)?);
    }
    if let Ok(ndim) = usize::try_from(ndim) {
        request = request.ndim(ndim);
    }
    let [c_order, f_order, writable, no_copy, always] = FLAGS.map(|(_, flag, _)| flags & flag != 0);
    if flags & !FLAGS.iter().fold(0, |all, (_, flag, _)| all | flag) != 0 || (c_order && f_order) || (no_copy && always)
    {
        return Err(Failure::argument(format_args!("expected flags that agree but found {flags:#x}")));
    }
    if c_order || f_order {
        request = request.order(if c_order { Order::C } else { Order::F });
    }
    let copy = match (no_copy, always) {
        (true, _) => CopyPolicy::Never,
        (_, true) => CopyPolicy::Always,
        _ => CopyPolicy::IfNeeded,
    };
    Ok(request.writable(writable).copy(copy))
}

abi! {
    /// Takes an array out of whatever Python object has one. Zero-copy, or a copy as far as the flags let it
    /// (ARIA_ND_NO_COPY and others); aria_nd_plan says which, and why. A NULL dtype and an ndim of -1 take any.
    tries fn aria_nd_from_py or aria_nd_from_py_or_exit(
        object: PyIn, type_name: TextIn, type_len: i64, ndim: i32, flags: i32,
    ) -> Held {
        let request = request(type_name.optional(type_len)?, ndim, flags)?;
        let (array, plan) = Array::from_py(object.get()?, &request)?;
        Ok(Held::new(array)?.with_plan(plan))
    }

    /// Makes a Python array over the same memory. Zero-copy. NumPy and others share it by their own functions.
    tries fn aria_nd_to_py or aria_nd_to_py_or_exit(array: NdIn) -> PyObject {
        Ok(array.array()?.to_py()?.0)
    }
}
