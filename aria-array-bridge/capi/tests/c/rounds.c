/* Many rounds of everything that hands objects out: Python has as many blocks of memory afterwards as before. */
#include "aria_array_bridge.h"
#include "check.h"
#include "python.h"

/* raise ValueError, with a payload */
static AriaPy *fail(void *context, AriaPyCall *call)
{
    (void)call;
    aria_bridge_error_set("ValueError", -1, "again", -1, context, NULL);
    return NULL;
}

static void errors(AriaPy *function, AriaPy *chained)
{
    CHECK(aria_py_call(function, NULL) == NULL);
    AriaBridgeError *error = aria_bridge_error_take();
    CHECK(aria_bridge_error_payload(error) != NULL && aria_bridge_error_frames(error) >= 1);
    SHOWS(aria_bridge_error_args(error), "('again',)");
    AriaPy *exception = aria_bridge_error_object(error);
    aria_bridge_error_release(error);
    CHECK(aria_bridge_error_set_object(exception) == ARIA_ERR_PYTHON);
    aria_bridge_error_release(aria_bridge_error_take());
    aria_py_release(exception);

    CHECK(aria_py_call(chained, NULL) == NULL);
    error = aria_bridge_error_take();
    AriaBridgeError *cause = aria_bridge_error_cause(error), *context = aria_bridge_error_context(error);
    CHECK(aria_bridge_error_frames(cause) >= 1);
    aria_bridge_error_release(context);
    aria_bridge_error_release(cause);
    aria_bridge_error_release(error);
    CHECK(aria_py_getattr_opt(builtins, "no_such_name", -1) == NULL);
}

static void values(void)
{
    int64_t numbers[9];
    AriaPyArgs *items = aria_py_args_new();
    aria_py_args_int(items, 1000000);
    aria_py_args_str(items, "x", -1);
    AriaPy *set = aria_py_from_set_or_exit(items);
    AriaPy *list = aria_py_to_list_or_exit(set), *both[2];
    AriaPy *large = aria_py_from_int_text_or_exit("-123456789012345678901", -1);
    aria_py_unpack_or_exit(list, both, 2);
    CHECK(aria_py_unpack(list, both, 1) == ARIA_ERR_PYTHON);
    aria_bridge_error_release(aria_bridge_error_take());
    aria_py_release(both[0]);
    aria_py_release(both[1]);
    SAYS(aria_py_to_int_text(large), "-123456789012345678901");
    aria_bridge_text_release(aria_py_to_int_bytes_or_exit(large));
    AriaPy *moment = aria_py_from_datetime_or_exit(2024, 2, 29, 1, 2, 3, 4, 0, 3600);
    aria_py_to_datetime_or_exit(moment, numbers);
    CHECK(aria_py_from_date(2023, 2, 29) == NULL);
    aria_bridge_error_release(aria_bridge_error_take());
    items = aria_py_args_new();
    aria_py_args_name(items, "key", -1);
    aria_py_args_object(items, moment);
    AriaPy *map = aria_py_from_dict_or_exit(items), *pairs = aria_py_to_pairs_or_exit(map);
    aria_py_release(aria_py_item_or_exit(pairs, 0));
    aria_bridge_text_release(aria_py_format_or_exit(moment, "%Y", -1));
    aria_bridge_text_release(aria_py_doc_or_exit(list));
    aria_py_release(aria_py_dir_or_exit(list));
    aria_py_release(aria_py_type_or_exit(list));
    AriaPy *released[] = {pairs, map, moment, large, list, set};
    for (size_t i = 0; i < sizeof released / sizeof *released; i++) aria_py_release(released[i]);
}

/* What a scope releases counts as well. */
static void scoped(AriaPy *chained)
{
    const int64_t scope = aria_bridge_scope_enter();
    AriaPy *list = eval("[(1, 2), (3, 4)]"), *pair[2];
    aria_py_unpack_or_exit(list, pair, 2);
    aria_py_item_or_exit(pair[1], 0);
    CHECK(aria_py_call(chained, NULL) == NULL);
    AriaBridgeError *error = aria_bridge_error_take();
    aria_bridge_error_cause(error);
    aria_bridge_error_object(error);
    aria_bridge_error_args(error);
    aria_bridge_error_frame_text(error, 0);
    aria_bridge_scope_leave(scope);
}

static int64_t blocks(void)
{
    CHECK(aria_py_flush() == 0); /* What was released is gone. */
    SHOWS(eval("__import__('gc').collect() * 0"), "0");
    AriaPy *number = eval("__import__('sys').getallocatedblocks()");
    int64_t answer = aria_py_to_int_or_exit(number);
    aria_py_release(number);
    return answer;
}

int main(void)
{
    enum { ROUNDS = 200, BATCHES = 12 };
    static int payload;
    aria_py_start_or_exit();
    builtins = aria_py_import_or_exit("builtins", -1);
    AriaPyDef *definition = aria_py_def_new_or_exit("fail", -1, fail, &payload, NULL);
    AriaPy *function = aria_py_callable_or_exit(definition);
    AriaPy *names = aria_py_from_dict_or_exit(aria_py_args_new());
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_str(args, "def chained():\n try: {}[1]\n except KeyError as error: raise OSError(3) from error", -1);
    aria_py_args_object(args, names);
    aria_py_release(aria_py_call_method_or_exit(builtins, "exec", -1, args));
    args = aria_py_args_new();
    aria_py_args_str(args, "chained", -1);
    AriaPy *chained = aria_py_getitem_or_exit(names, args);
    /* Caches of Python's own fill in the first batches, and breathe later; a block that is lost in each fifth round would be
     * more than this in each batch. */
    int64_t grown = ROUNDS;
    for (int batch = 0; batch < BATCHES && grown >= ROUNDS / 8; batch++) {
        const int64_t before = blocks();
        for (int i = 0; i < ROUNDS; i++) {
            errors(function, chained);
            values();
            scoped(chained);
        }
        grown = blocks() - before;
    }
    if (grown >= ROUNDS / 8) {
        fprintf(stderr, "expected no more blocks after %d rounds but found %lld\n", ROUNDS, (long long)grown);
        return 1;
    }
    AriaPy *released[] = {chained, names, function, builtins};
    for (size_t i = 0; i < sizeof released / sizeof *released; i++) aria_py_release(released[i]);
    aria_py_end_or_exit();
    puts("done");
    return 0;
}
