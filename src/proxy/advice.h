/* Would more concurrency bring more? Told from what a run did by itself: whether calls took longer where more of them
 * were in flight. Where about as many were in flight all the time nothing can be told. One thread. */
#ifndef AFMON_PROXY_ADVICE_H
#define AFMON_PROXY_ADVICE_H

#include <stdint.h>

#include "proxy/proxy.h"

enum { AFMON_PROXY_ADVICE_WINDOWS = 256 };

struct afmon_proxy_advice_window {
    double flight_s; /* of calls, within it */
    double work;     /* of calls that succeeded: the part of their time that lies within it */
    double took_s;   /* the same part of how long they took */
};

/* Begin with a zeroed one. */
struct afmon_proxy_advice_data {
    struct afmon_proxy_advice_window windows[AFMON_PROXY_ADVICE_WINDOWS];
    int64_t begin_ns, width_ns; /* windows get wider as the run gets longer */
    uint64_t calls, refused;
};

/* A call that was in flight from sent_ns to end_ns. status: of HTTP; 0: no answer. */
void afmon_proxy_advice_add(struct afmon_proxy_advice_data *data, int64_t sent_ns, int64_t end_ns, bool success,
                            int status);

afmon_proxy_advice afmon_proxy_advice_get(const struct afmon_proxy_advice_data *data);

#endif
