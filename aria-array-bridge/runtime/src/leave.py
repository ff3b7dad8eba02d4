# Run when the program ends and the interpreter cannot: a callback is on the stack, or another thread started it.
# What waits for the end is told of it, so that no worker process and no output stays behind.
import atexit
import sys

threading = sys.modules.get("threading")
for hook in reversed(list(getattr(threading, "_threading_atexits", ()))):
    try:
        hook()
    except BaseException:
        sys.excepthook(*sys.exc_info())
# The interpreter does not end: nobody needs to wait for threads that are in it, as one that sleeps or listens may be for ever.
atexit.unregister(getattr(sys.modules.get("aria_array_bridge._core"), "_close_release_queue", None))
atexit._run_exitfuncs()
for stream in (sys.stdout, sys.stderr):
    try:
        stream.flush()
    except BaseException:
        pass  # There is none, or nobody reads any more.
