/* What numbers, dates and containers become and come from: integers of any size, sets, datetime, items one by one. */
#include "aria_array_bridge.h"
#include "check.h"
#include "python.h"

static void integers(void)
{
    static const char *const texts[] = {"0", "-1", "127", "-128", "128", "9223372036854775808", "-9223372036854775809",
                                        "123456789012345678901234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        AriaPy *number = aria_py_from_int_text_or_exit(texts[i], -1), *wanted = eval(texts[i]);
        AriaPy *equal = aria_py_op_or_exit(ARIA_PY_EQ, number, wanted);
        CHECK(aria_py_truthy_or_exit(equal) == 1 && aria_py_kind_or_exit(number) == ARIA_PY_KIND_INT);
        SAYS(aria_py_to_int_text(wanted), texts[i]);
        char *bytes = aria_py_to_int_bytes_or_exit(wanted);
        SHOWS(aria_py_from_int_bytes(bytes, aria_bridge_text_len(bytes)), texts[i]);
        aria_bridge_text_release(bytes);
        aria_py_release(equal);
        aria_py_release(wanted);
        aria_py_release(number);
    }
    SHOWS(aria_py_from_int_text("+12x", 3), "12");
    SHOWS(aria_py_from_int_bytes(NULL, 0), "0");
    SHOWS(aria_py_from_int_bytes("\xff", 1), "-1");
    SHOWS(aria_py_from_int_bytes("\xff\0\0", 3), "255");
    CHECK(aria_py_from_int_text("1.5", -1) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "decimal digits");
    CHECK(aria_py_from_int_text(NULL, -1) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    AriaPy *half = eval("0.5");
    CHECK(aria_py_to_int_text(half) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "");
    CHECK(aria_py_to_int_bytes(half) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "");
    aria_py_release(half);
    SHOWS(aria_py_from_complex(1.5, -2.0), "(1.5-2j)");
}

static void sets(void)
{
    AriaPyArgs *items = aria_py_args_new();
    aria_py_args_int(items, 3);
    aria_py_args_float(items, 3.0); /* Equal: one item. */
    SHOWS(aria_py_from_set(items), "{3}");
    SHOWS(aria_py_from_set(aria_py_args_new()), "set()");
    items = aria_py_args_new();
    aria_py_args_str(items, "a", -1);
    SHOWS(aria_py_from_frozenset(items), "frozenset({'a'})");
    AriaPy *list = eval("[]");
    items = aria_py_args_new();
    aria_py_args_object(items, list);
    CHECK(aria_py_from_set(items) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "unhashable");
    items = aria_py_args_new();
    aria_py_args_name(items, "x", -1);
    aria_py_args_int(items, 1);
    CHECK(aria_py_from_frozenset(items) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "items alone");
    CHECK(aria_py_from_set(NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    aria_py_release(list);
}

#define SAME(found, ...)                                                             \
    do {                                                                             \
        const int64_t wanted_[] = {__VA_ARGS__};                                     \
        CHECK(memcmp(found, wanted_, sizeof wanted_) == 0);                          \
    } while (0)

static void times(void)
{
    const int64_t none = ARIA_PY_NO_OFFSET;
    int64_t numbers[9] = {0};
    SHOWS(aria_py_from_date(2024, 2, 29), "datetime.date(2024, 2, 29)");
    SHOWS(aria_py_from_time(23, 59, 58, 999999, 1, none), "datetime.time(23, 59, 58, 999999, fold=1)");
    SHOWS(aria_py_from_timedelta(-1, 86399, -1), "datetime.timedelta(days=-1, seconds=86398, microseconds=999999)");
    AriaPy *moment = aria_py_from_datetime_or_exit(2024, 2, 29, 12, 30, 0, 5, 0, -3600);
    CHECK(aria_py_kind_or_exit(moment) == ARIA_PY_KIND_DATETIME);
    CHECK(aria_py_to_datetime(moment, numbers) == 0);
    SAME(numbers, 2024, 2, 29, 12, 30, 0, 5, 0, -3600);
    CHECK(aria_py_to_date(moment, numbers) < 0); /* Of exactly its type. */
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "expected a date");
    CHECK(aria_py_to_datetime(moment, NULL) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "room for 9 numbers");
    aria_py_release(moment);
    AriaPy *date = eval("__import__('datetime').date(1, 1, 1)"), *time = eval("__import__('datetime').time(1, 2)");
    AriaPy *delta = eval("__import__('datetime').timedelta(microseconds=-1)");
    CHECK(aria_py_to_date(date, numbers) == 0);
    SAME(numbers, 1, 1, 1);
    CHECK(aria_py_to_time(time, numbers) == 0);
    SAME(numbers, 1, 2, 0, 0, 0, none);
    CHECK(aria_py_to_timedelta(delta, numbers) == 0);
    SAME(numbers, -1, 86399, 999999);
    CHECK(aria_py_to_timedelta(NULL, numbers) == ARIA_ERR_ARGUMENT && numbers[0] == -1);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    aria_py_release(delta);
    aria_py_release(time);
    aria_py_release(date);
    /* Python checks what fits; what does not fit is refused, and nothing wraps. */
    CHECK(aria_py_from_date(2023, 2, 29) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "day");
    CHECK(aria_py_from_date(2023, 256 + 2, 1) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "a month but found 258");
    CHECK(aria_py_from_time(-1, 0, 0, 0, 0, none) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "an hour but found -1");
    CHECK(aria_py_from_datetime(2023, 1, 1, 0, 0, 0, 0, 0, 86400) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "");
    CHECK(aria_py_from_timedelta(INT64_MAX, 0, 0) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "days");
}

static void containers(void)
{
    AriaPy *words = eval("(word for word in ('a', 'b', 'c'))"), *list = aria_py_to_list_or_exit(words);
    CHECK(aria_py_len_or_exit(list) == 3 && aria_py_kind_or_exit(list) == ARIA_PY_KIND_LIST);
    SHOWS(aria_py_item(list, 1), "'b'");
    SHOWS(aria_py_item(list, -1), "'c'");
    CHECK(aria_py_item(list, 3) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "index out of range");
    AriaPy *letters[3], *copy = aria_py_to_list_or_exit(list);
    CHECK(aria_py_is_or_exit(copy, list) == 0);
    CHECK(aria_py_unpack(list, letters, 3) == 0);
    SHOWS(letters[2], "'c'");
    aria_py_release(letters[1]);
    aria_py_release(letters[0]);
    letters[0] = NULL;
    CHECK(aria_py_unpack(list, letters, 2) == ARIA_ERR_PYTHON && letters[0] == NULL);
    AriaBridgeError *error = aria_bridge_error_take();
    CHECK(aria_bridge_error_matches(error, "ValueError", -1) == 1);
    SAYS(aria_bridge_error_message(error), "expected 2 items but found more");
    aria_bridge_error_release(error);
    AriaPy *endless = eval("__import__('itertools').count()");
    CHECK(aria_py_unpack(endless, letters, 3) == ARIA_ERR_PYTHON);
    CHECK_ERROR(ARIA_ERR_PYTHON, "found more");
    CHECK(aria_py_unpack(words, letters, 1) == ARIA_ERR_PYTHON); /* Taken apart already. */
    CHECK_ERROR(ARIA_ERR_PYTHON, "expected 1 items but found fewer");
    CHECK(aria_py_unpack(words, NULL, 0) == 0);
    CHECK(aria_py_unpack(list, NULL, 3) == ARIA_ERR_ARGUMENT && aria_py_unpack(list, letters, -1) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "found -1");
    aria_py_release(endless);
    aria_py_release(copy);
    aria_py_release(list);
    aria_py_release(words);

    AriaPy *map = eval("{'one': 1, 'two': 2}"), *pairs = aria_py_to_pairs_or_exit(map), *text = eval("'ab'");
    int64_t sum = 0;
    for (int64_t i = 0; i < aria_py_len_or_exit(pairs); i++) {
        AriaPy *pair = aria_py_item_or_exit(pairs, i), *of[2];
        CHECK(aria_py_unpack_or_exit(pair, of, 2) == 0 && aria_py_kind_or_exit(of[0]) == ARIA_PY_KIND_STR);
        sum += aria_py_to_int_or_exit(of[1]);
        aria_py_release(of[1]);
        aria_py_release(of[0]);
        aria_py_release(pair);
    }
    CHECK(sum == 3);
    CHECK(aria_py_to_pairs(pairs) == NULL);
    CHECK_ERROR(ARIA_ERR_PYTHON, "items");
    CHECK(aria_py_to_list(text) == NULL); /* Not into letters. */
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "Str");
    aria_py_release(text);
    aria_py_release(pairs);
    aria_py_release(map);
}

int main(void)
{
    aria_py_start_or_exit();
    builtins = aria_py_import_or_exit("builtins", -1);
    integers();
    sets();
    times();
    containers();
    CHECK(aria_bridge_error_pending() == 0);
    aria_py_release(builtins);
    aria_py_end_or_exit();
    puts("done");
    return 0;
}
