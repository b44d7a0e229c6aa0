/* Which processes write into a run folder. */
#ifndef AFMON_LIVE_SESSIONS_H
#define AFMON_LIVE_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFMON_LIVE_SERIALS 64

struct afmon_live_sessions {
    size_t living;                        /* not certainly dead */
    size_t dead;                          /* their processes have ended, and left what recovery would find */
    uint64_t serials[AFMON_LIVE_SERIALS]; /* of the first living ones */
};

/* Looks at the session files. Unlike recovery, which tries their locks, this takes none, not even for a moment. */
void afmon_live_look_at_sessions(const char *folder, struct afmon_live_sessions *sessions);

/* Whether the session of that serial may live. */
bool afmon_live_session_may_live(const struct afmon_live_sessions *sessions, uint64_t serial);

#endif
