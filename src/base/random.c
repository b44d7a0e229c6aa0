#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

int afmon_random(void *bytes, size_t size)
{
    errno = 0;
    if (getrandom(bytes, size, 0) == (ssize_t)size)
        return 0;
    return errno != 0 ? errno : EIO;
}
