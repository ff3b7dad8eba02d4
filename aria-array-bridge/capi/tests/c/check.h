/* Checks that say where they stand, and end the program. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);         \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

/* The error that waits has this code, and this in its message; it is taken. */
#define CHECK_ERROR(wanted, part)                                                            \
    do {                                                                                     \
        AriaBridgeError *error_ = aria_bridge_error_take();                                  \
        CHECK(error_ != NULL);                                                               \
        char *message_ = aria_bridge_error_message(error_);                                  \
        if (aria_bridge_error_code(error_) != (wanted) || strstr(message_, part) == NULL) {  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, message_);                    \
            exit(1);                                                                         \
        }                                                                                    \
        aria_bridge_text_release(message_);                                                  \
        aria_bridge_error_release(error_);                                                   \
    } while (0)

#endif
