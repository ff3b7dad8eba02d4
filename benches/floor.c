/* The floor: the least that a C extension can do for each exchange.
 *
 * Every importer checks the element type, the rank, the layout and the device, and makes one Python object that keeps
 * the memory alive and that the collector sees. Every exporter makes one foreign object that keeps ours alive.
 * The values are float64 in one contiguous axis. Nothing is checked beyond that, nothing is counted. */
#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>
#include <stdint.h>

/* DLPack 1.1, from its specification. */
typedef struct { void *data; int32_t device, device_id, ndim; uint8_t code, bits; uint16_t lanes; int64_t *shape, *strides; uint64_t offset; } Tensor;
typedef struct Legacy { Tensor tensor; void *context; void (*deleter)(struct Legacy *); } Legacy;
typedef struct Versioned { uint32_t major, minor; void *context; void (*deleter)(struct Versioned *); uint64_t flags; Tensor tensor; } Versioned;

/* What an importer makes. */
typedef struct { PyObject_HEAD PyObject *object; Py_buffer view; Legacy *legacy; Versioned *versioned; void *data; Py_ssize_t size, stride; } Array;
static PyTypeObject array_type;

static PyObject *dlpack_name, *version_key, *version_value;

static Array *array_new(void *data, Py_ssize_t size) {
    Array *array = PyObject_GC_New(Array, &array_type);
    if (!array) return NULL;
    array->object = NULL; array->view.obj = NULL; array->legacy = NULL; array->versioned = NULL;
    array->data = data; array->size = size; array->stride = 8;
    PyObject_GC_Track(array);
    return array;
}

static int array_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((Array *)self)->object);
    Py_VISIT(((Array *)self)->view.obj);
    return 0;
}

static void array_dealloc(PyObject *self) {
    Array *array = (Array *)self;
    PyObject_GC_UnTrack(self);
    Py_XDECREF(array->object);
    if (array->view.obj) PyBuffer_Release(&array->view);
    if (array->legacy && array->legacy->deleter) array->legacy->deleter(array->legacy);
    if (array->versioned && array->versioned->deleter) array->versioned->deleter(array->versioned);
    PyObject_GC_Del(self);
}

static int array_getbuffer(PyObject *self, Py_buffer *view, int flags) {
    Array *array = (Array *)self;
    *view = (Py_buffer){.buf = array->data, .obj = Py_NewRef(self), .len = array->size * 8, .itemsize = 8, .ndim = 1};
    if (flags & PyBUF_FORMAT) view->format = "d";
    if (flags & PyBUF_ND) view->shape = &array->size;
    if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES) view->strides = &array->stride;
    return 0;
}

static PyBufferProcs array_buffer = {array_getbuffer, NULL};
static PyTypeObject array_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Array", .tp_basicsize = sizeof(Array), .tp_dealloc = array_dealloc,
    .tp_as_buffer = &array_buffer, .tp_traverse = array_traverse, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC};

static PyObject *unfit(void) { PyErr_SetString(PyExc_TypeError, "expected contiguous float64 in one axis"); return NULL; }

static PyObject *from_numpy(PyObject *module, PyObject *object) {
    if (!PyArray_CheckExact(object)) return unfit();
    PyArrayObject *source = (PyArrayObject *)object;
    if (PyArray_TYPE(source) != NPY_DOUBLE || PyArray_NDIM(source) != 1 || !PyArray_ISCARRAY_RO(source)) return unfit();
    Array *array = array_new(PyArray_DATA(source), PyArray_SIZE(source));
    if (array) array->object = Py_NewRef(object);
    return (PyObject *)array;
}

static PyObject *from_buffer(PyObject *module, PyObject *object) {
    Array *array = array_new(NULL, 0);
    if (!array) return NULL;
    if (PyObject_GetBuffer(object, &array->view, PyBUF_RECORDS_RO)) { array->view.obj = NULL; Py_DECREF(array); return NULL; }
    if (array->view.ndim != 1 || array->view.strides[0] != array->view.itemsize) { Py_DECREF(array); return unfit(); }
    array->data = array->view.buf; array->size = array->view.shape[0];
    return (PyObject *)array;
}

static int fits(const Tensor *t) {
    return t->device == 1 && t->ndim == 1 && t->code == 2 && t->bits == 64 && t->lanes == 1 && (!t->strides || t->strides[0] == 1);
}

static PyObject *from_capsule(PyObject *capsule) {
    PyObject *made = NULL;
    if (!capsule) return NULL;
    if (PyCapsule_IsValid(capsule, "dltensor_versioned")) {
        Versioned *v = PyCapsule_GetPointer(capsule, "dltensor_versioned");
        Array *array = v->major == 1 && fits(&v->tensor) ? array_new((char *)v->tensor.data + v->tensor.offset, v->tensor.shape[0]) : (Array *)unfit();
        if (array) { PyCapsule_SetName(capsule, "used_dltensor_versioned"); array->versioned = v; }
        made = (PyObject *)array;
    } else {
        Legacy *m = PyCapsule_GetPointer(capsule, "dltensor");
        Array *array = !m ? NULL : fits(&m->tensor) ? array_new((char *)m->tensor.data + m->tensor.offset, m->tensor.shape[0]) : (Array *)unfit();
        if (array) { PyCapsule_SetName(capsule, "used_dltensor"); array->legacy = m; }
        made = (PyObject *)array;
    }
    Py_DECREF(capsule);
    return made;
}

static PyObject *from_dlpack(PyObject *module, PyObject *object) {
    PyObject *args[2] = {object, version_value};
    return from_capsule(PyObject_VectorcallMethod(dlpack_name, args, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET, version_key));
}

static PyObject *to_numpy(PyObject *module, PyObject *self) {
    Array *array = (Array *)self;
    npy_intp size = array->size;
    PyArray_Descr *descr = PyArray_DescrFromType(NPY_DOUBLE);
    PyObject *made = PyArray_NewFromDescr(&PyArray_Type, descr, 1, &size, NULL, array->data, NPY_ARRAY_CARRAY, NULL);
    if (made && PyArray_SetBaseObject((PyArrayObject *)made, Py_NewRef(self))) Py_CLEAR(made);
    return made;
}

typedef struct { Versioned tensor; int64_t shape, stride; } Lent;

static void lent_delete(Versioned *tensor) { Py_DECREF((PyObject *)tensor->context); PyMem_Free(tensor); }

static void capsule_delete(PyObject *capsule) {
    if (!PyCapsule_IsValid(capsule, "dltensor_versioned")) return;
    Versioned *tensor = PyCapsule_GetPointer(capsule, "dltensor_versioned");
    tensor->deleter(tensor);
}

static PyObject *to_dlpack(PyObject *module, PyObject *self) {
    Array *array = (Array *)self;
    Lent *lent = PyMem_Malloc(sizeof *lent);
    if (!lent) return PyErr_NoMemory();
    lent->shape = array->size; lent->stride = 1;
    lent->tensor = (Versioned){1, 1, Py_NewRef(self), lent_delete, 0, {array->data, 1, 0, 1, 2, 64, 1, &lent->shape, &lent->stride, 0}};
    return PyCapsule_New(lent, "dltensor_versioned", capsule_delete);
}

typedef struct { Legacy tensor; int64_t shape, stride; } LentLegacy;

static void legacy_delete(Legacy *tensor) { Py_DECREF((PyObject *)tensor->context); PyMem_Free(tensor); }

static void legacy_capsule_delete(PyObject *capsule) {
    if (!PyCapsule_IsValid(capsule, "dltensor")) return;
    Legacy *tensor = PyCapsule_GetPointer(capsule, "dltensor");
    tensor->deleter(tensor);
}

static PyObject *to_legacy(PyObject *self) {
    Array *array = (Array *)self;
    LentLegacy *lent = PyMem_Malloc(sizeof *lent);
    if (!lent) return PyErr_NoMemory();
    lent->shape = array->size; lent->stride = 1;
    lent->tensor = (Legacy){{array->data, 1, 0, 1, 2, 64, 1, &lent->shape, &lent->stride, 0}, Py_NewRef(self), legacy_delete};
    return PyCapsule_New(lent, "dltensor", legacy_capsule_delete);
}

/* A producer that speaks DLPack and nothing else; who names no version gets a tensor of the legacy form. */
typedef struct { PyObject_HEAD PyObject *array; } Producer;

static PyObject *producer_dlpack(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names) {
    return names ? to_dlpack(NULL, ((Producer *)self)->array) : to_legacy(((Producer *)self)->array);
}
static PyObject *producer_device(PyObject *self, PyObject *unused) { return Py_BuildValue("(ii)", 1, 0); }
static void producer_dealloc(PyObject *self) { Py_DECREF(((Producer *)self)->array); PyObject_Free(self); }
static PyMethodDef producer_methods[] = {
    {"__dlpack__", (PyCFunction)(void *)producer_dlpack, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"__dlpack_device__", producer_device, METH_NOARGS, NULL},
    {0}};
static PyTypeObject producer_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Producer", .tp_basicsize = sizeof(Producer), .tp_dealloc = producer_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT, .tp_methods = producer_methods};

static PyObject *producer(PyObject *module, PyObject *array) {
    Producer *made = PyObject_New(Producer, &producer_type);
    if (made) made->array = Py_NewRef(array);
    return (PyObject *)made;
}

static PyObject *nothing(PyObject *module, PyObject *object) { Py_RETURN_NONE; }

static PyMethodDef methods[] = {
    {"nothing", nothing, METH_O, NULL}, {"from_numpy", from_numpy, METH_O, NULL}, {"from_buffer", from_buffer, METH_O, NULL},
    {"from_dlpack", from_dlpack, METH_O, NULL}, {"to_numpy", to_numpy, METH_O, NULL}, {"to_dlpack", to_dlpack, METH_O, NULL}, {"producer", producer, METH_O, NULL},
    {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "floor", NULL, -1, methods};

PyMODINIT_FUNC PyInit_floor(void) {
    import_array();
    dlpack_name = PyUnicode_InternFromString("__dlpack__");
    version_key = Py_BuildValue("(N)", PyUnicode_InternFromString("max_version"));
    version_value = Py_BuildValue("(ii)", 1, 1);
    if (PyType_Ready(&array_type) || PyType_Ready(&producer_type)) return NULL;
    return PyModule_Create(&module);
}
