/* POSTs over libcurl: verified TLS, time-outs, no redirects, a cap on the answer, and an end when the run is abandoned.
 * Connections are kept and used again. */
#ifndef AFMON_GENERATORS_HTTP_H
#define AFMON_GENERATORS_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "stop.h"
#include "text.h"

typedef struct gen_http gen_http;

typedef struct gen_http_options {
    const char *url;     /* http:// or https:// */
    const char *api_key; /* sent as a bearer token; NULL: none. Copied; wiped when freed */
    double connect_timeout_s;
    double timeout_s;
    size_t max_answer; /* bytes of the body */
} gen_http_options;

typedef enum gen_http_outcome {
    GEN_HTTP_ANSWERED = 0, /* whatever the status */
    GEN_HTTP_TIMEOUT,
    GEN_HTTP_NO_CONNECTION,
    GEN_HTTP_TOO_LARGE,
    GEN_HTTP_ABANDONED,
    GEN_HTTP_ERROR /* nothing that another attempt would mend: a certificate that does not verify, out of memory ... */
} gen_http_outcome;

typedef struct gen_http_answer {
    gen_http_outcome outcome;
    int status;
    gen_text body;
    double retry_after_s; /* below 0: no such header */
    bool retry_after_ms;  /* internal: retry_after_s is from retry-after-ms, which is the finer one */
    double duration_s;
    char error[256]; /* where not answered */
} gen_http_answer;

/* NULL: out of memory, or libcurl cannot start. */
gen_http *gen_http_new(const gen_http_options *options);
void gen_http_free(gen_http *http); /* no post may be in flight */

/* Sends a JSON body. Any thread; each post in flight has an easy handle of its own. The caller frees answer->body. */
void gen_http_post(gen_http *http, const char *body, size_t length, const gen_stop *stop, gen_http_answer *answer);

/* Checks a base URL and appends `path` to it. On failure false, and why in error. A URL with a user name, a password, a
 * query or a fragment is refused: it would be logged. *plain: the connection would be unencrypted and not to this
 * machine. The caller frees *url. */
bool gen_http_join(const char *base, const char *path, char **url, bool *plain, char *error, size_t size);

/* True where the URL leads to this machine. */
bool gen_http_is_loopback(const char *url);

#endif
