#include "fail_alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

static struct {
    atomic_bool counting;
    atomic_bool fired;
    atomic_bool for_ever;
    atomic_long count;
    atomic_long target;
} plan;

static void begin(long n, bool for_ever)
{
    atomic_store(&plan.counting, false);
    atomic_store(&plan.fired, false);
    atomic_store(&plan.for_ever, for_ever);
    atomic_store(&plan.count, 0);
    atomic_store(&plan.target, n);
    atomic_store(&plan.counting, true);
}

void fail_alloc_at(long n)
{
    begin(n, false);
}

void fail_alloc_from(long n)
{
    begin(n, true);
}

bool fail_alloc_stop(void)
{
    atomic_store(&plan.counting, false);
    return atomic_load(&plan.fired);
}

long fail_alloc_count(void)
{
    return atomic_load(&plan.count);
}

static bool must_fail(void)
{
    if (!atomic_load(&plan.counting))
        return false;
    long number = atomic_fetch_add(&plan.count, 1) + 1;
    long target = atomic_load(&plan.target);
    if (number != target && !(number > target && atomic_load(&plan.for_ever)))
        return false;
    atomic_store(&plan.fired, true);
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return must_fail() ? NULL : __real_aligned_alloc(alignment, size);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    return must_fail() ? ENOMEM : __real_posix_memalign(memory, alignment, size);
}

char *__wrap_strndup(const char *text, size_t length)
{
    size_t kept = strnlen(text, length);
    char *copy = __wrap_malloc(kept + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, kept);
    copy[kept] = '\0';
    return copy;
}

char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, strlen(text));
}
