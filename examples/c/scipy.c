/*
 * The session of examples/sessions/scipy.aria, as a compiler lowers it to C. Each statement stands behind its line.
 */
#include "lower.h"

#define LINE(number) line("scipy.aria", number)

/* One for each `extern Python` line. */
static AriaPy *slot_np, *slot_opt, *slot_integrate, *slot_stats, *slot_linalg, *slot_interpolate, *slot_py;

/* py.format(x, ".6f") */
static const char *shown(double x)
{
    AriaPy *py = aria_py_import_cached_or_exit(&slot_py, "builtins", -1);
    return aria_py_to_str_or_exit(call(py, "format", args("ds", x, ".6f")));
}

static double number(AriaPy *object)
{
    return aria_py_to_float_or_exit(object);
}

/* The argument of a function with `x: Float`. */
static double argument(AriaPyCall *arguments)
{
    return number(aria_py_call_object_or_exit(arguments, 0));
}

/* |x: Float| x * x - 2.0 */
static AriaPy *parabola(void *context, AriaPyCall *arguments)
{
    (void)context;
    const double x = argument(arguments);
    return aria_py_from_float_or_exit(x * x - 2.0);
}

/* |x: Float| x * x + 1.0 */
static AriaPy *positive(void *context, AriaPyCall *arguments)
{
    (void)context;
    const double x = argument(arguments);
    return aria_py_from_float_or_exit(x * x + 1.0);
}

/* |x: Float| x ** 3.0 */
static AriaPy *cube(void *context, AriaPyCall *arguments)
{
    (void)context;
    const double x = argument(arguments);
    return aria_py_from_float_or_exit(x * x * x);
}

static AriaPy *op(int32_t operator_, AriaPy *left, AriaPy *right)
{
    return aria_py_op_or_exit(operator_, left, right);
}

/* left op number, and number op left */
static AriaPy *op_with(int32_t operator_, AriaPy *left, double right)
{
    return op(operator_, left, aria_py_from_float_or_exit(right));
}

static AriaPy *with_op(double left, int32_t operator_, AriaPy *right)
{
    return op(operator_, aria_py_from_float_or_exit(left), right);
}

/* p[1] - p[0] ** 2.0, of which both functions are made. */
static AriaPy *bend(AriaPy *x, AriaPy *y)
{
    return op(ARIA_PY_SUB, y, op_with(ARIA_PY_POW, x, 2.0));
}

/* |p| (1.0 - p[0]) ** 2.0 + 100.0 * (p[1] - p[0] ** 2.0) ** 2.0 */
static AriaPy *rosen(void *context, AriaPyCall *arguments)
{
    (void)context;
    const int64_t scope = aria_bridge_scope_enter();
    AriaPy *p = aria_py_call_object_or_exit(arguments, 0), *x = item(p, args("i", 0)), *y = item(p, args("i", 1));
    AriaPy *first = op_with(ARIA_PY_POW, with_op(1.0, ARIA_PY_SUB, x), 2.0);
    AriaPy *answer = op(ARIA_PY_ADD, first, with_op(100.0, ARIA_PY_MUL, op_with(ARIA_PY_POW, bend(x, y), 2.0)));
    aria_bridge_scope_keep(answer);
    aria_bridge_scope_leave(scope);
    return answer;
}

/* |p| [-2.0 * (1.0 - p[0]) - 400.0 * p[0] * (p[1] - p[0] ** 2.0), 200.0 * (p[1] - p[0] ** 2.0)] */
static AriaPy *slope(void *context, AriaPyCall *arguments)
{
    (void)context;
    const int64_t scope = aria_bridge_scope_enter();
    AriaPy *p = aria_py_call_object_or_exit(arguments, 0), *x = item(p, args("i", 0)), *y = item(p, args("i", 1));
    AriaPy *first = with_op(-2.0, ARIA_PY_MUL, with_op(1.0, ARIA_PY_SUB, x));
    AriaPy *second = op(ARIA_PY_MUL, with_op(400.0, ARIA_PY_MUL, x), bend(x, y));
    AriaPyArgs *parts = args("pp", op(ARIA_PY_SUB, first, second), with_op(200.0, ARIA_PY_MUL, bend(x, y)));
    AriaPy *answer = aria_py_from_list_or_exit(parts);
    aria_bridge_scope_keep(answer);
    aria_bridge_scope_leave(scope);
    return answer;
}

/* |t, y| -y */
static AriaPy *decays(void *context, AriaPyCall *arguments)
{
    (void)context;
    AriaPy *y = aria_py_call_object_or_exit(arguments, 1);
    AriaPy *answer = aria_py_unary(ARIA_PY_NEG, y);
    aria_py_release(y);
    return answer;
}

/* An error of the program, on its way through Python. */
static const char *const no_value[] = {"AriaError", "no value beyond a half"};

static AriaPy *picky(void *context, AriaPyCall *arguments)
{
    const double x = argument(arguments);
    if (x > 0.5) {
        aria_bridge_error_set(no_value[0], -1, no_value[1], -1, context, NULL);
        return NULL;
    }
    return aria_py_from_float_or_exit(x);
}

static void functions(AriaPy *opt, AriaPy *integrate)
{
    LINE(16);
    println("ss", "root", shown(number(call(opt, "brentq", args("pdd", lambda(parabola, "x"), 0.0, 2.0)))));
    LINE(20);
    AriaPy *parts[2];
    aria_py_unpack_or_exit(call(integrate, "quad", args("pdd", lambda(cube, "x"), 0.0, 2.0)), parts, 2);
    println("ss", "integral", shown(number(parts[0])));

    static const double start[] = {-1.2, 1.0};
    LINE(28);
    AriaPy *options = aria_py_from_dict_or_exit(args("=d", "gtol", 1e-10));
    AriaPyArgs *wanted = args("pa =s =p =p", lambda(rosen, "p"), floats(2, start), "method", "BFGS", "jac",
                              lambda(slope, "p"), "options", options);
    AriaPy *best = call(opt, "minimize", wanted), *minimum = aria_py_to_list_or_exit(get(best, "x"));
    for (int64_t i = 0; i < aria_py_len_or_exit(minimum); i++) {
        println("ss", "minimum at", shown(number(aria_py_item_or_exit(minimum, i))));
    }
    LINE(32);
    println("bs", aria_py_truthy_or_exit(get(best, "success")), shown(number(get(best, "fun"))));
}

static void equation(AriaPy *integrate)
{
    static const double start[] = {1.0};
    LINE(35);
    AriaPyDef *definition = aria_py_def_new_or_exit("lambda", -1, decays, NULL, NULL);
    aria_py_def_param(definition, "t", -1);
    aria_py_def_param(definition, "y", -1);
    AriaPy *span = aria_py_from_tuple_or_exit(args("dd", 0.0, 1.0));
    AriaPyArgs *wanted = args("ppa =d =d", aria_py_callable_or_exit(definition), span, floats(1, start), "rtol", 1e-10,
                              "atol", 1e-12);
    AriaPy *decay = call(integrate, "solve_ivp", wanted);
    println("ss", "decay", shown(number(item(get(decay, "y"), args("ii", 0, -1)))));
}

static void matrices(AriaPy *np, AriaPy *linalg)
{
    static const double numbers[] = {4.0, 1.0, 1.0, 3.0}, wanted[] = {1.0, 2.0};
    LINE(39);
    AriaPy *a = call(call(np, "array", args("a", floats(4, numbers))), "reshape", args("ii", 2, 2));
    LINE(40);
    AriaPy *solved = call(linalg, "solve", args("pa", a, floats(2, wanted)));
    AriaNdArray *x = aria_nd_from_py_or_exit(solved, "float64", -1, 1, ARIA_ND_NO_COPY);
    const char *first = shown(aria_nd_get_float_or_exit(x, 0)), *second = shown(aria_nd_get_float_or_exit(x, 1));
    println("sss", "solution", first, second);
    LINE(42);
    AriaPy *product = op(ARIA_PY_MATMUL, a, aria_nd_to_py_or_exit(x));
    println("b", aria_py_truthy_or_exit(call(np, "allclose", args("pa", product, floats(2, wanted)))));
}

static void statistics(AriaPy *stats)
{
    static const double x[] = {1.0, 2.0, 3.0, 4.0}, y[] = {2.0, 4.0, 6.0, 8.5}, z[] = {2.0, 3.0, 4.0, 6.0};
    LINE(45);
    AriaPy *fitted = call(stats, "linregress", args("aa", floats(4, x), floats(4, y)));
    const char *steep = shown(number(get(fitted, "slope"))), *offset = shown(number(get(fitted, "intercept")));
    println("ssss", "slope", steep, "intercept", offset);
    LINE(47);
    AriaPy *test = call(stats, "ttest_ind", args("aa =b", floats(4, x), floats(4, z), "equal_var", 0));
    println("ss", "p", shown(number(get(test, "pvalue"))));
}

static void interpolation(AriaPy *interpolate)
{
    static const double x[] = {0.0, 1.0, 2.0, 3.0}, y[] = {0.0, 1.0, 8.0, 27.0};
    LINE(51);
    AriaPy *curve = call(interpolate, "CubicSpline", args("aa", floats(4, x), floats(4, y)));
    LINE(52);
    const double value = number(aria_py_call_or_exit(curve, args("d", 1.5)));
    const double rate = number(aria_py_call_or_exit(curve, args("d =i", 1.5, "nu", 1)));
    const char *first = shown(value), *second = shown(rate);
    println("sss", "curve", first, second);
}

/* What failed: an error of the program by its own kind, which it bears, or one of Python's. */
static void report(AriaPy *answer)
{
    if (answer != NULL) return;
    AriaBridgeError *error = aria_bridge_error_take();
    const char *const *own = (const char *const *)aria_bridge_error_payload(error);
    const char *kind = own != NULL ? own[0] : aria_bridge_error_kind(error);
    const char *message = own != NULL ? own[1] : aria_bridge_error_message(error);
    printf("%s: %s\n", kind, message);
}

static void failures(AriaPy *opt, AriaPy *integrate)
{
    LINE(56);
    report(aria_py_call_method(opt, "brentq", -1, args("pdd", lambda(positive, "x"), 0.0, 2.0)));
    LINE(67);
    AriaPyDef *definition = aria_py_def_new_or_exit("picky", -1, picky, (void *)no_value, NULL);
    aria_py_def_param(definition, "x", -1);
    AriaPy *refusing = aria_py_callable_or_exit(definition);
    report(aria_py_call_method(integrate, "quad", -1, args("pdd", refusing, 0.0, 1.0)));
}

int main(void)
{
    aria_py_start_or_exit();
    const int64_t scope = aria_bridge_scope_enter();
    LINE(3);
    AriaPy *np = aria_py_import_cached_or_exit(&slot_np, "numpy", -1);
    AriaPy *opt = aria_py_import_cached_or_exit(&slot_opt, "scipy.optimize", -1);
    AriaPy *integrate = aria_py_import_cached_or_exit(&slot_integrate, "scipy.integrate", -1);
    functions(opt, integrate);
    equation(integrate);
    matrices(np, aria_py_import_cached_or_exit(&slot_linalg, "scipy.linalg", -1));
    statistics(aria_py_import_cached_or_exit(&slot_stats, "scipy.stats", -1));
    interpolation(aria_py_import_cached_or_exit(&slot_interpolate, "scipy.interpolate", -1));
    failures(opt, integrate);
    aria_bridge_scope_leave(scope);
    aria_py_end_or_exit();
    return 0;
}
