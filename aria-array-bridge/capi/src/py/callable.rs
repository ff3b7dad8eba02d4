//! Functions of the program: as Python callables, and as modules that Python imports.

use super::{PyIn, thread};
use crate::abi::{DropFn, abi, c_types};
use crate::failure::{Failure, take_pending};
use crate::handle::{Handle, Made, Opaque, drop_context};
use crate::scope;
use crate::text::TextIn;
use aria_array_bridge::operations::Object;
use aria_array_runtime::{CallArgs, Module, PyError, PyObject, Signature, Val};
use core::ffi::c_void;
use core::mem;

/// One call of a function of the program. Borrowed: it lives until the function returns.
#[repr(transparent)]
pub(crate) struct CallIn(*mut CallArgs<'static>);

/// A function of the program: answers a handle that it gives up, or NULL with an error that waits.
type Function = unsafe extern "C" fn(*mut c_void, CallIn) -> *mut Object;

c_types! {
    CallIn = "AriaPyCall *" 'p';
    Option<Function> = "AriaPyFunction" 'p';
    Handle<Builder> = "AriaPyDef *" 'p';
    *mut Builder = "AriaPyDef *" 'p';
    Handle<ModuleBox> = "AriaPyModule *" 'p';
    *mut ModuleBox = "AriaPyModule *" 'p';
}

impl CallIn {
    fn get(&self) -> Result<&CallArgs<'static>, Failure> {
        // SAFETY: NULL, or the call that `Body::call` lends until the function returns: the promise of the C caller.
        unsafe { self.0.as_ref() }.ok_or_else(|| Failure::argument("expected a call but found NULL"))
    }
}

/// A function and its context, which is dropped once.
struct Body {
    function: Function,
    context: *mut c_void,
    drop: Option<DropFn>,
}

// SAFETY: the header says that the function may be called, and its context dropped, on any thread, several at once; one that
// is said to be local goes to `callable_local`, which calls and drops it on its own thread alone.
unsafe impl Send for Body {}
// SAFETY: as above.
unsafe impl Sync for Body {}

impl Drop for Body {
    fn drop(&mut self) {
        drop_context(self.context, self.drop);
    }
}

impl Body {
    fn call(&self, mut call: CallArgs<'_>) -> Result<Val, PyError> {
        // What the function forgets to leave ends with it. What waited before is not of this call.
        let before = take_pending();
        let lent = CallIn((&raw mut call).cast());
        let answer = thread::within(|| {
            scope::within(|| {
                // SAFETY: the promise of the C caller who made it; the call lives until it returns.
                let answer = unsafe { (self.function)(self.context, lent) };
                scope::forget(answer.cast());
                // SAFETY: NULL or a handle that the function gives up.
                unsafe { PyObject::from_raw(answer) }
            })
        });
        let waiting = take_pending();
        if let Some(before) = before {
            crate::failure::set_pending(*before);
        }
        match (answer, waiting) {
            (Some(answer), _) => Ok(Val::Object(answer)),
            (None, Some(failure)) => Err(failure.into_python()),
            (None, None) => Err(PyError::new(
                "SystemError",
                "expected an object but found NULL without an error; fix: return aria_py_from_none(), or aria_bridge_error_set",
            )),
        }
    }
}

/// A function on its way to Python.
pub(crate) struct Builder {
    name: String,
    body: Body,
    signature: Signature,
    local: bool,
    failed: Option<Failure>,
}

impl Opaque for Builder {
    const WHAT: &'static str = "a definition";
}

impl Builder {
    fn change(&mut self, work: impl FnOnce(Signature) -> Result<Signature, Failure>) {
        match work(mem::take(&mut self.signature)) {
            Ok(signature) => self.signature = signature,
            Err(failure) => {
                self.failed.get_or_insert(failure);
            }
        }
    }
}

/// A module on its way to Python.
pub(crate) struct ModuleBox(Option<Module>, Option<Failure>);

impl Opaque for ModuleBox {
    const WHAT: &'static str = "a module";
}

impl ModuleBox {
    fn change(&mut self, work: impl FnOnce(Module) -> Result<Module, Failure>) {
        match self.0.take().map(work) {
            Some(Ok(module)) => self.0 = Some(module),
            Some(Err(failure)) => self.1 = Some(failure),
            None => {}
        }
    }
}

fn change(definition: Handle<Builder>, work: impl FnOnce(Signature) -> Result<Signature, Failure>) {
    // NULL was refused where it came from: the function that is given it says so again.
    let _ = definition.with(|definition| definition.change(work));
}

fn whole(definition: Handle<Builder>) -> Result<Builder, Failure> {
    let mut definition = *definition.take()?;
    definition.failed.take().map_or(Ok(definition), Err)
}

abi! {
    /// Begins the definition of a function for Python, without parameters. `function` is called with `context` and the
    /// call, on any thread, attached, several at once; it answers an object that it gives up, or NULL with an error that
    /// waits: aria_bridge_error_set, or what an operation of its own left. `drop`, which may be NULL, is called with
    /// `context` once, on any thread, also if this function fails.
    tries fn aria_py_def_new or aria_py_def_new_or_exit(
        name: TextIn, name_len: i64, function: Option<Function>, context: *mut c_void, drop: Option<DropFn>,
    ) -> Made<Builder> {
        let Some(function) = function else {
            drop_context(context, drop);
            return Err(Failure::argument("expected a function but found NULL"));
        };
        let body = Body { function, context, drop };
        let name = name.get(name_len)?.to_owned();
        Ok(Made(Builder { name, body, signature: Signature::new(), local: false, failed: None }))
    }

    /// Adds a parameter, passed by position or by name.
    plain fn aria_py_def_param(definition: Handle<Builder>, name: TextIn, name_len: i64) {
        change(definition, |signature| Ok(signature.arg(name.get(name_len)?)));
    }

    /// Adds a parameter that is passed by position alone.
    plain fn aria_py_def_positional(definition: Handle<Builder>, name: TextIn, name_len: i64) {
        change(definition, |signature| Ok(signature.positional(name.get(name_len)?)));
    }

    /// Adds a parameter with a default, which stays the caller's.
    plain fn aria_py_def_param_or(definition: Handle<Builder>, name: TextIn, name_len: i64, value: PyIn) {
        change(definition, |signature| Ok(signature.arg_or(name.get(name_len)?, value.get()?)));
    }

    /// Adds a parameter that is passed by name alone; its default may be NULL for none.
    plain fn aria_py_def_key(definition: Handle<Builder>, name: TextIn, name_len: i64, value: PyIn) {
        change(definition, |signature| {
            let name = name.get(name_len)?;
            if value.is_null() { Ok(signature.key(name)) } else { Ok(signature.key_or(name, value.get()?)) }
        });
    }

    /// Takes further positional arguments as a tuple: `*name`.
    plain fn aria_py_def_rest(definition: Handle<Builder>, name: TextIn, name_len: i64) {
        change(definition, |signature| Ok(signature.rest(name.get(name_len)?)));
    }

    /// Takes further keyword arguments as a dict: `**name`.
    plain fn aria_py_def_keywords(definition: Handle<Builder>, name: TextIn, name_len: i64) {
        change(definition, |signature| Ok(signature.keywords(name.get(name_len)?)));
    }

    /// Sets the documentation.
    plain fn aria_py_def_doc(definition: Handle<Builder>, text: TextIn, text_len: i64) {
        change(definition, |signature| Ok(signature.doc(text.get(text_len)?)));
    }

    /// Says where the function is defined, for tracebacks.
    plain fn aria_py_def_at(definition: Handle<Builder>, file: TextIn, file_len: i64, line: i32) {
        change(definition, |signature| Ok(signature.at(file.get(file_len)?, line)));
    }

    /// Keeps the function to this thread: another that calls it gets a RuntimeError, and it is dropped here.
    plain fn aria_py_def_local(definition: Handle<Builder>) {
        let _ = definition.with(|definition| definition.local = true);
    }

    /// Releases a definition that no function was given. NULL is fine.
    plain fn aria_py_def_release(definition: Handle<Builder>) {
        drop(definition.take());
    }

    /// Makes a Python callable of a definition, which is consumed.
    tries fn aria_py_callable or aria_py_callable_or_exit(definition: Handle<Builder>) -> PyObject {
        let Builder { name, body, signature, local, .. } = whole(definition)?;
        let made = if local {
            PyObject::callable_local(&name, signature, move |call: CallArgs<'_>| body.call(call))
        } else {
            PyObject::callable(&name, signature, move |call: CallArgs<'_>| body.call(call))
        };
        Ok(made?)
    }

    /// How many parameters the call has: defaults are filled in.
    tries fn aria_py_call_len(call: CallIn) -> i64 {
        Ok(call.get()?.len() as i64)
    }

    /// The argument for the parameter at this index, from 0.
    tries fn aria_py_call_object or aria_py_call_object_or_exit(call: CallIn, index: i64) -> PyObject {
        Ok(call.get()?.at(usize::try_from(index).unwrap_or(usize::MAX))?.clone())
    }

    /// The argument for the parameter of this name.
    tries fn aria_py_call_named or aria_py_call_named_or_exit(call: CallIn, name: TextIn, name_len: i64) -> PyObject {
        Ok(call.get()?.object(name.get(name_len)?)?.clone())
    }

    /// Begins a module of the program. The name may be dotted.
    tries fn aria_py_module_new or aria_py_module_new_or_exit(name: TextIn, name_len: i64) -> Made<ModuleBox> {
        Ok(Made(ModuleBox(Some(Module::new(name.get(name_len)?)), None)))
    }

    /// Sets the documentation.
    plain fn aria_py_module_doc(module: Handle<ModuleBox>, text: TextIn, text_len: i64) {
        let _ = module.with(|module| module.change(|module| Ok(module.doc(text.get(text_len)?))));
    }

    /// Adds a function. Consumes the definition.
    plain fn aria_py_module_function(module: Handle<ModuleBox>, definition: Handle<Builder>) {
        let definition = whole(definition);
        let _ = module.with(|module| {
            module.change(|module| {
                let Builder { name, body, signature, local, .. } = definition?;
                Ok(if local {
                    module.function_local(&name, signature, move |call: CallArgs<'_>| body.call(call))
                } else {
                    module.function(&name, signature, move |call: CallArgs<'_>| body.call(call))
                })
            });
        });
    }

    /// Adds a value, which stays the caller's.
    plain fn aria_py_module_value(module: Handle<ModuleBox>, name: TextIn, name_len: i64, value: PyIn) {
        let _ = module.with(|module| module.change(|module| Ok(module.value(name.get(name_len)?, value.get()?))));
    }

    /// Lets Python code import the module from now on, and returns it. Consumes it; a part that was refused is told here.
    tries fn aria_py_module_register or aria_py_module_register_or_exit(module: Handle<ModuleBox>) -> PyObject {
        match *module.take()? {
            ModuleBox(_, Some(failure)) => Err(failure),
            ModuleBox(None, None) => Err(Failure::argument("expected a module")),
            ModuleBox(Some(module), None) => Ok(module.register()?),
        }
    }

    /// Releases a module that was not registered. NULL is fine.
    plain fn aria_py_module_release(module: Handle<ModuleBox>) {
        drop(module.take());
    }
}
