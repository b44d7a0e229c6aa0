/* What was asked and answered, as JSON lines: for who wants a data set of it. The recorder's thread.
 *
 * Of a call that succeeds its request and its answer stand in one line, which is appended by one write. What is held of
 * calls that go on is bounded; a call that is larger is not saved, and counted. */
#ifndef AFMON_PROXY_TEXTS_H
#define AFMON_PROXY_TEXTS_H

#include <afmon/afmon.h>

#include "proxy/events.h"
#include "proxy/joined.h"

struct afmon_proxy_texts {
    int fd;       /* -1: texts are not saved */
    size_t bytes; /* held of calls that go on */
    bool torn;    /* the file ends within a line */
    int failure;  /* errno of the last write that failed; 0: none did */
    uint64_t saved, missed;
};

/* Of one call. */
struct afmon_proxy_text {
    size_t bytes; /* as they are counted in the texts */
    bool dropped; /* it was too large */
    struct afmon_buffer asked, told;
    struct afmon_proxy_events events;
    struct afmon_proxy_joined joined;
};

/* What a line says beside them. Texts; NULL: not known. */
struct afmon_proxy_text_facts {
    const char *item_id, *operation, *model, *finish;
    bool streamed;
};

/* Opens the file to append to it, and makes it, for its owner alone, where it is not there. */
afmon_status afmon_proxy_texts_open(struct afmon_proxy_texts *texts, const char *path, afmon_error *error);
void afmon_proxy_texts_close(struct afmon_proxy_texts *texts);

/* Of a call of that shape. NULL: texts of it are not saved, or no memory. */
struct afmon_proxy_text *afmon_proxy_text_new(const struct afmon_proxy_texts *texts, enum afmon_proxy_shape shape);

/* Bytes of the request, and of the answer without its encoding. NULL is fine. */
void afmon_proxy_text_asked(struct afmon_proxy_texts *texts, struct afmon_proxy_text *text, const char *data,
                            size_t length);
void afmon_proxy_text_told(struct afmon_proxy_texts *texts, struct afmon_proxy_text *text, bool streamed,
                           const char *data, size_t length);

/* The line of a call that is over, without a newline; the caller's. NULL: it cannot be made, which is counted. */
char *afmon_proxy_text_line(struct afmon_proxy_texts *texts, struct afmon_proxy_text *text,
                            const struct afmon_proxy_text_facts *facts);

/* Appends a line, and counts it. */
void afmon_proxy_texts_append(struct afmon_proxy_texts *texts, const char *line);

void afmon_proxy_text_free(struct afmon_proxy_texts *texts, struct afmon_proxy_text *text);

#endif
