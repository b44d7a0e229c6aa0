#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

int afmon_random(void *bytes, size_t size)
{
    return getentropy(bytes, size) == 0 ? 0 : errno;
}
