/* The files of a session, and how a batch gets into them exactly once.
 *
 * A batch is the text of the records of one ring from its head up to `until`. To land it: look how long the files are;
 * note that, and the text's lengths, in the ring's header; write; advance head. Whoever finds the process killed in
 * between sees from the files' lengths whether the batch landed, in part or not at all, cuts off a part, and writes the
 * same records again. Only one batch of a session is on its way at any time, so a part is always the file's end. A
 * recovery therefore settles the batch that was on its way before it writes anything else; and where the part of a
 * batch that failed could not be cut off again, no ring's batch lands until that is done. */
#ifndef AFMON_INGEST_LANDING_H
#define AFMON_INGEST_LANDING_H

#include "base/buffer.h"
#include "ingest/ring.h"
#include "ingest/session.h"

/* What is known of one of them (presence.h). */
struct afmon_landing_file {
    struct afmon_session_file is;
    bool watched;   /* it is a live monitor's, which notices what others do to it */
    int64_t size;   /* of one that is watched: after what was written last */
    uint64_t lines; /* likewise: so many of those that are in it were written here */
};

enum { AFMON_METRICS_FILE, AFMON_LOG_FILE, AFMON_RUN_FILES };

struct afmon_run_files {
    int metrics; /* -1: not written */
    int log;
    struct afmon_landing_file file[AFMON_RUN_FILES];
    bool careful; /* the last batch did not fit: the next one is written only once there is room for all of it */
    struct afmon_ring *torn; /* whose batch may have left a part behind that could not be cut off; NULL: none */
    struct afmon_note torn_note;
    bool log_torn; /* the same of what was said, which belongs to no ring: the log is to be cut off at log_end */
    int64_t log_end;
};

static inline int afmon_run_files_fd(const struct afmon_run_files *files, int which)
{
    return which == AFMON_METRICS_FILE ? files->metrics : files->log;
}

/* Opens (creates) the files for appending. An empty name: not written. Names that are symbolic links are refused.
 * Returns 0 or errno, and then *failed is the name of the file. */
int afmon_run_files_open(struct afmon_run_files *files, int folder, const char *metrics_file, const char *log_file,
                         const char **failed);

/* Opens one file by its name, as above; 0 or errno. */
int afmon_run_file_open(int folder, const char *name, int *out);

/* Ends a last line without its end, left by a crash of the whole machine or by another program, where it is whole, else
 * cuts it off; what was cut off is added to removed (may be NULL). Before new text is appended, and after dead sessions
 * were recovered. Returns 0 or errno. */
int afmon_run_files_repair(const struct afmon_run_files *files, struct afmon_buffer *removed);
void afmon_run_files_close(struct afmon_run_files *files);

/* Cuts off the part of a batch, or of what was said, that is still there. 0 or errno. Before anything else is done to
 * the files. */
int afmon_run_files_mend(struct afmon_run_files *files);

/* Lands a batch. 0, or errno; then nothing of it is in the files and it may be tried again. The ring's head is at until
 * afterwards. ENOLINK, of files that are watched: one has lost its name or its end, and is to be looked at
 * (presence.h) before the next try. While the disk stays full, only the first try leaves a part of a batch where a
 * reader may see it, until it is cut off. */
int afmon_land(struct afmon_run_files *files, struct afmon_ring *ring, const struct afmon_buffer *metrics,
               const struct afmon_buffer *log, uint64_t until);

/* Appends text to the log that belongs to no ring: while no batch is on its way. 0, or errno; then nothing of it is in
 * the file, or nothing lands until that is cut off. */
int afmon_run_files_say(struct afmon_run_files *files, const struct afmon_buffer *text);

/* What became of a batch that was on its way when its process was killed. */
struct afmon_landed {
    uint64_t until; /* where it ended; equal to head where there was none */
    bool metrics;   /* its metrics landed (or there were none) */
    bool log;
};

/* Finds out, and cuts off what landed in part. Returns 0 or errno. */
int afmon_landing_settle(const struct afmon_run_files *files, struct afmon_ring *ring, struct afmon_landed *landed);

/* The same without changing anything; for rings that are only read. A part counts as not landed. */
int afmon_landing_look(const struct afmon_run_files *files, const struct afmon_ring *ring, struct afmon_landed *landed);

#endif
