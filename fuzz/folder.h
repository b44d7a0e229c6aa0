/* A run folder for one input after the other: in memory where the machine has such a place, for speed. */
#ifndef AFMON_FUZZ_FOLDER_H
#define AFMON_FUZZ_FOLDER_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

/* The folder of this process; it is removed at the end. Owned by the callee. */
const char *fuzz_folder(void);

/* Empties it. */
void fuzz_folder_clear(void);

/* Writes a file in it; replace: as another file of that name. */
void fuzz_folder_write(const char *name, const void *data, size_t size, int flags);

#endif
