//! `Module`: functions and values of the program as a module that Python code imports.

use crate::args::Args;
use crate::callback::CallArgs;
use crate::error::PyError;
use crate::object::PyObject;
use crate::signature::Signature;
use crate::value::Val;
use core::fmt;
use std::sync::OnceLock;

/// Makes one item, when Python runs.
type Make = Box<dyn FnOnce() -> Result<Val, PyError>>;

/// A module of the program, built item by item.
///
/// ```no_run
/// # use aria_array_runtime::prelude::*;
/// # fn f() -> Result<(), PyError> {
/// Module::new("aria_ml")
///     .doc("Machine learning in Aria.")
///     .function("double", Signature::new().arg("x").doc("Twice x."), |call: CallArgs| Ok(2.0 * call.get::<f64>("x")?))
///     .value("version", "1.0")
///     .register()?;
/// # Ok(()) }
/// ```
#[must_use = "Python knows the module when it is registered"]
pub struct Module {
    name: String,
    doc: Option<String>,
    items: Vec<(String, Make)>,
}

impl Module {
    /// An empty module. The name may be dotted: packages that do not exist yet are made.
    pub fn new(name: impl Into<String>) -> Module {
        Module { name: name.into(), doc: None, items: Vec::new() }
    }

    /// Sets `__doc__`.
    pub fn doc(mut self, doc: impl Into<String>) -> Module {
        self.doc = Some(doc.into());
        self
    }

    /// Adds a function that any thread may call: see [`PyObject::callable`].
    pub fn function<R: Into<Val>>(
        self,
        name: &str,
        signature: impl Into<Signature>,
        function: impl Fn(CallArgs<'_>) -> Result<R, PyError> + Send + Sync + 'static,
    ) -> Module {
        let (own, signature) = (name.to_owned(), signature.into().module(&*self.name));
        self.item(name, Box::new(move || PyObject::callable(&own, signature, function).map(Val::from)))
    }

    /// Adds a function of this thread: see [`PyObject::callable_local`].
    pub fn function_local<R: Into<Val>>(
        self,
        name: &str,
        signature: impl Into<Signature>,
        function: impl Fn(CallArgs<'_>) -> Result<R, PyError> + 'static,
    ) -> Module {
        let (own, signature) = (name.to_owned(), signature.into().module(&*self.name));
        self.item(name, Box::new(move || PyObject::callable_local(&own, signature, function).map(Val::from)))
    }

    /// Adds a value.
    pub fn value(self, name: &str, value: impl Into<Val>) -> Module {
        let value = value.into();
        self.item(name, Box::new(move || Ok(value)))
    }

    fn item(mut self, name: &str, make: Make) -> Module {
        self.items.push((name.to_owned(), make));
        self
    }

    /// Lets Python code import the module from now on, and returns it. It has `AriaError`, which its functions raise.
    ///
    /// A module that was registered under this name before is replaced; who has imported it keeps the old one.
    ///
    /// # Errors
    ///
    /// `ImportError` for a name that is another module's, `ValueError` for one that Python cannot import; what a
    /// function's signature is refused for.
    pub fn register(self) -> Result<PyObject, PyError> {
        let items = self.items.into_iter().map(|(name, make)| Ok(Val::from((name, make()?))));
        let items = items.collect::<Result<Vec<Val>, PyError>>()?;
        let error =
            PyObject::import("sys")?.getattr("modules")?.getitem("aria_array_bridge._core")?.getattr("AriaError")?;
        register()?.call(Args::new().arg(self.name).arg(self.doc).arg(Val::List(items)).arg(&error))
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<&str> = self.items.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Module").field("name", &self.name).field("items", &items).finish_non_exhaustive()
    }
}

/// `register` of `module.py`.
fn register() -> Result<&'static PyObject, PyError> {
    static REGISTER: OnceLock<PyObject> = OnceLock::new();
    if let Some(register) = REGISTER.get() {
        return Ok(register);
    }
    let names = PyObject::from_val(Val::Dict(Vec::new()))?;
    let builtins = PyObject::import("builtins")?;
    let compile = Args::new().arg(include_str!("module.py")).arg("<aria_array_bridge>").arg("exec");
    let code = builtins.call_method("compile", compile)?;
    builtins.call_method("exec", Args::new().arg(&code).arg(&names))?;
    let register = names.getitem("register")?;
    Ok(REGISTER.get_or_init(|| register))
}
