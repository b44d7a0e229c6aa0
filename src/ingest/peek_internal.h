/* Between peek.c and peek_look.c. */
#ifndef AFMON_INGEST_PEEK_INTERNAL_H
#define AFMON_INGEST_PEEK_INTERNAL_H

#include "ingest/peek.h"
#include "ingest/recover_internal.h"

struct afmon_peek_session {
    uint64_t serial;
    size_t files[2];  /* metrics and log */
    int64_t sizes[2]; /* of these, when the folder was opened */
    bool goes_on[2];  /* what a batch that was on its way lacks there comes first */
    bool unended[2];  /* their last line lacks its newline, and will get one */
    size_t lines[2];  /* length of that line, where it is given with its newline; 0: it is too long, and followers wait
                         for its end */
};

struct afmon_peek_state {
    struct afmon_private place;
    struct afmon_peek_session *sessions;
    size_t session_count;
    size_t session; /* that is being read */
    bool open;      /* what follows, of that session */
    struct afmon_session_record record;
    struct afmon_rescue rescue;
    char (*rings)[AFMON_FILE_NAME]; /* an empty name: it makes no sense */
    size_t ring_count;
    size_t ring_index;
    bool rest; /* of two rounds over the rings: the batch that was on its way, and the rest */
    struct afmon_ring ring;
    bool ring_open;
    uint64_t position; /* in the ring */
    char *ends[2];     /* the last lines of the session's files, with their newlines */
};

/* Whoever may write here lands text before he lets go of what it was in: as long as the files are what they were, so is
 * what was read of the rings before this is asked. */
bool afmon_peek_is_changed(const struct afmon_peek_session *session, const struct afmon_rescue *rescue);

/* The names are the caller's, whatever it returns. 0 or errno. */
int afmon_peek_list_rings(const struct afmon_peek *peek, uint64_t serial, char (**names)[AFMON_FILE_NAME],
                          size_t *count);

#endif
