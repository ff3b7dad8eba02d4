# The loops that `benches/calls.py` measures, in Mojo: attached ones, as its modules are called.

from std.os import abort
from std.python import Python, PythonObject
from std.python.bindings import PythonModuleBuilder
from std.time import perf_counter_ns


@export
def PyInit_calls_mojo() abi("C") -> PythonObject:
    try:
        var module = PythonModuleBuilder("calls_mojo")
        module.def_function[peer]("peer")
        return module.finalize()
    except e:
        abort(String("calls_mojo: ", e))


def peer(operation: PythonObject, x: PythonObject, rounds: PythonObject) raises -> PythonObject:
    """Seconds that this many rounds take."""
    var name = String(py=operation)
    var n = Int(py=rounds)
    var sum = 0.0
    var begin = perf_counter_ns()
    if name == "call":
        for _ in range(n):
            var result = x(2.0)
            _ = result^
    elif name == "keyword":
        for _ in range(n):
            var result = x(v=2.0)
            _ = result^
    elif name == "method":
        for _ in range(n):
            var result = x.method(2.0)
            _ = result^
    elif name == "getattr":
        for _ in range(n):
            var result = x.attribute
            _ = result^
    elif name == "to_float":
        for _ in range(n):
            sum += Float64(py=x)
    elif name == "from_float":
        for _ in range(n):
            var result = PythonObject(2.5)
            _ = result^
    elif name == "clone":
        for _ in range(n):
            var result = x
            _ = result^
    else:
        raise Error("expected an operation")
    var seconds = Float64(perf_counter_ns() - begin) / 1e9
    # The sum is used, so that it is computed.
    return PythonObject(seconds if sum >= 0.0 else 0.0)
