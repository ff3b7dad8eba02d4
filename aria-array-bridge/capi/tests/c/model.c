/*
 * Handles beside a naive model: each has elements of its own, whoever shares its memory. Some thousand operations, drawn by
 * a generator with a fixed seed, on handles that retain, slice, export and grow over one another's memory.
 */
#include "aria_array_bridge.h"
#include "check.h"

struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

enum { HANDLES = 8, MOST = 400 };

/* A handle and what it must read as; `view` is read-only. */
typedef struct Entry {
    AriaNdArray *array;
    double model[MOST];
    int64_t len;
    int view;
} Entry;

static Entry entries[HANDLES];
static uint64_t state = 0x9e3779b97f4a7c15u;

static int64_t draw(int64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)below);
}

static void check(const Entry *entry)
{
    CHECK(aria_nd_len_or_exit(entry->array) == entry->len);
    CHECK(entry->array->length == entry->len && entry->array->shape[0] == entry->len);
    CHECK(aria_nd_capacity_or_exit(entry->array) >= entry->len);
    for (int64_t i = 0; i < entry->len; i++) {
        double through_words;
        memcpy(&through_words, (const char *)entry->array->data + i * entry->array->elem_size, 8);
        CHECK(aria_nd_get_float_or_exit(entry->array, i) == entry->model[i] && through_words == entry->model[i]);
    }
}

static void renew(Entry *to, AriaNdArray *array, const Entry *from, int64_t start, int64_t len, int64_t step, int view)
{
    double model[MOST];
    for (int64_t i = 0; i < len; i++) model[i] = from->model[start + i * step];
    aria_nd_release(to->array);
    to->array = array;
    memcpy(to->model, model, sizeof model[0] * (size_t)len);
    to->len = len;
    to->view = view;
}

static void step(void)
{
    Entry *a = &entries[draw(HANDLES)], *b = &entries[draw(HANDLES)];
    double value = (double)draw(1000);
    switch (draw(8)) {
    case 0:
    case 1:
        if (a->len == MOST) break;
        if (a->view) {
            CHECK(aria_nd_push_float(a->array, value) == ARIA_ERR_REFUSED);
            aria_bridge_error_release(aria_bridge_error_take());
        } else {
            aria_nd_push_float_or_exit(a->array, value);
            a->model[a->len++] = value;
        }
        break;
    case 2:
        if (a->len == 0 || a->view) break;
        {
            int64_t at = draw(a->len);
            aria_nd_set_float_or_exit(a->array, at, value);
            a->model[at] = value;
        }
        break;
    case 3:
        renew(b, aria_nd_retain_or_exit(a->array), a, 0, a->len, 1, a->view);
        break;
    case 4:
        if (a->len < 2) break;
        {
            int64_t len = 1 + draw(a->len / 2);
            if (draw(2)) renew(b, aria_nd_slice_or_exit(a->array, 0, 0, len, 2), a, 0, len, 2, a->view);
            else renew(b, aria_nd_slice_or_exit(a->array, 0, a->len - 1, len, -1), a, a->len - 1, len, -1, a->view);
        }
        break;
    case 5:
        if (!a->view) CHECK(aria_nd_reserve(a->array, draw(2 * MOST)) == 0);
        break;
    case 6: {
        struct ArrowArray array;
        struct ArrowSchema schema;
        aria_nd_to_arrow_or_exit(a->array, &array, &schema);
        renew(b, aria_nd_from_arrow_or_exit(&array, &schema), a, 0, a->len, 1, 1);
        break;
    }
    default:
        if (draw(3)) {
            renew(b, aria_nd_from_dlpack_or_exit(aria_nd_to_dlpack_or_exit(a->array)), a, 0, a->len, 1, a->view);
        } else {
            renew(a, aria_nd_new_or_exit("float64", -1, draw(10)), a, 0, 0, 1, 0);
        }
    }
    check(a);
    check(b);
}

int main(void)
{
    for (int i = 0; i < HANDLES; i++) entries[i].array = aria_nd_new_or_exit("float64", -1, i);
    for (int i = 0; i < 4000; i++) {
        step();
        if (i % 100 == 0) {
            for (int j = 0; j < HANDLES; j++) check(&entries[j]);
        }
    }
    for (int i = 0; i < HANDLES; i++) aria_nd_release(entries[i].array);
    return 0;
}
