/* Are the files of a session still those of their names?
 *
 * Other programs rename, remove, replace and cut off the files of a running monitor (logrotate, rm, sed -i), put
 * something else in their place, or close descriptors that are not theirs (a daemon that closes all). The monitor looks
 * before each batch: what it writes next goes into a file of the right name, and never into a descriptor that belongs
 * to somebody else now. */
#ifndef AFMON_INGEST_PRESENCE_H
#define AFMON_INGEST_PRESENCE_H

#include "ingest/landing.h"

enum afmon_file_change {
    AFMON_FILE_SAME = 0,
    AFMON_FILE_REMOVED,
    AFMON_FILE_RENAMED,  /* what was written is in a file of another name */
    AFMON_FILE_REPLACED, /* something else has the name, and what was written has none any more */
    AFMON_FILE_CUT,      /* it is shorter than it was */
    AFMON_FILE_CLOSED,   /* its descriptor is closed, or belongs to another file */
};

struct afmon_file_news {
    enum afmon_file_change change; /* _SAME: there are none */
    char name[AFMON_FILE_NAME];    /* under which it was written */
    uint64_t written;              /* lines that were in it, of those that were written here */
    uint64_t lost;                 /* so many of these are in no file any more: at least */
};

/* Begins to watch files that were opened in this folder, once what stood at their end is repaired. */
void afmon_run_files_watch(struct afmon_run_files *files, int folder);

/* Looks at both files in the session's run folder, and opens anew what is gone; where something that cannot be written
 * has the name (a folder, a link), a file of the session's own name (afmon_session_name_file). Fills news, one a file.
 * Returns 0, or errno where nothing may be written now: then what is in news has happened nevertheless, and the next
 * call tries again. Before each batch, by the thread that writes. */
int afmon_run_files_look(struct afmon_run_files *files, const struct afmon_session *session,
                         struct afmon_file_news news[AFMON_RUN_FILES]);

/* Notes that a batch of so many lines has landed. */
void afmon_run_files_landed(struct afmon_run_files *files, uint64_t metrics_lines, uint64_t log_lines);

#endif
