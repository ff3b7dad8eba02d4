/*
 * The milestone, as a compiler lowers it to C: a model is fitted to Aria's arrays and its prediction is shared.
 *
 *   extern Python from numpy as np
 *   extern Python from sklearn.linear_model as lm
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

static AriaPy *slot_np, *slot_lm; /* One for each `extern Python` line. */

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

int main(void)
{
    aria_py_start_or_exit();

    AriaNdArray *data = aria_nd_new_or_exit("float64", -1, 4);
    AriaNdArray *targets = aria_nd_new_or_exit("float64", -1, 4);
    for (int64_t i = 1; i <= 4; i++) {
        aria_nd_push_float_or_exit(data, (double)i);
        aria_nd_push_float_or_exit(targets, i == 4 ? 8.5 : 2.0 * (double)i);
    }
    AriaNdArray *predictions = analyze_data(data, targets);
    printf("copied: %d\n", (int)aria_nd_is_copied_or_exit(predictions));
    for (int64_t i = 0; i < aria_nd_len_or_exit(predictions); i++) {
        printf("%.2f\n", aria_nd_get_float_or_exit(predictions, i));
    }

    aria_nd_release(predictions);
    aria_nd_release(targets);
    aria_nd_release(data);
    aria_py_end_or_exit();
    return 0;
}
