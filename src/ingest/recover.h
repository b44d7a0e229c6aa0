/* What a killed process left in a run folder. */
#ifndef AFMON_INGEST_RECOVER_H
#define AFMON_INGEST_RECOVER_H

#include <afmon/afmon.h>

#include "base/buffer.h"
#include "ingest/session.h"

struct afmon_recovery {
    uint64_t records; /* put into the files by this call */
    bool live;        /* some session in the folder belongs to a living process */
    size_t damaged;   /* files that are kept there because they make no sense, and rings whose session is missing */
    size_t older;     /* files that are older than a ring of theirs: of a copy whose parts are of different instants */
    int unreadable;   /* errno why the private folder cannot be looked into: it is a file, a link, or secret */
    bool left_behind; /* a dead session remains, because the folder could not be written: use afmon_recover_peek */
};

/* Puts what dead sessions left into the files of the folder, exactly once, whoever else tries at the same time. A
 * folder without any is fine, and costs one look. */
afmon_status afmon_recover_folder(const char *folder, struct afmon_recovery *result, afmon_error *error);

/* What a recovery would do to a file of a folder that cannot be written. */
struct afmon_left_file {
    char name[AFMON_FILE_NAME];
    bool log;
    int64_t end;              /* it would be cut off here: what stands behind is a part of a batch */
    struct afmon_buffer text; /* the lines that it would get */
};
struct afmon_left {
    struct afmon_left_file *files;
    size_t count;
    size_t damaged; /* rings that make no sense */
    size_t older;   /* as in a recovery */
    size_t unread;  /* rings that may not be read */
};

/* For a folder that cannot be written: what is in no file, and what of the files is not to be counted. *left is to be
 * freed whatever this returns. In bounded memory, and piece by piece: peek.h. */
afmon_status afmon_recover_peek(const char *folder, struct afmon_left *left, afmon_error *error);
void afmon_left_free(struct afmon_left *left);

/* What is said of the file of that name; NULL: nothing. */
struct afmon_left_file *afmon_left_find(const struct afmon_left *left, const char *name);

#endif
