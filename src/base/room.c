#include "base/room.h"

#include <errno.h>
#include <fcntl.h>

int afmon_reserve_room(int fd, int64_t at, uint64_t length)
{
#ifdef FALLOC_FL_KEEP_SIZE
    int refused = 0;
    do
        refused = fallocate(fd, FALLOC_FL_KEEP_SIZE, at, (off_t)length) == 0 ? 0 : errno;
    while (refused == EINTR);
    return refused == EOPNOTSUPP || refused == ENOSYS ? 0 : refused;
#else
    (void)fd, (void)at, (void)length;
    return 0;
#endif
}
