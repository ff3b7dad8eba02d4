/* Python in C: objects, values, arrays, functions of the program, threads, and what goes wrong. What errors, dates and
 * containers are made of is in errors.c and values.c. */
#include "aria_array_bridge.h"
#include "check.h"
#include "python.h"

#include <pthread.h>

static void values(void)
{
    SHOWS(aria_py_from_none(), "None");
    SHOWS(aria_py_from_bool(7), "True");
    SHOWS(aria_py_from_int(INT64_MIN), "-9223372036854775808");
    SHOWS(aria_py_from_float(-0.5), "-0.5");
    SHOWS(aria_py_from_str("a\0b", 3), "'a\\x00b'");
    SHOWS(aria_py_from_bytes("a\0b", 3), "b'a\\x00b'");
    AriaPyArgs *items = aria_py_args_new();
    aria_py_args_int(items, 1);
    aria_py_args_none(items);
    aria_py_args_range(items, 0, 3, 1);
    SHOWS(aria_py_from_list(items), "[1, None, range(0, 3)]");
    items = aria_py_args_new();
    aria_py_args_bool(items, 1);
    SHOWS(aria_py_from_tuple(items), "(True,)");
    items = aria_py_args_new();
    aria_py_args_int(items, 1);
    aria_py_args_str(items, "one", -1);
    aria_py_args_name(items, "two", -1);
    aria_py_args_float(items, 2.0);
    SHOWS(aria_py_from_dict(items), "{1: 'one', 'two': 2.0}");
    items = aria_py_args_new();
    aria_py_args_int(items, 1);
    CHECK(aria_py_from_dict(items) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "in turn");

    AriaPy *text = eval("'a\\0b'");
    char *bytes = aria_py_to_str_or_exit(text);
    CHECK(aria_bridge_text_len(bytes) == 3 && memcmp(bytes, "a\0b", 4) == 0);
    aria_bridge_text_release(bytes);
    int64_t number;
    CHECK(aria_py_to_int(text, &number) == ARIA_ERR_PYTHON);
    CHECK_ERROR(ARIA_ERR_PYTHON, "");
    CHECK(aria_py_kind_or_exit(text) == ARIA_PY_KIND_STR);
    aria_py_release(text);
    AriaPy *large = eval("2 ** 63");
    CHECK(aria_py_to_int(large, &number) == ARIA_ERR_PYTHON);
    AriaBridgeError *error = aria_bridge_error_take();
    CHECK(aria_bridge_error_matches(error, "OverflowError", -1) == 1);
    CHECK(aria_bridge_error_matches(error, "ArithmeticError", -1) == 1);
    CHECK(aria_bridge_error_matches(error, "KeyError", -1) == 0);
    aria_bridge_error_release(error);
    aria_py_release(large);
    AriaPy *negative = eval("-7");
    CHECK(aria_py_to_int_or_exit(negative) == -7 && aria_py_hash_or_exit(negative) == -7);
    CHECK(aria_py_to_float_or_exit(negative) == -7.0 && aria_py_truthy_or_exit(negative) == 1);
    aria_py_release(negative);
    AriaPy *truth = eval("1 == 1"), *raw = eval("b'a\\0b'"), *class_ = eval("bool");
    CHECK(aria_py_to_bool_or_exit(truth) == 1 && aria_py_isinstance_or_exit(truth, class_) == 1);
    CHECK(aria_py_isinstance_or_exit(raw, class_) == 0 && aria_py_to_bool(raw) == ARIA_ERR_PYTHON);
    CHECK_ERROR(ARIA_ERR_PYTHON, "");
    bytes = aria_py_to_bytes_or_exit(raw);
    CHECK(aria_bridge_text_len(bytes) == 3 && memcmp(bytes, "a\0b", 4) == 0);
    aria_bridge_text_release(bytes);
    CHECK(aria_py_to_str(raw) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "");
    aria_py_release(class_);
    aria_py_release(raw);
    aria_py_release(truth);
    AriaPy *lone = eval("'\\ud800'");
    CHECK(aria_py_str(lone) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "surrogates");
    aria_py_release(lone);
}

static void objects(void)
{
    AriaPy *namespace_ = eval("__import__('types').SimpleNamespace(a=1)"), *two = aria_py_from_int_or_exit(2);
    CHECK(aria_py_setattr(namespace_, "b", -1, two) == 0 && aria_py_hasattr_or_exit(namespace_, "b", -1) == 1);
    SHOWS(aria_py_getattr(namespace_, "bcd", 1), "2");
    CHECK(aria_py_delattr(namespace_, "a", -1) == 0 && aria_py_hasattr_or_exit(namespace_, "a", -1) == 0);
    CHECK(aria_py_getattr_opt(namespace_, "a", -1) == NULL && aria_bridge_error_pending() == 0);
    SHOWS(aria_py_getattr_opt(namespace_, "b", -1), "2");
    AriaPy *broken = eval("type('Broken', (), {'a': property(lambda self: 1 // 0)})()");
    CHECK(aria_py_getattr_opt(broken, "a", -1) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "division");
    aria_py_release(broken);
    CHECK(aria_py_getattr(namespace_, "a", -1) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "no attribute 'a'");
    aria_py_release(namespace_);

    AriaPy *list = eval("[10, 20, 30, 40]");
    AriaPyArgs *key = aria_py_args_new();
    aria_py_args_range(key, 1, 3, 1);
    SHOWS(aria_py_getitem(list, key), "[20, 30]");
    key = aria_py_args_new();
    aria_py_args_slice(key, NULL, NULL, two);
    SHOWS(aria_py_getitem(list, key), "[10, 30]");
    key = aria_py_args_new();
    aria_py_args_int(key, 0);
    CHECK(aria_py_setitem(list, key, two) == 0);
    key = aria_py_args_new();
    aria_py_args_int(key, 3);
    CHECK(aria_py_delitem(list, key) == 0 && aria_py_len_or_exit(list) == 3);
    CHECK(aria_py_contains_or_exit(list, two) == 1 && aria_py_is_callable_or_exit(list) == 0);
    CHECK(aria_py_getitem(list, aria_py_args_new()) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "key");
    CHECK(aria_py_getitem(list, NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");

    AriaPyIter *iterator = aria_py_iter_or_exit(list);
    int64_t sum = 0, items = 0;
    for (AriaPy *item; (item = aria_py_next(iterator)) != NULL; items++) {
        sum += aria_py_to_int_or_exit(item);
        aria_py_release(item);
    }
    CHECK(items == 3 && sum == 52 && aria_bridge_error_pending() == 0);
    aria_py_iter_release(iterator);
    AriaPy *failing = eval("(1 // 0 for _ in [1])");
    iterator = aria_py_iter_or_exit(failing);
    CHECK(aria_py_next(iterator) == NULL && aria_bridge_error_pending() == ARIA_ERR_PYTHON);
    CHECK_ERROR(ARIA_ERR_PYTHON, "division");
    aria_py_iter_release(iterator);
    aria_py_release(failing);

    SHOWS(aria_py_op(ARIA_PY_ADD, two, two), "4");
    SHOWS(aria_py_op(ARIA_PY_TRUEDIV, two, two), "1.0");
    SHOWS(aria_py_op(ARIA_PY_LT, two, two), "False");
    SHOWS(aria_py_op_in_place(ARIA_PY_POW, two, two), "4");
    SHOWS(aria_py_unary(ARIA_PY_NEG, two), "-2");
    CHECK(aria_py_op_truthy(ARIA_PY_LE, two, two) == 1 && aria_py_op_truthy_or_exit(ARIA_PY_LT, two, two) == 0);
    AriaPy *several = eval("__import__('numpy').arange(3)");
    CHECK(aria_py_op_truthy(ARIA_PY_EQ, several, two) == ARIA_ERR_PYTHON);
    CHECK_ERROR(ARIA_ERR_PYTHON, "ambiguous");
    aria_py_release(several);
    CHECK(aria_py_op(999, two, two) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "999");
    CHECK(aria_py_op(-1, two, two) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "-1");
    AriaPy *again = aria_py_retain_or_exit(two);
    CHECK(aria_py_is_or_exit(two, again) == 1);
    aria_py_release(again);

    /* What was pushed wrong is told by the call, and what was consumed is gone. */
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_object(args, NULL);
    aria_py_args_str(args, "\xff", 1);
    CHECK(aria_py_call(list, args) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "an object but found NULL");
    args = aria_py_args_new();
    aria_py_args_name(args, "x", -1);
    CHECK(aria_py_call(list, args) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "'x'");
    CHECK(aria_py_call(list, NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "not callable");
    AriaPy *function = eval("lambda *a, **k: (a, k)"), *three = eval("(3,)"), *named = eval("{'z': 4}");
    args = aria_py_args_new();
    aria_py_args_bytes(args, "b", 1);
    aria_py_args_name(args, "y", -1);
    aria_py_args_int(args, 2);
    aria_py_args_star(args, three);
    aria_py_args_star_star(args, named);
    SHOWS(aria_py_call(function, args), "((b'b', 3), {'y': 2, 'z': 4})");
    args = aria_py_args_new();
    aria_py_args_star(args, three);
    aria_py_args_star_star(args, named);
    aria_py_args_int(args, 9);
    aria_py_args_star(args, three);
    aria_py_args_name(args, "y", -1);
    aria_py_args_int(args, 2);
    SHOWS(aria_py_call(function, args), "((3, 9, 3), {'z': 4, 'y': 2})");
    args = aria_py_args_new();
    aria_py_args_star_star(args, named);
    aria_py_args_star_star(args, named);
    CHECK(aria_py_call(function, args) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "multiple values for keyword argument 'z'");
    args = aria_py_args_new();
    aria_py_args_name(args, "x", -1);
    aria_py_args_name(args, "y", -1);
    aria_py_args_int(args, 2);
    CHECK(aria_py_call(function, args) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "a value for the argument 'x' but found the name 'y'");
    args = aria_py_args_new();
    aria_py_args_name(args, "x", -1);
    aria_py_args_star(args, three);
    CHECK(aria_py_call(function, args) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "'x' but found * or **");
    for (int form = 0; form < 3; form++) {
        args = aria_py_args_new();
        aria_py_args_star(args, three);
        aria_py_args_star_star(args, named);
        AriaPy *made = form == 0 ? aria_py_from_list(args) : form == 1 ? aria_py_from_dict(args) : aria_py_getitem(three, args);
        CHECK(made == NULL);
        CHECK_ERROR(ARIA_ERR_ARGUMENT, "* or **");
    }
    aria_py_release(named);
    aria_py_release(three);
    aria_py_release(function);
    aria_py_release(two);
    aria_py_release(list);
}

static void asked(void)
{
    AriaPy *number = aria_py_from_float_or_exit(2.5);
    SAYS(aria_py_format(number, "08.3fxx", 5), "0002.500");
    CHECK(aria_py_format(number, "no such", -1) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "format specifier");
    SHOWS(aria_py_type(number), "<class 'float'>");
    AriaPy *names = aria_py_dir_or_exit(number), *name = aria_py_from_str_or_exit("is_integer", -1);
    CHECK(aria_py_kind_or_exit(names) == ARIA_PY_KIND_LIST && aria_py_contains_or_exit(names, name) == 1);
    AriaPy *documented = eval("type('C', (), {'__doc__': '\\n    Says.\\n      More.\\n    '})");
    AriaPy *bare = eval("lambda: 0");
    SAYS(aria_py_doc(documented), "Says.\n  More.");
    SAYS(aria_py_doc(bare), "");
    SAYS(aria_py_display(number), "2.5");
    AriaPy *mute = eval("type('Mute', (), {'__str__': lambda self: 1 // 0})()");
    char *words = aria_py_display(mute);
    CHECK(strstr(words, "ZeroDivisionError") != NULL && aria_bridge_error_pending() == 0);
    aria_bridge_text_release(words);
    SAYS(aria_py_display(NULL), "<NULL>");
    CHECK(aria_bridge_error_pending() == 0);
    CHECK(aria_py_type(NULL) == NULL && aria_py_dir(NULL) == NULL && aria_py_doc(NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    aria_py_release(mute);
    aria_py_release(bare);
    aria_py_release(documented);
    aria_py_release(name);
    aria_py_release(names);
    aria_py_release(number);
}

static void levels(void)
{
    int64_t outer = aria_py_place_enter_or_exit("outer.aria", "outer", 3);
    int64_t failed = aria_py_place_enter("\xff", "inner", 4);
    CHECK(failed < 0);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "UTF-8");
    aria_py_place_leave(failed); /* What was not entered leaves nothing. */
    CHECK(aria_py_import("no_such_module", -1) == NULL);
    AriaBridgeError *error = aria_bridge_error_take();
    char *text = aria_bridge_error_traceback(error);
    CHECK(strstr(text, "outer.aria") != NULL);
    aria_bridge_text_release(text);
    aria_bridge_error_release(error);
    aria_py_place_leave(outer);
}

static AriaPyIter *walked;

/* Takes another item of the iterator that runs it. */
static AriaPy *takes_another(void *context, AriaPyCall *call)
{
    (void)context;
    AriaPy *item = aria_py_call_object_or_exit(call, 0);
    int64_t number = aria_py_to_int_or_exit(item);
    aria_py_release(item);
    if (number != 1) return aria_py_from_int_or_exit(number);
    item = aria_py_next_or_exit(walked);
    number = 10 * aria_py_to_int_or_exit(item);
    aria_py_release(item);
    return aria_py_from_int_or_exit(number);
}

static void iterators(void)
{
    AriaPyDef *definition = aria_py_def_new_or_exit("takes_another", -1, takes_another, NULL, NULL);
    aria_py_def_param(definition, "item", -1);
    AriaPy *function = aria_py_callable_or_exit(definition);
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_object(args, function);
    aria_py_args_range(args, 0, 4, 1);
    AriaPy *mapped = aria_py_call_method_or_exit(builtins, "map", -1, args);
    walked = aria_py_iter_or_exit(mapped);
    SHOWS(aria_py_next(walked), "0");
    SHOWS(aria_py_next(walked), "20"); /* 1, which takes 2. */
    SHOWS(aria_py_next(walked), "3");
    CHECK(aria_py_next(walked) == NULL && aria_py_next(walked) == NULL && aria_bridge_error_pending() == 0);
    aria_py_iter_release(walked);
    aria_py_release(mapped);
    aria_py_release(function);
}

static AriaPy *slot, *no_slot;

static void *imports(void *unused)
{
    (void)unused;
    int64_t scope = aria_bridge_scope_enter();
    AriaPy *module = aria_py_import_cached_or_exit(&slot, "collections.abc", -1);
    aria_bridge_scope_leave(scope); /* It is the slot's, and in no scope. */
    return module;
}

static void slots(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, imports, NULL) == 0);
    CHECK(imports(NULL) == (void *)slot && slot != NULL);
    for (int i = 0; i < 4; i++) {
        void *same = NULL;
        CHECK(pthread_join(threads[i], &same) == 0 && same == (void *)slot);
    }
    SHOWS(aria_py_getattr(slot, "__name__", -1), "'collections.abc'");
    CHECK(aria_py_import_cached(&no_slot, "no_such_module", -1) == NULL && no_slot == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "no_such_module");
    CHECK(aria_py_import_cached(&no_slot, "math", -1) == no_slot && no_slot != NULL); /* Another time it is there. */
    CHECK(aria_py_import_cached(NULL, "math", -1) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "expected a slot");
}

static void arrays(void)
{
    AriaPy *numpy = aria_py_import_or_exit("numpy", -1);
    AriaNdArray *array = aria_nd_new_or_exit("float64", -1, 8);
    for (int i = 0; i < 4; i++) aria_nd_push_float_or_exit(array, (double)i);
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_array(args, array);
    AriaPy *shared = aria_py_call_method_or_exit(numpy, "asarray", -1, args);
    CHECK(aria_nd_exports_or_exit(array) >= 1);
    ((double *)aria_nd_data_or_exit(array))[0] = 50.0; /* The same memory. */
    SHOWS(aria_py_call_method(shared, "tolist", -1, NULL), "[50.0, 1.0, 2.0, 3.0]");
    void *before = aria_nd_data_or_exit(array);
    for (int i = 0; i < 100000; i++) aria_nd_push_float_or_exit(array, 0.0);
    aria_nd_set_float_or_exit(array, 1, -1.0);
    CHECK(aria_nd_data_or_exit(array) != before); /* Copied: NumPy's view stays as it was. */
    SHOWS(aria_py_call_method(shared, "tolist", -1, NULL), "[50.0, 1.0, 2.0, 3.0]");

    AriaNdArray *back = aria_nd_from_py_or_exit(shared, "float64", -1, 1, ARIA_ND_NO_COPY);
    CHECK(aria_nd_data_or_exit(back) == before && aria_nd_is_copied_or_exit(back) == 0);
    char *plan = aria_nd_plan_or_exit(back);
    CHECK(strstr(plan, "view") != NULL);
    aria_bridge_text_release(plan);
    CHECK(aria_nd_from_py(shared, "float32", -1, 1, ARIA_ND_NO_COPY) == NULL);
    CHECK_ERROR(ARIA_ERR_REFUSED, "float32");
    CHECK(aria_nd_from_py(shared, "float64", -1, 2, 0) == NULL);
    CHECK_ERROR(ARIA_ERR_REFUSED, "");
    CHECK(aria_nd_from_py(shared, "nonsense", -1, -1, 0) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "nonsense");
    CHECK(aria_nd_from_py(shared, NULL, -1, -1, ARIA_ND_NO_COPY | ARIA_ND_ALWAYS_COPY) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "flags");
    AriaNdArray *copy = aria_nd_from_py_or_exit(shared, NULL, -1, -1, ARIA_ND_ALWAYS_COPY);
    CHECK(aria_nd_is_copied_or_exit(copy) == 1);
    aria_nd_release(copy);
    aria_py_release(shared);
    CHECK(aria_nd_get_float_or_exit(back, 0) == 50.0); /* Alive by this handle. */

    /* A view of what NumPy owns: writing spares it. */
    AriaPy *owned = eval("__import__('numpy').arange(4.0)[::-1]");
    AriaNdArray *reversed = aria_nd_from_py_or_exit(owned, NULL, -1, -1, ARIA_ND_NO_COPY);
    CHECK(reversed->length == 4 && reversed->elem_size == -8);
    aria_nd_set_float_or_exit(reversed, 0, 99.0);
    SHOWS(aria_py_call_method(owned, "tolist", -1, NULL), "[3.0, 2.0, 1.0, 0.0]");
    CHECK(aria_nd_get_float_or_exit(reversed, 0) == 99.0 && aria_nd_get_float_or_exit(reversed, 3) == 0.0);
    aria_nd_release(reversed);
    aria_py_release(owned);
    aria_nd_release(back);
    aria_nd_release(array);
    aria_py_release(numpy);
}

static int dropped;

static void drop(void *context)
{
    CHECK(context == &dropped);
    dropped++;
}

/* Which of its ways a function goes is its first argument. It answers the others. */
static AriaPy *various(void *context, AriaPyCall *call)
{
    const int64_t arguments = aria_py_call_len(call);
    CHECK(context == &dropped && (arguments == 3 || arguments == 4));
    CHECK(aria_py_gil_state() == ARIA_PY_ATTACHED); /* In a callback, and by no batch. */
    AriaPy *way = aria_py_call_object_or_exit(call, 0), *answer = NULL;
    int64_t number = aria_py_to_int_or_exit(way);
    aria_py_release(way);
    CHECK(aria_py_call_object(call, 4) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "number 4");
    CHECK(aria_py_call_object(call, -1) == NULL);
    aria_bridge_error_release(aria_bridge_error_take());
    AriaPy *named = aria_py_call_named_or_exit(call, "way", -1);
    CHECK(aria_py_to_int_or_exit(named) == number);
    aria_py_release(named);
    CHECK(aria_py_call_named(call, "nobody", -1) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "'nobody'");
    aria_bridge_scope_enter(); /* Forgotten, both. */
    aria_py_place_enter_or_exit("various.aria", "various", 12);
    switch (number) {
    case 0: {
        AriaPyArgs *items = aria_py_args_new();
        for (int64_t i = 1; i < arguments; i++) {
            aria_py_args_object(items, aria_py_call_object_or_exit(call, i)); /* In the scope. */
        }
        answer = aria_py_from_tuple_or_exit(items);
        break;
    }
    case 1:
        aria_bridge_error_set("ValueError", -1, "a value", -1, NULL, NULL);
        break;
    case 2:
        CHECK(aria_py_import("no_such_module", -1) == NULL); /* Its error goes on. */
        break;
    case 3:
        break;
    default:
        CHECK(aria_py_end() == ARIA_ERR_STATE); /* Not under its own feet. */
        CHECK_ERROR(ARIA_ERR_STATE, "");
        answer = aria_py_from_none_or_exit();
    }
    return answer;
}

static AriaPy *call_various(AriaPy *function, int64_t way)
{
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_int(args, way);
    aria_py_args_name(args, "b", -1);
    aria_py_args_int(args, 5);
    return aria_py_call(function, args);
}

static void functions(void)
{
    AriaPyDef *definition = aria_py_def_new_or_exit("various", -1, various, &dropped, drop);
    AriaPy *seven = aria_py_from_int_or_exit(7);
    aria_py_def_positional(definition, "way", -1);
    aria_py_def_param_or(definition, "a", -1, seven);
    aria_py_def_key(definition, "b", -1, NULL);
    aria_py_def_doc(definition, "Goes various ways.", -1);
    aria_py_def_at(definition, "various.aria", -1, 11);
    AriaPy *function = aria_py_callable_or_exit(definition);
    SHOWS(call_various(function, 0), "(7, 5)");
    AriaPyArgs *by_name = aria_py_args_new();
    aria_py_args_name(by_name, "way", -1);
    aria_py_args_int(by_name, 0);
    aria_py_args_name(by_name, "b", -1);
    aria_py_args_int(by_name, 5);
    CHECK(aria_py_call(function, by_name) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "positional");
    CHECK(call_various(function, 1) == NULL);
    AriaBridgeError *error = aria_bridge_error_take();
    CHECK(aria_bridge_error_matches(error, "ValueError", -1) == 1);
    aria_bridge_error_release(error);
    CHECK(call_various(function, 2) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "no_such_module");
    CHECK(call_various(function, 3) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "without an error");
    SHOWS(call_various(function, 4), "None");
    CHECK(aria_py_call(function, aria_py_args_new()) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "missing");
    CHECK(dropped == 0);
    aria_py_release(function);
    CHECK(aria_py_flush() == 0); /* Somebody attaches: what was released is gone. */
    CHECK(dropped == 1);

    CHECK(aria_py_def_new("f", -1, NULL, &dropped, drop) == NULL && dropped == 2);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "function");
    CHECK(aria_py_def_new(NULL, -1, various, &dropped, drop) == NULL && dropped == 3);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "text");
    aria_py_def_release(aria_py_def_new_or_exit("f", -1, various, &dropped, drop));
    CHECK(dropped == 4);
    definition = aria_py_def_new_or_exit("f", -1, various, &dropped, drop);
    aria_py_def_param(definition, "lambda", -1);
    CHECK(aria_py_callable(definition) == NULL && dropped == 5);
    CHECK_ERROR(ARIA_ERR_PYTHON, "lambda");
    definition = aria_py_def_new_or_exit("f", -1, various, &dropped, drop);
    aria_py_def_param_or(definition, "x", -1, NULL);
    AriaPyModule *module = aria_py_module_new_or_exit("aria_broken", -1);
    aria_py_module_function(module, definition);
    aria_py_module_value(module, "y", -1, seven);
    CHECK(aria_py_module_register(module) == NULL && dropped == 6);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    module = aria_py_module_new_or_exit("json", -1);
    CHECK(aria_py_module_register(module) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "json");
    aria_py_module_release(aria_py_module_new_or_exit("never", -1));
    aria_py_release(seven);
}

static void *elsewhere(void *context)
{
    AriaPy *function = (AriaPy *)context;
    CHECK(aria_bridge_error_pending() == 0); /* The other thread's error waits for it alone. */
    CHECK(call_various(function, 0) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "thread");
    AriaPy *text = aria_py_from_str_or_exit("x", -1);
    CHECK(aria_py_gil_state() == ARIA_PY_DETACHED);
    int64_t batch = aria_py_attach_or_exit(), within = aria_py_attach_or_exit();
    CHECK(aria_py_gil_state() == ARIA_PY_ATTACHED + 2);
    aria_py_attach_leave(within);
    CHECK(aria_py_gil_state() == ARIA_PY_ATTACHED + 1);
    CHECK(aria_py_len_or_exit(text) == 1);
    aria_py_attach_leave(batch);
    aria_py_attach_leave(batch); /* Left already: fine. */
    aria_py_release(text);
    aria_py_release(function);
    return NULL;
}

static void count_up(void *context)
{
    CHECK(aria_py_gil_state() == ARIA_PY_DETACHED);
    ++*(int *)context;
}

static void threads(void)
{
    int before = dropped, ran = 0;
    AriaPyDef *definition = aria_py_def_new_or_exit("local", -1, various, &dropped, drop);
    aria_py_def_param(definition, "way", -1);
    aria_py_def_param(definition, "b", -1);
    aria_py_def_rest(definition, "rest", -1);
    aria_py_def_keywords(definition, "more", -1);
    aria_py_def_local(definition);
    AriaPy *function = aria_py_callable_or_exit(definition);
    SHOWS(call_various(function, 0), "(5, (), {})");
    CHECK(aria_py_import("no_such_module", -1) == NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, elsewhere, function) == 0 && pthread_join(thread, NULL) == 0);
    CHECK_ERROR(ARIA_ERR_PYTHON, "no_such_module");
    CHECK(aria_py_flush() == 0 && aria_py_flush() == 0);
    CHECK(dropped == before + 1); /* Released there, dropped here. */
    int64_t batch = aria_py_attach_or_exit();
    CHECK(aria_py_detach(count_up, &ran) == 0 && ran == 1);
    aria_py_attach_leave(batch);
    CHECK(aria_py_detach(NULL, NULL) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "function");
}

static void places(void)
{
    int64_t place = aria_py_place_enter_or_exit("program.aria", "solve", 42);
    CHECK(aria_py_import("no_such_module", -1) == NULL);
    AriaBridgeError *error = aria_bridge_error_take();
    char *text = aria_bridge_error_traceback(error);
    CHECK(strstr(text, "File \"program.aria\", line 42, in solve") != NULL);
    aria_bridge_text_release(text);
    aria_bridge_error_release(error);
    aria_py_place_leave(place);
    CHECK(aria_py_place_enter(NULL, "solve", 42) == ARIA_ERR_ARGUMENT);
    CHECK(aria_py_place_enter("program.aria", NULL, 42) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    place = aria_py_place_enter_or_exit(NULL, NULL, 0); /* No frame: code that looks at its caller finds none. */
    AriaPy *abs = aria_py_getattr_or_exit(aria_py_import_or_exit("builtins", -1), "abs", -1);
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_int(args, -4);
    SHOWS(aria_py_call_or_exit(abs, args), "4");
    AriaPy *frame = aria_py_getattr_or_exit(aria_py_import_or_exit("sys", -1), "_getframe", -1);
    CHECK(aria_py_call(frame, NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "deep enough");
    aria_py_place_leave(place);
    CHECK(aria_py_call(frame, NULL) != NULL);
}

static void scopes(void)
{
    int64_t scope = aria_bridge_scope_enter();
    AriaPy *list = eval("[1, 2]"), *kept = eval("[3]");
    aria_py_iter_or_exit(list);
    AriaPy *same = aria_py_retain_or_exit(list);
    aria_py_release(same); /* One of two handles with one address. */
    aria_bridge_scope_keep(kept);
    aria_bridge_scope_leave(scope);
    SHOWS(kept, "[3]");
}

int main(void)
{
    CHECK(aria_py_start_with("/nowhere/python", -1, 0) == ARIA_ERR_START); /* Harmless: another attempt may do better. */
    CHECK_ERROR(ARIA_ERR_START, "/nowhere/python");
    CHECK(aria_py_report() == NULL);
    CHECK_ERROR(ARIA_ERR_STATE, "not started");
    CHECK(aria_py_check_signals() == ARIA_ERR_STATE);
    CHECK_ERROR(ARIA_ERR_STATE, "not started");
    CHECK(aria_py_gil_state() == ARIA_PY_NOT_RUNNING);
    CHECK(aria_py_start() == 0 && aria_py_start() == 0 && aria_py_start_with(NULL, -1, 1) == 0);
    CHECK(aria_py_start_with("/nowhere/python", -1, 0) == ARIA_ERR_START); /* Another than the one that runs. */
    CHECK_ERROR(ARIA_ERR_START, "runs there");
    CHECK(aria_py_check_signals() == 0);
    char *report = aria_py_report_or_exit();
    CHECK(strstr(report, "python     3.") == report && strstr(report, "agrees with its standard library") != NULL);
    aria_bridge_text_release(report);
    builtins = aria_py_import_or_exit("builtins", -1);
    values();
    objects();
    asked();
    iterators();
    levels();
    slots();
    arrays();
    functions();
    threads();
    places();
    scopes();
    CHECK(aria_bridge_error_pending() == 0);
    AriaPy *left = eval("[1]");
    CHECK(aria_py_end() == 0 && aria_py_end() == 0);
    CHECK(aria_py_gil_state() == ARIA_PY_NOT_RUNNING);
    CHECK(aria_py_len(left) == ARIA_ERR_STATE);
    CHECK_ERROR(ARIA_ERR_STATE, "ended");
    aria_py_release(left);
    aria_py_release(builtins);
    CHECK(aria_py_start() == ARIA_ERR_START);
    CHECK_ERROR(ARIA_ERR_START, "");
    puts("done");
    return 0;
}
