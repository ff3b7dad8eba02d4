//! Columns of text, **copied** from strings and to them.

use super::{Column, Origin, TableError};
use crate::array::Access;
use crate::device::Device;
use aria_arrow::{Field, Node};
use core::ffi::c_void;
use std::sync::Arc;

impl Column {
    /// A column of text, null where there is none: Arrow's `large_string`. **Copies** the text.
    ///
    /// # Errors
    ///
    /// A NUL character in the name.
    pub fn from_strings<'a>(
        name: &str,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<Column, TableError> {
        let (mut offsets, mut data, mut bits) = (vec![0i64], Vec::new(), Vec::new());
        let mut nulls = 0;
        for (at, value) in values.into_iter().enumerate() {
            if at % 8 == 0 {
                bits.push(0u8);
            }
            match value {
                Some(text) => {
                    data.extend_from_slice(text.as_bytes());
                    bits[at / 8] |= 1 << (at % 8);
                }
                None => nulls += 1,
            }
            offsets.push(i64::try_from(data.len()).unwrap_or(i64::MAX)); // Memory has no more.
        }
        let kept = Arc::new((bits, offsets, data));
        let (bits, offsets, data) = &*kept;
        let bitmap = if nulls == 0 { core::ptr::null() } else { bits.as_ptr() };
        let node = Node {
            length: offsets.len() - 1,
            null_count: Some(nulls),
            buffers: vec![bitmap.cast::<c_void>(), offsets.as_ptr().cast(), data.as_ptr().cast()],
            ..Node::default()
        };
        // SAFETY: a bit for each element, one offset more, and the bytes up to the last one, in vectors that the owner keeps
        // and nobody changes.
        let array = unsafe { node.export(kept.clone()) };
        let checked = array.check(Arc::new(Field::new("", "U"))).map_err(|refused| refused.error)?;
        // SAFETY: memory of our own, which nobody writes to.
        let origin = unsafe { Origin::new("text", Device::CPU, Access::Frozen) };
        Column::from_arrow(checked, origin).renamed(name)
    }

    /// The text of each row, **copied**, `None` for a null; or `None` for a column that is no text: `string`,
    /// `large_string` or `string_view`.
    ///
    /// # Errors
    ///
    /// Memory of a device; offsets or bytes that are wrong (rule C8).
    pub fn to_strings(&self) -> Result<Option<Vec<Option<String>>>, TableError> {
        let mut rows = Vec::new();
        let mut each = |text: Option<&str>| rows.push(text.map(str::to_owned));
        for chunk in self.chunks() {
            if !chunk.read_text(&mut each)? {
                return Ok(None);
            }
        }
        Ok(self.field().is_text().then_some(rows))
    }
}
