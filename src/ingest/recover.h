/* What a killed process left in a run folder. */
#ifndef AFMON_INGEST_RECOVER_H
#define AFMON_INGEST_RECOVER_H

#include <afmon/afmon.h>

struct afmon_recovery {
    uint64_t records; /* put into the files by this call */
    bool live;        /* some session in the folder belongs to a living process */
    size_t damaged;   /* files that are kept there because they make no sense, and rings whose session is missing */
    bool left_behind; /* a dead session remains, because the folder could not be written: use afmon_recover_peek */
};

/* Puts what dead sessions left into the files of the folder, exactly once, whoever else tries at the same time. A
 * folder without any is fine, and costs one look. */
afmon_status afmon_recover_folder(const char *folder, struct afmon_recovery *result, afmon_error *error);

/* For a folder that cannot be written: visits each sample that dead sessions left and that is in no file. name and
 * packed fields (catalog/fields.h) are valid during the call. */
typedef int (*afmon_peek_visit)(void *user, const char *name, size_t name_length, double value, int64_t wall_us,
                                const void *packed, size_t packed_length);
afmon_status afmon_recover_peek(const char *folder, afmon_peek_visit visit, void *user, afmon_error *error);

#endif
