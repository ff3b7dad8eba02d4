# Run before the interpreter ends, while functions of the program can still be called: what Py_FinalizeEx does first. When it
# comes to these two, one function is left, which closes the way in.
import atexit
import sys

threading = sys.modules.get("threading")
if threading is not None:
    try:
        threading._shutdown()  # Joins the threads that are no daemons, after the ends of executors.
    except BaseException:
        sys.excepthook(*sys.exc_info())  # Ctrl-C while it waits: the end goes on.
close = getattr(sys.modules.get("aria_array_bridge._core"), "_close_release_queue", None)
atexit.unregister(close)
try:
    atexit._run_exitfuncs()
finally:
    if close is not None:
        atexit.register(close)
