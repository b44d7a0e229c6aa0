/* POSTs over libcurl: verified TLS, time-outs, a cap on the answer, and an end when the run is abandoned.
 * Connections are kept and used again. */
#ifndef AFMON_GENERATORS_HTTP_H
#define AFMON_GENERATORS_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "stop.h"
#include "text.h"

typedef struct gen_http gen_http;

/* Which certificates are trusted: PEM files, and a folder of hashed ones. NULL: those of the system. */
typedef struct gen_http_trust {
    const char *file;
    const char *folder;
} gen_http_trust;

/* Trust in `ca_file` where it is given, else as the environment's SSL_CERT_FILE, SSL_CERT_DIR, or CURL_CA_BUNDLE have
 * it, else as the system has it. */
gen_http_trust gen_http_trust_of(const char *ca_file);

enum { GEN_MAX_HEADERS = 8 };

typedef struct gen_http_options {
    const char *url;                      /* http:// or https:// */
    const char *api_key;                  /* sent as a bearer token; NULL: none. Wiped when freed, as the headers */
    const char *headers[GEN_MAX_HEADERS]; /* further ones, "Name: value"; NULL: no more */
    const char *unix_socket;              /* path of a socket to connect to, in place of the URL's host; NULL */
    gen_http_trust trust;                 /* kept by the caller */
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
    GEN_HTTP_ERROR /* a certificate that does not verify, out of memory ... */
} gen_http_outcome;

typedef struct gen_http_answer {
    gen_http_outcome outcome;
    int status;
    gen_text body;
    double retry_after_s; /* below 0: no such header */
    bool retry_after_ms;  /* internal: retry_after_s is from retry-after-ms, which is the finer one */
    int should_retry;     /* as the server says in x-should-retry: 1 yes, -1 no; 0: it does not say */
    bool sent;            /* something of the request went out */
    bool lasting;         /* where not answered: nothing that another attempt would mend */
    double duration_s;
    char location[256]; /* where a redirect points to, without query; "": it is none */
    char error[256];    /* where not answered */
} gen_http_answer;

/* Everything but `trust` is copied. NULL: out of memory, or libcurl cannot start. */
gen_http *gen_http_new(const gen_http_options *options);
void gen_http_free(gen_http *http); /* no post may be in flight */

/* Sends a JSON body. once: never again by itself, as libcurl does where a connection that it kept has died: the server
 * may have worked on the first one. A redirect that keeps the method is followed on the same server, no other is. Any
 * thread; each post in flight has an easy handle of its own. The caller frees answer->body. */
void gen_http_post(gen_http *http, const char *body, size_t length, bool once, const gen_stop *stop,
                   gen_http_answer *answer);

/* Checks a base URL, and appends `path` to its path and `queries` ("name=value", NULL ended; the array may be NULL) to
 * its query. On failure false, and why in error. A URL with a user name, a password, a fragment, or a query that looks
 * like a secret is refused: it would be logged. *plain: the connection would be unencrypted and not to this machine.
 * The caller frees *url. */
bool gen_http_join(const char *base, const char *path, const char *const *queries, char **url, bool *plain, char *error,
                   size_t size);

/* A URL without its query, for people. */
void gen_http_show(const char *url, char *out, size_t size);

/* True where the URL leads to this machine. */
bool gen_http_is_loopback(const char *url);

#endif
