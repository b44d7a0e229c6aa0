/* Between the parts of a session. */
#ifndef AFMON_INGEST_SESSION_INTERNAL_H
#define AFMON_INGEST_SESSION_INTERNAL_H

#include "ingest/session.h"

/* What a session would like to call its files; NULL: it writes none of that kind. */
struct afmon_session_wishes {
    const char *metrics;
    const char *log;
};

/* Makes a session's file in its private folder, whose lock is held: serial, names of its files, descriptor. 0 or errno,
 * and then a descriptor may be left to close. */
int afmon_session_make(struct afmon_session *session, const struct afmon_session_wishes *wishes);

/* Takes the lock of its file, or finds that this file system has none. 0 or errno. */
int afmon_session_lock_file(struct afmon_session *session);

#endif
