/*
 * Conformance: arrays beside a runtime that knows four words alone (runtime_words.h). What is handed out for reading is
 * read right or is empty; what is handed out to be grown or freed is a copy of its own; and our own writing, appending and
 * growing never touches memory that is foreign, or that others hold too. Another runtime is tested when RUNTIME_WORDS names
 * a header of its own: cc -DRUNTIME_WORDS='"my_words.h"' words.c ... -laria_array_capi
 */
#include "aria_array_bridge.h"
#ifdef RUNTIME_WORDS
#include RUNTIME_WORDS /* With the names of runtime_words.h. */
#else
#include "runtime_words.h"
#endif
#include "check.h"

static const int64_t FOUR[] = {4};

/* The array as such a runtime sees it. */
static Words *seen(AriaNdArray *array)
{
    return (Words *)(void *)array;
}

static int released;

static void count(void *context)
{
    CHECK(context == &released);
    released++;
}

static AriaNdArray *wrapped(void *data, const char *type, const int64_t *shape, const int64_t *strides, int32_t ndim,
                            int32_t flags)
{
    return aria_nd_wrap_or_exit(data, type, -1, ndim, shape, strides, flags, &released, count);
}

/* Read right: element by element what our own accessor reads. */
static void read_right(AriaNdArray *array)
{
    Words *words = seen(array);
    CHECK(words->length == aria_nd_len_or_exit(array));
    for (int64_t i = 0; i < words->length; i++) {
        CHECK(words_get_float(words, i) == aria_nd_get_float_or_exit(array, i));
    }
}

static void reads_empty(AriaNdArray *array)
{
    CHECK(seen(array)->length == 0);
    CHECK(seen(array)->capacity == 0);
    CHECK(words_get_float(seen(array), 0) == 0.0);
}

static void what_is_read_is_read_right_or_empty(void)
{
    double memory[] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0};
    float singles[] = {1.5f, 2.5f, 3.5f, 4.5f};
    const int64_t every_second[] = {16}, reversed[] = {-8}, same[] = {0}, two_two[] = {2, 2};

    AriaNdArray *dense = wrapped(memory, "float64", FOUR, NULL, 1, 0);
    read_right(dense);
    CHECK(seen(dense)->capacity == 4 && seen(dense)->elem_size == 8);
    aria_nd_release(dense);

    AriaNdArray *strided = wrapped(memory, "float64", FOUR, every_second, 1, 0);
    read_right(strided);
    CHECK(words_get_float(seen(strided), 3) == 7.0);
    words_set_float(seen(strided), 1, 30.0); /* Written through its words: the element, and no other. */
    CHECK(memory[2] == 30.0 && memory[1] == 2.0 && memory[3] == 4.0);
    aria_nd_release(strided);

    AriaNdArray *backwards = wrapped(&memory[3], "float64", FOUR, reversed, 1, 0);
    read_right(backwards);
    CHECK(words_get_float(seen(backwards), 0) == 4.0 && words_get_float(seen(backwards), 3) == 1.0);
    aria_nd_release(backwards);

    AriaNdArray *repeated = wrapped(memory, "float64", FOUR, same, 1, 0);
    read_right(repeated);
    CHECK(seen(repeated)->capacity == 0); /* One place for four elements is not written. */
    aria_nd_release(repeated);

    AriaNdArray *readonly = wrapped(memory, "float64", FOUR, NULL, 1, ARIA_ND_WRAP_READONLY);
    read_right(readonly);
    CHECK(seen(readonly)->capacity == 0);
    words_set_float(seen(readonly), 0, 99.0);
    CHECK(memory[0] == 1.0);
    aria_nd_release(readonly);

    AriaNdArray *single = wrapped(singles, "float32", FOUR, NULL, 1, 0);
    reads_empty(single);
    CHECK(aria_nd_get_float_or_exit(single, 1) == 2.5);
    AriaNdArray *wide = aria_nd_cast_or_exit(single, "float64", -1);
    read_right(wide);
    CHECK(words_get_float(seen(wide), 3) == 4.5);
    aria_nd_release(wide);
    aria_nd_release(single);

    AriaNdArray *matrix = wrapped(memory, "float64", two_two, NULL, 2, 0);
    reads_empty(matrix);
    aria_nd_release(matrix);
    CHECK(released == 7);
    released = 0;
}

static void what_is_grown_or_freed_is_a_copy(void)
{
    double memory[] = {1.0, 2.0, 3.0, 4.0};
    const int64_t reversed[] = {-8};
    AriaNdArray *array = wrapped(&memory[3], "float64", FOUR, reversed, 1, 0);
    Words words;
    CHECK(aria_nd_copy_to_header(array, (AriaNdHeader *)(void *)&words) == 0);
    CHECK(words.length == 4 && words.capacity >= 4 && words.elem_size == 8);
    CHECK(words.data != (void *)memory);
    for (int i = 0; i < 1000; i++) words_push_float(&words, (double)i);
    CHECK(words_get_float(&words, 0) == 4.0 && words_get_float(&words, 1003) == 999.0);
    CHECK(memory[0] == 1.0 && memory[3] == 4.0);
    words_free(&words);
    aria_nd_release(array);

    /* Without elements, too. */
    AriaNdArray *none = aria_nd_new_or_exit("int64", -1, 0);
    CHECK(aria_nd_copy_to_header(none, (AriaNdHeader *)(void *)&words) == 0);
    CHECK(words.length == 0);
    words_push_float(&words, 1.0);
    words_free(&words);
    aria_nd_release(none);

    /* What such a runtime would read wrong is refused, and its header stays as it was. */
    float singles[] = {1.0f, 2.0f, 3.0f, 4.0f};
    AriaNdArray *single = wrapped(singles, "float32", FOUR, NULL, 1, 0);
    words.length = 77;
    CHECK(aria_nd_copy_to_header(single, (AriaNdHeader *)(void *)&words) == ARIA_ERR_REFUSED);
    CHECK(words.length == 77);
    CHECK_ERROR(ARIA_ERR_REFUSED, "aria_nd_cast");
    aria_nd_release(single);
    CHECK(released == 2);
    released = 0;
}

static void headers_come_in(void)
{
    Words words = {NULL, 0, 0, 8};
    for (int i = 0; i < 5; i++) words_push_float(&words, 1.5 * i);

    AriaNdArray *copy = aria_nd_copy_header_or_exit((const AriaNdHeader *)(void *)&words, "float64", -1);
    AriaNdArray *view =
        aria_nd_wrap_header_or_exit((const AriaNdHeader *)(void *)&words, "float64", -1, &released, count);
    words_set_float(&words, 2, -1.0);
    CHECK(aria_nd_get_float_or_exit(copy, 2) == 3.0);
    CHECK(aria_nd_get_float_or_exit(view, 2) == -1.0);
    CHECK(aria_nd_data_or_exit(view) == words.data);

    /* We append: the runtime's memory stays as it is, and the runtime's. */
    aria_nd_push_float_or_exit(view, 9.0);
    CHECK(aria_nd_data_or_exit(view) != words.data && aria_nd_len_or_exit(view) == 6);
    CHECK(released == 1); /* Nobody here holds it any more. */
    CHECK(words.length == 5 && words_get_float(&words, 4) == 6.0);
    words_free(&words);
    CHECK(aria_nd_get_float_or_exit(view, 2) == -1.0 && aria_nd_get_float_or_exit(view, 5) == 9.0);
    aria_nd_release(view);
    aria_nd_release(copy);

    /* What is refused is released once. */
    CHECK(aria_nd_wrap(&words, "float64", -1, 1, FOUR, NULL, 6, &released, count) == NULL && released == 2);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "0x6");
    CHECK(aria_nd_wrap(NULL, "float64", -1, 1, FOUR, NULL, 0, &released, count) == NULL && released == 3);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "4 elements");
    CHECK(aria_nd_wrap(&words, "float65", -1, 1, FOUR, NULL, 0, &released, count) == NULL && released == 4);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "float65");
    const int64_t huge[] = {INT64_MAX}, far[] = {INT64_MIN};
    CHECK(aria_nd_wrap(&words, "float64", -1, 1, huge, NULL, 0, &released, count) == NULL && released == 5);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "");
    CHECK(aria_nd_wrap(&words, "float64", -1, 1, FOUR, far, 0, &released, count) == NULL && released == 6);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "");
    released = 1;
    CHECK(aria_nd_copy_header(NULL, "float64", -1) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "header");
    const AriaNdHeader narrow = {&words, 4, 4, 4}, negative = {NULL, -1, 0, 8}, nothing = {NULL, 3, 3, 8};
    CHECK(aria_nd_copy_header(&narrow, "float64", -1) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "8 bytes");
    CHECK(aria_nd_copy_header(&negative, "float64", -1) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "length");
    CHECK(aria_nd_wrap_header(&nothing, "float64", -1, &released, count) == NULL);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "NULL");
    CHECK(released == 2);
    released = 0;
}

static void what_was_just_made_is_written_where_it_lies(void)
{
    AriaNdArray *zeros = aria_nd_zeros_or_exit("int64", -1, 1, FOUR), *copy = aria_nd_copy_or_exit(zeros);
    void *before = aria_nd_data_or_exit(zeros), *other = aria_nd_data_or_exit(copy);
    aria_nd_set_int_or_exit(zeros, 3, 8);
    aria_nd_set_int_or_exit(copy, 0, 9);
    CHECK(aria_nd_data_or_exit(zeros) == before && words_get_int(seen(zeros), 3) == 8);
    CHECK(aria_nd_data_or_exit(copy) == other && words_get_int(seen(copy), 0) == 9);
    aria_nd_push_int_or_exit(zeros, 5);
    CHECK(aria_nd_len_or_exit(zeros) == 5 && words_get_int(seen(zeros), 4) == 5);
    CHECK(aria_nd_set_float(zeros, 0, 1.0) == ARIA_ERR_REFUSED);
    CHECK_ERROR(ARIA_ERR_REFUSED, "float64");
    CHECK(aria_nd_set_int(zeros, 5, 1) == ARIA_ERR_ARGUMENT);
    CHECK_ERROR(ARIA_ERR_ARGUMENT, "5");
    aria_nd_release(copy);
    aria_nd_release(zeros);
}

static void growing_spares_what_others_hold(void)
{
    AriaNdArray *array = aria_nd_new_or_exit("float64", -1, 4);
    for (int i = 0; i < 3; i++) aria_nd_push_float_or_exit(array, (double)i);
    void *before = aria_nd_data_or_exit(array);
    aria_nd_push_float_or_exit(array, 3.0); /* There was room: nothing moved. */
    aria_nd_set_float_or_exit(array, 0, -5.0);
    CHECK(aria_nd_data_or_exit(array) == before && aria_nd_exports_or_exit(array) == 0);
    read_right(array);

    AriaNdArray *other = aria_nd_retain_or_exit(array);
    CHECK(aria_nd_data_or_exit(other) == before && aria_nd_exports_or_exit(array) == 1);
    aria_nd_set_float_or_exit(array, 1, 100.0);
    CHECK(aria_nd_data_or_exit(array) != before && aria_nd_get_float_or_exit(other, 1) == 1.0);
    CHECK(aria_nd_exports_or_exit(array) == 0 && aria_nd_exports_or_exit(other) == 0);
    aria_nd_push_float_or_exit(other, 4.0);
    CHECK(aria_nd_len_or_exit(array) == 4 && aria_nd_len_or_exit(other) == 5);
    read_right(other);
    aria_nd_release(other);

    /* A pointer that a reader kept while others hold the memory stays good. */
    other = aria_nd_retain_or_exit(array);
    const double *kept = (const double *)aria_nd_data_or_exit(other);
    for (int i = 0; i < 100000; i++) aria_nd_push_float_or_exit(array, 1.0);
    CHECK(kept[1] == 100.0 && aria_nd_len_or_exit(other) == 4);
    CHECK(aria_nd_reserve(array, 200000) == 0 && aria_nd_capacity_or_exit(array) >= 200000);
    read_right(array);
    aria_nd_release(other);
    aria_nd_release(array);

    double memory[] = {1.0, 2.0, 3.0, 4.0};
    AriaNdArray *foreign = wrapped(memory, "float64", FOUR, NULL, 1, 0);
    aria_nd_set_float_or_exit(foreign, 0, 42.0);
    CHECK(memory[0] == 1.0 && aria_nd_get_float_or_exit(foreign, 0) == 42.0 && released == 1);
    aria_nd_release(foreign);
    AriaNdArray *readonly = wrapped(memory, "float64", FOUR, NULL, 1, ARIA_ND_WRAP_READONLY);
    CHECK(aria_nd_push_float(readonly, 5.0) == ARIA_ERR_REFUSED);
    CHECK_ERROR(ARIA_ERR_REFUSED, "read-only");
    CHECK(aria_nd_set_float(readonly, 0, 5.0) == ARIA_ERR_REFUSED);
    CHECK_ERROR(ARIA_ERR_REFUSED, "read-only");
    CHECK(aria_nd_reserve(readonly, 50) == ARIA_ERR_REFUSED);
    CHECK_ERROR(ARIA_ERR_REFUSED, "read-only");
    aria_nd_release(readonly);
    CHECK(released == 2);
    released = 0;
}

int main(void)
{
    what_is_read_is_read_right_or_empty();
    what_is_grown_or_freed_is_a_copy();
    headers_come_in();
    what_was_just_made_is_written_where_it_lies();
    growing_spares_what_others_hold();
    CHECK(aria_bridge_error_pending() == 0);
    return 0;
}
