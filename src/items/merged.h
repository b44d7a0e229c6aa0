/* Samples that name an item, of all metrics files of a run together, the newest first: of each file in the order of its
 * lines, of several files by their times. */
#ifndef AFMON_ITEMS_MERGED_H
#define AFMON_ITEMS_MERGED_H

#include "catalog/unpacked.h"
#include "items/back.h"
#include "model/items.h"
#include "run/recorded.h"
#include "store/reader.h"

struct afmon_merged_file {
    struct afmon_back back;
    struct afmon_reader *reader;
    struct afmon_unpacked fields;
    struct afmon_read_sample read;
    struct afmon_sample_facts facts;
    struct afmon_item_sample sample; /* the next one, where `there` */
    uint32_t number;                 /* afmon_run_file_of */
    bool begun;
    bool there;
};

struct afmon_merged {
    struct afmon_merged_file *files;
    size_t count;
    struct afmon_merged_file *current;
    int64_t next_ns;  /* of the newest sample of the others; INT64_MIN: there is none */
    const char *only; /* samples of that item alone; NULL: of all. The caller's */
    uint64_t only_id;
    uint64_t bytes;
    uint64_t samples; /* that were given */
};

/* files must outlive it. only: samples of the item of that id alone; NULL: of all items. To be freed whatever this
 * returns. AFMON_E_NO_MEMORY. */
afmon_status afmon_merged_open(struct afmon_merged *merged, struct afmon_recorded *files, const char *only);
void afmon_merged_free(struct afmon_merged *merged);

/* The next sample, valid until the next call; *file is NULL where there is none. */
afmon_status afmon_merged_next(struct afmon_merged *merged, struct afmon_merged_file **file, afmon_error *error);

/* Bytes of the files that were read, of `bytes`. */
uint64_t afmon_merged_done(const struct afmon_merged *merged);

#endif
