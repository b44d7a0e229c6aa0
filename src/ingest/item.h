/* An item that is being made, as records know it. */
#ifndef AFMON_INGEST_ITEM_H
#define AFMON_INGEST_ITEM_H

#include <stdatomic.h>

#include <afmon/afmon.h>

struct afmon_item {
    afmon_monitor *monitor;
    int64_t began_ns; /* afmon_boot_ns */
    double took_s;    /* NaN: as the clock says */
    _Atomic uint32_t attempt;
    char *kind;
    uint32_t packed_length;
    unsigned char packed[]; /* the field that names it (catalog/fields.h) */
};

/* What an item adds to the packed fields of a call: its attempt, where that is above 1, and its id, which comes last.
 */
size_t afmon_item_packed_size(const struct afmon_item *item, uint32_t attempt);
unsigned char *afmon_item_pack(unsigned char *out, const struct afmon_item *item, uint32_t attempt);

#endif
