/* POSTs of JSON over libcurl: verified TLS, time-outs, no redirects, back-off.
 *
 * A post goes on over several calls: a receiver that keeps silent must not keep its caller from taking further items.
 *
 * What is secret (the URL where it comes from the environment, its path and query in any case, headers) is in no error
 * text: that names scheme, host and port. Each post is a connection of its own, so that a forked child never shares one
 * with its parent. One thread at a time. */
#ifndef AFMON_FEEDS_POST_H
#define AFMON_FEEDS_POST_H

#include <afmon/afmon.h>

#include "base/buffer.h"

struct afmon_post_options {
    const char *what;        /* for errors: "OTLP" */
    const char *url;         /* http:// or https://; no user or password in it */
    const char *url_env;     /* or the environment variable that holds it, where anything may be in it */
    const char *path;        /* put behind the URL's path; NULL: nothing */
    const char *headers_env; /* NULL, or the variable with "name=value,name=value", values percent-encoded */
    bool headers_optional;   /* the variable need not be set */
    const char *ca_file;     /* NULL: those of SSL_CERT_FILE and SSL_CERT_DIR, else the system's */
    double timeout_s;
};

enum afmon_post_result {
    AFMON_POST_TAKEN,
    AFMON_POST_LATER,   /* worth another try, not before afmon_post_ready */
    AFMON_POST_REFUSED, /* no other try would help */
    AFMON_POST_GOING,   /* not over yet: call again with the same body */
};

struct afmon_post; /* opaque */

afmon_status afmon_post_new(const struct afmon_post_options *options, struct afmon_post **post, afmon_error *error);
void afmon_post_free(struct afmon_post *post); /* wipes secrets; NULL is fine */

/* Begins a post, or goes on with the one that is under way, whose body must be where it was. Returns AFMON_POST_GOING
 * at `until_ns` (boot time), or ends the post where the deadline is over. What went wrong is in error (size bytes). */
enum afmon_post_result afmon_post_send(struct afmon_post *post, const char *body, size_t length,
                                       const afmon_deadline *deadline, int64_t until_ns, char *error, size_t size);

/* How much of the last post that was taken the receiver says that it did not take: the member of its "partialSuccess",
 * at most `most`. */
uint64_t afmon_post_rejected(const struct afmon_post *post, const char *member, uint64_t most);

/* In a forked child: lets go of a post that is its parent's. */
void afmon_post_leave_to_parent(struct afmon_post *post);

/* Seconds until the next try makes sense, by what the receiver asked for or by the back-off; 0: now. */
double afmon_post_wait(const struct afmon_post *post);

#endif
