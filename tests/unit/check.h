/* What every unit test includes: cmocka, which wants these before itself. */
#ifndef AFMON_TESTS_CHECK_H
#define AFMON_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The bytes at data are those of the C string. */
#define assert_text(data, length, expected)                                                                            \
    do {                                                                                                               \
        assert_int_equal((length), strlen(expected));                                                                  \
        assert_memory_equal((data), (expected), strlen(expected));                                                     \
    } while (0)

#endif
