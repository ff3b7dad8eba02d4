//! [`Field`]: what a schema says, copied and checked; and back into a schema.

use crate::abi::{ArrowSchema, FLAG_NULLABLE};
use crate::error::{ArrowError, Problem};
use crate::format::{Format, is_integer};
use crate::metadata::Metadata;
use crate::schema::OwnedSchema;
use core::ffi::{CStr, c_char, c_void};
use core::ptr;
use std::borrow::Cow;
use std::ffi::CString;

/// Levels of children that are followed.
pub const MAX_DEPTH: usize = 64;
/// Fields of one schema that are followed.
pub const MAX_FIELDS: usize = 1 << 20;
/// Bytes of names, formats and metadata of one schema that are copied: a schema that leads back to itself is wide as well
/// as deep, and would be copied many times over.
pub const MAX_TEXT: usize = 1 << 28;

/// A type with its name: format, flags, metadata, children, dictionary.
///
/// Everything is kept as it came, also formats, flags and metadata that nobody here knows, so that
/// [`to_schema`](Self::to_schema) says the same again (K-A18).
///
/// A field that was read has at most [`MAX_DEPTH`] levels, whatever the schema says; one that a program nests by hand has
/// as many as that program wants. What walks a field takes stack for each of its levels, and for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    format: CString,
    layout: Format,
    name: Option<CString>,
    metadata: Metadata,
    flags: i64,
    children: Vec<Field>,
    dictionary: Option<Box<Field>>,
}

impl Field {
    /// A nullable field of a format, without children.
    ///
    /// # Panics
    ///
    /// A NUL character in the format, which no format has.
    #[must_use]
    #[allow(clippy::expect_used, reason = "formats are written in the code")]
    pub fn new(name: &str, format: &str) -> Field {
        let text = CString::new(format).expect("no format has a NUL character");
        Field {
            layout: Format::parse(format),
            format: text,
            name: Some(until_nul(name)),
            metadata: Metadata::default(),
            flags: FLAG_NULLABLE,
            children: Vec::new(),
            dictionary: None,
        }
    }

    /// The same field under another name, which ends at its first NUL character.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Field {
        self.name = Some(until_nul(name));
        self
    }

    /// The same field with these children.
    #[must_use]
    pub fn with_children(mut self, children: Vec<Field>) -> Field {
        self.children = children;
        self
    }

    /// The same field as indices into a dictionary of such values. Indices are integers.
    #[must_use]
    pub fn with_dictionary(mut self, values: Field) -> Field {
        self.dictionary = Some(Box::new(values));
        self
    }

    /// The same field with these flags instead of its own.
    #[must_use]
    pub fn with_flags(mut self, flags: i64) -> Field {
        self.flags = flags;
        self
    }

    /// The same field with this metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Field {
        self.metadata = metadata;
        self
    }

    /// The same field, which may have nulls or not.
    #[must_use]
    pub fn with_nullable(mut self, nullable: bool) -> Field {
        self.flags = if nullable { self.flags | FLAG_NULLABLE } else { self.flags & !FLAG_NULLABLE };
        self
    }

    /// The name; empty where there is none. Bytes that are no UTF-8 are replaced.
    pub fn name(&self) -> Cow<'_, str> {
        self.name.as_ref().map_or(Cow::Borrowed(""), |name| name.to_string_lossy())
    }

    /// The format string.
    pub fn format(&self) -> &str {
        self.format.to_str().unwrap_or_default() // UTF-8: checked when made.
    }

    /// Returns true for text: `string`, `large_string`, `string_view`; also of an extension type that is stored as text.
    pub fn is_text(&self) -> bool {
        let text = matches!(self.layout(), Format::Bytes { utf8: true, .. } | Format::View { utf8: true });
        text && self.dictionary().is_none()
    }

    /// How values of the format lie.
    pub fn layout(&self) -> Format {
        self.layout
    }

    /// `ARROW_FLAG_…`, and any others.
    pub fn flags(&self) -> i64 {
        self.flags
    }

    /// Returns true if there may be nulls.
    pub fn is_nullable(&self) -> bool {
        self.flags & FLAG_NULLABLE != 0
    }

    /// Key-value metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The name of the extension type, where it is one.
    pub fn extension_name(&self) -> Option<&[u8]> {
        self.metadata.get("ARROW:extension:name")
    }

    /// What the extension type says of itself.
    pub fn extension_metadata(&self) -> Option<&[u8]> {
        self.metadata.get("ARROW:extension:metadata")
    }

    /// Fields of the children.
    pub fn children(&self) -> &[Field] {
        &self.children
    }

    /// What dictionary values are; the format is that of the indices then.
    pub fn dictionary(&self) -> Option<&Field> {
        self.dictionary.as_deref()
    }

    /// Returns true if both have the same type: all but the name, the metadata and whether there may be nulls.
    pub fn same_type(&self, other: &Field) -> bool {
        let dictionaries = match (&self.dictionary, &other.dictionary) {
            (None, None) => true,
            (Some(a), Some(b)) => a.same_type(b),
            _ => false,
        };
        self.format == other.format
            && dictionaries
            && self.children.len() == other.children.len()
            && self.children.iter().zip(&other.children).all(|(a, b)| a.same_type(b) && a.name == b.name)
    }

    /// **Copies** a schema.
    ///
    /// # Safety
    ///
    /// The schema is live and keeps to the C data interface: its pointers are NULL or what the interface says.
    pub(crate) unsafe fn from_c(schema: &ArrowSchema) -> Result<Field, ArrowError> {
        let mut reader = Reader { path: String::new(), left: MAX_FIELDS, text_left: MAX_TEXT };
        // SAFETY: the caller's duty.
        unsafe { reader.read(schema, MAX_DEPTH) }
    }

    /// **Copies** the field into a schema of its own, which frees itself when released.
    #[must_use]
    pub fn to_schema(&self) -> OwnedSchema {
        let children: Box<[*mut ArrowSchema]> =
            self.children.iter().map(|child| Box::into_raw(Box::new(child.to_schema().into_raw()))).collect();
        let dictionary = self.dictionary.as_ref().map_or(ptr::null_mut(), |field| {
            Box::into_raw(Box::new(field.to_schema().into_raw())) // Freed by `release`.
        });
        let said = Box::new(Said {
            format: self.format.clone(),
            name: self.name.clone(),
            metadata: self.metadata.clone(),
            children,
            dictionary,
        });
        OwnedSchema::made(ArrowSchema {
            format: said.format.as_ptr(),
            name: said.name.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
            metadata: said.metadata.as_ptr(),
            flags: self.flags,
            n_children: said.children.len() as i64,
            children: if said.children.is_empty() { ptr::null_mut() } else { said.children.as_ptr().cast_mut() },
            dictionary,
            release: Some(release),
            private_data: Box::into_raw(said).cast::<c_void>(),
        })
    }
}

/// A C string up to the first NUL character.
fn until_nul(text: &str) -> CString {
    let end = text.bytes().position(|byte| byte == 0).unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default() // No NUL before `end`.
}

/// What a schema of ours points into.
struct Said {
    format: CString,
    name: Option<CString>,
    metadata: Metadata,
    children: Box<[*mut ArrowSchema]>,
    dictionary: *mut ArrowSchema,
}

/// # Safety
///
/// `schema` is a live struct that [`Field::to_schema`] made; called once.
unsafe extern "C" fn release(schema: *mut ArrowSchema) {
    // SAFETY: live and exclusive: the interface's promise.
    let schema = unsafe { &mut *schema };
    // SAFETY: the box that `to_schema` leaked, taken back once.
    let said = unsafe { Box::from_raw(schema.private_data.cast::<Said>()) };
    for child in said.children.iter().copied().chain([said.dictionary]).filter(|child| !child.is_null()) {
        // SAFETY: a box that `to_schema` leaked. Somebody may have moved the struct out of it (K-A10).
        let mut child = unsafe { Box::from_raw(child) };
        if let Some(release) = child.release {
            // SAFETY: live, released once.
            unsafe { release(&raw mut *child) };
        }
    }
    schema.release = None;
}

/// Walks a foreign schema.
struct Reader {
    path: String,
    left: usize,
    text_left: usize,
}

impl Reader {
    /// # Safety
    ///
    /// That of [`Field::from_c`].
    unsafe fn read(&mut self, schema: &ArrowSchema, depth: usize) -> Result<Field, ArrowError> {
        if depth == 0 {
            return Err(Problem::Depth { limit: MAX_DEPTH }.at(&self.path));
        }
        if self.left == 0 {
            return Err(Problem::TooMany { what: "fields", limit: MAX_FIELDS }.at(&self.path));
        }
        self.left -= 1;
        if schema.release.is_none() {
            return Err(Problem::Released { what: "ArrowSchema" }.at(&self.path)); // Its name is nobody's any more.
        }
        // SAFETY: NULL or NUL-terminated text: the caller's duty.
        let name = unsafe { text(schema.name) };
        let outer = self.path.len();
        if let Some(name) = name.as_ref().filter(|name| !name.is_empty()) {
            if outer > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name.to_string_lossy());
        }
        // SAFETY: the caller's duty.
        let field = unsafe { self.read_named(schema, name, depth) };
        self.path.truncate(outer);
        field
    }

    /// # Safety
    ///
    /// That of [`Field::from_c`].
    unsafe fn read_named(
        &mut self,
        schema: &ArrowSchema,
        name: Option<CString>,
        depth: usize,
    ) -> Result<Field, ArrowError> {
        // SAFETY: NULL or NUL-terminated text: the caller's duty.
        let Some(format) = (unsafe { text(schema.format) }) else {
            return Err(Problem::Null { what: "a format string" }.at(&self.path));
        };
        let layout = match format.to_str() {
            Ok(format) if Format::is_malformed(format) => {
                return Err(Problem::Format { format: format.to_owned() }.at(&self.path));
            }
            Ok(format) => Format::parse(format),
            Err(_) => return Err(Problem::NotUtf8 { what: "a format string" }.at(&self.path)),
        };
        // SAFETY: NULL or encoded metadata: the caller's duty.
        let metadata = unsafe { Metadata::from_c(schema.metadata) }.map_err(|problem| problem.at(&self.path))?;
        let copied = name.as_ref().map_or(0, |name| name.count_bytes()) + format.count_bytes() + metadata.nbytes();
        let Some(left) = self.text_left.checked_sub(copied) else {
            let what = "bytes of names, formats and metadata";
            return Err(Problem::TooMany { what, limit: MAX_TEXT }.at(&self.path));
        };
        self.text_left = left;
        let Ok(count) = usize::try_from(schema.n_children) else {
            return Err(Problem::Negative { what: "children", found: schema.n_children }.at(&self.path));
        };
        if let Some(expected) = layout.children()
            && !expected.admits(count)
        {
            let format = format.to_string_lossy().into_owned();
            return Err(Problem::Children { format, expected, found: count }.at(&self.path));
        }
        if count > self.left {
            return Err(Problem::TooMany { what: "fields", limit: MAX_FIELDS }.at(&self.path));
        }
        let mut children = Vec::new(); // Grows with what is there, not with what the count says.
        for i in 0..count {
            // SAFETY: `count` pointers, or NULL: the caller's duty.
            let child = unsafe { element(schema.children, i) };
            let Some(child) = child else {
                return Err(Problem::Null { what: "a child schema" }.at(&self.path));
            };
            // SAFETY: as the caller's duty says of every child.
            children.push(unsafe { self.read(child, depth - 1) }?);
        }
        let dictionary = match ptr::NonNull::new(schema.dictionary) {
            None => None,
            Some(dictionary) => {
                if !format.to_str().is_ok_and(is_integer) {
                    let format = format.to_string_lossy().into_owned();
                    return Err(Problem::DictionaryIndex { format }.at(&self.path));
                }
                // SAFETY: a live schema: the caller's duty.
                let dictionary = unsafe { dictionary.as_ref() };
                // SAFETY: as above.
                Some(Box::new(unsafe { self.read(dictionary, depth - 1) }?))
            }
        };
        Ok(Field { format, layout, name, metadata, flags: schema.flags, children, dictionary })
    }
}

/// # Safety
///
/// `text` is NULL, or points to a NUL-terminated string.
unsafe fn text(text: *const c_char) -> Option<CString> {
    // SAFETY: NUL-terminated, since it is not NULL: the caller's duty.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_owned())
}

/// The struct that the pointer `i` points to; `None` where there is NULL on the way.
///
/// # Safety
///
/// `pointers` is NULL or an array of more than `i` pointers, each of which is NULL or points to a live struct.
pub(crate) unsafe fn element<'a, T>(pointers: *mut *mut T, i: usize) -> Option<&'a T> {
    if pointers.is_null() {
        return None;
    }
    // SAFETY: more than `i` pointers: the caller's duty.
    let place = unsafe { pointers.add(i) };
    // SAFETY: as above.
    let pointer = unsafe { place.read() };
    // SAFETY: NULL or a live struct: the caller's duty.
    unsafe { pointer.as_ref() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested() -> Field {
        let metadata = Metadata::from_pairs([("ARROW:extension:name", "geo.point"), ("k", "v")]).unwrap();
        let item = Field::new("item", "g").with_nullable(false);
        let list = Field::new("xs", "+w:2").with_children(vec![item]).with_metadata(metadata);
        let odd = Field::new("odd", "??").with_flags(0x40);
        let coded = Field::new("coded", "C").with_dictionary(Field::new("", "u"));
        Field::new("", "+s").with_children(vec![list, odd, coded])
    }

    #[test]
    fn a_field_goes_out_and_comes_back_with_all_it_says() {
        let field = nested();
        let back = field.to_schema().field().unwrap();
        assert_eq!(back, field);
        assert_eq!(back.children()[0].extension_name(), Some(&b"geo.point"[..]));
        assert_eq!(back.children()[1].layout(), Format::Unknown);
    }

    #[test]
    fn children_that_were_moved_out_live_on() {
        let mut schema = nested().to_schema();
        // SAFETY: three children, boxes of `to_schema`.
        let child = unsafe { schema_child(&mut schema, 0) };
        // SAFETY: a live struct, of which this test alone knows.
        let child = unsafe { OwnedSchema::take(child) }.unwrap();
        drop(schema);
        assert_eq!(child.field().unwrap(), nested().children()[0]);
    }

    unsafe fn schema_child(schema: &mut OwnedSchema, i: usize) -> ptr::NonNull<ArrowSchema> {
        // Through `into_raw` and back, since the struct is private.
        let raw = core::mem::replace(schema, Field::new("", "n").to_schema()).into_raw();
        // SAFETY: the caller says that there is such a child.
        let place = unsafe { raw.children.add(i) };
        // SAFETY: as above.
        let child = unsafe { place.read() };
        *schema = OwnedSchema::made(raw);
        ptr::NonNull::new(child).unwrap()
    }

    #[test]
    #[cfg_attr(miri, ignore = "slow; a chain of foreign structs is read there")]
    fn a_chain_of_children_without_end_is_refused() {
        let mut field = Field::new("leaf", "g");
        for _ in 0..MAX_DEPTH {
            field = Field::new("", "+s").with_children(vec![field]);
        }
        let refused = field.to_schema().field().unwrap_err();
        assert_eq!(refused.problem, Problem::Depth { limit: MAX_DEPTH });
    }

    #[test]
    fn a_released_schema_is_taken_once() {
        let mut raw = nested().to_schema().into_raw();
        let place = ptr::NonNull::from(&mut raw);
        // SAFETY: a live struct of this test's.
        let taken = unsafe { OwnedSchema::take(place) }.unwrap();
        // SAFETY: the place holds a struct that is marked as released.
        let again = unsafe { OwnedSchema::take(place) };
        assert_eq!(again.unwrap_err().to_string(), "expected a live ArrowSchema but found one that was released");
        drop(taken);
    }

    #[test]
    fn names_end_at_their_first_nul() {
        assert_eq!(Field::new("a\0b", "g").name(), "a");
    }
}
