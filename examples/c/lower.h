/*
 * What the sessions here have of a compiler: arguments in one line, where it would emit a call for each, and a line of
 * output. Errors end the program with their traceback, and handles are released by the scope that they come in.
 */
#ifndef LOWER_H
#define LOWER_H

#include "aria_array_bridge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * One letter for each argument: p an object, a an array, s a text, i an int, d a double, b a bool, r a range (two ints); `=`
 * stands before the letter of a keyword argument, whose name comes first. Spaces say nothing.
 */
static inline AriaPyArgs *args(const char *letters, ...)
{
    AriaPyArgs *pushed = aria_py_args_new();
    va_list rest;
    va_start(rest, letters);
    for (; *letters; letters++) {
        switch (*letters) {
        case '=': aria_py_args_name(pushed, va_arg(rest, const char *), -1); break;
        case 'p': aria_py_args_object(pushed, va_arg(rest, AriaPy *)); break;
        case 'a': aria_py_args_array(pushed, va_arg(rest, AriaNdArray *)); break;
        case 's': aria_py_args_str(pushed, va_arg(rest, const char *), -1); break;
        case 'i': aria_py_args_int(pushed, va_arg(rest, int)); break;
        case 'd': aria_py_args_float(pushed, va_arg(rest, double)); break;
        case 'b': aria_py_args_bool(pushed, va_arg(rest, int)); break;
        case 'r': {
            const int start = va_arg(rest, int);
            aria_py_args_range(pushed, start, va_arg(rest, int), 1);
            break;
        }
        }
    }
    va_end(rest);
    return pushed;
}

/* object.name(...) */
static inline AriaPy *call(AriaPy *object, const char *name, AriaPyArgs *pushed)
{
    return aria_py_call_method_or_exit(object, name, -1, pushed);
}

/* object.name */
static inline AriaPy *get(AriaPy *object, const char *name)
{
    return aria_py_getattr_or_exit(object, name, -1);
}

/* object[...] */
static inline AriaPy *item(AriaPy *object, AriaPyArgs *key)
{
    return aria_py_getitem_or_exit(object, key);
}

/* An Array<Float> of these numbers. */
static inline AriaNdArray *floats(int64_t len, const double *numbers)
{
    AriaNdArray *array = aria_nd_new_or_exit("float64", -1, len);
    for (int64_t i = 0; i < len; i++) aria_nd_push_float_or_exit(array, numbers[i]);
    return array;
}

/* An Array<Int> of these numbers. */
static inline AriaNdArray *ints(int64_t len, const int64_t *numbers)
{
    AriaNdArray *array = aria_nd_new_or_exit("int64", -1, len);
    for (int64_t i = 0; i < len; i++) aria_nd_push_int_or_exit(array, numbers[i]);
    return array;
}

/* A function of the program with one parameter. */
static inline AriaPy *lambda(AriaPyFunction function, const char *parameter)
{
    AriaPyDef *definition = aria_py_def_new_or_exit("lambda", -1, function, NULL, NULL);
    aria_py_def_param(definition, parameter, -1);
    return aria_py_callable_or_exit(definition);
}

/* The next operations are of this line, which tracebacks and warnings show. */
static inline void line(const char *file, int number)
{
    static int64_t place;
    aria_py_place_leave(place);
    place = aria_py_place_enter_or_exit(file, "main", number);
}

/* A line of output: as in `args`, where l is an int64_t; an object is shown as its str. */
static inline void println(const char *letters, ...)
{
    va_list rest;
    va_start(rest, letters);
    for (const char *letter = letters; *letter; letter++) {
        if (letter != letters) putchar(' ');
        switch (*letter) {
        case 's': fputs(va_arg(rest, const char *), stdout); break;
        case 'l': printf("%lld", (long long)va_arg(rest, int64_t)); break;
        case 'b': fputs(va_arg(rest, int) ? "true" : "false", stdout); break;
        case 'p': fputs(aria_py_str_or_exit(va_arg(rest, AriaPy *)), stdout); break;
        case 'd': fputs(aria_py_str_or_exit(aria_py_from_float_or_exit(va_arg(rest, double))), stdout); break;
        }
    }
    va_end(rest);
    putchar('\n');
}

#endif
