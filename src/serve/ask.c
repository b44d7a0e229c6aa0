#include "serve/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/number.h"

#define ANSWER_MAX ((size_t)4 << 20)
#define MS_MAX INT64_C(9000000000000) /* of a time that is asked for: the year 2255, which nanoseconds still reach */

/* ---- The follower's side ---- */

static void write_answer(const struct afmon_question *question, afmon_live *live, struct afmon_buffer *text)
{
    struct afmon_json json = {.out = text};
    afmon_live_info info;
    afmon_live_get_info(live, &info);
    afmon_status status = question->metric != NULL ? afmon_series_write(live, &info, question, &json)
                                                   : afmon_picture_window(live, &info, question->window, &json);
    text->failed |= status != AFMON_OK;
}

/* Of a run that cannot be read an empty object: its stream says why. */
static struct afmon_blob *make_answer(const struct afmon_question *question, afmon_live *live)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, ANSWER_MAX);
    if (live != NULL)
        write_answer(question, live, &text);
    else
        afmon_buffer_add_text(&text, "{}");
    struct afmon_blob *blob = afmon_blob_from(&text);
    afmon_buffer_free(&text);
    return blob;
}

static void free_question(struct afmon_question *question)
{
    afmon_blob_drop(question->answer);
    free(question->metric);
    free(question);
}

/* The lock is held. */
static void unlink_question(struct afmon_question *question)
{
    struct afmon_question **at = &question->server->questions;
    while (*at != NULL && *at != question)
        at = &(*at)->next;
    if (*at != NULL)
        *at = question->next;
}

static struct afmon_question *take_question(struct afmon_server *server, const struct afmon_served_run *run)
{
    pthread_mutex_lock(&server->lock);
    struct afmon_question *question = server->questions;
    while (question != NULL && (question->run != run || question->state != AFMON_ASK_WAITS))
        question = question->next;
    if (question != NULL)
        question->state = AFMON_ASK_TAKEN;
    pthread_mutex_unlock(&server->lock);
    return question;
}

static void give_answer(struct afmon_question *question, struct afmon_blob *answer)
{
    struct afmon_server *server = question->server;
    pthread_mutex_lock(&server->lock);
    question->answer = answer;
    question->state = answer != NULL ? AFMON_ASK_ANSWERED : AFMON_ASK_WAITS; /* without memory it is tried again */
    bool left = question->left;
    if (left)
        unlink_question(question);
    pthread_mutex_unlock(&server->lock);
    if (left)
        free_question(question);
}

void afmon_serve_answer(struct afmon_server *server, struct afmon_served_run *run)
{
    struct afmon_question *question;
    struct afmon_blob *answer = NULL;
    do {
        question = take_question(server, run);
        if (question == NULL)
            return;
        answer = make_answer(question, run->live);
        give_answer(question, answer);
    } while (answer != NULL);
}

/* ---- The HTTP thread's side ---- */

static struct afmon_blob *next_answer(void *state, bool *end)
{
    struct afmon_question *question = state;
    pthread_mutex_lock(&question->server->lock);
    struct afmon_blob *answer = question->answer;
    question->answer = NULL;
    pthread_mutex_unlock(&question->server->lock);
    *end = answer != NULL;
    return answer;
}

static void leave(void *state)
{
    struct afmon_question *question = state;
    struct afmon_server *server = question->server;
    struct afmon_served_run *run = question->run;
    pthread_mutex_lock(&server->lock);
    bool at_work = question->state == AFMON_ASK_TAKEN;
    question->left = true;
    if (!at_work)
        unlink_question(question);
    pthread_mutex_unlock(&server->lock);
    if (!at_work)
        free_question(question);
    afmon_serve_look_ends(server, &run->attention);
}

static void put(struct afmon_question *question)
{
    struct afmon_server *server = question->server;
    pthread_mutex_lock(&server->lock);
    question->next = server->questions;
    server->questions = question;
    pthread_mutex_unlock(&server->lock);
    afmon_serve_look_begins(server, &question->run->attention);
}

static bool take_ms(const struct afmon_http_request *request, const char *name, int64_t *ns)
{
    int64_t ms;
    const char *text = afmon_http_parameter(request, name);
    if (text == NULL || *text == '\0')
        return true;
    if (!afmon_parse_int(text, strlen(text), &ms) || ms < 0 || ms > MS_MAX)
        return false;
    *ns = ms * (AFMON_NS_PER_S / 1000);
    return true;
}

bool afmon_serve_take_window(const struct afmon_http_request *request, afmon_window *window,
                             struct afmon_http_response *response)
{
    *window = AFMON_WINDOW_ALL;
    bool right = take_ms(request, "since_ms", &window->since_ns) && take_ms(request, "until_ms", &window->until_ns) &&
                 window->since_ns <= window->until_ns;
    if (!right)
        afmon_http_fail(response, 400, "since_ms and until_ms are milliseconds since 1970, one not after the other");
    return right;
}

/* metric NULL: the standard charts. */
static void ask(struct afmon_server *server, const struct afmon_http_request *request, const char *metric,
                struct afmon_http_response *response)
{
    afmon_window window;
    struct afmon_served_run *run = afmon_serve_wanted(server, request, response);
    if (run == NULL)
        return;
    struct afmon_question *question =
        afmon_serve_take_window(request, &window, response) ? calloc(1, sizeof *question) : NULL;
    if (question != NULL) {
        const char *heat = afmon_http_parameter(request, "heat");
        *question = (struct afmon_question){.server = server, .run = run, .window = window};
        question->heat = heat != NULL && strcmp(heat, "yes") == 0;
        question->metric = metric != NULL ? strdup(metric) : NULL;
    }
    if (question != NULL && (metric == NULL || question->metric != NULL)) {
        put(question);
        response->source = (struct afmon_http_source){next_answer, leave, question};
    } else if (response->status == 200) {
        free(question);
        afmon_http_fail(response, 500, "out of memory");
    }
    afmon_serve_release(server, run); /* the question's attention keeps it from now on */
}

void afmon_serve_charts(void *server, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    ask(server, request, NULL, response);
}

void afmon_serve_series(void *server, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    const char *metric = afmon_http_parameter(request, "metric");
    if (metric == NULL)
        afmon_http_fail(response, 400, "metric is the name of one of the run's metrics");
    else
        ask(server, request, metric, response);
}
