#include "proxy/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"

enum { CALL_MAX = 16 * 1024 * 1024, ALL_MAX = 256 * 1024 * 1024 };

/* ---- The file ---------------------------------------------------------------------------------------------------- */

/* Does it end within a line, which a killed process left? */
static bool is_torn(int fd)
{
    char last = '\n';
    off_t size = lseek(fd, 0, SEEK_END);
    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

afmon_status afmon_proxy_texts_open(struct afmon_proxy_texts *texts, const char *path, afmon_error *error)
{
    struct stat facts;
    *texts = (struct afmon_proxy_texts){.fd = -1};
    if (path == NULL)
        return AFMON_OK;
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0 || fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        int failure = fd < 0 ? errno : 0;
        if (fd >= 0)
            close(fd);
        return afmon_fail(error, AFMON_E_ARGUMENT, "the texts cannot be saved to '%s': %s", path,
                          failure != 0 ? strerror(failure) : "it is not a regular file");
    }
    texts->fd = fd;
    texts->torn = is_torn(fd);
    return AFMON_OK;
}

void afmon_proxy_texts_close(struct afmon_proxy_texts *texts)
{
    if (texts->fd >= 0)
        close(texts->fd);
    texts->fd = -1;
}

void afmon_proxy_texts_append(struct afmon_proxy_texts *texts, const char *line)
{
    size_t length = strlen(line), extra = texts->torn ? 1 : 0;
    char *all = malloc(length + 2);
    if (all == NULL) {
        texts->missed++;
        return;
    }
    all[0] = '\n';
    memcpy(all + extra, line, length);
    all[extra + length] = '\n';
    ssize_t written = write(texts->fd, all, length + extra + 1);
    bool whole = written == (ssize_t)(length + extra + 1);
    texts->failure = written < 0 ? errno : whole ? texts->failure : ENOSPC;
    texts->torn = written < 0 ? texts->torn : !whole;
    *(whole ? &texts->saved : &texts->missed) += 1;
    free(all);
}

/* ---- A call ------------------------------------------------------------------------------------------------------ */

struct afmon_proxy_text *afmon_proxy_text_new(const struct afmon_proxy_texts *texts, enum afmon_proxy_shape shape)
{
    bool read = shape == AFMON_PROXY_CHAT || shape == AFMON_PROXY_COMPLETIONS || shape == AFMON_PROXY_RESPONSES ||
                shape == AFMON_PROXY_MESSAGES;
    struct afmon_proxy_text *text = texts->fd >= 0 && read ? calloc(1, sizeof *text) : NULL;
    if (text == NULL)
        return NULL;
    afmon_buffer_init(&text->asked, CALL_MAX);
    afmon_buffer_init(&text->told, CALL_MAX);
    afmon_proxy_events_init(&text->events);
    afmon_proxy_reduced_keep_all(&text->events.data);
    text->joined.shape = shape;
    return text;
}

static void empty(struct afmon_proxy_texts *texts, struct afmon_proxy_text *text)
{
    texts->bytes -= text->bytes;
    text->bytes = 0;
    afmon_buffer_free(&text->asked);
    afmon_buffer_free(&text->told);
    afmon_proxy_events_free(&text->events);
    afmon_proxy_joined_free(&text->joined);
}

void afmon_proxy_text_free(struct afmon_proxy_texts *texts, struct afmon_proxy_text *text)
{
    if (text == NULL)
        return;
    empty(texts, text);
    free(text);
}

/* Counts anew what is held of a call, and lets go of it where that is too much. */
static void weigh(struct afmon_proxy_texts *texts, struct afmon_proxy_text *text)
{
    size_t bytes = text->asked.capacity + text->told.capacity + afmon_proxy_joined_bytes(&text->joined);
    texts->bytes += bytes - text->bytes;
    text->bytes = bytes;
    text->dropped = text->asked.failed || text->told.failed || text->joined.failed || texts->bytes > ALL_MAX;
    if (text->dropped)
        empty(texts, text);
}

void afmon_proxy_text_asked(struct afmon_proxy_texts *texts, struct afmon_proxy_text *text, const char *data,
                            size_t length)
{
    if (text == NULL || text->dropped)
        return;
    afmon_buffer_add(&text->asked, data, length);
    weigh(texts, text);
}

static void on_event(void *user, json_t *json, bool done)
{
    struct afmon_proxy_text *text = user;
    (void)done;
    if (json != NULL)
        afmon_proxy_joined_take(&text->joined, json);
}

void afmon_proxy_text_told(struct afmon_proxy_texts *texts, struct afmon_proxy_text *text, bool streamed,
                           const char *data, size_t length)
{
    if (text == NULL || text->dropped)
        return;
    if (streamed)
        afmon_proxy_events_feed(&text->events, data, length, on_event, text);
    else
        afmon_buffer_add(&text->told, data, length);
    weigh(texts, text);
}

/* ---- Its line ---------------------------------------------------------------------------------------------------- */

static json_t *answer_of(struct afmon_proxy_text *text, const struct afmon_proxy_text_facts *facts)
{
    if (!facts->streamed)
        return json_loadb(text->told.data, text->told.length, JSON_ALLOW_NUL, NULL);
    afmon_proxy_events_finish(&text->events, on_event, text);
    return afmon_proxy_joined_answer(&text->joined, facts->model, facts->finish);
}

char *afmon_proxy_text_line(struct afmon_proxy_texts *texts, struct afmon_proxy_text *text,
                            const struct afmon_proxy_text_facts *facts)
{
    json_t *asked = text->dropped ? NULL : json_loadb(text->asked.data, text->asked.length, JSON_ALLOW_NUL, NULL);
    json_t *told = asked != NULL ? answer_of(text, facts) : NULL;
    json_t *line = told != NULL ? json_pack("{s:s*, s:s, s:s, s:b, s:O, s:O}", "item_id", facts->item_id, "operation",
                                            facts->operation, "model", facts->model, "streamed", facts->streamed,
                                            "request", asked, "answer", told)
                                : NULL;
    char *written = line != NULL ? json_dumps(line, JSON_REAL_PRECISION(17)) : NULL;
    json_decref(line);
    json_decref(told);
    json_decref(asked);
    texts->missed += written == NULL;
    return written;
}
