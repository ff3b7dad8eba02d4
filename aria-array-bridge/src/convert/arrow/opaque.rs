//! `arrow.opaque`: values that Arrow has no type for, carried as they lie under the name of their dtype.
//!
//! <https://arrow.apache.org/docs/format/CanonicalExtensions.html#opaque>

use crate::dtype::DType;
use aria_arrow::{Field, Metadata};
use serde_json::{Value, json};

/// The name of the extension type.
pub(super) const NAME: &[u8] = b"arrow.opaque";

/// Who names the types that NumPy has, and who those that it has not.
const VENDORS: [&str; 2] = ["NumPy", "aria-array-bridge"];

/// The type of values that Arrow has none for: complex numbers are stored as pairs, times as their counts, and what
/// remains as the integers of their bits, which more libraries keep than bytes of one width. `None` for elements of less than a byte, or of more bytes than int32 counts.
pub(super) fn field(dtype: &DType) -> Option<Field> {
    if dtype.is_packed() || i32::try_from(dtype.itemsize()).is_err() {
        return None;
    }
    let storage = match (dtype, half(dtype)) {
        (_, Some(half)) => Field::new("item", "+w:2").with_children(vec![Field::new("item", &half.arrow_format()?)]),
        (DType::DateTime(_) | DType::TimeDelta(_), None) => Field::new("item", "l"),
        _ => match dtype.itemsize() {
            1 => Field::new("item", "C"),
            2 => Field::new("item", "S"),
            4 => Field::new("item", "I"),
            8 => Field::new("item", "L"),
            bytes => Field::new("item", &format!("w:{bytes}")),
        },
    };
    let vendor = VENDORS[usize::from(dtype.typestr().is_none())];
    let parameters = json!({ "type_name": dtype.name(), "vendor_name": vendor }).to_string();
    let pairs: [(&[u8], &[u8]); 2] =
        [(b"ARROW:extension:name", NAME), (b"ARROW:extension:metadata", parameters.as_bytes())];
    Some(storage.with_metadata(Metadata::from_pairs(pairs).unwrap_or_default())) // Far less than int32 counts.
}

/// Returns true for a dtype that goes out under this name.
pub(super) fn is_opaque(dtype: &DType) -> bool {
    super::form::value(dtype).is_ok_and(|(field, _)| field.extension_name() == Some(NAME))
}

/// The dtype whose values these are, stored as [`field`] says; `None` for another system's.
pub(super) fn dtype(field: &Field) -> Option<DType> {
    if field.extension_name() != Some(NAME) || field.dictionary().is_some() {
        return None;
    }
    let json: Value = serde_json::from_slice(field.extension_metadata()?).ok()?;
    let vendor = json.get("vendor_name")?.as_str()?;
    let dtype = DType::from_name(json.get("type_name")?.as_str()?).filter(|_| VENDORS.contains(&vendor))?;
    let stored = super::form::value(&dtype).ok()?.0; // Which has another type where Arrow has one.
    let (own, found) = (stored.children().iter(), field.children().iter());
    let same = stored.format() == field.format() && own.map(Field::format).eq(found.map(Field::format));
    (same && stored.extension_name() == Some(NAME)).then_some(dtype)
}

/// What a complex number is two of.
pub(super) fn half(dtype: &DType) -> Option<DType> {
    match *dtype {
        DType::C64 => Some(DType::F32),
        DType::C128 => Some(DType::F64),
        _ => None,
    }
}

/// What others see of them.
pub(super) fn stored_as(dtype: &DType) -> &'static str {
    match *dtype {
        DType::C64 | DType::C128 => "pairs of numbers",
        DType::DateTime(_) | DType::TimeDelta(_) => "counts",
        _ => "bits",
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{import, node};
    use super::super::{Export, form};
    use super::*;
    use crate::array::{Array, Validity};
    use crate::layout::Order;

    #[test]
    fn what_arrow_has_no_type_for_is_shared_and_comes_back() {
        let names = ["complex64", "complex128", "bfloat16", "float8_e4m3fn", "complex32", "float32x4", "bcomplex32"];
        let times = ["datetime64[M]", "timedelta64[Y]", "datetime64", "datetime64[25us]", "timedelta64[as]"];
        for name in names.into_iter().chain(times) {
            let dtype = DType::from_name(name).unwrap();
            let valid = Validity::from_bools(&[true, false, true, true, true, false], &[2, 3]).unwrap();
            let array = Array::zeros(dtype.clone(), &[2, 3], Order::C).unwrap().with_validity(valid).unwrap();
            for (array, field) in [(array.clone(), 0), (array.index(0, 1).unwrap(), 1)] {
                let export = Export::of(&array, None).unwrap();
                assert_eq!(export.copied_bytes(), field, "{name}: bits that begin within a byte are copied");
                let field = export.field().clone();
                let back = import(export.export().unwrap(), field).unwrap();
                assert_eq!((back.dtype(), back.shape(), back.address()), (&dtype, array.shape(), array.address()));
                let bits = |array: &Array| array.validity().unwrap().iter().collect::<Vec<_>>();
                assert_eq!(bits(&back), bits(&array), "{name}");
            }
        }
    }

    #[test]
    fn what_arrow_has_a_type_for_is_none_under_this_name() {
        let said = |storage: Field, text: &str| {
            let pairs = [("ARROW:extension:name", "arrow.opaque"), ("ARROW:extension:metadata", text)];
            dtype(&storage.with_metadata(Metadata::from_pairs(pairs).unwrap()))
        };
        let pair = |half| Field::new("x", "+w:2").with_children(vec![Field::new("item", half)]);
        let numpys = |name: &str| format!(r#"{{"type_name":"{name}","vendor_name":"NumPy"}}"#);
        assert_eq!(said(pair("g"), &numpys("complex128")), Some(DType::C128));
        for (storage, text) in [
            (pair("f"), numpys("complex128")),
            (Field::new("x", "w:16"), numpys("complex128")),
            (pair("g"), numpys("complex128").replace("NumPy", "R")),
            (pair("g"), "{".to_owned()),
            (pair("g"), "[]".to_owned()),
            (pair("g"), r#"{"type_name":7,"vendor_name":"NumPy"}"#.to_owned()),
            // Whose bytes not all are values.
            (Field::new("x", "C"), numpys("bool")),
            (Field::new("x", "I"), numpys("str[1]")),
            (Field::new("x", "l"), numpys("int64")),
            (Field::new("x", "l"), numpys("datetime64[s]")),
            (Field::new("x", "L"), numpys("datetime64[M]")),
        ] {
            assert_eq!(said(storage, &text), None, "{text}");
        }
        assert!(form::value(&DType::BOOL).is_ok() && !is_opaque(&DType::BOOL) && is_opaque(&DType::C64));
    }

    #[test]
    fn a_number_without_one_of_its_halves_is_refused() {
        let field = field(&DType::C64).unwrap();
        let halves = |bits: &[u8]| node(3, 1, None, &[bits, &[0; 16]], vec![]);
        let pairs = |bits: &[u8]| node(1, 0, Some(0), &[&[]], vec![halves(bits)]);
        let whole = import(pairs(&[]), field.clone()).unwrap();
        assert_eq!((whole.shape(), whole.dtype()), (&[1][..], &DType::C64));
        let refused = import(pairs(&[0b0111]), field).unwrap_err();
        assert_eq!(refused.code, "not-numeric");
    }
}
