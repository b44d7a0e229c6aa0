#include "check.h"

/* AFMON_TEST=NAME runs the test functions of that name; `*` and `?` stand for any characters and for one. */
__attribute__((constructor)) static void afmon_test_only(void)
{
    const char *name = getenv("AFMON_TEST");
    if (name != NULL && name[0] != '\0')
        cmocka_set_test_filter(name);
}
