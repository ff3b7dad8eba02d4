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
