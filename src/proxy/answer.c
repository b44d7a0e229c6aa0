#include "proxy/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "proxy/facts.h"

enum { INFLATED = 16 * 1024 };

void afmon_proxy_answer_init(struct afmon_proxy_answer *answer)
{
    *answer = (struct afmon_proxy_answer){0};
    afmon_proxy_events_init(&answer->events);
}

void afmon_proxy_answer_free(struct afmon_proxy_answer *answer)
{
    if (answer->inflate != NULL)
        inflateEnd(answer->inflate);
    free(answer->inflate);
    answer->inflate = NULL;
    afmon_proxy_events_free(&answer->events);
}

static void on_event(void *user, json_t *json, bool done)
{
    struct afmon_proxy_answer *answer = user;
    answer->ended = answer->ended || done;
    if (json != NULL)
        afmon_proxy_facts_take(answer, json);
}

static void on_object(void *user, json_t *json)
{
    on_event(user, json, false);
}

static void take_plain(struct afmon_proxy_answer *answer, const char *data, size_t length)
{
    if (answer->tap != NULL)
        answer->tap(answer->tap_user, data, length);
    if (answer->objects)
        afmon_proxy_values_feed(&answer->values, &answer->events.data, data, length, on_object, answer);
    else if (answer->streamed)
        afmon_proxy_events_feed(&answer->events, data, length, on_event, answer);
    else
        afmon_proxy_reduced_feed(&answer->events.data, data, length);
}

static bool begin_inflating(struct afmon_proxy_answer *answer)
{
    enum { GZIP_OR_ZLIB = 15 + 32 };
    answer->inflate = calloc(1, sizeof *answer->inflate);
    if (answer->inflate != NULL && inflateInit2(answer->inflate, GZIP_OR_ZLIB) == Z_OK)
        return true;
    free(answer->inflate);
    answer->inflate = NULL;
    return false;
}

static void take_compressed(struct afmon_proxy_answer *answer, const char *data, size_t length)
{
    char plain[INFLATED];
    int state = Z_OK;
    if (answer->inflate == NULL && !begin_inflating(answer)) {
        answer->unread = true;
        return;
    }
    z_stream *z = answer->inflate;
    z->next_in = (Bytef *)(uintptr_t)data;
    z->avail_in = (uInt)length;
    do {
        z->next_out = (Bytef *)plain;
        z->avail_out = sizeof plain;
        state = inflate(z, Z_NO_FLUSH);
        take_plain(answer, plain, sizeof plain - z->avail_out);
    } while (state == Z_OK && (z->avail_in > 0 || z->avail_out == 0));
    answer->unread = answer->unread || (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR);
}

void afmon_proxy_answer_feed(struct afmon_proxy_answer *answer, const char *data, size_t length, int64_t ns)
{
    answer->now_ns = ns;
    if (answer->unread)
        return;
    if (answer->compressed)
        take_compressed(answer, data, length);
    else
        take_plain(answer, data, length);
}

void afmon_proxy_answer_finish(struct afmon_proxy_answer *answer)
{
    if (answer->unread || answer->objects)
        return;
    if (answer->streamed) {
        afmon_proxy_events_finish(&answer->events, on_event, answer);
        return;
    }
    json_t *json = afmon_proxy_reduced_take(&answer->events.data);
    if (json != NULL)
        afmon_proxy_facts_take(answer, json);
    json_decref(json);
}
