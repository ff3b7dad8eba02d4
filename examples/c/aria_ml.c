/*
 * The exported module of Aria's FFI design, as a compiler lowers it to C: Python code imports `aria_ml` and multiplies two
 * matrices, which are borrowed; the product runs detached, so that Python's threads run meanwhile.
 *
 *   @pymodule(name: "aria_ml")
 *   @pyfunction
 *   fn matmul(a: PyArrayView<Float>, b: PyArrayView<Float>) -> Result<Array<Float>, ShapeError>
 */
#include "aria_array_bridge.h"

#include <stdio.h>

typedef struct Product {
    const double *a, *b;
    double *out;
    int64_t n, k, m;
} Product;

static void multiply(void *context)
{
    const Product *p = (const Product *)context;
    for (int64_t i = 0; i < p->n; i++) {
        for (int64_t j = 0; j < p->m; j++) {
            double sum = 0.0;
            for (int64_t l = 0; l < p->k; l++) sum += p->a[i * p->k + l] * p->b[l * p->m + j];
            p->out[i * p->m + j] = sum;
        }
    }
}

/* The argument as a matrix of float64 in C order: a view where it is one, else a copy. */
static AriaNdArray *matrix(AriaPyCall *call, int64_t index)
{
    AriaPy *object = aria_py_call_object(call, index);
    if (object == NULL) return NULL;
    AriaNdArray *array = aria_nd_from_py(object, "float64", -1, 2, ARIA_ND_C_ORDER);
    aria_py_release(object);
    return array;
}

static AriaPy *matmul(void *context, AriaPyCall *call)
{
    (void)context;
    AriaPy *answer = NULL;
    AriaNdArray *a = matrix(call, 0);
    AriaNdArray *b = a ? matrix(call, 1) : NULL;
    AriaNdArray *out = NULL;
    if (b != NULL) {
        Product p = {NULL, NULL, NULL, aria_nd_shape(a, 0), aria_nd_shape(a, 1), aria_nd_shape(b, 1)};
        int64_t shape[2];
        shape[0] = p.n;
        shape[1] = p.m;
        if (aria_nd_shape(b, 0) != p.k) {
            aria_bridge_error_set("ShapeError", -1, "expected as many rows as columns", -1, NULL, NULL);
        } else if ((out = aria_nd_zeros("float64", -1, 2, shape)) != NULL) {
            p.a = (const double *)aria_nd_data(a);
            p.b = (const double *)aria_nd_data(b);
            p.out = (double *)aria_nd_data(out);
            if (aria_py_detach(multiply, &p) == 0) answer = aria_nd_to_py(out);
        }
    }
    aria_nd_release(out);
    aria_nd_release(b);
    aria_nd_release(a);
    return answer;
}

static const char PROGRAM[] =
    "import aria_ml, numpy, inspect\n"
    "a = numpy.arange(6.0).reshape(2, 3)\n"
    "assert (numpy.asarray(aria_ml.matmul(a, b=a.T)) == a @ a.T).all()\n"
    "print(numpy.asarray(aria_ml.matmul(a, a.T)).tolist(), aria_ml.version, inspect.signature(aria_ml.matmul))\n"
    "try: aria_ml.matmul(a, a)\n"
    "except aria_ml.AriaError as error: print(error.kind, error)\n";

int main(void)
{
    aria_py_start_or_exit();
    AriaPyModule *module = aria_py_module_new_or_exit("aria_ml", -1);
    aria_py_module_doc(module, "Machine learning in Aria.", -1);
    AriaPyDef *definition = aria_py_def_new_or_exit("matmul", -1, matmul, NULL, NULL);
    aria_py_def_param(definition, "a", -1);
    aria_py_def_param(definition, "b", -1);
    aria_py_def_doc(definition, "The product of two matrices.", -1);
    aria_py_def_at(definition, "aria_ml.aria", -1, 4);
    aria_py_module_function(module, definition);
    AriaPy *version = aria_py_from_str_or_exit("1.0", -1);
    aria_py_module_value(module, "version", -1, version);
    aria_py_release(version);
    aria_py_release(aria_py_module_register_or_exit(module));

    AriaPy *builtins = aria_py_import_or_exit("builtins", -1);
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_str(args, PROGRAM, -1);
    AriaPy *names = aria_py_from_dict_or_exit(aria_py_args_new());
    aria_py_args_object(args, names);
    aria_py_release(aria_py_call_method_or_exit(builtins, "exec", -1, args));
    aria_py_release(names);
    aria_py_release(builtins);
    return 0; /* Python is ended by the end of the program. */
}
