/* What errors are made of: the exception, its arguments, what it came from, its frames. */
#include "aria_array_bridge.h"
#include "check.h"
#include "python.h"

#include <pthread.h>

static const char SOURCE[] = "def inner(x):\n    return 1 // x\n\ndef outer(x):\n    try:\n        inner(x)\n"
                             "    except ZeroDivisionError as first:\n        raise KeyError('b', 7) from first\n";

/* Runs statements, and returns their names. */
static AriaPy *run(const char *file, const char *source)
{
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_str(args, source, -1);
    aria_py_args_str(args, file, -1);
    aria_py_args_str(args, "exec", -1);
    AriaPy *code = aria_py_call_method_or_exit(builtins, "compile", -1, args);
    AriaPy *names = aria_py_from_dict_or_exit(aria_py_args_new());
    args = aria_py_args_new();
    aria_py_args_object(args, code);
    aria_py_args_object(args, names);
    aria_py_release(aria_py_call_method_or_exit(builtins, "exec", -1, args));
    aria_py_release(code);
    return names;
}

/* names[name](argument) fails; the error is taken. */
static AriaBridgeError *failure(AriaPy *names, const char *name, int64_t argument)
{
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_str(args, name, -1);
    AriaPy *function = aria_py_getitem_or_exit(names, args);
    args = aria_py_args_new();
    aria_py_args_int(args, argument);
    CHECK(aria_py_call(function, args) == NULL);
    aria_py_release(function);
    AriaBridgeError *error = aria_bridge_error_take();
    CHECK(error != NULL && aria_bridge_error_pending() == 0);
    return error;
}

static void check_frame(AriaBridgeError *error, int64_t index, const char *file, int64_t line, const char *function,
                        const char *text)
{
    SAYS(aria_bridge_error_frame_file(error, index), file);
    CHECK(aria_bridge_error_frame_line(error, index) == line);
    SAYS(aria_bridge_error_frame_function(error, index), function);
    SAYS(aria_bridge_error_frame_text(error, index), text);
}

static void frames(void)
{
    CHECK(aria_py_add_source("typed.py", -1, SOURCE, -1) == 0);
    CHECK(aria_py_add_source("lines.aria", -1, "import a\ncall it\n", -1) == 0);
    CHECK(aria_py_add_source("typed.py", -1, "\xff", 1) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "UTF-8");
    AriaPy *names = run("typed.py", SOURCE);
    int64_t place = aria_py_place_enter_or_exit("lines.aria", "main", 2);
    AriaBridgeError *error = failure(names, "outer", 0);
    aria_py_place_leave(place);

    CHECK(aria_bridge_error_frames(error) == 2);
    check_frame(error, 0, "lines.aria", 2, "main", "call it");
    check_frame(error, 1, "typed.py", 8, "outer", "raise KeyError('b', 7) from first");
    CHECK(aria_bridge_error_frame_file(error, 2) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "one of 2 frames but found number 2");
    CHECK(aria_bridge_error_frame_line(error, -1) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "number -1");

    SHOWS(aria_bridge_error_args(error), "('b', 7)");
    AriaPy *exception = aria_bridge_error_object(error), *again = aria_bridge_error_object(error);
    CHECK(aria_py_is_or_exit(exception, again) == 1 && aria_py_kind_or_exit(exception) == ARIA_PY_KIND_EXCEPTION);
    aria_py_release(again);

    AriaBridgeError *cause = aria_bridge_error_cause(error), *context = aria_bridge_error_context(error);
    SAYS(aria_bridge_error_kind(cause), "ZeroDivisionError");
    SAYS(aria_bridge_error_kind(context), "ZeroDivisionError");
    CHECK(aria_bridge_error_frames(cause) == 2);
    check_frame(cause, 1, "typed.py", 2, "inner", "return 1 // x");
    CHECK(aria_bridge_error_cause(cause) == NULL && aria_bridge_error_context(cause) == NULL);
    CHECK(aria_bridge_error_pending() == 0); /* None is no error. */
    aria_bridge_error_release(context);
    aria_bridge_error_release(cause);

    /* Raised again, it is the same object. */
    CHECK(aria_bridge_error_set_object(exception) == ARIA_ERR_PYTHON);
    AriaBridgeError *set = aria_bridge_error_take();
    CHECK(aria_bridge_error_matches(set, "LookupError", -1) == 1);
    again = aria_bridge_error_object(set);
    CHECK(aria_py_is_or_exit(exception, again) == 1);
    aria_py_release(again);
    aria_bridge_error_release(set);
    aria_bridge_error_release(error);
    aria_py_release(exception);
    aria_py_release(names);
}

/* raise its argument */
static AriaPy *raise(void *context, AriaPyCall *call)
{
    (void)context;
    AriaPy *exception = aria_py_call_object_or_exit(call, 0);
    aria_bridge_error_set_object(exception);
    aria_py_release(exception);
    return NULL;
}

static void raised_by_a_callback(void)
{
    AriaPyDef *definition = aria_py_def_new_or_exit("raise_it", -1, raise, NULL, NULL);
    aria_py_def_param(definition, "exception", -1);
    AriaPy *function = aria_py_callable_or_exit(definition);
    AriaPy *exceptions = eval("[OSError(2, 'none'), 7]");
    AriaPy *exception = aria_py_item_or_exit(exceptions, 0), *number = aria_py_item_or_exit(exceptions, -1);
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_object(args, exception);
    CHECK(aria_py_call(function, args) == NULL);
    AriaBridgeError *error = aria_bridge_error_take();
    AriaPy *same = aria_bridge_error_object(error);
    CHECK(aria_py_is_or_exit(same, exception) == 1);
    SAYS(aria_bridge_error_kind(error), "FileNotFoundError");
    aria_py_release(same);
    aria_bridge_error_release(error);
    args = aria_py_args_new();
    aria_py_args_object(args, number);
    CHECK(aria_py_call(function, args) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "exception");
    CHECK(aria_bridge_error_set_object(NULL) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    aria_py_release(number);
    aria_py_release(exception);
    aria_py_release(exceptions);
    aria_py_release(function);
}

/* What never was in Python has no exception, no frames and no arguments. */
static void of_this_library(void)
{
    CHECK(aria_py_getattr(builtins, "\xff", 1) == NULL);
    AriaBridgeError *error = aria_bridge_error_take();
    CHECK(aria_bridge_error_object(error) == NULL && aria_bridge_error_cause(error) == NULL);
    CHECK(aria_bridge_error_context(error) == NULL && aria_bridge_error_frames(error) == 0);
    CHECK(aria_bridge_error_pending() == 0);
    SHOWS(aria_bridge_error_args(error), "()");
    int64_t code = 5;
    CHECK(aria_bridge_error_exit_code(error, &code) == ARIA_ERR_ARGUMENT && code == 5);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "SystemExit");
    aria_bridge_error_release(error);
    CHECK(aria_bridge_error_object(NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "an error but found NULL");
    CHECK(aria_bridge_error_frames(NULL) == ARIA_ERR_ARGUMENT && aria_bridge_error_args(NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "an error but found NULL");

    /* The program's own, with its payload, before and after it was in Python. */
    static int payload = 7;
    aria_bridge_error_set("DomainError", -1, "outside", -1, &payload, NULL);
    error = aria_bridge_error_take();
    CHECK(aria_bridge_error_payload(error) == &payload && aria_bridge_error_frames(error) == 0);
    aria_bridge_error_release(error);
}

static AriaPy *refuse(void *context, AriaPyCall *call)
{
    (void)call;
    aria_bridge_error_set("DomainError", -1, "outside", -1, context, NULL);
    return NULL;
}

static void exits_and_payloads(void)
{
    AriaPy *names = run("exits.py", "import sys\ndef leave(status):\n    sys.exit(status - 4)\n");
    AriaBridgeError *error = failure(names, "leave", 1);
    int64_t status = 0;
    CHECK(aria_bridge_error_exit_code(error, &status) == 0 && status == -3);
    aria_bridge_error_release(error);
    aria_py_release(names);

    static int payload = 7;
    AriaPyDef *definition = aria_py_def_new_or_exit("refuse", -1, refuse, &payload, NULL);
    AriaPy *function = aria_py_callable_or_exit(definition);
    CHECK(aria_py_call(function, NULL) == NULL);
    error = aria_bridge_error_take();
    CHECK(aria_bridge_error_payload(error) == &payload && aria_bridge_error_frames(error) >= 1);
    SAYS(aria_bridge_error_kind(error), "aria_array_bridge.AriaError");
    aria_bridge_error_release(error);
    aria_py_release(function);
}

static int dropped;

static void drop_here(void *context)
{
    CHECK(context == &dropped);
    dropped++;
}

/* Another thread sees no payload, and what it releases is dropped at home. */
static void *elsewhere(void *error)
{
    CHECK(aria_bridge_error_payload((AriaBridgeError *)error) == NULL);
    SAYS(aria_bridge_error_message((AriaBridgeError *)error), "outside");
    aria_bridge_error_release((AriaBridgeError *)error);
    CHECK(dropped == 0);
    return NULL;
}

/* An error whose payload is this thread's, which has ended when it is released. */
static void *local(void *context)
{
    aria_bridge_error_set_local("DomainError", -1, "outside", -1, context, drop_here);
    return aria_bridge_error_take();
}

static void payloads_of_a_thread(void)
{
    AriaBridgeError *error = (AriaBridgeError *)local(&dropped);
    CHECK(aria_bridge_error_payload(error) == &dropped);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, elsewhere, error) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(aria_py_flush() == 0 && dropped == 1);
    void *orphan = NULL;
    CHECK(pthread_create(&thread, NULL, local, &dropped) == 0 && pthread_join(thread, &orphan) == 0);
    CHECK(aria_py_count_local_leaked() == 0);
    aria_bridge_error_release((AriaBridgeError *)orphan);
    CHECK(aria_py_count_local_leaked() == 1 && dropped == 1);
}

/* A refusal says why, as the plan of a conversion does; another error says nothing of the kind. */
static void plans(void)
{
    AriaPy *bytes = eval("bytearray(8)");
    CHECK(aria_nd_from_py(bytes, "float64", -1, 1, ARIA_ND_NO_COPY) == NULL);
    AriaBridgeError *error = aria_bridge_error_take();
    char *plan = aria_bridge_error_plan(error);
    CHECK(strncmp(plan, "refuse", 6) == 0 && strstr(plan, "uint8") != NULL);
    aria_bridge_text_release(plan);
    aria_bridge_error_release(error);
    aria_py_release(bytes);
    CHECK(aria_py_import("no_such_module", -1) == NULL);
    error = aria_bridge_error_take();
    SAYS(aria_bridge_error_plan(error), "");
    aria_bridge_error_release(error);
    CHECK(aria_bridge_error_plan(NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "an error but found NULL");
}

static void counts(void)
{
    CHECK(aria_py_flush() == 0);
    const int64_t before = aria_py_count_released();
    for (int i = 0; i < 3; i++) aria_py_release(eval("[]"));
    CHECK(aria_py_flush() == 0);
    CHECK(aria_py_count_released() >= before + 3 && aria_py_count_leaked() == 0);
}

int main(void)
{
    aria_py_start_or_exit();
    builtins = aria_py_import_or_exit("builtins", -1);
    frames();
    raised_by_a_callback();
    of_this_library();
    exits_and_payloads();
    payloads_of_a_thread();
    plans();
    counts();

    /* A scope releases what errors hand out too. */
    int64_t scope = aria_bridge_scope_enter();
    CHECK(aria_py_import("no_such_module", -1) == NULL);
    AriaBridgeError *error = aria_bridge_error_take();
    aria_bridge_error_object(error);
    aria_bridge_error_args(error);
    aria_bridge_error_frame_file(error, 0);
    aria_bridge_scope_leave(scope);
    CHECK(aria_bridge_error_pending() == 0);

    /* Frames are read from Python when they are asked for; after its end there are none, and no crash. */
    CHECK(aria_py_import("no_such_module", -1) == NULL);
    error = aria_bridge_error_take();
    AriaPy *late = eval("[]");
    aria_py_release(builtins);
    aria_py_end_or_exit();
    aria_py_release(late);
    CHECK(aria_py_count_leaked() == 1);
    CHECK(aria_bridge_error_frames(error) == 0);
    CHECK(aria_bridge_error_args(error) == NULL);
    CHECK_ERROR(ARIA_ERR_STATE, "ended");
    aria_bridge_error_release(error);
    puts("done");
    return 0;
}
