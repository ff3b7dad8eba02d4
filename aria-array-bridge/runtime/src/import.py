# Run inside the interpreter: imports the core module, from the environment or from the file `beside`.
# Out: answer: its version.  error: why it cannot be imported, with the traceback.
import sys
import traceback

answer = error = ""
name = "aria_array_bridge._core"
try:
    if "beside" in globals() and name not in sys.modules:
        from importlib.util import module_from_spec, spec_from_file_location

        spec = spec_from_file_location(name, beside)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    else:
        from importlib import import_module

        module = import_module(name)
    answer = module.__version__
except BaseException as reason:
    error = "".join(traceback.format_exception(reason)).strip().encode("ascii", "backslashreplace").decode()
