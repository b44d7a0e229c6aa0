/* What an answer tells of a call: usage, model, why it ended, errors; whole or as a stream of events. One thread at a
 * time. */
#ifndef AFMON_PROXY_ANSWER_H
#define AFMON_PROXY_ANSWER_H

#include <afmon/afmon.h>

#include "proxy/api.h"
#include "proxy/events.h"
#include "proxy/values.h"

enum { AFMON_PROXY_WORD_MAX = 160, AFMON_PROXY_ERROR_MAX = 400 };

struct z_stream_s;

/* Begin with afmon_proxy_answer_init, and fill in shape, streamed and encoding. */
struct afmon_proxy_answer {
    enum afmon_proxy_shape shape;
    bool streamed;   /* the answer is a stream: of events */
    bool objects;    /* or of JSON objects */
    bool compressed; /* by gzip or deflate */
    bool unread;     /* what it says is not known */
    /* ---- what was found ---- */
    afmon_usage usage;
    bool has_usage;
    bool ended;    /* the stream says of its own that it is over */
    bool finished; /* it said why the model stopped */
    bool failed;   /* it tells of an error */
    char model[AFMON_PROXY_WORD_MAX];
    char finish[AFMON_PROXY_WORD_MAX];
    char error_type[AFMON_PROXY_WORD_MAX];
    char error[AFMON_PROXY_ERROR_MAX];
    int64_t first_ns; /* of the first token, and of the last; 0: none came */
    int64_t last_ns;
    /* ---- while it is read ---- */
    void (*tap)(void *user, const char *data,
                size_t length); /* gets the body without its encoding; NULL: nobody does */
    void *tap_user;
    int64_t now_ns;
    struct afmon_proxy_values values;
    struct afmon_proxy_events events; /* its data is the whole body where the answer is no stream */
    struct z_stream_s *inflate;
};

void afmon_proxy_answer_init(struct afmon_proxy_answer *answer);
void afmon_proxy_answer_free(struct afmon_proxy_answer *answer);

/* The next bytes of the body, and when they came. */
void afmon_proxy_answer_feed(struct afmon_proxy_answer *answer, const char *data, size_t length, int64_t ns);

/* The body is over. */
void afmon_proxy_answer_finish(struct afmon_proxy_answer *answer);

#endif
