//! Following a format's letters: what each item is, before anybody knows where it lies.

use super::super::notation::{NotationError, Parsed, swapped};
use super::super::{DType, Scalar, Swap};

/// Braces within braces at most.
const MAX_DEPTH: usize = 64;
/// Items of one format at most.
const MAX_ITEMS: usize = 16_384;

/// One item of a format.
pub(super) struct Item {
    pub(super) name: Option<Box<str>>,
    /// Extents of a sub-array.
    pub(super) shape: Box<[usize]>,
    pub(super) content: Content,
    /// Byte order `@`: native sizes, aligned.
    pub(super) native: bool,
    /// Where it begins in the text.
    pub(super) at: usize,
}

/// A format, followed to its end.
pub(super) struct Format {
    pub(super) items: Vec<Item>,
    /// In the manner of ctypes before Python 3.12: every letter has its own `<` or `>`, and no padding is spelled out.
    /// NumPy writes a byte order only where it changes, and never the machine's own `<` or `>`.
    pub(super) unpadded: bool,
}

impl Item {
    /// Bare padding that more of it may join.
    fn run(&mut self) -> Option<&mut Padding> {
        match &mut self.content {
            Content::Padding(padding) if padding.bare && self.name.is_none() && self.shape.is_empty() => Some(padding),
            _ => None,
        }
    }

    /// How much bare padding this is, if it is that and nothing else.
    pub(super) fn as_run(&self) -> Option<usize> {
        match &self.content {
            Content::Padding(Padding { bytes, bare: true }) if self.name.is_none() && self.shape.is_empty() => {
                Some(*bytes)
            }
            _ => None,
        }
    }
}

/// What an item holds.
pub(super) enum Content {
    Plain(Parsed),
    Padding(Padding),
    Struct(Vec<Item>),
}

/// Bytes between fields; bytes that are a field, where they have a name.
#[derive(Clone, Copy)]
pub(super) struct Padding {
    pub(super) bytes: usize,
    /// Without a count: a run of `x`, as NumPy writes it.
    pub(super) bare: bool,
}

/// Reads a whole format. The itemsize tells `u` of two bytes from `u` of four.
pub(super) fn scan(text: &str, itemsize: Option<usize>) -> Result<Format, NotationError> {
    let mut scanner = Scanner { text, at: 0, order: b'@', items: 0, itemsize, letters: Letters::default() };
    let items = scanner.items(0)?;
    let Letters { all, prefixed, own, padding } = scanner.letters;
    let unpadded = !padding && prefixed == all && (all > 1 || own > 0);
    match scanner.peek() {
        None if !items.is_empty() => Ok(Format { items, unpadded }),
        _ => Err(scanner.expected("a format letter")),
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// The byte order that holds from the last prefix on, across braces.
    order: u8,
    items: usize,
    itemsize: Option<usize>,
    letters: Letters,
}

/// How a format's letters are written.
#[derive(Default)]
struct Letters {
    all: usize,
    /// Directly behind a `<` or a `>`.
    prefixed: usize,
    /// Directly behind this machine's own order.
    own: usize,
    /// Whether there is any padding.
    padding: bool,
}

const OWN: u8 = if cfg!(target_endian = "little") { b'<' } else { b'>' };
const FOREIGN: u8 = if cfg!(target_endian = "little") { b'>' } else { b'<' };

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expected(&self, expected: &'static str) -> NotationError {
        NotationError::Syntax { text: self.text.to_owned(), at: self.at, expected }
    }

    fn refused(&self, what: &'static str) -> NotationError {
        NotationError::Refused { text: self.text.to_owned(), at: self.at.saturating_sub(1), what }
    }

    /// Items up to a closing brace or the end.
    fn items(&mut self, depth: usize) -> Result<Vec<Item>, NotationError> {
        if depth > MAX_DEPTH {
            return Err(NotationError::TooComplex { what: "records within records", limit: MAX_DEPTH });
        }
        let mut items = Vec::new();
        loop {
            match self.peek() {
                None | Some(b'}') => return Ok(items),
                Some(byte) if self.skips(byte) => {}
                Some(_) => {
                    let item = self.item(depth)?;
                    if let (Some(run), Some(more)) = (items.last_mut().and_then(Item::run), item.as_run()) {
                        run.bytes = run.bytes.saturating_add(more);
                        continue;
                    }
                    self.items += 1;
                    if self.items > MAX_ITEMS {
                        return Err(NotationError::TooComplex { what: "items in a format", limit: MAX_ITEMS });
                    }
                    items.push(item);
                }
            }
        }
    }

    /// Steps over white space, or over a byte order, which holds from here on.
    fn skips(&mut self, byte: u8) -> bool {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => {}
            b'!' => self.order = b'>',
            b'@' | b'=' | b'<' | b'>' | b'^' => self.order = byte,
            _ => return false,
        }
        self.at += 1;
        true
    }

    fn skip_all(&mut self) {
        while self.peek().is_some_and(|byte| self.skips(byte)) {}
    }

    fn item(&mut self, depth: usize) -> Result<Item, NotationError> {
        let at = self.at;
        let mut shape = self.shape()?;
        self.skip_all(); // A byte order may stand between the extents and the letter.
        let prefix = self.at.checked_sub(1).and_then(|before| self.text.as_bytes().get(before)).copied();
        let count = self.number()?;
        let native = self.order == b'@';
        let letter = self.next().ok_or_else(|| self.expected("a format letter"))?;
        match letter {
            b'T' => {}
            b'x' => self.letters.padding = true,
            _ => {
                self.letters.all += 1;
                self.letters.prefixed += usize::from(matches!(prefix, Some(b'<' | b'>')));
                self.letters.own += usize::from(prefix == Some(OWN));
            }
        }
        let content = match letter {
            b's' => Content::Plain(Parsed::native(DType::Bytes(count.unwrap_or(1)))),
            b'x' => Content::Padding(Padding { bytes: count.unwrap_or(1), bare: count.is_none() }),
            b'w' => self.ordered(DType::Str(count.unwrap_or(1))),
            b'u' => self.utf(count.unwrap_or(1), depth)?,
            other => {
                if let Some(count) = count {
                    shape.push(count);
                }
                self.letter(other, depth)?
            }
        };
        let name = self.name()?;
        Ok(Item { name, shape: shape.into(), content, native, at })
    }

    /// `(2,3)`
    fn shape(&mut self) -> Result<Vec<usize>, NotationError> {
        let mut shape = Vec::new();
        if self.peek() != Some(b'(') {
            return Ok(shape);
        }
        self.at += 1;
        loop {
            self.skip_spaces();
            shape.push(self.number()?.ok_or_else(|| self.expected("an extent"))?);
            if shape.len() > crate::layout::MAX_NDIM {
                return Err(NotationError::TooComplex { what: "axes of a field", limit: crate::layout::MAX_NDIM });
            }
            self.skip_spaces();
            match self.next() {
                Some(b',') => {}
                Some(b')') => return Ok(shape),
                _ => return Err(self.expected("',' or ')'")),
            }
        }
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn number(&mut self) -> Result<Option<usize>, NotationError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        if digits.is_empty() {
            return Ok(None);
        }
        let fits = |number: &usize| *number <= isize::MAX as usize;
        digits.parse().ok().filter(fits).map(Some).ok_or_else(|| self.expected("a smaller number"))
    }

    /// `:name:`
    fn name(&mut self) -> Result<Option<Box<str>>, NotationError> {
        if self.peek() != Some(b':') {
            return Ok(None);
        }
        let rest = &self.text[self.at + 1..];
        let len = rest.find(':').ok_or_else(|| self.expected("a name that ends with ':'"))?;
        self.at += len + 2;
        Ok(Some(rest[..len].into()))
    }

    fn letter(&mut self, letter: u8, depth: usize) -> Result<Content, NotationError> {
        const LONG: usize = size_of::<core::ffi::c_long>();
        let native = matches!(self.order, b'@' | b'^');
        let scalar = |code: u8, bytes: usize| Scalar::new(code, (bytes * 8) as u8, 1).map(DType::Scalar);
        let dtype = match letter {
            b'?' => Some(DType::BOOL),
            b'b' => Some(DType::I8),
            b'B' => Some(DType::U8),
            b'h' => Some(DType::I16),
            b'H' => Some(DType::U16),
            b'i' => Some(DType::I32),
            b'I' => Some(DType::U32),
            b'l' => scalar(0, if native { LONG } else { 4 }),
            b'L' => scalar(1, if native { LONG } else { 4 }),
            b'q' => Some(DType::I64),
            b'Q' => Some(DType::U64),
            b'n' | b'N' if !native => return Err(self.refused("a native size in a standard byte order")),
            b'n' => scalar(0, size_of::<usize>()),
            b'N' => scalar(1, size_of::<usize>()),
            b'e' => Some(DType::F16),
            b'f' => Some(DType::F32),
            b'd' => Some(DType::F64),
            b'c' => Some(DType::Bytes(1)),
            b'Z' => match self.next() {
                Some(b'e') => scalar(5, 4),
                Some(b'f') => Some(DType::C64),
                Some(b'd') => Some(DType::C128),
                Some(b'g') => return Err(self.refused("a complex of long doubles")),
                _ => return Err(self.expected("'e', 'f' or 'd' behind 'Z'")),
            },
            b'T' => {
                if self.next() != Some(b'{') {
                    return Err(self.expected("'{' behind 'T'"));
                }
                let items = self.items(depth + 1)?;
                if self.next() != Some(b'}') {
                    return Err(self.expected("'}'"));
                }
                return Ok(Content::Struct(items));
            }
            b'g' => return Err(self.refused("a long double")),
            b'O' => return Err(self.refused("a Python object")),
            b'P' | b'&' => return Err(self.refused("a pointer")),
            b'z' => return Err(self.refused("a pointer to text")),
            b'X' => return Err(self.refused("a function pointer")),
            b'p' => return Err(self.refused("a Pascal string")),
            b't' => return Err(self.refused("bits")),
            b'v' | b'k' | b'K' => return Err(self.refused("an unknown type")),
            _ => return Err(self.expected_before("a format letter")),
        };
        dtype.map(|dtype| self.ordered(dtype)).ok_or_else(|| self.expected_before("a format letter"))
    }

    fn expected_before(&self, expected: &'static str) -> NotationError {
        NotationError::Syntax { text: self.text.to_owned(), at: self.at.saturating_sub(1), expected }
    }

    /// `u`: ctypes' `wchar_t`, of four bytes where the itemsize says so; inside a record, of this machine's size.
    fn utf(&self, count: usize, depth: usize) -> Result<Content, NotationError> {
        let ucs4 = if depth > 0 { cfg!(not(windows)) } else { self.itemsize == count.checked_mul(4) };
        if ucs4 { Ok(self.ordered(DType::Str(count))) } else { Err(self.refused("text of two bytes a character")) }
    }

    fn ordered(&self, dtype: DType) -> Content {
        let swap = if self.order == FOREIGN { swapped(&dtype) } else { Swap::None };
        Content::Plain(Parsed { dtype, swap })
    }
}
