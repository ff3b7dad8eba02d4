/*
 * The milestone program, examples/analyze_data.aria, as a compiler lowers it to C: a model is fitted to Aria's arrays and
 * its prediction is shared.
 *
 *   fn analyze_data(data: Array<Float>, targets: Array<Float>) -> Array<Float>
 *     arr = np.asarray(data)
 *     model = lm.LinearRegression()
 *     model.fit(arr.reshape(-1, 1), targets)
 *     Array.from(model.predict(arr.reshape(-1, 1)))
 *   end
 *
 * No branch looks for errors: the _or_exit twins end the program with the traceback. No line releases a handle: the scope
 * of a function does, but for its result. A module is imported once, by whoever needs it first, and kept in its slot.
 */
#include "aria_array_bridge.h"

#include <stdio.h>

/* One for each `extern Python` line. */
static AriaPy *slot_np, *slot_pd, *slot_files, *slot_lm, *slot_metrics;

static AriaPy *column(AriaPy *arr)
{
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_int(args, -1);
    aria_py_args_int(args, 1);
    return aria_py_call_method_or_exit(arr, "reshape", -1, args);
}

static AriaNdArray *analyze_data(AriaNdArray *data, AriaNdArray *targets)
{
    int64_t scope = aria_bridge_scope_enter();
    int64_t place = aria_py_place_enter_or_exit("analyze_data.aria", "analyze_data", 7);
    AriaPy *np = aria_py_import_cached_or_exit(&slot_np, "numpy", -1);
    AriaPy *lm = aria_py_import_cached_or_exit(&slot_lm, "sklearn.linear_model", -1);

    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_array(args, data);
    AriaPy *arr = aria_py_call_method_or_exit(np, "asarray", -1, args);

    AriaPy *model = aria_py_call_method_or_exit(lm, "LinearRegression", -1, aria_py_args_new());

    args = aria_py_args_new();
    aria_py_args_object(args, column(arr));
    aria_py_args_array(args, targets);
    aria_py_call_method_or_exit(model, "fit", -1, args);

    args = aria_py_args_new();
    aria_py_args_object(args, column(arr));
    AriaPy *predicted = aria_py_call_method_or_exit(model, "predict", -1, args);

    AriaNdArray *result = aria_nd_from_py_or_exit(predicted, "float64", -1, 1, ARIA_ND_NO_COPY);
    aria_bridge_scope_keep(result);
    aria_py_place_leave(place);
    aria_bridge_scope_leave(scope);
    return result;
}

/* pd.read_csv(folder + name, header: nil), with a separator unless it is NULL. */
static AriaPy *read_csv(AriaPy *folder, const char *name, const char *separator)
{
    AriaPy *pd = aria_py_import_cached_or_exit(&slot_pd, "pandas", -1);
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_object(args, aria_py_op_or_exit(ARIA_PY_ADD, folder, aria_py_from_str_or_exit(name, -1)));
    if (separator != NULL) {
        aria_py_args_name(args, "sep", -1);
        aria_py_args_str(args, separator, -1);
    }
    aria_py_args_name(args, "header", -1);
    aria_py_args_none(args);
    return aria_py_call_method_or_exit(pd, "read_csv", -1, args);
}

/* Array.from(frame[number]) */
static AriaNdArray *numbers(AriaPy *frame, int64_t number)
{
    AriaPyArgs *key = aria_py_args_new();
    aria_py_args_int(key, number);
    return aria_nd_from_py_or_exit(aria_py_getitem_or_exit(frame, key), "float64", -1, 1, ARIA_ND_NO_COPY);
}

int main(void)
{
    aria_py_start_or_exit();
    int64_t scope = aria_bridge_scope_enter();
    int64_t place = aria_py_place_enter_or_exit("analyze_data.aria", "main", 14);
    AriaPy *files = aria_py_import_cached_or_exit(&slot_files, "sklearn.datasets.data", -1);
    AriaPy *metrics = aria_py_import_cached_or_exit(&slot_metrics, "sklearn.metrics", -1);

    AriaPy *folder = aria_py_item_or_exit(aria_py_getattr_or_exit(files, "__path__", -1), 0);
    AriaPy *patients = read_csv(folder, "/diabetes_data_raw.csv.gz", " ");
    AriaPy *progress = read_csv(folder, "/diabetes_target.csv.gz", NULL);
    AriaNdArray *data = numbers(patients, 2), *targets = numbers(progress, 0);
    AriaNdArray *predictions = analyze_data(data, targets);

    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_array(args, targets);
    aria_py_args_array(args, predictions);
    puts(aria_py_str_or_exit(aria_py_call_method_or_exit(metrics, "r2_score", -1, args)));

    aria_py_place_leave(place);
    aria_bridge_scope_leave(scope);
    aria_py_end_or_exit();
    return 0;
}
