//! `abi!`: the one list from which the exported functions, the symbol table, the header and `spec/symbols.csv` come.
//!
//! Trust is in the parameter types: each wraps what a C caller passed under the header's promise, so its methods are
//! safe to call. Only a C caller makes one; a Rust caller of an exported function takes that promise over.

use crate::failure::{Failure, exit_with_pending, set_pending};
use core::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a type is written in C, and which register it takes.
pub(crate) trait CType {
    /// As in a declaration.
    const C: &'static str;
    /// `l` int64_t, `i` int32_t, `d` double, `p` pointer, `v` nothing.
    const KIND: char;
}

/// A result in C, which has a value that says that it failed.
pub(crate) trait Answer: CType {
    fn failed(code: i32) -> Self;
    fn is_failure(&self) -> bool;
}

/// What becomes a result in C.
pub(crate) trait Give {
    type C: Answer;
    fn give(self) -> Self::C;
}

macro_rules! c_types {
    ($($type:ty = $c:literal $kind:literal;)*) => {
        $(impl $crate::abi::CType for $type {
            const C: &'static str = $c;
            const KIND: char = $kind;
        })*
    };
}
pub(crate) use c_types;

c_types! {
    () = "void" 'v';
    i64 = "int64_t" 'l';
    i32 = "int32_t" 'i';
    f64 = "double" 'd';
    *const c_char = "const char *" 'p';
    *mut c_char = "char *" 'p';
    *mut c_void = "void *" 'p';
    *const i64 = "const int64_t *" 'p';
    *mut i64 = "int64_t *" 'p';
    *mut f64 = "double *" 'p';
    Option<DropFn> = "AriaBridgeDrop" 'p';
}

/// `AriaBridgeDrop`, also of other work on a context.
pub(crate) type DropFn = unsafe extern "C" fn(*mut c_void);

macro_rules! numbers {
    ($($type:ty)*) => {
        $(impl Answer for $type {
            fn failed(code: i32) -> $type {
                code.into()
            }
            fn is_failure(&self) -> bool {
                *self < <$type>::from(0)
            }
        }
        impl Give for $type {
            type C = $type;
            fn give(self) -> $type {
                self
            }
        })*
    };
}

numbers!(i32 i64);

/// Without an answer of its own, success is 0.
impl Give for () {
    type C = i32;
    fn give(self) -> i32 {
        0
    }
}

impl Give for bool {
    type C = i32;
    fn give(self) -> i32 {
        self.into()
    }
}

/// A handle that there need not be: NULL for none, which is no error.
impl<T: Give> Give for Option<T> {
    type C = T::C;
    fn give(self) -> T::C {
        self.map_or_else(|| T::C::failed(0), T::give)
    }
}

impl Answer for () {
    fn failed(_: i32) {}
    fn is_failure(&self) -> bool {
        false
    }
}

impl<T> Answer for *mut T
where
    *mut T: CType,
{
    fn failed(_: i32) -> *mut T {
        core::ptr::null_mut()
    }
    fn is_failure(&self) -> bool {
        self.is_null()
    }
}

impl<T> Answer for *const T
where
    *const T: CType,
{
    fn failed(_: i32) -> *const T {
        core::ptr::null()
    }
    fn is_failure(&self) -> bool {
        self.is_null()
    }
}

/// Runs what cannot fail; a panic ends here (rule O4) and waits as this thread's error.
pub(crate) fn plain<R: Answer>(body: impl FnOnce() -> R) -> R {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(answer) => answer,
        Err(payload) => R::failed(set_pending(Failure::panic(&*payload))),
    }
}

/// Runs what can fail: the error waits for this thread, and so does a panic, which ends here (rule O4).
pub(crate) fn tries<R: Give>(body: impl FnOnce() -> Result<R, Failure>) -> R::C {
    match catch_unwind(AssertUnwindSafe(|| body().map(R::give))) {
        Ok(Ok(answer)) => answer,
        Ok(Err(failure)) => R::C::failed(set_pending(failure)),
        Err(payload) => R::C::failed(set_pending(Failure::panic(&*payload))),
    }
}

/// As [`tries`], for an answer that may be any number, which is written to `out`.
pub(crate) fn gives<T>(out: *mut T, body: impl FnOnce() -> Result<T, Failure>) -> i32 {
    tries(|| {
        if out.is_null() {
            return Err(Failure::argument("expected a place for the answer but found NULL"));
        }
        let answer = body()?;
        // SAFETY: not NULL, and may be written to: the promise of the C caller.
        unsafe { out.write(answer) };
        Ok(())
    })
}

/// The answer, or the end of the program with the error's traceback.
pub(crate) fn or_exit<R: Answer>(answer: R) -> R {
    if answer.is_failure() { exit_with_pending() } else { answer }
}

/// A parameter: its name, its type in C, its kind.
pub(crate) type Parameter = (&'static str, &'static str, char);

/// One function of the list, as `abi!` makes it.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// The twin that ends the program instead of failing.
    pub(crate) twin: Option<&'static str>,
    pub(crate) doc: &'static str,
    pub(crate) parameters: &'static [Parameter],
    /// The result, or what is written behind the last parameter.
    pub(crate) result: (&'static str, char),
    pub(crate) writes: bool,
}

/// One exported symbol.
pub(crate) struct Symbol {
    pub(crate) name: &'static str,
    pub(crate) doc: String,
    pub(crate) parameters: Vec<(String, String, char)>,
    pub(crate) result: (&'static str, char),
}

impl Entry {
    /// The function, and its twin.
    pub(crate) fn symbols(&self) -> Vec<Symbol> {
        let shared = || self.parameters.iter().map(|(name, c, kind)| ((*name).to_owned(), (*c).to_owned(), *kind));
        let (c, kind) = self.result;
        let mut parameters: Vec<_> = shared().collect();
        let mut result = (c, kind);
        if self.writes {
            parameters.push(("out".to_owned(), format!("{c} *"), 'p'));
            result = (<i32 as CType>::C, <i32 as CType>::KIND);
        }
        let mut symbols = vec![Symbol { name: self.name, doc: self.doc.to_owned(), parameters, result }];
        if let Some(twin) = self.twin {
            let doc = format!(" As {}, but ends the program where that fails.", self.name);
            symbols.push(Symbol { name: twin, doc, parameters: shared().collect(), result: (c, kind) });
        }
        symbols
    }
}

/// Exported functions: `plain` cannot fail, `tries` answers or fails, `gives` writes its answer to `out`. `or` names the
/// twin that ends the program where the function fails.
macro_rules! abi {
    ($($(#[doc = $doc:literal])* $kind:ident fn $name:ident $(or $twin:ident)? ($($arg:ident: $type:ty),* $(,)?)
        $(-> $result:ty)? $body:block)*) => {
        $($crate::abi::abi! { @$kind [$(#[doc = $doc])*] $name [$($twin)?] ($($arg: $type),*) [$($result)?] $body })*

        /// The functions of this file, for the header and the symbol table.
        pub(crate) const ENTRIES: &[$crate::abi::Entry] = &[$($crate::abi::Entry {
            name: stringify!($name),
            twin: $crate::abi::abi!(@twin $($twin)?),
            doc: concat!($($doc, "\n"),*),
            parameters: &[$((
                stringify!($arg),
                <$type as $crate::abi::CType>::C,
                <$type as $crate::abi::CType>::KIND,
            )),*],
            result: $crate::abi::abi!(@result $kind $($result)?),
            writes: $crate::abi::abi!(@writes $kind),
        }),*];
    };
    (@twin) => { None };
    (@twin $twin:ident) => { Some(stringify!($twin)) };
    (@writes gives) => { true };
    (@writes $kind:ident) => { false };
    (@result tries) => { $crate::abi::abi!(@result plain <() as $crate::abi::Give>::C) };
    (@result tries $result:ty) => { $crate::abi::abi!(@result plain <$result as $crate::abi::Give>::C) };
    (@result $kind:ident) => { $crate::abi::abi!(@result plain ()) };
    (@result $kind:ident $result:ty) => {
        (<$result as $crate::abi::CType>::C, <$result as $crate::abi::CType>::KIND)
    };
    (@export [$($doc:tt)*] $name:ident ($($arg:ident: $type:ty),* $(,)?) [$result:ty] $body:expr) => {
        $($doc)*
        ///
        /// # Safety
        ///
        /// That of the header: handles are live and of the kind that is written, pointers may be read or written as far
        /// as it is said.
        // SAFETY: no other library defines the symbol: its prefix is ours, which a test of the built libraries checks.
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $name($($arg: $type),*) -> $result {
            $body
        }
    };
    (@plain [$($doc:tt)*] $name:ident [] ($($arg:ident: $type:ty),*) [] $body:block) => {
        $crate::abi::abi! { @plain [$($doc)*] $name [] ($($arg: $type),*) [()] $body }
    };
    (@plain [$($doc:tt)*] $name:ident [] ($($arg:ident: $type:ty),*) [$result:ty] $body:block) => {
        $crate::abi::abi! { @export [$($doc)*] $name ($($arg: $type),*) [$result] $crate::abi::plain(|| $body) }
    };
    (@tries [$($doc:tt)*] $name:ident [$($twin:ident)?] ($($arg:ident: $type:ty),*) [] $body:block) => {
        $crate::abi::abi! { @tries [$($doc)*] $name [$($twin)?] ($($arg: $type),*) [()] $body }
    };
    (@tries [$($doc:tt)*] $name:ident [$($twin:ident)?] ($($arg:ident: $type:ty),*) [$result:ty] $body:block) => {
        $crate::abi::abi! {
            @export [$($doc)*] $name ($($arg: $type),*) [<$result as $crate::abi::Give>::C]
            $crate::abi::tries(|| -> Result<$result, $crate::failure::Failure> { $body })
        }
        $crate::abi::abi! { @tries_twin $name [$($twin)?] ($($arg: $type),*) [<$result as $crate::abi::Give>::C] }
    };
    (@gives [$($doc:tt)*] $name:ident [$($twin:ident)?] ($($arg:ident: $type:ty),*) [$result:ty] $body:block) => {
        $crate::abi::abi! {
            @export [$($doc)*] $name ($($arg: $type,)* out: *mut $result) [i32]
            $crate::abi::gives(out, || -> Result<$result, $crate::failure::Failure> { $body })
        }
        $crate::abi::abi! { @gives_twin $name [$($twin)?] ($($arg: $type),*) [$result] }
    };
    (@tries_twin $name:ident [] $arguments:tt $result:tt) => {};
    (@tries_twin $name:ident [$twin:ident] ($($arg:ident: $type:ty),*) [$result:ty]) => {
        $crate::abi::abi! {
            @export [#[doc = "As the function without `_or_exit`, but ends the program where that fails."]]
            $twin ($($arg: $type),*) [$result] {
                // SAFETY: the same parameters: the caller's duty.
                let answer = unsafe { $name($($arg),*) };
                $crate::abi::or_exit(answer)
            }
        }
    };
    (@gives_twin $name:ident [] $arguments:tt $result:tt) => {};
    (@gives_twin $name:ident [$twin:ident] ($($arg:ident: $type:ty),*) [$result:ty]) => {
        $crate::abi::abi! {
            @export [#[doc = "As the function without `_or_exit`, but ends the program where that fails."]]
            $twin ($($arg: $type),*) [$result] {
                let mut out = <$result>::default();
                // SAFETY: the same parameters: the caller's duty; `out` lives for the call.
                let code = unsafe { $name($($arg,)* &raw mut out) };
                $crate::abi::or_exit(code);
                out
            }
        }
    };
}
pub(crate) use abi;
