/* How Python starts: a configuration that is wrong, and one that says everything. Arguments: an environment of Python,
 * and the folder of the package. */
#include "aria_array_bridge.h"
#include "check.h"
#include "python.h"

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    CHECK(aria_py_start_config(NULL) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "a configuration but found NULL");
    aria_py_config_release(NULL);
    aria_py_config_release(aria_py_config_new_or_exit());

    /* What was said wrong first is told by the start; nothing was started. */
    AriaPyConfig *config = aria_py_config_new_or_exit();
    aria_py_config_python(config, "\xff", 1);
    aria_py_config_arg(config, NULL, -1);
    CHECK(aria_py_start_config(config) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "UTF-8");
    config = aria_py_config_new_or_exit();
    aria_py_config_arg(config, NULL, -1);
    CHECK(aria_py_start_config(config) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "text but found NULL");
    config = aria_py_config_new_or_exit();
    aria_py_config_python(config, argv[1], -1);
    aria_py_config_libpython(config, "/nowhere/libpython.so", -1);
    CHECK(aria_py_start_config(config) == ARIA_ERR_START);
    CHECK_ERROR(ARIA_ERR_START, "/nowhere/libpython.so");
    CHECK(aria_py_gil_state() == ARIA_PY_NOT_RUNNING);

    /* The variables name another Python, and a home that is none. */
    config = aria_py_config_new_or_exit();
    aria_py_config_python(config, argv[1], -1);
    aria_py_config_isolated(config, 1);
    aria_py_config_signals(config, 1);
    aria_py_config_path(config, argv[2], -1);
    aria_py_config_path(config, "/of/the/program and more", 15);
    aria_py_config_arg(config, "program", -1);
    aria_py_config_arg(config, "-v", -1);
    aria_py_start_config_or_exit(config);
    builtins = aria_py_import_or_exit("builtins", -1);
    SHOWS(eval("__import__('sys').argv"), "['program', '-v']");
    SHOWS(eval("__import__('sys').path[1]"), "'/of/the/program'");
    SHOWS(eval("__import__('sys').flags.isolated"), "1");
    SHOWS(eval("__import__('signal').getsignal(2).__name__"), "'default_int_handler'");
    AriaPy *prefix = eval("__import__('sys').prefix");
    SAYS(aria_py_to_str(prefix), argv[1]);
    aria_py_release(prefix);

    config = aria_py_config_new_or_exit();
    aria_py_config_python(config, argv[1], -1);
    CHECK(aria_py_start_config(config) == 0); /* The same: it runs already. */
    aria_py_release(builtins);
    aria_py_end_or_exit();
    puts("done");
    return 0;
}
