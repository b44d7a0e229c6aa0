/* What is recorded of the calls that pass. The loop's thread hands over what it saw, and never waits; a thread of the
 * recorder reads it and tells the monitor. What waits is bounded: beyond that, bytes of bodies are not handed over, and
 * the call is counted as not read. */
#ifndef AFMON_PROXY_RECORD_H
#define AFMON_PROXY_RECORD_H

#include <stdint.h>

#include <afmon/afmon.h>

#include "proxy/api.h"
#include "proxy/head.h"
#include "proxy/proxy.h"

struct afmon_proxy_recorder;
struct afmon_proxy_call; /* one request, from its head to the end of its answer */

enum afmon_proxy_end {
    AFMON_PROXY_WHOLE = 0,   /* the answer passed to its end */
    AFMON_PROXY_CUT,         /* the server ended it before */
    AFMON_PROXY_CLIENT_GONE, /* the client did */
    AFMON_PROXY_UNREACHED,   /* there was no answer */
    AFMON_PROXY_STOPPED,     /* the proxy was stopped */
    AFMON_PROXY_NOT_LET      /* it was not sent, for what the run may cost: nothing is recorded */
};

/* What is known when a request's head was read. Pieces are copied. */
struct afmon_proxy_request {
    const struct afmon_proxy_head *head;
    const struct afmon_proxy_api *api;
    const char *upstream; /* the host */
    uint64_t connection;  /* of the client; never given again */
    int64_t ns;           /* uv_hrtime, as all times here */
};

/* Of the options: monitor, which outlives it, planned, save_texts. NULL: no memory, no thread, or the file of texts
 * cannot be written. */
struct afmon_proxy_recorder *afmon_proxy_recorder_new(const afmon_proxy_options *options, afmon_error *error);

/* Records what is still waiting, and ends the thread. No call goes on. */
void afmon_proxy_recorder_finish(struct afmon_proxy_recorder *recorder);

/* Finishes if that was not done, and frees. NULL is fine. */
void afmon_proxy_recorder_free(struct afmon_proxy_recorder *recorder);

/* What was recorded so far. Any thread. */
afmon_proxy_counts afmon_proxy_recorder_counts(struct afmon_proxy_recorder *recorder);

/* Begins a call. NULL: no memory; it is counted, and the functions below take it. */
struct afmon_proxy_call *afmon_proxy_call_begin(struct afmon_proxy_recorder *recorder,
                                                const struct afmon_proxy_request *request);

void afmon_proxy_call_asked(struct afmon_proxy_call *call, const char *data, size_t length); /* of the request's body */
/* What is reserved for the call, before it is sent: the recorder settles it. */
void afmon_proxy_call_reserved(struct afmon_proxy_call *call, const afmon_reservation *reservation);

void afmon_proxy_call_sent(struct afmon_proxy_call *call);  /* the request is on its way */
void afmon_proxy_call_whole(struct afmon_proxy_call *call); /* all of its body was seen */
void afmon_proxy_call_answered(struct afmon_proxy_call *call, const struct afmon_proxy_head *head);
void afmon_proxy_call_told(struct afmon_proxy_call *call, const char *data, size_t length); /* of the answer's body */

/* Ends a call; it belongs to the recorder then. why: a sentence, or NULL. */
void afmon_proxy_call_end(struct afmon_proxy_call *call, enum afmon_proxy_end end, const char *why);

#endif
