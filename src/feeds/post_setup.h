/* What a post is made of; feeds/post.c and post_setup.c only. */
#ifndef AFMON_FEEDS_POST_SETUP_H
#define AFMON_FEEDS_POST_SETUP_H

#include "lazy/curl.h"

#include "feeds/post.h"

/* A post that is under way: easy is NULL where there is none. */
struct afmon_transfer {
    CURL *easy;
    CURLM *multi;
    curl_socket_t socket; /* CURL_SOCKET_BAD: none is open */
    double retry_after_s; /* below 0: not said */
};

struct afmon_post {
    char what[32];
    char *url;
    char *ca_file; /* NULL: the system's, as the folder */
    char *ca_folder;
    char origin[160]; /* what may be shown of the URL */
    bool loopback;    /* it leads to this machine */
    struct curl_slist *headers;
    double timeout_s;
    double wait_s;         /* of the back-off; 0: the last one was taken */
    int64_t not_before_ns; /* boot time */
    struct afmon_transfer transfer;
    struct afmon_buffer answer;
};

/* post.c */
void afmon_transfer_end(struct afmon_transfer *transfer);

#endif
