//! What the way out to a library would do, without doing it.

use super::{arrow, jax, pandas, tensor, torch};
use crate::array::describe;
use crate::import::numpy::masked;
use crate::request::{Request, kept_to};
use crate::{class, import, table};
use aria_array_bridge::Array;
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use aria_array_bridge::table::Table;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The plan from the object to this library.
///
/// # Errors
///
/// `ValueError` for a library that is not known; what the producer raises.
pub(crate) fn explain(object: &Bound<'_, PyAny>, request: &Request, to: &str, nulls: Option<&str>) -> PyResult<Plan> {
    let target = match to {
        "numpy" => "numpy.ndarray",
        "torch" => "torch.Tensor",
        "jax" => "jax.Array",
        "pandas" => "pandas.Series",
        "pyarrow" => "pyarrow.Array",
        "polars" => "polars.Series",
        "arrow" => "arrow array",
        _ => {
            let wanted = "'numpy', 'torch', 'jax', 'pandas', 'pyarrow', 'polars' or 'arrow'";
            return Err(PyValueError::new_err(format!("expected {wanted} but found {to:?}")));
        }
    };
    if let Some((table, target)) = as_table(object, to)? {
        let plan = match to == "pandas" {
            true => table::explain_pandas(object.py(), &table)?,
            false => object.py().detach(|| table.export_plan()),
        };
        let source = class::of(object);
        return Ok(kept_to(Plan { source: source.into(), target: target.into(), ..plan }, request.copy));
    }
    explain_array(object, request, to, target, nulls)
}

/// The way of an array from the object to this library.
pub(crate) fn explain_array(
    object: &Bound<'_, PyAny>,
    request: &Request,
    to: &str,
    target: &'static str,
    nulls: Option<&str>,
) -> PyResult<Plan> {
    // Whether the whole way is a copy is said once, at its end.
    let door = Request { copy: CopyPolicy::IfNeeded, ..request.clone() };
    let (mut plan, found) = import::explain_found(object, &door)?;
    plan.target = target.into();
    let Some(found) = found.filter(|_| plan.outcome != Outcome::Refuse) else { return Ok(plan) };
    let array = &found.array;
    let copied = plan.outcome == Outcome::Copy;
    if matches!(to, "pyarrow" | "polars" | "arrow") {
        plan = through_arrow(plan, array, target);
    } else {
        let reasons =
            if to == "jax" { jax_reasons(object.py(), array, copied)? } else { reasons(array, to, nulls, copied) };
        for (reason, refuses) in reasons {
            let bytes = array.nbytes() as u64;
            plan = if refuses { plan.refusing(reason) } else { plan.copying(bytes, reason) };
        }
    }
    if request.copy == CopyPolicy::Always && plan.outcome == Outcome::View {
        plan = plan.copying(array.nbytes() as u64, Reason::new("copy-asked", "C1", "copy=True"));
    }
    plan = kept_to(plan, request.copy);
    if to == "jax" && plan.outcome == Outcome::View {
        plan.reasons.extend(jax::note(array));
    }
    plan.reasons.sort_by_key(|reason| reason.code == masked::NOTE || reason.code == arrow::NOTE); // What only remarks comes last.
    Ok(plan)
}

/// A table, or a column, and what it becomes in this library, where it becomes one there.
fn as_table(object: &Bound<'_, PyAny>, to: &str) -> PyResult<Option<(Table, &'static str)>> {
    if !matches!(to, "pandas" | "pyarrow" | "polars" | "arrow") {
        return Ok(None);
    }
    if let Ok(column) = object.cast::<table::PyColumn>() {
        let target = match to {
            "pandas" => "pandas.Series",
            "pyarrow" => "pyarrow.ChunkedArray",
            "polars" => "polars.Series",
            _ => "arrow stream",
        };
        return Ok(Some((column.get().alone(object.py())?, target)));
    }
    let target = match to {
        "pandas" => "pandas.DataFrame",
        "pyarrow" => "pyarrow.Table",
        "polars" => "polars.DataFrame",
        _ => "arrow stream",
    };
    Ok(table::given(object)?.map(|table| (table, target)))
}

/// Why this array goes to JAX as a copy, or (true) not at all.
fn jax_reasons(py: Python<'_>, array: &Array, copied: bool) -> PyResult<Vec<(Reason, bool)>> {
    let narrowed = jax::narrowed(&py.import("jax")?, array)?;
    let onward = tensor::plan(array, &jax::wish(CopyPolicy::IfNeeded));
    let refuses = onward.outcome == Outcome::Refuse;
    // Fresh memory lies as JAX wants it.
    let onward = onward.reasons.into_iter().filter(|_| refuses || !copied).map(|reason| (reason, refuses));
    Ok(onward.chain(narrowed.map(|reason| (reason, true))).collect())
}

/// The plan with what the way on by Arrow adds to it.
fn through_arrow(mut plan: Plan, array: &Array, target: &'static str) -> Plan {
    let on = arrow::plan_of(array, None, "__arrow_c_array__", target).1;
    for reason in on.reasons {
        plan = match on.outcome {
            Outcome::Refuse => plan.refusing(reason),
            _ if reason.code == arrow::NOTE => {
                plan.reasons.push(reason);
                plan
            }
            _ => plan.copying(on.copied_bytes, reason),
        };
    }
    plan
}

/// Why this array goes to that library as a copy, or (true) not at all. `copied` memory is fresh, so it may be written.
fn reasons(array: &Array, to: &str, nulls: Option<&str>, copied: bool) -> Vec<(Reason, bool)> {
    let mut reasons = Vec::new();
    let to_torch = to == "torch";
    if !to_torch && !array.device().is_host() {
        let text = format!("NumPy reads the host's memory, and this is on {}", array.device());
        reasons.push((Reason::new("device", "L7", text).expected("cpu", array.device().to_string()), true));
    }
    if to == "pandas" {
        let name = describe(array);
        reasons.extend(pandas::axes_of(array.ndim(), &name).map(|reason| (reason, true)));
    }
    let missing = array.null_count();
    if to == "pandas" && missing > 0 {
        if pandas::nullable(array).is_none() {
            let text = "pandas has no nullable dtype for them: they become NaN or NaT";
            reasons.push((Reason::new("nulls", "C4", text), false));
        }
    } else if missing > 0 && !matches!(nulls, Some("nan" | "mask")) {
        let (count, name) = (if missing == 1 { "1 null" } else { "nulls" }, describe(array));
        let count = if missing == 1 { count.to_string() } else { format!("{missing} {count}") };
        let library = if to_torch { "torch.Tensor" } else { "numpy.ndarray" };
        let name = name.strip_prefix("Array ").unwrap_or(&name);
        let hint = "nulls=\"nan\" (float64, copy), nulls=\"mask\" (numpy.ma), .fill_null(0)";
        let hint = if to_torch { ".fill_null(0)" } else { hint };
        let text = format!("{count} in {name}, and {library} has none");
        reasons.push((Reason::new("nulls", "C4", text).hint(hint), true));
    }
    if !to_torch {
        if array.dtype().is_packed() || array.dtype().dlpack().is_some_and(|(_, _, lanes)| lanes != 1) {
            reasons.push((Reason::new("dtype", "L1", format!("NumPy has no dtype for {}", array.dtype())), true));
        }
        return reasons;
    }
    if !copied {
        let wish = torch::wish(CopyPolicy::IfNeeded);
        let misfit = tensor::stride(array, &wish).or_else(|| tensor::misplaced(array, &wish));
        reasons.extend(misfit.map(|reason| (reason, false)));
    }
    reasons.extend(torch::imported(array.dtype()).err().map(|reason| (reason, true)));
    if array.is_readonly() && !copied {
        let reason = Reason::new("read-only", "L8", "torch has no read-only tensors; the source is read-only");
        let hint = "s.to_numpy(copy=True) if you want a copy, or asarray(s).assume_writable() if the memory is yours";
        reasons.push((reason.expected("writable", "read-only").hint(hint), false));
    }
    reasons
}
