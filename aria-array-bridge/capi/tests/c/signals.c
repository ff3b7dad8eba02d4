/* Ctrl-C: in a loop of the program's own, while Python computes, while it waits, and within a function of the program. And a
 * process that Python forks. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "python.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static void *interrupts(void *nothing)
{
    (void)nothing;
    usleep(200000);
    kill(getpid(), SIGINT);
    return NULL;
}

/* In a fifth of a second. */
static pthread_t interrupt(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, interrupts, NULL) == 0);
    return thread;
}

static void check_interrupted(pthread_t thread)
{
    CHECK(pthread_join(thread, NULL) == 0);
    AriaBridgeError *error = aria_bridge_error_take();
    CHECK(error != NULL && aria_bridge_error_code(error) == ARIA_ERR_PYTHON);
    CHECK(aria_bridge_error_matches(error, "KeyboardInterrupt", -1) == 1);
    CHECK(aria_bridge_error_matches(error, "Exception", -1) == 0);
    aria_bridge_error_release(error);
    CHECK(aria_py_check_signals() == 0); /* It is over. */
}

static AriaPy *loops(void *context, AriaPyCall *call)
{
    (void)call;
    for (;;) {
        ++*(int64_t *)context;
        if (aria_py_check_signals() != 0)
            return NULL; /* The error waits. */
    }
}

int main(void)
{
    CHECK(aria_py_start_with(NULL, -1, 1) == 0);
    builtins = aria_py_import_or_exit("builtins", -1);

    CHECK(raise(SIGINT) == 0);
    CHECK(aria_py_check_signals() == ARIA_ERR_PYTHON);
    CHECK_ERROR(ARIA_ERR_PYTHON, "");
    pthread_t thread = interrupt();
    while (aria_py_check_signals() == 0) {
    }
    check_interrupted(thread);

    AriaPy *time = aria_py_import_or_exit("time", -1);
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_float(args, 60);
    thread = interrupt();
    CHECK(aria_py_call_method(time, "sleep", -1, args) == NULL);
    check_interrupted(thread);

    args = aria_py_args_new();
    aria_py_args_str(args, "while True: pass", -1);
    thread = interrupt();
    CHECK(aria_py_call_method(builtins, "exec", -1, args) == NULL);
    check_interrupted(thread);

    int64_t rounds = 0;
    AriaPy *function = aria_py_callable_or_exit(aria_py_def_new_or_exit("loops", -1, loops, &rounds, NULL));
    thread = interrupt();
    CHECK(aria_py_call(function, NULL) == NULL);
    check_interrupted(thread);
    CHECK(rounds > 0);
    aria_py_release(function);

    AriaPy *child = eval("(lambda os: os.waitstatus_to_exitcode(os.waitpid(os.fork() or os._exit(len('seven..')), 0)[1]))(__import__('os'))");
    SHOWS(child, "7");
    int64_t forked = aria_py_to_int_or_exit(eval("__import__('os').fork()"));
    if (forked == 0)
        return 9; /* The child of a fork ends nothing that is its parent's. */
    args = aria_py_args_new();
    aria_py_args_int(args, forked);
    aria_py_args_int(args, 0);
    AriaPy *status = aria_py_call_method_or_exit(aria_py_import_or_exit("os", -1), "waitpid", -1, args);
    args = aria_py_args_new();
    aria_py_args_int(args, 1);
    CHECK(aria_py_to_int_or_exit(aria_py_getitem_or_exit(status, args)) == 9 << 8);

    aria_py_release(time);
    aria_py_end_or_exit();
    puts("done");
    return 0;
}
