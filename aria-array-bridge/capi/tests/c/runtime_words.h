/*
 * The array of Aria's C runtime as it is today: four words, and accessors that do what they do. Nothing here knows of this
 * library. To run the conformance test against another runtime, define RUNTIME_WORDS as the name of a header that has these
 * names for it: cc -DRUNTIME_WORDS='"my_words.h"' words.c ...
 */
#ifndef RUNTIME_WORDS_H
#define RUNTIME_WORDS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct Words {
    void *data;
    int64_t length;
    int64_t capacity;
    int64_t elem_size;
} Words;

/* Address = data + i * elem_size, eight bytes. Beyond the length: 0. */
static inline int64_t words_get_int(const Words *a, int64_t i)
{
    int64_t value = 0;
    if (i >= 0 && i < a->length) memcpy(&value, (const char *)a->data + i * a->elem_size, 8);
    return value;
}

static inline double words_get_float(const Words *a, int64_t i)
{
    double value = 0.0;
    if (i >= 0 && i < a->length) memcpy(&value, (const char *)a->data + i * a->elem_size, 8);
    return value;
}

/* Looks at the capacity alone. */
static inline void words_set_float(Words *a, int64_t i, double value)
{
    if (i < 0 || i >= a->capacity) return;
    memcpy((char *)a->data + i * a->elem_size, &value, 8);
    if (i >= a->length) a->length = i + 1;
}

/* Reallocates at length >= capacity. */
static inline void words_push_float(Words *a, double value)
{
    if (a->length >= a->capacity) {
        a->capacity = a->capacity ? a->capacity * 2 : 4;
        a->data = realloc(a->data, (size_t)(a->capacity * a->elem_size));
    }
    memcpy((char *)a->data + a->length * a->elem_size, &value, 8);
    a->length++;
}

/* Frees the data. */
static inline void words_free(Words *a)
{
    free(a->data);
    a->data = NULL;
    a->length = a->capacity = 0;
}

#endif
