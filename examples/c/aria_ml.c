/*
 * The exported module of Aria's FFI design, as a compiler lowers it to C: Python code imports `aria_ml` and multiplies two
 * matrices, which are borrowed; the product runs detached, so that Python's threads run meanwhile.
 *
 *   @pymodule(name: "aria_ml")
 *   module AriaML
 *     @pyfunction
 *     fn fast_matrix_multiply(a: PyArrayView<Float>, b: PyArrayView<Float>) -> PyArray<Float>
 */
#include "aria_array_bridge.h"

#include <stdio.h>

/* A borrowed matrix: rows and columns lie as far apart as its strides say, in bytes. */
typedef struct View {
    const char *first;
    int64_t rows, cols, row, col;
} View;

typedef struct Product {
    View a, b;
    double *out;
} Product;

static double at(const View *view, int64_t i, int64_t j)
{
    return *(const double *)(view->first + i * view->row + j * view->col);
}

static void multiply(void *context)
{
    const Product *p = (const Product *)context;
    for (int64_t i = 0; i < p->a.rows; i++) {
        for (int64_t j = 0; j < p->b.cols; j++) {
            double sum = 0.0;
            for (int64_t k = 0; k < p->a.cols; k++) sum += at(&p->a, i, k) * at(&p->b, k, j);
            p->out[i * p->b.cols + j] = sum;
        }
    }
}

/* The argument as a matrix of float64, whatever its strides: a view, or an error, and never a copy. */
static AriaNdArray *borrowed(AriaPyCall *call, int64_t index, View *view)
{
    AriaPy *object = aria_py_call_object(call, index);
    if (object == NULL) return NULL;
    AriaNdArray *array = aria_nd_from_py(object, "float64", -1, 2, ARIA_ND_NO_COPY);
    aria_py_release(object);
    if (array == NULL) return NULL;
    view->first = (const char *)aria_nd_data(array);
    view->rows = aria_nd_shape(array, 0);
    view->cols = aria_nd_shape(array, 1);
    /* A matrix with one row or column, or none, may have any stride there: nothing is reached by it. */
    aria_nd_stride(array, 0, &view->row);
    aria_nd_stride(array, 1, &view->col);
    return array;
}

static AriaPy *fast_matrix_multiply(void *context, AriaPyCall *call)
{
    (void)context;
    AriaPy *answer = NULL;
    AriaNdArray *out = NULL;
    Product p;
    AriaNdArray *a = borrowed(call, 0, &p.a);
    AriaNdArray *b = a ? borrowed(call, 1, &p.b) : NULL;
    if (b != NULL && p.a.cols != p.b.rows) {
        char text[96];
        snprintf(text, sizeof text, "expected %lld rows but found %lld", (long long)p.a.cols, (long long)p.b.rows);
        aria_bridge_error_set("AriaError", -1, text, -1, NULL, NULL);
    } else if (b != NULL) {
        int64_t shape[2];
        shape[0] = p.a.rows;
        shape[1] = p.b.cols;
        out = aria_nd_zeros("float64", -1, 2, shape);
        if (out != NULL) {
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
    "import aria_ml, inspect\n"
    "import numpy as np\n"
    "assert str(inspect.signature(aria_ml.fast_matrix_multiply)) == '(a, b)' and aria_ml.version == '1.0'\n"
    "a = np.arange(6.0).reshape(2, 3)\n"
    "product = np.asarray(aria_ml.fast_matrix_multiply(a, a.T))\n"
    "print(product)\n"
    "print('as NumPy has it:', 'true' if np.array_equal(product, a @ a.T) else 'false')\n"
    "try: aria_ml.fast_matrix_multiply(a, b=a)\n"
    "except aria_ml.AriaError as error: print(f'{error.kind}:', error)\n"
    "try: aria_ml.fast_matrix_multiply([[1.0]], a)\n"
    "except ValueError: pass\n"
    "else: print('copied')\n";

int main(void)
{
    aria_py_start_or_exit();
    AriaPyModule *module = aria_py_module_new_or_exit("aria_ml", -1);
    aria_py_module_doc(module, "Machine learning in Aria.", -1);
    AriaPyDef *definition = aria_py_def_new_or_exit("fast_matrix_multiply", -1, fast_matrix_multiply, NULL, NULL);
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
