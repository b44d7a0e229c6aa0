/* What is kept of a run's log to be shown: the last lines. */
#ifndef AFMON_LIVE_LOG_H
#define AFMON_LIVE_LOG_H

#include "model/log_line.h"

#define AFMON_LOG_KEPT ((size_t)1000)

struct afmon_kept_line {
    uint64_t number;
    int64_t time_ns;
    afmon_level level;
    bool routine;
    uint32_t message_length;
    uint32_t data_length;
    char text[]; /* message, then data */
};

/* Lines in order of time, the oldest first; those of the same time in the order in which they came. */
struct afmon_kept_lines {
    struct afmon_kept_line **lines;
    size_t count;
    size_t most;
    size_t bytes; /* of their texts: at most AFMON_LOG_KEPT for each line that there may be */
};

struct afmon_live_log {
    struct afmon_log_scratch scratch;
    struct afmon_kept_lines routine; /* generations and evaluations that went well must not push out what matters */
    struct afmon_kept_lines notable;
    uint64_t line_count;
    uint64_t last_number;
    int64_t last_ns; /* time of the line before, for lines without one */
};

/* Takes a line. AFMON_OK or AFMON_E_NO_MEMORY. */
afmon_status afmon_live_log_take(struct afmon_live_log *log, const char *line, size_t length, bool older);

/* No room for so many bytes of text more, but in the place of older lines. */
bool afmon_kept_lines_is_full(const struct afmon_kept_lines *kept, size_t more);

/* Keeps a line where it is among the latest; false: no memory. */
bool afmon_kept_lines_add(struct afmon_kept_lines *kept, const afmon_live_log_line *line);
void afmon_kept_lines_free(struct afmon_kept_lines *kept);

/* As afmon_live_log with search_files, without a follower: the logs of a folder as they are now. AFMON_E_SYSTEM where
 * the folder cannot be read. */
afmon_status afmon_live_log_of_folder(const char *folder, const afmon_live_log_query *query,
                                      int (*visit)(void *user, const afmon_live_log_line *line), void *user,
                                      bool *complete, afmon_error *error);

size_t afmon_live_log_bytes(const struct afmon_live_log *log);
void afmon_live_log_free(struct afmon_live_log *log);

#endif
