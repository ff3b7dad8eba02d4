//! `arrow.fixed_shape_tensor`: its parameters, which are JSON.
//!
//! <https://arrow.apache.org/docs/format/CanonicalExtensions.html#fixed-shape-tensor>

use crate::array::Array;
use crate::layout::Dims;
use crate::plan::Reason;
use aria_arrow::{Field, Format, Metadata};
use serde_json::{Value, json};

/// The name of the extension type.
const NAME: &[u8] = b"arrow.fixed_shape_tensor";

/// Returns true for a list whose values are tensors of one shape.
pub(super) fn is_tensor(field: &Field) -> bool {
    field.extension_name() == Some(NAME)
}

/// The shape in memory of each tensor, and the order in which its axes are meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tensor {
    pub(super) shape: Dims<usize>,
    /// Axis `i` of the tensor is axis `permutation[i]` in memory.
    pub(super) permutation: Option<Dims<usize>>,
}

/// Reads the parameters of a tensor type.
pub(super) fn parse(field: &Field) -> Result<Tensor, Box<Reason>> {
    let Format::FixedList(list) = field.layout() else {
        return Err(malformed(format!("expected a tensor stored as '+w:' but found '{}'", field.format())));
    };
    let text = field.extension_metadata().unwrap_or_default();
    let json: Value = serde_json::from_slice(text)
        .map_err(|error| malformed(format!("expected the parameters of a tensor as JSON but found {error}")))?;
    let numbers = |key: &str| -> Result<Option<Dims<usize>>, Box<Reason>> {
        let Some(value) = json.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
        let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
        let numbers = value.as_array().and_then(|values| values.iter().map(number).collect());
        numbers.map(Some).ok_or_else(|| malformed(format!("expected '{key}' as a list of numbers but found {value}")))
    };
    let Some(shape) = numbers("shape")? else {
        return Err(malformed("expected 'shape' among the parameters of a tensor but found none".to_owned()));
    };
    let product = shape.iter().try_fold(1usize, |product, extent| product.checked_mul(*extent));
    if product != Some(list) {
        return Err(malformed(format!("expected tensors of {list} elements but found shape {:?}", &shape[..])));
    }
    let permutation = numbers("permutation")?;
    if let Some(permutation) = &permutation {
        let mut sorted: Vec<usize> = permutation.to_vec();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..shape.len()) {
            let text = format!("expected a permutation of {} axes but found {:?}", shape.len(), &permutation[..]);
            return Err(malformed(text));
        }
    }
    Ok(Tensor { shape, permutation })
}

/// The array with its axes in the order in which this tensor type stores them, where the tensors of the type have its
/// shape; `None` where they have another. A **view**.
pub(super) fn as_stored(array: &Array, field: &Field) -> Option<Array> {
    let Tensor { shape, permutation } = parse(field).ok()?;
    if array.ndim() != shape.len() + 1 {
        return None;
    }
    let mut axes: Vec<usize> = (0..array.ndim()).collect();
    for (axis, stored) in permutation.iter().flatten().enumerate() {
        axes[stored + 1] = axis + 1;
    }
    let stored = array.transpose(&axes).ok()?;
    (stored.shape()[1..] == *shape).then_some(stored)
}

/// The metadata of a tensor type of this shape in memory.
pub(super) fn metadata(shape: &[usize]) -> Metadata {
    named(json!({ "shape": shape }).to_string().as_bytes())
}

/// The metadata of the tensor type that this field has: its shape, its permutation and the names of its axes.
pub(super) fn metadata_of(field: &Field) -> Metadata {
    named(field.extension_metadata().unwrap_or_default())
}

fn named(parameters: &[u8]) -> Metadata {
    let pairs: [(&[u8], &[u8]); 2] = [(b"ARROW:extension:name", NAME), (b"ARROW:extension:metadata", parameters)];
    Metadata::from_pairs(pairs).unwrap_or_default() // Far less than int32 counts, or read from as much.
}

fn malformed(text: String) -> Box<Reason> {
    Box::new(Reason::new("malformed", "C5", text))
}
