/* What the programs with Python share: expressions of Python, and checks of what came of them. */
#ifndef PYTHON_H
#define PYTHON_H

#include "aria_array_bridge.h"
#include "check.h"

static AriaPy *builtins; /* The module, from the start of Python on. */

/* eval(code) */
static inline AriaPy *eval(const char *code)
{
    AriaPyArgs *args = aria_py_args_new();
    aria_py_args_str(args, code, -1);
    return aria_py_call_method_or_exit(builtins, "eval", -1, args);
}

/* The object's repr is this; the object is released. */
static inline void check_repr(AriaPy *object, const char *wanted, int line)
{
    char *text = aria_py_repr_or_exit(object);
    if (strcmp(text, wanted) != 0) {
        fprintf(stderr, "line %d: expected %s but found %s\n", line, wanted, text);
        exit(1);
    }
    aria_bridge_text_release(text);
    aria_py_release(object);
}
#define SHOWS(object, wanted) check_repr(object, wanted, __LINE__)

/* The text is this; it is released. */
static inline void check_text(char *text, const char *wanted, int line)
{
    if (text == NULL || strcmp(text, wanted) != 0) {
        fprintf(stderr, "line %d: expected %s but found %s\n", line, wanted, text ? text : "NULL");
        exit(1);
    }
    aria_bridge_text_release(text);
}
#define SAYS(text, wanted) check_text(text, wanted, __LINE__)

#endif
