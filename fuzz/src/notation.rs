//! Names of element types: whatever text comes is read or refused, and what was read survives being written.

use aria_array_bridge::dtype::{DType, arrow_format, format, parse_arrow_format, parse_format, parse_typestr};

/// Reads a buffer format with and without an itemsize.
pub fn pep3118(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for itemsize in [None, Some(0), Some(1), Some(2), Some(4), Some(8), Some(12), Some(16), Some(24), Some(data.len())]
    {
        let Ok(parsed) = parse_format(text, itemsize) else { continue };
        let size = parsed.dtype.itemsize();
        assert!(itemsize.is_none_or(|itemsize| itemsize == size), "{text:?} of {itemsize:?} bytes has {size}");
        let Some(written) = format(&parsed.dtype) else { continue };
        let again = parse_format(&written, Some(size)).unwrap_or_else(|error| panic!("{text:?}: {written:?}: {error}"));
        assert_eq!(again.dtype, parsed.dtype, "{text:?} was written as {written:?}");
        assert!(again.swap.is_none(), "{text:?} was written as {written:?}");
    }
}

/// Reads a type string, a name and an Arrow format.
pub fn typestr(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(parsed) = parse_typestr(text) {
        let written = parsed.dtype.typestr().expect("what a type string said, one can say");
        let again = parse_typestr(&written).unwrap_or_else(|error| panic!("{text:?}: {written:?}: {error}"));
        assert_eq!(again.dtype, parsed.dtype, "{text:?} was written as {written:?}");
        assert!(again.swap.is_none(), "{text:?} was written as {written:?}");
    }
    if let Some(dtype) = DType::from_name(text) {
        assert_eq!(DType::from_name(&dtype.name()), Some(dtype), "{text:?}");
    }
    if let Some(dtype) = parse_arrow_format(text) {
        let written = arrow_format(&dtype).expect("what Arrow said, Arrow can say");
        assert_eq!(parse_arrow_format(&written), Some(dtype), "{text:?} was written as {written:?}");
    }
}
