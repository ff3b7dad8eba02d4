/*
 * The session of examples/sessions/pandas.aria, as a compiler lowers it to C. Each statement stands behind its line.
 */
#include "lower.h"

#define LINE(number) line("pandas.aria", number)

static AriaPy *slot_pd, *slot_py; /* One for each `extern Python` line that is used. */

/* |column| column.max() - column.min() */
static AriaPy *spread_of(void *context, AriaPyCall *arguments)
{
    (void)context;
    const int64_t scope = aria_bridge_scope_enter();
    AriaPy *column = aria_py_call_object_or_exit(arguments, 0);
    AriaPy *answer = aria_py_op(ARIA_PY_SUB, call(column, "max", NULL), call(column, "min", NULL));
    aria_bridge_scope_keep(answer);
    aria_bridge_scope_leave(scope);
    return answer; /* NULL hands the error that waits on to Python. */
}

/* |frame| 2.0 * frame.high */
static AriaPy *twice(void *context, AriaPyCall *arguments)
{
    (void)context;
    const int64_t scope = aria_bridge_scope_enter();
    AriaPy *high = get(aria_py_call_object_or_exit(arguments, 0), "high");
    AriaPy *answer = aria_py_op(ARIA_PY_MUL, aria_py_from_float_or_exit(2.0), high);
    aria_bridge_scope_keep(answer);
    aria_bridge_scope_leave(scope);
    return answer;
}

static AriaPy *frame(AriaPy *pd)
{
    static const double high[] = {4.0, 17.5, 6.0, 29.0, 19.5}, low[] = {-2.0, 8.0, -1.0, 18.0, 9.5};
    static const int64_t day[] = {1, 1, 2, 1, 2};
    AriaPy *city = aria_py_from_list_or_exit(args("sssss", "Oslo", "Rome", "Oslo", "Cairo", "Rome"));
    AriaPyArgs *columns =
        args("=p =a =a =a", "city", city, "day", ints(5, day), "high", floats(5, high), "low", floats(5, low));
    return call(pd, "DataFrame", args("p", aria_py_from_dict_or_exit(columns)));
}

static void arithmetic(AriaPy *df, AriaPy *py)
{
    LINE(17);
    AriaPy *span = aria_py_op_or_exit(ARIA_PY_SUB, item(df, args("s", "high")), item(df, args("s", "low")));
    aria_py_setitem_or_exit(df, args("s", "span"), span);
    LINE(18);
    AriaPy *kelvin = aria_py_op_or_exit(ARIA_PY_ADD, aria_py_from_float_or_exit(273.15), get(df, "high"));
    aria_py_setitem_or_exit(df, args("s", "kelvin"), kelvin);
    LINE(19);
    println("p", call(item(df, args("s", "span")), "tolist", NULL));
    LINE(20);
    AriaPy *hottest = call(item(df, args("s", "kelvin")), "max", NULL);
    println("psp", call(get(df, "span"), "mean", NULL), "to", call(py, "round", args("pi", hottest, 2)));
}

static void masks(AriaPy *df)
{
    LINE(23);
    AriaPy *warm = aria_py_op_or_exit(ARIA_PY_GT, item(df, args("s", "high")), aria_py_from_float_or_exit(5.0));
    AriaPy *cold = aria_py_op_or_exit(ARIA_PY_LT, item(df, args("s", "low")), aria_py_from_float_or_exit(10.0));
    AriaPy *mild = aria_py_op_or_exit(ARIA_PY_AND, warm, cold);
    LINE(24);
    AriaPy *cities = call(item(item(df, args("p", mild)), args("s", "city")), "unique", NULL);
    println("psp", call(mild, "sum", NULL), "mild days in", call(cities, "tolist", NULL));
    LINE(25);
    AriaPy *others = item(df, args("p", aria_py_unary_or_exit(ARIA_PY_INVERT, mild)));
    println("p", call(get(others, "city"), "tolist", NULL));
    LINE(26);
    AriaPy *oslo = aria_py_op_or_exit(ARIA_PY_EQ, get(df, "city"), aria_py_from_str_or_exit("Oslo", -1));
    AriaPy *names = aria_py_from_list_or_exit(args("ss", "day", "high"));
    println("p", call(get(item(get(df, "loc"), args("pp", oslo, names)), "values"), "tolist", NULL));
}

static void groups(AriaPy *df)
{
    LINE(29);
    AriaPy *means = call(item(call(df, "groupby", args("s", "city")), args("s", "high")), "mean", NULL);
    LINE(30);
    println("p", call(means, "to_dict", NULL));
    LINE(31);
    AriaPy *highs = item(call(df, "groupby", args("s", "city")), args("s", "high"));
    AriaPy *spread = call(highs, "agg", args("p", lambda(spread_of, "column")));
    LINE(32);
    println("p", call(call(spread, "sort_index", NULL), "to_dict", NULL));
    LINE(33);
    AriaPy *hottest = aria_py_from_tuple_or_exit(args("ss", "high", "max"));
    AriaPy *days = aria_py_from_tuple_or_exit(args("ss", "day", "count"));
    AriaPyArgs *wanted = args("=p =p", "hottest", hottest, "days", days);
    println("p", call(call(call(df, "groupby", args("s", "city")), "agg", wanted), "to_string", NULL));
}

static void keywords(AriaPy *df)
{
    static const double rain[] = {0.0, 1.5, 3.0, 0.0, 0.5};
    LINE(36);
    AriaPyArgs *columns = args("=a =s =p", "rain", floats(5, rain), "unit", "C", "twice", lambda(twice, "frame"));
    AriaPy *more = call(df, "assign", columns);
    LINE(37);
    AriaPy *chosen = item(more, args("p", aria_py_from_list_or_exit(args("sss", "rain", "unit", "twice"))));
    println("p", call(item(get(chosen, "iloc"), args("r", 1, 3)), "to_string", NULL));
}

/* A loop's handles are released by each of its rounds. */
static void rows(AriaPy *df)
{
    LINE(40);
    AriaPy *head = call(df, "head", args("i", 2));
    AriaPyIter *iterator = aria_py_iter_or_exit(call(head, "itertuples", args("=b", "index", 0)));
    for (;;) {
        const int64_t scope = aria_bridge_scope_enter();
        AriaPy *row = aria_py_next_or_exit(iterator);
        if (row != NULL) {
            const double high = aria_py_to_float_or_exit(get(row, "high"));
            println("pdd", get(row, "city"), high, aria_py_to_float_or_exit(get(row, "low")));
        }
        aria_bridge_scope_leave(scope);
        if (row == NULL) break;
    }
    LINE(43);
    iterator = aria_py_iter_or_exit(call(df, "groupby", args("s", "city")));
    for (;;) {
        const int64_t scope = aria_bridge_scope_enter();
        AriaPy *pair = aria_py_next_or_exit(iterator), *names[2];
        if (pair != NULL) {
            aria_py_unpack_or_exit(pair, names, 2);
            println("pl", names[0], aria_py_len_or_exit(names[1]));
        }
        aria_bridge_scope_leave(scope);
        if (pair == NULL) break;
    }
}

static void slices_and_arrays(AriaPy *df)
{
    LINE(48);
    AriaPy *high = item(df, args("s", "high")), *places = get(df, "iloc");
    AriaPy *corner = call(get(item(places, args("rr", 0, 2, 1, 3)), "values"), "tolist", NULL);
    println("ppp", call(item(high, args("r", 1, 4)), "tolist", NULL), item(places, args("ii", -1, 0)), corner);
    LINE(51);
    AriaNdArray *highs = aria_nd_from_py_or_exit(high, "float64", -1, 1, ARIA_ND_NO_COPY);
    double sum = 0.0;
    for (int64_t i = 0; i < aria_nd_len_or_exit(highs); i++) sum += aria_nd_get_float_or_exit(highs, i);
    println("ldd", aria_nd_len_or_exit(highs), aria_nd_get_float_or_exit(highs, 3), sum);
}

/* `try_py`: what fails answers NULL, and its error is taken. */
static void failures(AriaPy *df)
{
    LINE(56);
    AriaPy *missing = aria_py_getitem(df, args("s", "wind"));
    AriaBridgeError *error = aria_bridge_error_take();
    println("bss", missing == NULL, aria_bridge_error_kind(error), aria_bridge_error_message(error));
    LINE(60);
    AriaNdArray *refused = aria_nd_from_py(item(df, args("s", "day")), "float64", -1, 1, ARIA_ND_NO_COPY);
    error = aria_bridge_error_take();
    println("s", refused == NULL ? aria_bridge_error_kind(error) : "shared");
}

int main(void)
{
    aria_py_start_or_exit();
    const int64_t scope = aria_bridge_scope_enter();
    LINE(3);
    AriaPy *pd = aria_py_import_cached_or_exit(&slot_pd, "pandas", -1);
    AriaPy *py = aria_py_import_cached_or_exit(&slot_py, "builtins", -1);
    LINE(8);
    AriaPy *df = frame(pd);
    LINE(14);
    println("pp", get(df, "shape"), call(get(df, "columns"), "tolist", NULL));
    arithmetic(df, py);
    masks(df);
    groups(df);
    keywords(df);
    rows(df);
    slices_and_arrays(df);
    failures(df);
    aria_bridge_scope_leave(scope);
    aria_py_end_or_exit();
    return 0;
}
