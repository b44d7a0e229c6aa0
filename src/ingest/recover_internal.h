/* Between the parts of recovery. */
#ifndef AFMON_INGEST_RECOVER_INTERNAL_H
#define AFMON_INGEST_RECOVER_INTERNAL_H

#include "ingest/known.h"
#include "ingest/landing.h"
#include "ingest/recover.h"
#include "ingest/render.h"

#define AFMON_RESCUE_BATCH (UINT64_C(256) << 10)

/* As afmon_recover_folder, on a private folder whose lock is held; folder is its name, for messages. */
afmon_status afmon_recover_locked(const struct afmon_private *place, const char *folder, struct afmon_recovery *result,
                                  afmon_error *error);

/* One dead session on its way into the files. */
struct afmon_rescue {
    const struct afmon_private *place;
    const struct afmon_session_record *session;
    struct afmon_definitions definitions;
    struct afmon_run_files files;
    int renamed_metrics; /* the file that the session wrote, where others have given it another name; -1: they have not,
                            or it is not in the run folder */
    int renamed_log;
    struct afmon_renderer renderer;
    bool copied; /* the files are not those that the session wrote: of a copy, where they and the rings may be of
                    different instants, or in the place of others that were renamed, replaced or removed */
    struct afmon_known metrics; /* of a copy: which of the rings' lines stand in the files */
    struct afmon_known log;
    int64_t metrics_from; /* of a copy: from here on lines may be such as the rings do not know of */
    int64_t log_from;
    uint64_t records;
    size_t older; /* files that end before a batch that landed in them */
    int failure;  /* errno of what went wrong first */
    bool damaged; /* a ring made no sense */
};

/* Reads the definitions and opens the session's files, for writing or not. 0 or errno; to be closed whatever it
 * returns.
 */
int afmon_rescue_open(struct afmon_rescue *rescue, const struct afmon_private *place,
                      const struct afmon_session_record *session, bool writable);
void afmon_rescue_close(struct afmon_rescue *rescue);

/* Of a copy, before its records are taken: finds out which of them stand in the files. 0 or errno. */
int afmon_rescue_compare(struct afmon_rescue *rescue);

/* Renders the records from `from` on, up to `until` or about so many bytes (UINT64_MAX: all, however long their text
 * gets). Returns where it stopped; `from` itself where memory was short or the record there makes no sense (then *bad).
 */
uint64_t afmon_rescue_render(struct afmon_rescue *rescue, const struct afmon_ring *ring, uint64_t from, uint64_t until,
                             uint64_t budget, uint64_t *records, bool *bad);

/* Puts a session into the files (rescue.c). 0 or errno. */
int afmon_rescue_session(const struct afmon_private *place, const struct afmon_session_record *session,
                         struct afmon_recovery *result);

#endif
