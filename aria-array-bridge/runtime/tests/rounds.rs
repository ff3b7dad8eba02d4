//! Nothing stays behind: after many rounds of everything Python has as many blocks as before, and the ledger is empty.

mod support;

use aria_array_runtime::prelude::*;
use std::sync::Arc;
use support::{ended_well, names, program};

/// One of everything; an error's payload is counted by `alive`.
fn round(names: &PyObject, alive: &Arc<()>) -> Result<(), PyError> {
    static HERE: Site = Site::new("rounds.aria", 1, "round");
    let _here = HERE.enter();
    let nested =
        Val::dict([("k", Val::list([Val::Range(0, 3, 1), Val::bytes([1]), (1i128 << 100).into(), (1.5, "a").into()]))]);
    let object = PyObject::from_val(nested)?;
    object.to_val()?;
    object.setitem("x", 1)?;
    object.delitem("x")?;
    object.contains("k")?;
    object.repr()?;
    object.getitem("none").unwrap_err().frames();
    Op::Add.apply_in_place(PyObject::from_val(vec![1])?, vec![2])?;
    assert!(UnaryOp::Neg.apply("text").is_err() && object.hash().is_err() && object.getattr("none").is_err());
    let array = Array::from(vec![1.0, 2.0]);
    let (shared, _) = array.to_py()?;
    Array::from_py(&shared, &Request::new().dtype(DType::F64))?;
    assert!(Array::from_py(&shared, &Request::new().dtype(DType::I64)).is_err());
    let payload = Arc::clone(alive);
    let function = PyObject::callable(
        "f",
        Signature::new().arg("x").arg_or("y", 2).at("rounds.aria", 9),
        move |call: CallArgs<'_>| match call.get::<i64>("x")? {
            0 => Err(PyError::from_host("Odd", "none", payload.clone())),
            1 => Err(PyError::new("ValueError", "one")),
            x => Ok(vec![x, call.get("y")?]),
        },
    )?;
    let local = PyObject::callable_local("g", &["x"], |call: CallArgs<'_>| call.get::<f64>("x"))?;
    let call = names.getitem("call")?;
    for x in 0..3 {
        let result = call.call(Args::new().arg(&function).arg(x));
        assert_eq!(result.err().is_some_and(|error| error.payload::<Arc<()>>().is_some()), x == 0);
    }
    assert!(call.call(Args::new().arg(&local).arg("text")).is_err());
    let _batch = attach()?;
    detach(|| call.call(Args::new().arg(&local).arg(1.5)))?;
    Ok(())
}

#[test]
fn many_rounds_of_everything_leave_nothing_behind() {
    ended_well(&program("many_rounds_of_everything_leave_nothing_behind", || {
        let runtime = support::start();
        let names = names(
            "import sys, gc\ndef call(f, x): return f(x)\ndef blocks():\n    gc.collect()\n    return sys.getallocatedblocks()",
        );
        let alive = Arc::new(());
        let blocks = || {
            runtime.drain();
            names.getitem("blocks").unwrap().call(Args::new()).unwrap().to_int().unwrap()
        };
        let many = |rounds: usize| (0..rounds).for_each(|_| round(&names, &alive).unwrap());
        // Caches of Python's own fill in the first rounds, and breathe later; a block lost in every round would be 500 in
        // each batch of them.
        let mut grown = Vec::new();
        let settles = (0..12).any(|_| {
            let before = blocks();
            many(500);
            grown.push(blocks() - before);
            grown.last().is_some_and(|grown| *grown < 50)
        });
        assert!(settles, "{grown:?}");
        runtime.drain();
        assert_eq!(Arc::strong_count(&alive), 1);
        assert!(runtime.ledger().is_empty(), "{:?}", runtime.ledger());
        assert_eq!(runtime.releases().leaked + runtime.releases().local_leaked, 0);
        runtime.end().unwrap();
    }));
}
