/* Packed fields as an array, whose memory serves one set after the other. */
#ifndef AFMON_CATALOG_UNPACKED_H
#define AFMON_CATALOG_UNPACKED_H

#include <afmon/afmon.h>

struct afmon_unpacked {
    afmon_field *fields;
    size_t count;
    size_t capacity;
};

/* Puts the fields in place of those before. A zeroed struct to begin with. The texts stay where they are packed. False:
 * no memory; those that there was room for are there. */
bool afmon_unpack(struct afmon_unpacked *unpacked, const void *packed, size_t length);

/* Puts a field behind them, which is not counted and is gone with the next set. False: no memory. */
bool afmon_unpacked_append(struct afmon_unpacked *unpacked, const afmon_field *field);
void afmon_unpacked_free(struct afmon_unpacked *unpacked);

#endif
