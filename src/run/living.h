/* Which processes write into a run folder. */
#ifndef AFMON_RUN_LIVING_H
#define AFMON_RUN_LIVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFMON_LIVING_MAX 64

struct afmon_living {
    size_t living;                      /* their locks are held */
    size_t dead;                        /* they left what recovery would find */
    uint64_t dead_serials;              /* their sum: another one where others are dead */
    uint64_t serials[AFMON_LIVING_MAX]; /* of the first living ones */
};

/* Looks at the session files, by the rule of afmon_session_is_alive. */
void afmon_living_look(const char *folder, struct afmon_living *sessions);

/* Whether the session of that serial may live. */
bool afmon_living_may_live(const struct afmon_living *sessions, uint64_t serial);

#endif
