/* One request while it is read, and what is recorded of it. The recorder's thread, but for what says otherwise. */
#ifndef AFMON_PROXY_CALL_H
#define AFMON_PROXY_CALL_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "proxy/answer.h"
#include "proxy/attempts.h"
#include "proxy/limits.h"
#include "proxy/notes.h"
#include "proxy/record.h"
#include "proxy/texts.h"

enum { AFMON_PROXY_SECRETS_MAX = 5 };

struct afmon_proxy_call {
    struct afmon_proxy_recorder *recorder;
    const struct afmon_proxy_api *api;
    uint64_t connection;
    int64_t begin_ns;
    int retry; /* as the SDK says; -1: it does not */
    /* ---- the loop's, until the call has ended ---- */
    struct afmon_proxy_note *last; /* of its end */
    bool whole;                    /* its request was sent as a whole, and the recorder knows */
    bool missed;                   /* bytes of it were not handed over */
    int64_t sent_ns;               /* 0: nothing of it went out */
    int status;                    /* 0: there was no answer */
    enum afmon_proxy_end how;
    struct afmon_proxy_limits limits;
    char why[256]; /* it ended so; "": `how` says it */
    bool reserved; /* and is to be settled */
    afmon_reservation reservation;
    /* ---- the recorder's ---- */
    struct afmon_proxy_text *text; /* NULL: it is not saved */
    bool text_begun;
    afmon_item *made; /* of its operation; NULL: none */
    char operation[AFMON_PROXY_WORD_MAX];
    char item[AFMON_ITEM_ID_MAX + 1];
    char model[AFMON_PROXY_WORD_MAX]; /* that was asked for */
    bool readable;                    /* the request's body is JSON as it is */
    struct afmon_proxy_reduced asked;
    XXH64_state_t digest; /* of the request's body */
    struct afmon_proxy_answer answer;
    char *secrets[AFMON_PROXY_SECRETS_MAX]; /* that must not come back in a text */
};

/* What is known of it by its request. NULL: no memory. Any thread. */
struct afmon_proxy_call *afmon_proxy_call_new(const struct afmon_proxy_request *request);

/* Wipes and frees. Any thread. */
void afmon_proxy_call_free(struct afmon_proxy_call *call);

/* Takes the keys of the request out of a text. */
void afmon_proxy_call_redact(const struct afmon_proxy_call *call, char *text);

/* Tells the monitor, and counts. Returns the type of its error; NULL: it succeeded, or is of no known interface. */
const char *afmon_proxy_call_record(struct afmon_proxy_call *call, int64_t end_ns, afmon_monitor *monitor,
                                    struct afmon_proxy_attempts *attempts, afmon_proxy_counts *counts);

#endif
