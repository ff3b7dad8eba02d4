/*
 * The optimiser of Aria's FFI design, examples/optimise.aria, as a compiler lowers it to C: SciPy minimises a function of
 * the program, which calls NumPy on an array that is shared. What fails is a Result, not the end of the program.
 *
 *   fn optimise_model(data: Array<Float>, method: String) -> Result<Float, PyError>
 *     np_data = data.to_numpy
 *     objective = |params: PyArray<Float>|
 *       error = np.mean(np.square(params - np_data))
 *       error.to_float
 *     end
 *     initial = np.zeros(data.len)
 *     result = try_py do
 *       opt.minimize(objective, initial, method: method)
 *     end?
 *     Ok(result.fun.to_float)
 *   end
 *
 * Every handle is released where it was used last, on every way: as a compiler does it that follows each value.
 */
#include "aria_array_bridge.h"

#include <stdio.h>

static AriaPy *np, *opt;

/* np.name(argument); the argument is released. */
static AriaPy *of_numpy(const char *name, AriaPy *argument)
{
    if (argument == NULL) return NULL; /* The error that waits goes on. */
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_object(args, argument);
    AriaPy *answer = aria_py_call_method(np, name, -1, args);
    aria_py_release(argument);
    return answer;
}

/* |params| ..., where `np_data` is the array of the program as NumPy shares it. */
static AriaPy *objective(void *context, AriaPyCall *call)
{
    AriaPy *np_data = (AriaPy *)context, *params = aria_py_call_object(call, 0), *answer = NULL;
    if (params == NULL) return NULL;
    AriaPy *error = of_numpy("mean", of_numpy("square", aria_py_op(ARIA_PY_SUB, params, np_data)));
    double number;
    if (error != NULL && aria_py_to_float(error, &number) == 0) answer = aria_py_from_float(number);
    aria_py_release(error);
    aria_py_release(params);
    return answer;
}

static void drop_object(void *context)
{
    aria_py_release((AriaPy *)context);
}

/* data.to_numpy: the same memory, not a copy. */
static AriaPy *to_numpy(AriaNdArray *data)
{
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_array(args, data);
    return aria_py_call_method(np, "asarray", -1, args);
}

/* 0 and the answer, or an error that waits. */
static int32_t optimise_model(AriaNdArray *data, const char *method, double *answer)
{
    AriaPy *np_data = to_numpy(data);
    if (np_data == NULL) return aria_bridge_error_pending();
    /* The function has the array from now on, and drops it. */
    AriaPyDef *definition = aria_py_def_new("objective", -1, objective, np_data, drop_object);
    if (definition == NULL) return aria_bridge_error_pending();
    aria_py_def_param(definition, "params", -1);
    AriaPy *function = aria_py_callable(definition);
    AriaPy *initial = of_numpy("zeros", aria_py_from_int(aria_nd_len(data)));

    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_object(args, function);
    aria_py_args_object(args, initial);
    aria_py_args_name(args, "method", -1);
    aria_py_args_str(args, method, -1);
    AriaPy *result = aria_py_call_method(opt, "minimize", -1, args);
    aria_py_release(initial);
    aria_py_release(function);
    if (result == NULL) return aria_bridge_error_pending();

    AriaPy *fun = aria_py_getattr(result, "fun", -1);
    int32_t code = fun != NULL ? aria_py_to_float(fun, answer) : aria_bridge_error_pending();
    aria_py_release(fun);
    aria_py_release(result);
    return code;
}

static const char *truth(int truth)
{
    return truth ? "true" : "false";
}

int main(void)
{
    aria_py_start_or_exit();
    np = aria_py_import_or_exit("numpy", -1);
    opt = aria_py_import_or_exit("scipy.optimize", -1);
    static const double numbers[] = {3.0, 1.0, 4.0, 1.5};
    AriaNdArray *data = aria_nd_new_or_exit("float64", -1, 4);
    for (int i = 0; i < 4; i++) aria_nd_push_float_or_exit(data, numbers[i]);

    double good = 0.0;
    int32_t code = optimise_model(data, "BFGS", &good);
    if (code < 0) aria_bridge_exit(); /* good.unwrap */
    printf("BFGS: %s %s\n", truth(code == 0), truth(good < 1e-9));

    code = optimise_model(data, "no such method", &good);
    AriaBridgeError *bad = aria_bridge_error_take();
    char *kind = aria_bridge_error_kind(bad), *message = aria_bridge_error_message(bad);
    printf("failed: %s %s %s\n", truth(code < 0), kind, message);
    aria_bridge_text_release(message);
    aria_bridge_text_release(kind);
    aria_bridge_error_release(bad);

    aria_py_release(opt);
    aria_py_release(np);
    aria_py_end_or_exit();
    aria_nd_release(data);
    return 0;
}
