/* What the C++ library of this compiler asks of a newer C library than the one that it is linked with here
 * (tools/wheels). Hidden in libafmon.so, and only in one that is built so. */
#include <stdint.h>
#include <stdlib.h>

#include "base/random.h"

extern char __libc_single_threaded;
int _dl_find_object(void *address, void *found);
uint32_t arc4random(void);

/* Never known to have one thread: reference counts are atomic. */
char __libc_single_threaded = 0;

/* Nothing found. It is asked where an exception passes, and neither to_chars nor from_chars throws any. */
int _dl_find_object(void *address, void *found)
{
    (void)address;
    (void)found;
    return -1;
}

/* Of std::random_device, which nothing here uses. */
uint32_t arc4random(void)
{
    uint32_t number = 0;
    return afmon_random(&number, sizeof number) == 0 ? number : 0;
}
