/* Makes one allocation of the code under test fail.
 *
 * Programs that use it are linked with fail_alloc.c and the options wrap_alloc of tests/unit/meson.build,
 * which redirect the calls of everything that is linked into the program itself (libafmon's static library and the
 * test), but not those within shared libraries. Works under AddressSanitizer and ThreadSanitizer.
 *
 * Allocations of all threads are counted together. The typical test:
 *
 *     for (long n = 1;; n++) {
 *         fail_alloc_at(n);
 *         status = the_call();
 *         if (!fail_alloc_stop())
 *             break;                     it needs fewer than n allocations: each has failed once
 *         ... status says so, nothing leaks, a further call works ...
 *     }
 */
#ifndef AFMON_TESTS_FAIL_ALLOC_H
#define AFMON_TESTS_FAIL_ALLOC_H

#include <stdbool.h>

/* From now on counts allocations; the n-th (1: the next) fails, earlier and later ones do not. */
void fail_alloc_at(long n);

/* The same, but every allocation from the n-th on fails. */
void fail_alloc_from(long n);

/* Ends that. True where an allocation has failed since the call that began it. */
bool fail_alloc_stop(void);

/* Allocations counted since fail_alloc_at or _from. */
long fail_alloc_count(void);

#endif
