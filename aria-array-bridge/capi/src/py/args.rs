//! Arguments, pushed one by one. A push that fails is told by the call that they are for.

use super::PyIn;
use crate::abi::{abi, c_types};
use crate::failure::Failure;
use crate::handle::{Handle, Made, Opaque};
use crate::nd::NdIn;
use crate::text::TextIn;
use aria_array_bridge::buffer::ExportGuard;
use aria_array_runtime::{Args, PyObject, Val};

/// What holds the arrays among arguments, for as long as they are used.
pub(crate) type Guards = Vec<ExportGuard>;

/// Arguments of a call, items of a container, or a key.
#[derive(Default)]
pub(crate) struct ArgsBox {
    positional: Vec<Val>,
    named: Vec<(String, Val)>,
    /// The name of the next one.
    name: Option<String>,
    /// Which of `positional` are iterables, and which of `named` mappings, whose items stand there.
    stars: Vec<usize>,
    mappings: Vec<usize>,
    /// Arrays among them are held: who writes to one meanwhile writes to a copy.
    guards: Guards,
    /// The first push that failed.
    failed: Option<Failure>,
}

impl Opaque for ArgsBox {
    const WHAT: &'static str = "arguments";
}

c_types! {
    Handle<ArgsBox> = "AriaPyArgs *" 'p';
    *mut ArgsBox = "AriaPyArgs *" 'p';
}

impl ArgsBox {
    fn push(&mut self, value: Result<Val, Failure>) {
        match value {
            Ok(value) => match self.name.take() {
                Some(name) => self.named.push((name, value)),
                None => self.positional.push(value),
            },
            Err(failure) => {
                self.failed.get_or_insert(failure);
            }
        }
    }

    /// Adds the items of an object: to the named ones, those of a mapping.
    fn push_all(&mut self, object: Result<&PyObject, Failure>, mapping: bool) {
        if let Some(name) = &self.name {
            let text = format_args!("expected a value for the argument '{name}' but found * or **");
            self.failed.get_or_insert(Failure::argument(text));
        }
        match object {
            Ok(object) if mapping => {
                self.mappings.push(self.named.len());
                self.named.push((String::new(), Val::from(object)));
            }
            Ok(object) => {
                self.stars.push(self.positional.len());
                self.positional.push(Val::from(object));
            }
            Err(failure) => self.push(Err(failure)),
        }
    }

    fn whole(mut self) -> Result<ArgsBox, Failure> {
        match (self.failed.take(), self.name.take()) {
            (Some(failure), _) => Err(failure),
            (None, Some(name)) => {
                Err(Failure::argument(format_args!("expected a value for the argument '{name}' but found none")))
            }
            (None, None) => Ok(self),
        }
    }

    /// As arguments of a call.
    pub(crate) fn into_args(self) -> Result<(Args, Guards), Failure> {
        let whole = self.whole()?;
        let mut args = Args::new();
        for (at, value) in whole.positional.into_iter().enumerate() {
            args = match &value {
                Val::Object(object) if whole.stars.contains(&at) => args.star(object),
                _ => args.arg(value),
            };
        }
        for (at, (name, value)) in whole.named.into_iter().enumerate() {
            args = match &value {
                Val::Object(object) if whole.mappings.contains(&at) => args.star_star(object),
                _ => args.kw(name, value),
            };
        }
        Ok((args, whole.guards))
    }

    /// As items: no names, no stars.
    pub(crate) fn into_items(self) -> Result<(Vec<Val>, Guards), Failure> {
        let whole = self.whole()?;
        if !whole.named.is_empty() || !whole.stars.is_empty() {
            return Err(Failure::argument("expected items alone but found names, * or **"));
        }
        Ok((whole.positional, whole.guards))
    }

    /// As a key: one item, or a tuple of several.
    pub(crate) fn into_key(self) -> Result<(Val, Guards), Failure> {
        let (mut items, guards) = self.into_items()?;
        if items.is_empty() {
            return Err(Failure::argument("expected a key but found no argument"));
        }
        let key = if items.len() == 1 { items.remove(0) } else { Val::Tuple(items) };
        Ok((key, guards))
    }

    /// As a dict: keys and values in turn, then names and theirs.
    pub(crate) fn into_pairs(self) -> Result<(Vec<(Val, Val)>, Guards), Failure> {
        let whole = self.whole()?;
        if !whole.stars.is_empty() || !whole.mappings.is_empty() {
            return Err(Failure::argument("expected keys and values alone but found * or **"));
        }
        if !whole.positional.len().is_multiple_of(2) {
            let found = whole.positional.len();
            return Err(Failure::argument(format_args!("expected keys and values in turn but found {found} of them")));
        }
        let mut pairs = Vec::new();
        let mut items = whole.positional.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            pairs.push((key, value));
        }
        pairs.extend(whole.named.into_iter().map(|(name, value)| (Val::Str(name), value)));
        Ok((pairs, whole.guards))
    }
}

fn push(args: Handle<ArgsBox>, value: impl FnOnce() -> Result<Val, Failure>) {
    // NULL was refused where it came from: the call that is given it says so again.
    let _ = args.with(|args| args.push(value()));
}

abi! {
    /// Makes room for arguments, which are pushed one by one. The function that they are given to consumes them, also when
    /// it fails; a push that fails is told by that function.
    tries fn aria_py_args_new() -> Made<ArgsBox> {
        Ok(Made(ArgsBox::default()))
    }

    /// Makes the next one a keyword argument of this name.
    plain fn aria_py_args_name(args: Handle<ArgsBox>, name: TextIn, name_len: i64) {
        let _ = args.with(|args| match name.get(name_len) {
            Ok(name) => {
                if let Some(before) = args.name.replace(name.to_owned()) {
                    let text = format_args!("expected a value for the argument '{before}' but found the name '{name}'");
                    args.failed.get_or_insert(Failure::argument(text));
                }
            }
            Err(failure) => args.push(Err(failure)),
        });
    }

    /// Pushes None.
    plain fn aria_py_args_none(args: Handle<ArgsBox>) {
        push(args, || Ok(Val::None));
    }

    /// Pushes a bool: 0 is False.
    plain fn aria_py_args_bool(args: Handle<ArgsBox>, value: i64) {
        push(args, || Ok(Val::Bool(value != 0)));
    }

    /// Pushes an int.
    plain fn aria_py_args_int(args: Handle<ArgsBox>, value: i64) {
        push(args, || Ok(Val::Int(value)));
    }

    /// Pushes a float.
    plain fn aria_py_args_float(args: Handle<ArgsBox>, value: f64) {
        push(args, || Ok(Val::Float(value)));
    }

    /// Pushes a str, of UTF-8.
    plain fn aria_py_args_str(args: Handle<ArgsBox>, text: TextIn, text_len: i64) {
        push(args, || text.get(text_len).map(Val::from));
    }

    /// Pushes bytes.
    plain fn aria_py_args_bytes(args: Handle<ArgsBox>, bytes: TextIn, bytes_len: i64) {
        push(args, || bytes.bytes(bytes_len).map(Val::from));
    }

    /// Pushes an object, which stays the caller's.
    plain fn aria_py_args_object(args: Handle<ArgsBox>, object: PyIn) {
        push(args, || object.get().map(Val::from));
    }

    /// Pushes an array, which stays the caller's. Zero-copy.
    plain fn aria_py_args_array(args: Handle<ArgsBox>, array: NdIn) {
        let _ = args.with(|args| {
            let array = array.array();
            args.guards.extend(array.as_ref().ok().map(|array| array.export(None)));
            args.push(array.map(Val::from));
        });
    }

    /// Pushes the range from `start` to before `stop` by `step`: a slice where it is a key.
    plain fn aria_py_args_range(args: Handle<ArgsBox>, start: i64, stop: i64, step: i64) {
        push(args, || Ok(Val::Range(start, stop, step)));
    }

    /// Pushes slice(start, stop, step) of three objects, each of which may be NULL for None.
    plain fn aria_py_args_slice(args: Handle<ArgsBox>, start: PyIn, stop: PyIn, step: PyIn) {
        let part = |part: PyIn| if part.is_null() { Ok(Val::None) } else { part.get().map(Val::from) };
        push(args, || Ok(Val::slice(part(start)?, part(stop)?, part(step)?)));
    }

    /// Adds the items of an iterable to the positional arguments: `*object`. What is pushed later stands behind them.
    plain fn aria_py_args_star(args: Handle<ArgsBox>, object: PyIn) {
        let _ = args.with(|args| args.push_all(object.get(), false));
    }

    /// Adds the items of a mapping to the named arguments: `**object`. A name that is there already is a TypeError of the
    /// call.
    plain fn aria_py_args_star_star(args: Handle<ArgsBox>, object: PyIn) {
        let _ = args.with(|args| args.push_all(object.get(), true));
    }

    /// Releases arguments that no function was given. NULL is fine.
    plain fn aria_py_args_release(args: Handle<ArgsBox>) {
        drop(args.take());
    }
}
