# Run inside the interpreter of a process that runs Python already, before the core module is there.
# Out: answer: its executable, prefix and base prefix, each ended by a NUL character.  error: nothing.
import sys

answer = "".join("%s\0" % (part or "") for part in (sys.executable, sys.prefix, sys.base_prefix))
error = ""
