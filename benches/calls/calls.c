/* The loops that `benches/calls.py` measures, in bare C: no call here can be had for less. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>
#include <time.h>

static PyObject *keyword_names, *method_name, *attribute_name;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Operations: 0, or -1 with an exception. */

static int finish(PyObject *result)
{
    Py_XDECREF(result);
    return result ? 0 : -1;
}

static int call(PyObject *x)
{
    PyObject *arguments[2] = {NULL, PyFloat_FromDouble(2.0)};
    PyObject *result = PyObject_Vectorcall(x, arguments + 1, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_DECREF(arguments[1]);
    return finish(result);
}

static int keyword(PyObject *x)
{
    PyObject *arguments[2] = {NULL, PyFloat_FromDouble(2.0)};
    PyObject *result = PyObject_Vectorcall(x, arguments + 1, 0 | PY_VECTORCALL_ARGUMENTS_OFFSET, keyword_names);
    Py_DECREF(arguments[1]);
    return finish(result);
}

static int method(PyObject *x)
{
    PyObject *arguments[3] = {NULL, x, PyFloat_FromDouble(2.0)};
    PyObject *result =
        PyObject_VectorcallMethod(method_name, arguments + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_DECREF(arguments[2]);
    return finish(result);
}

static int attribute(PyObject *x)
{
    return finish(PyObject_GetAttr(x, attribute_name));
}

static int to_float(PyObject *x)
{
    double number = PyFloat_AsDouble(x);
    volatile double kept = number; /* so that it is used */
    (void)kept;
    return number == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static int from_float(PyObject *x)
{
    (void)x;
    return finish(PyFloat_FromDouble(2.5));
}

static int share(PyObject *x)
{
    /* Volatile, so that the two are not taken for none. */
    PyObject *volatile copy = Py_NewRef(x);
    Py_DECREF(copy);
    return 0;
}

static int attach(PyObject *x)
{
    (void)x;
    return 0;
}

static int attached(int (*operation)(PyObject *), PyObject *x, long rounds, double *seconds)
{
    double begin = now();
    for (long round = 0; round < rounds; round++)
        if (operation(x))
            return -1;
    *seconds = now() - begin;
    return 0;
}

static int detached(int (*operation)(PyObject *), PyObject *x, long rounds, double *seconds)
{
    int failed = 0;
    PyThreadState *state = PyEval_SaveThread();
    double begin = now();
    for (long round = 0; round < rounds && !failed; round++) {
        PyGILState_STATE ensured = PyGILState_Ensure();
        failed = operation(x);
        PyGILState_Release(ensured);
    }
    *seconds = now() - begin;
    PyEval_RestoreThread(state);
    return failed;
}

static const struct {
    const char *name;
    int (*operation)(PyObject *);
} operations[] = {
    {"call", call},         {"keyword", keyword},       {"method", method}, {"getattr", attribute},
    {"to_float", to_float}, {"from_float", from_float}, {"clone", share},   {"attach", attach},
};

static PyObject *bare(PyObject *module, PyObject *arguments)
{
    const char *name;
    int is_detached;
    PyObject *x;
    long rounds;
    double seconds;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "spOl", &name, &is_detached, &x, &rounds))
        return NULL;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(name, operations[i].name) == 0) {
            int failed = (is_detached ? detached : attached)(operations[i].operation, x, rounds, &seconds);
            return failed ? NULL : PyFloat_FromDouble(seconds);
        }
    return PyErr_Format(PyExc_ValueError, "expected an operation but found %s", name);
}

/* What Python calls with a float, which it returns. */
static PyObject *closure(PyObject *module, PyObject *argument)
{
    double number = PyFloat_AsDouble(argument);
    (void)module;
    return number == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(number);
}

static PyMethodDef functions[] = {
    {"bare", bare, METH_VARARGS, NULL},
    {"closure", closure, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "calls_c", NULL, -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_calls_c(void)
{
    keyword_names = Py_BuildValue("(N)", PyUnicode_InternFromString("v"));
    method_name = PyUnicode_InternFromString("method");
    attribute_name = PyUnicode_InternFromString("attribute");
    if (!keyword_names || !method_name || !attribute_name)
        return NULL;
    return PyModule_Create(&definition);
}
