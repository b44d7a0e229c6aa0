/* Room on a disk, asked for before it is needed. */
#ifndef AFMON_BASE_ROOM_H
#define AFMON_BASE_ROOM_H

#include <stdint.h>

/* Makes sure of room for so many bytes of a file from `at` on; its length stays as it is. 0, also where the file system
 * cannot be asked; or errno. Any thread. */
int afmon_reserve_room(int fd, int64_t at, uint64_t length);

#endif
