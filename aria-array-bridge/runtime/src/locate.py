# Run inside the interpreter before the core module is there.
# In: path0, path1, ...: folders for sys.path.  plain_signals: leave Ctrl-C to the program.
# Out: answer: the file of the core module in this environment, or nothing.  error: why there is none.
import sys
import traceback

answer = error = ""


def locate():
    loaded = sys.modules.get("aria_array_bridge._core")
    if loaded is not None:
        return loaded.__file__
    from importlib.machinery import PathFinder
    from importlib.util import find_spec

    package = find_spec("aria_array_bridge")
    if package is None:
        return ""
    core = PathFinder.find_spec("aria_array_bridge._core", package.submodule_search_locations)
    if core is None:
        raise ImportError("the package at %s has no compiled part" % list(package.submodule_search_locations))
    return core.origin


def leave_signals_alone():
    # The first import of signal takes SIGINT over wherever it does its default. Have that behind us.
    import _signal

    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


try:
    if "plain_signals" in globals():
        leave_signals_alone()
    for number in range(sum(name.startswith("path") for name in list(globals()))):
        sys.path.insert(number, globals()["path%d" % number])
    answer = locate()
except BaseException as reason:
    error = "".join(traceback.format_exception_only(reason)).strip().encode("ascii", "backslashreplace").decode()
