# Run before the interpreter ends, while functions of the program can still be called: what Py_FinalizeEx does first. When it
# comes to these two nothing is left of either.
import atexit
import sys

threading = sys.modules.get("threading")
if threading is not None:
    try:
        threading._shutdown()  # Joins the threads that are no daemons, after the ends of executors.
    except BaseException:
        sys.excepthook(*sys.exc_info())  # Ctrl-C while it waits: the end goes on.
atexit._run_exitfuncs()
