/* Which processes write into a run folder. */
#ifndef AFMON_LIVE_SESSIONS_H
#define AFMON_LIVE_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFMON_LIVE_SERIALS 64

struct afmon_live_sessions {
    size_t living;                        /* their locks are held */
    size_t dead;                          /* they left what recovery would find */
    uint64_t dead_serials;                /* their sum: another one where others are dead */
    uint64_t serials[AFMON_LIVE_SERIALS]; /* of the first living ones */
};

/* Looks at the session files, by the rule of afmon_session_is_alive. */
void afmon_live_look_at_sessions(const char *folder, struct afmon_live_sessions *sessions);

/* Whether the session of that serial may live. */
bool afmon_live_session_may_live(const struct afmon_live_sessions *sessions, uint64_t serial);

#endif
