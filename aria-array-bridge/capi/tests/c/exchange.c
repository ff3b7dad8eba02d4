/* DLPack, Arrow, AriaNdArray and text, without Python: each is released once, whatever comes of it. */
#include "aria_array_bridge.h"
#include "check.h"

/* As the standards have them. */
struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
struct Tensor {
    void *data;
    int32_t device_type, device_id, ndim;
    uint8_t code, bits;
    uint16_t lanes;
    int64_t *shape, *strides;
    uint64_t byte_offset;
};
struct DLManagedTensor {
    struct Tensor tensor;
    void *context;
    void (*deleter)(struct DLManagedTensor *);
};
struct DLManagedTensorVersioned {
    uint32_t major, minor;
    void *context;
    void (*deleter)(struct DLManagedTensorVersioned *);
    uint64_t flags;
    struct Tensor tensor;
};

static AriaNdArray *three(void)
{
    AriaNdArray *array = aria_nd_new_or_exit("float64", -1, 3);
    for (int i = 1; i <= 3; i++) aria_nd_push_float_or_exit(array, 1.5 * i);
    return array;
}

static void tensors(void)
{
    AriaNdArray *array = three();
    struct DLManagedTensorVersioned *tensor = aria_nd_to_dlpack_or_exit(array);
    CHECK(tensor->tensor.shape[0] == 3 && tensor->tensor.data == aria_nd_data_or_exit(array));
    CHECK(aria_nd_exports_or_exit(array) == 1);
    aria_nd_push_float_or_exit(array, 9.0); /* Copies: the tensor is not touched. */
    CHECK(tensor->tensor.data != aria_nd_data_or_exit(array));
    AriaNdArray *back = aria_nd_from_dlpack_or_exit(tensor);
    CHECK(aria_nd_len_or_exit(back) == 3 && aria_nd_get_float_or_exit(back, 2) == 4.5);
    CHECK(aria_nd_is_writable_or_exit(back) == 1);
    aria_nd_set_float_or_exit(back, 0, 7.0); /* Foreign memory: a copy. */
    aria_nd_release(back);

    struct DLManagedTensor *legacy = aria_nd_to_dlpack_legacy_or_exit(array);
    AriaNdArray *old = aria_nd_from_dlpack_legacy_or_exit(legacy);
    CHECK(aria_nd_is_writable_or_exit(old) == 0);
    AriaNdArray *readonly = aria_nd_read_only_or_exit(array);
    CHECK(aria_nd_to_dlpack_legacy(readonly) == NULL);
    CHECK_ERROR(ARIA_ERR_REFUSED, "");
    tensor = aria_nd_to_dlpack_or_exit(readonly);
    CHECK(tensor->flags & 1);
    tensor->deleter(tensor);
    aria_nd_release(readonly);
    aria_nd_release(old);

    tensor = aria_nd_to_dlpack_or_exit(array);
    tensor->major = 9; /* Refused, and released. */
    CHECK(aria_nd_from_dlpack(tensor) == NULL);
    CHECK_ERROR(ARIA_ERR_REFUSED, "9");
    CHECK(aria_nd_from_dlpack(NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    CHECK(aria_nd_exports_or_exit(array) == 0);
    aria_nd_release(array);
}

static int array_releases, schema_releases;

static void release_array(struct ArrowArray *array)
{
    array_releases++;
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema)
{
    schema_releases++;
    schema->release = NULL;
}

static void arrows(void)
{
    AriaNdArray *array = three();
    struct ArrowArray out;
    struct ArrowSchema schema;
    CHECK(aria_nd_to_arrow(array, &out, &schema) == 0);
    CHECK(strcmp(schema.format, "g") == 0 && out.length == 3 && out.buffers[1] == aria_nd_data_or_exit(array));
    AriaNdArray *back = aria_nd_from_arrow_or_exit(&out, &schema);
    CHECK(out.release == NULL && schema.release == NULL);
    CHECK(aria_nd_data_or_exit(back) == aria_nd_data_or_exit(array) && aria_nd_is_writable_or_exit(back) == 0);
    CHECK(aria_nd_push_float(back, 1.0) == ARIA_ERR_REFUSED);
    CHECK_ERROR(ARIA_ERR_REFUSED, "read-only");
    aria_nd_release(array);
    CHECK(aria_nd_get_float_or_exit(back, 0) == 1.5);
    aria_nd_release(back);

    /* Nulls: they are told, and four words read nothing. */
    const double values[] = {1.0, 2.0, 3.0};
    const uint8_t valid[] = {0x05};
    const void *buffers[] = {valid, values};
    struct ArrowArray nullable = {3, 1, 0, 2, 0, buffers, NULL, NULL, release_array, NULL};
    struct ArrowSchema field = {"g", "x", NULL, 2, 0, NULL, NULL, release_schema, NULL};
    AriaNdArray *some = aria_nd_from_arrow_or_exit(&nullable, &field);
    CHECK(aria_nd_null_count_or_exit(some) == 1);
    CHECK(aria_nd_is_null_or_exit(some, 1) == 1 && aria_nd_is_null_or_exit(some, 2) == 0);
    CHECK(some->length == 0 && some->capacity == 0);
    CHECK(aria_nd_get_float_or_exit(some, 2) == 3.0);
    double number;
    CHECK(aria_nd_get_float(some, 1, &number) == ARIA_ERR_REFUSED);
    CHECK_ERROR(ARIA_ERR_REFUSED, "null");
    AriaNdHeader words;
    CHECK(aria_nd_copy_to_header(some, &words) == ARIA_ERR_REFUSED);
    CHECK_ERROR(ARIA_ERR_REFUSED, "1 nulls");
    aria_nd_release(some);
    CHECK(array_releases == 1 && schema_releases == 1);

    /* Refused: both are released. */
    struct ArrowArray text = {0, 0, 0, 3, 0, buffers, NULL, NULL, release_array, NULL};
    struct ArrowSchema utf8 = {"u", "x", NULL, 2, 0, NULL, NULL, release_schema, NULL};
    CHECK(aria_nd_from_arrow(&text, &utf8) == NULL);
    CHECK_ERROR(ARIA_ERR_REFUSED, "");
    CHECK(array_releases == 2 && schema_releases == 2);
    struct ArrowSchema gone = {"g", "x", NULL, 2, 0, NULL, NULL, NULL, NULL};
    struct ArrowArray left = {3, 0, 0, 2, 0, buffers, NULL, NULL, release_array, NULL};
    CHECK(aria_nd_from_arrow(&left, &gone) == NULL);
    CHECK_ERROR(ARIA_ERR_REFUSED, "released");
    CHECK(array_releases == 3);
    struct ArrowArray alone = {3, 0, 0, 2, 0, buffers, NULL, NULL, release_array, NULL};
    CHECK(aria_nd_from_arrow(&alone, NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    CHECK(array_releases == 4);
}

static int adopted;

static void release_foreign(AriaNdArray *self)
{
    adopted++;
    self->release = NULL;
}

static void structs(void)
{
    double memory[] = {1.0, 2.0};
    const int64_t shape[] = {2}, strides[] = {8};
    AriaNdArray other;
    memset(&other, 0, sizeof other);
    other.data = memory;
    other.size = sizeof other;
    other.abi_major = ARIA_ND_ABI_MAJOR;
    other.dtype_code = 2;
    other.dtype_bits = 64;
    other.dtype_lanes = 1;
    other.ndim = 1;
    other.shape = shape;
    other.strides = strides;
    other.device_type = 1;
    other.release = release_foreign;
    CHECK(aria_nd_len(&other) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "aria_nd_adopt");
    AriaNdArray *ours = aria_nd_adopt_or_exit(&other);
    CHECK(aria_nd_get_float_or_exit(ours, 1) == 2.0 && adopted == 0);
    aria_nd_push_float_or_exit(ours, 3.0);
    CHECK(adopted == 1 && memory[1] == 2.0);
    aria_nd_release(ours);
    other.release = release_foreign;
    other.abi_major = 7;
    CHECK(aria_nd_adopt(&other) == NULL && adopted == 2);
    CHECK_ERROR(ARIA_ERR_REFUSED, "version");
    aria_nd_release(&other); /* Released: fine. */
    aria_nd_release(NULL);
}

static void shapes(void)
{
    const int64_t two_three[] = {2, 3}, six[] = {6}, seven[] = {7}, negative[] = {-1};
    AriaNdArray *array = aria_nd_zeros_or_exit("int64", -1, 2, two_three);
    CHECK(aria_nd_ndim_or_exit(array) == 2 && aria_nd_shape_or_exit(array, 1) == 3);
    CHECK(aria_nd_stride_or_exit(array, 0) == 24 && aria_nd_itemsize_or_exit(array) == 8);
    CHECK((uintptr_t)aria_nd_data_or_exit(array) % 64 == 0);
    AriaNdArray *turned = aria_nd_transpose_or_exit(array);
    CHECK(aria_nd_shape_or_exit(turned, 0) == 3 && aria_nd_is_contiguous_or_exit(turned) == 0);
    AriaNdArray *flat = aria_nd_reshape_or_exit(array, 1, six);
    AriaNdArray *back = aria_nd_slice_or_exit(flat, 0, 5, 3, -2);
    int64_t stride;
    CHECK(aria_nd_stride(back, 0, &stride) == 0 && stride == -16);
    CHECK(aria_nd_stride(back, 1, &stride) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "axes");
    CHECK(aria_nd_reshape(array, 1, seven) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "");
    CHECK(aria_nd_zeros("int64", -1, 1, negative) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "axis 0");
    CHECK(aria_nd_zeros("int64", -1, 65, six) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "64");
    CHECK(aria_nd_zeros("float65", -1, 1, six) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "float65");
    CHECK(aria_nd_zeros("\xff", 1, 1, six) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "UTF-8");
    CHECK(aria_nd_zeros(NULL, -1, 1, six) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    CHECK(aria_nd_zeros("int64", -5, 1, six) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "-5");
    CHECK(aria_nd_new("float64", -1, INT64_MAX) == NULL);
    aria_bridge_error_release(aria_bridge_error_take());
    CHECK(aria_nd_new("float64", -1, -1) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "-1");
    int64_t number;
    CHECK(aria_nd_get_int(array, 6, &number) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "6");
    CHECK(aria_nd_get_int(array, 0, NULL) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    char *name = aria_nd_dtype_or_exit(array);
    CHECK(strcmp(name, "int64") == 0 && aria_bridge_text_len(name) == 5);
    aria_bridge_text_release(name);
    aria_bridge_text_release(NULL);
    CHECK(aria_bridge_text_len(NULL) == 0);
    aria_nd_release(back);
    aria_nd_release(flat);
    aria_nd_release(turned);
    aria_nd_release(array);
}

static void scopes(void)
{
    int64_t outer = aria_bridge_scope_enter();
    AriaNdArray *kept, *result;
    {
        int64_t inner = aria_bridge_scope_enter();
        aria_nd_dtype_or_exit(three()); /* An array and a text that nobody releases. */
        aria_nd_release(three());       /* One that is released. */
        kept = three();
        aria_bridge_scope_keep(kept); /* Out of this scope. */
        aria_bridge_error_set("E", -1, "e", -1, NULL, NULL);
        aria_bridge_error_take();
        aria_py_args_new();
        aria_bridge_scope_enter(); /* Forgotten: left with the one around it. */
        three();
        aria_bridge_scope_leave(inner);
    }
    CHECK(aria_nd_len_or_exit(kept) == 3);
    result = aria_nd_retain_or_exit(kept);
    CHECK(aria_bridge_scope_keep(result) == result);
    aria_bridge_scope_leave(outer);
    CHECK(aria_nd_exports_or_exit(result) == 0 && aria_nd_len_or_exit(result) == 3);
    aria_nd_release(result);
    aria_bridge_scope_leave(1); /* Nothing is entered: fine. */
    aria_bridge_scope_leave(-5);
    aria_bridge_scope_keep(NULL);
}

static int payloads;

static void drop_payload(void *payload)
{
    CHECK(payload == &payloads);
    payloads++;
}

static void errors(void)
{
    CHECK(aria_bridge_error_take() == NULL && aria_bridge_error_pending() == 0);
    CHECK(aria_bridge_error_set("ShapeError", -1, "two", 3, &payloads, drop_payload) == ARIA_ERR_PYTHON);
    CHECK(aria_bridge_error_pending() == ARIA_ERR_PYTHON);
    AriaBridgeError *error = aria_bridge_error_take();
    char *kind = aria_bridge_error_kind(error), *all = aria_bridge_error_traceback(error);
    CHECK(strcmp(kind, "ShapeError") == 0 && strcmp(all, "ShapeError: two\n") == 0);
    CHECK(aria_bridge_error_matches(error, "ShapeError", -1) == 1);
    CHECK(aria_bridge_error_payload(error) == &payloads && payloads == 0);
    CHECK(aria_bridge_error_restore(error) == ARIA_ERR_PYTHON);
    CHECK(aria_bridge_error_set("Other", -1, "next", -1, NULL, NULL) == ARIA_ERR_PYTHON); /* Replaces it. */
    CHECK(payloads == 1);
    CHECK_ERROR(ARIA_ERR_PYTHON, "next");
    aria_bridge_text_release(kind);
    aria_bridge_text_release(all);
    CHECK(aria_bridge_error_kind(NULL) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    CHECK(aria_bridge_error_set(NULL, -1, "text", -1, &payloads, drop_payload) == ARIA_ERR_ARGUMENT);
    CHECK(payloads == 2);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    aria_bridge_error_release(NULL);

    /* Python does not run: everything says so, and nothing is lost. */
    CHECK(aria_py_import("math", -1) == NULL);
    CHECK_ERROR(ARIA_ERR_STATE, "running Python");
    AriaPyArgs *args = aria_py_args_new();
    AriaNdArray *array = three();
    aria_py_args_array(args, array);
    CHECK(aria_nd_exports_or_exit(array) == 1);
    CHECK(aria_py_call(NULL, args) == NULL); /* Consumed. */
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    CHECK(aria_nd_exports_or_exit(array) == 0);
    CHECK(aria_nd_to_py(array) == NULL);
    CHECK_ERROR(ARIA_ERR_STATE, "running Python");
    aria_nd_release(array);
    CHECK(aria_py_end() == 0 && aria_py_flush() == 0);
    aria_py_release(NULL);
    aria_py_args_release(NULL);
}

int main(void)
{
    CHECK(strchr(aria_bridge_version(), '.') != NULL && aria_bridge_release_unused() >= 0);
    tensors();
    arrows();
    structs();
    shapes();
    scopes();
    errors();
    CHECK(aria_bridge_error_pending() == 0);
    return 0;
}
