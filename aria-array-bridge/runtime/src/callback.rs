//! Closures as Python callables (rule R7): `PyObject::callable` and `PyObject::callable_local`.

use crate::error::PyError;
use crate::extract::FromObject;
use crate::inside::Called;
use crate::local::Local;
use crate::object::{PyObject, obtain};
use crate::signature::Signature;
use crate::value::{Lent, Val};
use aria_array_bridge::operations::callback::{Callback, Parameter, Thrown};
use aria_array_bridge::operations::{
    ERR_ARGUMENT, ERR_PANIC, ERR_STATE, OK, Object, Operations, Payload, Status, TAG_OBJECT, Text, Value, panic_text,
};
use core::any::Any;
use core::ffi::c_void;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr;
use core::slice;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A closure of any thread.
type Anywhere = Box<dyn Fn(CallArgs<'_>) -> Result<Val, PyError> + Send + Sync>;
/// A closure of one thread.
type Here = Box<dyn Fn(CallArgs<'_>) -> Result<Val, PyError>>;

/// What the table calls with its context: a closure and the names of its parameters.
struct Host {
    body: Body,
    name: String,
    parameters: Box<[String]>,
}

enum Body {
    Anywhere(Anywhere),
    /// Holds a [`Here`].
    Local(Local),
}

/// The arguments of one call: one for each parameter, in their order. Defaults are filled in; further positional
/// arguments are a tuple, further keyword arguments a dict.
pub struct CallArgs<'a> {
    objects: &'a [ManuallyDrop<PyObject>],
    host: &'a Host,
}

impl<'a> CallArgs<'a> {
    /// How many parameters there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The argument for the parameter of this name.
    ///
    /// # Errors
    ///
    /// A name that is no parameter's.
    pub fn object(&self, name: &str) -> Result<&'a PyObject, PyError> {
        let index = self.host.parameters.iter().position(|parameter| parameter == name);
        self.at(index.unwrap_or(usize::MAX)).map_err(|_| {
            let text = format!("expected a parameter of '{}' but found '{name}'", self.host.name);
            PyError::own(ERR_ARGUMENT, "ArgumentError", text)
        })
    }

    /// The argument for the parameter at this index, counted from 0.
    ///
    /// # Errors
    ///
    /// There are fewer.
    pub fn at(&self, index: usize) -> Result<&'a PyObject, PyError> {
        self.objects.get(index).map(|object| &**object).ok_or_else(|| {
            let text =
                format!("expected one of {} parameters of '{}' but found number {index}", self.len(), self.host.name);
            PyError::own(ERR_ARGUMENT, "ArgumentError", text)
        })
    }

    /// The argument for the parameter of this name as a value of type `T`: see [`PyObject::extract`].
    ///
    /// # Errors
    ///
    /// A name that is no parameter's; an argument of another kind, which is a `TypeError` where it was called.
    pub fn get<T: FromObject>(&self, name: &str) -> Result<T, PyError> {
        self.object(name)?.extract()
    }
}

impl fmt::Debug for CallArgs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.host.parameters.iter().zip(self.objects)).finish()
    }
}

impl PyObject {
    /// Makes a Python callable of a closure that any thread may call, several at once. `signature` is the names of
    /// its parameters, or a [`Signature`] with defaults, documentation and more.
    ///
    /// It runs attached; see [`detach`](crate::detach) for long native work. An error becomes a Python exception: the
    /// same object if it came from Python; a built-in one if its [kind](PyError::kind) names one; else an
    /// `aria_array_bridge.AriaError`, which comes back with its [payload](PyError::payload). So does a panic. It is
    /// dropped when Python drops the callable, on any thread; a cycle through it and Python is not collected.
    ///
    /// ```no_run
    /// # use aria_array_runtime::prelude::*;
    /// # fn f(words: &PyObject) -> Result<(), PyError> {
    /// let length = PyObject::callable("length", &["word"], |call: CallArgs| Ok(call.get::<String>("word")?.len()))?;
    /// let sorted = PyObject::import("builtins")?.call_method("sorted", Args::new().arg(words).kw("key", &length))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// A parameter that Python cannot say; a default that cannot be made. The closure is dropped then.
    pub fn callable<R: Into<Val>>(
        name: &str,
        signature: impl Into<Signature>,
        function: impl Fn(CallArgs<'_>) -> Result<R, PyError> + Send + Sync + 'static,
    ) -> Result<PyObject, PyError> {
        make(name, signature.into(), Body::Anywhere(Box::new(move |call| function(call).map(Into::into))))
    }

    /// As [`callable`](PyObject::callable), of any closure: it may hold what belongs to this thread (`Rc`).
    ///
    /// Another thread that calls it gets a `RuntimeError`. When another thread drops it, it is dropped at this thread's
    /// next operation, or at its end; if this thread has ended by then it leaks, and is
    /// [counted](crate::Releases::local_leaked).
    ///
    /// # Errors
    ///
    /// As for [`callable`](PyObject::callable).
    pub fn callable_local<R: Into<Val>>(
        name: &str,
        signature: impl Into<Signature>,
        function: impl Fn(CallArgs<'_>) -> Result<R, PyError> + 'static,
    ) -> Result<PyObject, PyError> {
        let here: Here = Box::new(move |call| function(call).map(Into::into));
        make(name, signature.into(), Body::Local(Local::new(Box::new(here))))
    }
}

fn make(name: &str, mut signature: Signature, body: Body) -> Result<PyObject, PyError> {
    let parameters = signature.parameters.iter().map(|parameter| parameter.name.clone()).collect();
    let host = Box::new(Host { body, name: name.to_owned(), parameters });
    let mut host = Some(host);
    let made = obtain(|table: &Operations, out, failure| {
        let mut lent = Lent::default();
        let parameters: Vec<Parameter> = signature
            .parameters
            .iter_mut()
            .map(|parameter| Parameter {
                name: Text::new(&parameter.name),
                kind: parameter.kind,
                has_default: parameter.default.is_some().into(),
                default: parameter.default.as_mut().map_or(Value::NONE, |default| lent.lend(default)),
            })
            .collect();
        let text = |text: &Option<String>| text.as_ref().map_or(Text::NONE, |text| Text::new(text));
        let (file, line) = signature.place.as_ref().map_or((Text::NONE, 0), |(file, line)| (Text::new(file), *line));
        let callback = Callback {
            name: Text::new(name),
            doc: text(&signature.doc),
            module: text(&signature.module),
            file,
            line,
            reserved: 0,
            parameters: parameters.as_ptr(),
            parameters_len: parameters.len(),
            context: host.take().map_or(ptr::null_mut(), |host| Box::into_raw(host).cast()),
            call,
            drop: Some(drop_host),
        };
        // SAFETY: a function that lives for the call, whose context is given up, and places that live for the call.
        unsafe { (table.callable)(&raw const callback, out, failure) }
    });
    // Still there when Python does not run.
    drop(host);
    made
}

/// # Safety
///
/// The context of a [`Callback`] that `make` made, given up once.
unsafe extern "C" fn drop_host(context: *mut c_void) {
    // SAFETY: boxed by `make`; given up: the caller's duty.
    let host = unsafe { Box::from_raw(context.cast::<Host>()) };
    // A panic in the drop of what a closure holds has nobody to go to; the hook has told it.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(host)));
}

/// # Safety
///
/// As [`Call`](aria_array_bridge::operations::callback::Call) says, with a context that `make` made.
unsafe extern "C" fn call(
    context: *mut c_void,
    handles: *const *mut Object,
    len: usize,
    result: *mut Value,
    thrown: *mut Thrown,
) -> Status {
    // SAFETY: boxed by `make`, and alive while it is called: the caller's duty. Only shared access is ever taken.
    let host = unsafe { &*context.cast::<Host>() };
    let objects = match len {
        0 => &[],
        // SAFETY: that many live handles: the caller's duty. A `PyObject` is a handle that is not NULL, in the same
        // layout, and `ManuallyDrop` gives back no reference.
        _ => unsafe { slice::from_raw_parts(handles.cast::<ManuallyDrop<PyObject>>(), len) },
    };
    let called = Called::by_python();
    // Unwind safety: what a panic leaves half-done is the closure's own.
    let answer = catch_unwind(AssertUnwindSafe(|| host.run(CallArgs { objects, host }).and_then(give)));
    let error = match answer {
        Ok(Ok(value)) => {
            // SAFETY: may be written to: the caller's duty.
            unsafe { result.write(value) };
            return OK;
        }
        // Python leaves its daemons where they are when it ends; a thread that comes here ends without a word.
        Ok(Err(error)) if error.status() == ERR_STATE && called.is_late() => PyError::new("SystemExit", ""),
        Ok(Err(error)) => error,
        Err(payload) => {
            PyError::own(ERR_PANIC, "Panic", format!("'{}' panicked: {}", host.name, panic_text(&*payload)))
        }
    };
    let status = error.status().min(ERR_ARGUMENT);
    // SAFETY: may be written to: the caller's duty.
    unsafe { thrown.write(error.into_thrown()) };
    status
}

impl Host {
    fn run(&self, call: CallArgs<'_>) -> Result<Val, PyError> {
        match &self.body {
            Body::Anywhere(function) => function(call),
            Body::Local(local) => match local.get().and_then(<dyn Any>::downcast_ref::<Here>) {
                Some(function) => function(call),
                None => {
                    let text = format!(
                        "expected '{}' to be called on the thread that made it but found another; \
                         make it by `callable`, of a closure that any thread may call",
                        self.name
                    );
                    Err(PyError::own(ERR_STATE, "RuntimeError", text))
                }
            },
        }
    }
}

/// A result that has an owner: numbers as they are, everything else as an object.
fn give(value: Val) -> Result<Value, PyError> {
    match value {
        Val::None | Val::Bool(_) | Val::Int(_) | Val::Float(_) => {
            let mut value = value;
            Ok(Lent::default().lend(&mut value))
        }
        Val::Object(object) => Ok(given(object)),
        other => PyObject::from_val(other).map(given),
    }
}

fn given(object: PyObject) -> Value {
    Value { tag: TAG_OBJECT, function: 0, payload: Payload { object: object.into_raw() } }
}
