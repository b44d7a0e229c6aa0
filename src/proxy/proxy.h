/* The proxy: HTTP in, HTTP out, and what it saw is recorded. It is a module of its own (afmon/proxy.so beside
 * libafmon.so), which is opened by who needs it: recording and reading need none of its libraries. */
#ifndef AFMON_PROXY_PROXY_H
#define AFMON_PROXY_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <afmon/afmon.h>

typedef struct afmon_proxy afmon_proxy;

#define AFMON_PROXY_ITEM_KIND "item" /* of items that are made of calls, where the run has a plan */

typedef enum afmon_proxy_calls_of {
    AFMON_PROXY_CALLS_ALL = 0,
    AFMON_PROXY_CALLS_OPENAI = 1,
    AFMON_PROXY_CALLS_ANTHROPIC = 2,
    AFMON_PROXY_CALLS_GOOGLE = 3,
    AFMON_PROXY_CALLS_OLLAMA = 4
} afmon_proxy_calls_of;

typedef struct afmon_proxy_target {
    const char *prefix;        /* "/openai", taken off a path that begins with it; "" or NULL: all other calls */
    const char *url;           /* "https://api.openai.com/v1" */
    afmon_proxy_calls_of also; /* with a prefix: calls without one that are of this interface go there, too */
} afmon_proxy_target;

typedef struct afmon_proxy_options {
    const char *listen; /* "127.0.0.1:0", "[::1]:8080", ":8080" (this machine only) */
    const char *token;  /* that the header x-afmon-token must have; NULL: none, for loopback alone */
    const afmon_proxy_target *targets;
    size_t target_count;
    afmon_monitor *monitor; /* outlives the proxy */
    bool answers;           /* /healthz and /metrics, where no upstream has that prefix; the monitor has
                               prometheus_listen, which may be "" */
    bool planned;           /* its plan was told: items are made of the calls, AFMON_PROXY_ITEM_KIND */
    const char *save_texts; /* a file that requests and answers are appended to; NULL: none */
    bool limited;           /* it has max_cost_usd: what a call costs at most is reserved before the call goes out */
} afmon_proxy_options;

/* Limits that servers tell: of requests, tokens, input tokens and output tokens a stretch of time of theirs. */
enum { AFMON_PROXY_LIMITS = 4 };

typedef struct afmon_proxy_rate {
    bool known;
    double limit; /* as told last; NaN: not told */
    double least; /* that remained */
} afmon_proxy_rate;

typedef struct afmon_proxy_rates {
    uint64_t refused;                  /* answers with 429 */
    int64_t first_429_ns, last_429_ns; /* nanoseconds since 1970, UTC */
    double longest_wait_s;             /* that a server asked for; 0: none did */
    afmon_proxy_rate limits[AFMON_PROXY_LIMITS];
} afmon_proxy_rates;

/* Where the time of calls went, in seconds, all of them added. */
typedef struct afmon_proxy_times {
    double queue_s;   /* until a request was on its way */
    double flight_s;  /* from there to the end of its answer */
    double backoff_s; /* between attempts, where both came by one connection */
    double span_s;    /* from the first request on its way to the end of the last answer */
} afmon_proxy_times;

/* Would more concurrency bring more? */
typedef enum afmon_proxy_more {
    AFMON_PROXY_CANNOT_TELL = 0,
    AFMON_PROXY_MORE = 1,
    AFMON_PROXY_NO_MORE = 2
} afmon_proxy_more;

typedef struct afmon_proxy_advice {
    afmon_proxy_more more;
    double slope;   /* a hundredth more in flight brought so many hundredths more; NaN: not known */
    double refused; /* share of requests with 429 */
} afmon_proxy_advice;

typedef struct afmon_proxy_counts {
    uint64_t requests;     /* calls of a known interface that ended */
    uint64_t operations;   /* of them: first attempts */
    uint64_t failed;       /* of the requests */
    uint64_t other;        /* requests that are of no known interface */
    uint64_t unread;       /* whose answer could not be read: more came than was recorded, an unknown encoding */
    uint64_t refused;      /* requests that the proxy itself refused */
    uint64_t at_limit;     /* of the refused: the run had reached its limit of what it may cost */
    uint64_t unbounded;    /* of the refused: what they may cost could not be said */
    uint64_t texts_saved;  /* calls in the file of texts */
    uint64_t texts_missed; /* calls that succeeded, and are not: too large, not read, the file could not be written */
    int texts_failure;     /* errno of the last write to it that failed; 0: none did */
    afmon_proxy_rates rates;
    afmon_proxy_times times;
    afmon_proxy_advice advice; /* of afmon_proxy_module_t.stop alone */
} afmon_proxy_counts;

/* What the module gives: found by the name afmon_proxy_module. */
typedef struct afmon_proxy_module_t {
    /* Listens, and starts the threads. NULL: error says why. */
    afmon_proxy *(*start)(const afmon_proxy_options *options, afmon_error *error);
    /* The address that it listens on, "127.0.0.1:41234". The proxy's. */
    const char *(*address)(const afmon_proxy *proxy);
    afmon_proxy_counts (*counts)(afmon_proxy *proxy);
    /* Takes no new calls, lets those that go on end for at most so many seconds, records all, frees. */
    afmon_proxy_counts (*stop)(afmon_proxy *proxy, double patience_s);
} afmon_proxy_module_t;

#endif
