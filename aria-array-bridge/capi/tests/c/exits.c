/* Programs without error branches, which end as the twins end them; the argument says which. */
#include "aria_array_bridge.h"
#include "check.h"

#include <pthread.h>

static char way_to_exit[1];

static AriaPy *deeper(void *context, AriaPyCall *call)
{
    (void)call;
    if (context != NULL) exit(5);
    return aria_py_import_or_exit("no_such_module", -1); /* Python is on the stack: the program ends all the same. */
}

static void *elsewhere(void *context)
{
    return deeper(context, NULL);
}

static void run(const char *code)
{
    AriaPy *builtins = aria_py_import_or_exit("builtins", -1);
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_str(args, code, -1);
    aria_py_release(aria_py_call_method_or_exit(builtins, "exec", -1, args));
    aria_py_release(builtins);
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    if (strcmp(way, "array") == 0) {
        const int64_t shape[] = {1};
        aria_nd_zeros_or_exit("float65", -1, 1, shape);
    }
    if (strcmp(way, "number") == 0) {
        aria_nd_get_float_or_exit(NULL, 0);
    }
    aria_py_start_or_exit();
    run("import atexit; atexit.register(print, 'atexit ran'); print('printed')");
    if (strcmp(way, "raise") == 0) {
        aria_py_place_enter_or_exit("program.aria", "solve", 7);
        aria_py_import_or_exit("no_such_module", -1);
    }
    if (strcmp(way, "system-exit") == 0) run("raise SystemExit(3)");
    if (strcmp(way, "interrupt") == 0) run("raise KeyboardInterrupt");
    if (strcmp(way, "thread") == 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, elsewhere, NULL) == 0) pthread_join(thread, NULL);
    }
    if (strncmp(way, "callback", 8) == 0) {
        if (strstr(way, "workers") != NULL) {
            run("from joblib import Parallel, delayed; Parallel(n_jobs=2)(delayed(abs)(i) for i in range(4))");
        }
        void *exits = strstr(way, "exit") != NULL ? way_to_exit : NULL;
        AriaPy *function = aria_py_callable_or_exit(aria_py_def_new_or_exit("deeper", -1, deeper, exits, NULL));
        aria_py_call_or_exit(function, NULL);
    }
    if (strcmp(way, "exit") == 0) exit(5);
    if (strcmp(way, "told") == 0) {
        aria_py_import("no_such_module", -1);
        aria_bridge_exit();
        printf("it came back\n");
    }
    return 0;
}
