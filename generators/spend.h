/* The limit of what a run may cost, for who makes calls: each attempt reserves its worst case, and tells what it cost.
 */
#ifndef AFMON_GENERATORS_SPEND_H
#define AFMON_GENERATORS_SPEND_H

#include <afmon/afmon.h>

#include "chat.h"

typedef struct gen_spend {
    afmon_monitor *monitor; /* NULL: there is no limit */
    const char *model;      /* that is asked; kept by the caller */
    afmon_reservation reservation;
} gen_spend;

/* Before an attempt: reserves what it may cost at most, of so many bytes that are sent (a token is a byte at least) and
 * so many tokens of the answer (0: nothing bounds them). While calls in flight hold what is left it waits for them.
 * False: the call must not go out, and the result says why; where the run has reached its limit it is told to end. Any
 * thread. */
bool gen_spend_begin(gen_spend *spend, const gen_call *call, const char *model, size_t bytes, double answer_tokens,
                     gen_chat_result *result);

/* After it. may_have_cost: the server may have worked on it, whatever came back; where no usage is told the worst case
 * stays then. */
void gen_spend_end(gen_spend *spend, const gen_chat_result *result, bool may_have_cost);

#endif
