/* The last lines of a run's log, by level and text. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "base/number.h"
#include "run/folder.h"
#include "serve/json.h"
#include "serve/serve.h"

#define TAIL_MAX ((size_t)4 << 20) /* of each file, from its end */
#define LIMIT 200
#define LIMIT_MAX 1000
#define TIME_LENGTH 23

struct search {
    const char *text; /* NULL: any */
    int level;        /* at least so grave */
    size_t limit;
    size_t found;
    struct afmon_json json;
};

static int level_of(json_t *record)
{
    const char *name = json_string_value(json_object_get(record, "level"));
    return name == NULL ? 0 : strcmp(name, "error") == 0 ? 2 : strcmp(name, "warning") == 0 ? 1 : 0;
}

static void write_line(struct afmon_json *json, const char *time, json_t *record)
{
    const char *message = json_string_value(json_object_get(record, "message"));
    afmon_json_open(json, NULL, '{');
    afmon_json_text(json, "time", time, TIME_LENGTH);
    afmon_json_string(json, "level", afmon_level_name((afmon_level)level_of(record)));
    afmon_json_string(json, "message", message != NULL ? message : "");
    json_object_del(record, "message");
    json_object_del(record, "level");
    char *data = json_dumps(record, JSON_SORT_KEYS | JSON_ENCODE_ANY);
    afmon_json_string(json, "data", data != NULL ? data : "");
    free(data);
    afmon_json_close(json, '}');
}

static void take_line(struct search *search, const char *line, size_t length)
{
    if (length < TIME_LENGTH + 5 || memcmp(line + TIME_LENGTH, " - {", 4) != 0)
        return;
    if (search->text != NULL && memmem(line, length, search->text, strlen(search->text)) == NULL)
        return;
    json_t *record = json_loadb(line + TIME_LENGTH + 3, length - TIME_LENGTH - 3, 0, NULL);
    if (record != NULL && level_of(record) >= search->level) {
        write_line(&search->json, line, record);
        search->found++;
    }
    json_decref(record);
}

/* Lines from the last to the first. */
static void take_lines(struct search *search, const char *text, size_t length)
{
    while (length > 0 && search->found < search->limit) {
        const char *newline = memrchr(text, '\n', length);
        const char *line = newline != NULL ? newline + 1 : text;
        take_line(search, line, (size_t)(text + length - line));
        length = newline != NULL ? (size_t)(newline - text) : 0;
    }
}

static void search_file(struct search *search, const struct afmon_run_file *file)
{
    size_t length = file->size < TAIL_MAX ? (size_t)file->size : TAIL_MAX;
    char *text = malloc(length + 1);
    int fd = text != NULL ? open(file->path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0 && afmon_read_at(fd, text, length, (off_t)(file->size - length)) == 0)
        take_lines(search, text, length);
    if (fd >= 0)
        close(fd);
    free(text);
}

static int wanted_level(const char *name)
{
    return name == NULL || *name == '\0' || strcmp(name, "info") == 0 ? 0
           : strcmp(name, "warning") == 0                             ? 1
           : strcmp(name, "error") == 0                               ? 2
                                                                      : -1;
}

static bool take_parameters(const struct afmon_http_request *request, struct search *search,
                            struct afmon_http_response *response)
{
    const char *limit = afmon_http_parameter(request, "limit");
    int64_t value = LIMIT;
    search->level = wanted_level(afmon_http_parameter(request, "level"));
    search->text = afmon_http_parameter(request, "text");
    if (search->text != NULL && *search->text == '\0')
        search->text = NULL;
    bool right = limit == NULL || (afmon_parse_int(limit, strlen(limit), &value) && value >= 1 && value <= LIMIT_MAX);
    search->limit = (size_t)value;
    if (search->level < 0)
        afmon_http_fail(response, 400, "level is info, warning or error");
    else if (!right)
        afmon_http_fail(response, 400, "limit is a whole number from 1 to %d", LIMIT_MAX);
    return search->level >= 0 && right;
}

void afmon_serve_log(void *user, const struct afmon_http_request *request, struct afmon_http_response *response)
{
    struct search search = {.json = {.out = &response->body}};
    struct afmon_run_files files = {0};
    struct afmon_served_run *run = afmon_serve_wanted(user, request, response);
    if (run == NULL || !take_parameters(request, &search, response))
        return;
    afmon_json_open(&search.json, NULL, '{');
    afmon_json_open(&search.json, "lines", '[');
    if (afmon_run_list(run->folder, "afterimage", ".log", &files, NULL) == AFMON_OK) {
        for (size_t i = 0; i < files.count && search.found < search.limit; i++)
            search_file(&search, &files.files[i]);
        afmon_run_files_free(&files);
    }
    afmon_json_close(&search.json, ']');
    afmon_json_bool(&search.json, "complete", search.found < search.limit);
    afmon_json_close(&search.json, '}');
}
