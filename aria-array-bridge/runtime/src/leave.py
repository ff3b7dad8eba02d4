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
atexit._run_exitfuncs()
# The last of these functions closes the way in, so that nobody could flush after it.
for stream in (sys.stdout, sys.stderr):
    try:
        stream.flush()
    except BaseException:
        pass  # There is none, or nobody reads any more.
