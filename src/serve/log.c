/* Lines of a run's log, those of all its processes merged, by level and text. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "live/log.h"
#include "base/json_write.h"
#include "serve/serve.h"

#define LIMIT 200
#define LIMIT_MAX 1000
#define SEARCHED_MAX 10000 /* lines that hold the text */
#define BUDGET_S 2.0

/* A call that failed is told at level info, with its data: to who looks for errors it is one. */
static afmon_level level_of(const afmon_live_log_line *line)
{
    static const char *const calls[] = {"Generation metrics", "Evaluation metrics"};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0] && !line->routine; i++)
        if (line->message_length == strlen(calls[i]) && memcmp(line->message, calls[i], line->message_length) == 0)
            return AFMON_ERROR;
    return line->level;
}

void afmon_serve_log_line(struct afmon_json *json, const afmon_live_log_line *line, size_t most)
{
    char time[64];
    char data[AFMON_LOG_TEXT + 8];
    size_t data_length = afmon_json_cut(line->data, line->data_length, most);
    bool whole = data_length == line->data_length && data_length < AFMON_LOG_TEXT - 4; /* longer ones are cut already */
    int length = snprintf(data, sizeof data, "{%.*s%s", (int)data_length, line->data, whole ? "}" : "\u2026");
    afmon_json_open(json, NULL, '{');
    if (line->timestamp_ns != 0)
        afmon_json_text(json, "time", time, afmon_format_log_time(time, line->timestamp_ns));
    else
        afmon_json_string(json, "time", NULL);
    afmon_json_time(json, "time_ms", line->timestamp_ns);
    afmon_json_string(json, "level", afmon_level_name(level_of(line)));
    afmon_json_text(json, "message", line->message, afmon_json_cut(line->message, line->message_length, most));
    afmon_json_text(json, "data", data, (size_t)length);
    afmon_json_close(json, '}');
}

static int wanted_level(const char *name)
{
    return name == NULL || *name == '\0' || strcmp(name, "info") == 0 ? AFMON_INFO
           : strcmp(name, "warning") == 0                             ? AFMON_WARNING
           : strcmp(name, "error") == 0                               ? AFMON_ERROR
                                                                      : -1;
}

static bool take_parameters(const struct afmon_http_request *request, afmon_live_log_query *query,
                            struct afmon_http_response *response)
{
    const char *limit = afmon_http_parameter(request, "limit");
    const char *routine = afmon_http_parameter(request, "routine");
    const char *text = afmon_http_parameter(request, "text");
    int level = wanted_level(afmon_http_parameter(request, "level"));
    int64_t value = LIMIT;
    bool right = limit == NULL || (afmon_parse_int(limit, strlen(limit), &value) && value >= 1 && value <= LIMIT_MAX);
    if (level < 0)
        afmon_http_fail(response, 400, "level is info, warning or error");
    else if (!right)
        afmon_http_fail(response, 400, "limit is a whole number from 1 to %d", LIMIT_MAX);
    if (level < 0 || !right)
        return false;
    *query = (afmon_live_log_query){.level = (afmon_level)level,
                                    .routine = routine == NULL || strcmp(routine, "no") != 0,
                                    .text = text != NULL && *text != '\0' ? text : NULL,
                                    .limit = (size_t)value,
                                    .budget_s = BUDGET_S};
    return true;
}

struct lines {
    struct afmon_json json;
    afmon_level level; /* at least so grave */
    size_t limit;
    size_t count;
};

static int write_line(void *user, const afmon_live_log_line *line)
{
    struct lines *lines = user;
    if (level_of(line) < lines->level)
        return 0;
    afmon_serve_log_line(&lines->json, line, AFMON_LOG_TEXT);
    return ++lines->count == lines->limit;
}

static void answer(const struct afmon_served_run *run, const struct afmon_http_request *request,
                   struct afmon_http_response *response)
{
    struct lines lines = {.json = {.out = &response->body}};
    afmon_live_log_query query;
    afmon_error error = {0};
    bool complete;
    if (!take_parameters(request, &query, response))
        return;
    lines.level = query.level;
    lines.limit = query.limit;
    query.level = AFMON_INFO; /* what a line's level is we tell ourselves */
    query.limit = SEARCHED_MAX;
    query.routine = query.routine && lines.level == AFMON_INFO;
    afmon_json_open(&lines.json, NULL, '{');
    afmon_json_open(&lines.json, "lines", '[');
    if (afmon_live_log_of_folder(run->folder, &query, write_line, &lines, &complete, &error) != AFMON_OK) {
        afmon_http_fail(response, 500, "%s", error.message);
        return;
    }
    afmon_json_close(&lines.json, ']');
    afmon_json_bool(&lines.json, "complete", complete && lines.count < lines.limit);
    afmon_json_close(&lines.json, '}');
}

void afmon_serve_log(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct afmon_served_run *run = afmon_serve_wanted(user, request, response);
    if (run == NULL)
        return;
    answer(run, request, response);
    afmon_serve_release(user, run);
}
