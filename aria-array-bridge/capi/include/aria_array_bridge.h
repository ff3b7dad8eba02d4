/*
 * aria_array_bridge.h: arrays and Python for compiled programs. C11 and C++17. Needs no other header of this project.
 *
 * Generated from the library's own list by `cargo xtask header`; do not edit.
 *
 * Numbers. An answer is >= 0; below 0 is an error, one of ARIA_ERR_...; a handle is NULL on error. What may be any number
 * is written to `out`. The error waits for its thread: aria_bridge_error_take. Where a function says so, NULL without an
 * error is for what there is not.
 *
 * Text. In: a pointer and a length in bytes, or -1 for NUL-terminated text; UTF-8. Out: NUL-terminated,
 * aria_bridge_text_len says how long, aria_bridge_text_release releases it.
 *
 * Handles. Whoever is given one releases it by its _release, or leaves the scope in which it came: aria_bridge_scope_enter.
 * What a function is given stays the caller's, but for arguments and definitions, which are consumed, also by an error.
 *
 * Twins. A function whose name ends in _or_exit answers directly, and ends the program with the traceback where it fails.
 *
 * Threads. Objects are used and released on any thread; arguments, arrays, errors and iterators by one thread at a time.
 */
#ifndef ARIA_ARRAY_BRIDGE_H
#define ARIA_ARRAY_BRIDGE_H

/*
 * aria_nd_array.h: AriaNdArray, the struct in which an array crosses a boundary between programs.
 *
 * One array: elements of one dtype, in memory of any owner, on any device, with the function that
 * releases it. C11 and C++17. The rules cited as [L1] ... are in spec/bridge.md.
 *
 * Ownership. Whoever holds the struct owns it and calls `release(self)` exactly once, on any
 * thread, at any time, with no interpreter attached. Everything that the struct points to lives
 * until then. The call frees the struct too, so no byte of it may be read afterwards; a maker that
 * keeps the memory of the struct sets `release` to NULL, and such a struct is refused. To move the
 * struct is to hand on its pointer: it is never copied by value.
 *
 * Units. Extents count elements. Strides count BYTES, and may be negative, zero, or no multiple of
 * the element's size [L3]. `data` is the address of element zero, offsets applied [L4]; for an
 * array with negative strides that is not the lowest address.
 *
 * Writing. ARIA_ND_READONLY is about this handle and is never lost [L8]. Without it the holder may
 * write, and others may be writing too, unless ARIA_ND_FROZEN says that nobody does.
 *
 * Words 0 to 3. Programs that know only a header of four words (data, length, capacity, elem_size)
 * may READ an array through them: element i, for 0 <= i < length, lies at data + i * elem_size.
 * They are filled only where this reads right: one axis, int64 or float64 in native byte order, in
 * host memory, without nulls. `elem_size` is then the byte stride, so it may be negative, or zero.
 * ARIA_ND_READONLY gives capacity 0. For any other array length = capacity = 0, and everything is
 * said by the fields behind. The words give no right to realloc or to free `data`: with
 * ARIA_ND_FOREIGN set, memory is not the reader's allocator's. A struct of only four words is not
 * an AriaNdArray; it enters through functions that never read a fifth word.
 *
 * Versions. `size`, `abi_major`, `abi_minor` and `release` keep their places in every major version:
 * a struct of another major is refused, and released, without anything else being read. Minor
 * versions append fields: a field is there if it ends within `size` bytes, which is never less than
 * this version's. Unknown flags are ignored and not forwarded.
 */
#ifndef ARIA_ND_ARRAY_H
#define ARIA_ND_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the struct below. */
#define ARIA_ND_ABI_MAJOR 1
#define ARIA_ND_ABI_MINOR 0

/* This handle must not be used to write; others may still write. */
#define ARIA_ND_READONLY (UINT64_C(1) << 0)
/* The memory was not allocated by Aria: never realloc or free it. */
#define ARIA_ND_FOREIGN (UINT64_C(1) << 1)
/* Nobody writes while a handle lives. */
#define ARIA_ND_FROZEN (UINT64_C(1) << 2)
/* Elements are packed sub-byte values in C order; `strides` is NULL. */
#define ARIA_ND_PACKED (UINT64_C(1) << 3)

/* The most axes that an array has. */
#define ARIA_ND_MAX_NDIM 64

typedef struct AriaNdArray {
    /* Word 0. Address of element zero. NULL only without elements. Where the device makes it an
     * opaque handle, no arithmetic [L7]. */
    void *data;
    /* Word 1. Elements that a reader of the four words may read. */
    int64_t length;
    /* Word 2. Elements that it may write: 0 with ARIA_ND_READONLY. */
    int64_t capacity;
    /* Word 3. Bytes from one element to the next along the first axis. */
    int64_t elem_size;

    /* Size of this struct in bytes, as its maker knows it. */
    uint32_t size;
    /* ARIA_ND_ABI_MAJOR of its maker. */
    uint16_t abi_major;
    /* ARIA_ND_ABI_MINOR of its maker. */
    uint16_t abi_minor;
    /* ARIA_ND_... bits. */
    uint64_t flags;

    /* DLPack's type code, bits of one lane, lanes of one element: spec/dtypes.csv. They say nothing
     * (and are 1, 8, 1) where `logical` is set. */
    uint8_t dtype_code;
    uint8_t dtype_bits;
    uint16_t dtype_lanes;
    /* Number of axes, 0 to ARIA_ND_MAX_NDIM. */
    int32_t ndim;
    /* `ndim` extents in elements, each at least 0. May be NULL when `ndim` is 0. */
    const int64_t *shape;
    /* `ndim` strides in bytes. NULL means compact C order, as it always is when packed; may be NULL
     * when `ndim` is 0. */
    const int64_t *strides;

    /* DLPack's device type and number: 1, 0 is host memory. */
    int32_t device_type;
    int32_t device_id;

    /* NUL-terminated UTF-8 in NumPy's notation ("<M8[ns]", "|S5", a record's description) for an
     * element that DLPack has no type for, or NULL where the DLPack triple says everything. */
    const char *logical;

    /* Arrow's validity bitmap (LSB first, 1 = valid), or NULL when nothing is null [L6]. */
    const uint8_t *validity;
    /* The bit of the bitmap that belongs to element zero. */
    int64_t validity_offset;
    /* Number of nulls, or -1 if not counted. */
    int64_t null_count;

    /* Exports of this owner that are alive: an atomic counter, to be read with acquire order,
     * shared by all handles of the owner; or NULL where nobody counts. Read only. */
    const int64_t *exports;
    /* For `release` alone. */
    void *owner;
    /* Releases the struct and what it owns. NULL in a struct that has been released. */
    void (*release)(struct AriaNdArray *self);
} AriaNdArray;

#ifdef __cplusplus
} /* extern "C" */
#define ARIA_ND_ASSERT(condition) static_assert(condition, "AriaNdArray: " #condition)
#else
#define ARIA_ND_ASSERT(condition) _Static_assert(condition, "AriaNdArray: " #condition)
#endif

/* The layout on machines with pointers of eight bytes. */
#if UINTPTR_MAX == UINT64_MAX
ARIA_ND_ASSERT(offsetof(AriaNdArray, data) == 0);
ARIA_ND_ASSERT(offsetof(AriaNdArray, length) == 8);
ARIA_ND_ASSERT(offsetof(AriaNdArray, capacity) == 16);
ARIA_ND_ASSERT(offsetof(AriaNdArray, elem_size) == 24);
ARIA_ND_ASSERT(offsetof(AriaNdArray, size) == 32);
ARIA_ND_ASSERT(offsetof(AriaNdArray, abi_major) == 36);
ARIA_ND_ASSERT(offsetof(AriaNdArray, abi_minor) == 38);
ARIA_ND_ASSERT(offsetof(AriaNdArray, flags) == 40);
ARIA_ND_ASSERT(offsetof(AriaNdArray, dtype_code) == 48);
ARIA_ND_ASSERT(offsetof(AriaNdArray, dtype_bits) == 49);
ARIA_ND_ASSERT(offsetof(AriaNdArray, dtype_lanes) == 50);
ARIA_ND_ASSERT(offsetof(AriaNdArray, ndim) == 52);
ARIA_ND_ASSERT(offsetof(AriaNdArray, shape) == 56);
ARIA_ND_ASSERT(offsetof(AriaNdArray, strides) == 64);
ARIA_ND_ASSERT(offsetof(AriaNdArray, device_type) == 72);
ARIA_ND_ASSERT(offsetof(AriaNdArray, device_id) == 76);
ARIA_ND_ASSERT(offsetof(AriaNdArray, logical) == 80);
ARIA_ND_ASSERT(offsetof(AriaNdArray, validity) == 88);
ARIA_ND_ASSERT(offsetof(AriaNdArray, validity_offset) == 96);
ARIA_ND_ASSERT(offsetof(AriaNdArray, null_count) == 104);
ARIA_ND_ASSERT(offsetof(AriaNdArray, exports) == 112);
ARIA_ND_ASSERT(offsetof(AriaNdArray, owner) == 120);
ARIA_ND_ASSERT(offsetof(AriaNdArray, release) == 128);
ARIA_ND_ASSERT(sizeof(AriaNdArray) == 136);
#endif

#undef ARIA_ND_ASSERT

#endif /* ARIA_ND_ARRAY_H */

#ifdef __cplusplus
extern "C" {
#endif

/* A Python object. */
typedef struct AriaPy AriaPy;
/* Arguments of a call, items of a container, or a key. */
typedef struct AriaPyArgs AriaPyArgs;
/* An iterator. */
typedef struct AriaPyIter AriaPyIter;
/* One call of a function of the program; it lives until the function returns. */
typedef struct AriaPyCall AriaPyCall;
/* A function on its way to Python. */
typedef struct AriaPyDef AriaPyDef;
/* A module on its way to Python. */
typedef struct AriaPyModule AriaPyModule;
/* Which Python is wanted, and how it starts. */
typedef struct AriaPyConfig AriaPyConfig;
/* An error that was taken. */
typedef struct AriaBridgeError AriaBridgeError;

/* Ends a context of the program, or works on it. It does not unwind. */
typedef void (*AriaBridgeDrop)(void *context);
/* A function of the program. It does not unwind. */
typedef AriaPy *(*AriaPyFunction)(void *context, AriaPyCall *call);

/* A function of this library, for a compiler that declares it. */
typedef struct AriaBridgeSymbol {
    const char *name;
    /* One letter for each parameter: l int64_t, i int32_t, d double, p pointer. */
    const char *parameters;
    /* The letter of the result; v for none. */
    int32_t result;
} AriaBridgeSymbol;

/* The four words that Aria programs know of an array: element i lies at data + i * elem_size. */
typedef struct AriaNdHeader {
    void *data;
    int64_t length;
    int64_t capacity;
    int64_t elem_size;
} AriaNdHeader;

struct ArrowArray;
struct ArrowSchema;
struct DLManagedTensor;
struct DLManagedTensorVersioned;
/* An argument that makes no sense: NULL, text that is no UTF-8, an index beyond the end. */
#define ARIA_ERR_ARGUMENT (-1)
/* A conversion that cannot be done, or not as it was asked for. */
#define ARIA_ERR_REFUSED (-2)
/* Python raised an exception. */
#define ARIA_ERR_PYTHON (-3)
/* No memory. */
#define ARIA_ERR_MEMORY (-4)
/* Python does not run, has ended, or cannot end now. */
#define ARIA_ERR_STATE (-5)
/* A mistake of this library, which was contained. */
#define ARIA_ERR_PANIC (-6)
/* Python does not start; the message says what to do. */
#define ARIA_ERR_START (-7)
/* Flag of aria_nd_wrap: the memory is read-only. */
#define ARIA_ND_WRAP_READONLY (1)
/* Flag of aria_nd_from_py. Elements follow each other row by row. */
#define ARIA_ND_C_ORDER (1)
/* Flag of aria_nd_from_py. Elements follow each other column by column. */
#define ARIA_ND_F_ORDER (2)
/* Flag of aria_nd_from_py. The array may be written. */
#define ARIA_ND_WRITABLE (4)
/* Flag of aria_nd_from_py. Refuse what would have to be copied. */
#define ARIA_ND_NO_COPY (8)
/* Flag of aria_nd_from_py. Copy in any case. */
#define ARIA_ND_ALWAYS_COPY (16)
/* Operators of aria_py_op. */
#define ARIA_PY_ADD (0)
#define ARIA_PY_SUB (1)
#define ARIA_PY_MUL (2)
#define ARIA_PY_TRUEDIV (3)
#define ARIA_PY_FLOORDIV (4)
#define ARIA_PY_MOD (5)
#define ARIA_PY_POW (6)
#define ARIA_PY_MATMUL (7)
#define ARIA_PY_AND (8)
#define ARIA_PY_OR (9)
#define ARIA_PY_XOR (10)
#define ARIA_PY_LSHIFT (11)
#define ARIA_PY_RSHIFT (12)
#define ARIA_PY_EQ (13)
#define ARIA_PY_NE (14)
#define ARIA_PY_LT (15)
#define ARIA_PY_LE (16)
#define ARIA_PY_GT (17)
#define ARIA_PY_GE (18)
#define ARIA_PY_CONTAINS (19)
#define ARIA_PY_DELITEM (20)
/* Operators of aria_py_unary. */
#define ARIA_PY_NEG (0)
#define ARIA_PY_POS (1)
#define ARIA_PY_INVERT (2)
#define ARIA_PY_ABS (3)
/* Answers of aria_py_kind. */
#define ARIA_PY_KIND_NONE (0)
#define ARIA_PY_KIND_BOOL (1)
#define ARIA_PY_KIND_INT (2)
#define ARIA_PY_KIND_FLOAT (3)
#define ARIA_PY_KIND_COMPLEX (4)
#define ARIA_PY_KIND_STR (5)
#define ARIA_PY_KIND_BYTES (6)
#define ARIA_PY_KIND_LIST (7)
#define ARIA_PY_KIND_TUPLE (8)
#define ARIA_PY_KIND_DICT (9)
#define ARIA_PY_KIND_SET (10)
#define ARIA_PY_KIND_FROZENSET (11)
#define ARIA_PY_KIND_SLICE (12)
#define ARIA_PY_KIND_RANGE (13)
#define ARIA_PY_KIND_DATE (14)
#define ARIA_PY_KIND_TIME (15)
#define ARIA_PY_KIND_DATETIME (16)
#define ARIA_PY_KIND_TIMEDELTA (17)
#define ARIA_PY_KIND_ARRAY (18)
#define ARIA_PY_KIND_MODULE (19)
#define ARIA_PY_KIND_EXCEPTION (20)
#define ARIA_PY_KIND_CALLABLE (21)
#define ARIA_PY_KIND_OTHER (22)
/* Answer of aria_py_gil_state: Python was not started, or it has ended. */
#define ARIA_PY_NOT_RUNNING (0)
/* Answer of aria_py_gil_state: Python's threads run while this one works. */
#define ARIA_PY_DETACHED (1)
/* Answer of aria_py_gil_state, and those above it: this thread holds Python's lock. */
#define ARIA_PY_ATTACHED (2)
/* The offset of a time of no known zone, in aria_py_from_time and aria_py_from_datetime and out of the others. */
#define ARIA_PY_NO_OFFSET (-2147483648)

/* The library. */

/* The version of AriaNdArray that this library speaks: major in the upper, minor in the lower 16 bits. */
int32_t aria_bridge_abi(void);
/* The version of the library, NUL-terminated. It lives as long as the program. */
const char *aria_bridge_version(void);
/* All functions of this library, this one too, for a compiler that declares them. They live as long as the program. */
const AriaBridgeSymbol *aria_bridge_symbols(void);
/* How many aria_bridge_symbols has. */
int64_t aria_bridge_symbols_len(void);
/* Enters a scope: handles, arrays and texts that this thread is given from now on are released when it is left, but
 * for those that were released, consumed or kept before. Returns its number. Handles that go to other threads are
 * kept. */
int64_t aria_bridge_scope_enter(void);
/* Leaves the scope of this number, and those within it. A number below 1, and that of a scope that was entered
 * before the callback that runs, leaves none. */
void aria_bridge_scope_leave(int64_t number);
/* Moves a handle, an array or a text to the scope around its own, or out of all: for a function's result. Returns
 * it. */
void *aria_bridge_scope_keep(void *handle);
/* The bytes of a text that this library handed out, without the NUL behind it. 0 for NULL. */
int64_t aria_bridge_text_len(const char *text);
/* Releases a text that this library handed out. NULL is fine. */
void aria_bridge_text_release(char *text);
/* Gives the memory back that was kept for the next array. Returns its bytes. */
int64_t aria_bridge_release_unused(void);

/* Errors. */

/* Says whether an error waits for this thread: its code, or 0. */
int32_t aria_bridge_error_pending(void);
/* Takes the error that waits for this thread; NULL if none does. Release it with aria_bridge_error_release. */
AriaBridgeError *aria_bridge_error_take(void);
/* Lets an error wait for this thread: what a callback does before it returns NULL. A kind that names a built-in
 * exception (`ValueError`) becomes that one in Python, any other an AriaError. The payload, which may be NULL, is
 * there again when the exception comes back; `drop` is called with it once, on any thread. Returns the code. */
int32_t aria_bridge_error_set(const char *kind, int64_t kind_len, const char *message, int64_t message_len, void *payload, AriaBridgeDrop drop);
/* As aria_bridge_error_set, of a payload that belongs to this thread: others do not see it. `drop` is called here:
 * where another thread released the last error that has it, at this thread's next operation or at its end. */
int32_t aria_bridge_error_set_local(const char *kind, int64_t kind_len, const char *message, int64_t message_len, void *payload, AriaBridgeDrop drop);
/* Lets an error wait again, as it was: raised once more. Consumes it. Returns its code. */
int32_t aria_bridge_error_restore(AriaBridgeError *error);
/* The error's code. */
int32_t aria_bridge_error_code(AriaBridgeError *error);
/* The error's kind: the qualified name of the exception's type, or StateError, ArgumentError, ... */
char *aria_bridge_error_kind(AriaBridgeError *error);
/* The error's message, `str(exception)`, in which U+FFFD stands for what UTF-8 cannot say. */
char *aria_bridge_error_message(AriaBridgeError *error);
/* The whole traceback as Python prints it, ending in a line break. */
char *aria_bridge_error_traceback(AriaBridgeError *error);
/* Says whether the error is of this kind or one derived from it, as `except` does: 1 or 0. "KeyError" and
 * "builtins.KeyError" are the built-in one; any other kind is named in full or by the last part of its qualified
 * name. */
int32_t aria_bridge_error_matches(AriaBridgeError *error, const char *kind, int64_t kind_len);
/* The payload that aria_bridge_error_set gave it, or NULL: also on another thread than the one of a local payload.
 * It lives as long as the error. */
void *aria_bridge_error_payload(AriaBridgeError *error);
/* Releases an error. NULL is fine. */
void aria_bridge_error_release(AriaBridgeError *error);
/* Prints the error that waits for this thread with its traceback, ends Python, and ends the program with 1, or as
 * SystemExit says: for code without error branches. Does not return. */
void aria_bridge_exit(void);

/* Errors: exceptions. */

/* The exception itself, which is the same object whenever it is raised; NULL if there is none: the error never was
 * in Python. */
AriaPy *aria_bridge_error_object(AriaBridgeError *error);
/* `exception.args`, a tuple; an empty one if there is no exception. */
AriaPy *aria_bridge_error_args(AriaBridgeError *error);
/* What the exception was raised from (`raise ... from`), an error of its own; NULL if there is none. Release it with
 * aria_bridge_error_release. */
AriaBridgeError *aria_bridge_error_cause(AriaBridgeError *error);
/* What was being handled when the exception was raised, an error of its own; NULL if there is none. Release it with
 * aria_bridge_error_release. */
AriaBridgeError *aria_bridge_error_context(AriaBridgeError *error);
/* Why a conversion was refused, as aria_nd_plan says how one was done; empty for another error. */
char *aria_bridge_error_plan(AriaBridgeError *error);
/* How many frames the traceback has. The outermost call is number 0, and the line that raised is the last. */
int64_t aria_bridge_error_frames(AriaBridgeError *error);
/* The file of a frame, as its code says it. */
char *aria_bridge_error_frame_file(AriaBridgeError *error, int64_t index);
/* The line of a frame, from 1; 0 if it is not known. */
int64_t aria_bridge_error_frame_line(AriaBridgeError *error, int64_t index);
/* The function of a frame; `<module>` outside of all. */
char *aria_bridge_error_frame_function(AriaBridgeError *error, int64_t index);
/* The line of a frame as its source has it, without its indentation; empty if the source is not at hand:
 * aria_py_add_source gives it. */
char *aria_bridge_error_frame_text(AriaBridgeError *error, int64_t index);
/* The status that a SystemExit asks the program to end with; ARIA_ERR_ARGUMENT for another error. */
int32_t aria_bridge_error_exit_code(AriaBridgeError *error, int64_t *out);
/* Lets an exception wait for this thread, as if it had been raised here: a callback that returns NULL then raises
 * this very object. It stays the caller's. Returns the code. */
int32_t aria_bridge_error_set_object(AriaPy *exception);
/* Gives tracebacks the text of a file of the program, which need not lie on a disk. */
int32_t aria_py_add_source(const char *file, int64_t file_len, const char *text, int64_t text_len);
int32_t aria_py_add_source_or_exit(const char *file, int64_t file_len, const char *text, int64_t text_len);

/* Arrays: made, taken over, asked. */

/* Makes an array with one axis, without elements, and with room for `capacity`: aria_nd_push_float and
 * aria_nd_push_int fill it. The dtype is "float64" or "int64". */
AriaNdArray *aria_nd_new(const char *type_name, int64_t type_len, int64_t capacity);
AriaNdArray *aria_nd_new_or_exit(const char *type_name, int64_t type_len, int64_t capacity);
/* Makes an array of zeros, in C order. */
AriaNdArray *aria_nd_zeros(const char *type_name, int64_t type_len, int32_t ndim, const int64_t *shape);
AriaNdArray *aria_nd_zeros_or_exit(const char *type_name, int64_t type_len, int32_t ndim, const int64_t *shape);
/* Makes an array over memory of the program. Zero-copy. `data` is the address of element zero; strides count bytes,
 * NULL means C order. Flags: ARIA_ND_WRAP_READONLY. `release`, if it is not NULL, is called with `context` once, on
 * any thread, when the last hand that holds the memory lets go, and also if this function fails; NULL is for memory
 * that lives as long as the program, whose exports are not counted. */
AriaNdArray *aria_nd_wrap(void *data, const char *type_name, int64_t type_len, int32_t ndim, const int64_t *shape, const int64_t *strides, int32_t flags, void *context, AriaBridgeDrop release);
AriaNdArray *aria_nd_wrap_or_exit(void *data, const char *type_name, int64_t type_len, int32_t ndim, const int64_t *shape, const int64_t *strides, int32_t flags, void *context, AriaBridgeDrop release);
/* Takes over an AriaNdArray of another library, which is released once, also if it is refused. Zero-copy. */
AriaNdArray *aria_nd_adopt(AriaNdArray *array);
AriaNdArray *aria_nd_adopt_or_exit(AriaNdArray *array);
/* Another handle to the same memory. Zero-copy. Writing and growing copy from now on, as long as both live. */
AriaNdArray *aria_nd_retain(AriaNdArray *array);
AriaNdArray *aria_nd_retain_or_exit(AriaNdArray *array);
/* Releases an array, of this library or another. NULL and a released array are fine. Any thread. */
void aria_nd_release(AriaNdArray *array);
/* Copies the elements into memory of our own, in C order. */
AriaNdArray *aria_nd_copy(AriaNdArray *array);
AriaNdArray *aria_nd_copy_or_exit(AriaNdArray *array);
/* Copies the elements as another dtype: casts of the same kind, which NumPy calls same_kind. */
AriaNdArray *aria_nd_cast(AriaNdArray *array, const char *type_name, int64_t type_len);
AriaNdArray *aria_nd_cast_or_exit(AriaNdArray *array, const char *type_name, int64_t type_len);
/* The same memory by another shape. Zero-copy, and refused where that needs a copy: aria_nd_copy first. */
AriaNdArray *aria_nd_reshape(AriaNdArray *array, int32_t ndim, const int64_t *shape);
AriaNdArray *aria_nd_reshape_or_exit(AriaNdArray *array, int32_t ndim, const int64_t *shape);
/* The same memory, with its axes reversed. Zero-copy. */
AriaNdArray *aria_nd_transpose(AriaNdArray *array);
AriaNdArray *aria_nd_transpose_or_exit(AriaNdArray *array);
/* Elements `start`, `start + step`, ... of an axis, `len` of them. Zero-copy. */
AriaNdArray *aria_nd_slice(AriaNdArray *array, int32_t axis, int64_t start, int64_t len, int64_t step);
AriaNdArray *aria_nd_slice_or_exit(AriaNdArray *array, int32_t axis, int64_t start, int64_t len, int64_t step);
/* The same memory, which this handle and its exports may only read. Zero-copy. */
AriaNdArray *aria_nd_read_only(AriaNdArray *array);
AriaNdArray *aria_nd_read_only_or_exit(AriaNdArray *array);
/* The address of element zero, for reading, and for writing while aria_nd_is_writable. NULL only on error. It moves
 * when the array grows, or is written while others hold its memory. */
void *aria_nd_data(AriaNdArray *array);
void *aria_nd_data_or_exit(AriaNdArray *array);
/* Number of elements. */
int64_t aria_nd_len(AriaNdArray *array);
int64_t aria_nd_len_or_exit(AriaNdArray *array);
/* Elements that fit without another allocation. */
int64_t aria_nd_capacity(AriaNdArray *array);
int64_t aria_nd_capacity_or_exit(AriaNdArray *array);
/* Bytes of one element. */
int64_t aria_nd_itemsize(AriaNdArray *array);
int64_t aria_nd_itemsize_or_exit(AriaNdArray *array);
/* Number of axes. */
int32_t aria_nd_ndim(AriaNdArray *array);
int32_t aria_nd_ndim_or_exit(AriaNdArray *array);
/* The extent of an axis, in elements. */
int64_t aria_nd_shape(AriaNdArray *array, int32_t axis);
int64_t aria_nd_shape_or_exit(AriaNdArray *array, int32_t axis);
/* The stride of an axis, in bytes; it may be negative. */
int32_t aria_nd_stride(AriaNdArray *array, int32_t axis, int64_t *out);
int64_t aria_nd_stride_or_exit(AriaNdArray *array, int32_t axis);
/* The name of the dtype: "float64". */
char *aria_nd_dtype(AriaNdArray *array);
char *aria_nd_dtype_or_exit(AriaNdArray *array);
/* Number of nulls. */
int64_t aria_nd_null_count(AriaNdArray *array);
int64_t aria_nd_null_count_or_exit(AriaNdArray *array);
/* Says whether element i, counted in row-major order, is null: 1 or 0. */
int32_t aria_nd_is_null(AriaNdArray *array, int64_t index);
int32_t aria_nd_is_null_or_exit(AriaNdArray *array, int64_t index);
/* Says whether the memory may be written through this handle: 1 or 0. */
int32_t aria_nd_is_writable(AriaNdArray *array);
int32_t aria_nd_is_writable_or_exit(AriaNdArray *array);
/* Says whether elements follow each other in C order: 1 or 0. */
int32_t aria_nd_is_contiguous(AriaNdArray *array);
int32_t aria_nd_is_contiguous_or_exit(AriaNdArray *array);
/* Other hands that hold this memory: exports, retained handles, Python objects. */
int64_t aria_nd_exports(AriaNdArray *array);
int64_t aria_nd_exports_or_exit(AriaNdArray *array);
/* Says whether taking the array in copied its elements: 1 or 0. */
int32_t aria_nd_is_copied(AriaNdArray *array);
int32_t aria_nd_is_copied_or_exit(AriaNdArray *array);
/* How the array came in, and why so: "view numpy.ndarray -> ...". Empty where there was nothing to decide. */
char *aria_nd_plan(AriaNdArray *array);
char *aria_nd_plan_or_exit(AriaNdArray *array);

/* Arrays: elements. */

/* Element i, counted in row-major order, of float64 or float32. */
int32_t aria_nd_get_float(AriaNdArray *array, int64_t index, double *out);
double aria_nd_get_float_or_exit(AriaNdArray *array, int64_t index);
/* Element i, counted in row-major order, of bool or an integer type that int64 holds. */
int32_t aria_nd_get_int(AriaNdArray *array, int64_t index, int64_t *out);
int64_t aria_nd_get_int_or_exit(AriaNdArray *array, int64_t index);
/* Writes element i of one axis of float64. Memory that others hold too, or that is foreign, is copied first: they do
 * not see it. A read-only array is refused. */
int32_t aria_nd_set_float(AriaNdArray *array, int64_t index, double value);
int32_t aria_nd_set_float_or_exit(AriaNdArray *array, int64_t index, double value);
/* Writes element i of one axis of int64, as aria_nd_set_float does. */
int32_t aria_nd_set_int(AriaNdArray *array, int64_t index, int64_t value);
int32_t aria_nd_set_int_or_exit(AriaNdArray *array, int64_t index, int64_t value);
/* Appends an element to one axis of float64. Memory that others hold too, or that is foreign, is copied first. A
 * read-only array is refused. */
int32_t aria_nd_push_float(AriaNdArray *array, double value);
int32_t aria_nd_push_float_or_exit(AriaNdArray *array, double value);
/* Appends an element to one axis of int64, as aria_nd_push_float does. */
int32_t aria_nd_push_int(AriaNdArray *array, int64_t value);
int32_t aria_nd_push_int_or_exit(AriaNdArray *array, int64_t value);
/* Makes room for `capacity` elements in all, in memory of our own. Memory that others hold too, or that is foreign,
 * is copied first. A read-only array is refused. */
int32_t aria_nd_reserve(AriaNdArray *array, int64_t capacity);
int32_t aria_nd_reserve_or_exit(AriaNdArray *array, int64_t capacity);

/* Arrays: the header of four words. */

/* Copies the elements of a header of four words. The header stays its owner's. */
AriaNdArray *aria_nd_copy_header(const AriaNdHeader *header, const char *type_name, int64_t type_len);
AriaNdArray *aria_nd_copy_header_or_exit(const AriaNdHeader *header, const char *type_name, int64_t type_len);
/* Shares the elements of a header of four words. Zero-copy. Until `release` is called with `context`, the header's
 * owner neither frees its data nor appends to it, which may move them; `release` is called once, on any thread, also
 * if this function fails. An array whose capacity is below its length is read-only. */
AriaNdArray *aria_nd_wrap_header(const AriaNdHeader *header, const char *type_name, int64_t type_len, void *context, AriaBridgeDrop release);
AriaNdArray *aria_nd_wrap_header_or_exit(const AriaNdHeader *header, const char *type_name, int64_t type_len, void *context, AriaBridgeDrop release);
/* Fills a header of four words with a copy of the elements, in memory of malloc: for a runtime that grows it by
 * realloc and frees it. One axis of int64 or float64, without nulls; anything else is refused, and the header stays
 * as it was. */
int32_t aria_nd_copy_to_header(AriaNdArray *array, AriaNdHeader *out);
int32_t aria_nd_copy_to_header_or_exit(AriaNdArray *array, AriaNdHeader *out);

/* Arrays: DLPack and Arrow. */

/* Hands the memory out as a DLPack tensor with version and flags. Zero-copy. Whoever has it calls its deleter. */
struct DLManagedTensorVersioned *aria_nd_to_dlpack(AriaNdArray *array);
struct DLManagedTensorVersioned *aria_nd_to_dlpack_or_exit(AriaNdArray *array);
/* As aria_nd_to_dlpack, without version and flags: read-only memory is refused. */
struct DLManagedTensor *aria_nd_to_dlpack_legacy(AriaNdArray *array);
struct DLManagedTensor *aria_nd_to_dlpack_legacy_or_exit(AriaNdArray *array);
/* Takes over a DLPack tensor. Zero-copy. Its deleter is called once, also if it is refused. */
AriaNdArray *aria_nd_from_dlpack(struct DLManagedTensorVersioned *managed);
AriaNdArray *aria_nd_from_dlpack_or_exit(struct DLManagedTensorVersioned *managed);
/* As aria_nd_from_dlpack, of a tensor without version and flags, which is read-only here. */
AriaNdArray *aria_nd_from_dlpack_legacy(struct DLManagedTensor *managed);
AriaNdArray *aria_nd_from_dlpack_legacy_or_exit(struct DLManagedTensor *managed);
/* Hands the array out by the Arrow C data interface, into two structs of the caller, who releases them. Zero-copy,
 * but for booleans, dates, and strides. Neither is written if it fails. */
int32_t aria_nd_to_arrow(AriaNdArray *array, struct ArrowArray *out_array, struct ArrowSchema *out_schema);
int32_t aria_nd_to_arrow_or_exit(AriaNdArray *array, struct ArrowArray *out_array, struct ArrowSchema *out_schema);
/* Takes an array of the Arrow C data interface over: both structs are marked as released, also if it is refused.
 * Zero-copy, but for booleans and dates; read-only. */
AriaNdArray *aria_nd_from_arrow(struct ArrowArray *array, struct ArrowSchema *schema);
AriaNdArray *aria_nd_from_arrow_or_exit(struct ArrowArray *array, struct ArrowSchema *schema);

/* Arrays: Python. */

/* Takes an array out of whatever Python object has one. Zero-copy, or a copy as far as the flags let it
 * (ARIA_ND_NO_COPY and others); aria_nd_plan says which, and why. A NULL dtype and an ndim of -1 take any. */
AriaNdArray *aria_nd_from_py(AriaPy *object, const char *type_name, int64_t type_len, int32_t ndim, int32_t flags);
AriaNdArray *aria_nd_from_py_or_exit(AriaPy *object, const char *type_name, int64_t type_len, int32_t ndim, int32_t flags);
/* Makes a Python array over the same memory. Zero-copy. NumPy and others share it by their own functions. */
AriaPy *aria_nd_to_py(AriaNdArray *array);
AriaPy *aria_nd_to_py_or_exit(AriaNdArray *array);

/* Python: start and end. */

/* Finds Python by ARIA_PYTHON, VIRTUAL_ENV and PATH, in this order, and starts it. The second time it does nothing.
 * In a process that runs Python already, that one is used. When the program ends, it ends Python, also by exit();
 * where Python cannot end, in a callback or on another thread, its atexit functions run and its streams are flushed.
 * Threads that are inside of Python then are waited for, ten seconds at most. */
int32_t aria_py_start(void);
int32_t aria_py_start_or_exit(void);
/* Starts this Python and no other: an executable, or the folder of a virtual environment; NULL looks for one as
 * aria_py_start does. Where another one runs already, that is ARIA_ERR_START. With `signals` Ctrl-C raises
 * KeyboardInterrupt, and aria_py_check_signals asks for it. aria_py_config_new says more. */
int32_t aria_py_start_with(const char *python, int64_t python_len, int32_t signals);
int32_t aria_py_start_with_or_exit(const char *python, int64_t python_len, int32_t signals);
/* Ends Python: waits for operations on other threads, runs atexit functions, flushes the streams. For the thread
 * that started it. The second time it does nothing. Handles may be released at any time; every operation fails from
 * now on. */
int32_t aria_py_end(void);
int32_t aria_py_end_or_exit(void);
/* Flushes sys.stdout and sys.stderr. */
int32_t aria_py_flush(void);
int32_t aria_py_flush_or_exit(void);
/* Runs pending signal handlers: fails with KeyboardInterrupt after Ctrl-C. */
int32_t aria_py_check_signals(void);
int32_t aria_py_check_signals_or_exit(void);
/* Counts the objects that were released in this process and given back to Python; 0 before it starts. */
int64_t aria_py_count_released(void);
/* Counts the objects that were released when Python had ended, and leaked. */
int64_t aria_py_count_leaked(void);
/* Counts what belonged to one thread (aria_py_def_local, aria_bridge_error_set_local) and leaked, because another
 * one released it when that had ended. */
int64_t aria_py_count_local_leaked(void);
/* Which Python runs here, where it came from, and what looks wrong, as `aria-bridge doctor` prints it. */
char *aria_py_report(void);
char *aria_py_report_or_exit(void);

/* Python: how it starts. */

/* Begins a configuration that is aria_py_start's: ARIA_PYTHON, VIRTUAL_ENV and PATH say which Python, and sys.argv
 * has the program's arguments. What is said wrong from here on is told by aria_py_start_config. */
AriaPyConfig *aria_py_config_new(void);
AriaPyConfig *aria_py_config_new_or_exit(void);
/* Takes this Python and no other, as aria_py_start_with does. */
void aria_py_config_python(AriaPyConfig *config, const char *python, int64_t python_len);
/* Opens this file as the interpreter's library, and no other; it must be of the interpreter's very version. In a
 * process that runs Python already it says nothing. */
void aria_py_config_libpython(AriaPyConfig *config, const char *library, int64_t library_len);
/* With 1 Python starts isolated, as `python -I`: it reads none of its own variables, such as PYTHONPATH, and has no
 * user's folder of packages. Which Python is taken stays as configured. */
void aria_py_config_isolated(AriaPyConfig *config, int32_t isolated);
/* With 1 Ctrl-C raises KeyboardInterrupt, and aria_py_check_signals asks for it. */
void aria_py_config_signals(AriaPyConfig *config, int32_t signals);
/* Adds to sys.argv, whose first is the program's name. With none, it has the program's own arguments. */
void aria_py_config_arg(AriaPyConfig *config, const char *arg, int64_t arg_len);
/* Puts a folder in front of sys.path, behind those that were put there before. */
void aria_py_config_path(AriaPyConfig *config, const char *folder, int64_t folder_len);
/* Starts Python, as aria_py_start does. Consumes the configuration. */
int32_t aria_py_start_config(AriaPyConfig *config);
int32_t aria_py_start_config_or_exit(AriaPyConfig *config);
/* Releases a configuration that nothing was started by. NULL is fine. */
void aria_py_config_release(AriaPyConfig *config);

/* Python: arguments. */

/* Makes room for arguments, which are pushed one by one. The function that they are given to consumes them, also
 * when it fails; a push that fails is told by that function. */
AriaPyArgs *aria_py_args_new(void);
/* Makes the next one a keyword argument of this name. */
void aria_py_args_name(AriaPyArgs *args, const char *name, int64_t name_len);
/* Pushes None. */
void aria_py_args_none(AriaPyArgs *args);
/* Pushes a bool: 0 is False. */
void aria_py_args_bool(AriaPyArgs *args, int64_t value);
/* Pushes an int. */
void aria_py_args_int(AriaPyArgs *args, int64_t value);
/* Pushes a float. */
void aria_py_args_float(AriaPyArgs *args, double value);
/* Pushes a str, of UTF-8. */
void aria_py_args_str(AriaPyArgs *args, const char *text, int64_t text_len);
/* Pushes bytes. */
void aria_py_args_bytes(AriaPyArgs *args, const char *bytes, int64_t bytes_len);
/* Pushes an object, which stays the caller's. */
void aria_py_args_object(AriaPyArgs *args, AriaPy *object);
/* Pushes an array, which stays the caller's. Zero-copy. */
void aria_py_args_array(AriaPyArgs *args, AriaNdArray *array);
/* Pushes the range from `start` to before `stop` by `step`: a slice where it is a key. */
void aria_py_args_range(AriaPyArgs *args, int64_t start, int64_t stop, int64_t step);
/* Pushes slice(start, stop, step) of three objects, each of which may be NULL for None. */
void aria_py_args_slice(AriaPyArgs *args, AriaPy *start, AriaPy *stop, AriaPy *step);
/* Adds the items of an iterable to the positional arguments: `*object`. What is pushed later stands behind them. */
void aria_py_args_star(AriaPyArgs *args, AriaPy *object);
/* Adds the items of a mapping to the named arguments: `**object`. A name that is there already is a TypeError of the
 * call. */
void aria_py_args_star_star(AriaPyArgs *args, AriaPy *object);
/* Releases arguments that no function was given. NULL is fine. */
void aria_py_args_release(AriaPyArgs *args);

/* Python: objects. */

/* Imports a module and returns the leaf: `a.b` is b. */
AriaPy *aria_py_import(const char *name, int64_t name_len);
AriaPy *aria_py_import_or_exit(const char *name, int64_t name_len);
/* As aria_py_import, which is done once: the module stays in the slot, a pointer of the program's that is NULL at
 * first and that nobody else writes to. **Any thread**, also at the same time. The handle is the slot's: it is in no
 * scope, is not to be released, and lives as long as the program. What cannot be imported leaves the slot as it was. */
AriaPy *aria_py_import_cached(AriaPy **slot, const char *name, int64_t name_len);
AriaPy *aria_py_import_cached_or_exit(AriaPy **slot, const char *name, int64_t name_len);
/* `object.name` */
AriaPy *aria_py_getattr(AriaPy *object, const char *name, int64_t name_len);
AriaPy *aria_py_getattr_or_exit(AriaPy *object, const char *name, int64_t name_len);
/* `object.name`; NULL without an error if it has none. */
AriaPy *aria_py_getattr_opt(AriaPy *object, const char *name, int64_t name_len);
/* `object.name = value` */
int32_t aria_py_setattr(AriaPy *object, const char *name, int64_t name_len, AriaPy *value);
int32_t aria_py_setattr_or_exit(AriaPy *object, const char *name, int64_t name_len, AriaPy *value);
/* `del object.name` */
int32_t aria_py_delattr(AriaPy *object, const char *name, int64_t name_len);
int32_t aria_py_delattr_or_exit(AriaPy *object, const char *name, int64_t name_len);
/* Says whether the object has an attribute of this name: 1 or 0. */
int32_t aria_py_hasattr(AriaPy *object, const char *name, int64_t name_len);
int32_t aria_py_hasattr_or_exit(AriaPy *object, const char *name, int64_t name_len);
/* `object[key]`, where several arguments are a tuple and a range is a slice. Consumes the key. */
AriaPy *aria_py_getitem(AriaPy *object, AriaPyArgs *key);
AriaPy *aria_py_getitem_or_exit(AriaPy *object, AriaPyArgs *key);
/* `object[key] = value`. Consumes the key. */
int32_t aria_py_setitem(AriaPy *object, AriaPyArgs *key, AriaPy *value);
int32_t aria_py_setitem_or_exit(AriaPy *object, AriaPyArgs *key, AriaPy *value);
/* `del object[key]`. Consumes the key. */
int32_t aria_py_delitem(AriaPy *object, AriaPyArgs *key);
int32_t aria_py_delitem_or_exit(AriaPy *object, AriaPyArgs *key);
/* `object(...)`. Consumes the arguments; NULL for none. */
AriaPy *aria_py_call(AriaPy *object, AriaPyArgs *args);
AriaPy *aria_py_call_or_exit(AriaPy *object, AriaPyArgs *args);
/* `object.name(...)`. Consumes the arguments; NULL for none. */
AriaPy *aria_py_call_method(AriaPy *object, const char *name, int64_t name_len, AriaPyArgs *args);
AriaPy *aria_py_call_method_or_exit(AriaPy *object, const char *name, int64_t name_len, AriaPyArgs *args);
/* `left op right`, an object: ARIA_PY_ADD and the others. Comparisons of arrays are arrays. */
AriaPy *aria_py_op(int32_t op, AriaPy *left, AriaPy *right);
AriaPy *aria_py_op_or_exit(int32_t op, AriaPy *left, AriaPy *right);
/* `bool(left op right)`: 1 or 0, as `if` asks. What has several values, an array, has no truth. */
int32_t aria_py_op_truthy(int32_t op, AriaPy *left, AriaPy *right);
int32_t aria_py_op_truthy_or_exit(int32_t op, AriaPy *left, AriaPy *right);
/* What `left` is after `left op= right`. */
AriaPy *aria_py_op_in_place(int32_t op, AriaPy *left, AriaPy *right);
AriaPy *aria_py_op_in_place_or_exit(int32_t op, AriaPy *left, AriaPy *right);
/* `op object`: ARIA_PY_NEG, ARIA_PY_POS, ARIA_PY_INVERT, ARIA_PY_ABS. */
AriaPy *aria_py_unary(int32_t op, AriaPy *object);
AriaPy *aria_py_unary_or_exit(int32_t op, AriaPy *object);
/* `bool(object)`: 1 or 0. */
int32_t aria_py_truthy(AriaPy *object);
int32_t aria_py_truthy_or_exit(AriaPy *object);
/* `len(object)` */
int64_t aria_py_len(AriaPy *object);
int64_t aria_py_len_or_exit(AriaPy *object);
/* `item in object`: 1 or 0. */
int32_t aria_py_contains(AriaPy *object, AriaPy *item);
int32_t aria_py_contains_or_exit(AriaPy *object, AriaPy *item);
/* `left is right`: 1 or 0. */
int32_t aria_py_is(AriaPy *left, AriaPy *right);
int32_t aria_py_is_or_exit(AriaPy *left, AriaPy *right);
/* `isinstance(object, class_of)`: 1 or 0. */
int32_t aria_py_isinstance(AriaPy *object, AriaPy *class_of);
int32_t aria_py_isinstance_or_exit(AriaPy *object, AriaPy *class_of);
/* Says whether the object can be called: 1 or 0. */
int32_t aria_py_is_callable(AriaPy *object);
int32_t aria_py_is_callable_or_exit(AriaPy *object);
/* `str(object)` */
char *aria_py_str(AriaPy *object);
char *aria_py_str_or_exit(AriaPy *object);
/* `repr(object)` */
char *aria_py_repr(AriaPy *object);
char *aria_py_repr_or_exit(AriaPy *object);
/* `format(object, spec)`, where the specification is as in `".3f"`. */
char *aria_py_format(AriaPy *object, const char *spec, int64_t spec_len);
char *aria_py_format_or_exit(AriaPy *object, const char *spec, int64_t spec_len);
/* `str(object)`, or words that say why it could not be had. Never fails, and leaves no error waiting: for messages. */
char *aria_py_display(AriaPy *object);
/* The documentation, without its indentation; empty if there is none. */
char *aria_py_doc(AriaPy *object);
char *aria_py_doc_or_exit(AriaPy *object);
/* `dir(object)`, a list of str, sorted. */
AriaPy *aria_py_dir(AriaPy *object);
AriaPy *aria_py_dir_or_exit(AriaPy *object);
/* `type(object)` */
AriaPy *aria_py_type(AriaPy *object);
AriaPy *aria_py_type_or_exit(AriaPy *object);
/* `hash(object)`, which may be negative. */
int32_t aria_py_hash(AriaPy *object, int64_t *out);
int64_t aria_py_hash_or_exit(AriaPy *object);
/* `iter(object)`. Release it with aria_py_iter_release. */
AriaPyIter *aria_py_iter(AriaPy *object);
AriaPyIter *aria_py_iter_or_exit(AriaPy *object);
/* The next item; NULL at the end, and on error: aria_bridge_error_pending tells them apart, since at the end no
 * error waits any more. */
AriaPy *aria_py_next(AriaPyIter *iterator);
AriaPy *aria_py_next_or_exit(AriaPyIter *iterator);
/* Releases an iterator. NULL is fine. */
void aria_py_iter_release(AriaPyIter *iterator);
/* Another reference to the object. */
AriaPy *aria_py_retain(AriaPy *object);
AriaPy *aria_py_retain_or_exit(AriaPy *object);
/* Releases an object. NULL is fine. Any thread, at any time, also when Python has ended. */
void aria_py_release(AriaPy *object);

/* Python: values. */

/* None */
AriaPy *aria_py_from_none(void);
AriaPy *aria_py_from_none_or_exit(void);
/* A bool: 0 is False. */
AriaPy *aria_py_from_bool(int64_t value);
AriaPy *aria_py_from_bool_or_exit(int64_t value);
/* An int. */
AriaPy *aria_py_from_int(int64_t value);
AriaPy *aria_py_from_int_or_exit(int64_t value);
/* A float. */
AriaPy *aria_py_from_float(double value);
AriaPy *aria_py_from_float_or_exit(double value);
/* An int of any size, from decimal digits, perhaps behind a sign. Takes time with the square of their number. */
AriaPy *aria_py_from_int_text(const char *digits, int64_t digits_len);
AriaPy *aria_py_from_int_text_or_exit(const char *digits, int64_t digits_len);
/* An int of any size, from the bytes of its two's complement, the lowest first. No bytes are 0. */
AriaPy *aria_py_from_int_bytes(const char *bytes, int64_t bytes_len);
AriaPy *aria_py_from_int_bytes_or_exit(const char *bytes, int64_t bytes_len);
/* A complex. */
AriaPy *aria_py_from_complex(double real, double imaginary);
AriaPy *aria_py_from_complex_or_exit(double real, double imaginary);
/* A str, of UTF-8. */
AriaPy *aria_py_from_str(const char *text, int64_t text_len);
AriaPy *aria_py_from_str_or_exit(const char *text, int64_t text_len);
/* A bytes object. */
AriaPy *aria_py_from_bytes(const char *bytes, int64_t bytes_len);
AriaPy *aria_py_from_bytes_or_exit(const char *bytes, int64_t bytes_len);
/* A list of what was pushed. Consumes the items. */
AriaPy *aria_py_from_list(AriaPyArgs *items);
AriaPy *aria_py_from_list_or_exit(AriaPyArgs *items);
/* A tuple of what was pushed. Consumes the items. */
AriaPy *aria_py_from_tuple(AriaPyArgs *items);
AriaPy *aria_py_from_tuple_or_exit(AriaPyArgs *items);
/* A dict of the keys and values that were pushed in turn, and of named ones. Consumes the items. */
AriaPy *aria_py_from_dict(AriaPyArgs *items);
AriaPy *aria_py_from_dict_or_exit(AriaPyArgs *items);
/* A set of what was pushed. Consumes the items. */
AriaPy *aria_py_from_set(AriaPyArgs *items);
AriaPy *aria_py_from_set_or_exit(AriaPyArgs *items);
/* A frozenset of what was pushed. Consumes the items. */
AriaPy *aria_py_from_frozenset(AriaPyArgs *items);
AriaPy *aria_py_from_frozenset_or_exit(AriaPyArgs *items);
/* The number, by `__float__` or `__index__`. Text is no number. */
int32_t aria_py_to_float(AriaPy *object, double *out);
double aria_py_to_float_or_exit(AriaPy *object);
/* The integer, by `__index__`; OverflowError beyond 64 bits. A float is no integer. */
int32_t aria_py_to_int(AriaPy *object, int64_t *out);
int64_t aria_py_to_int_or_exit(AriaPy *object);
/* The integer, by `__index__`, in decimal, whatever its size. Takes time with the square of the number of digits. */
char *aria_py_to_int_text(AriaPy *object);
char *aria_py_to_int_text_or_exit(AriaPy *object);
/* The integer, by `__index__`, whatever its size: the bytes of its two's complement, the lowest first.
 * aria_bridge_text_len says how many: one at least, and none that says nothing. */
char *aria_py_to_int_bytes(AriaPy *object);
char *aria_py_to_int_bytes_or_exit(AriaPy *object);
/* The value of a bool, or of NumPy's: 1 or 0. See aria_py_truthy for the truth of anything. */
int32_t aria_py_to_bool(AriaPy *object);
int32_t aria_py_to_bool_or_exit(AriaPy *object);
/* The text of a str, in UTF-8, NUL-terminated. aria_bridge_text_len says its bytes, which may contain NUL. */
char *aria_py_to_str(AriaPy *object);
char *aria_py_to_str_or_exit(AriaPy *object);
/* The bytes of a bytes object. aria_bridge_text_len says how many. */
char *aria_py_to_bytes(AriaPy *object);
char *aria_py_to_bytes_or_exit(AriaPy *object);
/* What the object is: ARIA_PY_KIND_NONE and the others. */
int32_t aria_py_kind(AriaPy *object);
int32_t aria_py_kind_or_exit(AriaPy *object);

/* Python: dates and times. */

/* A datetime.date. Python checks the numbers. */
AriaPy *aria_py_from_date(int64_t year, int64_t month, int64_t day);
AriaPy *aria_py_from_date_or_exit(int64_t year, int64_t month, int64_t day);
/* A datetime.time. `fold` is 1 for the second of two equal times, where clocks are set back; `offset` is in seconds
 * east of UTC, or ARIA_PY_NO_OFFSET. Python checks the numbers. */
AriaPy *aria_py_from_time(int64_t hour, int64_t minute, int64_t second, int64_t microsecond, int64_t fold, int64_t offset);
AriaPy *aria_py_from_time_or_exit(int64_t hour, int64_t minute, int64_t second, int64_t microsecond, int64_t fold, int64_t offset);
/* A datetime.datetime: the numbers of aria_py_from_date, then those of aria_py_from_time. */
AriaPy *aria_py_from_datetime(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, int64_t second, int64_t microsecond, int64_t fold, int64_t offset);
AriaPy *aria_py_from_datetime_or_exit(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, int64_t second, int64_t microsecond, int64_t fold, int64_t offset);
/* A datetime.timedelta. Python adds the numbers up, each of which may be negative. */
AriaPy *aria_py_from_timedelta(int64_t days, int64_t seconds, int64_t microseconds);
AriaPy *aria_py_from_timedelta_or_exit(int64_t days, int64_t seconds, int64_t microseconds);
/* Writes the 3 numbers of a date: year, month, day. Of exactly its type, as the three functions after it. */
int32_t aria_py_to_date(AriaPy *object, int64_t *numbers);
int32_t aria_py_to_date_or_exit(AriaPy *object, int64_t *numbers);
/* Writes the 6 numbers of a time: hour, minute, second, microsecond, fold, offset. A zone that has a name or rules
 * is refused: nothing would say which it was. */
int32_t aria_py_to_time(AriaPy *object, int64_t *numbers);
int32_t aria_py_to_time_or_exit(AriaPy *object, int64_t *numbers);
/* Writes the 9 numbers of a datetime: those of its date, then those of its time, as aria_py_to_time does. */
int32_t aria_py_to_datetime(AriaPy *object, int64_t *numbers);
int32_t aria_py_to_datetime_or_exit(AriaPy *object, int64_t *numbers);
/* Writes the 3 numbers of a timedelta: days, which may be negative, then seconds and microseconds, which are not. */
int32_t aria_py_to_timedelta(AriaPy *object, int64_t *numbers);
int32_t aria_py_to_timedelta_or_exit(AriaPy *object, int64_t *numbers);

/* Python: items of containers. */

/* `object[index]`, for a sequence: an index below 0 counts from its end. */
AriaPy *aria_py_item(AriaPy *object, int64_t index);
AriaPy *aria_py_item_or_exit(AriaPy *object, int64_t index);
/* A list of all items of an iterable, which is taken apart once; a list is copied. Text and bytes are not taken
 * apart. aria_py_len and aria_py_item walk it. */
AriaPy *aria_py_to_list(AriaPy *object);
AriaPy *aria_py_to_list_or_exit(AriaPy *object);
/* A list of all keys of a mapping with their values, in pairs, each a tuple: aria_py_unpack takes it apart. */
AriaPy *aria_py_to_pairs(AriaPy *object);
AriaPy *aria_py_to_pairs_or_exit(AriaPy *object);
/* Takes an iterable of exactly `count` items apart, as `a, b = object` does: writes an object for each item to
 * `items`, which the caller releases. ValueError if there are more or fewer; nothing is written then. */
int32_t aria_py_unpack(AriaPy *object, AriaPy **items, int64_t count);
int32_t aria_py_unpack_or_exit(AriaPy *object, AriaPy **items, int64_t count);

/* Python: functions and modules of the program. */

/* Begins the definition of a function for Python, without parameters. `function` is called with `context` and the
 * call, on any thread, attached, several at once; it answers an object that it gives up, or NULL with an error that
 * waits: aria_bridge_error_set, or what an operation of its own left. `drop`, which may be NULL, is called with
 * `context` once, on any thread, also if this function fails. */
AriaPyDef *aria_py_def_new(const char *name, int64_t name_len, AriaPyFunction function, void *context, AriaBridgeDrop drop);
AriaPyDef *aria_py_def_new_or_exit(const char *name, int64_t name_len, AriaPyFunction function, void *context, AriaBridgeDrop drop);
/* Adds a parameter, passed by position or by name. */
void aria_py_def_param(AriaPyDef *definition, const char *name, int64_t name_len);
/* Adds a parameter that is passed by position alone. */
void aria_py_def_positional(AriaPyDef *definition, const char *name, int64_t name_len);
/* Adds a parameter with a default, which stays the caller's. */
void aria_py_def_param_or(AriaPyDef *definition, const char *name, int64_t name_len, AriaPy *value);
/* Adds a parameter that is passed by name alone; its default may be NULL for none. */
void aria_py_def_key(AriaPyDef *definition, const char *name, int64_t name_len, AriaPy *value);
/* Takes further positional arguments as a tuple: `*name`. */
void aria_py_def_rest(AriaPyDef *definition, const char *name, int64_t name_len);
/* Takes further keyword arguments as a dict: `**name`. */
void aria_py_def_keywords(AriaPyDef *definition, const char *name, int64_t name_len);
/* Sets the documentation. */
void aria_py_def_doc(AriaPyDef *definition, const char *text, int64_t text_len);
/* Says where the function is defined, for tracebacks. */
void aria_py_def_at(AriaPyDef *definition, const char *file, int64_t file_len, int32_t line);
/* Keeps the function to this thread: another that calls it gets a RuntimeError, and it is dropped here. */
void aria_py_def_local(AriaPyDef *definition);
/* Releases a definition that no function was given. NULL is fine. */
void aria_py_def_release(AriaPyDef *definition);
/* Makes a Python callable of a definition, which is consumed. */
AriaPy *aria_py_callable(AriaPyDef *definition);
AriaPy *aria_py_callable_or_exit(AriaPyDef *definition);
/* How many parameters the call has: defaults are filled in. */
int64_t aria_py_call_len(AriaPyCall *call);
/* The argument for the parameter at this index, from 0. */
AriaPy *aria_py_call_object(AriaPyCall *call, int64_t index);
AriaPy *aria_py_call_object_or_exit(AriaPyCall *call, int64_t index);
/* The argument for the parameter of this name. */
AriaPy *aria_py_call_named(AriaPyCall *call, const char *name, int64_t name_len);
AriaPy *aria_py_call_named_or_exit(AriaPyCall *call, const char *name, int64_t name_len);
/* Begins a module of the program. The name may be dotted. */
AriaPyModule *aria_py_module_new(const char *name, int64_t name_len);
AriaPyModule *aria_py_module_new_or_exit(const char *name, int64_t name_len);
/* Sets the documentation. */
void aria_py_module_doc(AriaPyModule *module, const char *text, int64_t text_len);
/* Adds a function. Consumes the definition. */
void aria_py_module_function(AriaPyModule *module, AriaPyDef *definition);
/* Adds a value, which stays the caller's. */
void aria_py_module_value(AriaPyModule *module, const char *name, int64_t name_len, AriaPy *value);
/* Lets Python code import the module from now on, and returns it. Consumes it; a part that was refused is told here. */
AriaPy *aria_py_module_register(AriaPyModule *module);
AriaPy *aria_py_module_register_or_exit(AriaPyModule *module);
/* Releases a module that was not registered. NULL is fine. */
void aria_py_module_release(AriaPyModule *module);

/* Python: threads and places. */

/* Enters a place of the program, which tracebacks and warnings show for this thread's operations until it is left.
 * Both texts are NUL-terminated and live as long as the program. Returns its number. Without a file and a function,
 * both NULL, operations run in no frame and cost least: for a loop around code that does not look at its caller, as
 * `warnings.warn`, `eval` and pandas' assignment do. */
int64_t aria_py_place_enter(const char *file, const char *function, int32_t line);
int64_t aria_py_place_enter_or_exit(const char *file, const char *function, int32_t line);
/* Leaves the place of this number, and those that were entered since. A number below 1, and that of a place that was
 * entered before the callback that runs, leaves none. */
void aria_py_place_leave(int64_t place);
/* How this thread stands to Python: ARIA_PY_NOT_RUNNING, ARIA_PY_DETACHED, or ARIA_PY_ATTACHED and above it as many
 * as the thread has batches. Takes no lock: **any thread**, at any time. */
int32_t aria_py_gil_state(void);
/* Attaches this thread for a batch of operations, each of which costs less then. Returns the batch's number.
 * Python's threads wait meanwhile: do not wait for another thread that uses Python. */
int64_t aria_py_attach(void);
int64_t aria_py_attach_or_exit(void);
/* Ends the batch of this number, and those that were begun since, as aria_py_place_leave does. */
void aria_py_attach_leave(int64_t batch);
/* Calls `work` with `context` while this thread is detached, so that Python's threads run: for long native work in a
 * callback or a batch. */
int32_t aria_py_detach(AriaBridgeDrop work, void *context);
int32_t aria_py_detach_or_exit(AriaBridgeDrop work, void *context);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ARIA_ARRAY_BRIDGE_H */
