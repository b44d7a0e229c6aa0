/* Bytes that cannot be guessed. */
#ifndef AFMON_BASE_RANDOM_H
#define AFMON_BASE_RANDOM_H

#include <stddef.h>

/* Fills size bytes, at most 256. 0, or an errno: this kernel or sandbox gives none. */
int afmon_random(void *bytes, size_t size);

#endif
