# Asked of an interpreter from outside, isolated: what it is and where its library lies.
# Answers key, value, key, value, ... each ended by a NUL byte. A key may come more than once.
import os
import sys
import sysconfig


def answer(key, value):
    value = os.fsencode(str(value))
    sys.stdout.buffer.write(key.encode() + b"\0" + value + b"\0")


def libraries():
    # What this very process has mapped knows best; then what the build says, then the usual places.
    try:
        with open("/proc/self/maps", "rb") as maps:
            for line in maps:
                path = line.rstrip(b"\n").split(b" ")[-1]
                if os.path.basename(path).startswith(b"libpython") and b".so" in path:
                    yield os.fsdecode(path)
    except OSError:
        pass
    get = sysconfig.get_config_var
    version = "%d.%d" % sys.version_info[:2]
    names = [get("INSTSONAME"), get("LDLIBRARY"), "libpython%s.so.1.0" % version, "libpython%s.so" % version,
             "libpython%s.dylib" % version]
    folders = [get("LIBDIR"), get("LIBPL"), os.path.join(sys.base_prefix, "lib"), get("PYTHONFRAMEWORKPREFIX")]
    if get("LIBDIR") and get("MULTIARCH"):
        folders.append(os.path.join(get("LIBDIR"), get("MULTIARCH")))
    if os.name == "nt":
        folders.append(sys.base_prefix)
        names.append("python%d%d.dll" % sys.version_info[:2])
    for folder in folders:
        for name in names:
            if folder and name and not name.endswith(".a"):
                yield os.path.join(folder, name)


answer("executable", sys.executable)
answer("version", sys.version)
answer("major", sys.version_info[0])
answer("minor", sys.version_info[1])
answer("micro", sys.version_info[2])
answer("implementation", sys.implementation.name)
answer("prefix", sys.prefix)
answer("base_prefix", sys.base_prefix)
answer("free_threaded", int(bool(sysconfig.get_config_var("Py_GIL_DISABLED"))))
answer("bits", 64 if sys.maxsize > 2**32 else 32)
seen = set()
for library in libraries():
    if library not in seen:
        seen.add(library)
        answer("library" if os.path.isfile(library) else "looked", library)
sys.stdout.buffer.flush()
