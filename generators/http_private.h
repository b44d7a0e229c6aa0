/* What http.c and http_setup.c share. */
#ifndef AFMON_GENERATORS_HTTP_PRIVATE_H
#define AFMON_GENERATORS_HTTP_PRIVATE_H

#include <pthread.h>

#include <curl/curl.h>

#include "http.h"

/* A handle keeps its connection, so those that are free wait in a list for the next post. There are never more of
 * them than posts that were in flight at once. */
typedef struct gen_http_handle {
    CURL *easy;
    struct gen_http_handle *next;
} gen_http_handle;

struct gen_http {
    char *url;
    char *unix_socket; /* NULL: none */
    struct curl_slist *headers;
    gen_http_options options; /* its texts are not used, but for `trust` */
    pthread_mutex_t mutex;
    gen_http_handle *free_handles;
};

/* A handle with all that is the same for each post. NULL: out of memory. */
CURL *gen_http_easy(const gen_http *http);

#endif
