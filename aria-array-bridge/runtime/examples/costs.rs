//! What operations cost, in nanoseconds: the best of several rounds. `cargo run --release --example costs`.

use aria_array_runtime::prelude::*;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 30;
const CALLS: u32 = 20_000;

fn best(name: &str, mut operation: impl FnMut()) {
    let round = |_| {
        let begin = Instant::now();
        for _ in 0..CALLS {
            operation();
        }
        begin.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
    };
    let best = (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min);
    println!("{best:8.1} ns  {name}");
}

fn measure(title: &str, function: &PyObject, math: &PyObject, two: &PyObject) -> Result<(), PyError> {
    println!("{title}");
    best("call of a Python function, one float", || drop(black_box(function.call(Args::new().arg(2.0)))));
    best("call of math.sqrt by name, result as f64", || {
        let _ = black_box(math.call_method("sqrt", Args::new().arg(2.0)).and_then(|root| root.to_float()));
    });
    best("getattr", || drop(black_box(math.getattr("pi"))));
    best("to_float", || drop(black_box(two.to_float())));
    best("2.0 * object", || drop(black_box(Op::Mul.apply(2.0, two))));
    best("clone and drop", || drop(black_box(two.clone())));
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::start(&Config::from_env())?;
    let function = PyObject::import("builtins")?.call_method("eval", Args::new().arg("lambda x: x"))?;
    let (math, two) = (PyObject::import("math")?, PyObject::from_val(2.5)?);
    measure("detached, no site:", &function, &math, &two)?;
    static HERE: Site = Site::new("costs.aria", 1, "main");
    let here = HERE.enter();
    measure("detached, in a site:", &function, &math, &two)?;
    drop(here);
    let batch = attach()?;
    measure("attached:", &function, &math, &two)?;
    drop(batch);
    let callback = PyObject::callable("f", &["x"], |call: CallArgs| call.get::<f64>("x"))?;
    let many = PyObject::import("builtins")?
        .call_method("eval", Args::new().arg("lambda f: [f(2.0) for _ in range(1000)]"))?;
    let begin = Instant::now();
    for _ in 0..100 {
        many.call(Args::new().arg(&callback))?;
    }
    println!("{:8.1} ns  Python calls a closure: one float in and out", begin.elapsed().as_secs_f64() * 1e9 / 1e5);
    runtime.end()?;
    Ok(())
}
