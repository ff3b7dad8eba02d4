/*
 * The program of examples/frames.aria, as a compiler lowers it to C: a column of a frame held as an array in the column's own
 * memory, and what scikit-learn says of three files as a column of each. Each statement stands behind its line.
 */
#include "lower.h"

#define LINE(number) line("frames.aria", number)

static AriaPy *slot_np, *slot_pd, *slot_files, *slot_linear; /* One for each `extern Python` line. */

static AriaPy *imported(AriaPy **slot, const char *name)
{
    return aria_py_import_cached_or_exit(slot, name, -1);
}

/* pd.read_csv(path, skiprows: 1, header: nil) */
static AriaPy *read_csv(AriaPy *pd, AriaPy *path)
{
    return call(pd, "read_csv", args("p =i =p", path, "skiprows", 1, "header", aria_py_from_none_or_exit()));
}

/* files.__path__[0] + name */
static AriaPy *path_of(const char *name)
{
    AriaPy *folder = item(get(slot_files, "__path__"), args("i", 0));
    return aria_py_op_or_exit(ARIA_PY_ADD, folder, aria_py_from_str_or_exit(name, -1));
}

static AriaPy *with_prediction(const char *name)
{
    LINE(8);
    AriaPy *frame = read_csv(slot_pd, path_of(name));
    LINE(9);
    AriaPy *known = call(frame, "drop", args("=i", "columns", 2));
    LINE(10);
    AriaPy *regression = call(slot_linear, "LinearRegression", NULL);
    AriaPy *model = call(regression, "fit", args("pp", known, item(frame, args("i", 2))));
    LINE(11);
    AriaPy *answer = call(model, "predict", args("p", known));
    AriaNdArray *predicted = aria_nd_from_py_or_exit(answer, "float64", -1, 1, ARIA_ND_NO_COPY);
    LINE(12);
    return call(frame, "assign", args("=p", "predicted", call(slot_np, "asarray", args("a", predicted))));
}

/* Whether two arrays of floats are of the same length and have the same elements. */
static int same(AriaNdArray *a, AriaNdArray *b)
{
    const int64_t len = aria_nd_len_or_exit(a);
    if (len != aria_nd_len_or_exit(b)) return 0;
    for (int64_t i = 0; i < len; i++)
        if (aria_nd_get_float_or_exit(a, i) != aria_nd_get_float_or_exit(b, i)) return 0;
    return 1;
}

static void column(void)
{
    LINE(16);
    AriaPy *wines = read_csv(slot_pd, path_of("/wine_data.csv"));
    LINE(17);
    AriaNdArray *alcohol = aria_nd_from_py_or_exit(item(wines, args("i", 0)), "float64", -1, 1, ARIA_ND_NO_COPY);
    LINE(18);
    AriaPy *shared = call(slot_np, "asarray", args("a", alcohol));
    AriaPy *series = call(slot_pd, "Series", args("p =b", shared, "copy", 0));
    LINE(19);
    AriaNdArray *again = aria_nd_from_py_or_exit(series, "float64", -1, 1, ARIA_ND_NO_COPY);
    LINE(20);
    println("b", same(again, alcohol));
}

int main(void)
{
    static const char *const names[] = {"/wine_data.csv", "/iris.csv", "/breast_cancer.csv"};
    aria_py_start_or_exit();
    const int64_t scope = aria_bridge_scope_enter();
    imported(&slot_np, "numpy");
    imported(&slot_pd, "pandas");
    imported(&slot_files, "sklearn.datasets.data");
    imported(&slot_linear, "sklearn.linear_model");
    column();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const int64_t round = aria_bridge_scope_enter(); /* A loop's handles are released by each of its rounds. */
        LINE(23);
        AriaPy *whole = with_prediction(names[i]);
        LINE(24);
        AriaPy *predicted = item(whole, args("s", "predicted")), *known = item(whole, args("i", 2));
        AriaPy *related = item(call(slot_np, "corrcoef", args("pp", predicted, known)), args("ii", 0, 1));
        AriaPy *well = aria_py_op_or_exit(ARIA_PY_GT, related, aria_py_from_float_or_exit(0.5));
        println("spp", names[i], get(whole, "shape"), well);
        aria_bridge_scope_leave(round);
    }
    aria_bridge_scope_leave(scope);
    aria_py_end_or_exit();
    return 0;
}
