/* The items of a run, read from the ends of its files as they are asked for. */
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/number.h"
#include "items/reader.h"
#include "serve/serve.h"

#define LIMIT 50
#define LIMIT_MAX 200
#define SLOWEST_MAX 200
#define BODY_ENOUGH ((size_t)8 << 20) /* an answer as long as that ends, whatever the limit is */

static int until_stop(void *request, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    return afmon_http_stopping(request);
}

static int add_bytes(void *body, const void *data, size_t size)
{
    struct afmon_buffer *out = body;
    afmon_buffer_add(out, data, size);
    return out->failed;
}

/* ---- Texts ---- */

/* A path without links is in a folder. */
static bool is_in(const char *path, const char *folder)
{
    char *real = realpath(folder, NULL);
    size_t length = real != NULL ? strlen(real) : 0;
    bool in = real != NULL && strncmp(path, real, length) == 0 && (path[length] == '/' || strcmp(real, "/") == 0);
    free(real);
    return in;
}

/* A run's record is a text that anybody may have written: only what is in a folder that was given to be served is read
 * for it. */
static bool is_served(void *user, const char *path)
{
    const struct afmon_server *server = user;
    char *real = realpath(path, NULL);
    bool found = false;
    for (size_t i = 0; real != NULL && i < server->folder_count && !found; i++)
        found = is_in(real, server->folders[i].path);
    free(real);
    return found;
}

/* ---- What is asked for ---- */

static bool take_number(const struct afmon_http_request *request, const char *name, int64_t most, int64_t *value)
{
    const char *text = afmon_http_parameter(request, name);
    return text == NULL || (afmon_parse_int(text, strlen(text), value) && *value >= 1 && *value <= most);
}

/* "rejected", "failed,abandoned". */
static bool take_outcomes(const char *text, unsigned *states)
{
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, ",");
        unsigned found = 0;
        for (unsigned i = 0; i < AFMON_ITEM_STATES; i++) {
            const char *name = afmon_item_state_name((afmon_item_state)i);
            found |= strlen(name) == length && memcmp(name, text, length) == 0 ? 1U << i : 0;
        }
        if (found == 0)
            return false;
        *states |= found;
        text += length + (text[length] == ',');
    }
    return true;
}

static bool take_text(const struct afmon_server *server, const struct afmon_http_request *request,
                      afmon_item_query *query, struct afmon_http_response *response)
{
    const char *text = afmon_http_parameter(request, "text");
    if (text == NULL || strcmp(text, "no") == 0)
        return true;
    if (strcmp(text, "if-there") == 0) {
        query->text = server->texts;
        return true;
    }
    if (strcmp(text, "yes") != 0)
        afmon_http_fail(response, 400, "text is yes, no or if-there");
    else if (!server->texts)
        afmon_http_fail(response, 403, "texts are not given here: afmon serve --texts would");
    query->text = strcmp(text, "yes") == 0 && server->texts;
    return query->text;
}

/* What the reader leaves to us. */
struct wanted {
    int64_t limit;
    afmon_window window;
};

/* The filters. False after answering what is wrong. */
static bool take_query(const struct afmon_server *server, const struct afmon_http_request *request,
                       afmon_item_query *query, struct wanted *wanted, struct afmon_http_response *response)
{
    int64_t slowest = 0;
    afmon_item_query_init(query);
    query->kind = afmon_http_parameter(request, "kind");
    query->reason = afmon_http_parameter(request, "reason");
    query->operation = afmon_http_parameter(request, "operation");
    query->error_type = afmon_http_parameter(request, "error");
    query->cursor = afmon_http_parameter(request, "cursor");
    query->id = afmon_http_parameter(request, "id");
    query->progress = until_stop;
    query->user = (void *)(uintptr_t)request;
    if (!take_outcomes(afmon_http_parameter(request, "outcome"), &query->states))
        afmon_http_fail(response, 400,
                        "outcome is accepted, rejected, failed, abandoned or open, or several with commas");
    else if (!take_number(request, "limit", LIMIT_MAX, &wanted->limit))
        afmon_http_fail(response, 400, "limit is a whole number from 1 to %d", LIMIT_MAX);
    else if (!take_number(request, "slowest", SLOWEST_MAX, &slowest))
        afmon_http_fail(response, 400, "slowest is a whole number from 1 to %d", SLOWEST_MAX);
    else if (afmon_serve_take_window(request, &wanted->window, response) &&
             take_text(server, request, query, response)) {
        query->slowest = (uint64_t)slowest;
        wanted->limit = slowest > 0 ? SLOWEST_MAX : wanted->limit;
        return true;
    }
    return false;
}

static afmon_item_reader *open_items(struct afmon_server *server, const struct afmon_served_run *run,
                                     const struct afmon_http_request *request, afmon_item_query *query,
                                     struct afmon_http_response *response)
{
    const struct afmon_item_guard guard = {is_served, server};
    const char *text = afmon_http_parameter(request, "text");
    afmon_item_reader *reader = NULL;
    afmon_error error = {0};
    afmon_status status = afmon_item_reader_open_guarded(run->folder, query, &guard, &reader, &error);
    if (status == AFMON_E_NO_DATA && query->text && strcmp(text, "if-there") == 0) {
        query->text = false;
        status = afmon_item_reader_open_guarded(run->folder, query, &guard, &reader, &error);
    }
    if (status != AFMON_OK)
        afmon_http_fail(response,
                        status == AFMON_E_ARGUMENT  ? 400
                        : status == AFMON_E_NO_DATA ? 404
                                                    : 500,
                        "%s", error.message);
    return reader;
}

/* ---- Answers ---- */

/* It lived in the window: one that is open lives still. */
static bool is_in_window(const afmon_found_item *item, afmon_window window)
{
    bool ended = item->ended_ns != INT64_MIN;
    return item->started_ns <= window.until_ns && (!ended || item->ended_ns >= window.since_ns);
}

static afmon_status next_in(afmon_item_reader *reader, afmon_window window, const afmon_found_item **item,
                            afmon_error *error)
{
    afmon_status status;
    do
        status = afmon_item_reader_next(reader, item, error);
    while (status == AFMON_OK && *item != NULL && !is_in_window(*item, window));
    return status;
}

/* Items until there are enough. *more: there are further ones, behind the cursor. */
static afmon_status write_items(afmon_item_reader *reader, const struct wanted *wanted, struct afmon_buffer *body,
                                char cursor[AFMON_ITEM_CURSOR_SIZE], bool *more, afmon_error *error)
{
    const afmon_found_item *item;
    const int64_t limit = wanted->limit;
    *more = false;
    for (int64_t count = 0;; count++) {
        afmon_item_reader_cursor(reader, cursor);
        afmon_status status = next_in(reader, wanted->window, &item, error);
        *more = status == AFMON_OK && item != NULL && (count == limit || body->length > BODY_ENOUGH);
        if (status != AFMON_OK || item == NULL || *more)
            return status;
        if (count > 0)
            afmon_buffer_add_char(body, ',');
        status = afmon_found_item_write_json(item, add_bytes, body);
        if (status != AFMON_OK)
            return status;
    }
}

static void give_items(afmon_item_reader *reader, const struct wanted *wanted, struct afmon_http_response *response)
{
    struct afmon_json json = {.out = &response->body};
    char cursor[AFMON_ITEM_CURSOR_SIZE];
    afmon_error error = {0};
    bool more;
    afmon_json_open(&json, NULL, '{');
    afmon_json_open(&json, "items", '[');
    afmon_status status = write_items(reader, wanted, &response->body, cursor, &more, &error);
    if (status != AFMON_OK) {
        afmon_http_fail(response, 500, "%s", error.message[0] != '\0' ? error.message : afmon_status_text(status));
        return;
    }
    afmon_json_close(&json, ']');
    afmon_json_string(&json, "next", more && cursor[0] != '\0' ? cursor : NULL);
    afmon_json_close(&json, '}');
}

static void give_item(afmon_item_reader *reader, const char *id, struct afmon_http_response *response)
{
    const afmon_found_item *item = NULL;
    afmon_error error = {0};
    if (afmon_item_reader_next(reader, &item, &error) != AFMON_OK)
        afmon_http_fail(response, 500, "%s", error.message);
    else if (item == NULL)
        afmon_http_fail(response, 404, "there is no item '%s' like that in the run", id);
    else if (afmon_found_item_write_json(item, add_bytes, &response->body) != AFMON_OK)
        afmon_http_fail(response, 500, "out of memory");
}

/* one: that which the second segment names. */
static void answer(struct afmon_server *server, bool one, const struct afmon_http_request *request,
                   struct afmon_http_response *response)
{
    struct wanted wanted = {.limit = LIMIT};
    afmon_item_query query;
    struct afmon_served_run *run = afmon_serve_wanted(server, request, response);
    if (run == NULL)
        return;
    afmon_item_reader *reader = NULL;
    if (take_query(server, request, &query, &wanted, response)) {
        query.id = one ? afmon_http_segment(request, 1) : query.id;
        reader = open_items(server, run, request, &query, response);
    }
    if (reader != NULL && one)
        give_item(reader, query.id, response);
    else if (reader != NULL)
        give_items(reader, &wanted, response);
    afmon_item_reader_close(reader);
    afmon_serve_release(server, run);
}

void afmon_serve_items(void *server, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    answer(server, false, request, response);
}

void afmon_serve_item(void *server, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    answer(server, true, request, response);
}
