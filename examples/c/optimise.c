/*
 * The optimiser of Aria's FFI design, as a compiler lowers it to C: SciPy minimises a function of the program, which calls
 * NumPy on an array that is shared. What fails is a Result, not the end of the program.
 *
 *   extern Python from scipy.optimize as opt
 *   extern Python from numpy as np
 *
 *   fn optimize(objective, start: Array<Float>) -> Result<Array<Float>, PyError>
 *     result = try_py(() => opt.minimize(objective, start, method: "BFGS"))?
 *     Ok(Array.from(result.x))
 *   end
 */
#include "aria_array_bridge.h"

#include <stdio.h>

static AriaPy *np, *opt;

/* x => np.sum((x - centre) ** 2), where `centre` is an array of the program that NumPy shares. */
static AriaPy *distance(void *context, AriaPyCall *call)
{
    AriaNdArray *centre = (AriaNdArray *)context;
    AriaPy *x = NULL, *shared = NULL, *difference = NULL, *squares = NULL, *sum = NULL;
    AriaPyArgs *args;

    if ((x = aria_py_call_object(call, 0)) == NULL) goto done;
    args = aria_py_args_new();
    aria_py_args_array(args, centre);
    if ((shared = aria_py_call_method(np, "asarray", -1, args)) == NULL) goto done;
    if ((difference = aria_py_op(ARIA_PY_SUB, x, shared)) == NULL) goto done;
    if ((squares = aria_py_op(ARIA_PY_MUL, difference, difference)) == NULL) goto done;
    args = aria_py_args_new();
    aria_py_args_object(args, squares);
    sum = aria_py_call_method(np, "sum", -1, args);
done:
    aria_py_release(squares);
    aria_py_release(difference);
    aria_py_release(shared);
    aria_py_release(x);
    return sum;
}

/* x => an error of the program. */
static AriaPy *refuse(void *context, AriaPyCall *call)
{
    (void)call;
    aria_bridge_error_set("DomainError", -1, "expected a start within the domain", -1, context, NULL);
    return NULL;
}

/* The answer, or NULL with an error that waits. */
static AriaNdArray *optimize(AriaPy *objective, AriaNdArray *start)
{
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_object(args, objective);
    aria_py_args_array(args, start);
    aria_py_args_name(args, "method", -1);
    aria_py_args_str(args, "BFGS", -1);
    AriaPy *result = aria_py_call_method(opt, "minimize", -1, args);
    if (result == NULL) return NULL;
    AriaPy *x = aria_py_getattr(result, "x", -1);
    aria_py_release(result);
    if (x == NULL) return NULL;
    AriaNdArray *answer = aria_nd_from_py(x, "float64", -1, 1, 0);
    aria_py_release(x);
    return answer;
}

static AriaPy *callable(const char *name, AriaPyFunction function, void *context)
{
    AriaPyDef *definition = aria_py_def_new_or_exit(name, -1, function, context, NULL);
    aria_py_def_param(definition, "x", -1);
    return aria_py_callable_or_exit(definition);
}

int main(void)
{
    static int domain = 7;
    aria_py_start_or_exit();
    np = aria_py_import_or_exit("numpy", -1);
    opt = aria_py_import_or_exit("scipy.optimize", -1);

    AriaNdArray *centre = aria_nd_new_or_exit("float64", -1, 2);
    aria_nd_push_float_or_exit(centre, 3.0);
    aria_nd_push_float_or_exit(centre, -1.0);
    const int64_t shape[] = {2};
    AriaNdArray *start = aria_nd_zeros_or_exit("float64", -1, 1, shape);

    AriaPy *objective = callable("distance", distance, centre);
    AriaNdArray *answer = optimize(objective, start);
    if (answer == NULL) aria_bridge_exit();
    printf("Ok(%.3f, %.3f)\n", aria_nd_get_float_or_exit(answer, 0), aria_nd_get_float_or_exit(answer, 1));

    AriaPy *refused = callable("refuse", refuse, &domain);
    if (optimize(refused, start) != NULL) return 2;
    AriaBridgeError *error = aria_bridge_error_take();
    char *kind = aria_bridge_error_kind(error), *message = aria_bridge_error_message(error);
    int *payload = (int *)aria_bridge_error_payload(error);
    printf("Err(%s: %s), payload %d, code %d\n", kind, message, payload ? *payload : -1,
           (int)aria_bridge_error_code(error));
    aria_bridge_text_release(kind);
    aria_bridge_text_release(message);
    aria_bridge_error_release(error);

    aria_py_release(refused);
    aria_nd_release(answer);
    aria_py_release(objective);
    aria_py_release(opt);
    aria_py_release(np);
    aria_py_end_or_exit();
    aria_nd_release(start);
    aria_nd_release(centre);
    return 0;
}
